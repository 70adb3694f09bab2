"""What the fifth form of a manifest keeps: what a program asked besides."""

from __future__ import annotations

import pytest

from ibmqbatch.manifest.copies import export_copy, import_copy
from ibmqbatch.manifest.errors import ManifestError
from ibmqbatch.manifest.store import Manifest
from tests.support.manifests import change, write_set

ASKED = {"memory": True, "header": {"by": "mé"}}


@pytest.fixture
def exported(home, tmp_path):
    """Write a set that keeps something, and export it."""
    path = tmp_path / "x.sqlite"
    with Manifest.open(write_set(1, run_config=ASKED)) as manifest:
        assert manifest.job_set().run_config == ASKED
        export_copy(manifest, path)
    return path


def test_what_was_asked_comes_along(exported):
    path, new = import_copy(exported)
    assert not new  # it is the set that is here already
    path.unlink()
    assert import_copy(exported) == (path, True)
    with Manifest.open(path) as manifest:
        assert manifest.job_set().run_config == ASKED
    change(exported, "UPDATE jobset SET run_config = '{}'")
    with pytest.raises(ManifestError):
        import_copy(exported)


@pytest.mark.parametrize("garbled", ["[]", "5", "{", "null"])
def test_what_makes_no_sense_does_not_come_in(exported, garbled):
    change(exported, f"UPDATE jobset SET run_config = '{garbled}'")
    with pytest.raises(ManifestError):
        import_copy(exported)
