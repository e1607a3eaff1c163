"""The fourth story: label, train, keep labelling, see where the model disagrees, accept, train again.

``python -m tools.story_learn --data DIR`` where DIR holds ``sp_sw_har`` and ``bandai_motion``. The program runs in a
process of its own on a screen of its own; mouse and keys come from xdotool. Eight people wore a watch; two of them are
labelled with the keyboard, as the labels of the files say. An encoder is pretrained on the motions, a classifier
finetuned on what is labelled while a third person is labelled, ten of its suggestions are accepted, and it is
finetuned again. Both are then judged on the people nobody labelled. Needs what ``tools.stories`` needs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.story_label import Telling, Typist, ended, open_with_keys, publish_part
from tools.story_recordings import Known, people
from tools.story_user import REPOSITORY, Lost, User, screen

SCREEN, SIZE = (1700, 1100), (1600, 1000)
NAMES = tuple(f"s0{i}" for i in range(1, 9))
LABELLED, MEANWHILE, SHOWN = ("s01", "s02"), "s03", "s04"
SUGGESTIONS = 10
SPEED = 0.5
PATIENCE_S = 1500.0


class Worker(Typist):
    """A user with a mouse and a keyboard."""

    click, drag = User.click, User.drag

    def choose(self, what: str, first: str) -> None:
        """Choose in a list by the first letters."""
        self.click(what, part="QComboBox")
        self.type(first)
        self.key("Return")

    def fill(self, what: str, words: str) -> None:
        """Write into a field."""
        self.click(what, part="QLineEdit", times=3)
        self.type(words)
        self.key("Tab")


def session(user: Worker, known: Known) -> None:
    """Put a session on the desk by the palette."""
    user.find_command(known.session.split(" · ")[0] + " all of it")
    user.until(f"the session {known.session}", lambda: user.says(known.session))
    time.sleep(1.5)


def label(user: Worker, known: Known) -> tuple[int, int]:
    """Label a session as it plays, a key at the end of each activity; what the window says of it."""
    user.key("Home")
    user.set_speed(SPEED)
    user.key("ctrl+3")
    user.follow(ended(known.stretches[:-1]))
    time.sleep(max(0.0, (known.end_s - user.now()) / SPEED + 0.7))
    user.tap(known.stretches[-1].key)
    time.sleep(0.7)
    return user.progress()


def runs_of(folder: Path) -> list[Path]:
    """The runs of the project in the order they were made."""
    found = [p.parent for p in (folder / "runs").glob("*/run.json")]
    return sorted(found, key=lambda p: (json.loads((p / "run.json").read_text())["created_at"], p.name))


def status(run: Path) -> str:
    """How a run stands."""
    return str(json.loads((run / "state.json").read_text())["status"])


def wait_for(user: Worker, folder: Path, count: int) -> Path:
    """Wait until the so-manieth run is finished."""

    def there() -> bool:
        runs = runs_of(folder)
        if len(runs) >= count and status(runs[count - 1]) in ("failed", "cancelled"):
            raise Lost(f"the run ended: {(runs[count - 1] / 'state.json').read_text()}")
        return len(runs) >= count and status(runs[count - 1]) == "finished"

    user.until(f"run {count}", there, PATIENCE_S)
    return runs_of(folder)[count - 1]


def begun(user: Worker, folder: Path, count: int) -> None:
    """Wait until the so-manieth run has begun."""
    user.until(f"run {count} to begin", lambda: len(runs_of(folder)) >= count, 120.0)


def train(user: Worker, known: dict[str, Known], story: Telling, data: Path, epochs: int) -> list[Path]:
    """From an empty project to the second classifier; the finetuned runs."""
    folder = known["s01"].folder
    open_with_keys(user, known[LABELLED[0]])
    for name in LABELLED:
        session(user, known[name])
        percent, count = label(user, known[name])
        story.say(f"{name}: {known[name].end_s:.0f} s labelled by keys at {SPEED:g}×: {count} labels, {percent} %.")
    story.tell(user, "1-labelled", "Two people are labelled, hands on the keyboard.")
    user.key("ctrl+t")
    user.until("the Train view", lambda: user.has("Pretrain"))
    user.click("Pretrain")
    user.click("Add folder…")
    user.until("the dialog", lambda: user.says("Add a folder") or user.has("Directory:") or user.has("Choose"))
    user.type(str(data / "bandai_motion"))
    user.key("Return")
    time.sleep(1.0)
    user.fill("Most epochs", str(epochs))
    user.click("Start")
    begun(user, folder, 1)
    time.sleep(25.0)
    user.click("Runs")
    time.sleep(1.5)
    story.tell(user, "2-pretraining", "An encoder is pretrained on motions in the background; its losses by part.")
    pretrained = wait_for(user, folder, 1)
    story.say(f"Pretrained: {_took(pretrained)}.")
    finetuned = [finetune(user, known, story)]
    session(user, known[SHOWN])
    user.until("predictions", lambda: not user.says("no finetuned model"), 60.0)
    time.sleep(6.0)
    story.tell(
        user, "4-overlay", "A person nobody labelled: what the model says, how sure it is, which experts say it."
    )
    accept(user, story)
    user.key("ctrl+t")
    user.click("Finetune")
    time.sleep(2.5)
    user.click("Start")
    begun(user, folder, 3)
    finetuned.append(wait_for(user, folder, 3))
    user.click("Runs")
    time.sleep(2.0)
    story.tell(user, "6-again", "Finetuned again, with what was labelled meanwhile and accepted.")
    user.click("Embedding")
    time.sleep(1.0)
    user.click("Embed")
    time.sleep(12.0)
    story.tell(user, "7-embedding", "Every window of the project as a point of the model's space.")
    user.key("ctrl+d")
    time.sleep(1.0)
    user.picture(f"{story.prefix}dark")
    user.key("ctrl+d")
    return finetuned


def finetune(user: Worker, known: dict[str, Known], story: Telling) -> Path:
    """The first finetuning, while a third person is labelled."""
    folder = known["s01"].folder
    user.key("ctrl+t")
    user.click("Finetune")
    time.sleep(2.5)
    story.tell(user, "3a-finetune", "Finetune on what is labelled: who, how much of what, from which encoder.")
    user.click("Start")
    begun(user, folder, 2)
    session(user, known[MEANWHILE])
    percent, count = label(user, known[MEANWHILE])
    still = status(runs_of(folder)[1])
    story.say(f"{MEANWHILE}: {count} labels, {percent} %, while it trained (by then the run was {still}).")
    story.tell(user, "3b-meanwhile", "A third person is labelled meanwhile.")
    run = wait_for(user, folder, 2)
    story.say(f"Finetuned: {_took(run)}; {_result(run)} over folds by time of the two people.")
    return run


def accept(user: Worker, story: Telling) -> None:
    """Accept ten suggestions with a key each."""
    before = user.progress()[1]
    user.key("F6")
    user.until("suggestions", lambda: user.has("Accept") and not user.says("Computing"), 120.0)
    time.sleep(3.0)
    story.tell(user, "5-suggestions", "What to label next, with reasons; Return accepts, a class's key corrects.")
    for _ in range(SUGGESTIONS):
        user.key("Return")
        time.sleep(0.5)
    user.key("Escape")
    story.say(f"{SUGGESTIONS} suggestions accepted with Return; the session shown went from {before} to"
              f" {user.progress()[1]} labels.")  # fmt: skip


def _took(run: Path) -> str:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines() if line.strip()]
    epochs = sum(e["kind"] == "epoch" for e in events)
    return f"{epochs} epochs in {events[-1]['time'] - events[0]['time']:.0f} s"


def _result(run: Path) -> str:
    metrics = json.loads((run / "metrics.json").read_text())
    return f"macro F1 {100 * metrics['mean']['macro_f1']:.1f} ± {100 * metrics['std']['macro_f1']:.1f}"


@dataclass(frozen=True)
class Judged:
    """How right a model is on people it never saw: share of time, macro F1."""

    right: float
    macro_f1: float


def judge(run: Path, known: dict[str, Known]) -> Judged:
    """Predict the people nobody labelled, and hold it against the labels of the files."""
    import numpy as np

    from m3n_studio.learning.evaluate import scores
    from m3n_studio.learning.predict import predict
    from m3n_studio.project import Project

    probability, truth = [], []
    classes: tuple[str, ...] = ()
    with Project.open(known["s01"].folder, read_only=True) as project:
        subjects = {s.id: s.name for s in project.subjects()}
        for session in project.sessions():
            name = subjects[session.subject]
            if name in (*LABELLED, MEANWHILE):
                continue
            (recording,) = project.recordings(session.id)
            found = predict(run, {"left_wrist": project.signal(recording).read()})
            classes = found.classes
            middle = found.time_s + found.hop_s / 2
            starts = np.array([s.start_s for s in known[name].stretches])
            at = np.clip(np.searchsorted(starts, middle, side="right") - 1, 0, None)
            real = np.array([classes.index(known[name].stretches[i].name) for i in at])
            there = np.isfinite(found.probability).all(axis=1)
            probability.append(found.probability[there])
            truth.append(real[there])
    p, t = np.concatenate(probability), np.concatenate(truth)
    return Judged(float((p.argmax(axis=1) == t).mean()), float(scores(p, t, classes).macro_f1))


def live(data: Path, pictures: Path, scratch: Path, most_s: float, epochs: int) -> Telling:
    """The story in one sitting."""
    story = Telling("learn-")
    known = people(scratch / "watches", data / "sp_sw_har", NAMES, most_s=most_s)
    (scratch / "user").mkdir()
    with screen(SCREEN) as display:
        user = Worker(display, scratch / "user", pictures)
        try:
            user.start(size=SIZE)
            finetuned = train(user, known, story, data, epochs)
            code = user.stop()
        except (Lost, StopIteration):
            user.picture("lost-learn")
            print((user.folder / "program.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            user.kill()
        complaints = (user.folder / "program.log").read_text()
        if code or "Traceback" in complaints:
            raise Lost(f"the program ended with {code}: {complaints[-3000:]}")
    first, second = (judge(run, known) for run in finetuned)
    story.say(
        f"On the five people nobody labelled (time right, macro F1): first {first.right:.1%},"
        f" {100 * first.macro_f1:.1f}; after {MEANWHILE} and {SUGGESTIONS} suggestions {second.right:.1%},"
        f" {100 * second.macro_f1:.1f}."
    )
    return story


_INTRODUCTION = """Done by `python -m tools.story_learn`: the program runs on a screen of its own, a script moves the
mouse and presses the keys, and these are photographs of that screen. Eight people of `sp_sw_har`, the watch at the left
wrist; nothing of the files' labels but what was pressed is in the project.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with sp_sw_har and bandai_motion")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    parser.add_argument("--most-s", type=float, default=60.0, help="how much of each person, s")
    parser.add_argument("--epochs", type=int, default=25, help="of pretraining")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="m3n-learn-") as scratch:
        story = live(options.data.resolve(), options.docs / "pictures", Path(scratch), options.most_s, options.epochs)
    page = options.docs / "training.md"
    if page.is_file():
        publish_part(page, story, _INTRODUCTION, ("dark",))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
