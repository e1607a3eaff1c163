"""What a view is to the window: a name, a place, and how to build it.

Contributed through the door as kind ``dock``, by the program itself and by plugins alike. The
window builds each view once, hands it a :class:`ViewContext` and then calls, where the view
has them, ``set_contents(contents)`` and ``set_theme(theme)``. A view that fails to build is
reported and costs the others nothing. No Qt is imported until a view is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from m3n_studio.studio.core.actions import ActionSpec
    from m3n_studio.studio.core.clock import Clock
    from m3n_studio.studio.core.derived import Base
    from m3n_studio.studio.core.desk import Desk
    from m3n_studio.studio.core.document import Edit
    from m3n_studio.studio.core.jobs import Jobs
    from m3n_studio.studio.core.moments import Moments
    from m3n_studio.studio.core.predictions import PredictionBook
    from m3n_studio.studio.core.run_shelf import RunShelf
    from m3n_studio.studio.core.selection import Selection
    from m3n_studio.studio.core.shape_hints import ShapeHints
    from m3n_studio.studio.look.theme import Theme

AREAS = ("left", "right", "bottom")


@dataclass(frozen=True)
class DockSpec:
    """A view.

    Attributes
    ----------
    name : str
        Identifies it, e.g. ``"traces"``.
    title : str
        For people.
    area : {"left", "right", "bottom"}
    build : str
        Import path of ``build(context: ViewContext) -> QWidget``.
    open : bool
        Whether it is seen in layouts that do not name it; else the View menu and layouts that do open it.
    """

    name: str
    title: str
    area: str
    build: str
    open: bool = True


def _loose(spec: ActionSpec, slot: Callable[..., object]) -> QAction:
    """An action that is in no menu, for a view outside a window."""
    from PySide6.QtGui import QAction

    action = QAction(spec.text)
    action.setCheckable(spec.checkable)
    action.setChecked(spec.checked)
    (action.toggled if spec.checkable else action.triggered).connect(slot)
    return action


@dataclass(frozen=True, eq=False)
class ViewContext:
    """All a view is given: clock, selection, colours, actions, a way to edit, a way to work in the background.

    edit : applies an :class:`~m3n_studio.studio.core.document.Edit`; False if it was refused (and told).
    seal : ends a drag, so that the next edit undoes by itself.
    jobs : background work. base : the map from shape to signal in use, or None (see ``Engine.base``).
    viewport : {"auto", "gl", "offscreen"}, how three-dimensional pictures are made.
    add_action : ``add_action(spec, slot) -> QAction`` puts an action of the view into menus, command palette and
        shortcut sheet; its name should begin with the view's, e.g. ``"traces.measure"``.
    desk : the open project and the session being labelled; None in a view outside a window. So are
        moments : stretches of recordings that are picked; runs : the project's training runs; predictions : what
        models say of its recordings; hints : ranges for the attributes' sliders.
    """

    clock: Clock
    selection: Selection
    theme: Theme
    actions: Mapping[str, QAction]
    report: Callable[[str], None]
    edit: Callable[[Edit], bool]
    seal: Callable[[], None]
    jobs: Jobs
    base: Callable[[], Base | None]
    viewport: str = "auto"
    add_action: Callable[[ActionSpec, Callable[..., object]], QAction] = _loose
    desk: Desk | None = None
    moments: Moments | None = None
    runs: RunShelf | None = None
    predictions: PredictionBook | None = None
    hints: ShapeHints | None = None
