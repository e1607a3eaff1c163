"""Traces, spectrum and overview of recordings that are read as they are looked at, and labels behind them."""

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project import Project
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.history import UndoStack
from m3n_studio.studio.core.long_signal import LongSignal
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.labels.label_layout import Row
from m3n_studio.studio.labels.label_strip import LabelStrip
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.timeline.overview import long_profile
from m3n_studio.studio.traces import measuring, trace_export
from m3n_studio.studio.traces.spectrum_work import MOST_S, Question, answer
from m3n_studio.studio.traces.trace_data import QUANTITIES
from m3n_studio.studio.traces.trace_head import BELOW, TOGETHER
from m3n_studio.studio.traces.trace_view import TraceView

RATE, SECONDS = 50.0, 1500.0
WALK, SIT = LabelClass("walk", color="#00ff00", id="w"), LabelClass("sit", color="#ff0000", id="s")
TIER = Tier("activity", classes=(WALK, SIT), id="tier")


def recorded(phase):
    t = np.arange(round(SECONDS * RATE)) / RATE
    acc = np.column_stack([3 * np.sin(6 * t + phase), np.cos(5 * t), 9.81 + 0 * t])
    valid = np.ones(len(t), bool)
    valid[10_000:10_100] = False  # 200 to 202 s
    return Signal("watch", t, acc, 0.5 * acc, valid)


@dataclass
class Made:
    view: TraceView
    clock: Clock
    selection: Selection
    desk: Desk
    whole: tuple[Signal, ...]


@pytest.fixture
def made(qtbot, display, tmp_path):
    whole = (recorded(0.0), recorded(1.0))
    project = Project.create(tmp_path / "p")
    session = project.add_session("day")
    entries = [
        project.add_recording(session.id, s, placement=p)
        for s, p in zip(whole, ("left_wrist", "right_wrist"), strict=True)
    ]
    project.add_label_set("labels", [TIER])
    labels = (Annotation("tier", "w", 100.0, 150.0), Annotation("tier", "s", 150.0, 180.0))
    project.annotate(session.id, Change("put", (), labels))
    desk = Desk(UndoStack())
    desk.open(project)
    desk.put(session.id)
    long = tuple(LongSignal(e.placement, project.signal(e), e.time_map) for e in entries)
    clock, selection = Clock(), Selection()
    view = TraceView(clock, load_theme("dark"), selection, desk=desk)
    view.resize(700, 800)
    clock.set_range(0.0, SECONDS)
    view.set_contents(Contents("day", document=Document(long=long)))
    view.show()
    qtbot.waitExposed(view)
    QApplication.processEvents()
    yield Made(view, clock, selection, desk, whole)
    view.close()
    view.deleteLater()
    desk.release()


def test_all_recordings_are_shown_below_each_other_at_first(made):
    assert made.view.head.real_box.currentText() == BELOW
    assert [t.name for t in made.view.tracks] == ["left_wrist", "right_wrist"]
    assert len(made.view.lanes) == 12
    line = made.view.lanes[0].lines["real"]
    np.testing.assert_allclose(line.values[50:60], made.whole[0].acc_mps2[50:60, 0], atol=1e-5)
    made.clock.seek(33.0)
    assert made.view.lanes[6].readout.parts[0][0] == f"{3 * np.sin(6 * 33.0 + 1.0):+.2f}".replace("-", "−")


def test_one_or_laid_over_each_other(made):
    box = made.view.head.real_box
    box.setCurrentIndex(box.findText("right wrist"))
    assert [t.name for t in made.view.tracks] == ["right_wrist"]
    assert len(made.view.lanes) == 6
    box.setCurrentIndex(box.findText(TOGETHER))
    assert set(made.view.lanes[0].lines) == {"real", "real2"}
    made.clock.seek(33.0)
    assert len(made.view.lanes[0].readout.parts) == 2
    assert "right wrist" in made.view.bar.legend.text()


def test_gaps_in_view_are_shaded_and_holding_against_a_motion_is_refused(made):
    made.view._set_view(190.0, 210.0)
    ((start, end),) = made.view.lanes[0].spans._spans
    assert start == pytest.approx(200.0, abs=0.05)
    assert end == pytest.approx(202.0, abs=0.05)
    made.view._set_view(300.0, 310.0)
    assert made.view.lanes[0].spans._spans == ()
    assert not made.view.bar.tools["align"].isEnabled()
    assert "no motion" in made.view.bar.tools["align"].toolTip()


def test_figures_of_a_stretch_too_long_to_read_are_exact_where_they_are_told(made, monkeypatch):
    line = made.view.lanes[0].lines["real"]
    exact = measuring.figures(line, 10.0, 1400.0)
    monkeypatch.setattr(measuring, "MOST_READ", 1000)
    told = measuring.figures(line, 10.0, 1400.0)
    assert (told.least, told.most) == pytest.approx((exact.least, exact.most))
    assert np.isnan(told.mean)
    assert np.isnan(told.rms)


def test_a_stretch_is_saved_in_pieces_and_too_much_is_not_copied(made, tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "_ROWS", 700)
    made.selection.set_range((100.0, 160.0))
    trace_export.save_selection(made.view, tmp_path / "part.csv")
    rows = (tmp_path / "part.csv").read_text().splitlines()
    assert rows[0].startswith("time_s,left_wrist_real_acc_x_mps2")
    times = [float(row.split(",")[0]) for row in rows[1:]]
    assert len(times) == 60 * RATE + 1
    assert np.allclose(np.diff(times), 1 / RATE)
    said = []
    made.view.failed.connect(said.append)
    monkeypatch.setattr(trace_export, "MOST_COPIED", 1000)
    made.view.show_all()
    assert trace_export.copy_visible(made.view) == ""
    assert "Zoom in" in said[0]


def test_labels_are_behind_the_traces_and_follow_the_desk(made):
    view = made.view
    view._set_view(90.0, 190.0)
    shown = view.lanes[0].tint.shown
    assert all(lane.tint.shown is shown for lane in view.lanes)
    width = shown.bar.width()

    def at(time_s):
        return view.lanes[0].tint.shown.bar.pixelColor(int((time_s - 90.0) / 100.0 * width), 0).name()

    assert (at(120.0), at(165.0)) == ("#00ff00", "#ff0000")
    assert at(95.0) == load_theme("dark").panel.lower()
    made.desk.annotate(Change("put", (), (Annotation("tier", "s", 91.0, 99.0),)))
    assert at(95.0) == "#ff0000"
    made.desk.set_pending((("w", 182.0, 188.0),))
    assert at(185.0) == "#00ff00"
    view.bar.labels_action.setChecked(False)
    assert view.lanes[0].tint.shown is None


def test_a_label_strip_has_the_axis_of_the_traces(made, qtbot):
    view = made.view
    strip = LabelStrip(load_theme("dark"), view)
    strip.plot_edges = view.plot_edges
    strip.set_rows([Row(made.desk.track)])
    strip.setGeometry(10, 600, 680, 100)
    strip.set_view(view.visible_s, view.visible_s)
    strip.show()
    strip.repaint()
    low, high = view.visible_s
    left, right, _ = view.plot_edges()
    start = strip.mapToGlobal(strip.rect().topLeft()).x()
    assert strip.geometry_now().x_of(low) + start == pytest.approx(left, abs=1)
    assert strip.geometry_now().x_of(high) + start == pytest.approx(right, abs=1)
    strip.plot_edges = lambda: None
    strip.repaint()
    assert strip.geometry_now().margins.ruler


def test_the_spectrum_is_of_the_first_minutes_of_what_was_asked(made):
    long = made.view.recordings[0]
    found = answer(Question({"real": long}, QUANTITIES[0], "x", (0.0, SECONDS), "real"))
    assert found.question.cut
    assert found.question.span_s == (0.0, MOST_S)
    density = found.densities["real"]
    peak_hz = density.frequency_hz[np.argmax(density.density)]
    assert peak_hz == pytest.approx(6 / (2 * np.pi), abs=0.1)
    whole = answer(Question({"real": made.whole[0]}, QUANTITIES[0], "x", (0.0, MOST_S), "real"))
    np.testing.assert_allclose(density.density, whole.densities["real"].density, rtol=1e-3, atol=1e-6)


def test_the_overview_is_of_stored_peaks(made):
    profile = long_profile(made.view.recordings, (0.0, SECONDS), 100)
    assert profile.shape == (100,)
    assert profile.min() > 0.5
