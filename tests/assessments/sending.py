"""What an attempt's page and its script send, and what the server has of it."""

import re
from html import unescape
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.assessments import queries
from lti_tool.core import keys
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId
from tests.assessments.conftest import SECRET, Visit
from tests.assessments.factories import form_of


def token() -> str:
    return keys.mac("csrf", SECRET.encode()).hex()


def post(client: FlaskClient, url: str, **fields: str) -> TestResponse:
    return client.post(url, data={"csrf_token": token(), **fields})


def send(client: FlaskClient, url: str, **body: object) -> TestResponse:
    headers = {"X-CSRF-Token": token(), "Accept": "application/json"}
    return client.post(url, json=body, headers=headers)


def as_json(item: UUID, letter: str, *, sequence: int = 1, base: int = 0) -> dict[str, object]:
    return {
        "item_version_id": str(item),
        "value": [letter],
        "flagged": False,
        "save_id": str(uuid4()),
        "page_id": str(uuid4()),
        "sequence": sequence,
        "base": base,
    }


def as_form(here: Visit, attempt_id: AttemptId, **letters: str) -> dict[str, str]:
    """Return what the page's form sends, fresh, with these answers (q1="b")."""
    fields = {}
    for number, item in enumerate(form_of(here.place, attempt_id), 1):
        fields[f"was-{item}"] = "0.0."
        if f"q{number}" in letters:
            fields[f"answer-{item}"] = letters[f"q{number}"]
    return fields


def saved(here: Visit, attempt_id: AttemptId) -> list[str]:
    """Return the saved letters in the order of the form."""
    with transaction(here.place.id) as session:
        found = queries.list_responses(session, attempt_id)
    return [
        "".join(found[item].value) if item in found else "-"
        for item in form_of(here.place, attempt_id)
    ]


def text_of(answer: TestResponse) -> str:
    """Return what is read on a page, hidden parts included."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", answer.text)).split())
