"""A file is there whole or not at all, under its own name alone, and for nobody else's eyes."""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import Internal, NotFound, TooCostly, Unavailable
from core.ids import uuid7
from core.storage import PARTS, FolderStorage, Storage

NOW = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "evidence"


@pytest.fixture
def storage(folder: Path) -> FolderStorage:
    return FolderStorage(folder, most_bytes=1000)


def place(folder: Path, name: UUID) -> Path:
    return folder / name.hex[-2:] / name.hex


async def everything(storage: Storage) -> list[UUID]:
    return [name for part in range(PARTS) for name in await storage.names(part)]


async def test_what_is_put_is_got_and_deleted_once_and_for_all(storage: FolderStorage, folder: Path) -> None:
    names = [uuid7(NOW) for _ in range(20)]
    for number, name in enumerate(names):
        await storage.put(name, bytes([number]) * number)
    for number, name in enumerate(names):
        assert await storage.get(name) == bytes([number]) * number
    assert await everything(storage) == sorted(names, key=lambda name: (name.hex[-2:], name))
    await storage.put(names[3], b"anew")
    assert await storage.get(names[3]) == b"anew"
    for name in (names[3], names[3], uuid7(NOW)):
        await storage.delete(name)
    with pytest.raises(NotFound):
        await storage.get(names[3])
    assert len(await everything(storage)) == 19


async def test_nothing_is_there_before_the_first_file(storage: FolderStorage, folder: Path) -> None:
    name = uuid7(NOW)
    with pytest.raises(NotFound):
        await storage.get(name)
    await storage.delete(name)
    await storage.forget_drafts(name)
    assert (await everything(storage), await storage.drafts(0)) == ([], [])
    assert not folder.parent.exists()


async def test_only_their_owner_reads_the_files(storage: FolderStorage, folder: Path) -> None:
    before = os.umask(0)
    try:
        await storage.put(name := uuid7(NOW), b"sealed")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(at.stat().st_mode) for at in (folder, place(folder, name).parent, place(folder, name))] == [
        0o700,
        0o700,
        0o600,
    ]


async def test_what_is_too_large_is_refused_and_leaves_nothing(storage: FolderStorage, folder: Path) -> None:
    with pytest.raises(TooCostly):
        await storage.put(uuid7(NOW), b"x" * 1001)
    await storage.put(name := uuid7(NOW), b"x" * 1000)
    assert await everything(storage) == [name]
    place(folder, name).write_bytes(b"x" * 1001)
    with pytest.raises(Internal):
        await storage.get(name)


async def test_no_link_is_followed_and_nothing_but_a_file_is_read(storage: FolderStorage, folder: Path, tmp_path: Path) -> None:
    (outside := tmp_path / "outside").write_bytes(b"another's")
    await storage.put(name := uuid7(NOW), b"sealed")
    at = place(folder, name)
    at.unlink()
    at.symlink_to(outside)
    with pytest.raises(Unavailable):
        await storage.get(name)
    await storage.put(name, b"anew")  # in the place of the link, not through it
    assert (await storage.get(name), outside.read_bytes()) == (b"anew", b"another's")
    at.unlink()
    os.mkfifo(at)
    with pytest.raises(Internal):
        await storage.get(name)
    at.unlink()
    at.parent.rmdir()
    (elsewhere := tmp_path / "elsewhere").mkdir()
    at.parent.symlink_to(elsewhere)
    for act in (storage.put(name, b"x"), storage.get(name), storage.delete(name)):
        with pytest.raises(Unavailable):
            await act
    assert list(elsewhere.iterdir()) == []


async def test_a_write_that_was_broken_off_leaves_the_old_file_and_a_draft_that_can_be_told(
    storage: FolderStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.put(name := uuid7(NOW), b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", _fails)
        with pytest.raises(Unavailable):
            await storage.put(name, b"after")
        assert [entry.name for entry in place(folder, name).parent.iterdir()] == [name.hex]
        patch.setattr(os, "unlink", _fails)  # as where the process is killed: nobody tidies up
        with pytest.raises(Unavailable):
            await storage.put(name, b"after")
    part = int(name.hex[-2:], 16)
    assert await storage.get(name) == b"before"
    assert (await storage.names(part), await storage.drafts(part)) == ([name], [name])
    await storage.forget_drafts(uuid7(NOW))
    assert await storage.drafts(part) == [name]
    await storage.forget_drafts(name)
    assert (await storage.names(part), await storage.drafts(part)) == ([name], [])


async def test_what_is_not_of_our_making_is_not_listed(storage: FolderStorage, folder: Path) -> None:
    await storage.put(name := uuid7(NOW), b"sealed")
    part = place(folder, name).parent
    other = UUID(int=name.int ^ 1)  # of another part
    for wrong in ("README", name.hex.upper().replace("0", "A"), f"{name.hex}.bak", other.hex, f".{name.hex}", ".x"):
        (part / wrong).write_bytes(b"")
    assert await storage.names(int(part.name, 16)) == [name]
    assert await storage.drafts(int(part.name, 16)) == []


@pytest.mark.parametrize(
    "fault", [PermissionError(13, "/secret/path"), OSError(28, "No space left on device: /secret/path")], ids=["denied", "full"]
)
async def test_a_fault_of_the_disk_is_told_without_its_words(
    storage: FolderStorage, monkeypatch: pytest.MonkeyPatch, fault: OSError
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unavailable) as refusal:
        await storage.put(uuid7(NOW), b"sealed")
    assert "secret" not in str(refusal.value)
    assert await everything(storage) == []


def _fails(*_: object, **__: object) -> None:
    raise OSError(5, "input/output error")


_: Callable[[Path], Storage] = FolderStorage
