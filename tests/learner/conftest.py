import pytest
from sqlalchemy import Connection

from tests.learner.story import University, open_university


@pytest.fixture
def here(database: Connection) -> University:  # noqa: ARG001 - its rows go with the test
    return open_university()
