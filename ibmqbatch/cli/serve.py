"""`ibmqbatch serve`: the embedded service in the foreground; or a look at the one that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from ..errors import IbmqbatchError, UsageError
from ..exitcodes import ExitCode
from ..render.console import message, write_line
from . import _options
from ._lifecycle import Context, running

_LAST_PORT = 65535


def command(
    port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--port", metavar="PORT", help="Port on 127.0.0.1; default: any free port."),
    ] = None,
    token_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--token-file", metavar="FILE", help="Read the API key from this file."),
    ] = None,
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--workers", metavar="N", min=1, help="Worker processes that run jobs."),
    ] = None,
    worker_python: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--worker-python", metavar="FILE", help="Interpreter of the workers."),
    ] = None,
    memory: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--memory", metavar="BYTES", min=1, help="Memory limit of all workers together."
        ),
    ] = None,
    submissions_per_minute: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            "--submissions-per-minute",
            metavar="N",
            min=0,
            help="Limit of submissions, as IBM has one; default: no limit.",
        ),
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Show whether it is running.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop it if it is running.")] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Run the embedded service in the foreground, and print how to reach it.

    The verbs start it by themselves when they need it; jobs survive its end and go on when it
    starts again.

    Example: ibmqbatch serve --port 8765
    """
    with running("serve", json=json, verbose=verbose) as context:
        if status and stop:
            raise UsageError("--status and --stop contradict each other.", "Leave one out.")
        flags = {
            "--port": port,
            "--token-file": token_file,
            "--workers": workers,
            "--worker-python": worker_python,
            "--memory": memory,
            "--submissions-per-minute": submissions_per_minute,
        }
        if status or stop:
            _options.check_idle("--status" if status else "--stop", flags)
        if port is not None and not 0 <= port <= _LAST_PORT:
            raise UsageError(f"There is no port {port}.", f"Ports are 0 to {_LAST_PORT}.")
        if json and not (status or stop):
            raise UsageError(
                "A service in the foreground prints no document.",
                "Use --json with --status or --stop.",
            )
        if status:
            _status(context)
        elif stop:
            _stop(context)
        else:
            words = [str(w) for flag, v in flags.items() if v is not None for w in (flag, v)]
            sys.stdout.flush()
            # In this process's place: signals and the exit code are the service's own.
            module = ["-m", "ibmqbatch.local", "--foreground"]
            os.execv(sys.executable, [sys.executable, *module, *words])  # noqa: S606
    return context.exit_code


def _status(context: Context) -> None:
    from ..service.local_server import find_service

    service = find_service()
    context.data["service"] = None
    if service is None:
        context.exit_code = ExitCode.UNAVAILABLE
        if not context.json:
            message("No local service runs.")
        return
    context.data["service"] = {
        "url": service.endpoint.url,
        "instance": service.endpoint.instance,
        "pid": service.pid,
        "version": service.version,
        "unfinished_jobs": service.unfinished_jobs,
    }
    if not context.json:
        for key, value in context.data["service"].items():
            write_line(f"{key.replace('_', ' ')}: {value}")


def _stop(context: Context) -> None:
    from ..service.local_server import find_service, stop_service

    service = find_service()
    context.data["service"] = None
    if service is not None and not stop_service(service):
        raise IbmqbatchError(
            f"The local service (process {service.pid}) does not stop.",
            "Its jobs are safe; end the process, and it takes them up when it starts again.",
        )
    if not context.json:
        message("Stopped." if service is not None else "No local service runs.")
