"""What a file is stands in its bytes: what lies about itself, or is two things at once, is none of the three."""

import io
import zipfile
from base64 import b64decode
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from identity.media import MediaType, sniffed
from tests.identity.files import chunk, jpeg, pdf, png, segment

# As a browser makes it.
OF_A_BROWSER = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/"
    "2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAIAAgDASIAAhEBAxEB/8QA"
    "FQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAABAb/xAAUEQEAAAAAAAAAAAAAAAAAAAAA"
    "/9oADAMBAAIRAxEAPwCAANSP/9k="
)
PDF = pdf()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("x.txt", "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (PDF, MediaType.PDF),
        (PDF + b"\r\n", MediaType.PDF),
        (jpeg(), MediaType.JPEG),
        (OF_A_BROWSER, MediaType.JPEG),
        (jpeg() + jpeg() + b"\0" * 9, MediaType.JPEG),  # with a preview behind it, as cameras do
        (png(), MediaType.PNG),
        (png(3, 3, chunk(b"tEXt", b"Comment\0a < b")), MediaType.PNG),
    ],
)
def test_the_three_are_known_by_their_bytes(content: bytes, media: MediaType) -> None:
    assert sniffed(content) is media
    for said in (media.value, f"{media.value.upper()}; charset=binary", "", "application/octet-stream"):
        assert sniffed(content, said) is media


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"<html><body>hello</body></html>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>',
        b"MZ\x90\0" + b"\0" * 100,
        b"GIF89a" + b"\0" * 40,
        b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 40,
        archive(),
        b"\n" + PDF,
        b"junk" + png(),
        PDF.replace(b"%PDF-", b"%PDX-"),
    ],
)
def test_anything_else_is_none_of_them(content: bytes) -> None:
    for said in (None, "image/png", "application/pdf"):
        with pytest.raises(Invalid) as refusal:
            sniffed(content, said, "content")
        assert (refusal.value.message, refusal.value.path) == ("the file is no PDF, JPEG or PNG", ("content",))


@pytest.mark.parametrize(
    "content",
    [
        png()[:-1],
        png() + b"\0",
        png() + archive(),
        png(1, 1, chunk(b"tEXt", b"Comment\0<script >alert(1)</script>")),
        png().replace(b"IDAT", b"IDAX"),
        png()[:33],
        b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
        jpeg()[:-2],
        jpeg() + b"<!-- ",
        jpeg() + png(),
        jpeg() + archive(),
        jpeg(8, 8, segment(0xFE, b"<svg onload=alert(1)>")),
        jpeg(8, 8, segment(0xFE, archive())),
        b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + b"\xff\xd9",
        PDF[:-20],
        PDF + b"more",
        PDF + archive(),
        PDF + PDF[:-9],
        PDF.replace(b"\n1 0 obj", b"\n<html >\n1 0 obj", 1),
    ],
)
def test_a_file_that_is_torn_or_two_things_at_once_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        sniffed(content, None, "content")
    assert refusal.value.message == "the file is damaged, or holds something besides"


@pytest.mark.parametrize("name", [b"/JavaScript", b"/JS (x)", b"/Launch", b"/EmbeddedFiles", b"/Encrypt 5 0 R", b"/XFA["])
def test_a_pdf_that_is_locked_or_does_something_is_refused(name: bytes) -> None:
    with pytest.raises(Invalid, match="locked, or does something"):
        sniffed(PDF.replace(b"/Type", name + b" /Type", 1))
    # What is compressed may hold such short names by chance.
    assert sniffed(PDF.replace(b"endstream", b"/JS x/XFA[endstream", 1)) is MediaType.PDF
    assert sniffed(PDF.replace(b"/Type", b"/JSON 1 /Type", 1)) is MediaType.PDF


def test_a_file_that_is_said_to_be_another_is_refused() -> None:
    for content, said in ((PDF, "image/png"), (png(), "image/jpeg"), (jpeg(), "text/html")):
        with pytest.raises(Invalid) as refusal:
            sniffed(content, said, "content")
        assert refusal.value.message == "the file is not what it is said to be"
    assert sniffed(jpeg(), "image/jpg") is MediaType.JPEG


@pytest.mark.parametrize("content", [png(60_000, 60_000), jpeg(65_000, 65_000), png(0, 5)])
def test_a_picture_of_too_many_points_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="points"):
        sniffed(content)


@given(st.sampled_from([PDF[-300:], png(), jpeg(), OF_A_BROWSER]), st.data())
def test_whatever_bytes_come_are_answered(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content)))
    content = content[:at] + data.draw(st.binary(max_size=20)) + content[at + data.draw(st.integers(0, 20)) :]
    with suppress(Invalid):
        assert sniffed(content) in MediaType


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + b"stream\n" * 700_000 + b"startxref\n1\n%%EOF",
        b"%PDF-1.7\n" + b"endstream" * 500_000 + b"startxref\n1\n%%EOF",
        jpeg()[:-2] + b"\xff" * 5_000_000,
        jpeg()[:-2] + b"\xff\x00" * 2_500_000,
        b"\xff\xd8\xff" + segment(0xE0, b"") * 1_200_000,
        b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * 400_000,
        b"\x89PNG\r\n\x1a\n" + b"<" * 5_000_000,
    ],
)
def test_no_file_takes_long(content: bytes) -> None:
    began = perf_counter()
    with suppress(Invalid):
        sniffed(content)
    assert perf_counter() - began < 2
