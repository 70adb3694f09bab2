"""`submit`: what it plans, prints and makes."""

from __future__ import annotations

import pytest

from tests.support.circuits import BELL, basis_state


def test_the_first_line_says_where_the_work_goes(cli, circuits):
    first = cli("submit", circuits(a=BELL)).err.splitlines()[0]
    assert first == "To ideal_simulator, with the account 'local'."


def test_dry_run_shows_the_plan_and_makes_nothing(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(10)})
    plan = cli("submit", folder, "--dry-run", "--max-circuits", 4, "--shots", 100, "--json").json
    assert [
        (job["first_circuit"], job["last_circuit"]) for job in plan["data"]["plan"]["jobs"]
    ] == [(0, 3), (4, 7), (8, 9)]
    assert plan["data"]["plan"]["executions"] == 1000
    assert not list(cli.home.glob("sets/*"))


def test_dry_run_tells_the_minutes_that_the_pace_takes(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(11)})
    env = {**cli.env, "IBMQBATCH_PACE": "5"}
    done = cli("submit", folder, "--dry-run", "--max-circuits", 1, "--json", env=env).json
    assert done["data"]["plan"]["minutes_to_send"] == 2


def test_equal_seeds_give_equal_counts_and_equal_circuits_different_ones(cli, circuits):
    folder = circuits(a=BELL, b=BELL, c=BELL)
    words = (folder, "--seed", 7, "--wait")
    # The split into jobs makes no difference either.
    first, second = cli.submit(*words), cli.submit(*words, "--max-circuits", 1)
    results = [cli.data("results", s)["results"] for s in (first, second)]
    assert results[0] == results[1]
    assert len({str(r["counts"]) for r in results[0]}) > 1


def test_another_seed_gives_other_counts(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(8)})
    sets = [cli.submit(folder, "--seed", seed, "--wait") for seed in (1, 2)]
    counts = [[r["counts"] for r in cli.data("results", s)["results"]] for s in sets]
    assert counts[0] != counts[1]


def test_detach_sends_nothing_and_resume_sends_it(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    assert proxy.submissions == 0
    assert cli.data("status", set_id)["job_set"]["state"] == "planned"
    cli("resume", set_id, "--wait")
    assert proxy.submissions == 1


def test_measure_all_measures_circuits_that_do_not(cli, circuits):
    text = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\nx q[1];\n'
    folder = circuits(a=text, b=basis_state("10"))
    set_id = cli.submit(folder, "--measure-all", "--shots", 5, "--wait")
    results = cli.data("results", set_id)["results"]
    assert [r["counts"] for r in results] == [{"010": 5}, {"10": 5}]


@pytest.mark.parametrize("level", range(4))
def test_compiled_circuits_give_the_same_outcomes(cli, circuits, level):
    folder = circuits(a=basis_state("101"))
    set_id = cli.submit(folder, "-O", level, "--shots", 5, "--wait")
    assert cli.data("results", set_id)["results"][0]["counts"] == {"101": 5}


def test_several_registers_are_joined_as_qiskit_does(cli, circuits):
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg a[1];\ncreg b[2];\n'
        "x q[0];\nx q[2];\nmeasure q[0] -> a[0];\nmeasure q[1] -> b[0];\nmeasure q[2] -> b[1];\n"
    )
    set_id = cli.submit(circuits(a=text), "--shots", 5, "--wait")
    assert cli.data("results", set_id)["results"][0]["counts"] == {"10 1": 5}


def test_a_condition_on_a_measured_register_is_carried_out(cli, circuits):
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg a[1];\ncreg b[1];\n'
        "x q[0];\nmeasure q[0] -> a[0];\nif (a==1) x q[1];\nreset q[0];\nmeasure q[1] -> b[0];\n"
    )
    set_id = cli.submit(circuits(a=text), "--shots", 5, "--wait")
    assert cli.data("results", set_id)["results"][0]["counts"] == {"1 1": 5}


def test_a_key_used_before_finds_its_set(cli, circuits):
    folder = circuits(a=BELL)
    first = cli.submit(folder, "--once", "nightly")
    again = cli("submit", folder, "--once", "nightly", "--quiet")
    assert again.out.strip() == first
    assert "before" in again.err
    assert "Warning" not in again.err
    circuits(b=BELL)
    changed = cli("submit", folder, "--once", "nightly", "--quiet")
    assert changed.out.strip() == first
    assert "Warning" in changed.err


def test_the_reason_of_a_failure_is_told_at_the_end(cli, circuits, proxy):
    refusal = b'{"errors": [{"code": 1208, "message": "bad body"}]}'
    proxy.when("POST", "/jobs", status=400, body=refusal)
    done = cli("submit", circuits(a=BELL), "--wait", code=3)
    assert "Job 0: bad body" in done.err
    assert "retry" in done.err


def test_submit_starts_the_local_service_and_leaves_it_to_end_by_itself(lone_cli, circuits):
    set_id = lone_cli.submit(circuits(a=BELL))
    told = lone_cli.data("serve", "--status")["service"]
    assert told["url"].startswith("http://127.0.0.1:")
    lone_cli("results", set_id, "--wait")
    lone_cli("serve", "--stop")
    assert lone_cli("serve", "--status", code=75).out == ""


def test_a_relative_data_folder_is_one_folder_for_tool_and_service(lone_cli, circuits):
    lone_cli.env["IBMQBATCH_HOME"] = "home"
    lone_cli.submit(circuits(a=BELL), "--wait")
    assert {p.name for p in lone_cli.home.iterdir()} >= {"local", "sets"}
    assert not list(lone_cli.home.glob("**/home"))


def test_two_commands_at_once_start_one_service(lone_cli):
    runs = [lone_cli.start("backends") for _ in range(3)]
    for run in runs:
        run.communicate()
    assert [run.returncode for run in runs] == [0, 0, 0]
    log = (lone_cli.home / "local" / "service.log").read_text()
    assert "already" not in log
