"""Code lists about people (sex, marital status, nationality) and the normal forms of what is looked up by a keyed hash.

A code is taken by itself or by its label in any of the three languages. A normal form is what one value has however it is
typed: it is stored, indexed and compared. Both are taken whole or refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from access.catalogue import Labels, Lang
from core.emails import MAX_LENGTH, normal_email
from core.errors import Invalid
from core.texts import LATIN_DIGITS
from identity.names import unified


class Sex(StrEnum):
    M = "M"
    F = "F"


class MaritalStatus(StrEnum):
    SINGLE = "SINGLE"
    MARRIED = "MARRIED"
    DIVORCED = "DIVORCED"
    WIDOWED = "WIDOWED"


@dataclass(frozen=True)
class CodeTable:
    """Codes and their labels. `others` are further words for a code; `open_form` admits codes that have no label here."""

    labels: Mapping[str, Labels]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_form: re.Pattern[str] | None = None
    words: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        words = {}
        for code, labels in self.labels.items():
            for word in (code, *labels.values(), *self.others.get(code, ())):
                words[unified(word)] = code
        object.__setattr__(self, "words", words)


def code_of(table: CodeTable, text: str) -> str | None:
    """The code that the text is, or is a label of, whatever its case and diacritics; None if there is none."""
    if table.open_form and table.open_form.fullmatch(text.strip()):
        return text.strip()
    return table.words.get(unified(text))


def _labels(ar: str, fr: str, en: str) -> Labels:
    return {Lang.AR: ar, Lang.FR: fr, Lang.EN: en}


SEX = CodeTable(
    {Sex.M: _labels("ذكر", "Masculin", "Male"), Sex.F: _labels("أنثى", "Féminin", "Female")},
    {Sex.M: ("Homme", "Man"), Sex.F: ("Femme", "Woman")},
)

MARITAL_STATUS = CodeTable(
    {
        MaritalStatus.SINGLE: _labels("أعزب", "Célibataire", "Single"),
        MaritalStatus.MARRIED: _labels("متزوج", "Marié", "Married"),
        MaritalStatus.DIVORCED: _labels("مطلق", "Divorcé", "Divorced"),
        MaritalStatus.WIDOWED: _labels("أرمل", "Veuf", "Widowed"),
    },
    {
        MaritalStatus.SINGLE: ("عزباء", "عازب", "عازبة"),
        MaritalStatus.MARRIED: ("متزوجة", "Mariée"),
        MaritalStatus.DIVORCED: ("مطلقة", "Divorcée"),
        MaritalStatus.WIDOWED: ("أرملة", "Veuve", "Widow", "Widower"),
    },
)

# ISO 3166-1 alpha-3. The countries that most residents come from have labels; every other code is taken as it is.
NATIONALITY = CodeTable(
    {
        "MAR": _labels("المغرب", "Maroc", "Morocco"),
        "DZA": _labels("الجزائر", "Algérie", "Algeria"),
        "TUN": _labels("تونس", "Tunisie", "Tunisia"),
        "MRT": _labels("موريتانيا", "Mauritanie", "Mauritania"),
        "LBY": _labels("ليبيا", "Libye", "Libya"),
        "EGY": _labels("مصر", "Égypte", "Egypt"),
        "SYR": _labels("سوريا", "Syrie", "Syria"),
        "YEM": _labels("اليمن", "Yémen", "Yemen"),
        "IRQ": _labels("العراق", "Irak", "Iraq"),
        "PSE": _labels("فلسطين", "Palestine", "Palestine"),
        "SDN": _labels("السودان", "Soudan", "Sudan"),
        "SEN": _labels("السنغال", "Sénégal", "Senegal"),
        "MLI": _labels("مالي", "Mali", "Mali"),
        "CIV": _labels("كوت ديفوار", "Côte d'Ivoire", "Ivory Coast"),
        "GIN": _labels("غينيا", "Guinée", "Guinea"),
        "CMR": _labels("الكاميرون", "Cameroun", "Cameroon"),
        "COD": _labels("الكونغو الديمقراطية", "République démocratique du Congo", "Democratic Republic of the Congo"),
        "NGA": _labels("نيجيريا", "Nigéria", "Nigeria"),
        "FRA": _labels("فرنسا", "France", "France"),
        "ESP": _labels("إسبانيا", "Espagne", "Spain"),
        "ITA": _labels("إيطاليا", "Italie", "Italy"),
        "PHL": _labels("الفلبين", "Philippines", "Philippines"),
    },
    {
        "MAR": ("مغربي", "مغربية", "Marocain", "Marocaine", "Moroccan"),
        "DZA": ("جزائري", "جزائرية", "Algérien", "Algérienne", "Algerian"),
        "TUN": ("تونسي", "تونسية", "Tunisien", "Tunisienne", "Tunisian"),
        "SYR": ("سوري", "سورية", "Syrien", "Syrienne", "Syrian"),
        "SEN": ("سنغالي", "سنغالية", "Sénégalais", "Sénégalaise", "Senegalese"),
        "FRA": ("فرنسي", "فرنسية", "Français", "Française", "French"),
        "ESP": ("إسباني", "إسبانية", "Espagnol", "Espagnole", "Spanish"),
    },
    re.compile(r"[A-Z]{3}"),
)

_CNIE = re.compile(r"[A-Z]{1,2}\d{1,7}", re.ASCII)
_PERMIT = re.compile(r"[A-Z]{1,2}\d{4,9}[A-Z]?", re.ASCII)
_MOROCCAN = re.compile(r"\+212[5-8]\d{8}", re.ASCII)
_FOREIGN = re.compile(r"\+(?!212)[1-9]\d{6,14}", re.ASCII)
_LONGEST = MAX_LENGTH  # of all of them
_IN_NUMBERS: dict[int, str | None] = LATIN_DIGITS | dict.fromkeys(map(ord, " \u00a0\u202f.-\u2010\u2011\u2013()/"))


def normal_form(attribute: str, text: str) -> str:
    """The one form of a CNIE, residence permit, telephone or e-mail, by its catalogue attribute; raises Invalid for any that
    cannot be."""
    if len(text) > _LONGEST:
        raise Invalid("this is too long")
    return NORMAL_FORMS[attribute](text)


def normal_cnie(text: str) -> str:
    """One or two letters and up to seven digits, upper-case, without blanks and dashes."""
    return _number(_CNIE, text, "not the number of a national identity card")


def normal_permit(text: str) -> str:
    """One or two letters, four to nine digits, perhaps a letter; upper-case, without blanks and dashes."""
    return _number(_PERMIT, text, "not the number of a residence permit")


def normal_telephone(text: str) -> str:
    """E.164. A number with one leading zero is Moroccan; 00 stands for +."""
    number = text.strip().replace("(0)", "").translate(_IN_NUMBERS)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif number.startswith("0"):
        number = f"+212{number[1:]}"
    if not (_MOROCCAN.fullmatch(number) or _FOREIGN.fullmatch(number)):
        raise Invalid("not a telephone number: expected a 0 and nine digits, or a + and the country's code")
    return number


NORMAL_FORMS: dict[str, Callable[[str], str]] = {
    "person.cnie": normal_cnie,
    "person.residence_permit": normal_permit,
    "person.telephone": normal_telephone,
    "person.email": normal_email,
}


def _number(form: re.Pattern[str], text: str, refusal: str) -> str:
    number = text.strip().translate(_IN_NUMBERS)
    # Some letters of other scripts have ASCII ones as their capitals.
    if not number.isascii() or not form.fullmatch(number.upper()):
        raise Invalid(refusal)
    return number.upper()
