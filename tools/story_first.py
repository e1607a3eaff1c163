"""The fifth story: from the empty window to a trained model and what it says, by the window's own hints.

``python -m tools.story_first``: the program runs in a process of its own on a screen of its own, the mouse and the keys
come from xdotool. Nothing is known but what the window offers: its buttons are pressed as they are offered, nothing in
the forms is changed. The clock is looked at, and what lies on the disk afterwards. Needs what ``tools.stories`` needs,
and torch.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools.story_user import REPOSITORY, Lost, User, screen

SCREEN, SIZE = (1700, 1100), (1280, 800)
SIZES = (("small", (900, 650)), ("large", (1600, 1000)))
#: What a newcomer is promised, and how long a busy machine may take, s.
PROMISED_S, PATIENCE_S = 300.0, 1200.0
PREFIX, PAGE = "first-", "first_model.md"


@dataclass
class Telling:
    """Sentences with their pictures, when each was, and figures."""

    began: float = 0.0
    lines: list[tuple[str, str]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    @property
    def now_s(self) -> float:
        """Since the window was there."""
        return time.monotonic() - self.began

    def tell(self, user: User, name: str, sentence: str) -> None:
        """Photograph the window and say what is seen."""
        user.picture(f"{PREFIX}{name}")
        self.lines.append((sentence, f"{PREFIX}{name}.png"))
        print(f"  {self.now_s:5.0f} s  {name}: {sentence}", flush=True)

    def say(self, fact: str) -> None:
        """Keep a figure."""
        self.facts.append(fact)
        print(f"  {fact}", flush=True)


def offered(user: User, button: str, sentence: str) -> None:
    """Take what the bar offers, once it does."""
    user.until(f"{button!r} with {sentence!r}", lambda: user.says(sentence) and user.has(button), PATIENCE_S)
    time.sleep(0.4)


def start(user: User, what: str) -> None:
    """Press Start as soon as it can be pressed, and see that something begins."""
    user.until(f"Start of {what}", lambda: any(t.called("Start") and t.enabled for t in user.look()))
    user.click("Start")
    user.until(f"{what} to begin", lambda: user.says(f"{what}-"))


def make_demo(user: User, folder: Path) -> None:
    """The start page's button for a project to learn with."""
    user.click("Demo project…")
    user.until("the dialog", lambda: user.has("Demo project: name of its folder"))
    user.key("ctrl+a")
    user.type(str(folder))
    user.key("Return")
    user.until("the project", lambda: user.says("% labelled"))


def learn(user: User, story: Telling) -> dict[str, float]:
    """Pretrain, finetune; how long each took, s."""
    took = {}
    offered(user, "Train a model…", "This session is labelled")
    story.tell(user, "2-demo", "The demo project: five made-up people with two watches, most of it labelled. The bar on"
               " top says what comes next.")  # fmt: skip
    user.click("Train a model…")
    user.until("the Train view", lambda: user.says("First of two steps"))
    time.sleep(1.0)
    story.tell(user, "3-pretrain", "*Train a model…* shows the Train view. It begins with the encoder and says why;"
               " nothing has to be filled in. Press *Start*.")  # fmt: skip
    began = time.monotonic()
    start(user, "pretrain")
    offered(user, "See the run", "An encoder is learning")
    user.click("See the run")
    time.sleep(6.0)
    story.tell(user, "4-pretraining", "*See the run*: the losses come while it learns, in the background.")
    offered(user, "Finetune…", "is ready. Now finetune")
    took["pretrain"] = time.monotonic() - began
    user.click("Finetune…")
    user.until("the second step", lambda: user.says("Second step"))
    time.sleep(1.5)
    story.tell(user, "5-finetune", "The encoder is ready, and the form has turned to finetuning from it: five people,"
               " six classes, a fold for each. *Start* again.")  # fmt: skip
    began = time.monotonic()
    start(user, "finetune")
    offered(user, "See the run", "A classifier is learning")
    user.click("See the run")
    offered(user, "See predictions", "is trained. See what it says")
    took["finetune"] = time.monotonic() - began
    time.sleep(1.0)
    story.tell(user, "6-trained", "The classifier is trained. Its score is that on people it had not seen.")
    return took


def overlay(user: User, story: Telling, project: Path) -> None:
    """What the model says, over the labels."""
    user.click("See predictions")
    user.until("the overlay", lambda: pieces(project) > 0 and not user.says("around the cursor first"))
    user.click("Predictions over time", at=(0.62, 0.4))
    time.sleep(1.5)
    story.tell(user, "7-predictions", "*See predictions*: what it says of every moment stands over the labels on one"
               " axis, with its doubts, where it differs, and which expert decided.")  # fmt: skip


def suggestions(user: User, story: Telling) -> None:
    """What to label next."""
    offered(user, "See suggestions", "suggests what to label next")
    user.click("See suggestions")
    user.until("the hint", lambda: user.says("Choose Project above"), 120.0)
    user.click("Where to look")
    user.key("Down", "Return")
    user.until("suggestions", lambda: user.says(" left in 10 sessions"), 240.0)
    time.sleep(2.0)
    story.tell(user, "8-suggestions", "*See suggestions*: this session is all labelled, so it says to look in the"
               " project: what is worth a label next, each accepted or rejected with a key."
               " Then train again.")  # fmt: skip


def pieces(project: Path) -> int:
    """Stretches of predictions kept in the project."""
    return sum(1 for _ in (project / "cache" / "predictions").rglob("*.piece"))


def judge(story: Telling, project: Path) -> None:
    """What lies on the disk: two runs that have ended well, a score, predictions."""
    states, scores = {}, []
    for run in sorted((project / "runs").iterdir()):
        states[run.name] = json.loads((run / "state.json").read_text())["status"]
        metrics = json.loads((run / "metrics.json").read_text())
        scores += [metrics["mean"]["macro_f1"]] if "mean" in metrics else []
    if sorted(states.values()) != ["finished"] * 2 or len(scores) != 1:
        raise Lost(f"two finished runs were expected, one with a score; there is {states}, {scores}")
    if not pieces(project):
        raise Lost("no prediction is kept in the project")
    story.say(f"On disk: {' and '.join(states)}, both finished; {pieces(project)} stretches of predictions. Macro F1"
              f" {100 * scores[0]:.0f} on people not seen in training; by chance it would be about 17.")  # fmt: skip


def show(user: User) -> None:
    """What it looks like in the end, dark, small and large."""
    user.key("Escape")
    user.key("ctrl+d")
    window = user.xdo("search", "--onlyvisible", "--name", "m3n Studio").split()[-1]
    for name, size in SIZES:
        user.xdo("windowsize", window, *map(str, size))
        time.sleep(1.5)
        user.picture(f"{PREFIX}dark-{name}")


def live(pictures: Path, place: Path) -> Telling:
    """The whole story on a screen of its own."""
    story, project = Telling(), place / "demo"
    with screen(SCREEN) as display:
        user = User(display, place, pictures)
        try:
            user.start(size=SIZE)
            story.began = time.monotonic()
            story.tell(user, "1-start", "The empty window. *Demo project…* makes a small labelled project.")
            make_demo(user, project)
            made_s = story.now_s
            took = learn(user, story)
            overlay(user, story, project)
            whole_s = story.now_s
            suggestions(user, story)
            story.say(f"{whole_s / 60:.1f} minutes from the empty window to the overlay on two cores, pauses for these"
                      f" pictures included: the project {made_s:.0f} s, pretraining {took['pretrain']:.0f} s,"
                      f" finetuning {took['finetune']:.0f} s.")  # fmt: skip
            show(user)
            code = user.stop()
        except BaseException:
            user.picture("lost-first")
            print((place / "program.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            user.kill()
        complaints = (place / "program.log").read_text()
        if code or "Traceback" in complaints:
            raise Lost(f"the program ended with {code}: {complaints[-3000:]}")
    judge(story, project)
    if whole_s > PROMISED_S:
        print(f"  {whole_s:.0f} s are more than the {PROMISED_S:.0f} s promised: was the machine busy?")
    return story


_BEGIN, _END = "<!-- story -->", "<!-- end of the story -->"


def publish(page: Path, story: Telling) -> None:
    """Put the story into its page, in the place of the one before."""
    before, rest = page.read_text("utf-8").split(_BEGIN)
    steps = "\n".join(f"{n}. {words}\n\n   ![{words.replace('*', '')}](pictures/{name})\n"
                      for n, (words, name) in enumerate(story.lines, 1))  # fmt: skip
    facts = "\n".join(f"- {fact}" for fact in story.facts)
    sizes = "\n".join(f"![Dark, {name}](pictures/{PREFIX}dark-{name}.png)" for name, _ in SIZES)
    page.write_text(f"{before}{_BEGIN}\n{steps}\n{facts}\n\n{sizes}\n{_END}{rest.split(_END)[1]}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="m3n-first-") as scratch:
        story = live(options.docs / "pictures", Path(scratch))
    publish(options.docs / PAGE, story)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
