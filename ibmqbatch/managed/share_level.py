"""The levels on which jobs were shared, which the service has no more."""

from __future__ import annotations

from enum import Enum

__all__ = ["ApiJobShareLevel"]


class ApiJobShareLevel(Enum):
    """With whom a job was shared. Today whoever may use the instance sees its jobs.

    For programs that name a level; where one is given a warning tells that it has no effect.
    """

    GLOBAL = "global"
    HUB = "hub"
    GROUP = "group"
    PROJECT = "project"
    NONE = "none"
