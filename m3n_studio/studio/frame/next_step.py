"""The bar that says what one can do next with what is open, until one knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button, tool_button


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
    """

    name: str
    when: Callable[[Contents], bool]
    words: Callable[[Contents], str]
    offers: tuple[tuple[str, str, str], ...]


_SHAPE = ("shape", "Shape the body", "Show sliders for every limb beside the traces they change")
STEPS = (
    Step(
        "recording", lambda c: c.clip is not None and not c.recordings,
        lambda _: "These signals are simulated. Drop the recording of a real sensor here to see how close they are.",
        (("open", "Open a recording…", "Choose the recording of this motion"), _SHAPE),
    ),
    Step(
        "motion", lambda c: c.clip is None and bool(c.recordings),
        lambda _: "These signals are real. Drop the motion that was recorded to simulate what they should be.",
        (("open", "Open a motion…", "Choose the motion that was recorded"),),
    ),
    Step(
        "differences", lambda c: bool(c.judged), lambda c: f"Aligned and compared: {closeness(c)}.",
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
        "open", "shape" or "differences".
    """

    wanted = Signal(str)

    def __init__(self, store: Store, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName("What to do next")
        self._store = store
        self._step: Step | None = None
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

    def show_for(self, contents: Contents) -> None:
        """Say what is next."""
        done = self._store.value.hints_done
        step = next((s for s in STEPS if s.name not in done and s.when(contents)), None)
        if step is not None:
            self.text.setText(step.words(contents))
        if step is not self._step:
            self._step = step
            self._make_buttons(() if step is None else step.offers)
        self.setVisible(step is not None)

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
        if what == "differences":
            self.put_away()
        self.wanted.emit(what)

    def put_away(self) -> None:
        """Do not say this again."""
        if self._step is not None:
            done = self._store.value.hints_done
            self._store.change(hints_done=tuple(dict.fromkeys((*done, self._step.name))))
        self._step = None
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.close_button.setIcon(icon("close", theme, color=theme.muted))
