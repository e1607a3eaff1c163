"""The third story: a recording labelled with the keyboard alone. ``python -m tools.story_label``.

The program runs in a process of its own on a screen of its own; every key comes from xdotool, the mouse is not
touched. The one who labels sees the film and presses a key when the activity changes, a fifth of a second late; the
program is killed half way and started again. Then labels and truth are compared. With ``--data DIR`` the recordings of
one person of ``sp_sw_har`` are labelled as well; their pictures go to ``--out``. Needs what ``tools.stories`` needs.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tools.story_recordings import Known, Stretch, ten_minutes, watches
from tools.story_user import REPOSITORY, Lost, User, screen

SCREEN, SIZE = (1700, 1100), (1280, 800)
SIZES = (("small", (900, 650)), ("large", (1600, 1000)))
REACTION_S, REACTION_SD_S = 0.2, 0.06
#: Edges off by more than this are put right by hand, s.
MEND_S = 0.12
_TIME = re.compile(r"(-?)(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_COUNT = re.compile(r"(\d+)\s?% labelled · (\d+) labels")


class Typist(User):
    """A user without a mouse, who counts keys.

    Attributes
    ----------
    keys : int
        Presses so far.
    speed : float
        How fast the window plays.
    """

    def __init__(self, display: str, folder: Path, pictures: Path) -> None:
        super().__init__(display, folder, pictures)
        self.keys, self.speed = 0, 1.0
        self._rng = random.Random(1)

    def key(self, *keys: str) -> None:
        """Press keys one after another."""
        self.keys += len(keys)
        super().key(*keys)

    def tap(self, key: str, times: int = 1) -> None:
        """Press one key at once, or over and over."""
        self.keys += times
        if times:
            self.xdo("key", "--repeat", str(times), "--delay", "14", key)
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Type words."""
        self.keys += len(text)
        super().type(text)

    def hold(self, key: str, down: bool) -> None:
        """Press a key and keep it down, or let it go."""
        self.keys += down
        self.xdo("keydown" if down else "keyup", key)

    def click(self, *_: object, **__: object) -> None:
        """No mouse."""
        raise AssertionError("this story is told without a mouse")

    drag = click

    def now(self) -> float:
        """The time the window shows, s."""
        shown = [w for t in self.look() if t.accessible == "Time" and t.kind == "QLineEdit" for w in t.words]
        found = next((f for w in shown if (f := _TIME.search(w))), None)
        if found is None:
            raise Lost(f"the window shows no time: {shown!r}")
        sign, hours, minutes, seconds = found.groups()
        return (-1 if sign else 1) * (3600 * int(hours or 0) + 60 * int(minutes) + float(seconds))

    def progress(self) -> tuple[int, int]:
        """Percent labelled and number of labels, as the window says."""
        for thing in self.look():
            for words in thing.words:
                if found := _COUNT.search(words):
                    return int(found[1]), int(found[2])
        raise Lost("the window does not say how much is labelled")

    def find_command(self, words: str) -> None:
        """Do what the palette finds first."""
        self.key("ctrl+k")
        self.until("the palette", lambda: self.has("Search for a command"))
        self.type(words)
        self.key("Return")

    def set_speed(self, speed: float) -> None:
        """Play that fast; a power of two."""
        while self.speed != speed:
            up = speed > self.speed
            self.key("bracketright" if up else "bracketleft")
            self.speed *= 2 if up else 0.5

    def reaction_s(self) -> float:
        """How long until one sees and presses, s."""
        return max(0.05, self._rng.gauss(REACTION_S, REACTION_SD_S))

    def follow(self, presses: list[tuple[float, str, bool | None]]) -> None:
        """Play, and press keys as time goes by: (when in the recording, key; down, up or both)."""
        self.tap("space")
        self.follow_on(presses)

    def follow_on(self, presses: list[tuple[float, str, bool | None]]) -> None:
        """The same while it plays."""
        wall, at = time.monotonic(), self.now()
        for when, key, down in presses:
            due = wall + (when - at) / self.speed + self.reaction_s()
            if due - time.monotonic() > 1.0:
                began = time.monotonic()
                at, wall = self.now(), (began + time.monotonic()) / 2
                due = wall + (when - at) / self.speed + self.reaction_s()
            time.sleep(max(0.0, due - time.monotonic()))
            if down is None:
                self.tap(key)
            else:
                self.hold(key, down)

    def go_to(self, when: float) -> None:
        """Go on to a time by playing, pausing and stepping."""
        left = when - self.now()
        if left > 0.4:
            self.tap("space")
            time.sleep((left - 0.2) / self.speed)
            self.tap("space")
            self.settled()
        self.step(when)

    def step(self, when: float, rate_hz: float = 50.0) -> None:
        """Step frame by frame to a time, and wait until the window is there."""
        for _ in range(6):
            frames = round((when - self.settled()) * rate_hz)
            if not frames:
                return
            self.tap("Right" if frames > 0 else "Left", min(abs(frames), 100))

    def settled(self) -> float:
        """The time the window shows once it has done all that was typed, s."""
        before = self.now()
        while abs((after := self.now()) - before) > 1e-6:
            before = after
        return after

    def slay(self) -> None:
        """``kill -9``."""
        assert self._program is not None
        self._program.send_signal(signal.SIGKILL)
        self._program.wait()


@dataclass
class Telling:
    """Sentences with their pictures, and figures."""

    prefix: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def tell(self, user: Typist, name: str, sentence: str) -> None:
        """Photograph the window and say what is seen."""
        user.picture(f"{self.prefix}{name}")
        self.lines.append((sentence, f"{self.prefix}{name}.png"))
        print(f"  {name}: {sentence}", flush=True)

    def say(self, fact: str) -> None:
        """Keep a figure."""
        self.facts.append(fact)
        print(f"  {fact}", flush=True)


def open_with_keys(user: Typist, known: Known) -> None:
    """From the empty window to the session on the desk."""
    user.key("ctrl+alt+o")
    user.until("the dialog", lambda: user.has("Open a project"))
    user.type(str(known.folder))
    user.key("Return")
    if user.has("Open a project"):
        user.key("Return")
    user.until("the project", lambda: user.has("Labels") and not user.has("Open a project"))
    user.find_command(known.session.split(" · ")[1])
    user.until("the session", lambda: user.says("% labelled"))
    time.sleep(1.5)


def reopen(user: Typist, size: tuple[int, int]) -> None:
    """Start again after a kill; the window offers what was open, and Space takes the offer."""
    user.start(size=size)
    user.until("the offer", lambda: user.has("Restore"))
    user.speed = 1.0


def held(part: tuple[Stretch, ...]) -> list[tuple[float, str, bool | None]]:
    """Keys down as long as something is done."""
    return [step for s in part for step in ((s.start_s, s.key, True), (s.end_s, s.key, False))]


def toggled(part: tuple[Stretch, ...]) -> list[tuple[float, str, bool | None]]:
    """A key whenever something begins."""
    return [(s.start_s, s.key, None) for s in part]


def ended(part: tuple[Stretch, ...], forgotten: Stretch | None = None) -> list[tuple[float, str, bool | None]]:
    """A key whenever something ends."""
    return [(s.end_s, s.key, None) for s in part if s is not forgotten]


def parts(stretches: tuple[Stretch, ...]) -> list[tuple[Stretch, ...]]:
    """Four parts: held, toggled, toggled after the kill, contiguous."""
    n = len(stretches)
    cuts = (0, n // 4, n // 2, 5 * n // 8, n)
    return [stretches[a:b] for a, b in pairwise(cuts)]


def label_it(user: Typist, known: Known, story: Telling, speed: float) -> None:
    """All of it, by keys."""
    first, second, third, fourth = parts(known.stretches)
    story.tell(user, "1-open", "The session is open: two keys for the project, a few letters for the session.")
    user.set_speed(speed)
    user.key("ctrl+1")
    half = len(first) // 2
    user.follow([*held(first[:half]), (first[half].start_s, first[half].key, True)])
    time.sleep(1.0)
    story.tell(user, "2-hold", f"A class key is held while it plays at {speed:g}×; the label grows and is on disk.")
    user.follow_on([(first[half].end_s, first[half].key, False), *held(first[half + 1 :])])
    user.tap("space")
    user.key("ctrl+2")
    rewind(user, second[0].start_s)
    user.follow(toggled(second))
    time.sleep(0.8)
    kill_and_go_on(user, known, story, second[-1])
    user.set_speed(speed)
    user.key("ctrl+2")
    user.follow([*toggled(third), (third[-1].end_s, third[-1].key, None)])
    user.tap("space")
    user.key("ctrl+3")
    forgotten = fourth[len(fourth) // 2]
    user.follow(ended(fourth[:-1], forgotten))
    time.sleep(max(0.0, (known.end_s - user.now()) / speed + 0.7))
    user.tap(fourth[-1].key)
    story.tell(user, "4-contiguous", "Contiguous: one key at the end of each activity; all of the time is labelled.")
    mend(user, known, story, forgotten)


def rewind(user: Typist, when: float) -> None:
    """Back to where one stopped too late."""
    while user.settled() > when + 0.01:
        user.step(when)


def kill_and_go_on(user: Typist, known: Known, story: Telling, pending: Stretch) -> None:
    """``kill -9`` while a label is open; what was said to be labelled is there."""
    from m3n_studio.project import Project

    percent, count = user.progress()
    user.slay()
    with Project.open(known.folder, read_only=True) as project:
        session = project.sessions()[0]
        labels = project.annotations(session.id)
        length = max(r.stop_s for r in project.recordings(session.id))
        share = 100 * sum(a.duration_s for a in labels) / length
    if len(labels) < count or share < percent - 0.51:
        raise Lost(f"labels were lost: {count} ({percent} %) were shown, {len(labels)} ({share:.1f} %) are there")
    story.say(f"Killed with kill -9 while {pending.name!r} was being labelled: the window had said {count} labels"
              f" ({percent} %), {len(labels)} ({share:.1f} %) were on disk.")  # fmt: skip
    reopen(user, SIZE)
    story.tell(user, "3-killed", "Killed with kill -9 and started again: the same session is offered; Space opens it.")
    user.key("space")
    user.until("the session", lambda: user.says("% labelled"))
    time.sleep(1.5)
    if user.progress()[1] != len(labels):
        raise Lost("the session shows other labels than were on disk")
    user.key("Home")
    user.key("ctrl+g")
    for _ in range(20):
        user.key("alt+Right")
        if user.settled() > pending.start_s - 1.0:
            break
    else:
        raise Lost("there is no way to what is not labelled yet")
    user.key("ctrl+1")
    user.tap(pending.key)
    user.go_to(pending.end_s)
    user.tap(pending.key)


def mend(user: Typist, known: Known, story: Telling, forgotten: Stretch) -> None:
    """Undo and redo, what was forgotten, what is in two parts, events, edges."""
    before = user.progress()
    user.key("ctrl+z", "ctrl+z", "ctrl+z")
    undone = user.progress()
    user.key("ctrl+y", "ctrl+y", "ctrl+y")
    if undone == before or user.progress() != before:
        raise Lost(f"undo and redo gave {undone} and {user.progress()} for {before}")
    story.say(f"Three labels undone ({undone[1]} left) and redone ({before[1]}).")
    user.key("Home")
    while user.now() < forgotten.start_s - 3.0:
        was = user.now()
        user.tap("ctrl+Right")
        if user.settled() <= was:
            break
    user.go_to(forgotten.end_s)
    user.key("ctrl+e")
    user.tap("Left", 3)
    user.key(f"shift+{forgotten.key}")
    user.key("ctrl+m")
    mend_edges(user, known, story)
    if known.moments:
        user.set_speed(16.0)
        user.key("ctrl+Down", "Home")
        for moment in known.moments:
            user.go_to(moment)
            user.tap("x")
        user.key("ctrl+Up")
    user.key("Home")


def mend_edges(user: Typist, known: Known, story: Telling) -> None:
    """From edge to edge; where the film says otherwise, step there and put the edge right."""
    true = [s.start_s for s in known.stretches[1:]]
    user.key("ctrl+semicolon", "Home")  # no snapping: the film says where an edge is
    mended, told, last = 0, False, -1.0
    while True:
        user.tap("ctrl+Right")
        edge = user.settled()
        if edge <= last + 1e-6 or edge > known.end_s - 0.1:
            break
        last = edge
        meant = min(true, key=lambda t: abs(t - edge))
        if not MEND_S < abs(meant - edge) < 2.5:
            continue
        later = meant > edge
        user.tap("Left", int(later))
        user.tap("ctrl+Return")
        user.step(meant)
        user.tap("ctrl+bracketright" if later else "ctrl+bracketleft")
        mended += 1
        last = max(edge, user.settled())
        if not told and mended > 3:
            told = True
            story.tell(user, "5-edges", "From edge to edge with Ctrl+→; frame by frame to where it should be, Ctrl+[.")
    user.key("ctrl+semicolon", "ctrl+shift+Escape")
    story.say(f"{mended} edges put right by hand.")


@dataclass(frozen=True)
class Judged:
    """How good the labels are.

    Attributes
    ----------
    right : float
        Share of the time that has the true class.
    edge_s : float, s
        Median distance of a true edge from the nearest labelled edge.
    worst_s : float, s
    """

    right: float
    edge_s: float
    worst_s: float
    labels: int
    events: int


def judge(known: Known) -> Judged:
    """Hold the labels in the project against the truth."""
    import numpy as np

    from m3n_studio.project import Project

    with Project.open(known.folder) as project:
        session = project.sessions()[0].id
        tier = next(t for t in project.tiers() if t.name == known.tier)
        labels = [a for a in project.annotations(session) if a.tier == tier.id]
        events = [a for a in project.annotations(session) if a.tier != tier.id]
        names = {c.id: c.name for c in tier.classes}
    right = sum(
        max(0.0, min(a.end_s, s.end_s) - max(a.start_s, s.start_s))
        for s in known.stretches for a in labels if names[a.label] == s.name
    )  # fmt: skip
    edges = np.array(sorted({e for a in labels for e in (a.start_s, a.end_s)}))
    off = np.array([np.abs(edges - s.start_s).min() for s in known.stretches])
    for stretch, apart in zip(known.stretches, off, strict=True):
        if apart > 2 * REACTION_S:
            print(f"    {stretch.name} begins at {stretch.start_s:.2f} s, its edge is {apart:.2f} s off", flush=True)
    whole = sum(s.end_s - s.start_s for s in known.stretches)
    return Judged(right / whole, float(np.median(off)), float(off.max()), len(labels), len(events))


def live(known: Known, pictures: Path, scratch: Path, prefix: str, speed: float) -> Telling:
    """The story in one sitting; raises :class:`Lost` where the user would be lost."""
    story = Telling(prefix)
    with screen(SCREEN) as display:
        user = Typist(display, scratch, pictures)
        try:
            user.start(size=SIZE)
            open_with_keys(user, known)
            began = time.monotonic()
            label_it(user, known, story, speed)
            took = time.monotonic() - began
            keys = user.keys
            show(user, story)
            code = user.stop()
        except (Lost, StopIteration, AssertionError):
            user.picture("lost-label")
            print((user.folder / "program.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            user.kill()
        complaints = (user.folder / "program.log").read_text()
        if code or "Traceback" in complaints:
            raise Lost(f"the program ended with {code}: {complaints[-3000:]}")
    found = judge(known)
    story.say(f"{known.end_s / 60:.1f} minutes labelled in {took / 60:.1f} minutes with {keys} keys and no mouse:"
              f" {found.labels} labels, {found.events} events; {found.right:.1%} of the time right, edges"
              f" {found.edge_s:.2f} s off (median), {found.worst_s:.2f} s at worst.")  # fmt: skip
    if found.right < 0.9:
        raise Lost(f"only {found.right:.1%} of the time is right")
    return story


def show(user: Typist, story: Telling) -> None:
    """What it looks like in the end, light and dark, small and large."""
    story.tell(user, "6-done", "Done: saved all along, so there is nothing to save.")
    user.key("ctrl+d")
    window = user.xdo("search", "--onlyvisible", "--name", "m3n Studio").split()[-1]
    for name, size in SIZES:
        user.xdo("windowsize", window, *map(str, size))
        time.sleep(1.2)
        user.picture(f"{story.prefix}dark-{name}")
    user.key("ctrl+d")
    user.xdo("windowsize", window, *map(str, SIZE))
    time.sleep(0.8)


_BEGIN, _END = "<!-- story -->", "<!-- end of the story -->"
_INTRODUCTION = """## Ten minutes, labelled by keys alone

Done by `python -m tools.story_label`: the program runs on a screen of its own, a script presses the keys a fifth of a
second after the film shows that the activity changes, and these are photographs of that screen. The recording is made
of the bundled motions, worn at both wrists, with a watch's noise.
"""


def publish(page: Path, story: Telling) -> None:
    """Put the story into the page about labelling, in the place of the one before."""
    publish_part(page, story, _INTRODUCTION, tuple(f"dark-{name}" for name, _ in SIZES))


def publish_part(page: Path, story: Telling, introduction: str, more: tuple[str, ...]) -> None:
    """Put a story, and pictures without words, between the marks of a page."""
    before, rest = page.read_text("utf-8").split(_BEGIN)
    steps = "\n".join(f"{n}. {words}\n\n   ![{words}](pictures/{name})\n"
                      for n, (words, name) in enumerate(story.lines, 1))  # fmt: skip
    facts = "\n".join(f"- {fact}" for fact in story.facts)
    last = "\n".join(f"![{name.replace('-', ', ').capitalize()}](pictures/{story.prefix}{name}.png)" for name in more)
    text = f"{before}{_BEGIN}\n{introduction}\n{steps}\n{facts}\n\n{last}\n{_END}{rest.split(_END)[1]}"
    page.write_text(text, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with sp_sw_har")
    parser.add_argument("--out", type=Path, default=Path("story-pictures"), help="pictures of --data go there")
    parser.add_argument("--only", choices=("", "workshop", "watches"), default="")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the recording is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="m3n-label-") as scratch:
        place = Path(scratch)
        if options.only != "watches":
            known = ten_minutes(place / "workshop", seconds=options.seconds)
            (place / "a").mkdir()
            story = live(known, options.docs / "pictures", place / "a", "label-", 4.0)
            if (options.docs / "labelling.md").is_file():
                publish(options.docs / "labelling.md", story)
        if options.data is not None and options.only != "workshop":
            known = watches(place / "watches", options.data / "sp_sw_har")
            (place / "b").mkdir()
            live(known, options.out, place / "b", "watches-", 0.5)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
