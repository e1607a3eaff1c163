"""The dialogs of the window, by the action that opens them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.studio.core.actions import shown_key
from m3n_studio.studio.frame.messages import MessagePanel
from m3n_studio.studio.frame.palette import Entry, Palette
from m3n_studio.studio.frame.preferences import Preferences
from m3n_studio.studio.frame.preferences_dialog import PreferencesDialog
from m3n_studio.studio.frame.samples import samples
from m3n_studio.studio.frame.shortcuts import ShortcutEditor, ShortcutSheet

if TYPE_CHECKING:
    from m3n_studio.studio.frame.window import Window

Show = Callable[["Window"], object]
Open = Callable[..., object]


def entries(window: Window) -> list[Entry]:
    """Everything the palette can find: actions, views, layouts, samples, sessions, recent files."""
    out = []
    for spec in window.table.specs:
        action = window.table.actions[spec.name]
        keys = window.table.keys(spec.name)
        text = action.text().replace("&", "").rstrip("…")
        menu = spec.menu.replace("&", "")
        if spec.name != "palette":
            out.append(Entry(text, menu, shown_key(keys[0]) if keys else "", action.isEnabled(), action.trigger))
    host, layouts, opener = window.host, window.layouts, window.opener
    out += [Entry(f"Show {d.windowTitle()}", "View", "", True, partial(host.show_dock, n))
            for n, d in host.docks.items()]  # fmt: skip
    out += [Entry(n, "Layout", "", True, partial(layouts.show, n)) for n in layouts.names]
    out += [Entry(s.title, "Sample", "", True, partial(opener.open_sample, s)) for s in samples()]
    out += _project_entries(window)
    out += [Entry(title, "Recent file", "", True, partial(opener.open_alone, [Path(f) for f in files]))
            for title, files in opener.recent()]  # fmt: skip
    return out


def _project_entries(window: Window) -> list[Entry]:
    """Sessions of the open project, and projects opened before."""
    projects, project = window.projects, window.desk.project
    out = []
    if project is not None:
        who = {subject.id: f"{subject.name} · " for subject in project.subjects()}
        out += [Entry(f"{who.get(s.subject, '')}{s.name}", "Session", "", True, partial(projects.open_session, s.id))
                for s in project.sessions()]  # fmt: skip
    return out + [Entry(Path(p).name, "Project", "", True, partial(projects.open, Path(p)))
                  for p in window.store.value.projects]  # fmt: skip


def show_palette(window: Window) -> Palette:
    """The command palette."""
    dialog = Palette(entries(window), window.theme, window)
    dialog.open()
    dialog.line.setFocus()
    return dialog


def show_shortcuts(window: Window) -> None:
    """A sheet of all keys."""
    ShortcutSheet(window.table, window).open()


def edit_shortcuts(window: Window) -> None:
    """Change keys."""
    dialog = ShortcutEditor(window.table, window)
    dialog.changed.connect(lambda keys: window.store.change(shortcuts=keys))
    dialog.open()


def show_messages(window: Window) -> None:
    """What went wrong so far; one such panel at a time."""
    panel = window.findChild(MessagePanel) or MessagePanel(window.log, window)
    panel.show()
    panel.raise_()


def show_preferences(window: Window) -> None:
    """Change preferences; seen at once."""
    from m3n_studio.imu.placement import PLACEMENTS

    dialog = PreferencesDialog(window.store.value, PLACEMENTS, window)

    def take(value: Preferences) -> None:
        window.store.change(
            less_drawing=value.less_drawing, sensors=value.sensors, bandwidth_hz=value.bandwidth_hz
        )  # fmt: skip
        window.set_less_drawing(value.less_drawing)
        if value.theme != window.store.value.theme:
            window.set_theme(value.theme)

    dialog.changed.connect(take)
    dialog.open()


DIALOGS: dict[str, Show] = {
    "palette": show_palette, "shortcuts": show_shortcuts, "edit_shortcuts": edit_shortcuts,
    "messages": show_messages, "preferences": show_preferences,
}  # fmt: skip
