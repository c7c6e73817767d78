"""Faults over HTTP, for tests in other processes. Only where the settings allow it."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import parse_object
from lti_tool.campus.runtime import campus

blueprint = Blueprint("faults", __name__)


@blueprint.post("/faults")
def change() -> ResponseReturnValue:
    """Put faults in force: a JSON object of `Faults` fields.

    `{"clear": true}` ends them first. `{"rotate_keys": "publish"}` makes a new key sign;
    "replace" also drops the old ones, "hide" leaves the new key out of the key set.
    """
    if not campus().settings.faults:
        raise RefusalError(404, "not_found", "Faults are not allowed here.")
    wanted = parse_object(request.get_data())
    if wanted.pop("clear", False):
        campus().faults.clear()
    rotation = wanted.pop("rotate_keys", None)
    if rotation not in {None, "publish", "replace", "hide"}:
        raise RefusalError(400, "unknown_fault", f"rotate_keys cannot be {rotation!r}")
    campus().faults.change(wanted)
    if rotation is not None:
        campus().keys.rotate("lti", keep_old=rotation != "replace", publish=rotation != "hide")
    return jsonify({"ok": True})
