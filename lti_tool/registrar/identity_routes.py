"""Who is who: people put forward as one, two records side by side, merging them, undoing that."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.pathways.merging import foresee_merge
from lti_tool.people import merging
from lti_tool.people import queries as people
from lti_tool.people.errors import SamePersonError
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import identity, matches, queries, records
from lti_tool.registrar.forms import IdentityForm, MatchesPage, PeopleSearch

PAGE = 25
_NO_REASON = phrase("Enter why: whoever reads this record later has only these words.")

blueprint = Blueprint("identity", __name__, url_prefix="/desk/<slug>/people")


@blueprint.get("/matches")
@staff_page(Act.DECIDE)
def list_matches(here: CurrentStaff) -> ResponseReturnValue:
    """Show pairs of people who may be one, the longest waiting first."""
    wanted = web.read_form(MatchesPage, request.args.to_dict())
    with transaction(here.institution_id) as session:
        rows = matches.list_matches(session, after=wanted.after, limit=PAGE + 1)
        registers = people.list_authorities(session)
    found = rows[:PAGE]
    return render_template(
        "registrar/list_matches.html",
        here=here,
        wanted=wanted,
        found=found,
        registers=registers,
        next_after=found[-1].match_id if len(rows) > PAGE else None,
    )


@blueprint.get("/<uuid:person_id>/same")
@staff_page(Act.DECIDE)
def find_same(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    """Ask who else a person is, by a search."""
    wanted = web.read_form(PeopleSearch, request.args.to_dict())
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        found = [
            one for one in people.search_people(session, wanted.q, limit=PAGE + 1) if one != own
        ][:PAGE]
        contacts = queries.list_contacts(session, [own, *found])
        accounts = queries.count_accounts(session, found)
    return render_template(
        "registrar/find_same.html",
        here=here,
        person_id=own,
        name=contacts.get(own, queries.NOBODY).name or phrase("Name not given"),
        wanted=wanted,
        found=[(one, contacts.get(one, queries.NOBODY), accounts.get(one, 0)) for one in found],
    )


@blueprint.route("/<uuid:person_id>/same/<uuid:other_id>", methods=["GET", "POST"])
@staff_page(Act.DECIDE)
def compare(here: CurrentStaff, person_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Show two records side by side; merge them, or keep them apart for good."""
    if request.method != "POST":
        return _compare(here, PersonId(person_id), PersonId(other_id))
    form = web.read_form(IdentityForm, request.form.to_dict())
    if not form.reason:
        return _compare(here, PersonId(person_id), PersonId(other_id), form), 400
    if form.meant == "apart":
        merging.keep_apart(
            here.institution_id,
            PersonId(person_id),
            PersonId(other_id),
            actor=here.actor,
            reason=form.reason,
        )
        return redirect(url_for(".list_matches", slug=here.institution_slug), 303)
    kept_id = merging.merge(
        here.institution_id,
        PersonId(person_id),
        PersonId(other_id),
        merge_id=form.decision,
        actor=here.actor,
        reason=form.reason,
    )
    return _to_record(here, kept_id)


@blueprint.route("/merges/<uuid:merge_id>", methods=["GET", "POST"])
@staff_page(Act.DECIDE)
def undo_merge(here: CurrentStaff, merge_id: UUID) -> ResponseReturnValue:
    """Undo a merge, after showing what goes back."""
    if request.method == "POST":
        form = web.read_form(IdentityForm, request.form.to_dict())
        if not form.reason:
            return _ask_to_split(here, merge_id, form), 400
        gone_id = merging.split(here.institution_id, merge_id, actor=here.actor, reason=form.reason)
        return _to_record(here, gone_id)
    return _ask_to_split(here, merge_id)


def _compare(
    here: CurrentStaff, one: PersonId, other: PersonId, sent: IdentityForm | None = None
) -> str:
    with transaction(here.institution_id) as session:
        # Whoever is known for longer stays, and stands first; a link may be older than a merge.
        kept_id, gone_id = sorted(
            people.current_person(session, people.get_person(session, known).id)
            for known in (one, other)
        )
        if kept_id == gone_id:
            raise SamePersonError
        both = [records.get_record(session, known) for known in (kept_id, gone_id)]
        shared = matches.shared_by(session, kept_id, gone_id)
        in_both = matches.count_held_by_both(session, kept_id, gone_id)
        pathways = foresee_merge(session, kept_id, gone_id)
    for record in both:
        note_reading(
            here.institution_id,
            actor=here.actor,
            act="read_record",
            object_kind="person",
            object_id=record.person_id,
        )
    return render_template(
        "registrar/compare.html",
        here=here,
        records=both,
        shared=shared,
        sentences=identity.merging(
            accounts=[account.platform for record in both for account in record.accounts],
            badges=len(both[1].awards),
            in_both=in_both,
            pathways=pathways,
        ),
        decision_id=sent.decision if sent else new_id(),
        error=_NO_REASON if sent else None,
    )


def _ask_to_split(here: CurrentStaff, merge_id: UUID, sent: IdentityForm | None = None) -> str:
    with transaction(here.institution_id) as session:
        merge = matches.get_merge(session, merge_id)
        person_id = people.current_person(session, merge.kept_id)
        name = people.display_names(session, [person_id]).get(person_id, phrase("Name not given"))
    accounts = [
        phrase(
            "%(name)s (%(platform)s)",
            name=account.name or phrase("without a name"),
            platform=account.platform,
        )
        for account in merge.accounts
    ]
    return render_template(
        "registrar/undo_merge.html",
        here=here,
        merge=merge,
        person_id=person_id,
        name=name,
        sentences=identity.splitting(
            accounts=accounts, badges=merge.badges, pathways=merge.pathways
        ),
        decision_id=sent.decision if sent else new_id(),
        error=_NO_REASON if sent else None,
    )


def _to_record(here: CurrentStaff, person_id: PersonId) -> ResponseReturnValue:
    return redirect(
        url_for("registrar.show_person", slug=here.institution_slug, person_id=person_id), 303
    )
