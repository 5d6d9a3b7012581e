"""A script that uses the todo application: ``python -m examples.todo.client [ws://host:port/]``."""

from __future__ import annotations

import secrets
import sys

from aiorest_gw.client import CommandError, ConnectionFailed, connect


def use(address: str) -> None:
    login = {"username": f"guest-{secrets.token_hex(4)}", "password": secrets.token_hex(8)}
    with connect(address) as gateway:
        gateway.post("/users", login)
        token = gateway.post("/login", login)["token"]
        todo = gateway.post("/todos", {"title": "Buy milk"}, token=token)
        print("added: ", todo)
        print("done:  ", gateway.patch(f"/todos/{todo['id']}", {"done": True}, token=token))
        print("all:   ", gateway.get("/todos", token=token))
        print("remind:", gateway.get("/remind", args={"seconds": 0.5}, token=token))
        gateway.delete(f"/todos/{todo['id']}", token=token)
        gateway.post("/logout", token=token)


def main(address: str = "ws://127.0.0.1:8080/") -> None:
    try:
        use(address)
    except ConnectionFailed as error:
        raise SystemExit(
            f"nothing answers at {address} ({error}): is `make run` running?"
        ) from None
    except CommandError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(*sys.argv[1:2])
