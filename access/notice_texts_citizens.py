"""What citizens are told, in words; and of a new sign-in, which whoever has an account is told of as well."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_CITIZENS: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.ONE_TIME_CODE: {
        Lang.AR: said(
            Lang.AR,
            "رمزك للاستعمال مرة واحدة",
            "رمزك هو {code}. يصلح لمدة {minutes}، ولمرة واحدة. لا تعطه لأحد.\n\nإن لم تطلبه فلا تفعل شيئا: لا يدخل أحد دونه.",
            "رمزك في سجل: {code}. يصلح {minutes}. لا تعطه لأحد.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre code à usage unique",
            "Votre code est {code}. Il vaut {minutes}, pour une seule fois. Ne le donnez à personne.\n\n"
            "Si vous ne l’avez pas demandé, ne faites rien : sans lui, personne n’entre.",
            "Sijil : votre code est {code}. Il vaut {minutes}. Ne le donnez à personne.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your one-time code",
            "Your code is {code}. It is good for {minutes}, and once only. Give it to nobody.\n\n"
            "If you did not ask for it, do nothing: nobody gets in without it.",
            "Sijil: your code is {code}. It is good for {minutes}. Give it to nobody.",
        ),
    },
    NoticeName.ASSIST_CODE: {
        Lang.AR: said(
            Lang.AR,
            "رمزك لمن يساعدك في المركز",
            "رمزك هو {code}. أعطه لمن يساعدك أمامك في هذا المركز وحده: {centre}. يصلح لمدة {minutes}، ولطلب واحد.\n\n"
            "إن لم تكن هناك فلا تعطه لأحد: لا يملأ أحد شيئا باسمك دونه.",
            "رمزك {code} لمن يساعدك أمامك في {centre}. يصلح {minutes}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre code pour la personne qui vous aide",
            "Votre code est {code}. Donnez-le seulement à la personne qui vous aide, devant vous, dans ce centre : {centre}. "
            "Il vaut {minutes}, pour une seule démarche.\n\n"
            "Si vous n’y êtes pas, ne le donnez à personne : sans lui, rien n’est fait en votre nom.",
            "Sijil : code {code} pour la personne qui vous aide ici : {centre}. Il vaut {minutes}. Ailleurs, ne le donnez pas.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your code for who helps you at the centre",
            "Your code is {code}. Give it only to who helps you, before you, at this centre: {centre}. "
            "It is good for {minutes}, for one form.\n\n"
            "If you are not there, give it to nobody: nothing is done in your name without it.",
            "Sijil: code {code} for who helps you here: {centre}. It is good for {minutes}. Elsewhere, give it to nobody.",
        ),
    },
    NoticeName.NEW_SIGN_IN: {
        Lang.AR: said(
            Lang.AR,
            "دخول جديد إلى حسابك",
            "دخل أحدهم إلى حسابك من جهاز لم نره من قبل. إن لم تكن أنت، فأنه كل الجلسات من صفحتك، أو راجع أحد المراكز.",
            "سجل: دخول جديد إلى حسابك. إن لم تكن أنت فراجع أحد المراكز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Nouvelle connexion à votre compte",
            "Une connexion à votre compte a eu lieu depuis un appareil inconnu jusqu’ici. Si ce n’était pas vous, fermez "
            "toutes les sessions depuis votre page, ou adressez-vous à un centre.",
            "Sijil : nouvelle connexion à votre compte. Pas vous ? Fermez vos sessions ou adressez-vous à un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A new sign-in to your account",
            "Somebody signed in to your account from a device not seen before. If it was not you, end all sessions on your "
            "page, or go to a centre.",
            "Sijil: a new sign-in to your account. If it was not you, end all sessions on your page or go to a centre.",
        ),
    },
    NoticeName.SIGN_IN_TRIED: {
        Lang.AR: said(
            Lang.AR,
            "محاولات للدخول باسمك",
            "حاول أحدهم مرارا أن يدخل برقمك ولم ينجح. لحمايتك صارت رموزك أطول، من عشرة أرقام، على الأجهزة التي لم تدخل منها "
            "من قبل.\n\n"
            "لا يلزمك أن تفعل شيئا. لا تعط رمزا لأحد.",
            "سجل: حاول أحدهم الدخول برقمك ولم ينجح. صارت رموزك أطول لحمايتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Des tentatives de connexion à votre nom",
            "Quelqu’un a essayé plusieurs fois de se connecter avec votre identifiant, sans y parvenir. Pour vous protéger, "
            "vos codes sont plus longs, de dix chiffres, sur les appareils d’où vous ne vous êtes pas encore connecté.\n\n"
            "Vous n’avez rien à faire. Ne donnez de code à personne.",
            "Sijil : on a essayé en vain de se connecter avec votre identifiant. Vos codes sont plus longs. Ne les donnez à "
            "personne.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Somebody tried to sign in as you",
            "Somebody tried several times to sign in with your number, and did not succeed. To protect you, your codes are "
            "longer, of ten digits, on devices that you have not signed in on before.\n\n"
            "There is nothing you have to do. Give no code to anybody.",
            "Sijil: somebody tried in vain to sign in with your number. Your codes are longer now. Give them to nobody.",
        ),
    },
    NoticeName.CONSENT_ASKED: {
        Lang.AR: said(
            Lang.AR,
            "طلب موافقة",
            "تطلب منك هذه الجهة موافقتك على الاطلاع على بعض معطياتك: {agency}.\n\nاقرأ ما تطلبه ثم وافق أو ارفض: {link}\n\n"
            "لا شيء يعطى قبل موافقتك.",
            "طلب موافقة من {agency}: {link}",
            "سجل: طلب موافقة من {agency}. ادخل صفحتك للجواب.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une demande de consentement",
            "Cet organisme vous demande l’accès à certaines de vos données : {agency}.\n\n"
            "Lisez ce qu’il demande, puis acceptez ou refusez : {link}\n\nRien n’est communiqué avant votre accord.",
            "Sijil : {agency} demande votre consentement. Répondez ici : {link}",
            "Sijil : {agency} demande votre consentement. Répondez depuis votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A request for your consent",
            "This body asks for access to some of your data: {agency}.\n\n"
            "Read what it asks for, then accept or decline: {link}\n\nNothing is given before you agree.",
            "Sijil: {agency} asks for your consent. Answer here: {link}",
            "Sijil: {agency} asks for your consent. Answer it on your page.",
        ),
    },
    NoticeName.CONSENT_GIVEN: {
        Lang.AR: said(
            Lang.AR,
            "سجلت موافقتك",
            "سجلت موافقتك تحت الرقم {receipt}. يمكنك سحبها متى شئت من صفحتك أو في أحد المراكز.",
            "سجل: سجلت موافقتك رقم {receipt}. يمكنك سحبها متى شئت.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre consentement est enregistré",
            "Votre consentement est enregistré sous le numéro {receipt}. Vous pouvez le retirer à tout moment depuis votre "
            "page ou dans un centre.",
            "Sijil : consentement enregistré, numéro {receipt}. Vous pouvez le retirer à tout moment depuis votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your consent is recorded",
            "Your consent is recorded under number {receipt}. You can withdraw it at any time on your page or at a centre.",
            "Sijil: your consent is recorded, number {receipt}. You can withdraw it at any time on your page.",
        ),
    },
    NoticeName.CONSENT_WITHDRAWN: {
        Lang.AR: said(
            Lang.AR,
            "سحبت موافقة",
            "سحبت إحدى موافقاتك، ولم يعد يعطى شيء بمقتضاها. التفاصيل في صفحتك.",
            "سجل: سحبت إحدى موافقاتك ولم تعد سارية. التفاصيل في صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un consentement est retiré",
            "Un de vos consentements est retiré : plus rien n’est communiqué sur cette base. Le détail est sur votre page.",
            "Sijil : un de vos consentements est retiré et ne vaut plus. Le détail est sur votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A consent is withdrawn",
            "One of your consents is withdrawn: nothing more is given on its ground. The details are on your page.",
            "Sijil: one of your consents is withdrawn and no longer counts. The details are on your page.",
        ),
    },
    NoticeName.CONSENT_ENDED: {
        Lang.AR: said(
            Lang.AR,
            "انتهت موافقة",
            "انتهت إحدى موافقاتك ببلوغ أجلها، ولم يعد يعطى شيء بمقتضاها. التفاصيل في صفحتك.",
            "سجل: انتهت إحدى موافقاتك. التفاصيل في صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Un consentement a pris fin",
            "Un de vos consentements est arrivé à son terme : plus rien n’est communiqué sur cette base. Le détail est sur "
            "votre page.",
            "Sijil : un de vos consentements a pris fin. Le détail est sur votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A consent has ended",
            "One of your consents has come to its end: nothing more is given on its ground. The details are on your page.",
            "Sijil: one of your consents has ended. The details are on your page.",
        ),
    },
    NoticeName.TELEPHONE_CHANGE_BEGUN: {
        Lang.AR: said(
            Lang.AR,
            "تغيير هاتفك المسجل",
            "طلب تغيير رقم هاتفك المسجل. يسري التغيير في {takes_effect}.\n\n"
            "إن لم تكن أنت من طلبه فأوقفه قبل ذلك من هذه الصفحة: {link} أو في أي مركز.",
            "يتغير هاتفك المسجل في {takes_effect}. لإيقافه: {link}",
            "يتغير هاتفك في {takes_effect}. لإيقافه: صفحتك أو أي مركز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Changement de votre téléphone",
            "Le changement de votre numéro de téléphone a été demandé. Il prend effet le {takes_effect}.\n\n"
            "Si ce n’est pas vous, arrêtez-le avant cette date sur cette page : {link} ou dans un centre.",
            "Sijil : votre numéro change le {takes_effect}. Pas vous ? Stoppez-le : {link} ou dans un centre.",
            "Sijil : votre numéro change le {takes_effect}. Pas vous ? Stoppez-le depuis votre page ou dans un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your telephone number is to change",
            "A change of your telephone number was asked for. It takes effect on {takes_effect}.\n\n"
            "If it was not you, stop it before then on this page: {link} or at any centre.",
            "Sijil: your number changes on {takes_effect}. Not you? Stop it: {link} or at any centre.",
            "Sijil: your number changes on {takes_effect}. Not you? Stop it on your page or at any centre.",
        ),
    },
    NoticeName.TELEPHONE_CHANGE_FIRM: {
        Lang.AR: said(
            Lang.AR,
            "تغيير هاتفك المسجل",
            "طلب تغيير رقم هاتفك المسجل مرة أخرى في مركز، بعد أن أوقف من قبل. يسري التغيير في {takes_effect}.\n\n"
            "إن لم تكن أنت من طلبه فراجع أي مركز قبل ذلك: لا يوقفه الآن إلا مركز.",
            "يتغير هاتفك في {takes_effect}. لا يوقفه إلا مركز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Changement de votre téléphone",
            "Le changement de votre numéro de téléphone, arrêté une première fois, a été demandé de nouveau dans un centre. "
            "Il prend effet le {takes_effect}.\n\n"
            "Si ce n’est pas vous, allez dans un centre avant cette date : lui seul peut l’arrêter.",
            "Sijil : votre numéro change le {takes_effect}. Pas vous ? Seul un centre peut le stopper : allez-y avant.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your telephone number is to change",
            "The change of your telephone number, which was stopped before, was asked for again at a centre. It takes effect "
            "on {takes_effect}.\n\n"
            "If it was not you, go to a centre before then: only a centre can stop it.",
            "Sijil: your number changes on {takes_effect}. Not you? Only a centre can stop it: go there before then.",
        ),
    },
    NoticeName.TELEPHONE_CHANGE_STOPPED: {
        Lang.AR: said(
            Lang.AR,
            "أوقف تغيير هاتفك",
            "أوقف تغيير رقم هاتفك المسجل، وبقي الرقم كما كان.\n\n"
            "إن لم تكن أنت من أوقفه فراجع مركزا. إن سجل التغيير موظف آخر خلال ثلاثين يوما، فلا يوقفه بعد ذلك إلا مركز.",
            "سجل: أوقف تغيير هاتفك. لست أنت من أوقفه؟ راجع أحد المراكز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Le changement de votre téléphone est arrêté",
            "Le changement de votre numéro de téléphone est arrêté : le numéro reste comme il était.\n\n"
            "Si ce n’est pas vous qui l’avez arrêté, allez dans un centre. Si un autre agent l’enregistre dans les trente "
            "jours, seul un centre peut encore l’arrêter.",
            "Sijil : le changement de votre numéro est stoppé. Si ce n'est pas par vous, allez dans un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The change of your telephone is stopped",
            "The change of your telephone number is stopped: the number stays as it was.\n\n"
            "If it was not you who stopped it, go to a centre. If another agent registers it within thirty days, only a "
            "centre can stop it then.",
            "Sijil: the change of your number is stopped. If it was not you who stopped it, go to a centre.",
        ),
    },
    NoticeName.TELEPHONE_CHANGED: {
        Lang.AR: said(
            Lang.AR,
            "تغير هاتفك المسجل",
            "تغير رقم هاتفك المسجل. إن لم تكن أنت من طلب ذلك فراجع أحد المراكز في أقرب وقت.",
            "سجل: تغير هاتفك المسجل. لست أنت؟ راجع أحد المراكز فورا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre téléphone a changé",
            "Votre numéro de téléphone enregistré a changé. Si ce n’est pas vous, adressez-vous à un centre au plus vite.",
            "Sijil : votre numéro enregistré a changé. Si ce n'est pas vous, adressez-vous à un centre au plus vite.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your telephone number has changed",
            "Your registered telephone number has changed. If it was not you, go to a centre as soon as you can.",
            "Sijil: your registered number has changed. If it was not you, go to a centre as soon as you can.",
        ),
    },
    NoticeName.WITNESS_ASKED: {
        Lang.AR: said(
            Lang.AR,
            "طلب شهادة",
            "يطلب منك شخص تعرفه أن تشهد أن رقم هاتفه الجديد له. ادخل صفحتك لتقرأ الطلب، ولا تشهد إلا إن تأكدت بنفسك.",
            "سجل: يطلب منك شخص تعرفه الشهادة على رقمه الجديد. ادخل صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "On vous demande de témoigner",
            "Une personne que vous connaissez vous demande d’attester que son nouveau numéro est le sien. Lisez la demande sur "
            "votre page, et n’attestez que ce dont vous êtes sûr.",
            "Sijil : une personne que vous connaissez vous demande d'attester son nouveau numéro : voyez votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "You are asked to be a witness",
            "Somebody you know asks you to attest that their new telephone number is theirs. Read the request on your page, "
            "and attest only to what you are sure of.",
            "Sijil: somebody you know asks you to attest their new number. Read the request on your page.",
        ),
    },
    NoticeName.ACCESS_REPORT_RECEIVED: {
        Lang.AR: said(
            Lang.AR,
            "توصلنا بتبليغك",
            "توصلنا بتبليغك عن اطلاع على معطياتك، وسجل تحت الرقم {number}. سيدرسه أحد المكلفين ويصلك الجواب في صفحتك.",
            "سجل: توصلنا بتبليغك رقم {number}. الجواب في صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre signalement est reçu",
            "Votre signalement d’un accès à vos données est reçu sous le numéro {number}. Il sera examiné, et la réponse sera "
            "sur votre page.",
            "Sijil : signalement enregistré, numéro {number}. La réponse sera sur votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your report is received",
            "Your report of an access to your data is received under number {number}. It will be looked into, and the answer "
            "will be on your page.",
            "Sijil: your report is received, number {number}. The answer will be on your page.",
        ),
    },
    NoticeName.ACCESS_REPORT_ANSWERED: {
        Lang.AR: said(
            Lang.AR,
            "أجيب عن تبليغك",
            "أجيب عن تبليغك رقم {number} عن اطلاع على معطياتك. اقرأ الجواب في صفحتك.",
            "سجل: أجيب عن تبليغك رقم {number}. الجواب في صفحتك.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une réponse à votre signalement",
            "Une réponse est donnée à votre signalement numéro {number} d’un accès à vos données. Lisez-la sur votre page.",
            "Sijil : une réponse est donnée à votre signalement {number}. Lisez-la sur votre page.",
        ),
        Lang.EN: said(
            Lang.EN,
            "An answer to your report",
            "Your report number {number} of an access to your data is answered. Read the answer on your page.",
            "Sijil: your report {number} is answered. Read the answer on your page.",
        ),
    },
    NoticeName.ASSISTED: {
        Lang.AR: said(
            Lang.AR,
            "ملئ طلب باسمك في مركز",
            "ملئ طلب باسمك بمساعدة مركز {centre}، رقمه {number}. إن لم تكن أنت فراجع مركزا آخر.",
            "سجل: طلب باسمك رقم {number}، مركز {centre}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une démarche faite pour vous dans un centre",
            "Une démarche a été faite en votre nom avec l’aide de ce centre : {centre}. Son numéro est {number}. Si vous n’y "
            "étiez pas, adressez-vous à un autre centre.",
            "Sijil : démarche {number} faite en votre nom ({centre}). Si ce n'est pas vous, adressez-vous à un autre centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A form was filled in for you at a centre",
            "A form was filled in for you with the help of this centre: {centre}. Its number is {number}. If you were not "
            "there, go to another centre.",
            "Sijil: form {number} was filled in for you ({centre}). If it was not you, go to another centre.",
        ),
    },
}
