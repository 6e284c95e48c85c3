"""What a page is made of, and what it is told: the words in which every page of the portal is written.

A page is a template with a GraphQL document beside it (`pages/NAME.html`, `pages/NAME.graphql`); the document holds a query
`Page` and the mutations that its forms ask for. It is executed in process under the viewer's own rights.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from api.portal.forms import Form
from api.portal.languages import Tongue


class Audience(StrEnum):
    """Whom a page is for. A page for ANYONE is shown to whoever comes, signed in or not."""

    ANYONE = "ANYONE"
    CITIZEN = "CITIZEN"
    OFFICER = "OFFICER"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `kind`: NOBODY or the name of an Audience. `csrf_secret`: as long-lived as the session, "" without one."""

    kind: str
    actor: object
    name: str = ""
    csrf_secret: str = field(default="", repr=False)
    session: bytes | None = field(default=None, repr=False)
    assisted: bool = False

    def may_see(self, audience: Audience) -> bool:
        return audience is Audience.ANYONE or self.kind == audience


class Asks(Protocol):
    """Executes one operation of a document in process."""

    async def ask(
        self, request: Request, actor: object, document_text: str, operation_name: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The GraphQL answer: `data`, `errors`, `extensions`. May raise errors of `core/errors.py`."""


class Doorkeeper(Protocol):
    async def who(self, request: Request) -> Viewer:
        """By the session's cookie, asked of the database each time."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request for a page: what variables are made of. `params` are the parts of the path; `form` is empty for GET."""

    request: Request
    viewer: Viewer
    tongue: Tongue
    now: datetime
    params: Mapping[str, str]
    query: Mapping[str, str]
    form: Form = field(default_factory=Form)

    @property
    def lang(self) -> str:
        """As the schema's `Lang` spells it: AR, FR or EN."""
        return self.tongue.lang.value


Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """Go on there (303). `cookies`: pairs of name and value to set; None forgets the cookie.

    A cookie goes when the browser is closed, unless `seconds` says how long it is kept.
    """

    location: str
    cookies: Mapping[str, str | None] = field(default_factory=dict)
    seconds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """Show the same page with what was typed, at another step of it: `step` in the template.

    `typed`: names and values that are carried on with it, as of a file that was stored.
    """

    step: str
    typed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Show:
    """Show that template once, with what was answered as `data`: for what no address can show again, or may hold.

    `more`: further names for the template.
    """

    template: str
    more: Mapping[str, Any] = field(default_factory=dict)


Outcome = str | Done | Again | Show | Response
Variables = Callable[[PageRequest], Mapping[str, Any]]
Fields = Mapping[str, str]


def nothing(_: PageRequest) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Action:
    """What a button does: what is asked, with what, and where to go then.

    `operation`: a mutation of the page's document, or a query of what may stand in no address (who is looked up); None where
    nothing is asked, as before a check of one's answers.
    `then`: an address (`{part}` is a part of the page's own path), or what decides it from the answer's data; a response is
    what is handed out there and then, as a file.
    `fields`: form fields of those paths of the input (or of a query's arguments) that are not called as their last part is.
    What is not there is said beside the field that names it, where its path is among them.
    `messages`: what to say for a code of `userErrors` instead of its message; marked with `N_`.
    `enters`: signs somebody in: leads on to where they were going, with what they had typed there.
    """

    then: str | Callable[[PageRequest, Data], Outcome]
    operation: str | None = None
    variables: Variables = nothing
    fields: Fields | Callable[[PageRequest], Fields] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    enters: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """`needs`: the part of the data without which there is no such page (404), as "consent" or "me.person".
    `secrets`: fields that are never shown again nor kept. `more`: further names for the template. `answer`: what is
    answered instead of a template, as a file. `upload_bytes`: of the one file that its form may bring.
    """

    path: str
    name: str
    audience: Audience
    variables: Variables = nothing
    actions: Mapping[str, Action] = field(default_factory=dict)
    needs: str = ""
    secrets: frozenset[str] = frozenset({"password", "code"})
    more: Callable[[PageRequest, Data], Mapping[str, Any]] | None = None
    answer: Callable[[PageRequest, Data], Response] | None = None
    upload_bytes: int = 0


@dataclass(frozen=True, slots=True)
class UserError:
    """What whoever filled in the form can mend; `field` is "" where it is of no one field. `path`: where in the input."""

    message: str
    field: str = ""
    code: str = "INVALID"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation; `label` was marked with `N_`."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where each audience enters, leaves and begins."""

    sign_in: Mapping[Audience, str] = field(
        default_factory=lambda: {
            Audience.CITIZEN: "/sign-in",
            Audience.OFFICER: "/agency/sign-in",
            Audience.STAFF: "/admin/sign-in",
        }
    )
    # Each where its session is looked for: beside a citizen who is assisted, an agent has a session of their own.
    sign_out: Mapping[Audience, str] = field(
        default_factory=lambda: {
            Audience.CITIZEN: "/sign-out",
            Audience.OFFICER: "/agency/sign-out",
            Audience.STAFF: "/admin/sign-out",
        }
    )
    home: Mapping[Audience, str] = field(
        default_factory=lambda: {Audience.CITIZEN: "/me", Audience.OFFICER: "/agency", Audience.STAFF: "/admin"}
    )


Navigation = Callable[[Viewer], Sequence[Link]]
