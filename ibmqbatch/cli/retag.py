"""`ibmqbatch retag`: change the tags, or the name, of a set and of its jobs on the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ..errors import UsageError
from ..render.console import message
from ..render.text import plural
from ..suggestions import close_to, did_you_mean
from . import _options
from ._lifecycle import running
from .completion import candidates

if TYPE_CHECKING:
    from ..manifest.records import SetRecord

_Several = Optional[list[str]]  # noqa: UP045


def command(
    job_set: _options.JobSet,
    replace: Annotated[
        _Several,
        typer.Option(
            "--replace",
            metavar="TAG",
            help="Replace all tags with this one (repeatable).",
            autocompletion=candidates.tags,
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all tags.")] = False,
    add: Annotated[
        _Several,
        typer.Option(
            "--add",
            metavar="TAG",
            help="Add a tag (repeatable).",
            autocompletion=candidates.tags,
        ),
    ] = None,
    remove: Annotated[
        _Several,
        typer.Option(
            "--remove",
            metavar="TAG",
            help="Remove a tag (repeatable).",
            autocompletion=candidates.tags_of_set,
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="Rename the set."),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Change the tags or the name of a set.

    Tags are replaced or cleared first, then added, then removed.

    Example: ibmqbatch retag latest --add good --remove tentative
    """
    with running("retag", json=json, verbose=verbose) as context, context.opened(job_set) as found:
        if not (replace or clear or add or remove or name is not None):
            raise UsageError(
                "Nothing to change is named.", "Use --replace, --clear, --add, --remove or --name."
            )
        if clear:
            _options.check_idle("--clear", {"--replace": replace, "--remove": remove})
        before = found.record()
        new = [] if clear else replace or None
        _report_absent([*(before.tags if new is None else new), *(add or ())], remove or ())
        try:
            found.retag(new, add=add or (), remove=remove or (), name=name)
        finally:
            context.data["job_set"] = found.describe()
        if not json:
            _report(context.data["job_set"], before, found.count_unlabelled())
    return context.exit_code


def _report_absent(present: Sequence[str], removals: Sequence[str]) -> None:
    """Report tags to be removed that the set does not have."""
    for tag in removals:
        if tag not in present:
            question = did_you_mean(f"'{name}'" for name in close_to(tag, present))
            message(f"The set has no tag '{tag}'. {question}".rstrip())


def _report(item: Mapping[str, Any], before: SetRecord, left: int) -> None:
    tags = ", ".join(item["tags"]) or "no tags"
    changed = (item["name"], item["tags"]) != (before.name, [*before.tags])
    text = f"'{item['name']}', {tags}" if changed else f"Nothing changed: '{item['name']}', {tags}"
    message(text + (f"; the next `collect` puts them on {plural(left, 'job')}." if left else "."))
