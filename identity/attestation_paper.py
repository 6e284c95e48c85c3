"""The paper of an attestation: a PDF in Arabic or French, with two codes to be read by a camera.

It is made anew from the signed document each time, and from nothing else: the same document gives the same bytes. Names and all
other values go into the template as data. Nothing is fetched; fonts are those that come with the typesetter and, for Arabic,
the one that set-up puts into a folder.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import orjson
import segno
import typst
from babel.dates import format_date, format_skeleton

from access.catalogue import CATALOGUE, Lang
from core.dates import PartialDate, Precision, civil_date
from core.errors import Internal, Invalid, Unavailable
from identity.attested import MASKED, PLACES, SCRIPTED, Attestation, check_address, digest_of
from identity.codes import NATIONALITY, SEX
from identity.receipts import shown_number

PAPERS: Final = Path(__file__).with_name("papers")
ARABIC_FONT: Final = "Noto Naskh Arabic"
_LATIN_FONT: Final = "Libertinus Serif"
_LOCALES: Final = {Lang.AR: "ar_MA", Lang.FR: "fr"}
_LOGO: Final = (PAPERS / "logo.svg").read_text("utf-8")
_TEMPLATE: Final = (PAPERS / "attestation.typ").read_bytes()
_MAX_CODE_BYTES: Final = 1_800  # in a code that is still read from paper

_TEXTS: Final[Mapping[Lang, Mapping[str, str]]] = {
    Lang.FR: {
        "registry": "Sijil",
        "body": "Registre de la population",
        "title": "Attestation d'inscription",
        "number": "Attestation n°",
        "intro": "Le registre de la population atteste que la personne désignée ci-dessous y est inscrite avec les données qui "
        "suivent. Elle les a choisies elle-même, ou son représentant légal : le registre peut en tenir d'autres.",
        "issued": "Établie le",
        "expires": "Valable jusqu'au",
        "check": "Vérifier cette attestation",
        "check_text": "Lisez ce code, ou entrez le numéro de l'attestation à l'adresse ci-dessous. La réponse est « valable » "
        "ou « non valable », et rien d'autre.",
        "proof": "Texte signé",
        "proof_text": "Ce code contient les mêmes données et la signature du registre : qui a ses clés publiques le vérifie "
        "sans réseau, avec « sijil\u00a0verify-receipt ».",
        "footer": "Document délivré à la demande de la personne. Toute modification le rend non valable.",
    },
    Lang.AR: {
        "registry": "سجل",
        "body": "سجل السكان",
        "title": "شهادة التقييد",
        "number": "شهادة رقم",
        "intro": "يشهد سجل السكان بأن الشخص المشار إليه أدناه مقيد فيه بالمعطيات التالية. وقد اختارها بنفسه أو اختارها نائبه "
        "الشرعي، وقد يتضمن السجل معطيات أخرى.",
        "issued": "حررت بتاريخ",
        "expires": "صالحة إلى غاية",
        "check": "التحقق من هذه الشهادة",
        "check_text": "اقرؤوا هذا الرمز، أو أدخلوا رقم الشهادة في العنوان أدناه. الجواب «صالحة» أو «غير صالحة» لا غير.",
        "proof": "النص الموقع",
        "proof_text": "يتضمن هذا الرمز المعطيات نفسها وتوقيع السجل: من لديه مفاتيحه العمومية يتحقق منه دون شبكة، "
        "بواسطة «sijil\u00a0verify-receipt».",
        "footer": "سلمت هذه الوثيقة بطلب من المعني بالأمر. كل تغيير فيها يجعلها غير صالحة.",
    },
}


class Papers:
    """Makes papers, one at a time. `fonts`: the folder with the font for Arabic, which may be missing."""

    def __init__(self, fonts: Path) -> None:
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[fonts] if fonts.is_dir() else [])
        self.arabic = ARABIC_FONT in self._fonts.families()
        self._making = ThreadPoolExecutor(1, thread_name_prefix="papers")

    def refuse_unless_possible(self, lang: Lang, *path: str) -> None:
        """Raises Invalid, with that path, where papers in that language cannot be made here."""
        if lang is Lang.AR and not self.arabic:
            raise Invalid("papers in Arabic cannot be made here: the font for them was not installed", path=path)

    async def pdf(self, attestation: Attestation, signed: str) -> bytes:
        """`attestation` as it stands in `signed`. Raises Unavailable where its script cannot be set here."""
        (made,) = await self._made(attestation, signed, "pdf")
        return made

    async def pictures(self, attestation: Attestation, signed: str) -> list[bytes]:
        """The same as PNG, a picture a page. Raises as `pdf` does."""
        return await self._made(attestation, signed, "png")

    async def _made(self, attestation: Attestation, signed: str, form: str) -> list[bytes]:
        if attestation.lang is Lang.AR and not self.arabic:
            raise Unavailable("papers in Arabic cannot be made here: the font for them was not installed")
        inputs = inputs_of(attestation, signed, arabic=self.arabic)
        at = attestation.issued_at
        return await asyncio.get_running_loop().run_in_executor(self._making, self._compile, inputs, at, form)

    def _compile(self, inputs: dict[str, str], at: datetime, form: str) -> list[bytes]:
        try:
            made: Any = typst.Compiler(_TEMPLATE, root=PAPERS, font_paths=self._fonts, sys_inputs=inputs).compile(
                format="png" if form == "png" else "pdf",
                timestamp=int(at.timestamp()),
                pdf_standards=["ua-1"] if form == "pdf" else [],
            )
        except typst.TypstError:  # its words may hold a value
            raise Internal("the paper cannot be made") from None
        return made if isinstance(made, list) else [made]

    def close(self) -> None:
        self._making.shutdown(cancel_futures=True)


def inputs_of(attestation: Attestation, signed: str, *, arabic: bool) -> dict[str, str]:
    """What the template is given: one JSON document and the pictures. `arabic`: whether that script can be set. Pure."""
    lang, texts = attestation.lang, _TEXTS[attestation.lang]
    address = check_address(attestation.issuer, attestation.number, digest_of(signed))
    proof = _code(signed, "l") if len(signed) <= _MAX_CODE_BYTES else None
    document = {
        "lang": lang.lower(),
        "fonts": [ARABIC_FONT, _LATIN_FONT] if lang is Lang.AR else [_LATIN_FONT, ARABIC_FONT],
        "registry": texts["registry"],
        "body": texts["body"],
        "title": texts["title"],
        "number_label": texts["number"],
        "number": shown_number(attestation.number),
        "intro": texts["intro"],
        "rows": [
            {"label": CATALOGUE[name.removesuffix(":masked")].labels[lang], "values": _shown(name, value, lang, arabic)}
            for name, value in attestation.attributes.items()
        ],
        "dates": [
            {"label": texts["issued"], "text": _day(civil_date(attestation.issued_at), lang)},
            {"label": texts["expires"], "text": _day(civil_date(attestation.expires_at), lang)},
        ],
        "check": {"title": texts["check"], "text": texts["check_text"], "address": f"{attestation.issuer}/check"},
        "proof": {"title": texts["proof"], "text": texts["proof_text"], "address": ""},
        "footer": texts["footer"],
    }
    if not arabic:
        document["fonts"] = [_LATIN_FONT]
    inputs = {"data": orjson.dumps(document).decode(), "logo": _LOGO, "check": _code(address, "m")}
    return inputs if proof is None else inputs | {"proof": proof}


def _code(text: str, error: str) -> str:
    picture = BytesIO()
    segno.make_qr(text, error=error, boost_error=False).save(picture, kind="svg", xmldecl=False, border=0)
    return picture.getvalue().decode()


def _shown(name: str, value: Any, lang: Lang, arabic: bool) -> list[dict[str, str]]:
    """The value in people's words, a line each; a name in both scripts, that of the paper first."""
    if name in SCRIPTED:
        order = ("ar", "latin") if lang is Lang.AR else ("latin", "ar")
        lines = [(script, value[script]) for script in order if value[script] and (arabic or script != "ar")]
        if not lines:
            raise Unavailable("this name cannot be set here: the font for Arabic was not installed")
        return [{"script": script, "text": text} for script, text in lines]
    script = "ar" if lang is Lang.AR else "latin"
    if name in PLACES:
        return [{"script": script, "text": value[lang.lower()]}]
    if name == "person.birth_date":
        return [{"script": script, "text": _partial(PartialDate.parse(value), lang)}]
    table = {"person.sex": SEX, "person.nationality": NATIONALITY}.get(name)
    if table is not None and value in table.labels:
        return [{"script": script, "text": table.labels[value][lang]}]
    return [{"script": "latin", "text": value.replace("*", "•") if name == MASKED else value}]


def _partial(day: PartialDate, lang: Lang) -> str:
    first = date(day.year, day.month or 1, day.day or 1)
    if day.precision is Precision.DAY:
        return _day(first, lang)
    return str(day.year) if day.precision is Precision.YEAR else format_skeleton("yMMMM", first, locale=_LOCALES[lang])


def _day(day: date, lang: Lang) -> str:
    return format_date(day, "long", locale=_LOCALES[lang])
