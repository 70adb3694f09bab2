"""What scripts rely on: the JSON documents, the exit codes, the two streams."""

from __future__ import annotations

import json

import pytest

from ibmqbatch.exitcodes import ExitCode
from tests.cli.support import VALIDATOR, document
from tests.support.circuits import BELL


def test_every_verb_prints_one_document_of_the_schema(cli, circuits):
    folder = circuits(a=BELL, b=BELL)
    plan = cli("submit", folder, "--dry-run", "--json")
    assert document(plan, "submit")["data"]["plan"]["total_circuits"] == 2
    told = document(cli("submit", folder, "--max-circuits", 1, "--json"), "submit")
    set_id = told["data"]["job_set"]["id"]
    assert told["status"] == "success"
    document(cli("resume", set_id, "--json"), "resume")
    document(cli("status", "--json"), "status")
    document(cli("status", set_id, "--events", "--json"), "status")
    document(cli("collect", "--json"), "collect")
    results = document(cli("results", set_id, "--wait", "--json"), "results")
    assert len(results["data"]["results"]) == 2
    document(cli("retag", set_id, "--add", "x", "--json"), "retag")
    document(cli("retry", set_id, "--json"), "retry")
    document(cli("cancel", set_id, "--json"), "cancel")
    document(cli("export", set_id, "-o", "x.sqlite", "--json"), "export")
    document(cli("forget", set_id, "--yes", "--json"), "forget")
    document(cli("import", "x.sqlite", "--json"), "import")
    document(cli("backends", "--json"), "backends")
    document(cli("backends", "ideal_simulator", "--json"), "backends")
    document(cli("account", "list", "--json"), "account list")
    document(cli("account", "show", "--json"), "account show")
    document(cli("account", "use", "local", "--json"), "account use")
    document(cli("account", "instances", "--json"), "account instances")
    document(cli("serve", "--status", "--json"), "serve")
    document(cli("help", "exit-codes", "--json"), "help")
    schema = document(cli("help", "json-schema", "--json"), "help")["data"]["json_schema"]
    assert schema == VALIDATOR.schema


@pytest.mark.parametrize(
    ("words", "command", "code"),
    [
        (["submit", "--shots", "many", "x.qasm", "--json"], "submit", 2),
        (["submit", "missing.qasm", "--json"], "submit", 2),
        (["frobnicate", "--json"], "frobnicate", 2),
        (["status", "nope", "--json"], "status", 6),
        (["submit", "x.qasm", "--account", "nope", "--json"], "submit", 4),
        (["account", "--json"], "account", 2),
        (["account", "frobnicate", "--json"], "account", 2),
        (["account", "login", "--frobnicate", "--json"], "account login", 2),
        (["account", "logout", "nope", "--json"], "account logout", 4),
    ],
)
def test_errors_speak_json_too(cli, words, command, code):
    told = document(cli(*words, code=code), command, code)
    assert told["status"] == "error"
    assert told["errors"][0]["message"]


def test_counts_have_every_status_and_add_up(cli, circuits):
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1, "--detach")
    item = cli.data("status", set_id)["job_set"]
    assert len(item["counts"]) == 7
    assert sum(item["counts"].values()) == item["total_jobs"] == 2


def test_help_prints_every_exit_code(cli):
    lines = cli("help", "exit-codes").out.splitlines()
    assert [int(line.split()[0]) for line in lines] == [int(code) for code in ExitCode]


def test_json_keeps_stdout_for_the_document_alone(cli, circuits):
    done = cli("submit", circuits(a=BELL), "--wait", "--json")
    json.loads(done.out)
    assert "Job set" in done.err


def test_version_is_one_line(cli):
    assert cli("--version").out.startswith("ibmqbatch ")
