"""What those are told, in words, who work for the registry or for an agency. It goes to them by e-mail."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_ACCOUNTS: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.INVITATION: {
        Lang.AR: said(
            Lang.AR,
            "دعوة إلى فتح حسابك",
            "فتح لك حساب عمل. اتبع هذا الرابط لتختار كلمة السر وتضبط الرمز الثاني: {link}\n\nالرابط لك وحدك، ويصلح مرة واحدة.",
            "سجل: دعوة لحسابك: {link}",
            "سجل: فتح لك حساب عمل. رابط الدعوة في بريدك الإلكتروني.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Invitation à ouvrir votre compte",
            "Un compte de travail est ouvert pour vous. Suivez ce lien pour choisir votre mot de passe et régler votre second "
            "facteur : {link}\n\nLe lien est pour vous seul et ne sert qu’une fois.",
            "Sijil : un compte est ouvert pour vous : {link}",
            "Sijil : un compte de travail est ouvert pour vous. L'invitation est dans votre courriel.",
        ),
        Lang.EN: said(
            Lang.EN,
            "An invitation to take up your account",
            "An account for your work is there for you. Follow this link to choose your password and set up your second "
            "factor: {link}\n\nThe link is for you alone and works once.",
            "Sijil: an account is there for you: {link}",
            "Sijil: an account for your work is there for you. The invitation is in your e-mail.",
        ),
    },
    NoticeName.ACCOUNT_DISABLED: {
        Lang.AR: said(
            Lang.AR,
            "أوقف حسابك",
            "أوقف حساب عملك وانتهت جلساته كلها. إن كان في ذلك خطأ فاتصل بمسؤولك.",
            "سجل: أوقف حساب عملك. إن كان خطأ فاتصل بمسؤولك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre compte est désactivé",
            "Votre compte de travail est désactivé et toutes ses sessions sont closes. En cas d’erreur, adressez-vous à votre "
            "responsable.",
            "Sijil : votre compte de travail est désactivé. En cas d'erreur, adressez-vous à votre responsable.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your account is disabled",
            "Your account for work is disabled, and all its sessions have ended. If this is a mistake, ask whoever is in "
            "charge of you.",
            "Sijil: your account for work is disabled. If this is a mistake, ask whoever is in charge of you.",
        ),
    },
    NoticeName.PASSWORD_CHANGED: {
        Lang.AR: said(
            Lang.AR,
            "تغيرت كلمة سرك",
            "تغيرت كلمة سر حساب عملك وانتهت جلساته الأخرى. إن لم تكن أنت فاتصل بمسؤولك فورا ليوقف الحساب.",
            "سجل: تغيرت كلمة سر حساب عملك. لست أنت؟ اتصل بمسؤولك فورا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre mot de passe a changé",
            "Le mot de passe de votre compte de travail a changé, et ses autres sessions sont closes. Si ce n’est pas vous, "
            "adressez-vous tout de suite à votre responsable, pour que le compte soit désactivé.",
            "Sijil : le mot de passe de votre compte a changé. Pas vous ? Adressez-vous tout de suite à votre responsable.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your password has changed",
            "The password of your account for work has changed, and its other sessions have ended. If it was not you, ask "
            "whoever is in charge of you at once to have the account disabled.",
            "Sijil: the password of your account has changed. If it was not you, tell whoever is in charge of you at once.",
        ),
    },
    NoticeName.RECOVERY_CODES_RENEWED: {
        Lang.AR: said(
            Lang.AR,
            "رموز استرجاع جديدة",
            "أعطيت رموز استرجاع جديدة لحساب عملك، ولم تعد الرموز السابقة صالحة. إن لم تكن أنت فاتصل بمسؤولك فورا ليوقف الحساب.",
            "سجل: رموز استرجاع جديدة لحسابك. لست أنت؟ اتصل بمسؤولك فورا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "De nouveaux codes de secours",
            "De nouveaux codes de secours ont été donnés pour votre compte de travail ; les anciens ne valent plus. Si ce "
            "n’est pas vous, adressez-vous tout de suite à votre responsable, pour que le compte soit désactivé.",
            "Sijil : nouveaux codes de secours pour votre compte. Pas vous ? Adressez-vous tout de suite à votre responsable.",
        ),
        Lang.EN: said(
            Lang.EN,
            "New recovery codes",
            "New recovery codes were given for your account for work; the older ones are of no use any more. If it was not "
            "you, ask whoever is in charge of you at once to have the account disabled.",
            "Sijil: new recovery codes for your account. If it was not you, tell whoever is in charge of you at once.",
        ),
    },
    NoticeName.SECOND_FACTOR_SET: {
        Lang.AR: said(
            Lang.AR,
            "ضبط حساب عملك",
            "اختيرت كلمة سر لحساب عملك وضبط رمزه الثاني، برابط الدعوة. إن لم تكن أنت فاتصل بمسؤولك فورا ليوقف الحساب.",
            "سجل: ضبط حساب عملك برابط الدعوة. لست أنت؟ اتصل بمسؤولك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre compte est en place",
            "Un mot de passe et un second facteur ont été choisis pour votre compte de travail, avec le lien de l’invitation. "
            "Si ce n’est pas vous, adressez-vous tout de suite à votre responsable, pour que le compte soit désactivé.",
            "Sijil : mot de passe et second facteur de votre compte sont choisis. Pas vous ? Alertez tout de suite votre "
            "responsable.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your account is set up",
            "A password and a second factor were chosen for your account for work, with the link of the invitation. If it was "
            "not you, ask whoever is in charge of you at once to have the account disabled.",
            "Sijil: password and second factor of your account are set. If it was not you, tell whoever is in charge of you "
            "at once.",
        ),
    },
    NoticeName.ROLE_GRANTED: {
        Lang.AR: said(
            Lang.AR,
            "مهمة جديدة لحسابك",
            "أعطي حساب عملك مهمة جديدة، بموافقة شخصين. تجدها في صفحة حسابك. إن كان في ذلك خطأ فاتصل بمسؤولك.",
            "سجل: أعطي حسابك مهمة جديدة. تجدها في صفحة حسابك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un nouveau rôle pour votre compte",
            "Un nouveau rôle est donné à votre compte de travail, avec l’accord de deux personnes. Il est sur la page de "
            "votre compte. En cas d’erreur, adressez-vous à votre responsable.",
            "Sijil : votre compte de travail a de nouveaux droits. Voyez la page de votre compte.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A new role for your account",
            "Your account for work was given a new role, by two people. It is on the page of your account. If this is a "
            "mistake, ask whoever is in charge of you.",
            "Sijil: your account was given a new role. See the page of your account.",
        ),
    },
    NoticeName.ROLE_TAKEN: {
        Lang.AR: said(
            Lang.AR,
            "سحبت مهمة من حسابك",
            "سحبت من حساب عملك إحدى مهامه. ما بقي منها في صفحة حسابك. إن كان في ذلك خطأ فاتصل بمسؤولك.",
            "سجل: سحبت من حسابك مهمة. ما بقي في صفحة حسابك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un rôle de votre compte est retiré",
            "Un rôle est retiré à votre compte de travail. Ceux qui restent sont sur la page de votre compte. En cas d’erreur, "
            "adressez-vous à votre responsable.",
            "Sijil : votre compte de travail a moins de droits. Voyez la page de votre compte.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A role of your account was taken",
            "A role was taken from your account for work. Those that are left are on the page of your account. If this is a "
            "mistake, ask whoever is in charge of you.",
            "Sijil: a role was taken from your account. See the page of your account.",
        ),
    },
    NoticeName.PROPOSAL_WAITING: {
        Lang.AR: said(
            Lang.AR,
            "اقتراح ينتظر قرارك",
            "اقترح زميل تغييرا لا يسري إلا بموافقة شخص ثان. اقرأه في صفحة الموافقات ثم وافق أو ارفض قبل انقضاء أجله.",
            "سجل: اقتراح ينتظر قرارك في صفحة الموافقات.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une proposition attend votre décision",
            "Un collègue propose un changement qui ne vaut qu’avec l’accord d’une seconde personne. Lisez-le sur la page des "
            "approbations, puis approuvez ou refusez avant son échéance.",
            "Sijil : une proposition attend votre décision sur la page des approbations.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A proposal waits for your decision",
            "A colleague proposes a change that counts only with a second person's approval. Read it on the page of approvals, "
            "then approve or refuse it before its time is up.",
            "Sijil: a proposal waits for your decision on the page of approvals.",
        ),
    },
}
