"""Which way the doors between the rooms open, read from the source; and what a verb loads."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import ibmqbatch

ROOT = Path(ibmqbatch.__file__).parent
PACKAGE = "ibmqbatch"
ROOMS = {"circuits", "cli", "jobset", "local", "managed", "manifest", "render", "service"}
MODULES = sorted(ROOT.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
WORKER = "local/worker/"
LONGEST = 400  # lines


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    """Return the room of a module; modules at the root are a room without a name."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def dotted(path: Path) -> str:
    parts = [PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {dotted(path) for path in MODULES}


def imports(path: Path, *, typing_only: bool = True) -> set[str]:
    """Return all that a module imports, wherever in it, by full name."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    tree = ast.parse(path.read_text())
    left_out: set[ast.AST] = set()
    if not typing_only:
        left_out = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            for part in node.body
            for inner in ast.walk(part)
        }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(relative, package) if node.level else relative
            found |= {f"{base}.{alias.name}" for alias in node.names} | {base}
    return found


def rooms(path: Path) -> set[str]:
    """Return the rooms that a module goes into, its own left out."""
    inside = [name.split(".") for name in imports(path) if name.startswith(f"{PACKAGE}.")]
    return ({parts[1] for parts in inside} & ROOMS) - {room_of(path)}


def libraries(path: Path, *, typing_only: bool = True) -> set[str]:
    return {name.partition(".")[0] for name in imports(path, typing_only=typing_only)}


def in_room(room: str) -> list[Path]:
    return [path for path in MODULES if room_of(path) == room]


# Where the doors of each room lead; DESIGN knows no others.
DOORS = {
    "": {"cli", "managed"},
    "circuits": set(),
    "service": set(),
    "manifest": set(),
    "local": set(),
    "render": set(),
    "jobset": {"circuits", "manifest", "service"},
    "managed": {"jobset", "manifest", "service", "circuits", "render"},
    "cli": {"jobset", "managed", "manifest", "service", "render"},
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_goes_only_through_the_doors_of_its_room(path):
    assert rooms(path) <= DOORS[room_of(path)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nobody_imports_the_local_service(path):
    assert room_of(path) == "local" or "local" not in rooms(path)


@pytest.mark.parametrize("path", in_room("jobset"), ids=name_of)
def test_engine_knows_no_terminal_and_no_qiskit(path):
    assert not libraries(path, typing_only=False) & {"typer", "rich", "click", "qiskit"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_rooms_that_handle_circuits_import_qiskit(path):
    if room_of(path) not in {"circuits", "managed"} and not name_of(path).startswith(WORKER):
        assert not libraries(path) & {"qiskit", "qiskit_aer"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_transport_imports_the_http_library(path):
    if name_of(path) != "service/transport.py" and room_of(path) != "local":
        assert "httpx" not in libraries(path)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_cli_and_render_import_the_terminal_libraries(path):
    if room_of(path) not in {"cli", "render"} and name_of(path) != "__main__.py":
        assert not libraries(path) & {"rich"}
    if room_of(path) != "cli":
        assert not libraries(path) & {"typer", "click"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_lead_to_modules_that_exist(path):
    for name in imports(path):
        if name.startswith(f"{PACKAGE}."):
            assert name in KNOWN or name.rpartition(".")[0] in KNOWN


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: "/".join(path.parts[-2:]))
def test_module_is_of_a_few_hundred_lines_at_most(path):
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_public_names_are_sorted():
    assert list(ibmqbatch.__all__) == sorted(ibmqbatch.__all__)


def test_public_names_exist():
    assert all(hasattr(ibmqbatch, name) for name in ibmqbatch.__all__)


def loaded_by(code: str) -> set[str]:
    """Run code in a new interpreter; return the names of the libraries that it has loaded."""
    ending = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + ending], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


LOOKING = [
    "status",
    "results",
    "cancel",
    "retag",
    "collect",
    "resume",
    "export",
    "import_",
    "forget",
    "logs",
    "recover",
    "show",
]


@pytest.mark.parametrize("verb", [*LOOKING, "backends"])
def test_verb_does_not_load_qiskit(verb):
    assert "qiskit" not in loaded_by(f"import ibmqbatch.cli.{verb}")


def test_engine_does_not_load_qiskit():
    assert "qiskit" not in loaded_by("import ibmqbatch.jobset.advance, ibmqbatch.jobset.plan")


def test_package_itself_loads_no_library():
    heavy = {"qiskit", "numpy", "httpx", "typer", "rich", "platformdirs", "sqlite3"}
    assert not loaded_by("import ibmqbatch") & heavy


RUN = "from ibmqbatch.cli.main import main\nassert main({words!r}) == 0"


def test_listing_the_sets_loads_no_qiskit_httpx_or_numpy(home):
    assert not loaded_by(RUN.format(words=["status"])) & {"qiskit", "httpx", "numpy"}


@pytest.fixture
def finished_set(home) -> str:
    """Write a set with nothing left to do; return its id."""
    from ibmqbatch.manifest.remotes import close_set
    from ibmqbatch.manifest.store import Manifest
    from ibmqbatch.manifest.wants import want_cancel
    from tests.manifest.conftest import write_set

    with Manifest.open(write_set(2)) as manifest:
        want_cancel(manifest, [0, 1])
        with manifest.db.transaction():
            close_set(manifest)
        return manifest.job_set().id


@pytest.mark.parametrize("words", [["status"], ["status", "--events"], ["status", "--json"]])
def test_status_of_a_finished_set_loads_no_qiskit_httpx_or_numpy(words, finished_set):
    verb, *options = words
    loaded = loaded_by(RUN.format(words=[verb, finished_set, *options]))
    assert not loaded & {"qiskit", "httpx", "numpy"}


@pytest.mark.parametrize("words", [["list"], ["show"], ["use", "local"]])
def test_looking_at_accounts_loads_no_qiskit_httpx_or_numpy(words, home):
    loaded = loaded_by(RUN.format(words=["account", *words]))
    assert not loaded & {"qiskit", "httpx", "numpy"}


def test_copying_and_forgetting_load_no_qiskit_httpx_or_numpy(finished_set, tmp_path):
    file = str(tmp_path / "x.sqlite")
    for words in (
        ["export", finished_set, "-o", file],
        ["forget", finished_set, "--yes"],
        ["import", file],
    ):
        assert not loaded_by(RUN.format(words=words)) & {"qiskit", "httpx", "numpy"}


def test_backends_loads_no_qiskit_or_numpy(service):
    assert not loaded_by(RUN.format(words=["backends"])) & {"qiskit", "numpy"}


def test_status_of_a_set_that_runs_loads_no_qiskit(service, circuits):
    from tests.manifest.conftest import write_set

    write_set(1, instance=service["crn"])
    assert "qiskit" not in loaded_by(RUN.format(words=["status", "latest"]))


def test_program_on_physical_qubits_is_submitted_without_qiskit(service, tmp_path):
    path = tmp_path / "p.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\n'
        "sx $3;\ncx $3, $4;\nbarrier $3, $4;\nc[0] = measure $3;\nif (c[0]) { x $4; }\n"
    )
    words = ["submit", str(path), "--backend", "fake_manila", "--quiet"]
    assert "qiskit" not in loaded_by(RUN.format(words=words))


def test_programs_as_text_are_shown_without_qiskit(cli, tmp_path):
    path = tmp_path / "p.qasm"
    path.write_text("OPENQASM 3.0;\nbit[1] c;\nc[0] = measure $3;\n")
    job_set = cli.submit(path, "--backend", "fake_manila", "--detach")
    for words in (["logs", job_set], ["show", job_set, "--circuit", "0", "--compiled"]):
        assert "qiskit" not in loaded_by(RUN.format(words=words))
