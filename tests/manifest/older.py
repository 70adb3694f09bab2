"""What takes a manifest back to the form that earlier releases gave it."""

from __future__ import annotations

FOURTH_FORM = (
    "ALTER TABLE jobset DROP COLUMN run_config",
    "PRAGMA user_version = 4",
)
THIRD_FORM = (
    *FOURTH_FORM,
    "ALTER TABLE bodies DROP COLUMN kind",
    *(
        f"ALTER TABLE jobset DROP COLUMN {column}"
        for column in (
            "private",
            "max_execution_time",
            "batch",
            "made_elsewhere",
            "estimated_seconds",
        )
    ),
    "ALTER TABLE remotes DROP COLUMN metrics",
    "DROP TABLE device",
    "DROP TABLE batches",
    "PRAGMA user_version = 3",
)
SECOND_FORM = (
    *THIRD_FORM,
    "ALTER TABLE jobset DROP COLUMN copied_at",
    "PRAGMA user_version = 2",
)
