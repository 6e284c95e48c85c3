"""Every attribute there is to know about a person, a household, a score or an eligibility: one page.

A field of the schema is bound to one of these; an agreement names them; a ledger entry notes them. `uses` are all that an
attribute can ever be put to: an agreement may grant some of them, never more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Use(StrEnum):
    RELEASE = "RELEASE"  # the value is told
    MASK = "MASK"  # a part of the value is told
    MATCH = "MATCH"  # a declared value is compared, the answer is yes or no
    PREDICATE = "PREDICATE"  # a condition on the value is answered with yes or no
    LINK = "LINK"  # it may serve to find the subject of an agency's old file


class Sensitivity(StrEnum):
    ORDINARY = "ORDINARY"
    PERSONAL = "PERSONAL"
    SENSITIVE = "SENSITIVE"


class Lang(StrEnum):
    AR = "AR"
    FR = "FR"
    EN = "EN"


LANGS: Mapping[str, Lang] = {lang.lower(): lang for lang in Lang}  # as documents and addresses name them
Labels = dict[Lang, str]


@dataclass(frozen=True, slots=True)
class Attribute:
    """`identifying`: a matching claim on it shows that the asker knows whom it asks about (see verification)."""

    name: str
    labels: Labels
    sensitivity: Sensitivity
    uses: frozenset[Use]
    identifying: bool = False


def _row(uses: str, sensitivity: str, name: str, ar: str, fr: str, en: str, identifying: bool = False) -> Attribute:
    return Attribute(
        name=name,
        labels={Lang.AR: ar, Lang.FR: fr, Lang.EN: en},
        sensitivity=_SENSITIVITY[sensitivity],
        uses=frozenset(_USE[letter] for letter in uses),
        identifying=identifying,
    )


# R release, K mask, M match, P predicate, L link. o ordinary, p personal, s sensitive.
_USE = {"R": Use.RELEASE, "K": Use.MASK, "M": Use.MATCH, "P": Use.PREDICATE, "L": Use.LINK}
_SENSITIVITY = {"o": Sensitivity.ORDINARY, "p": Sensitivity.PERSONAL, "s": Sensitivity.SENSITIVE}

CATALOGUE: dict[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        _row("RK", "p", "person.idcs", "المعرف المدني والاجتماعي الرقمي", "Identifiant civil et social (IDCS)", "Civil and social identifier (IDCS)"),
        _row("R", "p", "person.token", "رمز الشخص الخاص بالهيئة", "Jeton de la personne propre à l'organisme", "The agency's own token of the person"),
        _row("R", "p", "person.virtual_id", "المعرف الافتراضي", "Identifiant virtuel", "Virtual identifier"),
        _row("R", "p", "person.status", "وضعية القيد", "État de l'inscription", "Status of the record"),
        _row("RML", "p", "person.given_name", "الاسم الشخصي", "Prénom", "Given name", True),
        _row("RML", "p", "person.family_name", "الاسم العائلي", "Nom de famille", "Family name", True),
        _row("RMPL", "p", "person.birth_date", "تاريخ الازدياد", "Date de naissance", "Date of birth", True),
        _row("RM", "p", "person.birth_place", "مكان الازدياد", "Lieu de naissance", "Place of birth"),
        _row("R", "p", "person.father_name", "اسم الأب", "Nom du père", "Father's name"),
        _row("R", "p", "person.mother_name", "اسم الأم", "Nom de la mère", "Mother's name"),
        _row("RM", "p", "person.sex", "الجنس", "Sexe", "Sex"),
        _row("RM", "p", "person.marital_status", "الحالة العائلية", "Situation familiale", "Marital status"),
        _row("RM", "p", "person.nationality", "الجنسية", "Nationalité", "Nationality"),
        _row("RKML", "p", "person.cnie", "رقم البطاقة الوطنية للتعريف الإلكترونية", "Numéro de la CNIE", "National identity card number (CNIE)", True),
        _row("RKML", "p", "person.residence_permit", "رقم بطاقة الإقامة", "Numéro du titre de séjour", "Residence permit number", True),
        _row("RM", "p", "person.residence", "جماعة الإقامة", "Commune de résidence", "Commune of residence"),
        _row("RM", "p", "person.address", "العنوان", "Adresse", "Address"),
        _row("RKM", "p", "person.telephone", "رقم الهاتف", "Téléphone", "Telephone", True),
        _row("RKM", "p", "person.email", "البريد الإلكتروني", "Courriel", "E-mail"),
        _row("R", "p", "person.guardians", "النائب الشرعي", "Représentants légaux", "Legal representatives"),
        _row("RK", "p", "household.code", "رمز الأسرة", "Code du ménage", "Household code"),
        _row("R", "p", "household.token", "رمز الأسرة الخاص بالهيئة", "Jeton du ménage propre à l'organisme", "The agency's own token of the household"),
        _row("R", "p", "household.members", "أفراد الأسرة وصلة القرابة", "Membres du ménage et parenté", "Members of the household and their kinship"),
        _row("R", "p", "household.size", "عدد أفراد الأسرة", "Taille du ménage", "Size of the household"),
        _row("R", "p", "household.residence", "جماعة إقامة الأسرة", "Commune de résidence du ménage", "Commune of the household"),
        _row("R", "p", "household.milieu", "وسط الإقامة", "Milieu de résidence", "Milieu of residence"),
        _row("R", "p", "household.facts", "معطيات الأسرة", "Données du ménage", "What is known of the household"),
        _row("R", "p", "household.dwelling", "نوع السكن", "Type de logement", "Type of dwelling"),
        _row("R", "p", "household.rooms", "عدد الغرف", "Nombre de pièces", "Number of rooms"),
        _row("R", "p", "household.family_nuclei", "عدد الأنوية الأسرية", "Nombre de noyaux familiaux", "Number of family nuclei"),
        _row("R", "p", "household.bath", "حمام أو رشاش", "Bain ou douche", "Bath or shower"),
        _row("R", "p", "household.own_electricity_meter", "عداد كهرباء خاص", "Compteur d'électricité propre", "Electricity meter of its own"),
        _row("R", "p", "household.computer", "حاسوب", "Ordinateur", "Computer"),
        _row("R", "p", "household.satellite", "صحن لاقط", "Antenne parabolique", "Satellite dish"),
        _row("R", "p", "household.landline", "هاتف ثابت", "Ligne de téléphone fixe", "Fixed telephone line"),
        _row("R", "s", "household.loan", "قرض", "Crédit en cours", "Loan"),
        _row("R", "p", "household.second_home", "سكن ثانوي", "Résidence secondaire", "Second home"),
        _row("R", "p", "household.garage", "مرأب", "Garage", "Garage"),
        _row("R", "p", "household.professional_premises", "محل مهني", "Local professionnel", "Professional premises"),
        _row("R", "p", "household.non_agricultural_land", "أرض غير فلاحية", "Terrain non agricole", "Land that is not farmed"),
        _row("R", "p", "household.irrigated_land", "أرض سقوية", "Terre irriguée", "Irrigated land"),
        _row("R", "p", "household.mobiles", "عدد الهواتف المحمولة", "Téléphones mobiles", "Mobile telephones"),
        _row("R", "p", "household.cars", "عدد السيارات", "Voitures", "Cars"),
        _row("R", "p", "household.motorcycles", "عدد الدراجات النارية", "Motocycles", "Motorcycles"),
        _row("R", "p", "household.cows", "عدد الأبقار", "Vaches", "Cows"),
        _row("R", "p", "household.butane_large_bottles", "قنينات الغاز الكبيرة في الشهر", "Grandes bouteilles de butane par mois", "Large butane bottles a month"),
        _row("R", "p", "household.butane_small_bottles", "قنينات الغاز الصغيرة في الشهر", "Petites bouteilles de butane par mois", "Small butane bottles a month"),
        _row("R", "p", "household.water_bill_1", "فاتورة الماء، الشهر 1", "Facture d'eau, mois 1", "Water bill, month 1"),
        _row("R", "p", "household.water_bill_2", "فاتورة الماء، الشهر 2", "Facture d'eau, mois 2", "Water bill, month 2"),
        _row("R", "p", "household.water_bill_3", "فاتورة الماء، الشهر 3", "Facture d'eau, mois 3", "Water bill, month 3"),
        _row("R", "p", "household.electricity_bill_1", "فاتورة الكهرباء، الشهر 1", "Facture d'électricité, mois 1", "Electricity bill, month 1"),
        _row("R", "p", "household.electricity_bill_2", "فاتورة الكهرباء، الشهر 2", "Facture d'électricité, mois 2", "Electricity bill, month 2"),
        _row("R", "p", "household.electricity_bill_3", "فاتورة الكهرباء، الشهر 3", "Facture d'électricité, mois 3", "Electricity bill, month 3"),
        _row("R", "p", "household.telephone", "مصاريف الهاتف في الشهر", "Dépenses de téléphone par mois", "Telephone spending a month"),
        _row("R", "p", "household.internet", "مصاريف الإنترنت في الشهر", "Dépenses d'internet par mois", "Internet spending a month"),
        _row("R", "p", "member.schooling", "التمدرس الحالي", "Scolarisation actuelle", "School attended now"),
        _row("R", "p", "member.education", "المستوى الدراسي", "Niveau d'études", "Level of education"),
        _row("R", "p", "member.diploma", "الشهادة", "Diplôme", "Diploma"),
        _row("R", "p", "member.literate", "القراءة والكتابة", "Sait lire et écrire", "Reads and writes"),
        _row("R", "p", "member.activity", "النشاط", "Activité", "Activity"),
        _row("R", "p", "member.occupation", "المهنة", "Profession", "Occupation"),
        _row("R", "p", "member.employment", "الوضعية في المهنة", "Situation dans la profession", "Status in employment"),
        _row("R", "s", "member.health_cover", "التغطية الصحية", "Couverture médicale", "Health cover"),
        _row("R", "s", "score.value", "المؤشر الاجتماعي والاقتصادي", "Indice socio-économique (ISE)", "Socio-economic index"),
        _row("R", "s", "score.band", "شريحة المؤشر", "Tranche de l'indice", "Band of the index"),
        _row("R", "s", "score.contributions", "تفصيل المؤشر", "Détail de l'indice", "Contributions to the index"),
        _row("R", "s", "eligibility.result", "الأهلية لبرنامج", "Éligibilité à un programme", "Eligibility for a programme"),
        _row("R", "s", "eligibility.distance", "الفرق عن العتبة", "Écart au seuil", "Distance to the threshold"),
    )
}  # fmt: skip
