"""The body view in the real window: mouse and keys on sensors, ghost, overlays, colours, exports."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QProgressDialog, QPushButton

from m3n_studio.body.shape import Shape
from m3n_studio.imu.placement import named_placement
from m3n_studio.studio.body.exports import PictureDialog, PictureWish, pixels_of
from m3n_studio.studio.core.document import Document, keep_ghost, set_shape
from m3n_studio.studio.frame.next_step import STEPS
from m3n_studio.studio.scene.gltf import read_glb
from m3n_studio.studio.scene.picking import project, skin_under
from tests.studio.conftest import active

from .conftest import waves

pytestmark = pytest.mark.gl


@pytest.fixture
def full(window, body, clip, qtbot):
    """The window with two wrists, one of them recorded."""
    placements = (named_placement(body, "left_wrist"), named_placement(body, "right_wrist"))
    document = Document("demo", body, clip, placements=placements, recordings=(waves("left_wrist"),))
    window.store.change(hints_done=tuple(step.name for step in STEPS))  # the bar would move the body when it comes
    window.show_document(document)
    qtbot.waitUntil(lambda: window.contents.scene is not None and len(window.contents.simulated) == 2)
    qtbot.waitUntil(lambda: window.views.complete and window.views["body"].viewport.isVisible())
    settle(window, qtbot)
    return window


def settle(window, qtbot):
    """Until nothing runs and everything is drawn."""
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=10_000)
    for _ in range(3):
        QApplication.processEvents()


def view_of(window):
    return window.views["body"]


def shot(window):
    """The picture of the body, smooth and refined, as numbers."""
    return pixels_of(view_of(window).picture())[..., :3].astype(int)


def pixel_of(window, point):
    """Where a point (3,) of the world is on the viewport."""
    view = view_of(window)
    camera = view.stage.shot(view.stage.pose())
    x, y, _ = project(camera, view.viewport.width(), view.viewport.height(), point)[0]
    return QPoint(round(x), round(y))


def sensor_pixel(window, index):
    return pixel_of(window, view_of(window).stage.sensor_poses()[index, :3, 3])


def changed(a, b, level=12):
    return (np.abs(a - b).max(axis=2) > level).mean()


# ---------------------------------------------------------------- sensors


def test_a_click_on_a_device_selects_it_and_says_where_it_is(full, qtbot):
    view = view_of(full)
    full.selection.set_sensor(-1)
    QTest.mouseClick(view.viewport, Qt.MouseButton.LeftButton, pos=sensor_pixel(full, 1))
    assert full.selection.sensor == 1
    assert "right wrist" in view._caption.text()
    assert "right forearm" in view._caption.text()
    assert full.history.stack.count() == 0


def test_a_drag_moves_the_sensor_along_the_skin_and_undoes_in_one_step(full, qtbot):
    view = view_of(full)
    before = full.history.document.placements
    start = sensor_pixel(full, 0)
    elbow = pixel_of(full, view.stage.pose().joints[18])
    camera = view.stage.camera
    QTest.mousePress(view.viewport, Qt.MouseButton.LeftButton, pos=start)
    hits = []
    for share in np.linspace(0.1, 0.7, 8):
        at = QPoint(*(round(a + share * (b - a)) for a, b in ((start.x(), elbow.x()), (start.y(), elbow.y()))))
        QTest.mouseMove(view.viewport, at)
        QTest.qWait(30)
        hits.append(skin_under(view.stage, view.viewport.width(), view.viewport.height(), at.x(), at.y()))
        if hits[-1] is not None:
            last, held = hits[-1], view.stage.sensor_poses()[0, :3, 3]
            assert np.linalg.norm(held - last.point) < 0.003  # it is drawn where the hand is, at once
    QTest.mouseRelease(view.viewport, Qt.MouseButton.LeftButton, pos=at)
    settle(full, qtbot)
    moved = full.history.document.placements[0]
    assert (moved.triangle, moved.barycentric) == (last.triangle, last.barycentric)
    assert moved.triangle != before[0].triangle
    assert full.history.document.placements[1] == before[1]
    assert view.stage.camera == camera
    assert full.history.stack.count() == 1
    full.actions_by_name["undo"].trigger()
    settle(full, qtbot)
    assert full.history.document.placements == before
    assert view.stage.held is None


def test_two_drags_are_two_steps(full, qtbot):
    view = view_of(full)
    for _ in range(2):
        at, elbow = sensor_pixel(full, 0), pixel_of(full, view.stage.pose().joints[18])
        to = at + (elbow - at) * 0.4
        QTest.mousePress(view.viewport, Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseMove(view.viewport, to)
        QTest.mouseRelease(view.viewport, Qt.MouseButton.LeftButton, pos=to)
        settle(full, qtbot)
    assert full.history.stack.count() == 2


def test_alt_drag_turns_the_sensor_in_its_plane(full, qtbot):
    view, before = view_of(full), full.history.document.placements[0]
    at, alt = sensor_pixel(full, 0), Qt.KeyboardModifier.AltModifier
    QTest.mousePress(view.viewport, Qt.MouseButton.LeftButton, alt, at)
    QTest.mouseMove(view.viewport, at + QPoint(30, 0))
    QTest.mouseRelease(view.viewport, Qt.MouseButton.LeftButton, alt, at + QPoint(30, 0))
    settle(full, qtbot)
    after = full.history.document.placements[0]
    assert after.triangle == before.triangle
    assert math.degrees(after.angle_rad - before.angle_rad) == pytest.approx(30, abs=0.01)
    full.actions_by_name["undo"].trigger()
    assert full.history.document.placements[0] == before
    settle(full, qtbot)


def test_keys_turn_the_selected_sensor_and_remove_it(full, qtbot):
    view, before = view_of(full), full.history.document.placements[0]
    full.selection.set_sensor(0)
    for _ in range(3):
        view.tools.commands["turn_left"].trigger()
    qtbot.waitUntil(lambda: full.history.document.placements[0] != before)
    QTest.qWait(700)
    settle(full, qtbot)
    assert math.degrees(full.history.document.placements[0].angle_rad - before.angle_rad) == pytest.approx(15, abs=0.01)
    assert full.history.stack.count() == 1
    active(qtbot, full)
    QTest.keyClick(full, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    settle(full, qtbot)
    assert [p.name for p in full.history.document.placements] == ["right_wrist"]
    full.actions_by_name["undo"].trigger()
    settle(full, qtbot)
    assert len(full.history.document.placements) == 2


@pytest.mark.parametrize("how", ["shift", "tool"])
def test_a_click_on_the_skin_places_a_sensor_exactly_there(full, qtbot, how):
    view = view_of(full)
    at = pixel_of(full, view.stage.pose().joints[9])  # the chest
    expected = skin_under(view.stage, view.viewport.width(), view.viewport.height(), at.x(), at.y())
    if how == "tool":
        qtbot.mouseClick(view.place_button, Qt.MouseButton.LeftButton)
        assert view.tools.commands["place_sensor"].isChecked()
    keys = Qt.KeyboardModifier.ShiftModifier if how == "shift" else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(view.viewport, Qt.MouseButton.LeftButton, keys, at)
    settle(full, qtbot)
    placed = full.history.document.placements[-1]
    assert placed.name == "sensor_1"
    assert (placed.triangle, placed.barycentric) == (expected.triangle, expected.barycentric)
    qtbot.waitUntil(lambda: full.selection.sensor == 2)
    np.testing.assert_allclose(view.stage.sensor_poses()[2, :3, 3], expected.point, atol=1e-4)
    assert len(full.contents.simulated) == 3
    QTest.mouseClick(view.viewport, Qt.MouseButton.LeftButton, keys, at + QPoint(0, 60))
    settle(full, qtbot)
    assert [p.name for p in full.history.document.placements[2:]] == ["sensor_1", "sensor_2"]
    full.actions_by_name["undo"].trigger()
    full.actions_by_name["undo"].trigger()
    settle(full, qtbot)
    assert len(full.history.document.placements) == 2


def test_shift_drag_still_pans_and_a_plain_drag_still_orbits(full):
    view = view_of(full)
    for keys in (Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier):
        camera, at = view.stage.camera, QPoint(view.viewport.width() // 2, 60)
        QTest.mousePress(view.viewport, Qt.MouseButton.LeftButton, keys, at)
        moved(view.viewport, at + QPoint(25, 12), keys)
        QTest.mouseRelease(view.viewport, Qt.MouseButton.LeftButton, keys, at + QPoint(25, 12))
        after = view.stage.camera
        assert (after.target != camera.target) == (keys == Qt.KeyboardModifier.ShiftModifier)
        assert (after.azimuth_deg != camera.azimuth_deg) == (keys == Qt.KeyboardModifier.NoModifier)
    assert full.history.stack.count() == 0


def moved(widget, at, keys):
    """A mouse move with keys held, which QTest.mouseMove cannot say."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), widget.mapToGlobal(QPointF(at)), left, left, keys)
    QApplication.sendEvent(widget, event)


# ---------------------------------------------------------------- what is shown


def test_without_a_motion_nothing_can_be_done_to_it(window):
    assert not any(action.isEnabled() for action in view_of(window).tools.commands.values())


def test_with_a_motion_everything_can(full):
    assert all(action.isEnabled() for action in view_of(full).tools.commands.values())


def test_the_kept_body_is_seen_over_beside_or_not(full, qtbot):
    plain = shot(full)
    full.history.apply(keep_ghost())
    full.history.apply(set_shape(Shape(limbs={"upper_arm": 0.35, "shank": 0.2})))
    settle(full, qtbot)
    view, seen = view_of(full), {}
    for mode in ("over", "beside", "off"):
        view.tools.commands[f"ghost_{mode}"].trigger()
        seen[mode] = shot(full)
    assert changed(seen["over"], seen["off"]) > 0.002
    assert changed(seen["beside"], seen["off"]) > 0.03
    assert changed(seen["over"], seen["beside"]) > 0.03
    assert changed(plain, seen["off"]) > 0.005
    tint = (seen["over"] - seen["off"])[np.abs(seen["over"] - seen["off"]).max(axis=2) > 12].mean(axis=0)
    assert tint[2] > tint[0]  # the kept body is glass in the accent colour, which is blue


def test_skeleton_and_axes_lie_over_the_body(full):
    view = view_of(full)
    plain = shot(full)
    view.tools.commands["skeleton"].trigger()
    bones = shot(full)
    assert 0.002 < changed(bones, plain) < 0.06
    view.tools.commands["joint_axes"].trigger()
    assert changed(shot(full), bones) > 0.001
    joint = pixel_of(full, view.stage.pose().joints[[4, 7]].mean(axis=0))  # the shank, inside the skin
    ratio = bones.shape[1] / view.viewport.width()
    row, column = round(joint.y() * ratio), round(joint.x() * ratio)
    part = (slice(row - 4, row + 5), slice(column - 4, column + 5))
    assert np.abs(bones[part] - plain[part]).max() > 60
    for name in ("skeleton", "joint_axes"):
        view.tools.commands[name].trigger()
    assert changed(shot(full), plain) < 0.0005


def test_sides_look_from_where_they_say_and_free_goes_back(full):
    view = view_of(full)
    start = view.stage.camera
    full.activateWindow()
    QTest.keyClick(full, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    heading = view.stage.pose().matrices[0, :, 2]
    back = view.stage.camera.rotation()[2]
    assert back[[0, 2]] @ heading[[0, 2]] > 0.95  # the eye stands before the body
    QTest.keyClick(full, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert view.stage.camera.rotation()[2] @ view.stage.pose().matrices[0, :, 0] > 0.95  # at its left
    QTest.keyClick(full, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert view.stage.camera.rotation()[2][1] > 0.99
    QTest.keyClick(full, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert view.stage.camera == start


@pytest.mark.parametrize("skin", ["rms", "speed"])
def test_the_skin_is_coloured_with_a_legend(full, qtbot, skin):
    view = view_of(full)
    full.clock.seek(1.0)
    plain = shot(full)
    view.tools.commands[f"skin_{skin}"].trigger()
    qtbot.waitUntil(lambda: view.stage.tint is not None, timeout=10_000)
    settle(full, qtbot)
    coloured = shot(full)
    assert changed(coloured, plain) > 0.03
    assert view.legend.isVisible()
    assert view.legend.scales[0].high > 0
    assert "m/s" in view.legend.scales[0].unit
    tint = view.stage.tint
    skin_of = view.stage.scene.track.model
    wrist = tint[skin_of.weights[:, 20] > 0.9].mean(axis=0)
    foot = tint[skin_of.weights[:, 7] > 0.9].mean(axis=0)
    assert wrist @ (0.2126, 0.7152, 0.0722) > foot @ (0.2126, 0.7152, 0.0722) + 0.05  # the arm swings, the foot slides
    if skin == "speed":
        full.clock.seek(1.5)
        assert np.abs(view.stage.tint - tint).max() > 0.05
    full.history.apply(set_shape(Shape(limbs={"forearm": 0.2})))
    assert view.stage.tint is not None  # the old colours stay until the new ones are there
    QTest.qWait(350)
    settle(full, qtbot)
    assert np.abs(view.stage.tint - tint).max() > 1e-4
    view.tools.commands["skin_plain"].trigger()
    assert view.stage.tint is None
    assert not view.legend.isVisible()


def test_sensors_are_coloured_by_their_error(full, qtbot):
    view = view_of(full)
    qtbot.waitUntil(lambda: full.contents.real_notes != () or bool(full.contents.real), timeout=5000)
    view.tools.commands["sensor_errors"].trigger()
    settle(full, qtbot)
    assert view.legend.isVisible()
    assert view.stage.sensor_tints[0] is not None
    assert view.stage.sensor_tints[1] is None  # nothing was recorded there
    view.tools.commands["sensor_errors"].trigger()
    assert view.stage.sensor_tints == ()
    assert not view.legend.isVisible()


def test_off_screen_paints_the_same_picture_with_everything_on(full, qtbot):
    from m3n_studio.errors import M3nError
    from m3n_studio.studio.scene.offscreen import OffscreenRenderer

    full.history.apply(keep_ghost())
    full.history.apply(set_shape(Shape(limbs={"upper_arm": 0.3})))
    view = view_of(full)
    for name in ("skeleton", "joint_axes", "skin_speed"):
        view.tools.commands[name].trigger()
    settle(full, qtbot)
    shown = shot(full)
    try:
        renderer = OffscreenRenderer()
    except M3nError as error:
        pytest.skip(f"no EGL here: {error}")
    other = renderer.render(replace(view.stage, _gl=None), shown.shape[1], shown.shape[0])[..., :3].astype(int)
    renderer.close()
    assert np.abs(shown - other).mean() < 0.5
    assert changed(shown, other) < 0.003


def test_while_a_shape_changes_pictures_come_fast_and_are_refined_at_rest(full, qtbot):
    view = view_of(full)
    full.history.apply(set_shape(Shape(betas=(2.0, -2.0), space=full.history.document.model.name)))
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not view.stage.rough, timeout=3000)
    assert not view.stage.rough


# ---------------------------------------------------------------- exports


def test_a_picture_of_any_size_with_and_without_ground(full, qtbot, tmp_path, monkeypatch):
    from PySide6.QtGui import QImage

    view = view_of(full)
    for see_through in (False, True):
        path = tmp_path / f"shot{see_through}.png"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, p=path, **k: (str(p), ""))
        view.tools.commands["export_picture"].trigger()
        dialog = full.findChild(PictureDialog)
        dialog.width_box.setValue(400)
        dialog.height_box.setValue(300)
        dialog.see_through.setChecked(see_through)
        dialog._on_accepted()
        QApplication.processEvents()
        image = QImage(str(path))
        assert (image.width(), image.height()) == (400, 300)
        picture = pixels_of(image)
        assert (picture[..., 3].min() == 0) == see_through
        assert picture[150, 200, 3] > 250  # the body is solid
        assert picture[..., :3].std() > 10
        qtbot.waitUntil(lambda: full.findChild(PictureDialog) is None)


def frames_of(path):
    import av

    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)]


def test_the_film_of_the_window_has_every_step_and_the_window_lives(full, qtbot, tmp_path):
    tools, clock = view_of(full).tools, full.clock
    clock.set_loop((0.5, 0.5 + 11 / 30))
    clock.seek(0.25)
    ticks = []
    clock.time_changed.connect(ticks.append)
    recorder = tools.exports.film(tmp_path / "window.mp4")
    assert full.findChild(QProgressDialog).isVisible()
    assert tools.exports.film(tmp_path / "second.mp4") is None  # one at a time, which is told
    with qtbot.waitSignal(recorder.finished, timeout=60_000) as done:
        pass
    assert done.args == [str(tmp_path / "window.mp4")]
    frames = frames_of(tmp_path / "window.mp4")
    assert len(frames) == 12
    steps = [np.abs(a - b).max() for a, b in itertools.pairwise(frames)]
    assert min(steps) > 30  # body and cursor move from each to the next
    np.testing.assert_allclose(ticks[:12], 0.5 + np.arange(12) / 30, atol=1e-9)
    assert clock.time_s == pytest.approx(0.25)
    assert [p.name for p in tmp_path.iterdir()] == ["window.mp4"]


def test_a_cancelled_film_leaves_nothing(full, qtbot, tmp_path):
    recorder = view_of(full).tools.exports.film(tmp_path / "window.mp4")
    QTest.qWait(100)
    with qtbot.waitSignal(recorder.finished, timeout=10_000) as done:
        qtbot.mouseClick(recorder.progress.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert done.args == [""]
    assert not list(tmp_path.iterdir())


def test_the_window_can_be_closed_while_it_is_filmed(full, qtbot, tmp_path):
    view_of(full).tools.exports.film(tmp_path / "window.mp4")
    QTest.qWait(50)
    full.close()
    assert not full.jobs.running
    QApplication.processEvents()
    assert not list(tmp_path.iterdir())


def test_a_turntable_goes_once_round_and_puts_the_camera_back(full, qtbot, tmp_path):
    view = view_of(full)
    camera = view.stage.camera
    recorder = view.tools.exports.turntable(tmp_path / "turn.mp4", PictureWish(160, 200, seconds=1))
    with qtbot.waitSignal(recorder.finished, timeout=30_000):
        pass
    frames = frames_of(tmp_path / "turn.mp4")
    assert len(frames) == 30
    assert np.abs(frames[0] - frames[15]).mean() > 2
    assert np.abs(frames[0] - frames[29]).mean() < np.abs(frames[0] - frames[15]).mean()
    assert view.stage.camera == camera


def test_the_animated_body_is_written_from_the_menu(full, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "body"), ""))
    full.history.apply(set_shape(Shape(limbs={"forearm": 0.3})))
    view = view_of(full)
    names = [a.objectName() for a in view.export_button.menu().actions()]
    assert names == ["export_picture", "export_turntable", "export_film", "export_gltf"]
    view.tools.commands["export_gltf"].trigger()
    settle(full, qtbot)
    glb = read_glb(tmp_path / "body.glb")
    from m3n_studio.studio.scene.bones import skinned

    scene = full.contents.scene
    assert np.abs(glb.vertices(20) - skinned(scene.skin, scene.track.at(20))).max() < 1e-4


def test_a_place_one_may_not_write_in_is_told(full, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "no" / "x.mp4"), ""))
    view_of(full).tools.exports.ask_film()
    qtbot.waitUntil(lambda: full.error_bar.isVisible(), timeout=5000)
    settle(full, qtbot)
    assert not full.findChildren(QDialog) or not any(d.isVisible() for d in full.findChildren(QDialog))


def test_where_opengl_is_missing_the_same_hands_and_exports_work(qtbot, display, body, clip, tmp_path):
    from m3n_studio.studio.frame.window import Window

    window = Window(theme="dark", viewport="offscreen")
    window.show()
    window.show_document(Document("demo", body, clip, placements=(named_placement(body, "left_wrist"),)))
    qtbot.waitUntil(lambda: len(window.contents.simulated) == 1)
    settle(window, qtbot)
    view = view_of(window)
    window.selection.set_sensor(-1)
    QTest.mouseClick(view.viewport, Qt.MouseButton.LeftButton, pos=sensor_pixel(window, 0))
    assert window.selection.sensor == 0
    at = pixel_of(window, view.stage.pose().joints[9])
    QTest.mouseClick(view.viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at)
    settle(window, qtbot)
    assert len(window.history.document.placements) == 2
    recorder = view.tools.exports.turntable(tmp_path / "turn.png", PictureWish(80, 100, seconds=1))
    with qtbot.waitSignal(recorder.finished, timeout=30_000):
        pass
    assert len(list(tmp_path.glob("turn_*.png"))) == 30
    window.close()
    window.deleteLater()
