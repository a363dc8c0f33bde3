"""Parquet in blocks: a row group of a few cells each, with a checksum of its own: damage stays in it.

A row group for each cell would make the files of small cells five to twenty times as large; blocks are as
many as add little. What reads them needs nothing from the end of the file, where Parquet keeps its table of
contents: the manifest has a copy of it. The end has a copy of the manifest instead.
"""

import base64
import hashlib
import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zotheory.experiment.canonical import digest, spelled

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
# The manifest is in the metadata of the schema under this name.
NAME = b"zotheory"
# Bytes that one more block costs, a column; and how much of a file may go into blocks. At most so many.
COST, SHARE, MOST = 300, 0.4, 32


@dataclass(frozen=True)
class Block:
    """A few cells one after another.

    Attributes:
        cells: how many.
        start: where the bytes of their rows begin in the file.
        end: and where they end.
        sha256: checksum of these.
    """

    cells: int
    start: int
    end: int
    sha256: str

    def is_whole(self, data: bytes) -> bool:
        """Whether a file has its bytes."""
        return hashlib.sha256(data[self.start : self.end]).hexdigest() == self.sha256


@dataclass(frozen=True)
class Layout:
    """Where the rows of cells are in a file.

    Attributes:
        blocks: in their order.
        footer: Parquet's table of contents, without the manifest.
    """

    blocks: tuple[Block, ...]
    footer: bytes

    @classmethod
    def of(cls, table: "pa.Table", rows: Sequence[int]) -> "Layout":
        """Return the layout of the rows of cells, given how many rows each has."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        room = SHARE * len(encoded(table)) / (COST * max(table.num_columns, 1))
        number = max(1, min(len(rows), MOST, round(room)))
        cuts = [len(rows) * i // number for i in range(number + 1)]
        counts = [end - start for start, end in itertools.pairwise(cuts)]
        data = _written(table, _heights(rows, counts))
        footer = data[len(data) - 8 - int.from_bytes(data[-8:-4], "little") : -8]
        contents = pq.read_metadata(pa.BufferReader(data))
        starts = [_start(contents.row_group(i)) for i in range(contents.num_row_groups)]
        starts.append(len(data) - 8 - len(footer))
        blocks, group = [], 0
        for count, height in zip(counts, _heights(rows, counts), strict=True):
            start, group = starts[group], group + (height > 0)
            piece = data[start : starts[group]]
            blocks.append(Block(count, start, starts[group], hashlib.sha256(piece).hexdigest()))
        return cls(tuple(blocks), footer)

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Layout":
        """Return the layout that a manifest has.

        Raises:
            KeyError, ValueError, TypeError: it has none.
        """
        blocks = tuple(Block(**item) for item in content["blocks"])
        return cls(blocks, base64.b64decode(content["footer"]))

    def content(self) -> dict[str, Any]:
        """Return it as plain values."""
        footer = base64.b64encode(self.footer).decode("ascii")
        return {"blocks": [vars(block) for block in self.blocks], "footer": footer}

    def file(self, table: "pa.Table", rows: Sequence[int], content: Mapping[str, Any]) -> bytes:
        """Return the Parquet file of the rows, with the content of the manifest at its end."""
        heights = _heights(rows, [block.cells for block in self.blocks])
        text = base64.b64encode(zlib.compress(spelled(content).encode("ascii"), 9)).decode("ascii")
        return _written(table, heights, f"{digest(content)} {text}")

    def table(self, data: bytes, whole: Sequence[bool]) -> "pa.Table":
        """Return the rows of the blocks that are whole, from a file that may be damaged elsewhere."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        end = self.blocks[-1].end
        body = data[len(MAGIC) : end].ljust(end - len(MAGIC), b"\0")
        size = len(self.footer).to_bytes(4, "little")
        file = pq.ParquetFile(pa.BufferReader(MAGIC + body + self.footer + size + MAGIC))
        groups = [block.end > block.start for block in self.blocks]
        wanted = [sum(groups[:i]) for i, good in enumerate(whole) if good and groups[i]]
        return file.read_row_groups(wanted, use_threads=False)


def manifest_within(data: bytes) -> dict[str, Any] | None:
    """Return the content of the manifest that a Parquet file has at its end; None if there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = (pq.read_metadata(pa.BufferReader(data)).metadata or {})[NAME]
        checksum, _, text = found.partition(b" ")
        content = json.loads(zlib.decompress(base64.b64decode(text)))
    except (pa.ArrowException, OSError, KeyError, ValueError, zlib.error):
        return None
    return content if digest(content).encode("ascii") == checksum else None


def encoded(table: "pa.Table") -> bytes:
    """Return a table as Parquet: the same bytes for the same table and version of pyarrow."""
    return _written(table, [table.num_rows])


def decoded(data: bytes) -> "pa.Table":
    """Return the table that Parquet bytes hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Not read_table: threads that Arrow starts can abort a process that ends at once (apache/arrow 34314).
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)


def _written(table: "pa.Table", heights: Sequence[int], manifest: str = "") -> bytes:
    """Return a table as Parquet with row groups of given heights; those of no rows are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    whole = table.combine_chunks()
    # Floats split into their first bytes, second bytes and so on mostly take less than a dictionary.
    # Bounds of the values are of no use here, and Arrow's schema adds nothing to Parquet's for these types.
    floats = [item.name for item in whole.schema if item.type in (pa.float32(), pa.float64())]
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 12,
        "use_byte_stream_split": floats,
        "use_dictionary": [name for name in whole.column_names if name not in floats],
        "write_statistics": False,
        "store_schema": False,
    }
    with pq.ParquetWriter(sink, whole.schema, **options) as writer:
        start = 0
        for height in heights:
            if height:
                writer.write_table(whole.slice(start, height), row_group_size=height)
            start += height
        if manifest:
            writer.add_key_value_metadata({NAME.decode("ascii"): manifest})
    return sink.getvalue().to_pybytes()


def _heights(rows: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Return how many rows there are in each block, of which the numbers of cells are given."""
    heights, start = [], 0
    for count in counts:
        heights.append(sum(rows[start : start + count]))
        start += count
    return heights


def _start(group: Any) -> int:
    """Return where a row group begins in its file."""
    chunks = [group.column(i) for i in range(group.num_columns)]
    return min(
        chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
        for chunk in chunks
    )
