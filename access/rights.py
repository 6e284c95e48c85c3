"""The whole vocabulary of rights, on one page: what there is to be allowed, and which role allows it.

A scope is the right to call a door; what may be seen behind it is decided per attribute (`decision.py`). A role gives scopes
within a territory (none: the whole country). To manage something is not to see it, and no role sees people's data by itself.
"""

from enum import StrEnum


class Scope(StrEnum):
    """The right to call a door."""

    # of agencies, by their keys or by their officers
    VERIFICATION_RUN = "verification:run"
    PERSON_READ = "person:read"
    HOUSEHOLD_READ = "household:read"
    ELIGIBILITY_READ = "eligibility:read"
    CONSENT_REQUEST = "consent:request"
    OFFICER_MANAGE = "officer:manage"  # the officers, offices and operators of one's own agency
    BIOMETRIC_REPORT = "biometric:report"  # of agencies charged with it
    # of citizens, about themselves or their wards
    SELF_MANAGE = "self:manage"  # one's telephone, lock, virtual numbers, attestations, and requests to be corrected
    WARD_ACT = "ward:act"
    CONSENT_READ = "consent:read"
    CONSENT_ANSWER = "consent:answer"
    ACCESS_REPORT = "access:report"  # see who looked at one's data, and report a look
    WITNESS = "telephone:witness"
    # of the registry's staff
    ASSIST = "citizen:assist"  # with the citizen's one-time code, for one form
    CONTACT_CHANGE = "contact:change"
    ENROLMENT_MAKE = "enrolment:make"
    ENROLMENT_DECIDE = "enrolment:decide"
    ENROLMENT_OPEN = "enrolment:open"  # say where and from when people are enrolled
    PERSON_SEARCH = "person:search"
    CHANGE_REQUEST = "change:request"
    CHANGE_DECIDE = "change:decide"
    STATUS_CHANGE = "status:change"  # propose and approve it, as the following two
    PERSON_MERGE = "person:merge"
    PERSON_ERASE = "person:erase"
    DUPLICATE_DECIDE = "duplicate:decide"
    IMPORT_RUN = "import:run"
    LINK_RUN = "link:run"  # propose and approve that an agency's file is linked
    KEY_ROTATE = "key:rotate"  # propose and approve that data keys are wrapped anew
    ACCOUNT_MANAGE = "account:manage"
    AGENCY_MANAGE = "agency:manage"  # enrol, stop and read agencies, their keys, agreements and mandates
    AGREEMENT_PUBLISH = "agreement:publish"  # propose and approve agreements, mandates and notices
    APPROVAL_DECIDE = "approval:decide"  # each act needs its own right too
    LEDGER_READ = "ledger:read"
    REPORT_READ = "report:read"
    REPORT_ANSWER = "report:answer"
    JOB_MANAGE = "job:manage"
    INDICATOR_READ = "indicator:read"  # figures of the process, of nobody
    OUTBOX_READ = "outbox:read"  # of a demonstration only
    # of all, and of the machine itself
    SCHEMA_READ = "schema:read"  # introspection
    SELF_READ = "self:read"  # who asks, the catalogue, the programmes
    REGISTER_LOAD = "register:load"
    SCORE_MAKE = "score:make"


class Role(StrEnum):
    """What a person is charged with."""

    CENTRE_AGENT = "CENTRE_AGENT"
    SUPERVISOR = "SUPERVISOR"
    ADJUDICATOR = "ADJUDICATOR"
    PUBLISHER = "PUBLISHER"
    AUDITOR = "AUDITOR"
    OVERSEER = "OVERSEER"  # indicators only
    ADMINISTRATOR = "ADMINISTRATOR"  # of accounts and of the running service
    AGENCY_ADMINISTRATOR = "AGENCY_ADMINISTRATOR"
    OFFICER = "OFFICER"


class Duty(StrEnum):
    """What an agency may be charged with besides asking; it is said when the agency is enrolled, by two people."""

    BIOMETRIC_MATCHING = "BIOMETRIC_MATCHING"  # it compares applicants' faces and fingers with those of everybody on record


OF_AGENCIES = frozenset({Role.AGENCY_ADMINISTRATOR, Role.OFFICER})
OF_STAFF = frozenset(Role) - OF_AGENCIES

_QUESTIONS = frozenset({Scope.VERIFICATION_RUN, Scope.PERSON_READ, Scope.HOUSEHOLD_READ, Scope.ELIGIBILITY_READ})
AGENCY_SCOPES = _QUESTIONS | {Scope.CONSENT_REQUEST, Scope.SCHEMA_READ, Scope.SELF_READ}

# The right that a duty gives, beyond those that every agency may ask for.
DUTY_SCOPES: dict[Duty, Scope] = {Duty.BIOMETRIC_MATCHING: Scope.BIOMETRIC_REPORT}
CITIZEN_SCOPES = frozenset(
    {
        Scope.SELF_READ,
        Scope.SELF_MANAGE,
        Scope.WARD_ACT,
        Scope.CONSENT_READ,
        Scope.CONSENT_ANSWER,
        Scope.ACCESS_REPORT,
        Scope.WITNESS,
    }
)

_AT_A_CENTRE = frozenset({Scope.ASSIST, Scope.CONTACT_CHANGE, Scope.ENROLMENT_MAKE, Scope.PERSON_SEARCH, Scope.CHANGE_REQUEST})
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    role: frozenset({Scope.SELF_READ, *scopes})
    for role, scopes in {
        Role.CENTRE_AGENT: _AT_A_CENTRE,
        Role.SUPERVISOR: _AT_A_CENTRE
        | {Scope.REPORT_READ, Scope.REPORT_ANSWER, Scope.ENROLMENT_DECIDE, Scope.CHANGE_DECIDE, Scope.IMPORT_RUN}
        | {Scope.STATUS_CHANGE, Scope.APPROVAL_DECIDE},
        Role.ADJUDICATOR: {Scope.REPORT_READ, Scope.REPORT_ANSWER, Scope.PERSON_SEARCH, Scope.DUPLICATE_DECIDE}
        | {Scope.ENROLMENT_DECIDE, Scope.CHANGE_DECIDE, Scope.STATUS_CHANGE, Scope.PERSON_MERGE, Scope.PERSON_ERASE}
        | {Scope.APPROVAL_DECIDE},
        Role.PUBLISHER: {Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.LINK_RUN, Scope.APPROVAL_DECIDE},
        Role.AUDITOR: {Scope.LEDGER_READ, Scope.REPORT_READ},
        Role.OVERSEER: {Scope.INDICATOR_READ},
        Role.ADMINISTRATOR: {Scope.ACCOUNT_MANAGE, Scope.JOB_MANAGE, Scope.OUTBOX_READ, Scope.ENROLMENT_OPEN, Scope.KEY_ROTATE}
        | {Scope.IMPORT_RUN, Scope.INDICATOR_READ, Scope.APPROVAL_DECIDE},
        Role.AGENCY_ADMINISTRATOR: {Scope.OFFICER_MANAGE},
        Role.OFFICER: _QUESTIONS | {Scope.CONSENT_REQUEST},
    }.items()
}
