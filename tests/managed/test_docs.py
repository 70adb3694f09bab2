"""The pages on the Python API: their code runs and prints what it shows, and all stands on them."""

from __future__ import annotations

import importlib
import operator
import re
from pathlib import Path

import pytest

import ibmqbatch
from tests.managed.api_page import MARKED, members
from tests.managed.support import elsewhere, start
from tests.support.qiskits import TERRA

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    name: (DOCS / name).read_text("utf-8")
    for name in ("api.md", "coming-from-qiskit-ibmq-provider.md")
}
PAGE = PAGES["coming-from-qiskit-ibmq-provider.md"]
API = PAGES["api.md"]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r"`((?:IBMQ|Managed)\w+)`")


def steps(page: str) -> list[tuple[str, str]]:
    """Return a page's code blocks, each with what it is said to print."""
    found: list[tuple[str, str]] = []
    for language, text in _BLOCK.findall(page):
        if language == "python":
            found.append((text, ""))
        elif language == "text":
            assert found[-1][1] == "", "what a block prints stands once"
            found[-1] = found[-1][0], text
    return found


@pytest.mark.parametrize("name", PAGES)
def test_the_code_prints_what_it_shows(name, service):
    mark = "----"
    shown = steps(PAGES[name])
    program = f"print({mark!r})\n".join(code for code, _ in shown)
    out, err = start(program).communicate(timeout=120)
    assert err == ""
    assert out.split(f"{mark}\n") == [printed for _, printed in shown]


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
    methods = {name for name, value in members(owner) if callable(value)}
    ours = {"run", "retrieve_jobs"}  # which programs leave to the manager
    assert {name for name in methods - ours if f"{name}(" not in text} == set()


def test_every_exception_of_the_manager_stands_on_the_page():
    for name in ibmqbatch.__all__:
        if name.startswith(("IBMQJobManager", "IBMQManaged")) and name.endswith(
            ("Error", "NotFound", "JobSet", "Available")
        ):
            assert f"`{name}`" in PAGE


def test_every_public_name_stands_on_the_api_page():
    marked = {found[1] for found in MARKED.findall(API)}
    errors = set(re.findall(r"^\| `(\w+)` \| `", API, re.MULTILINE))
    others = {*ibmqbatch.__all__, "open"} - errors - {"IBMQ", "__version__"}
    assert marked - {"errors", "new_errors"} == others
    assert all(issubclass(getattr(ibmqbatch, name), Exception) for name in errors)
    assert "### `IBMQ`\n" in API
    assert "`ibmqbatch.__version__`" in API


def test_every_class_on_the_api_page_has_an_example():
    for section in API.split("\n### ")[1:]:
        if section.startswith("Their errors"):
            continue
        assert "```python\n" in section.split("<!-- ")[0], section.split("\n")[0]


def test_every_old_call_has_a_cell_for_each_qiskit():
    tables = re.findall(r"^\| old call .*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert len(tables) == 6
    rows = [row for table in tables for row in table.splitlines()]
    assert [row for row in rows if row.count("|") != 5] == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("qiskit", "Aer"),
        ("qiskit", "QuantumCircuit.bind_parameters"),
        ("qiskit", "QuantumCircuit.cnot"),
        ("qiskit", "QuantumCircuit.qasm"),
        ("qiskit", "QuantumCircuit.toffoli"),
        ("qiskit", "execute"),
        ("qiskit.circuit", "Instruction.c_if"),
        ("qiskit.primitives", "BackendEstimator"),
        ("qiskit.primitives", "BackendSampler"),
        ("qiskit.providers.exceptions", "BackendPropertyError"),
        ("qiskit.providers.models", "BackendProperties"),
        ("qiskit.result", "CorrelatedReadoutMitigator"),
        ("qiskit.tools.monitor", "job_monitor"),
        ("qiskit.utils", "QuantumInstance"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_page_says_that_qiskit_2_has_no_more_is_in_terra_alone(module, name):
    try:
        found = operator.attrgetter(name)(importlib.import_module(module))
    except (ImportError, AttributeError):
        found = None
    assert (found is not None) is TERRA
    assert name.rpartition(".")[2] in PAGE


@pytest.mark.parametrize("name", PAGES)
def test_every_class_that_the_page_names_is_there(name, service):
    named = set(_NAMES.findall(PAGES[name]))
    assert named <= set(ibmqbatch.__all__)
    code = f"import json\nfrom ibmqbatch import {', '.join(sorted(named))}\nprint(json.dumps(1))"
    assert elsewhere(code) == 1
