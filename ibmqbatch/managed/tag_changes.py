"""Changing tags as the old classes did: replaced first, then added to, then taken away from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from ..errors import UsageError
from ..jobset.tags import changed_tags, check_tags, is_ours

__all__ = ["tag_change"]

_log = logging.getLogger(__name__)


def tag_change(
    replacement_tags: Sequence[str] | None,
    additional_tags: Sequence[str] | None,
    removal_tags: Sequence[str] | None,
) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Return what makes the new tags of the present ones; an empty replacement leaves none.

    Tags of ours stay, whatever is asked: to remove one is logged and not done, to add one is an
    error. Raises UsageError where nothing is given, or what is given is no list of texts.
    """
    if replacement_tags is None and additional_tags is None and removal_tags is None:
        raise UsageError(
            "The tags cannot be updated: none are given.",
            "Give replacement_tags, additional_tags or removal_tags.",
        )
    replacement = _listed(replacement_tags, "replacement_tags")
    additions = check_tags(_listed(additional_tags, "additional_tags") or (), most=None)
    removals = set(_listed(removal_tags, "removal_tags") or ())
    for tag in sorted(filter(is_ours, removals)):
        _log.warning("The tag %s is not removed: by it the job is found again.", tag)
    if replacement is not None:
        replacement = check_tags(replacement)

    return lambda present: changed_tags(
        present, replacement=replacement, additions=additions, removals=removals
    )


def _listed(tags: object, named: str) -> tuple[str, ...] | None:
    if tags is None:
        return None
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError(f"{named} is {tags!r}, no list of strings.", "Give a list of tags.")
    return tuple(tags)
