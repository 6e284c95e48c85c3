"""What people are told of their record: of its status, and of what they, or others for them, asked to have changed."""

from collections.abc import Mapping

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text, said

OF_RECORD: Mapping[NoticeName, Mapping[Lang, Text]] = {
    NoticeName.PERSON_SUSPENDED: {
        Lang.AR: said(
            Lang.AR,
            "علق قيد في السجل",
            "علق قيدك، أو قيد من أنت نائبه الشرعي، في السجل الوطني للسكان. لا يتحقق منه أحد ما دام معلقا. السبب ومدته في "
            "صفحتك، أو في أي مركز، حيث يمكنك أن تعترض.",
            "سجل: علق قيد لك أو لمن تنوب عنه. السبب في صفحتك أو في مركز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une inscription est suspendue",
            "Votre inscription au registre de la population, ou celle de qui vous représentez, est suspendue : personne ne "
            "peut la vérifier pendant ce temps. Le motif et la durée se lisent sur votre page ou dans un centre, où vous "
            "pouvez vous y opposer.",
            "Sijil : votre inscription, ou celle de qui vous représentez, est suspendue. Voyez votre page ou un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A record is suspended",
            "Your record in the population register, or that of whom you represent, is suspended: nobody can verify it "
            "meanwhile. Why, and for how long, is on your page and told at any centre, where you can object.",
            "Sijil: a record (yours, or of whom you represent) is suspended. See your page, or go to a centre.",
        ),
    },
    NoticeName.PERSON_RESTORED: {
        Lang.AR: said(
            Lang.AR,
            "عاد القيد ساريا",
            "عاد قيدك، أو قيد من أنت نائبه الشرعي، ساريا في السجل الوطني للسكان. التفاصيل في صفحتك.",
            "سجل: عاد القيد (لك أو لمن تنوب عنه) ساريا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une inscription est de nouveau active",
            "Votre inscription au registre de la population, ou celle de qui vous représentez, est de nouveau active. Le "
            "détail se lit sur votre page.",
            "Sijil : votre inscription, ou celle de qui vous représentez, est de nouveau active.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A record is active again",
            "Your record in the population register, or that of whom you represent, is active again. Your page says more.",
            "Sijil: a record (yours, or of whom you represent) is active again.",
        ),
    },
    NoticeName.PERSON_CLOSED: {
        Lang.AR: said(
            Lang.AR,
            "أغلق قيد في السجل",
            "أغلق في السجل الوطني للسكان القيد الذي سجل له هذا العنوان، أو قيد من أنت نائبه الشرعي: لوفاة، أو لإلغاء القيد. "
            "إن كان ذلك خطأ فراجع أي مركز في أقرب وقت.",
            "سجل: أغلق قيد لك أو لمن تنوب عنه. خطأ؟ راجع مركزا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une inscription est close",
            "L’inscription au registre de la population à laquelle cette adresse est rattachée, ou celle de qui vous "
            "représentez, est close : pour un décès, ou parce qu’elle est annulée. Si c’est une erreur, adressez-vous à un "
            "centre au plus vite.",
            "Sijil : votre inscription, ou celle de qui vous représentez, est close. Une erreur ? Allez à un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A record is closed",
            "The record in the population register that this address belongs to, or that of whom you represent, is closed: for "
            "a death, or because it was cancelled. If this is a mistake, go to a centre as soon as you can.",
            "Sijil: a record (yours, or of whom you represent) is closed. If this is a mistake, go to a centre.",
        ),
    },
    NoticeName.CHANGE_REQUEST_RECEIVED: {
        Lang.AR: said(
            Lang.AR,
            "توصلنا بطلب تغيير",
            "توصلنا بطلب تغيير في قيدك، أو في قيد من أنت نائبه الشرعي. رقم الوصل هو {number}. إن لم تطلب ذلك فراجع صفحتك أو أي "
            "مركز.",
            "سجل: وصل طلب تغيير {number}. لم تطلبه؟ راجع مركزا.",
        ),
        Lang.FR: said(
            Lang.FR,
            "Une demande de changement est reçue",
            "Une demande de changement de votre inscription, ou de celle de qui vous représentez, est reçue. Le numéro du "
            "récépissé est {number}. Si vous ne l’avez pas demandé, voyez votre page ou adressez-vous à un centre.",
            "Sijil : une demande de changement est arrivée, récépissé {number}. Pas vous ? Voyez votre page ou un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "A request for a change is received",
            "A request to change your record, or that of whom you represent, is received. The number of the receipt is "
            "{number}. If you did not ask for it, see your page or go to a centre.",
            "Sijil: a request to change a record is received, receipt {number}. If it is not yours, see your page or a centre.",
        ),
    },
    NoticeName.CHANGE_REQUEST_ACCEPTED: {
        Lang.AR: said(
            Lang.AR,
            "قبل طلب التغيير",
            "قبل طلب التغيير رقم {number}، وتغير القيد. التفاصيل في صفحتك. إن كان ذلك خطأ فراجع أي مركز في أقرب وقت.",
            "سجل: قبل طلب التغيير {number} وتغير القيد.",
        ),
        Lang.FR: said(
            Lang.FR,
            "La demande de changement est acceptée",
            "La demande de changement {number} est acceptée et l’inscription est modifiée. Le détail se lit sur votre page. Si "
            "c’est une erreur, adressez-vous à un centre au plus vite.",
            "Sijil : la demande de changement {number} est acceptée, l'inscription est modifiée.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The request for a change is accepted",
            "Request {number} is accepted and the record is changed. Your page says more. If this is a mistake, go to a centre "
            "as soon as you can.",
            "Sijil: request {number} is accepted and the record is changed.",
        ),
    },
    NoticeName.CHANGE_REQUEST_REJECTED: {
        Lang.AR: said(
            Lang.AR,
            "لم يقبل طلب التغيير",
            "لم يقبل طلب التغيير رقم {number}. السبب في صفحتك أو في أي مركز، ولك أن تقدم طلبا جديدا.",
            "سجل: لم يقبل طلب التغيير {number}. السبب في أي مركز.",
        ),
        Lang.FR: said(
            Lang.FR,
            "La demande de changement n’est pas acceptée",
            "La demande de changement {number} n’est pas acceptée. Le motif se lit sur votre page ou dans un centre ; une "
            "nouvelle demande peut être faite.",
            "Sijil : la demande de changement {number} n'est pas acceptée. Le motif : sur votre page ou dans un centre.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The request for a change is not accepted",
            "Request {number} is not accepted. The reason is on your page and told at any centre; a new request can be made.",
            "Sijil: request {number} to change a record is not accepted. Why: on your page, or at a centre.",
        ),
    },
    NoticeName.CHANGE_REQUEST_WITHDRAWN: {
        Lang.AR: said(
            Lang.AR,
            "سحب طلب التغيير",
            "سحب طلب التغيير رقم {number}: لا يتغير شيء في القيد.",
            "سجل: سحب طلب التغيير {number}. لا يتغير شيء.",
        ),
        Lang.FR: said(
            Lang.FR,
            "La demande de changement est retirée",
            "La demande de changement {number} est retirée : rien ne change dans l’inscription.",
            "Sijil : la demande de changement {number} est retirée, rien ne change.",
        ),
        Lang.EN: said(
            Lang.EN,
            "The request for a change is withdrawn",
            "Request {number} is withdrawn: nothing changes in the record.",
            "Sijil: request {number} to change a record is withdrawn, nothing changes.",
        ),
    },
}
