"""The columns of files of people: of those to be enrolled, and of an agency's old file. In three languages."""

from typing import Final

from access.catalogue import CATALOGUE, Labels, Lang
from identity.file_reading import Column


def _texts(ar: str, fr: str, en: str) -> Labels:
    return {Lang.AR: ar, Lang.FR: fr, Lang.EN: en}


_SCRIPTS: Final = {
    "ar": _texts(" (بالعربية)", " (en arabe)", " (in Arabic)"),
    "latin": _texts(" (بالحروف اللاتينية)", " (en latin)", " (in Latin)"),
}
_OF_GIVEN: Final = _texts(
    "الاسم الشخصي كما في الوثائق؛ يكفي أحد الخطين.",
    "Le prénom tel qu'il figure sur les documents ; une des deux écritures suffit.",
    "The given name as documents have it; one of both scripts is enough.",
)
_OF_FAMILY: Final = _texts(
    "الاسم العائلي كما في الوثائق؛ يكفي أحد الخطين.",
    "Le nom tel qu'il figure sur les documents ; une des deux écritures suffit.",
    "The family name as documents have it; one of both scripts is enough.",
)
_OF_PARENTS: Final = _texts(
    "الاسم الكامل كما في رسم الولادة.",
    "Nom complet, comme dans l'acte de naissance.",
    "The whole name, as in the birth record.",
)
_OF_PLACES: Final = _texts(
    "رمز الجماعة أو الإقليم، مثل 06.141.",
    "Code de la commune ou de la province, par exemple 06.141.",
    "Code of the commune or province, such as 06.141.",
)
_OF_RELATIVES: Final = _texts(
    "المعرف (IDCS) لشخص مسجل؛ عشرة أرقام.",
    "IDCS d'une personne inscrite ; dix chiffres.",
    "The IDCS of a registered person; ten digits.",
)
_OF_DATES: Final = _texts(
    "1984-03-09 أو 09/03/1984؛ أو 1984-03 أو 1984 إذا لم يعرف غير ذلك.",
    "1984-03-09 ou 09/03/1984 ; 1984-03 ou 1984 si l'on n'en sait pas plus.",
    "1984-03-09 or 09/03/1984; 1984-03 or 1984 where no more is known.",
)


def _named(part: str, explained: Labels) -> tuple[Column, ...]:
    base = CATALOGUE[f"person.{part}"].labels
    return tuple(
        Column(f"{part}_{script}", {lang: base[lang] + ending[lang] for lang in Lang}, explained, part)
        for script, ending in _SCRIPTS.items()
    )


def _column(name: str, explained: Labels, *, needed: bool = False) -> Column:
    return Column(name, CATALOGUE[f"person.{name}"].labels, explained, name if needed else None)


def _relative(name: str, ar: str, fr: str, en: str) -> Column:
    return Column(name, _texts(ar, fr, en), _OF_RELATIVES)


_SEX: Final = _texts("M أو F.", "M ou F.", "M or F.")
_STATE: Final = _texts("أعزب، متزوج، مطلق، أرمل.", "Célibataire, marié, divorcé, veuf.", "Single, married, divorced, widowed.")
_COUNTRY: Final = _texts(
    "رمز البلد من ثلاثة حروف (MAR)، أو اسمه.",
    "Code du pays en trois lettres (MAR), ou son nom.",
    "The country's code of three letters (MAR), or its name.",
)
_CARD: Final = _texts("للمغاربة فقط.", "Marocains seulement.", "Moroccans only.")
_PERMIT: Final = _texts("للأجانب المقيمين.", "Résidents étrangers.", "Residents of another nationality.")
_FREE: Final = _texts("على الأكثر 200 حرف.", "200 caractères au plus.", "At most 200 characters.")
_REACHED: Final = _texts("إن وجد.", "S'il y en a.", "If there is one.")
_GUARDED: Final = _texts(
    "نعم إذا كان راشدا تحت الحجر؛ وإلا فارغ.",
    "Oui pour un majeur sous tutelle ; sinon vide.",
    "Yes for an adult under guardianship; else blank.",
)

PERSONS: Final = (
    *_named("given_name", _OF_GIVEN),
    *_named("family_name", _OF_FAMILY),
    _column("father_name", _OF_PARENTS),
    _column("mother_name", _OF_PARENTS),
    _column("birth_date", _OF_DATES, needed=True),
    _column("birth_place", _OF_PLACES),
    _column("sex", _SEX, needed=True),
    _column("marital_status", _STATE),
    _column("nationality", _COUNTRY, needed=True),
    _column("cnie", _CARD),
    _column("residence_permit", _PERMIT),
    _column("residence", _OF_PLACES, needed=True),
    _column("address", _FREE),
    _column("telephone", _REACHED),
    _column("email", _REACHED),
    _relative("guardian", "معرف النائب الشرعي", "IDCS du représentant légal", "IDCS of the legal representative"),
    _relative("mother", "معرف الأم", "IDCS de la mère", "IDCS of the mother"),
    _relative("father", "معرف الأب", "IDCS du père", "IDCS of the father"),
    Column("guarded", _texts("راشد تحت الحجر", "Majeur sous tutelle", "Adult under guardianship"), _GUARDED),
)
"""A member of `identity.applications.Form` each."""

LINK: Final = (
    Column(
        "reference",
        _texts("المرجع", "Référence", "Reference"),
        _texts("كما تعرفه الهيئة.", "Celle de l'organisme.", "The agency's own."),
        "reference",
    ),
    _column("cnie", _CARD, needed=True),
    _column("given_name", _OF_GIVEN, needed=True),
    _column("family_name", _OF_FAMILY, needed=True),
    _column("birth_date", _OF_DATES, needed=True),
)

EXAMPLE: Final = {
    "given_name_ar": "أمينة",
    "given_name_latin": "Amina",
    "family_name_ar": "بناني",
    "family_name_latin": "Bennani",
    "father_name": "Ahmed Bennani",
    "mother_name": "Fatima Alaoui",
    "birth_date": "1984-03-09",
    "birth_place": "06.141",
    "sex": "F",
    "marital_status": "MARRIED",
    "nationality": "MAR",
    "cnie": "BE000000",
    "residence": "06.141",
    "address": "1, rue des Exemples",
    "telephone": "0700000000",
    "email": "amina@example.org",
}
"""Of somebody invented: the row that a template shows. It is not taken (see `identity.file_rows.is_example`)."""
