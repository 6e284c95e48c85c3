"""GraphQL of pages of a list: what all connections have."""

import strawberry


@strawberry.type(description="Whether there is more, and where it goes on.")
class PageInfo:
    has_next_page: bool
    end_cursor: str | None
