"""Locks on files, and processes that are forked while one is held."""

from __future__ import annotations

import os

import pytest

from ibmqbatch.files import FileLock

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture
def fork():
    """Return a function that forks a process, which waits for its end."""
    children = []

    def fork() -> None:
        pipe = os.pipe()
        child = os.fork()
        if not child:
            os.close(pipe[1])
            os.read(pipe[0], 1)
            os._exit(0)
        os.close(pipe[0])
        children.append((child, pipe[1]))

    yield fork
    for child, pipe in children:
        os.close(pipe)
        os.waitpid(child, 0)


def test_lock_is_free_when_it_is_released_whoever_was_forked_meanwhile(tmp_path, fork):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    fork()
    lock.release()
    assert FileLock(tmp_path / "lock").acquire(blocking=False)


def test_forked_process_takes_no_lock_from_its_parent(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    child = os.fork()
    if not child:
        lock.release()  # it holds none
        os._exit(FileLock(tmp_path / "lock").acquire(blocking=False))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    lock.release()
