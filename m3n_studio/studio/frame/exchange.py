"""Tables of strangers, labels of other programs and public recordings, in the window's menus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from m3n_studio.errors import FileError
from m3n_studio.studio.frame.opener import prepared
from m3n_studio.studio.look.error_bar import ErrorBar
from m3n_studio.studio.projects.exchange_tools import ExchangeTools
from m3n_studio.studio.projects.recipe_tools import RecipeTools, is_table
from m3n_studio.studio.projects.sample_tools import SampleTools

if TYPE_CHECKING:
    from m3n_studio.studio.frame.window import Window


class Exchange(QObject):
    """What comes in from elsewhere and goes out, besides files that open by themselves."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        store = window.store
        self.tables = RecipeTools(
            window.desk, window.jobs, document=lambda: window.history.document, window=window,
            prepare=lambda d: prepared(d, store.value.sensors, store.value.bandwidth_hz), theme=lambda: window.theme,
        )  # fmt: skip
        self.labels = ExchangeTools(window.desk, window.jobs, window)
        self.samples = SampleTools(window.jobs, window)
        self._refused = Path()
        self.slots: dict[str, Callable[[], object]] = {
            "import_table": self.tables.ask, "import_labels": self.labels.ask_import,
            "export_labels": self.labels.ask_export,
        }  # fmt: skip

    def connect_to(self, window: Window) -> None:
        """Tell the window what was opened and what went wrong."""
        self.tables.opened.connect(window._on_opened)
        for tools in (self.tables, self.labels, self.samples):
            tools.told.connect(window.show_error)
            tools.failed.connect(window._on_failed)
        self.tables.project_made.connect(window.projects.open)
        self.samples.project_made.connect(window.projects.open)
        self.samples.files_wanted.connect(window.open_paths)
        window.opener.public_wanted.connect(self.samples.ask)
        window.error_bar.offer_taken.connect(self._on_offer)

    def offer_for(self, error: Exception, bar: ErrorBar) -> None:
        """Where a table could not be opened, offer to say what its columns mean."""
        if isinstance(error, FileError) and is_table(error.path) and error.path.is_file():
            self._refused = error.path
            bar.offer("Say what its columns mean…", f"Import {error.path.name} as a table")

    @Slot()
    def _on_offer(self) -> None:
        self.tables.show_for(self._refused)
