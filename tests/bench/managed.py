"""What the classes of the old job manager cost over the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ibmqbatch import IBMQJobManager
from ibmqbatch.accounts.find import find_account
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import follow
from ibmqbatch.jobset.plan import make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.jobset.work import Work
from ibmqbatch.managed.background import senders
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.service.client import Client
from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import environment, random_circuits
from tests.support.stub import BACKEND, Stub

_SHOTS = 100
_IN_A_JOB = 20


def manager() -> Iterator[Measurement]:
    """Run 1,000 circuits, from the call until all jobs are sent: against plan and send alone."""
    from qiskit import qasm2

    total = 1000
    known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
    circuits = [qasm2.loads(t, custom_instructions=known) for t in random_circuits(total)]
    jobs = total // _IN_A_JOB
    with Stub(0.05) as stub:

        def ours() -> None:
            with environment(**stub.environment):
                manager = IBMQJobManager()
                manager.run(circuits, BACKEND, max_experiments_per_job=_IN_A_JOB, shots=_SHOTS)
                for sender in senders():
                    sender.join()
            assert stub.take_counts()["submit"] == jobs

        def engine() -> None:
            with environment(**stub.environment):
                _plan_and_send(circuits)
            assert stub.take_counts()["submit"] == jobs

        runs = {"ours": lambda: timed(ours), "engine": lambda: timed(engine)}
        found = medians(runs, 5)
    yield Measurement(f"manager, {total} circuits", found["ours"], found["engine"], 1.1)


def _plan_and_send(circuits: list[Any]) -> None:
    clock = Clock()
    request = check_request(Request(given=circuits, shots=_SHOTS, max_circuits=_IN_A_JOB))
    with Client(find_account(), clock) as client:
        target = client.backend(BACKEND)
        _, path = make_plan(request, client.account, target, client.instance, lambda *_: None)
        assert path is not None
        with Manifest.open(path) as manifest:
            follow(Work(manifest, client, clock, sole_sender=True), Snapshot.is_sent)
