"""However the program dies, the next start says so and opens what was open."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError
from m3n_studio.imu.align import Alignment
from m3n_studio.motion.native import save_clip
from m3n_studio.recordings.tables import write_signals
from m3n_studio.studio.core.contents import open_files
from m3n_studio.studio.core.document import Document, set_alignment, set_shape
from m3n_studio.studio.frame import crash, session
from m3n_studio.studio.frame.window import Window

from .conftest import waves

pytestmark = pytest.mark.gl


@pytest.fixture
def files(tmp_path, clip):
    motion, recording = tmp_path / "reach.npz", tmp_path / "watch.csv"
    save_clip(motion, clip)
    write_signals(recording, (waves("left_wrist"), waves("right_wrist")))
    return motion, recording


def worked_on(files):
    """A document the user changed in every way."""
    d = open_files(files, Document())
    hand = Alignment().with_clock(offset_s=1.25, drift=1e-4).with_mount(np.diag([1.0, -1.0, -1.0]))
    edits = (set_shape(Shape(limbs={"forearm": 0.1}, scale=1.02)), set_alignment("left_wrist", hand))
    for edit in edits:
        d = edit.change(d)
    return d.with_(placements=d.placements[:1], pairs={"left_wrist": "right_wrist"}, mode="transpose", ghost=Shape())


# ---------------------------------------------------------------- the document


def test_a_document_opens_again_as_it_was(files):
    d = worked_on(files)
    text = json.dumps(session.to_dict(d))
    again = session.open_again(json.loads(text))
    assert len(text) < 20_000
    for name in ("title", "shape", "ghost", "placements", "mode", "bandwidth_hz", "motion_path", "recording_path"):
        assert getattr(again, name) == getattr(d, name), name
    assert dict(again.pairs) == dict(d.pairs)
    np.testing.assert_array_equal(again.clip.poses, d.clip.poses)
    assert again.alignments["left_wrist"].to_dict() == d.alignments["left_wrist"].to_dict()


def test_a_document_without_a_file_is_not_remembered(clip, body):
    assert session.to_dict(Document()) == {}
    assert session.to_dict(Document(clip=clip, model=body)) == {}


def test_what_is_not_whole_or_gone_is_one_clear_error(files):
    remembered = session.to_dict(open_files(files, Document()))
    for broken in ({**remembered, "placements": [{"name": 1}]}, {**remembered, "shape": 5}, {"motion": str(files[0])}):
        with pytest.raises(FileError, match="not whole"):
            session.open_again(broken)
    files[0].unlink()
    with pytest.raises(FileError, match=r"reach\.npz"):
        session.open_again(remembered)


# ---------------------------------------------------------------- the guard, in processes that die

_CHILD = """
import json, os, sys, time
from pathlib import Path
from m3n_studio.studio.frame.crash import Guard
guard = Guard(Path(sys.argv[1]))
guard.remember({"motion": "/a/walk.npz", "recording": ""})
print("ready", flush=True)
if sys.argv[2] == "fault":
    import faulthandler
    faulthandler._sigsegv()
if sys.argv[2] == "clean":
    guard.release()
else:
    time.sleep(60)
"""


def child(folder, how):
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), how], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_run_is_found_once_and_a_living_one_is_not(tmp_path):
    with child(tmp_path, "wait") as process:
        assert process.stdout.readline() == "ready\n"
        assert crash.left_behind(tmp_path) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    (remains,) = crash.left_behind(tmp_path)
    assert remains.session["motion"] == "/a/walk.npz"
    assert "killed" in remains.report.read_text()
    assert crash.left_behind(tmp_path) == []
    assert not list(tmp_path.glob("run-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_fault_leaves_where_it_happened(tmp_path):
    with child(tmp_path, "fault") as process:
        process.wait()
    (remains,) = crash.left_behind(tmp_path)
    text = remains.report.read_text()
    assert "Segmentation fault" in text
    assert "m3n Studio" in text
    assert "/a/walk.npz" in text


def test_a_clean_end_leaves_nothing(tmp_path):
    with child(tmp_path, "clean") as process:
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    guard = crash.Guard(blocked / "state")
    guard.remember({"motion": "x"})
    guard.release()
    assert crash.left_behind(blocked / "state") == []
    assert guard.report("trace") is None


def test_damaged_remains_are_still_reported(tmp_path):
    (tmp_path / "run-1-a.lock").write_bytes(b"")
    (tmp_path / "run-1-a.json").write_text("{broken")
    (remains,) = crash.left_behind(tmp_path)
    assert remains.session == {}
    assert remains.report is not None


def test_only_so_many_reports_are_kept(tmp_path):
    for i in range(crash.KEEP_REPORTS + 5):
        crash.write_report(tmp_path, f"trace {i}", {})
    kept = sorted(tmp_path.glob("report-*.txt"))
    assert len(kept) == crash.KEEP_REPORTS
    assert f"trace {crash.KEEP_REPORTS + 4}" in kept[-1].read_text()


# ---------------------------------------------------------------- the window

_WINDOW = """
import sys, time
from pathlib import Path
from m3n_studio.body.shape import Shape
from m3n_studio.studio.app import application
from m3n_studio.studio.core.document import set_shape
from m3n_studio.studio.frame.window import Window
app = application()
window = Window(theme="light", state_folder=Path(sys.argv[1]))
window.show()
window.open_paths([Path(p) for p in sys.argv[2:]])
def until(there):
    end = time.time() + 30
    while not there() and time.time() < end:
        app.processEvents()
        time.sleep(0.01)
until(lambda: window.contents.simulated and not window.busy)
window.history.apply(set_shape(Shape(limbs={"forearm": 0.1})))
until(lambda: window.guard._written.get("shape"))
print("ready", flush=True)
until(lambda: False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_after_sigkill_the_next_window_offers_to_restore_and_does(files, tmp_path, qtbot, display):
    state = tmp_path / "state"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", _WINDOW, str(state), *map(str, files)], stdout=subprocess.PIPE, text=True,
        env=environment,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.wait()
    window = Window(theme="light", state_folder=state)
    window.show()
    try:
        bar = window.restore_bar
        assert bar.isVisible()
        assert "reach.npz and watch.csv" in bar.text.text()
        bar.restore_button.click()
        qtbot.waitUntil(lambda: bool(window.contents.simulated), timeout=20_000)
        assert window.history.document.shape == Shape(limbs={"forearm": 0.1})
        assert [s.name for s in window.contents.recordings] == ["left_wrist", "right_wrist"]
        assert bar.isHidden()
    finally:
        window.close()
        window.deleteLater()
    assert not list(state.glob("run-*"))
    assert len(list(state.glob("report-*.txt"))) == 1


def test_an_exception_nobody_caught_leaves_a_report_and_the_window_lives(tmp_path, qtbot, display, capsys):
    window = Window(theme="light", state_folder=tmp_path)
    window.show()
    try:
        try:
            raise RuntimeError("surprise")
        except RuntimeError as error:
            window.hook._hook(RuntimeError, error, error.__traceback__)
        (report,) = tmp_path.glob("report-*.txt")
        assert "surprise" in report.read_text()
        assert "surprise" in window.error_bar.text
        assert window.isVisible()
    finally:
        window.close()
        window.deleteLater()
    capsys.readouterr()


def test_the_document_is_written_a_moment_after_the_last_change(tmp_path, qtbot, display, files):
    window = Window(theme="light", state_folder=tmp_path / "state")
    try:
        window.show_document(open_files(files, Document()))
        qtbot.waitUntil(lambda: bool(list((tmp_path / "state").glob("run-*.json"))))
        begin = time.perf_counter()
        for i in range(50):
            window.history.apply(set_shape(Shape(scale=1.0 + i / 1000), merge="s"))
        assert time.perf_counter() - begin < 5
        path = next((tmp_path / "state").glob("run-*.json"))
        qtbot.waitUntil(lambda: (json.loads(path.read_text())["shape"] or {}).get("scale") == 1.049)
    finally:
        window.close()
        window.deleteLater()
    assert not list((tmp_path / "state").glob("run-*"))
