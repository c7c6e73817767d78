"""What a real Moodle 4.5.6 posted, claim by claim, through the one way in.

Its key stayed with it: the claims are signed anew by a key of the test's, which a server of the
test's publishes. The recorded answers are beside some checkouts only.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask, jsonify
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import Connection

from lti_tool.core.secret import hash_of
from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.launch.id_token import ExpectedLogin, verify_id_token
from lti_tool.launch.rules import roles_of
from lti_tool.people.rules import Role
from tests.helpers import serving, shared_folder

TARGET = "https://purl.imsglobal.org/spec/lti/claim/target_link_uri"
LAUNCHES = {
    "launch_resource_link_student1": {Role.LEARNER},
    "launch_resource_link_cross_site_student2": {Role.LEARNER},
    "launch_resource_link_teacher1": {Role.INSTRUCTOR},
    "launch_deep_linking_teacher1": {Role.INSTRUCTOR},
    "launch_submission_review_teacher1": {Role.INSTRUCTOR},
}


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (shared_folder("lti", "moodle_4.5_samples") / f"{name}.json").read_text()
    )
    return found


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def keys_url(key: RSAPrivateKey, database: Connection) -> Iterator[str]:  # noqa: ARG001 - keeps them
    """Publish the key under the name and in the form that Moodle gives its own."""
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    kid = recorded("launch_resource_link_student1")["jose_header"]["kid"]
    app = Flask("moodle's keys")
    shown = {name: public[name] for name in ("kty", "n", "e")}
    app.add_url_rule(
        "/mod/lti/certs.php",
        view_func=lambda: jsonify(keys=[{**shown, "alg": "RS256", "kid": kid, "use": "sig"}]),
    )
    with serving(app) as url:
        yield f"{url}/mod/lti/certs.php"


def signed(sample: dict[str, Any], key: RSAPrivateKey, kid: str) -> str:
    return jwt.encode(
        sample["claims"], key, algorithm="RS256", headers={**sample["jose_header"], "kid": kid}
    )


def login_of(claims: dict[str, Any], keys_url: str) -> ExpectedLogin:
    return ExpectedLogin(
        issuer=claims["iss"],
        client_id=claims["aud"],
        jwks_url=keys_url,
        nonce_hash=hash_of(claims["nonce"]),
        target_link_hash=hash_of(claims[TARGET]),
    )


@pytest.mark.parametrize(("name", "roles"), LAUNCHES.items(), ids=list(LAUNCHES))
def test_what_moodle_sent_is_taken(
    keys_url: str, key: RSAPrivateKey, name: str, roles: set[Role]
) -> None:
    sample = recorded(name)
    claims = sample["claims"]
    kid = recorded("launch_resource_link_student1")["jose_header"]["kid"]
    token = signed(sample, key, kid)
    at = datetime.fromtimestamp(claims["iat"] + 2, UTC)

    message = verify_id_token(token, login_of(claims, keys_url), now=at)

    assert message.subject == claims["sub"]
    assert message.full_name == claims["name"]
    assert message.context is not None
    assert message.context.id == "2"
    assert roles_of(message.role_names) == roles
    if name == "launch_submission_review_teacher1":
        assert message.for_user is not None
        assert message.for_user.user_id == "4"
    # Moodle's messages live for a minute, and our leeway is one more.
    with pytest.raises(MessageRefusedError) as refused:
        verify_id_token(token, login_of(claims, keys_url), now=at + timedelta(minutes=3))
    assert refused.value.reason is Reason.EXPIRED
