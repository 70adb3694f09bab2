"""Names that are not known: the like one that is there is suggested, whatever kind it is of."""

from __future__ import annotations

import pytest

from tests.support.circuits import BELL


@pytest.fixture(scope="module")
def of_all_kinds(shared) -> str:
    """Have a set with a name, a tag and a circuit."""
    cli, _ = shared
    (cli.cwd / "bell.qasm").write_text(BELL)
    (cli.cwd / "ghz.qasm").write_text(BELL)
    words = ("bell.qasm", "ghz.qasm", "--name", "first", "--tag", "nightly", "--wait")
    set_id = cli.submit(*words)
    cli("results", set_id)
    return set_id


@pytest.mark.parametrize(
    ("words", "meant", "code"),
    [
        (("login",), "'account login'", 2),
        (("lgout",), "'account logout'", 2),
        (("log",), "'logs'", 2),
        (("help", "exit-code"), "'exit-codes'", 2),
        (("help", "login"), "'account login'", 2),
        (("status", "frist"), "'first'", 6),
        (("results", "lastest"), "'latest'", 6),
        (("results", "first", "--circuit", "bel"), "'bell'", 2),
        (("show", "first", "--circuit", "gzh"), "'ghz'", 2),
        (("results", "first", "--register", "C"), "'c'", 2),
        (("results", "first", "--format", "cvs"), "'csv'", 2),
        (("status", "--state", "don"), "'done'", 2),
        (("status", "--tag", "nighlty"), "'nightly'", 0),
        (("retag", "first", "--remove", "nightli"), "'nightly'", 0),
        (("recover", "--tag", "nigtly"), "'nightly'", 6),
        (("backends", "ideal_simulater"), "'ideal_simulator'", 2),
        (("submit", "bell.qasm", "--backend", "fake_sherbroke"), "'fake_sherbrooke'", 2),
        (("submit", "bell.qasm", "--account", "locale"), "'local'", 4),
        (("account", "use", "lcoal"), "'local'", 4),
    ],
)
def test_what_was_meant_is_suggested(run, of_all_kinds, words, meant, code):
    done = run(*words, code=code)
    assert f"Did you mean {meant}?" in done.err


def test_options_files_are_answered_with_what_was_meant(run, of_all_kinds):
    for text, meant in (
        ("[twirlling]\nenable_gates = true\n", "twirling"),
        ("[twirling]\nenable_gate = true\n", "enable_gates"),
    ):
        (run.cwd / "options.toml").write_text(text)
        done = run("submit", "bell.qasm", "--options", "options.toml", code=2)
        assert f"Did you mean '{meant}'?" in done.err


def test_a_single_circuit_is_named(run, of_all_kinds):
    set_id = run.submit("bell.qasm", "--detach")
    done = run("show", set_id, "--circuit", 7, code=2)
    assert "Its only circuit is 'bell', of index 0." in done.err


def test_a_file_that_is_no_set_is_told_as_what_it_is(run, of_all_kinds):
    done = run("results", "bell.qasm", code=6)
    assert "the file of that name is OpenQASM" in done.err
