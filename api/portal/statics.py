"""Our style sheet and script, and the vendored ones, under addresses that hold the hash of all of them: kept for good.

    GET /static/{version}/{name}

The vendored files come from npm at set-up; a page without them is plain, and says all it has to say.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = Path(__file__).parent.parent / "static" / "vendor"
OURS: Final = ("sijil.css", "sijil.js", "logo.svg", "favicon.svg")
VENDORED: Final = (
    "pico.min.css",
    "htmx.min.js",
    "noto-naskh-arabic-arabic-400-normal.woff2",
    "noto-naskh-arabic-arabic-700-normal.woff2",
)
_MEDIA: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class Statics:
    """The files, read once. `has` tells a template which of the vendored ones are there."""

    def __init__(self, vendored: Path | None = None) -> None:
        places = [STATIC / name for name in OURS] + [(vendored or VENDOR) / name for name in VENDORED]
        self._files = {place.name: place.read_bytes() for place in places if place.is_file()}
        digest = sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self._version = digest.hexdigest()[:16]

    def has(self, name: str) -> bool:
        return name in self._files

    def address(self, name: str) -> str:
        return f"/static/{self._version}/{name}"

    def routes(self) -> list[Route]:
        return [Route("/static/{version}/{name}", self.file)]

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self._files.get(name)
        if content is None or request.path_params["version"] != self._version:
            return Response(status_code=404)
        headers = {
            "cache-control": "public, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            # An SVG opened by itself is a document too.
            "content-security-policy": "default-src 'none'",
        }
        return Response(content, headers=headers, media_type=_MEDIA[Path(name).suffix])
