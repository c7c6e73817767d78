"""One decision about many learners: chosen, tried without effect, made once, followed."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lti_tool.core.db import transaction
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
    names = "csrf_token|decision|what|people|q|state"
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


def test_what_is_not_of_this_pathway_is_not_decided(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])
    other = open_desk()
    path = f"{desk.pathway_path}/decide"

    for what in (f"waive.{uuid4()}", f"move.{other.pathway_id}", "confirm"):
        assert client.get(f"{path}?what={what}").status_code == 404, what
    assert client.get(f"{path}?what=erase.{uuid4()}").status_code == 400
    assert client.get(f"{desk.pathway_path}/decisions/{uuid4()}").status_code == 404
    assert client.get(f"{desk.path}/pathways/{other.pathway_id}/decide").status_code == 404


def test_only_a_registrar_decides_about_many(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])
    desk.enter(client, "auditor")

    assert client.get(f"{desk.pathway_path}/decide").status_code == 403
    assert "Decide about all" not in client.get(desk.pathway_path).text
