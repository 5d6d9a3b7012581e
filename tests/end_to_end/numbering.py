"""An application that sends numbers in all ways that there are, and counts what it runs: for all clients.

What belongs to one client has its name in the url; its session's user has that name too.
"""

import asyncio
from collections import Counter, defaultdict

import attrs

from aiorest_gw import RequestHandlerFactory, SimpleRouter
from aiorest_gw.auth import Identity, User
from aiorest_gw.errors import APIError
from aiorest_gw.sessions.rules import TopicRule

# Of the client at the same time, and seconds for each, in which it may be away again and again.
_MOST_ASKED = 16
_DEADLINE = 60


@attrs.define
class Tally:
    """What the gateway saw of one client.

    :ivar openings: how often its session was opened or resumed, whether it heard that or not.
    :ivar ran: how often each of its requests ran.
    :ivar asked: requests of the gateway that it answered with their number.
    :ivar failures: how others of them failed.
    """

    openings: int = 0
    ran: Counter = attrs.field(factory=Counter)
    asked: int = 0
    failures: list[str] = attrs.field(factory=list)


class NumberingFactory(RequestHandlerFactory):
    """What its views share: a tally for each client.

    :param tallies: of another gateway that the clients were at before.
    """

    def __init__(self, tallies=None, **options):
        super().__init__(
            router=router,
            authenticator=self,
            topics=[TopicRule("numbers/*", read=True, history=10_000)],
            # An answer in parts is one request, and may be long.
            request_timeout=600.0,
            **options,
        )
        self.tallies = defaultdict(Tally) if tallies is None else tallies
        self.sending = set()

    def authenticate(self, token):
        if token is None:
            return Identity()
        self.tallies[token].openings += 1
        return Identity(User(id=token, username=token, is_active=True, is_anonymous=False))


router = SimpleRouter()


@router.post("/begin/{name}")
async def begin(request, name, steps: int, pushes: int, publications: int, asked: int):
    """Send so many of each kind to the session, in each of so many steps."""
    factory = request.factory
    amounts = (steps, pushes, publications, asked)
    sending = asyncio.create_task(_send(factory, request.session, name, *amounts))
    factory.sending.add(sending)
    sending.add_done_callback(factory.sending.discard)


async def _send(factory, session, name, steps, pushes, publications, asked):
    asking = []
    for step in range(steps):
        for number in range(step * pushes, (step + 1) * pushes):
            session.push("pushed", number)
        for number in range(step * publications, (step + 1) * publications):
            await factory.manager.publish(f"numbers/{name}", "published", number)
        await _room(session)
        for number in range(step * asked, (step + 1) * asked):
            asking.append(asyncio.create_task(_ask(session, number, factory.tallies[name])))
        if len(asking) >= _MOST_ASKED:
            await asking.pop(0)


async def _room(session):
    """Go on when what is on its way is less than half of what may be."""
    await asyncio.sleep(0)
    while session.half_full:
        room = asyncio.get_running_loop().create_future()
        session.when_room(lambda room=room: room.set_result(None))
        await room


async def _ask(session, number, tally):
    await _room(session)
    try:
        answer = await session.request("GET", f"/numbers/{number}", data=number, deadline=_DEADLINE)
    except APIError as error:
        tally.failures.append(f"{type(error).__name__}: {error}")
    else:
        tally.asked += answer == number


@router.post("/run/{name}/{number:int}")
async def run(request, name, number, publications: int = 0):
    """Count it, and perhaps publish something."""
    request.factory.tallies[name].ran[number] += 1
    for _ in range(publications):
        await request.factory.manager.publish(f"numbers/{name}", "published", number)
    return number


@router.get("/parts/{number:int}")
async def parts(request, number):
    for part in range(number):
        yield part


@router.get("/tally/{name}")
def tally(request, name):
    found = request.factory.tallies[name]
    return {
        "openings": found.openings,
        "ran": len(found.ran),
        "ran at most": max(found.ran.values(), default=0),
        "asked": found.asked,
        "failures": found.failures,
    }


def make_factory():
    return NumberingFactory()
