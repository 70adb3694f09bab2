"""Times as old programs have them: local, with their time zone."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["local_time"]


def local_time(text: object) -> datetime | None:
    """Read a time in ISO 8601, in UTC where it says nothing, as local time; None where it is none.

    A time that is read already stays.
    """
    if isinstance(text, datetime):
        moment = text
    else:
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()
