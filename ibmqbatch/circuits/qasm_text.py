"""OpenQASM as text: comments, programs in one file, versions, includes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from pathlib import Path

from .errors import BadInput
from .sources import read_text

__all__ = [
    "check_sizes",
    "included",
    "includes_others",
    "masked",
    "read_included",
    "read_includes",
    "split_programs",
    "text_of",
    "version",
]

_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
_SIZE = re.compile(r"\[\s*(\d{6,})\s*\]|\$(\d{6,})")  # of a register, or a bit's number
_SIZE_IN_2 = re.compile(r"reg\b[^;\[]*\[\s*(\d{6,})")  # of a register in OpenQASM 2
_VISIBLE = re.compile(r"[^\n]")
_PROGRAM = re.compile(r"^[ \t]*OPENQASM\b", re.MULTILINE)
_VERSION = re.compile(r"\s*OPENQASM\s+(\d+)")
_INCLUDE = re.compile(r"\binclude\s*([\"'])([^\"'\n]*)\1")
_THREE = re.compile(r"^[ \t]*(?:qubit|bit|input)\b", re.MULTILINE)
_BUILT_IN = "qelib1.inc"
_STANDARD = frozenset({_BUILT_IN, "stdgates.inc"})


def text_of(name: object) -> str:
    """Write a file's name, which on disk may be any bytes, as a text that can be stored."""
    return str(name).encode(errors="backslashreplace").decode()


def masked(text: str, *, strings: bool = True) -> str:
    """Return the text with its comments blanked, and its strings; lines and columns stay."""

    def blank(match: re.Match[str]) -> str:
        if match[0][0] in "\"'" and not strings:
            return match[0]
        return _VISIBLE.sub(" ", match[0])

    return _COMMENT.sub(blank, text)


def split_programs(text: str) -> list[tuple[str, int]]:
    """Split a file at its OPENQASM lines; each program with the number of lines before it."""
    if text.count("OPENQASM") < 2:
        return [(text, 0)]
    starts = [match.start() for match in _PROGRAM.finditer(masked(text))]
    # What stands before the first line, comments as a rule, goes with it.
    edges = [0, *starts[1:], len(text)]
    return [
        (text[first:last], text.count("\n", 0, first)) for first, last in itertools.pairwise(edges)
    ]


def version(text: str) -> int | None:
    """Return the major version that a program declares; None where it declares none.

    Without a declaration only OpenQASM 3 is recognised, by its words.
    """
    found = _VERSION.match(text) or _VERSION.match(masked(text))
    if found is not None:
        return int(found[1])
    return 3 if "stdgates.inc" in text or _THREE.search(masked(text)) else None


def check_sizes(text: str, where: str, *, of_openqasm2: bool = False) -> None:
    """Raise BadInput for registers of more bits than any computer has: they would be made."""
    found = (_SIZE_IN_2 if of_openqasm2 else _SIZE).search(text)
    if found is not None:
        size = next(filter(None, found.groups()))
        raise BadInput(
            "too_many_qubits",
            f"{where} speaks of {size[:20]} bits at once.",
            "Is there a digit too many?",
        )


def read_includes(text: str, folder: Path, where: str) -> list[str]:
    """Return the files that OpenQASM 2 includes, and those that these include, as texts.

    The standard one is not among them. Raises BadInput for one outside of `folder`, or that
    includes itself.
    """
    if text.count("include") == 1 and 'include "qelib1.inc"' in text:
        return []
    checked: dict[Path, str] = {}

    def check(program: str, within: str, above: tuple[Path, ...]) -> None:
        for found in _INCLUDE.finditer(masked(program, strings=False)):
            if found[2] == _BUILT_IN:
                continue
            file = included(found[2], folder, within, above)
            if file not in checked:
                inner = read_included(file, within)
                check(inner, text_of(file), (*above, file))
                checked[file] = inner

    check(text, where, ())
    return list(checked.values())


def includes_others(text: str) -> bool:
    """Return whether a program includes any but the standard files."""
    found = _INCLUDE.finditer(masked(text, strings=False))
    return any(name[2] not in _STANDARD for name in found)


def included(name: str, folder: Path, where: str, above: Collection[Path]) -> Path:
    """Return the file that an include names; raises BadInput.

    It must be inside `folder`, and none of those `above`, which include it.
    """
    try:
        base = folder.resolve()
        file = (folder / name).resolve()
        inside = file.is_relative_to(base)
    except (OSError, ValueError):  # a loop of links, or a name that no file can have
        inside = False
    if not inside:
        raise BadInput(
            "bad_include",
            f"{where} includes '{name}', which leads out of its folder.",
            "Put what is included beside the file, or below.",
        )
    if file in above:
        raise BadInput(
            "bad_include",
            f"{where} includes '{name}', which in turn includes it.",
            "Take one of the includes out.",
        )
    return file


def read_included(file: Path, where: str) -> str:
    """Return the text of an included file; raises BadInput."""
    try:
        return read_text(file)
    except OSError as error:
        raise BadInput(
            "bad_include",
            f"{where} includes {file.name}, which cannot be read: {error.strerror or error}.",
            "Put it beside the file.",
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            "bad_include", f"{where} includes {file.name}, which is no text.", "Name another."
        ) from error
