"""A record is all that is said of a table: it is created, written, read and compared by that."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ibmqbatch.clock import Instant
from ibmqbatch.manifest.columns import Table, column
from ibmqbatch.manifest.records import SETS, DraftSet, SetRecord


@dataclass(frozen=True, kw_only=True)
class Everything:
    id: str = column(sql="PRIMARY KEY", shown=True)
    number: int | None = column(check="BETWEEN 1 AND 3", default=None)
    real: float = 0.5
    switch: bool = column(name="switched", default=False)
    instant: Instant | None = None
    names: tuple[str, ...] = column(compared=False, shown=True)
    parts: Mapping[str, object] = column(default_factory=dict)
    later: int = column(version=2, default=7)
    elsewhere: str = column(table="o", default="")


TABLE = Table("things", Everything, alias="t")
LAST = "SELECT {} FROM things t, (SELECT 'there' AS elsewhere) o"


@pytest.fixture
def connection():
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE things ({TABLE.definitions()}) STRICT")
        yield connection
    connection.close()


def test_record_comes_back_as_it_was_written(connection):
    connection.executescript(TABLE.additions(2))
    thing = Everything(
        id="x",
        number=2,
        real=1.5,
        switch=True,
        instant=Instant(1.0, 2.0, "boot"),
        names=("a", "é"),
        parts={"a": [None, {"b": 1}]},
        later=8,
        elsewhere="there",
    )
    connection.execute(*TABLE.insertion(thing))
    assert TABLE.read(connection.execute(LAST.format(TABLE.selected)).fetchone()) == thing


def test_what_is_added_later_has_its_default_in_rows_that_are_there(connection):
    connection.execute("INSERT INTO things (id, names) VALUES ('x', '[]')")
    connection.executescript(TABLE.additions(2))
    assert TABLE.additions(3) == ""
    found = TABLE.read(connection.execute(LAST.format(TABLE.selected)).fetchone())
    assert found == Everything(id="x", names=(), elsewhere="there")


@pytest.mark.parametrize("change", ["switched = 2", "number = 4", "names = NULL", "real = 'x'"])
def test_table_takes_only_what_the_record_can_hold(connection, change):
    connection.execute("INSERT INTO things (id, names) VALUES ('x', '[]')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"UPDATE things SET {change}")


@pytest.mark.parametrize("text", ["[", "5"])
def test_row_that_is_garbled_is_no_record(connection, text):
    connection.executescript(TABLE.additions(2))
    connection.execute(f"INSERT INTO things (id, names) VALUES ('x', '{text}')")
    with pytest.raises((ValueError, TypeError)):
        TABLE.read(connection.execute(LAST.format(TABLE.selected)).fetchone())


def test_what_is_compared_and_shown_is_said_in_the_record():
    assert TABLE.compared == "id, number, real, switched, instant, parts, later"
    assert dict(TABLE.shown(Everything(id="x", names=("a",)))) == {"id": "x", "names": ["a"]}


def test_what_a_planner_says_of_a_set_is_in_its_record():
    assert issubclass(SetRecord, DraftSet)
    assert {"host", "copied_at", "generation"}.isdisjoint(SETS.compared.split(", "))
