"""Finding the files that hold circuits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import Problem

__all__ = ["SUFFIXES", "find_files", "natural_key"]

SUFFIXES = frozenset({".qasm"})


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that puts c2 before c10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", name)
        if part
    ]


def find_files(paths: Iterable[Path], problems: list[Problem]) -> list[Path]:
    """Return the files that `paths` name: files as they are, folders' circuits in natural order.

    What cannot be used is appended to `problems`.
    """
    files: list[Path] = []
    for path in paths:
        if not _is_folder(path):
            files.append(path)
            continue
        try:
            inside = [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.is_dir()]
        except OSError as error:
            problems.append(
                Problem(
                    "unreadable",
                    f"The folder {path} cannot be read: {error.strerror or error}.",
                    "Check its permissions.",
                )
            )
            continue
        if not inside:
            problems.append(
                Problem(
                    "no_circuits",
                    f"The folder {path} holds no circuits.",
                    f"Files with the suffix {', '.join(sorted(SUFFIXES))} are read, "
                    "not those in folders below.",
                )
            )
        files += sorted(inside, key=lambda p: (natural_key(p.name), p.name))
    return files


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # whoever reads it as a file is told why it cannot be read
        return False
