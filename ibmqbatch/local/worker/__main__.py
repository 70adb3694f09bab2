"""Start a worker: `python <this folder> <pid of the server>`.

The folder is loaded as a package with a name of its own, wherever it lies: neither the packages
around it need be installed, nor do its modules get in the way of others of the same names.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

_NAME = "ibmqbatch_worker"


def main() -> None:
    """Serve jobs until the server goes away."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100
    spec = importlib.util.spec_from_file_location(
        _NAME,
        os.path.join(here, "__init__.py"),  # noqa: PTH118
        submodule_search_locations=[here],
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    importlib.import_module(f"{_NAME}.serving").serve(int(sys.argv[1]))


if __name__ == "__main__":
    main()
