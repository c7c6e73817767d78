# What it imports is not in our environment, so nothing here can be checked for types:
# mypy: ignore-errors
"""lti1p3platform's side, run by the Python of its own environment: one question, one answer.

Reads JSON from standard input, writes JSON to standard output. No line of ours is imported.
"""

import json
import sys
from typing import Any

from lti1p3platform.exceptions import LineItemNotFoundException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request
from lti1p3platform.score import UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService


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


class Call(Request):
    def build_metadata(self, request: dict[str, Any]) -> dict[str, Any]:
        return request


class Gradebook(AssignmentsGradesService):
    """Columns and results in the state that came with the question."""

    state: dict[str, Any]

    def _column(self, number: str) -> dict[str, Any]:
        if number not in self.state:
            raise LineItemNotFoundException(number)
        return self.state[number]

    def find_lineitem(self, line_item_id: str) -> dict[str, Any]:
        return self._column(line_item_id)["item"]

    def find_lineitems(self, **_filters: object) -> dict[str, Any]:
        return {"content": [one["item"] for one in self.state.values()], "has_next": False}

    def create_lineitem(self, creation_data: dict[str, Any]) -> dict[str, Any]:
        number = str(len(self.state) + 1)
        item = {**creation_data, "id": f"{self.ags.lineitems_url}/{number}"}
        self.state[number] = {"item": item, "scores": {}}
        return item

    def update_lineitem(self, update_data: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def delete_lineitem(self, line_item_id: str) -> None:
        raise NotImplementedError

    def update_score(self, line_item_id: str, score: dict[str, Any]) -> UpdateScoreStatus:
        scores = self._column(line_item_id)["scores"]
        before = scores.get(score["userId"])
        if before and before["timestamp"] >= score["timestamp"]:
            return UpdateScoreStatus.OLD_TIMESTAMP
        scores[score["userId"]] = score
        return UpdateScoreStatus.SUCCESS

    def get_results(self, line_item_id: str, **_filters: object) -> dict[str, Any]:
        column = self._column(line_item_id)
        content = [
            {
                "id": f"{column['item']['id']}/results/{user}",
                "userId": user,
                "resultScore": score["scoreGiven"],
                "resultMaximum": score["scoreMaximum"],
                "scoreOf": column["item"]["id"],
            }
            for user, score in column["scores"].items()
        ]
        return {"content": content, "has_next": False}


def serve(platform: Platform, asked: dict[str, Any]) -> dict[str, Any]:
    """Let the library judge one call of the gradebook: token, scope, method, kind of answer."""
    book = Gradebook(Call(asked["request"]), platform, asked["issuer"] + "/lineitems")
    book.state = asked["state"]
    handler = getattr(book, "handle_" + asked["handler"])
    named = {"line_item_id": asked["line_item"]} if asked["line_item"] else {}
    done = book.handle_resp(handler, **named)
    return {
        "status": done.code,
        "message": done.message,
        "result": done.result,
        "media_type": done.media_type,
        "state": book.state,
    }


def answer(asked: dict[str, Any]) -> object:  # noqa: PLR0911 - a question each
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
        message.set_launch_context_claim("course-1", context_title="Witnessed course")
        message.set_ags(asked["issuer"] + "/lineitems")
        vocabulary = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
        message.set_user_data("learner-1", [vocabulary + role], full_name="Ada Witness")
        message.set_resource_link_claim("link-1", title="Witnessed")
        if what == "deep link":
            message.set_dl(asked["issuer"] + "/deep-link-return", extra_data={"csrf": "x"})
        return message.lti_launch()
    if what == "gradebook":
        return serve(platform, asked)
    if what == "deep link response":
        return platform.validate_deeplinking_resp({"JWT": asked["jwt"]})
    if what == "token":
        return platform.get_access_token(asked["form"])
    return platform.validate_token(asked["token"], allowed_scopes=asked["scopes"])


json.dump(answer(json.load(sys.stdin)), sys.stdout)
