"""The name and the tags of a job."""

from __future__ import annotations

from .exceptions import (
    IBMQJobApiError,
    IBMQJobError,
    IBMQJobInvalidStateError,
    translated,
)
from .job_base import JobBase
from .tag_changes import tag_change

__all__ = ["LabelledJob"]


class LabelledJob(JobBase):
    """A job with a name and tags, which are those of its job set."""

    _given_name: str | None = None

    def name(self) -> str | None:
        """Return the job's name: its own, or its set's with its number in the set (`foo_3_`).

        None where nobody has named it.
        """
        return self._facts().name or self._given_name

    def tags(self) -> list[str]:
        """Return the job's tags; those by which its set is found again are left out."""
        return list(self._facts().tags)

    def update_name(self, name: str) -> str:
        """Give the job another name, of 60 characters at most, and return it.

        An empty one takes the job's name away: then it has none.
        A job of a set of several is named by its set; raises IBMQJobInvalidStateError for one, and
        for what cannot be a name; IBMQJobApiError.
        """
        if not isinstance(name, str):
            raise IBMQJobInvalidStateError(f"{name!r} is no job name: it has to be a string.")
        with translated(IBMQJobError):
            self._view = self._view.for_labels()
            done = self._view.rename(name)
        self._check_updated("name", done=done)
        return self._facts().name or name

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Change the job's tags, in this order: replace, add, remove; return the new ones.

        Tags belong to job sets: **of a job of a set of several, the whole set's are changed.** Five
        are allowed. Those that begin with `ibmq_jobset_` are not to be touched, and survive. Raises
        IBMQJobInvalidStateError where nothing is given, or no list of strings, and
        IBMQJobApiError.
        """
        with translated(IBMQJobError):
            change = tag_change(replacement_tags, additional_tags, removal_tags)
            self._view = self._view.for_labels()
            done = self._view.retag(change)
        self._check_updated("tags", done=done)
        return self.tags()

    def _check_updated(self, what: str, *, done: bool) -> None:
        if not done:
            raise IBMQJobApiError(
                f"The {what} of job {self.job_id()} do not stand on the service yet; they are kept "
                "here, and follow with the next `ibmqbatch collect`."
            )
