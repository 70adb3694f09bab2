"""What requests in flight come to."""

import threading

import pytest

from ibmqbatch.jobset.work import RequestPool
from ibmqbatch.service.errors import ServiceError


def test_error_that_nobody_foresaw_is_raised_when_the_other_answers_are_handed_out():
    broken = threading.Event()

    def request(item):
        if item == "broken":
            broken.set()
            raise RuntimeError(item)
        assert broken.wait(10)
        if item == "refused":
            raise ServiceError(item)
        return item.upper()

    with RequestPool(request) as pool:
        for item in ("first", "broken", "refused", "last"):
            pool.send(item)
        answers = {}
        with pytest.raises(RuntimeError, match="broken"):
            while len(pool):
                answers.update(pool.completed())
        assert pool.room == 0
    assert answers.keys() == {"first", "refused", "last"}
    assert (answers["first"], answers["last"]) == ("FIRST", "LAST")
    assert isinstance(answers["refused"], ServiceError)
