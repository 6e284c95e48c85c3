"""As whom the embedded PostgreSQL runs, since it refuses to run as root, and where its files are in consequence.

    SELF        an ordinary user runs it as it is
    NAMESPACE   root runs it in a user namespace, seen as somebody else; files stay where they are and belong to root
    ACCOUNT     root, where namespaces are not permitted, runs it as an existing account without privileges

For ACCOUNT neither the database nor the programs need be in that account's reach, and no folder is opened to it that we
did not make: they go to folders under `account_base`, and a file `place` in the instance folder says where. From then on
that instance stays so.
"""

import json
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from core import embedded_child
from core.embedded_child import Order, end_strays
from core.errors import Unavailable
from core.ids import random_bytes

ACCOUNT_BASE = Path("/var/lib/sijil")
ACCOUNTS = ("postgres", "nobody")
# Nothing of the parent's environment reaches PostgreSQL: it would obey PG* variables, and show the rest to its superuser.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_PROBE_SECONDS = 60


class RunAs(StrEnum):
    SELF = "SELF"
    NAMESPACE = "NAMESPACE"
    ACCOUNT = "ACCOUNT"


@dataclass(frozen=True, slots=True)
class Seat:
    """`place` holds `data` and `run`. `account`: user and group id to become; `namespace`: the user id to be seen as."""

    place: Path
    bin_folder: Path
    account: tuple[int, int] | None = None
    namespace: int | None = None

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def owner(self) -> int:
        """The user id, seen from here, that the files of the database belong to."""
        return self.account[0] if self.account else os.geteuid()

    def command(self, folder: Path, program: str, *arguments: str) -> list[str]:
        """The command that runs a PostgreSQL program as is due, in that folder, tied to the thread that starts it."""
        order = Order(
            parent=os.getpid(),
            account=self.account,
            namespace=self.namespace,
            folder=str(folder),
            command=[str(self.bin_folder / program), *arguments],
        )
        return [sys.executable, "-I", "-S", embedded_child.__file__, json.dumps(order)]

    def works(self) -> bool:
        """Whether the programs and the place can be reached this way."""
        command = self.command(self.place, "postgres", "--version")
        ended = subprocess.run(  # noqa: S603 -- our own command
            command,
            check=False,
            capture_output=True,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            start_new_session=True,
        )
        return ended.returncode == 0

    def make_folder(self, path: Path, *, private: bool = True) -> Path:
        """A folder for PostgreSQL alone; or, not `private`, one of ours that it may pass through but not list or change."""
        path.mkdir(mode=0o700, exist_ok=True)
        if private:
            self.give(path)
        elif self.account:
            path.chmod(0o711)
        return path

    def give(self, path: Path) -> None:
        if self.account:
            os.chown(path, *self.account, follow_symlinks=False)


def place_of(folder: Path) -> Path:
    """Where the database of that instance is: in its folder, unless it had to move."""
    note = folder / "place"
    return Path(note.read_text()) if note.exists() else folder


def take_seat(folder: Path, bin_folder: Path, run_as: RunAs | None, account: str | None, account_base: Path) -> Seat:
    """The seat that is asked for, or the first that works here. The caller holds the lock of the folder.

    Raises Unavailable where none works, or where the database that is there belongs to somebody else.
    """
    place = place_of(folder)
    if os.geteuid() != 0:
        if run_as not in {None, RunAs.SELF} or place != folder:
            raise Unavailable("only root can run the embedded database as another account")
        return Seat(folder, bin_folder)
    if run_as is RunAs.SELF:
        raise Unavailable("PostgreSQL refuses to run as root")
    user = _account(account)
    seat = Seat(folder, bin_folder, namespace=user.pw_uid)
    if place == folder and seat.data.exists() and seat.data.stat().st_uid != 0:
        raise Unavailable("the embedded database was made by another user: start it as that user")
    if place == folder and run_as is not RunAs.ACCOUNT and seat.works():
        return seat
    if run_as is RunAs.NAMESPACE:
        raise Unavailable("the embedded database cannot run in a user namespace here")
    return _account_seat(folder, place, bin_folder, user, account_base)


def _account(name: str | None) -> pwd.struct_passwd:
    known = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    for candidate in (name,) if name else ACCOUNTS:
        if candidate in known:
            return known[candidate]
    raise Unavailable("there is no account without privileges to run the embedded database as")


def _account_seat(folder: Path, place: Path, bin_folder: Path, user: pwd.struct_passwd, base: Path) -> Seat:
    if not base.exists():
        base.mkdir(parents=True)
        base.chmod(0o711)
    seat = Seat(place, bin_folder, account=(user.pw_uid, user.pw_gid))
    if place == folder:
        seat = replace(seat, place=base / f"database-{random_bytes(8).hex()}")
        seat.make_folder(seat.place, private=False)
    elif not place.is_dir():
        raise Unavailable("the folder that the embedded database had moved to is gone")
    elif seat.data.exists():
        found = seat.data.stat()
        seat = replace(seat, account=(found.st_uid, found.st_gid))
    if not seat.works():
        seat = replace(seat, bin_folder=_copied_programs(bin_folder, base))
    if not seat.works():
        raise Unavailable("the embedded database cannot run as an account without privileges here")
    if place == folder:
        _move(folder, seat)
    return seat


def _move(folder: Path, seat: Seat) -> None:
    """Brings the database, if there is one, to its new place. A crash midway leaves the old one in force."""
    old, work = folder / "data", seat.place / "new-copy"
    if old.exists():
        end_strays(old)
        work.mkdir(mode=0o700)
        shutil.copytree(old, work / "data", symlinks=True)
        for parent, _, names in os.walk(work / "data"):
            seat.give(Path(parent))
            for name in names:
                seat.give(Path(parent, name))
        (work / "data").rename(seat.data)  # only now can the account reach it
        work.rmdir()
    note = folder / "place.new"
    note.write_text(str(seat.place))
    note.chmod(0o600)
    os.sync()
    note.rename(folder / "place")
    os.sync()
    if old.exists():
        shutil.rmtree(old)


def _copied_programs(bin_folder: Path, base: Path) -> Path:
    """The bin folder of a copy that everybody may read. The package's own libraries stand beside it, in `NAME.libs`."""
    root = bin_folder.parent.parent
    state = (bin_folder / "postgres").stat()
    name = sha256(f"{bin_folder}:{state.st_size}:{state.st_mtime_ns}".encode()).hexdigest()[:16]
    copy = base / f"programs-{name}"
    if not copy.exists():
        work = base / f"programs-{name}-{random_bytes(4).hex()}"
        shutil.copytree(bin_folder.parent, work / root.name / bin_folder.parent.name, ignore=shutil.ignore_patterns("include"))
        libraries = root.with_name(f"{root.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, work / libraries.name)
        for parent, _, names in os.walk(work):
            Path(parent).chmod(0o755)
            for file in names:
                path = Path(parent, file)
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        try:
            work.rename(copy)
        except OSError:  # another instance was faster
            shutil.rmtree(work)
    return copy / root.name / bin_folder.parent.name / bin_folder.name
