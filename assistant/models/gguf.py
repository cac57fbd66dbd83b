"""The minimum size of a GGUF file, computed from its header."""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

from assistant.errors import ModelError

VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Type of a metadata value -> its bytes; strings (8) and arrays (9) have no fixed size."""
STRING, ARRAY = 8, 9
TENSOR_BYTES = {0: 4, 1: 2, 30: 2, 2: 9 / 16, 3: 5 / 8, 6: 11 / 16, 7: 3 / 4, 8: 17 / 16}
TENSOR_BYTES |= {10: 21 / 64, 11: 55 / 128, 12: 9 / 16, 13: 11 / 16, 14: 105 / 128}
"""Type of a tensor -> bytes per value, exact in binary; the common types only."""


def gguf_size(path: Path) -> int:
    """The minimum size of a GGUF file in bytes; 0 if its header is of a kind that we cannot read.

    Source: docs/gguf.md of ggml, versions 2 and 3, little-endian. Tensors of uncommon types count as empty.

    Raises:
        ModelError: it is no GGUF file.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file", "Choose another.")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return Header(data).end()
            except (struct.error, OverflowError):
                return len(data) + 1  # the header itself is cut off
            except (KeyError, RecursionError, ZeroDivisionError):
                return 0


class Header:
    """Reads the header of a GGUF file from front to back; struct.error if the file ends within it."""

    def __init__(self, data: mmap.mmap) -> None:
        """Start after the four bytes that name the format."""
        self.data, self.position, self.alignment = data, 4, 32

    def take(self, form: str) -> tuple[int, ...]:
        """Read the next numbers; `form` is a format of `struct`."""
        numbers = struct.unpack_from(f"<{form}", self.data, self.position)
        self.position += struct.calcsize(f"<{form}")
        return numbers

    def text(self) -> bytes:
        """Read the next string."""
        (length,) = self.take("Q")
        self.position += length
        return self.data[self.position - length : self.position]

    def skip(self, of: int, count: int = 1) -> None:
        """Skip values of a type."""
        if of not in (STRING, ARRAY):
            self.position += VALUE_BYTES[of] * count
            return
        for _ in range(count):
            self.text() if of == STRING else self.skip(*self.take("IQ"))

    def end(self) -> int:
        """Read the whole header; return the offset at which the last tensor ends."""
        version, tensors, pairs = self.take("IQQ")
        if version not in (2, 3):
            return 0
        for _ in range(pairs):
            aligns, (of,) = self.text() == b"general.alignment", self.take("I")
            self.alignment = struct.unpack_from("<I", self.data, self.position)[0] if aligns else self.alignment
            self.skip(of)
        ends = [self.tensor_end() for _ in range(tensors)]
        return -(-self.position // self.alignment) * self.alignment + max(ends, default=0)

    def tensor_end(self) -> int:
        """Read the description of the next tensor; return the offset of its end from the start of the tensor data."""
        self.text()
        (axes,) = self.take("I")
        *shape, of, offset = self.take(f"{axes}QIQ")
        return offset + int(math.prod(shape) * TENSOR_BYTES.get(of, 0))
