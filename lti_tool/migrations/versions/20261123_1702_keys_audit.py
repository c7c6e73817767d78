"""keys and audit entries."""

revision = "20261123_1702"
down_revision = "20261123_1701"


def upgrade() -> None:
    """Nothing yet."""
