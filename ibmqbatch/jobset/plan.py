"""Planning: from files to a manifest, before anything is sent."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, LimitError, Problem, UsageError
from ..manifest.draft import Draft, DraftCircuit, DraftJob, DraftSet, new_set_id
from .split import Chunk, Limits, Splitter
from .tags import MAX_NAME, check_name, check_tags
from .wire import pub_size

if TYPE_CHECKING:
    from ..circuits.prepare import ReadyCircuit
    from ..service.accounts import Account
    from ..service.types import Backend

__all__ = ["Plan", "Request", "check_request", "fingerprint", "make_plan"]

_BATCH = 500  # circuits that are held in memory before they are written
_SEED_BITS = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What to submit, and how. `level` None leaves circuits as they are, where that will do."""

    paths: tuple[Path, ...]
    shots: int = 4096
    name: str | None = None
    tags: tuple[str, ...] = ()
    max_circuits: int | None = None
    level: int | None = None
    seed: int | None = None
    measure_all: bool = False
    once_key: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent. `minutes` is the time that the account's pace makes it take."""

    name: str
    total_circuits: int
    shots: int
    chunks: tuple[Chunk, ...] = field(repr=False)
    minutes: float

    @property
    def total_jobs(self) -> int:
        """How many jobs there are."""
        return len(self.chunks)

    @property
    def executions(self) -> int:
        """Shots times circuits, over all jobs."""
        return self.shots * self.total_circuits

    @property
    def bytes(self) -> int:
        """The encoded circuits' size, over all jobs."""
        return sum(chunk.bytes for chunk in self.chunks)


def check_request(request: Request) -> Request:
    """Return the request with its name and tags in order; raises UsageError before any work."""
    if not request.paths:
        raise UsageError("No circuits are named.", "Name OpenQASM files or folders of them.")
    if request.shots < 1:
        raise UsageError(f"{request.shots} shots cannot be run.", "Ask for 1 or more.")
    if request.max_circuits is not None and request.max_circuits < 1:
        raise UsageError(
            f"--max-circuits {request.max_circuits} leaves no room for a circuit.",
            "Give 1 or more, or leave it out.",
        )
    if request.level is not None and request.level not in range(4):
        raise UsageError(f"There is no optimization level {request.level}.", "Use 0, 1, 2 or 3.")
    if request.seed is not None and not 0 <= request.seed < 2**63:
        raise UsageError(f"The seed {request.seed} cannot be used.", "Give 0 to 2**63 - 1.")
    if request.once_key is not None and not request.once_key.strip():
        raise UsageError("The key given with --once is empty.", "Is a variable not set?")
    name = request.name
    if name is None:
        # The first path's own name, cut to fit and without what a name may not hold.
        name = request.paths[0].resolve().stem
        name = "".join(c if c.isprintable() else "_" for c in name)[:MAX_NAME].strip() or "circuits"
    from dataclasses import replace

    return replace(request, name=check_name(name), tags=check_tags(request.tags))


def fingerprint(request: Request) -> str:
    """Return what tells two requests apart: the bytes of their files, and how to run them."""
    from ..circuits.sources import find_files

    how = (request.shots, request.level, request.seed, request.measure_all, request.max_circuits)
    digest = hashlib.sha256(repr(how).encode())
    for path in find_files(request.paths, []):
        with contextlib.suppress(OSError):  # planning says what is wrong with it
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def make_plan(
    request: Request,
    account: Account,
    backend: Backend,
    instance: str,
    progress: Callable[[int, int], None],
    *,
    dry_run: bool = False,
    set_id: str | None = None,
) -> tuple[Plan, Path | None]:
    """Read the circuits, split them into jobs, and write the manifest unless `dry_run`.

    The request has passed `check_request`. Circuits go to disk as they are read: memory does not
    grow with the set. Raises InputError with all that is wrong with the input, or LimitError.
    """
    assert request.name is not None
    if backend.max_shots is not None and request.shots > backend.max_shots:
        raise LimitError(
            f"{request.shots} shots are more than {backend.name} takes ({backend.max_shots}).",
            f"Ask for {backend.max_shots} or fewer.",
        )
    seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
    splitter = Splitter(Limits(circuits=_most_circuits(request, backend)), request.shots)
    chunks: list[Chunk] = []
    total = 0
    with contextlib.ExitStack() as stack:
        draft = None if dry_run else stack.enter_context(Draft(set_id or new_set_id()))
        batch: list[DraftCircuit] = []
        for circuit in _ready_circuits(request, backend, seed, progress):
            total += 1
            chunks += splitter.add(pub_size(circuit.body))
            if draft is not None:
                batch.append(_draft_circuit(circuit))
                if len(batch) == _BATCH:
                    draft.add_circuits(batch)
                    batch.clear()
        chunks += splitter.finish()
        if not total:
            raise InputError(
                [Problem("no_circuits", "There are no circuits to submit.", "Name other files.")]
            )
        plan = Plan(request.name, total, request.shots, tuple(chunks), _minutes(chunks, account))
        if draft is None:
            return plan, None
        draft.add_circuits(batch)
        path = draft.commit(
            DraftSet(
                account=account.name,
                instance=instance,
                backend=backend.name,
                calibrated_at=None,
                once_key=request.once_key,
                shots=request.shots,
                seed=seed,
                options=_options(backend, seed),
                name=request.name,
                tags=request.tags,
            ),
            [DraftJob(chunk.first, chunk.last, 0, request.shots) for chunk in chunks],
        )
        return plan, path


def _ready_circuits(
    request: Request, backend: Backend, seed: int, progress: Callable[[int, int], None]
) -> Iterator[ReadyCircuit]:
    # Brings in Qiskit, which takes a second.
    from ..circuits.prepare import Device, Preparation, prepare

    level = request.level
    if level is None and not backend.simulator:
        level = 1
    device = Device(backend.name, backend.num_qubits, backend.basis_gates, backend.coupling_map)
    return prepare(request.paths, device, Preparation(level, seed, request.measure_all), progress)


def _draft_circuit(circuit: ReadyCircuit) -> DraftCircuit:
    return DraftCircuit(
        name=circuit.name,
        metadata=circuit.metadata,
        source=circuit.source,
        position=circuit.position,
        sha256=circuit.sha256,
        body=circuit.body,
    )


def _most_circuits(request: Request, backend: Backend) -> int | None:
    limits = [n for n in (request.max_circuits, backend.max_circuits) if n is not None]
    return min(limits, default=None)


def _options(backend: Backend, seed: int) -> dict[str, object]:
    """Return the sampler options of the set. A simulator's seed is a base: see `wire.job_body`."""
    if not backend.simulator:
        return {}
    # Spread, so that seeds 1 and 2 do not give two sets the same streams one circuit apart.
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    return {"simulator": {"seed_simulator": int.from_bytes(digest, "big") >> (64 - _SEED_BITS)}}


def _minutes(chunks: Sequence[Chunk], account: Account) -> float:
    if account.pace_limit is None:
        return 0.0
    waits = (len(chunks) - 1) // account.pace_limit
    return waits * account.pace_window / 60
