"""A few hands that fetch at the same time, so that the pace is kept whatever the distance to EDGAR.

They are daemons: an interrupt ends the program at once, in whatever request they are. They do not wait for whoever
takes their results: what is large they put away themselves, and give back little.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from thirteenf.errors import ThirteenfError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def each(
    work: Callable[[_Job], _Result], jobs: Iterable[_Job], hands: int, go_on: Callable[[], bool] = lambda: True
) -> Generator[tuple[_Job, _Result | ThirteenfError]]:
    """Do every job, several at a time, and give each with what came of it, in the order in which they end.

    Args:
        work: what to do.
        jobs: to what.
        hands: how many at a time.
        go_on: asked before each job; if not, no further one is begun, and those on their way still come.

    Yields:
        The job, and its result or the error of ours that it ended with.

    Raises:
        Exception: whatever else `work` raised, which is a bug; nothing further is begun then.
    """
    todo: queue.SimpleQueue[_Job] = queue.SimpleQueue()
    for job in jobs:
        todo.put(job)
    done: queue.SimpleQueue[tuple[_Job, _Result | Exception] | None] = queue.SimpleQueue()
    left = False

    def hand() -> None:
        while not left and go_on():
            try:
                job = todo.get_nowait()
            except queue.Empty:
                break
            try:
                done.put((job, work(job)))
            except Exception as error:  # noqa: BLE001 - it is raised where the results are taken
                done.put((job, error))
        done.put(None)

    working = min(hands, todo.qsize())
    for _ in range(working):
        threading.Thread(target=hand, daemon=True).start()
    try:
        while working:
            ended = done.get()
            if ended is None:
                working -= 1
                continue
            job, result = ended
            if isinstance(result, Exception) and not isinstance(result, ThirteenfError):
                raise result
            yield job, result
    finally:
        left = True
