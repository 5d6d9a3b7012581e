"""Accounts in SQLite: sign up, log in, log out, change the password."""

from typing import Annotated

import attrs
from msgspec import Meta

from aiorest_gw import IsAuthenticated, Request, RequestHandlerFactory, Response, SimpleRouter
from aiorest_gw.accounts import SQLiteStore, SQLiteTokens, SQLiteUsers
from aiorest_gw.auth import JSONWebTokenManager, JSONWebTokenMiddleware
from aiorest_gw.errors import BaseAuthException

HOUR = 3600

router = SimpleRouter()
protected = {"auth_required": True, "permission_classes": (IsAuthenticated,)}


@attrs.frozen
class Credentials:
    username: Annotated[str, Meta(min_length=1, max_length=50)]
    password: Annotated[str, Meta(min_length=8, max_length=200)]


class AccountsFactory(RequestHandlerFactory):
    """What all connections share. The store closes by itself when the reactor has stopped."""

    def __init__(self, path: str, manager: JSONWebTokenManager, **options) -> None:
        self.store = SQLiteStore(path)
        self.users = SQLiteUsers(self.store)
        self.tokens = SQLiteTokens(self.store)
        self.token_manager = manager
        middleware = JSONWebTokenMiddleware(manager, users=self.users, tokens=self.tokens)
        super().__init__(router=router, middlewares=[middleware], **options)


@router.post("/users")
async def sign_up(request: Request, body: Credentials) -> Response:
    user = await request.factory.users.create_user(body.username, body.password)
    return Response({"username": user.username}, status=201)


@router.post("/login")
async def login(request: Request, body: Credentials) -> dict[str, str]:
    factory = request.factory
    user = await factory.users.authenticate(body.username, body.password)
    if user is None:
        raise BaseAuthException("This name and password do not fit.")
    # The stamp ends the token when the password is changed.
    token = factory.token_manager.generate({"stamp": user.stamp}, sub=str(user.id), exp=HOUR)
    return {"token": token}


@router.get("/me", **protected)
def me(request: Request) -> dict[str, str]:
    return {"username": request.user.username}


@router.post("/logout", **protected)
async def logout(request: Request) -> None:
    await request.factory.tokens.revoke(request.token_payload)


@attrs.frozen
class NewPassword:
    old: str
    new: Annotated[str, Meta(min_length=8, max_length=200)]


@router.put("/password", **protected)
async def change_password(request: Request, body: NewPassword) -> None:
    """Ends every session of this user, this one too."""
    factory, username = request.factory, request.user.username
    if await factory.users.authenticate(username, body.old) is None:
        raise BaseAuthException("This is not the old password.")
    await factory.users.update_user(username, password=body.new)
