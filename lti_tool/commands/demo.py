"""`cairn demo`: everything on one machine."""

from pathlib import Path

import click

from lti_tool.demo import supervisor


@click.command("demo")
@click.option("--port", envvar=supervisor.PORT, type=int, help="Cairn's port, else 8400.")
@click.option("--campus-port", envvar=supervisor.CAMPUS_PORT, type=int, help="Campus' port.")
@click.option("--home", envvar="CAIRN_DEMO_HOME", type=click.Path(path_type=Path), help="Its data.")
@click.option("--database-url", envvar="CAIRN_DATABASE_URL", help="Servers of your own ...")
@click.option("--redis-url", envvar="CAIRN_REDIS_URL", help="... instead of embedded ones.")
@click.option(
    "--allow",
    envvar="CAIRN_DEMO_ALLOW",
    multiple=True,
    help="Another LMS on this machine that may be connected: host or host:port.",
)
@click.option("--reset", is_flag=True, help="Forget the data instead.")
def demo_command(  # noqa: PLR0913 - the options of one command
    *,
    port: int | None,
    campus_port: int | None,
    home: Path | None,
    database_url: str | None,
    redis_url: str | None,
    allow: tuple[str, ...],
    reset: bool,
) -> None:
    """Run Cairn and Campus on this machine, with PostgreSQL and Valkey, until Ctrl-C."""
    elsewhere = (
        supervisor.Elsewhere(database_url, redis_url) if database_url and redis_url else None
    )
    home = home or supervisor.HOME
    if reset:
        supervisor.forget(home, click.echo)
    else:
        wishes = supervisor.Wishes(
            home=home,
            web_port=port,
            campus_port=campus_port,
            elsewhere=elsewhere,
            allowed_hosts=allow,
        )
        supervisor.run(wishes, click.echo)
