"""The documents tell the truth: what they show is run, what there is stands in them."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ibmqbatch.cli.app import COMMANDS, find_command
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.jobset.options import check_options
from ibmqbatch.local.backends import BackendTable
from ibmqbatch.local.server import recipe
from ibmqbatch.local.snapshots import REHEARSALS
from ibmqbatch.render.output import SCHEMA
from tests.support.circuits import BELL
from tests.support.commands import Cli
from tests.support.terminal import run_in_terminal, without_escapes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
GUIDES = {
    path.name: path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
ALL = "\n".join(GUIDES.values())
_SET_ID = re.compile(r"\b\d{8}-[0-9a-z]{7}\b")


def blocks(language: str, text: str = README) -> list[str]:
    """Return the code blocks in a language."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def sessions(text: str) -> list[list[tuple[str, list[str]]]]:
    """Return the console sessions of a guide: commands with the lines that follow them.

    Left out are those on devices that the Qiskit at hand has no snapshots of.
    """
    found: list[list[tuple[str, list[str]]]] = []
    for block in blocks("console", text):
        if not set(re.findall(r"\bfake_\w+", block)) <= set(BackendTable(2**30)):
            continue
        found.append([])
        for line in block.splitlines():
            if line.startswith("$ "):
                found[-1].append((line[2:], []))
            else:
                found[-1][-1][1].append(line)
    return found


def of_any_compiler(lines: list[str]) -> list[str]:
    """Return what is printed of a circuit on a device without what each Qiskit compiles otherwise.

    What remains of outcomes, their counts, bars and drawings is that there are some.
    """
    text = "\n".join(lines)
    text = re.sub(
        r"^(  \d+ +\d+ [█▉▊▋▌▍▎▏]*\n?)+(  … .*\n?)?", "(outcomes)\n", text, flags=re.MULTILINE
    )
    text = re.sub(
        r"^(global phase: .*\n)?(.*[┌┐└┘├┤─═║╫╩«].*\n?| +\d[\d ]*\n?)+",
        "(drawing)\n",
        text,
        flags=re.MULTILINE,
    )
    return re.sub(r"\d+", "N", text).splitlines()


@pytest.mark.parametrize("guide", GUIDES)
def test_the_sessions_print_what_they_show(guide: str, cli: Cli, tmp_path: Path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for command, shown in itertools.chain.from_iterable(sessions(GUIDES[guide])):
        program, *words = shlex.split(command)
        assert program == "ibmqbatch"
        code, text = run_in_terminal(*words, env=cli.env, cwd=tmp_path)
        lines = [line.rstrip() for line in without_escapes(text).splitlines() if line.strip()]
        assert code == 0, text
        lines, expected = (
            [_SET_ID.sub("ID", line.rstrip()) for line in some] for some in (lines, shown)
        )
        # Each Qiskit compiles in its own way, and writes another QPY.
        if "fake_" in command or "--compiled" in command:
            lines, expected = of_any_compiler(lines), of_any_compiler(expected)
        lines, expected = (
            [re.sub(r"^(bytes +)\d+", r"\1N", line) for line in some] for some in (lines, expected)
        )
        assert lines == expected, command


def test_the_readmes_python_runs(cli: Cli, circuits):
    cli.submit(circuits(a=BELL), "--wait")
    for block in blocks("python"):
        done = subprocess.run(
            # Terra announces its own end.
            [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", block],
            env=cli.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "DONE" in done.stdout or "job has successfully run" in done.stdout


def test_the_readmes_first_command_names_what_there_is():
    first = blocks("sh")[0]
    assert first.startswith("pip install '.[qiskit]' && ibmqbatch submit examples")
    assert len(list((ROOT / "examples").glob("*.qasm"))) == 5


def test_the_readmes_ci_script_runs(cli: Cli, circuits, tmp_path: Path):
    circuits(a=BELL, b=BELL)
    script = next(block for block in blocks("sh") if "--once" in block)
    tools = tmp_path / "bin"
    tools.mkdir()
    tool = tools / "ibmqbatch"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m ibmqbatch "$@"\n')
    tool.chmod(0o755)
    env = {
        **cli.env,
        "PATH": f"{tools}:{cli.env['PATH']}",
        "CI_COMMIT": "abc",
        "CI_BUILD": "1",
    }
    for _ in range(2):
        subprocess.run(["sh", "-c", script], env=env, cwd=tmp_path, check=True)
    lines = (tmp_path / "counts.ndjson").read_text().splitlines()
    assert [sum(json.loads(line)["counts"].values()) for line in lines] == [2000, 2000]
    assert len(list((cli.home / "sets").glob("*.sqlite"))) == 1


def test_the_readme_holds_the_table_of_exit_codes():
    for code in ExitCode:
        assert f"| {int(code)} | {code.meaning} |" in README


def test_every_verb_stands_in_a_guide_and_has_an_example():
    guides = " ".join(ALL.split())
    for verb in COMMANDS:
        command = find_command(verb)
        assert f"ibmqbatch {verb}" in guides
        assert "Example" in command.help, verb
        for parameter in command.params:
            assert parameter.help, (verb, parameter.name)


def test_every_option_of_the_guides_exists():
    commands = [find_command(name) for name in ("", *COMMANDS)]
    known = {
        name
        for command in commands
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ALL))
    of_dask = {"--host", "--nthreads", "--nworkers", "--scheduler-file"}
    assert used <= known | of_dask | {"--help"}


def test_every_environment_variable_that_is_read_stands_in_a_guide():
    read = set()
    for path in (ROOT / "ibmqbatch").rglob("*.py"):
        read |= set(re.findall(r"\"(IBMQBATCH_[A-Z_]+)\"", path.read_text("utf-8")))
    assert read <= set(re.findall(r"IBMQBATCH_[A-Z_]+", ALL))


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_to_files_that_are_there(guide: str):
    folder = ROOT if guide == "README.md" else ROOT / "docs"
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", GUIDES[guide]):
        assert link.startswith("https://") or (folder / link).exists(), link


def test_every_page_stands_in_the_contents_of_the_site():
    contents = "\n".join(blocks("{toctree}", GUIDES["index.md"]))
    listed = re.findall(r"^[\w-]+$", contents, re.MULTILINE)
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert sorted(listed) == sorted(pages - {"index"})


def test_the_picture_shows_every_room():
    picture = (ROOT / "docs" / "_static" / "how-it-works.svg").read_text("utf-8")
    words = set(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", picture)))
    assert {path.parent.name for path in (ROOT / "ibmqbatch").glob("*/__init__.py")} <= words


def test_the_files_that_contributing_names_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    names = set(re.findall(r"`([\w./-]+\.(?:py|lock|yaml|toml|md))`", text))
    there = [
        f"/{path.relative_to(ROOT)}"
        for top in (*ROOT.glob("*.*"), ROOT / "docs", ROOT / "ibmqbatch", ROOT / "tests")
        for path in ([top] if top.is_file() else top.rglob("*.*"))
    ]
    missing = {name for name in names if not any(path.endswith(f"/{name}") for path in there)}
    assert not missing


def test_options_files_of_the_guides_are_taken():
    found = blocks("toml", ALL)
    assert found
    for block in found:
        check_options(tomllib.loads(block), "The guide")


def test_what_serve_prints_is_what_the_guide_shows():
    (shown,) = (b for b in blocks("text", GUIDES["ibm-quantum.md"]) if "$ ibmqbatch serve" in b)
    _, first, *rest = shown.split("\n", 4)
    origin = first.removeprefix("url: ").removesuffix("/api/v1")
    assert rest[-1] == "\n" + recipe(origin, "KEY", "CRN")


def test_the_guides_list_every_rehearsal():
    (table,) = re.findall(
        r"^## Rehearsals\n(.*?)^They are", GUIDES["ibm-quantum.md"], re.MULTILINE | re.DOTALL
    )
    assert sorted(re.findall(r"`(fake_\w+)`", table)) == sorted(REHEARSALS)


def test_the_schema_is_itself_valid():
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text("utf-8")))


def test_contributing_lists_what_only_one_qiskit_can_do():
    marked = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for kind, reason in re.findall(
            r"needs_(terra|qiskit2)\(\s*\"([^\"]+)\"", path.read_text("utf-8")
        ):
            name = {"terra": "Terra", "qiskit2": "Qiskit 2"}[kind]
            file = path.relative_to(ROOT / "tests")
            marked.add(f"| `{file}` | {name} | {reason.rstrip('.')} |")
    lines = (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()
    assert {line for line in lines if line.startswith("| `") and ".py` | " in line} == marked
