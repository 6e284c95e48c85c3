"""What people are told of their way into the register: of requests to be enrolled, and of testimonies."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_REGISTER: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.ENROLMENT_RECEIVED: {
        Lang.AR: said(
            Lang.AR,
            "توصلنا بطلب التقييد",
            "توصلنا بطلب التقييد في السجل الوطني للسكان. رقم الوصل هو {number}: احتفظ به، فبه تتبع طلبك.",
            "سجل: توصلنا بطلب التقييد. رقم الوصل {number}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre demande d’inscription est reçue",
            "La demande d’inscription au registre de la population est reçue. Le numéro du récépissé est {number} : "
            "gardez-le, il permet de suivre la demande.",
            "Sijil : la demande d'inscription est enregistrée. Récépissé {number}, à garder.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your request to be registered is received",
            "The request to be entered in the population register is received. The number of the receipt is {number}: "
            "keep it, you follow the request by it.",
            "Sijil: the request to be registered is received. Receipt {number}: keep it.",
        ),
    },
    NoticeName.ENROLMENT_ACCEPTED: {
        Lang.AR: said(
            Lang.AR,
            "قبل طلب التقييد",
            "قبل طلب التقييد رقم {number}. المعرف المدني والاجتماعي الرقمي هو {idcs}، وهو لصاحبه مدى الحياة. لا تعطه إلا "
            "لمن يحق له أن يطلبه.",
            "سجل: قبل الطلب {number}. المعرف {idcs}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "L’inscription est faite",
            "La demande {number} est acceptée. L’identifiant civil et social (IDCS) est {idcs} : il est attribué pour la "
            "vie. Ne le donnez qu’à qui a le droit de le demander.",
            "Sijil : la demande {number} est acceptée. L'identifiant (IDCS) est {idcs}, pour la vie.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The registration is done",
            "Request {number} is accepted. The civil and social identifier (IDCS) is {idcs}: it is given for life. Tell "
            "it only to those who have the right to ask for it.",
            "Sijil: request {number} is accepted. The identifier (IDCS) is {idcs}, for life.",
        ),
    },
    NoticeName.ENROLMENT_REJECTED: {
        Lang.AR: said(
            Lang.AR,
            "لم يقبل طلب التقييد",
            "لم يقبل طلب التقييد رقم {number}. تجد السبب برقم الوصل في صفحة الطلب أو في أي مركز، ولك أن تقدم طلبا جديدا.",
            "سجل: لم يقبل الطلب {number}. السبب في أي مركز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "La demande d’inscription n’est pas acceptée",
            "La demande d’inscription {number} n’est pas acceptée. Le motif se lit avec le numéro du récépissé sur la "
            "page de la demande ou dans un centre ; une nouvelle demande peut être faite.",
            "Sijil : la demande {number} n'est pas acceptée. Le motif se lit avec ce numéro, sur la page ou dans un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The request to be registered is not accepted",
            "Request {number} to be registered is not accepted. The reason is read by the number of the receipt, on the "
            "page of the request or at a centre; a new request can be made.",
            "Sijil: request {number} is not accepted. The reason is read by this number, on the page or at a centre.",
        ),
    },
    NoticeName.REGISTERED: {
        Lang.AR: said(
            Lang.AR,
            "أنت مقيد في السجل",
            "قيدت، أو قيد من أنت نائبه الشرعي، في السجل الوطني للسكان. المعرف المدني والاجتماعي الرقمي هو {idcs}، وهو لصاحبه "
            "مدى الحياة. لا تعطه إلا لمن يحق له أن يطلبه. إن كان ذلك خطأ فراجع أي مركز.",
            "سجل: تم التقييد. المعرف {idcs}. خطأ؟ راجع مركزا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "L’inscription est faite",
            "Vous, ou la personne que vous représentez, êtes au registre de la population. L’identifiant civil et social "
            "(IDCS) est {idcs} : il est attribué pour la vie. Ne le donnez qu’à qui a le droit de le demander. Une erreur ? "
            "Adressez-vous à un centre.",
            "Sijil : l'inscription est faite. L'identifiant (IDCS) est {idcs}, pour la vie. Une erreur ? Voyez un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The registration is done",
            "You, or somebody whom you represent, are in the population register. The civil and social identifier (IDCS) is "
            "{idcs}: it is given for life. Tell it only to those who have the right to ask for it. If this is a mistake, go to "
            "a centre.",
            "Sijil: the registration is done. The identifier (IDCS) is {idcs}, for life. A mistake? Go to a centre.",
        ),
    },
    NoticeName.TESTIMONY_CODE: {
        Lang.AR: said(
            Lang.AR,
            "رمزك لتشهد",
            "رمزك هو {code}. أعطه فقط إن كنت الآن في هذا المركز: {centre}، لتشهد لشخص تعرفه يطلب تقييده. يصلح لمدة "
            "{minutes}.\n\nإن لم تكن هناك فلا تعطه لأحد: لا تؤخذ شهادة باسمك دونه.",
            "رمزك {code} لتشهد لشخص يقيد في {centre}. يصلح {minutes}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre code pour témoigner",
            "Votre code est {code}. Donnez-le seulement si vous témoignez, dans ce centre ({centre}), pour une personne "
            "que vous connaissez et qui s’inscrit. Il vaut {minutes}.\n\nSi vous n’y êtes pas, ne le donnez à personne : "
            "sans lui, aucun témoignage n’est pris en votre nom.",
            "Sijil : code {code} pour témoigner ici : {centre}. Il vaut {minutes}. Ailleurs, ne le donnez pas.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your code to give testimony",
            "Your code is {code}. Give it only if you are at this centre ({centre}) and vouch for somebody you know who "
            "is to be registered. It is good for {minutes}.\n\nIf you are not there, give it to nobody: no testimony is "
            "taken in your name without it.",
            "Sijil: code {code} to give testimony here: {centre}. It is good for {minutes}. Elsewhere, give it to nobody.",
        ),
    },
    NoticeName.TESTIMONY_GIVEN: {
        Lang.AR: said(
            Lang.AR,
            "سجلت شهادتك",
            "سجلت شهادتك في هذا المركز: {centre}، لشخص يطلب تقييده. إن لم تكن أنت فراجع أحد المراكز في أقرب وقت.",
            "سجل: سجلت شهادتك في {centre}. لست أنت؟ راجع مركزا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Votre témoignage est enregistré",
            "Votre témoignage pour une personne qui s’inscrit est enregistré dans ce centre : {centre}. Si ce n’est pas "
            "vous, adressez-vous à un centre au plus vite.",
            "Sijil : votre témoignage est enregistré ({centre}). Si ce n'est pas vous, adressez-vous à un centre au plus vite.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Your testimony is taken down",
            "Your testimony for somebody who is to be registered is taken down at this centre: {centre}. If it was not "
            "you, go to a centre as soon as you can.",
            "Sijil: your testimony is taken down ({centre}). If it was not you, go to a centre as soon as you can.",
        ),
    },
    NoticeName.RECORDS_MERGED: {
        Lang.AR: said(
            Lang.AR,
            "جمع قيدان في قيد واحد",
            "كان لك، أو لمن أنت نائبه الشرعي، قيدان في السجل الوطني للسكان، فصارا قيدا واحدا. يبقى المعرف الذي ينتهي بالرقم "
            "{number}، والمعرف الآخر يؤدي إليه. إن لم يكن القيدان لشخص واحد، فأخبر أي مركز.",
            "سجل: جمع قيدان في واحد، معرفه ينتهي ب {number}.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Deux inscriptions n’en font plus qu’une",
            "Deux inscriptions, les vôtres ou celles de qui vous représentez, n’en font plus qu’une. L’identifiant qui finit "
            "par {number} reste, l’autre y mène. Si ce n’était pas la même personne, dites-le dans un centre.",
            "Sijil : deux inscriptions n'en font plus qu'une, IDCS finissant par {number}. Une erreur ? Voyez un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Two records have become one",
            "Two records, yours or of whom you represent, have become one. The identifier that ends in {number} stays, the "
            "other one leads to it. If they were not of one person, tell any centre.",
            "Sijil: two records have become one, IDCS ending in {number}. A mistake? Tell any centre.",
        ),
    },
    NoticeName.MERGE_UNDONE: {
        Lang.AR: said(
            Lang.AR,
            "فصل قيدان كانا قد جمعا",
            "فصل القيدان اللذان كانا قد جمعا في السجل الوطني للسكان، ولكل منهما معرفه كما كان.",
            "سجل: فصل القيدان اللذان كانا قد جمعا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Deux inscriptions sont de nouveau séparées",
            "Les deux inscriptions qui n’en faisaient plus qu’une sont de nouveau séparées, chacune avec son identifiant.",
            "Sijil : les deux inscriptions réunies sont de nouveau séparées.",
        ),
        Lang.EN: said(
            Lang.EN,
            "Two records are apart again",
            "The two records that had become one are apart again, each with its identifier as before.",
            "Sijil: the two records that had become one are apart again.",
        ),
    },
}
