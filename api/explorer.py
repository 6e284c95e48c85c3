"""The explorer of a demo instance."""

from pathlib import Path

from starlette.routing import BaseRoute

from api.endpoint import Endpoint


def routes(endpoint: Endpoint, vendored: Path | None) -> list[BaseRoute]:
    return []
