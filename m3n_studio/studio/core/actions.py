"""Everything the user can do, as one table.

Menus, the toolbar, the command palette, the shortcut sheet and the shortcut editor are all made
from :class:`ActionSpec` rows. A row says when its action can be used by the name of a state
(:data:`STATES`), a function of what is open now. Views add rows of their own with
``ViewContext.add_action(spec, slot)``; nothing tells their actions from ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme


@dataclass(frozen=True)
class Situation:
    """What is open now, as far as actions ask."""

    has_time: bool = False
    has_motion: bool = False
    has_recording: bool = False
    has_sensors: bool = False
    can_undo: bool = False
    can_redo: bool = False
    has_project: bool = False
    has_session: bool = False
    can_label: bool = False
    can_import: bool = False


#: When an action can be used.
STATES: dict[str, Callable[[Situation], bool]] = {
    "": lambda s: True,
    "time": lambda s: s.has_time,
    "motion": lambda s: s.has_motion,
    "recording": lambda s: s.has_recording,
    "sensors": lambda s: s.has_sensors,
    "undo": lambda s: s.can_undo,
    "redo": lambda s: s.can_redo,
    "project": lambda s: s.has_project,
    "session": lambda s: s.has_session,
    "importing": lambda s: s.can_import,
    "labelling": lambda s: s.can_label,
}


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes
    ----------
    name : str
        Identifies it; shortcuts are remembered by it.
    text : str
        With ``&`` for the menu.
    menu : str
        One of :data:`MENUS`.
    keys : tuple of str
        As delivered; the user may change them.
    icon : str
        Of ``resources/icons``.
    tip : str
        The text, if empty. The keys are appended.
    needs : str
        When it can be used, one of :data:`STATES`.
    toolbar : bool
    """

    name: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    checked: bool = False
    needs: str = ""
    separator_before: bool = False
    toolbar: bool = False

    @property
    def words(self) -> str:
        """The text without marks."""
        return self.text.replace("&", "").rstrip("…")


MENUS = ("&File", "&Edit", "&Label", "Lea&rn", "&Playback", "&View", "&Help")
#: Actions that show the view of the same name.
SHOWING = ("training", "runs", "predictions", "suggestions", "embedding", "similarity", "closeness")

ACTIONS = (
    ActionSpec("open", "&Open…", "&File", ("Ctrl+O",), "open", "Open motions or recordings", toolbar=True),
    ActionSpec("open_folder", "Open &folder…", "&File", ("Ctrl+Shift+O",), tip="Open what is in a folder"),
    ActionSpec("import_table", "Import a &table…", "&File",
               tip="Say what the columns of a table mean that nothing here knows, and import it and those like it"),
    ActionSpec("import_labels", "Import &labels…", "&File", tip="Read labels from a file of another program",
               needs="project"),
    ActionSpec("export_labels", "&Labels…", "&File", tip="Write labels of sessions in the format of another program",
               needs="project"),
    ActionSpec("new_project", "&New project…", "&File", ("Ctrl+N",), tip="Make a project: recordings and their labels",
               separator_before=True),
    ActionSpec("open_project", "Open pro&ject…", "&File", ("Ctrl+Alt+O",), tip="Open the folder of a project"),
    ActionSpec("demo.learning", "Demo project for &learning…", "&File",
               tip="Make a small labelled project of five made-up people, to try training and predictions on"),
    ActionSpec("import_files", "&Import into project…", "&File", ("Ctrl+I",),
               tip="Put recordings into the open project", needs="importing"),
    ActionSpec("import_folder", "Import a fol&der into project…", "&File", ("Ctrl+Shift+I",),
               tip="Put all recordings of a folder into the open project", needs="importing"),
    ActionSpec("close_project", "&Close project", "&File", tip="Close the project; all of it is saved already",
               needs="project"),
    ActionSpec("preferences", "&Preferences…", "&File", ("Ctrl+,",), separator_before=True),
    ActionSpec("quit", "&Quit", "&File", ("Ctrl+Q",), separator_before=True),
    ActionSpec("undo", "&Undo", "&Edit", ("Ctrl+Z",), "undo", "Undo", needs="undo", toolbar=True),
    ActionSpec("redo", "&Redo", "&Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Redo", needs="redo", toolbar=True),
    ActionSpec("training", "&Train…", "Lea&rn", ("Ctrl+T",),
               tip="Pretrain an encoder, or finetune a classifier on what is labelled", needs="project"),
    ActionSpec("runs", "&Runs", "Lea&rn", tip="What training runs say, side by side", needs="project"),
    ActionSpec("predictions", "&Predictions", "Lea&rn", separator_before=True,
               tip="What models say over time, and which expert said it", needs="project"),
    ActionSpec("suggestions", "&Suggestions", "Lea&rn", tip="What to label next, and likely errors", needs="project"),
    ActionSpec("embedding", "&Embedding", "Lea&rn", separator_before=True,
               tip="Windows as points in a model's space", needs="project"),
    ActionSpec("similarity", "S&imilarity", "Lea&rn",
               tip="How alike classes, sentences and signals are to a model", needs="project"),
    ActionSpec("closeness", "Synthetic and rea&l", "Lea&rn",
               tip="Which bodies come closest to real recordings", needs="project"),
    ActionSpec("play", "&Play", "&Playback", ("Space",), "play", "Play or pause", needs="time"),
    ActionSpec("step_back", "Step &back", "&Playback", ("Left", ","), "step-back", "One frame back", needs="time"),
    ActionSpec("step_forward", "Step &forward", "&Playback", ("Right", "."), "step-forward", "One frame on",
               needs="time"),
    ActionSpec("to_start", "To the &start", "&Playback", ("Home",), "to-start", "Go to the start", needs="time"),
    ActionSpec("to_end", "To the &end", "&Playback", ("End",), "to-end", "Go to the end", needs="time"),
    ActionSpec("loop", "&Loop", "&Playback", ("L",), "loop", "Play round and round", checkable=True, needs="time",
               separator_before=True),
    ActionSpec("slower", "S&lower", "&Playback", ("[",), tip="Half the speed", needs="time"),
    ActionSpec("faster", "F&aster", "&Playback", ("]",), tip="Twice the speed", needs="time"),
    ActionSpec("palette", "&Commands…", "&View", ("Ctrl+K", "Ctrl+Shift+P"), "search",
               "Find a command, a motion, a recent file or a layout by a few letters", toolbar=True),
    ActionSpec("follow", "&Follow the body", "&View", ("F",), "follow", checkable=True, checked=True,
               separator_before=True),
    ActionSpec("sensors", "Show the &sensors", "&View", ("S",), "sensors", checkable=True, checked=True),
    ActionSpec("reset_view", "&Reset the view", "&View", ("R",), "reset", "Look at the body as at first"),
    ActionSpec("show_all", "Show &all of time", "&View", ("A",), tip="Zoom the traces out", separator_before=True),
    ActionSpec("theme_system", "Colours of the s&ystem", "&View", checkable=True, checked=True, separator_before=True),
    ActionSpec("theme_light", "&Light colours", "&View", checkable=True),
    ActionSpec("theme_dark", "&Dark colours", "&View", checkable=True),
    ActionSpec("toggle_theme", "S&witch light and dark", "&View", ("Ctrl+D",), "theme", toolbar=True),
    ActionSpec("save_layout", "&Save layout as…", "&View", tip="Keep where the views are under a name"),
    ActionSpec("reset_layout", "&Reset layout", "&View", tip="Put the views where they were at first"),
    ActionSpec("shortcuts", "&Keyboard shortcuts", "&Help", ("F1",)),
    ActionSpec("edit_shortcuts", "&Change shortcuts…", "&Help"),
    ActionSpec("dismiss", "&Dismiss the message", "&Help", ("Esc",), tip="Close the message bar",
               separator_before=True),
    ActionSpec("messages", "&Messages", "&Help", ("Ctrl+Shift+M",), tip="What went wrong since the start"),
)  # fmt: skip


class ActionTable(QObject):
    """The actions there are, their keys and whether they can be used now.

    Signals
    -------
    added : ActionSpec
    keys_changed : (none)
    """

    added = Signal(object)
    keys_changed = Signal()

    def __init__(self, window: QWidget, specs: Iterable[ActionSpec] = ACTIONS) -> None:
        super().__init__(window)
        self._window = window
        self._specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._custom: dict[str, tuple[str, ...]] = {}
        self._situation = Situation()
        self._theme: Theme | None = None
        for spec in specs:
            self._make(spec)

    @property
    def actions(self) -> Mapping[str, QAction]:
        """The actions by name."""
        return self._actions

    @property
    def specs(self) -> tuple[ActionSpec, ...]:
        """Every row, in the order they came."""
        return tuple(self._specs.values())

    def add(self, spec: ActionSpec, slot: Callable[..., object]) -> QAction:
        """Add a row; `slot` is called when it is triggered, with its state if it is checkable."""
        if spec.name in self._specs:
            raise M3nError(f"an action {spec.name!r} is there already; choose another name")
        if spec.menu not in MENUS:
            raise UnknownName("menu", spec.menu, MENUS)
        if spec.needs not in STATES:
            raise UnknownName("state", spec.needs, STATES)
        action = self._make(spec)
        (action.toggled if spec.checkable else action.triggered).connect(slot)
        self.added.emit(spec)
        return action

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self._window)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        action.setChecked(spec.checked)
        self._specs[spec.name], self._actions[spec.name] = spec, action
        self._give_keys(spec)
        action.setEnabled(STATES[spec.needs](self._situation))
        if spec.icon and self._theme is not None:
            action.setIcon(icon(spec.icon, self._theme))
        self._window.addAction(action)
        return action

    def _give_keys(self, spec: ActionSpec) -> None:
        keys, action = self.keys(spec.name), self._actions[spec.name]
        action.setShortcuts([QKeySequence(key) for key in keys])
        words = spec.tip or spec.words
        action.setToolTip(f"{words} ({shown_key(keys[0])})" if keys else words)

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of an action now."""
        return self._custom.get(name, self._specs[name].keys)

    @property
    def custom_keys(self) -> dict[str, tuple[str, ...]]:
        """Keys that are not as delivered, by action; also of actions that are not there (now)."""
        return dict(self._custom)

    def set_custom_keys(self, custom: Mapping[str, tuple[str, ...]]) -> None:
        """Take these keys where they differ from those delivered, and those for the rest."""
        self._custom = {
            name: tuple(keys) for name, keys in custom.items()
            if name not in self._specs or tuple(keys) != self._specs[name].keys
        }  # fmt: skip
        for spec in self._specs.values():
            self._give_keys(spec)
        self.keys_changed.emit()

    def update_states(self, situation: Situation) -> None:
        """Enable what can be used now."""
        if situation == self._situation:
            return
        self._situation = situation
        for spec in self._specs.values():
            self._actions[spec.name].setEnabled(STATES[spec.needs](situation))

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in a theme's colours."""
        self._theme = theme
        for spec in self._specs.values():
            if spec.icon:
                self._actions[spec.name].setIcon(icon(spec.icon, theme))

    def shortcut_rows(self) -> list[tuple[str, str, str]]:
        """(menu, what, keys) of every action that has keys."""
        return [
            (s.menu.replace("&", ""), s.words, " or ".join(shown_key(k) for k in self.keys(s.name)))
            for s in self.specs if self.keys(s.name)
        ]  # fmt: skip


def shown_key(key: str) -> str:
    """A key as people write it."""
    return {"Left": "←", "Right": "→"}.get(key, key)
