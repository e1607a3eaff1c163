"""A whole project as one zip, and back: streamed, with a manifest of sizes and checksums.

What is in the project's folder goes in (database as one consistent copy, signals, videos, clips, runs, what views
keep as JSON); backups, unfinished files and what can be computed again do not. Videos and clips that lie elsewhere
stay where they are and are named in the result.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.project import backup
from m3n_studio.project.database import NAME
from m3n_studio.project.store import CLIPS, RUNS, SIGNALS, VIDEOS, Project

FORMAT, VERSION = "m3n-project", 1
MANIFEST = "manifest.json"
_PIECE = 1 << 20
_MOST_FILES = 1_000_000
_MOST_MANIFEST = 256 << 20
Progress = Callable[[int, int], None]
_STOP = Callable[[], bool]


def export_project(
    folder: str | Path, target: str | Path, *, progress: Progress | None = None, cancelled: _STOP | None = None
) -> tuple[str, ...]:
    """Write a project into one zip file.

    Parameters
    ----------
    folder, target : str or Path
    progress : callable, optional
        Called with (bytes, total bytes).
    cancelled : callable, optional
        True ends it with :class:`Cancelled`; nothing stays.

    Returns
    -------
    tuple of str
        Paths of videos and clips that lie outside of the folder and are not in the zip.
    """
    target = Path(target)
    with Project.open(folder, read_only=True) as project, tempfile.TemporaryDirectory(prefix="m3n-export-") as scratch:
        copy = Path(scratch) / NAME
        backup.copy_database(project.database, copy)
        files = {NAME: copy} | _files(project)
        outside = tuple(e.path for e in project.media() if Path(e.path).is_absolute())
        step = _Steps(sum(path.stat().st_size for path in files.values()), progress, cancelled)
        manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": project.name, "files": {}}
        try:
            with atomic(target) as part, zipfile.ZipFile(part, "w", allowZip64=True) as archive:
                for name, path in files.items():
                    manifest["files"][name] = _put(archive, name, path, step)
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1), zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise FileError(target, found=f"it cannot be written ({error.strerror or error}); nothing was kept",
                            expected="free space in a folder that may be written") from error  # fmt: skip
    return outside


def import_project(
    source: str | Path, folder: str | Path, *, most_bytes: int = 1 << 40, progress: Progress | None = None,
    cancelled: _STOP | None = None,
) -> Project:  # fmt: skip
    """Unpack a project from a zip into a new folder, checked; it appears whole or not at all.

    Parameters
    ----------
    source : str or Path
    folder : str or Path
        Must not be there yet, or be empty.
    most_bytes : int
        Refuse more than this when unpacked.
    progress, cancelled : callable, optional
        As for :func:`export_project`.

    Raises
    ------
    FileError
        If the zip is no project, is damaged, or holds what its manifest does not name.
    """
    source, folder = Path(source), Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(folder, found="something is there already", expected="a new or empty folder")
    part = Path()
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.absolute().parent))
        with zipfile.ZipFile(source) as archive:
            files = _manifest(source, archive, most_bytes)
            step = _Steps(sum(size for size, _ in files.values()), progress, cancelled)
            for name, (size, digest) in files.items():
                _take(source, archive, name, part, (size, digest), step)
        for name in (SIGNALS, VIDEOS, CLIPS, backup.FOLDER):
            (part / name).mkdir(exist_ok=True)
        Project.open(part).close()
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(source, found=f"not a whole project archive ({error})",
                        expected="a zip that `project export` wrote") from error  # fmt: skip
    except OSError as error:
        raise FileError(source, found=f"it cannot be unpacked ({error.strerror or error}); nothing was kept",
                        expected="a readable zip, and free space") from error  # fmt: skip
    finally:
        if part.name:
            shutil.rmtree(part, ignore_errors=True)
    return Project.open(folder)


class _Steps:
    """Progress in bytes, and stopping."""

    def __init__(self, total: int, progress: Progress | None, cancelled: _STOP | None) -> None:
        self._done, self._total, self._progress, self._cancelled = 0, total, progress, cancelled

    def copy(self, source: IO[bytes], target: IO[bytes], most: int | None = None) -> tuple[int, str]:
        """Copy in pieces, at most so many bytes and one; size and SHA-256 of what was copied."""
        size, digest = 0, hashlib.sha256()
        while data := source.read(_PIECE):
            if self._cancelled is not None and self._cancelled():
                raise Cancelled("stopped; nothing was kept")
            size += len(data)
            if most is not None and size > most:
                break
            digest.update(data)
            target.write(data)
            self._done += len(data)
            if self._progress is not None:
                self._progress(self._done, max(self._total, self._done))
        return size, digest.hexdigest()


def _files(project: Project) -> dict[str, Path]:
    """Everything of a project in its folder but the database: name in the zip, path."""
    found: dict[str, Path] = {r.file: project.folder / r.file for r in project.recordings()}
    inside = (path for part in (VIDEOS, CLIPS, RUNS) for path in sorted((project.folder / part).rglob("*")))
    for path in (*inside, *sorted(project.folder.glob("*.json"))):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and path.name != MANIFEST:
            found[path.relative_to(project.folder).as_posix()] = path
    for entry in project.media():
        path = project.folder / entry.path
        if not Path(entry.path).is_absolute() and ".." not in Path(entry.path).parts and path.is_file():
            found[entry.path] = path
    return found


def _put(archive: zipfile.ZipFile, name: str, path: Path, step: _Steps) -> dict[str, Any]:
    info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_STORED if path.suffix == ".mp4" else zipfile.ZIP_DEFLATED
    info._compresslevel = 1  # type: ignore[attr-defined]
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        size, digest = step.copy(source, target)
    return {"bytes": size, "sha256": digest}


def _manifest(source: Path, archive: zipfile.ZipFile, most_bytes: int) -> dict[str, tuple[int, str]]:
    """Name, size and checksum of every file, once it is clear that all of it is allowed."""
    with contextlib.suppress(KeyError):
        if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST:
            raise FileError(source, field=MANIFEST, found="it is too large", expected="a manifest of ours")
        with archive.open(MANIFEST) as file:
            text = file.read(_MOST_MANIFEST)
        try:
            return _read_manifest(source, archive, json.loads(text), most_bytes)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise FileError(source, field=MANIFEST, found=f"it is no manifest of ours ({error})") from error
    raise FileError(source, found="no manifest.json in it", expected="a zip that `project export` wrote")


def _read_manifest(source: Path, archive: zipfile.ZipFile, read: Any, most_bytes: int) -> dict[str, tuple[int, str]]:
    if read["format"] != FORMAT or int(read["version"]) > VERSION:
        raise FileError(source, field=MANIFEST, found=f"{read['format']} version {read['version']}",
                        expected=f"{FORMAT} up to version {VERSION}")  # fmt: skip
    files = {str(name): (int(about["bytes"]), str(about["sha256"])) for name, about in read["files"].items()}
    named = [info for info in archive.infolist() if not info.is_dir()]
    if len(files) > _MOST_FILES or NAME not in files or sorted(i.filename for i in named) != sorted([*files, MANIFEST]):
        raise FileError(source, field=MANIFEST, found="other files than the zip holds", expected="the same")
    if sum(size for size, _ in files.values()) > most_bytes:
        raise FileError(source, found="more than may be unpacked", expected=f"at most {most_bytes} bytes")
    for info in named:
        if info.filename != MANIFEST:
            _check_name(source, info)
    return files


def _check_name(source: Path, info: zipfile.ZipInfo) -> None:
    """A plain file inside the folder: nothing absolute, no way up, no link."""
    name = info.filename
    parts = PurePosixPath(name).parts
    mode = info.external_attr >> 16
    bad = (
        not parts or name.startswith("/") or "\\" in name or ":" in name or "\0" in name or name.endswith("/")
        or any(part in ("", ".", "..") for part in name.split("/")) or stat.S_IFMT(mode) not in (0, stat.S_IFREG)
    )  # fmt: skip
    if bad or info.flag_bits & 1:
        raise FileError(source, field=name, found="a name or kind of file that is not allowed",
                        expected="plain files inside the project")  # fmt: skip


def _take(
    source: Path, archive: zipfile.ZipFile, name: str, part: Path, expected: tuple[int, str], step: _Steps
) -> None:
    path = part / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as read, path.open("xb") as write:
        found = step.copy(read, write, most=expected[0])
        write.flush()
        os.fsync(write.fileno())
    if found != expected:
        raise FileError(source, field=name, found="other bytes than the manifest says", expected="a whole archive")
