"""Composing at the desk: who may, what forms do without scripts, and what a refusal shows."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.core.db import transaction
from lti_tool.pathways import drafting, outline
from lti_tool.pathways.expression import CreditsAtLeast, Earn, SomeOf, stones
from lti_tool.pathways.models import Draft
from tests.conftest import Worker
from tests.learner import story
from tests.pathways.records import University
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


class Editor:
    """A browser without scripts before one draft."""

    def __init__(self, client: FlaskClient, desk: Desk) -> None:
        self.client, self.desk = client, desk
        page = client.get(f"{desk.pathway_path}/rules").text
        self.token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
        begun = self.send(f"{desk.pathway_path}/drafts", seen=None)
        self.path = begun.location

    def send(self, path: str, *, seen: int | None = 0, **fields: str) -> TestResponse:
        assert self.token is not None
        data = {"csrf_token": self.token[1], **fields}
        if seen is not None:
            data["seen"] = str(seen or self.draft.version)
        return self.client.post(path, data=data)

    @property
    def draft(self) -> Draft:
        with transaction(self.desk.university.id) as session:
            [row] = drafting.list_drafts(session)
            return row.draft

    @property
    def names(self) -> list[str]:
        known = {id_: name for name, id_ in self.desk.university.achievements.items()}
        return [known[one.achievement_id] for one in stones(drafting.tree_of(self.draft))]

    def part(self, name: str) -> str:
        wanted = self.desk.university.achievements[name]
        tree = drafting.tree_of(self.draft)
        return next(str(one.id) for one in stones(tree) if one.achievement_id == wanted)

    @property
    def top(self) -> str:
        return str(drafting.tree_of(self.draft).id)


@pytest.fixture
def editor(client: FlaskClient, desk: Desk) -> Editor:
    return Editor(client, desk)


def test_a_pathway_is_composed_and_published_by_forms_alone(
    client: FlaskClient, editor: Editor
) -> None:
    achievement = editor.desk.university.achievement("Writing", credits_="5")
    page = client.get(f"{editor.path}/parts/{editor.top}/add?q=writ").text
    assert "Writing" in page
    assert "Reading statistics" not in page

    editor.send(f"{editor.path}/parts/{editor.top}/add", achievement=str(achievement))
    moved = editor.send(editor.path, action=f"up-{editor.part('Writing')}")
    assert moved.location.endswith(f"#part-{editor.part('Writing')}")
    assert editor.names == ["Reading statistics", "Research data", "Writing", "Consent"]
    editor.send(editor.path, action=f"remove-{editor.part('Consent')}")
    editor.send(
        f"{editor.path}/parts/{editor.part('Writing')}",
        grade="70",
        days="365",
        needs=str(editor.desk.university.achievements["Research data"]),
    )
    published = editor.send(f"{editor.path}/publish", note="Writing instead of consent")

    page = client.get(published.location).text
    assert "Newcomers begin this version" in page
    assert "Writing instead of consent" in page
    told = "Carries 5 credits. Grade at least 70 %. Counts for 365 days after it is earned."
    assert told in page
    assert "Counts only beside Research data." in page
    back = client.get(editor.path)
    assert back.status_code == 302
    assert back.location == published.location.partition("?")[0]


def test_a_draft_that_is_sent_twice_is_published_once(client: FlaskClient, editor: Editor) -> None:
    page = client.get(editor.path).text
    hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    sent = {**hidden, "note": "The same"}

    first, second = (client.post(f"{editor.path}/publish", data=sent) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert "Version 2 ·" in client.get(second.location).text


def test_without_a_badge_that_is_free_it_is_said_where_one_comes_from(
    client: FlaskClient, desk: Desk
) -> None:
    words = "Publish one for this pathway under “Badges” first."
    assert words not in client.get(f"{desk.path}/pathways/drafts").text

    here = story.open_university()
    activity = story.add_activity(here, "Counting")
    story.make_pathway(here, "Counting well", activity.achievement_id)
    other = Desk(
        university=University(here.institution_id), slug=here.slug, pathway_id=desk.pathway_id
    )
    other.enter(client, "registrar")
    assert words in client.get(f"{other.path}/pathways/drafts").text


def test_a_group_gets_its_kind_and_its_rules_by_a_form(editor: Editor) -> None:
    added = editor.send(f"{editor.path}/parts/{editor.top}/add", group="some_of")
    group = added.location.rpartition("/")[2]
    refused = editor.send(f"{editor.path}/parts/{group}", kind="some_of", choose="many")
    assert refused.status_code == 400
    assert "Enter a whole number, 1 or more." in refused.text

    editor.send(
        f"{editor.path}/parts/{group}",
        kind="credits_at_least",
        title="Electives",
        credits="7,5",
        kind_name_0="core",
        kind_credits_0="5",
    )

    found = drafting.tree_of(editor.draft).parts[-1]
    assert isinstance(found, CreditsAtLeast)
    assert (str(found.credits), found.of_kind[0].name, found.title) == ("7.5", "core", "Electives")
    editor.send(f"{editor.path}/parts/{group}", kind="some_of", choose="2", title="")
    assert isinstance(drafting.tree_of(editor.draft).parts[-1], SomeOf)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("grade", "0"), ("grade", "101"), ("level", "six"), ("days", "0"), ("days", "1e99")],
)
def test_what_cannot_be_is_not_kept_and_still_stands_in_the_form(
    editor: Editor, field: str, typed: str
) -> None:
    typed_in = {"grade": "", "level": "", "days": "", field: typed}
    refused = editor.send(
        f"{editor.path}/parts/{editor.part('Consent')}",
        grade=typed_in["grade"],
        level=typed_in["level"],
        days=typed_in["days"],
    )

    assert refused.status_code == 400
    assert f'value="{typed}"' in refused.text
    assert editor.draft.version == 1


def test_who_comes_second_sees_both_and_decides(editor: Editor) -> None:
    editor.send(editor.path, action=f"remove-{editor.part('Research data')}")
    part = editor.part("Consent")

    clash = editor.send(f"{editor.path}/parts/{part}", seen=1, grade="80", days="")

    assert clash.status_code == 409
    assert "Change “Consent”." in clash.text
    assert re.search(r"Grade at least, in percent.*empty.*80", clash.text, re.DOTALL)
    now = clash.text.partition("The draft as it is now")[2].partition("What you wanted")[0]
    assert "Reading statistics" in now
    assert "Research data" not in now
    assert editor.names == ["Reading statistics", "Consent"]
    assert f'name="seen" value="{editor.draft.version}"' in clash.text
    again = editor.send(f"{editor.path}/parts/{part}", grade="80", days="")
    assert again.status_code == 303


def test_a_second_press_of_a_button_changes_nothing_more(editor: Editor) -> None:
    part = editor.part("Consent")
    editor.send(editor.path, seen=1, action=f"up-{part}")

    again = editor.send(editor.path, seen=1, action=f"up-{part}")

    assert again.status_code == 409
    assert "Move “Consent” up." in again.text
    assert editor.names == ["Reading statistics", "Consent", "Research data"]


def test_what_is_wrong_is_told_at_its_place_and_nothing_is_published(
    client: FlaskClient, editor: Editor
) -> None:
    editor.send(f"{editor.path}/parts/{editor.top}/add", group="all_of")

    refused = editor.send(f"{editor.path}/publish", note="Too soon")

    assert refused.status_code == 400
    assert "The group is empty." in refused.text
    assert "Too soon" in refused.text
    page = client.get(editor.path).text
    assert page.count("The group is empty.") == 2
    assert 'aria-disabled="true"' in page


def test_publishing_asks_what_is_new(editor: Editor) -> None:
    refused = editor.send(f"{editor.path}/publish", note=" ")

    assert refused.status_code == 400
    assert "what is new" in refused.text


def test_a_new_pathway_is_begun_named_and_thrown_away(client: FlaskClient, desk: Desk) -> None:
    crown = desk.university.achievement("Diploma")
    editor = Editor(client, desk)
    begun = editor.send(f"{desk.path}/pathways/drafts", seen=None, title="Diploma of data")
    assert begun.status_code == 303
    page = client.get(begun.location).text
    assert "Choose the badge for completing it" in page

    named = editor.send(
        f"{begun.location}/name", seen=1, title="Diploma of data", achievement=str(crown)
    )
    assert "Choose the badge" not in client.get(named.location).text
    assert "cannot be brought back" in client.get(f"{begun.location}/discard").text
    gone = editor.send(f"{begun.location}/discard", seen=2)
    assert "The draft was thrown away." in client.get(gone.location).text
    assert client.get(begun.location).status_code == 404


def test_only_who_composes_sees_drafts_and_only_registrars_try_them(
    client: FlaskClient, desk: Desk
) -> None:
    amara = desk.learner("Amara", *STONES[:1])
    path = Editor(client, desk).path
    tried = f"{path}/try?person={amara}"
    may = {
        "registrar": [200, 200, 200],
        "programme_lead": [200, 403, 200],
        "auditor": [403, 200, 200],
        "issuer": [403, 403, 200],
    }

    for role, expected in may.items():
        desk.enter(client, role)
        pages = [path, tried, f"{desk.pathway_path}/rules"]
        assert [client.get(page).status_code for page in pages] == expected, role


def test_trying_shows_reasons_and_is_noted(client: FlaskClient, desk: Desk) -> None:
    amara = desk.learner("Amara", *STONES[:1])
    path = Editor(client, desk).path

    page = client.get(f"{path}/try?person={amara}").text

    assert "Missing by this draft: 2 stones of 3" in page
    assert "Research data: not held yet." in page
    assert "tried a draft of a pathway on Amara" in client.get(f"{desk.path}/audit").text.replace(
        "Tried", "tried"
    )


def test_a_draft_of_another_desk_is_not_found(client: FlaskClient, desk: Desk) -> None:
    path = Editor(client, desk).path
    other = open_desk(title="Other")
    other.enter(client, "registrar")

    assert client.get(path.replace(desk.path, other.path)).status_code == 404
    assert client.get(path).status_code == 303


def test_a_badge_of_another_institution_cannot_be_asked_for(
    client: FlaskClient, editor: Editor
) -> None:
    foreign = open_desk(title="Other").university.achievement("Foreign")

    refused = editor.send(f"{editor.path}/parts/{editor.top}/add", achievement=str(foreign))

    assert refused.status_code == 404
    assert editor.names == list(STONES)
    assert client.get(editor.path).status_code == 200


def test_the_graph_says_what_the_outline_says(client: FlaskClient, editor: Editor) -> None:
    page = client.get(editor.path).text

    graph = page.partition('<svg class="graph"')[2].partition("</svg>")[0]
    tree = drafting.tree_of(editor.draft)
    for place in outline.places(tree):
        assert f'href="#part-{place.node.id}"' in graph
        assert f'id="part-{place.node.id}"' in page
    assert sum(isinstance(place.node, Earn) for place in outline.places(tree)) == 3


def test_settings_change_what_was_changed_on_the_page_only(
    client: FlaskClient, editor: Editor
) -> None:
    path = f"{editor.desk.pathway_path}/settings"
    was = {"was_title": "Data literacy", "was_lapse_policy": "keep", "was_notice_days": "30"}
    refused = editor.send(path, seen=None, title="", lapse_policy="keep", notice_days="x", **was)
    assert refused.status_code == 400
    assert "Enter a number of days, 0 to 366." in refused.text
    padded = editor.send(path, seen=None, notice_days="000000000999", **was)
    assert "Enter a number of days, 0 to 366." in padded.text

    editor.send(
        path,
        seen=None,
        title="Data literacy",
        lapse_policy="suspend",
        notice_days="30",
        sharing="degree",
        reason="As the senate decided",
        **was,
    )
    stale = editor.send(
        path,
        seen=None,
        title="Data literacy, renamed",
        lapse_policy="keep",
        notice_days="30",
        sharing="",
        reason="A better name",
        **was,
    )

    assert stale.status_code == 303
    page = client.get(path).text
    assert 'value="Data literacy, renamed"' in page
    assert re.search(r'value="suspend" checked', page)
    assert 'value="degree"' in page


def test_a_pathway_may_be_called_like_an_address_and_called_something_else_again(
    client: FlaskClient, editor: Editor
) -> None:
    path = f"{editor.desk.pathway_path}/settings"
    same = {"lapse_policy": "keep", "notice_days": "30", "reason": "The school is called so"}
    was = {"was_lapse_policy": "keep", "was_notice_days": "30"}

    for title in ("Data @ Northgate", "Data literacy"):
        answer = editor.send(path, seen=None, title=title, sharing="d@b", **same, **was)
        assert answer.status_code == 303

    page = client.get(path).text
    assert 'value="Data literacy"' in page
    assert 'value="d@b"' in page


def test_moving_everybody_is_looked_at_first_and_asks_why(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    desk.learner("Amara", *STONES[:2])
    editor = Editor(client, desk)
    editor.send(editor.path, action=f"remove-{editor.part('Consent')}")
    published = editor.send(f"{editor.path}/publish", note="Without consent")
    worker.run()
    page = client.get(published.location).text
    version = re.search(r'name="version" value="([0-9a-f-]{36})">\n', page)
    assert version is not None

    asked = editor.send(f"{desk.pathway_path}/moves", seen=None, version=version[1])
    assert "Looking at what it would change" in client.get(asked.location).text
    assert client.get(f"{asked.location}/state").get_json()["settled"] is False
    worker.run()
    looked = client.get(asked.location).text
    assert "Complete at once" in looked
    assert "Amara" in looked
    assert editor.send(asked.location, seen=None).status_code == 400
    editor.send(asked.location, seen=None, reason="New rules")
    worker.run()

    assert "Moved 1 learner." in client.get(asked.location).text
    assert client.get(f"{asked.location}/state").get_json()["settled"] is True
