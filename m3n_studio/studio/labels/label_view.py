"""The Labels view: classes, tiers over time, and what is being labelled; the desk does the rest."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QInputDialog, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Annotation
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.labels.class_chips import ClassChips
from m3n_studio.studio.labels.label_actions import add_actions
from m3n_studio.studio.labels.label_commands import Commands
from m3n_studio.studio.labels.label_keys import LabelKeys
from m3n_studio.studio.labels.label_layout import Row, row_of
from m3n_studio.studio.labels.label_menu import ask_note, label_menu
from m3n_studio.studio.labels.label_strip import Hit, LabelStrip, Pending
from m3n_studio.studio.labels.label_tools import Ghost, LabelTools, Toast
from m3n_studio.studio.labels.labeller import MODES, Labeller
from m3n_studio.studio.labels.snapping import Snapper
from m3n_studio.studio.labels.tier_menu import tier_menu
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label

_EMPTY = (
    "No session is open.\n\nMake a project (File › New project…), drop recordings on it, then double-click a session:"
    " its tiers appear here and the keys of the classes label while it plays."
)
#: Edges set with keys snap to what is this near, px and at most s.
_NEAR_PX, _NEAR_S = 8.0, 0.25


class LabelView(QWidget):
    """Rows of labels with their tools."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self._clock, self._selection = desk, context.clock, context.selection
        self._report, self._actions = context.report, context.actions
        self._rows: dict[str, Row] = {}
        self.labeller, self.keys = Labeller(desk, context.clock, self), LabelKeys(self)
        self.commands = Commands(desk, context.clock, context.selection, self.labeller, self._say)
        self.snapper = Snapper(desk, context.jobs, self)
        self.strip = LabelStrip(context.theme)
        self.strip.plot_edges = lambda: self._selection.plot_edges() or self._selection.strip_edges()
        self.strip.snap = self.snapper
        self.commands.snap = self._snapped
        self.chips = ClassChips(desk, context.theme)
        self._build()
        self._connect()
        add_actions(self, context)
        self._on_session()

    def _build(self) -> None:
        self.tools = LabelTools()
        self.keys_button, self.mode, self.note = self.tools.keys, self.tools.mode, self.tools.note
        scroll = QScrollArea()
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.strip)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for widget in (scroll.viewport(), self.strip):
            widget.setAutoFillBackground(False)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addWidget(self.tools)
        layout.addWidget(self.chips)
        layout.addWidget(scroll, 1)
        self.hint = label(_EMPTY, style="muted")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setContentsMargins(24, 8, 24, 8)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.hint)
        self.pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.addWidget(self.pages)
        self.toast = Toast(self)
        self.ghost = Ghost(self.strip, self.strip.theme)

    def _connect(self) -> None:
        desk, strip, clock = self.desk, self.strip, self._clock
        desk.session_changed.connect(self._on_session)
        desk.tiers_changed.connect(self._on_tiers)
        desk.labels_changed.connect(self._on_labels)
        desk.picked_changed.connect(self._on_picked)
        self.labeller.pending_changed.connect(self._on_pending)
        clock.time_changed.connect(strip.set_time)
        clock.range_changed.connect(self._on_range)
        self._selection.visible_changed.connect(self._on_visible)
        self._selection.axis_moved.connect(strip.update)
        strip.sought.connect(clock.seek)
        strip.zoomed.connect(lambda span, _kind: self._look(span))
        strip.picked.connect(self._on_clicked)
        strip.row_picked.connect(lambda i: desk.set_tier(strip.rows[i].track.tier.id))
        strip.edge_dragged.connect(self._on_edge)
        strip.body_dragged.connect(self._on_body)
        strip.drawn.connect(self._on_drawn)
        strip.opened.connect(self._on_opened)
        strip.menu_wanted.connect(self._on_menu)
        self.keys.pressed.connect(self._on_key)
        self.keys.released.connect(self.labeller.release)
        self.keys.shifted.connect(self._on_shifted)
        self.keys_button.toggled.connect(self._on_keys)
        self.mode.activated.connect(lambda: self.labeller.set_mode(self.mode.currentData()))
        self.chips.chosen.connect(self._on_chip)
        self.chips.relabel_wanted.connect(self.commands.relabel)
        self.tools.snap.toggled.connect(self._on_snap)
        self.tools.kinds_changed.connect(self._on_kinds)
        self.tools.gap.valueChanged.connect(self._on_gap)
        self._selection.proposed_changed.connect(self.ghost.set_span)

    def _say(self, words: str) -> None:
        """Tell why nothing was done: over the view, or in the window's bar where the view is not seen."""
        if self.isVisible():
            self.toast.say(words)
        else:
            self._report(words)

    @Slot(bool)
    def _on_snap(self, on: bool) -> None:
        self.snapper.on = on

    @Slot(object)
    def _on_kinds(self, kinds: set[str]) -> None:
        self.snapper.kinds = set(kinds)

    @Slot(float)
    def _on_gap(self, gap_s: float) -> None:
        self.commands.gap_s = gap_s

    def _snapped(self, time_s: float, without: frozenset[str]) -> float:
        geometry = self.strip.geometry_now()
        near = _NEAR_PX * (geometry.view[1] - geometry.view[0]) / max(geometry.plot_width, 1.0)
        found, why = self.snapper.at(time_s, min(near, _NEAR_S), without)
        if why and abs(found - time_s) > 1e-6:
            self._say(f"Snapped by {1000 * (found - time_s):+.0f} ms to {why}. Ctrl+; turns snapping off.")
        return found

    def ask_note(self) -> QInputDialog | None:
        """Ask for the note of the labels meant."""
        return ask_note(self.commands, self._say, self.window())

    def set_mode(self, index: int) -> None:
        """Let the class keys do something else, by its place in `MODES`."""
        self.mode.setCurrentIndex(index)
        self.labeller.set_mode(MODES[index])

    # ------------------------------------------------------------------ what is shown

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.strip.set_theme(theme)
        self.ghost.theme = theme
        self.ghost.update()

    def set_contents(self, contents: Contents) -> None:
        """Frames of the motion or samples are what labels are nudged by."""
        self.commands.step_s = 1.0 / max(contents.rate_hz(), 1.0)
        self.snapper.set_contents(contents)

    def release(self) -> None:
        """Leave the keys alone."""
        self.labeller.finish()
        self.keys.set_on(False)

    @Slot()
    def _on_session(self) -> None:
        there = self.desk.session is not None
        self.pages.setCurrentIndex(1 if there else 0)
        self.keys.set_on(there and self.keys_button.isChecked() and not self.desk.read_only)
        self.tools.set_read_only(there and self.desk.read_only)
        self._on_tiers()
        self._on_visible(self._selection.visible)

    @Slot()
    def _on_tiers(self) -> None:
        tier = self.desk.tier
        self.keys.set_keys([] if tier is None else [c.key for c in tier.classes])
        if tier is not None:
            self.strip.set_active(list(self.desk.tracks).index(tier.id))
        self._on_labels(None)

    @Slot(object)
    def _on_labels(self, _change: object) -> None:
        rows = {}
        for name, track in self.desk.tracks.items():
            old = self._rows.get(name)
            rows[name] = old if old is not None and old.track is track else row_of(track)
        self._rows = rows
        self.strip.set_rows(tuple(rows.values()))
        self._tell()

    def _tell(self) -> None:
        track = self.desk.track
        if track is None or track.tier.kind == "event":
            self.tools.tell("" if track is None else f"{len(track)} events")
            return
        row = self._rows[track.tier.id]
        total = sum(b - a for a, b in self.desk.recorded_s())
        starts, ends, _ = row.times
        done = float((ends - starts).sum()) if len(starts) else 0.0
        share = min(done / total, 1.0) if total > 0 else 0.0
        self.tools.tell(f"{share:.0%} labelled · {len(track)} labels")

    @Slot()
    def _on_picked(self) -> None:
        self.strip.set_selected(self.desk.picked_ids)

    @Slot()
    def _on_pending(self) -> None:
        pending = self.labeller.pending
        self.desk.set_pending(pending)
        self.chips.set_pending(frozenset(p[0] for p in pending))
        tier = self.desk.tier
        if not pending or tier is None:
            self.strip.set_pending(None)
            return
        name, start, end = pending[-1]
        found = tier.by_id(name)
        self.strip.set_pending(Pending(self.strip.active, found.color if found else "#808080", start, end))

    def _limits(self) -> tuple[float, float]:
        return self._clock.start_s, max(self._clock.end_s, self._clock.start_s + 1e-3)

    @Slot(object)
    def _on_visible(self, span: object) -> None:
        limits = self._limits()
        low, high = span if isinstance(span, tuple) else limits
        self.strip.set_view((max(low, limits[0]), min(high, limits[1])), limits)

    @Slot(float, float)
    def _on_range(self, _start_s: float, _end_s: float) -> None:
        self._on_visible(self._selection.visible)
        self.strip.set_time(self._clock.time_s)

    def _look(self, span: tuple[float, float]) -> None:
        if self._selection.visible is None:
            self.strip.set_view(span, self._limits())
        else:
            self._selection.set_visible(span)

    # ------------------------------------------------------------------ the mouse

    @Slot(object, bool)
    def _on_clicked(self, a: Annotation | None, more: bool) -> None:
        if a is None:
            self.desk.pick(())
        elif more:
            self.desk.pick(self.desk.picked_ids ^ {a.id})
        else:
            self.desk.pick({a.id})

    @Slot(object, str, float)
    def _on_edge(self, a: Annotation, edge: str, time_s: float) -> None:
        track = self.desk.tracks.get(a.tier)
        if track is not None:
            self.commands.do(lambda: operations.move_edge(track, a, edge, time_s))  # type: ignore[arg-type]

    @Slot(float)
    def _on_body(self, by_s: float) -> None:
        picked = self.desk.picked
        track = self.desk.tracks.get(picked[0].tier) if picked else None
        if track is not None:
            mine = [a for a in picked if a.tier == track.tier.id]
            self.commands.do(lambda: operations.shift(track, mine, by_s, bounds=self.desk.span_s()))

    @Slot(int, float, float)
    def _on_drawn(self, _row: int, start_s: float, end_s: float) -> None:
        """What is drawn becomes the selected time: a class key or button labels it."""
        self._selection.set_range((start_s, end_s))

    @Slot(object)
    def _on_opened(self, a: Annotation) -> None:
        margin = max(0.25 * a.duration_s, 0.5)
        self._look((a.start_s - margin, a.end_s + margin))
        self._clock.seek(a.start_s)

    @Slot(object, object)
    def _on_menu(self, hit: Hit | None, at: QPoint) -> None:
        if hit is not None and hit.annotation is not None and hit.annotation.id not in self.desk.picked_ids:
            self.desk.pick({hit.annotation.id})
        picked = hit is not None and hit.annotation is not None
        if hit is not None:
            self.desk.set_tier(self.strip.rows[hit.row].track.tier.id)
        menu = label_menu(self, self.commands, self._actions, self.ask_note, picked=picked)
        tier = tier_menu(self.desk, "" if self.desk.tier is None else self.desk.tier.id, self)
        menu.addSeparator()
        menu.addMenu(tier)
        menu.destroyed.connect(tier.deleteLater)
        menu.popup(at)

    # ------------------------------------------------------------------ keys and buttons

    def _class_of(self, key: str) -> str:
        tier = self.desk.tier
        return next((c.id for c in tier.classes if c.key.lower() == key), "") if tier is not None else ""

    @Slot(str)
    def _on_key(self, key: str) -> None:
        if not self.commands.label_range(self._class_of(key)):
            self.labeller.press(key)

    @Slot(str)
    def _on_shifted(self, key: str) -> None:
        self.commands.relabel(self._class_of(key))

    @Slot(str)
    def _on_chip(self, name: str) -> None:
        if self.desk.read_only:
            self._say("The project is open for reading only: nothing can be labelled.")
            return
        if not self.commands.label_range(name):
            self.labeller.begin(name)
        self._on_pending()

    @Slot(bool)
    def _on_keys(self, on: bool) -> None:
        self.keys.set_on(on and self.desk.session is not None and not self.desk.read_only)


def build(context: ViewContext) -> QWidget:
    """The Labels dock."""
    if context.desk is None:
        return label("Labels need a window with a project.", style="muted")
    return LabelView(context, context.desk)
