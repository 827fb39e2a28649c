"""Owns work on all cores: many items in threads, answered in their order, few of them under way at any time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_order(
    function: Callable[[Item], Answer], items: Iterable[Item], *, workers: int | None = None, ahead: int = 32
) -> Iterator[Answer]:
    """Map over items in threads and yield the answers in the items' order; memory doesn't grow with their number.

    At most `ahead` items are under way or wait to be taken. numpy, ONNX Runtime, Pillow, hashing and reading let
    other threads run meanwhile, so threads use all cores.

    >>> list(in_order(lambda number: number**2, range(4)))
    [0, 1, 4, 9]
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    waiting: deque[Future[Answer]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
