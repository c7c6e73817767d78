"""The audit trail as sentences. Pure."""

from collections.abc import Mapping
from uuid import UUID

# What each act did; {} is what it was done to, where that has a name.
_ACTS = {
    "allocate_award": "said in which pathway a badge of {} counts",
    "allow_anonymous": "decided about visits without a name",
    "approve_deployment": "allowed a platform to open Cairn",
    "award_by_hand": "gave {} by a decision",
    "change_platform_addresses": "changed where a platform is",
    "change_platform_roles": "changed what a platform's roles count as",
    "change_role_map": "changed who gets which role at the desk",
    "confirm_completion": "confirmed that {} has completed a pathway",
    "delete_attempt": "deleted an attempt",
    "declare_authority": "said which platforms' student numbers are of one register",
    "enter_by_mail": "let {} in by a link in a letter",
    "erase_person": "erased who a person was",
    "export_audit": "took the audit trail along as a table",
    "export_learners": "took the learners of {} along as a table",
    "export_person": "took along all that is kept about {}",
    "export_results": "took the results of an assessment along as a table",
    "find_person": "looked for {}",
    "grant_minutes": "gave a learner more time for one attempt",
    "keep_award": "let {} stand though its reason fell away",
    "keep_lapsed": "let a certificate of {} stand though a part of it fell away",
    "keep_people_apart": "decided that {} is not another person who looked alike",
    "leave_late": "left out an answer that came too late",
    "lose_access": "lost access to the desk",
    "make_column": "made a column in a gradebook",
    "mark_answer": "marked an answer",
    "merge_people": "merged two persons into {}",
    "move_everybody": "moved everybody on {} to a version of it",
    "move_to_version": "moved {} to another version of a pathway",
    "publish_achievement": "published a badge",
    "publish_pathway": "published a version of {}",
    "publish_edition": "published an edition of an assessment",
    "read_record": "read the record of {}",
    "register_platform": "registered a platform",
    "regrade": "scored an activity by another edition",
    "reopen_attempt": "opened an attempt again",
    "rename_institution": "gave the institution another name",
    "rename_pathway": "gave {} another name",
    "replace_achievement": "said what replaces a badge",
    "replace_requirement": "let another badge of {} stand for a part of a pathway",
    "resend_scores": "sent scores again",
    "restore_attempt": "put a deleted attempt back",
    "restore_award": "gave {} back",
    "retire_key": "stopped publishing an older key",
    "rotate_key": "made a new key",
    "set_accommodation": "gave a learner another amount of time",
    "set_conditions": "set the rules of an assessment in a course",
    "set_confirmation": "changed whether completions of {} wait for a registrar",
    "set_lapse_policy": "changed what becomes of certificates of {} when a part falls away",
    "set_item_status": "said what is held of a question of the bank",
    "set_marking": "said how many people mark an answer of an assessment",
    "set_sharing": "changed with which pathways {} shares its badges",
    "sign_details": "signed a detailed form of {} for its holder",
    "sign_in": "signed in to the desk",
    "split_people": "undid a merge with {}",
    "take_late": "let an answer that came late count",
    "try_pathway": "tried a draft of a pathway on {}",
    "undo_ruling": "took back a decision about {} on a pathway",
    "waive_requirement": "waived a part of a pathway for {}",
    "withdraw_award": "withdrew {}",
    "withdraw_lapsed": "withdrew a certificate of {} of which a part fell away",
}
_WITHOUT_NAME = {
    "award": "a badge",
    "pathway": "a pathway",
    "person": "a person",
}


def known_acts() -> list[tuple[str, str]]:
    """Return every act that has words: (act, its words), in order of the words."""
    return sorted(
        ((act, words.format("…").capitalize()) for act, words in _ACTS.items()),
        key=lambda pair: pair[1],
    )


def sentence(act: str, thing: str, *, kind: str = "award") -> str:
    """Return what was done, beginning with a capital; acts without words read as they are."""
    words = _ACTS.get(act, act.replace("_", " ")).format(thing or _WITHOUT_NAME.get(kind, kind))
    return words[:1].upper() + words[1:]


def actor_words(kind: str, actor_id: UUID | None, staff: Mapping[UUID, str]) -> str:
    """Return who did it; whoever is not known by name any more is told by what they were."""
    if actor_id is not None and actor_id in staff:
        return staff[actor_id]
    return {
        "staff": "somebody of the staff",
        "user": "somebody in a course",
        "system": "Cairn itself",
        "cli": "an operator at the server",
    }[kind]
