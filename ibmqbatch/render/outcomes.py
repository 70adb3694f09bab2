"""Outcomes of many bits in few columns, so that they can still be told apart."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fit_outcomes"]

_LEFT_OUT = "…"


def fit_outcomes(outcomes: Sequence[str], width: int) -> dict[str, str]:
    """Return what is drawn for each outcome, in `width` columns as far as that can be done.

    Bits that all of them have in common give way first, then bits are written as hexadecimal
    numbers, a number for each register. What does not fit even so is longer than `width`: no two
    outcomes look alike.
    """
    hexadecimal = ["0x" + " ".join(map(_hexadecimal, each.split(" "))) for each in outcomes]
    for texts in (outcomes, hexadecimal):
        if (fitting := _without_middle(texts, width)) is not None:
            return dict(zip(outcomes, fitting, strict=True))
    return dict(zip(outcomes, hexadecimal, strict=True))


def _hexadecimal(bits: str) -> str:
    return f"{int(bits, 2):0{-(-len(bits) // 4)}x}" if bits else ""


def _without_middle(texts: Sequence[str], width: int) -> list[str] | None:
    """Return texts without the middles of what they have in common; None where that is too long."""
    if len({len(text) for text in texts}) != 1:
        return list(texts) if max(map(len, texts), default=0) <= width else None
    left = len(texts[0]) - width
    cuts: list[tuple[int, int]] = []
    for start, stop in sorted(_alike(texts), key=lambda run: run[0] - run[1]):
        if left <= 0:
            break
        # An ellipsis takes a column itself, and each end of a run stays.
        size = min(left + 1, stop - start - 2)
        if size < 2:
            break
        first = start + (stop - start - size + 1) // 2
        cuts.append((first, first + size))
        left -= size - 1
    if left > 0:
        return None
    return [_cut(text, sorted(cuts)) for text in texts]


def _alike(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the runs of positions, ends excluded, at which all texts are the same."""
    runs: list[tuple[int, int]] = []
    for at, characters in enumerate(zip(*texts, strict=True)):
        if len(set(characters)) == 1:
            if runs and runs[-1][1] == at:
                runs[-1] = runs[-1][0], at + 1
            else:
                runs.append((at, at + 1))
    return runs


def _cut(text: str, cuts: Sequence[tuple[int, int]]) -> str:
    for start, stop in reversed(cuts):
        text = text[:start] + _LEFT_OUT + text[stop:]
    return text
