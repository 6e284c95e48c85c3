"""Where sealed files lie: a small interface, and the one that is a folder. It knows names and bytes, and not what they are.

A name is an id of our own making (UUID version 7). The folder spreads files over 256 parts by the last byte of the name, which
is random; each is written under another name first, so that a file is there whole or not at all, also after a loss of power.
"""

import asyncio
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from core.errors import Internal, NotFound, TooCostly, Unavailable
from core.ids import random_bytes

PARTS: Final = 256
MAX_BYTES: Final = 256 * 1024 * 1024  # of one file
_NAME = re.compile(r"([0-9a-f]{32})")
_DRAFT = re.compile(r"\.([0-9a-f]{32})\.[0-9a-f]{16}")
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Storage(Protocol):
    """Files under the ids that name them. What is given is stored as it is: whoever gives it has sealed it."""

    async def put(self, name: UUID, content: bytes) -> None:
        """Durable when it returns; in the place of a file of that name, if there is one. Raises TooCostly, Unavailable."""

    async def get(self, name: UUID) -> bytes:
        """Raises NotFound where there is none, Unavailable where it cannot be read."""

    async def delete(self, name: UUID) -> None:
        """There is no file of that name afterwards, whether or not there was one."""

    async def names(self, part: int) -> list[UUID]:
        """All names in one of the parts, from 0 to PARTS - 1, of files that are whole."""

    async def drafts(self, part: int) -> list[UUID]:
        """The names in that part of which a write was begun and not ended: it goes on, or it was broken off."""

    async def forget_drafts(self, name: UUID) -> None:
        """Removes what such writes have left behind of that name; a file that is whole stays."""


class FolderStorage:
    """Files in a folder of ours alone (mode 0700), each of mode 0600. It is made with the first file."""

    def __init__(self, folder: Path, *, most_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    async def put(self, name: UUID, content: bytes) -> None:
        if len(content) > self._most_bytes:
            raise TooCostly(f"a file has at most {self._most_bytes} bytes")
        await asyncio.to_thread(self._put, name, content)

    async def get(self, name: UUID) -> bytes:
        return await asyncio.to_thread(self._get, name)

    async def delete(self, name: UUID) -> None:
        await asyncio.to_thread(self._remove, name)

    async def names(self, part: int) -> list[UUID]:
        return await asyncio.to_thread(self._listed, part, _NAME)

    async def drafts(self, part: int) -> list[UUID]:
        return await asyncio.to_thread(self._listed, part, _DRAFT)

    async def forget_drafts(self, name: UUID) -> None:
        await asyncio.to_thread(self._forget, name)

    # --- in a thread

    def _put(self, name: UUID, content: bytes) -> None:
        with _told():
            self._make(_part(name))
        with _told(), self._opened(_part(name)) as part:
            draft = f".{name.hex}.{random_bytes(8).hex()}"
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=part)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(draft, name.hex, src_dir_fd=part, dst_dir_fd=part)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft, dir_fd=part)
                raise
            os.fsync(part)

    def _get(self, name: UUID) -> bytes:
        try:
            with _told(), self._opened(_part(name)) as part:
                # Not to wait for ever where somebody has put a pipe in the place of a file.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                with os.fdopen(os.open(name.hex, flags, dir_fd=part), "rb") as file:
                    found = os.fstat(file.fileno())
                    if not stat.S_ISREG(found.st_mode) or found.st_size > self._most_bytes:
                        raise Internal("a stored file is none of ours")
                    return file.read(self._most_bytes)
        except FileNotFoundError:
            raise NotFound("no such file") from None

    def _remove(self, name: UUID) -> None:
        with suppress(FileNotFoundError), _told(), self._opened(_part(name)) as part:
            os.unlink(name.hex, dir_fd=part)
            os.fsync(part)

    def _forget(self, name: UUID) -> None:
        with suppress(FileNotFoundError), _told(), self._opened(_part(name)) as part:
            for found in os.listdir(part):
                if _DRAFT.fullmatch(found) and found.startswith(f".{name.hex}."):
                    with suppress(FileNotFoundError):
                        os.unlink(found, dir_fd=part)

    def _listed(self, part: int, form: re.Pattern[str]) -> list[UUID]:
        found: list[UUID] = []
        with suppress(FileNotFoundError), _told(), self._opened(f"{part:02x}") as opened:
            for entry in os.listdir(opened):
                held = form.fullmatch(entry)
                if held:
                    name = UUID(held[1])
                    if _part(name) == f"{part:02x}":
                        found.append(name)
        return sorted(found)

    def _make(self, part: str) -> None:
        place = self._folder / part
        if place.is_dir():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
        for folder, flags in ((self._folder, _FOLDER_FLAGS), (self._folder.parent, _FOLDER_FLAGS & ~os.O_NOFOLLOW)):
            handle = os.open(folder, flags)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    @contextmanager
    def _opened(self, part: str) -> Iterator[int]:
        """The part's folder: the folder itself, not what a link in its place leads to."""
        root = os.open(self._folder, _FOLDER_FLAGS)
        try:
            handle = os.open(part, _FOLDER_FLAGS, dir_fd=root)
        finally:
            os.close(root)
        try:
            yield handle
        finally:
            os.close(handle)


@contextmanager
def _told() -> Iterator[None]:
    """A fault of the disk is told without paths or contents; that something is not there is left to the caller."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError:
        raise Unavailable("the storage of files does not work") from None


def _part(name: UUID) -> str:
    return name.hex[-2:]
