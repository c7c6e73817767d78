"""A learner's own transcripts, over HTTP."""

import json
import re
from io import BytesIO

from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from lti_tool.badges import detailing
from lti_tool.badges.detailing import Asked
from lti_tool.badges.erasing import erase_credentials
from lti_tool.badges.models import Award
from lti_tool.badges.particulars import Particulars
from lti_tool.badges.services import withdraw_award
from lti_tool.badges.verifying.checking import CheckedTranscript
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.people.services import person_of
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import University


def addresses(page: str, attribute: str, ending: str) -> set[str]:
    return set(re.findall(rf'{attribute}="([^"]+{ending})"', page))


def test_a_learner_makes_a_transcript_takes_it_along_and_takes_it_back(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.make_pathway(here, "Counting well", activity.achievement_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    url = story.visit(client, here, user_id, activity.link_id)
    assert f"{url}/transcripts" in client.get(f"{url}/badges").text
    page = client.get(f"{url}/transcripts")
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form

    made = client.post(
        f"{url}/transcripts",
        data={
            "csrf_token": story.csrf_token(page),
            "form": form[1],
            "scope": "all",
            "show_name": "1",
        },
    )

    assert made.status_code == 303
    page = client.get(f"{url}/transcripts")
    assert "With your name" in page.text
    for kind in ("json", "jwt"):
        [address] = addresses(page.text, "href", rf"\.{kind}")
        checked = check_data(client.get(address).data)
        assert isinstance(checked, CheckedTranscript)
        assert checked.is_sound
        assert checked.transcript.holder.name == "Amara Nwosu"
        assert checked.transcript.holder.identity is None
        assert len(checked.contained) == 2
    [pdf] = addresses(page.text, "action", "/pdf")
    token = {"csrf_token": story.csrf_token(page)}
    assert client.post(pdf, data=token).data.startswith(b"%PDF")

    [end] = addresses(page.text, "action", "/end")
    assert client.post(end, data=token).status_code == 303
    assert "Taken back" in client.get(f"{url}/transcripts").text
    assert client.post(pdf, data=token).status_code == 404


def test_results_are_in_it_if_asked_for_and_are_those_of_the_badge_that_says_them(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.make_pathway(here, "Counting well", activity.achievement_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    url = story.visit(client, here, user_id, activity.link_id)

    def make(**more: str) -> CheckedTranscript:
        page = client.get(f"{url}/transcripts")
        form = re.search(r'name="form" value="([^"]+)"', page.text)
        assert form
        sent = {"csrf_token": story.csrf_token(page), "form": form[1], "scope": "all", **more}
        assert client.post(f"{url}/transcripts", data=sent).status_code == 303
        made = client.get(f"{url}/transcripts").text
        newest = re.search(r'href="([^"]+\.json)"', made)
        assert newest
        checked = check_data(client.get(newest[1]).data)
        assert isinstance(checked, CheckedTranscript)
        assert checked.is_sound
        return checked

    without, told = make(), make(show_results="1")

    assert not any(badge.particulars.results for badge in without.transcript.badges)
    [counting, certificate] = told.transcript.badges
    assert certificate.particulars.is_nothing  # a pathway has no score
    assert counting.particulars == Particulars(results=counting.particulars.results)
    [whole, *_] = counting.particulars.results
    assert (whole.value, whole.most) == ("2", "2")
    with transaction(here.institution_id) as session:
        person_id = person_of(session, user_id)
        award_id = session.scalars(
            select(Award.id).where(Award.achievement_id == activity.achievement_id)
        ).one()
    alone = detailing.sign_detailed(
        here.institution_id, award_id, person_id=person_id, asked=Asked(results=True)
    )
    assert counting.id.endswith(str(alone))
    page = client.get(f"{url}/transcripts")
    newest = re.search(r'action="([^"]+/pdf)"', page.text)
    assert newest
    printed = client.post(newest[1], data={"csrf_token": story.csrf_token(page)}).data
    assert "2 of 2" in "".join(one.extract_text() for one in PdfReader(BytesIO(printed)).pages)

    withdraw_award(here.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)
    assert not check_data(json.dumps(told.document).encode()).is_sound  # type: ignore[union-attr]
    erase_credentials(here.institution_id, person_id)
    assert "Your transcripts" not in client.get(f"{url}/transcripts").text


def test_nobody_gets_at_another_learners_transcript(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity = story.add_activity(here, "Counting")
    amara, bela = story.enrol(here), story.enrol(here, "Bela")
    for user_id in (amara, bela):
        story.take(here, activity, user_id, "right", "right")
    worker.run()
    url = story.visit(client, here, amara, activity.link_id)
    page = client.get(f"{url}/transcripts")
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form
    sent = {"csrf_token": story.csrf_token(page), "form": form[1], "scope": "all"}
    assert client.post(f"{url}/transcripts", data=sent).status_code == 303
    assert "Without your name" in client.get(f"{url}/transcripts").text

    other = story.visit(client, here, bela, activity.link_id)
    page = client.get(f"{other}/transcripts")
    token = {"csrf_token": story.csrf_token(page)}
    assert "Your transcripts" not in page.text
    assert client.get(f"{other}/transcripts/{form[1]}.json").status_code == 404
    for act in ("pdf", "end"):
        assert client.post(f"{other}/transcripts/{form[1]}/{act}", data=token).status_code == 404
    theirs = {**token, "form": form[1], "scope": "all"}
    assert client.post(f"{other}/transcripts", data=theirs).status_code == 404
