"""Results as bars, as lines, as csv and as arrays."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from ibmqbatch.render.results import COUNTS, SHOTS, show_results, write_arrays, write_results

BELL = {
    "index": 0,
    "name": "bell",
    "shots": 8,
    "counts": {"00": 6, "11": 2},
    "metadata": {"angle": 0.123456789},
}


def written(form, *results, layout=COUNTS, **options) -> str:
    stream = io.StringIO()
    write_results(results, form, stream, layout, **options)
    return stream.getvalue()


def test_plain_lines_have_counts_and_metadata():
    two = {**BELL, "index": 1, "counts": {"0 1": 8}, "metadata": {}}
    assert written("table", BELL, two) == (
        "0\tbell\t8\t00:6 11:2\tangle=0.123456789\n1\tbell\t8\t0_1:8\n"
    )


def test_a_shot_is_a_line_where_every_shot_is_wanted():
    result = {**BELL, "metadata": {}, "memory": ["00", "11"]}
    assert written("table", result, layout=SHOTS) == "0\tbell\t0\t00\n0\tbell\t1\t11\n"
    rows = list(csv.reader(io.StringIO(written("csv", result, layout=SHOTS))))
    assert rows == [
        ["index", "name", "shot", "outcome"],
        ["0", "bell", "0", "00"],
        ["0", "bell", "1", "11"],
    ]


def test_metadata_that_is_called_as_a_column_of_csv_can_be_told_apart():
    result = {**BELL, "metadata": {"name": "x", "list": [1, "é"], "text": "two\nlines\x07"}}
    head, first, _ = csv.reader(
        io.StringIO(written("csv", result, metadata=["name", "list", "text"]))
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


def test_single_outcome_that_is_long_keeps_its_ends(terminal):
    screen = terminal(40)
    show_results([{**BELL, "counts": {"1" + "0" * 125 + "1": 8}}])
    assert screen.lines[1].split()[:2] == [f"1{'0' * 11}…{'0' * 11}1", "8"]


@pytest.mark.parametrize("columns", [60, 80, 110, 200])
def test_outcomes_that_differ_far_behind_can_be_told_apart(terminal, columns):
    counts = {f"{'0' * 97}{n:03b}": n + 1 for n in range(4)}
    screen = terminal(columns)
    show_results([{**BELL, "shots": 10, "counts": counts}])
    drawn = [line.split()[0] for line in screen.lines[1:]]
    assert [text[-3:] for text in drawn] == ["000", "001", "010", "011"]
    assert all("█" in line and len(line) <= columns for line in screen.lines[1:])


def test_sweep_ends_with_a_curve_of_each_outcome(terminal):
    screen = terminal(60)
    runs = [
        {**BELL, "index": n, "name": f"turn@{n}", "counts": {"0": 8 - n, **({"1": n} if n else {})}}
        for n in range(8)
    ]
    show_results([*runs, BELL])
    at = screen.lines.index("turn, 8 runs")
    assert screen.lines[at + 1] == "  0  █▇▆▅▄▃▂▁  0.125 to 1"
    assert screen.lines[at + 2] == "  1  ▁▂▃▄▅▆▇█  0 to 0.875"
