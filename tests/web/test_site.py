"""Resources of twisted.web's beside the pages: an application's own, of any kind."""

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.resource import EncodingResourceWrapper, Resource
from twisted.web.server import NOT_DONE_YET, GzipEncoderFactory
from twisted.web.static import Data, File
from twisted.web.util import DeferredResource, Redirect

from aiorest_gw.web.files import Pages

from .asking import SiteTestCase


class Made(Resource):
    """Renders with a function."""

    isLeaf = True

    def __init__(self, function):
        super().__init__()
        self._function = function

    def render_GET(self, request):
        return self._function(request)


def fails(request):
    raise ValueError("a mistake")


class ResourceTests(SiteTestCase):
    def put(self, name, resource, **options):
        self.gateway(**options)
        self.factory.web.site.resource.putChild(name, resource)

    def test_a_resource_is_there_with_and_without_a_site(self):
        for options in ({}, {"site": None}):
            self.put(b"metrics", Data(b"up 1", "text/plain"), **options)
            for target in ("/metrics", "/m%65trics", "/metrics?a=b"):
                status, headers, body = self.get(target)
                self.assertEqual(
                    (200, b"up 1", "text/plain"), (status, body, headers["Content-Type"])
                )
            self.assertEqual("4", self.get("/metrics", method="HEAD")[1]["Content-Length"])

    def test_a_resource_comes_before_a_page_of_its_name(self):
        self.write("metrics", "page")
        self.put(b"metrics", Data(b"resource", "text/plain"))
        self.assertEqual(b"resource", self.get("/metrics")[2])

    def test_a_resource_has_all_that_twisted_gives_it(self):
        seen = []

        def look(request):
            seen.append(
                (
                    request.method, request.uri, request.path, request.args, request.postpath, request.prepath,
                    request.getHeader("x-y"), request.getCookie(b"a"), request.getRequestHostname(),
                    request.getClientAddress().host, request.clientproto, request.isSecure(), request.content.read(),
                )
            )  # fmt: skip
            return b""

        self.put(b"look", Made(look))
        self.get(
            "/look/a%2fb/c?x=1&x=%32", X_Y="z", Cookie="a=b; c", Content_Length="2", body=b"??"
        )
        self.assertEqual(
            [
                (
                    b"GET", b"/look/a%2fb/c?x=1&x=%32", b"/look/a%2fb/c", {b"x": [b"1", b"2"]}, [b"a/b", b"c"],
                    [b"look"], "z", b"b", b"example.com", "192.0.2.7", b"HTTP/1.1", False, b"??",
                )
            ],
            seen,
        )  # fmt: skip

    def test_it_may_answer_later_and_in_pieces(self):
        kept = []
        self.put(b"x", Made(lambda request: kept.append(request) or NOT_DONE_YET))
        connection = self.open().ask("/x").ask("/x")
        kept[0].write(b"one, ")
        self.assertIn(b"Transfer-Encoding: chunked", connection.transport.value())
        kept[0].write(b"two")
        kept[0].finish()
        kept[1].setHeader(b"content-length", b"2")
        kept[1].write(b"ok")
        kept[1].finish()
        self.assertEqual([b"one, two", b"ok"], [body for _, _, body in connection.answers()])
        old = self.open().ask("/x", version="HTTP/1.0")
        kept[2].write(b"one, ")
        kept[2].write(b"two")
        kept[2].finish()
        self.assertEqual([b"one, two"], [body for _, _, body in old.answers()])
        self.assertFalse(old.open)
        self.assert_nothing_is_left()

    def test_twisteds_own_resources_work(self):
        (self.site / "a.txt").write_text("0123456789")
        self.gateway()
        root = self.factory.web.site.resource
        deferred = Deferred()
        root.putChild(b"file", File(str(self.site)))
        root.putChild(b"go", Redirect(b"/file/a.txt"))
        root.putChild(b"wait", DeferredResource(deferred))
        root.putChild(
            b"zip", EncodingResourceWrapper(Data(b"x" * 500, "text/plain"), [GzipEncoderFactory()])
        )
        self.assertEqual(
            (302, "/file/a.txt"), (lambda a: (a[0], a[1]["Location"]))(self.get("/go"))
        )
        connection = self.open().ask("/wait")
        deferred.callback(Data(b"at last", "text/plain"))
        self.assertEqual(b"at last", connection.answers()[0][2])
        status, headers, body = self.get("/zip", Accept_Encoding="gzip")
        self.assertEqual((200, "gzip"), (status, headers["Content-Encoding"]))
        self.assertLess(len(body), 100)

    def test_an_error_is_a_500_of_its_own(self):
        self.put(b"x", Made(fails))
        connection, other = self.open(), self.open()
        for target in ("/x", "/x", "/nothing"):
            connection.ask(target)
        self.assertEqual([500, 500, 404], [status for status, _, _ in connection.answers()])
        self.assertNotIn(b"mistake", other.ask("/x").received())
        self.assertEqual(3, len(self.flushLoggedErrors(ValueError)))
        self.assert_nothing_is_left()

    def test_what_is_no_answer_is_an_error(self):
        self.put(b"x", Made(lambda request: "text"))
        status, _, body = self.get("/x")
        self.assertEqual((500, b"Internal Server Error\n"), (status, body))
        self.assertEqual(1, len(self.flushLoggedErrors(TypeError)))

    def test_an_error_later_is_told_or_ends_the_connection(self):
        kept = []
        self.put(b"x", Made(lambda request: kept.append(request) or NOT_DONE_YET))
        connections = [self.open().ask("/x") for _ in range(4)]
        kept[1].write(b"half")
        kept[2].finish()
        connections[3].cut()
        for request in kept:
            request.processingFailed(Failure(ValueError("a mistake")))
        self.assertEqual(500, connections[0].answers()[0][0])
        self.assertTrue(connections[1].transport.aborted)
        self.assertEqual(200, connections[2].answers()[0][0])
        self.assertEqual(4, len(self.flushLoggedErrors(ValueError)))
        self.assert_nothing_is_left()

    def test_methods_that_a_resource_has_not_are_told(self):
        self.put(b"x", Made(lambda request: b"x"))
        for method in ("POST", "BREW"):
            status, headers, _ = self.get("/x", method=method)
            self.assertEqual(405, status)
            self.assertIn("GET", headers["Allow"])

    def test_head_of_what_knows_only_get_has_no_body(self):
        self.put(b"x", Made(lambda request: b"four"))
        status, headers, body = self.get("/x", method="HEAD")
        self.assertEqual((200, "4", b""), (status, headers["Content-Length"], body))

    def test_a_site_may_be_given_until_the_first_page_is_asked_for_and_exchanged(self):
        self.write("one/a.txt", "1")
        self.write("two/a.txt", "2")
        self.gateway(site=None)
        self.factory.web.site.resource.putChild(b"x", Data(b"x", "text/plain"))
        for name, body in (("one", b"1"), ("two", b"2")):
            self.factory.web.pages = Pages(self.site / name)
            self.assertEqual(body, self.get("/a.txt")[2])
            self.assertEqual(b"x", self.get("/x")[2])
