"""The commands on labels as a table: menus, command palette and shortcuts are made from it.

Keys that could be a class's are not among them. Commands that write are off where nothing can be written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.labels.label_commands import Commands
from m3n_studio.studio.labels.label_tools import MODE_WORDS
from m3n_studio.studio.labels.labeller import MODES

if TYPE_CHECKING:
    from m3n_studio.studio.labels.label_view import LabelView


@dataclass(frozen=True)
class Command:
    """A row of the table.

    Attributes
    ----------
    name, text, keys, tip : of the action
    run : callable
    line : bool
        A line stands before it in the menu.
    writes : bool
        It changes labels.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    tip: str
    run: Callable[[Commands], None]
    line: bool = False
    writes: bool = True


C = Commands
EDITS = (
    Command("split", "&Split at the cursor", ("Ctrl+E",), "Part labels in two at the cursor", C.split),
    Command("merge", "&Merge", ("Ctrl+M",), "Make one of the picked labels, or of neighbours of one class", C.merge),
    Command("close_gaps", "&Close gaps", ("Ctrl+G",), "Make labels longer until they meet", C.close_gaps),
    Command("set_start", "&Begin at the cursor", ("Ctrl+[",), "Let the label begin at the cursor", C.set_start,
            line=True),
    Command("set_end", "&End at the cursor", ("Ctrl+]",), "Let the label end at the cursor", C.set_end),
    Command("nudge_back", "Move a frame b&ack", ("Alt+Shift+Left",), "Move labels a frame back", C.nudge_back),
    Command("nudge_on", "Move a frame &on", ("Alt+Shift+Right",), "Move labels a frame on", C.nudge_on),
    Command("trim", "&Keep only the selected time", (), "Take away all labels outside the selected time", C.trim,
            line=True),
    Command("clear", "Clea&r the selected time", (), "Take away all labels of the selected time", C.clear),
    Command("delete", "&Delete", ("Delete",), "Take the picked labels away, or the one under the cursor", C.delete),
    Command("accept", "Acce&pt", ("Ctrl+Shift+Return",), "Make a model's labels your own", C.accept, line=True),
    Command("copy", "Cop&y", ("Ctrl+Shift+C",), "Copy labels", C.copy, line=True, writes=False),
    Command("paste", "Paste at the c&ursor", ("Ctrl+Shift+V",), "Put copies at the cursor, on this tier", C.paste),
)  # fmt: skip
GOES = (
    Command("next_unlabelled", "&Next unlabelled", ("Alt+Right",), "Go to the next time without a label",
            C.next_unlabelled, line=True, writes=False),
    Command("last_unlabelled", "Unlabelled before", ("Alt+Left",), "Go to the time without a label before",
            C.last_unlabelled, writes=False),
    Command("next_edge", "Next ed&ge", ("Ctrl+Right",), "Go to the next start or end of a label", C.next_edge,
            writes=False),
    Command("last_edge", "Edge before", ("Ctrl+Left",), "Go to the start or end of a label before", C.last_edge,
            writes=False),
    Command("next_tier", "Next &tier", ("Ctrl+Down",), "Label on the next tier", C.next_tier, writes=False),
    Command("last_tier", "Tier before", ("Ctrl+Up",), "Label on the tier before", C.last_tier, writes=False),
    Command("pick_here", "Pick &here", ("Ctrl+Return",), "Pick the labels under the cursor", C.pick_here, line=True,
            writes=False),
    Command("pick_all", "Pick a&ll", ("Ctrl+A",), "Pick all labels of the tier, or of the selected time", C.pick_all,
            writes=False),
    Command("pick_none", "Pick none", ("Ctrl+Shift+Esc",), "Pick nothing, and drop the label being made",
            C.pick_none, writes=False),
)  # fmt: skip
COMMANDS = (*EDITS, *GOES)

_MORE = {
    "note": ActionSpec("labels.note", "Note…", "&Label", ("Ctrl+Shift+N",), needs="labelling",
                       tip="Write a note to the picked labels, or to the one under the cursor"),
    "keys": ActionSpec("labels.keys", "Label &with keys", "&Label", ("Ctrl+L",), checkable=True, checked=True,
                       tip="Let the keys of the classes label", needs="labelling", separator_before=True),
    "snap": ActionSpec("labels.snap", "Snap edges", "&Label", ("Ctrl+;",), checkable=True, checked=True,
                       tip="Let edges jump to other edges, signals and video frames", needs="session"),
    "add": ActionSpec("labels.add_class", "Add a class…", "&Label", tip="Add a class to this tier", needs="labelling",
                      separator_before=True),
    "give": ActionSpec("labels.give_keys", "Give keys to classes", "&Label", needs="labelling",
                       tip="Give every class without a key one that is free"),
}  # fmt: skip


def add_actions(view: LabelView, context: ViewContext) -> None:
    """Put all there is to do with labels into the window's menus."""
    _add(view, context, EDITS)
    context.add_action(_MORE["note"], lambda *_: view.ask_note())
    _add(view, context, GOES)
    for name, button in (("keys", view.keys_button), ("snap", view.tools.snap)):
        action = context.add_action(_MORE[name], button.setChecked)
        button.toggled.connect(action.setChecked)
    for i, name in enumerate(MODES):
        words, tip = MODE_WORDS[name]
        spec = ActionSpec(f"labels.mode_{name}", f"Keys: {words.lower()}", "&Label", (f"Ctrl+{i + 1}",), tip=tip,
                          needs="labelling", separator_before=not i)  # fmt: skip
        context.add_action(spec, lambda *_, i=i: view.set_mode(i))
    context.add_action(_MORE["add"], lambda *_: view.chips.ask())
    context.add_action(_MORE["give"], lambda *_: view.chips.give_all_keys())


def _add(view: LabelView, context: ViewContext, commands: tuple[Command, ...]) -> None:
    for c in commands:
        spec = ActionSpec(f"labels.{c.name}", c.text, "&Label", c.keys, tip=c.tip, separator_before=c.line,
                          needs="labelling" if c.writes else "session")  # fmt: skip
        context.add_action(spec, _runner(view, c.run))


def _runner(view: LabelView, run: Callable[[Commands], None]) -> Callable[..., None]:
    return lambda *_: run(view.commands) if view.desk.session is not None else None
