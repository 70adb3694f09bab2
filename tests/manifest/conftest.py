"""Making manifests without planning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ibmqbatch.manifest.manifest import Manifest
from tests.support.manifests import write_set


@pytest.fixture
def path(home) -> Path:
    """Write a set of three jobs."""
    return write_set()


@pytest.fixture
def manifest(path) -> Iterator[Manifest]:
    with Manifest.open(path) as manifest:
        yield manifest
