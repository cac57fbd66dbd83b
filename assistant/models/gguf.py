"""How many bytes a GGUF file must have, read from its own header."""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

from assistant.errors import ModelError

VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Type of a value in a GGUF header -> bytes; strings and arrays have no fixed size."""
STRING, ARRAY = 8, 9
TENSOR_BYTES = {0: 4, 1: 2, 30: 2, 2: 9 / 16, 3: 5 / 8, 6: 11 / 16, 7: 3 / 4, 8: 17 / 16}
TENSOR_BYTES |= {10: 21 / 64, 11: 55 / 128, 12: 9 / 16, 13: 11 / 16, 14: 105 / 128}
"""Type of a tensor in a GGUF file -> bytes a value, exact in binary; the usual types."""


def gguf_size(path: Path) -> int:
    """The bytes that a GGUF file must have at least, by its own header; 0 if that cannot be told.

    Source: docs/gguf.md of ggml, versions 2 and 3, little-endian. Tensors of other types count as empty.
    Raises ModelError if it is no GGUF file, OSError if it cannot be read.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file", "Choose another.")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return Header(data).end()
            except (struct.error, OverflowError):
                return len(data) + 1  # the header itself runs over the end
            except (KeyError, RecursionError, ZeroDivisionError):
                return 0  # a header of a kind that we cannot read


class Header:
    """The header of a GGUF file, read from its start; struct.error where the file ends too early."""

    def __init__(self, data: mmap.mmap) -> None:
        """Stands behind the four bytes that name the format."""
        self.data, self.at, self.alignment = data, 4, 32

    def take(self, form: str) -> tuple[int, ...]:
        """The next numbers, in the letters of `struct`."""
        numbers = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return numbers

    def text(self) -> bytes:
        """The next string."""
        (length,) = self.take("Q")
        self.at += length
        return self.data[self.at - length : self.at]

    def skip(self, of: int, count: int = 1) -> None:
        """Pass over so many values of a type."""
        if of not in (STRING, ARRAY):
            self.at += VALUE_BYTES[of] * count
            return
        for _ in range(count):
            self.text() if of == STRING else self.skip(*self.take("IQ"))

    def end(self) -> int:
        """Where the last tensor ends."""
        version, tensors, pairs = self.take("IQQ")
        if version not in (2, 3):
            return 0
        for _ in range(pairs):
            aligns, (of,) = self.text() == b"general.alignment", self.take("I")
            self.alignment = struct.unpack_from("<I", self.data, self.at)[0] if aligns else self.alignment
            self.skip(of)
        ends = [self.tensor_end() for _ in range(tensors)]
        return -(-self.at // self.alignment) * self.alignment + max(ends, default=0)

    def tensor_end(self) -> int:
        """Where the next tensor described ends, behind the start of all tensors."""
        self.text()
        (axes,) = self.take("I")
        *shape, of, offset = self.take(f"{axes}QIQ")
        return offset + int(math.prod(shape) * TENSOR_BYTES.get(of, 0))
