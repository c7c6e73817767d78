"""A learner's badges: held, taken along, shared, taken back."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from lti_tool.badges import services as badges
from lti_tool.badges.details import PLAIN
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.models import Achievement, Award, AwardReview
from lti_tool.badges.verifying.checking import Checked
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core import clock
from lti_tool.core.audit import CLI, Actor
from lti_tool.core.db import transaction
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import University


def check_badge(data: bytes) -> Checked:
    checked = check_data(data)
    assert isinstance(checked, Checked)
    return checked


def addresses(page: str, attribute: str, ending: str) -> set[str]:
    return set(re.findall(rf'{attribute}="([^"]+{ending})"', page))


def earned(client: FlaskClient, here: University, worker: Worker) -> str:
    """Have a learner of a course earn a badge; return the address of their visit there."""
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    return url


def test_a_badge_is_shared_by_a_link_shown_once_and_taken_back(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    url = earned(client, here, worker)

    page = client.get(f"{url}/badges")
    assert "Not shared" in page.text
    [ask] = addresses(page.text, "href", r"/share")
    question = client.get(ask)
    token = story.csrf_token(question)
    made = client.post(ask, data={"csrf_token": token, "show_name": "1"})

    assert made.status_code == 200
    [link] = addresses(made.text, 'id="link" value', r"/shared/[^\"]+")
    assert client.get(link).status_code == 200
    listed = client.get(f"{url}/badges").text
    assert "Shared by 1 link" in listed
    assert "Your name and the badge" in listed
    assert link.rpartition("/")[2] not in listed

    [end] = addresses(listed, "action", r"/end")
    ended = client.post(end, data={"csrf_token": token})

    assert ended.status_code == 303
    assert "Not shared" in client.get(f"{url}/badges").text
    assert client.get(link).status_code == 404


def test_a_link_shows_what_its_maker_chose_until_its_end(
    client: FlaskClient, here: University, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "wrong")
    worker.run()
    [ask] = addresses(client.get(f"{url}/badges").text, "href", r"/share")
    sent = {
        "csrf_token": story.csrf_token(client.get(ask)),
        "show_result": "1",
        "label": "For the Halden Institute",
        "ends": "30",
    }

    made = client.post(ask, data=sent).text
    [link] = addresses(made, 'id="link" value', r"/shared/[^\"]+")
    shown = client.get(link).text

    assert "of 2 points" in shown
    assert "Amara" not in shown
    assert "Halden" not in shown
    listed = client.get(f"{url}/badges").text
    assert "For the Halden Institute" in listed
    assert "1 time" in listed
    assert "linkedin.com/profile/add?startTask=CERTIFICATION_NAME&amp;name=Counting" in made
    assert f"{link}/embed" in made

    at_end = clock.now() + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: at_end)
    assert client.get(link).status_code == 404


def test_a_badge_is_handed_to_its_holder_in_every_form(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    page = client.get(ask)
    paths = {kind: addresses(page.text, "href", rf"\.{kind}").pop() for kind in FileKind}
    stranger = story.visit(client, here, story.enrol(here, "Tomás"), activity.link_id)

    for kind, path in paths.items():
        answer = client.get(path)
        assert answer.headers["Content-Disposition"].endswith(f'counting.{kind}"')
        checked = check_data(answer.data)
        assert checked.examination.verdict == "valid", kind
        assert (checked.found.compact is not None) == (kind is FileKind.JWT)
        assert client.get(stranger + path.removeprefix(url)).status_code == 404


def test_a_detailed_badge_says_what_its_holder_chose(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    with transaction(here.institution_id) as session:
        for achievement in session.scalars(select(Achievement)):
            achievement.details = replace(PLAIN, valid_months=12).to_json()
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "wrong")
    worker.run()
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    [choose] = addresses(client.get(ask).text, "href", "/details")
    question = client.get(choose)
    assert "1 of 2 points, 1 needed" in question.text
    choice = re.findall(r'value="(ltiUserId-[^"]+)"', question.text).pop()
    chosen = {
        "csrf_token": story.csrf_token(question),
        "name": "1",
        "results": "1",
        "evidence": "1",
        "identifier": choice,
    }

    signed = client.post(choose, data=chosen, follow_redirects=True)

    assert "your name: Amara Nwosu" in signed.text
    paths = {kind: addresses(signed.text, "href", rf"\.{kind}").pop() for kind in FileKind}
    for kind, path in paths.items():
        answer = client.get(path)
        assert answer.headers["Content-Disposition"].endswith(f'counting-detailed.{kind}"')
        found = check_badge(answer.data).examination
        assert found.verdict == "valid", kind
        said = found.badge.particulars
        assert said.name == "Amara Nwosu"
        assert [(one.value, one.most, one.required) for one in said.results] == [("1", "2", "1")]
        assert said.evidence[0].narrative
        assert "2 questions" in said.evidence[0].narrative
        assert said.identity is not None
        assert said.identity.fits(str(user_id))
    [make] = addresses(signed.text, "action", "/certificate")
    printed = client.post(make, data={"csrf_token": chosen["csrf_token"]})
    assert check_badge(printed.data).examination.badge.particulars.name == "Amara Nwosu"
    assert "1 of 2 points, 1 needed" in PdfReader(BytesIO(printed.data)).pages[0].extract_text()
    [share] = addresses(signed.text, "href", "/share")
    made = client.post(share, data={"csrf_token": chosen["csrf_token"]})
    [link] = addresses(made.text, 'id="link" value', r"/shared/[^\"]+")
    shown = client.get(link).text
    assert "Amara Nwosu" in shown
    assert "Results, as the issuer signed them" in shown
    page = client.get(f"{url}/badges").text
    assert "A badge with details" in page
    assert "As it was before you renewed it" not in page
    assert "Name, Results, Evidence" in client.get(ask).text

    story.take(here, activity, user_id, "right", "right")
    worker.run()
    assert "As it was before you renewed it" in client.get(f"{url}/badges").text


def test_a_detailed_badge_of_nothing_is_not_signed(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    url = earned(client, here, worker)
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    choose = ask.replace("/download", "/details")
    token = story.csrf_token(client.get(choose))

    answer = client.post(choose, data={"csrf_token": token, "identifier": "\0"})

    assert answer.status_code == 400
    assert client.post(choose, data={"csrf_token": token}).status_code == 400


def test_a_certificate_has_a_link_that_its_holder_can_take_back(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    url = earned(client, here, worker)
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    page = client.get(ask)
    [make] = addresses(page.text, "action", "/certificate")

    made = client.post(make, data={"csrf_token": story.csrf_token(page), "show_name": "1"})

    printed = PdfReader(BytesIO(made.data)).pages[0].extract_text()
    assert "Amara Nwosu" in printed
    found = re.search(r"/i/\S+/shared/[A-Za-z0-9_-]{22}", printed.replace("\n", ""))
    assert found is not None
    assert client.get(found.group()).status_code == 200
    assert check_data(made.data).examination.verdict == "valid"
    listed = client.get(f"{url}/badges")
    assert "QR code on a certificate" in listed.text
    [end] = addresses(listed.text, "action", r"/end")
    client.post(end, data={"csrf_token": story.csrf_token(listed)})
    assert client.get(found.group()).status_code == 404


def test_a_name_that_cannot_be_printed_is_told_and_leaves_no_link(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here, "Sam 🎓 Noor")
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    page = client.get(ask)
    [make] = addresses(page.text, "action", "/certificate")

    refused = client.post(make, data={"csrf_token": story.csrf_token(page), "show_name": "1"})
    unnamed = client.post(make, data={"csrf_token": story.csrf_token(page)})

    assert refused.status_code == 400
    assert "We cannot print “🎓”" in refused.text
    assert unnamed.mimetype == "application/pdf"
    assert client.get(f"{url}/badges").text.count("QR code on a certificate") == 1


def test_a_badge_that_was_taken_back_is_not_held_and_says_when_why_and_whom_to_ask(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    worker.run()
    story.make_pathway(here, "Numbers", activity.achievement_id)
    assert "1 of 1 stone" in client.get(f"{url}/pathways").text
    [path] = addresses(client.get(f"{url}/badges").text, "href", "/download")
    link = path.replace("/download", "/share")
    client.post(link, data={"csrf_token": story.csrf_token(client.get(link)), "show_name": "1"})
    with transaction(here.institution_id) as session:
        award_id = session.scalars(select(Award.id)).one()

    badges.withdraw_award(
        here.institution_id,
        award_id,
        reason="Copied from a book.",
        actor=Actor(kind="system", id=None),
    )

    page = client.get(f"{url}/badges").text
    assert "Badges you have" not in page
    assert "Badges that were taken back" in page
    assert "Copied from a book." in page
    assert "Ask whoever teaches “Biostatistics 2, Spring”, or Northfell University." in page
    # The link still works, and says so: whoever made it can end it.
    assert "That the badge was taken back" in page
    assert addresses(page, "action", "/end")

    assert "has taken it back" in client.get(f"{url}/results/{attempt_id}").text
    assert "0 of 1 stone" in client.get(f"{url}/pathways").text
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["badges/{id}/share", "shares/{id}/end"])
def test_what_is_not_ones_own_cannot_be_shared_or_taken_back(
    client: FlaskClient, here: University, path: str
) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here), activity.link_id)
    token = story.csrf_token(client.get(f"{url}/"))

    answer = client.post(f"{url}/{path.format(id=uuid4())}", data={"csrf_token": token})

    assert answer.status_code == 404


def test_sharing_needs_a_form_of_ours(client: FlaskClient, here: University) -> None:
    activity = story.add_activity(here, "Counting")
    url = story.visit(client, here, story.enrol(here), activity.link_id)

    assert client.post(f"{url}/badges/{uuid4()}/share").status_code == 403


def test_an_instructor_has_no_badges_to_share_here(client: FlaskClient, here: University) -> None:
    activity = story.add_activity(here, "Counting")
    user_id = story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id, roles=("instructor",))

    assert client.get(f"{url}/badges/{uuid4()}/share").status_code == 403


def test_pathways_show_what_is_not_in_this_course(client: FlaskClient, here: University) -> None:
    activity = story.add_activity(here, "Counting")
    _, _, elsewhere = story.publish(here, "Dividing")
    story.make_pathway(here, "Numbers", activity.achievement_id, elsewhere)
    url = story.visit(client, here, story.enrol(here), activity.link_id)

    page = client.get(f"{url}/pathways").text

    assert "0 of 2 stones" in page
    assert "Both of these: 1 open now, 2 not in this course." in page
    assert "Back to Counting" in page


def test_a_badge_says_what_it_counts_toward_and_what_has_come_of_it(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    newer = story.add_activity(here, "Counting on")
    story.make_pathway(here, "Numbers", activity.achievement_id)
    url = story.visit(client, here, user_id, activity.link_id)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    worker.run()
    page = client.get(f"{url}/badges").text
    assert "Counts toward: Numbers" in page
    assert "A newer badge" not in page
    assert "Being looked at" not in page

    badges.replace_achievement(
        here.institution_id,
        activity.achievement_id,
        replaced_by=newer.achievement_id,
        actor=CLI,
    )
    with transaction(here.institution_id) as session:
        award_id = session.scalars(
            select(Award.id).where(Award.achievement_id == activity.achievement_id)
        ).one()
        session.add(AwardReview(award_id=award_id, attempt_id=attempt_id, opened_at=clock.now()))
    page = client.get(f"{url}/badges").text

    assert "A newer badge has taken its place" in page
    assert "Counting on" in page
    assert "Being looked at" in page
    assert "Ask whoever teaches “Biostatistics 2, Spring”" in page


def test_an_expired_badge_says_since_when_and_whom_to_ask(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    url = earned(client, here, worker)
    with transaction(here.institution_id) as session:
        session.scalars(select(Award)).one().valid_until = clock.now() - timedelta(days=1)

    page = client.get(f"{url}/badges").text

    assert "Expired" in page
    assert "It was valid until" in page
    assert "Ask whoever teaches “Biostatistics 2, Spring”" in page


def test_a_link_is_previewed_as_its_reader_will_see_it_and_changed_before_it_is_made(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    url = earned(client, here, worker)
    with transaction(here.institution_id) as session:
        session.scalars(select(Award)).one().valid_until = clock.now() - timedelta(days=1)
    [ask] = addresses(client.get(f"{url}/badges").text, "href", "/share")
    asked = client.get(ask)
    token = story.csrf_token(asked)
    chosen = {"csrf_token": token, "show_result": "1", "label": "For Ingrid", "ends": "30"}

    preview = client.post(f"{ask}/preview", data=chosen).text
    changed = client.post(f"{ask}/preview", data={**chosen, "change": "1"}).text

    assert "Your points" in asked.text
    assert "There is no link yet" in preview
    assert "<strong>2</strong> of 2 points" in preview
    assert "certifies that the holder has earned" in preview
    assert "Amara Nwosu" not in preview
    assert "Link to this page" not in preview
    assert 'name="label" value="For Ingrid"' in preview
    assert re.search(r'name="show_result" value="1" checked', changed)
    assert not re.search(r'name="show_name" value="1" checked', changed)
    assert 'value="For Ingrid"' in changed
    assert 'value="30" selected' in changed
    assert "Not shared" in client.get(f"{url}/badges").text


def test_no_points_are_offered_where_no_attempt_earned_the_badge(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    top = story.make_pathway(here, "Numbers", activity.achievement_id)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    page = client.get(f"{url}/badges").text
    asks = {client.get(path).text for path in addresses(page, "href", "/share")}

    assert f"/achievements/{top}" in page
    assert {"Your points" in text: "Share “Counting”" in text for text in asks} == {
        True: True,
        False: False,
    }
