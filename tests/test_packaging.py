"""What pyproject.toml asks for, the lock holds, and continuous integration tries, agrees."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def requirements(*extras: str) -> Iterator[Requirement]:
    """Yield what the base and these extras ask for, extras that they name included."""
    for line in (*PROJECT["dependencies"], *(line for name in extras for line in EXTRAS[name])):
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            yield from requirements(*requirement.extras)
        else:
            yield requirement


def test_the_lock_holds_a_version_that_is_asked_for_of_everything():
    locked: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            held = Requirement(line)  # a name and one version: no address, no path
            (version,) = held.specifier
            assert (held.url, version.operator) == (None, "==")
            locked.setdefault(held.name, []).append(version.version)
    for requirement in requirements("qiskit", "dev"):
        versions = locked[requirement.name]
        assert all(map(requirement.specifier.contains, versions)), requirement


@pytest.mark.parametrize("extra", ["qiskit", "test"])
def test_the_lowest_versions_are_the_stated_ones(extra: str):
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lowest", extra], capture_output=True, text=True, check=True
    )
    lowest = [Requirement(line) for line in done.stdout.splitlines()]
    asked = list(requirements(extra))
    assert [each.name for each in lowest] == [each.name for each in asked]
    for low, wanted in zip(lowest, asked, strict=True):
        (version,) = low.specifier
        assert version.version in {each.version for each in wanted.specifier}
