"""Files that are written whole or not at all, and the document of `--json`."""

from __future__ import annotations

import json
import os
import stat

import pytest

from ibmqbatch.errors import Argument, Problem, StorageError, Words
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.render.output import binary_output, ensure_output_folder, output, write_envelope


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "counts.csv"
    with output(path) as stream:
        stream.write("één\r\n")
        assert not path.exists()
    assert path.read_bytes() == "één\r\n".encode()


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("before")
    with pytest.raises(RuntimeError), output(path) as stream:
        stream.write("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["counts.csv"]


def test_a_file_keeps_its_permissions_and_a_link_stays_one(tmp_path):
    target, link = tmp_path / "private.csv", tmp_path / "link.csv"
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(target)
    with output(link) as stream:
        stream.write("after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with binary_output(path) as file:
        file.write(b"bytes")
    assert os.read(reader, 10) == b"bytes"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    wrong = pytest.raises(StorageError, match="cannot be written: Not a directory")
    with wrong, output(tmp_path / "file" / "counts.csv"):
        pass
    with pytest.raises(StorageError, match="cannot be made: "):
        ensure_output_folder(tmp_path / "file" / "raw")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ExitCode.DONE, "success"),
        (ExitCode.PARTIAL, "partial"),
        (ExitCode.UNFINISHED, "pending"),
        (ExitCode.TIMEOUT, "pending"),
        (ExitCode.USAGE, "error"),
    ],
)
def test_the_document_says_in_a_word_how_a_command_ended(capsys, code, status):
    write_envelope("status", code, {}, [])
    document = json.loads(capsys.readouterr().out)
    assert (document["status"], document["exit_code"]) == (status, int(code))


def test_the_document_has_problems_in_the_words_of_the_command_line(tmp_path):
    hint = Words("Leave {} out.", Argument("max_cost"))
    path = tmp_path / "document.json"
    write_envelope("submit", ExitCode.USAGE, {"a": 1}, [Problem("usage", "It is odd.", hint)], path)
    document = json.loads(path.read_text())
    assert document["data"] == {"a": 1}
    assert document["errors"] == [
        {"code": "usage", "message": "It is odd.", "hint": "Leave --max-cost out."}
    ]
