"""Damaged files, made from whole ones by seed: bytes flipped, cut, inserted, files glued, markup broken and nested."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import cache
from io import BytesIO
from random import Random
from typing import TypeAlias

from lxml import etree
from paths import FILES, ROOT, TESTS

from index.reading.formats import FORMATS
from index.reading.packed import ZIP_ERRORS

Mutation: TypeAlias = Callable[[Random, bytes], bytes]

ODD = "\0\x01\x07\x0b\x0c\x1b\x7f\x85\xa0\xad\u061c\u115f\u200b\u200d\u200e\u202a\u202e\u2028\u2029\u2066\u2069\u3000"
ODD += "\ufeff\ufffc\ufffd\uffff\ue000\U000e0001\U0010fffd\u0301\u20dd\ufb01\u0130\u0661"
ODD += "\u4e00\u05d0\u0e01\U0001f469\u200d\U0001f680"
"""Characters that are not seen, turn the direction, combine, or are of no use in a text."""

ENCODINGS = "utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-7 cp1252 cp1251 cp037 shift_jis gb18030 koi8_r"

NESTED = (
    *(("<div>", "</div>"), ("<table><tr><td>", "</td></tr></table>"), ("<ul><li>", "</li></ul>"), ("<b>", "")),
    *(("> ", ""), ("[", "](a)"), ("![", "](a)"), ("*", "*"), ("_", ""), ("`", ""), ("  ", "- x\n"), ("- ", "")),
    *(("{\\b ", "}"), ("{", ""), ("{\\*\\x ", "}"), ("\\trowd ", "\\row "), ("|", "|\n"), ('"', '","'), ("(", ")")),
    *(("<w:p>", "</w:p>"), ("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"), ("<text:list>", "</text:list>")),
    *(
        ("<a:b xmlns:a='x'>", "</a:b>"),
        ("<!--", ""),
        ("<!---->", ""),
        ("<![CDATA[", "]]>"),
        ("&lt;", ""),
        ("q BT ", " ET Q"),
    ),
)
"""What may stand inside itself, with its end."""

VALUES = ("", "-1", "0", "1.5", "x", "1e308", "99999999999", "\u0661", "NaN", "#", "../..", "0" * 5000, "&#x1F;")
"""Values of attributes and numbers that few files have."""

RTF = rb"""{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}
\pard\s1 Ferry\par\pard The boat leaves at {\b nine}. It costs \'80 4, \u8364? or less.\par
\trowd\cellx900\cellx1800\intbl Day\cell Hour\cell\row\trowd\cellx900\cellx1800\intbl Monday\cell 9\cell\row
{\listtext 1.\tab}Buy a ticket.\par{\listtext 2.\tab}Go on board.\par{\footnote Dogs pay half.}{\pict 0102}}"""

CSV = 'Day;Opens;"Closes, at"\nMonday;9:00;17:00\nTuesday;"10:00\nor later";18:00\nSunday;closed;\n'

ODT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>
<text:h text:outline-level="1">Ferry</text:h><text:p>The boat<text:s text:c="3"/>leaves at nine.</text:p>
<text:list><text:list-item text:start-value="4"><text:p>Buy a ticket.</text:p></text:list-item></text:list>
<table:table table:name="Hours"><table:table-row table:number-rows-repeated="2">
<table:table-cell table:number-columns-repeated="2" table:number-columns-spanned="2"><text:p>Day</text:p>
</table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>"""

EPUB = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="a/b.opf"/></rootfiles></container>',
    "a/b.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata><title>Ferry</title></metadata><manifest>'
    '<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="one"/></spine></package>',
    "a/one.xhtml": "<html><body><h1>Ferry</h1><p>The boat leaves at nine.</p><ol start='3'><li>Pay.</li></ol>"
    "<table><tr><th>Day</th><td colspan='2' rowspan='9'>Monday</td></tr></table></body></html>",
}


def pack(files: dict[str, bytes | str]) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content)  # else its bytes would change with the time
    return held.getvalue()


@cache
def whole_files() -> tuple[tuple[str, bytes], ...]:
    """The suffix and bytes of every file that is mutated, of all kinds that are read."""
    found = sorted(path for folder in (FILES, TESTS / "corpora", ROOT / "corpus") for path in folder.rglob("*.*"))
    made = {".rtf": RTF, ".csv": CSV.encode(), ".tsv": CSV.replace(";", "\t").encode(), ".epub": pack({**EPUB})}
    made[".odt"] = pack({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ODT})
    return (*((path.suffix, path.read_bytes()) for path in found), *made.items())


def make_document(number: int) -> tuple[str, bytes]:
    """The name and bytes of a damaged file; the same number gives the same file."""
    random = Random(number)
    suffix = random.choice(sorted({suffix for suffix, _ in whole_files()}))
    data = mutate(random, random.choice([data for other, data in whole_files() if other == suffix]))
    return f"{number}{suffix if random.random() < 0.9 else random.choice([*FORMATS])}", data


def mutate(random: Random, data: bytes) -> bytes:
    """The bytes of a file, damaged in one to three ways."""
    for _ in range(random.randint(1, 3)):
        data = random.choice(MUTATIONS)(random, data)[:1_000_000]
    return data


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 10, 100, 1000)))


def flip(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(min(len(data), random.choice((1, 10, 100)))):
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def end_early(random: Random, data: bytes) -> bytes:
    return data[: random.randint(0, len(data))]


def insert(random: Random, data: bytes) -> bytes:
    at, more = random.randint(0, len(data)), random.randbytes(random.choice((1, 10, 1000)))
    return data[:at] + random.choice((more, b"\0" * len(more), b"\xed\xa0\x80", b"\xff\xfe", b"\n" * 5000)) + data[at:]


def move(random: Random, data: bytes) -> bytes:
    (start, end), at = _span(random, data), random.randint(0, len(data))
    return data[:at] + data[start:end] * random.choice((1, 1, 50)) + data[at:]


def glue(random: Random, data: bytes) -> bytes:
    _, other = random.choice(whole_files())
    return random.choice((data + other, other + data, data + data, data[: len(data) // 2] + other))


def spoil(random: Random, data: bytes) -> bytes:
    """Change the text in a file: in a part of a zip file, in a stream of a PDF."""
    if data.startswith(b"PK") and (files := unpack(data)):
        (name,) = random.choices([*files], [len(content) for content in files.values()])
        return pack(files | {name: _spoil_text(random, files[name])})
    streams = [*re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL)]
    if data.startswith(b"%PDF") and streams:
        start, end = random.choice(streams).span(1)
        with suppress(zlib.error):
            return data[:start] + zlib.compress(_spoil_text(random, zlib.decompress(data[start:end]))) + data[end:]
    return _spoil_text(random, data)


def unpack(data: bytes) -> dict[str, bytes | str]:
    """Name of each file in a zip file -> its bytes; empty if it cannot be opened."""
    with suppress(*ZIP_ERRORS), zipfile.ZipFile(BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}
    return {}


def _spoil_text(random: Random, data: bytes | str) -> bytes:
    assert isinstance(data, bytes)
    text = data.decode("utf-8", "surrogateescape")
    return random.choice(SPOILING)(random, text).encode("utf-8", "surrogateescape")


def nest(random: Random, text: str) -> str:
    at, (begin, end), deep = random.randint(0, len(text)), random.choice(NESTED), random.choice((3, 50, 1000, 20_000))
    return text[:at] + begin * deep + "deep" + end * random.choice((0, deep)) + text[at:]


def add_odd(random: Random, text: str) -> str:
    odd = "".join(random.choices(ODD, k=random.choice((1, 10, 1000))))
    at = random.randint(0, len(text))
    return text[:at] + odd + text[at:] if random.random() < 0.5 else text.replace(random.choice(" e\n<"), odd[:5])


def stretch(random: Random, text: str) -> str:
    """A giant line, word or file."""
    at = random.randint(0, len(text))
    piece = random.choice((*'a-.!0 #|<&"', "word ", text[at : at + random.choice((2, 5, 20, 100))]))
    if random.random() < 0.2:
        return text.replace("\n", random.choice((" ", "")))
    return text[:at] + piece * (random.choice((100, 1000, 10_000, 100_000)) // max(1, len(piece))) + text[at:]


def change_markup(random: Random, text: str) -> str:
    """Take out, repeat or swap tags, or change what stands in them."""
    tags = [found.span() for found in re.finditer(r"<[^<>]+>|\\[a-z]+-?\d*|^[#>*|-]+ |[;,\t]", text, re.MULTILINE)]
    values = [found.span() for found in re.finditer(r'(?<==")[^"]*|\b\d+', text)]
    for start, end in sorted(random.sample(tags, min(len(tags), random.choice((1, 5, 30)))), reverse=True):
        one, other = random.choice(tags)
        text = text[:start] + random.choice(("", text[one:other], text[start:end] * 2)) + text[end:]
    start, end = random.choice(values or [(0, 0)])
    return text[:start] + random.choice(VALUES) + text[end:]


def change_tree(random: Random, text: str) -> str:
    """The same in XML that stays XML, so that what is read of it is reached."""
    try:
        root = etree.fromstring(text.encode())
    except (etree.XMLSyntaxError, ValueError):
        return change_markup(random, text)
    for _ in range(random.choice((1, 5, 30))):
        one, other = random.choices(list(root.iter("*")), k=2)
        if (act := random.randrange(6)) == 0 and one is not root:
            one.getparent().remove(one)
        elif act == 1:
            other.append(deepcopy(one))
        elif act == 2:
            one.tag = other.tag
        elif act == 3:
            with suppress(ValueError):  # XML holds not everything
                one.text = random.choice((None, *VALUES[:10], *ODD))
        elif one.attrib:
            one.set(random.choice([*one.attrib]), random.choice((*VALUES[:10], "\u0663")))
    return str(etree.tostring(root, encoding="unicode"))


def encode(random: Random, data: bytes) -> bytes:
    """The same text in another encoding, or said to be."""
    if data.startswith((b"PK", b"%PDF")):
        return spoil(random, data)
    name = random.choice(ENCODINGS.split())
    if random.random() < 0.3:
        return f'<?xml version="1.0" encoding="{name}"?>'.encode() + data
    return data.decode("utf-8", "replace").encode(name, "replace")


MUTATIONS: tuple[Mutation, ...] = (flip, cut, end_early, insert, move, glue, encode, *[spoil] * 12)
SPOILING = (nest, add_odd, stretch, change_markup, change_tree, change_tree, change_tree)
