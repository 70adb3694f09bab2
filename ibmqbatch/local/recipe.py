"""How other programs reach the service: lines to paste, for ibmqbatch and for IBM's client."""

from __future__ import annotations

import json
import shlex

__all__ = ["recipe"]


def recipe(origin: str, api_key: str, instance: str) -> str:
    """Return what to paste into a shell, or into Python, block by block with blank lines between.

    IBM's client drops the port of a URL, unless the word "experimental" is in it. It exchanges keys
    for tokens, and looks for instances, at IBM, unless these variables of IBM's SDK name another
    place.
    """
    experimental = f"{origin}/experimental/api/v1"
    places = dict.fromkeys(("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"), origin)
    ours = {
        "IBMQBATCH_URL": f"{origin}/api/v1",
        "IBMQBATCH_TOKEN": api_key,
        "IBMQBATCH_INSTANCE": instance,
    }
    theirs = {
        "QISKIT_IBM_URL": experimental,
        "QISKIT_IBM_TOKEN": api_key,
        "QISKIT_IBM_INSTANCE": instance,
        **places,
    }
    return "\n".join(
        (
            "# ibmqbatch, in another shell:",
            *_exports(ours),
            "",
            "# IBM's client (QiskitRuntimeService()), in another shell:",
            *_exports(theirs),
            "",
            "# IBM's client, in Python:",
            "import os",
            "from qiskit_ibm_runtime import QiskitRuntimeService",
            "os.environ.update(",
            *(f"    {name}={json.dumps(place)}," for name, place in places.items()),
            ")",
            "service = QiskitRuntimeService(",
            f"    url={json.dumps(experimental)},",
            f"    token={json.dumps(api_key)},",
            f"    instance={json.dumps(instance)},",
            ")",
            "",
        )
    )


def _exports(variables: dict[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
