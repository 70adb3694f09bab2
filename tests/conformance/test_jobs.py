"""Jobs: found by id and by listing, read, labelled, cancelled, deleted; and how they fail."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.ibm import ClientError, Ibm, Served
from tests.local.support import bell, slow
from tests.support.service import Client, new_crn, open_client

pytestmark = pytest.mark.conformance


def test_a_job_is_found_by_its_id(ibm: Ibm) -> None:
    begun = time.time()
    job_id = ibm.here("submit", backend="fake_manila", tags=["one", "two"])
    found = ibm.here("read", job_id=job_id)
    assert begun - 1 < found.pop("created") < time.time()
    assert found.pop("estimate") > 0
    assert found == {
        "id": job_id,
        "status": "DONE",
        "done": True,
        "running": False,
        "cancelled": False,
        "errored": False,
        "final": True,
        "backend": "fake_manila",
        "tags": ["one", "two"],
        "private": False,
        "session": None,
        "primitive": "sampler",
        "instance": ibm.instance,
        "error": None,
    }


def test_a_job_that_does_not_exist_is_not_found(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="Job not found") as raised:
        ibm.here("read", job_id="d2r8239olshc73bmt49g")
    assert raised.value.kind == "RuntimeJobNotFound"


def test_results_are_read_again_and_again(ibm: Ibm) -> None:
    job_id = ibm.here("submit")
    first, again = (ibm.here("counts", job_id=job_id) for _ in range(2))
    assert first == again
    assert sum(first[0].values()) == 400


def test_inputs_come_back_as_circuits(ibm: Ibm) -> None:
    found = ibm.here("inputs", job_id=ibm.here("submit"))
    (pub,) = found["pubs"]
    assert pub == {
        "name": "bell",
        "qubits": 2,
        "operations": {"h": 1, "cx": 1, "measure": 2},
        "metadata": {"kind": "bell"},
        "shots": 400,
    }
    assert (found["version"], found["support_qiskit"]) == (2, True)


def test_metrics_usage_and_properties_are_told(ibm: Ibm) -> None:
    found = ibm.here("looked_into", job_id=ibm.here("submit", backend="fake_manila"))
    times = found["metrics"]["timestamps"]
    assert times["created"] <= times["running"] <= times["finished"]
    assert found["metrics"]["usage"]["status"] == "complete"
    assert found["usage"] == found["partial"] >= 1
    assert found["metrics"]["qiskit_version"].startswith("2.")
    assert found["logs"] == ""
    assert found["updated"]
    assert ibm.here("usage")["usage_consumed_seconds"] >= 0


def test_usage_is_nothing_before_the_end(ibm: Ibm) -> None:
    job_id = ibm.here("submit_slow")
    ibm.here("wait_until_running", job_id=job_id)
    found = ibm.here("looked_into", job_id=job_id)
    assert found["usage"] == 0
    assert found["metrics"]["timestamps"]["finished"] is None
    assert found["logs"] == ""
    ibm.here("cancel", job_id=job_id)


@pytest.fixture(scope="module")
def many(served: Served) -> Iterator[tuple[str, list[str]]]:
    """An instance with 230 jobs, made by a client of our own; their ids from the oldest on."""
    crn = new_crn()
    with open_client(served.url, served.api_key, crn) as client:
        pub = [bell(), None, 1]
        ids = [client.submit(pub, tags=["all", f"mod{n % 3}", f"n{n}"]) for n in range(230)]
    yield crn, ids


def pages(ibm: Ibm, crn: str, **filters: object) -> tuple[list[str], list[dict[str, str]]]:
    """List jobs; return their ids, and the queries of the requests."""
    with ibm.requests() as seen:
        found = ibm("listed", instance=crn, **filters)
    queries = [parse_qs(urlsplit(e.path).query) for e in seen if "/jobs?" in e.path]
    return found, [{key: ",".join(values) for key, values in query.items()} for query in queries]


def test_ten_jobs_are_listed_from_the_newest(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    found, queries = pages(ibm, crn)
    assert found == ids[::-1][:10]
    assert queries == [{"exclude_params": "true", "limit": "10"}]


def test_a_listing_without_a_limit_goes_by_pages_of_20(
    ibm: Ibm, many: tuple[str, list[str]]
) -> None:
    crn, ids = many
    found, queries = pages(ibm, crn, limit=None, job_tags=["all"])
    assert found == ids[::-1]
    assert [query.get("offset", "0") for query in queries] == [str(n) for n in range(0, 230, 20)]
    assert {query["limit"] for query in queries} == {"20"}


def test_a_limit_beyond_a_page_takes_two(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    found, queries = pages(ibm, crn, limit=250)
    assert found == ids[::-1]
    assert [(query["limit"], query.get("offset")) for query in queries] == [
        ("250", None),
        ("50", "200"),
    ]


def test_a_listing_can_skip(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    assert pages(ibm, crn, limit=5, skip=7)[0] == ids[::-1][7:12]
    assert pages(ibm, crn, limit=None, skip=215)[0] == ids[::-1][215:]


def test_a_listing_from_the_oldest(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    found, queries = pages(ibm, crn, limit=4, descending=False)
    assert found == ids[:4]
    assert queries[0]["sort"] == "ASC"


def test_all_tags_must_match(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    tags = ["all", "mod1"]
    found, queries = pages(ibm, crn, job_tags=tags, limit=None, descending=False)
    assert found == ids[1::3]
    assert queries[0]["tags"] == "all,mod1"
    assert ibm("listed", instance=crn, job_tags=["mod0", "mod1"]) == []


def test_times_bound_a_listing(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    created = ibm("read", instance=crn, job_id=ids[100])["created"]
    later = ibm("listed", instance=crn, created_after=created, limit=None, descending=False)
    assert later == ids[100:]
    earlier = ibm("listed", instance=crn, created_before=created, limit=None, descending=False)
    assert earlier == ids[:101]


def test_program_and_mocks_are_asked_for(ibm: Ibm, many: tuple[str, list[str]]) -> None:
    crn, ids = many
    found, queries = pages(ibm, crn, limit=3, program_id="sampler", include_mocks=True)
    assert found == ids[::-1][:3]
    assert (queries[0]["program"], queries[0]["include_mocks"]) == ("sampler", "True")
    assert pages(ibm, crn, program_id="estimator")[0] == []


def test_backend_and_state_choose_among_jobs(ibm: Ibm) -> None:
    ideal = ibm.here("submit", tags=["a"])
    manila = ibm.here("submit", backend="fake_manila", tags=["b"])
    running = ibm.here("submit_slow")
    assert ibm.here("listed", backend_name="fake_manila") == [manila]
    assert ibm.here("listed", pending=True) == [running]
    assert ibm.here("listed", pending=False) == [manila, ideal]
    assert ibm.here("listed", session_id="none") == []
    assert ibm.here("listed_with_states", pending=False) == [
        [manila, "fake_manila", ["b"]],
        [ideal, "ideal_simulator", ["a"]],
    ]
    ibm.here("cancel", job_id=running)
    assert ibm.here("listed", pending=True) == []


def test_workloads_are_listed_in_pages(ibm: Ibm) -> None:
    tagged = ibm.here("submit", tags=["this"])
    manila = ibm.here("submit", backend="fake_manila")
    running = ibm.here("submit_slow")
    ibm.here("wait_until_running", job_id=running)
    mocked = ibm.here("submit", backend="ideal_simulator", dry_run=True)
    assert ibm.here("workloads") == [[tagged, manila, running]]
    assert ibm.here("workloads", limit=2, sort="-createdAt") == [[running, manila], [tagged]]
    assert ibm.here("workloads", include_mocks=True, limit=50) == [
        [tagged, manila, running, mocked]
    ]
    assert ibm.here("workloads", tags=["this"], user="me") == [[tagged]]
    assert ibm.here("workloads", search=manila, mode="job") == [[manila]]
    assert ibm.here("workloads", backend="fake_manila") == [[manila]]
    assert ibm.here("workloads", status=["completed"]) == [[tagged, manila]]
    assert ibm.here("workloads", status=["pending", "in_progress"]) == [[running]]
    ibm.here("cancel", job_id=running)
    assert ibm.here("workloads", status=["canceled"]) == [[running]]


def test_tags_are_replaced(ibm: Ibm) -> None:
    job_id = ibm.here("submit", tags=["old"])
    assert ibm.here("retag", job_id=job_id, tags=["new", "é"]) == [["new", "é"]] * 2
    assert ibm.here("listed", job_tags=["old"]) == []
    assert ibm.here("listed", job_tags=["é"]) == [job_id]
    assert ibm.here("retag", job_id=job_id, tags=[]) == [[], []]


@pytest.mark.parametrize(("tags", "code"), [(["x"] * 9, "1204"), (["x" * 87], "1205")])
def test_too_many_or_too_long_tags_are_refused(ibm: Ibm, tags: list[str], code: str) -> None:
    distinct = [f"{tag}{index}" if len(tags) > 1 else tag for index, tag in enumerate(tags)]
    with pytest.raises(ClientError, match=code):
        ibm.here("submit", tags=distinct)
    with pytest.raises(ClientError, match=code):
        ibm.here("retag", job_id=ibm.here("submit"), tags=distinct)


def test_a_running_job_is_cancelled_and_has_no_result(ibm: Ibm) -> None:
    job_id = ibm.here("submit_slow")
    ibm.here("wait_until_running", job_id=job_id)
    with pytest.raises(ClientError, match="Timed out") as late:
        ibm.here("wait_shortly", job_id=job_id)
    assert late.value.kind == "RuntimeJobTimeoutError"
    assert ibm.here("cancel", job_id=job_id) == "CANCELLED"
    found = ibm.here("read", job_id=job_id)
    assert (found["status"], found["cancelled"], found["final"]) == ("CANCELLED", True, True)
    with pytest.raises(ClientError, match="Job was cancelled") as raised:
        ibm.here("result", job_id=job_id)
    assert raised.value.kind == "RuntimeInvalidStateError"


def test_a_job_that_is_done_cannot_be_cancelled(ibm: Ibm) -> None:
    job_id = ibm.here("submit")
    with pytest.raises(ClientError, match="409") as raised:
        ibm.here("cancel", job_id=job_id)
    assert raised.value.kind == "RuntimeInvalidStateError"
    assert ibm.here("read", job_id=job_id)["status"] == "DONE"


def test_a_job_that_is_done_can_be_deleted_once(ibm: Ibm) -> None:
    job_id = ibm.here("submit")
    ibm.here("delete", job_id=job_id)
    assert ibm.here("listed") == []
    with pytest.raises(ClientError) as raised:
        ibm.here("delete", job_id=job_id)
    assert raised.value.kind == "RuntimeJobNotFound"


def test_a_job_that_runs_cannot_be_deleted(ibm: Ibm) -> None:
    job_id = ibm.here("submit_slow")
    with pytest.raises(ClientError, match="Failed to delete"):
        ibm.here("delete", job_id=job_id)
    ibm.here("cancel", job_id=job_id)


def test_a_failed_job_tells_why(ibm: Ibm) -> None:
    job_id = ibm.here("submit_unmeasured")
    found = ibm.here("read", job_id=job_id)
    assert (found["status"], found["errored"]) == ("ERROR", True)
    assert "Error code 3211" in found["error"]
    assert "measures nothing" in found["error"] or "no classical register" in found["error"]
    with pytest.raises(ClientError, match="Error code 3211; Pub 0: ") as raised:
        ibm.here("result", job_id=job_id)
    assert raised.value.kind == "RuntimeJobFailureError"
    assert "Traceback" in ibm.here("logs", job_id=job_id)


@pytest.mark.parametrize(
    ("code", "backend", "program"),
    [
        (1517, "fake_manila", "h $0; c[0] = measure $0;"),
        (1517, "fake_manila", "cx $0, $2; c[0] = measure $0;"),
        (1506, "ideal_simulator", "nonsense;"),
        (1603, "ideal_simulator", None),
    ],
)
def test_codes_of_failed_jobs_reach_the_client(
    ibm: Ibm, raw: Client, code: int, backend: str, program: str | None
) -> None:
    # Such circuits IBM's client does not send itself.
    header = 'OPENQASM 3.0; include "stdgates.inc"; bit[1] c; '
    text = "no program" if program is None else header + program
    job_id = raw.submit([text, None, 10], backend=backend)
    with pytest.raises(ClientError, match=f"Error code {code}; Pub 0: "):
        ibm.here("result", job_id=job_id)
    assert f"{code}" in ibm.here("read", job_id=job_id)["error"]


def test_too_many_executions_fail(ibm: Ibm, raw: Client) -> None:
    job_id = raw.submit(*([[bell(), None, 1_000_000]] * 11))
    with pytest.raises(ClientError, match=r"Error code 1520; .*10000000"):
        ibm.here("result", job_id=job_id)


def test_a_private_job_gives_its_results_once_and_its_inputs_never(ibm: Ibm) -> None:
    job_id = ibm.here("submit", private=True)
    assert ibm.here("read", job_id=job_id)["private"] is True
    assert ibm.here("inputs", job_id=job_id) == {}
    assert ibm.here("result", job_id=job_id) is True
    assert ibm.here("result", job_id=job_id) is False


def test_plain_results_are_read_as_they_are(ibm: Ibm, raw: Client) -> None:
    job_id = raw.submit([bell(), None, 9])
    found = ibm.here("plain_result", job_id=job_id)
    register = found["results"][0]["data"]["c"]
    assert len(register["samples"]) == 9
    assert set(register["samples"]) <= {"0x0", "0x3"}
    assert register["num_bits"] == 2


def test_a_plain_sweep_is_nested_by_its_shape(ibm: Ibm, raw: Client) -> None:
    program = (
        'OPENQASM 3.0; include "stdgates.inc"; input float[64] a; bit[1] c; '
        "rx(a) $0; c[0] = measure $0;"
    )
    values = [[[0.0], [3.14159265358979]], [[3.14159265358979], [0.0]], [[0.0], [0.0]]]
    job_id = raw.submit([program, values, 2])
    found = ibm.here("plain_result", job_id=job_id)
    assert found["results"][0]["data"]["c"]["samples"] == [
        [["0x0", "0x0"], ["0x1", "0x1"]],
        [["0x1", "0x1"], ["0x0", "0x0"]],
        [["0x0", "0x0"], ["0x0", "0x0"]],
    ]


def test_a_job_waits_its_turn(ibm: Ibm, raw: Client) -> None:
    busy = [raw.submit(slow()) for _ in range(3)]
    for job_id in busy[:2]:
        raw.wait(job_id, "Running")
    assert ibm.here("read", job_id=busy[2])["status"] == "QUEUED"
    assert ibm.here("backend", name="ideal_simulator")["status"][2] >= 1
    for job_id in busy:
        assert ibm.here("cancel", job_id=job_id) == "CANCELLED"


def test_a_submission_is_one_request(ibm: Ibm) -> None:
    ibm.here("backend", name="ideal_simulator")
    with ibm.requests() as seen:
        ibm.here("submit", wait=False)
    asked = [(each.method, each.path.rpartition("/v1")[2]) for each in seen]
    assert asked[-3:] == [
        ("GET", "/instances/usage"),
        ("GET", "/backends/ideal_simulator/status"),
        ("POST", "/jobs"),
    ]
    assert set(json.loads(seen[-1].body)) == {"program_id", "params", "backend", "log_level"}
