"""The root of the schema: each field is one resolver of its room."""

import strawberry

from api import (
    access,
    accesses,
    accounts,
    agencies,
    approvals,
    attestations,
    change_requests,
    consents,
    duplicates,
    enrolments,
    identity,
    indicators,
    jobs,
    keys,
    linking,
    officers,
    openings,
    person_files,
    pre_registration,
    records,
    registry,
    scoring,
    sign_in,
    verification,
    viewers,
)
from api import evidence as files


@strawberry.type
class Query:
    me = strawberry.field(viewers.me, description="Who asks.")
    catalogue = strawberry.field(access.attributes, description="All there is to know.")
    programmes = strawberry.field(scoring.programmes, description="The social programmes.")
    verify = strawberry.field(verification.verify, description="Are these claims true? Up to 1,000 subjects at a time.")
    person = strawberry.field(identity.person, description="One person, as far as it is granted.")
    household = strawberry.field(
        registry.household, description="One household, by its code or by a subject: exactly one of both."
    )
    eligibility = strawberry.field(
        scoring.eligibility, description="Are these people's households eligible? Up to 1,000 at a time."
    )
    approval = strawberry.field(approvals.approval, description="One proposal, with the exact change.")
    approvals = strawberry.field(approvals.approvals, description="What waits for a second person, and what became of it.")
    agency = strawberry.field(agencies.agency, description="One agency, for who manages them.")
    my_agency = strawberry.field(agencies.my_agency, description="The agency that you are of.")
    agencies = strawberry.field(agencies.agencies, description="All agencies, for who manages them.")
    agency_name = strawberry.field(accounts.agency_name, description="One agency by its names, for who invites its people.")
    agency_names = strawberry.field(
        accounts.agency_names, description="All agencies by their names, for who invites the first of their people."
    )
    account = strawberry.field(accounts.account, description="One account.")
    accounts = strawberry.field(accounts.accounts_, description="The registry's staff, or the people of an agency.")
    officer = strawberry.field(officers.officer, description="Somebody of your agency.")
    office = strawberry.field(officers.one_office, description="One office of your agency.")
    offices = strawberry.field(officers.offices, description="The offices of your agency.")
    operator = strawberry.field(officers.one_operator, description="One operator of your agency.")
    operators = strawberry.field(officers.operators, description="Who acts for your agency, under a mandate.")
    officers = strawberry.field(officers.officers, description="The people of your agency.")
    invitation = strawberry.field(
        sign_in.invitation, description="Whom an invitation is for; null where it is of no use. For pages before sign-in."
    )
    access_report = strawberry.field(accesses.access_report, description="One report of a look, for who answers it.")
    access_reports = strawberry.field(
        accesses.access_reports, description="Reports of looks, by people who reside where you answer them."
    )
    consent = strawberry.field(consents.consent, description="One consent that your agency has asked for.")
    consent_by_link = strawberry.field(
        consents.consent_by_link, description="The request that a link leads you to; null if it is not for you, used or over."
    )
    preview_consent = strawberry.field(
        consents.preview_consent, description="What a person would be shown of a request; nothing is asked."
    )
    consents = strawberry.field(consents.consents, description="The consents that your agency has asked for, newest first.")
    evidence = strawberry.field(files.evidence, description="One file about a person, for who deals with their requests.")
    evidence_of = strawberry.field(
        files.evidence_of, description="The files about a person, or an applicant, for who deals with their requests."
    )
    check_attestation = strawberry.field(
        attestations.check_attestation, description="Whether an attestation counts now. For the page where anybody may ask."
    )
    indicators = strawberry.field(
        indicators.indicators,
        description="How the process goes between two days, in figures. Cells of under ten are left out.",
    )
    messages = strawberry.field(jobs.messages, description="The newest messages of a demonstration.")
    jobs = strawberry.field(jobs.jobs, description="Work beside requests; where no state is named, what has not ended.")
    master_keys = strawberry.field(keys.master_keys, description="The versions of the master key, for who rotates it.")
    enrolment = strawberry.field(
        enrolments.enrolment, description="One request to be enrolled, by its id or its receipt: exactly one of both."
    )
    enrolments = strawberry.field(
        enrolments.enrolments, description="The requests where you enrol or decide, whichever is due first being the first."
    )
    enrolment_by_receipt = strawberry.field(
        pre_registration.enrolment_by_receipt, description="Your own request, by its receipt and its code. For pages."
    )
    person_file = strawberry.field(person_files.person_file, description="One file of people, or pack.")
    link_files = strawberry.field(linking.link_files, description="The newest files of agencies that are linked.")
    own_link_files = strawberry.field(
        linking.own_link_files, description="The files that were linked for your agency, the newest first."
    )
    import_template = strawberry.field(
        person_files.import_template, description="An empty file of people to be filled in, as base64."
    )
    team_devices = strawberry.field(person_files.team_devices, description="The devices that sign packs, the newest first.")
    person_files = strawberry.field(
        person_files.person_files, description="The newest files of people and packs that you may see."
    )
    openings = strawberry.field(openings.openings, description="Where people are enrolled, and since when.")
    duplicate = strawberry.field(duplicates.duplicate, description="One case of two records, side by side.")
    duplicates = strawberry.field(
        duplicates.duplicates, description="The cases of records that may be of one person, where you decide; the oldest first."
    )
    search_persons = strawberry.field(
        records.search_persons, description="Find somebody, for staff: by a number, or by name and birth."
    )
    person_record = strawberry.field(
        records.person_record, description="Somebody's record as it is now, or was recorded `at` an instant; null: not yet."
    )
    change_request = strawberry.field(change_requests.change_request, description="One request to change a record.")
    change_requests = strawberry.field(
        change_requests.change_requests,
        description="Requests to change records of people who reside where you decide, by deadline: the open ones, or those in "
        "`state`.",
    )
