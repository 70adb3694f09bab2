"""Bodies as they come over a real socket: packed, in pieces, cut short."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import json
import math
import zlib

import pytest

from ibmqbatch.service.errors import Firewalled, NoAnswer, Unreadable
from ibmqbatch.service.models import Backend, JobPage
from ibmqbatch.service.transport import Transport
from tests.service.bodies import CHUNKED, GZIP, answer, ask, chunked, download
from tests.support.accounts import JOBS
from tests.support.sockets import Raw

DOCUMENT = {"jobs": [], "count": 0, "text": "x" * 5000}
BODY = json.dumps(DOCUMENT).encode()
PACKED = gzip.compress(BODY)


WHOLE = {
    "plain": answer(BODY, length=len(BODY)),
    "gzip": answer(PACKED, GZIP, length=len(PACKED)),
    "x-gzip": answer(PACKED, "Content-Encoding: x-gzip", length=len(PACKED)),
    "chunked": answer(chunked(BODY[:100], BODY[100:]), CHUNKED),
    "chunked gzip": answer(chunked(PACKED[:10], PACKED[10:]), GZIP, CHUNKED),
    "gzip up to the end of the connection": answer(PACKED, GZIP, "Connection: close"),
}
CUT = {
    "less than its length": answer(BODY[:-1], length=len(BODY)),
    "nothing of its length": answer(b"", length=len(BODY)),
    "chunked without its end": answer(chunked(BODY, end=False), CHUNKED),
    "chunked, within a piece": answer(chunked(BODY)[:-50], CHUNKED),
    "gzip less than its length": answer(PACKED[:-1], GZIP, length=len(PACKED)),
    "gzip without its end": answer(PACKED[:-1], GZIP, length=len(PACKED) - 1),
    "gzip without its sums": answer(PACKED[:-8], GZIP, length=len(PACKED) - 8),
    "chunked gzip without its end": answer(chunked(PACKED[:-9]), GZIP, CHUNKED),
    "gzip up to the end of the connection": answer(PACKED[:-9], GZIP, "Connection: close"),
    "gzip that is none": answer(BODY, GZIP, length=len(BODY)),
    "gzip with a wrong sum": answer(PACKED[:-8] + b"\0" * 8, GZIP, length=len(PACKED)),
    "a packing that was not asked for": answer(
        zlib.compress(BODY), "Content-Encoding: br", length=len(zlib.compress(BODY))
    ),
    "no answer at all": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_answer_is_read(case):
    with Raw(WHOLE[case]) as raw:
        assert ask(raw).json() == DOCUMENT


@pytest.mark.parametrize("case", WHOLE)
def test_whole_download_arrives_as_it_was_before_it_was_packed(case):
    with Raw(WHOLE[case]) as raw:
        assert download(raw) == BODY


class Failing(io.BytesIO):
    """A file that cannot be written so many times."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self._fails = fails

    def write(self, data) -> int:
        if self._fails:
            self._fails -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:3])  # a disk may take a part


@pytest.mark.parametrize("case", WHOLE)
def test_body_that_is_given_once_is_written_when_that_works_again(case):
    file = Failing(1)
    with Raw(WHOLE[case]) as raw, contextlib.closing(Transport(raw.url)) as transport:
        transport.download(f"{raw.url}/results", file, once=True)
    assert file.getvalue() == BODY


@pytest.mark.parametrize(("once", "fails"), [(False, 1), (True, 99)])
def test_body_that_cannot_be_written_is_told(once, fails):
    with (
        Raw(WHOLE["plain"]) as raw,
        contextlib.closing(Transport(raw.url)) as transport,
        pytest.raises(OSError, match="No space"),
    ):
        transport.download(f"{raw.url}/results", Failing(fails), once=once)


@pytest.mark.parametrize("case", CUT)
def test_answer_that_is_cut_short_is_no_answer(case):
    with Raw(CUT[case]) as raw, pytest.raises(NoAnswer):
        ask(raw)


@pytest.mark.parametrize("case", CUT)
def test_download_that_is_cut_short_is_no_answer(case):
    with Raw(CUT[case]) as raw, pytest.raises(NoAnswer):
        download(raw)


@pytest.mark.parametrize("body", [b"", b"{", BODY[:-1]])
def test_answer_whose_end_nothing_tells_is_unreadable_when_it_is_not_whole(body):
    with Raw(answer(body, "Connection: close")) as raw, pytest.raises(Unreadable):
        ask(raw).json()


def test_refusal_that_is_cut_short_proves_nothing():
    body = b'{"errors": [{"code": 1208, "message": "no"}]}'
    cut = answer(body[:-3], length=len(body), status="400 Bad Request")
    with Raw(cut) as raw, pytest.raises(NoAnswer) as caught:
        ask(raw)
    assert not caught.value.nothing_created


def test_packed_refusal_is_read():
    body = gzip.compress(b'{"errors": [{"code": 1208, "message": "It is wrong"}]}')
    refusal = answer(body, GZIP, length=len(body), status="400 Bad Request")
    with Raw(refusal) as raw, pytest.raises(Exception, match="It is wrong"):
        ask(raw)


def test_no_content_is_an_answer_even_when_it_is_said_to_be_packed():
    with Raw(answer(b"", GZIP, status="204 No Content")) as raw:
        assert ask(raw).status == 204
        assert download(raw) == b""


def test_web_page_in_place_of_results_is_no_result():
    page = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\n\r\n<html>"
    with Raw(page) as raw, pytest.raises(Firewalled):
        download(raw)


def test_gzip_and_nothing_else_is_asked_for(wire, client):
    route = wire.get(JOBS).respond(json={"jobs": []})
    client.jobs()
    assert route.calls[0].request.headers["accept-encoding"] == "gzip"


def test_bare_nan_and_infinity_are_read(wire, client):
    configuration = b'{"backend_name": "b", "n_qubits": 2, "dt": NaN, "dtm": -Infinity}'
    wire.get(url__regex=".*/configuration").respond(content=configuration)
    wire.get(url__regex=".*/properties").respond(content=b'{"qubits": [[{"value": NaN}]]}')
    backend = client.backend("b")
    assert math.isnan(backend.configuration["dt"])
    assert math.isnan(backend.properties["qubits"][0][0]["value"])


def test_unknown_fields_and_words_survive(wire, client):
    state = {"status": "Dreaming", "reason": "it sleeps", "mood": 7}
    job = {"id": "x", "state": state, "tags": ["a"], "aura": {"colour": "blue"}}
    wire.get(JOBS).respond(json={"jobs": [job], "count": 1, "phase": "of the moon"})
    page = client.jobs()
    assert isinstance(page, JobPage)
    assert (page.jobs[0].status, page.jobs[0].reason) == ("Dreaming", "it sleeps")


def test_unknown_fields_of_a_backend_are_kept():
    told = {"backend_name": "b", "n_qubits": 2, "simulator": True, "warp": 9}
    assert Backend.from_wire(told).configuration["warp"] == 9
