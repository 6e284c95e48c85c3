"""The step between this process and PostgreSQL, as a program of its own: `python -I -S embedded_child.py ORDER`.

It becomes the account PostgreSQL is to run as, ties its life to its parent's, ends what an earlier server left running
in the same folder, and turns into the program it was asked for. A program, and not a function between fork and exec,
because the parent has threads. Standard library only, and nothing is imported once the account has changed. Linux only.
"""

import ctypes
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_FAST_SHUTDOWN_SECONDS = 30.0
_NOTICE_SECONDS = 1.0
_SIGNAL_SECONDS = 5.0


class Order(TypedDict):
    """`account`: user and group id to become. `namespace`: the user id to be seen as, in a namespace of one's own."""

    parent: int
    account: tuple[int, int] | None
    namespace: int | None
    folder: str
    command: list[str]


def become(order: Order) -> None:
    """Carries out the order; returns never. An order that cannot be carried out raises OSError."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # it may be ignored, as in every background job of a shell
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o077)
    if order["account"]:
        user, group = order["account"]
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    folder = Path(order["folder"])
    tie_to(order["parent"], signal.SIGINT)  # PostgreSQL's fast shutdown
    # After the change of account and before the namespace: here we may look into those processes without capabilities.
    end_strays(folder)
    _disown_stale_id(folder)
    if order["namespace"] is not None:
        _enter_namespace(order["namespace"])
        tie_to(order["parent"], signal.SIGINT)
    os.chdir(folder)
    os.execv(order["command"][0], order["command"])  # noqa: S606


def end_strays(folder: Path) -> None:
    """Ends every PostgreSQL process that works in this folder: first as an administrator would, at last by force.

    Whoever calls holds the lock of the folder, so what still runs there has lost its parent. Raises TimeoutError if
    some do not end.
    """
    postmaster = postmaster_id(folder)
    if postmaster in strays(folder):
        _send(postmaster, signal.SIGINT)
        _left_after(folder, _FAST_SHUTDOWN_SECONDS)
    # Children end when they notice that the postmaster has gone; one that is busy with a long computation does not.
    patience = _NOTICE_SECONDS
    for sign in (signal.SIGQUIT, signal.SIGKILL):
        for process in _left_after(folder, patience):
            _send(process, sign)
        patience = _SIGNAL_SECONDS
    if _left_after(folder, patience):
        raise TimeoutError("processes of an earlier server do not end")


def strays(folder: Path) -> set[int]:
    """Ids of the living PostgreSQL processes whose working directory is this folder."""
    here = folder.stat()
    found = set()
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        process = Path("/proc", entry)
        with suppress(OSError):  # gone meanwhile, a zombie, or another's
            there = (process / "cwd").stat()
            same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
            if same and (process / "comm").read_text().strip() == "postgres":
                found.add(int(entry))
    return found


def postmaster_id(folder: Path) -> int | None:
    """The process id that `postmaster.pid` names, living or not."""
    try:
        return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _disown_stale_id(folder: Path) -> None:
    """Makes `postmaster.pid` one that PostgreSQL knows for stale, now that nothing runs in the folder any more.

    It judges by the process id, which may have been given to a stranger since; its own id is surely an old one. From the
    lines that are kept it clears away the shared memory of the server before; the eighth, its state, is dropped.
    """
    path = folder / "postmaster.pid"
    if not path.exists():
        return
    if postmaster_id(folder) is None:  # the server crashed while it wrote the file
        path.unlink()
    else:
        fresh = path.with_name("postmaster.pid.new")
        fresh.write_text("\n".join([str(os.getpid()), *path.read_text().splitlines()[1:7], ""]))
        fresh.rename(path)


def _left_after(folder: Path, seconds: float) -> set[int]:
    deadline = time.monotonic() + seconds
    while (left := strays(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _send(process: int | None, sign: signal.Signals) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.kill(process, sign)


def tie_to(parent: int, sign: signal.Signals) -> None:
    """That signal to this process when the thread that made it ends. Lost by changing account, kept by exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before we were tied
        sys.exit("the parent has ended")


def _enter_namespace(seen_as: int) -> None:
    """A user namespace in which the present user is seen as another; files still belong to the present one."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("uid_map", f"{seen_as} {user} 1"), ("setgroups", "deny"), ("gid_map", f"{seen_as} {group} 1")):
        Path("/proc/self", name).write_text(text)


if __name__ == "__main__":
    become(json.loads(sys.argv[1]))
