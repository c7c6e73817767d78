"""What an institution's administrator decides about a platform that is connected."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, zones
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.platforms import queries, rules
from lti_tool.platforms.errors import NotAWebAddressError
from lti_tool.platforms.models import Deployment, Institution
from lti_tool.platforms.rules import origin_of


class Verdict(StrEnum):
    """What another site is that launches under a deployment of ours."""

    SAME = "same"
    KEEP_OUT = "keep_out"
    LET_IN = "let_in"


_VERDICTS = {
    Verdict.SAME: "accept_site",
    Verdict.KEEP_OUT: "refuse_site",
    Verdict.LET_IN: "admit_site",
}


def decide_roles(
    institution_id: InstitutionId,
    registration_id: RegistrationId,
    role_map: Mapping[str, str],
    *,
    actor: Actor,
) -> None:
    """Decide what a platform's roles count as, from each person's next launch on.

    Holds for the institution's deployments only: others share the registration, perhaps.

    Raises:
        NotFoundError: the institution has no deployment of it.
    """
    with transaction(institution_id) as session:
        ours = session.scalars(
            select(Deployment)
            .where(
                Deployment.registration_id == registration_id,
                Deployment.institution_id == institution_id,
            )
            .with_for_update()
        ).all()
        if not ours:
            raise NotFoundError(phrase("There is no such platform here."))
        before = ours[0].role_map
        for deployment in ours:
            deployment.role_map = dict(role_map)
        _record(
            session,
            actor,
            "change_platform_roles",
            "registration",
            registration_id,
            before=_told(before),
            after=_told(role_map),
        )


def decide_addresses(
    institution_id: InstitutionId,
    deployment_id: DeploymentId,
    addresses: Sequence[str],
    *,
    actor: Actor,
) -> None:
    """Decide where else a deployment's pages and services are.

    Its pages may frame ours, and its services are sent grades, with tokens.

    Raises:
        NotFoundError: the institution has no such deployment.
        NotAWebAddressError: naming the first that is none.
    """
    origins = list(dict.fromkeys(map(_origin, addresses)))
    with transaction(institution_id) as session:
        deployment = queries.get_deployment(session, deployment_id)
        if deployment.institution_id != institution_id:
            raise NotFoundError(phrase("There is no such deployment here."))
        before, deployment.frame_origins = deployment.frame_origins, origins
        _record(
            session,
            actor,
            "change_platform_addresses",
            "deployment",
            deployment_id,
            before=" ".join(before),
            after=" ".join(origins),
        )


def decide_learnt(
    institution_id: InstitutionId,
    deployment_id: DeploymentId,
    origin: str,
    *,
    removed: bool,
    actor: Actor,
) -> None:
    """Take away where a deployment's pages are said to be, or let it be learnt again.

    What was taken away frames none of our pages, whatever messages say. The same again is
    nothing that was done.

    Raises:
        NotFoundError: the institution has no such deployment.
        ConflictError: it knows no such address, or not any more.
    """
    with transaction(institution_id) as session:
        deployment = _own_deployment(session, institution_id, deployment_id)
        stored = deployment.learnt_origins
        if origin not in stored:
            raise ConflictError(
                phrase("This address is no longer among the learnt ones. Open the settings again.")
            )
        if removed == ("removed_at" in stored[origin]):
            return
        if removed:
            gone = {**stored[origin], "removed_at": clock.now().isoformat()}
            deployment.learnt_origins = {**stored, origin: gone}
        else:
            deployment.learnt_origins = {
                other: one for other, one in stored.items() if other != origin
            }
        _record(
            session,
            actor,
            "remove_learnt_address" if removed else "allow_learnt_address",
            "deployment",
            deployment_id,
            before=origin if removed else "",
            after="" if removed else origin,
        )


def decide_copy(
    institution_id: InstitutionId,
    deployment_id: DeploymentId,
    guid: str,
    verdict: Verdict,
    *,
    actor: Actor,
) -> None:
    """Say what another site is that launches under the same deployment.

    What was said to be the same stays so when another name is, for a site may have two.

    Raises:
        NotFoundError: the institution has no such deployment.
        ConflictError: it knows no such site, or not any more.
    """
    with transaction(institution_id) as session:
        deployment = _own_deployment(session, institution_id, deployment_id)
        stored = deployment.other_guids
        if guid not in stored or (guid == deployment.platform_guid and verdict is not Verdict.SAME):
            raise ConflictError(
                phrase("This site is no longer among the others. Open the settings again.")
            )
        is_out = rules.is_refused_copy(stored, guid)
        if verdict is not Verdict.SAME and is_out == (verdict is Verdict.KEEP_OUT):
            return  # the same again
        before, others = deployment.platform_guid, {n: o for n, o in stored.items() if n != guid}
        seen = {name: stored[guid][name] for name in ("at", "last_at")}
        if verdict is Verdict.SAME:
            deployment.platform_guid = guid
            others[guid] = {**seen, "same_at": clock.now().isoformat()}
        if verdict is Verdict.KEEP_OUT:
            others[guid] = {**seen, "refused_at": clock.now().isoformat()}
        deployment.other_guids = others
        _record(
            session,
            actor,
            _VERDICTS[verdict],
            "deployment",
            deployment_id,
            before=before or "",
            after=guid,
        )


def _own_deployment(
    session: Session, institution_id: InstitutionId, deployment_id: DeploymentId
) -> Deployment:
    deployment = session.scalar(
        select(Deployment)
        .where(Deployment.id == deployment_id, Deployment.institution_id == institution_id)
        .with_for_update(key_share=True)
    )
    if deployment is None:
        raise NotFoundError(phrase("There is no such deployment here."))
    return deployment


def decide_anonymous(
    institution_id: InstitutionId, registration_id: RegistrationId, *, allowed: bool, actor: Actor
) -> None:
    """Say whether a platform may send people here without saying who they are.

    Whether the registration is the institution's alone to decide about is for the caller.

    Raises:
        NotFoundError: no such registration.
    """
    with transaction(institution_id) as session:
        registration = queries.get_registration(session, registration_id)
        before, registration.allows_anonymous = registration.allows_anonymous, allowed
        _record(
            session,
            actor,
            "allow_anonymous",
            "registration",
            registration_id,
            before=str(before),
            after=str(allowed),
        )


def rename_institution(institution_id: InstitutionId, name: str, *, actor: Actor) -> None:
    """Call an institution something else, on pages and in what is signed from now on.

    What was signed keeps its name; the slug, and with it the did, stays. The same name again is
    nothing that was done.
    """
    with transaction(institution_id) as session:
        institution = session.get_one(Institution, institution_id, with_for_update=True)
        before, institution.name = institution.name, name
        if before != name:
            _record(
                session,
                actor,
                "rename_institution",
                "institution",
                institution_id,
                before=before,
                after=name,
            )


def place_institution(institution_id: InstitutionId, zone: str | None, *, actor: Actor) -> None:
    """Say in which time zone the institution speaks to people of whom none is known.

    Args:
        institution_id: which.
        zone: a name that `core.zones` finds; None for UTC.
        actor: who says so.
    """
    with transaction(institution_id) as session:
        institution = session.get_one(Institution, institution_id, with_for_update=True)
        before, institution.zone = institution.zone, zone
        if before != zone:
            _record(
                session,
                actor,
                "place_institution",
                "institution",
                institution_id,
                before=before or zones.UNIVERSAL,
                after=zone or zones.UNIVERSAL,
            )


def _origin(address: str) -> str:
    origin = origin_of(address)
    if origin is None:
        raise NotAWebAddressError(
            phrase(
                "%(f)s is not an address such as https://lms.example.edu.",
                f=f"{address!r}",
            )
        )
    return origin


def _record(  # noqa: PLR0913 - one entry of the audit trail
    session: Session,
    actor: Actor,
    act: str,
    kind: str,
    object_id: RegistrationId | DeploymentId | InstitutionId,
    *,
    before: str,
    after: str,
) -> None:
    facts: dict[str, audit.Fact] = {"before": audit.told(before), "after": audit.told(after)}
    audit.record(session, actor=actor, act=act, object_kind=kind, object_id=object_id, facts=facts)


def _told(role_map: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {role}" for name, role in sorted(role_map.items()))
