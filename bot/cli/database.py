"""`attester db upgrade`"""

from __future__ import annotations

import click

from bot import settings
from bot.store import migrate


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema. Safe to repeat; run it before starting a new version."""
    configured = settings.load()
    configured.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    revision = migrate.upgrade(configured.database_url)
    click.echo(f"The database is at revision {revision}.")
