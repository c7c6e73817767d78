"""What commands share: this process as a part of the product."""

from flask import Flask

from lti_tool.app import create_app
from lti_tool.core import logs
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings

log = logs.get(__name__)


def connect() -> Settings:
    """Read the settings and connect this process to the database.

    Raises:
        SettingsError: naming all that is wrong.
    """
    settings = settings_module.load()
    create_app(settings)
    return settings


def start(process: str) -> Flask:
    """Make this a process that runs until it is told to end: connected, and it logs.

    Args:
        process: what its first line says that it is.

    Raises:
        SettingsError: naming all that is wrong.
    """
    settings = settings_module.load()
    logs.configure(json=settings.log_json)
    app = create_app(settings)
    log.info("started", process=process)
    return app
