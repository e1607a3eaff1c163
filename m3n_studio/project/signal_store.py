"""`StoredSignal`: a signal of any length in a file, read as far as it is looked at."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project import signal_file as layout
from m3n_studio.project.signal_file import BLOCK, CHANNELS, CHUNK, INDEX_STEP, LEVELS, MAGNITUDES, ContentHash
from m3n_studio.recordings.pyramid import Peaks, Pyramid
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
_CACHE_BYTES = 2 << 20
#: Stretches of at most so many blocks are read for all channels at once, and so many of the last ones are kept.
_MOST_BLOCKS, _KEPT = 4, 20
_DAMAGED = "a whole signal file; import the recording again, or restore the file from a copy"


class StoredSignal:
    """A signal file, opened when first needed. Any thread may read; nothing is kept but what HDF5 caches (2 MB)
    and the last few stretches that were looked at (5 MB).

    Times are the recording's own seconds.

    Attributes
    ----------
    path : Path
    name : str
    samples : int
    rate_hz : float, Hz
        Mean; exact where `regular`.
    span_s : (float, float), s
        First and last sample.
    regular : bool
        Whether samples are evenly spaced.
    version : int
        Of the file's layout.
    sha256 : str
        Of samples, validity and times, as written.
    about : str
        JSON that was given when it was written.

    Raises
    ------
    FileError
        From every method, where the file is missing or damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._file: Any = None
        self._sets: dict[str, Any] = {}
        self._recent: dict[tuple[str, int], NDArray[np.float32]] = {}
        with self._opened() as file:
            self._read_head(file)

    def __len__(self) -> int:
        return self.samples

    def close(self) -> None:
        """Let go of the file; the next read opens it again."""
        with self._lock:
            file, self._file = self._file, None
            self._sets, self._recent = {}, {}
            if file is not None:
                file.close()

    def read(self, start_s: float | None = None, stop_s: float | None = None) -> Signal:
        """The samples from `start_s` to `stop_s`, both included; all of them where left out.

        Raises
        ------
        ValueProblem
            If there is none in that stretch.
        """
        first, stop = self.range_of(start_s, stop_s)
        if first >= stop:
            raise ValueProblem(f"signal {self.name!r}: no sample from {start_s} to {stop_s} s")
        return self.read_samples(first, stop)

    def read_samples(self, first: int, stop: int) -> Signal:
        """Samples number `first` up to, not including, `stop`."""
        first, stop = max(first, 0), min(stop, self.samples)
        with self._opened() as file:
            values = file["values"][:, first:stop]
            valid = file["valid"][first:stop].astype(bool)
        time_s = self.times(first, stop)
        return Signal(self.name, time_s, values[:3].T, values[3:].T, valid)

    def times(self, first: int, stop: int) -> Array:
        """Times of samples number `first` up to, not including, `stop`, s."""
        if self.regular:
            return layout.even_times(self.span_s[0], self.rate_hz, first, stop)
        with self._opened() as file:
            return np.asarray(file["times"][first:stop], dtype=np.float64)

    def validity(self) -> NDArray[np.bool_]:
        """Which of all samples mean something (N,), a byte each."""
        with self._opened() as file:
            return np.asarray(file["valid"][:], dtype=bool)

    def range_of(self, start_s: float | None, stop_s: float | None) -> tuple[int, int]:
        """First sample at or after `start_s`, and one after the last at or before `stop_s`."""
        first = 0 if start_s is None else self._index(start_s, "left")
        stop = self.samples if stop_s is None else self._index(stop_s, "right")
        return first, max(first, stop)

    def peaks(self, channel: int | str, start_s: float, stop_s: float, most: int) -> Peaks:
        """Lowest and highest of a channel over a stretch, in at most `most` + 1 buckets of equally many samples.

        Parameters
        ----------
        channel : int or str
            0 to 5, one of ``acc_x`` ... ``gyr_z``, ``acc_magnitude`` or ``gyr_magnitude``.
        start_s, stop_s : float, s
            Rounded outwards to whole buckets.
        most : int
            Buckets wanted at most; the width of the picture in pixels.

        Returns
        -------
        Peaks
            In samples; :meth:`times` says when they are. NaN where no sample of a bucket is valid.
        """
        first, stop = self.range_of(start_s, stop_s)
        return self.pyramid(channel).peaks(max(first - 1, 0), min(stop + 1, self.samples), most)

    def pyramid(self, channel: int | str) -> Pyramid:
        """The channel's peaks at any level of detail, from the levels in the file.

        Files of version 1 have none of magnitudes: theirs are worked out from all samples when first asked for.
        """
        line = self.line(channel)
        if not self.has_peaks(channel):
            return Pyramid(line)
        number = line.number
        levels = [(_Row(self, f"peaks/{n}/low", number), _Row(self, f"peaks/{n}/high", number)) for n in LEVELS]
        return Pyramid(line, levels[0], levels[1:])

    def has_peaks(self, channel: int | str) -> bool:
        """Whether the file keeps the peaks of a channel."""
        return self.line(channel).number < layout.peak_rows(self.version)

    def line(self, channel: int | str) -> _Line | _Magnitude:
        """A channel, or the length of three, as something that gives arrays for slices, NaN where not valid."""
        if isinstance(channel, str) and channel in MAGNITUDES:
            return _Magnitude(self, MAGNITUDES.index(channel))
        number = CHANNELS.index(channel) if isinstance(channel, str) and channel in CHANNELS else channel
        if not isinstance(number, int) or not 0 <= number < len(CHANNELS):
            raise ValueProblem(f"signal {self.name!r}: expected a channel 0 to 5 or {CHANNELS}; found {channel!r}")
        return _Line(self, number)

    def verify(self) -> bool:
        """Read all of it: whether samples, validity and times are as they were written."""
        content = ContentHash()
        with self._opened() as file:
            for at in range(0, self.samples, BLOCK):
                part = slice(at, min(at + BLOCK, self.samples))
                content.update(file["values"][:, part].T, file["valid"][part])
                if not self.regular:
                    content.update_times(file["times"][part])
        return content.finish(self.span_s[0], self.rate_hz, self.regular) == self.sha256

    def peaks_of(self, name: str, row: int, part: slice) -> NDArray[np.float32]:
        """Part of one row of a level of peaks."""
        with self._opened():
            first, stop, _ = part.indices(self._set(name).shape[1])
            return self._rows(name, row, first, stop)

    def samples_of(self, rows: Any, part: slice | int) -> NDArray[np.float32]:
        """Some rows of samples, NaN where not valid: of a stretch, or at one place."""
        with self._opened():
            if not isinstance(part, slice):
                return self._rows("values", rows, int(part), int(part) + 1)[..., 0]
            first, stop, step = part.indices(self.samples)
            return self._rows("values", rows, first, stop)[..., ::step]

    def _rows(self, name: str, rows: Any, first: int, stop: int) -> NDArray[np.float32]:
        """Some rows of a stretch of a dataset: of a short one from whole blocks, which are kept for the next look."""
        numbers = range(first // CHUNK, -(-max(stop, first + 1) // CHUNK))
        if len(numbers) > _MOST_BLOCKS:
            return self._read(name, rows, first, stop)
        parts = [self._block(name, n)[rows, max(first - n * CHUNK, 0) : stop - n * CHUNK] for n in numbers]
        return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0].copy()

    def _block(self, name: str, number: int) -> NDArray[np.float32]:
        """All rows of a block: all channels of a picture ask for the same ones, and so does the next picture."""
        key = (name, number)
        found = self._recent.pop(key, None)
        if found is None:
            found = self._read(name, slice(None), number * CHUNK, (number + 1) * CHUNK)
        self._recent[key] = found
        while len(self._recent) > _KEPT:
            del self._recent[next(iter(self._recent))]
        return found

    def _read(self, name: str, rows: Any, first: int, stop: int) -> NDArray[np.float32]:
        values: NDArray[np.float32] = np.asarray(self._set(name)[rows, first:stop])
        if name == "values":
            values[..., self._set("valid")[first:stop] == 0] = np.nan
        return values

    def _set(self, name: str) -> Any:
        """A dataset of the open file."""
        if name not in self._sets:
            self._sets[name] = self._file[name]
        return self._sets[name]

    def _index(self, time_s: float, side: Any) -> int:
        """Where in the samples a time belongs."""
        if self.regular:
            if self.samples == 1:
                return int(np.searchsorted([self.span_s[0]], time_s, side=side))
            guess = int(np.clip((time_s - self.span_s[0]) * self.rate_hz, -2, self.samples + 2))
            first, stop = max(guess - 3, 0), min(guess + 4, self.samples)
            return first + int(np.searchsorted(self.times(first, stop), time_s, side=side)) if first < stop else first
        with self._opened() as file:
            coarse = int(np.searchsorted(file["times_index"][:], time_s, side=side)) - 1
        first = max(coarse, 0) * INDEX_STEP
        stop = min(first + INDEX_STEP, self.samples)
        return first + int(np.searchsorted(self.times(first, stop), time_s, side=side))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        """The HDF5 file, for one thread at a time; its errors in words."""
        import h5py

        with self._lock:
            try:
                if self._file is None:
                    self._file = h5py.File(self.path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES)
                yield self._file
            except FileNotFoundError as error:
                raise FileError(self.path, found="the signal file is missing", expected=_DAMAGED) from error
            except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
                if isinstance(error, FileError | ValueProblem):
                    raise
                raise FileError(self.path, found=f"it is damaged ({error})", expected=_DAMAGED) from error

    def _read_head(self, file: Any) -> None:
        head = dict(file.attrs)
        if head.get("format") != layout.FORMAT:
            raise FileError(self.path, found="an HDF5 file that is no signal file of ours", expected=_DAMAGED)
        if not 1 <= int(head["version"]) <= layout.VERSION:
            raise FileError(self.path, found=f"version {head['version']}", expected="a newer m3n Studio to read it")
        self.version = int(head["version"])
        self.name, self.about, self.sha256 = (str(head[key]) for key in ("name", "about", "content_sha256"))
        self.samples, self.regular = int(head["samples"]), bool(head["regular"])
        self.rate_hz = float(head["rate_hz"])
        self.span_s = (float(head["start_s"]), float(head["stop_s"]))
        n, channels = self.samples, len(CHANNELS)
        shapes = {"values": (channels, n), "valid": (n,)}
        shapes |= {} if self.regular else {"times": (n,), "times_index": (-(-n // INDEX_STEP),)}
        for level in LEVELS:
            rows = layout.peak_rows(self.version)
            shapes |= {f"peaks/{level}/{side}": (rows, -(-n // level)) for side in ("low", "high")}
        for name, shape in shapes.items():
            dataset = file[name]
            if dataset.shape != shape or dataset.is_virtual or dataset.external or n < 1:
                raise FileError(self.path, field=name, found=f"shape {dataset.shape}", expected=f"{shape}")
        if file["values"].id.get_storage_size() < 4 * channels * n:
            raise FileError(self.path, field="values", found="fewer samples than it says", expected=_DAMAGED)
        if not (np.isfinite([self.rate_hz, *self.span_s]).all() and (self.rate_hz > 0 or n == 1)):
            raise FileError(self.path, field="rate_hz", found=f"{self.rate_hz}, {self.span_s}", expected=_DAMAGED)


class _Row:
    """One row of a stored level as something that gives arrays for slices."""

    def __init__(self, signal: StoredSignal, name: str, row: int) -> None:
        self._signal, self._name, self._row = signal, name, row

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        return self._signal.peaks_of(self._name, self._row, part)


class _Line:
    """One channel's samples, NaN where not valid, as something that gives arrays for slices."""

    def __init__(self, signal: StoredSignal, number: int) -> None:
        self._signal, self.number = signal, number

    def __len__(self) -> int:
        return self._signal.samples

    def __getitem__(self, part: slice | int) -> NDArray[np.float32]:
        return self._signal.samples_of(self.number, part)


class _Magnitude:
    """The length of three channels as something that gives arrays for slices, NaN where not valid."""

    def __init__(self, signal: StoredSignal, which: int) -> None:
        self._signal, self._first = signal, 3 * which
        self.number = len(CHANNELS) + which

    def __len__(self) -> int:
        return self._signal.samples

    def __getitem__(self, part: slice | int) -> NDArray[np.float32]:
        rows = self._signal.samples_of(slice(self._first, self._first + 3), part)
        return layout.magnitude(rows.reshape(3, -1)).reshape(rows.shape[1:])
