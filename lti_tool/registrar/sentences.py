"""The audit trail as sentences. Pure."""

from collections.abc import Mapping
from uuid import UUID

from lti_tool.core.language import marked, phrase

# What each act did; the thing is what it was done to, where that has a name.
_ACTS = {
    "allocate_award": marked("Said in which pathway a badge of %(thing)s counts"),
    "accept_site": marked("Took another site for the platform from now on"),
    "allow_anonymous": marked("Decided about visits without a name"),
    "admit_site": marked("Let launches of another site in again"),
    "allow_learnt_address": marked("Let an address be learnt again from a platform's messages"),
    "approve_deployment": marked("Allowed a platform to open Cairn"),
    "award_by_hand": marked("Gave %(thing)s by a decision"),
    "change_platform_addresses": marked("Changed where a platform is"),
    "change_platform_roles": marked("Changed what a platform's roles count as"),
    "change_role_map": marked("Changed who gets which role at the desk"),
    "connect_sign_in": marked("Let staff sign in with accounts of the institution's own"),
    "confirm_completion": marked("Confirmed that %(thing)s has completed a pathway"),
    "delete_attempt": marked("Deleted an attempt of %(thing)s"),
    "declare_authority": marked("Said which platforms' student numbers are of one register"),
    "enter_by_mail": marked("Let %(thing)s in by a link in a letter"),
    "erase_person": marked("Erased who a person was"),
    "export_audit": marked("Downloaded the audit trail"),
    "export_awards": marked("Downloaded the list of badges that were awarded"),
    "export_decisions": marked("Downloaded the list of what was decided"),
    "export_learners": marked("Downloaded the learners of %(thing)s"),
    "export_matches": marked("Downloaded the list of who may be one person"),
    "export_pathways": marked("Downloaded the numbers of the pathways"),
    "export_people": marked("Downloaded the list of learners"),
    "export_waiting": marked("Downloaded the list of what waits for a decision"),
    "export_person": marked("Downloaded all that is kept about %(thing)s"),
    "export_results": marked("Downloaded the results of an assessment"),
    "find_person": marked("Looked for %(thing)s"),
    "grant_minutes": marked("Gave %(thing)s more time for one attempt"),
    "issue_transcript": marked("Gave out a transcript of %(thing)s"),
    "keep_award": marked("Let %(thing)s stand though its reason fell away"),
    "keep_lapsed": marked("Let a certificate of %(thing)s stand though a part of it fell away"),
    "keep_people_apart": marked("Decided that %(thing)s is not another person who looked alike"),
    "leave_late": marked("Left out an answer of %(thing)s that came too late"),
    "lose_access": marked("Lost access to the desk"),
    "make_column": marked("Made a column in a gradebook"),
    "mark_answer": marked("Marked an answer of %(thing)s"),
    "merge_people": marked("Merged two persons into %(thing)s"),
    "move_everybody": marked("Moved learners on %(thing)s to a version of it"),
    "move_to_version": marked("Moved %(thing)s to another version of a pathway"),
    "publish_achievement": marked("Published a badge"),
    "publish_pathway": marked("Published a version of %(thing)s"),
    "publish_edition": marked("Published an edition of an assessment"),
    "read_record": marked("Read the record of %(thing)s"),
    "register_platform": marked("Registered a platform"),
    "regrade": marked("Scored an activity by another edition"),
    "regrade_everywhere": marked("Scored an assessment in all courses by a newer edition"),
    "reopen_attempt": marked("Opened an attempt of %(thing)s again"),
    "place_institution": marked("Gave the institution another time zone"),
    "refuse_site": marked("Kept launches of another site out"),
    "remove_learnt_address": marked("Took an address away that a platform's messages had named"),
    "rename_institution": marked("Gave the institution another name"),
    "rename_pathway": marked("Gave %(thing)s another name"),
    "replace_achievement": marked("Said what replaces a badge"),
    "replace_requirement": marked("Let another badge of %(thing)s stand for a part of a pathway"),
    "resend_scores": marked("Sent scores again"),
    "restore_attempt": marked("Put a deleted attempt of %(thing)s back"),
    "restore_award": marked("Gave %(thing)s back"),
    "retire_key": marked("Stopped publishing an older key"),
    "revoke_transcript": marked("Took back a transcript of %(thing)s"),
    "rotate_key": marked("Made a new key"),
    "set_accommodation": marked("Gave a learner another amount of time"),
    "set_conditions": marked("Set the rules of an assessment in a course"),
    "set_confirmation": marked("Changed whether completions of %(thing)s wait for a registrar"),
    "set_lapse_policy": marked(
        "Changed what becomes of certificates of %(thing)s when a part falls away"
    ),
    "set_item_status": marked("Said what is held of a question of the bank"),
    "set_marking": marked("Said how many people mark an answer of an assessment"),
    "set_sharing": marked("Changed with which pathways %(thing)s shares its badges"),
    "sign_details": marked("Signed a detailed form of %(thing)s for its holder"),
    "sign_results": marked("Signed what was scored for %(thing)s, for a transcript"),
    "sign_transcript": marked("Signed a transcript that %(thing)s made"),
    "sign_in": marked("Signed in to the desk"),
    "split_people": marked("Undid a merge with %(thing)s"),
    "take_late": marked("Let an answer of %(thing)s that came late count"),
    "take_transcript": marked("Downloaded a transcript of %(thing)s"),
    "try_pathway": marked("Tried a draft of a pathway on %(thing)s"),
    "undo_ruling": marked("Took back a decision about %(thing)s on a pathway"),
    "waive_requirement": marked("Waived a part of a pathway for %(thing)s"),
    "withdraw_award": marked("Withdrew %(thing)s"),
    "withdraw_lapsed": marked("Withdrew a certificate of %(thing)s of which a part fell away"),
}
# The same, where it is known for whom.
_FOR = {
    "export_audit": marked("Downloaded the audit trail, for %(recipient)s"),
    "export_awards": marked("Downloaded the list of badges that were awarded, for %(recipient)s"),
    "export_decisions": marked("Downloaded the list of what was decided, for %(recipient)s"),
    "export_learners": marked("Downloaded the learners of %(thing)s, for %(recipient)s"),
    "export_matches": marked("Downloaded the list of who may be one person, for %(recipient)s"),
    "export_pathways": marked("Downloaded the numbers of the pathways, for %(recipient)s"),
    "export_people": marked("Downloaded the list of learners, for %(recipient)s"),
    "export_waiting": marked("Downloaded the list of what waits for a decision, for %(recipient)s"),
}
# What is decided about one learner.
DECISIVE = frozenset(
    {
        "allocate_award",
        "award_by_hand",
        "confirm_completion",
        "keep_award",
        "keep_lapsed",
        "keep_people_apart",
        "merge_people",
        "move_to_version",
        "replace_requirement",
        "restore_award",
        "split_people",
        "undo_ruling",
        "waive_requirement",
        "withdraw_award",
        "withdraw_lapsed",
    }
)
EXPORTS = frozenset(_FOR)
_WITHOUT_NAME = {
    "attempt": phrase("a learner"),
    "award": phrase("a badge"),
    "pathway": phrase("a pathway"),
    "person": phrase("a person"),
}


def known_acts() -> list[tuple[str, str]]:
    """Return every act that has words: (act, its words), in order of the words."""
    return sorted(
        ((act, phrase(words, thing="…")) for act, words in _ACTS.items()),
        key=lambda pair: pair[1],
    )


def sentence(act: str, thing: str, *, kind: str, recipient: str = "") -> str:
    """Return what was done, beginning with a capital; acts without words read as they are.

    Args:
        act: as the code calls it.
        thing: the name of what it was done to, empty where it has none.
        kind: what kind of thing that is.
        recipient: who got what was taken along, empty where nobody said.
    """
    if act not in _ACTS:
        return act.replace("_", " ").capitalize()
    thing = thing or _WITHOUT_NAME.get(kind, kind)
    if recipient and act in _FOR:
        return phrase(_FOR[act], thing=thing, recipient=recipient)
    return phrase(_ACTS[act], thing=thing)


def actor_words(kind: str, actor_id: UUID | None, staff: Mapping[UUID, str]) -> str:
    """Return who did it; whoever is not known by name any more is told by what they were."""
    if actor_id is not None and actor_id in staff:
        return staff[actor_id]
    return {
        "staff": phrase("somebody of the staff"),
        "user": phrase("somebody in a course"),
        "system": phrase("Cairn itself"),
        "cli": phrase("an operator at the server"),
    }[kind]
