"""The application that the tests' gateways serve."""

import asyncio
import os
import threading
import time

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from aiorest_gw import ConfigurationError, RequestHandlerFactory, SimpleRouter, blocking

router = SimpleRouter()
not_a_router = {"a": "dict"}
factory = RequestHandlerFactory(router=router, max_depth=5)


@router.get("/hello/{name}")
def hello(request, name):
    return f"Hello, {name}!"


@router.get("/reactor")
def reactor_name(request):
    from twisted.internet import reactor

    loop = getattr(reactor, "_asyncioEventloop", None)
    return [type(reactor).__name__, type(loop).__module__]


@router.get("/process")
def process(request):
    return os.getpid()


@router.get("/limits")
def limits(request):
    limits = request.factory.limits
    return [limits.max_depth, limits.request_timeout, request.factory.path]


@router.get("/thread")
@blocking
def thread(request, seconds: float = 0):
    time.sleep(seconds)
    return threading.current_thread() is not threading.main_thread()


@router.get("/twisted")
async def with_twisted(request, seconds: float = 0):
    from twisted.internet import reactor

    await deferLater(reactor, seconds)
    return "twisted"


@router.get("/asyncio")
async def with_asyncio(request, seconds: float = 0):
    async with asyncio.timeout(60):
        await asyncio.sleep(seconds)
    return "asyncio"


@router.get("/never")
def never(request):
    return Deferred()


@router.get("/bug")
def bug(request):
    raise RuntimeError("a mistake in a view")


def make_router():
    return router


def make_factory():
    return RequestHandlerFactory(router=router)


def make_nothing():
    return 5


def exits():
    raise SystemExit("set DATABASE_URL")


def needs_an_argument(argument):
    return router


def fails():
    raise RuntimeError("cannot be made")


def leaves():
    os._exit(3)


def sets_a_wrong_limit():
    return RequestHandlerFactory(max_depth="20")


def only_once():
    """What the first process takes, a second one cannot have."""
    try:
        os.close(os.open(os.environ["GATEWAY_TEST"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        raise ConfigurationError("somebody else has it") from None
    return router
