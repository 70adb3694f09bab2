"""What TAB offers: from disk alone, quietly, and without loading what makes it slow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ibmqbatch.accounts.model import Settings
from ibmqbatch.accounts.store import add_account
from ibmqbatch.cli.app import COMMANDS, GROUPS, VERBS, find_command
from ibmqbatch.cli.completion.shells import _read
from ibmqbatch.cli.completion.tree import Answer, complete
from ibmqbatch.service.cache import known_backends, remember_backends
from tests.support import forks
from tests.support.circuits import BELL
from tests.support.fresh import run_fresh
from tests.support.manifests import write_set


def values(words: str, incomplete: str = "") -> list[str]:
    return [candidate.value for candidate in complete(words.split(), incomplete).words]


def described(words: str, incomplete: str = "") -> dict[str, str]:
    return {c.value: c.description for c in complete(words.split(), incomplete).words}


@pytest.fixture
def two_sets(home: Path) -> list[str]:
    """Write two sets; return their ids, the newest first."""
    paths = [
        write_set(1, set_id="20260101-aaaaaaa", name="old: one", tags=("nightly",)),
        write_set(2, set_id="20260102-bbbbbbb", name="it's new", tags=("nightly", "a=1")),
    ]
    return [path.stem for path in reversed(paths)]


def test_verbs_are_offered_with_what_they_do():
    assert list(described("")) == list(VERBS)
    assert described("", "sta") == {"status": "Show the recent job sets, or the jobs of one"}
    assert values("nonsense") == []


def test_the_verbs_of_a_group_are_offered_behind_it():
    assert values("account") == list(GROUPS["account"])
    assert described("account", "logi") == {
        "login": "Log in with an API key, which is read from a prompt, from a file or from "
        "standard input"
    }
    assert set(values("account", "-")) == {"--help", "-h"}
    assert values("account nonsense") == []


def test_verbs_are_described_by_the_first_sentences_of_their_help():
    told = described("")
    for verb in VERBS:
        assert f"{told[verb]}." == find_command(verb).get_short_help_str()


def test_the_tools_own_options_are_offered():
    assert values("", "--") == ["--version", "--install-completion", "--show-completion", "--help"]


def test_every_option_of_a_verb_is_offered():
    for verb in COMMANDS:
        options = [
            name
            for parameter in find_command(verb).params
            if parameter.param_type_name == "option"
            for name in (*parameter.opts, *parameter.secondary_opts)
        ]
        assert set(values(verb, "-")) == {*options, "--help", "-h"}, verb


def test_an_option_is_offered_once_unless_it_may_be_given_again():
    offered = values("submit --wait --tag x", "--")
    assert "--wait" not in offered
    assert "--use" not in values("account login --no-use", "--")
    assert "--tag" in offered


def test_where_no_argument_is_left_options_are_offered():
    assert "--wait" in values("resume latest")


def test_sets_are_offered_by_id_and_by_name_with_how_they_stand(two_sets):
    newest, oldest = two_sets
    assert described("status") == {
        "latest": "the newest set",
        newest: "planned, it's new",
        oldest: "planned, old: one",
        "it's new": f"planned, {newest}",
        "old: one": f"planned, {oldest}",
    }
    assert values("results", "it") == ["it's new"]


def test_a_name_that_means_two_sets_is_not_offered(home):
    for day in ("01", "02"):
        write_set(1, set_id=f"202601{day}-aaaaaaa", name="same")
    assert "same" not in values("status")


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_argument_and_option_that_takes_a_known_thing_offers_it(verb, two_sets):
    expected = {
        "--account": "local",
        "--backend": "ideal_simulator",
        "--tag": "nightly",
        "--state": "failed",
        "--format": "csv",
        "--optimization-level": "3",
        "--dynamical-decoupling": "XpXm",
        "--twirl": "measure",
        "--meas-type": "kerneled",
    }
    for parameter in find_command(verb).params:
        if parameter.param_type_name == "argument":
            if "SET" in parameter.metavar:
                assert "latest" in values(verb)
        elif parameter.metavar == "TAG":
            assert "nightly" in values(f"{verb} {parameter.opts[0]}")
        for name in set(parameter.opts) & expected.keys():
            if getattr(parameter, "is_flag", False):
                continue  # as the `--backend` of `show`, which takes nothing
            assert expected[name] in values(f"{verb} {name}")


def test_values_are_offered_wherever_an_option_takes_one():
    assert values("results latest --format", "nd") == ["ndjson"]
    assert complete(["results"], "--format=c").joined == "--format="
    assert values("results", "--format=c") == ["csv"]
    assert values("submit -r -O") == ["0", "1", "2", "3"]
    assert values("submit -rO") == ["0", "1", "2", "3"]
    assert values("submit -O2 x --optimization-level") == ["0", "1", "2", "3"]
    assert values("help", "exit") == ["exit-codes"]
    assert values("help", "ret") == ["retag", "retry"]
    assert values("help account", "lo") == ["login", "logout"]


def test_the_circuits_of_the_set_that_is_named_are_offered(cli, circuits):
    set_id = cli.submit(circuits(bell=BELL, ghz=BELL), "--name", "first", "--detach")
    for verb in ("results", "show"):
        told = {"bell": "circuit 0", "ghz": "circuit 1"}
        assert described(f"{verb} {set_id} --circuit") == told
        assert described(f"{verb} --json first --circuit bell --circuit", "g") == {
            "ghz": "circuit 1"
        }
        assert values(f"{verb} --circuit") == []
        assert values(f"{verb} nonsense --circuit") == []
    assert values(f"results {set_id}", "--circuit=b") == ["bell"]


def test_a_circuit_whose_name_is_not_its_own_is_offered_by_index(cli, circuits):
    folder, other = circuits(bell=BELL, ghz=BELL), circuits("other", bell=BELL)
    (folder / "7.qasm").write_text(BELL)
    set_id = cli.submit(folder, other, "--detach")
    told = {"0": "7", "1": "bell", "ghz": "circuit 2", "3": "bell"}
    assert described(f"show {set_id} --circuit") == told


def test_the_jobs_of_the_set_that_is_named_are_offered(cli, circuits):
    folder = circuits(a=BELL, b=BELL, c=BELL)
    set_id = cli.submit(folder, "--max-circuits", 2, "--detach")
    cli("cancel", set_id, "--job", 1)
    for verb in ("cancel", "logs", "retry"):
        assert described(f"{verb} {set_id} --job") == {
            "0": "planned, circuits 0 to 1",
            "1": "cancelled, circuit 2",
        }
        assert values(f"{verb} latest --job", "1") == ["1"]
        assert values(f"{verb} --job") == []


def test_the_tags_that_can_be_removed_are_those_of_the_set(two_sets):
    assert values(f"retag {two_sets[0]} --remove") == ["nightly", "a=1"]
    assert values(f"retag {two_sets[1]} --remove") == ["nightly"]


def test_accounts_are_offered_wherever_they_are_written_down(home, monkeypatch):
    add_account(Settings("lab", "stored", token="a-key"))
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a-key")
    for words in ("submit --account", "account use", "account show", "account instances --account"):
        assert values(words) == ["local", "lab", "qiskit:environment"]
    assert values("account logout") == values("account login") == ["lab"]


def test_paths_are_left_to_the_shell(two_sets):
    for words in ("submit", "submit a.qasm", "submit --from", "results latest -o"):
        assert complete(words.split(), "") == Answer("files")
    assert complete(["results"], "--output=x") == Answer("files", joined="--output=")
    assert complete(["status"], "kept/") == Answer("files")


def test_a_name_like_an_option_is_offered_where_it_can_stand(home):
    write_set(1, name="-x")
    assert "-x" not in values("status")
    assert values("status --", "-") == ["-x"]


def test_after_two_dashes_nothing_is_an_option(two_sets):
    assert values("status --", "-") == []
    assert "latest" in values("status --")


def test_backends_come_from_the_last_listing_and_from_sets(home):
    write_set(1, backend="ibm_fez", account="work")
    remember_backends("local", ["ideal_simulator", "fake_fez"])
    assert values("submit --backend") == ["fake_fez", "ibm_fez", "ideal_simulator"]
    assert values("submit --account work --backend") == ["ibm_fez"]


def test_backends_that_a_client_lists_are_kept(cli):
    cli("backends")
    assert "ideal_simulator" in known_backends()["local"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"local": 1}', b"\xff"])
def test_a_bad_file_of_backends_is_as_none(home, content):
    home.mkdir()
    (home / "backends.json").write_bytes(content)
    assert known_backends() == {}
    assert values("submit --backend") == ["ideal_simulator"]


def test_a_damaged_manifest_costs_its_own_description_only(two_sets, home):
    (home / "sets" / f"{two_sets[0]}.sqlite").write_bytes(b"not a database at all" * 99)
    found = described("status")
    assert found[two_sets[0]] == ""
    assert found[two_sets[1]] == "planned, old: one"


def test_a_manifest_that_is_written_to_is_offered_all_the_same(two_sets, home):
    import sqlite3

    path = home / "sets" / f"{two_sets[0]}.sqlite"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert "it's new" in values("status")
    writer.close()


def run(*words: str, shell: str = "zsh", **env: str) -> str:
    """Complete in a process of its own, as a script does; return what it is told."""
    env = {**os.environ, "_IBMQBATCH_COMPLETE": f"complete_{shell}", **env}
    process = forks.start(words, env=env, cwd=Path.cwd())
    told, complaint = process.communicate()
    assert (process.returncode, complaint) == (0, "")
    return told


def test_completing_changes_nothing_on_disk(two_sets, home):
    def files() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in home.rglob("*")}

    before = files()
    assert "latest" in run("status", "")
    assert files() == before


def test_completing_says_nothing_when_it_cannot(home, tmp_path):
    assert run("--nonsense", "nonsense", "") == "words\n"
    assert run("", shell="tcsh") == ""
    assert run(shell="bash") == ""
    (tmp_path / "file").write_text("in the way")
    assert run("status", "", IBMQBATCH_HOME=str(tmp_path / "file")) == "words\n"
    assert run("submit", "--account", "", IBMQBATCH_URL="x").endswith("nt\n")


def test_completing_loads_no_library_that_is_slow(two_sets):
    code = "from ibmqbatch.cli.main import main\n"
    for words in (
        [],
        ["status"],
        ["submit", "--backend"],
        ["submit", "--"],
        ["submit", "--account"],
        ["account"],
        ["account", "use"],
        ["show", "latest", "--circuit"],
        ["cancel", "latest", "--job"],
        ["account", "login", "--"],
    ):
        code += f"assert main({[*words, '']!r}) == 0\n"
    code += "import json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    found = run_fresh(code, _IBMQBATCH_COMPLETE="complete_zsh")
    loaded = {name.partition(".")[0] for name in found}
    assert not loaded & {"httpx", "numpy", "pydantic", "qiskit", "rich", "ssl"}


@pytest.mark.parametrize(
    ("text", "words", "last"),
    [
        ("ibmqbatch sta", ["ibmqbatch"], "sta"),
        ("ibmqbatch status ", ["ibmqbatch", "status"], ""),
        ("x 'a b' \"c d", ["x", "a b"], "c d"),
        (r"x a\ b\'", ["x"], "a b'"),
        (r'x "a\"b\c" ', ["x", r'a"b\c'], ""),
        ("x a > y b", ["x", "a"], "b"),
        ("x '' ", ["x", ""], ""),
    ],
)
def test_a_line_is_read_as_bash_reads_it(text, words, last):
    line = _read(text)
    assert (line.words, line.last) == (words, last)
    assert _read("x a 2> y").redirected


def bash(line: str, kind: int = 9, breaks: str = " \t\n\"'@><=;|&(:") -> list[str]:
    return run(line, breaks, str(kind), "60", shell="bash").splitlines()


def test_bash_gets_words_as_they_are_to_stand_on_its_line(two_sets):
    assert bash("ibmqbatch status it") == ["words", r"it\'s\ new"]
    assert bash("ibmqbatch status 'it") == ["words", r"it'\''s new"]
    assert bash('ibmqbatch status "it') == ["words", "it's new"]
    assert bash(r"ibmqbatch status old:\ ") == ["words", r"\ one"]
    assert bash("ibmqbatch retag x --add a=") == ["words", "1"]
    assert bash("ibmqbatch results x --format=c") == ["words", "csv"]
    assert bash("ibmqbatch results x --format=c", breaks=" ") == ["words", "--format=csv"]
    assert bash("ibmqbatch results latest > fi") == ["files"]


def test_bash_shows_descriptions_where_it_lists_and_never_inserts_them(two_sets):
    assert bash("ibmqbatch status 2026")[1] == "20260102-bbbbbbb  (planned, it's new)"
    assert bash("ibmqbatch status 2026", kind=37)[1] == "20260102-bbbbbbb"
    assert bash("ibmqbatch status 20260102")[1] == "20260102-bbbbbbb"
