"""A word when a set is done: who wants one, and how it reaches them.

Who is to be told of a set stands in a private file of the data folder, never in the set's own file,
which is copied and exported: addresses hold secrets. That somebody was told of an event is recorded
in the set's history. A notice goes out after its event was committed and before it is recorded as
sent: a process that dies between leaves it to the next one, and the event's id tells a repeat.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shlex
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from .. import paths
from ..errors import MissingPackage, UsageError
from ..files import FileLock, replacing
from ..render.console import message
from ..render.output import envelope
from ..render.text import clean, counts_text, json_text

if TYPE_CHECKING:
    from ..exitcodes import ExitCode
    from ..jobset.job_set import JobSet
    from ..manifest.manifest import Manifest
    from ..manifest.records import EventRecord

__all__ = ["Notify", "OnDone", "Wanted", "deliver", "wanted_notices"]

Notify = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--notify",
        metavar="URL",
        help="Tell this address of Apprise's when the set is done (repeatable).",
    ),
]
OnDone = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--on-done",
        metavar="COMMAND",
        help="Run this when the set is done, with a JSON document on its standard input.",
    ),
]

_SETTING = "IBMQBATCH_NOTIFY"
_CLOSED, _NOTIFIED = "closed", "notified"
_PATIENCE = 300  # seconds that a command may take
_DOCUMENTS = ("json://", "jsons://")  # schemes whose receiver reads the document itself


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be told: addresses and a command, which the set's own file never holds."""

    urls: tuple[str, ...] = ()
    command: str | None = None

    def __bool__(self) -> bool:
        return bool(self.urls or self.command)

    def register(self, job_set: JobSet) -> None:
        """Remember them for a set: they are told when it is closed the next time."""
        if not self:
            return
        paths.ensure_folder(paths.notices())
        with _held(job_set.id), job_set.open() as manifest:
            known = _read(job_set.id)
            after = manifest.last_event()
            for kind, text in _targets(self):
                known.setdefault(f"{kind} {text}", after)
            _write(job_set.id, known)


def wanted_notices(urls: Sequence[str] | None, command: str | None) -> Wanted:
    """Return who is to be told, by the options or else by the setting.

    Raises UsageError for an address or a command that cannot be, and MissingPackage without
    Apprise.
    """
    chosen = tuple(urls) if urls else tuple(os.environ.get(_SETTING, "").split())
    for url in chosen:
        if _receiver(url) is None:
            raise UsageError(
                f"The address {_scheme(url)}… is none that Apprise can notify.",
                "Its documentation lists them: mailto://, slack:// and jsons:// are some.",
            )
    if command is not None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"The command cannot be read: {error}.", "Mend its quotes.") from error
        if not words:
            raise UsageError("The command is empty.", "Name a program, or leave it out.")
    return Wanted(chosen, command)


def deliver(job_set: JobSet, exit_code: ExitCode) -> None:
    """Tell all who want to know that a set is closed, if it is; what fails is tried again later.

    Several processes take turns: what one has sent the others do not send again.
    """
    with contextlib.suppress(OSError), _held(job_set.id), job_set.open() as manifest:
        for target, event in _due(manifest, _read(job_set.id)):
            kind, _, text = target.partition(" ")
            document = _document(job_set, event, exit_code)
            problem = _run(text, document) if kind == "command" else _send(text, document)
            if problem:
                message(f"Warning: {problem}; `collect` tries again.")
                continue
            with manifest.transaction() as change:
                change.log(_NOTIFIED, f"{event.seq} {_digest(target)}")


def _due(manifest: Manifest, known: dict[str, int]) -> list[tuple[str, EventRecord]]:
    """Return who has not been told yet of the event that closed the set, which is closed now."""
    if manifest.job_set().closed_at is None:
        return []
    events = manifest.events()
    closed = next((event for event in reversed(events) if event.kind == _CLOSED), None)
    if closed is None:
        return []
    told = {event.detail for event in events if event.kind == _NOTIFIED}
    return [
        (target, closed)
        for target, after in known.items()
        if closed.seq > after and f"{closed.seq} {_digest(target)}" not in told
    ]


def _document(job_set: JobSet, event: EventRecord, exit_code: ExitCode) -> dict[str, Any]:
    from ..jobset.documents import event_data

    data = {
        "notice": f"{job_set.id}-{event.seq}",
        "events": [event_data(event)],
        "job_set": job_set.describe(with_jobs=False),
    }
    return envelope("notice", exit_code, data, [])


def _send(url: str, document: dict[str, Any]) -> str:
    """Notify an address; return what went wrong, without its secrets."""
    item = document["data"]["job_set"]
    name = clean(item["name"])
    text = f"{item['id']}: {counts_text(item['counts'])}. (Notice {document['data']['notice']})"
    body = json_text(document) if url.startswith(_DOCUMENTS) else text
    try:
        sent = _receiver(url).notify(title=f"Job set {name} is {item['state']}", body=body)
    except Exception as error:  # noqa: BLE001 - a plugin for any service; the set must not fail by it
        return f"the notification to {_scheme(url)}… failed ({type(error).__name__})"
    return "" if sent else f"the notification to {_scheme(url)}… was not sent"


def _run(command: str, document: dict[str, Any]) -> str:
    """Run a command, without a shell; return what went wrong. What it prints goes to stderr."""
    words = shlex.split(command)
    try:
        ended = subprocess.run(
            words,
            input=json_text(document).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        return f"{words[0]} cannot be run: {error.strerror or error}"
    except subprocess.TimeoutExpired:
        return f"{words[0]} has not ended after {_PATIENCE} s"
    for line in ended.stdout.decode(errors="replace").splitlines():
        message(line)
    return "" if ended.returncode == 0 else f"{words[0]} ended with code {ended.returncode}"


def _receiver(url: str) -> Any:
    """Return what notifies an address; None where Apprise knows no such one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Apprise itself imports
            import apprise

            logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it names addresses
            receiver = apprise.Apprise()
            return receiver if receiver.add(url) else None
    except ImportError as error:
        raise MissingPackage(
            "Notifications need Apprise, which is not installed.",
            "pip install 'ibmqbatch[notify]'",
        ) from error


def _scheme(url: str) -> str:
    scheme, mark, _ = url.partition("://")
    return f"{clean(scheme)}://" if mark else ""


def _targets(wanted: Wanted) -> Iterator[tuple[str, str]]:
    for url in wanted.urls:
        yield "url", url
    if wanted.command is not None:
        yield "command", wanted.command


def _digest(target: str) -> str:
    """Return what stands for a target in a set's history, which is no place for secrets."""
    return hashlib.sha256(target.encode()).hexdigest()[:16]


def _file(job_set: str) -> Path:
    return paths.notices() / f"{job_set}.json"


def _held(job_set: str) -> FileLock:
    return FileLock(paths.notices() / f"{job_set}.lock")


def _read(job_set: str) -> dict[str, int]:
    """Return who is to be told, each with the event after which that is."""
    try:
        found = json.loads(_file(job_set).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(job_set: str, known: dict[str, int]) -> None:
    with replacing(_file(job_set)) as file:
        file.write(json.dumps(known).encode())
