"""Starting the window imports nothing heavy, and a file of any kind can be opened on it."""

import json
import subprocess
import sys

import pytest

from m3n_studio.errors import FileError
from m3n_studio.motion.native import save_clip
from m3n_studio.plugins import open_door
from m3n_studio.recordings.tables import write_signals
from m3n_studio.studio.core.contents import Contents, derive, open_file, open_files
from m3n_studio.studio.core.derived import judge, make_base, simulated
from m3n_studio.studio.core.document import Document
from tests.shared import data_dir

from .conftest import waves

_LOOK = """
import json, sys
from m3n_studio.studio.app import application, dispose
from m3n_studio.studio.frame.window import Window
app = application()
window = Window(theme="dark")
window.show()
app.processEvents()
dispose(window)
print(json.dumps(sorted({m.split(".")[0] for m in sys.modules})))
"""


def test_opening_the_window_imports_neither_torch_nor_scipy(display):
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(json.loads(done.stdout.strip().splitlines()[-1]))
    assert not loaded & {"torch", "scipy", "h5py", "smplx", "matplotlib", "superqt"}
    assert "PySide6" in loaded


def test_the_views_come_through_the_door_without_qt():
    look = "import sys; from m3n_studio.plugins import open_door; d = open_door(); "
    look += "print([n for n, _ in d.all('dock')], 'PySide6' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip().endswith("False")
    assert {"body", "traces", "transport"} <= {name for name, _ in open_door().all("dock")}


def shown(document, before=None):
    """What the window shows of a document once the hand rests."""
    base = make_base(document)
    signals = simulated(document, base)
    return derive(document, base, signals, judge(document, signals), before or Contents())


def test_a_motion_then_a_recording_are_shown_together_and_aligned(tmp_path, body, clip):
    motion, recording = tmp_path / "reach.npz", tmp_path / "watch.csv"
    save_clip(motion, clip)
    opened = open_file(motion, Document())
    alone = shown(opened)
    assert [s.name for s in alone.simulated] == ["left_wrist", "right_wrist"]
    assert len(alone.scene.sensors) == 2
    write_signals(recording, alone.simulated)
    beside = open_file(recording, opened)
    assert beside.clip is opened.clip
    both = shown(beside, alone)
    assert both.scene is alone.scene
    assert [s.name for s in both.real] == ["left_wrist", "right_wrist"]
    assert all(both.real_notes), both.note
    assert both.closeness["left_wrist", "left_wrist", "gyr", "magnitude"] > 0.99
    again = open_files([recording, motion], Document())
    assert len(again.recordings) == 2
    assert again.clip is not None


def test_recordings_that_fit_no_sensor_are_shown_as_read(tmp_path, body, clip):
    motion, recording = tmp_path / "reach.npz", tmp_path / "watch.csv"
    save_clip(motion, clip)
    write_signals(recording, (waves("hat"), waves("shoe"), waves("belt")))
    both = shown(open_file(recording, open_file(motion, Document())))
    assert [s.name for s in both.real] == ["hat", "shoe", "belt"]
    assert not any(both.real_notes)
    assert not both.closeness


@pytest.mark.parametrize("name", ["nothing.bvh", "nothing.csv", "nothing.xyz"])
def test_a_file_nobody_knows_is_one_clear_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x00\x01\x02 no format at all")
    with pytest.raises(FileError, match=r"nothing\."):
        open_file(path, Document())


def test_a_folder_or_a_picture_is_refused_in_words(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    for path in (tmp_path, tmp_path / "photo.jpg"):
        with pytest.raises(FileError, match="neither a motion nor a recording"):
            open_file(path, Document())


def test_a_public_motion_opens():
    path = next(iter(sorted((data_dir("bandai_motion") / "data").glob("*walk*.bvh"))))
    opened = open_file(path, Document())
    assert opened.clip.rate_hz == pytest.approx(30.0)
    assert opened.clip.texts
