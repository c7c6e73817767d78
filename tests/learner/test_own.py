"""Coming back without an LMS: by a link in a letter."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lti_tool.core import settings as settings_module
from lti_tool.core.settings import MailFolder, Settings
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import University
from tests.mailserver import newest_letter

ADDRESS = "amara@home.example"


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Have letters put into a folder."""
    folder = tmp_path / "mail"
    folder.mkdir()
    how = MailFolder(sender="Cairn <cairn@northfell.example>", path=folder)
    settings_module.install(replace(settings, mail=how))
    yield folder
    settings_module.install(settings)


def link_in(mailbox: Path) -> str:
    """Return the path of the link in the newest letter."""
    found = re.search(r"http://localhost(/my/\S+)", newest_letter(mailbox))
    assert found is not None
    return found[1]


def confirmed(client: FlaskClient, here: University, worker: Worker, mailbox: Path) -> str:
    """Have a learner earn a badge and confirm an address; return where their launch is."""
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    token = story.csrf_token(client.get(f"{url}/access"))
    client.post(f"{url}/access", data={"csrf_token": token, "address": ADDRESS})
    worker.run()
    done = client.post(link_in(mailbox))
    assert done.status_code == 200
    assert f"{ADDRESS} leads to your badges now" in done.text
    return url


def signed_in(client: FlaskClient, here: University, worker: Worker, mailbox: Path) -> FlaskClient:
    """Return another browser, that came by a link."""
    elsewhere = client.application.test_client()
    elsewhere.post(f"/my/{here.slug}/sign-in", data={"address": ADDRESS})
    worker.run()
    assert elsewhere.post(link_in(mailbox)).status_code == 303
    return elsewhere


def test_badges_are_at_hand_after_the_course(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path
) -> None:
    confirmed(client, here, worker, mailbox)
    browser = signed_in(client, here, worker, mailbox)

    page = browser.get(f"/my/{here.slug}/badges")

    assert "Counting" in page.text
    assert "/l/" not in page.text
    [ask] = re.findall(r'href="(/my/\S+/share)"', page.text)
    token = story.csrf_token(browser.get(ask))
    made = browser.post(ask, data={"csrf_token": token, "show_name": "1"})
    [link] = re.findall(r'id="link"[^>]*value="http://localhost([^"]+)"', made.text)
    assert "Amara Nwosu" in client.get(link).text
    for path in re.findall(
        r'href="(/my/[^"]+)"', browser.get(ask.replace("share", "download")).text
    ):
        assert browser.get(path).status_code == 200, path
    assert client.get(f"/my/{here.slug}/badges").status_code == 303


def test_opening_a_link_lets_nobody_in_before_they_press(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path
) -> None:
    confirmed(client, here, worker, mailbox)
    browser = client.application.test_client()
    browser.post(f"/my/{here.slug}/sign-in", data={"address": ADDRESS})
    worker.run()
    link = link_in(mailbox)

    for _ in range(2):
        page = browser.get(link)
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in page.headers
    assert browser.post(link).status_code == 303
    assert browser.post(link).status_code == 404
    assert "Ask for a new one" in browser.get(link).text


def test_asking_says_the_same_of_every_address(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path
) -> None:
    confirmed(client, here, worker, mailbox)
    asked = f"/my/{here.slug}/sign-in"

    known = client.post(asked, data={"address": ADDRESS})
    unknown = client.post(asked, data={"address": "amara@work.example"})

    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text.replace("amara@work.example", ADDRESS)
    assert {*known.headers.keys()} == {*unknown.headers.keys()}


@pytest.mark.parametrize("everywhere", [False, True])
def test_signing_out_ends_the_session_or_all(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path, *, everywhere: bool
) -> None:
    confirmed(client, here, worker, mailbox)
    first, second = (signed_in(client, here, worker, mailbox) for _ in range(2))
    page = first.get(f"/my/{here.slug}/access")
    kept = first.get_cookie("__Host-cairn-learner")
    sent = {"csrf_token": story.csrf_token(page), **({"everywhere": "1"} if everywhere else {})}

    answer = first.post(f"/my/{here.slug}/sign-out", data=sent)

    assert answer.status_code == 303
    assert "You are signed out." in first.get(answer.location).text
    assert kept is not None
    first.set_cookie(kept.key, kept.value)
    assert first.get(f"/my/{here.slug}/badges").status_code == 303
    assert second.get(f"/my/{here.slug}/badges").status_code == (303 if everywhere else 200)


def test_removing_an_address_signs_out_who_came_by_it(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path
) -> None:
    url = confirmed(client, here, worker, mailbox)
    browser = signed_in(client, here, worker, mailbox)
    page = client.get(f"{url}/access")
    assert ADDRESS in page.text
    [notices] = re.findall(r'action="([^"]+/notices)"', page.text)
    client.post(notices, data={"csrf_token": story.csrf_token(page), "wanted": "0"})
    page = client.get(f"{url}/access")
    assert "Send letters about my pathways" in page.text
    [remove] = re.findall(r'action="([^"]+/remove)"', page.text)

    client.post(remove, data={"csrf_token": story.csrf_token(page)})

    assert ADDRESS not in client.get(f"{url}/access").text
    assert browser.get(f"/my/{here.slug}/badges").status_code == 303


def test_a_session_is_of_one_institution_and_changes_need_a_form_of_ours(
    client: FlaskClient, here: University, worker: Worker, mailbox: Path
) -> None:
    confirmed(client, here, worker, mailbox)
    browser = signed_in(client, here, worker, mailbox)
    other = story.open_university("Halden")

    assert browser.get(f"/my/{other.slug}/badges").status_code == 303
    assert browser.post(f"/my/{here.slug}/access", data={"address": ADDRESS}).status_code == 403
    assert client.get(f"/my/{here.slug}/enter/{'x' * 43}").status_code == 404
    assert client.get("/my/nowhere/sign-in").status_code == 404


@pytest.mark.parametrize("address", ["", "amara", "x" * 400, "a@b.example\r\nBcc: c@d.example"])
def test_what_is_no_address_is_told_beside_the_field(
    client: FlaskClient, here: University, mailbox: Path, address: str
) -> None:
    assert mailbox.exists()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)
    story.take(here, activity, user_id, "right", "right")
    token = story.csrf_token(client.get(f"{url}/access"))

    for path, data in (
        (f"/my/{here.slug}/sign-in", {"address": address}),
        (f"{url}/access", {"address": address, "csrf_token": token}),
    ):
        answer = client.post(path, data=data)
        assert answer.status_code in {400, 404}, path


def test_without_a_mail_server_nothing_is_promised(client: FlaskClient, here: University) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    url = story.visit(client, here, user_id, activity.link_id)

    assert "No links are sent from here" in client.get(f"/my/{here.slug}/sign-in").text
    assert "No e-mail is sent from here" in client.get(f"{url}/access").text
    assert client.post(f"/my/{here.slug}/sign-in", data={"address": ADDRESS}).status_code == 409
