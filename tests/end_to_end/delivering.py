"""An application that counts what it runs, and pushes numbers: for clients that are cut off."""

from collections import Counter

from twisted.internet.task import LoopingCall

from aiorest_gw import Push, RequestHandlerFactory, SimpleRouter

router = SimpleRouter()
ran = Counter()


@router.post("/run/{number:int}")
def run(request, number):
    ran[number] += 1
    return number


@router.get("/ran")
def how_often(request):
    """How many were run, and how often each at most."""
    return [len(ran), max(ran.values(), default=0)]


@router.post("/pushes")
def begin(request, count: int, seconds: float):
    """Push so many numbers to the session, evenly over the time."""
    manager, session_id = request.factory.manager, request.session.session_id
    sent = [0]

    def some():
        until = min(count, sent[0] + max(1, int(count / seconds / 100)))
        for number in range(sent[0], until):
            manager.send_message(session_id, Push("number", number))
        sent[0] = until
        if until == count:
            looping.stop()

    looping = LoopingCall(some)
    looping.clock = request.factory.reactor
    looping.start(0.01)
    return count


def make_factory():
    return RequestHandlerFactory(router=router, max_values=200_000)
