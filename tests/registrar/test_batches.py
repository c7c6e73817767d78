"""One decision about many learners: chosen, tried without effect, made once, followed."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lti_tool.core.db import transaction
from lti_tool.pathways import services
from lti_tool.pathways.expression import AllOf
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import PathwayRuling
from tests.conftest import Worker
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def fields(page: str) -> dict[str, str]:
    names = "csrf_token|decision|what|people|whom|q|state"
    form = page.partition('method="post" action="')[2].partition("decide")[2]
    return dict(re.findall(rf'name="({names})" value="([^"]*)"', form))


def choice(client: FlaskClient, path: str, words: str) -> str:
    """Return what the page sends for an option."""
    found = re.search(rf'<option value="([^"]+)">{re.escape(words)}', client.get(path).text)
    assert found
    return found[1]


def rulings(desk: Desk) -> int | None:
    with transaction(desk.university.id) as session:
        return session.scalar(select(func.count()).select_from(PathwayRuling))


def test_a_requirement_is_waived_for_all_who_fit_after_a_dry_run(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    desk.learner("Amara", *STONES[:2])
    desk.learner("Linh", *STONES[:2])
    desk.learner("Saoirse", STONES[0])
    path = f"{desk.pathway_path}/decide"
    what = choice(client, path, "Consent (version 1)")

    page = client.get(f"{path}?state=one_away&what={what}").text

    assert "Decide about 2 learners" in page
    assert "This requirement is waived for them: Consent (version 1)." in plain(page)
    assert "2 then complete the pathway." in plain(page)
    assert "Amara 1 0" in plain(page)
    assert rulings(desk) == 0
    sent = fields(page)
    assert client.post(path, data={**sent, "reason": ""}).status_code == 400
    answers = [client.post(path, data={**sent, "reason": "Cancelled."}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    worker.run()

    followed = plain(client.get(answers[0].location).text)
    assert "learners 2 decided 2 left alone 0" in followed
    assert "Done." in followed
    assert rulings(desk) == 2
    # Nobody is one stone away any more: sent once more it is the same decision.
    late = client.post(path, data={**sent, "reason": "Cancelled."})
    assert (late.status_code, late.location) == (303, answers[0].location)


def test_if_others_fit_meanwhile_nothing_is_decided_before_they_were_seen(
    client: FlaskClient, desk: Desk
) -> None:
    desk.learner("Amara", *STONES[:2])
    path = f"{desk.pathway_path}/decide"
    what = choice(client, path, "Consent (version 1)")
    sent = fields(client.get(f"{path}?what={what}").text)
    desk.learner("Linh", *STONES[:2])

    answer = client.post(path, data={**sent, "reason": "Cancelled."})

    assert answer.status_code == 409
    assert "Meanwhile these are 2 people instead of 1." in answer.text
    assert rulings(desk) == 0


def test_as_many_others_are_not_decided_about_before_they_were_seen(
    client: FlaskClient, desk: Desk
) -> None:
    amara = desk.learner("Amara", *STONES[:2])
    path = f"{desk.pathway_path}/decide"
    what = choice(client, path, "Consent (version 1)")
    sent = fields(client.get(f"{path}?state=one_away&what={what}").text)
    count_award(desk.university.grant(amara, STONES[2]))
    desk.learner("Linh", *STONES[:2])

    answer = client.post(path, data={**sent, "reason": "Cancelled."})

    assert answer.status_code == 409
    assert "Meanwhile these are other people, though as many." in answer.text
    assert rulings(desk) == 0


def test_what_is_not_of_this_pathway_is_not_decided(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])
    other = open_desk()
    path = f"{desk.pathway_path}/decide"

    allocate = f"allocate.{desk.university.achievements['Consent']}"  # nothing is shared here
    for what in (f"waive.{uuid4()}", f"withdraw.{other.pathway_id}", allocate, "confirm"):
        assert client.get(f"{path}?what={what}").status_code == 404, what
    assert client.get(f"{path}?what=erase.{uuid4()}").status_code == 400
    assert client.get(f"{desk.pathway_path}/decisions/{uuid4()}").status_code == 404
    assert client.get(f"{desk.path}/pathways/{other.pathway_id}/decide").status_code == 404


def test_those_who_fit_are_moved_by_the_job_that_first_looks_at_all_of_them(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    desk.learner("Amara", *STONES[:2])
    desk.learner("Linh", STONES[0])
    place = desk.university
    version_id = services.publish_version(
        place.id, desk.pathway_id, AllOf(parts=(place.stone(STONES[0]),))
    )
    path = f"{desk.pathway_path}/decide?state=one_away"
    form = client.get(path).text.partition("/decide/move")[2]
    sent = dict(re.findall(r'name="(csrf_token|state)" value="([^"]*)"', form))

    answer = client.post(
        f"{desk.pathway_path}/decide/move", data={**sent, "version": str(version_id)}
    )
    worker.run()
    page = plain(client.get(answer.location).text)

    assert answer.status_code == 303
    assert "Of those you chose, on another version of “Data literacy”: 1 learner." in page
    assert "would complete the pathway 1 would no longer be complete 0 neither 0" in page
    foreign = client.post(
        f"{desk.pathway_path}/decide/move", data={**sent, "version": str(uuid4())}
    )
    assert foreign.status_code == 404


def test_a_badge_is_withdrawn_from_all_who_fit_after_a_dry_run(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    desk.learner("Amara", *STONES)
    path = f"{desk.pathway_path}/decide"
    what = f"withdraw.{desk.university.achievements['Consent']}"

    page = client.get(f"{path}?what={what}").text
    answer = client.post(path, data={**fields(page), "reason": "Plagiarism."})
    worker.run()

    assert "This badge of theirs is revoked" in plain(page)
    assert "they read your reason" in plain(page)
    assert "1 is then no longer complete." in plain(page)
    assert "learner 1 decided 1 left alone 0" in plain(client.get(answer.location).text)


def test_only_a_registrar_decides_about_many(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])
    desk.enter(client, "auditor")

    assert client.get(f"{desk.pathway_path}/decide").status_code == 403
    assert "Decide about all" not in client.get(desk.pathway_path).text
