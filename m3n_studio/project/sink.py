"""A file for HDF5 to write to that can fail cleanly.

HDF5 cannot close a file whose last bytes do not fit on the disk: it keeps the handle for the life of the process.
:class:`Sink` takes everything, keeps the first error, and lets HDF5 close; the writer asks :meth:`Sink.check`.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any


class Sink(io.RawIOBase):
    """A writable binary file of which failures are told later, locked while it is open.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._file = path.open("r+b", buffering=0)
        self._at = self._end = 0
        _lock(self._file)

    def check(self) -> None:
        """Raise the first error there was."""
        if self.error is not None:
            raise self.error

    def readable(self) -> bool:
        """Yes."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, as files do."""
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence] + offset
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; zeros where nothing could be written."""
        view = memoryview(buffer).cast("B")
        got = 0
        with contextlib.suppress(OSError):
            self._file.seek(self._at)
            got = self._file.readinto(view) or 0
        view[got:] = bytes(len(view) - got)
        self._at += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        """Write all of it, or keep the error and go on as if."""
        view = memoryview(data).cast("B")
        if self.error is None:
            try:
                self._file.seek(self._at)
                done = 0
                while done < len(view):
                    done += self._file.write(view[done:]) or 0
            except OSError as error:
                self.error = error
        self._at += len(view)
        self._end = max(self._end, self._at)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen, or keep the error."""
        size = self._at if size is None else size
        if self.error is None:
            try:
                self._file.truncate(size)
            except OSError as error:
                self.error = error
        self._end = size
        return size

    def close(self) -> None:
        """Let go of the file and its lock."""
        if not self.closed:
            self._file.close()
        super().close()


def _lock(file: io.FileIO) -> None:
    """Tell others that the file is in work, where that can be told."""
    try:
        import fcntl
    except ImportError:
        return
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
