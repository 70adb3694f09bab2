"""What the tests of one module share: commands, a service behind a proxy, a client of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Machines, apart
from tests.support.circuits import basis_state
from tests.support.commands import Cli, point_at
from tests.support.proxy import Proxy
from tests.support.service import Client, open_client


@pytest.fixture(scope="module")
def shared(
    service_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cli, Proxy]]:
    """Run commands on a data folder of the module's own, with the service behind a proxy."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "files").mkdir()
    told = json.loads((service_folder / "service.json").read_bytes())
    with Proxy(told["url"]) as proxy:
        point_at(folder / "home", told, proxy.url)
        yield Cli(folder / "home", folder / "files"), proxy


@pytest.fixture
def run(shared: tuple[Cli, Proxy]) -> Cli:
    """Run commands whose sets the other tests of the module see."""
    return shared[0]


@pytest.fixture
def wire(shared: tuple[Cli, Proxy]) -> Iterator[Proxy]:
    """The proxy of `run`, which has seen nothing yet."""
    _, proxy = shared
    proxy.seen.clear()
    yield proxy
    proxy.rules.clear()


@pytest.fixture(scope="module")
def straight(service_folder: Path) -> Iterator[Client]:
    """Talk to the service as another program would, on the instance of the tests' data folders."""
    told = json.loads((service_folder / "service.json").read_bytes())
    with open_client(told["url"], told["api_key"], told["crn"]) as client:
        yield client


@pytest.fixture
def machines(service_folder: Path, tmp_path: Path) -> Iterator[Machines]:
    """Two machines of one account, on an instance of their own, beside four circuits."""
    for number in range(4):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:02b}"))
    with apart(service_folder, tmp_path) as machines:
        yield machines


@pytest.fixture
def here(machines: Machines) -> Cli:
    """The machine that makes sets."""
    return machines.here


@pytest.fixture
def there(machines: Machines) -> Cli:
    """The machine that never saw them."""
    return machines.there


@pytest.fixture
def between(machines: Machines) -> Proxy:
    """The proxy that both machines go through."""
    return machines.proxy


@pytest.fixture
def program(machines: Machines) -> Client:
    """Another program of their account, which does not."""
    return machines.program
