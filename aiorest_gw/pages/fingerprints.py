"""Whether a file's name holds the fingerprint of its content, so that it never changes.

Builders write one before the extension, each in its own alphabet. A fingerprint that is not seen costs
a question at each visit (304); a plain name that is taken for one is stale for a year. So a part of a
name has to look like chance, not only be written in the right letters: it changes between its kinds of
characters more often than words, versions, dates and numbered things do (``jquery-3.7.1.min``,
``chapter-12345678``, ``photo-facade01``, ``holiday-Picture1``). A UUID names a thing, not a content.
"""

from __future__ import annotations

import re

import attrs

__all__ = ["has_fingerprint"]

# The last part of what stands before the extensions, behind a name.
_LAST_PART = re.compile(
    r".*[^.-][.-](?P<part>[0-9A-Za-z]{8,64})(?:\.(?:min|chunk|bundle|module|worker))?"
    r"\.[0-9A-Za-z]{1,11}(?:\.map)?"
)
_UUID = re.compile(r"(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\.")
_KINDS = ("[0-9]", "[a-z]", "[A-Z]")
_RUNS = re.compile("|".join(f"{kind}+" for kind in _KINDS))


@attrs.frozen
class _Alphabet:
    """How a family of builders writes fingerprints.

    :param letters: all that one consists of.
    :param kinds: of characters, each of which is in it.
    :param runs: of one kind, that it has at least.
    """

    letters: re.Pattern[str]
    kinds: tuple[str, ...]
    runs: int

    def writes(self, part: str) -> bool:
        return (
            self.letters.fullmatch(part) is not None
            and all(re.search(kind, part) for kind in self.kinds)
            and len(_RUNS.findall(part)) >= self.runs
        )


_ALPHABETS = (
    # webpack, Parcel, Hugo, Django, Rails: app.3f2a9c1b.js
    _Alphabet(re.compile(r"[0-9a-f]{8,64}"), ("[0-9]", "[a-f]"), 3),
    # esbuild, Angular: app-5XHUL2BB.js
    _Alphabet(re.compile(r"[A-Z2-7]{8}"), ("[2-7]", "[A-Z]"), 3),
    # Rollup, Vite: index-BxYz12Ab.js
    _Alphabet(re.compile(r"[0-9A-Za-z]{8}"), _KINDS, 6),
)


def has_fingerprint(name: str) -> bool:
    """Whether a file of this name has the same content for ever.

    :param name: of the file, without its folders.
    """
    found = _LAST_PART.fullmatch(name)
    if found is None or _UUID.search(name):
        return False
    return any(alphabet.writes(found["part"]) for alphabet in _ALPHABETS)
