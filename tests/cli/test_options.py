"""Options that are given twice, or that mean nothing beside others: refused, never dropped."""

from __future__ import annotations

import pytest

from ibmqbatch.cli.app import COMMANDS, GROUPS, find_command
from ibmqbatch.errors import UsageError
from ibmqbatch.exitcodes import ExitCode
from tests.support.circuits import BELL


def _options() -> list[tuple[str, str]]:
    """Return every option that has a single value, with the command that it is of."""
    return [
        (command, name)
        for command in COMMANDS
        if command not in GROUPS
        for option in find_command(command).params
        if option.param_type_name == "option"
        if not (option.multiple or option.count or option.is_flag)
        for name in option.opts
    ]


@pytest.mark.parametrize(("command", "name"), _options())
def test_an_option_with_a_single_value_is_refused_when_it_is_given_twice(command, name):
    verb = find_command(command)
    words = ["x"] * sum(p.param_type_name == "argument" for p in verb.params)
    with pytest.raises(UsageError, match="given more than once"):
        verb.make_context(command, [*words, name, "1", name, "1"])


@pytest.mark.parametrize(
    "words",
    [
        ("submit", "--backend", "a", "--backend=b", "x.qasm"),
        ("submit", "-O1", "--optimization-level", 2, "x.qasm"),
        ("account", "login", "--use", "--no-use"),
    ],
)
def test_it_makes_no_difference_how_the_two_are_written(cli, words):
    done = cli(*words, code=int(ExitCode.USAGE))
    assert "more than once" in done.err


def test_what_is_a_list_or_only_switched_on_may_be_given_again(cli, circuits):
    tags = ("--tag", "a", "--tag", "b")
    set_id = cli.submit(circuits(a=BELL), *tags, "--detach", "--detach")
    assert cli.data("status", set_id)["job_set"]["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    "words",
    [
        ("submit", "x.qasm", "--timeout", 5),
        ("submit", "x.qasm", "--timeout", 5, "--detach"),
        ("resume", "latest", "--timeout", 5),
        ("retry", "latest", "--timeout", 5),
        ("results", "latest", "--timeout", 5),
        ("status", "latest", "--timeout", 5),
    ],
)
def test_a_timeout_without_a_wait_is_refused(cli, proxy, words):
    assert "--timeout is for --wa" in cli(*words, code=int(ExitCode.USAGE)).err
    assert proxy.submissions == 0


@pytest.mark.parametrize(
    ("words", "idle"),
    [
        (("submit", "--from", "x.csv", "--recursive"), ["--recursive"]),
        (("submit", "x.qasm", "--no-compile", "-O", 1), ["--optimization-level"]),
        (("submit", "x.qasm", "--no-compile", "--seed-transpiler", 1), ["--seed-transpiler"]),
        (("submit", "x.qasm", "--no-compile", "--fractional-gates"), ["--fractional-gates"]),
        (("submit", "x.qasm", "--no-compile", "--no-cache"), ["--no-cache"]),
        (("status", "x", "--name", "y"), ["--name"]),
        (("status", "x", "--tag", "y", "--state", "done"), ["--tag", "--state"]),
        (("status", "x", "--limit", 3), ["--limit"]),
        (("serve", "--status", "--port", 0), ["--port"]),
        (("serve", "--stop", "--workers", 2), ["--workers"]),
    ],
)
def test_options_that_mean_nothing_beside_another_are_refused(cli, words, idle):
    done = cli(*words, code=int(ExitCode.USAGE))
    (message,) = (line for line in done.err.splitlines() if line.startswith("error: "))
    assert all(name in message for name in idle)


def test_the_device_of_a_set_is_not_shown_with_its_circuits(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    done = cli("show", set_id, "--device", "--circuit", 0, "--draw", code=int(ExitCode.USAGE))
    assert "--circuit, --draw mean nothing beside --device" in done.err


@pytest.mark.parametrize("words", [("--timeout", 5), ("--watch",), ("--usage",)])
def test_what_is_about_one_set_is_refused_where_none_is_named(cli, words):
    assert "No job set is named" in cli("status", *words, code=int(ExitCode.USAGE)).err


def test_events_and_usage_are_shown_together(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--wait")
    lines = cli("status", set_id, "--events", "--usage").out.splitlines()
    assert any("\tsubmitted\t" in line for line in lines)
    assert any(line.startswith("usage\t0\t") for line in lines)


def test_a_dry_run_takes_all_that_the_real_run_will(cli, circuits):
    """Whoever looks first adds --dry-run to the line that is to be run, and takes it out again."""
    real = ("submit", circuits(a=BELL), "--once", "key", "--wait", "--timeout", 60)
    assert cli(*real, "--dry-run").out.startswith("name\t")
    cli(*real)
