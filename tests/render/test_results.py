"""Results as bars, as lines, as csv and as arrays."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from ibmqbatch.render.results import show_results, write_arrays, write_results

BELL = {
    "index": 0,
    "name": "bell",
    "shots": 8,
    "counts": {"00": 6, "11": 2},
    "metadata": {"angle": 0.123456789},
}


def written(form, *results, **options) -> str:
    stream = io.StringIO()
    write_results(results, form, stream, **options)
    return stream.getvalue()


def test_plain_lines_have_counts_and_metadata():
    two = {**BELL, "index": 1, "counts": {"0 1": 8}, "metadata": {}}
    assert written("table", BELL, two) == (
        "0\tbell\t8\t00:6 11:2\tangle=0.123456789\n1\tbell\t8\t0_1:8\n"
    )


def test_a_shot_is_a_line_where_every_shot_is_wanted():
    result = {**BELL, "metadata": {}, "memory": ["00", "11"]}
    assert written("table", result) == "0\tbell\t0\t00\n0\tbell\t1\t11\n"
    rows = list(csv.reader(io.StringIO(written("csv", result, memory=True))))
    assert rows == [
        ["index", "name", "shot", "outcome"],
        ["0", "bell", "0", "00"],
        ["0", "bell", "1", "11"],
    ]


def test_metadata_that_is_called_as_a_column_of_csv_can_be_told_apart():
    result = {**BELL, "metadata": {"name": "x", "list": [1, "é"], "text": "two\nlines\x07"}}
    head, first, _ = csv.reader(
        io.StringIO(written("csv", result, columns=["name", "list", "text"]))
    )
    assert head == ["index", "name", "outcome", "count", "metadata.name", "list", "text"]
    assert first == ["0", "bell", "00", "6", "x", '[1, "é"]', "two\nlines\N{REPLACEMENT CHARACTER}"]


def test_ndjson_is_a_document_a_line():
    lines = written("ndjson", BELL, BELL).splitlines()
    assert [json.loads(line) for line in lines] == [BELL, BELL]


def test_arrays_are_files_of_an_archive():
    stream = io.BytesIO()
    write_arrays([("0/c", [b"begin", memoryview(b"end")])], stream)
    with zipfile.ZipFile(stream) as archive:
        assert archive.read("0/c.npy") == b"beginend"


@pytest.mark.parametrize("columns", [40, 60, 140])
def test_bars_fit_and_are_as_long_as_their_counts(terminal, columns):
    screen = terminal(columns)
    show_results([{**BELL, "name": "x" * 200}])
    heading, first, second = screen.lines
    assert all(len(line) <= columns for line in screen.lines)
    assert heading.startswith("0  xxx")
    assert first.split()[:2] == ["00", "6"]
    assert 2 * second.count("█") < first.count("█") < 4 * second.count("█")


def test_of_many_outcomes_the_frequent_are_drawn(terminal):
    counts = {f"{n:07b}": n + 1 for n in range(100)}
    screen = terminal(80)
    show_results([{**BELL, "shots": sum(counts.values()), "counts": counts}], most=8)
    assert len(screen.lines) == 10
    assert screen.lines[1].split()[0] == f"{92:07b}"
    assert screen.lines[-1].startswith("  … 92 more outcomes, 84.7% of the shots")


def test_long_outcomes_are_cut(terminal):
    screen = terminal(40)
    show_results([{**BELL, "counts": {"0" * 127: 8}}])
    assert f"  {'0' * 19}…  8 " in screen.lines[1]
