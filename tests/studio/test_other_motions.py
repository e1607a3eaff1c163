"""Several motions on one clock: added by hand and by drop, drawn, undone, remembered, exported."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from m3n_studio.body.forward import forward
from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.imu.placement import named_placement
from m3n_studio.motion.native import save_clip
from m3n_studio.motion.root import root_track
from m3n_studio.studio.body.companions import motion_color
from m3n_studio.studio.body.exports import body_picture
from m3n_studio.studio.core.document import (
    MOST_OTHERS,
    Document,
    OtherMotion,
    add_other,
    keep_ghost,
    place_others,
    remove_others,
    set_shape,
)
from m3n_studio.studio.frame import session
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.scene.gltf import Walker, read_glb, write_glb

from .conftest import moving, waves
from .test_body_tools import changed, settle, shot, view_of


@pytest.fixture(scope="module")
def longer(body):
    """Four seconds at another rate, recorded elsewhere in the room."""
    clip = moving(body, seconds=4.0, rate_hz=50.0)
    return clip.with_(trans=clip.trans + np.array([5.0, 0.0, -3.0]))


@pytest.fixture(scope="module")
def file(longer, tmp_path_factory):
    path = tmp_path_factory.mktemp("motions") / "longer & other.npz"
    save_clip(path, longer)
    return path


@pytest.fixture
def full(window, body, clip, qtbot):
    placements = (named_placement(body, "left_wrist"),)
    window.show_document(Document("demo", body, clip, placements=placements, recordings=(waves("left_wrist"),)))
    qtbot.waitUntil(lambda: window.contents.scene is not None and len(window.contents.simulated) == 1)
    qtbot.waitUntil(lambda: window.views["body"].viewport.isVisible())
    settle(window, qtbot)
    return window


def show(window, qtbot, *edits):
    for edit in edits:
        assert window.history.apply(edit)
    settle(window, qtbot)


def test_edits_keep_to_the_limit_and_to_known_places(body, clip, longer):
    other = OtherMotion(longer, "a.npz")
    with pytest.raises(UnknownName):
        OtherMotion(longer, "a.npz", "under")
    with pytest.raises(M3nError, match="first"):
        add_other(other).change(Document())
    document = Document("d", body, clip)
    for _ in range(MOST_OTHERS):
        document = add_other(other).change(document)
    with pytest.raises(M3nError, match="take one away"):
        add_other(other).change(document)
    one_over = place_others("over", 1).change(document)
    assert [o.where for o in one_over.others] == ["beside", "over", "beside"]
    assert len(remove_others(0).change(one_over).others) == MOST_OTHERS - 1
    assert [o.where for o in remove_others(0).change(one_over).others] == ["over", "beside"]
    assert remove_others().change(one_over).others == ()


def test_a_session_remembers_the_other_motions(tmp_path, body, clip, longer, file):
    first = tmp_path / "first.npz"
    save_clip(first, clip)
    document = Document("d", body, clip, motion_path=str(first), others=(OtherMotion(longer, str(file), "over"),))
    again = session.open_again(session.to_dict(document))
    assert [(o.where, o.title) for o in again.others] == [("over", "longer & other.npz")]
    np.testing.assert_allclose(again.others[0].clip.poses, longer.poses, atol=1e-6)
    old = session.to_dict(document)
    del old["others"]  # remembered by a version that had none
    assert session.open_again(old).others == ()


@pytest.mark.parametrize("damage", [[{"motion": "gone.npz", "where": "over"}], [{"where": "over"}], "x", [3]])
def test_what_was_remembered_wrongly_is_told(tmp_path, body, clip, damage):
    first = tmp_path / "first.npz"
    save_clip(first, clip)
    data = session.to_dict(Document("d", body, clip, motion_path=str(first)))
    with pytest.raises(M3nError):
        session.open_again({**data, "others": damage})


def test_gltf_holds_every_body_and_where_it_stands(tmp_path, body, clip, longer):
    other = Walker(body, longer, None, (1.0, 0.0, 2.0), "other")
    glb = read_glb(write_glb(tmp_path / "two.glb", body, clip, others=(other,)))
    for which, (motion, shift) in enumerate(((clip, (0, 0, 0)), (longer, other.shift))):
        trans = root_track(body, motion, None)
        for frame in (0, 31, len(motion) - 1):
            expected, _ = forward(body, motion.poses[frame : frame + 1], trans[frame : frame + 1], motion.shape)
            assert np.abs(glb.vertices(frame, which) - expected[0] - shift).max() < 1e-4
    nodes = glb.document["nodes"]
    assert len(glb.document["scenes"][0]["nodes"]) == 4
    assert [n["name"] for n in nodes if "mesh" in n] == ["body", "other"]
    assert len(glb.document["animations"]) == 1  # so that a player starts both at once


@pytest.mark.parametrize("name", ["light", "dark"])
def test_other_motions_have_colours_of_their_own(name):
    theme = load_theme(name)
    colors = {theme.stage.body, *(motion_color(theme, i) for i in range(MOST_OTHERS))}
    assert len(colors) == MOST_OTHERS + 1


@pytest.mark.gl
def test_a_longer_motion_beside_is_seen_and_the_transport_covers_it(full, qtbot, longer):
    clip, time_s = full.contents.clip, 1.0
    full.clock.seek(time_s)
    settle(full, qtbot)
    alone = shot(full)
    show(full, qtbot, add_other(OtherMotion(longer, "longer.npz")))
    assert full.clock.end_s == pytest.approx(longer.duration_s)
    assert full.clock.time_s == pytest.approx(time_s)  # nobody asked to go elsewhere
    assert changed(alone, shot(full)) > 0.02
    stage = view_of(full).stage
    (beside,) = stage.companions
    start = beside.scene.track.at(0).joints[0] + beside.moved - stage.scene.track.at(0).joints[0]
    assert start[[0, 2]] == pytest.approx([beside.shift[0], 0.0], abs=1e-4)
    assert "longer.npz" in view_of(full)._caption.text()
    full.clock.seek(3.0)
    assert stage.frame == len(clip) - 1  # the shorter one waits at its end
    assert stage.frame_of(beside) == 150
    assert len(full.contents.simulated) == 1


@pytest.mark.gl
def test_a_motion_goes_on_after_the_first_has_ended(full, qtbot, longer):
    show(full, qtbot, add_other(OtherMotion(longer, "longer.npz")))
    full.clock.seek(2.5)
    settle(full, qtbot)
    before = shot(full)
    full.clock.seek(3.9)
    settle(full, qtbot)
    assert changed(before, shot(full)) > 0.002


@pytest.mark.gl
def test_four_bodies_and_the_kept_one_stand_apart_and_undo_takes_them_away(full, qtbot, longer):
    others = [add_other(OtherMotion(longer, f"{i}.npz")) for i in range(MOST_OTHERS)]
    show(full, qtbot, *others, keep_ghost(), set_shape(full.history.document.body))
    view = view_of(full)
    view.tools.commands["ghost_beside"].trigger()
    places = [c.shift[0] for c in view.stage.companions] + [0.0]
    assert len(set(places)) == MOST_OTHERS + 2
    view.tools.commands["others_over"].trigger()
    settle(full, qtbot)
    assert [o.where for o in full.history.document.others] == ["over"] * MOST_OTHERS
    assert {c.shift[0] for c in view.stage.companions[1:]} == {0.0}
    view.tools.commands["others_away"].trigger()
    assert full.history.document.others == ()
    while full.history.stack.canUndo():
        full.actions_by_name["undo"].trigger()
    settle(full, qtbot)
    assert view.stage.companions == ()
    assert full.clock.end_s == pytest.approx(full.contents.clip.duration_s)


@pytest.mark.gl
def test_the_picture_shows_the_other_motion_too(full, qtbot, longer):
    alone = body_picture(view_of(full), 300, 240)
    show(full, qtbot, add_other(OtherMotion(longer, "longer.npz", "over")))
    assert (np.abs(body_picture(view_of(full), 300, 240).astype(int) - alone).max(axis=2) > 12).mean() > 0.005


@pytest.mark.gl
def test_the_command_adds_a_file_and_each_motion_has_its_own_menu(full, qtbot, monkeypatch, file):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(file), ""))
    tools = view_of(full).tools
    tools.commands["add_beside"].trigger()
    qtbot.waitUntil(lambda: len(full.history.document.others) == 1, timeout=10_000)
    settle(full, qtbot)
    one = next(a.menu() for a in tools.others.menu.actions() if a.menu() is not None)
    assert one.title() == "longer && other.npz"
    over = next(a for a in one.actions() if a.text() == "&Over the first")
    over.trigger()
    settle(full, qtbot)
    assert full.history.document.others[0].where == "over"
    one = next(a.menu() for a in tools.others.menu.actions() if a.menu() is not None)
    next(a for a in one.actions() if a.text() == "&Take away").trigger()
    settle(full, qtbot)
    assert full.history.document.others == ()


@pytest.mark.gl
def test_a_file_that_is_no_motion_is_told(full, qtbot, tmp_path):
    path = tmp_path / "no.bvh"
    path.write_text("nonsense")
    view_of(full).tools.others.add(path, "beside")
    qtbot.waitUntil(lambda: full.error_bar.isVisible(), timeout=10_000)
    assert full.history.document.others == ()


def drag(view, path, share, kind=QDropEvent):
    """A file over the view at a share of its width; the event, once it was handled."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    at = QPointF(share * view.width(), view.height() / 2)
    where = at if kind is QDropEvent else at.toPoint()
    event = kind(where, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(view, event)
    return event, mime


@pytest.mark.gl
@pytest.mark.parametrize(("share", "where"), [(0.5, "beside"), (0.95, "over")])
def test_a_motion_dropped_on_the_body_goes_where_the_hand_says(full, qtbot, file, share, where):
    view = view_of(full)
    entered, _ = drag(view, file, share, QDragEnterEvent)
    assert entered.isAccepted()
    assert view.tools.others.zones.isVisible()
    drag(view, file, share)
    assert not view.tools.others.zones.isVisible()
    qtbot.waitUntil(lambda: len(full.history.document.others) == 1, timeout=10_000)
    settle(full, qtbot)
    assert full.history.document.others[0].where == where
    assert full.history.document.title == "demo"


@pytest.mark.gl
def test_a_motion_dropped_on_the_left_is_opened_instead(full, qtbot, file):
    view = view_of(full)
    drag(view, file, 0.1, QDragEnterEvent)
    drag(view, file, 0.1)
    qtbot.waitUntil(lambda: full.history.document.title == file.name, timeout=10_000)
    settle(full, qtbot)
    assert full.history.document.others == ()


@pytest.mark.gl
def test_anything_else_is_left_to_the_window(full, tmp_path):
    path = tmp_path / "recording.csv"
    path.write_text("time_s,acc_x_mps2\n0,1\n")
    view = view_of(full)
    drag(view, path, 0.5, QDragEnterEvent)
    assert not view.tools.others.zones.isVisible()
