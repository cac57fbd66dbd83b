"""Detects the format of a file from its bytes and name, and decodes text."""

from __future__ import annotations

import codecs
import re
import zipfile
from io import BytesIO
from typing import Literal

from index.reading.blocks import UnreadableError

Format = Literal["markdown", "text", "html", "pdf", "docx"]

FORMATS: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
"""File name extension -> format, for all files that are read."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"7z\xbc\xaf", b"Rar!")
_HTML = re.compile(r"\s*(?:<\?xml[^<>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
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

HEAD_BYTES = 4096
"""Bytes at the start of a file that are searched for a signature or a declared encoding."""


def detect_format(data: bytes, extension: str) -> Format:
    """Detect a format by the file name extension, unless the content clearly is something else.

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
    if data.startswith(b"PK\x03\x04") and _is_docx(data):
        return "docx"
    if expected in ("pdf", "docx") and not _HTML.match(data[:HEAD_BYTES].decode("latin-1")):
        kind = "PDF" if expected == "pdf" else "Word document"
        raise UnreadableError(f"is not a {kind}, whatever its name says", f"Save it as a {kind} again, or remove it.")
    return "text" if expected in ("pdf", "docx") else expected


def detect_text_format(text: str, expected: Format) -> Format:
    """Correct the expected format of a text: HTML is HTML under any name, and nothing is HTML without a tag."""
    if _HTML.match(text, 0, HEAD_BYTES):
        return "html"
    return "markdown" if expected == "html" and not _TAGGED.search(text) else expected


def decode(data: bytes, expected: Format = "text") -> str:
    """Decode a text file; lines end with "\\n".

    The encoding is UTF-32 or UTF-16 (with a byte-order mark, or UTF-16 recognised without one), UTF-8, the one that an
    HTML page declares, or else Windows-1252.

    Raises:
        UnreadableError: the bytes are not text.
    """
    encoding = _detect_encoding(data, expected)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _explain_not_text(f"byte 0x{data[error.start]:02x} at {error.start} is not {encoding}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _detect_encoding(data: bytes, expected: Format) -> str:
    """Detect the encoding by, in this order: byte-order mark, zero bytes, validity as UTF-8, declaration."""
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
    return "cp1252"


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


def _is_docx(data: bytes) -> bool:
    """Whether a zip file is a Word document, or looks like a damaged one."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            return "word/document.xml" in packed.namelist()
    except zipfile.BadZipFile:
        return b"word/" in data


def _explain_old_office(data: bytes) -> UnreadableError:
    # Names inside this format are encoded in UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return UnreadableError("is locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is in the format of Word before 2007", "Open it in Word and save it as .docx.")


def _explain_not_text(what: str) -> UnreadableError:
    return UnreadableError(f"is not text: {what}", "Save it as UTF-8 text, or remove it.")
