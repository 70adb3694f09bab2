"""The units of `examples/scheduled`: read by what runs them, and run with the shell's help."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ibmqbatch.exitcodes import ExitCode

UNITS = Path(__file__).parent.parent / "examples" / "scheduled"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_its_units(tmp_path):
    program = tmp_path / ".local" / "bin" / "ibmqbatch"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS.glob("ibmqbatch.*"):
        text = unit.read_text().replace("%h", str(tmp_path)).replace("Documentation", "#")
        (tmp_path / unit.name).write_text(text)
    units = [str(path) for path in sorted(tmp_path.glob("ibmqbatch.*"))]
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_exit_codes_that_the_service_takes_for_success_are_no_failures_of_it():
    text = (UNITS / "ibmqbatch.service").read_text()
    (codes,) = re.findall(r"^SuccessExitStatus=(.*)$", text, re.MULTILINE)
    assert [ExitCode(int(code)).name for code in codes.split()] == [
        "PARTIAL",
        "UNFINISHED",
        "LOCKED",
        "UNAVAILABLE",
    ]


def test_launchd_runs_collect():
    unit = plistlib.loads((UNITS / "org.ibmqbatch.collect.plist").read_bytes())
    assert unit["Label"] == "org.ibmqbatch.collect"
    assert unit["ProgramArguments"][-1].endswith('ibmqbatch" collect')


def run_like_cron(line, cli, home):
    """Run a line of a crontab as cron does: by sh, with few variables."""
    program = home / ".local" / "bin" / "ibmqbatch"
    program.parent.mkdir(parents=True)
    program.symlink_to(shutil.which("ibmqbatch", path=cli.env["PATH"]))
    env = {**cli.env, "HOME": str(home), "PATH": "/usr/bin:/bin"}
    command = re.fullmatch(r"(?:\S+\s+){5}(.*)", line)[1]
    return subprocess.run(["sh", "-c", command], env=env, capture_output=True, check=False)


def test_line_of_the_crontab_collects(cli, circuits, tmp_path):
    from tests.support.circuits import BELL

    job_set = cli.submit(circuits(a=BELL), "--shots", 5, "--detach")
    lines = (UNITS / "crontab").read_text().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    done = run_like_cron(line, cli, tmp_path / "user")
    assert (done.returncode, done.stderr) == (0, b"")
    assert job_set.encode() in done.stdout
