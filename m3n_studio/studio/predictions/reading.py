"""What models say at one moment, in words: probabilities, label, doubt, and which expert decided."""

from __future__ import annotations

from html import escape

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.core.timecode import clock_text
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.predictions.bands import entropy
from m3n_studio.studio.predictions.gate_rows import decider, gates_of
from m3n_studio.studio.predictions.strip_paint import Group, Row

_MOST_MODELS, _MOST_CLASSES = 3, 4


def shares(group: Group, time_s: float) -> list[tuple[str, float, str]]:
    """Name, probability and colour of every class at a time, the likeliest first; empty where nothing is known."""
    found = group.found
    at = None if found is None else found.moment_at(time_s)
    if found is None or at is None:
        return []
    order = np.argsort(-found.probability[at], kind="stable")
    return [(found.classes[i], float(found.probability[at, i]), group.colors[i]) for i in order]


def says(group: Group, time_s: float) -> str:
    """Label, doubt, and who decided, in a sentence each."""
    found = group.found
    at = None if found is None else found.moment_at(time_s)
    if found is None or at is None:
        return "not predicted here"
    p = found.probability[at]
    top = np.sort(p)[::-1]
    label = group.labels.name_at(time_s)
    best = found.classes[int(p.argmax())]
    differs = label and label.strip().lower() != best.strip().lower()
    parts = [f"labelled {label}{' (differs)' if differs else ''}" if label else "not labelled"]
    who = decider(found, time_s, group.fold)
    if who is not None:
        of = f" of fold {who.fold + 1}" if found.mean_gates.shape[0] > 1 else ""
        gate = f"gate {100 * who.gate:.0f} %"
        if who.little:
            parts.append(f"the experts{of} say little of it: {who.whole:+.2f} of about {who.total:+.2f} logits, most"
                         f" expert {who.expert + 1}, {gate}")  # fmt: skip
        else:
            parts.append(f"expert {who.expert + 1}{of} decided: {who.part:+.2f} of {who.whole:+.2f} logits, {gate}")
    doubt = float(entropy(p[None])[0])
    parts.append(f"doubt {100 * doubt:.0f} %, lead {100 * float(top[0] - (top[1] if len(top) > 1 else 0)):.0f} points")
    return " · ".join(parts)


def tooltip(groups: tuple[Group, ...], row: Row, time_s: float) -> str:
    """What a row shows at a time, as rich text."""
    group = groups[row.group]
    about = _ABOUT[row.kind]
    if row.kind == "head":
        return f"<b>{escape(group.name)}</b><br>{escape(group.about)}"
    lines = [f"<b>{clock_text(time_s)}</b> {escape(group.name)}"]
    found = group.found
    if row.kind == "gate" and found is not None:
        window = found.window_at(time_s)
        if window is not None:
            gates = gates_of(found, group.fold)[window]
            lines += [f"Expert {i + 1}: {100 * g:.0f} %" for i, g in enumerate(gates)]
    else:
        lines += [f"{escape(name)} {100 * p:.0f} %" for name, p, _ in shares(group, time_s)[:8]]
    lines.append(escape(says(group, time_s)))
    return "<br>".join([*lines, f"<i>{about}</i>"])


_ABOUT = {
    "head": "",
    "bands": "How probable each class is, stacked to 100 %.",
    "best": "The likeliest class.",
    "labels": "Labels of the tier that is labelled; marked below where the model says another class it knows.",
    "doubt": "Entropy of the probabilities: bright where the model does not know.",
    "gate": "How much of each expert's opinion is taken, mean over the tokens that are there.",
}


class Reading(QWidget):
    """Two lines a model: what it says where the cursor is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.groups: tuple[Group, ...] = ()
        self.time_s = 0.0
        self.setAccessibleName("What the models say under the cursor")
        self.setToolTip(
            "What the models say where the cursor is. Which expert decided: a class's logit is a sum over experts of"
            " gate times opinion, so each one's part is known; the one that lifts the winning class most above the"
            " mean of all classes decided. Where a linear way goes past the experts and says more than they do, that is"
            " told instead. Taken from the window whose middle is nearest."
        )

    def show_at(self, groups: tuple[Group, ...], time_s: float) -> None:
        """Show a moment, s."""
        if len(groups[:_MOST_MODELS]) != len(self.groups):
            self.updateGeometry()
        self.groups, self.time_s = groups[:_MOST_MODELS], time_s
        self.setAccessibleDescription("\n".join(self.words()))
        self.update()

    def words(self) -> list[str]:
        """What is shown, as text."""
        out = []
        for group in self.groups:
            parts = [f"{name} {100 * p:.0f} %" for name, p, _ in shares(group, self.time_s)[:_MOST_CLASSES]]
            out.append(f"{group.name}: {', '.join(parts)}; {says(group, self.time_s)}")
        return out

    def sizeHint(self) -> QSize:  # noqa: N802
        """Two lines a model."""
        return QSize(300, self._line() * 2 * max(len(self.groups), 1) + 4)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Two lines: where there is no room for more, the first model is shown."""
        return QSize(200, self._line() * 2 + 4)

    def _line(self) -> int:
        return QFontMetrics(self.font()).height() + 2

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, y = self._line(), 2.0
        for group in self.groups:
            if y > 2.0 and y + 2 * line > self.height() + 2:
                break
            self._first(painter, group, y)
            painter.setFont(self.font())
            painter.setPen(QColor(self.theme.muted))
            words = QFontMetrics(self.font()).elidedText(says(group, self.time_s), Qt.TextElideMode.ElideRight,
                                                         self.width())  # fmt: skip
            painter.drawText(QRectF(0, y + line, self.width(), line), Qt.AlignmentFlag.AlignVCenter, words)
            y += 2 * line
        painter.end()

    def _first(self, painter: QPainter, group: Group, y: float) -> None:
        """Time or name, and the likeliest classes with their colours."""
        line, x = self._line(), 0.0
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(bold)
        head = clock_text(self.time_s) if len(self.groups) == 1 else group.name
        head = metrics.elidedText(head, Qt.TextElideMode.ElideMiddle, 160)
        painter.setFont(bold)
        painter.setPen(QColor(self.theme.text))
        painter.drawText(QRectF(0, y, 170, line), Qt.AlignmentFlag.AlignVCenter, head)
        x = metrics.horizontalAdvance(head) + 14.0
        painter.setFont(self.font())
        plain = QFontMetrics(self.font())
        for name, p, color in shares(group, self.time_s)[:_MOST_CLASSES]:
            words = f"{name} {100 * p:.0f} %"
            room = plain.horizontalAdvance(words) + 30
            if x + room > self.width() or p < 0.005:
                break
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(QRectF(x, y + line / 2 - 5, 10, 10), 2, 2)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(QRectF(x + 14, y, room, line), Qt.AlignmentFlag.AlignVCenter, words)
            x += room

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()
