"""The page for those who come from the old provider: its code runs and prints what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ibmqbatch
from tests.managed.support import elsewhere, start

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coming-from-qiskit-ibmq-provider.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r"`((?:IBMQ|Managed)\w+)`")


def steps() -> list[tuple[str, str]]:
    """Return the page's code blocks, each with what it is said to print."""
    found: list[tuple[str, str]] = []
    for language, text in _BLOCK.findall(PAGE):
        if language == "python":
            found.append((text, ""))
        elif language == "text":
            assert found[-1][1] == "", "what a block prints stands once"
            found[-1] = found[-1][0], text
    return found


def test_the_code_prints_what_it_shows(service):
    mark = "----"
    program = f"print({mark!r})\n".join(code for code, _ in steps())
    out, err = start(program).communicate(timeout=120)
    assert err == ""
    assert out.split(f"{mark}\n") == [shown for _, shown in steps()]


@pytest.mark.parametrize(
    ("owner", "section"),
    [
        (ibmqbatch.IBMQJobManager, "IBMQJobManager"),
        (ibmqbatch.ManagedJobSet, "ManagedJobSet"),
        (ibmqbatch.ManagedJob, "ManagedJob"),
        (ibmqbatch.ManagedResults, "ManagedResults"),
    ],
)
def test_every_method_stands_on_the_page(owner, section):
    text = PAGE.split(f"## `{section}`\n")[1].split("\n## ")[0]
    methods = {
        name for name, value in vars(owner).items() if callable(value) and not name.startswith("_")
    }
    ours = {"of", "of_set", "seen", "is_decided", "run", "retrieve_jobs"}  # not the old ones
    assert {name for name in methods - ours if f"{name}(" not in text} == set()


def test_every_exception_of_the_manager_stands_on_the_page():
    for name in ibmqbatch.__all__:
        if name.startswith(("IBMQJobManager", "IBMQManaged")) and name.endswith(
            ("Error", "NotFound", "JobSet", "Available")
        ):
            assert f"`{name}`" in PAGE


def test_every_class_that_the_page_names_is_there(service):
    named = set(_NAMES.findall(PAGE))
    assert named <= set(ibmqbatch.__all__)
    code = f"import json\nfrom ibmqbatch import {', '.join(sorted(named))}\nprint(json.dumps(1))"
    assert elsewhere(code) == 1
