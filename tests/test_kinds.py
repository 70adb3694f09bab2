"""What a file is that somebody names where another kind is wanted."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import pytest

from ibmqbatch.kinds import OPENQASM, QPY, SQLITE, kind_of
from tests.support.circuits import BELL


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("bell.qasm"))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bell.qasm", BELL)
    return buffer.getvalue()


def _sqlite() -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (x)")
        return connection.serialize()


FILES = [
    (gzip.compress(BELL.encode(), mtime=0), "bell.qasm.gz", "compressed by gzip"),
    (bz2.compress(b"x"), "x", "compressed by bzip2"),
    (lzma.compress(b"x"), "x", "compressed by xz"),
    (_tar(), "x.tar", "a tar archive"),
    (_zip(), "x.zip", "a ZIP archive"),
    (_zip(), "x.xlsx", "an Excel workbook"),
    (_zip(), "x.npz", "a file of NumPy arrays"),
    (_sqlite(), "x.sqlite", SQLITE.what),
    (pickle.dumps([1]), "x.pickle", "a pickle of Python"),
    (b"\x89PNG\r\n\x1a\n", "x.png", "a PNG image"),
    (b"\xff\xd8\xff\xe0", "x", "a JPEG image"),
    (b"%PDF-1.7", "x", "a PDF document"),
    (BELL.encode("utf-16"), "bell.qasm", "text in UTF-16"),
    (b"from qiskit import qpy\n", "bell", "a Python program"),
    (b'"""Make circuits."""\n\nimport numpy\n', "x", "a Python program"),
    (b"x = 1\n", "x.py", "a Python program"),
    (json.dumps({"cells": [], "nbformat": 4}).encode(), "x", "a Jupyter notebook"),
    (b'{"theta": [1]}', "x.json", "JSON"),
    (b"<!DOCTYPE html>\n<html>", "bell.qasm", "a web page"),
    (b'<?xml version="1.0"?><svg/>', "x.svg", "an SVG image"),
    (b"path,name\n", "x.csv", "a CSV table"),
    (b"[[circuit]]\n", "x.toml", "TOML"),
]


@pytest.mark.parametrize(
    ("data", "name", "what"), FILES, ids=[f"{name}, {what}" for _, name, what in FILES]
)
def test_a_file_is_told_by_what_it_holds(data, name, what):
    kind = kind_of(data, name)
    assert kind is not None
    assert kind.what == what
    assert kind.advice.endswith((".", "?"))


@pytest.mark.parametrize("head", ["", "// by hand\n", "/* import x */\n\ufeff"[:-1], "\n\n"])
def test_openqasm_is_told_by_its_first_statement(head):
    assert kind_of(f"{head}{BELL}".encode(), "x.py") is OPENQASM


def test_qpy_is_told_by_its_first_bytes():
    assert kind_of(b"QISKIT\x0d") is QPY


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"qreg q[1];", b"qubit q;\n", b"words"])
def test_what_is_not_known_stays_so(data):
    assert kind_of(data, "x.qasm") is None


def test_comments_without_an_end_are_looked_at_once():
    assert kind_of(b"//a" * 20_000 + b"\n/* */" * 10_000, "x") is None
