# What it imports is not in our environment, so nothing here can be checked for types:
# mypy: ignore-errors
"""lti1p3platform's side, run by the Python of its own environment: one question, one answer.

Reads JSON from standard input, writes JSON to standard output. No line of ours is imported.
"""

import json
import sys
from typing import Any

from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration


class Platform(LTI1P3PlatformConfAbstract):
    def init_platform_config(self, **asked: str) -> None:
        self._asked = asked
        self.get_registration()

    def get_registration_by_params(self, **_kwargs: object) -> Registration:
        asked = self._asked
        registration = Registration()
        registration.set_iss(asked["issuer"]).set_client_id(asked["client_id"])
        registration.set_deployment_id("1").set_launch_url(asked["launch_url"])
        registration.set_deeplink_launch_url(asked["launch_url"])
        registration.set_oidc_login_url(asked["login_url"])
        registration.set_platform_public_key(asked["public_key"])
        registration.set_platform_private_key(asked["private_key"])
        registration.set_tool_key_set(asked["tool_keys"])
        return registration


class Login(OIDCLoginAbstract):
    def set_lti_message_hint(self, **kwargs: str) -> None:
        self._lti_message_hint = kwargs["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class Message(LTIAdvantageMessageLaunchAbstract):
    def get_preflight_response(self) -> dict[str, Any]:
        return self._request

    def render_launch_form(self, launch_data: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
        return launch_data


def answer(asked: dict[str, Any]) -> object:
    platform = Platform(**asked)
    what = asked["what"]
    if what == "keys":
        return platform.get_jwks()
    if what == "login":
        login = Login(None, platform)
        login.set_lti_message_hint(hint="witness")
        return login.initiate_login("learner-1")
    if what in {"launch", "deep link"}:
        message = Message(asked["query"], platform)
        role = "Learner" if what == "launch" else "Instructor"
        vocabulary = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
        message.set_user_data("learner-1", [vocabulary + role], full_name="Ada Witness")
        message.set_resource_link_claim("link-1", title="Witnessed")
        if what == "deep link":
            message.set_dl(asked["issuer"] + "/deep-link-return", extra_data={"csrf": "x"})
        return message.lti_launch()
    if what == "deep link response":
        return platform.validate_deeplinking_resp({"JWT": asked["jwt"]})
    if what == "token":
        return platform.get_access_token(asked["form"])
    return platform.validate_token(asked["token"], allowed_scopes=asked["scopes"])


json.dump(answer(json.load(sys.stdin)), sys.stdout)
