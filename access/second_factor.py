"""The second factor: codes by time (TOTP, RFC 6238: SHA-1, six digits, 30 s), and recovery codes for a lost telephone.

No code serves twice: the step of the last one used is stored with the account, and only a later one counts. Recovery codes are
stored as keyed hashes, and each is used once.
"""

import hmac
import re
from base64 import b32encode
from datetime import datetime
from uuid import UUID

from pyotp import TOTP

from access.one_time_codes import parse_code
from core.ids import random_bytes
from core.keys import KeyRing
from core.texts import LATIN_DIGITS

SECRET_BYTES = 20  # as long as SHA-1's output (RFC 4226, 4)
STEP_SECONDS = 30
WINDOW = 1  # steps before and after: clocks differ, and typing takes time
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits
MAX_TYPED = 64  # characters

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U
_TO_CROCKFORD = str.maketrans(_BASE32, _CROCKFORD)
_AS_MEANT = LATIN_DIGITS | str.maketrans("OIL", "011")
_GROUP = 4
_RECOVERY = re.compile(f"[{_CROCKFORD}]{{{RECOVERY_BYTES * 8 // 5}}}")
_JOINTS = re.compile(r"[\s\-\u2010\u2011\u2012\u2013\u2212]+")


def new_secret() -> str:
    """A fresh secret of 160 bits, in base32 as authenticator apps take it."""
    return b32encode(random_bytes(SECRET_BYTES)).decode()


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code says that an authenticator app reads. It holds the secret: to be shown once, and never logged."""
    return TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=issuer)


def check_totp(secret: str, typed: str, *, now: datetime, last_step: int) -> int | None:
    """The step of the code, to be stored as the account's last one, in a statement that does so only where it is later.

    None where it is no code, not the code of now (one step more or less), or was used before; `last_step` is 0 where none was.
    """
    code = parse_code(typed)
    if code is None:
        return None
    totp = TOTP(secret, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    steps = range(max(current - WINDOW, 0), current + WINDOW + 1)
    # All of them, whichever fits: the time taken says nothing.
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    # Once in a million times two steps have the same code: seen at one, it is used for both.
    return max(fitting) if fitting and min(fitting) > last_step else None


def new_recovery_codes(count: int = RECOVERY_CODES) -> tuple[str, ...]:
    """Fresh codes of 80 bits, in four groups of four. Told once; only what `recovery_hashes` makes of them is kept."""
    codes = (b32encode(random_bytes(RECOVERY_BYTES)).decode().translate(_TO_CROCKFORD) for _ in range(count))
    return tuple("-".join(code[n : n + _GROUP] for n in range(0, len(code), _GROUP)) for code in codes)


def recovery_hashes(keys: KeyRing, account: UUID, typed: str) -> tuple[bytes, ...]:
    """The keyed hashes (16 bytes each) of a recovery code of that account; the first, by the newest key, is what is stored.

    Taken in either case, with or without hyphens and blanks, O for 0, I and L for 1. None at all for what cannot be a code.
    """
    if len(typed) > MAX_TYPED:
        return ()
    code = _JOINTS.sub("", typed).upper().translate(_AS_MEANT)
    if not _RECOVERY.fullmatch(code):
        return ()
    return tuple(keys.index("RECOVERY_CODE", f"{account}:{code}", version) for version in sorted(keys.indexes, reverse=True))
