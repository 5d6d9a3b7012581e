"""Requests for pages, and what tabs say: paths stay in their folder, parts in their document, bodies in
their frame, and nothing raises but what is meant for the client."""

from __future__ import annotations

import atheris

from .harness import fuzz, pieces, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw.livereload.messages import Close, Conversation
    from aiorest_gw.livereload.pages import page_of
    from aiorest_gw.livereload.reloading import decide
    from aiorest_gw.livereload.rules import Rules
    from aiorest_gw.pages.answers import Representation, answer
    from aiorest_gw.pages.injection import LIVERELOAD_ELEMENT, with_script
    from aiorest_gw.pages.kinds import kind_of
    from aiorest_gw.pages.paths import PathRefused, locate
    from aiorest_gw.web.bodies import Body, BodyRefused
    from aiorest_gw.wire.bodies import body_length
    from aiorest_gw.wire.handshake import HandshakeRefused, HeadReader

_WORDS = (
    b"GET ", b"POST ", b"/", b"..", b"%2e", b"%2F", b"%5c", b"%252e", b"%c0%ae", b"a",
    b"index.html", b"~1", b":", b"?a=1", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"Host: a\r\n",
    b"Range: bytes=", b"-", b"0", b"7", b"99", b",", b"\r\n", b"If-None-Match: ", b'"1-7"', b"W/",
    b"*", b"If-Range: ", b"Accept-Encoding: gzip;q=0.5, br\r\n",
    b"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"<head>", b"</head>",
    b"<!--", b"-->", b"<script>", b"</script>", b"<title", b">",
    b'{"command":"hello","protocols":["http://livereload.com/protocols/official-7"]}',
    b'{"command":"info","url":"http://a/', b'"}', b"\xff", b"\x00", b"#",
)  # fmt: skip
_MOST = 1_000
_RULES = Rules({"a/**": "**"})


def check(data: bytes) -> None:
    text = text_of(data, _WORDS)
    _read_path(text)
    _read_request(pieces(text))
    _put_in(text)
    _converse(text)


def _read_path(text: bytes) -> None:
    try:
        location = locate(text)
    except PathRefused as refused:
        assert refused.status in (400, 404)
        return
    for name in location.segments:
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\:\0\r\n")
    assert not location.as_folder().startswith("//")


def _read_request(parts: list[bytes]) -> None:
    """However it is cut, it is the same; of two things that are wrong the first that is seen is told."""
    found, whole = _request(parts), _request([b"".join(parts)])
    assert found == whole or (isinstance(found, int) and isinstance(whole, int)), (found, whole)


def _request(parts: list[bytes]) -> object:
    """What a request is, with its body; or the status that refuses it; None where it goes on."""
    reader, body, taken = HeadReader(), None, bytearray()
    head, rest = None, b""
    try:
        for part in parts:
            if head is None:
                read = reader.feed(part)
                if read is None:
                    continue
                head, part = read
                _ask(head)
                length = body_length(head)
                if length is not None and length > _MOST:
                    return 413
                body = Body(length, _MOST, taken.extend)
            if body is not None:
                after = body.feed(part)
                if after is not None:
                    body, rest = None, after
            else:
                rest += part
    except (HandshakeRefused, BodyRefused) as refused:
        assert refused.reason.isascii()
        return refused.status
    return None if head is None or body is not None else (head, bytes(taken), rest)


def _ask(head: object) -> None:
    form = Representation(7, 784_111_777.0, "1-7", kind_of("a.css"))
    found = answer(head.method, head.headers, form)  # type: ignore[attr-defined]
    assert 0 <= found.start <= found.start + found.length <= 7
    for name, value in found.headers:
        assert (name + value).isprintable(), (name, value)


def _put_in(html: bytes) -> None:
    made = with_script(html, LIVERELOAD_ELEMENT)
    assert made == html or made.replace(LIVERELOAD_ELEMENT, b"", 1) == html
    assert with_script(made, LIVERELOAD_ELEMENT) == made


def _converse(text: bytes) -> None:
    conversation = Conversation(0.0)
    for line in text.split(b"\n"):
        said = line.decode("utf-8", "replace")
        reply = conversation.received(said, 1.0)
        assert reply is None or isinstance(reply, (str, Close))
    page_of(conversation.url)
    for reload in decide([text.decode("latin-1")], conversation.url, _RULES):
        assert reload.path.startswith("/")


if __name__ == "__main__":
    fuzz(check)
