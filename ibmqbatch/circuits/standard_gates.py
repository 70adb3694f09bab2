"""Gates of devices that the standard file of OpenQASM 3 lacks, as they are usually defined."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

__all__ = ["DEFINITIONS", "is_known_definition"]

DEFINITIONS = {
    "rzx": "gate rzx(theta) a, b { h b; cx a, b; rz(theta) b; cx a, b; h b; }\n",
    "ecr": "gate ecr a, b { rzx(pi/4) a, b; x a; rzx(-pi/4) a, b; }\n",
    "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }\n",
}
# As others write them, the newer releases of Qiskit among them.
_OTHER_FORMS = (
    "gate ecr a, b { s a; sx b; cx a, b; x a; }\n",
    "gate rzz(theta) a, b { cx a, b; p(theta) b; cx a, b; }\n",
    "gate rzz(theta) a, b { cx a, b; u1(theta) b; cx a, b; }\n",
    "gate xslow a { x a; }\n",
)
_WORD = re.compile(r"[^\W\d]\w*")


def is_known_definition(definition: Any) -> bool:
    """Return whether a definition, a node of the syntax tree, is a known one of the gate's name."""
    return _form(definition) in _known_forms()


@cache
def _known_forms() -> frozenset[str]:
    import openqasm3.parser

    text = "".join((*DEFINITIONS.values(), *_OTHER_FORMS))
    return frozenset(map(_form, openqasm3.parser.parse(text).statements))


def _form(definition: Any) -> str:
    """Write a definition with numbers in the place of its own names."""
    import openqasm3.printer

    own = [*definition.arguments, *definition.qubits]
    numbers = {word.name: str(number) for number, word in enumerate(own)}
    body = openqasm3.printer.dumps(definition).partition("{")[2]
    written = _WORD.sub(lambda word: numbers.get(word[0], word[0]), body)
    return f"{definition.name.name} {len(definition.arguments)} {len(definition.qubits)} {written}"
