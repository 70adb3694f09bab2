"""A stage for each scenario: one service, one proxy and one parent of all commands for them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.theatre import Theatre


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with Theatre(tmp_path_factory.mktemp("theatre")) as theatre:
        yield theatre
