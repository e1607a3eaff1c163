"""The two stories the window is made for, done as a user does them: ``python -m tools.stories``.

Each story starts the program in a process of its own on a screen of its own, drives it with the
mouse and the keys (xdotool) and photographs that screen. The bundled sample's pictures and the text
go to ``docs``. With ``--data DIR`` the same stories are done with the public data sets
``bandai_motion`` and ``qmt_full_body`` found there; their pictures go to ``--out``. Needs Xvfb,
xdotool and ImageMagick's ``import``; a window manager (openbox) is used where there is one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.story_user import REPOSITORY, Lost, Thing, User, screen

SCREEN = (1700, 1100)
SIZE = (1280, 800)
DIFFER, GENERATE = "Where and why do they differ?", "Generate …"
#: Of the public data only these pictures are published.
KEPT = ("1-compared", "1-moment", "2-limb", "2-bands")
_BANDAI = "bandai_motion/data/dataset-1_dance-short_normal_001.bvh"
_BANDAI_TITLE = """A dance of the Bandai Namco motion data set

There is no recording of it: two watches are made up, turned on the wrist, 3.7 s late, noisy, and slipping by 25° for
two seconds in the middle, which is what the program has to find."""
_QMT_TITLE = """The full-body example of qmt

Sixteen segments with an IMU and an orientation each: the one file is the motion and its recording. It has no path of
the body, so angular velocities are measured and accelerations partly an estimate; the program says which differ."""
_QMT = "qmt_full_body/full_body_example_data.mat"


@dataclass(frozen=True)
class Case:
    """What the stories are told with.

    Attributes
    ----------
    name : str
    title : str
    drops : tuple of (tuple of Path)
        What is dropped on the window, one drop after another; the last makes the comparison possible.
    lively : float
        Where along the traces something happens, as a share of the panel's width.
    """

    name: str
    title: str
    drops: tuple[tuple[Path, ...], ...]
    lively: float


@dataclass
class Told:
    """A story as it was lived: sentences with the pictures that show them."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, user: User, picture: str, sentence: str) -> None:
        """Photograph the window and say what is seen."""
        user.picture(picture)
        self.lines.append((sentence, f"{picture}.png"))
        print(f"  {picture}: {sentence}", flush=True)

    def kept(self, whole: bool) -> list[tuple[str, str]]:
        """The lines that are told, all of them or those of :data:`KEPT`."""
        return [line for line in self.lines if whole or line[1].removesuffix(".png").endswith(KEPT)]

    def text(self, whole: bool) -> str:
        """As Markdown."""
        parts = [f"{n}. {sentence}\n\n   ![{sentence}](pictures/{name})\n"
                 for n, (sentence, name) in enumerate(self.kept(whole), 1)]  # fmt: skip
        return f"### {self.title}\n\n" + "\n".join(parts)


def cells(user: User, column: str) -> list[Thing]:
    """The cells of a table that stand under a heading of that kind, by what is in them."""
    return [t for t in user.look() if t.kind == "cell" and any(column in w for w in t.words)]


def moments(user: User) -> list[Thing]:
    """The times of the worst moments, the worst first."""
    found = [t for t in cells(user, "–") if t.words[0].endswith(" s")]
    return sorted(found, key=lambda t: t.rect[1])


def where_and_why(user: User, case: Case) -> Told:
    """Story 1: drop a motion and its recording; find out where and why the synthetic signal differs."""
    told, mark = Told("Where and why does the synthetic signal differ?"), f"story-{case.name}-1"
    told.tell(user, f"{mark}-empty", "The window says what to do first.")
    began = time.monotonic()
    for paths in case.drops:
        user.drop(*paths)
        user.until("the body", lambda: user.has("play"))
        if len(case.drops) > 1 and paths is case.drops[0]:
            user.until("the next step", lambda: user.has("Open a recording…"))
            told.tell(user, f"{mark}-motion", "A motion is dropped: two wrists are simulated at once, and the window"
                      " says what it still needs.")  # fmt: skip
    user.until("the comparison", lambda: user.has(DIFFER))
    compared = time.monotonic() - began
    time.sleep(1.0)
    told.tell(user, f"{mark}-compared", "Its recording is dropped: clocks and mounts are aligned, each channel has its"
              " r, and the window offers to say where they differ.")  # fmt: skip
    user.click(DIFFER)
    user.until("the worst moments", lambda: bool(moments(user)))
    time.sleep(1.0)
    told.tell(user, f"{mark}-moments", "The worst moments are listed with what would explain each.")
    user.click(moments(user)[1])
    time.sleep(2.0)
    if user.has("Pause"):
        user.key("space")
    told.tell(user, f"{mark}-moment", "A click goes there: body and traces show that second.")
    user.click("Alignment", part="tab") if user.has("Alignment") else None
    time.sleep(1.0)
    told.tell(user, f"{mark}-alignment", "How the recording was aligned can be seen, accepted and changed by hand.")
    print(f"  from the first drop to the comparison {compared:.1f} s, to the end {time.monotonic() - began:.1f} s")
    return told


def shape_and_population(user: User, case: Case) -> Told:
    """Drag a limb, see what that does to the wrist; make a thousand bodies."""
    told, mark = Told("What does a longer forearm do to the wrist, and what would a thousand people read?"), ""
    mark = f"story-{case.name}-2"
    user.key("ctrl+k")
    user.type("shape")
    user.key("Return")
    user.until("the sliders", lambda: user.has("Compare with this body"))
    time.sleep(1.0)
    zoom(user, case.lively)
    user.click("Compare with this body")
    slider = next(t for t in user.look() if t.accessible.startswith("Forearm") and t.kind == "AttributeSlider")
    user.drag(slider.at(), slider.at(0.86), steps=12)
    time.sleep(2.5)
    told.tell(user, f"{mark}-limb", "The forearm's slider is dragged: body and traces follow, with the body before as a"
              " ghost.")  # fmt: skip
    user.key("ctrl+z")
    time.sleep(0.6)
    user.key("ctrl+shift+z")
    time.sleep(0.6)
    user.click("Population")
    user.until("the population", lambda: user.has(GENERATE))
    user.click("Bands on the traces", at=(0.05, 0.5))
    time.sleep(1.0)
    user.until("the bands", lambda: not busy(user))
    time.sleep(1.5)
    sentence = "The population is stated: how tall and heavy its people are, and how that goes together."
    told.tell(user, f"{mark}-bands", sentence)
    path = user.folder / "bodies.h5"
    user.click(GENERATE)
    user.until("the file dialog", lambda: user.has("Generate bodies"))
    user.key("ctrl+a")
    user.type(str(path))
    user.key("Return")
    began = time.monotonic()
    user.until("the file", path.exists, 900.0)
    user.until("the end of the work", lambda: not busy(user), 60.0)
    time.sleep(1.0)
    told.tell(user, f"{mark}-thousand", "A thousand bodies are written to one file while the window stays alive.")
    print(f"  {bodies_in(path)} bodies in {time.monotonic() - began:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
    return told


def zoom(user: User, share: float) -> None:
    """Turn the wheel over the traces to see a few seconds around one share of their width."""
    traces = next(t for t in user.look() if t.name == "dock:traces")
    user.move(*traces.at(share, 0.5))
    user.xdo("click", "--repeat", "11", "--delay", "80", "4")
    time.sleep(0.8)


def busy(user: User) -> bool:
    """Whether the window says that something runs."""
    return any(t.name == "jobCancel" or (t.kind == "QProgressBar" and t.rect[2] > 0) for t in user.look())


def bodies_in(path: Path) -> int:
    """How many bodies a file of :func:`m3n_studio.imu.augment.augment` has."""
    import h5py

    with h5py.File(path) as file:
        lengths: list[int] = []
        file.visititems(
            lambda _, item: lengths.append(item.shape[0]) if hasattr(item, "shape") and item.shape else None
        )
    return max(lengths, key=lengths.count)


STORIES: tuple[Callable[[User, Case], Told], ...] = (where_and_why, shape_and_population)


def live(case: Case, pictures: Path, *, theme: str = "light") -> list[Told]:
    """Both stories in one sitting; raises :class:`Lost` where a user would be lost."""
    print(case.name, flush=True)
    with screen(SCREEN) as display, tempfile.TemporaryDirectory() as folder:
        user = User(display, Path(folder), pictures)
        try:
            user.start(size=SIZE)
            if theme == "dark":
                user.key("ctrl+d")
            told = [story(user, case) for story in STORIES]
            code = user.stop()
        except (Lost, StopIteration):
            user.picture(f"lost-{case.name}")
            print((user.folder / "program.log").read_text(), file=sys.stderr)
            raise
        finally:
            user.kill()
        complaints = (user.folder / "program.log").read_text()
        if code or "Traceback" in complaints:
            raise Lost(f"the program ended with {code}: {complaints}")
    return told


def perturbed_recording(motion: Path, out: Path) -> Path:
    """What watches could have read of a motion: turned on the wrist, late, noisy, and slipping for two seconds."""
    import numpy as np

    from m3n_studio import so3, workbench
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.simulate import simulate
    from m3n_studio.recordings.tables import write_signals

    model, clip = workbench.open_body(None), workbench.open_clip(motion)
    settings, placed = Settings(rate_hz=100.0, bandwidth_hz=12.0), workbench.place(model, workbench.WRISTS)
    rng = np.random.default_rng(7)
    made = []
    for signal in simulate(model, clip, placed, settings=settings):
        middle = 0.5 * (signal.time_s[0] + signal.time_s[-1])
        slipped = np.where(np.abs(signal.time_s - middle) < 1.0, np.radians(25.0), 0.0)
        mount = so3.matrix_from_rotvec(np.array([0.3, 0.5, -0.2]))
        turn = so3.matrix_from_rotvec(slipped[:, None] * np.array([1.0, 0.0, 0.0])) @ mount
        acc, gyr = (np.einsum("nij,nj->ni", turn, v) for v in (signal.acc_mps2, signal.gyr_radps))
        made.append(signal.with_(
            time_s=signal.time_s + 3.7, acc_mps2=acc + rng.normal(0.0, 0.05, acc.shape),
            gyr_radps=gyr + rng.normal(0.0, 0.01, gyr.shape) + 0.01,
        ))  # fmt: skip
    write_signals(out, made)
    return out


def cases(data: Path | None, scratch: Path) -> list[tuple[Case, bool]]:
    """What to tell the stories with, and whether the pictures are the documentation's."""
    sample = REPOSITORY / "resources"
    shipped = ((sample / "motions" / "pack_box.npz",), (sample / "recordings" / "pack_box_watches.csv",))
    out = [(Case("sample", "The sample that ships", shipped, 0.27), True)]
    if data is not None:
        motion = data / _BANDAI
        recording = perturbed_recording(motion, scratch / f"{motion.stem}_watches.csv")
        out.append((Case("bandai", _BANDAI_TITLE, ((motion,), (recording,)), 0.55), False))
        out.append((Case("qmt", _QMT_TITLE, ((data / _QMT,),), 0.75), False))
    return out


INTRODUCTION = """# Two stories

Done by `python -m tools.stories`: the program runs on a screen of its own, a script moves the mouse and presses the
keys, and these are photographs of that screen.

"""


def publish(docs: Path, lived: list[tuple[Case, bool, list[Told]]], pictures: Path) -> None:
    """Write ``stories.md``, and copy the pictures it needs beside it."""
    parts = []
    for case, documented, told in lived:
        parts.append(f"## {case.title}\n\n" + "\n".join(t.text(documented) for t in told))
        for _, name in (line for t in told for line in t.kept(documented)):
            if not documented:
                shutil.copyfile(pictures / name, docs / "pictures" / name)
    (docs / "stories.md").write_text(INTRODUCTION + "\n".join(parts), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with bandai_motion and qmt_full_body")
    parser.add_argument("--out", type=Path, default=Path("story-pictures"), help="pictures of --data go there")
    parser.add_argument("--only", default="", help="sample, bandai or qmt; no text is written")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs", help="the sample's text and pictures")
    options = parser.parse_args()
    lived = []
    with tempfile.TemporaryDirectory() as scratch:
        for case, documented in cases(options.data, Path(scratch)):
            if options.only in ("", case.name):
                pictures = options.docs / "pictures" if documented else options.out
                lived.append((case, documented, live(case, pictures, theme=options.theme)))
    if not options.only:
        publish(options.docs, lived, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
