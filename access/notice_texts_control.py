"""What people are told of whom an identity is open to, their own or that of whom they represent: locks, virtual numbers."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_CONTROL: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.IDENTITY_LOCKED: {
        Lang.AR: said(
            Lang.AR,
            "أقفلت هوية",
            "أقفلت هويتك، أو هوية من أنت نائبه الشرعي: لا يجاب عنها حيث أقفلت. لك أن تفتحها متى شئت من صفحتك. إن كان ذلك خطأ "
            "فافتحها، وأنه كل الجلسات، أو راجع أحد المراكز.",
            "سجل: أقفلت هوية لك أو لمن تنوب عنه. خطأ؟ ادخل صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une identité est verrouillée",
            "Votre identité, ou celle de qui vous représentez, est verrouillée : là où elle l’est, on ne répond plus à son "
            "sujet. Elle se rouvre à tout moment depuis votre page. Si c’est une erreur, rouvrez-la et fermez toutes les "
            "sessions, ou adressez-vous à un centre.",
            "Sijil : votre identité, ou celle de qui vous représentez, est verrouillée. Une erreur ? Voyez votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "An identity is locked",
            "Your identity, or that of whom you represent, is locked: where it is, nothing is answered about it. It can be "
            "opened again on your page at any time. If this is a mistake, open it and end all sessions, or go to a centre.",
            "Sijil: an identity (yours, or of whom you represent) is locked. If this is a mistake, go to your page.",
        ),
    },
    NoticeName.IDENTITY_UNLOCKED: {
        Lang.AR: said(
            Lang.AR,
            "فتح قفل هوية",
            "فتح قفل هويتك، أو هوية من أنت نائبه الشرعي. إن كان ذلك خطأ فأقفلها من صفحتك، وأنه كل الجلسات، أو راجع أحد "
            "المراكز.",
            "سجل: فتح قفل هوية لك أو لمن تنوب عنه. خطأ؟ ادخل صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une identité est déverrouillée",
            "Votre identité, ou celle de qui vous représentez, est déverrouillée. Si c’est une erreur, verrouillez-la depuis "
            "votre page et fermez toutes les sessions, ou adressez-vous à un centre.",
            "Sijil : votre identité, ou celle de qui vous représentez, est déverrouillée. Une erreur ? Voyez votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "An identity is open again",
            "Your identity, or that of whom you represent, is unlocked. If this is a mistake, lock it on your page and end all "
            "sessions, or go to a centre.",
            "Sijil: an identity (yours, or of whom you represent) is unlocked. If this is a mistake, go to your page.",
        ),
    },
    NoticeName.VIRTUAL_ID_ISSUED: {
        Lang.AR: said(
            Lang.AR,
            "رقم افتراضي جديد",
            "صار لك، أو لمن أنت نائبه الشرعي، رقم افتراضي جديد ينوب عن المعرف. إن كان ذلك خطأ فألغه من الصفحة، وأنه كل "
            "الجلسات، أو راجع أحد المراكز.",
            "سجل: رقم افتراضي جديد لك أو لمن تنوب عنه. خطأ؟ ادخل صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un nouveau numéro virtuel",
            "Vous, ou la personne que vous représentez, avez un nouveau numéro virtuel, qui remplace l’identifiant. Si c’est "
            "une erreur, révoquez-le sur la page et fermez toutes les sessions, ou adressez-vous à un centre.",
            "Sijil : un nouveau numéro virtuel, à vous ou à qui vous représentez. Une erreur ? Voyez votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A new virtual number",
            "You, or somebody whom you represent, have a new virtual number, which stands for the identifier. If this is a "
            "mistake, revoke it on the page and end all sessions, or go to a centre.",
            "Sijil: a new virtual number (yours, or of whom you represent). If this is a mistake, go to your page.",
        ),
    },
    NoticeName.VIRTUAL_ID_REVOKED: {
        Lang.AR: said(
            Lang.AR,
            "ألغي رقم افتراضي",
            "ألغي رقم افتراضي لك، أو لمن أنت نائبه الشرعي: لم يعد يدل على أحد. إن كان ذلك خطأ فأنه كل الجلسات من صفحتك، أو "
            "راجع أحد المراكز.",
            "سجل: ألغي رقم افتراضي لك أو لمن تنوب عنه. خطأ؟ راجع مركزا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un numéro virtuel est révoqué",
            "Un numéro virtuel, à vous ou à qui vous représentez, est révoqué : il ne mène plus à personne. Si c’est une "
            "erreur, fermez toutes les sessions sur votre page, ou adressez-vous à un centre.",
            "Sijil : un numéro virtuel, à vous ou à qui vous représentez, est révoqué. Une erreur ? Allez à un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A virtual number is revoked",
            "A virtual number, yours or of whom you represent, is revoked: it leads to nobody any more. If this is a mistake, "
            "end all sessions on your page, or go to a centre.",
            "Sijil: a virtual number (yours, or of whom you represent) is revoked. If this is a mistake, go to a centre.",
        ),
    },
}
