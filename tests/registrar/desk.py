"""A university with a pathway, learners on it, and staff who are signed in."""

from dataclasses import dataclass
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId, UserId
from lti_tool.pathways.jobs import count_award
from lti_tool.people.models import PersonUser
from lti_tool.people.services import add_identity_provider, person_of, sign_in
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms.models import User
from tests.pathways.records import University, university

STONES = ("Reading statistics", "Research data", "Consent")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the registrar looks at."""

    university: University
    slug: str
    pathway_id: PathwayId

    @property
    def path(self) -> str:
        return f"/desk/{self.slug}"

    @property
    def pathway_path(self) -> str:
        return f"{self.path}/pathways/{self.pathway_id}"

    def learner(
        self,
        name: str | None,
        *stones: str,
        email: str | None = None,
        sis_id: str | None = None,
    ) -> PersonId:
        """Add somebody who holds these."""
        person_id = add_person(self.university, name, email=email, sis_id=sis_id)
        for minutes, stone in enumerate(stones):
            count_award(self.university.grant(person_id, stone, minutes=minutes))
        return person_id

    def enter(self, client: FlaskClient, *roles: str) -> None:
        """Sign somebody in with these words in the provider's role claim."""
        client.set_cookie(COOKIE, self.session(*roles))

    def session(self, *roles: str, name: str = "Ruth") -> str:
        """Open a session; return what its cookie carries."""
        provider_id = add_identity_provider(
            self.university.id,
            "Campus",
            f"https://{uuid4().hex}.example",
            "cairn",
            "secret",
            {
                "registrar": ["registrar"],
                "programme_lead": ["programme_lead"],
                "issuer": ["issuer"],
                "auditor": ["auditor"],
            },
        )
        claims = {"sub": name, "name": name, "roles": list(roles)}
        opened = sign_in(self.university.id, provider_id, claims)
        return f"{self.university.id}.{opened.id}.{opened.secret}"


def add_person(
    place: University,
    name: str | None,
    *,
    email: str | None = None,
    sis_id: str | None = None,
) -> PersonId:
    """Add a person by the user a launch would have made."""
    with transaction(place.id) as session:
        number = len(session.scalars(select(PersonUser.id)).all())
        user = User(
            issuer="https://lms.example",
            subject=f"user-{number}",
            name=name,
            email=email,
            sis_id=sis_id,
        )
        session.add(user)
        session.flush()  # the person's foreign key
        return person_of(session, UserId(user.id))


def open_desk(*, stones: tuple[str, ...] = STONES, title: str = "Data literacy") -> Desk:
    """Publish a pathway of all the stones."""
    slug = f"u-{uuid4().hex[:8]}"
    place = university(slug)
    return Desk(university=place, slug=slug, pathway_id=place.pathway(title, stones))
