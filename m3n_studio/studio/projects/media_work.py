"""Videos and motions that are put into a session: looked at, and copied into the project if asked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError
from m3n_studio.project import Project
from m3n_studio.project.store import CLIPS, VIDEOS
from m3n_studio.project.values import ClipEntry, Edit, Session, Video
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.recordings.video.container import SUFFIXES
from m3n_studio.studio.core.jobs import Task

VIDEO_FILTER = f"Videos ({' '.join('*' + s for s in SUFFIXES)});;All files (*)"
_PIECE = 8 << 20


def motion_filter() -> str:
    """For a file dialog."""
    from m3n_studio.motion.formats import motion_suffixes

    return f"Motions ({' '.join('*' + s for s in motion_suffixes())});;All files (*)"


def ask_copy(parent: QWidget, names: Sequence[str]) -> bool | None:
    """Whether files should be copied into the project; None: neither."""
    box = QMessageBox(parent)
    box.setWindowTitle("Add to the session")
    size = sum(Path(name).stat().st_size for name in names if Path(name).is_file())
    many = Path(names[0]).name if len(names) == 1 else f"{len(names)} files"
    box.setText(f"Copy {many} ({size / 1e6:.0f} MB) into the project?")
    box.setInformativeText("A copy moves and is packed with the project; a reference takes no room.")
    copy = box.addButton("Copy", QMessageBox.ButtonRole.AcceptRole)
    refer = box.addButton("Refer to it" if len(names) == 1 else "Refer to them", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return True if box.clickedButton() is copy else False if box.clickedButton() is refer else None


def take_in(
    project: Project, session: Session, paths: Sequence[Path], kind: str, copy: bool, task: Task
) -> list[Edit]:  # fmt: skip
    """The edits that put files into a session; those copied lie in the project already.

    A video begins where the session does; so does a motion.

    Raises
    ------
    FileError
        Where one is no video or motion, or cannot be copied; then nothing was copied.
    """
    made: list[Path] = []
    edits = []
    try:
        for path in paths:
            end_s, start_s = _look(path, kind, task)
            place = path
            if copy:
                place = _copy(path, project.folder / (VIDEOS if kind == "video" else CLIPS), task)
                made.append(place)
            where = project.relative(place)
            if kind == "video":
                video = Video(session.id, path.stem, where, end_s, TimeMap.offset(-start_s))
                edits.append(Edit(f"Add video {path.name}", None, video))
            else:
                edits.append(Edit(f"Add motion {path.name}", None, ClipEntry(session.id, path.stem, where)))
    except BaseException:
        for one in made:
            one.unlink(missing_ok=True)
        raise
    return edits


def _look(path: Path, kind: str, task: Task) -> tuple[float, float]:
    """Own times of the end and of the first frame, s; raises where the file is not what it should be."""
    if kind == "video":
        from m3n_studio.recordings.video.index import open_video

        file = open_video(path, cancelled=task.cancelled)
        return file.end_s, file.start_s
    from m3n_studio import workbench

    clip = workbench.open_clip(path)
    return clip.duration_s, 0.0


def _copy(path: Path, folder: Path, task: Task) -> Path:
    """A copy in a folder under a free name; it appears whole or not at all."""
    target, number = folder / path.name, 2
    while target.exists():
        target, number = folder / f"{path.stem} ({number}){path.suffix}", number + 1
    try:
        folder.mkdir(exist_ok=True)
        total, done = max(path.stat().st_size, 1), 0
        with atomic(target) as part, path.open("rb") as source, part.open("wb") as out:
            while piece := source.read(_PIECE):
                task.check()
                out.write(piece)
                done += len(piece)
                task.progress(done, total)
        shutil.copystat(path, target)
    except OSError as error:
        raise FileError(path, found=f"it cannot be copied ({error.strerror or error})",
                        expected=f"room in {folder}") from error  # fmt: skip
    return target
