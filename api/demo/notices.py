"""What people are told when the agencies of the demonstration ask for their consent, in three languages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from access.call import Purpose
from access.catalogue import Lang
from access.consent_notices import NoticeText

DATA_LIFE_DAYS = 365
LONGEST_DAYS = 365

# By the agency's code.
TEXTS: Mapping[str, Mapping[Lang, NoticeText]] = {
    "CNSS_DEMO": {
        Lang.AR: NoticeText(
            title="موافقتك على الاطلاع على معطياتك من أجل ملف تغطيتك الصحية",
            body=(
                "يطلب صندوق التغطية الصحية موافقتك على الاطلاع على المعطيات المذكورة أدناه في سجل السكان والسجل "
                "الاجتماعي، حتى يعالج ملفك دون أن يطلب منك وثائق هي موجودة في السجل.\n"
                "أنت حر في القبول أو الرفض، ويمكنك أن تقبل بعض المعطيات وترفض بعضها. إن رفضت، يعالج ملفك بالوثائق "
                "التي تدلي بها، ولا تفقد أي حق.\n"
                "لا يطلع الصندوق إلا على ما قبلته، وللغرض المذكور وحده، وطيلة المدة المبينة. كل اطلاع يسجل، "
                "ويمكنك أن ترى في صفحتك من اطلع ومتى ولماذا.\n"
                "يمكنك سحب موافقتك أو تعليقها في أي وقت، بخطوة واحدة من صفحتك أو في أي مركز، ويسري ذلك فورا. "
                "يحتفظ الصندوق بما اطلع عليه سنة على الأكثر، ثم يمحوه."
            ),
            why="لتحيين ملف تغطيتك الصحية وصرف التعويضات دون أن نطلب منك وثائق سبق أن أدليت بها.",
        ),
        Lang.FR: NoticeText(
            title="Votre accord pour consulter vos données, pour votre dossier de couverture médicale",
            body=(
                "La Caisse de couverture médicale vous demande de pouvoir consulter les données listées "
                "ci-dessous dans le registre de la population et le registre social, pour traiter votre dossier "
                "sans vous demander des pièces qui s’y trouvent déjà.\n"
                "Vous êtes libre d’accepter ou de refuser, et vous pouvez n’accepter que certaines données. Si "
                "vous refusez, votre dossier est traité avec les pièces que vous apportez : vous ne perdez aucun "
                "droit.\n"
                "La Caisse ne consulte que ce que vous avez accepté, pour ce seul motif et pendant la durée "
                "indiquée. Chaque consultation est inscrite : vous voyez sur votre page qui a consulté quoi, "
                "quand et pourquoi.\n"
                "Vous pouvez retirer ou suspendre votre accord à tout moment, en une étape, sur votre page ou "
                "dans un centre : l’effet est immédiat. La Caisse garde ce qu’elle a consulté un an au plus, puis "
                "l’efface."
            ),
            why=(
                "Pour tenir à jour votre dossier et vous rembourser sans vous redemander des pièces que vous avez "
                "déjà fournies."
            ),
        ),
        Lang.EN: NoticeText(
            title="Your consent to look up your data, for your health cover",
            body=(
                "The Health cover fund asks to look up the data listed below in the population register and the "
                "social register, so that it can handle your case without asking you for papers that are there "
                "already.\n"
                "You are free to agree or to refuse, and you can agree to some of the data only. If you refuse, "
                "your case is handled with the papers that you bring: you lose no right.\n"
                "The fund looks up only what you agreed to, for this purpose alone and for the time stated. Each "
                "look-up is recorded: on your page you see who looked up what, when and why.\n"
                "You can withdraw or pause your consent at any time, in one step, on your page or at any centre: "
                "it takes effect at once. The fund keeps what it looked up for one year at most, then erases it."
            ),
            why=("To keep your case up to date and pay you back without asking again for papers that you have given before."),
        ),
    },
    "GRANTS_DEMO": {
        Lang.AR: NoticeText(
            title="موافقتك على الاطلاع على هويتك من أجل ملف المنحة",
            body=(
                "يطلب مكتب المنح الدراسية موافقتك على الاطلاع على المعطيات المذكورة أدناه في سجل السكان، حتى "
                "يتأكد من هوية الطالب المذكور في ملف المنحة دون طلب نسخ من الوثائق.\n"
                "أنت حر في القبول أو الرفض، ويمكنك أن تقبل بعض المعطيات وترفض بعضها. إن رفضت، يمكنك الإدلاء بنسخ "
                "من وثائقك، ويعالج ملفك بنفس الآجال.\n"
                "لا يطلع المكتب إلا على ما قبلته، وللغرض المذكور وحده، وطيلة المدة المبينة. كل اطلاع يسجل ويظهر "
                "في صفحتك.\n"
                "يمكنك سحب موافقتك أو تعليقها في أي وقت، بخطوة واحدة من صفحتك أو في أي مركز، ويسري ذلك فورا. "
                "يحتفظ المكتب بما اطلع عليه سنة على الأكثر، ثم يمحوه."
            ),
            why="للتأكد من هوية الطالب في ملف المنحة دون طلب نسخ من الوثائق.",
        ),
        Lang.FR: NoticeText(
            title="Votre accord pour consulter votre identité, pour le dossier de bourse",
            body=(
                "L’Office des bourses d’études vous demande de pouvoir consulter les données listées ci-dessous "
                "dans le registre de la population, pour vérifier l’identité de l’étudiant du dossier de bourse "
                "sans demander de copies de pièces.\n"
                "Vous êtes libre d’accepter ou de refuser, et vous pouvez n’accepter que certaines données. Si "
                "vous refusez, vous pouvez fournir des copies de vos pièces : le dossier est traité dans les "
                "mêmes délais.\n"
                "L’Office ne consulte que ce que vous avez accepté, pour ce seul motif et pendant la durée "
                "indiquée. Chaque consultation est inscrite et visible sur votre page.\n"
                "Vous pouvez retirer ou suspendre votre accord à tout moment, en une étape, sur votre page ou "
                "dans un centre : l’effet est immédiat. L’Office garde ce qu’il a consulté un an au plus, puis "
                "l’efface."
            ),
            why="Pour vérifier l’identité de l’étudiant du dossier de bourse sans demander de copies de pièces.",
        ),
        Lang.EN: NoticeText(
            title="Your consent to look up your identity, for the grant application",
            body=(
                "The Student grants office asks to look up the data listed below in the population register, to "
                "make sure who the student of the application is without asking for copies of papers.\n"
                "You are free to agree or to refuse, and you can agree to some of the data only. If you refuse, "
                "you can hand in copies of your papers: the application is handled within the same time.\n"
                "The office looks up only what you agreed to, for this purpose alone and for the time stated. "
                "Each look-up is recorded and shown on your page.\n"
                "You can withdraw or pause your consent at any time, in one step, on your page or at any centre: "
                "it takes effect at once. The office keeps what it looked up for one year at most, then erases "
                "it."
            ),
            why="To make sure who the student of the application is without asking for copies of papers.",
        ),
    },
}


def notice_document(agency: str, purpose: Purpose, attributes: tuple[str, ...], now: datetime) -> dict[str, Any]:
    """The first notice of that agency, in force from now on."""
    return {
        "agency": agency,
        "purpose": purpose,
        "version": 1,
        "texts": {
            lang.lower(): {"title": text.title, "body": text.body, "why": text.why} for lang, text in TEXTS[agency].items()
        },
        "attributes": list(attributes),
        "data_life_days": DATA_LIFE_DAYS,
        "longest_days": LONGEST_DAYS,
        "valid_from": now.isoformat(),
    }
