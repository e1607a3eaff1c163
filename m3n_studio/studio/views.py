"""How the built-in views are built from a :class:`ViewContext` and joined to the selection.

What a view needs is imported when it is built: the window is on screen before pyqtgraph is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import pair_with

if TYPE_CHECKING:
    from m3n_studio.studio.body.body_view import BodyView
    from m3n_studio.studio.timeline.transport import Transport
    from m3n_studio.studio.traces.trace_view import TraceView


def build_body(context: ViewContext) -> BodyView:
    """The body in motion; highlights the selected sensor."""
    from m3n_studio.studio.body.body_tools import BodyTools
    from m3n_studio.studio.body.body_view import BodyView

    view = BodyView(context.clock, context.theme, viewport=context.viewport)
    view.failed.connect(context.report)
    context.selection.sensor_changed.connect(view.set_selected)
    for name, button in (("follow", view.follow_button), ("sensors", view.sensors_button)):
        context.actions[name].toggled.connect(button.setChecked)
        button.toggled.connect(context.actions[name].setChecked)
    context.actions["reset_view"].triggered.connect(view.reset_camera)
    view.tools = BodyTools(view, context)
    return view


def build_traces(context: ViewContext) -> TraceView:
    """The traces of the selected sensor."""
    from m3n_studio.studio.traces.trace_view import TraceView

    view = TraceView(context.clock, context.theme, context.selection, jobs=context.jobs, desk=context.desk)
    context.selection.plot_edges = view.plot_edges
    if context.moments is not None and context.desk is not None:
        view.marks.follow(context.moments)
        context.desk.session_changed.connect(view.marks.refresh)
    view.sensor_changed.connect(context.selection.set_sensor)
    context.selection.sensor_changed.connect(view.set_sensor)
    context.actions["show_all"].triggered.connect(view.show_all)
    view.pairing_wanted.connect(lambda sensor, recording: context.edit(pair_with(sensor, recording)))
    view.failed.connect(context.report)
    for spec, slot in (
        (ActionSpec("traces.measure", "&Measure in the traces", "&View", ("M",), "measure",
                    "Measure between two cursors", needs="time"), view.toggle_measure),
        (ActionSpec("traces.back", "&Back to the time before", "&View", ("Backspace",), "back",
                    "Show the time shown before the last zoom or pan", needs="time"), view.go_back),
        (ActionSpec("traces.unselect", "Select &no time", "&View", ("Ctrl+Shift+A",),
                    tip="Select no stretch of time", needs="time"), view.unselect),
    ):  # fmt: skip
        context.add_action(spec, slot)
    return view


def build_transport(context: ViewContext) -> Transport:
    """The transport bar."""
    from m3n_studio.studio.timeline.transport import Transport

    return Transport(context.clock, context.theme, context.actions, context.selection, jobs=context.jobs,
                     moments=context.moments)  # fmt: skip
