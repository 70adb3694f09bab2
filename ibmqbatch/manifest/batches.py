"""Batches on the service that were opened for a set. Writes happen inside a transaction."""

from __future__ import annotations

import time

from ..clock import iso
from .store import Manifest

__all__ = ["batch_closed", "batch_opened", "open_batches"]


def open_batches(manifest: Manifest) -> list[str]:
    """Return the ids of batches that may still take jobs, oldest first; no transaction needed."""
    rows = manifest.db.rows("SELECT id FROM batches WHERE closed_at IS NULL ORDER BY opened_at")
    return [row[0] for row in rows]


def batch_opened(manifest: Manifest, batch: str) -> None:
    """Record a new batch."""
    manifest.db.write("INSERT INTO batches VALUES (?, ?, NULL)", (batch, iso(time.time())))
    manifest.log("batch_opened", batch)


def batch_closed(manifest: Manifest, batch: str, why: str) -> None:
    """Record that a batch takes no jobs any more."""
    manifest.db.write("UPDATE batches SET closed_at = ? WHERE id = ?", (iso(time.time()), batch))
    manifest.log("batch_closed", f"{batch}: {why}")
