from lti_tool.badges import particulars
from lti_tool.badges.particulars import IdentityType, Particulars, identity
from tests.badges.samples import FULL

ADDRESS = "amara@northfell.example"


def test_a_hashed_identifier_is_recognised_by_who_knows_it_and_read_by_nobody() -> None:
    own = identity(IdentityType.EMAIL, ADDRESS)

    assert own.fits(ADDRESS)
    assert not own.fits(f"b{ADDRESS}")
    assert ADDRESS not in str(Particulars(identity=own).identifiers_json())


def test_the_same_identifier_is_another_hash_each_time() -> None:
    first, second = (identity(IdentityType.SIS, "4711") for _ in range(2))

    assert first.hashed != second.hashed


def test_nothing_beyond_the_minimal_adds_nothing() -> None:
    own = particulars.NOTHING

    assert not own.identifiers_json() + own.results_json() + own.evidence_json()


def test_each_part_is_read_as_it_was_written() -> None:
    assert particulars.read(FULL.to_json()) == FULL.particulars
