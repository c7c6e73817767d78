"""The administrator's desk: which keys sign, and which words of a sign-in give which roles."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.core import audit, clock, keys
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.keys import KeyRow
from lti_tool.people.models import IdentityProvider
from tests.administration.staff import Office, office
from tests.administration.test_routes import acts_of, another_institution
from tests.launch.platform import error_code


@pytest.fixture
def desk(client: FlaskClient) -> Office:
    return office(client, "tool_administrator")


class TestKeys:
    def test_a_rotated_key_stays_published(self, desk: Office) -> None:
        before = keys.current("credential", desk.institution_id).kid

        answer = desk.post("keys/rotate", page="keys", purpose="credential")

        assert answer.status_code == 303
        published = [key.kid for key in keys.published("credential", desk.institution_id)]
        assert published[0] != before
        assert before in published
        assert before[:16] in desk.get("keys").text
        assert acts_of(desk) == ["rotate_key"]

    def test_an_older_key_for_messages_is_retired_a_day_later(self, desk: Office) -> None:
        before = keys.current("lti").kid
        desk.post("keys/rotate", page="keys", purpose="lti")

        too_early = desk.post("keys/retire", page="keys", kid=before)
        assert error_code(too_early) == "key_still_needed"
        assert f"the key {before[:16]}" not in desk.get("keys").text

        with system_transaction() as session:
            ended = clock.now() - timedelta(days=1, minutes=1)
            session.execute(update(KeyRow).where(KeyRow.kid == before).values(retired_at=ended))
        keys.forget()
        assert f'Retire<span class="visually-hidden"> the key {before[:16]}' in (
            desk.get("keys").text
        )
        assert desk.post("keys/retire", page="keys", kid=before).status_code == 303

        assert before not in [key.kid for key in keys.published("lti")]
        assert set(acts_of(desk)) == {"rotate_key", "retire_key"}

    def test_what_signs_and_what_signed_badges_is_not_retired(self, desk: Office) -> None:
        badge = keys.current("credential", desk.institution_id).kid
        desk.post("keys/rotate", page="keys", purpose="credential")

        signing = desk.post("keys/retire", page="keys", kid=keys.current("lti").kid)
        of_badges = desk.post("keys/retire", page="keys", kid=badge)

        assert error_code(signing) == "key_still_needed"
        assert error_code(of_badges) == "not_found"

    def test_the_shared_key_is_not_one_institutions_to_rotate(self, desk: Office) -> None:
        another_institution()
        before = keys.current("lti").kid

        answer = desk.post("keys/rotate", page="keys", purpose="lti")

        assert answer.status_code == 403
        assert keys.current("lti").kid == before
        assert desk.post("keys/retire", page="keys", kid=before).status_code == 403
        assert "an operator rotates it" in desk.get("keys").text


class TestRoles:
    def test_a_word_of_the_sign_in_can_be_given_roles(self, desk: Office) -> None:
        provider_id = self.provider(desk).id

        answer = desk.post(
            f"roles/{provider_id}",
            page="roles",
            registrar="registry, deans",
            auditor="deans",
            tool_administrator="it",
        )

        assert answer.status_code == 303
        assert self.provider(desk).role_map == {
            "registry": ["registrar"],
            "deans": ["auditor", "registrar"],
            "it": ["tool_administrator"],
        }
        assert acts_of(desk) == ["change_role_map"]
        assert 'value="deans, registry"' in desk.get("roles").text

    def test_a_group_may_be_called_like_an_address_which_the_trail_does_not_keep(
        self, desk: Office
    ) -> None:
        provider_id = self.provider(desk).id

        answer = desk.post(
            f"roles/{provider_id}",
            page="roles",
            registrar="registry@northgate.example",
            tool_administrator="it @ northgate",
        )

        assert answer.status_code == 303
        assert "registry@northgate.example" in self.provider(desk).role_map
        with transaction(desk.institution_id) as session:
            entry = audit.list_entries(session, object_kind="identity_provider")[0]
        assert entry.facts["after"] == (
            "it (at) northgate: tool_administrator; [removed]: registrar"
        )

    def test_the_last_who_administer_cannot_be_shut_out(self, desk: Office) -> None:
        provider_id = self.provider(desk).id
        before = self.provider(desk).role_map

        answer = desk.post(f"roles/{provider_id}", page="roles", registrar="registry")

        assert answer.status_code == 409
        assert error_code(answer) == "no_administrator_left"
        assert self.provider(desk).role_map == before
        assert acts_of(desk) == []

    def test_another_institutions_sign_in_is_not_there(
        self, client: FlaskClient, desk: Office
    ) -> None:
        theirs = self.provider(office(client, "tool_administrator")).id
        here = office(
            client, "tool_administrator", institution_id=desk.institution_id, slug=desk.slug
        )

        answer = here.post(f"roles/{theirs}", page="roles", registrar="everybody")

        assert answer.status_code == 404
        assert error_code(answer) == "not_found"

    def provider(self, place: Office) -> IdentityProvider:
        with transaction(place.institution_id) as session:
            return session.scalars(select(IdentityProvider)).one()
