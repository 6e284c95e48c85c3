"""The root of what can be done: each field is one resolver of its room."""

import strawberry

from api import (
    accesses,
    accounts,
    agencies,
    approvals,
    attestations,
    change_requests,
    citizens,
    consents,
    duplicates,
    enrolments,
    evidence,
    jobs,
    keys,
    lifecycle,
    linking,
    locks,
    officers,
    openings,
    person_files,
    pre_registration,
    sign_in,
    telephones,
    virtual_ids,
)
from api import erasure as erasing


@strawberry.type
class Mutation:
    approve = strawberry.field(
        approvals.approve, description="Approve what somebody else proposed, over the hash of the change."
    )
    reject = strawberry.field(
        approvals.reject, description="Refuse what somebody else proposed, or take back what you proposed."
    )
    enrol_agency = strawberry.field(agencies.enrol_agency, description="Propose a new agency. Takes two people.")
    add_agency_key = strawberry.field(
        agencies.add_agency_key, description="Propose a further key of an agency. Takes two people."
    )
    publish_agreement = strawberry.field(
        agencies.publish_agreement, description="Propose the next version of an agency's agreement. Takes two people."
    )
    publish_mandate = strawberry.field(agencies.publish_mandate, description="Propose a legal mandate. Takes two people.")
    publish_consent_notice = strawberry.field(
        agencies.publish_consent_notice, description="Propose the next version of a notice. Takes two people."
    )
    resume_agency = strawberry.field(
        agencies.resume_agency, description="Propose that an agency counts again. Takes two people."
    )
    resume_agreement = strawberry.field(
        agencies.resume_agreement, description="Propose that an agreement counts again. Takes two people."
    )
    suspend_agency = strawberry.field(agencies.suspend_agency, description="Stop an agency at once.")
    revoke_agency_key = strawberry.field(agencies.revoke_agency_key, description="Take a key of an agency back at once.")
    suspend_agreement = strawberry.field(agencies.suspend_agreement, description="Stop a version of an agreement at once.")
    revoke_mandate = strawberry.field(agencies.revoke_mandate, description="Take a legal mandate back at once.")
    confirm_sign_in = strawberry.field(sign_in.confirm_sign_in, description="The second step, by a second factor. For pages.")
    sign_out = strawberry.field(sign_in.sign_out, description="End this session.")
    end_other_sessions = strawberry.field(sign_in.end_other_sessions, description="End all your sessions but this one.")
    take_up_invitation = strawberry.field(
        sign_in.take_up_invitation, description="The first step of taking an account up: a password. For pages."
    )
    confirm_invitation = strawberry.field(
        sign_in.confirm_invitation, description="The second step, by a second factor that is proven now. For pages."
    )
    change_password = strawberry.field(sign_in.change_password, description="Change your password.")
    renew_recovery_codes = strawberry.field(sign_in.renew_recovery_codes, description="Get new recovery codes.")
    sign_in = strawberry.field(sign_in.sign_in, description="The first step of signing in with an account. For pages.")
    invite_staff = strawberry.field(accounts.invite_staff, description="Invite somebody to the registry's staff.")
    invite_agency_administrator = strawberry.field(
        accounts.invite_agency_administrator, description="Invite somebody who is to administer an agency's people."
    )
    invite_again = strawberry.field(accounts.invite_again, description="Send a new link in place of the older ones.")
    grant_role = strawberry.field(accounts.grant_role, description="Propose a role for an account.")
    revoke_role = strawberry.field(accounts.revoke_role, description="Take a role away at once.")
    disable_account = strawberry.field(accounts.disable_account, description="Disable an account at once.")
    reset_account = strawberry.field(accounts.reset_account, description="Propose to let a lost second factor be made anew.")
    invite_officer = strawberry.field(officers.invite_officer, description="Invite an officer of your agency.")
    change_officer = strawberry.field(
        officers.change_officer, description="Change where an officer works and may ask for what."
    )
    remove_officer = strawberry.field(officers.remove_officer, description="Let an officer in no more, at once.")
    open_office = strawberry.field(officers.open_office, description="Open an office of your agency.")
    close_office = strawberry.field(officers.close_office, description="Close an office of your agency, at once.")
    appoint_operator = strawberry.field(officers.appoint_operator, description="Let a private body act for your agency.")
    revoke_operator = strawberry.field(officers.revoke_operator, description="End an operator's mandate at once.")
    begin_sign_in = strawberry.field(citizens.begin_sign_in, description="A citizen asks for a one-time code. For pages.")
    finish_sign_in = strawberry.field(citizens.finish_sign_in, description="A citizen signs in with that code. For pages.")
    act_for = strawberry.field(citizens.act_for, description="See to the affairs of a ward, or to your own again.")
    begin_assisted_session = strawberry.field(
        citizens.begin_assisted_session, description="At a centre: have a code sent to the citizen beside you."
    )
    open_assisted_session = strawberry.field(
        citizens.open_assisted_session, description="At a centre: open one form with the citizen's code."
    )
    change_telephone = strawberry.field(telephones.change_telephone, description="At a centre: change somebody's telephone.")
    ask_for_telephone_change = strawberry.field(
        telephones.ask_for_telephone_change, description="Ask two registered people to vouch for a new telephone. For pages."
    )
    answer_as_witness = strawberry.field(
        telephones.answer_as_witness, description="Vouch for somebody's new telephone, or not."
    )
    stop_telephone_change = strawberry.field(
        telephones.stop_telephone_change, description="Stop a change of the telephone before it takes effect."
    )
    report_access = strawberry.field(accesses.report_access, description="Report a look at your data that was not right.")
    answer_access_report = strawberry.field(accesses.answer_access_report, description="Answer a report, once.")
    request_consent = strawberry.field(
        consents.request_consent,
        description="Ask somebody for their consent. The answer does not tell whether they are on record.",
    )
    answer_consent = strawberry.field(
        consents.answer_consent, description="Grant all or some of what was asked for, or decline."
    )
    withdraw_consent = strawberry.field(consents.withdraw_consent, description="Take a consent back, at once.")
    pause_consent = strawberry.field(consents.pause_consent, description="Let a consent open nothing until you resume it.")
    resume_consent = strawberry.field(consents.resume_consent, description="Let a paused consent count again.")
    invalidate_consent = strawberry.field(
        consents.invalidate_consent, description="Find, as the registry, that a consent should never have counted."
    )
    release_job = strawberry.field(jobs.release_job, description="Let a held job go on from where it was.")
    cancel_job = strawberry.field(jobs.cancel_job, description="End a job.")
    resend_message = strawberry.field(jobs.resend_message, description="Send a held message (again), whatever became of it.")
    drop_message = strawberry.field(jobs.drop_message, description="Let a held message be.")
    issue_virtual_id = strawberry.field(
        virtual_ids.issue_virtual_id, description="Get a number that stands for you, for who need not know your IDCS."
    )
    revoke_virtual_id = strawberry.field(
        virtual_ids.revoke_virtual_id, description="Let one of your virtual numbers lead to you no more, at once."
    )
    issue_attestation = strawberry.field(
        attestations.issue_attestation, description="Get a signed paper with what you choose of your record."
    )
    revoke_attestation = strawberry.field(
        attestations.revoke_attestation, description="Let one of your attestations count no more, at once."
    )
    add_evidence = strawberry.field(evidence.add_evidence, description="Give a file that shows something about a person.")
    lock_identity = strawberry.field(locks.lock_identity, description="Let nothing be answered about you, for these purposes.")
    unlock_identity = strawberry.field(locks.unlock_identity, description="Open what you locked, for good or for some minutes.")
    erase_person = strawberry.field(
        erasing.erase_person, description="Propose that nothing sealed of somebody opens any more. Takes two people."
    )
    rewrap_keys = strawberry.field(
        keys.rewrap_keys, description="Propose that all data keys are wrapped by the newest master key. Takes two people."
    )
    pre_register = strawberry.field(
        pre_registration.pre_register, description="Begin a request to be enrolled, without an account. For pages."
    )
    resume_pre_registration = strawberry.field(
        pre_registration.resume_pre_registration, description="Come back to it, by its receipt and its code. For pages."
    )
    amend_pre_registration = strawberry.field(
        pre_registration.amend_pre_registration, description="Put another form in its place. For pages."
    )
    begin_enrolment = strawberry.field(enrolments.begin_enrolment, description="Begin the request of somebody who is there.")
    amend_enrolment = strawberry.field(enrolments.amend_enrolment, description="Put another form in the place of a draft's.")
    submit_enrolment = strawberry.field(
        enrolments.submit_enrolment, description="Hand a draft in: it is frozen, and waits for somebody else's decision."
    )
    register_person = strawberry.field(
        enrolments.register_person, description="Begin a request and hand it in at once, for who has all that is needed."
    )
    ask_for_testimony = strawberry.field(
        enrolments.ask_for_testimony,
        description="Have a code sent to a witness who is there. The same, whoever has that number.",
    )
    give_testimony = strawberry.field(
        enrolments.give_testimony, description="Take down that a witness vouches for an applicant, by the witness's code."
    )
    review_enrolment = strawberry.field(
        enrolments.review_enrolment, description="Take a request into review: whoever may be the same person is found."
    )
    accept_enrolment = strawberry.field(
        enrolments.accept_enrolment, description="Make a person of an applicant, unless they may be on record already."
    )
    reject_enrolment = strawberry.field(enrolments.reject_enrolment, description="Refuse a request, for a reason of the list.")
    open_enrolment = strawberry.field(
        openings.open_enrolment, description="Say from which day people of a division are enrolled."
    )
    close_enrolment = strawberry.field(
        openings.close_enrolment, description="Say from which day nobody who lives there is enrolled."
    )
    import_persons = strawberry.field(
        person_files.import_persons, description="Send a file of people to be enrolled. Nothing is done with it yet."
    )
    check_person_file = strawberry.field(
        person_files.check_person_file, description="Try a file: what would become of each row."
    )
    start_person_file = strawberry.field(
        person_files.start_person_file, description="Enrol the people of a file, or go on with one that was stopped."
    )
    cancel_person_file = strawberry.field(
        person_files.cancel_person_file, description="Stop a file. Who was enrolled stays so."
    )
    take_person_file_result = strawberry.field(
        person_files.take_person_file_result, description="Take what came of a file: both are erased a day later."
    )
    take_pack = strawberry.field(person_files.take_pack, description="Send the signed pack of a mobile team.")
    add_team_device = strawberry.field(
        person_files.add_team_device, description="Register the key that a mobile team's device signs its packs with."
    )
    link_file = strawberry.field(
        linking.link_file, description="Propose that an agency's old file is linked to its tokens. Takes two people."
    )
    cancel_link_file = strawberry.field(linking.cancel_link_file, description="Stop linking an agency's file.")
    take_link_result = strawberry.field(
        linking.take_link_result, description="Take what came of your agency's file: both are erased a day later."
    )
    revoke_team_device = strawberry.field(
        person_files.revoke_team_device, description="Take no pack of a device any more, at once."
    )
    report_biometric_hit = strawberry.field(
        openings.report_biometric_hit,
        description="Report that an applicant may be somebody on record. For an agency that is charged with it.",
    )
    decide_duplicate = strawberry.field(
        duplicates.decide_duplicate, description="Say whether two records are of two people or of one."
    )
    merge_persons = strawberry.field(
        duplicates.merge_persons, description="Propose that two records of one person become one. Takes two people."
    )
    undo_merge = strawberry.field(
        duplicates.undo_merge, description="Propose that they become two again, within its time. Takes two people."
    )
    change_person_status = strawberry.field(
        lifecycle.change_person_status, description="Propose one step of a record's status. Takes two people."
    )
    ask_for_correction = strawberry.field(
        change_requests.ask_for_correction, description="Ask to have your record, or your ward's, changed."
    )
    correct_person = strawberry.field(
        change_requests.correct_person, description="Ask, at a centre, to have somebody's record changed."
    )
    withdraw_change_request = strawberry.field(
        change_requests.withdraw_change_request, description="Withdraw a request that was not decided yet."
    )
    take_up_change_request = strawberry.field(
        change_requests.take_up_change_request, description="Say that you are at a request."
    )
    decide_change_request = strawberry.field(
        change_requests.decide_change_request,
        description="Apply exactly what was asked for, or refuse it: over its hash, with a code of this moment.",
    )
