"""Videos in the window: the frame of the clock's time, sync by hand and by claps, undo, nothing left behind."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from m3n_studio.recordings.tables import write_signals
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.frame import session
from tests.recordings.video import clips, scenes
from tests.recordings.video.test_sync import film

TRUTH = TimeMap.offset(3.4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Clips and a recording that claps with one of them."""
    folder = tmp_path_factory.mktemp("videos")
    clips.write(folder / "numbers.mp4", clips.variable(200, 1), gop=20)
    clips.write(folder / "slow.mp4", clips.constant(120), gop=10_000, options={"sc_threshold": "0"})
    scene = scenes.Scene(4 + scenes.clap_times(6, 24, 1), 1)
    film(folder / "clap.mp4", TRUTH, clips.constant(750, 25.0), scene)
    write_signals(folder / "wrist.csv", [scene.signal(32.0)])
    (folder / "broken.mp4").write_bytes(b"nothing of the kind" * 100)
    return folder


@pytest.fixture
def opened(window, qtbot, folder):
    """A window with the recording and a video that shows its numbers."""
    show(window, qtbot, folder / "wrist.csv", folder / "numbers.mp4")
    return window


def show(window, qtbot, *paths):
    window.open_paths(list(paths))
    qtbot.waitUntil(lambda: not window.busy and window.contents.document.title != "", timeout=10000)
    settled(window, qtbot)


def settled(window, qtbot):
    """Wait until each video shows the frame it should."""
    view = window.views["video"]

    def right():
        return view.panes and all(0 <= view.number(p) == pane.number for p, pane in view.panes.items())

    qtbot.waitUntil(right, timeout=8000)


def shown(view, path=None):
    """The number the picture itself shows."""
    image = view.panes[path or view.current].canvas.image
    rgb = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return clips.read_number(rgb[:, : 3 * image.width()].reshape(image.height(), image.width(), 3))


def test_every_paused_moment_shows_exactly_its_frame(opened, qtbot):
    view = opened.views["video"]
    file = view.file
    for time in np.random.default_rng(0).uniform(0, file.end_s, 25):
        opened.clock.seek(float(time))
        settled(opened, qtbot)
        assert shown(view) == file.number_at(float(time)) == view.panes[view.current].number
        assert f"frame {shown(view)}" in view.panes[view.current].caption.text()


def test_step_keys_go_by_frames_of_the_video(opened, qtbot):
    view = opened.views["video"]
    opened.clock.seek(2.0)
    settled(opened, qtbot)
    first = shown(view)
    for key, change in ((Qt.Key.Key_Period, 1), (Qt.Key.Key_Period, 2), (Qt.Key.Key_Comma, 1), (Qt.Key.Key_Comma, 0)):
        qtbot.keyClick(opened, key, Qt.KeyboardModifier.AltModifier)
        settled(opened, qtbot)
        assert shown(view) == first + change
    assert opened.clock.time_s == pytest.approx(view.file.times_s[first])


def test_playing_keeps_up_and_the_window_never_waits(opened, qtbot):
    view = opened.views["video"]
    opened.clock.seek(0.5)
    opened.clock.play()
    seen = []
    view.server.shown.connect(lambda path, picture: seen.append(picture.number))
    qtbot.wait(1500)
    opened.clock.pause()
    settled(opened, qtbot)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert shown(view) == view.file.number_at(opened.clock.time_s)


def test_a_slow_decoder_drops_wishes_and_the_newest_wins(opened, qtbot, monkeypatch):
    view = opened.views["video"]
    work, gate, decoded = view.server._work, threading.Event(), []
    fulfil = work.fulfil

    def slow(wish):
        gate.wait(5)
        decoded.append(wish.number)
        return fulfil(wish)

    monkeypatch.setattr(work, "fulfil", slow)
    for time in np.linspace(0.5, 4.5, 60):
        opened.clock.seek(float(time))
    QApplication.processEvents()
    gate.set()
    settled(opened, qtbot)
    assert len(decoded) <= 3
    assert decoded[-1] == view.file.number_at(4.5) == shown(view)


def test_hold_a_frame_and_pin_it_elsewhere_then_undo(opened, qtbot):
    view = opened.views["video"]
    opened.clock.seek(2.0)
    settled(opened, qtbot)
    number, before = shown(view), view._tracks[view.current].time_map
    qtbot.mouseClick(view.bar.hold_button, Qt.MouseButton.LeftButton)
    opened.clock.seek(5.25)
    qtbot.wait(100)
    assert shown(view) == number
    assert "held" in view.panes[view.current].caption.text()
    view.step(1)
    settled(opened, qtbot)
    assert shown(view) == number + 1
    qtbot.mouseClick(view.bar.point_button, Qt.MouseButton.LeftButton)
    track = view._tracks[view.current]
    own = float(view.file.times_s[number + 1])
    assert track.points == ((own, 5.25),)
    assert track.time_map.to_session(own) == pytest.approx(5.25)
    assert not view.bar.hold_button.isChecked()
    settled(opened, qtbot)
    assert shown(view) == number + 1
    opened.clock.seek(9.0)
    view.hold(True)
    view.step(10)
    view.set_point()
    assert len(view._tracks[view.current].points) == 2
    assert "2 sync points" in view.bar.drift_label.text()
    opened.history.stack.undo()
    opened.history.stack.undo()
    assert view._tracks[view.current].time_map == before
    assert "sync point" not in view.bar.drift_label.text()


def test_points_that_contradict_one_another_are_refused(opened, qtbot):
    view = opened.views["video"]
    opened.clock.seek(2.0)
    view.set_point()
    points = view._tracks[view.current].points
    view.hold(True)
    view.step(-10)
    opened.clock.seek(4.0)
    view.set_point()
    assert view._tracks[view.current].points == points
    assert opened.error_bar.isVisible()


def test_the_offset_box_moves_it_and_undoes_as_one(opened, qtbot):
    view = opened.views["video"]
    box, count = view.bar.offset_box, opened.history.stack.count()
    box.setFocus()
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Up)
    moved = view._tracks[view.current].time_map.offset_s
    assert moved == pytest.approx(3 * round(view.file.frame_s, 3), abs=2e-3)
    assert opened.history.stack.count() == count + 1
    opened.history.stack.undo()
    assert view._tracks[view.current].time_map.offset_s == 0.0
    assert box.value() == 0.0


def test_claps_lay_the_video(window, qtbot, folder):
    show(window, qtbot, folder / "wrist.csv", folder / "clap.mp4")
    view = window.views["video"]
    qtbot.mouseClick(view.bar.claps_button, Qt.MouseButton.LeftButton)
    assert any("claps" in job.name for job in window.jobs.running)
    qtbot.waitUntil(lambda: view._tracks[view.current].time_map != TimeMap.offset(0.0), timeout=20000)
    assert view._tracks[view.current].time_map.to_session(10.0) == pytest.approx(TRUTH.to_session(10.0), abs=0.02)
    assert "Laid by claps" in view.bar.notice_label.text()
    window.history.stack.undo()
    assert view._tracks[view.current].time_map.offset_s == 0.0


def test_a_doubtful_place_is_offered_not_taken(opened, qtbot):
    view = opened.views["video"]
    view.find_claps()
    qtbot.waitUntil(lambda: "Best guess" in view.bar.notice_label.text(), timeout=20000)
    assert view._tracks[view.current].time_map.offset_s == 0.0
    assert view.bar.notice_button.text() == "Use it"
    qtbot.mouseClick(view.bar.notice_button, Qt.MouseButton.LeftButton)
    assert view._tracks[view.current].time_map.offset_s != 0.0
    assert not view.bar.notice.isVisible()


def test_a_copy_is_offered_made_and_shown(window, qtbot, folder, tmp_path):
    show(window, qtbot, folder / "wrist.csv", folder / "slow.mp4")
    view = window.views["video"]
    assert "slow: up to 120 frames" in view.bar.notice_label.text()
    window.clock.seek(1.0)
    view.tools.make_copy(tmp_path / "copy.mp4")
    qtbot.waitUntil(lambda: view.current == str(tmp_path / "copy.mp4"), timeout=20000)
    settled(window, qtbot)
    assert shown(view) == 30
    assert not view.bar.notice.isVisible()


def test_several_videos_are_shown_turned_chosen_and_removed(opened, qtbot, folder):
    view = opened.views["video"]
    first = view.current
    view.add(folder / "slow.mp4")
    qtbot.waitUntil(lambda: len(view.panes) == 2, timeout=8000)
    opened.clock.seek(2.5)
    settled(opened, qtbot)
    second = view.current
    assert second != first
    assert (shown(view, first), shown(view, second)) == (view._files[first].number_at(2.5), 75)
    view.turn()
    settled(opened, qtbot)
    assert view._tracks[second].quarter_turns == 1
    view.remove()
    assert list(view.panes) == [first] == [view.current]
    opened.history.stack.undo()
    settled(opened, qtbot)
    assert view._tracks[second].quarter_turns == 1
    view.add(folder / "slow.mp4")
    qtbot.wait(300)
    assert len(view.panes) == 2


def test_a_video_alone_can_be_opened_played_and_taken_away(window, qtbot, folder):
    show(window, qtbot, folder / "numbers.mp4")
    view = window.views["video"]
    assert view.isVisible()
    assert window.clock.end_s == pytest.approx(view.file.end_s)
    assert not view.bar.claps_button.isEnabled()
    window.history.stack.undo()
    assert not view.panes


def test_damaged_and_missing_videos_are_told(window, qtbot, folder):
    window.open_paths([folder / "broken.mp4"])
    qtbot.waitUntil(window.error_bar.isVisible, timeout=8000)
    assert "broken.mp4" in window.log.messages[-1].text
    gone = VideoTrack(str(folder / "gone.mp4"), (0.0, 5.0))
    window.show_document(Document(videos=(gone,)))
    view = window.views["video"]
    qtbot.waitUntil(lambda: "no such file" in view.panes[gone.path].canvas.message, timeout=8000)


def test_where_a_video_does_not_reach_it_says_so(opened, qtbot):
    view = opened.views["video"]
    view._change("Later", lambda v: v.moved(5.0))
    opened.clock.seek(1.0)
    opened.clock.seek(1.1)
    settled(opened, qtbot)
    qtbot.waitUntil(lambda: "before its beginning" in view.panes[view.current].caption.text(), timeout=3000)


def test_zoom_asks_for_more_pixels_and_fits_again(opened, qtbot):
    canvas = opened.views["video"].panes[opened.views["video"].current].canvas
    small = canvas.wanted_size()
    canvas.setFocus()
    qtbot.keyClicks(canvas, "++")
    assert canvas.zoom == pytest.approx(1.25**2)
    assert canvas.wanted_size()[0] > small[0]
    qtbot.keyClicks(canvas, "0")
    assert canvas.wanted_size() == small


def test_closing_leaves_no_thread_and_no_decoder(qtbot, display, folder):
    from m3n_studio.studio.frame.window import Window

    window = Window(theme="dark")
    window.show()
    show(window, qtbot, folder / "wrist.csv", folder / "numbers.mp4")
    work = window.views["video"].server._work
    window.clock.play()
    qtbot.wait(200)
    window.close()
    assert not window.jobs.running
    assert not work.decoders
    window.deleteLater()


def test_what_a_crash_leaves_has_the_videos(folder):
    track = VideoTrack(str(folder / "numbers.mp4"), (0.0, 9.0)).with_point(1.0, 2.5).with_point(3.0, 4.6)
    kept = session.to_dict(Document(videos=(track,)))
    assert session.open_again(kept).videos == (track,)
    assert not session.to_dict(Document())


def test_tracks_move_as_values():
    track = VideoTrack("/a/b.mp4", (2.0, 12.0)).beginning_at(5.0)
    assert track.session_span_s == (5.0, 15.0)
    both = track.with_point(4.0, 8.0).with_point(10.0, 14.1)
    assert both.moved(1.0).time_map.to_session(10.0) == pytest.approx(15.1)
    assert both.without_points().points == ()
    assert Path(track.path).name == track.name
