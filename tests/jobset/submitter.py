"""A program that sends one job set to the stub, and does nothing else."""

from __future__ import annotations

from pathlib import Path

from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import follow
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.client import Client
from ibmqbatch.service.endpoint import Account, Endpoint
from tests.support.stub import API_KEY, INSTANCE


class Teller:
    """Prints what a person would be told."""

    def progress(self, stage: str, done: int, total: int) -> None:
        pass

    def note(self, text: str) -> None:
        print(text, flush=True)


def send(url: str, path: Path, pace: int | None, window: float, pending: int | None) -> None:
    endpoint = Endpoint(f"{url}/api/v1", url, API_KEY, INSTANCE)
    account = Account(
        name="stub",
        locate=lambda: endpoint,
        default_backend=None,
        pace_limit=pace,
        max_pending=pending,
        poll_first=0.05,
        poll_longest=0.1,
        settle_delay=2.0,
        settle_gap=1.0,
        pace_window=window,
    )
    clock = Clock()
    with Manifest.open(path) as manifest, Client(account, clock) as client:
        work = Work(manifest, client, clock, Teller(), sole_sender=True)
        follow(work, Snapshot.is_sent, fetching=False)


def main(url: str, path: str, pace: str, window: str, pending: str) -> None:
    """Send a set, as the words of a process tell."""
    send(url, Path(path), int(pace) or None, float(window), int(pending) or None)
