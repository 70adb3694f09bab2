"""What is told of a result that is given once: whether its reader had it when it died."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from tests.soak.deliveries import Delivery, faults, witness

pytestmark = pytest.mark.slow

BODY = b"x" * 1000
READER = """
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    wanted = int(sys.argv[2])
    while wanted:
        wanted -= len(connection.recv(wanted))
    if sys.argv[3:]:
        connection.sendall(b"another request")
    print("read", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def deliver():
    """Send a body to a process that reads so much of it, and dies; return what was seen of it.

    It may go on with another request (`more`) before it dies.
    """

    def deliver(read: int, *more: str) -> tuple[Delivery, float]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            words = [sys.executable, "-c", READER, str(server.getsockname()[1]), str(read), *more]
            with subprocess.Popen(words, stdout=subprocess.PIPE) as reader:
                connection, _ = server.accept()
                with connection:
                    delivery = Delivery("job")
                    connection.sendall(BODY)
                    sent = time.monotonic()
                    assert reader.stdout.readline() == b"read\n"
                    time.sleep(0.05)
                    reader.kill()
                    killed = time.monotonic()
                    witness(delivery, connection)
                    delivery.whole = sent
        return delivery, killed

    return deliver


def test_result_whose_reader_went_on_must_not_be_lost(deliver):
    delivery, killed = deliver(len(BODY), "more")
    assert delivery.was_read
    assert faults(["job"], [delivery], [killed]) != []


def test_result_that_its_reader_says_it_has_got_must_not_be_lost(deliver):
    delivery, killed = deliver(len(BODY))
    delivery.noted = True
    assert delivery.was_read
    assert faults(["job"], [delivery], [killed]) != []


@pytest.mark.parametrize("read", [0, 1, len(BODY) - 1])
def test_result_of_which_the_reader_left_something_may_be_lost(deliver, read):
    delivery, killed = deliver(read)
    assert not delivery.was_read
    assert faults(["job"], [delivery], [killed]) == []


def test_result_may_not_be_lost_where_nobody_died(deliver):
    delivery, _ = deliver(0)
    assert faults(["job"], [delivery], []) != []


def test_result_that_was_never_asked_for_may_not_be_lost():
    assert faults(["job"], [], [1.0]) != []


def test_kill_that_meets_two_results_on_their_way_is_told():
    both = [Delivery("job", begun=1.0), Delivery("other", begun=1.5)]
    assert faults([], both, [2.0]) != []
    assert faults([], both, [1.2, 2.0]) == []  # the first was under way for a dead reader
