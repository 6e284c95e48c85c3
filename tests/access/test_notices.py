"""What people are told: in three languages, in one text message, and never more than a stranger may read."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import notices
from access.catalogue import Lang
from access.notice_parameters import MAX_LINK, MAX_MINUTES, MAX_NAME, MAX_NUMBER
from access.notice_texts import NoticeName
from access.notices import NOTICES, Channel, Notice
from access.wording import TEXTS, shortenings, wording
from core.errors import Invalid
from core.gsm import fits_one, septets

ASKS = "demande votre consentement. Répondez ici :"
WHEN = datetime(2026, 12, 28, 22, 59, 30, tzinfo=UTC)
LINK = "https://registers.example.org/consents"
TYPICAL: dict[str, Any] = {
    "code": "402817",
    "minutes": 3,
    "agency": "Caisse nationale",
    "centre": "Centre de Salé",
    "link": LINK,
    "receipt": "K7-2026-004117",
    "number": "A-2026-118",
    "idcs": "2516116556",
    "takes_effect": WHEN,
}
LONGEST: dict[str, Any] = {
    "code": "9" * 10,
    "minutes": MAX_MINUTES,
    "agency": "W" * MAX_NAME,
    "centre": "W" * MAX_NAME,
    "link": "https://" + "x" * (MAX_LINK - 8),
    "receipt": "W" * MAX_NUMBER,
    "number": "W" * MAX_NUMBER,
    "idcs": "9" * 10,
    "takes_effect": WHEN,
}
LONG_NAMES = (
    "W" * MAX_NAME,
    "ب" * MAX_NAME,
    "🏛" * MAX_NAME,
    "€" * MAX_NAME,
    "W " * (MAX_NAME // 2 - 1) + "W",
    "Direction générale de la sécurité sociale, des œuvres mutualistes et de la coopération internationale de l’État",
    "المديرية العامة للضمان الاجتماعي والتعاضد والتعاون الدولي والتنمية البشرية بالمملكة",
)
ALL = [(name, lang) for name in NoticeName for lang in Lang]


def made(name: NoticeName, values: dict[str, Any]) -> Notice:
    kind = NOTICES[name]
    return kind(**{member.name: values[member.name] for member in fields(kind)})


def sms(name: NoticeName, lang: Lang, **values: Any) -> str:
    return wording(made(name, TYPICAL | values), lang, Channel.SMS).text


def kinds_under(kind: type[Notice]) -> set[type[Notice]]:
    return {found for below in kind.__subclasses__() for found in (below, *kinds_under(below))}


def test_every_notice_of_the_list_has_its_parameters_and_its_words_in_every_language() -> None:
    assert set(NOTICES) == set(NoticeName) == set(TEXTS)
    assert set(NOTICES.values()) == kinds_under(Notice)
    for name, langs in TEXTS.items():
        assert set(langs) == set(Lang)
        members = {member.name for member in fields(NOTICES[name])}
        for text in langs.values():
            for form in (text.subject, text.body, *text.sms):
                assert {part for _, part, _, _ in Formatter().parse(form) if part is not None} <= members
            assert {part for _, part, _, _ in Formatter().parse(text.body) if part is not None} == members
            assert not re.search(r"\{", text.subject)  # a subject is shown on a locked screen


@pytest.mark.parametrize(("name", "lang"), ALL)
def test_every_notice_fits_one_text_message_with_the_longest_of_everything(name: NoticeName, lang: Lang) -> None:
    for long_name in LONG_NAMES:
        for link in (LINK, LONGEST["link"]):
            text = sms(name, lang, **LONGEST | {"agency": long_name, "centre": long_name, "link": link})
            assert fits_one(text), text
            assert text.strip() == text


@pytest.mark.parametrize(("name", "lang"), ALL)
def test_french_and_english_messages_keep_to_the_alphabet_and_lose_no_mark_of_their_own(name: NoticeName, lang: Lang) -> None:
    for form in TEXTS[name][lang].sms:
        assert (septets(re.sub(r"[{}]", "", form)) is None) == (lang is Lang.AR)
    assert (septets(sms(name, lang)) is None) == (lang is Lang.AR)


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs"), max_codepoint=0x6FF), min_size=1, max_size=MAX_NAME)


@given(st.sampled_from(ALL), NAMES, st.integers(8, MAX_LINK), st.integers(1, MAX_MINUTES), st.integers(1, MAX_NUMBER))
def test_every_notice_fits_one_text_message_whatever_it_says(
    which: tuple[NoticeName, Lang], name: str, link: int, minutes: int, number: int
) -> None:
    values = TYPICAL | {
        "agency": name,
        "centre": name,
        "link": "https://" + "x" * max(link - 8, 1),
        "minutes": minutes,
        "receipt": "W" * number,
        "number": "W" * number,
    }
    try:
        notice = made(which[0], values)
    except Invalid:  # a name of blanks
        return
    assert fits_one(wording(notice, which[1], Channel.SMS).text)
    assert wording(notice, which[1], Channel.EMAIL).subject


@pytest.mark.parametrize(
    ("name", "lang", "values", "text"),
    [
        (
            NoticeName.ONE_TIME_CODE,
            Lang.FR,
            {},
            "Sijil : votre code est 402817. Il vaut 3 minutes. Ne le donnez à personne.",
        ),
        (NoticeName.ONE_TIME_CODE, Lang.AR, {}, "رمزك في سجل: 402817. يصلح 3 دقائق. لا تعطه لأحد."),
        (NoticeName.ONE_TIME_CODE, Lang.AR, {"minutes": 2}, "رمزك في سجل: 402817. يصلح دقيقتين. لا تعطه لأحد."),
        (NoticeName.ONE_TIME_CODE, Lang.AR, {"minutes": 15}, "رمزك في سجل: 402817. يصلح 15 دقيقة. لا تعطه لأحد."),
        (
            NoticeName.CONSENT_ASKED,
            Lang.EN,
            {"agency": "Social Fund"},
            f"Sijil: Social Fund asks for your consent. Answer here: {LINK}",
        ),
        (
            NoticeName.CONSENT_ASKED,
            Lang.FR,
            {"agency": LONG_NAMES[5]},
            f"Sijil : Direction générale de la sécurité sociale, des oeuvres mutualistes... {ASKS} {LINK}",
        ),
        (NoticeName.CONSENT_ASKED, Lang.AR, {"agency": LONG_NAMES[6]}, f"طلب موافقة من المديرية العامة…: {LINK}"),
        (
            NoticeName.CONSENT_ASKED,
            Lang.AR,
            {"agency": LONG_NAMES[6], "link": LINK + "/of/the/person"},
            "سجل: طلب موافقة من المديرية العامة للضمان…. ادخل صفحتك للجواب.",
        ),
        (
            NoticeName.TELEPHONE_CHANGE_BEGUN,
            Lang.EN,
            {},
            f"Sijil: your number changes on 28/12/2026 23:59. Not you? Stop it: {LINK} or at any centre.",
        ),
        (
            NoticeName.TELEPHONE_CHANGE_FIRM,
            Lang.FR,
            {},
            "Sijil : votre numéro change le 28/12/2026 23:59. Pas vous ? Seul un centre peut le stopper : allez-y avant.",
        ),
        (
            NoticeName.TELEPHONE_CHANGE_STOPPED,
            Lang.AR,
            {},
            "سجل: أوقف تغيير هاتفك. لست أنت من أوقفه؟ راجع أحد المراكز.",
        ),
        (
            NoticeName.SIGN_IN_TRIED,
            Lang.EN,
            {},
            "Sijil: somebody tried in vain to sign in with your number. Your codes are longer now. Give them to nobody.",
        ),
        (
            NoticeName.ONE_TIME_CODE,
            Lang.EN,
            {"code": "4028170031"},
            "Sijil: your code is 4028170031. It is good for 3 minutes. Give it to nobody.",
        ),
        (NoticeName.INVITATION, Lang.EN, {}, f"Sijil: an account is there for you: {LINK}"),
        (
            NoticeName.INVITATION,
            Lang.AR,
            {"link": LINK + "/" + "x" * 43},
            "سجل: فتح لك حساب عمل. رابط الدعوة في بريدك الإلكتروني.",
        ),
    ],
)
def test_text_messages_read_as_they_should(name: NoticeName, lang: Lang, values: dict[str, Any], text: str) -> None:
    assert sms(name, lang, **values) == text


def test_a_name_is_shortened_at_the_end_of_a_word() -> None:
    assert list(shortenings("Direction de la santé, Rabat")) == [
        "Direction de la santé…",
        "Direction de la…",
        "Direction de…",
        "Direction…",
        "Directio…",
    ]


def test_an_e_mail_has_a_subject_and_says_it_in_full() -> None:
    said = wording(notices.TelephoneChangeBegun(WHEN, LINK), Lang.FR, Channel.EMAIL)
    assert said.subject == "Changement de votre téléphone"
    assert "Il prend effet le 28/12/2026 23:59." in said.text
    assert LINK in said.text
    assert "Personne ne vous demandera jamais un code" in said.text


@pytest.mark.parametrize(
    ("name", "values", "path"),
    [
        (NoticeName.ONE_TIME_CODE, {"code": "12345"}, ("code",)),
        (NoticeName.ONE_TIME_CODE, {"code": "12345678"}, ("code",)),
        (NoticeName.ONE_TIME_CODE, {"code": "٤٠٢٨١٧"}, ("code",)),
        (NoticeName.ONE_TIME_CODE, {"minutes": 0}, ("minutes",)),
        (NoticeName.CONSENT_ASKED, {"agency": "a\nb"}, ("agency",)),
        (NoticeName.CONSENT_ASKED, {"agency": " "}, ("agency",)),
        (NoticeName.CONSENT_ASKED, {"agency": "x" * 201}, ("agency",)),
        (NoticeName.CONSENT_ASKED, {"link": "javascript:alert(1)"}, ("link",)),
        (NoticeName.CONSENT_ASKED, {"link": "https://a b"}, ("link",)),
        (NoticeName.INVITATION, {"link": "https://" + "x" * 293}, ("link",)),
        (NoticeName.CONSENT_GIVEN, {"receipt": "Amina"}, ("receipt",)),
        (NoticeName.ASSISTED, {"number": "1" * 25}, ("number",)),
        (NoticeName.TELEPHONE_CHANGE_BEGUN, {"takes_effect": WHEN.replace(tzinfo=None)}, ("takes_effect",)),
    ],
)
def test_a_parameter_that_is_not_what_it_must_be_is_refused_by_its_name(
    name: NoticeName, values: dict[str, Any], path: tuple[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        made(name, TYPICAL | values)
    assert refusal.value.path == path


def test_only_codes_are_of_no_more_use_after_a_while() -> None:
    useful = {name: made(name, TYPICAL).minutes_useful for name in NoticeName}
    assert {name: minutes for name, minutes in useful.items() if minutes is not None} == {
        NoticeName.ONE_TIME_CODE: 3,
        NoticeName.ASSIST_CODE: 3,
        NoticeName.TESTIMONY_CODE: 3,
    }
