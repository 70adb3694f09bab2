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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Of each room: its tests. Those of the module's own name are asked first.
ROOMS = {
    "ibmqbatch/jobset": ("tests/jobset", "tests/manifest"),
    "ibmqbatch/manifest": ("tests/manifest", "tests/jobset"),
}
# `X | None` stands in annotations, which nobody evaluates.
_MEANINGLESS = "ReplaceBinaryOperator_BitOr"
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider")
_PATIENCE = 900  # seconds: who takes longer than that is caught in a loop


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


def survives(mutant: Mutant, room: str, tree: Path) -> bool | None:
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
    own = sorted(
        str(test.relative_to(tree)) for test in (tree / "tests").rglob(f"test_{path.stem}.py")
    )
    try:
        return passes(tree, *own) and passes(tree, *ROOMS[room])
    finally:
        path.write_text(source, "utf-8")


def passes(tree: Path, *tests: str) -> bool:
    """Tell whether tests pass, each by its own account."""
    if not tests:
        return True
    try:
        done = subprocess.run(
            [*_PYTEST, *tests],
            check=False,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in {0, 5}  # 5: the module's own tests are all slow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=80, help="mutants of all rooms together")
    asked = parser.parse_args()
    found = {mutant: room for room in ROOMS for mutant in mutants(room)}
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
        assert all(passes(tree, *tests) for tests in ROOMS.values()), "the tests fail unharmed"
        for mutant in kinds.values():
            survived = survives(mutant, found[mutant], tree)
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
