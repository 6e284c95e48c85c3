"""Files are taken whole or refused, with what is wrong and where; nothing that is written is a formula."""

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.catalogue import Lang
from core.errors import Faulty, Invalid
from identity import file_reading, spreadsheets
from identity.file_columns import LINK, PERSONS
from identity.file_reading import Encoding, Shape, encoding_of, examined, named, rows_of, safe, unsafe, written
from identity.person_files import TemplateForm, persons_template
from identity.spreadsheet_child import cell_text
from tests.identity.filing import csv_file, person_row

UTF_8 = Encoding.UTF_8
HEADER = "Prénom (en latin),Nom de famille (en latin),Date de naissance,Sexe,Nationalité,Commune de résidence\n"
ROW = "Amina,Bennani,1984-03-09,F,MAR,06.141\n"


def fault(content: bytes, encoding: Encoding = UTF_8) -> tuple[str, tuple[str | int, ...]]:
    with pytest.raises(Faulty) as refusal:
        examined(content, encoding, PERSONS)
    found = refusal.value.faults[0]
    return found.code, found.path


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_known_in_three_languages_whatever_stands_between(bom: bytes, delimiter: str) -> None:
    names = ("given_name_latin", "family_name_latin", "birth_date", "sex", "nationality", "residence")
    for lang in Lang:
        labels = {column.name: column.labels[lang] for column in PERSONS}
        header = delimiter.join(labels[name].upper() for name in names)
        content = bom + f"{header}\n{ROW.replace(',', delimiter)}".encode()
        shape = examined(content, UTF_8, PERSONS)
        assert shape == Shape(UTF_8, delimiter, names, 1)
        ((row),) = rows_of(content, shape)
        assert (row.number, named(row, shape)["family_name_latin"]) == (2, "Bennani")


def test_no_two_columns_have_one_name() -> None:
    for columns in (PERSONS, LINK):
        assert len({column.name for column in columns}) == len(columns)
        for lang in Lang:
            assert len({file_reading.unified(column.labels[lang]) for column in columns}) == len(columns)


def test_older_encodings_are_taken_where_they_are_named() -> None:
    text = HEADER + ROW.replace("Amina", "Zoé")
    for encoding in ("windows-1252", "CP1252"):
        content = text.encode("cp1252")
        shape = examined(content, encoding_of(encoding), PERSONS)
        assert next(rows_of(content, shape)).cells[0] == "Zoé"
    assert fault(text.encode("cp1252")) == ("ENCODING", ("rows", 1))
    assert fault((HEADER + "x").encode("utf-8") + b"\n\xe9") == ("ENCODING", ("rows", 3))
    assert fault((HEADER + ROW).encode("utf-16-le")) == ("NUL", ("rows", 1))
    with pytest.raises(Invalid):
        encoding_of("ebcdic")


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("", "EMPTY", ()),
        (HEADER, "EMPTY", ()),
        (HEADER + ",,,,,\n\n", "EMPTY", ()),
        (HEADER + ROW + 'Am"ina,"Ben\n', "TORN", ("rows", 3)),
        (HEADER + '"Amina,Bennani,1984\n' + ROW * 3, "TORN", ("rows", 2)),
        (HEADER + '"Amina"x,Bennani,1984,F,MAR,06\n', "TORN", ("rows", 2)),
        (HEADER + ROW + "A" * 10_001 + ",b,c,d,e,f\n", "CELL_TOO_LONG", ("rows", 3)),
        (HEADER + ROW + "A" * 200_000 + ",b,c,d,e,f\n", "CELL_TOO_LONG", ("rows", 3)),
        (HEADER + "," * 101 + "\n", "TORN", ("rows", 2)),
        (HEADER.replace("Sexe", "Couleur") + ROW, "UNKNOWN_COLUMN", ("columns", "couleur")),
        (HEADER.replace("Sexe", "Nationalité") + ROW, "DOUBLE_COLUMN", ("columns", "nationality")),
        (ROW + ROW, "NO_HEADER", ("rows", 1)),
        (HEADER + ROW + "Ami\0na,Bennani,1984-03-09,F,MAR,06.141\n", "NUL", ("rows", 3)),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_and_where(text: str, code: str, path: tuple[str | int, ...]) -> None:
    assert fault(text.encode()) == (code, path)


def test_all_that_is_wrong_with_a_header_is_said_at_once_and_nobodys_data_is() -> None:
    with pytest.raises(Faulty) as refusal:
        examined(b"sex,cnie,residence,hue\nF,A1,06,x\n", UTF_8, PERSONS)
    assert [(each.code, each.path[1]) for each in refusal.value.faults] == [
        ("UNKNOWN_COLUMN", "hue"),
        ("MISSING_COLUMN", "given_name_ar"),
        ("MISSING_COLUMN", "family_name_ar"),
        ("MISSING_COLUMN", "birth_date"),
        ("MISSING_COLUMN", "nationality"),
    ]
    with pytest.raises(Faulty) as refusal:
        examined((ROW + ROW).encode(), UTF_8, PERSONS)
    assert "Bennani" not in str(refusal.value.faults)


def test_blank_rows_are_left_out_torn_ones_told_and_numbers_are_those_of_a_spreadsheet() -> None:
    content = csv_file([person_row(1)]) + b"\n,,\nonly,two\n" + csv_file([person_row(2)]).split(b"\n", 1)[1]
    shape = examined(content, UTF_8, PERSONS)
    assert [(row.number, row.torn) for row in rows_of(content, shape)] == [(2, False), (5, True), (6, False)]
    assert [row.number for row in rows_of(content, shape, after=5)] == [6]


def test_there_is_a_limit_to_rows_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Faulty) as refusal:
        examined(csv_file(person_row(n) for n in range(4)), UTF_8, PERSONS, most_rows=3)
    assert refusal.value.faults[0].code == "TOO_MANY_ROWS"
    monkeypatch.setattr(file_reading, "MAX_BYTES", 10)
    assert fault(csv_file([person_row(1)]))[0] == "TOO_LARGE"


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1), min_size=1))
def test_no_cell_that_is_written_is_a_formula_and_each_is_read_as_it_was(rows: list[list[str]]) -> None:
    content = written(rows)
    shape = Shape(UTF_8, ",", ("",) * len(rows[0]), len(rows))
    for _, cells in file_reading._records(content, shape.encoding, ","):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@given(st.text())
def test_what_was_made_safe_is_itself_again(text: str) -> None:
    if not text.startswith("'"):
        assert unsafe(safe(text)) == text


async def test_a_spreadsheet_is_the_same_rows_and_its_dates_and_numbers_are_text() -> None:
    content = persons_template(TemplateForm.XLSX, Lang.AR)
    assert spreadsheets.is_spreadsheet(content)
    text = await spreadsheets.csv_of(content)
    assert text.decode().splitlines() == persons_template(TemplateForm.CSV, Lang.AR).decode("utf-8-sig").splitlines()
    assert [cell_text(cell) for cell in (1984.0, 1.5, True, "=A1", "")] == ["1984", "1.5", "1", "=A1", ""]


async def test_a_bomb_and_what_is_no_spreadsheet_are_refused() -> None:
    for content in (b"PK\x03\x04 and nothing", persons_template(TemplateForm.XLSX, Lang.FR)[:-900]):
        with pytest.raises(Faulty) as refusal:
            await spreadsheets.csv_of(content)
        assert refusal.value.faults[0].code == "NOT_A_SPREADSHEET"
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>' + "A" * 1_000 + "</t></is></c></row>"
    rows = "".join(row.format(number) for number in range(10, 120_000)).encode()
    bomb = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(persons_template(TemplateForm.XLSX, Lang.FR))) as source,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            part = source.read(name)
            target.writestr(name, part.replace(b"</sheetData>", rows + b"</sheetData>") if "sheet1" in name else part)
    assert len(bomb.getvalue()) < 2_000_000
    with pytest.raises(Faulty) as refusal:
        await spreadsheets.csv_of(bomb.getvalue())
    assert refusal.value.faults[0].code == "TOO_LARGE"
    with pytest.raises(Faulty):
        await spreadsheets.csv_of(b"PK\x03\x04" + bytes(spreadsheets.MAX_SHEET_BYTES))
