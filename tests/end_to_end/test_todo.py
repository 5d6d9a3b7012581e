"""The todo example, used as its readers use it: by its script, in a browser, by hand."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import InvalidStatus

from .browser import CHROMIUM, page
from .gateways import LISTEN, ROOT, ask, run, running

COMMAND = ["aiorest-gw", "serve", "--app", "examples.todo.app:make_factory", *LISTEN]


def todo_gateway(**variables):
    return running(COMMAND, ROOT, **variables)


def page_address(gateway):
    return gateway.url.replace("ws", "http")


class TodoTests(SynchronousTestCase):
    def test_the_script_does_what_it_says(self):
        with todo_gateway() as gateway:
            done = run(["python", "-m", "examples.todo.client", gateway.url], ROOT)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("'title': 'Buy milk'", done.stdout)
            self.assertIn("0.5 s are over, guest-", done.stdout)
            self.assertEqual(0, gateway.stop())

    def test_the_script_says_when_nothing_answers(self):
        done = run(["python", "-m", "examples.todo.client", "ws://127.0.0.1:9/"], ROOT)
        self.assertEqual((1, 1), (done.returncode, len(done.stderr.splitlines())))

    def test_mistakes_are_told(self):
        with todo_gateway() as gateway, gateway.connect() as client:
            login = {"username": "ann", "password": "secret"}
            for url, data, status in (
                ("/login", login, 401),
                ("/users", login, 201),
                ("/users", login, 409),
                ("/users", login | {"password": "x"}, 422),
                ("/login", login | {"password": "wrong"}, 401),
            ):
                self.assertEqual(status, ask(client, "POST", url, id=1, data=data)["status"])
            token = ask(client, "POST", "/login", data=login)["data"]["token"]
            for method, url, keys, status in (
                ("GET", "/todos", {"token": None}, 401),
                ("GET", "/todos", {"token": "x"}, 401),
                ("GET", "/todos/5", {}, 404),
                ("GET", "/todos/x", {}, 404),
                ("PUT", "/todos", {}, 405),
                ("POST", "/todos", {}, 422),
                ("POST", "/todos", {"data": {"title": ""}}, 422),
                ("POST", "/todos", {"data": {"title": "x", "due": "tomorrow"}}, 422),
                ("GET", "/remind?seconds=99", {}, 422),
                ("POST", "/todos", {"data": {"title": "x", "due": "2030-01-31"}}, 201),
                ("DELETE", "/todos/1", {}, 200),
                ("DELETE", "/todos/1", {}, 404),
                ("POST", "/logout", {}, 200),
                ("GET", "/todos", {}, 401),
            ):
                answer = ask(client, method, url, **({"id": 1, "token": token} | keys))
                self.assertEqual(status, answer["status"], (method, url, answer))

    def test_todos_outlive_the_gateway(self):
        variables = {
            "TODO_DATABASE": str(Path(self.mktemp()).absolute()),
            "AIOREST_GW_JWT_KEY": "k" * 32,
        }
        login = {"username": "ann", "password": "secret"}
        for expected in (0, 1):
            with todo_gateway(**variables) as gateway, gateway.connect() as client:
                ask(client, "POST", "/users", data=login)
                token = ask(client, "POST", "/login", data=login)["data"]["token"]
                self.assertEqual(expected, len(ask(client, "GET", "/todos", token=token)["data"]))
                ask(client, "POST", "/todos", token=token, data={"title": "kept"})

    def test_another_page_may_not_connect(self):
        with todo_gateway() as gateway:
            with self.assertRaises(InvalidStatus):
                gateway.connect(origin="http://127.0.0.1:1")

    def test_the_page_works_in_a_browser(self):
        with todo_gateway() as gateway, page(page_address(gateway)) as tab:
            tab.until(
                "document.querySelector('#login') && !document.querySelector('#login').hidden"
            )
            tab.run("document.querySelector('[name=username]').value = 'ann'")
            tab.run("document.querySelector('[name=password]').value = 'secret'")
            tab.run("document.querySelector('#login button').click()")
            tab.until("document.querySelector('#status').textContent.includes('do not fit')")
            tab.run("document.querySelector('#create').click()")
            tab.until("!document.querySelector('#list').hidden")
            tab.run("document.querySelector('[name=title]').value = '<b>Buy milk</b>'")
            tab.run("document.querySelector('#add button').click()")
            tab.until("document.querySelectorAll('#todos li').length === 1")
            self.assertEqual(
                "<b>Buy milk</b>", tab.run("document.querySelector('li span').textContent")
            )
            tab.run("document.querySelector('li input').click()")
            tab.until("document.querySelector('li.done') !== null")
            tab.run("document.querySelector('li button').click()")
            tab.until("document.querySelectorAll('#todos li').length === 0")
            gateway.stop()
            tab.until("document.querySelector('#status').textContent.includes('trying again')")

    if CHROMIUM is None:
        test_the_page_works_in_a_browser.skip = "no Chromium here"  # type: ignore[attr-defined]
