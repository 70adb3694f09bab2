from __future__ import annotations

import warnings

import pytest

from ibmqbatch.local.backends import BackendTable
from ibmqbatch.local.snapshots import find_snapshots
from tests.support.service import Client

from .support import error


def test_backends_are_listed_with_their_queue(client: Client) -> None:
    entry, *_ = client.get("/backends").json()["devices"]
    assert entry["name"] == "ideal_simulator"
    assert entry["status"]["name"] == "online"
    assert entry["is_simulator"] is True
    assert entry["queue_length"] >= 0


def test_the_oldest_api_version_lists_names(client: Client) -> None:
    del client.http.headers["IBM-API-Version"]
    assert client.get("/backends").json() == {"devices": ["ideal_simulator", *find_snapshots()]}


def test_the_configuration_has_what_a_client_builds_a_backend_from(client: Client) -> None:
    configuration = client.get("/backends/ideal_simulator/configuration").json()
    assert configuration["simulator"] is True
    assert configuration["local"] is False
    assert configuration["max_shots"] == 1_000_000
    assert configuration["max_experiments"] == 300
    assert {gate["name"] for gate in configuration["gates"]} == set(configuration["basis_gates"])
    assert "if_else" in configuration["supported_instructions"]


def test_status_defaults_and_properties(client: Client) -> None:
    assert client.get("/backends/ideal_simulator/status").json()["state"] is True
    assert client.get("/backends/ideal_simulator/defaults").json() is None
    assert error(client.get("/backends/ideal_simulator/properties"))[0] == 404


@pytest.mark.parametrize("path", ["configuration", "properties", "status", "defaults"])
def test_an_unknown_backend_is_not_found(client: Client, path: str) -> None:
    assert error(client.get(f"/backends/ibm_nowhere/{path}")) == (404, 1216)


@pytest.mark.parametrize(("memory", "qubits"), [(1, 1), (2**20, 16), (2**34 - 1, 29)])
def test_the_width_of_a_state_vector_is_what_the_memory_holds(memory: int, qubits: int) -> None:
    assert BackendTable(memory)["ideal_simulator"].worker["vector_qubits"] == qubits


def test_the_gates_are_those_of_aer() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit_aer import AerSimulator
    aer = AerSimulator(method="statevector").configuration()
    ours = BackendTable(2**30)["ideal_simulator"].configuration
    # Aer has counted `initialize` to either kind; `store` needs variables, which it runs wrongly.
    others = {"store", *aer.custom_instructions} - {"initialize"}
    assert set(ours["basis_gates"]) == set(aer.basis_gates) - others
