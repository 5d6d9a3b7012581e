"""The views whose answers were recorded from aiorest-ws; the same file served both."""

import collections
import datetime
import decimal
import uuid

PLAIN = {
    "none": None,
    "true": True,
    "false": False,
    "int": 5,
    "negative": -7,
    "big": 10**20,
    "float": 1.5,
    "tenth": 0.1,
    "whole-float": 2.0,
    "text": "text",
    "accents": "Grüße, 世界 \U0001f600",
    "separators": "a\u2028b\u2029c",
    "quotes": 'say "hi" \\ / <b>&amp;</b>',
    "controls": "".join(map(chr, range(32))) + "\x7f",
    "empty-text": "",
    "list": [1, "two", None, [3.5]],
    "empty-list": [],
    "tuple": (1, 2),
    "object": {"b": 1, "a": {"c": [True, {"d": None}]}},
    "empty-object": {},
    "int-keys": {1: "one", 2: "two"},
    "word-keys": {None: 0, True: 1, False: 2},
}
UNWRITABLE = {
    "datetime": datetime.datetime(2020, 1, 2, 3, 4, 5),
    "date": datetime.date(2020, 1, 2),
    "decimal": decimal.Decimal("1.50"),
    "uuid": uuid.UUID(int=1),
    "bytes": b"bytes",
    "set": {1},
}


def make_router(library):
    """All routes, on a library with the names of aiorest-ws."""
    router = library.SimpleRouter()
    errors = {
        name: error
        for name, error in vars(library).items()
        if isinstance(error, type) and issubclass(error, library.BaseAPIException)
    }

    class Echo(library.MethodBasedView):
        """Answers with what it was asked."""

        def get(self, request, *args, **kwargs):
            return {"method": "get", "path": list(args), "args": _sorted(kwargs)}

        def post(self, request, *args, **kwargs):
            return {"data": request.data, "event_name": request.event_name}

        def put(self, request, *args, **kwargs):
            return [request.get_argument("q"), request.get_argument("missing")]

        def patch(self, request, *args, **kwargs):
            return [request.colour, request.token]

        def delete(self, request, *args, **kwargs):
            return None

    class Values(library.MethodBasedView):
        renderers = (library.JSONRenderer, library.XMLRenderer)

        def get(self, request, name, **kwargs):
            return PLAIN[name] if name in PLAIN else UNWRITABLE[name]

    class XmlFirst(library.MethodBasedView):
        renderers = [library.XMLRenderer, library.JSONRenderer]

        def get(self, request, name, **kwargs):
            return PLAIN[name]

    class Raises(library.MethodBasedView):
        renderers = (library.JSONRenderer, library.XMLRenderer)

        def get(self, request, name, **kwargs):
            if "detail" in kwargs:
                raise errors[name](kwargs["detail"])
            raise errors[name]()

    class OnlyGet(library.MethodBasedView):
        def get(self, request, *args, **kwargs):
            return "got"

    @library.endpoint("/function/{a}/{b}", ["GET", "POST"], name="function")
    def function(request, a, b, **kwargs):
        return [a, b]

    @library.endpoint("/xml-function", "GET", renderers=(library.XMLRenderer,))
    def xml_function(request, **kwargs):
        return {"item": [1, 2]}

    router.register("/", OnlyGet, "GET")
    router.register("/echo", Echo, ["GET", "POST", "PUT", "PATCH", "DELETE"], name="echo")
    router.register("/echo/{id}", Echo, ["GET"])
    router.register("/echo/{id}/{name}", Echo, ["GET"])
    router.register("/values/{name}", Values, "GET")
    router.register("/xml/{name}", XmlFirst, "GET")
    router.register("/raises/{name}", Raises, "GET")
    router.register("/only-get/", OnlyGet, ["GET"])
    router.register_endpoint(function)
    router.register_endpoint(xml_function)
    return router


def _sorted(kwargs):
    return collections.OrderedDict(sorted(kwargs.items()))
