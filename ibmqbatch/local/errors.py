"""What the service answers when it refuses, with the code numbers of the REST API."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

__all__ = ["ApiError", "error_body"]


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal: the HTTP status, the service's code, a sentence, and what to do about it."""

    status: int
    code: int
    message: str
    solution: str = ""
    retry_after: int | None = None

    @classmethod
    def invalid(cls, message: str) -> ApiError:
        """Return the refusal of a request that is not shaped as it must be."""
        return cls(400, 1208, message, "Check the request against the API reference.")

    @classmethod
    def no_job(cls, job_id: str) -> ApiError:
        """Return the refusal for a job that this instance does not have."""
        return cls(404, 1291, f"Job not found. Job ID: {job_id}", "Check the job ID.")


def error_body(code: int, message: str, solution: str = "") -> dict[str, object]:
    """Return the JSON document in which the service words an error."""
    error: dict[str, object] = {"code": code, "message": message}
    if solution:
        error["solution"] = solution
    return {"errors": [error], "trace": str(uuid.uuid4())}
