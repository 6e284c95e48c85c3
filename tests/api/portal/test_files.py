"""What was uploaded is handed on as the schema takes it; what is handed out is stored, and opens nothing."""

import io
from base64 import b64decode
from typing import Any, cast

import pytest
from starlette.datastructures import Headers, UploadFile

from api.portal.files import SANDBOX, attachment, uploaded
from api.portal.forms import Form
from api.portal.page import PageRequest
from api.portal.security import HEADERS, POLICY, guard
from core.errors import Invalid


class Asked:
    def __init__(self, form: Form) -> None:
        self.form = form


def asked(upload: UploadFile | None) -> PageRequest:
    return cast("PageRequest", Asked(Form([], {} if upload is None else {"file": upload})))


def file(content: bytes, name: str = "card.pdf", media: str = "application/pdf") -> UploadFile:
    return UploadFile(io.BytesIO(content), filename=name, headers=Headers({"content-type": media}))


def test_a_file_is_handed_on_with_what_it_is_said_to_be() -> None:
    found: dict[str, Any] = uploaded(asked(file(b"\0\xff bytes")), "file", "Choose a file.")
    assert b64decode(found["content"]) == b"\0\xff bytes"
    assert found["mediaType"] == "application/pdf"


@pytest.mark.parametrize("upload", [None, file(b"", name="")], ids=["no field", "an empty field"])
def test_without_a_file_the_reader_is_told_to_choose_one(upload: UploadFile | None) -> None:
    with pytest.raises(Invalid) as refusal:
        uploaded(asked(upload), "file", "Choose a file.")
    assert (refusal.value.message, refusal.value.path) == ("Choose a file.", ("file",))


def test_a_download_keeps_its_own_policy_and_has_all_other_headers() -> None:
    answer = guard(attachment(b"x", "image/png", "a.png"), personal=True, secure=True)
    assert answer.headers[POLICY] == SANDBOX
    assert {name: answer.headers[name] for name in HEADERS if name != POLICY} == {
        name: value for name, value in HEADERS.items() if name != POLICY
    }
    assert answer.headers["content-disposition"] == 'attachment; filename="a.png"'
