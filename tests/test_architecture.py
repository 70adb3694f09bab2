"""Which way the doors between the rooms open, read from the source; and what a verb loads."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path

import pytest

import ibmqbatch
from tests.support.circuits import BELL
from tests.support.fresh import run_fresh

ROOT = Path(ibmqbatch.__file__).parent
PACKAGE = "ibmqbatch"
ROOMS = {
    *("accounts", "circuits", "cli", "jobset", "local", "managed", "manifest"),
    *("render", "report", "service"),
}
MODULES = sorted(ROOT.rglob("*.py"))
WORKER = "local/worker/"


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


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path, *, typing_only: bool = True) -> set[str]:
    """Return all that a module imports, wherever in it, by full name."""
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    tree = parsed(path)
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


def who_imports(
    paths: list[Path], kept_out: set[str], *, typing_only: bool = True
) -> dict[str, set[str]]:
    """Return those modules that import one of these libraries, with what they import of them."""
    found = {name_of(path): libraries(path, typing_only=typing_only) & kept_out for path in paths}
    return {name: names for name, names in found.items() if names}


def in_room(room: str) -> list[Path]:
    return [path for path in MODULES if room_of(path) == room]


# Where the doors of each room lead; DESIGN knows no others.
DOORS = {
    "": {"accounts", "circuits", "cli", "jobset", "managed", "manifest", "service"},
    "accounts": {"service"},
    "circuits": set(),
    "service": set(),
    "manifest": set(),
    "local": set(),
    "render": set(),
    "report": {"jobset", "manifest", "render", "service"},
    "jobset": {"accounts", "circuits", "manifest", "report", "service"},
    "managed": {"accounts", "circuits", "jobset", "manifest", "render", "service"},
    "cli": {"accounts", "jobset", "managed", "manifest", "render", "report", "service"},
}


# Each rule is one test that names all modules which break it.


def test_modules_go_only_through_the_doors_of_their_rooms():
    through = {name_of(path): rooms(path) - DOORS[room_of(path)] for path in MODULES}
    assert {name: found for name, found in through.items() if found} == {}


def test_nobody_imports_the_local_service():
    outside = [path for path in MODULES if room_of(path) != "local"]
    assert [name_of(path) for path in outside if "local" in rooms(path)] == []


def test_engine_knows_no_terminal_and_no_qiskit():
    kept_out = {"typer", "rich", "click", "qiskit"}
    assert in_room("jobset")
    assert who_imports(in_room("jobset"), kept_out, typing_only=False) == {}


def test_only_rooms_that_handle_circuits_import_qiskit():
    others = [
        path
        for path in MODULES
        if room_of(path) not in {"circuits", "managed"} and not name_of(path).startswith(WORKER)
    ]
    assert who_imports(others, {"qiskit", "qiskit_aer"}) == {}


def test_only_rooms_that_have_qiskit_import_numpy():
    others = [
        path
        for path in MODULES
        if room_of(path) not in {"circuits", "managed"}
        and not name_of(path).startswith(WORKER)
        and name_of(path) != "service/npy.py"  # which takes it where it is wanted
    ]
    assert who_imports(others, {"numpy"}, typing_only=False) == {}


def test_only_the_transport_imports_the_http_library():
    others = [
        path
        for path in MODULES
        if name_of(path) != "service/transport.py" and room_of(path) != "local"
    ]
    assert who_imports(others, {"httpx"}) == {}


def test_only_cli_and_render_import_the_terminal_libraries():
    others = [
        path
        for path in MODULES
        if room_of(path) not in {"cli", "render"} and name_of(path) != "__main__.py"
    ]
    assert who_imports(others, {"rich"}) == {}
    others = [path for path in MODULES if room_of(path) != "cli"]
    assert who_imports(others, {"typer", "click"}) == {}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that all lead to one another."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        found, edge = set(), [start]
        while edge:
            fresh = graph[edge.pop()] - found
            found |= fresh
            edge += fresh
        reached[start] = found
    together = {
        frozenset(other for other in reached[name] if name in reached[other]) for name in graph
    }
    return [set(circle) for circle in together if circle]


def test_modules_import_one_another_in_no_circle():
    # Types alone make no circle; what is imported within a function does.
    graph = {
        dotted(path): {
            name if name in KNOWN else name.rpartition(".")[0]
            for name in imports(path, typing_only=False)
            if {name, name.rpartition(".")[0]} & KNOWN
        }
        - {dotted(path), PACKAGE}
        for path in MODULES
    }
    assert circles(graph) == []


def test_imports_lead_to_modules_that_exist():
    lost = {
        (name_of(path), name)
        for path in MODULES
        for name in imports(path)
        if name.startswith(f"{PACKAGE}.") and not {name, name.rpartition(".")[0]} & KNOWN
    }
    assert lost == set()


def test_modules_say_what_they_are_for():
    assert [name_of(path) for path in MODULES if not ast.get_docstring(parsed(path))] == []


def test_tests_share_what_is_no_test():
    """A module of tests imports none other, and nobody what pytest finds by itself."""
    again = {"tests/conformance/test_worker.py"}  # collects tests once more
    tests = Path(__file__).parent
    for path in sorted(tests.rglob("*.py")):
        name = f"tests/{path.relative_to(tests).as_posix()}"
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ImportFrom) or name in again:
                continue
            last = (node.module or "").rpartition(".")[2]
            assert not last.startswith("test_"), (name, node.module)
            assert last != "conftest" or path.stem == "conftest", (name, node.module)


def test_public_names_are_sorted():
    assert list(ibmqbatch.__all__) == sorted(ibmqbatch.__all__)


def test_public_names_exist():
    assert all(hasattr(ibmqbatch, name) for name in ibmqbatch.__all__)


def loaded_by(code: str) -> set[str]:
    """Run code in a new interpreter; return the names of the libraries that it has loaded."""
    ending = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    return {name.partition(".")[0] for name in run_fresh(code + ending, COVERAGE_PROCESS_START="")}


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
    "report",
    "show",
]


def test_verbs_do_not_load_qiskit():
    code = "import importlib, sys\n"
    for verb in (*LOOKING, "backends"):
        code += f"importlib.import_module('ibmqbatch.cli.{verb}')\n"
        code += f"assert 'qiskit' not in sys.modules, '{verb}'\n"
    assert "ibmqbatch" in loaded_by(code)


def test_engine_does_not_load_qiskit():
    assert "qiskit" not in loaded_by("import ibmqbatch.jobset.advance, ibmqbatch.jobset.plan")


def test_package_itself_loads_no_library():
    heavy = {"qiskit", "numpy", "httpx", "typer", "rich", "platformdirs", "sqlite3"}
    assert not loaded_by("import ibmqbatch") & heavy


def loaded_by_commands(*commands: list[str]) -> set[str]:
    """Run commands one after the other in a new interpreter; return what they load."""
    runs = [f"assert main({words!r}) == 0, {words!r}" for words in commands]
    return loaded_by("\n".join(["from ibmqbatch.cli.main import main", *runs]))


def test_listing_the_sets_loads_no_qiskit_httpx_or_numpy(home):
    assert not loaded_by_commands(["status"]) & {"qiskit", "httpx", "numpy"}


@pytest.fixture
def finished_set(home) -> str:
    """Write a set with nothing left to do; return its id."""
    from ibmqbatch.manifest.manifest import Manifest
    from tests.support.manifests import write_set

    with Manifest.open(write_set(2)) as manifest:
        manifest.wants.cancel([0, 1])
        with manifest.transaction() as change:
            change.jobs.close()
        return manifest.job_set().id


def test_status_of_a_finished_set_loads_no_qiskit_httpx_or_numpy(finished_set):
    words = ["status", finished_set]
    loaded = loaded_by_commands(words, [*words, "--events"], [*words, "--json"])
    assert not loaded & {"qiskit", "httpx", "numpy"}


def test_looking_at_accounts_loads_no_qiskit_httpx_or_numpy(home):
    looking = ["account", "list"], ["account", "show"], ["account", "use", "local"]
    loaded = loaded_by_commands(*looking)
    assert not loaded & {"qiskit", "httpx", "numpy"}


def test_copying_and_forgetting_load_no_qiskit_httpx_or_numpy(finished_set, tmp_path):
    file = str(tmp_path / "x.sqlite")
    loaded = loaded_by_commands(
        ["export", finished_set, "-o", file], ["forget", finished_set, "--yes"], ["import", file]
    )
    assert not loaded & {"qiskit", "httpx", "numpy"}


def test_backends_loads_no_qiskit_or_numpy(service):
    assert not loaded_by_commands(["backends"]) & {"qiskit", "numpy"}


def test_status_of_a_set_that_runs_loads_no_qiskit(service, circuits):
    from tests.support.manifests import write_set

    write_set(1, instance=service["crn"])
    assert "qiskit" not in loaded_by_commands(["status", "latest"])


@pytest.fixture
def measured(cli, circuits) -> str:
    """Have a set of two jobs with their results, of more than one register; return its id."""
    registers = "creg a[1];\ncreg b[12];\nh q[0];\nmeasure q[0] -> a[0];\nmeasure q[1] -> b[9];\n"
    two = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\n{registers}'
    folder = circuits(c0=two, c1=BELL)
    return cli.submit(folder, "--shots", 20, "--max-circuits", 1, "--wait")


def test_results_load_no_qiskit_or_numpy_in_any_form(measured, tmp_path):
    results = ["results", measured]
    forms = [[], ["--json"], ["--json", "--memory"], ["--circuit", "0", "--register", "b"]]
    forms += [["--format", form] for form in ("table", "csv", "ndjson")]
    forms += [["--format", "npz", "-o", str(tmp_path / "x.npz")], ["--raw", str(tmp_path / "raw")]]
    loaded = loaded_by_commands(*(results + form for form in forms))
    assert not loaded & {"qiskit", "numpy"}


def test_verbs_on_measured_sets_load_no_qiskit_or_numpy(measured, tmp_path):
    file = str(tmp_path / "x.sqlite")
    loaded = loaded_by_commands(
        ["status", measured, "--usage"],
        ["show", measured],
        ["logs", measured],
        ["retag", measured, "--add", "x"],
        ["cancel", measured],
        ["resume", measured],
        ["collect"],
        ["export", measured, "-o", file],
        ["forget", measured, "--yes"],
        ["import", file],
        ["forget", measured, "--yes"],
        ["recover", measured],
        ["results", measured],
    )
    assert not loaded & {"qiskit", "numpy"}


def test_planned_sweep_is_cancelled_retried_and_followed_without_qiskit_or_numpy(cli, tmp_path):
    # It is sent with an array of its values.
    (tmp_path / "turn.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\nqubit q;\nbit c;\n'
        "rx(a) q;\nc = measure q;\n"
    )
    (tmp_path / "values.csv").write_text("a\n0\n3.14\n")
    swept = cli.submit(
        tmp_path / "turn.qasm", "--parameters", tmp_path / "values.csv", "--detach", "--shots", 9
    )
    again = ["retry", swept, "--cancelled"]
    loaded = loaded_by_commands(["cancel", swept], again, ["results", swept, "--wait"])
    assert not loaded & {"qiskit", "numpy"}


def test_program_on_physical_qubits_is_submitted_without_qiskit(service, tmp_path):
    path = tmp_path / "p.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\n'
        "sx $3;\ncx $3, $4;\nbarrier $3, $4;\nc[0] = measure $3;\nif (c[0]) { x $4; }\n"
    )
    words = ["submit", str(path), "--backend", "fake_manila", "--quiet"]
    assert "qiskit" not in loaded_by_commands(words)


def test_programs_as_text_are_shown_without_qiskit(cli, tmp_path):
    path = tmp_path / "p.qasm"
    path.write_text("OPENQASM 3.0;\nbit[1] c;\nc[0] = measure $3;\n")
    job_set = cli.submit(path, "--backend", "fake_manila", "--detach")
    show = ["show", job_set, "--circuit", "0", "--compiled"]
    assert "qiskit" not in loaded_by_commands(["logs", job_set], show)
