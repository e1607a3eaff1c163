"""The views of a window: built when they are first seen or asked for, told only what they can show.

A window is painted before the views behind tabs exist; they are built one at a time from an idle
timer after that, in the order of the door, so that a moment later all of them (and the actions
they bring) are there. Who needs one earlier asks for it by name and gets it.

Contents go at once to the views that can be seen, all in one call. The others are given them when
they come to the front, when they are asked for, or when the hand rests: a slider does not pay for
what nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from m3n_studio.plugins import load
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import DockSpec, ViewContext
from m3n_studio.studio.look.theme import Theme

#: How long nothing must have changed before views that are not seen are told, ms.
REST_MS = 180
#: From the window's first showing to the first view built for later, and from one to the next, ms.
FIRST_MS, NEXT_MS = 120, 15


class ViewShelf(Mapping[str, QWidget]):
    """Views by name. Asking for one builds it and brings it up to date.

    Parameters
    ----------
    specs : sequence of (name, DockSpec)
    context : ViewContext
    seen : callable
        Whether the view of a name can be seen now.
    place : callable
        Called with (name, view) when a view was built.
    failed : callable
        Called with (name, error) when one could not be; it is not among the views then.
    parent : QObject
    """

    def __init__(
        self,
        specs: Sequence[tuple[str, DockSpec]],
        context: ViewContext,
        *,
        seen: Callable[[str], bool],
        place: Callable[[str, QWidget], None],
        failed: Callable[[str, Exception], None],
        parent: QObject,
    ) -> None:
        self._specs = dict(specs)
        self._context = context
        self._seen, self._place, self._failed = seen, place, failed
        self.built: dict[str, QWidget] = {}
        self._building: set[str] = set()
        self._contents: Contents | None = None
        self._behind: set[str] = set()
        self._theme = context.theme
        self._idle = QTimer(parent, singleShot=True)
        self._idle.timeout.connect(self._build_next)
        self._rest = QTimer(parent, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.catch_up)

    # ------------------------------------------------------------------ as a mapping

    def __getitem__(self, name: str) -> QWidget:
        """The view, built now if it was not, up to date."""
        self._need(name)
        self._deliver(name)
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        """Names, in the order of the door; those of views that could not be built are left out."""
        return iter(tuple(self._specs))

    def __len__(self) -> int:
        """How many there are, built or not."""
        return len(self._specs)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a view; builds nothing."""
        return name in self._specs

    # ------------------------------------------------------------------ building

    def reveal(self, name: str) -> None:
        """A view comes to the front: it is there, and shows what there is to show."""
        if name in self._specs and name not in self._building:
            self._need(name)
            self._deliver(name)

    def start(self) -> None:
        """The window is on screen: build the rest, one at a time."""
        if not self.complete:
            self._idle.start(FIRST_MS)

    def stop(self) -> None:
        """Build nothing more and tell nobody anything: the window closes."""
        self._idle.stop()
        self._rest.stop()
        self._behind.clear()

    @property
    def complete(self) -> bool:
        """Whether every view is built."""
        return len(self.built) == len(self._specs)

    def _build_next(self) -> None:
        name = next((n for n in self._specs if n not in self.built), "")
        if name:
            self._need(name)
            self._deliver(name)
        if not self.complete:
            self._idle.start(NEXT_MS)

    def _need(self, name: str) -> None:
        """Build a view if it is not there."""
        if name in self.built or name not in self._specs:
            return
        self._building.add(name)
        try:
            view = load(self._specs[name].build)(replace(self._context, theme=self._theme))
        except Exception as error:  # a plugin's view may raise anything; the others must live
            del self._specs[name]
            self._failed(name, error)
            return
        finally:
            self._building.discard(name)
        self.built[name] = view
        if self._contents is not None:
            self._behind.add(name)
        self._place(name, view)
        self._tell(name, "set_theme", self._theme)

    # ------------------------------------------------------------------ telling

    def hand_out(self, contents: Contents) -> None:
        """Show other contents: those seen now, in this call; the others later."""
        self._contents = contents
        self._behind = set(self.built)
        for name in self.built:
            if self._seen(name):
                self._deliver(name)
        if self._behind:
            self._rest.start()

    def catch_up(self) -> None:
        """Tell the views that are not seen, too."""
        for name in tuple(self._behind):
            self._deliver(name)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours; views built later begin with them."""
        self._theme = theme
        for name in self.built:
            self._tell(name, "set_theme", theme)

    def release(self) -> None:
        """The window closes: every view gives back what only it holds."""
        self.stop()
        for name in self.built:
            self._tell(name, "release")

    def _deliver(self, name: str) -> None:
        if name in self._behind:
            self._behind.discard(name)
            self._tell(name, "set_contents", self._contents)

    def _tell(self, name: str, method: str, *values: object) -> None:
        """Call a view's method, where it has it."""
        call = getattr(self.built[name], method, None)
        if call is not None:
            call(*values)
