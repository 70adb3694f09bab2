"""What becomes of a request whose process is killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

SIZE = 100_000
# All of it is in the kernel's hands when the process dies: the service has not begun to read.
SENDER = f"""
import sys
from ibmqbatch.service.transport import Transport
Transport(sys.argv[1]).send("POST", sys.argv[1], content=bytes({SIZE}), slow=True)
"""


def waiting(port: int) -> int:
    """Return the bytes of both directions that the kernel holds of connections to `port`."""
    ours = f":{port:04X}"
    total = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, queues, *_ = line.split()
        if here.endswith(ours) or there.endswith(ours):
            total += sum(int(queue, 16) for queue in queues.split(":"))
    return total


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_killed_process_had_still_to_send_is_not_sent():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = subprocess.Popen([sys.executable, "-c", SENDER, f"http://127.0.0.1:{port}/jobs"])
        try:
            connection, _ = listener.accept()
            wait_until(lambda: waiting(port) >= SIZE)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        with connection, pytest.raises(ConnectionResetError):
            while connection.recv(65536):
                pass
