"""Tests that a signal is noticed in an idle loop."""

import asyncio
import signal
import threading

import pytest

from coredata_async.sandbox.signals import poll_signals


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signal to a thread on this system")
async def test_a_signal_that_another_thread_got_ends_the_wait():
    """The kernel may deliver it to any thread; then no system call of the loop is interrupted."""
    came = asyncio.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: came.set())
    elsewhere, release = threading.Event(), threading.Event()

    def other() -> None:
        elsewhere.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        release.wait()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        async with poll_signals(), asyncio.timeout(20):
            elsewhere.set()
            await came.wait()
    finally:
        release.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)


async def test_nothing_is_left_to_do_afterwards():
    async with poll_signals():
        pass

    assert asyncio.all_tasks() == {asyncio.current_task()}
