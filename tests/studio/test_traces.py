"""The traces by mouse and numbers: lanes that stay, ghost, difference, bands, zoom, ranges, measuring, aligning."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.look.theme import load_theme, rgb
from m3n_studio.studio.traces.measuring import csv_text, figures
from m3n_studio.studio.traces.trace_data import QUANTITIES, line, on_times
from m3n_studio.studio.traces.trace_export import save_selection
from m3n_studio.studio.traces.trace_view import TraceView
from m3n_studio.studio.traces.zoom_history import ZoomHistory

from .conftest import waves

ACC = QUANTITIES[0]


@dataclass
class Made:
    view: TraceView
    clock: Clock
    selection: Selection
    contents: Contents

    def show(self, **changes):
        self.contents = replace(self.contents, **changes)
        self.view.set_contents(self.contents)


@pytest.fixture
def made(qtbot, display):
    clock, selection = Clock(), Selection()
    view = TraceView(clock, load_theme("dark"), selection)
    view.sensor_changed.connect(selection.set_sensor)
    view.resize(720, 640)
    clock.set_range(0.0, 20.0)
    simulated = tuple(waves(n, seconds=20.0, phase=p) for n, p in (("left_wrist", 0.0), ("right_wrist", 1.0)))
    contents = Contents("c", None, simulated, (waves("left_wrist", seconds=20.0, phase=0.3),))
    view.set_contents(contents)
    view.show()
    qtbot.waitExposed(view)
    QApplication.processEvents()
    yield Made(view, clock, selection, contents)
    view.close()
    view.deleteLater()


def spot(view, lane, time_s, value=None):
    box = view.lanes[lane].view
    value = box.viewRect().center().y() if value is None else value
    return view.graph.mapFromScene(box.mapViewToScene(QPointF(time_s, value)))


def mouse(view, kind, at, button, modifier):
    down = button if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
    port = view.graph.viewport()
    event = QMouseEvent(kind, QPointF(at), QPointF(port.mapToGlobal(at)), pressed, down, modifier)
    QApplication.sendEvent(port, event)


def drag(view, start, end, modifier=Qt.KeyboardModifier.NoModifier, button=Qt.MouseButton.LeftButton):
    mouse(view, QEvent.Type.MouseMove, start, Qt.MouseButton.NoButton, modifier)
    mouse(view, QEvent.Type.MouseButtonPress, start, button, modifier)
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        QTest.qWait(12)  # the scene takes part in no more than so many moves a second
        at = QPoint(round(start.x() + share * (end.x() - start.x())), round(start.y() + share * (end.y() - start.y())))
        mouse(view, QEvent.Type.MouseMove, at, button, modifier)
    mouse(view, QEvent.Type.MouseButtonRelease, end, button, modifier)


def wheel(view, at, notches):
    port = view.graph.viewport()
    event = QWheelEvent(
        QPointF(at), QPointF(port.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(port, event)


def painted(view, color):
    image = view.grab().toImage().convertToFormat(view.grab().toImage().Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[110:, :, :3]
    return int((np.abs(pixels.astype(int) - np.array(rgb(color)) * 255).max(axis=2) < 12).sum())


# ---------------------------------------------------------------- what is drawn


def test_another_shape_keeps_the_lanes_and_changes_the_lines(made):
    view = made.view
    lanes, plots = list(view.lanes), [lane.plot for lane in view.lanes]
    real = view.lanes[0].lines["real"]
    other = tuple(s.with_(acc_mps2=1.5 * s.acc_mps2) for s in made.contents.simulated)
    made.show(simulated=other)
    assert all(a is b for a, b in zip(lanes, view.lanes, strict=True))
    assert all(a is b.plot for a, b in zip(plots, view.lanes, strict=True))
    assert view.lanes[0].lines["real"] is real
    valid = other[0].valid
    np.testing.assert_array_equal(view.lanes[0].lines["simulated"].values[valid], other[0].acc_mps2[valid, 0])
    _, y = view.lanes[0].curves["simulated"].getData()
    assert np.nanmax(y) == np.nanmax(view.lanes[0].lines["simulated"].values)


def test_lanes_are_calm_while_a_slider_moves(made):
    view = made.view
    before = [lane.y_range for lane in view.lanes[:2]]
    made.show(simulated=tuple(s.with_(acc_mps2=1.02 * s.acc_mps2) for s in made.contents.simulated))
    assert [lane.y_range for lane in view.lanes[:2]] == before
    made.show(simulated=tuple(s.with_(acc_mps2=4 * s.acc_mps2) for s in made.contents.simulated))
    assert view.lanes[0].y_range[1] > 3.9


def test_the_ghost_is_drawn_thin_and_read(made):
    view, theme = made.view, made.view._theme
    assert "ghost" not in view.lanes[0].lines
    ghost = tuple(s.with_(acc_mps2=s.acc_mps2 + 2.0) for s in made.contents.simulated)
    before = painted(view, theme.muted)
    made.show(ghost=ghost)
    made.clock.seek(3.0)
    i = 300
    assert view.lanes[0].lines["ghost"].value_at(3.0) == ghost[0].acc_mps2[i, 0]
    assert [color for _, color in view.lanes[0].readout.parts] == [theme.simulated, theme.real, theme.muted]
    assert painted(view, theme.muted) > before + 300
    assert "previous" in view.bar.legend.text()
    made.show(ghost=())
    assert "ghost" not in view.lanes[0].lines
    assert view.bar.legend.text() == ""


def test_the_difference_is_simulated_less_real(made):
    view = made.view
    view.bar.difference["beside"].trigger()
    lane = view.lanes[1]
    simulated, real = made.contents.simulated[0], made.contents.real[0]
    both = simulated.valid & real.valid
    wanted = simulated.acc_mps2[:, 1] - real.acc_mps2[:, 1]
    np.testing.assert_allclose(lane.lines["difference"].values[both], wanted[both])
    assert np.isnan(lane.lines["difference"].values[~both]).all()
    assert set(lane.lines) == {"simulated", "real", "difference"}
    assert painted(view, view._theme.difference) > 300
    view.bar.difference["alone"].trigger()
    assert set(view.lanes[1].lines) == {"difference"}
    view.bar.difference["off"].trigger()
    assert set(view.lanes[1].lines) == {"simulated", "real"}


@given(rate=st.floats(20, 200), offset=st.floats(-0.5, 0.5))
def test_reading_off_at_other_times_is_linear_and_never_bridges(rate, offset):
    t = np.arange(100) / 50.0
    valid = np.ones(100, bool)
    valid[40:60] = False
    ramp = np.column_stack([t, 2 * t, -t])
    other = np.arange(round(2 * rate)) / rate + offset
    read = on_times(Signal("r", t, ramp, ramp, valid), other)
    np.testing.assert_allclose(
        read.acc_mps2[read.valid], np.column_stack([other, 2 * other, -other])[read.valid], atol=1e-9
    )
    assert not read.valid[(other > t[39] + 1e-9) & (other < t[60] - 1e-9)].any()
    assert not read.valid[(other < 0) | (other > t[-1])].any()
    inside = (other >= 0) & (other <= t[39])
    assert read.valid[inside].all()


def test_bands_of_a_population_are_filled(made):
    view = made.view
    t = np.linspace(0, 20, 400)
    middle = np.sin(t)
    values = np.stack([np.stack([middle + d] * 4, axis=1) for d in (-2.0, -1.0, 0.0, 1.0, 2.0)])
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    band = SimpleNamespace(sensor="left_wrist", quantity="acc", time_s=t, levels=levels,
                           values=values)  # fmt: skip
    before = view.grab().toImage()
    view.set_contents(_with_envelopes(made.contents, (band,)))
    QApplication.processEvents()
    lane = view.lanes[0]
    assert len(lane._fills) == 3
    x, y = lane._fills[0].getData()
    n = len(x) // 2
    np.testing.assert_allclose(y[:n] - y[n:][::-1], -4.0, atol=1e-9)
    _, median = lane._fills[2].getData()
    np.testing.assert_allclose(median, middle, atol=1e-9)
    assert view.lanes[3].bands is None
    after, at = view.grab().toImage(), view.graph.mapTo(view, spot(view, 0, 12.0, np.sin(12.0) + 0.6))
    assert after.pixelColor(at) != before.pixelColor(at) or after != before
    view.set_contents(made.contents)
    assert view.lanes[0]._fills == []


def _with_envelopes(contents, bands):
    made = replace(contents)
    object.__setattr__(made, "envelopes", bands)
    return made


def test_all_sensors_are_stacked(made):
    view = made.view
    view.sensor_box.setCurrentIndex(2)
    assert len(view.lanes) == 12
    assert [lane.sensor for lane in view.lanes] == [0] * 6 + [1] * 6
    assert set(view.lanes[0].lines) == {"simulated", "real"}
    assert set(view.lanes[6].lines) == {"simulated"}
    assert not view.real_box.isEnabled()
    made.selection.set_sensor(1)
    view.set_sensor(1)
    assert len(view.lanes) == 12
    view.sensor_box.setCurrentIndex(0)
    assert len(view.lanes) == 6


def test_long_lines_are_drawn_as_peaks_and_say_so(made):
    view = made.view
    assert view.bar.badge.text() == "peaks of 4 samples"
    view._set_view(5.0, 6.0)
    assert view.bar.badge.text() == ""
    x, y = view.lanes[0].curves["simulated"].getData()
    assert 100 <= len(x) <= 104
    view.show_all()
    _, y = view.lanes[0].curves["simulated"].getData()
    assert np.nanmax(y) == np.nanmax(view.lanes[0].lines["simulated"].values)


def test_scales_alike_and_locked(made):
    view = made.view
    view.bar.scale["shared"].trigger()
    assert len({lane.y_range for lane in view.lanes[:3]}) == 1
    assert view.lanes[0].y_range != view.lanes[3].y_range
    view.bar.scale["locked"].trigger()
    before = [lane.y_range for lane in view.lanes]
    made.show(simulated=tuple(s.with_(acc_mps2=9 * s.acc_mps2) for s in made.contents.simulated))
    assert [lane.y_range for lane in view.lanes] == before
    view.bar.scale["lane"].trigger()
    assert view.lanes[0].y_range[1] > 8


# ---------------------------------------------------------------- zoom and pan


def test_the_wheel_zooms_at_the_pointer_and_back_undoes_it(made):
    view = made.view
    at = spot(view, 2, 15.0)
    wheel(view, at, 3)
    wheel(view, at, 3)
    low, high = view.visible_s
    assert high - low == pytest.approx(20.0 * 0.8**6)
    assert (15.0 - low) / (high - low) == pytest.approx(0.75, abs=0.01)
    view.go_back()
    assert view.visible_s == (0.0, 20.0)
    view.go_back()
    assert view.visible_s == (0.0, 20.0)


def test_a_right_drag_pans_and_stays_inside(made):
    view = made.view
    view._set_view(5.0, 10.0)
    drag(view, spot(view, 1, 9.0), spot(view, 1, 7.0), button=Qt.MouseButton.RightButton)
    assert view.visible_s == pytest.approx((7.0, 12.0), abs=0.1)
    assert made.selection.visible == view.visible_s
    view._set_view(18.0, 23.0)
    assert view.visible_s == (15.0, 20.0)


@pytest.mark.parametrize("with_tool", [False, True])
def test_a_box_zooms_time_and_values(made, with_tool):
    view = made.view
    modifier = Qt.KeyboardModifier.NoModifier if with_tool else Qt.KeyboardModifier.ControlModifier
    if with_tool:
        view.bar.tools["zoom"].click()
    drag(view, spot(view, 0, 4.0, 0.6), spot(view, 0, 8.0, -0.2), modifier)
    assert view.visible_s == pytest.approx((4.0, 8.0), abs=0.1)
    assert view.lanes[0].y_range == pytest.approx((-0.2, 0.6), abs=0.08)
    view.bar.buttons["back"].click()
    assert view.visible_s == (0.0, 20.0)
    view.bar.buttons["fit"].click()
    assert view.lanes[0].y_range[1] > 1.0


@given(moves=st.lists(st.tuples(st.sampled_from(["wheel", "drag"]), st.floats(0, 3), st.integers(0, 9)), max_size=30))
def test_going_back_retraces_every_movement(moves):
    history, now, view, before = ZoomHistory(), 0.0, (0.0, 100.0), []
    last = ("", -1e9)
    for kind, pause, i in moves:
        now += pause
        if (kind != last[0] or now - last[1] >= 0.6) and (not before or before[-1] != view):
            before.append(view)
        last = (kind, now)
        history.push(view, kind, now)
        view = (float(i), 50.0 + i)
    while before:
        assert history.pop() == before.pop()
    assert history.pop() is None


# ---------------------------------------------------------------- ranges and measuring


def test_shift_drag_selects_a_range_and_shift_click_none(made):
    view = made.view
    shift = Qt.KeyboardModifier.ShiftModifier
    drag(view, spot(view, 1, 4.0), spot(view, 1, 9.0), shift)
    assert made.selection.range == pytest.approx((4.0, 9.0), abs=0.1)
    assert made.clock.time_s == 0.0
    drag(view, spot(view, 1, 12.0), spot(view, 1, 10.0), shift)
    assert made.selection.range == pytest.approx((10.0, 12.0), abs=0.1)
    QTest.mouseClick(view.graph.viewport(), Qt.MouseButton.LeftButton, shift, spot(view, 1, 15.0))
    QTest.qWait(20)
    assert made.selection.range is None


def test_two_cursors_measure(made):
    view = made.view
    made.selection.set_range((2.0, 4.5))
    view.toggle_measure()
    assert view.measure.times == (2.0, 4.5)
    assert view.bar.note.text() == "Δt +2.500 s   1/Δt 0.400 Hz"
    simulated = made.contents.simulated[0]
    part = simulated.acc_mps2[200:451, 0]
    found = view.lanes[0].figures(2.0, 4.5)["simulated"]
    assert found.delta == simulated.acc_mps2[450, 0] - simulated.acc_mps2[200, 0]
    assert (found.mean, found.rms) == (pytest.approx(part.mean()), pytest.approx(np.sqrt((part**2).mean())))
    assert (found.least, found.most, found.count) == (part.min(), part.max(), 251)
    rows = view.lanes[0].readout.rows
    assert rows[0][0].startswith(f"Δ {found.delta:+.2f}".replace("-", "−"))
    drag(view, spot(view, 0, 4.5), spot(view, 0, 6.0))
    assert view.measure.times == pytest.approx((2.0, 6.0), abs=0.1)
    assert made.clock.time_s == 0.0
    view.toggle_measure()
    assert view.measure.times is None
    assert view.lanes[0].readout.rows == ()
    assert view.bar.note.text() == ""


def test_measuring_outlives_other_lanes(made):
    view = made.view
    view.toggle_measure()
    view._toggles.button(3).click()
    assert len(view.lanes) == 8
    assert all(lane.readout.rows for lane in view.lanes)


def test_figures_leave_gaps_out():
    signal = waves("w", seconds=2.0)
    found = figures(line(signal, ACC, "x"), 0.5, 1.5)
    inside = (signal.time_s >= 0.5) & (signal.time_s <= 1.5) & signal.valid
    assert found.count == inside.sum()
    assert found.mean == pytest.approx(signal.acc_mps2[inside, 0].mean())


# ---------------------------------------------------------------- aligning and export


def test_the_recording_is_dragged_in_time(made):
    view, told = made.view, []
    made.selection.clock_dragged.connect(lambda name, delta: told.append((name, delta)))
    view.align_mode(True)
    assert made.selection.aligning
    drag(view, spot(view, 0, 5.0), spot(view, 0, 7.0))
    assert [name for name, _ in told] == ["left_wrist"]
    assert told[0][1] == pytest.approx(2.0, abs=0.1)
    assert view.lanes[0].curves["real"].pos().x() == pytest.approx(told[0][1])
    assert made.clock.time_s == 0.0
    real = made.contents.real[0]
    made.show(real=(real.with_(time_s=real.time_s + told[0][1]),))
    assert view.lanes[0].curves["real"].pos().x() == 0.0
    made.selection.set_aligning(False)
    assert view.bar.tool == "scrub"


def test_moments_are_pointed_at(made):
    view, told = made.view, []
    real = made.contents.real[0]
    made.show(real=(real.with_(acc_mps2=real.acc_mps2 + 5.0),))
    made.selection.point_picked.connect(lambda kind, at: told.append((kind, at)))
    view.align_mode(True)
    for time_s, offset in ((3.0, 0.0), (6.0, 5.0)):
        value = made.contents.simulated[0].acc_mps2[round(time_s * 100), 0] + offset
        QTest.mouseClick(view.graph.viewport(), Qt.MouseButton.LeftButton, pos=spot(view, 0, time_s, value))
        QTest.qWait(600)  # no double click
    assert [kind for kind, _ in told] == ["simulated", "real"]
    assert [at for _, at in told] == pytest.approx([3.0, 6.0], abs=0.05)


def test_what_is_seen_can_be_copied_and_saved(made, tmp_path):
    view = made.view
    view._set_view(1.0, 2.0)
    view.bar.copy_action.trigger()
    rows = QGuiApplication.clipboard().text().splitlines()
    head = rows[0].split(",")
    assert head[0] == "time_s"
    assert "left_wrist_simulated_acc_x_mps2" in head
    assert len(head) == 13
    assert len(rows) == 102
    first = dict(zip(head, rows[1].split(","), strict=True))
    assert float(first["time_s"]) == 1.0
    assert float(first["left_wrist_real_gyr_z_radps"]) == pytest.approx(
        made.contents.real[0].gyr_radps[100, 2], rel=1e-5
    )
    made.selection.set_range((3.0, 3.1))
    save_selection(view, tmp_path / "part.csv")
    assert len((tmp_path / "part.csv").read_text().splitlines()) == 12


def test_lines_on_other_times_leave_cells_empty():
    one = line(Signal("a", [0.0, 1.0, 2.0], np.ones((3, 3)), np.ones((3, 3)), [True, False, True]), ACC, "x")
    other = line(Signal("b", [0.5, 2.0], 2 * np.ones((2, 3)), np.ones((2, 3))), ACC, "x")
    text = csv_text([("a", one), ("b", other)], 0.0, 2.0)
    assert text == "time_s,a,b\n0.000000,1,\n0.500000,,2\n1.000000,,\n2.000000,1,2\n"


def test_a_right_click_offers_the_menu(made, qtbot):
    view = made.view
    QTest.mouseClick(view.graph.viewport(), Qt.MouseButton.RightButton, pos=spot(view, 1, 10.0))
    qtbot.waitUntil(view.bar.menu.isVisible)
    view.bar.menu.close()


def test_choosing_a_recording_asks_for_the_pair(made):
    view, told = made.view, []
    view.pairing_wanted.connect(lambda sensor, recording: told.append((sensor, recording)))
    view.real_box.setCurrentIndex(0)
    assert told == [("left_wrist", "")]
    assert view.real is None
    view.real_box.setCurrentIndex(1)
    assert view.real is made.contents.real[0]
