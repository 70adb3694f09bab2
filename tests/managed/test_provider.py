"""Backends are found by the account's provider."""

from __future__ import annotations

import json

import pytest
from qiskit.providers import BackendV2
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_aer import AerSimulator

from ibmqbatch import (
    IBMQAccountError,
    IBMQBackendApiError,
    IBMQBackendValueError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
)
from ibmqbatch.managed.background import as_backend
from tests.managed.support import REFUSAL


def test_a_backend_is_found_by_its_name(provider):
    backend = provider.get_backend("fake_manila")
    assert isinstance(backend, BackendV2)
    assert (backend.name, backend.num_qubits, backend.max_circuits) == ("fake_manila", 5, 300)
    assert backend.provider == provider


def test_without_a_name_it_is_the_accounts_own_choice(provider):
    assert provider.get_backend().name == "ideal_simulator"


def test_a_name_that_is_none_tells_which_there_are(provider):
    with pytest.raises(QiskitBackendNotFoundError, match="fake_manila"):
        provider.get_backend("fake_nobody")


def test_ibms_own_simulators_are_gone_and_one_is_here(provider):
    with pytest.raises(QiskitBackendNotFoundError, match="ideal_simulator"):
        provider.get_backend("ibmq_qasm_simulator")


def test_a_device_of_ibm_needs_an_account(provider):
    with pytest.raises(IBMQAccountError, match="ibm_fez"):
        provider.get_backend("ibm_fez")


def test_backends_are_attributes(provider):
    assert provider.backend.fake_manila.name == "fake_manila"
    assert {"fake_manila", "jobs"} <= set(dir(provider.backend))
    with pytest.raises(AttributeError, match="fake_nobody"):
        provider.backend.fake_nobody  # noqa: B018


def test_backends_are_narrowed_down(proxy, provider):
    names = ("ideal_simulator", "fake_nairobi", "fake_hanoi", "fake_washington", "fake_sherbrooke")
    body = json.dumps({"devices": [{"name": name} for name in names]}).encode()
    proxy.when("GET", "/backends", times=99, status=200, body=body, exact=True)
    assert [b.name for b in provider.backends(simulator=True)] == ["ideal_simulator"]
    assert [b.name for b in provider.backends("fake_hanoi")] == ["fake_hanoi"]
    large = provider.backends(min_num_qubits=100, operational=True, simulator=False)
    assert {"fake_washington", "fake_sherbrooke"} <= {b.name for b in large}
    assert all(b.num_qubits >= 100 for b in large)
    assert provider.backend(filters=lambda b: b.num_qubits == 7)[0].name == "fake_nairobi"
    assert provider.get_backend(n_qubits=7).name == "fake_nairobi"
    with pytest.raises(QiskitBackendNotFoundError, match="More than one"):
        provider.get_backend(n_qubits=127)
    with pytest.warns(UserWarning, match="input_allowed"):
        provider.backends(input_allowed="job")


def test_names_and_numbers_that_are_none_are_told(provider):
    with pytest.raises(IBMQBackendValueError, match="5 is not the name of a backend"):
        provider.get_backend(5)
    with pytest.raises(IBMQBackendValueError, match="min_num_qubits is '5', no whole number"):
        provider.backends(min_num_qubits="5")


def test_listing_asks_once_for_each_backend(proxy, provider):
    count = len(provider.backends())
    assert proxy.count("GET", "/configuration") == count
    assert proxy.count("GET", "/properties") == 0


def test_a_backend_that_cannot_be_read_hides_no_other(proxy, provider, caplog):
    proxy.when("GET", "fake_hanoi/configuration", status=404, body=REFUSAL)
    names = [backend.name for backend in provider.backends()]
    assert "fake_manila" in names
    assert "fake_hanoi" not in names
    assert "fake_hanoi" in caplog.text


def test_a_name_does_wherever_a_backend_does(simulator):
    assert as_backend(simulator) is simulator
    assert as_backend("ideal_simulator") == simulator
    for other in (None, "", 5, AerSimulator()):
        with pytest.raises(IBMQJobManagerInvalidStateError, match="Give an IBMQBackend, or the"):
            as_backend(other)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="no backend 'ibmq_lima'"):
        as_backend("ibmq_lima")


def test_a_service_that_does_not_tell_of_a_name_is_a_job_managers_error(proxy, no_waits):
    proxy.when("GET", "/backends", times=99, status=500, body=b"{}")
    with pytest.raises(IBMQJobManagerError):
        as_backend("ideal_simulator")


def test_errors_of_the_service_are_told_by_their_old_name(proxy, provider, simulator, no_waits):
    proxy.when("GET", "/backends", times=99, status=500, body=b"{}")
    for ask in (simulator.status, provider.backends, lambda: provider.get_backend("fake_manila")):
        with pytest.raises(IBMQBackendApiError):
            ask()


def test_old_programs_call_a_backends_provider(provider, simulator):
    assert simulator.provider() == provider
    assert simulator.provider().get_backend("ideal_simulator") == simulator


def test_backends_are_the_backend_service_in_the_plural_too(provider, job):
    assert provider.backends.fake_manila.name == "fake_manila"
    assert provider.backends.retrieve_job(job.job_id()).job_id() == job.job_id()
    assert provider.backends.jobs(limit=1, job_name="mine")[0].job_id() == job.job_id()
    assert provider.backends.job_ids(1, 0, "ideal_simulator") == [job.job_id()]
    assert provider.backends.my_reservations() == []
    assert {b.name for b in provider.backends()} == {b.name for b in provider.backend.backends()}


def test_jobs_are_asked_for_by_the_old_order_of_arguments(provider, simulator, job):
    found = provider.backend.jobs(10, 0, "ideal_simulator", "DONE", "^mine$", None, None, ["a"])
    assert job.job_id() in [each.job_id() for each in found]
    assert provider.backend.jobs(10, 0, "fake_manila", "DONE", "^mine$") == []
    assert simulator.jobs(10, 0, "RUNNING", "^mine$", None, None, ["a"], "AND") == []


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("credentials", "IBMQ.active_account"),
        ("runtime", "qiskit-ibm-runtime"),
        ("service", "qiskit-ibm-runtime"),
        ("experiment", "tags and job sets"),
        ("random", "gone"),
        ("run_circuits", "backend.run"),
    ],
)
def test_what_providers_had_is_told_with_what_there_is_instead(provider, name, instead):
    with pytest.raises(AttributeError, match=f"A provider has no '{name}' any more.*{instead}"):
        getattr(provider, name)
    assert not hasattr(provider, name)


def test_what_providers_never_had_is_an_ordinary_error(provider):
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        provider.nonsense  # noqa: B018
