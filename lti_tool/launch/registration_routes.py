"""`/lti/register/<invitation>`: where an LMS administrator connects their LMS, in its frame.

Who holds the invitation may: there is no session here and no cookie, so that it works in any
frame. What went wrong is said in the same place.
"""

from typing import Annotated

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from lti_tool.core import logs, settings, web
from lti_tool.core.language import phrase
from lti_tool.launch import registering
from lti_tool.launch.errors import RegistrationIncompleteError
from lti_tool.launch.platform_description import SCOPES
from lti_tool.platforms import invitations

blueprint = Blueprint("registration", __name__, url_prefix="/lti/register")
log = logs.get(__name__)


class _Begun(BaseModel):
    """What a platform adds to the address (Dynamic Registration 1.0 §3.1)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    openid_configuration: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    # Some platforms send it empty, or not at all.
    registration_token: Annotated[str, StringConstraints(max_length=8192)] = ""


@blueprint.before_request
def _show_in_frames() -> None:
    """Let an LMS show it wherever it likes: it carries no authority but its address."""
    web.frame_ancestors(("*",))


@blueprint.get("/<invitation>")
def show(invitation: str) -> ResponseReturnValue:
    """Say what Cairn asks of the LMS; before an LMS is known, where the address belongs."""
    invited = invitations.look_at(invitation)
    web.bind_csrf(invitation)
    if not request.args:
        return render_template(
            "launch/explain_registration.html",
            invited=invited,
            address=f"{settings.current().base_url}{request.path}",
        )
    begun = _begun(request.args.to_dict())
    platform = registering.look_at(begun.openid_configuration, begun.registration_token)
    return render_template(
        "launch/ask_registration.html",
        invited=invited,
        begun=begun,
        platform=platform,
        services=[SCOPES[scope] for scope in platform.scopes],
    )


@blueprint.post("/<invitation>")
def register(invitation: str) -> ResponseReturnValue:
    """Register, and tell what the LMS administrator has to do next."""
    invited = invitations.look_at(invitation)
    web.bind_csrf(invitation)
    web.check_csrf()
    begun = _begun(request.form.to_dict())
    platform = registering.look_at(begun.openid_configuration, begun.registration_token)
    connected, missing = registering.connect(invited, platform, begun.registration_token)
    log.info(
        "registered",
        registration_id=str(connected.registration_id),
        product=platform.product,
        is_new=connected.is_new,
        missing=len(missing),
    )
    return render_template(
        "launch/show_registered.html",
        invited=invited,
        platform=platform,
        connected=connected,
        missing=[SCOPES[scope] for scope in missing],
    )


def _begun(values: dict[str, str]) -> _Begun:
    try:
        return _Begun.model_validate(values)
    except ValidationError as error:
        wrong = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise RegistrationIncompleteError(
            phrase(
                "Missing or too long: %(wrong)s.",
                wrong=wrong,
            )
        ) from error
