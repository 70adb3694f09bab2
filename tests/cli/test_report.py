"""`report`: sets as one file, written whole, without asking anybody."""

from __future__ import annotations

import pytest

from tests.cli.support import document
from tests.report.support import data_of
from tests.support.circuits import basis_state


@pytest.fixture
def done_set(cli, circuits):
    return cli.submit(circuits(a=basis_state("01")), "--shots", 5, "--name", "mine", "--wait")


def test_the_page_is_named_by_the_set(cli, done_set, tmp_path):
    assert cli("report", "mine").out == f"{done_set}.html\n"
    page = (tmp_path / f"{done_set}.html").read_text("utf-8")
    assert data_of(page)["circuits"]["counts"] == [[5]]


def test_the_document_tells_file_and_size(cli, done_set, tmp_path):
    told = document(cli("report", "mine", "mine", "-o", "x.html", "--json"), "report")["data"]
    assert told["written"] == {"file": "x.html", "bytes": (tmp_path / "x.html").stat().st_size}
    assert [each["id"] for each in told["job_sets"]] == [done_set, done_set]


def test_a_report_in_a_folder_that_is_not_there_is_refused(cli, done_set):
    assert "nowhere" in cli("report", "mine", "-o", "nowhere/x.html", code=1).err


def test_a_report_of_no_set_is_refused(cli, done_set, tmp_path):
    cli("report", "other", code=6)
    assert list(tmp_path.glob("*.html")) == []
