"""What a file is: told by its first bytes, and of a text by what it says.

For those files that somebody names where another kind is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from .errors import Argument, Words

__all__ = ["LOOKED_AT", "OPENQASM", "QPY", "SQLITE", "Kind", "kind_of"]

LOOKED_AT = 65_536  # bytes that are enough to tell


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is, as it goes behind the word `is`, and what to do to get circuits out of it."""

    what: str
    advice: str = "Name a file of OpenQASM or QPY."


OPENQASM = Kind("OpenQASM")
QPY = Kind("QPY")
SQLITE = Kind("an SQLite database", "If it is an exported job set, `ibmqbatch import` takes it.")

_UNPACK = "Unpack it first."
_EXPORT = "Have it write its circuits with qiskit.qpy.dump or qiskit.qasm3.dump, and submit these."
_TABLE = Words(
    "Tables of circuits are given with {}, and values of parameters with {}.",
    Argument("from"),
    Argument("parameters"),
)
# By what a file begins with.
_BEGINNINGS: dict[bytes, Kind] = {
    b"QISKIT": QPY,
    b"\x1f\x8b": Kind("compressed by gzip", _UNPACK),
    b"BZh": Kind("compressed by bzip2", _UNPACK),
    b"\xfd7zXZ\0": Kind("compressed by xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": Kind("compressed by zstd", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7z archive", _UNPACK),
    b"PK\x03\x04": Kind("a ZIP archive", _UNPACK),
    b"\x89PNG": Kind("a PNG image"),
    b"\xff\xd8\xff": Kind("a JPEG image"),
    b"GIF8": Kind("a GIF image"),
    b"II*\0": Kind("a TIFF image"),
    b"MM\0*": Kind("a TIFF image"),
    b"%PDF": Kind("a PDF document"),
    b"\x7fELF": Kind("a program in machine code"),
    b"SQLite format 3\0": SQLITE,
    b"\x93NUMPY": Kind("a NumPy array"),
    b"\x89HDF": Kind("an HDF5 file"),
    **{
        bytes([0x80, version]): Kind("a pickle of Python", "Load it in Python. " + _EXPORT)
        for version in range(2, 6)
    },
    b"\xff\xfe": Kind("text in UTF-16", "Save it in UTF-8."),
    b"\xfe\xff": Kind("text in UTF-16", "Save it in UTF-8."),
}
_TAR, _TAR_AT = b"ustar", 257
# What a ZIP archive is by the end of its name.
_ZIPPED = {
    ".xlsx": Kind("an Excel workbook", Words("Save it as CSV. {}", _TABLE)),
    ".npz": Kind("a file of NumPy arrays"),
    ".docx": Kind("a Word document"),
}
# What a text is by the end of its name, where it does not say so itself.
_TEXTS = {
    ".py": Kind("a Python program", _EXPORT),
    ".csv": Kind("a CSV table", _TABLE),
    ".toml": Kind("TOML", _TABLE),
    ".json": Kind("JSON"),
}
_DECLARED = re.compile(r"(?>\s+|//[^\n]*|/\*.*?\*/)*+OPENQASM\b", re.DOTALL)
_MARKED = re.compile(r"\s*<(\?xml|!doctype|html|svg)\b", re.IGNORECASE)
_PAGE = Kind("a web page", "Was it downloaded from a page that shows it, or that asks to log in?")
_MARKUP = {"?xml": Kind("XML"), "!doctype": _PAGE, "html": _PAGE}
_PYTHON = re.compile(r"^(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+\w)", re.MULTILINE)


def kind_of(data: bytes, name: str = "") -> Kind | None:
    """Return what a file is by what it holds, and its name; None where that is not known."""
    head = data[:LOOKED_AT]
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning):
            return _ZIPPED.get(_suffix(name), kind) if beginning == b"PK\x03\x04" else kind
    if head[_TAR_AT:].startswith(_TAR):
        return Kind("a tar archive", _UNPACK)
    text = head.decode("utf-8-sig", errors="replace")
    return None if "\0" in text else _kind_of_text(text, name)


def _kind_of_text(text: str, name: str) -> Kind | None:
    if _DECLARED.match(text):
        return OPENQASM
    first = text.lstrip()[:1]
    if first and first in "{[" and _suffix(name) != ".toml":
        is_notebook = '"nbformat"' in text or _suffix(name) == ".ipynb"
        return Kind("a Jupyter notebook", _EXPORT) if is_notebook else Kind("JSON")
    if marked := _MARKED.match(text):
        return Kind("an SVG image") if "<svg" in text else _MARKUP[marked[1].lower()]
    if _PYTHON.search(text):
        return _TEXTS[".py"]
    return _TEXTS.get(_suffix(name))


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
