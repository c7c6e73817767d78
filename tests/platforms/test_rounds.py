from uuid import uuid4

from sqlalchemy import Connection

from lti_tool.platforms.rounds import every_institution
from lti_tool.platforms.services import add_institution


def test_every_institution_has_its_turn_and_none_is_always_the_last(
    database: Connection,  # noqa: ARG001 - its rows go with the test
) -> None:
    there = {add_institution(f"i-{uuid4().hex[:8]}", "One of many") for _ in range(20)}

    rounds = [list(every_institution()) for _ in range(4)]

    assert all(there <= set(one) for one in rounds)
    assert any(one != rounds[0] for one in rounds)
