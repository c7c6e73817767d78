"""Saved views: named, opened by a link, shared with the desk, renamed, deleted."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from lti_tool.people import saved_views
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_routes import learners_of, rows_of


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.learner("Amara", *STONES[:2])
    desk.learner("Linh", STONES[0])
    desk.enter(client, "registrar")
    return desk


def save(client: FlaskClient, address: str, **more: str) -> int:
    """Save what an address shows under a name."""
    page = client.get(address).text.partition('<form class="flow" method="post"')[2]
    hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    answer = client.post(address.partition("?")[0], data={**hidden, "name": "Nearly there", **more})
    return answer.status_code


def change(client: FlaskClient, desk: Desk, which: str, **sent: str) -> int:
    page = client.get(f"{desk.path}/views").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    data = {"csrf_token": token[1], **sent}
    return client.post(f"{desk.path}/views/{which}", data=data).status_code


def ids(page: str) -> list[str]:
    return re.findall(r'action="[^"]+/views/([^"/]+)"', page)


def test_a_view_opens_what_was_filtered_by_a_plain_link(client: FlaskClient, desk: Desk) -> None:
    status = save(client, f"{desk.pathway_path}/views/new?state=one_away&q=ama")

    page = client.get(f"{desk.path}/views").text
    link = re.search(r'<a href="([^"]+)">Nearly there<', page)

    assert status == 303
    assert link
    assert link[1] == f"{desk.pathway_path}?state=one_away"
    assert [row[:5] for row in learners_of(client.get(link[1]).text)] == ["Amara"]
    assert ">Nearly there<" in client.get(desk.pathway_path).text
    assert "is not kept in it" in client.get(f"{desk.pathway_path}/views/new?q=ama").text


def test_a_view_is_ones_own_until_it_is_shared(client: FlaskClient, desk: Desk) -> None:
    save(client, f"{desk.pathway_path}/views/new?state=one_away")
    save(client, f"{desk.path}/audit/views/new?act=sign_in", name="Who came in", shared="1")
    own = ids(client.get(f"{desk.path}/views").text)

    def seen(role: str, person: str) -> list[str]:
        client.set_cookie("__Host-cairn-staff", desk.session(role, name=person))
        page = client.get(f"{desk.path}/views").text
        return [row.partition(" Change")[0] for row in rows_of(page)] if "<tbody" in page else []

    assert len(own) == 2
    assert seen("auditor", "Omar") == ["Who came in Audit trail Everybody: shared by a colleague"]
    assert seen("issuer", "Ines") == []
    assert seen("registrar", "Rosa") == ["Who came in Audit trail Everybody: shared by a colleague"]


def test_who_made_a_view_renames_and_deletes_it(client: FlaskClient, desk: Desk) -> None:
    save(client, f"{desk.pathway_path}/views/new?state=one_away")
    [view] = ids(client.get(f"{desk.path}/views").text)

    assert change(client, desk, view, name=" Almost ", shared="1") == 303
    assert rows_of(client.get(f"{desk.path}/views").text)[0].startswith(
        "Almost Data literacy Everybody at the desk"
    )
    assert change(client, desk, view, name="") == 303
    assert "Almost" in client.get(f"{desk.path}/views").text
    assert change(client, desk, view, delete="1", name="x") == 303
    assert "No view is saved yet" in client.get(f"{desk.path}/views").text
    assert change_gone(client, desk, view) == 404


def change_gone(client: FlaskClient, desk: Desk, view: str) -> int:
    save(client, f"{desk.pathway_path}/views/new?state=one_away")
    return change(client, desk, view, name="Back")


def test_others_change_nothing_and_a_registrar_clears_what_is_shared(
    client: FlaskClient, desk: Desk
) -> None:
    save(client, f"{desk.pathway_path}/views/new?state=one_away")
    save(client, f"{desk.pathway_path}/views/new?state=stalled", name="Shared", shared="1")
    private, shared = ids(client.get(f"{desk.path}/views").text)

    client.set_cookie("__Host-cairn-staff", desk.session("auditor", name="Omar"))
    save(client, f"{desk.pathway_path}/views/new", name="Own")
    assert change(client, desk, shared, delete="1") == 404
    client.set_cookie("__Host-cairn-staff", desk.session("registrar", name="Rosa"))
    assert change(client, desk, private, delete="1") == 404
    assert change(client, desk, shared, delete="1") == 303


def test_a_view_without_a_name_or_of_elsewhere_is_not_saved(
    client: FlaskClient, desk: Desk
) -> None:
    other = open_desk()

    assert save(client, f"{desk.pathway_path}/views/new", name=" ") == 400
    assert client.get(f"{desk.path}/pathways/{other.pathway_id}/views/new").status_code == 404
    assert client.get(f"{desk.path}/pathways/{uuid4()}/views/new").status_code == 404


def test_one_form_saves_once_and_nobody_has_too_many(
    client: FlaskClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST_OF_ONE", 1)
    address, view = f"{desk.pathway_path}/views/new", str(uuid4())

    statuses = [save(client, address, view=view), save(client, address, view=view)]

    assert statuses == [303, 303]
    assert len(ids(client.get(f"{desk.path}/views").text)) == 1
    assert save(client, address) == 409
