"""The bar that says what one can do next with what is open, until one knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.frame.learn_watch import Learned
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button, tool_button

NOTHING_LEARNED = Learned()


@dataclass(frozen=True)
class Step:
    """One thing to do next.

    Attributes
    ----------
    name : str
        It is remembered by this when it need not be offered any more.
    when : callable
        Whether it is next.
    words : callable
        What there is, and what to do.
    offers : tuple of (str, str, str)
        What can be asked for, the button's words and its tooltip.
    taken : {"", "hides", "done"}
        What becomes of it when an offer is taken: it stays, is hidden until another step was next, or is not
        offered again.
    lasting : bool
        Putting it away is remembered at the next start.
    """

    name: str
    when: Callable[[Contents, Learned], bool]
    words: Callable[[Contents, Learned], str]
    offers: tuple[tuple[str, str, str], ...]
    taken: str = ""
    lasting: bool = True


_SHAPE = ("shape", "Shape the body", "Show sliders for every limb beside the traces they change")
_RUN = (("runs", "See the run", "Show its curves as they grow"),)
STEPS = (
    Step(
        "cut off", lambda _, s: bool(s.cut_off) and not s.running,
        lambda _, s: f"The run {s.cut_off} was cut off before it was finished. It can go on exactly from there.",
        (("training", "Go on with it…", "Show the run in the Train view, with the button that goes on"),),
        "hides", lasting=False,
    ),
    Step(
        "train", lambda c, s: bool(c.document.session_id) and s.labelled and not s.runs,
        lambda *_: "This session is labelled: a model can learn from it, and say what it sees in every other moment.",
        (("training", "Train a model…", "Show the Train view: pretrain an encoder, then finetune a classifier"),),
        "hides",
    ),
    Step(
        "pretraining", lambda _, s: s.running == "pretrain",
        lambda *_: "An encoder is learning from motions, in the background. Once it is ready it can be finetuned.",
        _RUN, "hides", lasting=False,
    ),
    Step(
        "finetuning", lambda _, s: s.running == "finetune",
        lambda *_: "A classifier is learning from the labels, in the background. You can go on labelling.",
        _RUN, "hides", lasting=False,
    ),
    Step(
        "finetune", lambda c, s: bool(s.encoder) and not s.classifier and bool(c.document.session_id),
        lambda _, s: f"The encoder {s.encoder} is ready. Now finetune it: it learns the classes from your labels.",
        (("training", "Finetune…", "Show the Train view, which begins from this encoder"),), "hides",
    ),
    Step(
        "predictions", lambda c, s: bool(s.classifier) and bool(c.document.session_id),
        lambda _, s: f"The classifier {s.classifier} is trained. See what it says of this recording, moment by moment.",
        (("predictions", "See predictions", "Show what it says over the labels"),), "done",
    ),
    Step(
        "suggestions", lambda c, s: bool(s.classifier) and bool(c.document.session_id),
        lambda *_: "The model suggests what to label next, and which labels may be wrong: accept or reject with a key.",
        (("suggestions.keys", "See suggestions", "Walk through them with keys: Return accepts, Backspace rejects"),),
        "done",
    ),
    Step(
        "label", lambda c, _: bool(c.document.session_id),
        lambda *_: "Play with the space bar and hold the key of a class to label. Alt+Right goes to what has none yet.",
        (),
    ),
    Step(
        "recording", lambda c, _: c.clip is not None and not c.recordings and not c.document.session_id,
        lambda *_: "These signals are simulated. Drop the recording of a real sensor here to see how close they are.",
        (("open", "Open a recording…", "Choose the recording of this motion"), _SHAPE),
    ),
    Step(
        "motion", lambda c, _: c.clip is None and bool(c.recordings) and not c.document.session_id,
        lambda *_: "These signals are real. Drop the motion that was recorded to simulate what they should be.",
        (("open", "Open a motion…", "Choose the motion that was recorded"),),
    ),
    Step(
        "differences", lambda c, _: bool(c.judged), lambda c, _: f"Aligned and compared: {closeness(c)}.",
        (("differences", "Where and why do they differ?", "Show the worst moments, the alignment and all numbers"),
         _SHAPE),
    ),
)  # fmt: skip


def closeness(contents: Contents) -> str:
    """The lowest and highest r of each sensor: ``left wrist r 0.989 to 0.998``."""
    out = []
    for sensor, judged in contents.judged.items():
        found = [row.r for row in judged.report.channels if row.r is not None and row.axis in "xyz"]
        if found:
            out.append(f"{sensor.replace('_', ' ')} r {min(found):.3f} to {max(found):.3f}")
    more = f" and {len(out) - 3} more" if len(out) > 3 else ""
    return "; ".join(out[:3]) + more if out else "no channel moved enough to tell"


class NextStep(QFrame):
    """Hidden where there is nothing to say, or where it was said and put away.

    Signals
    -------
    wanted : str
        "open", "shape", "differences", or the name of an action.
    """

    wanted = Signal(str)

    def __init__(self, store: Store, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName("What to do next")
        self._store = store
        self._step: Step | None = None
        self._taken = ""
        self._put_away: set[str] = set()
        self.text = label()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.buttons: dict[str, QPushButton] = {}
        self.close_button = tool_button(tip="Do not say this again", accessible="Put this away")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 4, 4, 4)
        self._row.setSpacing(8)
        self._row.addWidget(self.text, 1)
        self._row.addWidget(self.close_button)
        self.close_button.clicked.connect(self.put_away)
        self.set_theme(theme)
        self.hide()

    def show_for(self, contents: Contents, learned: Learned = NOTHING_LEARNED) -> None:
        """Say what is next."""
        done = self._put_away.union(self._store.value.hints_done)
        step = next((s for s in STEPS if s.name not in done and s.when(contents, learned)), None)
        if step is not None:
            self.text.setText(step.words(contents, learned))
        if step is not self._step:
            self._step, self._taken = step, ""
            self._make_buttons(() if step is None else step.offers)
        self.setVisible(step is not None and step.name != self._taken)

    def _make_buttons(self, offers: tuple[tuple[str, str, str], ...]) -> None:
        for button in self.buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        for at, (what, text, tip) in enumerate(offers):
            button = push_button(text, tip=tip, style="" if at else "primary")
            button.clicked.connect(lambda _=False, w=what: self._on_wanted(w))
            self._row.insertWidget(at + 1, button)
            self.buttons[what] = button

    def _on_wanted(self, what: str) -> None:
        step = self._step
        if what == "differences" or (step is not None and step.taken == "done"):
            self.put_away()
        elif step is not None and step.taken == "hides":
            self._taken = step.name
            self.hide()
        self.wanted.emit(what)

    def put_away(self) -> None:
        """Do not say this again."""
        step = self._step
        if step is not None and step.lasting:
            done = self._store.value.hints_done
            self._store.change(hints_done=tuple(dict.fromkeys((*done, step.name))))
        elif step is not None:
            self._put_away.add(step.name)
        self._step = None
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.close_button.setIcon(icon("close", theme, color=theme.muted))
