"""The one form of an e-mail address: what is stored, sent to, and looked up by its keyed hash."""

import re

from core.errors import Invalid

MAX_LENGTH = 254  # characters
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(
    rf"(?=.{{1,64}}@)[a-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})+"
)


def normal_email(text: str) -> str:
    """Lower-case, without blanks around it. Raises Invalid for what cannot be one, such as with other than ASCII letters."""
    address = text.strip().lower()
    if len(address) > MAX_LENGTH or not text.isascii() or not _EMAIL.fullmatch(address):
        raise Invalid("not an e-mail address")
    return address
