"""What a file is, by its bytes: a PDF, a JPEG or a PNG, whole and nothing besides, or refused. Pure.

What somebody says that it is counts for nothing, except that a file which is said to be another is refused. A file is walked
from its first byte to its last: one that is two things at once (a picture that is an archive, or a page of the web too) has
something before, after or within that does not belong there. Files are stored and handed out; none is ever opened by us.
"""

import re
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import puremagic

from core.errors import Invalid

MAX_PIXELS: Final = 120_000_000  # of a picture: what is small as a file may be large on a screen
MAX_CHUNKS: Final = 20_000


class MediaType(StrEnum):
    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


EXTENSIONS: Final = {MediaType.PDF: "pdf", MediaType.JPEG: "jpg", MediaType.PNG: "png"}
_UNSURE: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})  # said by who does not know
_ALIASES: Final = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf"}
_BEGINNINGS: Final = {MediaType.PDF: b"%PDF-", MediaType.JPEG: b"\xff\xd8\xff", MediaType.PNG: b"\x89PNG\r\n\x1a\n"}
# What reads archives looks for their end from the end of the file, over at most so many bytes.
_ARCHIVE_END: Final = b"PK\x05\x06"
_ARCHIVE_REACH: Final = 22 + 0xFFFF
_PAGE: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|svg|iframe|\?php)[\s>]", re.IGNORECASE)
# What makes a PDF do something: names too long to come about by chance, so that they are looked for in all of the file. What
# lies outside of its streams is for each reader to say, and readers do not agree.
_ACTIVE: Final = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|Encrypt|SubmitForm|ImportData|GoToE)(?![A-Za-z])")
_ACTIVE_SHORT: Final = re.compile(rb"/(?:JS|XFA)(?![A-Za-z])")
_SPELLED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")  # a sign of a PDF's name, by its number
_PACKED: Final = re.compile(rb"/ObjStm(?![A-Za-z])")  # a stream of objects, which readers unpack
_MAX_UNPACKED: Final = 16 * 1024 * 1024
_MAX_HEAD: Final = 4096
_STEP: Final = 64 * 1024
_PDF_REACH: Final = 1024  # some readers look for the beginning of a PDF that far into a file
_PDF_END: Final = re.compile(rb"startxref\s+\d{1,12}\s+%%EOF\s{0,64}\Z")


def sniffed(content: bytes, said: str | None = None, *path: str) -> MediaType:
    """What the file is. `said`: the media type that came along with it, if one did. Raises Invalid, with that path."""
    try:
        found = _sniffed(content)
    except _NotWhole as fault:
        raise Invalid(fault.args[0], path=path) from None
    told = (said or "").partition(";")[0].strip().lower()
    if told not in _UNSURE and _ALIASES.get(told, told) != found:
        raise Invalid("the file is not what it is said to be", path=path)
    return found


class _NotWhole(Exception):
    """With the one sentence that is told of it."""


_NONE: Final = "the file is no PDF, JPEG or PNG"
_BROKEN: Final = "the file is damaged, or holds something besides"


def _sniffed(content: bytes) -> MediaType:
    found = next((media for media, start in _BEGINNINGS.items() if content.startswith(start)), None)
    if found is None or found not in _guesses(content):
        raise _NotWhole(_NONE)
    if _ARCHIVE_END in content[-_ARCHIVE_REACH:] or _PAGE.search(content):
        raise _NotWhole(_BROKEN)
    if found is not MediaType.PDF and _BEGINNINGS[MediaType.PDF] in content[:_PDF_REACH]:
        raise _NotWhole(_BROKEN)
    {MediaType.PDF: _pdf, MediaType.JPEG: _jpeg, MediaType.PNG: _png}[found](content)
    return found


def _guesses(content: bytes) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return set()


def _pdf(content: bytes) -> None:
    if not _PDF_END.search(content[-1200:]):
        raise _NotWhole(_BROKEN)
    plain = _SPELLED.sub(_sign, content)
    if len(_PACKED.findall(plain)) != len(_PACKED.findall(content)):
        raise _NotWhole(_BROKEN)
    unpacked = [_SPELLED.sub(_sign, each) for each in _unpacked(content)]
    searched = (content, plain, *unpacked), (*_outside_of_streams(plain), *unpacked)
    if any(map(_ACTIVE.search, searched[0])) or any(map(_ACTIVE_SHORT.search, searched[1])):
        raise _NotWhole("the PDF is locked, or does something when it is opened: save it as a plain one")


def _sign(spelled: "re.Match[bytes]") -> bytes:
    return bytes.fromhex(spelled[1].decode())


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What streams of objects hold. Raises _NotWhole for one that is packed in another way than all are, and for too much."""
    left = _MAX_UNPACKED
    for number, found in enumerate(_PACKED.finditer(content)):
        begins = content.find(b"stream", found.end(), found.end() + _MAX_HEAD)
        head = (
            content[max(found.start() - _MAX_HEAD, 0) : found.start()].rpartition(b"obj")[2] + content[found.start() : begins]
        )
        if begins < 0 or b"/Predictor" in head or number == MAX_CHUNKS // 10:
            raise _NotWhole(_BROKEN)
        at = begins + len(b"stream")
        at += 2 if content.startswith(b"\r\n", at) else 1
        unpacking, objects = zlib.decompressobj(), b""
        try:
            while not unpacking.eof and at < len(content) and left > 0:
                part = unpacking.decompress(content[at : at + _STEP], left)
                at, left, objects = at + _STEP, left - len(part), objects + part
        except zlib.error:
            raise _NotWhole(_BROKEN) from None
        if not unpacking.eof:
            raise _NotWhole(_BROKEN)
        yield objects


def _outside_of_streams(content: bytes) -> Iterator[bytes]:
    """What is compressed is left out: in it any three bytes occur by chance."""
    at = 0
    while (begins := content.find(b"stream", at)) >= 0:
        yield content[at:begins]
        at = content.find(b"endstream", begins)
        if at < 0:
            return
        at += len(b"endstream")
    yield content[at:]


def _png(content: bytes) -> None:
    at, first = 8, True
    for _ in range(MAX_CHUNKS):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(content) or int.from_bytes(content[end - 4 : end]) != zlib.crc32(content[at + 4 : end - 4]):
            break
        if first:
            if kind != b"IHDR" or length != 13:
                break
            _check_size(int.from_bytes(content[at + 8 : at + 12]), int.from_bytes(content[at + 12 : at + 16]))
        if kind == b"IEND":
            if length == 0 and end == len(content):
                return
            break
        at, first = end, False
    raise _NotWhole(_BROKEN)


_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)  # one that ends the compressed data of a scan


def _jpeg(content: bytes) -> None:
    """One picture; cameras put further ones (a preview) behind it, each of them whole."""
    at = 0
    for _ in range(8):
        at = _one_jpeg(content, at)
        if not content[at:].strip(b"\0"):
            return
        if not content.startswith(_BEGINNINGS[MediaType.JPEG], at):
            break
    raise _NotWhole(_BROKEN)


def _one_jpeg(content: bytes, at: int) -> int:
    """Where the picture that begins there ends."""
    framed, at = False, at + 2
    for _ in range(MAX_CHUNKS):
        if content[at : at + 1] != b"\xff":
            break
        while content[at + 1 : at + 2] == b"\xff":
            at += 1
        marker, at = content[at + 1] if at + 1 < len(content) else 0, at + 2
        if marker in _STANDALONE:
            continue
        if marker == 0xD9:
            if framed:
                return at
            break
        length = int.from_bytes(content[at : at + 2])
        if length < 2 or at + length > len(content) or marker in (0x00, 0xD8):
            break
        if marker in _FRAMES:
            framed = True
            _check_size(int.from_bytes(content[at + 5 : at + 7]), int.from_bytes(content[at + 3 : at + 5]))
        at += length
        if marker == 0xDA:
            found = _MARKER.search(content, at)
            if found is None:
                break
            at = found.start()
    raise _NotWhole(_BROKEN)


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise _NotWhole("the picture has too many points")
