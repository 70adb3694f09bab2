"""Harm the code, and see whether its tests fail: `python -m tests.mutants --seed 1 --count 80`.

Needs Cosmic Ray (`pip install cosmic-ray`), whose operators make the mutants. Which of them are
tried follows from the seed and from what a line says, not from where it stands: of code that has
only moved the same mutants are drawn again. All happens in a copy of the tree.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("ibmqbatch/jobset", "ibmqbatch/manifest")
TESTS = ("tests/jobset", "tests/manifest")
# `X | None` stands in annotations, which nobody evaluates.
_MEANINGLESS = "ReplaceBinaryOperator_BitOr"
_HARMED = "IBMQBATCH_MUTANT"  # the variable that names the module
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider")
_PATIENCE = 4  # times as long as without harm: who takes longer is caught in a loop


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one line: the file, the operator, and which of its places in the file."""

    module: str
    operator: str
    occurrence: int
    line: int
    text: str

    def drawn(self, seed: int) -> bytes:
        """Return what mutants are sorted by; it does not change when a line moves."""
        return hashlib.sha256(f"{seed}\n{self.operator}\n{self.text}".encode()).digest()

    @property
    def kind(self) -> tuple[str, int, str]:
        """Return what it has in common with those that do nearly the same to the same line."""
        return self.module, self.line, self.operator.split("_")[0]


def mutants(room: str) -> Iterator[Mutant]:
    """Yield all mutants of a room's modules."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    operators = {
        name: get_operator(name)()
        for name in operator_names()
        if not get_operator(name).arguments() and _MEANINGLESS not in name
    }
    for path in sorted((ROOT / room).rglob("*.py")):
        source = path.read_text("utf-8")
        lines = source.splitlines()
        nodes = list(ast_nodes(get_ast(source)))
        for name, operator in operators.items():
            places = (place for node in nodes for place in operator.mutation_positions(node))
            for occurrence, ((line, _), _) in enumerate(places):
                text = lines[line - 1].strip()
                yield Mutant(str(path.relative_to(ROOT)), name, occurrence, line, text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those tests first that are most likely to fail, and the longest ones last."""
    own = f"test_{os.environ[_HARMED]}"
    items.sort(key=lambda item: (item.path.stem != own, item.name == "runTest"))


def survives(mutant: Mutant, tree: Path, seconds: float) -> bool | None:
    """Tell whether the tests pass in spite of a mutant; None where it is none."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    path = tree / mutant.module
    source = path.read_text("utf-8")
    harmed = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
    try:
        compile(harmed, path, "exec")
    except SyntaxError:  # the star of a signature was taken for a product
        return None
    path.write_text(harmed, "utf-8")
    try:
        return passes(tree, path.stem, seconds)
    finally:
        path.write_text(source, "utf-8")


def passes(tree: Path, module: str, seconds: float | None = None) -> bool:
    """Tell whether the tests pass in so many seconds; those of `module` come first."""
    try:
        done = subprocess.run(
            [*_PYTEST, "-p", "tests.mutants", *TESTS],
            check=False,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), _HARMED: module},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=80, help="mutants of all rooms together")
    asked = parser.parse_args()
    found = [mutant for room in ROOMS for mutant in mutants(room)]
    drawn = sorted(found, key=lambda mutant: (mutant.drawn(asked.seed), mutant.occurrence))
    # One of each kind: a line with a product in it is no better than others for having ten mutants.
    kinds: dict[tuple[str, int, str], Mutant] = {}
    for mutant in drawn:
        kinds.setdefault(mutant.kind, mutant)
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(ROOT, tree, ignore=ignored)
        begun = time.monotonic()
        assert passes(tree, ""), "the tests fail unharmed"
        seconds = _PATIENCE * (time.monotonic() - begun)
        for mutant in kinds.values():
            survived = survives(mutant, tree, seconds)
            if survived is None:
                continue
            what = "survived" if survived else "killed"
            counted[what] += 1
            operator = mutant.operator.partition("/")[2]
            print(f"{what}: {mutant.module}:{mutant.line} {operator}: {mutant.text}", flush=True)
            if counted.total() == asked.count:
                break
    print(
        f"{counted['killed']} of {counted.total()} killed "
        f"({counted['killed'] / max(1, counted.total()):.0%}), of {len(kinds)} mutants, "
        f"seed {asked.seed}"
    )


if __name__ == "__main__":
    main()
