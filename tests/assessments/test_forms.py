from uuid import uuid4

from lti_tool.assessments.forms import ResponseSave


def test_half_a_character_at_the_end_of_a_full_box_becomes_a_sign_for_one() -> None:
    ids = {name: uuid4() for name in ("item_version_id", "save_id", "page_id")}
    words = ["caf\u00e9 \U0001f600 \ud83d", "\ude00 late", "plain"]

    save = ResponseSave.model_validate(
        {**ids, "value": words, "flagged": False, "sequence": 1, "base": 0}
    ).to_save()

    assert save.value == ("caf\u00e9 \U0001f600 \ufffd", "\ufffd late", "plain")
