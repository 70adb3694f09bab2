"""IBM's own client in an interpreter of its own, which does what it is told line by line.

    python client.py              a line of JSON in, `{"scenario": name, "arguments": {…}}`, a line
                                  out, `{"value": …}` or `{"error": {"kind", "message"}}`
    python client.py NAME [JSON]  one scenario, with its arguments; prints what it returns

What can be told stands in the modules named `scenarios…` beside this one. Nothing of ibmqbatch is
imported, and IBM's client is left as it is: its calls are counted by watching them go by.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
SCENARIOS = {str(path): path.stem for path in sorted(HERE.glob("scenarios*.py"))}
COUNTED = {"__init__", "__enter__", "__exit__"}


class Watch:
    """Counts the calls that scenarios make into IBM's package, not those it makes of itself."""

    def __init__(self, package: Path) -> None:
        self.calls = 0
        self.names: set[str] = set()
        self._package = f"{package}{os.sep}"

    def __enter__(self) -> None:
        sys.setprofile(self._see)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, _argument: object) -> None:
        code, caller = frame.f_code, frame.f_back
        if (
            event == "call"
            and caller is not None
            and caller.f_code.co_filename in SCENARIOS
            and code.co_filename.startswith(self._package)
            and (not code.co_name.startswith("_") or code.co_name in COUNTED)
        ):
            self.calls += 1
            self.names.add(code.co_qualname)


def scenarios() -> dict[str, Callable[..., Any]]:
    """Return what can be told, by name."""
    return {
        name: value
        for module in map(importlib.import_module, SCENARIOS.values())
        for name, value in vars(module).items()
        if callable(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def run(scenario: Callable[..., Any], arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Run one scenario and return what to answer."""
    try:
        with watch:
            answer = {"value": scenario(**arguments)}
    except Exception as error:  # noqa: BLE001 - whatever the client raises is an answer
        answer = {"error": {"kind": type(error).__name__, "message": str(error)}}
    return {**answer, "calls": watch.calls, "names": sorted(watch.names)}


def main() -> None:
    # What a library prints must not end up between the answers.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, str(HERE))
    # The client's own: that a newer sampler is coming, and that pubs with shots of their own go.
    warnings.simplefilter("ignore", DeprecationWarning)
    known = scenarios()
    import qiskit_ibm_runtime

    watch = Watch(Path(qiskit_ibm_runtime.__file__).parent)
    if len(sys.argv) > 1:
        name, *rest = sys.argv[1:]
        answer = run(known[name], json.loads(rest[0]) if rest else {}, watch)
        print(json.dumps(answer.get("value", answer), indent=1), file=out, flush=True)
        sys.exit("error" in answer)
    print(json.dumps({"version": qiskit_ibm_runtime.__version__}), file=out, flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        answer = run(known[told["scenario"]], told["arguments"], watch)
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
