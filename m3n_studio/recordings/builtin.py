"""The recording formats that ship with the program, through the same door as anyone's."""

from __future__ import annotations

from m3n_studio.plugins import Door
from m3n_studio.recordings.formats import SignalReader

_HERE = "m3n_studio.recordings"


def _reader(module: str, title: str, suffixes: tuple[str, ...], *, facts: bool = False, name: str = "") -> SignalReader:
    """A row for a module that has ``sniff``, ``read`` and ``read_whole``, and perhaps ``facts``."""
    at = f"{_HERE}.{module}"
    return SignalReader(name or module, title, suffixes, f"{at}:sniff", f"{at}:read", f"{at}:read_whole",
                        f"{at}:facts" if facts else "")  # fmt: skip


#: First match wins, so the particular stand before the general.
READERS = (
    SignalReader("m3n-csv", "m3n Studio table", (".csv",), f"{_HERE}.tables:sniff_csv", f"{_HERE}.tables:read_csv"),
    SignalReader("m3n-hdf5", "m3n Studio HDF5", (".h5", ".hdf5"),
                 f"{_HERE}.tables:sniff_hdf5", f"{_HERE}.tables:read_hdf5"),
    _reader("broad", "BROAD trial", (".h5", ".hdf5"), facts=True),
    _reader("plain_hdf5", "HDF5 with arrays of the usual names", (".h5", ".hdf5"), name="hdf5"),
    _reader("utd_mhad", "UTD-MHAD inertial", (".mat",), facts=True, name="utd-mhad"),
    _reader("qmt", "qmt full-body example", (".mat",)),
    _reader("mmfit", "MM-Fit accelerometer", (".npy",), facts=True),
    _reader("arrays", "NumPy array", (".npy",), name="npy"),
    _reader("bids_motion", "BIDS motion", (".tsv",), facts=True, name="bids-motion"),
    _reader("openpack", "OpenPack wrist and arm sensor", (".csv",), facts=True),
    _reader("apdm", "APDM Opal table", (".csv",)),
    _reader("gaitmap", "gaitmap foot IMU table", (".csv",)),
    _reader("watch", "phone or watch table with labels", (".csv",), facts=True),
    _reader("xsens", "Xsens MTw text", (".txt",), facts=True),
    SignalReader("csv", "table with units in its column names", (".csv", ".tsv"),
                 f"{_HERE}.columns:sniff", f"{_HERE}.columns:read"),
)  # fmt: skip


def register(door: Door) -> None:
    """Contribute every reader."""
    for reader in READERS:
        door.add("signal_reader", reader.name, reader)
