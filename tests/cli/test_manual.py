"""The man page holds all that there is, and reads as one; help and slips of the fingers."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest

from ibmqbatch.cli.app import COMMANDS, find_command
from ibmqbatch.cli.manual import ENVIRONMENT, _guarded, _plain, man_page
from ibmqbatch.exitcodes import ExitCode
from tests.generate import ROOT
from tests.support.commands import Cli

PAGE = ROOT / "docs" / "ibmqbatch.1"


@pytest.fixture(scope="module")
def read() -> str:
    """Return the page without its markup."""
    text = re.sub(r"\\f[BIR]", "", man_page())
    return text.replace("\\-", "-").replace("\\(ti", "~").replace("\\(ga", "`")


def test_every_verb_and_option_stands_in_the_man_page(read):
    for verb in COMMANDS:
        section = read.partition(f".SS {verb}\n")[2].partition("\n.S")[0]
        assert section.startswith(f"ibmqbatch {verb}")
        assert "\nExample" in section, verb
        for parameter in find_command(verb).params:
            assert parameter.help.replace("`", "") in section, verb
            if parameter.param_type_name == "option":
                for name in (*parameter.opts, *parameter.secondary_opts):
                    line = rf"^(.*, )?{re.escape(name)}\b"
                    assert re.search(line, section, re.MULTILINE), (verb, name)


def test_every_verbs_example_is_one_that_it_understands():
    for verb in COMMANDS:
        command = find_command(verb)
        (line,) = [line for line in command.help.splitlines() if line.startswith("Example")]
        _, program, words = line.partition(f"ibmqbatch {verb}")
        assert program, verb
        command.make_context(verb, shlex.split(words))


def test_the_tools_own_options_and_exit_codes_stand_in_the_man_page(read):
    for option in ("--version", "--install-completion", "--show-completion", "-h, --help"):
        assert f"\n{option}\n" in read
    for code in ExitCode:
        assert f".TP\n{int(code)}\n{code.meaning}\n" in read


def test_every_environment_variable_that_is_read_stands_in_the_man_page():
    variables: set[str] = set()
    for path in (ROOT / "ibmqbatch").rglob("*.py"):
        variables |= set(re.findall(r"\"(IBMQBATCH_[A-Z_]+)\"", path.read_text("utf-8")))
    assert variables <= ENVIRONMENT.keys()


def test_the_man_page_is_of_characters_that_every_roff_knows():
    assert man_page().isascii()


def test_text_is_never_taken_for_markup():
    assert _plain(r"a-b\c~^`") == r"a\-b\ec\(ti\(ha\(ga"
    assert _guarded(".B x") == r"\&.B x"
    assert _guarded("'quoted") == r"\&'quoted"


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("width", [72, 100])
def test_the_man_page_is_set_without_a_warning(width):
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", f"-rLL={width}n", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    lines = re.sub(".\x08", "", done.stdout).splitlines()  # what is bold is struck twice
    assert "COMMANDS" in lines
    assert max(map(len, lines)) <= width


def test_help_prints_the_man_page(cli: Cli):
    assert cli("help", "man").out == PAGE.read_text("utf-8")


def test_help_on_a_verb_is_that_verbs_help(cli: Cli):
    assert cli("help", "retag").out == cli("retag", "--help").out
    assert "--replace TAG" in cli.data("help", "retag")["text"]


def test_help_on_a_verb_of_a_group_is_that_verbs_help(cli: Cli):
    assert cli("help", "account", "login").out == cli("account", "login", "--help").out
    assert cli("help", "account").out == cli("account", "-h").out
    text = cli.data("help", "account", "login")["text"]
    assert text.startswith("Usage: ibmqbatch account login [OPTIONS] [NAME]")
    assert "account nonsense" in cli("help", "account", "nonsense", code=2).err


def test_help_in_a_pipe_is_plain_text_with_every_option_whole(cli: Cli):
    text = cli("submit", "--help").out
    assert text.isascii()
    assert "--optimization-level" in text
    assert "Usage: ibmqbatch cancel [OPTIONS] SET\n" in cli("cancel", "-h").out
    assert "Usage: ibmqbatch status [OPTIONS] [SET]\n" in cli("status", "-h").out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["statsu"], "Did you mean 'status'?"),
        (["submit", "--shot", "3"], "Did you mean --shots?"),
        (["--versoin"], "Did you mean --version?"),
        (["account", "lgin"], "Did you mean 'login'?"),
        (["account", "login", "--froce"], "Did you mean --force?"),
    ],
)
def test_a_slip_of_the_fingers_is_answered_with_what_was_meant(cli, words, meant):
    done = cli(*words, code=2)
    assert meant in done.err
    assert done.out == ""
    told = cli(*words, "--json", code=2).json
    assert meant in told["errors"][0]["message"]


def test_what_is_like_nothing_gets_no_suggestion(cli):
    for words in (["frobnicate"], ["submit", "--frobnicate"]):
        assert "mean" not in cli(*words, code=2).err


def test_the_hint_names_the_verb_whose_help_tells_more(cli):
    assert "`ibmqbatch submit --help`" in cli("submit", "--shot", "3", code=2).err
    assert "`ibmqbatch account login --help`" in cli("account", "login", "--x", code=2).err
    assert "`ibmqbatch account --help`" in cli("account", code=2).err
