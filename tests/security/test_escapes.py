"""Names, reasons and logs from anywhere: what is shown steers no terminal, and breaks no line."""

from __future__ import annotations

import json
import re

import pytest

from tests.security.hostile import Hostile
from tests.support.circuits import BELL
from tests.support.terminal import run_in_terminal, without_escapes

# Colours, a title, an answerback, the same in one byte, a line of its own, reversed text, a half.
EVIL = "\x1b[31m\x1b]0;owned\x07\x05\x9b31m\x85\u2028\u202egnp\ud800\r\nerror: no\x00"
OWN = re.compile(r"owned|31m|\x07|\x05|\x9b|\x85|\u2028|\u202e|\x00")
PLAIN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")


@pytest.fixture
def evil(cli, service, circuits, monkeypatch):
    """Have a set, of which whatever text the service tells is EVIL, under an account of ours."""
    from tests.support.commands import point_at

    job_set = cli.submit(circuits(a=BELL), "--shots", 5, "--wait")
    sent = cli.submit(circuits(a=BELL), "--shots", 5)

    def told(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: told(inner, name) for name, inner in value.items()}
        if isinstance(value, list) and key != "tags":
            return [told(inner, key) for inner in value]
        kept = {"id", "created", "tags", "crn", "version"}
        return f"{value}{EVIL}" if isinstance(value, str) and key not in kept else value

    def change(endpoint: str, body: bytes) -> bytes:
        if "logs" in endpoint:
            return EVIL.encode(errors="surrogatepass")
        if "identity" in endpoint or "results" in endpoint:
            return body
        return json.dumps(told(json.loads(body))).encode()

    with Hostile(service["url"]) as proxy:
        point_at(cli.home, service, proxy.url)
        proxy.change = change
        yield {"DONE": job_set, "SENT": sent}


LINES = [
    "backends",
    "backends --json",
    "backends fake_manila",
    "status SENT --events",
    "status SENT --json",
    "status DONE --usage --events",
    "logs DONE --job 0",
    "logs DONE --job 0 --json",
    "serve --status",
    "account instances",
    "recover --all",
    "collect -vv",
]


@pytest.mark.usefixtures("no_waits")
def test_no_text_of_the_service_writes_to_a_pipe_what_it_likes(evil, cli):
    for line in LINES:
        done = cli(*[evil.get(word, word) for word in line.split()], code=None)
        assert not PLAIN.search(done.out + done.err), line
        assert "error: no" not in (done.out + done.err).splitlines(), line


def test_no_text_of_the_service_steers_a_terminal(evil, cli):
    for line in LINES[:7]:
        words = [evil.get(word, word) for word in line.split()]
        _, text = run_in_terminal(
            *words, env=cli.env, cwd=cli.cwd, columns=120, term="xterm-256color"
        )
        assert "\x1b]" not in text
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x7f-\x9f\u202e]", without_escapes(text))


def test_file_of_a_name_that_steers_is_refused_harmlessly(cli, tmp_path):
    path = tmp_path / "\x1b[31mred\x9b\u202e.qasm"
    path.write_text(BELL)
    done = cli("submit", path, code=2)
    assert "control characters" in done.err
    assert not PLAIN.search(done.err)


def test_metadata_of_circuits_are_shown_harmless_and_kept(cli, tmp_path):
    from qiskit import QuantumCircuit, qpy

    circuit = QuantumCircuit(1, 1, metadata={"kind": EVIL.replace("\ud800", "")})
    circuit.measure(0, 0)
    with (tmp_path / "x.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    job_set = cli.submit("x.qpy", "--shots", 5, "--wait")
    for form in ("csv", "ndjson", "json", "table"):
        assert not PLAIN.search(cli("results", job_set, "--format", form).out)
    cli("results", job_set, "--format", "ndjson", "-o", "out.ndjson")
    told = json.loads((tmp_path / "out.ndjson").read_text("utf-8"))
    assert told["metadata"] == circuit.metadata
