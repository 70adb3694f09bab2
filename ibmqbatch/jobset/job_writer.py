"""The programs of the service that run circuits, and a job as each of them takes it.

`sampler` takes any circuits, and twirls and decouples them itself. `executor`, to which IBM's own
client moves, runs what it is sent: circuits of one kind and one number of shots in a job, twirled
and decoupled here. A set that leaves the choice to its account uses the sampler for as long as the
service takes it.
"""

from __future__ import annotations

import binascii
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..circuits.errors import BadInput
from ..errors import Argument, UsageError, Words
from ..manifest.records import PubRecord, SetRecord
from ..manifest.submissions import Intent
from ..service.errors import ProgramRefused, Refused
from .notes import noted
from .options import is_twirled
from .quantum_program import executor_params, read_executor_params
from .request import AUTO, EXECUTOR, PROGRAMS, SAMPLER
from .sampler import read_sampler_params, sampler_params
from .sent import SentJob
from .split import randomizations, repeat_shots

if TYPE_CHECKING:
    from ..circuits.device import Device
    from ..circuits.randomization import Randomizer

__all__ = ["JobWriter", "choose_program", "make_randomizer", "read_params"]


_BY_SAMPLER = Argument("program", SAMPLER)


class _CannotRun(Refused):
    """A job that the program cannot run as it is; nothing of it is sent."""

    code = "wrong_program"


def choose_program(asked: str, refused: Collection[str]) -> str:
    """Return the program to send with, of those that the service has not refused.

    Raises ProgramRefused where it has refused all of them.
    """
    if asked != AUTO:
        return asked
    for program in PROGRAMS:
        if program not in refused:
            return program
    raise ProgramRefused(
        f"The service takes none of the programs {', '.join(PROGRAMS)}.",
        Words("Try again in an hour, or name one with {}.", Argument("program")),
    )


def make_randomizer(
    program: str, options: Mapping[str, Any], device: Device | None
) -> Randomizer | None:
    """Return what twirls and decouples circuits on this machine; None where nothing is to be done.

    `device` is what the circuits were compiled for. Raises MissingPackage, and UsageError where no
    idle times are known to decouple in.
    """
    decoupled = options.get("dynamical_decoupling", {}).get("enable")
    if program != EXECUTOR or not (decoupled or is_twirled(options)):
        return None
    if decoupled and device is None:
        raise UsageError(
            "Nothing can be decoupled on this machine: there is no device, or none that is known.",
            Words("Leave {} out, or use {}.", Argument("dynamical_decoupling"), _BY_SAMPLER),
        )
    from ..circuits.randomization import Randomizer

    return Randomizer(device, options)


class JobWriter:
    """Writes the jobs of a set for one program.

    `device` is what the circuits were compiled for, None for a simulator. Raises MissingPackage
    where the set's options are carried out on this machine, and what does that is not installed.
    """

    def __init__(self, record: SetRecord, program: str, device: Device | None) -> None:
        self.program = program
        self._record = record
        self._twirled = is_twirled(record.options)
        self._randomizer = make_randomizer(program, record.options, device)

    def body(
        self,
        intent: Intent,
        pubs: Sequence[PubRecord],
        tags: Sequence[str],
        batch: str | None = None,
    ) -> bytes:
        """Return the JSON that submits a job, with the same circuits and options each time.

        A seed for the simulator is that of the job's first circuit: the n-th circuit of what is
        sent gets base + n, however the set is split into jobs, and every shot repeat a base of its
        own.
        `batch` is the id of the batch on the service that the job goes into. Raises Refused where
        the program cannot run the job.
        """
        record = self._record
        options: dict[str, Any] = json.loads(json.dumps(record.options))
        simulator = options.get("simulator")
        if simulator and "seed_simulator" in simulator:
            simulator["seed_simulator"] += (
                intent.first_place + intent.repeat * record.total_circuits
            )
        told: dict[str, Any] = {"program_id": self.program, "backend": record.backend}
        told["tags"] = list(tags)
        if record.private:
            told["private"] = True
        if record.max_execution_time is not None:
            told["cost"] = record.max_execution_time
        if batch is not None:
            told["session_id"] = batch
        hidden = self._twirled and self._randomizer is not None
        bodies = noted(pubs, record, hidden=hidden)
        if self.program == SAMPLER:
            params = sampler_params(intent, pubs, bodies, options)
        else:
            params = self._executor_params(intent, pubs, bodies, options)
        return json.dumps(told).encode()[:-1] + b', "params": ' + params + b"}"

    def _executor_params(
        self,
        intent: Intent,
        pubs: Sequence[PubRecord],
        bodies: Sequence[bytes],
        options: Mapping[str, Any],
    ) -> bytes:
        shots = {repeat_shots(pub.shots, intent.shots, intent.repeat) for pub in pubs}
        kinds = {pub.kind for pub in pubs}
        if len(shots) > 1 or len(kinds) > 1:
            raise _CannotRun(
                f"Job {intent.job} holds circuits of different "
                f"{'shots' if len(shots) > 1 else 'kinds'}, which the program executor does not "
                "run together.",
                "Submit its circuits as a set of their own.",
            )
        (each,), number, templates = shots, 0, None
        if self._randomizer is not None:
            if kinds == {"openqasm3"}:
                raise _CannotRun(
                    f"Job {intent.job} is sent as text, which cannot be twirled or decoupled here.",
                    "Submit it without these options, or compiled.",
                )
            if self._twirled:
                number, each = randomizations(each, options["twirling"])
            try:
                templates = [
                    self._randomizer.template(zlib.decompress(body), f"Circuit {pub.indexes[0]}")
                    for pub, body in zip(pubs, bodies, strict=True)
                ]
            except BadInput as error:
                raise _CannotRun(error.problem.message, error.problem.hint) from error
        params = executor_params(
            pubs, bodies, each, options, templates=templates, randomizations=number
        )
        return json.dumps(params).encode()


def read_params(params: Mapping[str, Any], job_id: str) -> SentJob:
    """Return what a job was asked to run; raises UsageError where that cannot be told."""
    advice = "Read it with the program that sent it."
    try:
        if isinstance(params.get("quantum_program"), dict):
            return read_executor_params(params)
        if isinstance(params.get("pubs"), list) and params["pubs"]:
            return read_sampler_params(params)
    except (ValueError, TypeError, KeyError, BadInput, zlib.error, binascii.Error) as error:
        raise UsageError(
            f"What job {job_id} was asked to do cannot be read ({error}).", advice
        ) from error
    raise UsageError(f"Job {job_id} runs no circuits.", advice)
