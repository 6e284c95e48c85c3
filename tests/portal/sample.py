"""A small portal to try the shell on: one citizen's consent, a sign-in of one word, a page with every part there is.

The schema is executed for real; who is signed in is known by the cookie; what was done is written down in `Register`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import build_schema, execute, parse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api import errors
from api.portal.framework import Action, Again, Audience, Data, Done, Link, Outcome, Page, PageRequest, Portal, Show, Viewer
from core.errors import Conflict, Forbidden, Invalid, RateLimited, SijilError, Unauthenticated, Unavailable, Withheld
from core.keys import KeyRing

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
ISSUER = "https://sijil.test"
SESSION = "__Host-sijil"
FOLDER = Path(__file__).parent / "pages"
CONSENT = "0195a1b2-0000-7000-8000-000000000001"
SCHEMA = build_schema(
    """
    type Query { consent(id: ID!): Consent  me: Me! }
    type Me { name: String!  telephone: String }
    type Consent { id: ID!  agency: String!  state: String! }
    type UserError { code: String!  path: [String!]!  message: String! }
    input WithdrawInput { consent: ID!  reason: String!  requestKey: ID! }
    input SignInInput { word: String!  password: String }
    type WithdrawPayload { consent: Consent  userErrors: [UserError!]! }
    type SignInPayload { token: String  userErrors: [UserError!]! }
    type Mutation {
      withdrawConsent(input: WithdrawInput!): WithdrawPayload!
      signIn(input: SignInInput!): SignInPayload!
    }
    """
)


@dataclass
class Register:
    """What the sample asks and changes. `refusal` is raised by the next mutation, `fault` by the next query."""

    withdrawn: list[tuple[str, str, str]] = field(default_factory=list)
    sessions: dict[str, Viewer] = field(default_factory=dict)
    refusal: Exception | None = None
    fault: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def enter(self, kind: str = "CITIZEN", name: str = "فاطمة الزهراء Bennani") -> str:
        """The session's token."""
        token = f"token-{len(self.sessions)}"
        self.sessions[token] = Viewer(kind, kind, name, csrf_secret=f"secret of {token}", session=token.encode())
        return token

    async def who(self, request: Request) -> Viewer:
        return self.sessions.get(request.cookies.get(SESSION, ""), Viewer("NOBODY", "NOBODY"))

    async def ask(
        self, request: Request, actor: object, document_text: str, operation_name: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.asked.append(operation_name)
        roots = {"consent": self.consent, "me": self.me, "withdrawConsent": self.withdraw, "signIn": self.sign_in}
        result = execute(SCHEMA, parse(document_text), roots, actor, dict(variables), operation_name=operation_name)
        answer: dict[str, Any] = {"data": result.data, "extensions": {"requestId": "0195a1b2"}}
        if result.errors:
            answer["errors"] = [errors.told(error) for error in result.errors]
        return answer

    def me(self, info: Any) -> Any:
        if self.fault:
            raise self.fault

        def telephone(_: Any) -> str:
            raise Withheld("not granted")

        return {"name": "فاطمة الزهراء Bennani", "telephone": telephone}

    def consent(self, info: Any, id: str) -> Any:  # noqa: A002 the schema's name
        if self.fault:
            raise self.fault
        if info.context != "CITIZEN":
            raise Unauthenticated("nobody")
        return {"id": id, "agency": "<b>Caisse & Co</b>", "state": "GRANTED"} if id == CONSENT else None

    def withdraw(self, info: Any, input: Mapping[str, str]) -> Any:  # noqa: A002
        if self.refusal:
            raise self.refusal
        if info.context != "CITIZEN":
            raise Unauthenticated("nobody")
        if len(input["reason"]) < 3:
            told = {"code": "INVALID", "path": ["input", "reason"], "message": TOO_SHORT}
            return {"consent": None, "userErrors": [told]}
        self.withdrawn.append((input["consent"], input["reason"], input["requestKey"]))
        return {"consent": {"id": input["consent"], "agency": "a", "state": "WITHDRAWN"}, "userErrors": []}

    def sign_in(self, info: Any, input: Mapping[str, str]) -> Any:  # noqa: A002
        if self.refusal:
            raise self.refusal
        if input["word"] != "sesame":
            told = {"code": "CODE_WRONG", "path": ["input", "word"], "message": "never shown: the action has words for it"}
            return {"token": None, "userErrors": [told]}
        return {"token": self.enter(), "userErrors": []}


TOO_SHORT = "Say it in more words."


def _entered(_: PageRequest, data: Data) -> Outcome:
    return Done("/me", {SESSION: data["signIn"]["token"], "__Host-visit": None})


def _reason(asked: PageRequest) -> Mapping[str, Any]:
    if asked.form["reason"] == "??":
        raise Invalid("Use letters.", path=("reason",))
    return {
        "input": {
            "consent": asked.params["consent"],
            "reason": asked.form["reason"],
            "requestKey": asked.form["requestKey"],
        }
    }


def _words(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"words": WORDS[asked.lang]}


PAGES = (
    Page("/me", "me", Audience.CITIZEN),
    Page(
        "/consents/{consent}",
        "consent",
        Audience.CITIZEN,
        variables=lambda asked: {"id": asked.params["consent"]},
        needs="consent",
        actions={
            "withdraw": Action("/consents/{consent}?receipt=7", "Withdraw", _reason),
            "check": Action(lambda *_: Again("check")),
            "once": Action(lambda *_: Show("once"), "Withdraw", _reason),
        },
    ),
    Page(
        "/sign-in",
        "sign-in",
        Audience.ANYONE,
        actions={
            "enter": Action(
                _entered,
                "SignIn",
                lambda asked: {"input": {"word": asked.form["word"], "password": asked.form["password"]}},
                messages={"CODE_WRONG": "The word is not right."},
                enters=True,
            )
        },
    ),
    Page("/file", "file", Audience.ANYONE, upload_bytes=10_000, actions={"take": Action("/")}),
    Page("/receipt.json", "receipt", Audience.CITIZEN, answer=lambda *_: JSONResponse({"receipt": 7})),
    Page(
        "/sample",
        "sample",
        Audience.ANYONE,
        upload_bytes=10_000,
        more=_words,
        actions={"send": Action(lambda *_: Again("sent"), None, lambda _: _wrong())},
    ),
    Page("/sample-empty", "sample-empty", Audience.CITIZEN, more=_words),
)


def _wrong() -> Mapping[str, Any]:
    raise Invalid(TOO_SHORT, path=("reason",))


def navigation(viewer: Viewer) -> tuple[Link, ...]:
    return (Link("/me", "Main"), Link("/consents", "Pages")) if viewer.kind == "CITIZEN" else ()


def portal(register: Register, keys: KeyRing, *, issuer: str = ISSUER, vendored: Path | None = None) -> Starlette:
    made = Portal(
        PAGES,
        register,
        register,
        keys=keys,
        issuer=issuer,
        clock=lambda: NOW + timedelta(minutes=5),
        navigation=navigation,
        vendored=vendored,
        folders=(FOLDER,),
    )

    async def broken(_: Request) -> None:
        raise ZeroDivisionError("Fatima's telephone is 0612345678")

    app = Starlette(routes=[*made.routes(), Route("/broken", broken)], exception_handlers=made.exception_handlers())
    app.router.redirect_slashes = False
    return app


REFUSALS: tuple[tuple[SijilError, int], ...] = (
    (Forbidden("x"), 403),
    (Conflict("x"), 409),
    (RateLimited("x", retry_after=130), 429),
    (Unavailable("x"), 503),
)

_LONG = "Rabat-Salé-Kénitra" * 12

WORDS: Mapping[str, Mapping[str, Any]] = {
    "FR": {
        "title": "Consentement demandé par la Caisse nationale",
        "lead": "La Caisse nationale de sécurité sociale vous demande de lire trois informations, pendant un an.",
        "name": "Nom complet",
        "idcs": "Identifiant civil et social (IDCS)",
        "hint": "Dix chiffres, au dos de votre attestation.",
        "reason": "Pourquoi retirez-vous votre accord ?",
        "province": "Province",
        "provinces": [("a", "Rabat"), ("b", "Salé"), ("c", "Kénitra")],
        "attributes": "Que peut-elle lire ?",
        "choices": [
            ("x", "Date de naissance"),
            ("y", "Adresse", "Commune et rue, sans l'étage."),
            ("z", "Composition du ménage"),
        ],
        "agree": "J'ai lu ce qui précède",
        "send": "Continuer",
        "back": "Revenir",
        "withdraw": "Retirer",
        "long": _LONG,
        "state": "En vigueur",
        "agency": "Caisse nationale de sécurité sociale",
        "facts": "Ce que dit le registre",
        "heads": ("Date", "Organisme", "Attributs", "Nombre"),
        "empty": "Personne n'a consulté vos données depuis le 1er janvier.",
        "done": "Votre accord est retiré",
        "explain": "La Caisse ne peut plus lire vos données à partir de maintenant.",
    },
    "AR": {
        "title": "طلب موافقة من الصندوق الوطني للضمان الاجتماعي",
        "lead": "يطلب منكم الصندوق الوطني للضمان الاجتماعي الموافقة على الاطلاع على ثلاث معلومات لمدة سنة واحدة.",
        "name": "الاسم الكامل",
        "idcs": "المعرف المدني والاجتماعي الرقمي",
        "hint": "عشرة أرقام توجد على ظهر الشهادة.",
        "reason": "لماذا تسحبون موافقتكم؟",
        "province": "العمالة أو الإقليم",
        "provinces": [("a", "الرباط"), ("b", "سلا"), ("c", "القنيطرة")],
        "attributes": "ما الذي يمكن الاطلاع عليه؟",
        "choices": [("x", "تاريخ الازدياد"), ("y", "العنوان", "الجماعة والزنقة دون الطابق."), ("z", "تركيبة الأسرة")],
        "agree": "قرأت ما سبق",
        "send": "متابعة",
        "back": "رجوع",
        "withdraw": "سحب الموافقة",
        "long": "المستشفىالجامعيالدوليمحمدالسادس" * 8,
        "state": "سارية المفعول",
        "agency": "الصندوق الوطني للضمان الاجتماعي",
        "facts": "ما هو مقيد في السجل",
        "heads": ("التاريخ", "الهيئة", "المعطيات", "العدد"),
        "empty": "لم يطلع أحد على معطياتكم منذ فاتح يناير.",
        "done": "تم سحب موافقتكم",
        "explain": "لم يعد بإمكان الصندوق الاطلاع على معطياتكم ابتداء من الآن.",
    },
}
WORDS = {**WORDS, "EN": WORDS["FR"]}
