"""What became of rounds, and whether they tell anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

__all__ = ["Report"]


@dataclass
class Report:
    """What became of rounds. `landed` counts kills by what was killed, `at` by what it was doing.

    `midway` are those between the first submission of a set and its last result; `sending` those
    that came while a submission was on its way, `cut_off` such submissions, and `cut_off_taken`
    those of them that the service took. `in_transit` are results that are given once and were on
    their way when their reader died, `given_once` all such results. `beyond` are rounds in which a
    submission took too long; `late` those whose listings lagged for more than 0.85 of the settle
    time, `paged` those whose listings came in pages. `adopted` jobs were found in a listing,
    `resent` ones proven not to be there. `faults` are what must never be.
    """

    rounds: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    midway: int = 0
    sending: int = 0
    cut_off: int = 0
    cut_off_taken: int = 0
    jobs: int = 0
    adopted: int = 0
    resent: int = 0
    given_once: int = 0
    in_transit: int = 0
    beyond: int = 0
    late: int = 0
    paged: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All kills that met something alive."""
        return sum(self.landed.values())

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost or doubled, and the kills came where they tell something."""
        return (
            not self.faults
            and self.midway >= 0.4 * self.kills
            and self.sending >= 0.2 * self.kills
            and self.beyond <= 0.1 * self.rounds
        )

    def add(self, other: Report) -> None:
        """Take in another report."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def tell(self, settle: float) -> None:
        """Print it; `settle` is the settle time (s) on the clocks of the commands."""
        print(f"{self.kills} kills in {self.rounds} rounds: {dict(self.landed)}")
        for place, count in self.at.most_common():
            print(f"  {count:6} at {place}")
        print(f"{self._share(self.midway)} between the first submission and the last result")
        print(
            f"{self.sending} kills ({self._share(self.sending)}) while a submission was on its "
            f"way: {self.cut_off} submissions, of which the service took {self.cut_off_taken}"
        )
        print(
            f"{self.jobs} jobs: {self.adopted} adopted from a listing, {self.resent} attempts "
            "proven absent and sent again"
        )
        print(f"{self.given_once} results that are given once, {self.in_transit} cut short")
        print(
            f"settle time {settle:.2f} s on these clocks; {self.late} rounds with listings that "
            f"lag for 0.85 to 0.95 of it, {self.paged} with listings in pages"
        )
        print(f"{self.beyond} rounds whose submissions took longer than that; left out")
        print(f"lost or doubled: {len(self.faults)}")

    def _share(self, count: int) -> str:
        return f"{count / self.kills if self.kills else 0.0:.0%}"
