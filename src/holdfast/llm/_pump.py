"""An asynchronous stream read from ordinary code: one thread and one event loop as long as it runs, none afterwards.

A thread of its own lets ordinary code that is called from inside a running loop read the stream too, and lets Ctrl-C
arrive between two pieces.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

T = TypeVar("T")
MOMENT = 0.2


def drained(make: Callable[[], AsyncGenerator[T]]) -> Generator[T]:
    """Yield what an asynchronous generator yields; closing cancels it and waits until it has let go."""
    pump = _Pump(make)
    with ThreadPoolExecutor(1, thread_name_prefix="holdfast-model") as thread:
        running = thread.submit(asyncio.run, pump.run())
        try:
            while (item := pump.next()) is not None:
                yield item[0]
        finally:
            pump.stop()
        with suppress(asyncio.CancelledError):
            running.result()


class _Pump(Generic[T]):
    def __init__(self, make: Callable[[], AsyncGenerator[T]]) -> None:
        self._make = make
        self.items: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._started = threading.Event()
        self._ended = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def next(self) -> tuple[T] | None:
        """Wait for the next item; on some systems Ctrl-C arrives only when a wait ends, so none is long."""
        while True:
            with suppress(Empty):
                return self.items.get(timeout=MOMENT)

    async def run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._started.set()
        try:
            async with aclosing(self._make()) as stream:
                async for item in stream:
                    self.items.put((item,))
        finally:
            with self._ended:
                self._loop = None
            self.items.put(None)

    def stop(self) -> None:
        self._started.wait()
        with self._ended:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
