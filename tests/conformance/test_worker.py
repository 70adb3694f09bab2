"""What tests/local holds of what workers do, where their interpreter is not that of the tests.

The same tests, collected again here, where `worker_python` is the interpreter of IBM's client.
"""

from __future__ import annotations

import pytest

from tests.conformance.ibm import ELSEWHERE
from tests.local.support import bell
from tests.support.service import Client

if ELSEWHERE:
    from tests.local.test_failures import *  # noqa: F403
    from tests.local.test_instruction_set import *  # noqa: F403
    from tests.local.test_parameters import *  # noqa: F403
    from tests.local.test_rehearsals import *  # noqa: F403
    from tests.local.test_results import *  # noqa: F403
    from tests.local.test_seeds import *  # noqa: F403
    from tests.local.test_simulation import *  # noqa: F403
    from tests.local.test_statements import *  # noqa: F403
    from tests.local.test_todays_devices import *  # noqa: F403
    from tests.local.test_worker import *  # noqa: F403

pytestmark = pytest.mark.conformance


def test_the_worker_has_the_qiskit_of_ibms_client(client: Client) -> None:
    job_id = client.submit([bell(), None, 1])
    client.wait(job_id)
    assert client.get(f"/jobs/{job_id}/metrics").json()["qiskit_version"].startswith("2.")
