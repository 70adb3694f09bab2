"""`SamplerV2.run` on the ideal simulator and on rehearsals, and its results."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from tests.conformance.ibm import ClientError, Ibm
from tests.local.rehearsing import need

pytestmark = pytest.mark.conformance

SHOTS = 400


def sent(seen: list) -> dict:
    """Return the body of the one job that was submitted."""
    (body,) = (e.body for e in seen if e.method == "POST" and e.path.endswith("/jobs"))
    return json.loads(body)


def test_a_circuit_runs_to_counts(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        found = ibm.here("run_bell", backend="ideal_simulator")
    assert set(found["counts"]) == {"00", "11"}
    assert sum(found["counts"].values()) == found["shots"] == SHOTS
    assert (found["status"], found["bits"], found["shape"]) == ("DONE", 2, [])
    assert found["metadata"] == {"kind": "bell"}
    assert found["version"] == 2
    assert found["span"] == [[0], SHOTS, True]
    assert found["primitive"] == "sampler"
    params = sent(seen)["params"]
    assert (params["version"], params["support_qiskit"]) == (2, True)
    blob = zlib.decompress(base64.b64decode(params["pubs"][0][0]["__value__"]))
    assert blob[:7] == b"QISKIT\x11"  # QPY 17, which Terra cannot read


def test_a_rehearsal_has_the_noise_of_its_device(ibm: Ibm) -> None:
    found = ibm.here("run_bell", backend="fake_manila")
    assert sum(found["counts"].values()) == SHOTS
    assert set(found["counts"]) - {"00", "11"}
    assert found["counts"]["00"] + found["counts"]["11"] > 0.8 * SHOTS


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_a_seed_repeats_the_counts(ibm: Ibm, backend: str) -> None:
    first, again = ibm.here("run_twice", backend=backend, seed=4)
    other, _ = ibm.here("run_twice", backend=backend, seed=5)
    assert first == again != other


def test_ten_qubits_of_a_large_device(ibm: Ibm) -> None:
    counts = ibm.here("ghz_on", backend="fake_sherbrooke", qubits=10)
    assert (counts["0" * 10] + counts["1" * 10]) / SHOTS > 0.3


def test_qubits_are_those_of_the_device(ibm: Ibm) -> None:
    counts = ibm.here("wide")
    assert counts["01"] / SHOTS > 0.8


def test_several_registers_keep_apart(ibm: Ibm) -> None:
    found = ibm.here("registers")
    assert found["apart"] == {"first": {"01": SHOTS}, "second": {"10000000001": SHOTS}}
    assert found["joined"] == {"1000000000101": SHOTS}


def test_parameters_in_the_order_of_their_names_and_by_name(ibm: Ibm) -> None:
    assert ibm.here("parameters") == [{"01": SHOTS}, {"10": SHOTS}]


def test_a_sweep_keeps_its_shape(ibm: Ibm) -> None:
    found = ibm.here("sweep")
    assert found["shape"] == [3]
    assert found["array"] == [3, SHOTS, 1]
    assert found["counts"] == [{"00": SHOTS}, {"01": SHOTS}, {"10": SHOTS}]


def test_a_sweep_of_two_axes_keeps_its_shape(ibm: Ibm) -> None:
    found = ibm.here("sweep_of_two_axes")
    assert found["shape"] == [2, 3]
    outcomes = [[set(counts) for counts in row] for row in found["counts"]]
    assert outcomes == [[{"00"}, {"10"}, {"00"}], [{"01"}, {"11"}, {"01"}]]


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_nairobi"])
def test_expressions_of_a_vector_are_swept(ibm: Ibm, backend: str) -> None:
    never, half, always = ibm.here("sweep_of_a_vector", backend=backend)
    assert never < 0.1
    assert 0.4 < half < 0.6
    assert always > 0.9


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_a_sweep_counts_as_its_points_do(ibm: Ibm, backend: str) -> None:
    whole, apart = ibm.here("sweep_and_its_points", backend=backend)
    assert whole == apart


def test_pubs_may_have_shots_of_their_own(ibm: Ibm) -> None:
    assert ibm.here("shots_of_their_own") == [7, 21, 50]


def test_shots_have_a_default(ibm: Ibm) -> None:
    assert ibm.here("shots_by_default") == [4096, 30]


def test_options_of_devices_are_taken_and_change_nothing(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        found = ibm.here("options_of_devices", backend="fake_manila")
    assert found["counts"] == found["without"]
    assert found["tags"] == ["with options"]
    body = json.loads(next(e.body for e in seen if e.path.endswith("/jobs")))
    assert set(body["params"]["options"]) == {
        "dynamical_decoupling",
        "execution",
        "simulator",
        "twirling",
    }
    assert (body["cost"], body["log_level"], body["tags"]) == (300, "INFO", ["with options"])


def test_measurements_are_classified(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="1521") as raised:
        ibm.here("kerneled")
    assert raised.value.kind == "RuntimeJobFailureError"


def test_what_is_not_compiled_the_client_does_not_send(ibm: Ibm) -> None:
    with ibm.requests() as seen, pytest.raises(ClientError, match="instruction h on qubits"):
        ibm.here("uncompiled", backend="fake_manila")
    assert not [each for each in seen if each.path.endswith("/jobs")]


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_kolkata"])
def test_control_flow_runs(ibm: Ibm, backend: str) -> None:
    counts = ibm.here("dynamic", backend=backend)
    if backend == "ideal_simulator":
        assert counts == {"bits": {"111": SHOTS}, "more": {"10": SHOTS}}
    else:
        assert counts["bits"]["111"] > 0.6 * SHOTS
        assert counts["more"]["10"] > 0.6 * SHOTS


def test_classical_expressions_run(ibm: Ibm) -> None:
    assert ibm.here("classical_expressions") == {"111": SHOTS}


def test_classical_variables_are_stored_into_and_read(ibm: Ibm) -> None:
    assert ibm.here("classical_variables") == {"1": SHOTS}


def test_stretches_take_no_time_on_the_ideal_simulator(ibm: Ibm) -> None:
    assert ibm.here("stretched") == {"1": SHOTS}


@pytest.mark.parametrize("backend", ["fake_kingston", "fake_miami"])
def test_circuits_run_on_todays_devices(ibm: Ibm, backend: str) -> None:
    need(backend)
    counts = ibm.here("ghz_on", backend=backend, qubits=3)
    assert counts["000"] + counts["111"] > 0.6 * SHOTS


def test_fractional_gates_run_on_todays_devices(ibm: Ibm) -> None:
    need("fake_kingston")
    found = ibm.here("fractional_on", backend="fake_kingston")
    assert found["gates"] == {"rx": 2, "rzz": 1}
    assert found["counts"]["01"] > 0.7 * SHOTS


def test_quick_measurements_run_on_devices_that_have_them(ibm: Ibm) -> None:
    need("fake_kingston")
    assert ibm.here("measured_quickly", backend="fake_kingston")["11"] > 0.8 * SHOTS


def test_fractional_gates_run_on_the_ideal_simulator(ibm: Ibm) -> None:
    assert ibm.here("fractional") == {"111": SHOTS}


def test_qubits_relax_while_they_wait(ibm: Ibm) -> None:
    at_once, after_a_millisecond = ibm.here("delayed", backend="fake_nairobi")
    assert at_once > 0.85  # readout takes its share, which differs from one seed to another
    assert after_a_millisecond < 0.2


@pytest.mark.parametrize("backend", ["fake_manila", "ideal_simulator"])
@pytest.mark.parametrize("session", [False, True])
def test_a_dry_run_is_made_on_the_mock(ibm: Ibm, backend: str, session: bool) -> None:
    found = ibm.here("dry_run", backend=backend, session=session)
    assert found.pop("estimate") > 0
    assert found == {
        "backend": {"fake_manila": "mock_manila", "ideal_simulator": "mock_simulator"}[backend],
        "status": "DONE",
        "shots": 400,
        "bits": 2,
        "metadata": {"kind": "bell"},
        # For a simulator the client opens none.
        "session": session and backend == "fake_manila",
        "listed": True,
        "listed_with_mocks": True,
    }


def test_a_dry_run_fails_where_the_run_would(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match=r"Error code 1517; Pub 0: .*mock_manila"):
        ibm.here("dry_run_uncompiled", backend="mock_manila")


def test_max_execution_time_ends_a_job(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match=r"Error code 1305; Ran too long: .* 1 s ") as raised:
        ibm.here("run_for", seconds=1)
    assert raised.value.kind == "RuntimeJobMaxTimeoutError"


def test_a_job_that_ran_too_long_is_in_error(ibm: Ibm) -> None:
    found = ibm.here("ran_too_long", seconds=1)
    assert "ran longer than maximum execution time" in found.pop("message")
    assert found == {"status": "ERROR", "errored": True, "cancelled": False, "usage": 1}
