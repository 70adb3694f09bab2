"""A program that uses the public API, for the type checker alone: nobody runs it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_type

from ibmqbatch import (
    IBMQ,
    AccountProvider,
    BackendProperties,
    BackendStatus,
    GateConfig,
    GateProperties,
    IBMQBackend,
    IBMQJob,
    IBMQJobError,
    IBMQJobManager,
    ManagedJob,
    ManagedJobSet,
    ManagedResults,
    Nduv,
    QasmBackendConfiguration,
    QueueInfo,
    job_monitor,
    least_busy,
)


def use(circuits: list[Any]) -> None:
    """Use what there is."""
    provider = IBMQ.load_account()
    assert_type(provider, AccountProvider)
    assert_type(IBMQ.enable_account("token", instance="crn:..."), AccountProvider)
    assert_type(IBMQ.providers(), list[AccountProvider])
    backend = provider.get_backend("ibm_fez")
    assert_type(backend, IBMQBackend)
    assert_type(provider.backends(min_num_qubits=5), list[IBMQBackend])
    assert_type(provider.backend.ibm_fez, IBMQBackend)
    assert_type(least_busy(provider.backends(min_num_qubits=5)), IBMQBackend)
    assert_type(backend.num_qubits, int)
    assert_type(backend.max_circuits, int | None)
    assert_type(backend.configuration(), QasmBackendConfiguration)
    assert_type(backend.configuration().n_qubits, int)
    assert_type(backend.configuration().gates, list[GateConfig])
    assert_type(backend.status(), BackendStatus)
    properties = backend.properties()
    assert_type(properties, BackendProperties | None)
    if properties is not None:
        assert_type(properties.t1(0), float)
        assert_type(properties.qubits, list[list[Nduv]])
        assert_type(properties.faulty_gates(), list[GateProperties])
    try:
        job = backend.run(circuits, job_name="a", job_tags=["b"], shots=1000)
        assert_type(job, IBMQJob)
        job_monitor(job, interval=2, quiet=True)
        assert_type(job.job_id(), str)
        assert_type(job.tags(), list[str])
        assert_type(job.cancel(), bool)
        assert_type(job.creation_date(), datetime)
        assert_type(job.queue_info(), QueueInfo | None)
        assert_type(job.time_per_step(), dict[str, datetime] | None)
        assert_type(job.error_message(), str | None)
        assert_type(job.backend(), IBMQBackend)
        assert_type(backend.jobs(limit=5, status="RUNNING"), list[IBMQJob])
        assert_type(backend.retrieve_job("id"), IBMQJob)
    except IBMQJobError as error:
        print(error)
    manager = IBMQJobManager()
    job_set = manager.run(circuits, backend=backend, name="foo", shots=100)
    assert_type(job_set, ManagedJobSet)
    assert_type(job_set.job_set_id(), str)
    assert_type(job_set.managed_jobs(), list[ManagedJob])
    assert_type(job_set.results(), ManagedResults)
