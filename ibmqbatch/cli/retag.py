"""`ibmqbatch retag`: change the tags, or the name, of a set and of its jobs on the service."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..errors import UsageError
from ..jobset.catalog import find_set
from ..jobset.tags import check_name, check_tags
from ..jobset.view import set_data
from ..manifest.store import Manifest
from ..manifest.wants import want_labels
from . import candidates, options
from .verb import Verb, verb, working

_Several = Optional[list[str]]  # noqa: UP045


def command(
    job_set: options.JobSet,
    replace: Annotated[
        _Several,
        typer.Option(
            "--replace",
            metavar="TAG",
            help="Have these tags, and no others; may be given again.",
            autocompletion=candidates.tags,
        ),
    ] = None,
    add: Annotated[
        _Several,
        typer.Option(
            "--add",
            metavar="TAG",
            help="Add a tag; may be given again.",
            autocompletion=candidates.tags,
        ),
    ] = None,
    remove: Annotated[
        _Several,
        typer.Option(
            "--remove",
            metavar="TAG",
            help="Remove a tag; may be given again.",
            autocompletion=candidates.tags,
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="Give the set another name."),
    ] = None,
    json: options.Json = False,
    verbose: options.Verbose = 0,
) -> int:
    """Replace, then add, then remove tags of a set; or rename it.

    Example: ibmqbatch retag latest --add good --remove tentative
    """
    with verb("retag", json=json, verbose=verbose) as this, find_set(job_set) as manifest:
        if not (replace or add or remove or name is not None):
            raise UsageError(
                "Nothing to change is named.", "Use --replace, --add, --remove or --name."
            )
        new_name = None if name is None else check_name(name)
        replacement, additions = check_tags(replace or ()), check_tags(add or ())
        removals = check_tags(remove or ())

        def change(present: tuple[str, ...]) -> tuple[str, ...]:
            tags = (*(replacement or present), *additions)
            return check_tags(tag for tag in tags if tag not in removals)

        changed = want_labels(manifest, name=new_name, change=change)
        try:
            _carry_out(this, manifest)
        finally:
            this.data["job_set"] = set_data(manifest.job_set(), manifest.jobs())
        if not json:
            _report(manifest, changed=changed)
    return this.exit_code


def _carry_out(this: Verb, manifest: Manifest) -> None:
    """Put the labels on the jobs. Where another process holds the set, that one does it."""
    from ..jobset.advance import try_advance
    from ..jobset.standing import is_idle

    if not is_idle(manifest):
        with working(this, manifest) as work:
            try_advance(work, sending=False, fetching=False)


def _report(manifest: Manifest, *, changed: bool) -> None:
    from ..jobset.reconcile import unlabelled
    from ..render.console import message

    record = manifest.job_set()
    tags = ", ".join(record.tags) or "no tags"
    text = f"'{record.name}', {tags}" if changed else f"Nothing changed: '{record.name}', {tags}"
    left = len(unlabelled(manifest))
    message(text + (f"; {left} jobs follow with the next `collect`." if left else "."))
