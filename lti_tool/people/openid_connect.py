"""OpenID Connect Core 1.0, our side: sign-in by code, with PKCE (RFC 7636), state and nonce.

Authlib does the protocol and checks the claims, joserfc the signature; every call goes
through the guarded client. https://openid.net/specs/openid-connect-core-1_0.html
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]  # ships no types
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]  # ships no types
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # ships no types
from joserfc import jwt
from joserfc.errors import InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import GuestProtocol, RSAKey
from joserfc.jws import JWSRegistry

from lti_tool.core import clock, http
from lti_tool.core.language import phrase
from lti_tool.people.errors import (
    ProviderDeclinedError,
    ProviderUnusableError,
    Reason,
    SignInRefusedError,
)
from lti_tool.platforms import key_sets
from lti_tool.platforms.errors import KeySetUnreachableError
from lti_tool.platforms.rules import origin_of

ALGORITHM = "RS256"  # OpenID Connect Core 1.0 §15.1: every provider can
SCOPE = "openid profile email"
LEEWAY_SECONDS = 60
MAX_TEXT = 255
_KEPT_SECONDS = 300.0
_MOST_KEPT = 1000


class _Registry(JWSRegistry):
    """joserfc's limits are for headers without certificates and staff in few groups."""

    max_header_length, max_payload_length = 8192, 200_000


_REGISTRY = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Us, as one identity provider knows us."""

    issuer: str
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A sign-in under way: what its answer has to match. Secret until then."""

    state: str
    nonce: str
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What an identity provider says of itself (OpenID Connect Discovery 1.0 §3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_secret_in_form: bool
    names_itself: bool


_kept: dict[str, tuple[float, Provider]] = {}


def begin(party: RelyingParty) -> tuple[str, Pending]:
    """Return where to send the browser, and what to remember until it comes back.

    Raises:
        ProviderUnusableError: the provider cannot be asked now.
    """
    provider = _discover(party.issuer)
    pending = Pending(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(48),
    )
    url, _ = _client(party, provider).create_authorization_url(
        provider.authorization_endpoint,
        state=pending.state,
        nonce=pending.nonce,
        code_verifier=pending.code_verifier,
    )
    return url, pending


def finish(party: RelyingParty, pending: Pending, answer: Mapping[str, str]) -> dict[str, Any]:
    """Return the claims about whoever signed in, if every check allows it.

    Calls the provider, so never inside a transaction. That the sign-in is this browser's
    and not yet used is the caller's part.

    Args:
        party: the one that began.
        pending: what `begin` returned.
        answer: the query with which the browser came back.

    Raises:
        SignInRefusedError: with the reason of the first check that failed.
        ProviderDeclinedError: the provider answered with an error.
        ProviderUnusableError: it cannot be asked now.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
        raise SignInRefusedError(Reason.STATE)
    provider = _discover(party.issuer)
    # RFC 9207: against an answer of one provider passed off as another's.
    if answer.get("iss", None if provider.names_itself else party.issuer) != party.issuer:
        raise SignInRefusedError(Reason.PROVIDER)
    if "error" in answer:
        raise ProviderDeclinedError(party.name)
    if not answer.get("code"):
        raise SignInRefusedError(Reason.NO_CODE)
    tokens = _redeem(party, provider, pending, answer["code"])
    claims = _verify(tokens, party, provider, pending)
    return {**_userinfo(tokens, provider, claims), **claims}


def forget_all() -> None:
    """Forget what providers said of themselves."""
    _kept.clear()


def _discover(issuer: str) -> Provider:
    known = _kept.get(issuer)
    if known is not None and time.monotonic() - known[0] < _KEPT_SECONDS:
        return known[1]
    try:
        document = http.get_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
    except (http.OutboundFailedError, http.OutboundRefusedError) as error:
        raise ProviderUnusableError(
            phrase(
                "The sign-in does not answer: %(value)s",
                value=error,
            )
        ) from error
    provider = _read(document, issuer)
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[issuer] = (time.monotonic(), provider)
    return provider


def _read(document: Any, issuer: str) -> Provider:  # noqa: ANN401 - a stranger's JSON, checked here
    # Discovery 1.0 §4.3: the very issuer that was asked, or one could speak for another.
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ProviderUnusableError(phrase("The sign-in says that it is another one."))
    addresses = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        address = document.get(name)
        if not isinstance(address, str) or origin_of(address) is None:
            raise ProviderUnusableError(
                phrase(
                    "The sign-in names no %(name)s.",
                    name=name,
                )
            )
        addresses[name] = address
    userinfo = document.get("userinfo_endpoint")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Provider(
        **addresses,
        userinfo_endpoint=userinfo if isinstance(userinfo, str) else None,
        takes_secret_in_form=isinstance(methods, list)
        and "client_secret_post" in methods
        and "client_secret_basic" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


class _Post:
    """What Authlib may call: the token endpoint, by the guarded client."""

    def post(self, url: str, *, data: dict[str, str], headers: Any, auth: Any) -> httpx.Response:  # noqa: ANN401 - Authlib's own types
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        try:
            with http.client(max_bytes=256_000) as client:
                response = client.post(url, content=body, headers=headers)
        except (http.OutboundFailedError, http.OutboundRefusedError) as error:
            raise ProviderUnusableError(
                phrase(
                    "The sign-in does not answer: %(value)s",
                    value=error,
                )
            ) from error
        # Else Authlib raises errors of httpx.
        told = _object_of(response)
        if response.is_server_error or told is None:
            raise ProviderUnusableError(
                phrase(
                    "The sign-in answered %(status_code)s.",
                    status_code=response.status_code,
                )
            )
        # Without its lifetime: the token is used at once, and Authlib reckons with any value.
        kept = {name: value for name, value in told.items() if not name.startswith("expires_")}
        return httpx.Response(response.status_code, content=json.dumps(kept))


def _object_of(response: httpx.Response) -> dict[str, Any] | None:
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _basic(client: Any, _method: str, url: str, headers: Any, body: str) -> tuple[str, Any, str]:  # noqa: ANN401 - Authlib's own types
    """Authenticate as RFC 6749 §2.3.1 says, which Authlib does not: each part form-encoded."""
    parts = (quote_plus(client.client_id), quote_plus(client.client_secret))
    headers["Authorization"] = "Basic " + base64.b64encode(":".join(parts).encode()).decode()
    return url, headers, body


def _client(party: RelyingParty, provider: Provider) -> Any:  # noqa: ANN401 - Authlib is untyped
    client = OAuth2Client(
        _Post(),
        client_id=party.client_id,
        client_secret=party.client_secret,
        token_endpoint_auth_method=(
            "client_secret_post" if provider.takes_secret_in_form else "basic"
        ),
        scope=SCOPE,
        redirect_uri=party.redirect_uri,
        code_challenge_method="S256",
    )
    client.register_client_auth_method(("basic", _basic))
    return client


def _redeem(party: RelyingParty, provider: Provider, pending: Pending, code: str) -> dict[str, Any]:
    try:
        tokens: dict[str, Any] = _client(party, provider).fetch_token(
            provider.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=pending.code_verifier,
        )
    except OAuth2Error as error:
        if error.error == "invalid_grant":
            raise SignInRefusedError(Reason.CODE_REFUSED) from error
        # invalid_client and the like: whoever set it up has to mend it.
        raise ProviderUnusableError(
            phrase(
                "%(name)s does not accept us: %(value)s.",
                name=party.name,
                value=error.error,
            )
        ) from error
    return tokens


def _verify(
    tokens: Mapping[str, Any], party: RelyingParty, provider: Provider, pending: Pending
) -> dict[str, Any]:
    """Check the id_token: OpenID Connect Core 1.0 §3.1.3.7."""
    id_token = tokens.get("id_token")
    if not isinstance(id_token, str):
        raise SignInRefusedError(Reason.NO_TOKEN)
    token = _signed(id_token, provider)
    checked = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "value": party.issuer},
            "aud": {"essential": True, "value": party.client_id},
        },
        {
            "nonce": pending.nonce,
            "client_id": party.client_id,
            "access_token": tokens.get("access_token"),
        },
    )
    try:
        checked.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_SECONDS)
    except (InvalidClaimError, MissingClaimError) as error:
        reason = Reason.NONCE if error.claim == "nonce" else Reason.CLAIMS
        raise SignInRefusedError(reason, f"({error.claim})") from error
    except (JoseError, TypeError, ValueError) as error:
        raise SignInRefusedError(Reason.CLAIMS) from error
    subject = checked["sub"]  # §2: at most 255 ASCII characters
    if not (0 < len(subject) <= MAX_TEXT and subject.isascii() and subject.isprintable()):
        raise SignInRefusedError(Reason.CLAIMS, "(sub)")
    return dict(checked)


def _signed(id_token: str, provider: Provider) -> jwt.Token:
    """Return the token if its signature is of a key the provider publishes."""

    def published(token: GuestProtocol) -> RSAKey:
        kid = token.headers().get("kid")
        key = key_sets.verification_key(provider.jwks_uri, kid) if isinstance(kid, str) else None
        if key is None:
            raise SignInRefusedError(Reason.SIGNATURE)
        return key

    try:
        return jwt.decode(id_token, published, registry=_REGISTRY)
    except KeySetUnreachableError as error:
        raise ProviderUnusableError(phrase("The keys of the sign-in do not answer.")) from error
    except (JoseError, ValueError, RecursionError) as error:
        raise SignInRefusedError(Reason.SIGNATURE) from error


def _userinfo(
    tokens: Mapping[str, Any], provider: Provider, claims: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the userinfo endpoint adds (§5.3): many providers tell groups only there."""
    access_token = tokens.get("access_token")
    if provider.userinfo_endpoint is None or not isinstance(access_token, str):
        return {}
    try:
        info = http.get_json(
            provider.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"}
        )
    except (http.OutboundFailedError, http.OutboundRefusedError) as error:
        raise ProviderUnusableError(
            phrase(
                "The sign-in does not answer: %(value)s",
                value=error,
            )
        ) from error
    if not isinstance(info, dict) or info.get("sub") != claims["sub"]:
        raise SignInRefusedError(Reason.SUBJECT)
    return info
