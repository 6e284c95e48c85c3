"""Files of pages: what was uploaded, as the schema takes it, and what the schema gives, as a download.

A file is handed out to be stored and not to be shown: as an attachment, of the type that it was found to be, and without any
right should a browser open it all the same.
"""

from base64 import b64decode, b64encode
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.portal.page import Audience, Data, Page, PageRequest
from core.errors import Invalid
from identity.media import EXTENSIONS, MediaType

MAX_UPLOAD_BYTES: Final = 6 * 1024 * 1024  # of a page's form; how large a file may be is the door's to say
SANDBOX: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"


def uploaded(asked: PageRequest, field: str, message: str, *, most: int = MAX_UPLOAD_BYTES) -> dict[str, Any]:
    """`content` and `mediaType` as `addEvidence` takes them. Raises Invalid, saying `message`, where no file was chosen."""
    upload = asked.form.uploads.get(field)
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Invalid(message, path=(field,))
    upload.file.seek(0)
    return {"content": b64encode(upload.file.read(most + 1)).decode(), "mediaType": upload.content_type}


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """A file to be stored under that name (ASCII, of our own making)."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-security-policy": SANDBOX}
    return Response(content, 200, headers, media_type)


def _evidence(found: Data) -> Response:
    media = MediaType(found["mediaType"])
    name = f"{found['kind'].lower().replace('_', '-')}-{found['id'][-8:]}.{EXTENSIONS[media]}"
    return attachment(b64decode(found["content"]), media.value, name)


def _paper(_: PageRequest, data: Data) -> Response:
    its = data["me"]["attestation"]
    return attachment(b64decode(its["pdf"]), MediaType.PDF.value, f"attestation-{its['number']}.pdf")


def _signed(_: PageRequest, data: Data) -> Response:
    its = data["me"]["attestation"]
    return attachment(its["signed"].encode(), "application/jose", f"attestation-{its['number']}.jws")


PAGES: Final = (
    Page(
        path="/admin/evidence/{person}/{evidence}",
        name="files/evidence",
        audience=Audience.STAFF,
        variables=lambda asked: {"person": asked.params["person"], "id": asked.params["evidence"]},
        needs="evidence.content",
        answer=lambda _, data: _evidence(data["evidence"]),
    ),
    Page(
        path="/me/evidence/{evidence}",
        name="files/own-evidence",
        audience=Audience.CITIZEN,
        variables=lambda asked: {"id": asked.params["evidence"]},
        needs="me.evidenceFile.content",
        answer=lambda _, data: _evidence(data["me"]["evidenceFile"]),
    ),
    Page(
        path="/me/attestations/{attestation}/paper",
        name="files/paper",
        audience=Audience.CITIZEN,
        variables=lambda asked: {"id": asked.params["attestation"]},
        needs="me.attestation.pdf",
        answer=_paper,
    ),
    Page(
        path="/me/attestations/{attestation}/signed",
        name="files/signed",
        audience=Audience.CITIZEN,
        variables=lambda asked: {"id": asked.params["attestation"]},
        needs="me.attestation.signed",
        answer=_signed,
    ),
)
