"""The demo's databases: Cairn's with its two roles, and one for each LMS."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from lti_tool.demo.state import State

CAIRN, CAMPUS, EVENING = "cairn_demo", "cairn_demo_campus", "cairn_demo_evening"
OWNER, APPLICATION, CAMPUS_ROLE = "cairn_demo_owner", "cairn_demo_app", "cairn_demo_campus"


def make_databases(admin_url: str, state: State) -> None:
    """Make roles and empty databases, in place of any that were left unfinished.

    Args:
        admin_url: of an account that may create both.
        state: holds the roles' passwords.
    """
    with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
        for database in (CAIRN, CAMPUS, EVENING):
            admin.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", database))
        for role, password in (
            (OWNER, state.owner_password),
            (APPLICATION, state.app_password),
            (CAMPUS_ROLE, state.campus_password),
        ):
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = "ALTER" if known else "CREATE"
            admin.execute(
                sql.SQL(f"{verb} ROLE {{}} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {{}}").format(
                    sql.Identifier(role), password
                )
            )
            admin.execute(_sql("GRANT {} TO CURRENT_USER", role))
        for database, owner in (
            (CAIRN, OWNER),
            (CAMPUS, CAMPUS_ROLE),
            (EVENING, CAMPUS_ROLE),
        ):
            admin.execute(_sql("CREATE DATABASE {} OWNER {}", database, owner))
            admin.execute(_sql("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database))
        admin.execute(_sql("GRANT CONNECT ON DATABASE {} TO {}", CAIRN, APPLICATION))


def find_missing(admin_url: str, names: Sequence[str] = (CAIRN, CAMPUS, EVENING)) -> list[str]:
    """Return which of these databases are not there."""
    with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
        there = {name for (name,) in admin.execute("SELECT datname FROM pg_database")}
    return [name for name in names if name not in there]


def owner_url(admin_url: str, state: State) -> str:
    """Return the URL with which migrations run."""
    return _url(admin_url, OWNER, state.owner_password, CAIRN)


def app_url(admin_url: str, state: State) -> str:
    """Return the URL with which Cairn runs: a role that owns nothing."""
    return _url(admin_url, APPLICATION, state.app_password, CAIRN)


def campus_url(admin_url: str, state: State) -> str:
    """Return the URL of Campus' database."""
    return _url(admin_url, CAMPUS_ROLE, state.campus_password, CAMPUS)


def evening_url(admin_url: str, state: State) -> str:
    """Return the URL of the evening school's database."""
    return _url(admin_url, CAMPUS_ROLE, state.campus_password, EVENING)


def _sql(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _url(admin_url: str, role: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:{password}@{place}", path=f"/{database}").geturl()
