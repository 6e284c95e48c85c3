"""What is said of the rows of a file, in the language of whoever sent it. A text never holds a value of a row."""

from collections.abc import Mapping
from typing import Final

from access.catalogue import Labels, Lang
from identity.applications import FaultCode
from identity.file_rows import Outcome, RowCode


def _texts(ar: str, fr: str, en: str) -> Labels:
    return {Lang.AR: ar, Lang.FR: fr, Lang.EN: en}


_TEXTS: Final[Mapping[str, Labels]] = {
    FaultCode.MISSING: _texts("هذه الخانة ضرورية.", "Cette case est nécessaire.", "This cell is needed."),
    FaultCode.TOO_LONG: _texts("أطول من اللازم.", "Trop long.", "Too long."),
    FaultCode.UNREADABLE: _texts(
        "فيها علامات لا ترى.", "Contient des signes invisibles.", "It holds signs that cannot be seen."
    ),
    FaultCode.NOT_A_NAME: _texts(
        "الاسم من حروف فقط.",
        "Un nom est fait de lettres, sans formule ni chiffre.",
        "A name is made of letters: no formula, no digit.",
    ),
    FaultCode.WRONG_SCRIPT: _texts(
        "الاسم في غير خانته: عربي في خانة لاتينية أو العكس.",
        "L'écriture n'est pas celle de la colonne (arabe ou latine).",
        "The script is not the column's (Arabic or Latin).",
    ),
    FaultCode.MIXED_SCRIPTS: _texts("خطان في اسم واحد.", "Deux écritures dans un même nom.", "Two scripts in one name."),
    FaultCode.FOREIGN_LETTERS: _texts(
        "حروف لا عربية ولا لاتينية.", "Des lettres ni arabes ni latines.", "Letters that are neither Arabic nor Latin."
    ),
    FaultCode.NOT_A_DATE: _texts("ليس تاريخا.", "Ce n'est pas une date.", "This is no date."),
    FaultCode.TOO_EARLY: _texts("قبل سنة 1900.", "Avant 1900.", "Before 1900."),
    FaultCode.IN_FUTURE: _texts("تاريخ لم يأت بعد.", "Cette date est à venir.", "This date is to come yet."),
    FaultCode.NOT_A_CODE: _texts("رمز غير معروف.", "Ce code n'existe pas.", "There is no such code."),
    FaultCode.NOT_A_NUMBER: _texts("رقم غير صحيح.", "Ce numéro n'est pas valable.", "This number is not valid."),
    FaultCode.NOT_FOR_FOREIGNERS: _texts(
        "البطاقة الوطنية للمغاربة فقط.", "La CNIE est réservée aux Marocains.", "Only Moroccans have a national card."
    ),
    FaultCode.NOT_FOR_MOROCCANS: _texts(
        "ليس للمغاربة بطاقة إقامة.", "Un Marocain n'a pas de titre de séjour.", "Moroccans have no residence permit."
    ),
    FaultCode.GUARDIAN_NEEDED: _texts(
        "يلزم معرف نائب شرعي مسجل.",
        "L'IDCS d'un représentant légal inscrit est nécessaire.",
        "The IDCS of a registered legal representative is needed.",
    ),
    FaultCode.GUARDIAN_NOT_NEEDED: _texts(
        "لا نائب شرعي لراشد.", "Un majeur n'a pas de représentant légal.", "An adult has no legal representative."
    ),
    FaultCode.NOT_REGISTERED: _texts(
        "هذا المعرف ليس لأحد يمكن أن يكون ذلك.",
        "Personne qui puisse l'être n'a cet IDCS.",
        "Nobody who could be this has that IDCS.",
    ),
    FaultCode.TOO_YOUNG: _texts("أصغر من أن يكون ذلك.", "Trop jeune pour cela.", "Too young to be this."),
    RowCode.CELLS: _texts(
        "عدد الخانات ليس عدد الأعمدة.",
        "Le nombre de cases n'est pas celui des colonnes.",
        "There are not as many cells as columns.",
    ),
    RowCode.OUT_OF_TERRITORY: _texts(
        "الإقامة خارج نطاقكم.", "La résidence est hors de votre ressort.", "The residence lies outside of your territory."
    ),
    RowCode.NOT_OPEN: _texts(
        "التسجيل غير مفتوح هناك بعد.", "L'inscription n'y est pas encore ouverte.", "Nobody is enrolled there yet."
    ),
    RowCode.EXAMPLE: _texts(
        "سطر المثال لا يسجل.", "La ligne d'exemple n'est pas inscrite.", "The row of the example is not taken."
    ),
    RowCode.NOT_AN_ID: _texts(
        "معرف الطلب غير صحيح.", "L'identifiant de la demande n'est pas valable.", "The id of the request is not valid."
    ),
    RowCode.NOT_IN_TIME: _texts(
        "وقت الطلب غير ممكن.", "L'heure de la demande est impossible.", "The time of the request is impossible."
    ),
    RowCode.NOT_A_FORM: _texts("ليس استمارة.", "Ce n'est pas un formulaire.", "This is no form."),
    RowCode.REVOKED_DEVICE: _texts("ألغي هذا الجهاز.", "Cet appareil a été révoqué.", "This device was revoked."),
    RowCode.INCOMPLETE: _texts(
        "خانة ضرورية فارغة أو غير صحيحة.",
        "Une case nécessaire est vide ou n'est pas valable.",
        "A cell that is needed is blank, or not valid.",
    ),
    Outcome.ENROLLED: _texts("سجل.", "Inscrit.", "Enrolled."),
    Outcome.THERE_ALREADY: _texts(
        "موجود من قبل؛ لم يتغير شيء.", "Déjà là ; rien n'a changé.", "There already; nothing changed."
    ),
    Outcome.IN_REVIEW: _texts(
        "قد يكون مسجلا من قبل: ينظر فيه موظف.",
        "Peut-être déjà inscrit : un agent va décider.",
        "Perhaps on record already: somebody decides.",
    ),
    Outcome.SUBMITTED: _texts("أودع الطلب.", "Demande déposée.", "Submitted."),
    Outcome.LINKED: _texts("تم الربط.", "Rapproché.", "Linked."),
    Outcome.NOT_LINKED: _texts("لم يربط.", "Non rapproché.", "Not linked."),
    Outcome.REFUSED: _texts("مرفوض.", "Refusé.", "Refused."),
}

HEADER: Final[Mapping[str, Labels]] = {
    "row": _texts("السطر", "Ligne", "Row"),
    "reference": _texts("المرجع", "Référence", "Reference"),
    "outcome": _texts("النتيجة", "Résultat", "Outcome"),
    "number": _texts("الرقم", "Numéro", "Number"),
    "column": _texts("العمود", "Colonne", "Column"),
    "code": _texts("الرمز", "Code", "Code"),
    "text": _texts("الشرح", "Explication", "Explanation"),
}


def told(code: str, lang: Lang) -> str:
    """What a code says."""
    return _TEXTS[code][lang]
