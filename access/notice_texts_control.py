"""What people are told of whom their identity is open to: of the holder's locks."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_CONTROL: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.IDENTITY_LOCKED: {
        Lang.AR: said(
            Lang.AR,
            "أقفلت هويتك",
            "أقفلت هويتك من صفحتك: لا يجاب عنك حيث أقفلتها. لك أن تفتحها متى شئت من صفحتك. إن لم تكن أنت فافتحها، وأنه كل "
            "الجلسات، أو راجع أحد المراكز.",
            "سجل: أقفلت هويتك. إن لم تكن أنت فادخل صفحتك أو راجع أحد المراكز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre identité est verrouillée",
            "Votre identité a été verrouillée depuis votre page : là où elle l’est, on ne répond plus à votre sujet. Vous "
            "pouvez la rouvrir à tout moment. Si ce n’était pas vous, rouvrez-la et "
            "fermez toutes les sessions, ou adressez-vous à un "
            "centre.",
            "Sijil : votre identité est verrouillée. Pas vous ? Allez sur votre page ou adressez-vous à un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your identity is locked",
            "Your identity was locked on your page: where it is, nothing is answered about you. You can open it again at any "
            "time. If it was not you, open it and end all sessions, or go to a centre.",
            "Sijil: your identity is locked. If it was not you, go to your page or to a centre.",
        ),
    },
    NoticeName.IDENTITY_UNLOCKED: {
        Lang.AR: said(
            Lang.AR,
            "فتحت هويتك",
            "فتح قفل هويتك من صفحتك. إن لم تكن أنت فأقفلها، وأنه كل الجلسات، أو راجع أحد المراكز.",
            "سجل: فتح قفل هويتك. إن لم تكن أنت فادخل صفحتك أو راجع أحد المراكز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre identité est déverrouillée",
            "Votre identité a été déverrouillée depuis votre page. Si ce n’était pas vous, verrouillez-la et fermez toutes les "
            "sessions, ou adressez-vous à un centre.",
            "Sijil : votre identité est déverrouillée. Pas vous ? Allez sur votre page ou adressez-vous à un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your identity is open again",
            "Your identity was unlocked on your page. If it was not you, lock it and end all sessions, or go to a centre.",
            "Sijil: your identity is unlocked. If it was not you, go to your page or to a centre.",
        ),
    },
}
