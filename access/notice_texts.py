"""The words of the notices. Of text messages several forms, the fullest first; the last one always fits.

French and English messages keep to the alphabet of GSM 03.38 (no ê, ç or ’): one sign outside it would halve what fits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from access.catalogue import Lang


class NoticeName(StrEnum):
    """Everything that people are told of: a closed list."""

    ONE_TIME_CODE = "ONE_TIME_CODE"
    ASSIST_CODE = "ASSIST_CODE"
    NEW_SIGN_IN = "NEW_SIGN_IN"
    CONSENT_ASKED = "CONSENT_ASKED"
    CONSENT_GIVEN = "CONSENT_GIVEN"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_ENDED = "CONSENT_ENDED"
    TELEPHONE_CHANGE_BEGUN = "TELEPHONE_CHANGE_BEGUN"
    TELEPHONE_CHANGED = "TELEPHONE_CHANGED"
    WITNESS_ASKED = "WITNESS_ASKED"
    INVITATION = "INVITATION"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    PROPOSAL_WAITING = "PROPOSAL_WAITING"
    ACCESS_REPORT_RECEIVED = "ACCESS_REPORT_RECEIVED"
    ACCESS_REPORT_ANSWERED = "ACCESS_REPORT_ANSWERED"
    ASSISTED = "ASSISTED"


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in one language. `sms`: its forms as a text message, tried in this order."""

    subject: str
    body: str
    sms: tuple[str, ...]


_FOOT = {
    Lang.AR: "\n\nهذه رسالة آلية من سجل. لن يطلب منك أحد رمزا أو كلمة سر، لا بالهاتف ولا بالرسائل.\n",
    Lang.FR: (
        "\n\nCeci est un message automatique de Sijil. Personne ne vous demandera jamais un code ou un mot de passe, "
        "ni par téléphone ni par message.\n"
    ),
    Lang.EN: (
        "\n\nThis is an automatic message from Sijil. Nobody will ever ask you for a code or a password, "
        "neither by telephone nor by message.\n"
    ),
}


def _text(lang: Lang, subject: str, body: str, *sms: str) -> Text:
    return Text(subject, body + _FOOT[lang], sms)


TEXTS: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.ONE_TIME_CODE: {
        Lang.AR: _text(
            Lang.AR,
            "رمزك للاستعمال مرة واحدة",
            "رمزك هو {code}. يصلح لمدة {minutes}، ولمرة واحدة. لا تعطه لأحد.\n\nإن لم تطلبه فلا تفعل شيئا: لا يدخل أحد دونه.",
            "رمزك في سجل: {code}. يصلح {minutes}. لا تعطه لأحد.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre code à usage unique",
            "Votre code est {code}. Il vaut {minutes}, pour une seule fois. Ne le donnez à personne.\n\n"
            "Si vous ne l’avez pas demandé, ne faites rien : sans lui, personne n’entre.",
            "Sijil : votre code est {code}. Il vaut {minutes}. Ne le donnez à personne.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your one-time code",
            "Your code is {code}. It is good for {minutes}, and once only. Give it to nobody.\n\n"
            "If you did not ask for it, do nothing: nobody gets in without it.",
            "Sijil: your code is {code}. It is good for {minutes}. Give it to nobody.",
        ),
    },
    NoticeName.ASSIST_CODE: {
        Lang.AR: _text(
            Lang.AR,
            "رمزك لمن يساعدك في المركز",
            "رمزك هو {code}. أعطه لمن يساعدك أمامك في هذا المركز وحده: {centre}. يصلح لمدة {minutes}، ولطلب واحد.\n\n"
            "إن لم تكن هناك فلا تعطه لأحد: لا يملأ أحد شيئا باسمك دونه.",
            "رمزك {code} لمن يساعدك أمامك في {centre}. يصلح {minutes}.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre code pour la personne qui vous aide",
            "Votre code est {code}. Donnez-le seulement à la personne qui vous aide, devant vous, dans ce centre : {centre}. "
            "Il vaut {minutes}, pour une seule démarche.\n\n"
            "Si vous n’y êtes pas, ne le donnez à personne : sans lui, rien n’est fait en votre nom.",
            "Sijil : code {code} pour la personne qui vous aide ici : {centre}. Il vaut {minutes}. Ailleurs, ne le donnez pas.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your code for who helps you at the centre",
            "Your code is {code}. Give it only to who helps you, before you, at this centre: {centre}. "
            "It is good for {minutes}, for one form.\n\n"
            "If you are not there, give it to nobody: nothing is done in your name without it.",
            "Sijil: code {code} for who helps you here: {centre}. It is good for {minutes}. Elsewhere, give it to nobody.",
        ),
    },
    NoticeName.NEW_SIGN_IN: {
        Lang.AR: _text(
            Lang.AR,
            "دخول جديد إلى حسابك",
            "دخل أحدهم إلى حسابك من جهاز لم نره من قبل. إن لم تكن أنت، فأنه كل الجلسات من صفحتك، أو راجع أحد المراكز.",
            "سجل: دخول جديد إلى حسابك. إن لم تكن أنت فراجع أحد المراكز.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Nouvelle connexion à votre compte",
            "Une connexion à votre compte a eu lieu depuis un appareil inconnu jusqu’ici. Si ce n’était pas vous, fermez "
            "toutes les sessions depuis votre page, ou adressez-vous à un centre.",
            "Sijil : nouvelle connexion à votre compte. Pas vous ? Fermez vos sessions ou adressez-vous à un centre.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A new sign-in to your account",
            "Somebody signed in to your account from a device not seen before. If it was not you, end all sessions on your "
            "page, or go to a centre.",
            "Sijil: a new sign-in to your account. If it was not you, end all sessions on your page or go to a centre.",
        ),
    },
    NoticeName.CONSENT_ASKED: {
        Lang.AR: _text(
            Lang.AR,
            "طلب موافقة",
            "تطلب منك هذه الجهة موافقتك على الاطلاع على بعض معطياتك: {agency}.\n\nاقرأ ما تطلبه ثم وافق أو ارفض: {link}\n\n"
            "لا شيء يعطى قبل موافقتك.",
            "طلب موافقة من {agency}: {link}",
            "سجل: طلب موافقة من {agency}. ادخل صفحتك للجواب.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Une demande de consentement",
            "Cet organisme vous demande l’accès à certaines de vos données : {agency}.\n\n"
            "Lisez ce qu’il demande, puis acceptez ou refusez : {link}\n\nRien n’est communiqué avant votre accord.",
            "Sijil : {agency} demande votre consentement. Répondez ici : {link}",
            "Sijil : {agency} demande votre consentement. Répondez depuis votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A request for your consent",
            "This body asks for access to some of your data: {agency}.\n\n"
            "Read what it asks for, then accept or decline: {link}\n\nNothing is given before you agree.",
            "Sijil: {agency} asks for your consent. Answer here: {link}",
            "Sijil: {agency} asks for your consent. Answer it on your page.",
        ),
    },
    NoticeName.CONSENT_GIVEN: {
        Lang.AR: _text(
            Lang.AR,
            "سجلت موافقتك",
            "سجلت موافقتك تحت الرقم {receipt}. يمكنك سحبها متى شئت من صفحتك أو في أحد المراكز.",
            "سجل: سجلت موافقتك رقم {receipt}. يمكنك سحبها متى شئت.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre consentement est enregistré",
            "Votre consentement est enregistré sous le numéro {receipt}. Vous pouvez le retirer à tout moment depuis votre "
            "page ou dans un centre.",
            "Sijil : consentement enregistré, numéro {receipt}. Vous pouvez le retirer à tout moment depuis votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your consent is recorded",
            "Your consent is recorded under number {receipt}. You can withdraw it at any time on your page or at a centre.",
            "Sijil: your consent is recorded, number {receipt}. You can withdraw it at any time on your page.",
        ),
    },
    NoticeName.CONSENT_WITHDRAWN: {
        Lang.AR: _text(
            Lang.AR,
            "سحبت موافقة",
            "سحبت إحدى موافقاتك، ولم يعد يعطى شيء بمقتضاها. التفاصيل في صفحتك.",
            "سجل: سحبت إحدى موافقاتك ولم تعد سارية. التفاصيل في صفحتك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Un consentement est retiré",
            "Un de vos consentements est retiré : plus rien n’est communiqué sur cette base. Le détail est sur votre page.",
            "Sijil : un de vos consentements est retiré et ne vaut plus. Le détail est sur votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A consent is withdrawn",
            "One of your consents is withdrawn: nothing more is given on its ground. The details are on your page.",
            "Sijil: one of your consents is withdrawn and no longer counts. The details are on your page.",
        ),
    },
    NoticeName.CONSENT_ENDED: {
        Lang.AR: _text(
            Lang.AR,
            "انتهت موافقة",
            "انتهت إحدى موافقاتك ببلوغ أجلها، ولم يعد يعطى شيء بمقتضاها. التفاصيل في صفحتك.",
            "سجل: انتهت إحدى موافقاتك. التفاصيل في صفحتك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Un consentement a pris fin",
            "Un de vos consentements est arrivé à son terme : plus rien n’est communiqué sur cette base. Le détail est sur "
            "votre page.",
            "Sijil : un de vos consentements a pris fin. Le détail est sur votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A consent has ended",
            "One of your consents has come to its end: nothing more is given on its ground. The details are on your page.",
            "Sijil: one of your consents has ended. The details are on your page.",
        ),
    },
    NoticeName.TELEPHONE_CHANGE_BEGUN: {
        Lang.AR: _text(
            Lang.AR,
            "تغيير هاتفك المسجل",
            "طلب تغيير رقم هاتفك المسجل. يسري التغيير في {takes_effect}.\n\n"
            "إن لم تكن أنت من طلبه فأوقفه قبل ذلك من هذه الصفحة: {link} أو في أي مركز.",
            "يتغير هاتفك المسجل في {takes_effect}. لإيقافه: {link}",
            "يتغير هاتفك في {takes_effect}. لإيقافه: صفحتك أو أي مركز.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Changement de votre téléphone",
            "Le changement de votre numéro de téléphone a été demandé. Il prend effet le {takes_effect}.\n\n"
            "Si ce n’est pas vous, arrêtez-le avant cette date sur cette page : {link} ou dans un centre.",
            "Sijil : votre numéro change le {takes_effect}. Pas vous ? Stoppez-le : {link} ou dans un centre.",
            "Sijil : votre numéro change le {takes_effect}. Pas vous ? Stoppez-le depuis votre page ou dans un centre.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your telephone number is to change",
            "A change of your telephone number was asked for. It takes effect on {takes_effect}.\n\n"
            "If it was not you, stop it before then on this page: {link} or at any centre.",
            "Sijil: your number changes on {takes_effect}. Not you? Stop it: {link} or at any centre.",
            "Sijil: your number changes on {takes_effect}. Not you? Stop it on your page or at any centre.",
        ),
    },
    NoticeName.TELEPHONE_CHANGED: {
        Lang.AR: _text(
            Lang.AR,
            "تغير هاتفك المسجل",
            "تغير رقم هاتفك المسجل. إن لم تكن أنت من طلب ذلك فراجع أحد المراكز في أقرب وقت.",
            "سجل: تغير هاتفك المسجل. لست أنت؟ راجع أحد المراكز فورا.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre téléphone a changé",
            "Votre numéro de téléphone enregistré a changé. Si ce n’est pas vous, adressez-vous à un centre au plus vite.",
            "Sijil : votre numéro enregistré a changé. Si ce n'est pas vous, adressez-vous à un centre au plus vite.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your telephone number has changed",
            "Your registered telephone number has changed. If it was not you, go to a centre as soon as you can.",
            "Sijil: your registered number has changed. If it was not you, go to a centre as soon as you can.",
        ),
    },
    NoticeName.WITNESS_ASKED: {
        Lang.AR: _text(
            Lang.AR,
            "طلب شهادة",
            "يطلب منك شخص تعرفه أن تشهد أن رقم هاتفه الجديد له. ادخل صفحتك لتقرأ الطلب، ولا تشهد إلا إن تأكدت بنفسك.",
            "سجل: يطلب منك شخص تعرفه الشهادة على رقمه الجديد. ادخل صفحتك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "On vous demande de témoigner",
            "Une personne que vous connaissez vous demande d’attester que son nouveau numéro est le sien. Lisez la demande sur "
            "votre page, et n’attestez que ce dont vous êtes sûr.",
            "Sijil : une personne que vous connaissez vous demande d'attester son nouveau numéro : voyez votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "You are asked to be a witness",
            "Somebody you know asks you to attest that their new telephone number is theirs. Read the request on your page, "
            "and attest only to what you are sure of.",
            "Sijil: somebody you know asks you to attest their new number. Read the request on your page.",
        ),
    },
    NoticeName.INVITATION: {
        Lang.AR: _text(
            Lang.AR,
            "دعوة إلى فتح حسابك",
            "فتح لك حساب عمل. اتبع هذا الرابط لتختار كلمة السر وتضبط الرمز الثاني: {link}\n\nالرابط لك وحدك، ويصلح مرة واحدة.",
            "سجل: دعوة لحسابك: {link}",
            "سجل: فتح لك حساب عمل. رابط الدعوة في بريدك الإلكتروني.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Invitation à ouvrir votre compte",
            "Un compte de travail est ouvert pour vous. Suivez ce lien pour choisir votre mot de passe et régler votre second "
            "facteur : {link}\n\nLe lien est pour vous seul et ne sert qu’une fois.",
            "Sijil : un compte est ouvert pour vous : {link}",
            "Sijil : un compte de travail est ouvert pour vous. L'invitation est dans votre courriel.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "An invitation to take up your account",
            "An account for your work is there for you. Follow this link to choose your password and set up your second "
            "factor: {link}\n\nThe link is for you alone and works once.",
            "Sijil: an account is there for you: {link}",
            "Sijil: an account for your work is there for you. The invitation is in your e-mail.",
        ),
    },
    NoticeName.ACCOUNT_DISABLED: {
        Lang.AR: _text(
            Lang.AR,
            "أوقف حسابك",
            "أوقف حساب عملك وانتهت جلساته كلها. إن كان في ذلك خطأ فاتصل بمسؤولك.",
            "سجل: أوقف حساب عملك. إن كان خطأ فاتصل بمسؤولك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre compte est désactivé",
            "Votre compte de travail est désactivé et toutes ses sessions sont closes. En cas d’erreur, adressez-vous à votre "
            "responsable.",
            "Sijil : votre compte de travail est désactivé. En cas d'erreur, adressez-vous à votre responsable.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your account is disabled",
            "Your account for work is disabled, and all its sessions have ended. If this is a mistake, ask whoever is in "
            "charge of you.",
            "Sijil: your account for work is disabled. If this is a mistake, ask whoever is in charge of you.",
        ),
    },
    NoticeName.PROPOSAL_WAITING: {
        Lang.AR: _text(
            Lang.AR,
            "اقتراح ينتظر قرارك",
            "اقترح زميل تغييرا لا يسري إلا بموافقة شخص ثان. اقرأه في صفحة الموافقات ثم وافق أو ارفض قبل انقضاء أجله.",
            "سجل: اقتراح ينتظر قرارك في صفحة الموافقات.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Une proposition attend votre décision",
            "Un collègue propose un changement qui ne vaut qu’avec l’accord d’une seconde personne. Lisez-le sur la page des "
            "approbations, puis approuvez ou refusez avant son échéance.",
            "Sijil : une proposition attend votre décision sur la page des approbations.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A proposal waits for your decision",
            "A colleague proposes a change that counts only with a second person's approval. Read it on the page of approvals, "
            "then approve or refuse it before its time is up.",
            "Sijil: a proposal waits for your decision on the page of approvals.",
        ),
    },
    NoticeName.ACCESS_REPORT_RECEIVED: {
        Lang.AR: _text(
            Lang.AR,
            "توصلنا بتبليغك",
            "توصلنا بتبليغك عن اطلاع على معطياتك، وسجل تحت الرقم {number}. سيدرسه أحد المكلفين ويصلك الجواب في صفحتك.",
            "سجل: توصلنا بتبليغك رقم {number}. الجواب في صفحتك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Votre signalement est reçu",
            "Votre signalement d’un accès à vos données est reçu sous le numéro {number}. Il sera examiné, et la réponse sera "
            "sur votre page.",
            "Sijil : signalement enregistré, numéro {number}. La réponse sera sur votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "Your report is received",
            "Your report of an access to your data is received under number {number}. It will be looked into, and the answer "
            "will be on your page.",
            "Sijil: your report is received, number {number}. The answer will be on your page.",
        ),
    },
    NoticeName.ACCESS_REPORT_ANSWERED: {
        Lang.AR: _text(
            Lang.AR,
            "أجيب عن تبليغك",
            "أجيب عن تبليغك رقم {number} عن اطلاع على معطياتك. اقرأ الجواب في صفحتك.",
            "سجل: أجيب عن تبليغك رقم {number}. الجواب في صفحتك.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Une réponse à votre signalement",
            "Une réponse est donnée à votre signalement numéro {number} d’un accès à vos données. Lisez-la sur votre page.",
            "Sijil : une réponse est donnée à votre signalement {number}. Lisez-la sur votre page.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "An answer to your report",
            "Your report number {number} of an access to your data is answered. Read the answer on your page.",
            "Sijil: your report {number} is answered. Read the answer on your page.",
        ),
    },
    NoticeName.ASSISTED: {
        Lang.AR: _text(
            Lang.AR,
            "ملئ طلب باسمك في مركز",
            "ملئ طلب باسمك بمساعدة مركز {centre}، رقمه {number}. إن لم تكن أنت فراجع مركزا آخر.",
            "سجل: طلب باسمك رقم {number}، مركز {centre}.",
        ),
        Lang.FR: _text(
            Lang.FR,
            "Une démarche faite pour vous dans un centre",
            "Une démarche a été faite en votre nom avec l’aide de ce centre : {centre}. Son numéro est {number}. Si vous n’y "
            "étiez pas, adressez-vous à un autre centre.",
            "Sijil : démarche {number} faite en votre nom ({centre}). Si ce n'est pas vous, adressez-vous à un autre centre.",
        ),
        Lang.EN: _text(
            Lang.EN,
            "A form was filled in for you at a centre",
            "A form was filled in for you with the help of this centre: {centre}. Its number is {number}. If you were not "
            "there, go to another centre.",
            "Sijil: form {number} was filled in for you ({centre}). If it was not you, go to another centre.",
        ),
    },
}
