"""What the worker does for launches now and then."""

from lti_tool.launch import services


def sweep() -> None:
    """Forget logins that nobody answered."""
    services.forget_expired()
