"""The tables of the desk that may be taken along: their columns, and their rows a page at a time.

Rows are read by the key of the last one, each page in a transaction of its own: however long a
table is, little of it is in memory, and whoever downloads slowly holds nothing up.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from lti_tool.core.cells import Cell
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, InstitutionId, PathwayId, PersonId
from lti_tool.core.language import READERS_ZONE, OnDay, phrase
from lti_tool.pathways import deciding, sweeping
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.models import Completion
from lti_tool.pathways.which import Which
from lti_tool.people import queries as people
from lti_tool.registrar import awarded, matches, queries, trail, waiting
from lti_tool.registrar.filters import Entries, Filters, Period
from lti_tool.registrar.queries import NOBODY, Contact
from lti_tool.registrar.sentences import DECISIVE
from lti_tool.registrar.trail import Line

PAGE = 1000
_MOST_FOUND = 1_000_000

Row = Sequence[Cell | OnDay]

WHO = (
    phrase("Person"),
    phrase("Name"),
    phrase("Student number"),
    phrase("E-mail"),
)
LEARNERS = (
    *WHO,
    phrase("Stones"),
    phrase("Stones needed"),
    phrase("Stones missing"),
    phrase("Complete"),
    phrase("Completed on (%(zone)s)", zone=READERS_ZONE),
    phrase("Missing"),
    phrase("Nothing new counted since (%(zone)s)", zone=READERS_ZONE),
    phrase("Version"),
)
PATHWAYS = (
    phrase("Pathway"),
    phrase("Leads to"),
    phrase("Version"),
    phrase("Stones needed"),
    phrase("Learners"),
    phrase("One stone away"),
    phrase("Complete"),
    phrase("No longer complete"),
)
PEOPLE = (*WHO, phrase("Accounts"))
AWARDS = (
    *WHO,
    phrase("Badge"),
    phrase("Edition"),
    phrase("Awarded (%(zone)s)", zone=READERS_ZONE),
    phrase("Because"),
    phrase("Valid until (%(zone)s)", zone=READERS_ZONE),
    phrase("Withdrawn (%(zone)s)", zone=READERS_ZONE),
    phrase("Why withdrawn"),
    phrase("Award"),
)
ENTRIES = (
    phrase("When (%(zone)s)", zone=READERS_ZONE),
    phrase("Who"),
    phrase("What"),
    phrase("Reason"),
    phrase("Act"),
    phrase("Kind"),
    phrase("Id"),
    phrase("Facts"),
)
DECISIONS = (
    phrase("When (%(zone)s)", zone=READERS_ZONE),
    phrase("Decided by"),
    phrase("Decision"),
    phrase("Reason"),
    phrase("Person"),
    phrase("Name"),
    phrase("Student number"),
)
WAITING = (
    *WHO,
    phrase("Pathway"),
    phrase("Leads to"),
    phrase("To decide"),
    phrase("Since (%(zone)s)", zone=READERS_ZONE),
)
MATCHES = (
    *WHO,
    phrase("Other person"),
    phrase("Other name"),
    phrase("Other student number"),
    phrase("Other e-mail"),
    phrase("Because of"),
    phrase("Found (%(zone)s)", zone=READERS_ZONE),
)


def learners(pathway_id: PathwayId, wanted: Filters) -> Callable[[InstitutionId], Iterator[Row]]:
    """Return the rows of the people on a pathway who fit, in order of when they were first met.

    Whoever advances meanwhile is neither lost nor twice in it: how far they are is not the key.
    """

    def rows(institution_id: InstitutionId) -> Iterator[Row]:
        after: PersonId | None = None
        while True:
            with transaction(institution_id) as session:
                which = queries.which(wanted)
                page = pathways.list_people_in(session, pathway_id, which, after=after, limit=PAGE)
                found = pathways.list_learners(
                    session, pathway_id, Which(person_ids=page), limit=PAGE
                )
                contacts = queries.list_contacts(session, page)
            for row in sorted(found, key=lambda one: one.person_id):
                yield (
                    *_who(row.person_id, contacts.get(row.person_id, NOBODY)),
                    row.stones_laid,
                    row.stones_needed,
                    row.missing,
                    phrase("no") if row.missing else phrase("yes"),
                    row.completed_at and OnDay(row.completed_at),
                    "; ".join(row.nearest),
                    OnDay(row.quiet_since),
                    row.version_number,
                )
            if len(page) < PAGE:
                return
            after = page[-1]

    return rows


def overview(institution_id: InstitutionId) -> Iterator[Row]:
    """Yield every pathway with its numbers."""
    with transaction(institution_id) as session:
        found = pathways.pathway_overview(session)
    for one in found:
        yield (
            one.title,
            one.achievement_name,
            one.version_number,
            one.stones_needed,
            one.learners,
            one.one_away,
            one.completed,
            one.lapsed,
        )


def everybody(words: str) -> Callable[[InstitutionId], Iterator[Row]]:
    """Return the rows of those who are found by `words`, by name; of all without, newest first."""

    def rows(institution_id: InstitutionId) -> Iterator[Row]:
        after: PersonId | None = None
        found: list[PersonId] = []
        if words:
            # All at once: whoever is merged meanwhile must not end the table before its end.
            with transaction(institution_id) as session:
                found = people.search_people(session, words, limit=_MOST_FOUND)
        while True:
            with transaction(institution_id) as session:
                if words:
                    page, found = found[:PAGE], found[PAGE:]
                else:
                    page = people.list_newest_people(session, after=after, limit=PAGE)
                contacts = queries.list_contacts(session, page)
                accounts = queries.count_accounts(session, page)
            for one in page:
                yield (*_who(one, contacts.get(one, NOBODY)), accounts.get(one, 0))
            if len(page) < PAGE:
                return
            after = page[-1]

    return rows


def awards(period: Period) -> Callable[[InstitutionId], Iterator[Row]]:
    """Return the rows of the badges that were awarded in a period, withdrawn ones too."""

    def rows(institution_id: InstitutionId) -> Iterator[Row]:
        after: AwardId | None = None
        while True:
            with transaction(institution_id) as session:
                page = awarded.list_awarded(session, period, after=after, limit=PAGE)
                contacts = queries.list_contacts(session, {one.person_id for one in page})
            for one in page:
                yield (
                    *_who(one.person_id, contacts.get(one.person_id, NOBODY)),
                    one.name,
                    one.edition,
                    one.awarded_at,
                    one.because,
                    one.valid_until,
                    one.withdrawn_at,
                    one.withdrawn_reason,
                    str(one.award_id),
                )
            if len(page) < PAGE:
                return
            after = page[-1].award_id

    return rows


def entries(wanted: Entries) -> Callable[[InstitutionId], Iterator[Row]]:
    """Return the rows of the audit trail, the newest first."""

    def rows(institution_id: InstitutionId) -> Iterator[Row]:
        for _, line in _lines(institution_id, wanted, []):
            entry = line.entry
            yield (
                entry.recorded_at,
                line.who,
                line.text,
                entry.reason,
                entry.act,
                entry.object_kind,
                str(entry.object_id),
                json.dumps(entry.facts, sort_keys=True) if entry.facts else None,
            )

    return rows


def decisions(period: Period) -> Callable[[InstitutionId], Iterator[Row]]:
    """Return the rows of what was decided about learners, the newest first."""

    def rows(institution_id: InstitutionId) -> Iterator[Row]:
        for contact, line in _lines(institution_id, Entries(period=period), sorted(DECISIVE)):
            yield (
                line.entry.recorded_at,
                line.who,
                line.text,
                line.entry.reason,
                str(line.person_id) if line.person_id else None,
                contact.name,
                contact.student_number,
            )

    return rows


def _lines(
    institution_id: InstitutionId,
    wanted: Entries,
    acts: Sequence[str],
    before: UUID | None = None,
) -> Iterator[tuple[Contact, Line]]:
    while True:
        with transaction(institution_id) as session:
            page = trail.list_lines(
                session,
                wanted=wanted,
                acts=acts,
                before=before,
                limit=PAGE,
            )
            known = {line.person_id for line in page if line.person_id is not None}
            contacts = queries.list_contacts(session, known)
        for line in page:
            contact = contacts.get(line.person_id, NOBODY) if line.person_id else NOBODY
            yield contact, line
        if len(page) < PAGE:
            return
        before = page[-1].entry.id


def waits(institution_id: InstitutionId) -> Iterator[Row]:
    """Yield what waits for a decision about a completion, the longest waiting first."""
    for listed, words in (
        (deciding.list_unconfirmed, phrase("To confirm")),
        (sweeping.list_to_review, phrase("To review")),
    ):
        yield from _waiting(institution_id, listed, words)


def _waiting(
    institution_id: InstitutionId,
    listed: Callable[..., list[Completion]],
    words: str,
    after: tuple[datetime, UUID] | None = None,
) -> Iterator[Row]:
    while True:
        with transaction(institution_id) as session:
            page = listed(session, after=after, limit=PAGE)
            told = waiting.tell(session, page)
        for one in told:
            yield (
                *_who(one.person_id, one.contact),
                one.title,
                one.certificate,
                words,
                one.since,
            )
        if len(page) < PAGE:
            return
        after = page[-1].lapsed_at or page[-1].completed_at, page[-1].id


def alike(institution_id: InstitutionId, after: UUID | None = None) -> Iterator[Row]:
    """Yield the pairs of people who may be one, the longest waiting first."""
    while True:
        with transaction(institution_id) as session:
            page = matches.list_matches(session, after=after, limit=PAGE)
        for one in page:
            yield (
                *_who(one.first_id, one.first),
                *_who(one.second_id, one.second),
                "; ".join(one.shared),
                one.found_at,
            )
        if len(page) < PAGE:
            return
        after = page[-1].match_id


def _who(person_id: PersonId, contact: Contact) -> tuple[Cell, Cell, Cell, Cell]:
    return str(person_id), contact.name, contact.student_number, contact.email
