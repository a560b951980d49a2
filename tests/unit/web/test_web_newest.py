"""The newest item for all who wait, and nothing for nobody."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, List

import pytest

from splitdet.web.newest import Ended, Newest


async def _waiting(newest: Newest[int], count: int, timeout_s: float = 10.0) -> List[Any]:
    """So many tasks that wait for an item."""
    tasks = [asyncio.ensure_future(newest.next(timeout_s)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_it_is_wanted_only_while_somebody_waits() -> None:
    async def check() -> List[bool]:
        newest: Newest[int] = Newest(0)
        wanted = [newest.is_wanted()]
        (task,) = await _waiting(newest, 1)
        wanted.append(newest.is_wanted())
        newest.put(1)
        await task
        return [*wanted, newest.is_wanted()]

    assert asyncio.run(check()) == [False, True, False]


def test_all_who_wait_get_the_same_item_and_who_comes_later_gets_the_next() -> None:
    async def check() -> List[Any]:
        newest: Newest[int] = Newest(0)
        newest.put(0)  # nobody waits: it is kept for nobody
        first = await _waiting(newest, 2)
        newest.put(1)
        newest.put(2)
        second = await _waiting(newest, 1)
        newest.put(3)
        return [await task for task in [*first, *second]]

    assert asyncio.run(check()) == [1, 1, 3]


def test_an_item_comes_from_another_thread() -> None:
    async def check() -> int:
        newest: Newest[int] = Newest(0)
        (task,) = await _waiting(newest, 1)
        thread = threading.Thread(target=newest.put, args=(5,))
        thread.start()
        thread.join()
        return int(await task)

    assert asyncio.run(check()) == 5


def test_who_waits_too_long_is_told_and_waits_no_more() -> None:
    async def check() -> bool:
        newest: Newest[int] = Newest(0)
        with pytest.raises(asyncio.TimeoutError):
            await newest.next(0.01)
        return newest.is_wanted()

    assert asyncio.run(check()) is False


def test_who_leaves_waits_no_more() -> None:
    async def check() -> bool:
        newest: Newest[int] = Newest(0)
        stays, leaves = await _waiting(newest, 2)
        leaves.cancel()
        await asyncio.sleep(0)
        newest.put(1)
        assert await stays == 1
        return newest.is_wanted()

    assert asyncio.run(check()) is False


def test_the_end_sends_home_who_waits_and_who_comes_later() -> None:
    async def check() -> None:
        newest: Newest[int] = Newest(0)
        (task,) = await _waiting(newest, 1)
        newest.end()
        with pytest.raises(Ended):
            await task
        with pytest.raises(Ended):
            await newest.next()

    asyncio.run(check())


def test_an_item_for_a_loop_that_is_closed_is_nobodys() -> None:
    newest: Newest[int] = Newest(0)
    loop = asyncio.new_event_loop()
    task = loop.create_task(newest.next())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert newest.is_wanted()
    newest.put(1)
    assert not newest.is_wanted()
    task._log_destroy_pending = False  # it was to be left alone


def test_it_is_not_wanted_more_often_than_it_is_due() -> None:
    async def check() -> List[bool]:
        newest: Newest[int] = Newest(most_per_s=1e-6)
        (task,) = await _waiting(newest, 1)
        asked = [newest.is_wanted() for _ in range(4)]
        newest.put(1)
        await task
        return asked

    asked = asyncio.run(check())
    assert (asked[0], asked[-1]) == (True, False)
