"""Reading jobs, listings and backends as they come."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service.errors import Unreadable
from ibmqbatch.service.models import Backend, JobPage, RemoteJob

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "state", "status", "reason", "reason_code", "tags", "jobs", "count"]
            )
            | st.sampled_from(
                ["backend_name", "n_qubits", "coupling_map", "basis_gates", "max_shots"]
            ),
            inner,
            max_size=5,
        )
    ),
)


def test_job_is_read_with_all_that_is_known_of_it():
    job = RemoteJob.from_wire(
        {
            "id": "x",
            "state": {
                "status": "Failed",
                "reason": "not in the\nset",
                "reason_code": 1517,
                "reason_solution": "Transpile.",
            },
            "tags": ["a"],
            "private": True,
        }
    )
    assert job == RemoteJob("x", "Failed", "not in the set", 1517, "Transpile.", ("a",), "", True)


def test_state_overrides_the_short_status():
    assert RemoteJob.from_wire({"id": "x", "state": {"status": "A"}, "status": "B"}).status == "A"


def test_short_status_will_do():
    assert RemoteJob.from_wire({"id": "x", "status": "Running"}).status == "Running"


def test_reason_code_may_have_either_spelling():
    state = {"status": "Failed", "reasonCode": "1305"}
    assert RemoteJob.from_wire({"id": "x", "state": state}).reason_code == 1305


def test_word_that_is_not_known_survives():
    assert RemoteJob.from_wire({"id": "x", "status": "Teleporting"}).status == "Teleporting"


@pytest.mark.parametrize("entry", [None, [], {}, {"id": 5}, {"id": "x"}, {"status": "Queued"}])
def test_job_without_id_or_state_is_unreadable(entry):
    with pytest.raises(Unreadable):
        RemoteJob.from_wire(entry)


def test_page_without_a_count_does_not_tell_one():
    assert JobPage.from_wire({"jobs": []}).count is None


def test_backend_that_simulates_takes_seeds():
    told = {"backend_name": "b", "n_qubits": 5, "simulator": True}
    assert Backend.from_wire(told).seeded
    assert not Backend.from_wire({**told, "simulator": False}).seeded


def test_rehearsal_takes_seeds_and_tells_how_many_qubits_may_be_active():
    told = {"backend_name": "b", "n_qubits": 5, "rehearsal": {"max_active_qubits": 3}}
    backend = Backend.from_wire(told)
    assert (backend.seeded, backend.simulator, backend.max_active_qubits) == (True, False, 3)


def test_backend_tells_when_it_was_calibrated():
    told = {"backend_name": "b", "n_qubits": 5}
    assert Backend.from_wire(told).calibrated_at is None
    assert Backend.from_wire(told, {"last_update_date": "2026-11-01"}).calibrated_at == "2026-11-01"


def test_limit_of_zero_is_none():
    told = {"backend_name": "b", "n_qubits": 5, "max_shots": 0, "max_experiments": 300}
    backend = Backend.from_wire(told)
    assert (backend.max_shots, backend.max_circuits) == (None, 300)


@given(JSON)
@pytest.mark.parametrize("read", [RemoteJob.from_wire, JobPage.from_wire, Backend.from_wire])
def test_whatever_the_service_answers_is_read_or_unreadable(read, body):
    with contextlib.suppress(Unreadable):
        read(body)
