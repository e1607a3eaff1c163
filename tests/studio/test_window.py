"""The window, driven as a user would: keys, mouse, dropped files; it shows errors and lives."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from m3n_studio.body.shape import Shape
from m3n_studio.motion.clip import TextSegment
from m3n_studio.plugins import Door
from m3n_studio.studio import builtin
from m3n_studio.studio.core import contents as contents_module
from m3n_studio.studio.core.contents import Contents, make_contents
from m3n_studio.studio.core.docks import DockSpec
from m3n_studio.studio.core.document import set_shape
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.frame.window import Window
from m3n_studio.studio.look.theme import contrast, load_theme, rgb
from m3n_studio.studio.pictures import window_picture, window_pixmap
from m3n_studio.studio.scene.stage import Scene, SensorTrack
from m3n_studio.studio.timeline.transport import timecode

from .conftest import waves

pytestmark = pytest.mark.gl


@pytest.fixture
def contents(body, clip):
    n = len(clip)
    sensors = tuple(
        SensorTrack(name, np.tile((x, 1.0, 0.2), (n, 1)), np.tile(np.eye(3), (n, 1, 1)))
        for name, x in (("left_wrist", 0.3), ("right_wrist", -0.3))
    )
    scene = Scene.of(body, clip, sensors=sensors)
    simulated = (waves("left_wrist"), waves("right_wrist", phase=1.0))
    return Contents("demo", scene, simulated, (waves("left_wrist", phase=0.1),))


@pytest.fixture
def full(window, contents, qtbot):
    window.show_contents(contents)
    qtbot.waitUntil(lambda: window.views.complete and not window.views._behind)  # the layout has settled by then
    qtbot.waitUntil(lambda: window.views["body"].viewport.isVisible())
    QApplication.processEvents()
    return window


def pixels(window):
    image = window_pixmap(window).toImage().convertToFormat(_rgba())
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


def _rgba():
    from PySide6.QtGui import QImage

    return QImage.Format.Format_RGBA8888


def part(window, name):
    view = window.views[name]
    at = view.mapTo(window, QPoint(0, 0))
    return pixels(window)[at.y() : at.y() + view.height(), at.x() : at.x() + view.width()]


def place(traces, lane, time_s):
    """Where a time is in a lane, in pixels of the graph."""
    view = traces.lanes[lane].plot.vb
    middle = view.viewRect().center().y()
    return traces.graph.mapFromScene(view.mapViewToScene(QPointF(time_s, middle)))


def press(window, key):
    """A key pressed in the window; other windows on the display may have taken the focus."""
    window.activateWindow()
    QTest.qWaitForWindowActive(window, 2000)
    QTest.keyClick(window, key)


def drop(window, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )  # fmt: skip
    window.dropEvent(event)


# ---------------------------------------------------------------- what is shown


def test_an_empty_window_says_what_to_do(window):
    assert window.empty.isVisible()
    assert window.empty.open_button.isVisible()
    assert not window.actions_by_name["play"].isEnabled()


def test_the_body_is_drawn_and_moves_with_the_clock(full):
    first = part(full, "body")
    assert first.std() > 10
    full.clock.seek(1.5)
    moved = np.abs(part(full, "body") - first).max(axis=2) > 15
    assert moved.mean() > 0.01


def test_no_menu_of_the_plots_lies_over_the_window(qtbot, display, contents):
    from PySide6.QtWidgets import QMenu

    window = Window(theme="light")
    window.show_contents(contents)
    window.show()
    qtbot.waitExposed(window)
    assert not [m for m in window.findChildren(QMenu) if m.isVisible()]
    window.close()
    window.deleteLater()


@pytest.fixture
def full_gl(qtbot, display, contents):
    """A window whose body is drawn by OpenGL in the window, also where that is done in software."""
    window = Window(theme="light", viewport="gl")
    window.show()
    window.show_contents(contents)
    qtbot.waitUntil(lambda: window.views.complete and not window.views._behind)
    qtbot.waitUntil(lambda: window.views["body"].viewport.isVisible())
    QApplication.processEvents()
    yield window
    window.close()
    window.deleteLater()


def test_opengl_is_used_where_it_works_and_is_not_done_in_software(full, full_gl, qtbot):
    from m3n_studio.studio.scene import viewport

    qtbot.wait(500)
    assert isinstance(full_gl.views["body"].viewport, viewport.GLViewport)
    wanted = viewport.ImageViewport if viewport._draws_in_software() else viewport.GLViewport
    assert isinstance(full.views["body"].viewport, wanted)


def test_both_ways_of_drawing_show_the_same_body(full, full_gl):
    one, other = (w.views["body"].viewport.render_stage(400, 300)[..., :3].astype(int) for w in (full, full_gl))
    assert (np.abs(one - other).max(axis=2) > 24).mean() < 0.01


def test_the_fast_picture_is_opaque_and_agrees_with_the_window(full_gl):
    """A shadow must not make the widget translucent: Qt would divide its colours by alpha."""
    viewport = full_gl.views["body"].viewport
    viewport._smooth_next = False
    image = viewport.grabFramebuffer().convertToFormat(_rgba())
    alone = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)
    viewport._smooth_next = False
    grabbed = full_gl.grab().toImage().convertToFormat(_rgba())
    whole = np.frombuffer(grabbed.constBits(), np.uint8).reshape(grabbed.height(), grabbed.width(), 4).astype(int)
    at = viewport.mapTo(full_gl, QPoint(0, 0))
    inside = whole[at.y() : at.y() + viewport.height(), at.x() : at.x() + viewport.width(), :3]
    lower = slice(viewport.height() // 2, viewport.height() - 40)  # buttons, caption and corners lie elsewhere
    np.testing.assert_allclose(inside[lower, 12:-12], alone[lower, 12:-12], atol=2)


def test_traces_are_drawn_in_both_colours(full):
    picture = part(full, "traces")
    for color in (full.theme.simulated, full.theme.real):
        wanted = np.array(rgb(color)) * 255
        assert (np.abs(picture - wanted).max(axis=2) < 40).sum() > 300


def test_every_lane_reads_the_sample_under_the_cursor(full, contents):
    full.clock.seek(0.5)
    lanes = full.views["traces"].lanes
    assert [(lane.quantity.field, lane.component) for lane in lanes] == [
        (q, c) for q in ("acc_mps2", "gyr_radps") for c in "xyz"
    ]
    simulated = contents.simulated[0]
    row = int(np.argmin(np.abs(simulated.time_s - 0.5)))
    for i, lane in enumerate(lanes):
        value = getattr(simulated, lane.quantity.field)[row, i % 3]
        assert lane.readout.parts[0][0] == f"{value:+.2f}".replace("-", "−")
        assert lane.cursor.value() == pytest.approx(0.5)


def test_samples_that_mean_nothing_break_the_line_and_have_no_value(full):
    full.clock.seek(1.0)
    lane = full.views["traces"].lanes[0]
    assert lane.readout.parts[0][0] == "–"
    _, y = lane.plot.listDataItems()[0].getData()
    assert np.isnan(y).any()


def test_choosing_another_sensor_changes_traces_recording_and_highlight(full):
    traces = full.views["traces"]
    assert traces.real is not None
    traces.sensor_box.setCurrentIndex(1)
    assert traces.real is None
    assert full.views["body"].stage.selected == 1
    assert full.selection.sensor == 1


def test_lanes_say_how_close_the_recording_is(full, contents):
    close = {("left_wrist", "left_wrist", "acc", "x"): 0.98765, ("left_wrist", "left_wrist", "gyr", "z"): -0.5}
    full.show_contents(replace(contents, closeness=close, real_notes=("clock +1 s",)))
    traces = full.views["traces"]
    names = [lane.readout.name for lane in traces.lanes]
    assert names == ["x   r 0.988", "y", "z", "x", "y", "z   r −0.500"]
    assert "clock +1 s" in traces.real_box.toolTip()
    traces.sensor_box.setCurrentIndex(1)
    assert all(" r " not in lane.readout.name for lane in traces.lanes)


def test_the_magnitude_can_be_shown_and_one_lane_always_stays(full):
    traces = full.views["traces"]
    traces._toggles.button(3).click()
    assert [lane.component for lane in traces.lanes] == ["x", "y", "z", "magnitude"] * 2
    for i in range(4):
        traces._toggles.button(i).setChecked(False)
    assert len(traces.components) == 1


def test_all_of_it_can_be_shown_off_screen(qtbot, display, contents):
    window = Window(theme="light", viewport="offscreen")
    window.show_contents(contents)
    window.show()
    qtbot.waitExposed(window)
    try:
        assert window.error_bar.isHidden(), window.error_bar.text
        first = part(window, "body")
        window.clock.seek(1.5)
        assert (np.abs(part(window, "body") - first).max(axis=2) > 15).mean() > 0.01
    finally:
        window.close()
        window.deleteLater()


def test_where_opengl_fails_the_body_is_drawn_off_screen(qtbot, display, contents, monkeypatch):
    from m3n_studio.studio.scene import viewport
    from m3n_studio.studio.scene.viewport import GLViewport, ImageViewport

    def refuse():
        raise RuntimeError("no driver")

    monkeypatch.setattr(viewport, "_forget_gl_errors", refuse)
    window = Window(theme="light", viewport="gl")
    assert isinstance(window.views["body"].viewport, GLViewport)
    window.show_contents(contents)
    window.show()
    try:
        qtbot.waitUntil(lambda: isinstance(window.views["body"].viewport, ImageViewport))
        assert part(window, "body").std() > 10
        assert window.error_bar.isHidden()
    finally:
        window.close()
        window.deleteLater()


# ---------------------------------------------------------------- keys and mouse


@pytest.mark.parametrize(
    ("key", "start", "expected"),
    [
        (Qt.Key.Key_Right, 0.0, 1 / 30), (Qt.Key.Key_Left, 1.0, 29 / 30), (Qt.Key.Key_Period, 0.0, 1 / 30),
        (Qt.Key.Key_Comma, 1.0, 29 / 30), (Qt.Key.Key_Home, 1.0, 0.0), (Qt.Key.Key_End, 0.0, 2.0),
    ],
)  # fmt: skip
def test_keys_step_through_time(full, key, start, expected):
    full.clock.seek(start)
    press(full, key)
    assert full.clock.time_s == pytest.approx(expected)


def test_space_plays_and_pauses_and_time_goes_on(full, qtbot):
    press(full, Qt.Key.Key_Space)
    assert full.clock.playing
    qtbot.waitUntil(lambda: full.clock.time_s > 0.15)
    press(full, Qt.Key.Key_Space)
    stopped = full.clock.time_s
    qtbot.wait(60)
    assert full.clock.time_s == stopped


def test_loop_and_speed_keys(full):
    press(full, Qt.Key.Key_L)
    assert full.clock.loop == (0.0, 2.0)
    press(full, Qt.Key.Key_BracketRight)
    assert full.clock.speed == 2.0
    assert full.views["transport"].speed_box.currentText() == "2×"


def test_a_click_on_the_traces_goes_there(full, qtbot):
    traces = full.views["traces"]
    QTest.mouseClick(traces.graph.viewport(), Qt.MouseButton.LeftButton, pos=place(traces, 2, 1.25))
    qtbot.waitUntil(lambda: abs(full.clock.time_s - 1.25) < 0.02)


def test_the_wheel_zooms_time_in_all_lanes_at_once(full):
    traces = full.views["traces"]
    at = place(traces, 0, 1.0)
    event = QWheelEvent(
        QPointF(at), QPointF(traces.graph.viewport().mapToGlobal(at)), QPoint(0, 0), QPoint(0, 240),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(traces.graph.viewport(), event)
    ranges = [lane.plot.vb.viewRange()[0] for lane in traces.lanes]
    assert ranges[0][1] - ranges[0][0] < 1.6
    assert all(r == pytest.approx(ranges[0], abs=1e-6) for r in ranges)
    full.actions_by_name["show_all"].trigger()
    assert traces.lanes[0].plot.vb.viewRange()[0] == pytest.approx([0.0, 2.0], abs=1e-6)


def test_dragging_the_strip_scrubs(full):
    strip = full.views["transport"].strip
    middle = QPoint(strip.width() // 2, strip.height() - 10)
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=middle)
    assert full.clock.time_s == pytest.approx(1.0, abs=0.02)
    assert strip.text_at(middle.x() - 20).text == "reach"


def test_dragging_the_body_orbits_and_a_double_click_resets(full):
    viewport, stage = full.views["body"].viewport, full.views["body"].stage
    first = stage.camera
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(viewport, QPoint(160, 120))
    event = _move(viewport, QPoint(160, 120), Qt.MouseButton.LeftButton)
    QApplication.sendEvent(viewport, event)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(160, 120))
    assert stage.camera.azimuth_deg != first.azimuth_deg
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert stage.camera == first


def _move(widget, at, button):
    from PySide6.QtGui import QMouseEvent

    return QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(widget.mapToGlobal(at)), Qt.MouseButton.NoButton,
                       button, Qt.KeyboardModifier.NoModifier)  # fmt: skip


# ---------------------------------------------------------------- files and errors


def test_a_bad_file_is_told_in_the_bar_and_the_window_lives(full, qtbot, tmp_path):
    bad = tmp_path / "broken.bvh"
    bad.write_bytes(b"HIERARCHY\nROOT nothing {\x00\xff")
    drop(full, bad)
    qtbot.waitUntil(lambda: not full.busy, timeout=20_000)
    assert full.error_bar.isVisible()
    assert "broken.bvh" in full.error_bar.text
    assert full.contents.title == "demo"
    press(full, Qt.Key.Key_Escape)
    assert full.error_bar.isHidden()
    press(full, Qt.Key.Key_End)
    assert full.clock.time_s == 2.0


def test_a_missing_file_is_told(window, qtbot, tmp_path):
    drop(window, tmp_path / "gone.bvh")
    qtbot.waitUntil(lambda: not window.busy, timeout=20_000)
    assert "there is no such file" in window.error_bar.text


def test_an_exception_in_a_slot_is_told_and_the_window_lives(full, qtbot, capsys):
    full.hook._hook(RuntimeError, RuntimeError("surprise"), None)
    assert full.error_bar.isVisible()
    assert "surprise" in full.error_bar.text
    assert "surprise" in capsys.readouterr().err


def test_the_hook_is_there_while_the_window_is(qtbot, display):
    before = sys.excepthook
    window = Window(theme="light")
    assert sys.excepthook == window.hook._hook
    window.close()
    window.deleteLater()
    assert sys.excepthook is before


def test_opening_happens_in_the_background_and_closing_meanwhile_is_clean(qtbot, display, monkeypatch, contents):
    started = []

    def slow(paths, before):
        started.append(1)
        time.sleep(0.4)
        return before

    monkeypatch.setattr(contents_module, "open_files", slow)
    window = Window(theme="light")
    window.show()
    window.open_path(Path("anything.npz"))
    qtbot.waitUntil(lambda: bool(started))
    assert window.busy
    assert [item.label.text() for item in window.status.items] == ["Opening anything.npz"]
    window.close()
    assert not window.busy
    assert window.contents.scene is None
    window.deleteLater()


def test_two_requests_at_once_are_refused_with_words(window, qtbot, monkeypatch):
    monkeypatch.setattr(contents_module, "open_files", lambda paths, before: time.sleep(0.2) or before)
    window.open_path(Path("a"))
    window.open_path(Path("b"))
    assert "still being opened" in window.error_bar.text
    qtbot.waitUntil(lambda: not window.busy)


def test_a_view_that_cannot_be_built_costs_the_others_nothing(qtbot, display):
    door = Door()
    builtin.register(door)
    door.add("dock", "broken", DockSpec("broken", "Broken", "right", "m3n_studio.studio.views:no_such_thing"))
    window = Window(theme="light", door=door)
    try:
        window.show()
        qtbot.waitUntil(lambda: window.views.complete)
        assert {"body", "traces", "transport"} <= set(window.views.built)
        assert "broken" not in window.views
        assert "broken" not in window.host.docks
        assert "Broken" in window.error_bar.text
    finally:
        window.close()
        window.deleteLater()


# ---------------------------------------------------------------- looks and memory


@pytest.mark.parametrize("name", ["light", "dark"])
def test_themes_change_every_view(full, name):
    full.set_theme(name)
    picture = pixels(full)
    theme = load_theme(name)
    for color, share in ((theme.panel, 0.1), (theme.stage.background, 0.05)):
        assert (np.abs(picture - np.array(rgb(color)) * 255).max(axis=2) < 4).mean() > share


@pytest.mark.parametrize("name", ["light", "dark"])
def test_words_can_be_read(name):
    theme = load_theme(name)
    for text, background in (
        (theme.text, theme.panel), (theme.text, theme.window), (theme.muted, theme.panel), (theme.muted, theme.window),
        (theme.on_accent, theme.accent), (theme.simulated, theme.panel), (theme.real, theme.panel),
        (theme.error_text, theme.error), *((theme.text, s) for s in theme.segments),
    ):  # fmt: skip
        assert contrast(text, background) >= 4.5, (text, background)


def test_everything_that_takes_focus_has_a_name(full):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox

    views = full.views.values()
    for kind in (QAbstractButton, QComboBox, QAbstractSlider):
        for widget in (w for view in views for w in view.findChildren(kind)):
            if widget.isVisible() and "Scroll" not in type(widget).__name__:
                assert widget.accessibleName() or widget.text(), widget


def test_geometry_and_theme_are_remembered_only_where_asked(qtbot, display, tmp_path):
    path = tmp_path / "config" / "preferences.json"
    first = Window(store=Store(path))
    first.resize(1010, 720)
    first.set_theme("dark")
    first.show()
    qtbot.waitExposed(first)
    first.close()
    second = Window(store=Store(path))
    assert (second.theme.name, second.width(), second.height()) == ("dark", 1010, 720)
    second.close()
    third = Window()
    assert third.width() == 1280
    third.close()
    for window in (first, second, third):
        window.deleteLater()


def test_a_picture_of_the_window_has_the_body_in_it(full, tmp_path):
    from PySide6.QtGui import QImage

    path = window_picture(full, tmp_path / "new" / "window.png")
    image = QImage(str(path)).convertToFormat(_rgba())
    assert (image.width(), image.height()) == (full.width(), full.height())
    assert part(full, "body").std() > 10


@pytest.mark.parametrize("size", [(900, 650), (1280, 800), (1600, 1000)])
def test_nothing_is_cut_off(full, size):
    from PySide6.QtWidgets import QAbstractButton, QLabel

    full.resize(*size)
    QApplication.processEvents()
    words = [w for w in full.findChildren(QLabel) if not w.wordWrap()]
    words += [b for b in full.findChildren(QAbstractButton) if b.icon().isNull()]
    shown = [w for w in words if w.isVisible() and w.text()]
    assert len(shown) > 6
    for widget in shown:
        assert widget.width() >= widget.fontMetrics().horizontalAdvance(widget.text()), widget.text()


def test_a_sentence_and_its_labels_have_rows_of_their_own(full, body, clip):
    strip = full.views["transport"].strip
    low = strip.sizeHint().height()
    texts = (TextSegment(0.0, 2.0, "A person reaches and walks.", "sentence"), *clip.texts)
    strip.set_content(0.0, 2.0, rate_hz=30.0, texts=texts)
    assert strip.sizeHint().height() > low


@pytest.mark.parametrize(
    ("time_s", "start_s", "expected"),
    [(3.25, 0.0, "0:03.250   frame 195"), (3725.0, 0.0, "1:02:05.000   frame 223500"),
     (41.0, 40.0, "0:41.000   frame 60"),
     (59.9996, 0.0, "1:00.000   frame 3600"), (-0.5, -1.0, "−0:00.500   frame 30")],
)  # fmt: skip
def test_the_timecode_counts_minutes_and_frames(time_s, start_s, expected):
    assert timecode(time_s, 60.0, start_s=start_s) == expected


def test_long_recordings_without_a_motion_are_shown(window):
    window.show_contents(Contents("recording", None, (), (waves("watch", seconds=300.0),)))
    assert window.pages.currentIndex() == 1
    assert window.clock.end_s == pytest.approx(299.99)
    assert window.views["traces"].lanes[0].lines["real"].values.size == 30_000


def test_contents_from_values(body, clip):
    made = make_contents(clip, body, simulated=(waves("left_wrist"),), title="t")
    assert made.span_s() == (0.0, pytest.approx(2.0))
    assert made.rate_hz() == 30.0


@pytest.mark.slow
def test_a_thousand_random_actions_do_no_harm(full, contents, qtbot):
    """Keys, clicks, docks, layouts, edits, dialogs, themes, contents in any order: no exception, time in range."""
    rng = np.random.default_rng(7)
    keys = [getattr(Qt.Key, f"Key_{k}") for k in ("Space", "Left", "Right", "Home", "End", "L", "F", "S", "R", "A",
                                                  "BracketLeft", "BracketRight", "Escape", "Tab")]  # fmt: skip
    traces, strip = full.views["traces"], full.views["transport"].strip

    def click(widget):
        at = QPoint(int(rng.integers(1, widget.width() - 1)), int(rng.integers(1, widget.height() - 1)))
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)

    actions = [
        lambda: press(full, keys[rng.integers(len(keys))]),
        lambda: press(full, keys[rng.integers(len(keys))]),
        lambda: click(traces.graph.viewport()),
        lambda: click(strip),
        lambda: click(full.views["body"].viewport),
        lambda: traces._toggles.button(int(rng.integers(4))).click(),
        lambda: traces.sensor_box.setCurrentIndex(int(rng.integers(2))),
        lambda: full.resize(int(rng.integers(720, 1400)), int(rng.integers(520, 900))),
        lambda: full.show_contents((contents, Contents(), Contents("r", None, (), contents.real))[rng.integers(3)]),
        lambda: full.layouts.show(full.layouts.names[rng.integers(len(full.layouts.names))]),
        lambda: full.layouts.save(f"mine {rng.integers(3)}"),
        lambda: dock().setFloating(not dock().isFloating()),
        lambda: dock().toggleViewAction().trigger(),
        lambda: dialog(("palette", "shortcuts", "messages", "edit_shortcuts", "preferences")[rng.integers(5)]),
        lambda: full.history.apply(set_shape(Shape(scale=float(rng.uniform(0.9, 1.1))), merge="drag")),
        lambda: full.actions_by_name[("undo", "redo")[rng.integers(2)]].trigger(),
    ]

    def dock():
        docks = list(full.host.docks.values())
        return docks[rng.integers(len(docks))]

    def dialog(name):
        full.actions_by_name[name].trigger()
        for shown in [d for d in full.findChildren(QDialog) if d.isVisible()]:
            QTest.keyClicks(shown, "lo")
            shown.close()

    begin = time.perf_counter()
    for i in range(1000):
        actions[rng.integers(len(actions))]()
        if i % 10 == 0:
            QApplication.processEvents()
        if i % 250 == 50:
            full.toggle_theme()
        assert full.clock.start_s <= full.clock.time_s <= full.clock.end_s
    full.clock.pause()
    qtbot.waitUntil(lambda: not full.jobs.running, timeout=20_000)
    assert full.log.messages == ()
    assert time.perf_counter() - begin < 120
