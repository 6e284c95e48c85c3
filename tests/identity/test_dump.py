"""What somebody finds who takes a dump of the database and the folder of files: nobody's name, number or telephone."""

import io
from pathlib import Path

from api.commands import dumps
from core.database import Database
from core.embedded import EmbeddedPostgres
from identity.change_forms import ChangeKind
from identity.changes import Wanted, request_change
from identity.file_rows import Outcome
from tests.access.enrolled import NOW
from tests.identity.applicants import another
from tests.identity.enrolling import Centre
from tests.identity.filing import Desk, csv_file, person_row
from tests.identity.registered import Register, staff_call

PEOPLE = 220
LETTERS = "abdefghijklmnopr"


def word(number: int) -> str:
    """Letters that stand nowhere by chance, another word for each number."""
    return "Qz" + "".join(LETTERS[number >> shift & 15] for shift in (8, 4, 0)) + "wuk"


def row(number: int) -> dict[str, str]:
    names = {
        "given_name_latin": word(number),
        "family_name_latin": word(1000 + number),
        "father_name": f"{word(2000 + number)} {word(1000 + number)}",
        "mother_name": f"{word(3000 + number)} {word(500 + number)}",
    }
    return person_row(number, **names)


async def test_a_dump_and_the_stored_files_name_nobody(
    register: Register, database: Database, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """People by file, one of them twice; requests at every step, a change asked for: all that is written."""
    centre = await Centre(register).set_up()
    desk = await Desk.open(register, tmp_path / "files")
    rows = [row(number) for number in range(PEOPLE)]
    rows.append(row(7) | {"telephone": "0739999999", "given_name_latin": word(4000)})
    told = await desk.imported(csv_file(rows))
    enrolled = [line.number for line in told if line.outcome is Outcome.ENROLLED and line.number]
    assert len(enrolled) > 200
    assert told[-1].outcome is Outcome.IN_REVIEW
    forms = [
        another(given_name_latin=word(5000 + n), family_name_latin=word(5100 + n), address=f"12, Rue {word(5200 + n)}")
        for n in range(4)
    ]
    await centre.begin(forms[0])
    await centre.submit(await centre.begin(forms[1]))
    await centre.in_review(forms[2])
    accepted = await centre.enrolled(forms[3])
    call = staff_call(centre.agent, "CENTRE_AGENT")
    wanted = Wanted(ChangeKind.CORRECTION, {"given_name_latin": word(6000)}, words=f"It is {word(6001)}.")
    await register.change(lambda c, r: request_change(c, call, r, person=accepted, wanted=wanted), call)

    known = {value for each in rows for name, value in each.items() if name in _TELLING and value}
    known |= {value.removeprefix("0") for each in rows for value in [each["telephone"]]}  # as +212...
    known |= {word for each in rows for name in ("father_name", "mother_name") for word in each[name].split()}
    known |= set(enrolled)
    known |= {
        value for its in forms for value in (its.given_name_latin, its.family_name_latin, its.cnie, its.telephone) if value
    }
    known |= {word(number) for number in (*range(5200, 5204), 6000, 6001)}
    assert len(known) > 1000

    sink = io.BytesIO()
    major, _ = await database.version()
    dumps.dump(postgres.url, major, await dumps.header_of(database, NOW.isoformat()), sink, lambda *_: None)
    dump = sink.getvalue()
    stored = b"".join(path.read_bytes() for path in sorted((tmp_path / "files").rglob("*")) if path.is_file())
    assert accepted.hex.encode() in dump.replace(b"-", b"")
    assert len(stored) > 1000
    lowered, hexed = (dump + stored).lower(), dump
    assert [
        value for value in sorted(known) if value.lower().encode() in lowered or value.encode().hex().encode() in hexed
    ] == []


_TELLING = frozenset({"given_name_latin", "family_name_latin", "cnie", "telephone", "father_name", "mother_name"})
