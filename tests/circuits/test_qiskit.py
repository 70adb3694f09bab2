"""The Qiskit that is installed, or none, or two: one sentence, and the command that mends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata

import pytest

from ibmqbatch.circuits import _qiskit
from ibmqbatch.circuits._qiskit import import_importer, import_qiskit
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.errors import MissingPackage
from tests.circuits.asking import ready, write
from tests.circuits.devices import line
from tests.support.circuits import BELL

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that has packages be installed, with Qiskit's files of a version."""

    def pretend(*, files: str | None = None, **versions: str) -> None:
        def version(name: str) -> str:
            try:
                return versions[name.replace("-", "_")]
            except KeyError:
                raise metadata.PackageNotFoundError(name) from None

        monkeypatch.setattr(metadata, "version", version)
        if files is not None:
            monkeypatch.setattr(_qiskit, "_version_of_files", lambda: files)

    import_qiskit.cache_clear()
    return pretend


def told(install: Install, **versions: str) -> tuple[str, str]:
    install(**versions)
    with pytest.raises(MissingPackage) as caught:
        import_qiskit()
    assert caught.value.exit_code == 1
    return caught.value.message, caught.value.hint


def test_none_is_told_with_the_way_to_one(install):
    message, hint = told(install)
    assert message == "These circuits need Qiskit, and none is installed."
    assert hint == "Install it with: pip install 'ibmqbatch[qiskit]'"


def test_two_in_one_environment_are_named(install):
    message, hint = told(install, qiskit="2.6.2", qiskit_terra="0.46.3")
    assert "qiskit 2.6.2, qiskit-terra 0.46.3" in message
    assert hint.endswith(
        "pip uninstall -y qiskit qiskit-terra qiskit-aer && pip install 'ibmqbatch[qiskit]'"
    )


@pytest.mark.parametrize(("version", "files"), [("2.6.2", "0.46.3"), ("0.46.3", "2.6.2")])
def test_files_of_another_version_are_named(version, files, install):
    message, hint = told(install, qiskit=version, files=files)
    assert version in message
    assert files in message
    assert "pip uninstall -y qiskit" in hint


@pytest.mark.parametrize("version", ["1.4.2", "0.45.0"])
def test_version_that_is_not_supported_is_named(version, install):
    message, hint = told(install, qiskit=version, files=version)
    assert f"Qiskit {version} is installed" in message
    assert "pip install" in hint


@pytest.mark.parametrize(
    "versions", [{"qiskit": "2.6.2"}, {"qiskit": "0.46.3", "qiskit_terra": "0.46.3"}]
)
def test_supported_versions_are_taken(versions, install):
    install(files=versions["qiskit"], **versions)
    import_qiskit()


def test_one_that_cannot_be_imported_says_why(install, monkeypatch):
    install(qiskit="2.6.2", files="2.6.2")
    monkeypatch.setitem(sys.modules, "qiskit.qpy", None)
    with pytest.raises(MissingPackage, match=r"Qiskit is installed \(qiskit 2.6.2\) and cannot be"):
        import_qiskit()


def test_importer_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_qasm3_import", None)
    with pytest.raises(MissingPackage, match="qiskit-qasm3-import, which is not installed"):
        import_importer()


def test_processes_that_compile_tell_it_as_well(install, monkeypatch, tmp_path):
    path = write(tmp_path, BELL * 20, "many.qasm")
    # What they import is what they find: nothing, of a package that is hidden from them.
    monkeypatch.setattr(sys, "path", [_hiding(tmp_path), *sys.path])
    monkeypatch.setattr("ibmqbatch.circuits.pipeline.available_processors", lambda: 2)
    with pytest.raises(MissingPackage):
        ready(path, device=line(3), preparation=Preparation(seed=1))


def _hiding(folder) -> str:
    write(folder, "raise ImportError('broken')\n", "hidden/qiskit/__init__.py")
    return str(folder / "hidden")
