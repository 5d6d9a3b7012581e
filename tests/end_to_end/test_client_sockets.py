"""Clients on real sockets, against a real gateway: one list of promises, on asyncio and on Twisted."""

import asyncio
import contextlib
import inspect
import ssl
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

import aiorest_gw.client as on_twisted
import aiorest_gw.client.aio as on_asyncio
from aiorest_gw.client import CommandFailed, ConnectionFailed, ConnectionLost, Patience, State
from aiorest_gw.testing import FlakyProxy

from .certificates import make_certificate
from .gateways import LISTEN, PATIENCE, ROOT, running

COMMAND = ["aiorest-gw", "serve", "--app", "tests.end_to_end.visiting:make_factory"]


class Promises:
    """Each coroutine is a promise; ``self.world`` has the clients of one world."""

    def gateway(self, *listen):
        """A gateway that runs until the test ends."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(running([*COMMAND, *(listen or LISTEN)], ROOT))

    def proxy(self, port):
        proxy = FlakyProxy(port)
        self.addCleanup(proxy.close)
        return proxy

    async def until(self, client, wanted):
        """Wait until a client is in a state."""
        if client.state is not wanted:
            reached = self.future()
            client.on_state(lambda state, reason: state is wanted and self.settle(reached))
            await reached

    async def promise_requests_and_streams(self):
        gateway = self.gateway()
        for msgpack in (False, True):
            async with self.world.GatewayClient(gateway.url, msgpack=msgpack) as client:
                self.assertEqual(3, await client.post("/size", [1, 2, 3]))
                parts = [part async for part in client.stream("/count/2000")]
                self.assertEqual([*range(2000)], parts)
                self.assertGreater(await client.ping(), 0)
            self.assertIs(State.CLOSED, client.state)

    async def promise_large_messages(self):
        gateway = self.gateway()
        for compression in (False, True):
            client = self.world.GatewayClient(
                gateway.url, compression=compression, max_message_size=4_000_000
            )
            async with client:
                self.assertEqual(3_000_000, await client.post("/size", "x" * 3_000_000))
                self.assertEqual(3_000_000, len(await client.get("/text/3000000")))
                with self.assertRaises(ConnectionLost) as raised:
                    await client.get("/text/4000000")
                self.assertEqual(1009, raised.exception.code)

    async def promise_a_large_message_on_a_slow_network_is_waited_for(self):
        proxy = self.proxy(self.gateway().port)
        patience = Patience(heartbeat=0.2, silence=0.2)
        async with self.world.GatewayClient(proxy.url, patience=patience) as client:
            proxy.slow(400_000, towards="client")
            self.assertEqual(800_000, len(await client.get("/text/800000")))
            self.assertEqual(1, proxy.connections)

    async def promise_a_refused_handshake_is_told(self):
        gateway = self.gateway()
        with self.assertRaises(ConnectionFailed) as raised:
            async with self.world.GatewayClient(f"{gateway.url}nowhere"):
                raise AssertionError("it connected")
        self.assertIn("404", str(raised.exception))
        self.assertIn(f"127.0.0.1:{gateway.port}", str(raised.exception))

    async def promise_what_may_be_secret_in_an_address_is_not_told(self):
        gateway = self.gateway()
        with self.assertRaises(ConnectionFailed) as raised:
            await self.world.GatewayClient(f"{gateway.url}nowhere?token=secret").connect()
        self.assertNotIn("secret", str(raised.exception))

    async def promise_options_that_are_none_are_refused(self):
        for option, told in (
            ({"headers": ["a"]}, "headers are a dictionary"),
            ({"headers": {"Cookie": 5}}, "headers are a dictionary"),
            ({"patience": 5}, "Patience"),
            ({"patience": 0}, "Patience"),
        ):
            with self.assertRaises(TypeError) as raised:
                self.world.GatewayClient("ws://127.0.0.1:9/", **option)
            self.assertIn(told, str(raised.exception))

    async def promise_nobody_there_is_told(self):
        with self.assertRaises(ConnectionFailed) as raised:
            await self.world.GatewayClient("ws://127.0.0.1:9/").get("/")
        self.assertIn(
            "refused", str(raised.exception).lower().replace("connect call failed", "refused")
        )

    async def promise_headers_of_the_handshake_are_credentials(self):
        gateway = self.gateway()
        headers = {"Authorization": "Bearer ann", "User-Agent": "me"}
        async with self.world.GatewayClient(gateway.url, headers=headers) as client:
            self.assertEqual(("ann", "ann"), (await client.get("/me"), client.user_id))

    async def promise_tokens_that_run_out_are_replaced(self):
        gateway = self.gateway()
        given = []

        async def token():
            given.append(f"ann for 0.{3 + len(given)}")
            return given[-1]

        client = self.world.GatewayClient(gateway.url, token)
        resumed = []
        client.on_resumed(lambda: resumed.append(1))
        async with client:
            await self.until(client, State.LOST)
            await self.until(client, State.OPEN)
            self.assertEqual("ann", await client.get("/me"))
            self.assertEqual([1], resumed[:1])
            self.assertGreaterEqual(len(given), 2)

    async def promise_a_gateway_that_says_stay_away_is_obeyed(self):
        gateway = self.gateway()
        client = self.world.GatewayClient(gateway.url)
        async with client:
            await client.post("/close/4600")
            await self.until(client, State.CLOSED)
            other = self.world.GatewayClient(gateway.url)
            async with other:
                await other.post("/close/4100")
                await self.until(other, State.LOST)
                await self.until(other, State.OPEN)

    async def promise_a_cut_connection_is_resumed(self):
        proxy = self.proxy(self.gateway().port)
        client = self.world.GatewayClient(proxy.url, patience=Patience(first_wait=0.05))
        resumed, lost = [], []
        client.on_resumed(lambda: resumed.append(1))
        client.on_lost(lost.append)
        async with client:
            for number in range(5):
                asked = self.begin(client.post("/size", "x" * number))
                proxy.cut()
                self.assertEqual(number, await asked)
        self.assertEqual(([1] * len(resumed), []), (resumed, lost))
        self.assertGreaterEqual(len(resumed), 4)

    async def promise_a_silent_network_is_noticed(self):
        proxy = self.proxy(self.gateway().port)
        patience = Patience(heartbeat=0.2, silence=0.2)
        async with self.world.GatewayClient(proxy.url, patience=patience) as client:
            proxy.half_open()
            asked = self.begin(client.post("/size", "abc"))
            self.assertEqual(3, await asked)
            self.assertEqual(2, proxy.connections)

    async def promise_a_gateway_that_is_started_again_is_found_again(self):
        first = self.gateway()
        proxy = self.proxy(first.port)
        client = self.world.GatewayClient(proxy.url, patience=Patience(first_wait=0.05))
        losses = []
        client.on_lost(losses.append)
        async with client:
            heard = []
            subscription = await client.subscribe("news", heard.append)
            await client.publish("news", "n", 1)
            never = self.begin(client.get("/never"))
            proxy.refuse()
            first.stop()
            proxy.to = ("127.0.0.1", self.gateway().port)
            proxy.heal()
            with self.assertRaises(ConnectionLost):
                await never
            while len(losses) < 2:
                await client.get("/me")
            await client.publish("news", "n", 2)
            await client.ping()
            await client.get("/me")
            self.assertEqual([None, "news"], [loss.topic for loss in losses])
            self.assertEqual([1, 2], [push.data for push in heard])
            self.assertFalse(subscription.recovered)

    async def promise_closing_tells_whoever_waits(self):
        gateway = self.gateway()
        client = self.world.GatewayClient(gateway.url)
        async with client:
            never = self.begin(client.get("/never"))
            await client.get("/me")
        with self.assertRaises(ConnectionLost):
            await never

    async def promise_wrong_credentials_are_told(self):
        gateway = self.gateway()
        async with self.world.GatewayClient(gateway.url, "bob for 60"):
            pass
        with self.assertRaises(CommandFailed) as raised:
            async with self.world.GatewayClient(gateway.url, "bob for 60"):
                raise AssertionError("it connected")
        self.assertEqual(401, raised.exception.code)

    async def promise_tls(self):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        certificate, key = make_certificate(folder)
        gateway = self.gateway(
            "--listen", f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        )
        url = f"wss://localhost:{gateway.port}/"
        async with self.world.GatewayClient(url, tls=self.trusting(certificate)) as client:
            self.assertEqual(2_000_000, await client.post("/size", "x" * 2_000_000))
        with self.assertRaises(ConnectionFailed) as raised:
            await self.world.GatewayClient(url).get("/me")
        self.assertIn("certificate", str(raised.exception).lower())


def each_promise(case):
    """A test for each coroutine of :class:`Promises`."""
    for name, promise in inspect.getmembers(Promises, inspect.iscoroutinefunction):
        if name.startswith("promise_"):
            setattr(case, name.replace("promise_", "test_"), case.make_test(promise))
    return case


@each_promise
class AsyncioTests(Promises, SynchronousTestCase):
    world = on_asyncio

    @staticmethod
    def make_test(promise):
        def test(self):
            self.run_in_loop(promise)

        return test

    def run_in_loop(self, promise, loop_factory=None):
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(asyncio.wait_for(promise(self), PATIENCE))

    def test_on_uvloop(self):
        import uvloop

        for promise in (Promises.promise_requests_and_streams, Promises.promise_tls):
            self.run_in_loop(promise, uvloop.new_event_loop)

    def future(self):
        return asyncio.get_running_loop().create_future()

    def settle(self, future):
        if not future.done():
            future.set_result(None)

    def begin(self, running):
        return asyncio.ensure_future(running)

    def trusting(self, certificate):
        return ssl.create_default_context(cafile=certificate)


@each_promise
class TwistedTests(Promises, TestCase):
    world = on_twisted
    timeout = PATIENCE

    @staticmethod
    def make_test(promise):
        def test(self):
            return Deferred.fromCoroutine(promise(self))

        return test

    def future(self):
        return Deferred()

    def settle(self, future):
        if not future.called:
            future.callback(None)

    def begin(self, running):
        return running

    def trusting(self, certificate):
        from twisted.internet.ssl import Certificate, optionsForClientTLS

        trusted = Certificate.loadPEM(Path(certificate).read_bytes())
        return optionsForClientTLS("localhost", trustRoot=trusted)
