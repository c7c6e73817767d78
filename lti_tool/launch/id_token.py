"""The one way from a platform's id_token to a message we believe.

pylti1p3 knows which claims each message type needs and in which steps a launch is checked. What
it leaves open is closed here, step by step, in one subclass: see docs/decisions/0005. Signatures
are checked by joserfc, before any claim is looked at.
"""

import base64
import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, cast

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jws import JWSRegistry
from pylti1p3.cookie import CookieService
from pylti1p3.exception import LtiException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract

from lti_tool.launch import rules
from lti_tool.launch.claims import (
    LTI,
    MAX_IDENTIFIER,
    MESSAGE_TYPES,
    VERSION,
    Message,
    read_message,
)
from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.platforms import key_sets

ALGORITHM = "RS256"
_MAX_HEADER_BYTES = 4096
_PARTS = 3


class _Registry(JWSRegistry):
    """joserfc's limits are for headers without certificates and bodies without rosters."""

    max_header_length, max_payload_length = _MAX_HEADER_BYTES, 200_000


_REGISTRY = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLogin:
    """What the id_token has to answer: a login of ours, consumed.

    Attributes:
        nonce_hash: SHA-256 of the nonce we sent.
        target_link_hash: SHA-256 of the address the platform named in the login.
        anonymous: the registration takes messages that name nobody.
    """

    issuer: str
    client_id: str
    jwks_url: str
    nonce_hash: bytes
    target_link_hash: bytes
    anonymous: bool = False


def verify_id_token(id_token: str, login: ExpectedLogin, *, now: datetime) -> Message:
    """Return the message an id_token carries, if every check allows it.

    May fetch the platform's keys, so never inside a transaction. That the state was ours, unused
    and from this browser is the caller's part: it consumes the login.

    Args:
        id_token: as posted.
        login: what was asked of the platform.
        now: the instant to judge by, aware.

    Raises:
        MessageRefusedError: with the reason of the first check that failed.
        KeySetUnreachableError: the platform's keys were never seen and cannot be had now.
    """
    launch = _Launch(id_token, login, now)
    launch.validate()
    return launch.message


def claimed_deployment(id_token: str) -> str | None:
    """Return what a token says of its deployment, unverified: good for a look-up, no more."""
    parts = id_token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        value = claims.get(f"{LTI}deployment_id") if isinstance(claims, dict) else None
    except (ValueError, RecursionError):
        return None
    # PostgreSQL takes neither half a character nor a null: those are not printable.
    if isinstance(value, str) and value.isprintable() and len(value) <= MAX_IDENTIFIER:
        return value
    return None


class _Posted(Request):
    """What pylti1p3 may read of the request: nothing, it is given what it needs."""

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> NoReturn:
        raise LtiException(f"pylti1p3 asked for {key}")


class _NoCookies(CookieService):
    """State and browser were bound and consumed before, in one statement."""

    def get_cookie(self, name: str) -> NoReturn:
        raise LtiException(f"pylti1p3 asked for the cookie {name}")

    def set_cookie(self, name: str, value: str | int, exp: int | None = None) -> NoReturn:  # noqa: ARG002 - named by pylti1p3
        raise LtiException(f"pylti1p3 set the cookie {name}")


class _NoSession(SessionService):
    """Nonces live with their login, and nothing of a launch is kept in a web session."""

    def __init__(self) -> None:
        pass


class _NoRegistrations(ToolConfAbstract[_Posted]):
    """The registration is the login's; the deployment is for the caller, who may tell: pending."""

    def find_registration_by_issuer(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise LtiException("pylti1p3 asked for a registration or a deployment")

    find_registration_by_params = find_registration_by_issuer
    find_deployment = find_registration_by_issuer
    find_deployment_by_params = find_registration_by_issuer


class _NoCalls:
    """pylti1p3 would call the platform without time-out or address guard: it never may."""

    def get(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise LtiException("pylti1p3 tried to call the platform")


class _Launch(MessageLaunch[_Posted, _NoRegistrations, _NoSession, _NoCookies]):
    """pylti1p3's launch with the signature first, and the checks it lacks."""

    message: Message
    _is_signed = False

    def __init__(self, id_token: str, login: ExpectedLogin, now: datetime) -> None:
        super().__init__(
            _Posted(),
            _NoRegistrations(),
            session_service=_NoSession(),
            cookie_service=_NoCookies(),
            requests_session=cast("Any", _NoCalls()),
        )
        self._id_token = id_token
        self._login = login
        self._now = now

    def _get_request_param(self, key: str) -> NoReturn:
        raise LtiException(f"pylti1p3 asked for {key}")

    def _get_id_token(self) -> str:
        return self._id_token

    def validate(self) -> "_Launch":
        """Run every check; a stranger without the platform's key learns nothing but that."""
        self._validated = True  # else pylti1p3's own getters would start over
        try:
            self.validate_jwt_format()
            self.validate_jwt_signature()
            self.validate_registration()
            self.validate_times()
            self.validate_nonce()
            self.validate_message()
        except LtiException as error:
            self._validated = False
            raise self._with_way_back(MessageRefusedError(Reason.CLAIM, str(error))) from error
        except MessageRefusedError as error:
            error.is_signed = self._is_signed
            self._with_way_back(error)
            raise
        return self

    def _with_way_back(self, error: MessageRefusedError) -> MessageRefusedError:
        """Add where the person came from: the platform's word, once its signature is known."""
        presentation = self._jwt.get("body", {}).get(f"{LTI}launch_presentation")
        if isinstance(presentation, dict) and isinstance(presentation.get("return_url"), str):
            error.return_url = presentation["return_url"]
        return error

    def validate_jwt_format(self) -> "_Launch":
        """Read the header, and only that: whose key to check with."""
        header = _header_of(self._id_token)
        # RFC 7515 §4.1.11: no extension is understood here, and a list of none is no list.
        if "crit" in header:
            raise MessageRefusedError(Reason.UNREADABLE)
        if header.get("alg") != ALGORITHM:
            raise MessageRefusedError(Reason.ALGORITHM)
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise MessageRefusedError(Reason.NO_KEY_ID)
        self._jwt = {"header": {"kid": kid, "alg": ALGORITHM}}
        return self

    def validate_jwt_signature(self) -> "_Launch":
        """Check the signature, then take the claims."""
        kid = self._jwt["header"]["kid"]
        key = key_sets.verification_key(self._login.jwks_url, kid)
        if key is None:
            raise MessageRefusedError(Reason.UNKNOWN_KEY)
        try:
            token = jws.deserialize_compact(self._id_token, key, registry=_REGISTRY)
        except BadSignatureError as error:
            raise MessageRefusedError(Reason.SIGNATURE) from error
        except (JoseError, ValueError) as error:
            raise MessageRefusedError(Reason.UNREADABLE) from error
        self._is_signed = True
        self._jwt["body"] = cast("Any", _claims_of(token.payload))
        return self

    def validate_registration(self) -> "_Launch":
        """Check issuer, audience and authorized party against the login's."""
        claims = self._claims()
        if not any(name.startswith(LTI) for name in claims):
            raise MessageRefusedError(Reason.NOT_LTI)
        rules.check_issuer(claims, self._login.issuer, self._login.client_id)
        return self

    def validate_times(self) -> "_Launch":
        """Check exp, iat and nbf."""
        rules.check_times(self._claims(), self._now)
        return self

    def validate_nonce(self) -> "_Launch":
        """Check that the nonce is the one sent with this state."""
        rules.check_nonce(self._claims(), self._login.nonce_hash)
        return self

    def validate_message(self) -> "_Launch":
        """Check version, type, target and form; then what pylti1p3 asks of the type."""
        claims = self._claims()
        if claims.get(f"{LTI}version") != VERSION:
            raise MessageRefusedError(Reason.VERSION)
        message_type = claims.get(f"{LTI}message_type")
        if not isinstance(message_type, str) or message_type not in MESSAGE_TYPES:
            raise MessageRefusedError(Reason.MESSAGE_TYPE)
        rules.check_target_link(claims.get(f"{LTI}target_link_uri"), self._login.target_link_hash)
        self.message = read_message(claims, anonymous=self._login.anonymous)
        if self.message.subject is None:
            # pylti1p3 knows no anonymous message; nothing reads this again.
            self._jwt["body"] = cast("Any", {**claims, "sub": "nobody"})
        super().validate_message()
        return self

    def _claims(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._jwt["body"])


def _header_of(id_token: str) -> dict[str, Any]:
    encoded, dot, _ = id_token.partition(".")
    if not dot or len(encoded) > _MAX_HEADER_BYTES or not id_token.isascii():
        raise MessageRefusedError(Reason.UNREADABLE)
    try:
        # Decoded here: json.loads takes other encodings than UTF-8 as well (RFC 7515 §2).
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except (ValueError, RecursionError) as error:
        raise MessageRefusedError(Reason.UNREADABLE) from error
    if not isinstance(header, dict):
        raise MessageRefusedError(Reason.UNREADABLE)
    return header


def _refuse_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON (RFC 8259 §6)")


def _finite_number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond any: PostgreSQL's JSON has none")
    return number


def _claims_of(payload: bytes) -> dict[str, Any]:
    """Decode the claims; refuse text that neither PostgreSQL nor a page can hold."""
    try:
        # Decoded here, for json.loads takes halves of characters as bytes, and other encodings.
        claims = json.loads(
            payload.decode(), parse_constant=_refuse_number, parse_float=_finite_number
        )
        if b"\\u0000" in payload:
            raise MessageRefusedError(Reason.UNREADABLE)
        if b"\\ud" in payload.lower():  # two escapes make one emoji, one alone makes nothing
            json.dumps(claims, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MessageRefusedError(Reason.UNREADABLE) from error
    if not isinstance(claims, dict):
        raise MessageRefusedError(Reason.UNREADABLE)
    return claims
