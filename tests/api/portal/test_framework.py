"""How pages are served, on the sample's pages: who gets in, what a form does and what it does not, what is never lost."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.requests import Request

from api.portal.forms import Form, keep
from api.portal.framework import Action, Audience, Page, Portal
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound, RateLimited, Unauthenticated, Unavailable
from core.keys import KeyRing
from tests.portal.sample import CONSENT, FOLDER, ISSUER, NOW, SESSION, TOO_SHORT, Register, portal

HERE = f"/consents/{CONSENT}"
PART = b"--x\r\nContent-Disposition: form-data; name=%b\r\n\r\n"
TYPED = 'Je n\'en veux plus: <b>"non"</b> & لا'


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
async def client(register: Register, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """A browser: it says where a form comes from, takes pages, and speaks English."""
    transport = httpx.ASGITransport(portal(register, keys), raise_app_exceptions=False)
    headers = {"origin": ISSUER, "accept": "text/html", "accept-language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER, headers=headers) as opened:
        yield opened


@pytest.fixture
def citizen(client: httpx.AsyncClient, register: Register) -> httpx.AsyncClient:
    client.cookies.set(SESSION, register.enter(), domain="sijil.test")
    return client


def hidden(page: httpx.Response, *, last: bool = True) -> dict[str, str]:
    """The hidden fields of the page's last form (its first is the one that signs out)."""
    form = re.findall(r"<form.*?</form>", page.text, re.DOTALL)[-1 if last else 0]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}


def shown(page: httpx.Response, name: str) -> str:
    """What stands in a field."""
    found = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', page.text)
    return unescape(found[1]) if found else ""


async def send(client: httpx.AsyncClient, path: str = HERE, **fields: str) -> httpx.Response:
    """Opens the page and sends its form with those fields."""
    page = await client.get(path)
    return await client.post(path, data={**hidden(page), **fields})


# ---- who gets in


async def test_a_page_is_asked_for_under_its_viewer_and_shown(citizen: httpx.AsyncClient, register: Register) -> None:
    page = await citizen.get(HERE)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<h1>&lt;b&gt;Caisse &amp; Co&lt;/b&gt;</h1>" in page.text
    assert register.asked == ["Page"]


@pytest.mark.parametrize(("kind", "path", "door"), [
    (None, "/me?a=b%2Fc", "/sign-in?next=%2Fme%3Fa%3Db%252Fc"),
    ("OFFICER", HERE, f"/sign-in?next=%2Fconsents%2F{CONSENT}"),
    ("STAFF", "/receipt.json", "/sign-in?next=%2Freceipt.json"),
])  # fmt: skip
async def test_who_is_not_its_audience_is_led_to_sign_in(
    client: httpx.AsyncClient, register: Register, kind: str | None, path: str, door: str
) -> None:
    if kind:
        client.cookies.set(SESSION, register.enter(kind), domain="sijil.test")
    page = await client.get(path)
    assert (page.status_code, page.headers["location"]) == (303, door)
    assert page.headers["cache-control"] == "no-store"
    assert register.asked == []


async def test_who_is_found_out_only_by_the_answer_is_led_to_sign_in_too(
    citizen: httpx.AsyncClient, register: Register
) -> None:
    register.fault = Unauthenticated("revoked a moment ago")
    page = await citizen.get("/me")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fme")


async def test_what_is_withheld_is_a_part_of_the_page(citizen: httpx.AsyncClient) -> None:
    page = await citizen.get("/me")
    assert page.status_code == 200
    assert "telephone withheld" in page.text


async def test_what_is_not_there_is_no_page(citizen: httpx.AsyncClient) -> None:
    assert (await citizen.get("/consents/0195a1b2-0000-7000-8000-00000000ffff")).status_code == 404


async def test_an_answer_that_is_no_page_is_guarded_as_one(citizen: httpx.AsyncClient) -> None:
    answer = await citizen.get("/receipt.json")
    assert answer.json() == {"receipt": 7}
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_a_page_without_a_form_or_a_viewer_may_be_asked_for_again(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "private, no-cache")
    assert "set-cookie" not in page.headers
    head = await client.head("/")
    assert head.status_code == 200


# ---- what a form does


async def test_a_form_does_once_what_it_says_and_leads_on(citizen: httpx.AsyncClient, register: Register) -> None:
    page = await citizen.get(HERE)
    fields = hidden(page)
    answer = await citizen.post(HERE, data={**fields, "reason": "No more"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?receipt=7")
    assert register.withdrawn == [(CONSENT, "No more", fields["requestKey"])]


async def test_each_showing_has_a_key_of_its_own(citizen: httpx.AsyncClient) -> None:
    first, second = hidden(await citizen.get(HERE)), hidden(await citizen.get(HERE))
    assert first["requestKey"] != second["requestKey"]
    assert first["csrf"] == second["csrf"]


@pytest.mark.parametrize(("reason", "message"), [("a", TOO_SHORT), ("??", "Use letters.")])
async def test_what_can_be_mended_is_said_beside_what_was_typed(
    citizen: httpx.AsyncClient, register: Register, reason: str, message: str
) -> None:
    page = await citizen.get(HERE)
    answer = await citizen.post(HERE, data={**hidden(page), "reason": reason, "password": "never shown"})
    assert answer.status_code == 422
    assert f'<a href="#reason">{message}</a>' in answer.text
    assert f'id="reason-error"><span class="unseen">Error: </span>{message}</p>' in answer.text
    assert "<title>Error: Consent" in answer.text
    assert shown(answer, "reason") == reason
    assert "never shown" not in answer.text
    assert hidden(answer)["requestKey"] != hidden(page)["requestKey"]
    assert register.withdrawn == []


async def test_an_action_has_words_of_its_own_for_a_code(client: httpx.AsyncClient) -> None:
    answer = await send(client, "/sign-in", word="<wrong>")
    assert answer.status_code == 422
    assert "The word is not right." in answer.text
    assert "never shown" not in answer.text
    assert shown(answer, "word") == "<wrong>"


async def test_a_step_shows_the_page_again_with_what_was_typed(citizen: httpx.AsyncClient, register: Register) -> None:
    answer = await send(citizen, action="check", reason=TYPED)
    assert answer.status_code == 200
    assert '<p id="step">check</p>' in answer.text
    assert shown(answer, "reason") == TYPED
    assert (register.asked, register.withdrawn) == (["Page", "Page"], [])


async def test_what_is_shown_once_is_stored_nowhere(citizen: httpx.AsyncClient) -> None:
    answer = await send(citizen, action="once", reason="enough")
    assert answer.status_code == 200
    assert "<h1>WITHDRAWN</h1>" in answer.text
    assert answer.headers["cache-control"] == "no-store"


# ---- what it does not do


@pytest.mark.parametrize("headers", [
    {"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
])  # fmt: skip
async def test_a_form_of_another_site_does_nothing(
    citizen: httpx.AsyncClient, register: Register, headers: dict[str, str]
) -> None:
    fields = hidden(await citizen.get(HERE))
    answer = await citizen.post(HERE, data={**fields, "reason": "No more"}, headers=headers)
    assert answer.status_code == 403
    assert register.withdrawn == []


@pytest.mark.parametrize("token", ["", "x", "é", None])
async def test_a_form_without_its_token_does_nothing_and_loses_nothing(
    citizen: httpx.AsyncClient, register: Register, token: str | None
) -> None:
    fields = hidden(await citizen.get(HERE))
    other = hidden(await httpx_of(citizen, register).get(HERE))["csrf"] if token is None else token
    answer = await citizen.post(HERE, data={**fields, "csrf": other, "reason": TYPED})
    assert answer.status_code == 422
    assert "This page was open for too long." in answer.text
    assert shown(answer, "reason") == TYPED
    assert register.withdrawn == []
    again = await citizen.post(HERE, data={**hidden(answer), "reason": shown(answer, "reason")})
    assert again.status_code == 303
    assert [reason for _, reason, _ in register.withdrawn] == [TYPED]


def httpx_of(client: httpx.AsyncClient, register: Register) -> httpx.AsyncClient:
    """Another citizen's browser."""
    other = httpx.AsyncClient(transport=client._transport, base_url=ISSUER, headers=client.headers)
    other.cookies.set(SESSION, register.enter(), domain="sijil.test")
    return other


@pytest.mark.parametrize("action", ["", "unknown", "Withdraw"])
async def test_an_action_that_the_page_does_not_have_is_refused(
    citizen: httpx.AsyncClient, register: Register, action: str
) -> None:
    answer = await send(citizen, action=action, reason="No more")
    assert (answer.status_code, register.withdrawn) == (400, [])


async def test_a_page_without_actions_takes_no_form(citizen: httpx.AsyncClient) -> None:
    answer = await citizen.post("/me", data={"action": "refill"})
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "This page cannot be used in this way" in answer.text


@pytest.mark.parametrize(("body", "media", "status"), [
    (b"{}", "application/json", 400),
    (b"", "", 400),
    (b"reason=a%00b", "application/x-www-form-urlencoded", 400),
    (b"reason=" + b"a" * 20_001, "application/x-www-form-urlencoded", 413),
    (b"&".join(b"a%d=" % number + b"a" * 10_000 for number in range(7)), "application/x-www-form-urlencoded", 413),
    (b"kept=" + b"a" * 600_000, "application/x-www-form-urlencoded", 413),
    (b"&".join(b"a%d=" % number for number in range(201)), "application/x-www-form-urlencoded", 400),
    (b"--x", "multipart/form-data", 400),
    (PART % b'"f"; filename="f"' + b"abc\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
    (PART % b'"a"' + b"+2AA-\r\n--x--\r\n", "multipart/form-data; boundary=x; charset=utf-7", 400),
])  # fmt: skip
async def test_what_is_no_form_or_too_large_is_refused_whole(
    citizen: httpx.AsyncClient, register: Register, body: bytes, media: str, status: int
) -> None:
    answer = await citizen.post(HERE, content=body, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (register.withdrawn, register.asked) == ([], [])


@pytest.mark.parametrize(("size", "status"), [(9_000, 303), (600_000, 413)])
async def test_a_file_is_taken_where_the_page_takes_one_up_to_its_size(
    client: httpx.AsyncClient, size: int, status: int
) -> None:
    fields = hidden(await client.get("/file"))
    answer = await client.post("/file", data=fields, files={"list": ("list.csv", b"a" * size)})
    assert answer.status_code == status


# ---- nothing is lost


@pytest.mark.parametrize(("refusal", "status"), [
    (Forbidden("x"), 403), (Conflict("x"), 409), (RateLimited("x", retry_after=130), 429), (Unavailable("x"), 503),
    (Internal("x"), 500),
    (ZeroDivisionError("0612345678"), 500),
])  # fmt: skip
async def test_where_a_form_fails_the_error_page_leads_back_to_it_as_it_was(
    citizen: httpx.AsyncClient, register: Register, refusal: Exception, status: int
) -> None:
    register.refusal = refusal
    failed = await send(citizen, reason=TYPED, password="never kept")
    assert failed.status_code == status
    assert ("Wait 3 minutes" in failed.text, failed.headers.get("retry-after")) == (
        (True, "130") if status == 429 else (False, None)
    )
    assert "0612345678" not in failed.text
    assert hidden(failed)["action"] == "refill"
    assert f'<form method="post" action="{HERE}">' in failed.text
    back = await citizen.post(HERE, data=hidden(failed))
    assert back.status_code == 200
    assert shown(back, "reason") == TYPED
    assert "never kept" not in back.text
    assert register.withdrawn == []
    register.refusal = None
    done = await citizen.post(HERE, data={**hidden(back), "reason": shown(back, "reason")})
    assert (done.status_code, register.withdrawn[0][1]) == (303, TYPED)


async def test_a_session_that_ends_in_mid_form_loses_nothing(citizen: httpx.AsyncClient, register: Register) -> None:
    fields = hidden(await citizen.get(HERE + "?from=list"))
    register.sessions.clear()
    door = await citizen.post(HERE + "?from=list", data={**fields, "reason": TYPED, "password": "never kept"})
    assert (door.status_code, register.withdrawn) == (403, [])
    assert "Your session has ended" in door.text
    assert 'action="/sign-in"' in door.text
    assert "never kept" not in door.text
    carried = hidden(door)
    assert carried["next"] == HERE + "?from=list"
    # A wrong word first: what is carried is carried on.
    wrong = await citizen.post("/sign-in", data={**carried, "word": "wrong"})
    assert wrong.status_code == 422
    assert (hidden(wrong)["kept"], hidden(wrong)["next"]) == (carried["kept"], carried["next"])
    entered = await citizen.post("/sign-in", data={**hidden(wrong), "word": "sesame"})
    assert entered.status_code == 200
    assert "You are signed in" in entered.text
    assert entered.headers["cache-control"] == "no-store"
    assert citizen.cookies[SESSION] == "token-0"
    form = await citizen.post(HERE + "?from=list", data=hidden(entered))
    assert form.status_code == 200
    assert shown(form, "reason") == TYPED
    assert register.withdrawn == []
    done = await citizen.post(HERE, data={**hidden(form), "reason": shown(form, "reason")})
    assert done.status_code == 303
    assert [reason for _, reason, _ in register.withdrawn] == [TYPED]


async def test_a_session_that_ends_between_the_door_and_the_room_loses_nothing(
    citizen: httpx.AsyncClient, register: Register
) -> None:
    register.refusal = Unauthenticated("revoked a moment ago")
    door = await send(citizen, reason=TYPED)
    assert door.status_code == 403
    assert "Your session has ended" in door.text
    assert hidden(door)["kept"] == keep(Form([("reason", TYPED)]), HERE)


async def test_who_went_away_twice_still_loses_nothing(citizen: httpx.AsyncClient, register: Register) -> None:
    text = keep(Form([("reason", TYPED)]), HERE)
    register.sessions.clear()
    door = await citizen.post(HERE, data={"action": "refill", "kept": text})
    assert (door.status_code, hidden(door)["kept"]) == (403, text)


@pytest.mark.parametrize(
    "text", ["", "x", keep(Form([("reason", "x")]), "/me"), keep(Form([("reason", "x")]), HERE + "?other")]
)
async def test_a_form_is_filled_again_only_where_it_was(citizen: httpx.AsyncClient, text: str) -> None:
    answer = await citizen.post(HERE, data={"action": "refill", "kept": text})
    assert answer.status_code == 400


# ---- signing in


async def test_who_signs_in_goes_on_to_where_they_were_going(client: httpx.AsyncClient) -> None:
    page = await client.get("/sign-in?" + urlencode({"next": HERE + "?a=b"}))
    visit = client.cookies["__Host-visit"]
    assert len(visit) == 22
    answer = await client.post("/sign-in", data={**hidden(page), "word": "sesame"})
    assert (answer.status_code, answer.headers["location"]) == (303, HERE + "?a=b")
    assert client.cookies[SESSION] == "token-0"
    assert "__Host-visit" not in client.cookies


@pytest.mark.parametrize("goal", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "", "/a\nb"])
async def test_nobody_is_led_to_another_site(client: httpx.AsyncClient, goal: str) -> None:
    answer = await send(client, "/sign-in", word="sesame", next=goal)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")


async def test_a_visit_is_known_again_and_a_forged_one_is_not(client: httpx.AsyncClient) -> None:
    first = await client.get("/sign-in")
    assert "set-cookie" not in (await client.get("/sign-in")).headers
    client.cookies.set("__Host-visit", "forged", domain="sijil.test")
    answer = await client.post("/sign-in", data={**hidden(first), "word": "sesame"}, headers={"cookie": "__Host-visit=forged"})
    assert answer.status_code == 422
    assert SESSION not in client.cookies


# ---- languages


@pytest.mark.parametrize(("goal", "place"), [
    ("/me?a=b&c=d", "/me?a=b&c=d"), ("//evil", "/"), ("https://evil", "/"), ("/\\evil", "/"), ("", "/"), ("me", "/"),
    ("/a\r\nX: y", "/"),
])  # fmt: skip
async def test_the_language_is_changed_on_the_page_where_one_is(client: httpx.AsyncClient, goal: str, place: str) -> None:
    answer = await client.get("/language/fr", params={"next": goal})
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    assert answer.headers["set-cookie"] == "lang=fr; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax; Secure"
    assert '<html lang="fr" dir="ltr">' in (await client.get("/")).text


async def test_a_language_that_is_none_is_no_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/language/de?next=/")
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_the_switch_leads_back_to_the_same_query(client: httpx.AsyncClient) -> None:
    page = await client.get("/sign-in", params={"next": "/me?a=b", "x": 'ب"<'})
    links = re.findall(r'href="(/language/\w\w\?[^"]*)"', page.text)
    assert len(links) == 2
    answer = await client.get(unescape(links[0]))
    assert answer.headers["location"] == "/sign-in?next=%2Fme%3Fa%3Db&x=%D8%A8%22%3C"


@pytest.mark.parametrize(("cookie", "language", "html"), [
    ("lang=xx", "fr", '<html lang="fr" dir="ltr">'),
    ('lang="><script>', "fr", '<html lang="fr" dir="ltr">'),
    ("lang=en", "fr", '<html lang="en" dir="ltr">'),
    ("a=b", "x" * 5_000, '<html lang="ar" dir="rtl">'),
])  # fmt: skip
async def test_a_forged_choice_is_none(client: httpx.AsyncClient, cookie: str, language: str, html: str) -> None:
    page = await client.get("/", headers={"cookie": cookie, "accept-language": language})
    assert html in page.text


# ---- what goes wrong


@pytest.mark.parametrize(("fault", "status"), [
    (Invalid("x"), 400), (Forbidden("x"), 403), (NotFound("x"), 404), (Conflict("x"), 409), (RateLimited("x"), 429),
    (Unavailable("x"), 503), (ZeroDivisionError("0612345678"), 500),
])  # fmt: skip
async def test_every_refusal_has_a_page(citizen: httpx.AsyncClient, register: Register, fault: Exception, status: int) -> None:
    register.fault = fault
    page = await citizen.get("/me")
    assert page.status_code == status
    assert re.search(r'<bdi class="code" dir="ltr">[0-9a-f-]{36}</bdi>', page.text)
    assert "Sign out" in page.text
    assert "0612345678" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_fault_outside_of_pages_has_a_page_without_its_text(client: httpx.AsyncClient) -> None:
    page = await client.get("/broken")
    assert page.status_code == 500
    assert "Something went wrong" in page.text
    assert "0612345678" not in page.text


async def test_who_takes_no_pages_gets_a_word(client: httpx.AsyncClient) -> None:
    for path, status, text in (("/nowhere", 404, "Not Found"), ("/broken", 500, "Internal Server Error")):
        answer = await client.get(path, headers={"accept": "application/json"})
        assert (answer.status_code, answer.text) == (status, text)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_an_unknown_address_has_a_page_in_the_readers_language(client: httpx.AsyncClient) -> None:
    page = await client.get("/nowhere/é", headers={"accept-language": "ar"})
    assert page.status_code == 404
    assert "<h1>هذه الصفحة غير موجودة</h1>" in page.text
    assert 'href="/language/fr?next=%2Fnowhere%2F%25C3%25A9"' in page.text


@pytest.mark.parametrize("path", ["/me/", "//me", "/me//", "/%2e%2e/me"])
async def test_no_address_is_mended(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"{ISSUER}{path}")).status_code == 404


async def test_an_endless_query_is_refused(citizen: httpx.AsyncClient) -> None:
    assert (await citizen.get("/me?a=" + "b" * 5_000)).status_code == 400


async def test_a_doorkeeper_that_fails_lets_nobody_in(client: httpx.AsyncClient, register: Register, monkeypatch: Any) -> None:
    async def who(_: Request) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(register, "who", who)
    for answer in (await client.get("/me"), await client.post(HERE, data={"reason": TYPED}), await client.get("/")):
        assert answer.status_code == 503
    assert (register.asked, register.withdrawn) == ([], [])


# ---- declared wrongly


@pytest.mark.parametrize("page", [
    Page("/x", "consent", Audience.CITIZEN),
    Page("/x", "consent", Audience.CITIZEN, actions={"a": Action("/", "NotThere")}),
    Page("/x", "me", Audience.CITIZEN, actions={"a": Action("/", "Withdraw")}),
    Page("/", "me", Audience.CITIZEN),
    Page("/sign-in", "me", Audience.CITIZEN),
])  # fmt: skip
def test_a_page_that_is_declared_wrongly_is_found_out_at_the_start(page: Page, register: Register, keys: KeyRing) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the texts differ
        Portal([page], register, register, keys=keys, issuer=ISSUER, clock=lambda: NOW, folders=(FOLDER,))
