"""Opening: files, folders, samples, recent files and what a crash left, all off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from m3n_studio.studio.core import contents
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.frame import session
from m3n_studio.studio.frame.chooser import Chooser
from m3n_studio.studio.frame.opening import Found, gather
from m3n_studio.studio.frame.preferences import Recent, Store
from m3n_studio.studio.frame.samples import Sample, samples


class Opener(QObject):
    """Turns paths into documents.

    Signals
    -------
    opened : str, Document
        What it is called, and the document.
    failed : exception
    refused : str
    """

    opened = Signal(str, object)
    failed = Signal(object)
    refused = Signal(str)

    def __init__(self, jobs: Jobs, store: Store, document: Callable[[], Document], window: QWidget) -> None:
        super().__init__(window)
        self._jobs, self._store, self._document, self._window = jobs, store, document, window

    @property
    def busy(self) -> bool:
        """Whether something is being opened."""
        return any(job.key == "open" for job in self._jobs.running)

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and folders: motions replace the motion, recordings the recordings."""
        chosen = tuple(paths)
        if not chosen or self._refuse():
            return
        if any(p.is_dir() for p in chosen):
            words = ", ".join(p.name or str(p) for p in chosen)
            self._jobs.run(
                f"Looking into {words}", lambda task: gather(chosen, task.check), done=self._on_found,
                failed=self._on_failed, key="open",
            )  # fmt: skip
        else:
            self._open_files(chosen)

    def _refuse(self) -> bool:
        if self.busy:
            self.refused.emit("Another file is still being opened; wait until it is there.")
        return self.busy

    def open_alone(self, paths: Sequence[Path]) -> None:
        """Open files in place of everything that is open; the sensors stay."""
        if not self._refuse():
            self._open_files(tuple(paths), alone=True)

    def _open_files(self, paths: tuple[Path, ...], *, alone: bool = False) -> None:
        before, sensors, bandwidth = self._document(), self._store.value.sensors, self._store.value.bandwidth_hz
        if alone:
            before = before.with_(
                title="", clip=None, motion_path="", recordings=(), recording_path="", pairs={}, alignments={},
                others=(), videos=(),
            )  # fmt: skip
        names = ", ".join(p.name for p in paths)

        def work(task: Task) -> tuple[str, Recent, Document]:
            start = prepared(before, sensors, bandwidth)
            return names, tuple(str(p.absolute()) for p in paths), contents.open_files(paths, start)

        self._jobs.run(f"Opening {names}", work, done=self._on_opened, failed=self._on_failed, key="open")

    def open_session(self, remembered: dict[str, Any]) -> None:
        """Open what was open when the program died."""
        if self._refuse():
            return

        def work(task: Task) -> tuple[str, Recent, Document]:
            document = session.open_again(remembered)
            return document.title, tuple(map(str, session.files_of(remembered))), document

        self._jobs.run("Restoring", work, done=self._on_opened, failed=self._on_failed, key="open")

    def ask_files(self) -> None:
        """Let the user choose files."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open a motion or a recording", self._last_folder())
        self.open([Path(name) for name in names])

    def ask_folder(self) -> None:
        """Let the user choose a folder."""
        name = QFileDialog.getExistingDirectory(self._window, "Open what is in a folder", self._last_folder())
        self.open([Path(name)] if name else [])

    def _last_folder(self) -> str:
        recent = self._store.value.recent
        return str(Path(recent[0][0]).parent) if recent else ""

    @Slot(object)
    def _on_found(self, found: Found) -> None:
        if found.clear:
            self._jobs.ended.connect(self._when_free)
            self._next = found.first
            self._when_free()
            return
        chooser = Chooser(found, self._window)
        chooser.chosen.connect(self.open)
        chooser.open()

    @Slot()
    def _when_free(self, *_: object) -> None:
        """The job that looked into the folder must have ended before its files are opened."""
        if not self.busy and self._next:
            self._jobs.ended.disconnect(self._when_free)
            paths, self._next = self._next, ()
            self._open_files(paths)

    _next: tuple[Path, ...] = ()

    @Slot(object)
    def _on_opened(self, result: tuple[str, Recent, Document]) -> None:
        names, files, document = result
        shipped = {tuple(str(p) for p in s.paths) for s in samples()}
        if files not in shipped:
            self._store.set(self._store.value.with_recent(files))
        self.opened.emit(names, document)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)

    # ------------------------------------------------------------------ menus

    def recent(self) -> list[tuple[str, Recent]]:
        """Recent entries with their names for people."""
        return [(recent_title(r), r) for r in self._store.value.recent]

    def fill_recent(self, menu: QMenu) -> None:
        """Put recent files into a menu, anew."""
        menu.clear()
        for i, (title, files) in enumerate(self.recent()):
            mark = f"&{i + 1} " if i < 9 else ""
            action = menu.addAction(mark + title.replace("&", "&&"))
            action.setToolTip("\n".join(files))
            action.triggered.connect(lambda _=False, f=files: self.open_alone([Path(p) for p in f]))
        if menu.isEmpty():
            menu.addAction("Nothing yet").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("&Forget these", self.forget_recent)

    def forget_recent(self) -> None:
        """Forget what was opened."""
        self._store.change(recent=())

    def fill_samples(self, menu: QMenu) -> None:
        """Put the samples into a menu."""
        menu.clear()
        shipped = samples()
        for sample in shipped:
            menu.addAction(sample.title).triggered.connect(lambda _=False, s=sample: self.open_sample(s))
            if len(sample.paths) > 1:
                menu.addSeparator()
        menu.setEnabled(bool(shipped))

    def open_sample(self, sample: Sample) -> None:
        """Open a sample."""
        self.open_alone(sample.paths)


def prepared(before: Document, sensors: Sequence[str], bandwidth_hz: float | None) -> Document:
    """An empty document with the sensors and the bandwidth the user prefers; any other as it is."""
    from m3n_studio import workbench
    from m3n_studio.imu.placement import PLACEMENTS

    if before.clip is not None or before.placements:
        return before
    model = before.model or workbench.open_body(None)
    known = [name for name in sensors if name in PLACEMENTS] or workbench.WRISTS
    return before.with_(model=model, placements=workbench.place(model, known), bandwidth_hz=bandwidth_hz)


def recent_title(files: Recent) -> str:
    """``walk.npz with watch.csv — folder``."""
    paths = [Path(f) for f in files]
    return f"{' with '.join(p.name for p in paths)} — {paths[0].parent.name}"
