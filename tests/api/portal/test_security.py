from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from api.portal import addresses, security
from api.portal.forms import MAX_KEPT_CHARACTERS, Form, keep, kept
from core.keys import KeyRing

ISSUER = "https://sijil.test"


def request(**headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": told, "server": ("x", 80)})


@pytest.mark.parametrize("path", ["/", "/a", "/a/b?c=d&e=%2F%2Fevil", "/a//b", "/.//evil", "/a?next=//evil", "/@evil", "/a#b"])
def test_a_path_of_this_site_is_local(path: str) -> None:
    assert addresses.local(path) == path


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "//evil", "///evil", "/\\evil", "\\/evil", "/a\\b", "https://evil", "javascript:alert(1)", "evil"),
        *("/\t/evil", "/\n/evil", "/ /evil", "/a b", "/é", "/\x00", "/\x7f", " /a", "/a\n", "/" + "a" * 2_000),
    ],
)
def test_nothing_else_is(text: str | None) -> None:
    assert addresses.local(text) is None


@given(st.text(alphabet="/\\.:@#?%\t\n aé-_ ", max_size=12))
def test_no_local_address_leads_to_another_host(text: str) -> None:
    local = addresses.local(text)
    assert local is None or (local[0] == "/" and local[1:2] not in ("/", "\\") and local.isprintable() and " " not in local)


def test_the_same_page_has_another_query() -> None:
    assert addresses.changed("/a?b=1&c=%C3%A9", {"b": None, "after": "x&y"}) == "/a?c=%C3%A9&after=x%26y"
    assert addresses.changed("/a?b=1", {"b": None}) == "/a"
    assert addresses.filled("/a/{b}?c", {"b": "x/y?"}) == "/a/x%2Fy%3F?c"


def test_a_form_of_ours_is_told_by_its_token(keys: KeyRing) -> None:
    token = security.csrf_token(keys, "secret")
    assert security.csrf_holds(keys, "secret", token)
    assert len(token) == 22
    assert "secret" not in token
    for secret, other in (
        ("another", token),
        ("secret", token[:-1]),
        ("secret", ""),
        ("secret", "é\ud800"),
        ("", security.csrf_token(keys, "")),
    ):
        assert not security.csrf_holds(keys, secret, other)


def test_a_token_holds_on_when_keys_are_rotated(keys: KeyRing) -> None:
    token = security.csrf_token(keys, "secret")
    rotated = replace(keys, indexes={**keys.indexes, 2: b"n" * 32})
    assert security.csrf_token(rotated, "secret") != token
    assert security.csrf_holds(rotated, "secret", token)
    assert not security.csrf_holds(replace(keys, indexes={2: b"n" * 32}), "secret", token)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec_fetch_site": "same-origin", "origin": "https://sijil.test"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"origin": "https://sijil.test"}, True),
        ({"origin": "http://localhost:8000", "host": "localhost:8000"}, True),
        ({}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site", "origin": "https://sijil.test"}, False),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.test"}, False),
        ({"origin": "https://evil.test"}, False),
        ({"origin": "https://sijil.test.evil"}, False),
        ({"origin": "https://sijil.test:444"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://[evil"}, False),
        ({"origin": ""}, False),
    ],
)
def test_only_a_page_of_ours_sends_our_forms(headers: dict[str, str], ours: bool) -> None:
    assert security.is_ours(request(**{"host": "sijil.test", **headers}), ISSUER) is ours


def test_cookies_are_for_this_host_and_for_no_script() -> None:
    response = Response()
    security.set_cookie(response, "__Host-sijil", "token")
    security.forget_cookie(response, "__Host-visit")
    made, forgotten = response.headers.getlist("set-cookie")
    assert made == "__Host-sijil=token; HttpOnly; Path=/; SameSite=lax; Secure"
    assert "Max-Age=0" in forgotten
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} < set(forgotten.split("; "))


def test_a_visit_is_known_by_what_we_made_alone() -> None:
    visit = security.new_visit()
    assert len(visit) == 22
    assert security.new_visit() != visit
    assert security.visit_of(request(cookie=f"__Host-visit={visit}")) == visit
    for forged in ("", "x", visit + "x", visit[:-1] + "."):
        assert security.visit_of(request(cookie=f"__Host-visit={forged}")) == ""


def test_every_page_has_the_same_guard() -> None:
    guarded = security.guard(Response(), personal=True, secure=True).headers
    policy = guarded["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert policy.endswith("form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    assert guarded["cache-control"] == "no-store"
    assert guarded["strict-transport-security"] == "max-age=31536000"
    open_page = security.guard(Response(), personal=False, secure=False).headers
    assert open_page["cache-control"] == "private, no-cache"
    assert "strict-transport-security" not in open_page


def _texts() -> Iterator[Any]:
    yield from (
        "",
        "!",
        "e30",  # {}
        "WzEsW11d",  # [1,[]]
        keep(Form([("a", "b")]), "//evil"),
        keep(Form([("a", "b")]), "/x y"),
        "WyIvYSIsW1siYSJdXV0",  # ["/a",[["a"]]]
        "WyIvYSIsW1siYSIsMV1dXQ",  # ["/a",[["a",1]]]
        "é",
        "A" * (MAX_KEPT_CHARACTERS + 1),
        keep(Form([(f"a{number}", "b") for number in range(201)]), "/a"),
    )


@pytest.mark.parametrize("text", list(_texts()), ids=lambda text: text[:20])
def test_what_was_not_kept_is_not_taken_for_it(text: str) -> None:
    assert kept(text) is None


@given(
    st.lists(
        st.tuples(st.text("abcé", min_size=1, max_size=4), st.text(max_size=50).filter(lambda t: t.isprintable())), max_size=20
    )
)
def test_what_was_typed_is_kept_as_it_was(fields: list[tuple[str, str]]) -> None:
    form = Form(fields)
    back = kept(keep(form, "/a/b?c=d"))
    assert back is not None
    assert (back[0], back[1].pairs()) == ("/a/b?c=d", form.pairs())


def test_what_belongs_to_one_showing_is_not_kept() -> None:
    form = Form(
        [("csrf", "t"), ("requestKey", "k"), ("action", "a"), ("next", "/n"), ("kept", "x"), ("reason", "r"), ("reason", "s")]
    )
    back = kept(keep(form, "/a"))
    assert back is not None
    assert back[1].pairs() == [("reason", "r"), ("reason", "s")]
