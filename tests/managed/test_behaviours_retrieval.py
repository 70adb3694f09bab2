"""Sets are found again by their ids.

Behaviours 5 and 6, of the fifteen that programs of the old job manager rely on. Where state is
concerned a second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import itertools
import json

import pytest

from ibmqbatch import IBMQ, IBMQJobManager
from ibmqbatch.managed.exceptions import (
    IBMQJobManagerError,
    IBMQJobManagerUnknownJobSet,
)
from tests.bench.sets import environment
from tests.managed.programs import flipped
from tests.managed.support import (
    BACKEND,
    TELL,
    elsewhere,
    numbered,
    other_machine,
    outcome,
    spoiled,
)
from tests.support.stub import BACKEND as STUBBED
from tests.support.stub import Stub


def test_5_a_set_of_a_dozen_jobs_is_found_by_its_id_alone(manager, held):
    job_set = manager.run(
        numbered(23), BACKEND, name="a_b c_ü", max_experiments_per_job=2, job_tags=["x"], shots=2
    )
    told = elsewhere(TELL, job_set.job_set_id())
    assert (told["name"], told["tags"]) == ("a_b c_ü", ["x"])
    assert told["ranges"] == [[n, min(n + 1, 22)] for n in range(0, 23, 2)]
    assert told["names"] == [f"a_b c_ü_{n}_" for n in range(12)]
    assert told["ids"] == [job.id for job in held(job_set.job_set_id())]


@pytest.mark.parametrize("count", [401, pytest.param(1001, marks=pytest.mark.slow)])
def test_5_a_set_of_several_pages_of_jobs_is_found_in_its_order(manager, count):
    with Stub() as stub, environment(**stub.environment):
        job_set = manager.run(
            itertools.repeat(flipped("1"), count), STUBBED, max_experiments_per_job=1, shots=2
        )
        ids = [job.job_id() for job in job_set.jobs()]
        told = elsewhere(TELL, job_set.job_set_id())
        assert stub.take_counts()["submit"] == count
        assert told["ids"] == ids
        assert told["ranges"] == [[n, n] for n in range(count)]
        assert told["names"] == [f"{job_set.name()}_{n}_" for n in range(count)]


def test_5_a_set_is_found_by_its_id_on_another_machine(
    manager, service, held, monkeypatch, tmp_path
):
    circuits = numbered(23)
    circuits[7].metadata = {"x": 1}
    job_set = manager.run(
        circuits, BACKEND, name="mine", max_experiments_per_job=2, job_tags=["a"], shots=3
    )
    job_set.jobs()
    set_id = job_set.job_set_id()
    other_machine(monkeypatch, service, tmp_path / "other")
    told = elsewhere(TELL, set_id)
    assert (told["name"], told["tags"]) == ("mine", ["a"])
    assert told["ranges"] == [[n, min(n + 1, 22)] for n in range(0, 23, 2)]
    assert told["names"] == [f"mine_{n}_" for n in range(12)]
    assert told["ids"] == [job.id for job in held(set_id)]
    found = IBMQJobManager().retrieve_job_set(set_id, IBMQ.load_account())
    results = found.results(timeout=60)
    assert [results.get_counts(f"c{n}") for n in range(23)] == [outcome(n, 3) for n in range(23)]
    assert results.combine_results().results[7].header.metadata == {"x": 1}
    assert len(held(set_id)) == 12


@pytest.mark.parametrize("job_set_id", ["20200101-0000000", "../sets/x", "", None, 5])
def test_6_an_unknown_id_has_an_error_of_its_own(manager, service, job_set_id):
    with pytest.raises(IBMQJobManagerUnknownJobSet):
        manager.retrieve_job_set(job_set_id, IBMQ.load_account())
    assert manager.job_sets() == []


@pytest.mark.parametrize(
    "job_set_id",
    [
        "447d81d3a5a34b9d8a9d1a3f7d6bb090-17951984333823984",
        "447d81d3a5a34b9d8a9d1a3f7d6bb090-1574786442.0417988",
        "447d81d3-a5a3-4b9d-8a9d-1a3f7d6bb090-1600000000.0-0",
        "ibmq_jobset_447d81d3a5a34b9d8a9d1a3f7d6bb090-17951984333823984_",
        "ibm_composite_job_id_447d81d3a5a34b9d8a9d1a3f7d6bb090_",
    ],
)
def test_6_an_id_of_the_service_that_is_gone_says_so(manager, service, job_set_id):
    with pytest.raises(IBMQJobManagerUnknownJobSet, match="that IBM has shut down") as caught:
        manager.retrieve_job_set(job_set_id, IBMQ.load_account())
    assert job_set_id in caught.value.message
    assert caught.value.message.endswith("Run its circuits again.")


def test_6_a_set_is_cached_unless_it_is_to_be_refreshed(manager, proxy):
    job_set = manager.run(numbered(1), BACKEND, shots=2)
    job_set.results()
    provider = IBMQ.load_account()
    before = len(proxy.seen)
    assert manager.retrieve_job_set(job_set.job_set_id(), provider) is job_set
    assert len(proxy.seen) == before
    fresh = manager.retrieve_job_set(job_set.job_set_id(), provider, refresh=True)
    assert fresh is not job_set
    assert manager.job_sets() == [fresh]


def test_6_jobs_of_others_under_the_sets_tag_are_an_error_and_are_left_alone(service, held):
    from ibmqbatch.clock import Clock
    from ibmqbatch.jobset.job_set import connected

    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    set_id = job_set.job_set_id()
    foreign = f"ibmq_jobset_{set_id}_j0.2_c0-0_r0.1_a1_{'x' * 13}"
    params = {"pubs": [["OPENQASM 3.0; bit c; qubit q; c = measure q;"]], "version": 2, "shots": 1}
    body = {
        "program_id": "sampler",
        "backend": BACKEND,
        "tags": [f"ibmq_jobset_{set_id}_", foreign],
        "params": params,
    }
    with connected("local", Clock()) as client:
        job_id = client.submit(json.dumps(body).encode())
    # Another program may have sent the set: this one looks before it sends.
    job_set = IBMQJobManager().retrieve_job_set(set_id, IBMQ.load_account())
    with pytest.raises(IBMQJobManagerError, match="does not know"):
        job_set.results(timeout=30)
    (stranger,) = held(set_id)
    assert stranger.id == job_id
    assert stranger.status != "Cancelled"


def test_6_the_name_of_a_set_is_no_id_and_the_error_tells_the_ids_of_that_name(manager, provider):
    sets = [manager.run(numbered(1), BACKEND, name="twice", shots=2) for _ in range(2)]
    with pytest.raises(IBMQJobManagerUnknownJobSet, match="the name of") as caught:
        IBMQJobManager().retrieve_job_set("twice", provider)
    assert all(job_set.job_set_id() in str(caught.value) for job_set in sets)
