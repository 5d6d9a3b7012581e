"""The application behind the site: visitors cheer, and everybody sees how many have.

``aiorest-gw serve --app examples.site.app:make_factory`` serves it with its pages.
"""

from __future__ import annotations

from pathlib import Path

from aiorest_gw import Request, RequestHandlerFactory, SimpleRouter, TopicRule

PUBLIC = Path(__file__).parent / "public"
CHEERS = "cheers"

router = SimpleRouter()


@router.post("/cheers")
async def cheer(request: Request) -> int:
    """One more; the topic's own numbers count them."""
    manager = request.factory.manager
    position = await manager.publish(CHEERS, "cheered", {"where": request.data})
    return position.offset


def make_factory() -> RequestHandlerFactory:
    """What ``--app`` names."""
    rule = TopicRule(CHEERS, read=True, history=10, presence=True)
    return RequestHandlerFactory(router=router, topics=[rule], site=PUBLIC)
