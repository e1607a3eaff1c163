"""Transport: typed times, loops over the selection, every frame, the overview and its handles."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6 import QtCore
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.core.spans import edges_of, united
from m3n_studio.studio.core.timecode import clock_text, parse_time
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.timeline.overview import profile
from m3n_studio.studio.timeline.transport import Transport
from tests.studio.conftest import active


def burst(*, at=6.0, seconds=10.0, rate=100.0):
    t = np.arange(round(seconds * rate)) / rate
    acc = np.zeros((len(t), 3))
    acc[:, 2] = 9.81 + 5.0 * np.exp(-((t - at) ** 2) / 0.1)
    return Signal("w", t, acc, np.zeros_like(acc))


@pytest.fixture
def made(qtbot, display):
    clock, selection = Clock(), Selection()
    names = ("to_start", "step_back", "play", "step_forward", "to_end", "loop")
    actions = {name: QAction(name) for name in names}
    bar = Transport(clock, load_theme("dark"), actions, selection)
    bar.resize(900, 140)
    clock.set_range(0.0, 9.99)
    bar.set_contents(Contents("c", None, (), (burst(),)))
    bar.show()
    active(qtbot, bar)
    yield bar, clock, selection
    clock.pause()
    bar.close()
    bar.deleteLater()


def x_of(strip, time_s):
    return round(strip._x_of(time_s))


def drag(widget, start, end, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, modifier, start)
    for share in (0.3, 0.7, 1.0):
        at = QPoint(*(round(a + share * (b - a)) for a, b in zip(start.toTuple(), end.toTuple(), strict=True)))
        QTest.mouseMove(widget, at)
        move = Qt.MouseButton.LeftButton
        from PySide6.QtCore import QEvent, QPointF
        from PySide6.QtGui import QMouseEvent

        event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(widget.mapToGlobal(at)),
                            Qt.MouseButton.NoButton, move, modifier)  # fmt: skip
        QApplication.sendEvent(widget, event)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, modifier, end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12.5", 12.5), ("12,5 s", 12.5), ("1:02.5", 62.5), ("1:00:02", 3602.0), ("frame 90", 1.5 + 1.0), ("−0:01", -1.0),
     ("f 0", 1.0), ("", None), ("soon", None), ("1:2:3:4", None)],
)  # fmt: skip
def test_times_as_people_type_them(text, expected):
    assert parse_time(text, 60.0, start_s=1.0) == expected


@given(ms=st.integers(-40_000_000, 40_000_000))
def test_what_is_written_can_be_typed(ms):
    assert parse_time(clock_text(ms / 1000), 60.0) == pytest.approx(ms / 1000, abs=1e-6)


def test_a_typed_time_is_gone_to(made):
    bar, clock, _ = made
    bar.time_edit.setFocus()
    bar.time_edit.selectAll()
    QTest.keyClicks(bar.time_edit, "0:03.5")
    QTest.keyClick(bar.time_edit, Qt.Key.Key_Return)
    assert clock.time_s == pytest.approx(3.5)
    assert not bar.time_edit.hasFocus()
    assert bar.frame_edit.text() == "350"
    bar.frame_edit.setFocus()
    bar.frame_edit.selectAll()
    QTest.keyClicks(bar.frame_edit, "125")
    QTest.keyClick(bar.frame_edit, Qt.Key.Key_Return)
    assert clock.time_s == pytest.approx(1.25)
    bar.time_edit.setFocus()
    bar.time_edit.setText("nonsense")
    QTest.keyClick(bar.time_edit, Qt.Key.Key_Return)
    assert clock.time_s == pytest.approx(1.25)
    assert bar.time_edit.text() == "0:01.250"


def test_any_speed_can_be_typed(made):
    bar, clock, _ = made
    line = bar.speed_box.lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "0.3")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert clock.speed == pytest.approx(0.3)
    assert bar.speed_box.currentText() == "0.3×"
    line.setText("fast")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert clock.speed == pytest.approx(0.3)
    bar.speed_box.setCurrentIndex(6)
    bar.speed_box.activated.emit(6)
    assert clock.speed == 2.0


def test_the_selection_is_what_is_looped(made):
    _, clock, selection = made
    clock.set_loop((clock.start_s, clock.end_s))
    selection.set_range((2.0, 4.0))
    assert clock.loop == (2.0, 4.0)
    selection.set_range(None)
    assert clock.loop == (0.0, 9.99)
    clock.set_loop(None)
    selection.set_range((2.0, 4.0))
    assert clock.loop is None


def test_shift_drag_on_the_strip_selects_and_the_loop_has_handles(made):
    bar, clock, selection = made
    strip = bar.strip
    y = strip.height() - 12
    shift = Qt.KeyboardModifier.ShiftModifier
    drag(strip, QPoint(x_of(strip, 2.0), y), QPoint(x_of(strip, 5.0), y), shift)
    assert selection.range == pytest.approx((2.0, 5.0), abs=0.03)
    clock.set_loop(selection.range)
    before = clock.time_s
    drag(strip, QPoint(x_of(strip, 5.0), y), QPoint(x_of(strip, 7.0), y))
    assert clock.loop == pytest.approx((2.0, 7.0), abs=0.05)
    assert clock.time_s == before


def test_the_window_of_the_time_in_view_is_dragged_and_resized(made):
    bar, clock, selection = made
    strip, y = bar.strip, 12
    selection.set_visible((2.0, 4.0))
    drag(strip, QPoint(x_of(strip, 3.0), y), QPoint(x_of(strip, 5.0), y))
    assert selection.visible == pytest.approx((4.0, 6.0), abs=0.05)
    drag(strip, QPoint(x_of(strip, 6.0), y), QPoint(x_of(strip, 8.0), y))
    assert selection.visible == pytest.approx((4.0, 8.0), abs=0.05)
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(x_of(strip, 1.0), y))
    assert clock.time_s == pytest.approx(1.0, abs=0.03)


def test_the_overview_is_high_where_something_moves(made):
    shown = profile((burst(at=6.0),), None, (0.0, 10.0), 100)
    assert shown.shape == (100,)
    assert 58 <= int(shown.argmax()) <= 61
    assert shown[:40].max() < 0.01
    bar = made[0]
    image = bar.strip.grab().toImage()

    def painted(time_s):
        column = [image.pixelColor(x_of(bar.strip, time_s), y).name() for y in range(2, 25)]
        return sum(c != column[0] for c in column)

    assert painted(6.0) > painted(2.0) + 5


def test_a_sparse_recording_has_no_holes_in_its_overview_and_gaps_are_flat():
    t = np.concatenate([np.arange(0, 2, 0.5), np.arange(8, 10, 0.5)])
    signal = Signal("w", t, np.full((len(t), 3), 9.0), np.zeros((len(t), 3)))
    shown = profile((signal,), None, (0.0, 10.0), 200)
    assert (shown[2:25] > 0).all()
    assert shown[80:120].max() == 0


def test_every_frame_is_painted_once(made, qtbot):
    bar, clock, _ = made
    bar.every_button.click()
    assert clock.every_frame_hz == pytest.approx(100.0)
    seen = []
    bar.strip.painted.connect(lambda: seen.append(round(clock.time_s * 100)))
    clock.set_speed(100.0)
    clock.play()
    qtbot.waitUntil(lambda: clock.time_s > 0.2)
    clock.pause()
    QApplication.processEvents()
    assert set(range(1, 20)) <= set(seen)


class Picked(QtCore.QObject):
    changed = QtCore.Signal()
    here = ()

    def pick(self, *spans):
        self.here = tuple(Moment("s", *span) for span in spans)
        self.changed.emit()


def test_picked_moments_are_marked_at_the_foot_of_the_overview(qtbot, display):
    clock, picked = Clock(), Picked()
    names = ("to_start", "step_back", "play", "step_forward", "to_end", "loop")
    theme = load_theme("dark")
    bar = Transport(clock, theme, {name: QAction(name) for name in names}, moments=picked)
    bar.resize(900, 140)
    picked.pick((2.0, 3.0), (2.5, 4.0), (8.0, 8.0))
    bar.set_contents(Contents("c", None, (), (burst(),)))
    bar.show()
    active(qtbot, bar)
    strip = bar.strip
    assert [tuple(round(x) for x in span) for span in strip.marked] == [
        (x_of(strip, 2.0), x_of(strip, 4.0)), (x_of(strip, 8.0), x_of(strip, 8.0) + 2),
    ]  # fmt: skip
    picture = strip.grab().toImage()
    y = round(strip._top()) + 26 - 2
    ratio = picture.devicePixelRatio()
    accent = theme.accent.lower()
    seen = {t: picture.pixelColor(round(strip._x_of(t) * ratio), round(y * ratio)).name() for t in (1.0, 3.0, 6.0)}
    assert seen[3.0] == accent
    assert accent not in (seen[1.0], seen[6.0])
    bar.resize(600, 140)
    assert round(strip.marked[0][0]) == x_of(strip, 2.0)
    picked.pick()
    assert strip.marked == []
    bar.close()
    bar.deleteLater()


@given(
    st.lists(st.tuples(st.floats(-5, 15), st.floats(0, 4)), max_size=30),
    st.tuples(st.floats(-3, 8), st.floats(0.1, 9)), st.integers(10, 400),
)  # fmt: skip
def test_united_pixels_are_apart_and_cover_what_they_stand_for(spans, view, width):
    edges, view = edges_of([(a, a + n) for a, n in spans]), (view[0], view[0] + view[1])
    found = united(edges, view, width)
    for (_, end), (start, _) in pairwise(found):
        assert start > end
    assert all(0 <= a <= b <= width for a, b in found)
    scale = width / (view[1] - view[0])
    for low, high in edges[(edges[:, 1] > view[0]) & (edges[:, 0] < view[1])]:
        for at in (max(low, view[0]), min(high, view[1])):
            assert any(a - 1e-6 <= (at - view[0]) * scale <= b + 1e-6 for a, b in found)
    assert len(found) <= len(spans)
