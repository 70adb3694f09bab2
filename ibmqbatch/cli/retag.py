"""`ibmqbatch retag`: change the tags, or the name, of a set and of its jobs on the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Optional

import typer

from ..errors import UsageError
from ..jobset.catalog import find_set
from ..jobset.tags import changed_tags, check_name, check_tags
from ..jobset.view import set_data
from ..manifest.store import Manifest
from ..manifest.wants import want_labels
from ..suggestions import close_to, did_you_mean
from . import _options
from ._lifecycle import Verb, verb, working
from .completion import candidates

_Several = Optional[list[str]]  # noqa: UP045


def command(
    job_set: _options.JobSet,
    replace: Annotated[
        _Several,
        typer.Option(
            "--replace",
            metavar="TAG",
            help="Have these tags, and no others; may be given again.",
            autocompletion=candidates.tags,
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all tags.")] = False,
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
            autocompletion=candidates.tags_of_set,
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="Give the set another name."),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Replace, or clear, then add, then remove tags of a set; or rename it.

    Example: ibmqbatch retag latest --add good --remove tentative
    """
    with verb("retag", json=json, verbose=verbose) as this, find_set(job_set) as manifest:
        if not (replace or clear or add or remove or name is not None):
            raise UsageError(
                "Nothing to change is named.", "Use --replace, --clear, --add, --remove or --name."
            )
        if clear:
            _options.check_idle("--clear", {"--replace": replace, "--remove": remove})
        new_name = None if name is None else check_name(name)
        replacement = check_tags(replace or ()) if replace or clear else None
        additions = check_tags(add or (), most=None)
        removals = check_tags(remove or (), most=None)
        _tell_absent([*(replacement or manifest.job_set().tags), *additions], removals)

        def change(present: tuple[str, ...]) -> tuple[str, ...]:
            return changed_tags(
                present, replacement=replacement, additions=additions, removals=removals
            )

        changed = want_labels(manifest, name=new_name, change=change)
        try:
            _carry_out(this, manifest)
        finally:
            this.data["job_set"] = set_data(manifest.job_set(), manifest.jobs())
        if not json:
            _report(manifest, changed=changed)
    return this.exit_code


def _tell_absent(present: Sequence[str], removals: Sequence[str]) -> None:
    """Say which of the tags that are to be removed the set does not have."""
    from ..render.console import message

    for tag in removals:
        if tag not in present:
            question = did_you_mean(f"'{name}'" for name in close_to(tag, present))
            message(f"The set has no tag '{tag}'. {question}".rstrip())


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
    from ..render.text import plural

    record = manifest.job_set()
    tags = ", ".join(record.tags) or "no tags"
    text = f"'{record.name}', {tags}" if changed else f"Nothing changed: '{record.name}', {tags}"
    left = len(unlabelled(manifest))
    message(text + (f"; the next `collect` puts them on {plural(left, 'job')}." if left else "."))
