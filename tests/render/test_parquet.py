"""Results as Parquet files, read by the libraries that people read them with."""

from __future__ import annotations

import io
import os
import threading

import pytest

from ibmqbatch.errors import MissingPackage
from ibmqbatch.render import parquet
from ibmqbatch.render.parquet import kinds_of, write_parquet
from ibmqbatch.render.results import COUNTS, VALUES

arrow = pytest.importorskip("pyarrow")
reader = pytest.importorskip("pyarrow.parquet")

METADATA = [
    {"z": 1, "a": 0.5, "text": "x", "flag": True, "list": [1, "é"], "mixed": 1, "big": 2**70},
    {"z": 2, "a": 1, "text": "", "flag": False, "list": [], "mixed": "1", "none": None},
]


def results():
    for index, metadata in enumerate(METADATA):
        yield {
            "index": index,
            "name": f"c{index}",
            "shots": 8,
            "counts": {"00000": 5, "00011": 3},
            "metadata": metadata,
        }


def written(records, layout=COUNTS, metadata=METADATA):
    stream = io.BytesIO()
    write_parquet(records, stream, layout, kinds_of(metadata))
    stream.seek(0)
    return reader.ParquetFile(stream)


def test_metadata_are_columns_of_their_own_kinds_in_the_order_of_the_source():
    kinds = {field.name: str(field.type) for field in written(results()).schema_arrow}
    assert list(kinds.items()) == [
        ("index", "int64"),
        ("name", "string"),
        ("outcome", "string"),
        ("count", "int64"),
        ("z", "int64"),
        ("a", "double"),
        ("text", "string"),
        ("flag", "bool"),
        ("list", "string"),
        ("mixed", "string"),
        ("big", "string"),
        ("none", "string"),
    ]


def test_rows_are_those_of_the_counts():
    rows = written(results()).read().to_pylist()
    assert [(row["index"], row["outcome"], row["count"]) for row in rows] == [
        (0, "00000", 5),
        (0, "00011", 3),
        (1, "00000", 5),
        (1, "00011", 3),
    ]
    assert (rows[0]["list"], rows[0]["mixed"], rows[3]["mixed"]) == ('[1, "é"]', "1", '"1"')
    assert (rows[0]["none"], rows[3]["big"], rows[0]["big"]) == (None, None, str(2**70))


def test_missing_value_is_null():
    value = {
        "index": 0,
        "name": "a",
        "observable": "zz",
        "value": None,
        "standard_error": None,
        "shots": 0,
        "metadata": {},
    }
    (row,) = written([value], VALUES, []).read().to_pylist()
    assert row["value"] is None


def test_rows_are_written_group_by_group(monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP", 3)
    assert written(results()).num_row_groups == 2


def test_file_is_written_to_a_pipe():
    read, write = os.pipe()
    found = []

    def drain():
        with os.fdopen(read, "rb") as file:
            found.append(file.read())

    thread = threading.Thread(target=drain)
    thread.start()
    with os.fdopen(write, "wb") as file:
        write_parquet(results(), file, COUNTS, kinds_of(METADATA))
    thread.join()
    assert reader.read_table(io.BytesIO(found[0])).num_rows == 4


def test_without_pyarrow_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPackage) as caught:
        parquet.check_parquet()
    assert "ibmqbatch[parquet]" in caught.value.hint
