"""A loop of asyncio's in a thread of its own, and other threads that wait for what runs there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from .errors import CommandTimeout, ConnectionLost

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """A loop that runs in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # What is begun before it is stopped, by any thread, ends; and nothing is begun later. Again by
        # the thread that has it, as what is collected within that may be told to the loop.
        self._lock = threading.RLock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="aiorest_gw client", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        loop = self._loop
        loop.run_forever()
        while left := asyncio.all_tasks(loop):
            # Threads may wait for them.
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left))
        loop.close()

    def wait(self, running: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run something there, and wait for it here; whoever is interrupted cancels it.

        :param timeout: seconds.
        :raises CommandTimeout: it took longer.
        :raises ConnectionLost: the loop was stopped, before or meanwhile.
        """
        if threading.current_thread() is self._thread:
            running.close()
            raise RuntimeError("what runs in the client's own thread cannot wait for it")
        with self._lock:
            if self._stopped:
                running.close()
                raise closed()
            future = asyncio.run_coroutine_threadsafe(running, self._loop)
        try:
            return future.result(timeout)
        except CancelledError:
            raise closed() from None
        except BaseException as error:
            if not future.done():
                future.cancel()
                if isinstance(error, TimeoutError):
                    raise CommandTimeout(f"there was no answer in {timeout:g} s") from None
            raise

    def soon(self, function: Callable[[], Any]) -> None:
        """Call something there."""
        with self._lock:
            if not self._stopped:
                self._loop.call_soon_threadsafe(function)

    def stop_behind(self, running: Coroutine[Any, Any, Any]) -> None:
        """Begin nothing more but this, and end the thread when it has ended; again it does nothing."""
        with self._lock:
            stopped, self._stopped = self._stopped, True
            if stopped:
                running.close()
                return
            last = asyncio.run_coroutine_threadsafe(running, self._loop)
        last.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._loop.stop))

    def join(self) -> None:
        """Wait until the thread has ended."""
        if threading.current_thread() is not self._thread:
            self._thread.join()


def closed() -> ConnectionLost:
    """What is told to whoever asks a client that is closed."""
    return ConnectionLost("the client is closed", 1000)
