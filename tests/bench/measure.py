"""What the benchmarks have in common: one line a measurement, rounds that take turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure of ours beside the one that it is held against.

    `bound` is what their ratio may be at most; None where it is for information only.
    """

    name: str
    ours: float
    reference: float
    bound: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Ours over the reference."""
        return self.ours / self.reference

    @property
    def over(self) -> bool:
        """Whether the bound is broken."""
        return self.bound is not None and self.ratio > self.bound

    def __str__(self) -> str:
        form = "{:,.1f} ms" if self.unit == "ms" else "{:,g} " + self.unit
        bound = "-" if self.bound is None else f"{self.bound:.2f}"
        verdict = "info" if self.bound is None else "over" if self.over else "ok"
        return (
            f"{self.name:<24} {form.format(self.ours):>14} {form.format(self.reference):>14} "
            f"{self.ratio:>7.2f} {bound:>6}  {verdict}"
        )


HEADING = f"{'':<24} {'ours':>14} {'reference':>14} {'ratio':>7} {'bound':>6}"


def timed(run: Callable[[], object]) -> float:
    """Return how many milliseconds `run` takes."""
    begun = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - begun)


def worked(run: Callable[[], object]) -> float:
    """Return how many milliseconds of a processor `run` takes: others' work does not count."""
    begun = time.process_time()
    run()
    return 1000 * (time.process_time() - begun)


def medians(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Let the runs take turns, after one that does not count; return the median of each.

    Whatever else the machine does then falls on all of them alike.
    """
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            figure = run()
            if number:
                figures[name].append(figure)
    return {name: median(found) for name, found in figures.items()}
