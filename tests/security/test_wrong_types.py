"""Each field of each answer that is read, in turn, as what it must not be: never a traceback."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.exitcodes import ExitCode
from tests.security.hostile import Hostile, changed, places
from tests.support.circuits import BELL
from tests.support.commands import Cli, Finished, point_at
from tests.support.service import new_crn

MISSING = math  # stands for nothing at all
VALUES: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1e300,
    math.nan,
    "",
    "9" * 5000,
    "\x1b[31m\u202e\ud800/../..\x00\n",
    [],
    {},
    [[[]]],
    [None],
    {"": {}},
    MISSING,
]
DRY_RUN = "submit a.qasm --backend fake_manila --dry-run"
# What reads each answer. SENT is a set whose jobs are on the service, DONE one with its results.
READERS: dict[str, list[str]] = {
    "POST /identity/token": ["backends"],
    "GET /local/service": ["serve --status"],
    "GET /backends": ["backends", "backends --json"],
    "GET /backends/NAME/configuration": ["backends fake_manila", DRY_RUN],
    "GET /backends/NAME/properties": ["backends fake_manila", DRY_RUN],
    "POST /jobs": ["submit a.qasm --backend ideal_simulator"],
    "POST /sessions": ["submit a.qasm --backend ideal_simulator --batch"],
    "GET /jobs": ["resume SENT", "collect", "recover --all", "recover SENT"],
    "GET /jobs/ID": ["recover --job JOB"],
    "GET /jobs/ID with its circuits": ["recover SENT", "recover --job JOB"],
    "GET /jobs/ID/results": ["results SENT --wait --timeout 0.1"],
    "GET /jobs/ID/metrics": ["status DONE --usage"],
    "GET /jobs/ID/logs": ["logs DONE --job 0"],
    "GET /instances/usage": [f"{DRY_RUN} --account far"],
    "POST /v3/resources/search": ["account instances --account far"],
    "GET /ibmqbatch-local": ["account instances --account far"],
}
# To be recovered a set must not be here.
ELSEWHERE = {"recover"}
MOST_TOLD = 5  # failures: one cause has many
EVERY, OFTEN = 211, 53  # of so many changes one is tried, here and by the slow test


@dataclass(frozen=True)
class Stage:
    """A data folder, of which each command gets a copy, behind a hostile service."""

    folder: Path
    proxy: Hostile
    names: dict[str, str]

    def run(self, line: str) -> Finished:
        """Run a command that nobody has run before, and hold it to what all have to do."""
        home = self.folder / "copy"
        shutil.rmtree(home, ignore_errors=True)
        source = "elsewhere" if line.split(maxsplit=1)[0] in ELSEWHERE else "home"
        shutil.copytree(self.folder / source, home)
        cli = Cli(home, self.folder)
        cli.env |= {"IBMQBATCH_SETTLE": "0"}
        words = [self.names.get(word, word) for word in line.split()]
        done = cli(*words, code=None)
        assert done.code in set(ExitCode), done
        assert done.code in {0, 3, 5, 75, 124} or "error" in done.err + done.out, done
        text = (done.out + done.err).replace("\n", "").replace("\t", "")
        assert text.isprintable(), ascii(text)
        return done


@pytest.fixture(scope="module")
def stage(service_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    told = json.loads((service_folder / "service.json").read_bytes())
    (folder / "a.qasm").write_text(BELL)
    told["crn"] = new_crn()
    with Hostile(told["url"]) as proxy:
        for home in ("home", "elsewhere"):
            point_at(folder / home, told, proxy.url)
            cli = Cli(folder / home, folder)
            at = f"{proxy.url}/api/v1"
            words = ("far", "--url", at, "--instance", told["crn"], "--no-use")
            cli("account", "login", *words, stdin=told["api_key"])
            shutil.rmtree(folder / home / "tokens")
        cli = Cli(folder / "home", folder)
        (folder / "a.qasm").write_text(BELL)
        done = cli.submit("a.qasm", "--shots", 5, "--wait")
        sent = cli.submit("a.qasm", "--shots", 5)
        job = cli.data("status", done)["job_set"]["jobs"][0]["id"]
        shutil.rmtree(folder / "home" / "tokens")
        yield Stage(folder, proxy, {"SENT": sent, "DONE": done, "JOB": job})


@pytest.fixture
def answers(stage: Stage, no_waits: None) -> Iterator[Stage]:
    yield stage
    stage.proxy.change = lambda _endpoint, body: body


def cases(endpoint: str, body: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Yield each change of an answer: a number, what it is, and the answer."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None  # a log
    number = 0
    for place in places(told):
        for value in VALUES:
            number += 1
            yield number, f"{endpoint} {place} {ascii(value)[:40]}", changed(told, place, value)


def try_all(stage: Stage, endpoint: str, chosen: int) -> None:
    """Run what reads an endpoint with every `chosen`th change of its answer."""
    wrong: list[str] = []
    for line in READERS[endpoint]:
        stage.proxy.bodies.clear()
        stage.run(line)
        assert endpoint in stage.proxy.bodies, (line, sorted(stage.proxy.bodies))
        for number, what, answer in cases(endpoint, stage.proxy.bodies[endpoint]):
            if number % chosen:
                continue
            stage.proxy.change = lambda asked, body, answer=answer: (
                answer if asked == endpoint else body
            )
            try:
                stage.run(line)
            except AssertionError as error:
                wrong.append(f"{line}: {what}: {error}")
                if len(wrong) == MOST_TOLD:
                    break
        stage.proxy.change = lambda _endpoint, body: body
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("endpoint", READERS)
def test_answer_of_wrong_types_ends_in_a_sentence(endpoint, answers):
    try_all(answers, endpoint, EVERY)


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", READERS)
def test_answer_of_whatever_types_ends_in_a_sentence(endpoint, answers):
    try_all(answers, endpoint, OFTEN)
