"""Bad input: one sentence, a hint, the exit code; nothing is submitted, nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ibmqbatch.exitcodes import ExitCode
from tests.circuits.formulas import with_text
from tests.support.circuits import BELL
from tests.support.commands import Cli, Finished

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'

BAD_FILES = {
    "empty.qasm": (b"", "is empty"),
    "binary.qasm": (b"\x01\x00\x01", "neither text nor QPY"),
    "syntax.qasm": (b"OPENQASM 2.0;\nqreg q[2]\ncreg c[2];\n", "line 3, column 1"),
    "gate.qasm": (HEAD.encode() + b"qreg q[1];\nfoo q[0];\n", "line 4, column 1: 'foo'"),
    "nothing.qasm": (HEAD.encode(), "holds no circuit"),
    "unmeasured.qasm": (HEAD.encode() + b"qreg q[1];\nh q[0];\n", "measures nothing"),
    "wide.qasm": (HEAD.encode() + b"qreg q[1999];\ncreg c[1];\nmeasure q[0]->c[0];", "1999 qubits"),
    "four.qasm": (b"OPENQASM 4.0;\nqubit q;\n", "OpenQASM 4"),
    "three.qasm": (b"OPENQASM 3.0;\nqubit q;\nfor int i in [0:1] {}\nzap q;\n", "line 4"),
    "newer.qpy": (b"QISKIT\xc8", "QPY version 200"),
    "cut.qpy": (b"QISKIT\x0a\x00\x2e", "cut short or damaged"),
}


def refused(cli: Cli, *words: object, code: ExitCode) -> Finished:
    """Run a command that is to be refused, and hold it to the form of refusals."""
    done = cli(*words, code=int(code))
    assert done.out == ""
    assert "error: " in done.err
    assert "hint: " in done.err
    return done


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_name(cli, tmp_path, proxy, name):
    content, what = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    done = refused(cli, "submit", tmp_path / name, code=ExitCode.USAGE)
    assert name in done.err
    assert what in done.err
    assert proxy.submissions == 0
    assert not list(cli.home.glob("sets/*.sqlite"))


@pytest.mark.parametrize(
    ("name", "content", "what", "advice"),
    [
        ("x.py", b"from qiskit import qpy\n", "is a Python program", "qiskit.qpy.dump"),
        ("x.ipynb", b'{"nbformat": 4}', "is a Jupyter notebook", "qiskit.qasm3.dump"),
        ("x.qasm.gz", b"\x1f\x8b\x08\0", "is compressed by gzip", "Unpack"),
        ("x.png", b"\x89PNG\r\n\x1a\n", "is a PNG image", "OpenQASM or QPY"),
        ("x.csv", b"path\nbell.qasm\n", "is a CSV table", "--from"),
        ("x.sqlite", b"SQLite format 3\0", "is an SQLite database", "ibmqbatch import"),
    ],
)
def test_a_file_that_is_no_circuit_is_told_as_what_it_is(
    cli, tmp_path, name, content, what, advice
):
    (tmp_path / name).write_bytes(content)
    done = refused(cli, "submit", tmp_path / name, code=ExitCode.USAGE)
    assert f"{name} {what}, and no circuit." in done.err
    assert advice in done.err


@pytest.mark.parametrize("option", ["--from", "--parameters"])
def test_a_file_that_is_no_table_is_told_as_what_it_is(cli, circuits, option):
    folder = circuits(a=BELL)
    words = (
        (folder, option, folder / "a.qasm")
        if option == "--parameters"
        else (
            option,
            folder / "a.qasm",
        )
    )
    done = refused(cli, "submit", *words, code=ExitCode.USAGE)
    assert "a.qasm is OpenQASM, and no table." in done.err


def test_of_several_bad_files_all_are_listed(cli, tmp_path):
    for name, (content, _) in BAD_FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.qasm").write_text(BELL)
    done = refused(cli, "submit", tmp_path, tmp_path / "missing.qasm", code=ExitCode.USAGE)
    for name in (*BAD_FILES, "missing.qasm"):
        assert name in done.err


MISFIT = """OPENQASM 3.0;
include "stdgates.inc";
bit[1] c;
cx ${n}, ${m};
c[0] = measure ${n};
"""


def misfits(folder: Path, number: int) -> Path:
    """Write circuits on physical qubits that are in no instruction set of today."""
    folder.mkdir()
    for n in range(number):
        (folder / f"c{n}.qasm").write_text(MISFIT.replace("{n}", str(n)).replace("{m}", str(n + 1)))
    return folder


def test_problems_that_are_alike_are_told_once_with_how_many_there_are(cli, tmp_path):
    folder = misfits(tmp_path / "wrong", 18)
    (folder / "c4.qasm").write_text("")
    words = ("submit", folder, "--backend", "fake_sherbrooke")
    done = refused(cli, *words, code=ExitCode.USAGE)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert errors[0] == "error: 17 circuits have the same problem. The first 3:"
    assert errors[1].endswith("c4.qasm is empty.")
    assert [line for line in done.err.splitlines() if "'cx'" in line] == [
        f"  Circuit {n} ({folder}/c{n}.qasm): fake_sherbrooke does not take the instruction 'cx' "
        f"on qubits {n}, {n + 1}."
        for n in range(3)
    ]
    assert done.err.count("hint: ") == 2


def test_all_problems_are_in_the_log_that_is_named_and_in_the_document(cli, tmp_path):
    words = ("submit", misfits(tmp_path / "wrong", 18), "--backend", "fake_sherbrooke")
    done = cli(*words, code=2)
    (log,) = (line for line in done.err.splitlines() if line.startswith("All problems are in "))
    written = Path(log.removeprefix("All problems are in ").removesuffix(".")).read_text()
    told = cli(*words, "--json", code=2)
    assert len(told.json["errors"]) == written.count("not_in_instruction_set: ") == 18
    assert "All problems" not in told.err
    assert all(error["message"] in written for error in told.json["errors"])


def test_other_verbs_tell_problems_that_are_alike_once_as_well(cli, circuits, tmp_path):
    ids = [cli.submit(circuits(a=BELL), "--detach") for _ in range(7)]
    for set_id in ids:
        (cli.home / "sets" / f"{set_id}.sqlite").write_bytes(b"not a database" * 99)
    for words in (("collect",), ("status",)):
        done = cli(*words, code=None)
        assert "error: 7 job sets have the same problem. The first 3:" in done.err
        assert done.err.count("is damaged") == 3
    files = [tmp_path / f"{n}.sqlite" for n in range(7)]
    done = cli("import", *files, code=2)
    assert "error: 7 files have the same problem. The first 3:" in done.err


def test_warnings_that_are_alike_are_told_once(cli, tmp_path):
    folder = tmp_path / "placed"
    folder.mkdir()
    for n in range(9):
        text = f"OPENQASM 3.0;\nbit[1] c;\nc[0] = measure ${n};\n"
        (folder / f"c{n}.qasm").write_text(text)
    words = ("submit", folder, "--backend", "fake_sherbrooke", "-O", 1, "--dry-run")
    warnings = [line for line in cli(*words).err.splitlines() if line.startswith("Warning: ")]
    assert len(warnings) == 4
    assert warnings[-1] == "Warning: The same is true of 6 more circuits."


def test_code_in_a_qpy_file_is_never_run(cli, tmp_path):
    """As the README promises: where a formula belongs, a file may hold a program."""
    (tmp_path / "evil.qpy").write_bytes(with_text("open('ran','w')"))
    (tmp_path / "values.json").write_text('{"a": [0.5]}')
    done = cli("submit", "evil.qpy", "--parameters", "values.json", code=None)
    assert done.code != 0
    assert "evil.qpy" in done.err
    assert not (tmp_path / "ran").exists()
    assert not list(cli.home.glob("sets/*.sqlite"))


def test_no_measurements_are_offered_a_way_out(cli, tmp_path):
    (tmp_path / "a.qasm").write_bytes(BAD_FILES["unmeasured.qasm"][0])
    done = refused(cli, "submit", tmp_path / "a.qasm", code=ExitCode.USAGE)
    assert "--measure-all" in done.err


def test_a_folder_without_circuits_is_refused(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(cli, "submit", tmp_path / "empty", code=ExitCode.USAGE)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--shots", "0"], ExitCode.USAGE),
        (["--shots", "-5"], ExitCode.USAGE),
        (["--shots", "100000000"], ExitCode.REFUSED),
        (["--max-circuits", "0"], ExitCode.USAGE),
        (["--max-circuits", "-1"], ExitCode.USAGE),
        (["--backend", "nope"], ExitCode.USAGE),
        (["--backend", "ibm_fez"], ExitCode.AUTHENTICATION),
        (["--account", "nope"], ExitCode.AUTHENTICATION),
        (["--tag", "ibmq_jobset_mine"], ExitCode.USAGE),
        (["--tag", "x" * 87], ExitCode.USAGE),
        (["--tag=a", "--tag=b", "--tag=c", "--tag=d", "--tag=e", "--tag=f"], ExitCode.USAGE),
        (["--name", "x" * 61], ExitCode.USAGE),
        (["--name", "a\nb"], ExitCode.USAGE),
        (["-O", "4"], ExitCode.USAGE),
        (["--seed", "-1"], ExitCode.USAGE),
        (["--seed", "99999999999999999999"], ExitCode.USAGE),
        (["--once", " "], ExitCode.USAGE),
        (["--name", "latest"], ExitCode.USAGE),
        (["x" * 300], ExitCode.USAGE),
        (["--detach", "--wait"], ExitCode.USAGE),
        (["--shots", "few"], ExitCode.USAGE),
        (["--no-such-option"], ExitCode.USAGE),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_bad_argument_is_refused(cli, circuits, proxy, words, code):
    refused(cli, "submit", circuits(a=BELL), *words, code=code)
    assert proxy.submissions == 0


def test_an_unknown_set_is_told_from_an_ambiguous_one(cli, circuits):
    refused(cli, "status", "nope", code=ExitCode.NO_SUCH_SET)
    folder = circuits(a=BELL)
    ids = [cli.submit(folder, "--detach", "--name", "same") for _ in range(2)]
    for reference in ("2", "same"):
        done = refused(cli, "status", reference, code=ExitCode.USAGE)
        assert all(set_id in done.err for set_id in ids)
    cli("status", ids[0][:-1])


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE addresses (name TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda path: path.write_bytes(b"not a database at all, but long enough" * 50), "damaged"),
        (lambda path: path.write_bytes(b""), "not a job set"),
        (foreign, "not a job set"),
        (lambda path: pragma(path, "user_version = 999"), "newer release"),
    ],
    ids=["damaged", "empty", "foreign", "newer"],
)
def test_a_file_that_is_no_good_manifest_is_refused(
    cli, circuits, damage: Callable[[Path], None], what
):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    damage(cli.home / "sets" / f"{set_id}.sqlite")
    assert what in refused(cli, "status", set_id, code=ExitCode.ERROR).err
    assert what in refused(cli, "results", set_id, code=ExitCode.ERROR).err


def pragma(path: Path, text: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA {text}")
    connection.close()


def test_a_data_folder_that_cannot_be_is_refused(cli, circuits, tmp_path):
    (tmp_path / "file").write_text("in the way")
    env = {**cli.env, "IBMQBATCH_HOME": str(tmp_path / "file" / "home")}
    done = cli("submit", circuits(a=BELL), env=env, code=1)
    assert "IBMQBATCH_HOME" in done.err


def test_a_port_in_use_is_refused(cli, service, tmp_path):
    env = {**cli.env, "IBMQBATCH_HOME": str(tmp_path / "other")}
    port = service["url"].rsplit(":", 1)[1]
    done = cli.alone("serve", "--port", port, env=env, code=1)
    assert port in done.err
    assert "hint: " in done.err


def test_a_wrong_key_is_an_authentication_error_and_never_shown(cli, circuits, service):
    env = {
        **cli.env,
        "IBMQBATCH_URL": f"{service['url']}/api/v1",
        "IBMQBATCH_IAM_URL": service["url"],
        "IBMQBATCH_TOKEN": "a-wrong-secret",
        "IBMQBATCH_INSTANCE": service["crn"],
    }
    words = ("submit", circuits(a=BELL), "--backend", "ideal_simulator", "-v")
    done = cli(*words, env=env, code=int(ExitCode.AUTHENTICATION))
    assert "a-wrong-secret" not in done.err
    for log in cli.home.glob("logs/*"):
        assert "a-wrong-secret" not in log.read_text()


def test_a_set_of_another_instance_is_not_asked_for_elsewhere(cli, circuits, proxy):
    """Another store would not have the jobs, and its silence would pass for proof."""
    set_id = cli.submit(circuits(a=BELL), "--detach")
    connection = sqlite3.connect(cli.home / "sets" / f"{set_id}.sqlite")
    connection.execute("UPDATE jobset SET instance = 'crn:v1:another::'")
    connection.commit()
    connection.close()
    refused(cli, "resume", set_id, code=ExitCode.USAGE)
    assert proxy.submissions == 0


def test_a_local_service_that_does_not_start_is_told_at_once(lone_cli, circuits):
    folder = lone_cli.home / "local"
    folder.mkdir(parents=True)
    (folder / "jobs.sqlite").write_bytes(b"not a database at all, but long enough" * 50)
    done = lone_cli("submit", circuits(a=BELL), code=int(ExitCode.UNAVAILABLE))
    assert "service.log" in done.err
    assert len((folder / "service.log").read_text().splitlines()) == 2


def test_a_name_that_no_file_can_have_is_an_unknown_set(cli, circuits):
    cli.submit(circuits(a=BELL), "--detach")
    refused(cli, "status", "x" * 300, code=ExitCode.NO_SUCH_SET)


def test_half_an_account_in_the_environment_does_not_touch_the_local_one(cli, circuits):
    env = {**cli.env, "IBMQBATCH_URL": "http://127.0.0.1:1"}
    cli("submit", circuits(a=BELL), "--account", "local", env=env)
    cli("submit", circuits(a=BELL), env=env, code=int(ExitCode.AUTHENTICATION))
