"""What a file is by its bytes and its name, and its bytes as text."""

from __future__ import annotations

import codecs
import re
import zipfile
from io import BytesIO
from typing import Literal

from index.reading.blocks import UnreadableError

Format = Literal["markdown", "text", "html", "pdf", "docx"]

READERS: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
"""File endings that are read, and how."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"7z\xbc\xaf", b"Rar!")
_HTML = re.compile(r"\s*(?:<\?xml[^<>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_TAGGED = re.compile(
    r"<(?:html|head|body|p|div|span|h[1-6]|[uod]l|li|table|article|section|main|br|a)\b", re.IGNORECASE
)
_CHARSET = re.compile(
    rb"""<meta[^<>]*?charset\s*=\s*["']?\s*([\w-]+)|<\?xml[^<>]*?encoding=["']([\w-]+)""", re.IGNORECASE
)
_AS_BROWSERS_READ = {
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
"""Declared encoding -> the larger one that browsers take it for (WHATWG)."""

HEAD = 4096
"""Bytes of a page in which its encoding is looked for."""


def format_of(data: bytes, ending: str) -> Format:
    """How a file is read: by its ending, unless its content plainly is another thing.

    Raises:
        UnreadableError: it is of a kind that is not read.
    """
    named = READERS.get(ending, "text")
    if data.startswith(_OLD_OFFICE):
        raise _old_office(data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") or (named == "pdf" and b"%PDF-" in data[:HEAD]):
        return "pdf"
    if data.startswith(b"PK\x03\x04") and _is_word(data):
        return "docx"
    if named in ("pdf", "docx") and not _HTML.match(data[:HEAD].decode("latin-1")):
        kind = "PDF" if named == "pdf" else "Word document"
        raise UnreadableError(f"is not a {kind}, whatever its name says", f"Save it as a {kind} again, or remove it.")
    return "text" if named in ("pdf", "docx") else named


def format_of_text(text: str, named: Format) -> Format:
    """The same for text: a page of HTML is read as one under any name, and what has no tag at all is none."""
    if _HTML.match(text, 0, HEAD):
        return "html"
    return "markdown" if named == "html" and not _TAGGED.search(text) else named


def decode(data: bytes, named: Format = "text") -> str:
    """Bytes of a text file as text, with line ends "\\n".

    UTF-8, UTF-16 with its mark or plainly so, what a page of HTML declares, else Windows-1252.

    Raises:
        UnreadableError: the bytes are no text.
    """
    encoding = _encoding(data, named)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _no_text(f"byte 0x{data[error.start]:02x} at {error.start} is not {encoding}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(data: bytes, named: Format) -> str:
    """The encoding of a text file, by its mark, its zeros, its form, what it declares, in this order."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(_BINARY):
        raise _no_text("it holds binary data")
    if b"\0" in data:
        return _without_mark(data)
    declared = _declared(data) if named == "html" or b"<html" in data[:HEAD].lower() else ""
    for encoding in ("utf-8-sig", declared) if not (declared and data.isascii()) else (declared,):
        if encoding and _decodes(data, encoding):
            return encoding
    return "cp1252"


def _without_mark(data: bytes) -> str:
    """UTF-16 without its mark: of ASCII characters, blanks and line ends among them, every second byte is 0."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    half = max(len(data) // 2, 1)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if not len(data) % 2 and zeros > half / 10 and not others and _decodes(data, encoding):
            return encoding
    raise _no_text("it holds binary data")


def _declared(data: bytes) -> str:
    """The encoding that a page of HTML declares, as Python knows it; empty if none."""
    found = _CHARSET.search(data[:HEAD])
    name = (found[1] or found[2]).decode("ascii").lower() if found else ""
    return _AS_BROWSERS_READ.get(name, name)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _is_word(data: bytes) -> bool:
    """Whether a zip is a Word document, or damaged so that nobody can tell."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            return "word/document.xml" in packed.namelist()
    except zipfile.BadZipFile:
        return b"word/" in data


def _old_office(data: bytes) -> UnreadableError:
    # Names inside this format are UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return UnreadableError("is locked with a password", "Save it without one, or remove it.")
    return UnreadableError("is in the format of Word before 2007", "Open it in Word and save it as .docx.")


def _no_text(what: str) -> UnreadableError:
    return UnreadableError(f"is not text: {what}", "Save it as UTF-8 text, or remove it.")
