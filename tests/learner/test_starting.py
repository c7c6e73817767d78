"""What learners meet when they open an activity, before their attempt."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments import services as assessments
from lti_tool.assessments.conditions import Conditions, Shown
from lti_tool.assessments.models import Edition
from lti_tool.assessments.rules import Policy
from lti_tool.core import clock
from lti_tool.core.audit import CLI
from lti_tool.core.db import transaction
from lti_tool.launch import placement_token
from tests.learner import story
from tests.learner.story import University


def test_a_first_launch_shows_what_is_asked_and_a_way_to_begin(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting", minutes=40, max_attempts=2)
    url = story.visit(client, here, story.enrol(here), activity.link_id)

    page = client.get(f"{url}/")

    assert page.status_code == 200
    assert "<h1>Counting</h1>" in page.text
    assert "Biostatistics 2, Spring" in page.text
    assert "of 2 points are a pass" in page.text
    assert "Start, the clock runs" in page.text
    assert "you earn the badge “Counting”" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_start_page_says_who_one_is_what_is_covered_and_how_much_time_one_has(
    client: FlaskClient, here: University
) -> None:
    activity, user_id = story.add_activity(here, "Counting", minutes=40), story.enrol(here)
    assessments.set_accommodation(
        here.institution_id, user_id, factor=Decimal("1.5"), extra_minutes=0, actor=CLI
    )
    url = story.visit(client, here, user_id, activity.link_id)

    page = client.get(f"{url}/").text

    assert "You are signed in as" in page
    assert "What it covers" in page
    assert "Whole numbers" in page
    assert "Of these, 20 are your extra time." in page
    assert "the work is your own" in page


def test_two_who_start_one_after_the_other_each_read_of_themselves(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting", minutes=40)
    pages = []
    for name, factor in (("Amara <i>", "1.5"), ("Bo", "1"), ("Bo", "1")):
        user_id = story.enrol(here, name)
        assessments.set_accommodation(
            here.institution_id, user_id, factor=Decimal(factor), extra_minutes=0, actor=CLI
        )
        url = story.visit(client, here, user_id, activity.link_id)
        page = client.get(f"{url}/")
        pages.append((page.text.replace(url, ""), story.csrf_token(page)))
        assert f'action="{url}/' in page.text
        assert page.text.count("/l/") == page.text.count(url)

    (amara, hers), (bo, his), (other, others) = pages
    assert "signed in as Amara &lt;i&gt;" in amara
    assert "signed in as Bo" in bo
    assert "Amara" not in bo
    assert ("your extra time" in amara, "your extra time" in bo) == (True, False)
    assert len({hers, his, others}) == 3
    assert bo.replace(his, "") == other.replace(others, "")


@pytest.mark.parametrize("name", ["", None], ids=["empty", "none"])
def test_nobody_is_signed_in_as_nothing_where_the_platform_tells_no_name(
    client: FlaskClient, here: University, name: str | None
) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here, name), activity.link_id)

    page = client.get(f"{url}/").text

    assert "You are signed in through your course" in page
    assert "signed in as" not in page


def test_a_start_page_that_was_shown_before_tells_at_once_what_has_changed(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here), activity.link_id)
    assert "<dd>No limit</dd>" in client.get(f"{url}/").text
    limits = Conditions(max_attempts=3)
    assessments.set_conditions(
        here.institution_id, activity.placement_id, limits, policy=Policy.BEST, actor=CLI
    )

    page = client.get(f"{url}/").text

    assert "<dd>3</dd>" in page
    assert "Anzahl" not in page
    assert "Frage" in client.get(f"{url}/?lang=de", follow_redirects=True).text


def test_the_start_page_says_exactly_what_passes_and_who_watches(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here), activity.link_id)
    assert "in the room" not in client.get(f"{url}/").text
    with transaction(here.institution_id) as session:
        edition = session.get_one(Edition, (activity.edition_id, here.institution_id))
        edition.pass_mark, edition.details = Decimal("0.7"), {"supervision": "in_room"}

    page = client.get(f"{url}/").text

    assert ">1.4<" in page  # of 2: a question can give a part of its points
    assert "Somebody is in the room while you take it." in page


def test_the_start_page_says_what_is_shown_afterwards_and_when(
    client: FlaskClient, here: University
) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here), activity.link_id)
    assert "The right answers are shown when you have passed" in client.get(f"{url}/").text

    assessments.set_conditions(
        here.institution_id,
        activity.placement_id,
        Conditions(feedback_shown=Shown.NEVER, key_shown=Shown.NEVER),
        policy=Policy.BEST,
        actor=CLI,
    )

    page = client.get(f"{url}/").text
    assert "This activity does not show feedback on single answers." in page
    assert "This activity does not show the right answers." in page


@pytest.mark.parametrize("roles", [(), ("content_developer",)], ids=["none", "makes content"])
def test_whoever_may_not_take_it_finds_no_button_that_would_refuse_them(
    client: FlaskClient, here: University, roles: tuple[str, ...]
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id, roles=roles)

    page = client.get(f"{url}/")

    assert "Learners take this; you can look at it" in page.text
    assert 'attempts/"' not in page.text
    if roles:
        form = {"csrf_token": story.csrf_token(page), "edition": str(activity.edition_id)}
        trial = client.post(f"{url}/trials", data=form, follow_redirects=True)
        assert trial.status_code == 200
        assert "What is 0?" in trial.text
    else:
        assert "ask who gives out roles in your course" in page.text
        assert "<button" not in page.text


def test_whoever_may_not_take_it_any_more_sees_the_result_without_another_attempt(
    client: FlaskClient, here: University
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "wrong")
    learner = story.visit(client, here, user_id, activity.link_id)
    assert "Start another attempt" in client.get(f"{learner}/results/{attempt_id}").text

    url = story.visit(client, here, user_id, activity.link_id, roles=())
    page = client.get(f"{url}/results/{attempt_id}")

    assert page.status_code == 200
    assert "Start another attempt" not in page.text


def test_whoever_makes_content_can_choose_for_a_link_without_assessment(
    client: FlaskClient, here: University
) -> None:
    link_id = story.add_link(here, "Week 4")
    url = story.visit(client, here, story.enrol(here), link_id, roles=("content_developer",))

    page = client.get(f"{url}/")

    assert f"{url}/choose" in page.text
    assert f"{url}/course" not in page.text
    assert client.get(f"{url}/choose").status_code == 200


def test_whoever_comes_outside_the_window_is_told_when_and_cannot_start(
    client: FlaskClient, here: University
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    token = story.csrf_token(client.get(f"{url}/"))
    assessments.set_conditions(
        here.institution_id,
        activity.placement_id,
        Conditions(opens_at=clock.now() + timedelta(days=1)),
        policy=Policy.BEST,
        actor=CLI,
    )

    page = client.get(f"{url}/")
    answer = client.post(f"{url}/attempts/", data={"csrf_token": token})

    assert "Not open yet" in page.text
    assert "<button" not in page.text
    assert answer.status_code == 409


def test_an_activity_without_a_badge_promises_none(client: FlaskClient, here: University) -> None:
    activity = story.add_activity(here, "Counting", gives_badge=False)
    url = story.visit(client, here, story.enrol(here), activity.link_id)

    page = client.get(f"{url}/")
    assert page.status_code == 200
    assert "you earn the badge" not in page.text


def test_the_first_launch_with_a_token_binds_the_placement(
    client: FlaskClient, here: University
) -> None:
    _, edition_id, _ = story.publish(here, "Counting")
    placement_id = assessments.create_placement(
        here.institution_id,
        edition_id,
        context_id=here.context_id,
        created_by=None,
        title="Counting",
    )
    link_id, user_id = story.add_link(here, "Counting"), story.enrol(here)
    token = placement_token.make(placement_id, here.institution_id, edition_id)

    first = client.get(story.visit(client, here, user_id, link_id, token=token) + "/")
    second = client.get(story.visit(client, here, user_id, link_id) + "/")

    assert "<h1>Counting</h1>" in first.text
    assert "<h1>Counting</h1>" in second.text


def test_a_tab_left_open_does_not_lead_the_course_back_to_what_the_link_was_about(
    client: FlaskClient, here: University
) -> None:
    tokens = []
    for title in ("Counting", "Counting anew"):
        _, edition_id, _ = story.publish(here, title)
        placement_id = assessments.create_placement(
            here.institution_id,
            edition_id,
            context_id=here.context_id,
            created_by=None,
            title=title,
        )
        tokens.append(placement_token.make(placement_id, here.institution_id, edition_id))
    link_id, user_id = story.add_link(here, "Week 5"), story.enrol(here)
    left_open = story.visit(client, here, user_id, link_id, token=tokens[0])
    client.get(f"{left_open}/")
    client.get(story.visit(client, here, user_id, link_id, token=tokens[1]) + "/")

    old_tab = client.get(f"{left_open}/")
    somebody = client.get(story.visit(client, here, user_id, link_id) + "/")

    assert "<h1>Counting anew</h1>" in old_tab.text
    assert "<h1>Counting anew</h1>" in somebody.text


def test_a_token_of_another_institution_binds_nothing(
    client: FlaskClient, here: University
) -> None:
    other = story.open_university("Elsewhere")
    _, edition_id, _ = story.publish(other, "Counting")
    placement_id = assessments.create_placement(
        other.institution_id,
        edition_id,
        context_id=other.context_id,
        created_by=None,
        title="Counting",
    )
    token = placement_token.make(placement_id, other.institution_id, edition_id)
    url = story.visit(client, here, story.enrol(here), story.add_link(here, "Week 4"), token=token)

    page = client.get(f"{url}/")

    assert page.status_code == 200
    assert "No assessment here yet" in page.text
    assert "“Week 4” has no assessment behind it" in page.text


def test_a_link_of_the_courses_menu_leads_a_learner_to_their_badges(
    client: FlaskClient, here: University
) -> None:
    url = story.visit(client, here, story.enrol(here), story.add_link(here, "Cairn"))

    answer = client.get(f"{url}/")

    assert answer.status_code == 303
    assert answer.location == f"{url}/badges"
    page = client.get(answer.location).text
    assert "No badges yet" in page
    assert "Back to" not in page


def test_an_instructor_is_told_how_to_add_an_assessment(
    client: FlaskClient, here: University
) -> None:
    link_id = story.add_link(here, "Cairn")
    url = story.visit(client, here, story.enrol(here), link_id, roles=("instructor",))

    assert "choose Cairn as its tool" in client.get(f"{url}/").text


def test_an_instructor_is_led_to_the_results_of_all(client: FlaskClient, here: University) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(
        client, here, story.enrol(here), activity.link_id, roles=("instructor", "learner")
    )

    answer = client.get(f"{url}/")

    assert answer.status_code == 303
    assert answer.location == f"{url}/placement"


def test_whoever_has_begun_is_led_back(client: FlaskClient, here: University) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = assessments.open_attempt(here.institution_id, activity.placement_id, user_id)
    url = story.visit(client, here, user_id, activity.link_id)

    page = client.get(f"{url}/")

    assert "You have begun" in page.text
    assert f"{url}/attempts/{attempt_id}" in page.text
    assert ">Start<" not in page.text


def test_whose_time_is_over_is_told_so(
    client: FlaskClient, here: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity, user_id = story.add_activity(here, "Counting", minutes=10), story.enrol(here)
    assessments.open_attempt(here.institution_id, activity.placement_id, user_id)
    url = story.visit(client, here, user_id, activity.link_id)

    later = clock.now() + timedelta(minutes=12)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = client.get(f"{url}/")

    assert "Your time is over" in page.text
    assert "See your result" in page.text
    assert "Go on" not in page.text


def test_what_an_author_wrote_in_another_language_than_the_page_is_marked(
    client: FlaskClient, here: University
) -> None:
    activity, user_id = story.add_activity(here, "Counting", max_attempts=1), story.enrol(here)
    with transaction(here.institution_id) as session:
        edition = session.get_one(Edition, (activity.edition_id, here.institution_id))
        edition.details = {"language": "ar"}
    url = story.visit(client, here, user_id, activity.link_id, settings={"locale": "de"})

    start = client.get(f"{url}/").text
    attempt_id = assessments.open_attempt(here.institution_id, activity.placement_id, user_id)
    asked = client.get(f"{url}/attempts/{attempt_id}").text
    story.answer(here, attempt_id, user_id, "wrong", "right")
    assessments.submit_attempt(here.institution_id, attempt_id, user_id=user_id)
    result = client.get(f"{url}/results/{attempt_id}").text

    written = 'lang="ar" dir="rtl"'
    assert '<html lang="de"' in start
    assert f"<p {written}>You show that you can count.</p>" in start
    assert f'id="stem-1" {written}>' in asked
    assert f"<span data-words {written}>" in asked
    assert asked.count(written) == 2 * (2 + 2)  # title and stem of two questions, their options
    assert f"<span {written}>Question about 0</span>" in result
    assert f'<dd class="flow tight" {written}>' in result


def test_in_the_pages_own_language_nothing_is_marked(client: FlaskClient, here: University) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)

    assert "dir=" not in client.get(f"{url}/").text.partition("<body")[2]
