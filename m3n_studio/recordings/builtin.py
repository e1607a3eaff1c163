"""The recording formats that ship with the program, through the same door as anyone's."""

from __future__ import annotations

from m3n_studio.plugins import Door
from m3n_studio.recordings.formats import SignalReader

_HERE = "m3n_studio.recordings"

#: First match wins, so the particular stand before the general.
READERS = (
    SignalReader("m3n-csv", "m3n Studio table", (".csv",), f"{_HERE}.tables:sniff_csv", f"{_HERE}.tables:read_csv"),
    SignalReader("m3n-hdf5", "m3n Studio HDF5", (".h5", ".hdf5"),
                 f"{_HERE}.tables:sniff_hdf5", f"{_HERE}.tables:read_hdf5"),
    SignalReader("broad", "BROAD trial", (".h5", ".hdf5"), f"{_HERE}.broad:sniff", f"{_HERE}.broad:read"),
    SignalReader("qmt", "qmt full-body example", (".mat",), f"{_HERE}.qmt:sniff", f"{_HERE}.qmt:read"),
    SignalReader("gaitmap", "gaitmap foot IMU table", (".csv",), f"{_HERE}.gaitmap:sniff", f"{_HERE}.gaitmap:read"),
    SignalReader("watch", "phone or watch table with labels", (".csv",),
                 f"{_HERE}.watch:sniff", f"{_HERE}.watch:read"),
    SignalReader("xsens", "Xsens MTw text", (".txt",), f"{_HERE}.xsens:sniff", f"{_HERE}.xsens:read"),
    SignalReader("csv", "table with units in its column names", (".csv", ".tsv"),
                 f"{_HERE}.columns:sniff", f"{_HERE}.columns:read"),
)  # fmt: skip


def register(door: Door) -> None:
    """Contribute every reader."""
    for reader in READERS:
        door.add("signal_reader", reader.name, reader)
