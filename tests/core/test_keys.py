"""The key file is made once, read by its owner alone, and never made again over an existing one."""

import json
import os
import stat
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.errors import Conflict, Internal, Invalid, NotFound, SijilError, Unavailable
from core.keys import Family, KeyRing, Version, add_version, create, load, retire, versions
from core.sealed import version_of
from identity.numbers import TokenKind, pairwise_token, resolve_token
from tests.access.enrolled import NOW

Change = Callable[[dict[str, Any]], object]
OWNER, AGENCY = UUID(int=11), UUID(int=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "keys.json"


def test_a_new_key_file_is_its_owners_alone_and_reads_back(path: Path) -> None:
    ring = create(path, mark="demo", at=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["keys.json"]
    again = load(path)
    assert again.mark == ring.mark == "demo"
    assert (again.fingerprint, again.jwks(), again.indexes) == (ring.fingerprint, ring.jwks(), ring.indexes)
    key, wrapped = ring.masters.new_data_key(UUID(int=1))
    assert again.masters.unwrap(UUID(int=1), wrapped).open("a", UUID(int=1), key.seal("a", UUID(int=1), "b")) == "b"
    assert (again.signer.valid_from, again.signer.kid) == (NOW.isoformat(), ring.signer.kid)


def test_the_mode_does_not_hang_on_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        create(path, mark="", at=NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_key_file_is_never_replaced(path: Path) -> None:
    create(path, mark="demo", at=NOW)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(Conflict):
            create(path, mark="demo", at=NOW)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["keys.json"]


def test_what_stands_in_the_place_of_a_key_file_is_not_replaced_either(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("")
    with pytest.raises(Conflict):
        create(path, mark="demo", at=NOW)
    assert path.read_text() == ""
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(Conflict):
        create(path, mark="demo", at=NOW)
    assert path.is_symlink()
    assert os.listdir(path.parent) == ["keys.json"]


def test_of_those_who_race_to_create_it_one_wins(path: Path) -> None:
    def attempt(_: int) -> KeyRing | SijilError:
        try:
            return create(path, mark="demo", at=NOW)
        except SijilError as refusal:
            return refusal

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(attempt, range(24)))
    won = [ring for ring in told if isinstance(ring, KeyRing)]
    assert len(won) == 1
    assert all(isinstance(refusal, Conflict) for refusal in told if refusal is not won[0])
    assert load(path).fingerprint == won[0].fingerprint
    assert os.listdir(path.parent) == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666, 0o400 | 0o070])
def test_a_key_file_that_others_may_reach_is_refused(path: Path, mode: int) -> None:
    create(path, mark="demo", at=NOW)
    path.chmod(mode)
    with pytest.raises(Unavailable, match="may be read by others"):
        load(path)
    path.chmod(0o400)
    assert load(path).mark == "demo"


def test_an_absent_key_file_is_said_to_be_absent(path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no key file"):
        load(path)


def test_a_folder_is_no_key_file(path: Path) -> None:
    path.mkdir(parents=True, mode=0o700)
    with pytest.raises(Unavailable, match="cannot be read"):
        load(path)


def short(family: str) -> Change:
    return lambda document: document[family].update({"1": b64encode(b"k" * 31).decode()})


DAMAGE: dict[str, Change] = {
    **{f"without {name}": lambda document, name=name: document.pop(name) for name in ("mark", "signing", "master", "index")},  # type: ignore[misc]
    "without token keys": lambda document: document.pop("token"),
    "an empty family": lambda document: document["master"].clear(),
    "no index key": lambda document: document["index"].clear(),
    "no token key": lambda document: document["token"].clear(),
    "no first number key": lambda document: document.update(number={"2": document["number"]["1"]}),
    "no first commitment key": lambda document: document.update(commitment={}),
    **{f"a short {family} key": short(family) for family in ("master", "index", "token", "number", "commitment")},
    "no signing key": lambda document: document["signing"].clear(),
    "a short signing key": lambda document: document["signing"][0].update(key=b64encode(b"k" * 31).decode()),
    "a signing key without a date": lambda document: document["signing"][0].pop("valid_from"),
    "a family that is a list": lambda document: document.update(token=[1]),
    "a key that is a number": lambda document: document["token"].update({"1": 7}),
    "a key that is not base64": lambda document: document["token"].update({"1": "?" * 44}),
    "a version that is a word": lambda document: document["token"].update({"first": document["token"]["1"]}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_key_file_is_refused(path: Path, damage: Change) -> None:
    create(path, mark="demo", at=NOW)
    document = json.loads(path.read_bytes())
    damage(document)
    path.write_text(json.dumps(document))
    with pytest.raises(Unavailable, match="is damaged"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'"keys"', b"{}"])
def test_what_is_not_a_key_file_is_refused(path: Path, content: bytes) -> None:
    create(path, mark="demo", at=NOW)
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="is damaged"):
        load(path)


def test_a_key_file_that_was_cut_is_refused_wherever_it_was_cut(path: Path) -> None:
    create(path, mark="demo", at=NOW)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(Unavailable, match="is damaged"):
            load(path)


def test_no_two_rings_share_a_key_and_no_family_another(tmp_path: Path) -> None:
    rings = [create(tmp_path / f"{n}.json", mark="", at=NOW) for n in range(2)]
    secrets = [
        secret
        for ring in rings
        for secret in (
            *ring.indexes.values(),
            *ring.tokens.values(),
            ring.number,
            ring.commitment,
            *(key.private.private_bytes_raw() for key in ring.signing),
        )
    ]
    assert len(set(secrets)) == len(secrets) == 10
    assert len({ring.fingerprint for ring in rings}) == 2


def test_secrets_are_not_printed(keys: KeyRing) -> None:
    printed = repr(keys) + str(keys) + repr(keys.signer)
    for secret in (*keys.indexes.values(), *keys.tokens.values(), keys.number, keys.commitment):
        assert repr(secret)[2:-1] not in printed
        assert b64encode(secret).decode() not in printed
    assert keys.fingerprint in printed


def test_a_signature_verifies_with_the_published_key(keys: KeyRing) -> None:
    (published,) = keys.jwks()["keys"]
    assert published == keys.signer.public_jwk
    assert published.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    keys.signer.private.public_key().verify(keys.signer.sign(b"message"), b"message")


def test_the_newest_keys_make_and_all_of_them_read(path: Path) -> None:
    old = create(path, mark="demo", at=NOW)
    _, wrapped = old.masters.new_data_key(UUID(int=1))
    document = json.loads(path.read_bytes())
    for family in ("master", "index", "token"):
        document[family]["2"] = b64encode(family.encode().ljust(32)).decode()
    document["signing"].append({"valid_from": "2027-01-01T00:00:00+00:00", "key": b64encode(b"s" * 32).decode()})
    path.write_text(json.dumps(document))
    ring = load(path)
    assert ring.index_version == 2
    assert ring.index("CNIE", "AB1") != old.index("CNIE", "AB1") == ring.index("CNIE", "AB1", 1)
    assert ring.masters.new_data_key(UUID(int=1))[1][:2] == b"\x00\x02"
    ring.masters.unwrap(UUID(int=1), wrapped)
    assert ring.signer.kid != old.signer.kid
    assert [key["kid"] for key in ring.jwks()["keys"]] == [old.signer.kid, ring.signer.kid]
    # What people are numbered by stays as it was.
    assert (ring.fingerprint, ring.number) == (old.fingerprint, old.number)


def test_a_look_up_hash_tells_kinds_values_and_rings_apart(keys: KeyRing, path: Path) -> None:
    other = create(path, mark="", at=NOW)
    pairs = [("CNIE", "AB1"), ("CNIE", "AB2"), ("IDCS", "AB1"), ("CNIEA", "B1")]
    hashes = {ring.index(kind, value) for ring in (keys, other) for kind, value in pairs}
    assert len(hashes) == 8
    assert {len(hashed) for hashed in hashes} == {16}
    assert keys.index("CNIE", "AB1") == keys.index("CNIE", "AB1")


def test_a_stranger_is_the_same_each_time_and_another_for_another_identifier(keys: KeyRing) -> None:
    ids = {keys.stranger(kind, value) for kind in ("IDCS", "PERSON") for value in ("1", "2")}
    assert len(ids) == 4
    assert keys.stranger("IDCS", "1") == keys.stranger("IDCS", "1")


# --- new versions


def test_a_new_version_is_beside_the_older_ones_and_makes_from_now_on(path: Path) -> None:
    before = create(path, mark="", at=NOW)
    later = NOW + timedelta(days=400)
    assert [add_version(path, family, at=later) for family in Family] == [2, 2]
    ring = load(path)
    assert (ring.fingerprint, ring.jwks(), ring.indexes, ring.number) == (
        before.fingerprint,
        before.jwks(),
        before.indexes,
        before.number,
    )
    assert (ring.masters.versions, ring.masters.newest, sorted(ring.tokens)) == ([1, 2], 2, [1, 2])
    assert ring.tokens[1] == before.tokens[1] != ring.tokens[2]
    key, wrapped = before.masters.new_data_key(OWNER)
    assert ring.masters.unwrap(OWNER, wrapped).open("a", OWNER, key.seal("a", OWNER, "b")) == "b"
    assert (version_of(wrapped), version_of(ring.masters.new_data_key(OWNER)[1])) == (1, 2)
    assert versions(path) == [Version(family, number, at) for family in Family for number, at in ((1, NOW), (2, later))]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["keys.json"]


def test_versions_that_are_added_at_once_are_all_there(path: Path) -> None:
    create(path, mark="", at=NOW)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: add_version(path, Family.MASTER, at=NOW), range(16)))
    assert sorted(made) == list(range(2, 18)) == load(path).masters.versions[1:]


def test_a_file_that_does_not_say_when_is_taken_as_it_is(path: Path) -> None:
    create(path, mark="", at=NOW)
    document = json.loads(path.read_text())
    del document["created"]
    document["token"]["7"] = document["token"]["1"]
    path.write_text(json.dumps(document))
    assert [(each.number, each.added_at) for each in versions(path) if each.family is Family.TOKEN] == [(1, None), (7, None)]
    assert add_version(path, Family.TOKEN, at=NOW) == 8


def test_a_retired_version_opens_nothing_any_more_and_its_number_is_not_given_again(path: Path) -> None:
    wrapped = create(path, mark="", at=NOW).masters.new_data_key(OWNER)[1]
    add_version(path, Family.MASTER, at=NOW)
    anew = load(path).masters.rewrap(OWNER, wrapped)
    secret = json.loads(path.read_text())["master"]["1"]
    retire(path, Family.MASTER, 1)
    ring = load(path)
    with pytest.raises(Internal):
        ring.masters.unwrap(OWNER, wrapped)
    ring.masters.unwrap(OWNER, anew)
    assert secret not in path.read_text()
    assert os.listdir(path.parent) == ["keys.json"]
    assert add_version(path, Family.MASTER, at=NOW) == 3


@pytest.mark.parametrize(("number", "refusal"), [(2, Conflict), (3, NotFound), (0, NotFound)])
def test_the_newest_version_and_what_is_none_are_not_retired(path: Path, number: int, refusal: type[SijilError]) -> None:
    create(path, mark="", at=NOW)
    add_version(path, Family.MASTER, at=NOW)
    before = path.read_bytes()
    with pytest.raises(refusal):
        retire(path, Family.MASTER, number)
    assert path.read_bytes() == before


def test_where_the_disk_is_full_the_old_file_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(path, mark="", at=NOW)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add_version(path, Family.MASTER, at=NOW)
    assert path.read_bytes() == before
    assert load(path).masters.versions == [1]
    assert os.listdir(path.parent) == ["keys.json"]


def test_tokens_of_an_older_version_resolve_and_new_ones_are_of_the_newest(path: Path) -> None:
    before = create(path, mark="", at=NOW)
    old = pairwise_token(TokenKind.PERSON, OWNER, AGENCY, before.tokens)
    add_version(path, Family.TOKEN, at=NOW)
    ring = load(path)
    new = pairwise_token(TokenKind.PERSON, OWNER, AGENCY, ring.tokens)
    assert (old[:3], new[:3]) == ("p1.", "p2.")
    assert {resolve_token(token, AGENCY, ring.tokens) for token in (old, new)} == {(TokenKind.PERSON, OWNER)}
    assert pairwise_token(TokenKind.HOUSEHOLD, OWNER, AGENCY, ring.tokens)[:3] == "h2."
    with pytest.raises(Invalid):
        resolve_token(new, AGENCY, before.tokens)
