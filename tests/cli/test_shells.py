"""The completion scripts in the shells they are for: what a person gets who presses TAB."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generate import GENERATED, ROOT
from tests.support.commands import Cli
from tests.support.manifests import write_set

COMPLETIONS = ROOT / "completions"

bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
zsh = pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
fish = pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_generated_is_up_to_date(name):
    hint = "python -m tests.generate"
    assert (ROOT / name).read_text("utf-8") == GENERATED[name](), hint


@pytest.fixture
def user(home: Path, tmp_path: Path) -> dict[str, str]:
    """Have a user with a set, two files and `ibmqbatch` on the PATH; return the environment."""
    write_set(1, set_id="20260101-aaaaaaa", name="it's a: set", tags=("nightly",))
    tools = tmp_path / "bin"
    tools.mkdir()
    tool = tools / "ibmqbatch"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m ibmqbatch "$@"\n')
    tool.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    (work / "two words.qasm").touch()
    (work / "folder").mkdir()
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "IBMQBATCH_HOME": str(home),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "PWD": str(work),
    }


def run(words: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        words,
        env=env,
        cwd=env["PWD"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def in_bash(line: str, env: dict[str, str]) -> list[str]:
    """Call the completion function as bash does, and return what it has put into COMPREPLY."""
    script = f"""
        source {shlex.quote(str(COMPLETIONS / "ibmqbatch.bash"))}
        compopt() {{ printf 'compopt %s\\n' "$*"; }}
        COMP_LINE={shlex.quote(line)}
        COMP_POINT=${{#COMP_LINE}} COMP_TYPE=63 COLUMNS=80
        _ibmqbatch_completion ibmqbatch
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p ibmqbatch
    """
    *found, registered = run(["bash", "--norc", "-c", script], env).splitlines()
    assert registered.endswith("-F _ibmqbatch_completion ibmqbatch")
    return [line for line in found if line]


@bash
def test_bash_completes(user):
    assert in_bash("ibmqbatch retr", user) == ["retry"]
    assert in_bash("ibmqbatch retry latest --can", user) == ["--cancelled"]
    assert in_bash("ibmqbatch status ", user) == [
        "latest  (the newest set)",
        "20260101-aaaaaaa  (planned, it's a: set)",
        r"it\'s\ a:\ set  (planned, 20260101-aaaaaaa)",
    ]
    assert in_bash("ibmqbatch status \"it's", user) == ["it's a: set"]
    assert in_bash("ibmqbatch submit fo", user) == ["compopt -o default"]


def in_fish(line: str, env: dict[str, str]) -> list[str]:
    script = f"""
        source {shlex.quote(str(COMPLETIONS / "ibmqbatch.fish"))}
        complete -C {shlex.quote(line)}
    """
    return run(["fish", "--no-config", "-c", script], env).splitlines()


@fish
def test_fish_completes(user):
    assert in_fish("ibmqbatch retr", user) == [
        "retry\tSubmit the failed jobs of a set again",
    ]
    assert in_fish("ibmqbatch status ", user) == [
        "latest\tthe newest set",
        "20260101-aaaaaaa\tplanned, it's a: set",
        "it's a: set\tplanned, 20260101-aaaaaaa",
    ]
    assert in_fish('ibmqbatch status "it', user) == ["it's a: set\tplanned, 20260101-aaaaaaa"]
    assert in_fish("ibmqbatch results x --format=cs", user) == ["--format=csv"]
    assert in_fish("ibmqbatch submit tw", user) == ["two words.qasm"]
    assert in_fish("ibmqbatch results x --output=fo", user) == ["--output=folder/"]


# A zsh that runs inside another one, on a pseudo-terminal: completion needs a line editor. After
# the TAB the line is shown between marks by a widget of its own.
_ZPTY = r"""
zmodload zsh/zpty
zpty -b child "zsh -f -i"
zpty -w child "PS1= RPS1= PROMPT_EOL_MARK="
zpty -w child "fpath=($COMPLETIONS \$fpath); autoload -Uz compinit; compinit -u -d $HOME/known"
zpty -w child "show() { print -r -- \"<<\$BUFFER>>\"; BUFFER=; zle accept-line }; zle -N show"
zpty -w child "bindkey '^I' complete-word; bindkey '^X' show; print READY''NOW"
zpty -r -m child seen "*READYNOW*"
zpty -w -n child "$LINE"$'\t'$'\x18'
zpty -r -m child seen "*<<*>>*"
print -r -- "$seen"
zpty -d child
"""


def in_zsh(line: str, env: dict[str, str]) -> str:
    """Type a line and a TAB; return the line as it then is."""
    env = {**env, "COMPLETIONS": str(COMPLETIONS), "LINE": line}
    seen = run(["zsh", "-f", "-c", _ZPTY], env)
    return seen.rpartition("<<")[2].partition(">>")[0]


@zsh
def test_zsh_completes(user):
    assert in_zsh("ibmqbatch retr", user) == "ibmqbatch retry "
    assert in_zsh("ibmqbatch status it", user) == r"ibmqbatch status it\'s\ a:\ set "
    assert in_zsh('ibmqbatch status "it', user) == 'ibmqbatch status "it\'s a: set" '
    assert in_zsh("ibmqbatch results x --format=cs", user) == "ibmqbatch results x --format=csv "
    assert in_zsh("ibmqbatch submit tw", user) == r"ibmqbatch submit two\ words.qasm "
    assert in_zsh("ibmqbatch results x --output=fo", user).startswith(
        "ibmqbatch results x --output=folder"
    )


@bash
def test_the_shell_that_asks_is_shown_its_own_script(user):
    script = (COMPLETIONS / "ibmqbatch.bash").read_text("utf-8")
    assert run(["bash", "-c", "ibmqbatch --show-completion; true"], user) == script


@bash
def test_the_users_shell_is_taken_where_another_one_asks(user):
    words = ["sh", "-c", "ibmqbatch --show-completion; true"]
    assert run(words, {**user, "SHELL": "/usr/bin/fish"}) == (
        COMPLETIONS / "ibmqbatch.fish"
    ).read_text("utf-8")


@pytest.mark.parametrize(
    ("shell", "script", "start_up"),
    [
        ("bash", ".bash_completions/ibmqbatch.bash", ".bashrc"),
        ("zsh", ".zfunc/_ibmqbatch", ".zshrc"),
        ("fish", ".config/fish/completions/ibmqbatch.fish", None),
    ],
)
def test_completion_is_installed_once_and_nothing_else_is_touched(
    shell, script, start_up, home, tmp_path, monkeypatch
):
    import shellingham

    from ibmqbatch.cli.completion.scripts import SCRIPTS, install

    monkeypatch.setattr(shellingham, "detect_shell", lambda: (shell, f"/bin/{shell}"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    if start_up is not None:
        (tmp_path / start_up).write_text("alias x=y")
    install()
    install()
    assert (tmp_path / script).read_text() == SCRIPTS[shell][1]
    if start_up is not None:
        first, *added = (tmp_path / start_up).read_text().splitlines()
        assert first == "alias x=y"
        assert len(added) == 1


def test_a_shell_that_is_not_known_is_refused(cli: Cli, monkeypatch):
    import shellingham

    from ibmqbatch.cli.main import main

    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["--show-completion"]) == 2
