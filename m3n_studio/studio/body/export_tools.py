"""Pictures, turntables, films and glTF of what the body view shows, from its commands to the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from m3n_studio.errors import M3nError
from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.body.exports import FILM_HZ, PictureDialog, PictureWish, Recorder, body_picture, pixels_of
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.scene.movie import Picture, write_png
from m3n_studio.studio.scene.viewport import GLViewport, ImageViewport, Viewport

_FILE = "&File"
EXPORT_ROWS = (
    ActionSpec("export_picture", "P&icture of the body…", _FILE, ("Ctrl+Shift+S",), separator_before=True,
               tip="PNG of any size, transparent if wanted"),
    ActionSpec("export_turntable", "&Turntable…", _FILE, tip="Once round the body, as MP4 or PNG pictures"),
    ActionSpec("export_film", "&Film of the window…", _FILE, tip="The whole window playing the clip in step, as MP4"),
    ActionSpec("export_gltf", "&Animated body (glTF)…", _FILE, tip="Skinned mesh with its motion, .glb"),
)  # fmt: skip


class ExportTools(QObject):
    """The export commands of a body view."""

    def __init__(self, view: BodyView, context: ViewContext, parent: QObject) -> None:
        super().__init__(parent)
        self.view, self._context = view, context
        self._contents = Contents()
        self._recorder: Recorder | None = None
        self._back_to_s: float | None = None
        self._folder = Path.home()
        slots: dict[str, Callable[..., object]] = {
            "export_picture": self.ask_picture, "export_turntable": self.ask_turntable,
            "export_film": self.ask_film, "export_gltf": self.ask_gltf,
        }  # fmt: skip
        self.commands: dict[str, QAction] = {
            spec.name: context.add_action(replace(spec, needs="motion"), slots[spec.name]) for spec in EXPORT_ROWS
        }  # fmt: skip

    def set_contents(self, contents: Contents) -> None:
        """Follow what is shown."""
        self._contents = contents

    def _on_error(self, error: Exception) -> None:
        self._context.report(describe(error)[0])

    def _suggest(self, suffix: str) -> str:
        stem = Path(self._contents.title or "body").stem
        return str(self._folder / f"{stem}{suffix}")

    def _ask_path(self, title: str, suffix: str, kinds: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self.view.window(), title, self._suggest(suffix), kinds)
        if not name:
            return None
        path = Path(name)
        self._folder = path.parent
        return path if path.suffix else path.with_suffix(suffix)

    def _dialog(self, title: str, wished: Callable[[PictureWish], object], *, turns: bool) -> None:
        ratio = self.view.devicePixelRatioF()
        size = (round(self.view.width() * ratio), round(self.view.height() * ratio))
        dialog = PictureDialog(title, size, turns=turns, parent=self.view.window())
        dialog.wished.connect(wished)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_picture(self, *_: object) -> None:
        """Ask for a size, then a place, then write a picture."""
        self._dialog("Picture of the body", self._picture, turns=False)

    def _picture(self, wish: PictureWish) -> None:
        path = self._ask_path("Save picture", ".png", "PNG (*.png)")
        if path is None:
            return
        try:
            write_png(path, body_picture(self.view, wish.width, wish.height, see_through=wish.see_through))
        except M3nError as error:
            self._on_error(error)

    def ask_turntable(self, *_: object) -> None:
        """Ask for size and time, then a place, then film once round the body."""
        self._dialog("Turntable", self._turntable, turns=True)

    def _turntable(self, wish: PictureWish) -> None:
        path = self._ask_path("Save turntable", ".mp4", "Film (*.mp4);;PNG pictures (*.png)")
        if path is not None:
            self.turntable(path, wish)

    def turntable(self, path: Path, wish: PictureWish) -> Recorder | None:
        """Once round the body at the frame shown; the camera is put back."""
        stage, start = self.view.stage, self.view.stage.camera
        count = max(round(wish.seconds * FILM_HZ), 2)

        def grab(i: int) -> Picture:
            now = stage.camera
            stage.camera = start.looking(start.azimuth_deg + 360.0 * i / count, start.elevation_deg)
            try:
                return body_picture(self.view, wish.width, wish.height)
            finally:
                stage.camera = now

        return self._record("Turntable", path, count, grab, None)

    def ask_film(self, *_: object) -> None:
        """Ask for a place, then film the window."""
        path = self._ask_path("Save film of the window", ".mp4", "Film (*.mp4);;PNG pictures (*.png)")
        if path is not None:
            self.film(path)

    def film(self, path: Path) -> Recorder | None:
        """The whole window, 30 pictures per second of clip, over the loop region or all of time."""
        clock = self._context.clock
        clock.pause()
        start, end = clock.loop or (clock.start_s, clock.end_s)
        count, before, window = int((end - start) * FILM_HZ + 1e-6) + 1, clock.time_s, self.view.window()
        viewports: list[Viewport] = [*window.findChildren(GLViewport), *window.findChildren(ImageViewport)]

        def grab(i: int) -> Picture:
            clock.pause()
            clock.seek(start + i / FILM_HZ)
            for viewport in viewports:
                viewport.always_smooth = True
            try:
                return pixels_of(window.grab().toImage())
            finally:
                for viewport in viewports:
                    viewport.always_smooth = False

        return self._record("Film of the window", path, count, grab, before)

    def _record(
        self, name: str, path: Path, count: int, grab: Callable[[int], Picture], back_to_s: float | None
    ) -> Recorder | None:  # fmt: skip
        if self._recorder is not None:
            self._context.report("A film is still being made; wait for it or cancel it.")
            return None
        recorder = Recorder(name, path, count, grab, self._context.jobs, self._on_error, self.view.window())
        self._recorder, self._back_to_s = recorder, back_to_s
        recorder.finished.connect(self._on_recorded)
        return recorder

    @Slot(str)
    def _on_recorded(self, _path: str) -> None:
        self._recorder = None
        if self._back_to_s is not None:
            self._context.clock.seek(self._back_to_s)
        self.view.viewport.update()

    def ask_gltf(self, *_: object) -> None:
        """Ask for a place, then write the moving body in the background."""
        from m3n_studio.studio.scene.gltf import Walker

        document = self._contents.document
        scene = self._contents.scene
        if scene is None:
            return
        path = self._ask_path("Save animated body", ".glb", "glTF (*.glb)")
        if path is None:
            return
        model, clip, shape = scene.track.model, scene.track.clip, document.shape
        stage = self.view.stage
        others = tuple(
            Walker(c.scene.track.model, c.scene.track.clip, c.scene.track.shape, tuple(c.moved), f"body {i}")
            for i, c in enumerate(stage.companions, start=2)
        )  # fmt: skip

        def work(task: object) -> Path:
            from m3n_studio.studio.scene.gltf import write_glb

            def progress(done: float, total: float) -> None:
                task.check()  # type: ignore[attr-defined]
                task.progress(done, total)  # type: ignore[attr-defined]

            return write_glb(path, model, clip, shape, others=others, progress=progress)

        self._context.jobs.run("Writing glTF", work, failed=self._on_error)
