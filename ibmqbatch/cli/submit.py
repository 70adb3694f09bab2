"""`ibmqbatch submit`: plan a job set, and send it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ..render.console import discard_output, is_terminal, message, write_line
from . import _options
from ._lifecycle import Context, running
from .completion import candidates

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet
    from ..jobset.request import Request
    from ..service.endpoint import Account
    from ..service.models import Backend

_SAMPLER = "What the service does with the circuits"
_COST = "What it may cost"
_FEW = 12  # circuits whose results are shown at once


def command(
    paths: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(
            metavar="PATHS...",
            help="Files of OpenQASM 2, OpenQASM 3 or QPY, folders of them, or - for stdin.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--from",
            metavar="TABLE",
            help="A CSV or TOML table of circuits: path, name, shots, and metadata.",
        ),
    ] = None,
    parameters: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--parameters",
            metavar="FILE",
            help="Run each circuit once for every row of values in this CSV or JSON file.",
        ),
    ] = None,
    observables: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--observables",
            metavar="FILE",
            help="Measure the sums of Pauli operators in this CSV or JSON file.",
        ),
    ] = None,
    precision: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            "--precision",
            metavar="ERROR",
            help="Choose shots so that standard errors of expectation values are at most this.",
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Also read subfolders.")
    ] = False,
    account: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--account",
            metavar="NAME",
            help="The account to submit with.",
            autocompletion=candidates.accounts,
        ),
    ] = None,
    backend: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--backend",
            metavar="NAME",
            help="The backend to run on.",
            autocompletion=candidates.backends,
        ),
    ] = None,
    shots: Annotated[
        int, typer.Option("--shots", metavar="N", help="Shots of every circuit.")
    ] = 4096,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="A name for the set."),
    ] = None,
    tag: _options.Tags = None,
    max_circuits: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--max-circuits", metavar="N", help="Maximum number of circuits per job."),
    ] = None,
    optimization: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "-O",
            "--optimization-level",
            metavar="0..3",
            help="Optimization level of the compiler; default on devices: 2.",
            autocompletion=candidates.levels,
        ),
    ] = None,
    initial_layout: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--initial-layout",
            metavar="QUBITS",
            help="Physical qubit for each qubit of a circuit, as 5,6,7.",
        ),
    ] = None,
    seed_transpiler: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--seed-transpiler",
            metavar="SEED",
            help="Seed of the compiler; default: --seed, or a fixed one.",
        ),
    ] = None,
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Send the circuits as they are.")
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Neither use nor fill the cache of compiled circuits."),
    ] = False,
    compute: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--compute",
            metavar="CLUSTER",
            help="Compile on a Dask cluster: dask://HOST:PORT, or the scheduler's file; default: "
            "$IBMQBATCH_COMPUTE, or this machine.",
        ),
    ] = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--seed", metavar="SEED", help="Seed of simulators: the same counts each time."
        ),
    ] = None,
    measure_all: Annotated[
        bool, typer.Option("--measure-all", help="Measure all qubits of circuits that do not.")
    ] = False,
    options_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--options",
            metavar="FILE",
            help="Options of the sampler, in a TOML file; flags have the last word.",
            rich_help_panel=_SAMPLER,
        ),
    ] = None,
    dynamical_decoupling: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--dynamical-decoupling",
            metavar="XX|XpXm|XY4",
            help="Decouple idle qubits dynamically, by this sequence.",
            autocompletion=candidates.one_of("XX", "XpXm", "XY4"),
            rich_help_panel=_SAMPLER,
        ),
    ] = None,
    twirl: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--twirl",
            metavar="gates|measure|all",
            help="Twirl gates, measurements, or both.",
            autocompletion=candidates.one_of("gates", "measure", "all"),
            rich_help_panel=_SAMPLER,
        ),
    ] = None,
    rep_delay: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            "--rep-delay",
            metavar="SECONDS",
            help="Time from one shot to the next.",
            rich_help_panel=_SAMPLER,
        ),
    ] = None,
    init_qubits: Annotated[
        bool,
        typer.Option(
            "--init-qubits/--no-init-qubits",
            help="Reset all qubits before each shot.",
            rich_help_panel=_SAMPLER,
        ),
    ] = True,
    meas_type: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--meas-type",
            metavar="TYPE",
            help="classified (bits), kerneled or avg_kerneled (levels).",
            autocompletion=candidates.one_of("classified", "kerneled", "avg_kerneled"),
            rich_help_panel=_SAMPLER,
        ),
    ] = None,
    fractional_gates: Annotated[
        bool,
        typer.Option(
            "--fractional-gates",
            help="Also compile to fractional gates (rx, rzz) where the device has them.",
            rich_help_panel=_SAMPLER,
        ),
    ] = False,
    program: Annotated[
        str,
        typer.Option(
            "--program",
            metavar="PROGRAM",
            help="What the service runs the jobs with: sampler, executor, or auto for the sampler "
            "as long as the service takes it.",
            autocompletion=candidates.programs,
            rich_help_panel=_SAMPLER,
        ),
    ] = "auto",
    private: Annotated[
        bool,
        typer.Option(
            "--private",
            help="The service shows nobody the circuits, and gives each result once.",
            rich_help_panel=_SAMPLER,
        ),
    ] = False,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help="Run all jobs in one batch; the plan limits how long a batch may last.",
            rich_help_panel=_SAMPLER,
        ),
    ] = False,
    max_execution_time: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--max-execution-time",
            metavar="SECONDS",
            help="Cancel a job that takes longer than this on the quantum processor.",
            rich_help_panel=_COST,
        ),
    ] = None,
    max_cost: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            "--max-cost",
            metavar="SECONDS",
            help="Send nothing if the set is estimated to take longer than this.",
            rich_help_panel=_COST,
        ),
    ] = None,
    max_fails: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--max-fails",
            metavar="N",
            help="Stop sending after N failures that would repeat themselves.",
        ),
    ] = None,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Plan only; `resume` or `collect` sends later.")
    ] = False,
    once: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--once",
            metavar="KEY",
            help="Idempotency key: with one that was used before, find that set.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan; make and send nothing.")
    ] = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Split circuits into jobs and submit them as one job set.

    Example: ibmqbatch submit circuits/ --shots 1000 --tag nightly
    """
    from ..errors import UsageError
    from ..jobset.request import Request, check_request

    with running("submit", json=json, verbose=verbose, quiet=quiet, things="circuit") as context:
        if detach and wait:
            raise UsageError("--detach and --wait contradict each other.", "Leave one out.")
        _options.check_timeout(timeout, waiting=wait)
        if recursive and not paths:
            _options.check_idle("--from", {"--recursive": recursive})
        request = check_request(
            Request(
                paths=tuple(paths or ()),
                table=table,
                sweep=parameters,
                observables_file=observables,
                precision=precision,
                recursive=recursive,
                stdin=_read_stdin(paths or ()),
                shots=shots,
                name=name,
                tags=tuple(tag or ()),
                max_circuits=max_circuits,
                compiling=not no_compile,
                cached=not no_cache,
                compute=compute,
                level=optimization,
                seed=seed,
                seed_transpiler=seed_transpiler,
                initial_layout=_qubits(initial_layout),
                measure_all=measure_all,
                fractional=fractional_gates,
                options=sampler_options(
                    options_file,
                    decoupling=dynamical_decoupling,
                    twirl=twirl,
                    rep_delay=rep_delay,
                    init_qubits=init_qubits,
                    meas_type=meas_type,
                ),
                max_execution_time=max_execution_time,
                max_cost=max_cost,
                program=program,
                private=private,
                batch=batch,
                max_fails=max_fails,
                once_key=once,
            )
        )
        job_set = _plan(context, request, account, backend, dry_run=dry_run)
        if job_set is not None:
            with context.opened(job_set) as opened:
                _send(context, opened, detach=detach, wait=wait, timeout=timeout)
    return context.exit_code


def sampler_options(
    file: Path | None,
    *,
    decoupling: str | None,
    twirl: str | None,
    rep_delay: float | None,
    init_qubits: bool,
    meas_type: str | None,
) -> dict[str, dict[str, Any]]:
    """Return the options that the file and the flags ask for; raises UsageError."""
    from ..errors import UsageError
    from ..jobset.options import check_options, merged, read_options

    flags: dict[str, dict[str, Any]] = {}
    if decoupling is not None:
        flags["dynamical_decoupling"] = {"enable": True, "sequence_type": decoupling}
    if twirl is not None:
        if twirl not in {"gates", "measure", "all"}:
            raise UsageError(f"--twirl '{twirl}' is not known.", "Use gates, measure or all.")
        flags["twirling"] = {
            "enable_gates": twirl != "measure",
            "enable_measure": twirl != "gates",
        }
    execution: dict[str, Any] = {}
    if rep_delay is not None:
        execution["rep_delay"] = rep_delay
    if not init_qubits:
        execution["init_qubits"] = False
    if meas_type is not None:
        execution["meas_type"] = meas_type
    if execution:
        flags["execution"] = execution
    if flags:
        check_options(flags, "On the command line")
    return flags if file is None else merged(read_options(file), flags)


def _read_stdin(paths: Sequence[Path]) -> bytes | None:
    return sys.stdin.buffer.read() if Path("-") in paths else None


def _qubits(text: str | None) -> tuple[int, ...] | None:
    from ..errors import UsageError

    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"--initial-layout '{text}' is not a list of qubits.", "Write it as 5,6,7."
        ) from error


def _plan(
    context: Context,
    request: Request,
    account_name: str | None,
    backend_name: str | None,
    *,
    dry_run: bool,
) -> JobSet | None:
    """Make the set, or find the one made with the same key; show the plan only, on a dry run."""
    from ..errors import Words
    from ..jobset.documents import plan_data
    from ..jobset.job_set import JobSet
    from ..jobset.plan import plan_set
    from ..render.tables import show_plan

    def tell(account: Account, target: Backend) -> None:
        if not context.quiet:
            message(f"To {target.name}, with the account '{account.name}'.")

    planned = plan_set(
        request,
        account_name,
        backend_name,
        context.clock,
        context.bars.progress,
        chosen=tell,
        dry_run=dry_run,
    )
    context.bars.clear()
    set_id = planned.set_id
    if planned.plan is None:
        message(f"Job set {set_id} was made with the key '{request.once_key}' before.")
        if planned.changed:
            message(
                "Warning: it was made of other circuits, or with other options, than these; "
                "another key makes a set of these."
            )
    else:
        for note in planned.plan.notes:
            message(Words("Warning: {}", note))
    if planned.path is None:
        assert planned.plan is not None
        context.data["plan"] = plan_data(planned.plan)
        if not context.json:
            show_plan(context.data["plan"])
        return None
    context.advice = (
        f"The set {set_id} is kept; go on with `ibmqbatch resume {set_id}`, "
        f"or end it with `ibmqbatch cancel {set_id}`."
    )
    _show_id(context, set_id)
    return JobSet(planned.path, planned=planned.fresh)


def _show_id(context: Context, set_id: str) -> None:
    """Name the set before the first request: whatever happens next, it can be found."""
    if context.json:
        message(f"Job set {set_id}")
        return
    try:
        write_line(set_id if context.quiet or not is_terminal() else f"Job set {set_id}")
    except OSError as error:
        # Nobody wants to know, or can; the set is wanted all the same.
        if not isinstance(error, BrokenPipeError):
            message(f"Job set {set_id} ({error.strerror} where its id should go)")
        discard_output()


def _send(
    context: Context, job_set: JobSet, *, detach: bool, wait: bool, timeout: float | None
) -> None:
    """Send the set, and wait for its end when that is wanted."""
    if detach:
        context.data["job_set"] = job_set.describe()
        if not context.quiet:
            message(f"Nothing is sent yet; `ibmqbatch resume {job_set.id}` sends it.")
        return
    context.move_on(job_set, wait=wait, timeout=timeout)
    if context.talkative:
        _show_next(job_set, context.data["job_set"], wait=wait)


def _show_next(job_set: JobSet, item: Mapping[str, Any], *, wait: bool) -> None:
    """After a wait on a terminal, show the results of a small set; else how to get at them."""
    if not wait or not is_terminal() or item["total_circuits"] > _FEW:
        message(f"Next: ibmqbatch results {item['id']}{'' if wait else ' --wait'}")
        return
    from ..jobset.documents import result_data, value_data
    from ..jobset.expectation_values import find_observed
    from ..jobset.results import read_results, read_values
    from ..render.results import show_results, show_values

    with job_set.open() as manifest:
        observed, _ = find_observed(manifest.measured())
        if observed:
            show_values(map(value_data, read_values(manifest, observed)))
        else:
            show_results(map(result_data, read_results(manifest)))
