"""The command `cairn`, for whoever runs it: prints for people and pipes, exits for scripts."""

import importlib
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import click
from sqlalchemy.exc import ArgumentError, OperationalError

from lti_tool.core.errors import ToolError
from lti_tool.core.loading import loading
from lti_tool.core.processes import ServerStartError
from lti_tool.core.settings import SettingsError
from lti_tool.demo.programs import DemoError

# Where each command is; loaded when asked for, since a worker need not know the web server.
COMMANDS: Mapping[str, str] = {
    "serve": "serve:serve",
    "worker": "work:worker",
    "relay": "work:relay",
    "migrate": "operate:migrate",
    "restored": "restored:restored",
    "doctor": "operate:doctor_command",
    "backlog": "operate:backlog",
    "keys": "operate:keys_group",
    "registration": "registrations:registration",
    "verify": "credentials:verify",
    "credential": "credentials:credential",
    "staff": "staff:staff",
    "pathway": "pathway:pathway",
    "person": "people:person",
    "retention": "people:retention",
    "demo": "demo:demo_command",
    "campus": "campus:campus_command",
}


class _Commands(click.Group):
    """Shows what can be expected to go wrong as a sentence, and bugs as tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Return the names, in the order in which an operator meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - named by click
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        path = f"lti_tool.commands.{module}"
        # A process that runs several, as tests do, has loaded it already.
        with nullcontext() if path in sys.modules else loading():
            command: click.Command = getattr(importlib.import_module(path), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (SettingsError, ToolError, DemoError, ServerStartError) as error:
            raise click.ClickException(str(error)) from error
        except ArgumentError as error:
            raise click.ClickException(
                "A database URL cannot be read. CAIRN_DATABASE_URL and CAIRN_OWNER_DATABASE_URL "
                "look like postgresql+psycopg://role:password@host:5432/database"
            ) from error
        except OperationalError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise click.ClickException(f"PostgreSQL does not answer: {reason}") from error


@click.group(cls=_Commands)
def main() -> None:
    """Run and look after Cairn, an LTI tool that turns assessments into credentials."""


if __name__ == "__main__":
    main()
