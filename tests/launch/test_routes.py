"""The way of a browser from the platform's login to a page of ours."""

from tests.launch.platform import Browser, told


def test_a_student_gets_from_the_course_to_a_page(student: Browser) -> None:
    here = told(student.open(student.connected.place()))

    assert here["message_type"] == "LtiResourceLinkRequest"
    assert here["roles"] == ["learner"]
    assert here["institution_id"] == str(student.connected.institution_id)
    assert here["context_id"]
    assert here["resource_link_id"]
