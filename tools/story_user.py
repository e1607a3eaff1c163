"""The user of tools.stories: a screen, the real program on it, a mouse, keys and a camera.

Nothing here imports the program. The screen is an Xvfb with a window manager where there is one,
the hand is xdotool, the camera grabs the root window.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE_S = 90.0
_ENTRY_POINT = "[m3n_studio]\nstory_finder = tools.story_finder:register\n"
#: A file manager with one thing in it: a window from which files can be dragged.
_SOURCE = """
import sys
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QLabel
class Files(QLabel):
    def mouseMoveEvent(self, event):
        drag, data = QDrag(self), QMimeData()
        data.setUrls([QUrl.fromLocalFile(p) for p in sys.argv[1:]])
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
app = QApplication(sys.argv)
files = Files(", ".join(p.rsplit("/", 1)[-1] for p in sys.argv[1:]))
files.setWindowTitle("Files")
files.setContentsMargins(8, 8, 8, 8)
files.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
files.setGeometry(4, 4, 240, 34)
files.show()
sys.exit(app.exec())
"""


class Lost(Exception):
    """What a user would look for is not there."""


@dataclass(frozen=True)
class Thing:
    """Something on the screen.

    Attributes
    ----------
    rect : tuple of int
        x, y, width, height in device pixels.
    """

    kind: str
    name: str
    accessible: str
    words: tuple[str, ...]
    enabled: bool
    focus: bool
    window: str
    rect: tuple[int, int, int, int]

    def called(self, text: str) -> bool:
        """Whether a user would call it that."""
        return text in (*self.words, self.accessible, self.name)

    def at(self, x: float = 0.5, y: float = 0.5) -> tuple[int, int]:
        """A point of it, as shares of its width and height."""
        left, top, width, height = self.rect
        return round(left + x * (width - 1)), round(top + y * (height - 1))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def screen(size: tuple[int, int]) -> Iterator[str]:
    """A screen of our own; its DISPLAY."""
    with ExitStack() as stack:
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp"],
            pass_fds=(write,), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        stack.callback(_end, server)
        with os.fdopen(read) as told:
            display = f":{told.readline().strip()}"
        manager = shutil.which("openbox")
        if manager:
            environment = {**os.environ, "DISPLAY": display}
            process = subprocess.Popen([manager], env=environment, stderr=subprocess.DEVNULL)
            stack.callback(_end, process)
            time.sleep(0.5)
        yield display


class User:
    """Sees, clicks, drags and types.

    Parameters
    ----------
    folder : Path
        For the program's preferences and state; a second user of the same folder finds what the first left.
    pictures : Path
    """

    def __init__(self, display: str, folder: Path, pictures: Path, *, scale: float = 1.0) -> None:
        self.folder, self.pictures = folder, pictures
        site = folder / "plugin" / "story_finder-1.dist-info"
        site.mkdir(parents=True, exist_ok=True)
        (site / "entry_points.txt").write_text(_ENTRY_POINT)
        (site / "METADATA").write_text("Metadata-Version: 2.1\nName: story-finder\nVersion: 1\n")
        pictures.mkdir(parents=True, exist_ok=True)
        self._socket = str(folder / "finder")
        self.environment = {
            **os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "M3N_STORY_SOCKET": self._socket,
            "XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state"),
            "QT_SCALE_FACTOR": str(scale), "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(site.parent)]),
        }  # fmt: skip
        self._program: subprocess.Popen[bytes] | None = None

    # ------------------------------------------------------------------ the program

    def start(self, *, size: tuple[int, int], arguments: tuple[str, ...] = ("view",)) -> None:
        """Start the program and give its window a size."""
        Path(self._socket).unlink(missing_ok=True)
        log = (self.folder / "program.log").open("ab")
        command = [sys.executable, "-m", "m3n_studio", *arguments]
        self._program = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        self.until("the window", lambda: self.has("Window", kind=True))
        found = self.xdo("search", "--sync", "--onlyvisible", "--name", "m3n Studio").split()
        self.xdo("windowmove", found[-1], "20", "50")
        self.xdo("windowsize", found[-1], *map(str, size))
        self.xdo("windowfocus", found[-1])
        time.sleep(1.5)

    def stop(self) -> int:
        """Quit with the keyboard; the exit code."""
        if self._program is None:
            return 0
        if self._program.poll() is None:
            self.key("ctrl+q")
        try:
            return self._program.wait(20)
        except subprocess.TimeoutExpired:
            _end(self._program)
            raise Lost("the program did not quit within 20 s") from None

    def kill(self) -> None:
        """Whatever happened, leave no program behind."""
        if self._program is not None and self._program.poll() is None:
            _end(self._program)

    # ------------------------------------------------------------------ eyes

    def look(self) -> list[Thing]:
        """Everything that can be seen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE_S)
            line.connect(self._socket)
            parts = []
            while part := line.recv(1 << 16):
                parts.append(part)
        return [_thing(d) for d in json.loads(b"".join(parts))]

    def find(self, text: str, *, part: str = "", inside: str = "") -> Thing:
        """The thing of that name, of that kind and in the window of that title where given."""
        things = self.look()
        found = [t for t in things if t.called(text) and part in t.kind and inside in t.window]
        found = [t for t in found if t.rect[2] > 0 and t.rect[3] > 0]
        if not found:
            near = sorted({w for t in things for w in (*t.words, t.accessible) if text.lower()[:5] in w.lower()})
            raise Lost(f"{text!r} is not on the screen; there is {near[:12]}")
        return next((t for t in found if t.enabled), found[0])

    def has(self, text: str, *, kind: bool = False) -> bool:
        """Whether something is called that, or is of that kind."""
        try:
            return any(t.kind == text if kind else t.called(text) for t in self.look())
        except OSError:
            return False

    def says(self, text: str) -> bool:
        """Whether the text is in any words on the screen."""
        return any(text in w for t in self.look() for w in t.words)

    def until(self, what: str, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
        """Wait for something; how long that took, s."""
        began = time.monotonic()
        while not true():
            if self._program is not None and self._program.poll() is not None:
                raise Lost(f"the program ended with {self._program.returncode} while waiting for {what}")
            if time.monotonic() - began > patience_s:
                raise Lost(f"{what} did not come within {patience_s:.0f} s")
            time.sleep(0.1)
        return time.monotonic() - began

    def picture(self, name: str) -> Path:
        """Photograph the program's window as the screen shows it."""
        from PIL import Image

        path = self.pictures / f"{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True)
        window = next(t for t in self.look() if t.kind == "Window")
        left, top, width, height = window.rect
        with Image.open(path) as whole:
            cut = whole.convert("RGB").crop((left, top, left + width, top + height))
        cut.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        return path

    # ------------------------------------------------------------------ hands

    def xdo(self, *words: str) -> str:
        """Run xdotool."""
        done = subprocess.run(["xdotool", *words], env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout

    def move(self, x: int, y: int) -> None:
        """Put the mouse somewhere."""
        self.xdo("mousemove", str(x), str(y))
        time.sleep(0.08)

    def click(self, what: str | Thing, *, part: str = "", at: tuple[float, float] = (0.5, 0.5), times: int = 1) -> None:
        """Click what is called that."""
        thing = self.find(what, part=part) if isinstance(what, str) else what
        if not thing.enabled:
            raise Lost(f"{what!r} is there but cannot be used")
        self.move(*thing.at(*at))
        self.xdo("click", "--repeat", str(times), "--delay", "60", "1")
        time.sleep(0.3)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, steps: int = 14, hold: float = 0.0) -> None:
        """Press at one point, let go at the other."""
        self.move(*start)
        self.xdo("mousedown", "1")
        for i in range(1, steps + 1):
            self.move(*(round(a + (b - a) * i / steps) for a, b in zip(start, end, strict=True)))
        time.sleep(0.1 + hold)
        self.xdo("mouseup", "1")
        time.sleep(0.3)

    def key(self, *keys: str) -> None:
        """Press keys one after another."""
        self.xdo("key", "--delay", "60", *keys)
        time.sleep(0.25)

    def type(self, text: str) -> None:
        """Type words."""
        self.xdo("type", "--delay", "15", text)
        time.sleep(0.25)

    def drop(self, *paths: Path) -> None:
        """Drag files out of another program and let them go over the window."""
        command = [sys.executable, "-c", _SOURCE, *map(str, paths)]
        source = subprocess.Popen(command, env={**self.environment, "QT_SCALE_FACTOR": "1"})
        try:
            self.xdo("search", "--sync", "--onlyvisible", "--name", "^Files$")
            time.sleep(1.0)
            window = next(t for t in self.look() if t.kind == "Window")
            self.drag((60, 20), window.at(0.5, 0.45), steps=25, hold=0.3)
            time.sleep(0.5)
        finally:
            _end(source)


def _thing(seen: dict[str, Any]) -> Thing:
    left, top, width, height = seen["rect"]
    return Thing(seen["kind"], seen["name"], seen["accessible"], tuple(seen["words"]), seen["enabled"], seen["focus"],
                 seen["in"], (left, top, width, height))  # fmt: skip
