"""Everything the user can do, as one table: menus, keys, buttons and the shortcut sheet come from it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.icons import icon
from m3n_studio.studio.theme import Theme


@dataclass(frozen=True)
class ActionSpec:
    """One action: its text, menu, keys, icon and tooltip; `needs_time` disables it while there is nothing to play."""

    name: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    checked: bool = False
    needs_time: bool = False
    separator_before: bool = False


MENUS = ("&File", "&Edit", "&Playback", "&View", "&Help")

ACTIONS = (
    ActionSpec("open", "&Open…", "&File", ("Ctrl+O",), "open", "Open a motion or a recording"),
    ActionSpec("quit", "&Quit", "&File", ("Ctrl+Q",), separator_before=True),
    ActionSpec("undo", "&Undo", "&Edit", ("Ctrl+Z",), tip="Undo"),
    ActionSpec("redo", "&Redo", "&Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), tip="Redo"),
    ActionSpec("play", "&Play", "&Playback", ("Space",), "play", "Play or pause", needs_time=True),
    ActionSpec("step_back", "Step &back", "&Playback", ("Left", ","), "step-back", "One frame back", needs_time=True),
    ActionSpec("step_forward", "Step &forward", "&Playback", ("Right", "."), "step-forward", "One frame on",
               needs_time=True),
    ActionSpec("to_start", "To the &start", "&Playback", ("Home",), "to-start", "Go to the start", needs_time=True),
    ActionSpec("to_end", "To the &end", "&Playback", ("End",), "to-end", "Go to the end", needs_time=True),
    ActionSpec("loop", "&Loop", "&Playback", ("L",), "loop", "Play round and round", checkable=True, needs_time=True,
               separator_before=True),
    ActionSpec("slower", "S&lower", "&Playback", ("[",), tip="Half the speed", needs_time=True),
    ActionSpec("faster", "F&aster", "&Playback", ("]",), tip="Twice the speed", needs_time=True),
    ActionSpec("follow", "&Follow the body", "&View", ("F",), "follow", checkable=True, checked=True),
    ActionSpec("sensors", "Show the &sensors", "&View", ("S",), "sensors", checkable=True, checked=True),
    ActionSpec("reset_view", "&Reset the view", "&View", ("R",), "reset", "Look at the body as at first"),
    ActionSpec("show_all", "Show &all of time", "&View", ("A",), tip="Zoom the traces out", separator_before=True),
    ActionSpec("theme_system", "Colours of the s&ystem", "&View", checkable=True, checked=True, separator_before=True),
    ActionSpec("theme_light", "&Light", "&View", checkable=True),
    ActionSpec("theme_dark", "&Dark", "&View", checkable=True),
    ActionSpec("toggle_theme", "&Switch light and dark", "&View", ("Ctrl+D",), "theme"),
    ActionSpec("shortcuts", "&Keyboard shortcuts", "&Help", ("F1",)),
)  # fmt: skip


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """The actions by name, children of `parent`."""
    out = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        action.setChecked(spec.checked)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        words = spec.tip or spec.text.replace("&", "")
        action.setToolTip(f"{words} ({_shown(spec.keys[0])})" if spec.keys else words)
        parent.addAction(action)
        out[spec.name] = action
    return out


def set_icons(actions: dict[str, QAction], theme: Theme) -> None:
    """Draw the icons in a theme's colours; the play button is drawn on the accent."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon, theme))


def shortcut_rows() -> list[tuple[str, str]]:
    """(what, keys) of every action that has keys."""
    return [(s.text.replace("&", ""), " or ".join(_shown(k) for k in s.keys)) for s in ACTIONS if s.keys]


def _shown(key: str) -> str:
    return {"Left": "←", "Right": "→"}.get(key, key)
