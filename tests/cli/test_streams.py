"""Streams that are closed, full, or of another encoding: nothing is lost, and no traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.circuits import BELL


def shell(cli, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line.replace("ibmqbatch", f"{sys.executable} -m ibmqbatch")],
        env={**cli.env, **env},
        cwd=cli.cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(circuits):
    return circuits(a=BELL)


def test_a_closed_stdout_keeps_nothing_from_running(cli, folder):
    done = shell(cli, "ibmqbatch submit circuits --wait >&-")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr
    assert "\tdone\t" in cli("status").out


def test_all_streams_may_be_closed(cli, folder):
    assert shell(cli, "ibmqbatch submit circuits --wait <&- >&- 2>&-").returncode == 0
    assert "\tdone\t" in cli("status").out


def test_a_set_whose_id_cannot_be_written_is_named_and_sent(cli, folder):
    done = shell(cli, "ibmqbatch submit circuits --wait > /dev/full")
    assert done.returncode == 0
    assert cli("status").out.split("\t")[0] in done.stderr


def test_a_full_output_is_one_sentence(cli, folder):
    cli.submit(folder, "--wait")
    done = shell(cli, "ibmqbatch status > /dev/full")
    assert done.returncode == 1
    assert "error: Something cannot be read or written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stdin_is_told(cli):
    done = shell(cli, "ibmqbatch submit - <&-")
    assert done.returncode == 2
    assert "Standard input is empty" in done.stderr


def test_what_the_terminal_cannot_write_is_written_otherwise(cli, circuits):
    cli.submit(circuits(alpha=BELL), "--name", "α", "--wait")
    done = shell(cli, "ibmqbatch status", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u03b1" in done.stdout
