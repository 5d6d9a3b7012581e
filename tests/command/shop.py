"""A small application of many tempers: for the commands of the shell."""

import os

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from aiorest_gw import (
    APIError,
    Push,
    RequestHandlerFactory,
    Response,
    SimpleRouter,
    TopicRule,
)

router = SimpleRouter()


@define
class User:
    name: str
    age: int = 0


@router.get("/users/{id:int}")
def user(request, id: int):
    return {"id": id, "name": "Ann", "tags": [True, None, 1.5]}
