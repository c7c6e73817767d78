from tests.witness.fixture import witness

__all__ = ["witness"]
