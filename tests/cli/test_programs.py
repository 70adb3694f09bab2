"""`submit --program`: the service's programs, which give the same results."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support.circuits import BELL, basis_state
from tests.support.proxy import Proxy

SWEPT = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\nqubit[2] q;\nbit[1] u;\nbit[1] v;\n'
    "rx(a) q[0];\ncx q[0], q[1];\nu[0] = measure q[0];\nv[0] = measure q[1];\n"
)
# The turn by b is right before a measurement, which does not see it.
DROPPED = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\ninput angle b;\nqubit[1] q;\n'
    "bit[1] c;\nrx(a) q[0];\nrz(b) q[0];\nc[0] = measure q[0];\n"
)
GONE = json.dumps(
    {"errors": [{"code": 1208, "message": "program_id: must be one of executor"}], "trace": "t"}
).encode()


def programs(proxy: Proxy) -> list[str]:
    """Return the programs of the submissions that the service has answered with a job."""
    return [
        json.loads(seen.body)["program_id"]
        for seen in proxy.seen
        if seen.method == "POST" and seen.path.endswith("/jobs") and seen.status == 200
    ]


@pytest.fixture
def inputs(tmp_path):
    """Return what is submitted: registers, values of parameters, more shots than go into one."""
    (tmp_path / "swept.qasm").write_text(SWEPT)
    (tmp_path / "a.csv").write_text("a\n0.3\n1.1\n2.5\n")
    return (tmp_path / "swept.qasm", "--parameters", tmp_path / "a.csv", "--seed", 5)


def test_both_programs_give_the_same_results(cli, proxy, inputs):
    found = []
    for program in ("sampler", "executor"):
        words = ("--backend", "fake_manila", "--shots", 150_000, "--max-circuits", 2)
        words += ("--program", program, "--wait")
        job_set = cli.submit(*inputs, *words)
        found.append(cli.data("results", job_set)["results"])
        assert cli.data("status", job_set)["job_set"]["program"] == program
    assert found[0] == found[1]
    assert [sum(result["counts"].values()) for result in found[0]] == [150_000] * 3
    sent = Counter(programs(proxy))
    assert sent["sampler"] == sent["executor"] > 3


def test_auto_is_the_sampler_as_long_as_the_service_takes_it(cli, proxy, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    cli.submit(tmp_path / "bell.qasm")
    assert programs(proxy) == ["sampler"]


def test_a_set_goes_on_with_the_executor_when_the_sampler_is_taken_away(cli, proxy, tmp_path):
    """After 20 of 40 jobs; each circuit is on the service once."""
    for number in range(40):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:06b}"))
    rule = proxy.when("POST", "/jobs", times=0)
    rule.fits = lambda seen: (  # type: ignore[method-assign]
        seen.method == "POST"
        and seen.path.endswith("/jobs")
        and b'"program_id": "sampler"' in seen.body
        and programs(proxy).count("sampler") >= 20
    )
    rule.status, rule.body = 400, GONE
    done = cli("submit", tmp_path, "--max-circuits", 1, "--wait")
    assert done.err.count("does not take the program sampler") == 1
    found = cli.data("results", "latest")["results"]
    assert [list(result["counts"]) for result in found] == [[f"{n:06b}"] for n in range(40)]
    sent = Counter(programs(proxy))
    assert sum(sent.values()) == 40
    assert sent["sampler"] >= 20
    assert sent["executor"] > 0


def test_a_program_that_is_named_and_refused_stops_the_set(cli, proxy, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    proxy.when("POST", "/jobs", status=400, body=GONE, times=99)
    done = cli("submit", tmp_path / "bell.qasm", "--program", "sampler", "--quiet", code=1)
    assert "program_id: must be one of executor" in done.err
    proxy.rules.clear()
    assert cli.data("status", "latest")["job_set"]["counts"]["INITIALIZING"] == 1
    cli("resume", "latest")
    assert programs(proxy) == ["sampler"]


def test_an_unknown_program_is_refused(cli, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    done = cli("submit", tmp_path / "bell.qasm", "--program", "estimator", code=2)
    assert "'estimator' is not a program that runs circuits." in done.err


def test_circuits_of_different_shots_are_in_jobs_of_their_own(cli, tmp_path):
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.qasm").write_text(BELL)
    (tmp_path / "t.csv").write_text("path,shots\na.qasm,5\nb.qasm,5\nc.qasm,9\nd.qasm,9\n")
    told = cli("submit", "--from", tmp_path / "t.csv", "--dry-run")
    assert "with --program sampler there would be 1" in " ".join(told.err.split())
    plan = cli.data("submit", "--from", tmp_path / "t.csv", "--dry-run")
    assert len(plan["plan"]["jobs"]) == 2
    words = ("--from", tmp_path / "t.csv", "--dry-run", "--program", "sampler")
    assert len(cli.data("submit", *words)["plan"]["jobs"]) == 1


def test_a_set_of_the_executor_is_rebuilt_from_the_service(here, there, inputs):
    job_set = here.submit(*inputs, "--program", "executor", "--wait")
    expected = here.data("results", job_set)["results"]
    there("recover", job_set)
    assert there.data("results", job_set)["results"] == expected
    assert there.data("status", job_set)["job_set"]["program"] == "executor"
    assert [
        circuit["metadata"] for circuit in there.data("show", job_set, "--json")["circuits"]
    ] == [circuit["metadata"] for circuit in here.data("show", job_set, "--json")["circuits"]]


def test_a_twirled_sweep_is_rebuilt_with_its_names_and_values(here, there, inputs):
    pytest.importorskip("samplomatic")
    words = ("--program", "executor", "--twirl", "all", "--shots", 64, "--max-circuits", 2)
    job_set = here.submit(*inputs, *words, "--wait")
    there("recover", job_set)
    assert there.data("results", job_set)["results"] == here.data("results", job_set)["results"]


def test_values_of_a_parameter_that_the_compiler_drops_are_rebuilt(here, there, tmp_path):
    (tmp_path / "c.qasm").write_text(DROPPED)
    (tmp_path / "v.csv").write_text("a,b\n0.3,1.5\n1.1,2.5\n")
    words = ("--parameters", tmp_path / "v.csv", "--backend", "fake_manila", "-O", 2, "--wait")
    job_set = here.submit(tmp_path / "c.qasm", *words)
    there("recover", job_set)
    found = there.data("results", job_set)["results"]
    assert found == here.data("results", job_set)["results"]
    assert [each["metadata"] for each in found] == [{"a": 0.3, "b": 1.5}, {"a": 1.1, "b": 2.5}]


def test_twirling_on_this_machine_leaves_what_is_expected(cli, tmp_path):
    pytest.importorskip("samplomatic")
    (tmp_path / "c.qasm").write_text(basis_state("101"))
    words = ("--program", "executor", "--twirl", "all", "--shots", 1001, "--seed", 1, "--wait")
    job_set = cli.submit(tmp_path / "c.qasm", *words)
    (result,) = cli.data("results", job_set)["results"]
    assert list(result["counts"]) == ["101"]
    assert 1001 <= result["counts"]["101"] < 1001 + 32  # whole randomizations


def test_few_shots_of_several_twirled_circuits_are_told_apart(cli, tmp_path):
    pytest.importorskip("samplomatic")
    for number in range(3):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:02b}"))
    words = ("--program", "executor", "--twirl", "gates", "--shots", 32, "--wait")
    found = cli.data("results", cli.submit(tmp_path, *words))["results"]
    assert [result["counts"] for result in found] == [{f"{n:02b}": 32} for n in range(3)]


def test_a_twirled_job_of_the_executor_makes_a_set(here, there, tmp_path):
    pytest.importorskip("samplomatic")
    (tmp_path / "c.qasm").write_text(basis_state("01"))
    words = ("--program", "executor", "--twirl", "all", "--shots", 100, "--wait")
    job_set = here.submit(tmp_path / "c.qasm", *words)
    (job,) = here.data("status", job_set)["job_set"]["jobs"]
    there("recover", "--job", job["id"])
    (found,) = there.data("results", "latest")["results"]
    assert list(found["counts"]) == ["01"]
    assert there.data("status", "latest")["job_set"]["program"] == "executor"


@pytest.mark.parametrize("how", ["--private", "--batch"])
def test_private_jobs_and_batches_run_with_the_executor(cli, tmp_path, how):
    for number in range(2):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:02b}"))
    words = ("--program", "executor", "--max-circuits", 1, how, "--wait")
    job_set = cli.submit(tmp_path, *words)
    found = cli.data("results", job_set)["results"]
    assert [list(result["counts"]) for result in found] == [["00"], ["01"]]


def test_failed_jobs_of_the_executor_are_retried(cli, proxy, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    refusal = json.dumps({"errors": [{"code": 1208, "message": "Bad body."}]}).encode()
    proxy.when("POST", "/jobs", status=400, body=refusal)
    cli("submit", tmp_path / "bell.qasm", "--program", "executor", "--wait", "--quiet", code=3)
    cli("retry", "latest", "--wait")
    assert programs(proxy) == ["executor"]
    assert sum(cli.data("results", "latest")["results"][0]["counts"].values()) == 4096


def test_text_that_would_be_twirled_here_is_refused_before_anything_is_made(cli, proxy, tmp_path):
    pytest.importorskip("samplomatic")
    (tmp_path / "p.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nsx $0;\nc[0] = measure $0;\n'
    )
    words = ("--backend", "fake_torino", "--program", "executor", "--twirl", "all")
    done = cli("submit", tmp_path / "p.qasm", *words, code=2)
    assert "cannot be twirled or decoupled on this machine" in done.err
    assert "--program sampler" in done.err
    assert proxy.submissions == 0
    assert cli.data("status")["job_sets"] == []
