"""`results` in its forms: arrays, memory, registers, whole answers; all tell of the same shots."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.outcomes import BitArray, PubResult
from ibmqbatch.service.results import decode_results
from tests.cli.support import VALIDATOR
from tests.support.arrays import as_array
from tests.support.circuits import basis_state
from tests.support.manifests import change

TWO = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg a[1];\ncreg b[3];\nh q;\n'
    "measure q[0] -> a[0];\nmeasure q[1] -> b[0];\nmeasure q[2] -> b[1];\nmeasure q[3] -> b[2];\n"
)


@pytest.fixture(scope="module")
def reader(shared):
    """Run commands on a data folder that all tests here read, and none writes."""
    return shared[0]


@pytest.fixture(scope="module")
def several(reader):
    """Have a set of three circuits in two jobs; the first two have registers a and b."""
    texts = {"c0": TWO, "c1": TWO, "c2": basis_state("1")}
    for name, text in texts.items():
        (reader.cwd / f"{name}.qasm").write_text(text)
    return reader.submit(reader.cwd, "--shots", 50, "--max-circuits", 2, "--wait")


@pytest.fixture
def repeated(cli, circuits):
    """Have a set whose circuit has more shots than its backend takes at a time."""
    text = TWO.replace("h q;", "h q[0];")
    words = ("--backend", "fake_manila", "--shots", 200_001, "--wait")
    return cli.submit(circuits(c0=text), *words)


def stored(cli, job_set):
    """Return the jobs' bodies as they are on disk."""
    with Manifest.open(cli.home / "sets" / f"{job_set}.sqlite") as manifest:
        return [manifest.result(job.remote.id) for job in manifest.jobs() if job.remote]


def records(cli, job_set, *words):
    told = cli("results", job_set, "--json", *words).json
    VALIDATOR.validate(told)
    return told["data"]["results"]


def test_registers_are_in_the_order_of_the_circuit_whatever_that_of_the_answer(cli, circuits):
    job_set = cli.submit(circuits(c0=TWO), "--shots", 50, "--program", "executor", "--wait")
    (before,) = records(cli, job_set, "--memory")
    (body,) = stored(cli, job_set)
    told = json.loads(body)
    (item,) = told["data"]
    names = [*item["results"]]
    assert len(names) == 2
    item["results"] = {name: item["results"][name] for name in reversed(names)}
    turned = json.dumps(told).encode()
    change(
        cli.home / "sets" / f"{job_set}.sqlite",
        f"UPDATE results SET body = X'{zlib.compress(turned).hex()}', "
        f"sha256 = '{hashlib.sha256(turned).hexdigest()}'",
    )
    assert records(cli, job_set, "--memory") == [before]


def test_repeats_are_merged_in_their_order(cli, repeated, tmp_path):
    bodies = stored(cli, repeated)
    assert len(bodies) == 3
    (found,) = records(cli, repeated, "--memory")
    assert found["shots"] == sum(found["counts"].values()) == 200_001
    inside = [decode_results(body)[0] for body in bodies]
    assert [pub.shots for pub in inside] == [100_000, 100_000, 1]
    assert found["memory"] == [outcome for pub in inside for outcome in pub.memory()]
    assert Counter(found["memory"]) == found["counts"]
    cli("results", repeated, "--format", "npz", "-o", tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as arrays:
        assert arrays["0/b"].shape == (200_001, 3)


def test_memory_arrays_and_counts_tell_of_the_same_shots(reader, several, tmp_path):
    found = records(reader, several, "--memory")
    reader("results", several, "--format", "npz", "-o", tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as arrays:
        assert arrays["names"].tolist() == ["c0", "c1", "c2"]
        assert arrays["indexes"].tolist() == [0, 1, 2]
        for result in found:
            registers = ["b", "a"] if result["index"] < 2 else ["c"]
            rows = zip(*(arrays[f"{result['index']}/{r}"] for r in registers), strict=True)
            # Bit k is in column k, and in a text the k-th from the right.
            texts = [" ".join("".join(map(str, bits[::-1])) for bits in row) for row in rows]
            assert texts == result["memory"]
            assert Counter(texts) == result["counts"]


def test_register_leaves_the_others_out(reader, several):
    whole = records(reader, several, "--memory", "--circuit", 0)[0]["memory"]
    for register, part in (("a", 1), ("b", 0)):
        (found,) = records(reader, several, "--memory", "--circuit", 0, "--register", register)
        assert found["memory"] == [outcome.split(" ")[part] for outcome in whole]
        assert Counter(found["memory"]) == found["counts"]


def test_register_that_a_circuit_lacks_is_refused_with_those_it_has(reader, several):
    done = reader("results", several, "--register", "b", code=2)
    assert "Circuit 2 (c2) has no register 'b'" in done.err
    assert "c." in done.err


def test_raw_answers_are_as_they_came(reader, several, tmp_path):
    reader("results", several, "--raw", tmp_path / "raw")
    written = [path.read_bytes() for path in sorted((tmp_path / "raw").iterdir())]
    assert written == stored(reader, several)


def test_ndjson_is_the_records_of_json(reader, several):
    lines = reader("results", several, "--format", "ndjson", "--memory").out.splitlines()
    assert [json.loads(line) for line in lines] == records(reader, several, "--memory")


def test_csv_has_a_column_for_each_key_of_the_metadata(cli, tmp_path):
    (tmp_path / "a.qasm").write_text(basis_state("1"))
    (tmp_path / "t.csv").write_text('path,index,outcome,label\na.qasm,i,o,"a, ""b"""\na.qasm,,,ü\n')
    job_set = cli.submit("--from", tmp_path / "t.csv", "--shots", 2, "--wait")
    text = cli("results", job_set, "--format", "csv").out
    head, *rows = csv.reader(io.StringIO(text))
    fixed, own = head[:4], head[4:]
    assert fixed == ["index", "name", "outcome", "count"]
    assert own == ["metadata.index", "metadata.outcome", "label"]
    assert rows == [
        ["0", "a", "1", "2", "i", "o", 'a, "b"'],
        ["1", "a", "1", "2", "", "", "ü"],
    ]
    by_shot = cli("results", job_set, "--format", "csv", "--memory").out
    assert by_shot.splitlines()[:2] == [
        "index,name,shot,outcome,metadata.index,metadata.outcome,label",
        '0,a,0,1,i,o,"a, ""b"""',
    ]


WIDTHS = st.lists(st.integers(0, 70), min_size=1, max_size=4)


@given(st.data(), WIDTHS, st.integers(1, 20))
@settings(max_examples=40)
def test_marginals_are_those_of_a_plain_computation(data, widths, shots):
    values = [
        data.draw(st.lists(st.integers(0, 2**width - 1), min_size=shots, max_size=shots))
        for width in widths
    ]
    registers = {
        f"r{number}": BitArray(rows(numbers, width), width)
        for number, (numbers, width) in enumerate(zip(values, widths, strict=True))
    }
    kept = data.draw(st.sets(st.sampled_from(sorted(registers)), min_size=1))
    texts = [
        " ".join(
            f"{values[number][shot]:0{width}b}" if width else ""
            for number, width in reversed(list(enumerate(widths)))
            if f"r{number}" in kept
        ).strip()
        for shot in range(shots)
    ]
    found = PubResult(registers).only(kept)
    assert found.memory() == texts
    assert found.counts() == dict(sorted(Counter(texts).items()))


def rows(numbers, width):
    size = -(-width // 8)
    data = b"".join(number.to_bytes(size, "big") for number in numbers)
    return as_array(np.frombuffer(data, np.uint8).reshape(len(numbers), size))
