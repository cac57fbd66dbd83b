"""Detects the format of a file from its bytes and name, and decodes text."""

from __future__ import annotations

import codecs
import re
from typing import Literal

from index.reading.blocks import UnreadableError
from index.reading.packed import ZIP_ERRORS, Package

Format = Literal["markdown", "text", "html", "table", "rtf", "pdf", "docx", "odt", "epub"]

FORMATS: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".csv": "table",
    ".tsv": "table",
    ".rtf": "rtf",
    ".pdf": "pdf",
    ".docx": "docx",
    ".odt": "odt",
    ".epub": "epub",
}
"""File name extension -> format, for all files that are read."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"7z\xbc\xaf", b"Rar!")
_BINARY_NAMES: dict[Format, str] = {
    "pdf": "a PDF",
    "docx": "a Word document",
    "odt": "an OpenDocument text",
    "epub": "an e-book (EPUB)",
}
_ZIPPED: dict[Format, bytes] = {
    "odt": b"application/vnd.oasis.opendocument.text",
    "epub": b"application/epub+zip",
}
"""The content of the file "mimetype" inside."""
_HTML = re.compile(
    r"\s*(?:<\?xml[^<>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_TAGGED = re.compile(
    r"<(?:html|head|body|p|div|span|h[1-6]|[uod]l|li|table|article|section|main|br|a)\b", re.IGNORECASE
)
_CHARSET = re.compile(
    rb"""<meta[^<>]*?charset\s*=\s*["']?\s*([\w-]+)|<\?xml[^<>]*?encoding=["']([\w-]+)""", re.IGNORECASE
)
_BROWSER_ENCODINGS = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
}
"""Declared encoding -> the superset that browsers use instead. Source: the WHATWG Encoding Standard."""

WESTERN = "cp1252"
"""Windows-1252, for Western European languages: assumed for text from before Unicode."""

STRAY_SHARE = 50
"""In a text, at most one byte in this many is invalid in its encoding; other files are not text."""

GUESS_MINIMUM = 40
"""Non-ASCII bytes; with fewer, guessing is wrong too often. Measured on texts in fourteen languages."""

GUESS_SHARE = 0.25
"""Share of non-ASCII bytes in texts of other scripts; between encodings of Latin letters no guess is reliable."""

GUESS_BYTES = 50_000
"""Bytes at the start of a file from which an encoding is guessed."""

_OLD_ENCODINGS = tuple("cp1251 cp1253 cp1255 cp1256 cp932 cp949 gb18030 big5 koi8_r".split())
_HIGH_BYTES = bytes(range(128, 256))
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")

HEAD_BYTES = 4096
"""Bytes at the start of a file that are searched for a signature or a declared encoding."""


def detect_format(data: bytes, extension: str) -> Format:
    """Detect a format by the file name extension, unless the content is clearly something else.

    Raises:
        UnreadableError: the format is not supported.
    """
    expected = FORMATS.get(extension, "text")
    if data.startswith(_OLD_OFFICE):
        raise _explain_old_office(data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") or (
        expected == "pdf" and b"%PDF-" in data[:HEAD_BYTES]
    ):
        return "pdf"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(b"PK\x03\x04") and (zipped := _detect_zipped(data, expected)):
        return zipped
    if expected in _BINARY_NAMES and not _HTML.match(data[:HEAD_BYTES].decode("latin-1")):
        kind = _BINARY_NAMES[expected]
        raise UnreadableError(f"is not {kind}, whatever its name says", f"Save it as {kind} again, or remove it.")
    return "text" if expected in (*_BINARY_NAMES, "rtf") else expected


def detect_text_format(text: str, expected: Format) -> Format:
    """Correct the expected format of a text: HTML is recognised under any name, and text without a tag is not HTML."""
    if _HTML.match(text, 0, HEAD_BYTES):
        return "html"
    return "markdown" if expected == "html" and not _TAGGED.search(text) else expected


def decode(data: bytes, expected: Format = "text") -> str:
    """Decode a text file, as `decode_with_notes` does."""
    return decode_with_notes(data, expected)[0]


def decode_with_notes(data: bytes, expected: Format = "text") -> tuple[str, tuple[str, ...]]:
    """Decode a text file; lines end with "\\n". Also returns what a person should know about how it was read.

    The encoding is UTF-32 or UTF-16 (with a byte-order mark, or UTF-16 recognised without one), UTF-8, the one that an
    HTML page declares, or else one of those in use before Unicode. A few stray bytes do not change it.

    Raises:
        UnreadableError: the bytes are not text.
    """
    encoding = _detect_encoding(data, expected)
    try:
        text, notes = data.decode(encoding), _note_encoding(encoding)
    except UnicodeDecodeError as error:
        if encoding.startswith(("utf-16", "utf-32")) or not _is_mostly(data, encoding):
            raise _explain_not_text(f"byte 0x{data[error.start]:02x} at {error.start} is not {encoding}") from error
        text, notes = _replace_strays(data, encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _note_encoding(encoding: str) -> tuple[str, ...]:
    usual = encoding.startswith("utf") or encoding == WESTERN
    return () if usual else (f"It was read as text in the encoding {encoding}.",)


def _is_mostly(data: bytes, encoding: str) -> bool:
    """Whether nearly all bytes can be decoded."""
    strays = data.decode(encoding, "replace").count("\ufffd")
    return strays * STRAY_SHARE < len(data)


def _replace_strays(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Decode text with stray bytes: a single one becomes its Windows-1252 character, if that is a letter."""
    lines: list[int] = []

    def read_stray(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        lines.append(error.object.count(b"\n", 0, error.start) + 1)
        stray = error.object[error.start : error.end]
        letter = stray.decode(WESTERN, "replace") if len(stray) == 1 else "\ufffd"
        return letter if letter.isalpha() else "\ufffd", error.end

    codecs.register_error("read-stray", read_stray)
    text = data.decode(encoding, "read-stray")
    places = ", ".join(map(str, list(dict.fromkeys(lines))[:5])) + (" ..." if len(set(lines)) > 5 else "")
    what = "1 byte is" if len(lines) == 1 else f"{len(lines)} bytes are"
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    return text, (f"{what} not {name} and may be read wrongly (line {places}).",)


def _detect_encoding(data: bytes, expected: Format) -> str:
    """Detect the encoding by, in this order: byte-order mark, zero bytes, UTF-8, declaration, frequency of bytes."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(_BINARY):
        raise _explain_not_text("it holds binary data")
    if b"\0" in data:
        return _detect_utf16(data)
    declared = _find_declared(data) if expected == "html" or b"<html" in data[:HEAD_BYTES].lower() else ""
    for encoding in ("utf-8-sig", declared) if not (declared and data.isascii()) else (declared,):
        if encoding and _can_decode(data, encoding):
            return encoding
    # A text in another encoding has many bytes that are not UTF-8, and hardly any that are so by chance.
    read = data.decode("utf-8", "replace")
    strays = read.count("\ufffd")
    if len(_BEYOND_ASCII.findall(read)) - strays > strays:
        return "utf-8-sig"
    return _guess_old_encoding(data)


def _guess_old_encoding(data: bytes) -> str:
    """Guess an encoding from before Unicode: Windows-1252, unless enough letters show another script."""
    beyond = len(data) - len(data.translate(None, _HIGH_BYTES))
    if beyond < max(GUESS_MINIMUM, GUESS_SHARE * len(data)):
        return WESTERN
    # Imported late: few texts need it.
    from charset_normalizer import from_bytes

    best = from_bytes(data[:GUESS_BYTES], cp_isolation=list(_OLD_ENCODINGS)).best()
    return best.encoding if best and _can_decode(data, best.encoding) else WESTERN


def _detect_utf16(data: bytes) -> str:
    """Detect UTF-16 without a byte-order mark: every ASCII character (spaces, line ends) has one zero byte."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    half = max(len(data) // 2, 1)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if not len(data) % 2 and zeros > half / 10 and not others and _can_decode(data, encoding):
            return encoding
    raise _explain_not_text("it holds binary data")


def _find_declared(data: bytes) -> str:
    """Return the encoding that an HTML page declares, by the name that Python uses; empty if none."""
    found = _CHARSET.search(data[:HEAD_BYTES])
    name = (found[1] or found[2]).decode("ascii").lower() if found else ""
    return _BROWSER_ENCODINGS.get(name, name)


def _can_decode(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _detect_zipped(data: bytes, expected: Format) -> Format | None:
    """Detect what a zip file is: a document by its contents, or a damaged one by its name; else None."""
    try:
        packed = Package(data)
        kind = packed.read("mimetype")[:100].strip() if "mimetype" in packed.names else b""
    except ZIP_ERRORS:
        return "docx" if b"word/" in data else expected if expected in _ZIPPED else None
    if "word/document.xml" in packed.names:
        return "docx"
    return next((format_ for format_, named in _ZIPPED.items() if kind == named), None)


def _explain_old_office(data: bytes) -> UnreadableError:
    # Names inside this format are encoded in UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return UnreadableError("is locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is in the format of Word before 2007", "Open it in Word and save it as .docx.")


def _explain_not_text(what: str) -> UnreadableError:
    return UnreadableError(f"is not text: {what}", "Save it as UTF-8 text, or remove it.")
