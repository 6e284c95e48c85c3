"""Applicants for tests: sound forms, and those of a minor, a foreigner, somebody under guardianship. Everybody is invented."""

from dataclasses import replace
from itertools import count
from typing import Any

from core.dates import civil_date
from identity.applications import Form
from tests.access.enrolled import NOW

TODAY = civil_date(NOW)
_numbers = count(1)
ADULT = Form(
    given_name_ar="ياسين",
    given_name_latin="Yassine",
    family_name_ar="العلوي",
    family_name_latin="El Alaoui",
    father_name="Driss El Alaoui",
    mother_name="Khadija Tazi",
    birth_date="1991-04-02",
    birth_place="06.141",
    sex="M",
    marital_status="SINGLE",
    nationality="MAR",
    cnie="BK123456",
    residence="06.141",
    address="12, Rue des Orangers",
    telephone="+212661020304",
    email="yassine@example.org",
    basis="DOCUMENTS",
)
GUARDIAN = "2516116556"
MINOR = replace(ADULT, birth_date="2015-09-01", cnie=None, telephone=None, email=None, guardian=GUARDIAN)
FOREIGNER = replace(ADULT, nationality="SEN", cnie=None, residence_permit="M123456A", birth_place=None)
GUARDED = replace(ADULT, guarded=True, guardian=GUARDIAN)


def form(**changes: Any) -> Form:
    return replace(ADULT, **changes)


def another(**changes: Any) -> Form:
    """Somebody else each time, with a card and a telephone of their own."""
    number = next(_numbers)
    its = {"cnie": f"QA{number:06d}", "telephone": f"+21274{number:07d}", "email": f"applicant.{number}@example.org"}
    return replace(ADULT, **its | changes)
