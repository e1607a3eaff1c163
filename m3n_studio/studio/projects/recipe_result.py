"""What comes out of a recipe: curves, figures, what the checks found with remedies to choose, and reasons."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.guess_layout import Guess
from m3n_studio.recordings.remedies import REMEDIES
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named
from m3n_studio.studio.projects.recipe_look import Look, SensorLook
from m3n_studio.studio.projects.recipe_plots import GRAVITY_MPS2, BandPlot

_LEVELS = {"reject": "Unusable", "warning": "Likely wrong", "note": "Note"}
_MOST_SHOWN = 60


def scrolled(content: QWidget, accessible: str) -> QScrollArea:
    """A widget that scrolls where there is too little room."""
    area = named(QScrollArea(), accessible=accessible)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def fields(*rows: tuple[str, QWidget | QLayout]) -> QGridLayout:
    """Names with their fields beside them, on one line each."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(10)
    grid.setColumnStretch(1, 1)
    for row, (text, field) in enumerate(rows):
        name = label(text)
        grid.addWidget(name, row, 0)
        if isinstance(field, QWidget):
            name.setBuddy(field)
            grid.addWidget(field, row, 1)
        else:
            grid.addLayout(field, row, 1)
    return grid


def emptied(layout: QVBoxLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def words(text: str, *, style: str = "") -> QLabel:
    """A paragraph one can select."""
    out = label(text, style=style)
    out.setWordWrap(True)
    out.setTextFormat(Qt.TextFormat.PlainText)
    out.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return out


class ResultPane(QWidget):
    """Curves above; figures, findings and reasons in tabs below.

    Signals
    -------
    fixes_changed : tuple of str
        Remedies the user chose.
    """

    fixes_changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fixes: tuple[str, ...] = ()
        self._shown: tuple[Finding, ...] | None = None
        self.acc = BandPlot(theme, "|acc|", "m/s²", expected=GRAVITY_MPS2)
        self.gyr = BandPlot(theme, "|gyr|", "rad/s")
        plots = QHBoxLayout()
        plots.setSpacing(12)
        plots.addWidget(self.acc)
        plots.addWidget(self.gyr)
        self.tabs = named(QTabWidget(), accessible="Figures, findings and reasons")
        self.tabs.setDocumentMode(True)
        self._pages: dict[str, QVBoxLayout] = {}
        for key, title in (("figures", "Figures"), ("findings", "Findings"), ("reasons", "Why")):
            page = QWidget()
            box = self._pages[key] = QVBoxLayout(page)
            box.setContentsMargins(4, 8, 8, 4)
            box.setSpacing(6)
            self.tabs.addTab(scrolled(page, title), title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(plots, 2)
        layout.addWidget(self.tabs, 3)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.acc.set_theme(theme)
        self.gyr.set_theme(theme)

    def show_nothing(self, why: str) -> None:
        """There is no result, and why."""
        self.acc.set_bands((), "nothing yet")
        self.gyr.set_bands((), "nothing yet")
        self._fill("figures", [words(why, style="muted")])
        self._shown = None
        self._fill("findings", [])
        self.tabs.setTabText(1, "Findings")

    def show_look(self, look: Look, fixes: tuple[str, ...]) -> None:
        """Show what came out."""
        self.acc.set_bands(tuple(s.acc for s in look.sensors))
        self.gyr.set_bands(tuple(s.gyr for s in look.sensors if s.gyr is not None))
        about = [words(line) for sensor in look.sensors[:_MOST_SHOWN] for line in figure_lines(sensor)]
        self._fill("figures", [*([words(look.trouble, style="warning")] if look.trouble else []), *about,
                               *[words(line, style="muted") for line in said(look)]])  # fmt: skip
        if look.findings != self._shown or fixes != self._fixes:
            self._show_findings(look.findings, fixes)

    def _show_findings(self, findings: tuple[Finding, ...], fixes: tuple[str, ...]) -> None:
        self._shown, self._fixes = findings, fixes
        self.tabs.setTabText(1, f"Findings ({len(findings)})" if findings else "Findings")
        rows: list[QWidget] = []
        offered = set()
        for finding in findings[:_MOST_SHOWN]:
            rows.append(words(f"{_LEVELS[finding.level]}, {finding.where}: {finding.what} ({finding.seen}).",
                              style="" if finding.level == "note" else "warning"))  # fmt: skip
            if finding.fix and finding.fix not in offered:
                offered.add(finding.fix)
                rows.append(self._choice(finding.fix, finding.remedy))
            elif not finding.fix:
                rows.append(words(finding.remedy, style="muted"))
        rows += [self._choice(name, "Chosen; nothing here calls for it") for name in fixes if name not in offered]
        if len(findings) > _MOST_SHOWN:
            rows.append(words(f"and {len(findings) - _MOST_SHOWN} more", style="muted"))
        if not rows:
            rows = [words("The checks found nothing odd.", style="muted")]
        self._fill("findings", rows)

    def _choice(self, name: str, remedy: str) -> QCheckBox:
        title = REMEDIES[name].title
        box = named(QCheckBox(title[:1].upper() + title[1:]), tip=remedy, accessible=f"Remedy: {title}")
        box.setChecked(name in self._fixes)
        box.toggled.connect(lambda on, name=name: self._on_choice(name, on))
        return box

    def _on_choice(self, name: str, on: bool) -> None:
        left = tuple(fix for fix in self._fixes if fix != name)
        self._fixes = (*left, name) if on else left
        self.fixes_changed.emit(self._fixes)

    def show_reasons(self, guesses: tuple[Guess, ...], problems: tuple[str, ...]) -> None:
        """Say why the first guess is as it is."""
        rows: list[QWidget] = [
            words(f"Open: {problem.removesuffix(': give one (--rate)')}", style="warning") for problem in problems
        ]
        for one in guesses:
            rows.append(words(f"{one.key.replace('_', ' ')}: {one.value} ({one.confidence})"))
            rows.append(words(one.reason, style="muted"))
        self._fill("reasons", rows or [words("Nothing could be guessed.", style="muted")])

    def _fill(self, key: str, rows: list[QWidget]) -> None:
        box = self._pages[key]
        emptied(box)
        for row in rows:
            box.addWidget(row)
        box.addStretch(1)


def figure_lines(sensor: SensorLook) -> list[str]:
    """Rate, gravity and noise of a sensor in words."""
    f = sensor.figures
    at = f" at {sensor.placement.replace('_', ' ')}" if sensor.placement not in ("", sensor.name) else ""
    gravity = "while still" if f.still_s > 0 else "throughout, it never lies still"
    out = [f"{sensor.name}{at}: {f.duration_s:.1f} s at {_n(f.rate_hz, '.2f')} Hz, jitter {_n(100 * f.jitter, '.1f')} %"
           f" of a step, {100 * f.missing:.1f} % missing.",
           f"|acc| is {_n(f.gravity_mps2, '.2f')} m/s² {gravity}; gravity is 9.81."]  # fmt: skip
    if f.still_s > 0:
        out[-1] += (f" Noise {_n(f.acc_noise_mps2, '.3f')} m/s² and {_n(f.gyr_noise_radps, '.4f')} rad/s,"
                    f" bias of the gyroscope {_n(f.gyr_bias_radps, '.4f')} rad/s.")  # fmt: skip
    if math.isfinite(f.gyr_fit) and f.gyr_fit:
        out.append(f"Gravity turns {abs(f.gyr_gain):.2f} times as fast as the gyroscope says (1 is right).")
    return out


def said(look: Look) -> list[str]:
    """Rows, labels, and who it is."""
    rows = f"All {look.rows:,} rows were looked at." if look.whole else f"The first {look.rows:,} rows were looked at."
    out = [rows]
    if look.labels:
        shown = ", ".join(f"{name} {count}" for name, count in look.labels[:12])
        more = f" and {len(look.labels) - 12} more" if len(look.labels) > 12 else ""
        out.append(f"Labelled stretches: {shown}{more}.")
    if look.clock == "unix":
        out.append("Times count from 1970.")
    return out


def _n(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "?"
