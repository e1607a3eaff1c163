"""The attributes panel in the real window, by mouse and keys: body, traces and undo follow the hand."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from m3n_studio import workbench
from m3n_studio.body.measure import measure
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.core.document import Document
from tests.studio.conftest import moving

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot, window, body):
    """The panel of a window with a motion and two sensors, in sight."""
    window.resize(1280, 800)
    window.layouts.show("Shape")
    clip = moving(body).with_(shape=Shape((0.3, -0.2), space=body.name))
    window.show_document(Document("t", body, clip, placements=workbench.place(body, workbench.WRISTS)))
    panel = window.views["attributes"].body
    qtbot.waitUntil(lambda: panel._ready and bool(window.contents.simulated), timeout=20_000)
    qtbot.waitExposed(panel)
    return panel


def tape(window):
    """What the body on screen measures."""
    return measure(window.contents.document.model, window.contents.scene.track.shape).by_name()


def drag(qtbot, slider, *values):
    """Take the handle with the mouse and bring it to values (m or kg) one after another; let go."""

    def at(value):
        return QPoint(round(slider.x_of(value)), slider.height() - 9)

    QTest.mousePress(slider, LEFT, Qt.KeyboardModifier.NoModifier, at(slider.shown_value))
    for value in values:
        QTest.mouseMove(slider, at(value))
        qtbot.wait(5)
    QTest.mouseRelease(slider, LEFT, Qt.KeyboardModifier.NoModifier, at(values[-1]))


def test_a_drag_shows_body_and_traces_of_the_same_shape_and_undoes_as_one_step(qtbot, window, panel):
    slider, before = panel.rows["forearm"].slider, tape(window)
    traces, steps = window.contents.simulated, window.history.stack.count()
    shown = []
    window.engine.shown.connect(lambda contents: shown.append(contents))
    drag(qtbot, slider, before["forearm"] + 0.01, before["forearm"] + 0.02, before["forearm"] + 0.03)
    now = tape(window)
    pixel = (slider._scale.high - slider._scale.low) / (slider._groove()[1] - slider._groove()[0])
    assert abs(now["forearm"] - before["forearm"] - 0.03) < 2 * pixel
    assert now["upper_arm"] == pytest.approx(before["upper_arm"], abs=1e-9)
    assert len(shown) >= 3  # live, not on release
    for contents in shown:
        reads = window.engine.base.tensor.signals(contents.scene.track.shape)
        for one, other in zip(contents.simulated, reads, strict=True):
            np.testing.assert_allclose(one.acc_mps2, other.acc_mps2, atol=1e-4)
    assert not np.allclose(window.contents.simulated[0].acc_mps2, traces[0].acc_mps2, atol=1e-3)
    assert window.history.stack.count() == steps + 1
    window.history.stack.undo()
    assert tape(window)["forearm"] == pytest.approx(before["forearm"], abs=1e-9)
    assert panel.rows["forearm"].spin.value() == pytest.approx(100 * before["forearm"], abs=0.051)


def test_there_and_back_is_the_body_it_began_with(qtbot, window, panel):
    mass = panel.rows["mass"]
    start = window.history.document.body.vector(window.contents.document.model)
    mass.pressed.emit()
    for value in (90.0, 60.0, am.values(panel._model, window.history.document.clip.shape)["mass"]):
        mass.moved.emit(value)
        panel.hand.flush()
    mass.released.emit()
    end = window.history.document.body.vector(window.contents.document.model)
    np.testing.assert_allclose(end, start, atol=1e-3)


def test_moves_faster_than_the_window_coalesce_to_the_latest(qtbot, window, panel):
    stature, shown = panel.rows["stature"], []
    window.engine.shown.connect(lambda contents: shown.append(contents))
    stature.pressed.emit()
    for value in np.linspace(1.6, 1.85, 40):
        stature.moved.emit(float(value))
    qtbot.waitUntil(lambda: bool(shown))
    stature.released.emit()
    assert len(shown) == 1
    assert tape(window)["stature"] == pytest.approx(1.85, abs=1e-3)


def test_what_is_locked_stays(qtbot, window, panel):
    before = tape(window)
    qtbot.mouseClick(panel.rows["stature"].lock, LEFT)
    qtbot.mouseClick(panel.rows["forearm"].lock, LEFT)
    drag(qtbot, panel.rows["mass"].slider, before["mass"] + 20)
    now = tape(window)
    assert now["mass"] > before["mass"] + 15
    assert now["stature"] == pytest.approx(before["stature"], abs=1.1e-3)
    assert now["forearm"] == pytest.approx(before["forearm"], abs=1.1e-3)
    qtbot.mouseClick(panel.head.randomise, LEFT)
    other = tape(window)
    assert other["stature"] == pytest.approx(now["stature"], abs=2e-3)
    assert abs(other["mass"] - now["mass"]) + abs(other["thigh"] - now["thigh"]) > 0.01


def test_arrows_step_and_pages_go_further_as_one_burst(qtbot, window, panel):
    slider, before = panel.rows["forearm"].slider, tape(window)["forearm"]
    steps = window.history.stack.count()
    slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert tape(window)["forearm"] == pytest.approx(before + 3 * slider.row.step, abs=1e-3)
    QTest.keyClick(slider, Qt.Key.Key_PageDown)
    assert tape(window)["forearm"] == pytest.approx(before + 3 * slider.row.step - slider.row.page, abs=1e-3)
    assert window.history.stack.count() == steps + 1
    qtbot.wait(900)
    QTest.keyClick(slider, Qt.Key.Key_Up)
    assert window.history.stack.count() == steps + 2


def test_the_wheel_never_changes_a_body(qtbot, window, panel):
    before = window.history.document
    slider = panel.rows["stature"].slider
    slider.setFocus()
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent

    event = QWheelEvent(
        QPointF(20, 20), QPointF(slider.mapToGlobal(QPoint(20, 20))), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QGuiApplication.sendEvent(slider, event)
    assert window.history.document is before


def test_a_number_typed_is_met(qtbot, window, panel):
    spin = panel.rows["stature"].spin
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "182.5")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert tape(window)["stature"] == pytest.approx(1.825, abs=1e-3)


def test_what_cannot_be_reached_is_said_with_what_was(qtbot, window, panel):
    spin = panel.rows["thigh"].spin
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "390")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    reached = tape(window)["thigh"]
    assert reached < 2.0
    assert f"Thigh stops at {100 * reached:.1f} cm, 390.0 cm was asked" in panel.message.text()
    assert spin.value() == pytest.approx(100 * reached, abs=0.051)
    window.history.stack.undo()
    assert "stops" not in panel.message.text()


def test_reset_of_one_and_of_all_goes_back_to_the_performer(qtbot, window, panel):
    own = tape(window)
    drag(qtbot, panel.rows["forearm"].slider, own["forearm"] + 0.03)
    drag(qtbot, panel.rows["stature"].slider, own["stature"] + 0.08)
    assert panel.rows["forearm"].back.isEnabled()
    panel.rows["forearm"].reset.emit()
    assert tape(window)["forearm"] == pytest.approx(own["forearm"], abs=1e-3)
    assert abs(tape(window)["stature"] - own["stature"]) > 0.05
    qtbot.mouseClick(panel.head.reset_all, LEFT)
    assert window.history.document.shape is None
    assert tape(window) == pytest.approx(own, abs=1e-9)
    assert not panel.rows["stature"].back.isEnabled()


def test_compare_keeps_the_body_and_its_traces_as_a_ghost(qtbot, window, panel):
    before, signals = window.history.document.body, window.contents.simulated
    qtbot.mouseClick(panel.head.compare, LEFT)
    drag(qtbot, panel.rows["forearm"].slider, tape(window)["forearm"] + 0.03)
    assert window.contents.document.ghost is before
    np.testing.assert_allclose(window.contents.ghost[0].acc_mps2, signals[0].acc_mps2)
    assert panel.rows["forearm"].slider._ghost == pytest.approx(measure(panel._model, before).forearm_m)
    qtbot.mouseClick(panel.head.compare, LEFT)
    assert window.contents.ghost == ()
    assert window.history.document.ghost is None


def test_presets_give_what_they_say(qtbot, window, panel):
    for action in panel.head.presets.menu().actions():
        preset = action.data()
        if isinstance(preset, am.Preset):
            action.trigger()
            now = tape(window)
            assert now["stature"] == pytest.approx(preset.targets["stature"], abs=1.1e-3), preset.title
            assert now["mass"] == pytest.approx(preset.targets.get("mass", now["mass"]), abs=0.25), preset.title
    panel.head.performer.trigger()
    assert window.history.document.shape is None


def test_text_goes_out_and_comes_back(qtbot, window, panel):
    panel.rows["stature"].stepped.emit(1.8)
    panel.rows["forearm"].stepped.emit(0.27)
    wanted = tape(window)
    panel.head.copy_action.trigger()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("stature=1.80")
    panel.head.performer.trigger()
    panel.head.paste_action.trigger()
    for name, value in tape(window).items():
        assert value == pytest.approx(wanted[name], abs=am.TOLERANCE[name] * 1.2), name
    before = window.history.document
    QGuiApplication.clipboard().setText("statue=1.80")
    panel.head.paste_action.trigger()
    assert "statue" in panel.message.text()
    assert window.history.document is before


@pytest.mark.parametrize("size", [(900, 650), (1280, 800), (1600, 1000)])
def test_no_name_or_number_is_cut(qtbot, window, panel, size):
    window.resize(*size)
    window.layouts.show("Shape")
    qtbot.wait(100)
    for row in panel.rows.values():
        assert row.name.width() >= row.name.sizeHint().width()
        edit = row.spin.lineEdit()
        assert edit.width() >= edit.fontMetrics().horizontalAdvance(row.spin.text())
        assert row.slider.width() >= row.slider.minimumSizeHint().width()


def test_every_control_says_what_it_is(window, panel):
    for row in panel.rows.values():
        assert row.slider.accessibleName()
        assert row.slider.toolTip()
        assert row.slider.accessibleDescription()
        assert row.spin.accessibleName()
        assert row.spin.toolTip()
        for button in (row.lock, row.back):
            assert button.accessibleName()
            assert button.toolTip()
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_curve_and_the_handle_are_painted_in_both_themes(qtbot, window, panel):
    slider = panel.rows["stature"].slider
    for theme in ("light", "dark"):
        window.set_theme(theme)
        panel.rows["stature"].stepped.emit(1.9)
        image = slider.grab().toImage()
        ratio = image.devicePixelRatio()
        at = image.pixelColor(round(slider.x_of(slider.shown_value) * ratio), round((slider.height() - 9) * ratio))
        assert at.name() == window.theme.accent


def test_percentiles_are_those_of_the_population(body):
    scale = am.scales(body)["stature"]
    assert scale.percentile(scale.mean) == 50.0
    assert scale.percentile(scale.mean + 1.645 * scale.std) == pytest.approx(95.0, abs=0.1)
    assert am.percentile_text(0.2) == "< P1"
    assert am.percentile_text(63.4) == "P63"


def test_text_that_makes_no_sense_is_refused(body):
    with pytest.raises(M3nError):
        am.from_text(body, "stature=tall", Shape(), ())
