"""Pictures for papers: what is in them is what the report tells, and files are of their kind."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import replace

import pytest

from ibmqbatch.errors import MissingPackage
from ibmqbatch.report.figures import (
    draw_counts,
    draw_device,
    draw_jobs,
    draw_sweep,
    write_figure,
)
from ibmqbatch.report.gather import Histogram
from tests.report.support import ANGLES, a_report, two_angles

BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("form", BEGINNINGS)
def test_a_figure_is_written_as_what_is_asked_for(form):
    file = io.BytesIO()
    write_figure(draw_counts([Histogram(0, "a", {}, 4, [("0", 3), ("1", 1)], 2)]), form, file)
    assert file.getvalue().startswith(BEGINNINGS[form])


def test_the_same_data_gives_the_same_file():
    files = []
    for _ in range(2):
        files.append(io.BytesIO())
        write_figure(draw_sweep(two_angles(), 0, ["theta"]), "svg", files[-1])
    assert files[0].getvalue() == files[1].getvalue()


def test_bars_are_shares_and_the_rest_is_one_of_them():
    figure = draw_counts([Histogram(0, "a", {}, 10, [("00", 5), ("01", 3)], 4)])
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.3, 0.2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["00", "01", "others"]


def test_a_name_is_never_read_as_mathematics():
    file = io.BytesIO()
    figure = draw_counts([Histogram(0, r"$\frac{$ & $", {}, 1, [("0", 1)], 1)])
    write_figure(figure, "svg", file)
    assert rb"$\frac{$ &amp; $" in file.getvalue()


def test_a_heat_map_has_the_values_of_the_sweep():
    figure = draw_sweep(two_angles(), 0, ["theta", "phi"])
    values = figure.axes[0].images[0].get_array().tolist()
    assert values == [[x * y / 4 for x in ANGLES] for y in ANGLES]


def test_there_is_a_curve_for_each_value_of_the_other_parameter():
    axes = draw_sweep(two_angles(), 0, ["theta"]).axes[0]
    curves = [container.lines[0].get_ydata().tolist() for container in axes.containers]
    assert curves == [[x * y / 4 for x in ANGLES] for y in ANGLES]


def test_a_circuit_without_results_is_a_gap(home):
    sweep = two_angles()
    drawn = replace(sweep.quantities[0], values=[None, *sweep.quantities[0].values[1:]])
    figure = draw_sweep(replace(sweep, quantities=[drawn]), 0, ["theta", "phi"])
    first = figure.axes[0].images[0].get_array().data[0][0]
    assert math.isnan(first)


def test_jobs_are_drawn_from_their_submission_to_their_end(home):
    figure = draw_jobs(a_report().jobs)
    spans = [(bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches]
    assert spans == [(0, 30), (30, 60), (10, 290), (300, 100)]


def test_a_device_has_a_mark_for_each_qubit_and_a_line_for_each_coupling(home):
    device = a_report().device
    axes = draw_device(device).axes[0]
    assert sum(len(marks.get_offsets()) for marks in axes.collections) == 4
    assert len(axes.lines) == 3


def test_without_the_library_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackage) as caught:
        draw_jobs([])
    assert caught.value.hint == "pip install 'ibmqbatch[plot]'"
