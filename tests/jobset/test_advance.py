"""A step is taken by one process at a time, of the set's own instance, until the set is closed."""

from __future__ import annotations

import pytest

from ibmqbatch.errors import StorageError
from ibmqbatch.jobset.advance import try_advance
from ibmqbatch.manifest.manifest import lock_path
from tests.jobset.support import step


def test_other_instance_is_not_asked(work, service):
    service.instance = "crn:other"
    with pytest.raises(Exception, match="belongs to another instance"):
        step(work)
    assert (service.listings, service.posts) == (0, 0)


def test_nothing_is_asked_about_a_closed_set(work, service):
    work.manifest.wants.cancel([0])
    step(work)
    listings = service.listings
    step(work)
    assert service.listings == listings


def test_set_that_another_process_holds_is_left_alone(work, service):
    with work.manifest.lock():
        assert try_advance(work) is None
    assert service.posts == 0


def test_set_that_is_held_is_not_waited_for_beyond_the_deadline(work, clock, service):
    clock.set_deadline(2.0)
    begun = clock.monotonic()
    with work.manifest.lock():
        assert try_advance(work, patience=10.0) is None
    assert clock.monotonic() - begun < 2.1


def test_lock_is_given_back_after_a_step(work):
    assert try_advance(work, fetching=False) is not None
    lock = work.manifest.lock()
    assert lock.acquire(blocking=False)
    lock.release()


def test_lock_that_cannot_be_taken_is_a_storage_error(work):
    lock_path(work.manifest.path).unlink()
    lock_path(work.manifest.path).mkdir()
    with pytest.raises(StorageError):
        try_advance(work)
