"""A process that is forked is what one is that has just been started, and no more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import forks


def test_a_program_that_outlasts_all_patience_is_ended(tmp_path):
    process = forks.start((), env={}, cwd=tmp_path, code="while True: pass")
    with process.stdout, process.stderr, pytest.raises(AssertionError, match="hangs"):
        process.wait(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_it_knows_its_own_words_variables_and_folder_alone(tmp_path):
    code = "import os, sys, threading\nprint(sys.argv[1:], dict(os.environ), os.getcwd())\n"
    code += "print(threading.active_count(), sys.stdin.read() == '', file=sys.stderr)"
    process = forks.start((1, "two"), env={"A": "b"}, cwd=tmp_path, code=code)
    told = f"['1', 'two'] {{'A': 'b'}} {Path(tmp_path).resolve()}\n"
    assert process.communicate() == (told, "1 True\n")
    assert process.returncode == 0


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 15)", -15)])
def test_it_tells_how_it_ended(tmp_path, end, code):
    process = forks.start((), env={}, cwd=tmp_path, code=f"import os, sys\n{end}")
    process.communicate()
    assert process.poll() == code


def test_several_run_at_the_same_time(tmp_path):
    (reading, writing) = os.pipe()
    code = "import sys; print(sys.stdin.readline(), end='')"
    streams = (reading, writing, writing)
    waiting = forks.start((), env={}, cwd=tmp_path, code=code, streams=streams)
    forks.start((), env={}, cwd=tmp_path, code="print('go')", streams=streams).wait()
    assert waiting.wait() == 0
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "go\n"


def test_what_warns_there_is_an_error(tmp_path):
    process = forks.start((), env={}, cwd=tmp_path, code="import warnings; warnings.warn('no')")
    assert "UserWarning: no" in process.communicate()[1]
