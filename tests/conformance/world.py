"""An institution with a row of every kind that addresses name, and people in every role there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.assessments.models import Attachment, LateResponse, RegradeRun
from lti_tool.assessments.queries import get_attempt, list_form
from lti_tool.assessments.services import open_attempt
from lti_tool.badges.models import Credential, Share
from lti_tool.badges.transcripts import making
from lti_tool.badges.transcripts.contents import Asked
from lti_tool.core import clock, keys
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import Base, transaction
from lti_tool.core.ids import AttemptId, ContextId, ItemVersionId, UserId, new_id
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.launch.session import expiry
from lti_tool.pathways import drafting
from lti_tool.pathways.deciding import migrating
from lti_tool.pathways.models import Pathway
from lti_tool.pathways.queries import get_newest_version
from lti_tool.pathways.transcripts import contents_of
from lti_tool.people import learner_session
from lti_tool.people.models import LearnerSession, PersonEmail
from lti_tool.people.rules import STAFF_ROLES, Role
from lti_tool.people.services import add_identity_provider, person_of, sign_in
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms import services as platforms
from lti_tool.platforms.invitations import invite
from lti_tool.platforms.models import Context
from tests.conftest import Worker
from tests.learner import story

# Where an address calls a row otherwise than its table does.
_TABLES = {
    "approved_deployment_id": "deployments",
    "draft_id": "pathway_drafts",
    "file_id": "attachments",
    "move_id": "pathway_moves",
    "run_id": "regrade_runs",
    "item_id": "item_versions",
    "bank_item_id": "items",
    "provider_id": "identity_providers",
    "invitation_id": "registration_invitations",
}


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody with a session: where their pages are, and what their browser holds."""

    base: str
    cookie: tuple[str, str]
    secret: str

    def client(self, app: Flask) -> FlaskClient:
        """Return their browser."""
        client = app.test_client()
        client.set_cookie(*self.cookie)
        return client

    @property
    def csrf_token(self) -> str:
        """Return what their forms carry."""
        return keys.mac("csrf", self.secret.encode()).hex()


@dataclass(frozen=True, kw_only=True)
class World:
    """One institution.

    Attributes:
        in_course: by role, None for a launch without a role: each another person.
        at_desk: by role.
        at_home: a learner who came by a link in an e-mail.
        other_learner: in the same course; nothing is theirs.
    """

    here: story.University
    in_course: Mapping[Role | None, Visitor]
    at_desk: Mapping[Role, Visitor]
    at_home: Visitor
    other_learner: Visitor
    ids: dict[str, UUID] = field(default_factory=dict)

    def id_of(self, name: str) -> UUID:
        """Return the id of a row that an address calls `name`; where there is none, a fresh one."""
        if name not in self.ids:
            self.ids[name] = self.find(name) or uuid4()
        return self.ids[name]

    def find(self, name: str) -> UUID | None:
        """Return the id of such a row, if there is one."""
        table = Base.metadata.tables.get(_TABLES.get(name, f"{name.removesuffix('_id')}s"))
        if name in self.ids or table is None:
            return self.ids.get(name)
        own = table.c.get("institution_id", table.c.get("registered_for"))
        assert own is not None, f"whose is a row of {table.name}?"
        with transaction(self.here.institution_id) as session:
            rows = select(table.c.id).where(own == self.here.institution_id)
            return session.scalars(rows.order_by(table.c.id).limit(1)).first()

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of the institution, by table."""
        found = {}
        with transaction(self.here.institution_id) as session:
            for table in Base.metadata.sorted_tables:
                own = table.c.get("institution_id")
                if own is not None:
                    rows = select(table).where(own == self.here.institution_id).order_by(table.c[0])
                    found[table.name] = sorted(map(tuple, session.execute(rows)), key=repr)
        return found


def settled(worker: Worker) -> World:
    """Open an institution in which everything has happened once."""
    here = story.open_university()
    activity = story.add_activity(here, "Counting", is_written=True)
    amara = story.enrol(here)
    story.make_pathway(here, "Counting well", activity.achievement_id)
    part_id = _leave_draft(here)
    attempt_id = story.take(here, activity, amara, "right", "right", "Because.")
    worker.run()
    item_id = _last_asked(here, attempt_id)
    _arrive_late(here, attempt_id, item_id)
    _leave_open(here, activity, amara)
    _make_transcript(here, amara)
    _look_everywhere(here, activity)
    invite(here.institution_id, actor=SYSTEM)
    registration_id = platforms.add_registration(
        issuer=f"https://{here.slug}.example",
        client_id="cairn",
        name="A second LMS",
        endpoints=platforms.Endpoints(
            auth_url="https://lms.example/auth",
            token_url="https://lms.example/token",
            jwks_url="https://lms.example/jwks",
        ),
        registered_for=here.institution_id,
    )
    waiting = platforms.add_deployment(registration_id, "waits for approval")
    provider_id = add_identity_provider(
        here.institution_id,
        "Campus",
        f"https://{here.slug}.example",
        "cairn",
        "secret",
        {role: [role] for role in STAFF_ROLES},
    )
    return World(
        here=here,
        in_course={
            role: _in_course(here, activity, amara, role)
            for role in (*(role for role in Role if role not in STAFF_ROLES), None)
        },
        at_desk={role: _at_desk(here, provider_id, role) for role in STAFF_ROLES},
        at_home=_at_home(here, amara),
        other_learner=_in_course(here, activity, story.enrol(here, "Bela"), Role.LEARNER),
        ids={
            "deployment_id": waiting,
            "registration_id": here.registration_id,
            "user_id": amara,
            "attempt_id": attempt_id,
            "item_id": item_id,
            "part_id": part_id,
        },
    )


def _look_everywhere(here: story.University, activity: story.Activity) -> None:
    """Leave a look at what an edition would change in all courses."""
    with transaction(here.institution_id) as session:
        session.add(
            RegradeRun(
                assessment_id=activity.assessment_id,
                edition_id=activity.edition_id,
                state="looked",
                asked_at=clock.now(),
            )
        )


def _last_asked(here: story.University, attempt_id: AttemptId) -> ItemVersionId:
    """Return the question that a person marks."""
    with transaction(here.institution_id) as session:
        return list_form(session, get_attempt(session, attempt_id))[-1].id


def _leave_draft(here: story.University) -> UUID:
    """Ask for a move, and begin a pathway's next version; return a part of the draft."""
    with transaction(here.institution_id) as session:
        pathway_id = session.scalars(select(Pathway.id)).one()
    with transaction(here.institution_id) as session:
        version_id = get_newest_version(session, pathway_id).id
    migrating.ask_move(here.institution_id, pathway_id, version_id, None, actor=SYSTEM)
    draft_id = drafting.begin_version(here.institution_id, pathway_id, actor=SYSTEM)
    with transaction(here.institution_id) as session:
        return drafting.tree_of(drafting.get_draft(session, draft_id)).id


def _arrive_late(here: story.University, attempt_id: AttemptId, item_id: ItemVersionId) -> None:
    """Have an answer arrive after its attempt had ended."""
    with transaction(here.institution_id) as session:
        session.add(
            LateResponse(
                attempt_id=attempt_id,
                item_version_id=item_id,
                value=["Because of that."],
                save_id=uuid4(),
                received_at=clock.now(),
                is_taken=None,
            )
        )


def _leave_open(here: story.University, activity: story.Activity, user_id: UserId) -> None:
    """Share the badge, and begin once more with a file as an answer."""
    attempt_id = open_attempt(here.institution_id, activity.placement_id, user_id)
    with transaction(here.institution_id) as session:
        attempt = get_attempt(session, attempt_id)
        credential_id = session.scalars(select(Credential.id).limit(1)).one()
        session.add(
            Share(
                credential_id=credential_id,
                token_hash=bytes(32),
                show_name=True,
                show_result=True,
                created_at=clock.now(),
            )
        )
        session.add(
            Attachment(
                attempt_id=attempt_id,
                item_version_id=list_form(session, attempt)[0].id,
                name="report.pdf",
                media_type="application/pdf",
                size=4,
                sha256="0" * 64,
                sent_at=clock.now(),
            )
        )


def _make_transcript(here: story.University, user_id: UserId) -> None:
    """Have the registrar give out a transcript of all that somebody holds."""
    with transaction(here.institution_id) as session:
        person_id = person_of(session, user_id)
        contents = contents_of(session, person_id, None)
    making.sign_transcript(
        here.institution_id,
        making.new_transcript_id(),
        person_id,
        contents,
        Asked(says_name=True, actor=SYSTEM, reason="Asked for", recipient="Acme Ltd"),
    )


def _in_course(
    here: story.University, activity: story.Activity, learner_id: UserId, role: Role | None
) -> Visitor:
    """Launch as this learner, or as somebody in another role who comes to see their work."""
    is_learner = role is Role.LEARNER
    opened = story.launch(
        here,
        learner_id if is_learner else story.enrol(here, f"A {role or 'guest'}"),
        activity.link_id,
        roles=(role.value,) if role else (),
        settings={} if is_learner else {"for_user": str(learner_id)},
    )
    secret = opened.cookie[1].partition(".")[2]
    return Visitor(base=opened.url, cookie=opened.cookie, secret=secret)


def next_door(world: World) -> dict[Role, Visitor]:
    """Open another course of the institution; return who is there, by role, each a new person."""
    context_id = ContextId(new_id())
    with transaction(world.here.institution_id) as session:
        session.add(
            Context(
                id=context_id,
                deployment_id=world.here.deployment_id,
                platform_id="c2",
                title="Next",
            )
        )
    there = replace(world.here, context_id=context_id)
    activity = story.add_activity(there, "Measuring", is_written=True)
    nobody = story.enrol(there, "Chidi")
    return {
        role: _in_course(there, activity, nobody, role)
        for role in (Role.INSTRUCTOR, Role.ADMINISTRATOR, Role.LEARNER)
    }


def _at_home(here: story.University, learner_id: UserId) -> Visitor:
    secret, id_, now = new_secret(), uuid4(), clock.now()
    address = "amara@home.example"
    with transaction(here.institution_id) as session:
        person_id = person_of(session, learner_id)
        session.add(PersonEmail(person_id=person_id, address=address, verified_at=now))
        session.add(
            LearnerSession(
                id=id_,
                person_id=person_id,
                address=address,
                secret_hash=hash_of(secret),
                created_at=now,
                expires_at=expiry(now),
            )
        )
    cookie = (learner_session.COOKIE, f"{here.institution_id}.{id_}.{secret}")
    return Visitor(base=f"/my/{here.slug}", cookie=cookie, secret=secret)


def _at_desk(here: story.University, provider_id: UUID, role: Role) -> Visitor:
    claims = {"sub": role.value, "name": f"The {role}", "roles": [role.value]}
    opened = sign_in(here.institution_id, provider_id, claims)
    cookie = f"{here.institution_id}.{opened.id}.{opened.secret}"
    return Visitor(base=f"/desk/{here.slug}", cookie=(COOKIE, cookie), secret=opened.secret)
