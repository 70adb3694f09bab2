"""The package's own names: there, documented, loaded when they are asked for, and typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from qiskit.exceptions import QiskitError
from qiskit.providers.exceptions import JobError, JobTimeoutError

import ibmqbatch
from tests.support.fresh import run_fresh

ROOT = Path(__file__).parents[2]
CLASSES = [name for name in ibmqbatch.__all__ if isinstance(getattr(ibmqbatch, name), type)]
ERRORS = [name for name in CLASSES if issubclass(getattr(ibmqbatch, name), Exception)]
OLD_ERRORS = [name for name in ERRORS if issubclass(getattr(ibmqbatch, name), ibmqbatch.IBMQError)]


def test_beside_the_classes_there_are_the_accounts_and_functions():
    others = {*ibmqbatch.__all__} - {*CLASSES}
    functions = {"backends", "job_monitor", "job_sets", "least_busy", "submit"}
    assert others == {"IBMQ", "__version__", *functions}


def test_a_star_leaves_pythons_open_alone():
    assert "open" not in ibmqbatch.__all__
    assert callable(ibmqbatch.open)


STRICT = ("-X", "dev", "-W", "error")


def test_classes_say_what_they_are():
    assert [name for name in CLASSES if not getattr(ibmqbatch, name).__doc__] == []


def test_names_are_offered_before_they_are_loaded():
    code = """
    import json, sys, ibmqbatch
    names = dir(ibmqbatch)
    print(json.dumps([set(ibmqbatch.__all__) <= set(names), "qiskit" in sys.modules]))
    """
    assert run_fresh(code, *STRICT) == [True, False]


def test_all_names_can_be_imported_without_a_warning():
    code = f"""
    import json
    from ibmqbatch import {", ".join(ibmqbatch.__all__)}
    print(json.dumps(IBMQJob.__name__))
    """
    assert run_fresh(code, *STRICT) == "IBMQJob"


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="IBMQJobMananger"):
        ibmqbatch.IBMQJobMananger  # noqa: B018


def test_every_exception_that_there_is_is_public():
    from ibmqbatch.managed import exceptions

    there = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, exceptions.IBMQError)
    }
    assert there == set(OLD_ERRORS)


def test_errors_of_the_front_door_have_one_base():
    for name in {*ERRORS} - {*OLD_ERRORS}:
        assert issubclass(getattr(ibmqbatch, name), ibmqbatch.IbmqbatchError), name


def test_errors_of_the_old_classes_are_qiskits():
    assert issubclass(ibmqbatch.IBMQError, QiskitError)


def test_errors_of_jobs_are_qiskits_errors_of_jobs():
    assert issubclass(ibmqbatch.IBMQJobError, JobError)
    assert issubclass(ibmqbatch.IBMQJobTimeoutError, JobTimeoutError)


def test_types_come_with_the_package():
    assert (Path(ibmqbatch.__file__).parent / "py.typed").is_file()


def test_a_program_of_types_passes_the_checker():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "tests/managed/typing_api.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
