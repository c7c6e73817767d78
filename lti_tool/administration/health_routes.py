"""For load balancers and monitors: does it live, can it serve, what does it count.

Strangers are told yes or no. Why, and the metrics, are for whoever shows the operator's token;
a proxy on the same machine makes everybody come from loopback, so that proves nothing.
"""

import hmac

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.exceptions import NotFound

from lti_tool.administration.metrics import exposition
from lti_tool.core import health, settings

blueprint = Blueprint("health", __name__)

_SCHEME = "bearer "


@blueprint.get("/healthz")
def live() -> ResponseReturnValue:
    """Say that this process answers. Restart it when it does not."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether requests can be served. Send it none while they cannot."""
    findings = health.check()
    is_ready = health.is_ready(findings)
    status = 200 if is_ready else 503
    if _is_operator():
        found = [{"about": one.about, "ok": one.ok, "says": one.says} for one in findings]
        return jsonify(ready=is_ready, findings=found), status
    return Response("ready\n" if is_ready else "not ready\n", status, mimetype="text/plain")


@blueprint.get("/metrics")
def show_metrics() -> ResponseReturnValue:
    """Give Prometheus what the whole installation counts; nothing to strangers."""
    if not _is_operator():
        raise NotFound
    return Response(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_operator() -> bool:
    token = settings.current().operator_token
    sent = request.headers.get("Authorization", "")
    if token is None or not sent.lower().startswith(_SCHEME):
        return False
    return hmac.compare_digest(sent[len(_SCHEME) :].encode(), token.encode())
