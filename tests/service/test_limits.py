"""Answers of any size, depth and number: what is taken in stays bounded."""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from ibmqbatch.jobset.listing import list_jobs
from ibmqbatch.service import limits, results, transport
from ibmqbatch.service.errors import NoAnswer, ServerFault, Unreadable
from ibmqbatch.service.results import ResultFormatError, decode_circuits, decode_results
from tests.service.bodies import CHUNKED, GZIP, answer, ask, chunked, download
from tests.support.accounts import CRN, JOBS, KEY, TOKEN
from tests.support.sockets import Endless, Raw

MB = 1_000_000


def packed_bomb(window: int, head: bytes = b"", megabytes: int = 200) -> bytes:
    """Return zeros behind a head, packed, without having had them all in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    pieces = [packer.compress(head), *(packer.compress(bytes(MB)) for _ in range(megabytes))]
    return b"".join(pieces) + packer.flush()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@pytest.fixture
def small(monkeypatch) -> None:
    """Make the bounds small enough to be tried: the figures themselves are no behaviour."""
    monkeypatch.setattr(transport, "LARGEST_RESULTS", 5 * MB)
    monkeypatch.setattr(transport, "LARGEST_ERROR", MB)


@pytest.fixture
def memory() -> Iterator[None]:
    """Hold the test to little memory, however much is sent."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * MB


@pytest.mark.usefixtures("memory", "small")
class TestSize:
    def test_answer_that_announces_gigabytes_is_refused_unread(self):
        raw = answer(b"{}", length=50 * 10**9)
        with Raw(raw) as server, pytest.raises(Unreadable, match="larger than 32 MB"):
            ask(server)

    def test_download_that_announces_gigabytes_is_refused_unread(self):
        with Raw(answer(b"{}", length=50 * 10**9)) as server, pytest.raises(Unreadable):
            download(server)

    @pytest.mark.parametrize("length", ["9" * 19, "9" * 5000, "-1", "x"])
    def test_length_that_makes_no_sense_is_no_answer(self, length):
        raw = answer(b"{}", f"Content-Length: {length}")
        with Raw(raw) as server, pytest.raises((NoAnswer, Unreadable)):
            ask(server)

    def test_answer_without_an_end_is_refused_at_its_bound(self):
        with Endless(HEAD, b" " * 65536) as server, pytest.raises(Unreadable, match="32 MB"):
            ask(server)

    def test_download_without_an_end_is_refused_at_its_bound(self):
        with Endless(HEAD, b" " * 65536) as server, pytest.raises(Unreadable, match="5 MB"):
            download(server)

    def test_error_without_an_end_is_read_to_its_bound(self):
        head = HEAD.replace(b"200 OK", b"500 Oh")
        with Endless(head, b" " * 65536) as server, pytest.raises(ServerFault):
            ask(server)

    @pytest.mark.parametrize("read", [ask, download])
    def test_compressed_answer_is_measured_decompressed(self, read):
        packed = packed_bomb(31)
        assert len(packed) < MB
        raw = answer(packed, GZIP, length=len(packed))
        with Raw(raw) as server, pytest.raises(Unreadable, match="larger than"):
            read(server)

    def test_compressed_error_is_measured_decompressed(self):
        packed = packed_bomb(31)
        raw = answer(packed, GZIP, length=len(packed), status="500 Oh")
        with Raw(raw) as server, pytest.raises(ServerFault):
            ask(server)


def test_large_packed_answer_is_read_whole():
    body = json.dumps(list(range(1_000_000))).encode()
    packed = gzip.compress(body)
    raw = answer(chunked(packed[:70_000], packed[70_000:]), GZIP, CHUNKED)
    with Raw(raw) as server:
        assert download(server) == body


def test_answer_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(transport, "LONGEST_ANSWER", 0.0)
    with Endless(HEAD, b" ") as server, pytest.raises(NoAnswer, match="not complete after"):
        ask(server)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"1" * 10_000, b'"\\ud8'],
    ids=lambda body: str(body[:9]),
)
def test_deep_or_garbled_json_is_unreadable(body, wire, client):
    wire.get(JOBS).respond(content=body)
    with pytest.raises(Unreadable):
        client.jobs()


def test_json_of_too_many_values_is_not_parsed(monkeypatch):
    monkeypatch.setattr(limits, "MOST_VALUES", 1000)
    assert len(limits.read_json(b"[" + b"0," * 998 + b"0]")) == 999
    with pytest.raises(ValueError, match="more than 1000 values"):
        limits.read_json(b"[" + b"[]," * 500 + b"0]")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_follow_no_redirect(status, wire, client):
    wire.get(JOBS).respond(status, headers={"Location": "https://evil.test/api/v1/jobs"})
    evil = wire.route(host="evil.test").respond(json={"jobs": []})
    with pytest.raises(Unreadable):
        client.jobs()
    assert not evil.called


def test_key_follows_no_redirect_of_iam(wire, client):
    wire["iam"].respond(307, headers={"Location": "https://evil.test/identity/token"})
    evil = wire.route(host="evil.test").respond(json={"access_token": "x"})
    with pytest.raises(Unreadable) as caught:
        client.jobs()
    assert not evil.called
    for secret in (KEY, TOKEN, CRN):
        assert secret not in caught.value.message


def test_listing_without_an_end_is_given_up(wire, client, clock, monkeypatch):
    monkeypatch.setattr("ibmqbatch.jobset.listing.MOST_LISTED", 1000)
    numbers = itertools.count()

    def page(_request):
        jobs = [{"id": f"job{next(numbers)}", "status": "Queued"} for _ in range(200)]
        return httpx.Response(200, json={"jobs": jobs, "count": 10**30})

    route = wire.get(JOBS).mock(side_effect=page)
    with pytest.raises(Unreadable, match="more than 1000 jobs"):
        list_jobs(client, clock)
    assert route.call_count == 6


# Results.


def typed(array: bytes, num_bits: int) -> bytes:
    value = base64.b64encode(array).decode()
    bits = {"array": {"__type__": "ndarray", "__value__": value}, "num_bits": num_bits}
    fields = {"field_names": ["c"], "fields": {"c": {"__type__": "BitArray", "__value__": bits}}}
    pub = {"__value__": {"data": {"__value__": fields}}}
    told = {"__type__": "PrimitiveResult", "__value__": {"pub_results": [pub]}}
    return json.dumps(told).encode()


def npy(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.mark.usefixtures("memory")
def test_array_that_unpacks_to_more_than_there_is_room_for_is_no_result(monkeypatch):
    monkeypatch.setattr(results, "_MOST_UNPACKED", 10 * MB)
    with pytest.raises(ResultFormatError, match="more than 10000000 bytes"):
        decode_results(typed(packed_bomb(15, npy((200 * MB, 1))), 1))


@pytest.mark.usefixtures("memory")
def test_plain_samples_of_wide_registers_take_their_room_as_well(monkeypatch):
    monkeypatch.setattr(results, "_MOST_UNPACKED", 10 * MB)
    data = {"c": {"samples": ["0x0"] * 10_000, "num_bits": 100_000}}
    with pytest.raises(ResultFormatError, match="more than 10000000 bytes"):
        decode_results(json.dumps({"results": [{"data": data}]}).encode())


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("shape", [(2**40, 1), (2**40, 2**40, 1), (2**62, 2**62, 1), (-1, 1)])
def test_array_that_claims_to_be_larger_than_it_is_is_no_result(shape):
    with pytest.raises(ResultFormatError):
        decode_results(typed(zlib.compress(npy(shape) + b"\0"), 1))


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("shape", [(2**40, 0), (2**40, 10, 0)])
def test_any_number_of_shots_without_bits_is_one_circuit_at_most(shape):
    assert len(decode_circuits(typed(zlib.compress(npy(shape)), 0), [10])) == 1


def test_array_of_pickles_is_no_result():
    file = io.BytesIO()
    np.save(file, np.array([[print]], dtype=object), allow_pickle=True)
    with pytest.raises(ResultFormatError):
        decode_results(typed(zlib.compress(file.getvalue()), 1))
