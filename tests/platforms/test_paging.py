import json
import time

import pytest
from flask import Flask, Response, request

from lti_tool.campus import store
from lti_tool.core.errors import InvalidRequestError
from lti_tool.platforms import paging
from lti_tool.platforms.errors import PartialListError
from lti_tool.platforms.nrps import Member, read_members
from lti_tool.platforms.paging import next_link
from tests.helpers import serving
from tests.launch.platform import Connected

SECOND = "https://lms.example/m?page=2&limit=1"


@pytest.mark.parametrize(
    "header",
    [
        f'<{SECOND}>; rel="next"',
        f"<{SECOND}>; rel=next",
        f'<{SECOND}>;rel="last next"',
        f'<{SECOND}>; title="a, b"; rel="NEXT"',
        f'<https://lms.example/m?a=1,2>; rel="first", <{SECOND}>; rel="next"',
        f'<https://lms.example/d>; rel="differences",<{SECOND}>; rel="next"; foo',
        # Moodle's gradebook, word for word but for the host (4.5).
        "<https://lms.example/m?page=2&amp;limit=1>; rel=“next”",
    ],
)
def test_the_next_page_is_found(header: str) -> None:
    assert next_link([header]) == SECOND


@pytest.mark.parametrize(
    "piece", ["<", "<a>“", "<a>;rel=“", '<a>"', "<a>,", "; rel=", '<a>; rel="']
)
def test_a_header_that_opens_and_never_ends_is_read_at_once(piece: str) -> None:
    began = time.process_time()

    next_link([piece * (60_000 // len(piece))])

    assert time.process_time() - began < 5  # for "<" it was three times that


def test_it_may_have_a_header_of_its_own() -> None:
    assert next_link(['<https://lms.example/1>; rel="first"', f'<{SECOND}>; rel="next"']) == SECOND


@pytest.mark.parametrize(
    "header", ["", "next", f'<{SECOND}>; rel="prev"', f"<{SECOND}>", f'<{SECOND}>; rev="next"']
)
def test_there_is_none(header: str) -> None:
    assert next_link([header]) is None


def test_members_are_read_as_platforms_write_them() -> None:
    moodle = {"user_id": "4", "roles": ["Learner"], "status": "Active", "name": "Ada Lovelace"}
    shouting = {"user_id": 5, "roles": "Learner", "status": "INACTIVE", "given_name": "Eve"}

    assert read_members({"members": [moodle, shouting, {"roles": []}, "x", {"user_id": ""}]}) == [
        Member(subject="4", name="Ada Lovelace", roles=("Learner",), is_active=True),
        Member(subject="5", name="Eve", roles=(), is_active=False),
    ]


@pytest.mark.parametrize("body", [[], {}, {"members": {}}, None, "…"])
def test_what_is_no_list_of_members_is_refused(body: object) -> None:
    with pytest.raises(InvalidRequestError):
        read_members(body)


@pytest.mark.parametrize(
    "odd",
    [["4"], {"id": 4}, 4.5, None, "", "a\x00", "\ud83d", "x" * 256],
    ids=["list", "object", "part", "none", "empty", "null", "half a letter", "long"],
)
def test_who_could_never_have_launched_is_nobody_in_the_list(odd: object) -> None:
    ada = Member(subject="4", name="Ada", roles=(), is_active=True)

    assert read_members({"members": [{"user_id": odd}, {"user_id": "4", "name": "Ada"}]}) == [ada]


def test_a_role_that_could_not_be_stored_is_none() -> None:
    roles = ["Learner", "a\x00b", "\ud800", "x" * 501, 4]

    [ada] = read_members({"members": [{"user_id": "4", "roles": roles}]})

    assert ada.roles == ("Learner",)


def test_a_name_is_kept_without_what_cannot_be_seen() -> None:
    (member,) = read_members({"members": [{"user_id": "4", "name": "A\x00da\ud83d\u202e"}]})

    assert member.name == "Ada"


def test_a_token_that_sakai_knows_no_more_is_renewed(connected: Connected) -> None:
    """It says 403 of those from before it was started again, where others say 401."""
    app, seen = Flask("lists"), list[str]()

    @app.get("/list")
    def show() -> Response:
        seen.append(request.headers["Authorization"])
        if len(set(seen)) == 1:
            return Response('{"error":"signature_error"}', 403)
        return Response('["one"]')

    with serving(app) as url:
        read = paging.pages(
            connected.registration_id,
            (store.RESULT_SCOPE,),
            f"{url}/list",
            accept="application/json",
        )
        assert list(read) == [["one"]]
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("following", "bodies", "why"),
    [
        ("{base}/list?page=0", "01", "circle"),
        ("http://localhost:1/list?page=1", "01", "another site"),
        ("http://[", "01", "another site"),
        ("javascript:alert(1)", "01", "another site"),
        ("{base}/list?page={next}", "00", "same page"),  # as Schoology's members
        ("{base}/list?page={next}", "01", "circle"),  # and so on without an end
    ],
    ids=["a circle", "another site", "no site", "a script", "the same again", "no end"],
)
def test_a_list_that_does_not_end_where_it_should_is_none(
    connected: Connected,
    monkeypatch: pytest.MonkeyPatch,
    following: str,
    bodies: str,
    why: str,
) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 3)
    app = Flask("lists")

    @app.get("/list")
    def show() -> Response:
        assert request.headers["Authorization"].startswith("Bearer ")
        page = request.args.get("page", 0, type=int)
        url = following.format(base=request.host_url.rstrip("/"), next=page + 1)
        body = json.dumps([bodies[page % len(bodies)]])
        return Response(body, headers={"Link": f'<{url}>; rel="next"'})

    with serving(app) as url, pytest.raises(PartialListError, match=why):
        list(
            paging.pages(
                connected.registration_id,
                (store.RESULT_SCOPE,),
                f"{url}/list?page=0",
                accept="application/json",
            )
        )
