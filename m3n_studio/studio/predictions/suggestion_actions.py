"""Actions of the Suggestions view, in menus, palette and the sheet of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.docks import ViewContext

if TYPE_CHECKING:
    from m3n_studio.studio.predictions.suggestions_view import SuggestionsView

_MENU = "&Label"


def add_actions(view: SuggestionsView, context: ViewContext) -> None:
    """Make them. Keys that work only while keys decide are named in the texts."""
    rows = (
        (ActionSpec("suggestions.keys", "Decide about s&uggestions", _MENU, ("F6",), needs="project",
                    separator_before=True,
                    tip="Show suggestions and decide with keys: Return accepts, Backspace rejects, a class's key"
                        " corrects"), lambda *_: view.walk()),
        (ActionSpec("suggestions.accept", "Accept the suggestion (Return or A while deciding)", _MENU, ("F8",),
                    needs="project", tip="Label the suggestion as proposed"), lambda *_: view.accept()),
        (ActionSpec("suggestions.reject", "Reject the suggestion (Backspace or R while deciding)", _MENU,
                    ("Shift+F8",), needs="project", tip="Do not propose it again"), lambda *_: view.reject()),
        (ActionSpec("suggestions.next", "Next suggestion (→ while deciding)", _MENU, ("F7",), needs="project",
                    tip="Go to the next suggestion"), lambda *_: view.step(back=False)),
        (ActionSpec("suggestions.previous", "Suggestion before (← while deciding)", _MENU, ("Shift+F7",),
                    needs="project", tip="Go to the suggestion before"), lambda *_: view.step(back=True)),
    )  # fmt: skip
    for spec, slot in rows:
        context.add_action(spec, slot)
