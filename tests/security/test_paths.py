"""Names and paths that lead elsewhere: what is written stays where it was asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ibmqbatch import paths
from ibmqbatch.circuits import sources
from ibmqbatch.errors import StorageError
from tests.security.hostile import Hostile
from tests.support.circuits import BELL
from tests.support.commands import point_at
from tests.support.service import new_crn

TRICKS = [
    "../evil",
    "../../../../../../tmp/evil",
    "/tmp/evil",
    "..",
    ".",
    "a/b",
    "-rf",
    "--help",
    "$(touch evil)",
    "%2e%2e%2fevil",
    "CON",
    "x" * 255,
    "~root",
]


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a file that nobody is to touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "victim").write_text("as it was")
    return folder


def untouched(outside: Path) -> bool:
    return tree(outside) == {"victim"} and (outside / "victim").read_text() == "as it was"


@pytest.mark.parametrize("name", TRICKS, ids=lambda name: name[:20])
def test_name_of_a_set_names_no_file(name, cli, circuits, home):
    folder = circuits(a=BELL)
    before = {path.name for path in home.iterdir()}
    done = cli("submit", folder, f"--name={name}", "--detach", "--quiet", code=None)
    if done.code == 0:
        job_set = done.out.strip()
        assert (home / "sets" / f"{job_set}.sqlite").is_file()
        cli("export", job_set)
        cli("results", job_set, "--raw", "raw", code=None)
        assert (cli.cwd / f"{job_set}.sqlite").is_file()
    else:
        assert done.code == 2
    assert {path.name for path in home.iterdir()} - before <= {"sets", "tokens", "backends"}
    assert not (cli.cwd / "evil").exists()
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize("key", [*TRICKS, "", "\n"], ids=lambda key: repr(key[:20]))
def test_key_of_once_names_no_file(key, cli, circuits, home):
    folder = circuits(a=BELL)

    def others() -> set[str]:
        return {path for path in tree(home.parent) if not path.startswith(("home", "runtime"))}

    before = others()
    cli("submit", folder, f"--once={key}", "--detach", code=None)
    notes = [path for path in home.glob("once/*") if path.suffix not in {".id", ".lock"}]
    assert not notes
    assert others() == before
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize("name", TRICKS, ids=lambda name: name[:20])
def test_set_that_is_asked_for_by_a_path_is_a_set_or_none(name, cli):
    for verb in ("status", "results", "export", "cancel"):
        assert cli(verb, "--", name, code=None).code in {2, 6}


@pytest.mark.parametrize("job_id", TRICKS, ids=lambda name: name[:20])
@pytest.mark.usefixtures("no_waits")
def test_id_of_a_job_leads_nowhere(job_id, cli, circuits, service, home, outside):
    """It becomes the name of a file, and part of addresses."""
    # Every set of an instance is looked at: this one is the only one of its own.
    service = {**service, "crn": new_crn()}
    point_at(home, service, service["url"])
    folder = circuits(a=BELL)
    job_set = cli.submit(folder, "--shots", 5, "--private", "--wait")
    real = cli.data("status", job_set)["job_set"]["jobs"][0]["id"]
    with Hostile(service["url"]) as proxy:
        point_at(home, service, proxy.url)
        proxy.change = lambda _, body: body.replace(real.encode(), job_id.encode())
        cli("recover", "--all", code=None)
        cli("forget", job_set, "--yes", code=None)
        cli("recover", job_set, code=None)
        cli("results", job_set, "--raw", "raw", code=None)
    assert untouched(outside)
    written = {path.name for path in (cli.cwd / "raw").glob("**/*")}
    assert all(name.startswith("job") for name in written)
    assert all(seen.path.startswith(("/api/v1/", "/local/", "/identity/")) for seen in proxy.seen)


def test_output_that_is_a_link_replaces_what_it_leads_to(cli, circuits, outside):
    job_set = cli.submit(circuits(a=BELL), "--shots", 5, "--wait")
    (cli.cwd / "out.txt").symlink_to(outside / "victim")
    cli("results", job_set, "-o", "out.txt")
    assert (cli.cwd / "out.txt").is_symlink()
    assert "as it was" not in (outside / "victim").read_text()


@pytest.mark.parametrize("output", ["/dev/full", "x" * 300, "/dev/null/x"])
def test_output_that_cannot_be_is_a_sentence(output, cli, circuits):
    job_set = cli.submit(circuits(a=BELL), "--shots", 5, "--wait")
    for words in (
        ("results", job_set, "-o", output),
        ("export", job_set, "-o", output),
        ("results", job_set, "--raw", output),
    ):
        done = cli(*words, code=None)
        assert done.code in {1, 2}, (words, done)
        assert "error: " in done.err


@pytest.mark.parametrize(
    "path", ["x" * 300, "/dev/null", "/dev/zero", "/proc/self/mem", "-missing"]
)
def test_input_that_cannot_be_is_a_sentence(path, cli, monkeypatch):
    monkeypatch.setattr(sources, "_LARGEST", 1_000_000)
    for words in (("submit", "--", path), ("import", "--", path), ("submit", "--from", path)):
        done = cli(*words, code=None)
        assert done.code in {1, 2}, (words, done)
        assert "error: " in done.err


def test_entries_of_the_data_folder_that_are_links_are_not_followed_out(
    cli, circuits, home, outside
):
    job_set = cli.submit(circuits(a=BELL), "--shots", 5)
    spool = home / "sets" / f"{job_set}.arriving"
    real = cli.data("status", job_set)["job_set"]["jobs"][0]["id"]
    spool.mkdir(mode=0o700, exist_ok=True)
    (spool / f"{real}.part").symlink_to(outside / "victim")
    cli("results", job_set, "--wait", code=None)
    assert untouched(outside)


@pytest.mark.parametrize("name", ["accounts.lock", "backends.lock"])
def test_lock_that_is_a_link_is_not_written_to(name, cli, home, outside):
    (home / name).symlink_to(outside / "victim")
    cli("backends", code=None)
    cli("account", "use", "local", code=None)
    assert untouched(outside)


def test_forgetting_a_set_whose_spool_is_a_link_leaves_what_it_leads_to(
    cli, circuits, home, outside
):
    job_set = cli.submit(circuits(a=BELL), "--shots", 5, "--wait")
    (home / "sets" / f"{job_set}.arriving").symlink_to(outside)
    cli("forget", job_set, "--yes", code=None)
    assert untouched(outside)


def test_data_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_HOME", str(tmp_path / "theirs"))
    (tmp_path / "theirs").mkdir()
    owner = (tmp_path / "theirs").stat().st_uid
    if owner == 0:
        os.chown(tmp_path / "theirs", 12345, -1)
        owner = 12345
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(StorageError, match="belongs to another user"):
        paths.ensure_folder(paths.sets())
