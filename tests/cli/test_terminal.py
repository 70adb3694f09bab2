"""What a person sees: nothing overflows, narrow or wide; nothing moves where nobody looks."""

from __future__ import annotations

import signal

import pytest

from tests.cli.support import SLOW, screen
from tests.support.circuits import BELL
from tests.support.terminal import run_in_terminal, without_escapes
from tests.support.waiting import wait_until

LONG = "a_name_that_is_far_longer_than_any_screen_would_like_to_show"


@pytest.mark.parametrize("columns", [60, pytest.param(80, marks=pytest.mark.slow), 200])
def test_no_line_overflows(cli, circuits, columns):
    wide = SLOW.replace("creg c[12];", "creg c[12];\ncreg d[12];\ncreg e[12];")
    folder = circuits(**{LONG: BELL, "b": BELL, "w": wide})
    tags = [f"--tag={letter * 80}" for letter in "abcde"]
    lines = screen(
        *(cli, columns, "submit", folder, "--name", LONG, *tags),
        *("--max-circuits", 1, "--shots", 20, "--wait"),
    )
    assert any("3 done" in line for line in lines)
    listed = "\n".join(screen(cli, columns, "status"))
    assert LONG[:12] in listed
    assert "3/3" in listed
    for words in (
        ("status", "latest"),
        ("status", "latest", "--watch"),
        ("status", "latest", "--events"),
        ("status", "latest", "--usage"),
        ("logs", "latest", "--job", 0),
        ("results", "latest"),
        ("submit", folder, "--dry-run"),
        ("submit", "--help"),
        ("--help",),
        ("status", "nope"),
    ):
        assert screen(cli, columns, *words)


MARKING = "sed s/^/page:/"


@pytest.fixture
def long_set(cli, circuits):
    return cli.submit(circuits(**{f"c{n:02}": BELL for n in range(20)}), "--shots", 9, "--wait")


def paged_lines(cli, *words, pager=MARKING):
    env = {**cli.env, "PAGER": pager}
    code, text = run_in_terminal(*words, env=env, cwd=cli.cwd)
    assert code == 0, text
    return [line.startswith("page:") for line in text.splitlines()]


def test_results_longer_than_the_screen_go_through_the_pager(cli, long_set):
    assert all(paged_lines(cli, "results", long_set))
    assert not any(paged_lines(cli, "results", long_set, "--no-pager"))
    assert not any(paged_lines(cli, "results", long_set, pager=""))
    assert not any(paged_lines(cli, "results", long_set, "--circuit", "c00"))


def test_nothing_is_paged_in_a_pipe(cli, long_set):
    done = cli("results", long_set, env={**cli.env, "PAGER": MARKING})
    assert "page:" not in done.out


def test_reader_who_leaves_the_pager_early_ends_the_results_in_silence(cli, long_set):
    assert len(paged_lines(cli, "results", long_set, pager="head -n 2")) == 2


def test_pager_that_is_not_there_is_done_without(cli, long_set):
    assert len(paged_lines(cli, "results", long_set, pager="no-such-pager")) > 40


def test_nothing_moves_where_there_is_no_terminal(cli, circuits):
    done = cli("submit", circuits(a=BELL), "--wait")
    assert "\x1b" not in done.out + done.err


def test_ctrl_c_says_what_is_safe_and_the_next_run_goes_on(cli, circuits, proxy):
    folder = circuits(**{f"c{n}": BELL for n in range(6)})
    env = {**cli.env, "IBMQBATCH_PACE": "2"}
    run = cli.start("submit", folder, "--max-circuits", 1, "--wait", env=env)
    wait_until(lambda: proxy.submissions == 2)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert f"resume {out.strip()}" in err
    assert f"cancel {out.strip()}" in err
    assert "Traceback" not in err
    cli("resume", out.strip(), "--wait")
    assert proxy.submissions == 6


def test_sigterm_ends_with_its_own_code(cli, circuits):
    run = cli.start("submit", circuits(a=SLOW), "--shots", 20000, "--wait")
    set_id = run.stdout.readline().strip()
    wait_until(lambda: cli.data("status", set_id)["job_set"]["state"] == "running")
    run.terminate()
    _, err = run.communicate(timeout=30)
    assert run.returncode == 143
    assert "Traceback" not in err
    cli("cancel", set_id)


def test_a_second_ctrl_c_leaves_at_once(cli, circuits, proxy):
    import threading

    held = threading.Event()
    reached = threading.Event()

    def hold(_seen: object) -> None:
        reached.set()
        held.wait(60)

    proxy.when("POST", "/jobs", before=hold)
    run = cli.start("submit", circuits(a=BELL), "--wait")
    assert reached.wait(60)
    run.send_signal(signal.SIGINT)
    line = run.stderr.readline()
    while "Stopping" not in line:
        line = run.stderr.readline()
    run.send_signal(signal.SIGINT)
    assert run.wait(10) == 130
    held.set()
    run.stdout.close()
    run.stderr.close()
    assert list((cli.home / "sets").glob("*.sqlite"))


def test_while_a_paced_set_is_sent_its_jobs_stand_there_and_the_next_submission(cli, circuits):
    folder = circuits(a=BELL, b=BELL, c=BELL)
    env = {**cli.env, "IBMQBATCH_PACE": "2", "IBMQBATCH_PACE_WINDOW": "2"}
    code, written = run_in_terminal(
        *("submit", folder, "--max-circuits", 1), env=env, cwd=cli.cwd, term="xterm-256color"
    )
    seen = without_escapes(written)
    assert code == 0
    assert "next submission in 2 s, 1 job to send" in seen
    assert "PLANNED" in seen
    assert "Sending" not in seen
