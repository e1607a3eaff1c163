"""Public recordings to try things on: fetched once, pinned, checked, with their licence shown.

What can be fetched stands in ``samples.toml`` beside this module: a commit, and for each file its
size and SHA-256. A file that is there and right is not fetched again, one that broke off is
continued. ``M3N_SAMPLES_FROM`` (or `source`) names a folder or a mirror's address to take
``<set>/<file>`` from instead; what comes from there is checked against the same sums.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from m3n_studio.errors import Cancelled, FileError, UnknownName

SOURCE_VARIABLE = "M3N_SAMPLES_FROM"
_PIECE = 1 << 16
_TIMEOUT_S = 30.0

#: bytes so far, of how many, which file.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SampleFile:
    """One file: its name in the set, its address under the set's base, size and SHA-256."""

    name: str
    address: str
    size: int
    sha256: str


@dataclass(frozen=True)
class SampleSet:
    """A set of recordings.

    Attributes
    ----------
    name, title : str
    source, version, base : str
        Repository, commit, and the address files are fetched under.
    licence, licence_url, cite : str
        To be shown before fetching, and kept beside the files.
    files : tuple of SampleFile
    """

    name: str
    title: str
    source: str
    version: str
    base: str
    licence: str
    licence_url: str
    cite: str
    files: tuple[SampleFile, ...]

    @property
    def size(self) -> int:
        """All files together, bytes."""
        return sum(file.size for file in self.files)

    def terms(self) -> str:
        """Under what licence it is and whom to cite, for people."""
        return (
            f"{self.title}\n{self.source}, version {self.version[:12]}\nLicence: {self.licence} ({self.licence_url})\n"
            f"Please cite: {self.cite}\n"
        )


@lru_cache(maxsize=1)
def sample_sets() -> dict[str, SampleSet]:
    """Every set by name."""
    text = package_files("m3n_studio.recordings").joinpath("samples.toml").read_text(encoding="utf-8")
    out = {}
    for entry in tomllib.loads(text)["set"]:
        listed = tuple(SampleFile(*row) for row in entry.pop("files"))
        out[entry["name"]] = SampleSet(**entry, files=listed)
    return out


def sample_set(name: str) -> SampleSet:
    """A set by name; `UnknownName` with the nearest."""
    if name not in sample_sets():
        raise UnknownName("sample", name, sample_sets())
    return sample_sets()[name]


def samples_folder() -> Path:
    """Where samples are kept unless somebody says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("m3n-studio", appauthor=False)) / "samples"


def is_whole(chosen: SampleSet, folder: Path) -> bool:
    """Whether every file of a set is in its folder, by size; sums are checked when fetching."""
    at = folder / chosen.name
    return all((at / file.name).is_file() and (at / file.name).stat().st_size == file.size for file in chosen.files)


def fetch(
    name: str,
    *,
    folder: Path | None = None,
    source: str = "",
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Fetch a set and give its folder.

    folder : to keep sets in, one folder each; :func:`samples_folder` if None.
    source : a folder or an address that stands in for the originals; else the environment's.

    Raises
    ------
    FileError
        Where a file cannot be had, or is not the one that was pinned.
    """
    chosen = sample_set(name)
    at = (folder or samples_folder()) / chosen.name
    source = source or os.environ.get(SOURCE_VARIABLE, "")
    try:
        at.mkdir(parents=True, exist_ok=True)
        _get_all(chosen, at, source, progress, cancelled)
        (at / "LICENCE.m3n.txt").write_text(chosen.terms(), encoding="utf-8")
    except OSError as error:
        raise FileError(at, found=f"it cannot be written ({error.strerror or error})") from error
    return at


def _get_all(
    chosen: SampleSet, at: Path, source: str, progress: Progress | None, cancelled: Callable[[], bool] | None
) -> None:
    import pooch

    done = 0

    def reporter(file: SampleFile) -> Callable[[int], None]:
        def report(more: int) -> None:
            if cancelled is not None and cancelled():
                raise Cancelled("cancelled")
            if progress is not None:
                progress(done + more, chosen.size, file.name)

        return report

    pooch.get_logger().setLevel("ERROR")
    keeper = pooch.create(
        path=at, base_url=chosen.base, registry={file.name: f"sha256:{file.sha256}" for file in chosen.files},
        urls={file.name: _address(chosen, file, source) for file in chosen.files},
    )  # fmt: skip
    for file in chosen.files:
        report = reporter(file)
        report(0)
        getter = _Getter(at, file, report)
        try:
            keeper.fetch(file.name, downloader=getter)
        except ValueError as error:  # pooch's word for another sum than the pinned one
            raise FileError(at / file.name, found="another file than the pinned one (its SHA-256 differs)",
                            expected=file.sha256) from error  # fmt: skip
        done += file.size
    if progress is not None:
        progress(done, chosen.size, "")


def _address(chosen: SampleSet, file: SampleFile, source: str) -> str:
    if not source:
        return chosen.base + quote(file.address)
    if urlsplit(source).scheme in ("http", "https"):
        return f"{source.rstrip('/')}/{chosen.name}/{quote(file.name)}"
    if not Path(source).is_dir():
        raise FileError(source, found="no such folder", expected="a folder with samples, or an http address")
    return (Path(source).resolve() / chosen.name / file.name).as_uri()


class _Getter:
    """Pooch's downloader that continues a file that broke off and takes no more than was announced."""

    def __init__(self, folder: Path, file: SampleFile, report: Callable[[int], None]) -> None:
        self.part = folder / ".parts" / file.sha256
        self.file, self.report = file, report

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> bool | None:
        """Bring what lies at `url` into `output_file`."""
        if check_only:
            return None
        self.part.parent.mkdir(exist_ok=True)
        try:
            if urlsplit(url).scheme == "file":
                self._copy(Path(_path_of(url)))
            else:
                self._download(url)
        except (HTTPError, URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", "") or str(error)
            raise FileError(self.file.name, found=f"{url} cannot be had ({reason}); {self._had()} bytes are kept",
                            expected=f"a connection, or a copy named by {SOURCE_VARIABLE}") from error  # fmt: skip
        if self._had() != self.file.size or _sum(self.part) != self.file.sha256:
            had = self._had()
            self.part.unlink(missing_ok=True)
            raise FileError(self.file.name, found=f"{had} bytes at {url} that are not the pinned file",
                            expected=f"{self.file.size} bytes, SHA-256 {self.file.sha256[:16]}…")  # fmt: skip
        shutil.copyfile(self.part, output_file)
        self.part.unlink()
        if not any(self.part.parent.iterdir()):
            self.part.parent.rmdir()
        return None

    def _had(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _copy(self, path: Path) -> None:
        if not path.is_file():
            raise FileError(path, found="no such file", expected="the sample's file")
        if path.stat().st_size != self.file.size:
            raise FileError(path, found=f"{path.stat().st_size} bytes", expected=f"the {self.file.size} of the sample")
        shutil.copyfile(path, self.part)
        self.report(self.file.size)

    def _download(self, url: str) -> None:
        had = self._had()
        if had >= self.file.size:
            self.part.unlink(missing_ok=True)
            had = 0
        request = Request(url, headers={"Range": f"bytes={had}-"} if had else {})  # noqa: S310
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            if had and answer.status != 206:
                had = 0
            with self.part.open("ab" if had else "wb") as out:
                while piece := answer.read(_PIECE):
                    had += len(piece)
                    if had > self.file.size:
                        break
                    out.write(piece)
                    self.report(had)
        if had < self.file.size:
            raise ConnectionError(f"it broke off after {had} of {self.file.size} bytes")


def _path_of(url: str) -> str:
    """The path a ``file:`` address means."""
    from urllib.request import url2pathname

    return url2pathname(urlsplit(url).path)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def licence_of(name: str) -> str:
    """What to show before a set is fetched."""
    return sample_set(name).terms()
