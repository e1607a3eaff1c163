"""How the built-in views are built from a :class:`ViewContext` and joined to the selection."""

from __future__ import annotations

from m3n_studio.studio.body_tools import BodyTools
from m3n_studio.studio.body_view import BodyView
from m3n_studio.studio.docks import ViewContext
from m3n_studio.studio.trace_view import TraceView
from m3n_studio.studio.transport import Transport


def build_body(context: ViewContext) -> BodyView:
    """The body in motion; highlights the selected sensor."""
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
    view = TraceView(context.clock, context.theme, context.selection)
    view.sensor_changed.connect(context.selection.set_sensor)
    context.selection.sensor_changed.connect(view.set_sensor)
    context.actions["show_all"].triggered.connect(view.show_all)
    return view


def build_transport(context: ViewContext) -> Transport:
    """The transport bar."""
    return Transport(context.clock, context.theme, dict(context.actions))
