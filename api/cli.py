"""The command `sijil`. Each command has `--json`; a refusal is one line and an exit status of its own (`api/errors.py`)."""

import typer

from api.commands import accounts, agencies, checks, database, duplicates, importing, imports, indicators, keys, scores, serving

app = typer.Typer(
    name="sijil",
    no_args_is_help=True,
    # A trace with its variables would show people's values.
    pretty_exceptions_enable=False,
    help="A population register and a social register behind one GraphQL interface.",
)
app.command(name="init")(serving.init)
app.command(name="serve")(serving.serve_)
app.add_typer(serving.demo_app, name="demo")
app.add_typer(database.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(agencies.app, name="agency")
app.add_typer(accounts.app, name="accounts")
app.add_typer(imports.app, name="import")
app.add_typer(importing.pack_app, name="pack")
app.command(name="link")(importing.link)
app.add_typer(duplicates.app, name="duplicates")
app.command(name="indicators")(indicators.indicators)
app.add_typer(scores.app, name="score")
app.command(name="schema")(checks.schema)
app.command(name="verify-receipt")(checks.verify_receipt)
app.command(name="check-consents")(checks.check_consents)
app.command(name="doctor")(checks.doctor)

if __name__ == "__main__":
    app()
