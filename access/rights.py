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
    # of citizens, about themselves or their wards
    SELF_MANAGE = "self:manage"  # see and stop a change of one's telephone
    WARD_ACT = "ward:act"
    CONSENT_READ = "consent:read"
    CONSENT_ANSWER = "consent:answer"
    ACCESS_REPORT = "access:report"  # see who looked at one's data, and report a look
    WITNESS = "telephone:witness"
    # of the registry's staff
    ASSIST = "citizen:assist"  # with the citizen's one-time code, for one form
    CONTACT_CHANGE = "contact:change"
    ACCOUNT_MANAGE = "account:manage"
    AGENCY_MANAGE = "agency:manage"  # enrol, stop and read agencies, their keys, agreements and mandates
    AGREEMENT_PUBLISH = "agreement:publish"  # propose and approve agreements, mandates and notices
    APPROVAL_DECIDE = "approval:decide"  # each act needs its own right too
    LEDGER_READ = "ledger:read"
    REPORT_READ = "report:read"
    REPORT_ANSWER = "report:answer"
    JOB_MANAGE = "job:manage"
    OUTBOX_READ = "outbox:read"  # of a demonstration only
    # of all, and of the machine itself
    SCHEMA_READ = "schema:read"  # introspection
    SELF_READ = "self:read"  # who asks, the catalogue, the programmes
    REGISTER_LOAD = "register:load"


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


OF_AGENCIES = frozenset({Role.AGENCY_ADMINISTRATOR, Role.OFFICER})
OF_STAFF = frozenset(Role) - OF_AGENCIES

_QUESTIONS = frozenset({Scope.VERIFICATION_RUN, Scope.PERSON_READ, Scope.HOUSEHOLD_READ, Scope.ELIGIBILITY_READ})
AGENCY_SCOPES = _QUESTIONS | {Scope.CONSENT_REQUEST, Scope.SCHEMA_READ, Scope.SELF_READ}
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

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    role: frozenset({Scope.SELF_READ, *scopes})
    for role, scopes in {
        Role.CENTRE_AGENT: {Scope.ASSIST, Scope.CONTACT_CHANGE},
        Role.SUPERVISOR: {Scope.ASSIST, Scope.CONTACT_CHANGE, Scope.REPORT_READ, Scope.REPORT_ANSWER},
        Role.ADJUDICATOR: {Scope.REPORT_READ, Scope.REPORT_ANSWER},
        Role.PUBLISHER: {Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.APPROVAL_DECIDE},
        Role.AUDITOR: {Scope.LEDGER_READ, Scope.REPORT_READ},
        Role.OVERSEER: set[Scope](),
        Role.ADMINISTRATOR: {Scope.ACCOUNT_MANAGE, Scope.JOB_MANAGE, Scope.OUTBOX_READ, Scope.APPROVAL_DECIDE},
        Role.AGENCY_ADMINISTRATOR: {Scope.OFFICER_MANAGE},
        Role.OFFICER: _QUESTIONS | {Scope.CONSENT_REQUEST},
    }.items()
}
