"""What a set's manifest says, read row by row: to be held against what the service says."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Books"]

_ENDED_BADLY = {"Failed", "Cancelled", "Deleted"}


class Books:
    """The rows of a manifest at `path` which nobody writes at present.

    `nonces` are those of all attempts; `lost` the jobs whose results are lost, with their ids;
    `events` counts what happened, by its kind.
    """

    def __init__(self, path: Path) -> None:
        # Not for reading alone: a writer that was killed may have left a journal to roll back.
        connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30)
        try:
            self.nonces = {row[0] for row in connection.execute("SELECT nonce FROM attempts")}
            self.events = Counter(row[0] for row in connection.execute("SELECT kind FROM events"))
            self._counts: dict[int, str | None] = dict(
                connection.execute("SELECT idx, remote_id FROM jobs")
            )
            self._remotes = connection.execute(
                "SELECT job, id, status, surplus, result FROM remotes"
            ).fetchall()
        finally:
            connection.close()
        self.lost = {row[0]: row[1] for row in self._remotes if row[4] == "lost"}

    def faults(self, kept: Mapping[int, str], total: int, *, cancelled: bool) -> list[str]:
        """Return what is wrong with the jobs of a set of `total` that should have ended.

        Each must stand once, as done; `kept` are ids that must be the ones which count, by index.
        `cancelled`: it may also have been.
        """
        faults = []
        if sorted(self._counts) != list(range(total)):
            faults.append(f"the manifest has the jobs {sorted(self._counts)}")
        for index, counts in self._counts.items():
            mine = [row[1:4] for row in self._remotes if row[0] == index]
            good = [row for row in mine if row[1] not in _ENDED_BADLY]
            if cancelled and not good and [row[1] for row in mine] == ["Cancelled"]:
                good = mine
            elif [row[1] for row in good] != ["Completed"]:
                faults.append(f"job {index} stands in the manifest as {mine}")
            if [row[0] for row in good if not row[2]] != [counts]:
                faults.append(f"job {index} stands in the manifest as {mine}, {counts} counts")
            if counts != kept.get(index, counts):
                faults.append(f"job {index} is {kept[index]}, and {counts} in the manifest")
        return faults
