"""One key, one set: however often, at the same time, or after a crash."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ibmqbatch.files import FileLock
from ibmqbatch.jobset import once
from ibmqbatch.jobset.once import reserved
from ibmqbatch.manifest.files import manifest_path

HOLDER = """
import sys
from ibmqbatch.jobset.once import reserved
with reserved("key") as (set_id, _):
    print(set_id, flush=True)
    sys.stdin.read()
"""


def given_id(key: str | None) -> str:
    with reserved(key) as (set_id, _):
        return set_id


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_same_key_gives_the_same_id(home):
    assert given_id("key") == given_id("key")


def test_other_key_gives_another_id(home):
    assert given_id("key") != given_id("other")


def test_no_key_gives_a_new_id_each_time(home):
    assert len({given_id(None) for _ in range(5)}) == 5


@pytest.mark.parametrize("key", ["", "../..", "a/b", "é\n", "x" * 5000, "a\udcffb"])
def test_any_text_is_a_key(key, home):
    assert given_id(key) == given_id(key)


def test_crash_before_the_set_is_made_leaves_its_id_to_the_next(home):
    with start() as process:
        first = process.stdout.readline().strip()
        process.kill()
    assert not manifest_path(first).exists()
    assert given_id("key") == first


def test_crash_before_the_id_is_written_leaves_the_key_free(home, monkeypatch):
    def crash(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(once, "replacing", crash)
    with pytest.raises(ZeroDivisionError):
        given_id("key")
    monkeypatch.undo()
    monkeypatch.setenv("IBMQBATCH_HOME", str(home))
    assert given_id("key")


def test_second_process_waits_for_the_first(home):
    with start() as first:
        set_id = first.stdout.readline().strip()
        (lock,) = (home / "once").glob("*.lock")
        assert not FileLock(lock).acquire(blocking=False)
        with start() as second:
            first.communicate()
            assert second.stdout.readline().strip() == set_id
            second.communicate()


def test_without_a_key_nobody_waits(home):
    with reserved(None) as (one, _), reserved(None) as (two, _):
        assert one != two


def test_failed_plan_gives_the_key_back(home):
    with pytest.raises(ZeroDivisionError), reserved("key") as (first, _):
        raise ZeroDivisionError
    assert given_id("key") == first
