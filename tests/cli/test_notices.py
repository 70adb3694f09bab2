"""`--notify` and `--on-done`: told once it is true, at least once, and never in the way."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.support import VALIDATOR
from tests.support.circuits import BELL

SECRET = "hunter2secret"
WRITER = (
    "import os, pathlib, signal, sys\n"
    "here = pathlib.Path(sys.argv[1])\n"
    "with open(here, 'a') as file:\n"
    "    file.write(sys.stdin.read().replace('\\n', '') + '\\n')\n"
    "if len(sys.argv) > 2 and not here.with_suffix('.killed').exists():\n"
    "    here.with_suffix('.killed').touch()\n"
    "    os.kill(os.getppid(), signal.SIGKILL)\n"
)


@pytest.fixture
def told(tmp_path):
    """Return the words of a command that writes down each document, and what reads these."""
    script, file = tmp_path / "writer.py", tmp_path / "told.txt"
    script.write_text(WRITER)

    def read():
        found = (
            [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        )
        for document in found:
            VALIDATOR.validate(document)
        return found

    return f"{sys.executable} {script} {file}", read


@pytest.fixture
def webhook():
    """Have a server that takes messages; yield its address and these."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://user:{SECRET}@127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def notices(read):
    return [document["data"]["notice"] for document in read()]


def test_command_gets_the_document_once(cli, circuits, told):
    command, read = told
    job_set = cli.submit(circuits(a=BELL), "--on-done", command, "--shots", 5, "--wait")
    cli("results", job_set)
    cli("collect")
    (document,) = read()
    assert document["data"]["job_set"]["id"] == job_set
    assert document["data"]["job_set"]["counts"]["DONE"] == 1
    assert (document["status"], document["exit_code"]) == ("success", 0)


def test_nothing_is_told_before_it_is_true(cli, circuits, told):
    command, read = told
    job_set = cli.submit(circuits(a=BELL), "--on-done", command, "--shots", 5, "--detach")
    cli("status", job_set)
    assert read() == []
    cli("results", job_set, "--wait")
    assert len(read()) == 1


def test_kill_between_message_and_record_repeats_the_notice(cli, circuits, told):
    command, read = told
    job_set = cli.submit(circuits(a=BELL), "--on-done", f"{command} die", "--shots", 5, "--detach")
    process = cli.start("results", job_set, "--wait")
    process.communicate(timeout=60)
    assert process.returncode < 0
    cli("collect")
    first, again = notices(read)
    assert first == again
    cli("collect")
    assert len(read()) == 2


def test_two_processes_tell_it_once(cli, circuits, told):
    command, read = told
    job_set = cli.submit(circuits(a=BELL), "--on-done", command, "--shots", 5, "--detach")
    processes = [cli.start("results", job_set, "--wait") for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(read()) == 1


def test_failing_command_is_tried_again_and_fails_nothing(cli, circuits, told, tmp_path):
    command, read = told
    script = tmp_path / "writer.py"
    script.rename(tmp_path / "away.py")
    done = cli("submit", circuits(a=BELL), "--on-done", command, "--shots", 5, "--wait")
    assert "ended with code 2; `collect` tries again" in done.err
    (tmp_path / "away.py").rename(script)
    cli("collect")
    assert len(read()) == 1


def test_collect_tells_of_the_sets_that_it_finishes_and_of_no_older_ones(cli, circuits, told):
    command, read = told
    folder = circuits(a=BELL)
    cli.submit(folder, "--shots", 5, "--wait")
    cli("collect", "--on-done", command)
    assert read() == []
    job_set = cli.submit(folder, "--shots", 5, "--detach")
    cli("collect", "--on-done", command)
    cli("results", job_set, "--wait")
    assert [document["data"]["job_set"]["id"] for document in read()] == [job_set]


def test_webhook_gets_the_document_and_its_secret_stays_secret(cli, circuits, webhook):
    url, taken = webhook
    done = cli("submit", circuits(a=BELL), "--notify", url, "--shots", 5, "--wait", "--json")
    (message,) = taken
    document = json.loads(message["message"])
    VALIDATOR.validate(document)
    job_set = done.json["data"]["job_set"]["id"]
    assert document["data"]["job_set"]["id"] == job_set
    events = cli("status", job_set, "--events", "--json")
    assert SECRET not in done.out + done.err + events.out
    assert SECRET.encode() not in (cli.home / "sets" / f"{job_set}.sqlite").read_bytes()
    kept = cli.home / "notices" / f"{job_set}.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    cli("forget", job_set, "--yes")
    assert not kept.exists()


def test_setting_is_used_where_no_address_is_given(cli, circuits, webhook):
    url, taken = webhook
    env = {**cli.env, "IBMQBATCH_NOTIFY": url}
    cli("submit", circuits(a=BELL), "--shots", 5, "--wait", env=env)
    assert len(taken) == 1


def test_receiver_that_is_not_there_is_told_without_its_secret(cli, circuits):
    url = f"json://user:{SECRET}@127.0.0.1:9"
    done = cli("submit", circuits(a=BELL), "--notify", url, "--shots", 5, "--wait")
    assert "the notification to json://… was not sent" in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize(
    "words", [("--notify", f"nope://{SECRET}"), ("--on-done", '"'), ("--on-done", "")]
)
def test_bad_receiver_is_refused_before_anything_is_planned(cli, circuits, words):
    done = cli("submit", circuits(a=BELL), *words, code=2)
    assert "hint: " in done.err
    assert SECRET not in done.err
    assert cli.data("status")["job_sets"] == []
