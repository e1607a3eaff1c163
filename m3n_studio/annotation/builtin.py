"""The label formats that ship with the program, through the same door as anyone's."""

from __future__ import annotations

from m3n_studio.annotation.exchange.formats import KIND, LabelFormat
from m3n_studio.plugins import Door

_HERE = "m3n_studio.annotation.exchange"
_NONE_LOST = f"{_HERE}.lost:none_lost"


def _format(
    name: str, module: str, title: str, suffixes: tuple[str, ...], *, lossy: bool = False, ending: str = ""
) -> LabelFormat:
    at = f"{_HERE}.{module}"
    lost = f"{at}:losses" if lossy else _NONE_LOST
    return LabelFormat(name, title, suffixes, f"{at}:sniff", f"{at}:read", f"{at}:write", lost, ending)


#: First match wins, so the particular stand before the general; the first of a suffix is written where none is named.
FORMATS = (
    _format("csv", "csv_table", "m3n Studio labels, CSV", (".csv",)),
    _format("openpack", "openpack", "OpenPack operations, CSV", (".csv",), lossy=True),
    _format("mmfit", "mmfit", "MM-Fit labels, CSV", (".csv",), lossy=True),
    _format("parquet", "parquet", "m3n Studio labels, Parquet", (".parquet",)),
    _format("elan", "elan", "ELAN document", (".eaf",)),
    _format("label-studio", "label_studio", "Label Studio tasks, JSON", (".json",)),
    _format("bids", "bids_events", "BIDS events", (".tsv",), ending="_events.tsv"),
    _format("audacity", "audacity", "Audacity label track", (".txt",), lossy=True),
)


def register(door: Door) -> None:
    """Contribute every format."""
    for row in FORMATS:
        door.add(KIND, row.name, row)
