"""The fidelity dock, driven by mouse and keys on the demo pair: alignment, numbers, moments, modes, report."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from m3n_studio import workbench
from m3n_studio.imu.align import Alignment
from m3n_studio.resources import resource
from m3n_studio.studio.core.contents import document_of
from m3n_studio.studio.core.document import pair_with, set_alignment, set_mode
from m3n_studio.studio.fidelity.fidelity_table import badness, table_csv
from m3n_studio.studio.fidelity.fidelity_work import Options

pytestmark = pytest.mark.gl
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture(scope="module")
def document():
    pair = workbench.scene("demo:pack_box", real=Path(resource("recordings", "pack_box_watches.csv")))
    return document_of(pair)


@pytest.fixture
def view(window, document, qtbot):
    window.resize(1280, 900)
    window.show_document(document)
    window.host.show_dock("fidelity")
    view = window.views["fidelity"]
    settled(view, qtbot)
    return view


def settled(view, qtbot):
    """Until the evidence is that of the document as it is."""

    def done():
        work = view.work
        assert work.result is not None
        assert work.result.evidence.alignment == work.alignment
        assert work.contents.judged[work.sensor].alignment == work.alignment

    qtbot.waitUntil(done, timeout=20_000)


def tab(view, title):
    index = next(i for i in range(view.tabs.count()) if view.tabs.tabText(i) == title)
    QTest.mouseClick(view.tabs.tabBar(), LEFT, NO_KEY, view.tabs.tabBar().tabRect(index).center())
    assert view.tabs.currentIndex() == index


def click(button):
    assert button.isEnabled()
    QTest.mouseClick(button, LEFT, NO_KEY, button.rect().center())


def closeness(view):
    rows = view.work.result.evidence.report.channels
    return np.array([(row.r, row.rmse) for row in rows])


def typed(spin, text):
    """A number typed over the old one."""
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin.lineEdit(), text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


# ---------------------------------------------------------------- what is said when there is nothing


def test_without_a_recording_it_says_what_to_do(window, document, qtbot):
    window.show_document(document.with_(recordings=()))
    window.host.show_dock("fidelity")
    view = window.views["fidelity"]
    qtbot.waitUntil(lambda: "Drop a real recording" in view.hint.text(), timeout=10_000)
    assert view.hint.isVisible()
    assert not view.export.isEnabled()


def test_the_verdict_is_there_without_a_click(view):
    assert "Acceleration r 0.99" in view.verdict.text()
    assert "worst at" in view.verdict.text()
    assert view.sensor_box.currentData() == "left_wrist"
    assert view.recording_box.currentData() == "left_wrist"


def test_another_sensor_is_chosen_in_either_place(view, window, qtbot):
    window.selection.set_sensor(1)
    assert view.sensor_box.currentData() == "right_wrist"
    assert view.recording_box.currentData() == "right_wrist"
    settled(view, qtbot)
    assert view.work.result.evidence.report.simulated == "right_wrist"
    view.sensor_box.setFocus()
    QTest.keyClick(view.sensor_box, Qt.Key.Key_Up)
    assert window.selection.sensor == 0


def test_a_recording_is_chosen_by_key_and_that_can_be_undone(view, window, qtbot):
    view.recording_box.setFocus()
    QTest.keyClick(view.recording_box, Qt.Key.Key_Down)
    assert window.history.document.pairs == {"left_wrist": "right_wrist"}
    qtbot.waitUntil(lambda: "right_wrist" in view.contents.judged["left_wrist"].report.real, timeout=20_000)
    settled(view, qtbot)
    assert closeness(view)[0, 0] < 0.9  # the other arm moves otherwise
    window.actions_by_name["undo"].trigger()
    assert window.history.document.pairs == {}
    assert view.recording_box.currentData() == "left_wrist"
    settled(view, qtbot)
    assert closeness(view)[0, 0] > 0.99


# ---------------------------------------------------------------- alignment


def test_by_hand_with_the_fitted_numbers_is_as_close_as_the_fit(view, window, qtbot):
    fitted, before = view.work.alignment, closeness(view)
    by_hand = Alignment(gravity=fitted.gravity)
    by_hand = by_hand.with_clock(offset_s=fitted.clock.offset_s, drift=fitted.clock.drift)
    by_hand = by_hand.with_mount(fitted.mount.R, gyr_bias_radps=fitted.mount.gyr_bias_radps)
    window.history.apply(set_alignment("left_wrist", by_hand))
    settled(view, qtbot)
    np.testing.assert_allclose(closeness(view), before, atol=1e-9)
    assert view.steps.clock_card.origin.text() == "By hand"
    assert view.steps.mount_card.origin.text() == "By hand"


def test_numbers_typed_are_the_alignment_and_undo_brings_back_the_fit(view, window, qtbot):
    tab(view, "Alignment")
    card, fitted = view.steps.clock_card, view.work.alignment
    before = closeness(view)
    assert card.origin.text() == "Fitted"
    typed(card.offset, f"{fitted.clock.offset_s + 0.1:.4f}")
    stated = window.history.document.alignments["left_wrist"]
    assert stated.clock.offset_s == pytest.approx(fitted.clock.offset_s + 0.1, abs=6e-5)
    assert stated.clock.drift == fitted.clock.drift
    assert stated.mount is fitted.mount
    assert card.origin.text() == "By hand"
    settled(view, qtbot)
    assert card.curve.peak_s == pytest.approx(-0.1, abs=0.012)
    assert closeness(view)[4, 0] < before[4, 0] - 0.05
    typed(card.offset, f"{fitted.clock.offset_s:.4f}")
    settled(view, qtbot)
    np.testing.assert_allclose(closeness(view), before, atol=2e-4)  # four digits were typed
    window.actions_by_name["undo"].trigger()
    assert window.history.document.alignments["left_wrist"].clock == stated.clock
    window.actions_by_name["undo"].trigger()
    assert window.history.document.alignments == {}
    settled(view, qtbot)
    np.testing.assert_allclose(closeness(view), before, atol=1e-9)
    assert card.origin.text() == "Fitted"


def test_accept_keeps_what_was_found_and_reset_lets_it_go(view, window):
    tab(view, "Alignment")
    fitted = view.work.alignment
    assert not view.steps.reset.isEnabled()
    click(view.steps.mount_card.accept)
    assert window.history.document.alignments["left_wrist"] is fitted
    assert view.steps.mount_card.origin.text() == "Accepted"
    assert not view.steps.mount_card.accept.isEnabled()
    click(view.steps.reset)
    assert window.history.document.alignments == {}


def test_a_step_is_switched_off_and_fitted_again(view, window, qtbot):
    tab(view, "Alignment")
    fitted = view.work.alignment
    card = view.steps.mount_card
    card.use.setFocus()
    QTest.keyClick(card.use, Qt.Key.Key_Space)
    assert window.history.document.alignments["left_wrist"].mount is None
    assert card.origin.text() == "Off"
    settled(view, qtbot)
    assert not window.clock.playing  # Space went to the box
    assert closeness(view)[4, 0] < 0.99
    click(card.again)
    qtbot.waitUntil(lambda: view.work.alignment.mount is not None, timeout=10_000)
    np.testing.assert_allclose(view.work.alignment.mount.R, fitted.mount.R, atol=1e-9)
    assert card.use.isChecked()


def test_sync_points_here_and_in_the_traces_set_offset_and_drift(view, window, qtbot):
    tab(view, "Alignment")
    card, clock = view.steps.clock_card, window.clock
    fitted = view.work.alignment.clock
    clock.seek(3.0)
    click(card.here["simulated"])
    assert "now point at the same moment in the recording" in card.sync_text.text()
    clock.seek(3.25)
    click(card.here["real"])
    one = window.history.document.alignments["left_wrist"].clock
    assert one.to_reference((np.array([3.25]) - fitted.offset_s) / (1 + fitted.drift))[0] == pytest.approx(
        3.0, abs=1e-9
    )
    settled(view, qtbot)
    # the second pair comes from the traces: what is drawn at 13.05 now belongs at 13.0
    real_own = (13.05 - one.offset_s) / (1 + one.drift)
    window.selection.point_picked.emit("real", 13.05)
    window.selection.point_picked.emit("simulated", 13.0)
    two = window.history.document.alignments["left_wrist"].clock
    first_own = (3.25 - fitted.offset_s) / (1 + fitted.drift)
    np.testing.assert_allclose(two.to_reference(np.array([first_own, real_own])), [3.0, 13.0], atol=1e-9)
    assert two.drift == pytest.approx(10.0 / (real_own - first_own) - 1.0, abs=1e-9)
    click(card.clear)
    assert card.points == []
    window.actions_by_name["undo"].trigger()
    assert window.history.document.alignments["left_wrist"].clock == one


def test_a_drag_in_the_traces_moves_the_clock_as_one_step_each(view, window):
    fitted = view.work.alignment.clock
    window.selection.clock_dragged.emit("left_wrist", 0.04)
    window.selection.clock_dragged.emit("left_wrist", 0.02)
    window.selection.clock_dragged.emit("right_wrist", 9.0)  # not the one looked at
    moved = window.history.document.alignments["left_wrist"].clock
    assert moved.offset_s == pytest.approx(fitted.offset_s + 0.06, abs=1e-12)
    assert "right_wrist" not in window.history.document.alignments
    window.actions_by_name["undo"].trigger()
    assert window.history.document.alignments["left_wrist"].clock.offset_s == pytest.approx(fitted.offset_s + 0.04)


def test_the_recording_is_dragged_in_the_traces_by_mouse(view, window, qtbot):
    tab(view, "Alignment")
    fitted = view.work.alignment.clock.offset_s
    click(view.steps.clock_card.in_traces)
    window.host.show_dock("traces")
    traces = window.views["traces"]
    qtbot.waitUntil(lambda: traces.graph.isVisible() and bool(traces.lanes), timeout=10_000)
    qtbot.wait(200)
    box = traces.lanes[0].plot.vb
    middle = box.viewRect().center()
    here, there = (
        traces.graph.mapFromScene(box.mapViewToScene(QPointF(t, middle.y()))) for t in (middle.x(), middle.x() + 1.0)
    )
    port = traces.graph.viewport()
    QTest.mousePress(port, LEFT, NO_KEY, here)
    for share in (0.2, 0.6, 1.0):
        QTest.mouseMove(port, here + (there - here) * share)
        qtbot.wait(30)
    QTest.mouseRelease(port, LEFT, NO_KEY, there)
    moved = window.history.document.alignments["left_wrist"].clock.offset_s - fitted
    assert moved == pytest.approx(1.0, abs=0.05)
    window.actions_by_name["undo"].trigger()
    assert window.history.document.alignments == {}


def test_align_in_the_traces_is_one_switch(view, window):
    tab(view, "Alignment")
    button = view.steps.clock_card.in_traces
    click(button)
    assert window.selection.aligning
    window.selection.set_aligning(False)
    assert not button.isChecked()


def test_the_mount_is_turned_by_mouse_keys_and_numbers(view, window, qtbot):
    tab(view, "Alignment")
    card, fitted = view.steps.mount_card, view.work.alignment.mount
    gizmo = card.gizmo
    view.tabs.currentWidget().ensureWidgetVisible(gizmo)
    middle = gizmo.rect().center()
    QTest.mousePress(gizmo, LEFT, NO_KEY, middle)
    for x in (6, 14, 25):
        QTest.mouseMove(gizmo, middle + QPoint(x, 0))
    QTest.mouseRelease(gizmo, LEFT, NO_KEY, middle + QPoint(25, 0))
    turned = window.history.document.alignments["left_wrist"].mount
    from m3n_studio.imu.align_mount import turn_deg

    assert turn_deg(turned.R, fitted.R) == pytest.approx(15.0, abs=1.5)
    window.actions_by_name["undo"].trigger()  # the whole drag is one step
    assert window.history.document.alignments == {}
    settled(view, qtbot)
    gizmo.setFocus()
    QTest.keyClick(gizmo, Qt.Key.Key_Right)
    QTest.keyClick(gizmo, Qt.Key.Key_Left)
    np.testing.assert_allclose(window.history.document.alignments["left_wrist"].mount.R, fitted.R, atol=1e-9)
    click(card.quarter[2])
    click(card.flip[2])
    click(card.quarter[2])
    np.testing.assert_allclose(window.history.document.alignments["left_wrist"].mount.R, fitted.R, atol=1e-9)
    click(card.snap)
    snapped = window.history.document.alignments["left_wrist"].mount.R
    np.testing.assert_allclose(np.abs(snapped).max(axis=0), 1.0)
    typed(card.angles[0], "30")
    assert window.history.document.alignments["left_wrist"].mount.R[2, 1] == pytest.approx(0.5, abs=1e-9)


def test_gravity_is_stated_by_key(view, window, qtbot):
    tab(view, "Alignment")
    card = view.steps.gravity_card
    assert "m/s²" in card.text.text()
    card.state.setFocus()
    while card.state.currentData() != "inverted":
        QTest.keyClick(card.state, Qt.Key.Key_Down)
    assert window.history.document.alignments["left_wrist"].gravity.state == "inverted"
    settled(view, qtbot)
    assert closeness(view)[0, 0] < -0.9


def test_the_wheel_scrolls_the_page_and_changes_nothing(view, window):
    tab(view, "Alignment")
    for widget in (view.steps.gravity_card.state, view.steps.mount_card.angles[0], view.numbers.lowpass):
        assert not widget.hasFocus()
        at = widget.rect().center()
        turn = QWheelEvent(
            QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, NO_KEY,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, turn)
    assert window.history.document.alignments == {}
    assert view.work.options == Options()


# ---------------------------------------------------------------- numbers


def test_the_table_says_what_the_report_says(view, qtbot):
    tab(view, "Numbers")
    report = view.work.result.evidence.report
    cells = view.numbers.table.cells()[1:]
    for row, line in zip(report.channels, cells, strict=True):
        assert line[1] == f"{row.rmse:.3f} {row.unit}"
        assert line[2] == f"{row.r:.4f}"
    view.numbers.lowpass.setFocus()
    QTest.keyClick(view.numbers.lowpass, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: view.work.result.evidence.report.lowpass_hz == 3.0, timeout=10_000)
    assert view.numbers.table.cells()[1][1] != cells[0][1]
    assert "each by its own mean and spread" in view.numbers.mse.text()
    view.numbers.normalise.setFocus()
    QTest.keyClick(view.numbers.normalise, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "by its own range" in view.numbers.mse.text(), timeout=10_000)
    assert view.work.options == Options(3.0, "minmax")


def test_the_table_is_copied_as_text_and_as_csv(view):
    tab(view, "Numbers")
    click(view.numbers.text_button)
    assert view.work.result.evidence.report.text() in QGuiApplication.clipboard().text()
    click(view.numbers.csv_button)
    text = QGuiApplication.clipboard().text()
    assert text == table_csv(view.work.result)
    rows = list(csv.DictReader(text.splitlines()))
    for row, said in zip(view.work.result.evidence.report.channels, rows, strict=True):
        assert float(said["r"]) == row.r
        assert float(said["rmse"]) == row.rmse
    view.numbers.table.setFocus()
    QTest.keyClick(view.numbers.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("\tRMSE\tr")


def test_a_click_on_the_strip_goes_to_that_window(view, window):
    tab(view, "Numbers")
    strip, windows = view.numbers.strip, view.work.result.evidence.windows
    view.tabs.currentWidget().ensureWidgetVisible(strip)
    x = (strip.x_of(windows.start_s[4]) + strip.x_of(windows.end_s[4])) / 2
    QTest.mouseClick(strip, LEFT, NO_KEY, QPoint(round(x), 20))
    assert window.clock.time_s == pytest.approx(windows.start_s[4])
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Down)
    assert window.clock.time_s == pytest.approx(windows.start_s[5])


def test_badness_is_0_where_good_and_1_where_worst():
    values = np.array([[1.0, 0.5, -1.0, np.nan, 0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(badness(values, "r")[0, :4], [0.0, 0.5, 1.0, np.nan])
    rmse = np.array([[1.0, 2.0, 4.0, np.nan, 0.1, 0.2, 0.0, 0.0]])
    np.testing.assert_allclose(badness(rmse, "rmse")[0, [0, 1, 2, 4, 5]], [0.25, 0.5, 1.0, 0.5, 1.0])


# ---------------------------------------------------------------- moments


def test_a_disturbance_is_listed_first_and_a_click_goes_there(window, document, qtbot):
    spoiled = []
    for one in document.recordings:
        gyr = one.gyr_radps.copy()
        at = (one.time_s >= 9.0) & (one.time_s < 10.0)
        gyr[at, 1] += 6.0
        spoiled.append(one.with_(gyr_radps=gyr))
    window.show_document(document.with_(recordings=tuple(spoiled)))
    window.host.show_dock("fidelity")
    view = window.views["fidelity"]
    settled(view, qtbot)
    tab(view, "Worst moments")
    first = view.moments.moments[0]
    offset = view.work.alignment.clock.offset_s
    assert first.start_s == pytest.approx(9.0 + offset, abs=0.3)
    assert first.quantity == "gyr"
    assert "constant" in first.reason
    table = view.moments.table
    assert first.reason in table.item(0, 4).text()
    QTest.mouseClick(table.viewport(), LEFT, NO_KEY, table.visualItemRect(table.item(0, 0)).center())
    assert window.clock.time_s == pytest.approx(first.start_s)
    assert window.clock.loop == pytest.approx((first.start_s, first.end_s))
    assert window.selection.range == pytest.approx((first.start_s, first.end_s))
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert window.clock.time_s == pytest.approx(view.moments.moments[1].start_s)
    click_box = view.moments.loop
    QTest.mouseClick(click_box, LEFT, NO_KEY, QPoint(8, click_box.height() // 2))
    assert window.clock.loop is None


# ---------------------------------------------------------------- modes


def test_modes_are_compared_kept_and_chosen(view, window, qtbot):
    tab(view, "Modes")
    modes = view.modes
    assert not modes.shown
    click(modes.compare)
    qtbot.waitUntil(lambda: bool(modes.shown), timeout=30_000)
    qtbot.waitUntil(lambda: not modes.progress.isVisible(), timeout=10_000)
    assert {row.mode for row in modes.shown} >= {"exact", "transpose", "imusim", "wimusim", "quantile"}
    exact = next(row for row in modes.shown if row.mode == "exact")
    report = view.work.result.evidence.report
    assert exact.values["mse_acc"] == pytest.approx(report.mse_acc, abs=1e-9)
    assert not modes.compare.isEnabled()  # nothing has changed since
    names = [row.mode for row in modes.shown]
    modes.table.selectRow(names.index("quantile"))
    assert not modes.use.isEnabled()
    modes.table.selectRow(names.index("wimusim"))
    click(modes.use)
    assert window.history.document.mode == "wimusim"
    assert modes.table.item(names.index("wimusim"), 0).text().endswith("●")
    settled(view, qtbot)
    window.actions_by_name["undo"].trigger()
    assert window.history.document.mode == "exact"
    qtbot.waitUntil(lambda: bool(modes.shown), timeout=10_000)  # the alignment is fitted anew, to the same


def test_a_comparison_is_stopped(view, window, qtbot):
    tab(view, "Modes")
    click(view.modes.compare)
    click(view.modes.stop)
    qtbot.waitUntil(lambda: not view.modes.progress.isVisible(), timeout=20_000)
    assert not view.modes.shown
    assert view.modes.compare.isEnabled()


# ---------------------------------------------------------------- report


def test_the_report_is_written_from_the_button(view, window, qtbot, tmp_path, monkeypatch):
    from m3n_studio.studio.fidelity import fidelity_view

    path = tmp_path / "page.html"
    monkeypatch.setattr(fidelity_view.QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    with qtbot.waitSignal(view.written, timeout=20_000) as caught:
        click(view.export)
    assert caught.args == [path]
    text = path.read_text("utf-8")
    for row in view.work.result.evidence.report.channels:
        assert f"{row.r:.4f}" in text
    assert "left wrist against left_wrist" in text
    assert "right wrist against right_wrist" in text
    assert "pack_box" in text


def test_a_report_that_cannot_be_written_is_told(view, window, qtbot, tmp_path):
    view.write_report(tmp_path / "missing" / "page.html")
    qtbot.waitUntil(lambda: window.error_bar.isVisible(), timeout=20_000)
    assert "page.html" in window.error_bar.text


def test_every_edit_of_the_dock_goes_round(view, window, qtbot):
    before = window.history.document
    edits = (
        pair_with("left_wrist", ""), set_mode("transpose"), set_alignment("left_wrist", Alignment()),
        set_alignment("right_wrist", Alignment().with_gravity("inverted")),
    )  # fmt: skip
    for edit in edits:
        window.history.apply(edit)
    for _ in edits:
        window.actions_by_name["undo"].trigger()
    assert window.history.document is before
    settled(view, qtbot)


def test_the_clock_is_followed_window_by_window(view, window, qtbot):
    card = view.steps.clock_card
    plot, windows = card.offsets, view.work.result.clock
    assert plot.windows is windows
    assert len(plot.points()) == len(windows.time_s) >= 2
    assert f"{len(windows.time_s)} windows" in card.straight.text()
    assert "ms RMS about the fitted line" in card.straight.text()
    tab(view, "Alignment")
    place = plot.points()[1].toPoint()
    QTest.mouseClick(plot, LEFT, NO_KEY, place)
    assert window.clock.time_s == pytest.approx(windows.time_s[1])
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert window.clock.time_s == pytest.approx(windows.time_s[0])
    assert "ms off the line" in plot.words(0)
    before = plot.grab().toImage()
    offset = view.work.alignment.clock.offset_s
    typed(card.offset, f"{offset + 0.05:.4f}")
    settled(view, qtbot)
    again = view.work.result.clock
    assert np.median(again.left_s) == pytest.approx(-0.05 + np.median(windows.left_s), abs=0.006)
    assert plot.grab().toImage() != before
