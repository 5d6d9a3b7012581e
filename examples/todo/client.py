"""A script that uses the todo application: ``python -m examples.todo.client [ws://host:port/]``."""

from __future__ import annotations

import itertools
import json
import secrets
import sys
from typing import Any

from websockets.sync.client import ClientConnection, connect

ids = itertools.count(1)


def ask(gateway: ClientConnection, method: str, url: str, **keys: Any) -> Any:
    """Send a request and return its answer's data."""
    id = next(ids)
    gateway.send(json.dumps({"id": id, "method": method, "url": url} | keys))
    answer = json.loads(gateway.recv(timeout=30))
    if "detail" in answer:
        raise SystemExit(f"{method} {url}: {answer['status']} {answer['detail']}")
    return answer["data"]


def main(address: str = "ws://127.0.0.1:8080/") -> None:
    try:
        gateway = connect(address)
    except OSError as error:
        raise SystemExit(
            f"nothing answers at {address} ({error}): is `make run` running?"
        ) from None
    with gateway:
        login = {"username": f"guest-{secrets.token_hex(4)}", "password": secrets.token_hex(8)}
        ask(gateway, "POST", "/users", data=login)
        token = ask(gateway, "POST", "/login", data=login)["token"]
        todo = ask(gateway, "POST", "/todos", data={"title": "Buy milk"}, token=token)
        print("added: ", todo)
        print(
            "done:  ",
            ask(gateway, "PATCH", f"/todos/{todo['id']}", data={"done": True}, token=token),
        )
        print("all:   ", ask(gateway, "GET", "/todos", token=token))
        print("remind:", ask(gateway, "GET", "/remind?seconds=0.5", token=token))
        ask(gateway, "DELETE", f"/todos/{todo['id']}", token=token)
        ask(gateway, "POST", "/logout", token=token)


if __name__ == "__main__":
    main(*sys.argv[1:2])
