"""Who may read what is kept: its owner alone, whatever the umask, from before the first byte."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.faults import have_strace

_CREATED = re.compile(
    r'(?:openat\([^"]*|open\(|creat\(|mkdir\(|mkdirat\([^"]*|mknod\(|mknodat\([^"]*)'
    r'"(?P<path>[^"]*)"(?P<rest>.*?)\) += (?P<result>\d+)'
)
_MODE = re.compile(r", 0(?P<mode>[0-7]+)$")


def run_every_verb(folder: Path, umask: int, *before: object) -> Path:
    """Run every verb in a process with this umask; return the data folder."""
    home = folder / "data" / "home"
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [*map(str, before), sys.executable, "-m", "tests.security.every_verb"],
        env={
            **kept,
            "HOME": str(folder),
            "IBMQBATCH_HOME": str(home),
            "IBMQBATCH_RUNTIME": str(folder / "data" / "runtime"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=folder,
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home


def open_to_others(folder: Path) -> Iterator[str]:
    """Yield what is in a folder, or is the folder, that others than its owner can reach."""
    for path in [folder, *folder.rglob("*")]:
        told = path.lstat()
        wanted = 0o700 if stat.S_ISDIR(told.st_mode) else 0o600
        if stat.S_IMODE(told.st_mode) != wanted:
            yield f"{oct(stat.S_IMODE(told.st_mode))} {path}"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that every verb was run in by somebody who keeps nothing from others."""
    folder = tmp_path_factory.mktemp("open")
    calls = "openat,open,creat,mkdir,mkdirat,mknod,mknodat"
    strace = ["strace", "-f", "--seccomp-bpf", "-s", "4096", "-o", folder / "trace"]
    run_every_verb(folder, 0o000, *([*strace, "-e", f"trace={calls}"] if have_strace() else []))
    return folder


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that every verb was run in with the usual umask."""
    folder = tmp_path_factory.mktemp("usual")
    run_every_verb(folder, 0o022)
    return folder


def test_data_folder_is_for_its_owner_alone_after_every_verb(trace):
    home = trace / "data" / "home"
    kept = {path.name for path in home.iterdir()}
    assert kept >= {"accounts.json", "backends", "local", "logs", "once", "pace", "sets", "tokens"}
    assert not list(open_to_others(home.parent))


@pytest.mark.skipif(not have_strace(), reason="needs strace")
def test_nothing_in_the_data_folder_is_open_to_others_while_it_is_made(trace):
    made, open_ones = 0, []
    for call in _CREATED.finditer((trace / "trace").read_text(errors="replace")):
        mode = _MODE.search(call["rest"])
        if mode is None or not call["path"].startswith(str(trace / "data")):
            continue
        made += 1
        # The local service has a strict umask of its own.
        if int(mode["mode"], 8) & 0o077 and "/home/local/" not in call["path"]:
            open_ones.append(call.group())
    assert made > 50
    assert not open_ones


@pytest.mark.slow
def test_strictest_umask_keeps_its_owner_out_of_nothing(tmp_path):
    run_every_verb(tmp_path, 0o077)
    assert not list(open_to_others(tmp_path / "data"))


def test_what_was_asked_for_follows_the_umask(usual):
    assert stat.S_IMODE((usual / "counts.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE((usual / "raw").stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in (usual / "raw").iterdir()} == {0o644}


def test_copy_of_a_set_is_for_its_owner_alone(trace):
    assert stat.S_IMODE((trace / "set.sqlite").stat().st_mode) == 0o600
