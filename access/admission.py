"""Letting an agency in: a client assertion and a DPoP proof against an access token, and that token on each later request."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import orjson

from access import tokens
from access.call import Actor, ActorKind, Call, open_to_all
from access.counters import SPENT, Once, replay_key
from access.reading import Reading
from access.rights import AGENCY_SCOPES, DUTY_SCOPES, Duty, Scope
from core.errors import Invalid, Unauthenticated
from core.keys import KeyRing

MAX_TOKENS = 10_000
_KEY = """select k.alg, k.jwk, a.duties from agency a join agency_key k on k.agency_id = a.agency_id
           where a.agency_id = $1 and k.kid = $2 and (a.suspended_at is null or $3 < a.suspended_at)
             and k.valid_from <= $3 and $3 < k.valid_to and (k.revoked_at is null or $3 < k.revoked_at)"""


@dataclass(frozen=True, slots=True)
class Granted:
    access_token: str
    expires_in_seconds: int
    scopes: tuple[str, ...]


@open_to_all
async def grant(
    reading: Reading,
    call: Call,
    *,
    assertion: str,
    proof: str,
    token_url: str,
    issuer: str,
    scope: str | None,
    lifetime_seconds: int,
) -> Granted:
    """An access token bound to the DPoP key. Raises Unauthenticated for whatever does not hold, Invalid for scopes.

    Both `jti`s become part of the settlement: the token may leave once they are durable.
    """
    told = tokens.parse_assertion(assertion)
    shown = tokens.check_proof(proof, method="POST", url=token_url, now=call.now)
    try:
        agency = UUID(told.client_id)
    except ValueError:
        raise Unauthenticated("the client is not known") from None
    rows = await reading.ask(_KEY, agency, told.kid, call.now)
    if not rows:
        raise Unauthenticated("the client or its key is not known")
    jti, expires = tokens.check_assertion(told, orjson.loads(rows[0]["jwk"]), rows[0]["alg"], issuer=issuer, now=call.now)
    charged = frozenset(DUTY_SCOPES[Duty(duty)] for duty in rows[0]["duties"])
    scopes = _scopes(scope, AGENCY_SCOPES | charged)
    # A little longer than it can be used: clocks differ.
    reading.settlement.add(SPENT, Once(replay_key(f"assertion {agency}", jti), expires + tokens.FUTURE, "assertion"))
    reading.settlement.add(SPENT, Once(replay_key(shown.thumbprint, shown.jti), shown.expires_at))
    expires_at = call.now + timedelta(seconds=lifetime_seconds)
    token = tokens.AccessToken(agency, told.kid, shown.thumbprint, scopes, expires_at)
    return Granted(tokens.issue(reading.keys, token, issuer=issuer, now=call.now), lifetime_seconds, scopes)


def _scopes(asked: str | None, granted: frozenset[Scope]) -> tuple[str, ...]:
    if asked is None:
        return tuple(sorted(granted))
    scopes = set(asked.split())
    if not scopes or not scopes <= granted:
        raise Invalid("no such scope", path=("scope",))
    return tuple(sorted(scopes))


class Admissions:
    """Who sends a request: the access token (its check remembered by its hash, in a bounded store) and its DPoP proof."""

    def __init__(self, keys: KeyRing, issuer: str) -> None:
        self._keys, self._issuer = keys, issuer
        self._known: OrderedDict[bytes, tuple[tokens.AccessToken, Actor]] = OrderedDict()

    def admit(self, *, token: str, proof: str, method: str, url: str, now: datetime) -> tuple[Actor, Once]:
        """The actor, and the proof's `jti` to be settled with the answer. Raises Unauthenticated for whatever does not hold."""
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            read = tokens.read(token, keys=self._keys, issuer=self._issuer)
            known = read, _actor(read)
            self._known[digest] = known
            if len(self._known) > MAX_TOKENS:
                self._known.popitem(last=False)
        read, actor = known
        if now >= read.expires_at:
            raise Unauthenticated("the token has expired")
        shown = tokens.check_proof(proof, method=method, url=url, now=now, access_token=token, bound_to=read.thumbprint)
        return actor, Once(replay_key(shown.thumbprint, shown.jti), shown.expires_at)


def _actor(token: tokens.AccessToken) -> Actor:
    return Actor(ActorKind.AGENCY, frozenset(map(Scope, token.scopes)), agency=token.agency, kid=token.kid)
