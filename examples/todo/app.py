"""The todo application: ``aiorest-gw serve --app examples.todo.app:make_factory``.

``TODO_DATABASE`` names its file (default: in memory), ``AIOREST_GW_JWT_KEY`` the key of its tokens
(default: random, until it stops).
"""

from __future__ import annotations

import os
import secrets
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import attrs
from msgspec import Meta
from twisted.internet.task import deferLater

from aiorest_gw import (
    IsAuthenticated,
    Request,
    RequestHandlerFactory,
    Response,
    SimpleRouter,
    blocking,
)
from aiorest_gw.accounts import SQLiteStore, SQLiteTokens, SQLiteUsers
from aiorest_gw.auth import JSONWebTokenManager, JSONWebTokenMiddleware
from aiorest_gw.errors import BaseAuthException

from .storage import Todo, Todos

HOUR = 3600
PAGE = Path(__file__).parent / "page"

router = SimpleRouter()
protected: dict[str, Any] = {"auth_required": True, "permission_classes": (IsAuthenticated,)}


@attrs.frozen
class Credentials:
    username: Annotated[str, Meta(min_length=1, max_length=50)]
    password: Annotated[str, Meta(min_length=4, max_length=200)]


@attrs.frozen
class NewTodo:
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    due: date | None = None


@attrs.frozen
class Change:
    done: bool


@router.post("/users")
async def create_account(request: Request, body: Credentials) -> Response:
    """The password is hashed in a thread, so other requests go on meanwhile."""
    user = await request.factory.users.create_user(body.username, body.password)
    return Response({"username": user.username}, status=201)


@router.post("/login")
async def login(request: Request, body: Credentials) -> dict[str, str]:
    user = await request.factory.users.authenticate(body.username, body.password)
    if user is None:
        raise BaseAuthException("This name and password do not fit.")
    claims = {"username": user.username, "stamp": user.stamp}
    return {"token": request.factory.token_manager.generate(claims, sub=str(user.id), exp=HOUR)}


@router.post("/logout", **protected)
async def logout(request: Request) -> None:
    await request.factory.tokens.revoke(request.token_payload)


@router.get("/todos", name="todos", **protected)
@blocking
def list_todos(request: Request) -> list[Todo]:
    return request.factory.todos.all(request.user.username)


@router.post("/todos", **protected)
@blocking
def add_todo(request: Request, body: NewTodo) -> Response:
    todo = request.factory.todos.add(request.user.username, body.title, body.due)
    return Response(todo, status=201)


@router.get("/todos/{id:int}", name="todo", **protected)
@blocking
def get_todo(request: Request, id: int) -> Todo:
    return request.factory.todos.get(request.user.username, id)


@router.patch("/todos/{id:int}", **protected)
@blocking
def change_todo(request: Request, id: int, body: Change) -> Todo:
    return request.factory.todos.set_done(request.user.username, id, body.done)


@router.delete("/todos/{id:int}", **protected)
@blocking
def remove_todo(request: Request, id: int) -> None:
    request.factory.todos.remove(request.user.username, id)


@router.get("/remind", **protected)
async def remind(request: Request, seconds: Annotated[float, Meta(ge=0, le=20)] = 5) -> str:
    """Answers later, and keeps nobody waiting meanwhile."""
    await deferLater(request.factory.reactor, seconds)
    return f"{seconds:g} s are over, {request.user.username}."


class TodoFactory(RequestHandlerFactory):
    """What all connections share: the todos, the users, the keys; and the page on the same port."""

    def __init__(self, database: str, key: str | None) -> None:
        self.todos = Todos(database)
        self.store = SQLiteStore(database)
        self.users = SQLiteUsers(self.store)
        self.tokens = SQLiteTokens(self.store)
        self.token_manager = JSONWebTokenManager(key or secrets.token_urlsafe(32))
        middleware = JSONWebTokenMiddleware(self.token_manager, self.users, self.tokens)
        super().__init__(router=router, middlewares=(middleware,), site=PAGE)

    def startFactory(self) -> None:
        """Called when the gateway begins to listen."""
        print(
            "todo: open its page and create an account,\n"
            "todo: or run .venv/bin/python -m examples.todo.client in another terminal\n"
            "todo: CTRL-C stops it",
            flush=True,
        )


def make_factory() -> TodoFactory:
    """What ``--app`` names: settings come from the environment."""
    return TodoFactory(
        os.environ.get("TODO_DATABASE", ":memory:"),
        os.environ.get("AIOREST_GW_JWT_KEY"),
    )
