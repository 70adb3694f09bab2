"""Ids of the service that IBM has shut down: nothing can be had by them any more."""

from __future__ import annotations

import re

__all__ = ["is_retired_job", "is_retired_set"]

# A job set was called by a UUID and the time in seconds, joined by a hyphen; the time had a point
# at first. As a tag it stood between a prefix of its own, or its successor's, and an underscore.
_SET = re.compile(
    r"(?:ibmq_jobset_)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}-[0-9.]+(?:-[\w.-]*)?_?"
    r"|ibm_composite_job_id_\w+"
)
# A job by the number that a database of its time had for it.
_JOB = re.compile(r"[0-9a-f]{24}")


def is_retired_set(text: str) -> bool:
    """Tell whether this is how job sets were called on the old service."""
    return _SET.fullmatch(text) is not None


def is_retired_job(text: str) -> bool:
    """Tell whether this is how jobs were called on the old service."""
    return _JOB.fullmatch(text) is not None
