"""IBM's samplers and estimators of today, which run on the program `executor`."""

from __future__ import annotations

import json
import math

import pytest

from .ibm import ClientError, Ibm

pytestmark = pytest.mark.conformance


def sent(seen: list) -> dict:
    """Return the body of the one job that was submitted."""
    (body,) = (e.body for e in seen if e.method == "POST" and e.path.endswith("/jobs"))
    return json.loads(body)


def improbability(found: list[float], exact: list[float], shots: int) -> float:
    """Return chi squared for each degree of freedom: about 1 where `exact` is what is sampled."""
    possible = [(f, e) for f, e in zip(found, exact, strict=True) if e > 1e-9]
    assert math.isclose(sum(f for f, _ in possible), 1)
    return sum(shots * (f - e) ** 2 / e for f, e in possible) / max(1, len(possible) - 1)


@pytest.mark.parametrize("twirled", [False, True], ids=["plain", "twirled"])
def test_its_sampler_samples_the_right_distributions(ibm: Ibm, twirled: bool) -> None:
    with ibm.requests() as seen:
        found = ibm.here("sample", backend="ideal_simulator", twirled=twirled, shots=4000)
    params = sent(seen)["params"]
    assert params["schema_version"] == "v2.0"
    items = params["quantum_program"]["items"]
    assert [item["item_type"] for item in items] == 2 * ["samplex" if twirled else "circuit"]
    assert (found["program"], found["status"]) == ("executor", "DONE")
    assert found["metadata"]["circuit_metadata"] == {"kind": "bell"}
    assert ("num_randomizations" in found["metadata"]) == twirled
    assert found["shape"] == [3, 2]
    assert found["again"] == found["bell"]
    shots = found["shots"][0]
    assert shots >= 4000
    shares = [(found["bell"], [0.5, 0, 0, 0.5])]
    shares += zip(found["found"], found["exact"], strict=True)
    # Seven of them, with one or three degrees of freedom each: 12 is one in two thousand.
    assert max(improbability(*each, shots) for each in shares) < 12


@pytest.mark.parametrize("twirled", [False, True], ids=["plain", "twirled"])
def test_its_sampler_sees_the_noise_of_a_device(ibm: Ibm, twirled: bool) -> None:
    found = ibm.here("sample", backend="fake_manila", twirled=twirled, shots=2000)
    for shares, exact in zip(found["found"], found["exact"], strict=True):
        distance = sum(abs(f - e) for f, e in zip(shares, exact, strict=True)) / 2
        assert distance < 0.15
    assert 0 < found["bell"][1] + found["bell"][2] < 0.2


@pytest.mark.parametrize("twirled", [False, True], ids=["plain", "twirled"])
@pytest.mark.parametrize("mode", ["batch", "dedicated"])
def test_its_sampler_in_a_batch_and_in_a_session(ibm: Ibm, mode: str, twirled: bool) -> None:
    found = ibm.here("sample_inside", mode=mode, backend="fake_manila", twirled=twirled)
    assert found["sessions"] == 2 * [found["id"]]
    assert found["status"] == "Closed"
    for shares in found["found"]:
        assert shares[0] + shares[3] > 0.8


@pytest.mark.parametrize(
    ("twirled", "mitigated"),
    [(False, False), (True, False), (True, True)],
    ids=["plain", "twirled", "mitigated"],
)
def test_its_estimator_estimates_exact_values(ibm: Ibm, twirled: bool, mitigated: bool) -> None:
    asked = {"twirled": twirled, "mitigated": mitigated}
    found = ibm.here("estimate", backend="ideal_simulator", precision=0.02, **asked)
    assert found["program"] == "executor"
    for value, error, exact in zip(found["values"], found["errors"], found["exact"], strict=True):
        assert 0 < error < 0.1
        assert abs(value - exact) < 5 * error


def test_its_estimator_on_a_device(ibm: Ibm) -> None:
    asked = {"twirled": True, "mitigated": True}
    found = ibm.here("estimate", backend="fake_manila", precision=0.03, **asked)
    for value, exact in zip(found["values"], found["exact"], strict=True):
        assert abs(value - exact) < 0.5


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_a_quantum_program(ibm: Ibm, backend: str) -> None:
    found = ibm.here("quantum_program", backend=backend)
    assert found["shapes"] == [{"c": [400, 2]}, {"c": [3, 2, 400, 2]}]
    assert found["types"] == ["bool"]
    assert found["passed"] == [1, "two", [3.0], None]
    assert found["chunks"] == [1, 6]
    for share, exact in zip(found["found"], found["exact"], strict=True):
        assert abs(share - exact) < 0.15


@pytest.mark.parametrize("version", ["v0.1", "v0.2", "v1.0", "v1.1", "v2.0"])
def test_its_older_schema_versions(ibm: Ibm, version: str) -> None:
    shares = ibm.here("schema_version", backend="ideal_simulator", version=version)
    assert shares[1] == shares[2] == 0
    assert 0.3 < shares[0] < 0.7


def test_boxes_with_annotations_are_read(ibm: Ibm) -> None:
    assert ibm.here("boxed") == [1, 1]


def test_a_dry_run_of_its_sampler_is_random(ibm: Ibm) -> None:
    found = ibm.here("dry_run_of_sampler", backend="fake_manila")
    assert found["backend"] == "mock_manila"
    assert all(0.15 < share < 0.35 for share in found["shares"])


def test_its_decoupling_runs(ibm: Ibm) -> None:
    shares = ibm.here("decoupled", backend="fake_manila")
    assert shares[0] + shares[3] > 0.8


def test_a_time_limit_ends_its_job(ibm: Ibm) -> None:
    found = ibm.here("limited", backend="ideal_simulator")
    assert found["status"] == "ERROR"
    assert "ran longer than maximum execution time" in found["message"]
    assert found["usage"] == 1


def test_the_estimator_of_old_is_refused_with_what_to_use(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match=r"use executor_estimator\.Estimator") as caught:
        ibm.here("old_estimator", backend="fake_manila")
    assert caught.value.kind == "IBMRuntimeError"
