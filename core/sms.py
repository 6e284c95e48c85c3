"""Text messages through a gateway that speaks HTTP. Another gateway is another class of the form of `core.delivery.Carrier`."""

import re
import ssl
from urllib.parse import urlsplit

import httpx

from core.delivery import Letter, NotTaken, Refused
from core.errors import Invalid
from core.mail import is_this_machine

TIMEOUT_SECONDS = 10.0
_TELEPHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
# The gateway's answer to this very letter. Any other failure is of the way to it, of its load or of our credentials.
_REFUSALS = frozenset({400, 404, 410, 413, 422})


class HttpGateway:
    """POSTs `{"id", "to", "text"}` to `url` with a bearer secret, and the letter's id as its Idempotency-Key.

    The gateway must not pass on twice what comes twice under one key; so whatever went wrong on the way, the letter is handed
    over again. 2xx is taken; 400, 404, 410, 413 and 422 are refusals. Raises Invalid unless `url` is an https address (http: of
    this machine).
    """

    repeatable = True

    def __init__(self, url: str, secret: str | None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        at = urlsplit(url)
        if not at.hostname or at.username or not (at.scheme == "https" or (at.scheme == "http" and is_this_machine(at))):
            raise Invalid("the address of the gateway for text messages is an https address", path=("sms_url",))
        self._url = url
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            timeout=timeout_seconds,
            verify=ssl.create_default_context(),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, letter: Letter) -> None:
        if not _TELEPHONE.fullmatch(letter.recipient):
            raise Refused("not a number that text messages can be sent to")
        try:
            answer = await self._client.post(
                self._url,
                json={"id": str(letter.letter_id), "to": letter.recipient, "text": letter.text},
                headers={"Idempotency-Key": str(letter.letter_id)},
            )
        except httpx.HTTPError:
            raise NotTaken("the gateway for text messages did not answer") from None
        if answer.status_code in _REFUSALS:
            raise Refused("the gateway refused the text message")
        if not answer.is_success:
            raise NotTaken("the gateway did not take the text message")

    async def close(self) -> None:
        await self._client.aclose()
