"""Finding the files that hold circuits, and reading them."""

from __future__ import annotations

import errno
import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Argument, Call, Problem, Words

__all__ = [
    "STDIN",
    "SUFFIXES",
    "Source",
    "decoded",
    "find_sources",
    "natural_key",
    "read_bytes",
    "read_text",
]

SUFFIXES = frozenset({".qasm", ".qasm2", ".qasm3", ".qpy"})
STDIN = Path("-")
_NUMBER = re.compile(r"(\d+)")
_BELOW = Call("submit", arguments=(Argument("recursive", value=True),))
_LISTED_EVERY = 1000  # files between two signs of life
_LARGEST = 500_000_000  # bytes; more than any job takes
_AT_ONCE = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds circuits, and what is wanted of them.

    `path` is `STDIN` for standard input. `name` and `shots` are None, and `metadata` is empty,
    where nobody has said anything.
    """

    path: Path
    name: str | None = None
    shots: int | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that puts c2 before c10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in _NUMBER.split(name)
        if part
    ]


def find_sources(
    paths: Iterable[Path],
    problems: list[Problem],
    *,
    recursive: bool = False,
    listed: Callable[[int], None] = lambda _: None,
) -> list[Source]:
    """Return the files that `paths` name: files as they are, folders' circuits in natural order.

    Of a folder those with a known suffix are taken, with `recursive` also those in folders below
    (links to folders are not followed). A path that is no file and holds `*`, `?` or `[` is taken
    as a pattern. `listed` is called now and then with how many there are so far. What cannot be
    used is appended to `problems`.
    """
    found: list[Path] = []
    for path in paths:
        try:
            found += _files(path, recursive=recursive, listed=listed)
        except OSError as error:
            problems.append(
                Problem(
                    "unreadable",
                    f"The folder {error.filename or path} cannot be read: "
                    f"{error.strerror or error}.",
                    "Check its permissions.",
                    about=str(error.filename or path),
                )
            )
        except _NothingThere as error:
            problems.append(Problem("no_circuits", str(error), error.hint, about=str(path)))
    return [Source(path) for path in found]


class _NothingThere(Exception):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _files(path: Path, *, recursive: bool, listed: Callable[[int], None]) -> list[Path]:
    if path == STDIN:
        return [path]
    if _is_folder(path):
        return _inside(path, recursive=recursive, listed=listed)
    if glob.has_magic(str(path)) and not os.path.lexists(path):
        matches = [Path(match) for match in glob.iglob(str(path), recursive=recursive)]  # noqa: PTH207
        if not matches:
            raise _NothingThere(f"No file matches {path}.", "Is the pattern right?")
        files = [match for match in matches if not match.is_dir()]
        return sorted(files, key=lambda path: [_order(part) for part in path.parts])
    return [path]  # reading it says what is wrong with it


def _inside(folder: Path, *, recursive: bool, listed: Callable[[int], None]) -> list[Path]:
    inside: list[Path] = []
    for path in _walk(folder, recursive=recursive):
        inside.append(path)
        if len(inside) % _LISTED_EVERY == 0:
            listed(len(inside))
    if not inside:
        read = f"Files with the suffixes {', '.join(sorted(SUFFIXES))} are read."
        raise _NothingThere(
            f"The folder {folder} holds no circuits.",
            read if recursive else Words("{} {} reads those in folders below, too.", read, _BELOW),
        )
    return inside


def _walk(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """Yield the circuits in a folder, those of folders below in the places of these."""
    below: set[str] = set()
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if recursive and not entry.is_symlink():
                    below.add(entry.name)
            elif (
                os.path.splitext(entry.name)[1].lower() in SUFFIXES  # noqa: PTH122 - many
                # Reading says that a link is broken; a pipe would keep everybody waiting.
                and (entry.is_file() or entry.is_symlink())
            ):
                names.append(entry.name)
    for name in sorted([*names, *below], key=_order):
        if name in below:
            yield from _walk(folder / name, recursive=recursive)
        else:
            yield folder / name


def _order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return the sort key of a name: what it says counts before its suffix (c before c2)."""
    return natural_key(os.path.splitext(name)[0]), name  # noqa: PTH122 - many


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # reading it as a file says why it cannot be read
        return False


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; raises OSError, also where that is far too much."""
    parts: list[bytes] = []
    size = 0
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # a file object takes twice as long
    try:
        while part := os.read(descriptor, _AT_ONCE):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise OSError(errno.EFBIG, f"it holds more than {_LARGEST // 1_000_000} MB")
    finally:
        os.close(descriptor)
    return b"".join(parts)


def read_text(path: Path) -> str:
    """Return what a text file in UTF-8 holds; raises OSError, and UnicodeDecodeError."""
    return decoded(read_bytes(path))


def decoded(data: bytes) -> str:
    """Return text in UTF-8, whose lines end in one way; raises UnicodeDecodeError."""
    text = data.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
