"""Small files for tests, each whole: what people bring to show something."""

import zlib

import typst


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def png(width: int = 1, height: int = 1, *more: bytes) -> bytes:
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress(b"".join(b"\0" + b"\x7f" * min(width, 4) for _ in range(min(height, 4))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content


def jpeg(width: int = 8, height: int = 8, *more: bytes) -> bytes:
    """Of two scans, as progressive ones have; its data hold what looks like markers and is none."""
    frame = b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    start = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return start + b"".join(more) + segment(0xC2, frame) + scan + b"\xff" + segment(0xC4, b"x" * 20) + scan + b"\xff\xd9"


def pdf(words: str = "A copy of a card.") -> bytes:
    return typst.compile(words.encode(), ignore_system_fonts=True)
