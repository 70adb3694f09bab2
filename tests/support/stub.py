"""A stand-in for the service that answers each request a fixed time after it has arrived.

It speaks just enough of the REST API for the client to submit, list and fetch, keeps jobs in memory
and counts requests by kind, refusals among them. It imports nothing of the project: the file is run
as it is.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 200
BACKEND = "stub_simulator"
API_KEY = "an-api-key-of-the-stub"
INSTANCE = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:stub::"


@dataclass(frozen=True)
class Limits:
    """What it refuses: more than `rate` jobs in any `window` seconds, or `pending` at a time.

    With `lasting` a job is completed by itself after so many seconds.
    """

    rate: int | None = None
    window: float = 60.0
    pending: int | None = None
    lasting: float | None = None


class Stub:
    """The service in a process of its own. Use as a context manager."""

    def __init__(self, delay: float = 0.0, limits: Limits = Limits()) -> None:
        self._words = [str(delay), json.dumps(asdict(limits))]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__), *self._words], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to it as an account, without the pace of a real one."""
        return {
            "IBMQBATCH_URL": f"{self.url}/api/v1",
            "IBMQBATCH_IAM_URL": self.url,
            "IBMQBATCH_TOKEN": API_KEY,
            "IBMQBATCH_INSTANCE": INSTANCE,
            "IBMQBATCH_PACE": "0",
        }

    def take_counts(self) -> Counter[str]:
        """Return the number of requests of each kind since this was last asked."""
        return Counter(self._tell("counts"))

    def most_waiting(self) -> int:
        """Return how many requests waited for their answers at the same time, at most."""
        return int(self._tell("most_waiting"))

    def hold(self, after: int = 0) -> None:
        """Keep the answers to submissions back from now on, or once there are `after` jobs."""
        self._tell(f"hold/{after}")

    def held(self) -> int:
        """Return how many answers are kept back."""
        return int(self._tell("held"))

    def release(self) -> None:
        """Give the answers that were kept back, and keep back no more."""
        self._tell("release")

    def finish_jobs(self) -> None:
        """Have all jobs that it holds be completed."""
        self._tell("finish")

    def _tell(self, word: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/stub/{word}") as answer:
            return json.load(answer)


class Service:
    """The jobs, and what is answered to each request."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.jobs: dict[str, dict[str, Any]] = {}
        self.params: dict[str, dict[str, Any]] = {}
        self.begun: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.waiting = self.most_waiting = 0
        self.hold_after: int | None = None
        self.held: list[Callable[[], None]] = []

    def arrived(self) -> None:
        """Count a request that is not answered yet."""
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)

    def holds(self) -> bool:
        """Tell whether answers to submissions are kept back."""
        return self.hold_after is not None and len(self.jobs) > self.hold_after

    def answered(self) -> None:
        """Count it no more."""
        self.waiting -= 1

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """Return the status and the document that answer a request."""
        url = urlsplit(target)
        words = url.path.removeprefix("/api/v1").strip("/").split("/")
        match method, words:
            case "POST", ["identity", "token"]:
                return self._counted("token", {"access_token": "t", "expires_in": 3600})
            case "GET", ["backends", name, "configuration"]:
                return self._counted("configuration", _configuration(unquote(name)))
            case "POST", ["jobs"]:
                return self._submit(json.loads(body))
            case "GET", ["jobs"]:
                return self._counted("list", self._list(parse_qs(url.query)))
            case "GET", ["jobs", job] if "exclude_params=true" in url.query:
                return self._counted("job", self.jobs[job])
            case "GET", ["jobs", job]:
                return self._counted("params", {**self.jobs[job], "params": self.params[job]})
            case "GET", ["jobs", job, "results"]:
                return self._counted("results", _results(self.params[job]))
            case "GET", ["stub", "counts"]:
                counts, self.counts = self.counts, Counter()
                return 200, counts
            case "GET", ["stub", "most_waiting"]:
                return 200, self.most_waiting
            case "GET", ["stub", "hold", after]:
                self.hold_after = int(after)
                return 200, {}
            case "GET", ["stub", "held"]:
                return 200, len(self.held)
            case "GET", ["stub", "release"]:
                self.hold_after = None
                while self.held:
                    self.held.pop()()
                return 200, {}
            case "GET", ["stub", "finish"]:
                for held in self.jobs.values():
                    held["state"] = {"status": "Completed"}
                return 200, {}
        self.counts["other"] += 1
        return 404, {"errors": [{"code": 1, "message": f"{method} {target} is not stubbed"}]}

    def _counted(self, kind: str, document: object) -> tuple[int, object]:
        self.counts[kind] += 1
        return 200, document

    def _submit(self, body: dict[str, Any]) -> tuple[int, object]:
        limits, now = self.limits, time.monotonic()
        recent = sum(begun > now - limits.window for begun in self.begun.values())
        if limits.rate is not None and recent >= limits.rate:
            told = f"Too many requests: the limit is {limits.rate} per {limits.window} seconds."
            self.counts["too many"] += 1
            return 429, {"errors": [{"code": 1202, "message": told}]}
        if limits.pending is not None and len(self._pending()) >= limits.pending:
            told = f"You have reached the limit of {limits.pending} pending jobs."
            self.counts["too many pending"] += 1
            return 400, {"errors": [{"code": 3458, "message": told}]}
        job = f"stub{len(self.jobs):06}"
        self.jobs[job] = {
            "id": job,
            "backend": body["backend"],
            "state": {"status": "Running"},
            "tags": body["tags"],
        }
        self.params[job] = body["params"]
        self.begun[job] = now
        return self._counted("submit", {"id": job})

    def _pending(self) -> list[dict[str, Any]]:
        """Return the jobs that have not ended, after ending those that have lasted long enough."""
        now = time.monotonic()
        for job, begun in self.begun.items():
            if self.limits.lasting is not None and now - begun > self.limits.lasting:
                self.jobs[job]["state"] = {"status": "Completed"}
        return [job for job in self.jobs.values() if job["state"]["status"] == "Running"]

    def _list(self, query: dict[str, list[str]]) -> object:
        wanted = set(query.get("tags", ()))
        running = self._pending()
        jobs = running if query.get("pending") == ["true"] else list(self.jobs.values())
        found = [job for job in jobs if wanted <= set(job["tags"])]
        if query.get("sort") != ["ASC"]:
            found.reverse()
        offset = int(query["offset"][0])
        limit = min(PAGE, int(query["limit"][0]))
        return {"jobs": found[offset : offset + limit], "count": len(found)}


def _configuration(name: str) -> object:
    return {"backend_name": name, "n_qubits": 127, "simulator": True, "basis_gates": []}


def _results(params: dict[str, Any]) -> object:
    samples = {"samples": params["shots"] * ["0x0"], "num_bits": 1}
    return {"results": len(params["pubs"]) * [{"data": {"c": samples}}]}


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, kept alive. No request comes before the last one is answered."""

    def __init__(self, service: Service, delay: float) -> None:
        self._service = service
        self._delay = delay
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer in due time once a request is here as a whole."""
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        request, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (f.partition(":") for f in fields)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self._buffer = b""
        method, target, _ = request.split()
        status, document = self._service.answer(method, target, body)
        payload = json.dumps(document).encode()
        answer = (
            f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        ).encode() + payload
        if target.startswith("/stub/"):
            self._transport.write(answer)
            return
        self._service.arrived()
        if self._service.holds() and (method, target) == ("POST", "/api/v1/jobs"):
            self._service.held.append(partial(self._reply, answer))
        else:
            loop.call_at(arrived + self._delay, self._reply, answer)

    def _reply(self, answer: bytes) -> None:
        self._service.answered()
        self._transport.write(answer)


async def serve(delay: float, limits: Limits) -> None:
    """Listen on a free port, and print it."""
    service = Service(limits)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), Limits(**json.loads(sys.argv[2]))))
