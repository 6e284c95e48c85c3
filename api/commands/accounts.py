"""`sijil accounts`: the first administrators of an instance, made at the machine; and accounts in an emergency.

A link is shown here, and sent to nobody. Roles are given here only while an instance is set up: once two people can do it,
they do, on the pages.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from access import account_views, accounts
from access.account_rows import INVITED_FOR
from access.account_views import AccountView
from access.agencies import agency_of_code
from access.approval import Acts, set_up
from access.authority import Documents
from access.call import Call
from access.catalogue import Lang
from access.reading import Reading
from access.rights import Role, Scope
from api.commands.telling import AsJson, Teller, settings, telling
from api.running import identity_of, own_call, with_database
from core import keys, paging
from core.database import Database
from core.errors import Invalid
from core.keys import KeyRing

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="Accounts of the registry's staff, and of agencies' administrators.")
Email = Annotated[str, typer.Argument(help="The e-mail address that the account is signed in with.")]
HOURS = int(INVITED_FOR.total_seconds()) // 3600


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[Role] | None, typer.Option(help="A role; may be given several times.")] = None,
    division: Annotated[
        str | None, typer.Option(help="The code of the division that the roles hold in; else everywhere.")
    ] = None,
    agency: Annotated[str | None, typer.Option(help="The code of the agency that the person is to administer.")] = None,
    lang: Annotated[Lang, typer.Option(help="The language that the person is written to in.")] = Lang.FR,
    json: AsJson = False,
) -> None:
    """Make an account, and show the link by which it is taken up. For the first administrators of an instance."""
    with telling(json) as tell:

        async def work(connection: AsyncConnection, call: Call, ring: KeyRing, issuer: str) -> tuple[str, str]:
            whose = None if agency is None else await agency_of_code(connection, call, code=agency)
            made = await accounts.create_account(connection, call, ring, email=email, name=name, lang=lang, agency=whose)
            act = Acts(accounts.acts(ring, issuer)).named(accounts.ROLE_GRANTED)
            for each in role or ():
                change = accounts.role_granted(made, each, division=division, valid_to=None)
                await set_up(connection, call, act, change=change)
            link = await accounts.link_at_the_machine(connection, call, account=made, issuer=issuer)
            return str(made), link

        if division is not None and not role:
            raise Invalid("a division is where a role holds: give a role too", path=("division",))
        account, link = _done(work)
        _tell_link(tell, account, email, link)


@app.command()
def invite(email: Email, json: AsJson = False) -> None:
    """Show a new link for an account that was not taken up yet. The older ones are of no use any more."""
    with telling(json) as tell:

        async def work(connection: AsyncConnection, call: Call, ring: KeyRing, issuer: str) -> tuple[str, str]:
            account = await accounts.account_of(connection, call, ring, email=email)
            return str(account), await accounts.link_at_the_machine(connection, call, account=account, issuer=issuer)

        account, link = _done(work)
        _tell_link(tell, account, email, link)


@app.command()
def disable(email: Email, json: AsJson = False) -> None:
    """Stop an account at once: its sessions and roles end, and whoever had it is told."""
    with telling(json) as tell:

        async def work(connection: AsyncConnection, call: Call, ring: KeyRing, _: str) -> str:
            account = await accounts.account_of(connection, call, ring, email=email)
            await accounts.disable_account(connection, call, ring, account=account)
            return str(account)

        account = _done(work)
        tell.say({"account": account, "disabled": True}, f"The account {account} is disabled.")


@app.command(name="list")
def list_(
    agency: Annotated[str | None, typer.Option(help="The code of the agency whose people to list; else the staff.")] = None,
    json: AsJson = False,
) -> None:
    """List the accounts of the registry's staff, or of an agency's people."""
    with telling(json) as tell:
        found = _listed(agency)
        table = Table("e-mail", "name", "roles", "state")
        for its in found:
            table.add_row(its.email, its.name, ", ".join(_role(grant) for grant in its.roles) or "none", _state(its))
        tell.say({"accounts": [_document(its) for its in found]}, table)


def _tell_link(tell: Teller, account: str, email: str, link: str) -> None:
    tell.say(
        {"account": account, "email": email, "link": link},
        f"The account {account} is there. Within {HOURS} hours it is taken up, once, at:",
    )
    if not tell.as_json:
        typer.echo(link)  # in one line, however narrow the window is


def _done(work: Callable[[AsyncConnection, Call, KeyRing, str], Awaitable[T]]) -> T:
    """What is done in one transaction, with the keys and the public address of the instance."""
    chosen = settings()
    ring = keys.load(chosen.key_file)

    async def run(database: Database) -> T:
        issuer = (await identity_of(database)).issuer
        async with database.begin() as connection:
            return await work(connection, own_call("cli", Scope.ACCOUNT_MANAGE, Scope.AGENCY_MANAGE), ring, issuer)

    return with_database(chosen, run)


def _listed(code: str | None) -> list[AccountView]:
    chosen = settings()
    ring = keys.load(chosen.key_file)

    async def run(database: Database) -> list[AccountView]:
        call = own_call("cli", Scope.ACCOUNT_MANAGE, Scope.AGENCY_MANAGE)
        agency = None
        if code is not None:
            async with database.begin() as connection:
                agency = await agency_of_code(connection, call, code=code)
        reading = Reading(database, ring, Documents())
        found: list[AccountView] = []
        after: str | None = None
        while True:
            page = await account_views.accounts(reading, call, agency=agency, first=paging.MAX_FIRST, after=after)
            found += [edge.node for edge in page.edges]
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                return found

    return with_database(chosen, run)


def _document(its: AccountView) -> dict[str, Any]:
    return {
        "account": str(its.id),
        "email": its.email,
        "name": its.name,
        "lang": its.lang,
        "roles": [{"role": grant.role, "division": grant.division, "valid_to": grant.valid_to} for grant in its.roles],
        "taken_up": its.taken_up,
        "made_at": its.made_at,
        "disabled_at": its.disabled_at,
    }


def _role(grant: account_views.GrantView) -> str:
    where = "" if grant.division is None else f" in {grant.division}"
    return f"{grant.role}{where}"


def _state(its: AccountView) -> str:
    if its.disabled_at is not None:
        return "disabled"
    if its.taken_up:
        return "in use"
    return "invited" if its.invited_until is not None else "invitation expired"
