"""A shared badge elsewhere: on a professional profile, under e-mails, on one's own page. Pure."""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from lti_tool.badges.issuer import Issuer
from lti_tool.badges.queries import HeldBadge
from lti_tool.core.language import phrase

# LinkedIn's own address for "add licence or certification". It does not promise to fill in what is
# sent along, so the page offers every field to copy as well.
_ADD_TO_PROFILE = "https://www.linkedin.com/profile/add"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Something to copy.

    Attributes:
        id: unique on the page.
    """

    id: str
    label: str
    text: str


def add_to_profile_url(badge: HeldBadge, issuer: Issuer, link: str) -> str:
    """Return LinkedIn's page for a new certification, filled in as far as it obliges."""
    fields = {
        "startTask": "CERTIFICATION_NAME",
        "name": badge.name,
        "organizationName": issuer.name,
        "issueYear": badge.awarded_at.year,
        "issueMonth": badge.awarded_at.month,
        "certUrl": link,
        "certId": str(badge.credential_id),
    }
    if badge.valid_until is not None:
        fields |= {
            "expirationYear": badge.valid_until.year,
            "expirationMonth": badge.valid_until.month,
        }
    return f"{_ADD_TO_PROFILE}?{urlencode(fields)}"


def profile_fields(badge: HeldBadge, issuer: Issuer, link: str) -> list[Snippet]:
    """Return the fields of that page, each to copy."""
    told = [
        ("name", phrase("Name"), badge.name),
        ("organization", phrase("Issuing organization"), issuer.name),
        ("issued", phrase("Issue date"), f"{badge.awarded_at:%B %Y}"),
        ("number", phrase("Credential ID"), str(badge.credential_id)),
        ("address", phrase("Credential URL"), link),
    ]
    if badge.valid_until is not None:
        told.insert(3, ("expires", phrase("Expiration date"), f"{badge.valid_until:%B %Y}"))
    return [Snippet(id=f"profile-{name}", label=label, text=text) for name, label, text in told]


def snippets(badge: HeldBadge, issuer: Issuer, link: str) -> list[Snippet]:
    """Return HTML for under e-mails and for pages of one's own."""
    name, by, address = escape(badge.name), escape(issuer.name), escape(link)
    picture = escape(issuer.image_url(badge.achievement_id, badge.edition, "png"))
    return [
        Snippet(
            id="signature",
            label=phrase("For under your e-mails (HTML)"),
            text=(
                f'<a href="{address}"><img src="{picture}" width="64" height="64" alt="">'
                f" {name}, {by}</a>"
            ),
        ),
        Snippet(
            id="embed",
            label=phrase("For a page of your own (HTML)"),
            text=(
                f'<iframe src="{address}/embed" width="420" height="320"'
                f' title="{name}, {by}"></iframe>'
            ),
        ),
    ]
