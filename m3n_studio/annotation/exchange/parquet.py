"""Parquet: our table as columns, the header as JSON in the schema's metadata. Everything is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.values import (
    COLUMNS,
    NAME,
    LabelFile,
    escape,
    from_header,
    header,
    rows,
    unescape,
)
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

_KEY = NAME.encode()
_NUMBERS = ("start_s", "end_s", "confidence")
_MOST_ROWS, _MOST_BYTES = 5_000_000, 2 << 30


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is Parquet with our metadata or our columns."""
    return head.startswith(b"PAR1")


def read(path: Path) -> LabelFile:
    """Read a table; one without our metadata needs ``start_s``, ``end_s`` (numbers) and ``label`` (text)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
            if file.metadata.num_rows > _MOST_ROWS or not 0 <= size <= _MOST_BYTES:
                raise FileError(path, found=f"{file.metadata.num_rows} rows", expected=f"at most {_MOST_ROWS}")
            schema = file.schema_arrow
            _check(path, schema)
            wanted = [c for c in COLUMNS if c in schema.names]
            said = file.read(columns=wanted, use_threads=False).to_pydict()
            meta = (schema.metadata or {}).get(_KEY)
    except pa.ArrowException as error:
        raise FileError(path, found=f"Parquet that cannot be read ({error})", expected="an intact file") from error
    known = from_header(json.loads(meta)) if meta is not None else None
    builder = Builder(known)
    for values in zip(*(said[c] for c in wanted), strict=True):
        row: dict[str, Any] = dict(zip(wanted, values, strict=True))
        if any(row[k] is None for k in ("start_s", "end_s", "label")):
            raise FileError(path, found="a row without a time or class", expected="start_s, end_s, label in each")
        if known is not None:
            row = {k: unescape(v) if isinstance(v, str) else v for k, v in row.items()}
        builder.add_row(row)
    return builder.result()


def _check(path: Path, schema: Any) -> None:
    import pyarrow.types as kinds

    for name in ("start_s", "end_s", "label"):
        if name not in schema.names:
            raise FileError(path, field=f"column {name}", found="it is not there", expected="start_s, end_s, label")
    for name in COLUMNS:
        if name in schema.names:
            kind = schema.field(name).type
            number = kinds.is_floating(kind) or kinds.is_integer(kind)
            fits = number if name in _NUMBERS else kinds.is_string(kind) or kinds.is_large_string(kind)
            if not fits:
                raise FileError(path, field=f"column {name}", found=str(kind)[:60],
                                expected="numbers" if name in _NUMBERS else "text")  # fmt: skip


def write(path: Path, file: LabelFile) -> None:
    """Write a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = [{k: escape(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows(file)]
    schema = pa.schema(
        [(c, pa.float64() if c in _NUMBERS else pa.string()) for c in COLUMNS],
        metadata={_KEY: json.dumps(header(file)).encode()},
    )
    with atomic(path) as part:
        pq.write_table(pa.Table.from_pylist(said, schema), part, write_page_checksum=True)
