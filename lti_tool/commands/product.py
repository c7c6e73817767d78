"""What commands share: this process as a part of the product."""

from lti_tool.app import create_app
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings


def connect() -> Settings:
    """Read the settings and connect this process to the database.

    Raises:
        SettingsError: naming all that is wrong.
    """
    settings = settings_module.load()
    create_app(settings)
    return settings
