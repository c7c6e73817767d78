"""An institution as an issuer: its did and the addresses of all it publishes."""

from dataclasses import dataclass
from uuid import UUID

from lti_tool.badges import did_web
from lti_tool.core.ids import InstitutionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An institution under whose name credentials are signed.

    Attributes:
        slug: its part of every address; as fixed as the host.
        host_url: scheme and host that all issuers here share, without a slash at the end.
    """

    institution_id: InstitutionId
    slug: str
    name: str
    host_url: str

    @property
    def url(self) -> str:
        """The page about the issuer; everything else lies below it."""
        return f"{self.host_url}/i/{self.slug}"

    @property
    def did(self) -> str:
        """The did, which is the issuer's id in credentials."""
        return did_web.did_of(self.url)

    @property
    def host(self) -> str:
        """The host, as people should recognise it."""
        return self.host_url.partition("://")[2]

    def achievement_url(self, achievement_id: UUID) -> str:
        """Return the id of an achievement, where it is described."""
        return f"{self.url}/achievements/{achievement_id}"

    def image_url(self, achievement_id: UUID, edition: int, kind: str = "svg") -> str:
        """Return where the picture of an achievement's edition is, as svg or png."""
        return f"{self.host_url}{image_path(self.slug, achievement_id, edition, kind)}"

    def credential_url(self, credential_id: UUID) -> str:
        """Return the id of a credential. It shows nobody anything: credentials are private."""
        return f"{self.url}/credentials/{credential_id}"

    def status_list_url(self, number: int) -> str:
        """Return the id of a status list, where it is published."""
        return f"{self.url}/status/{number}"

    def transcript_url(self, token: str) -> str:
        """Return the link that shows a transcript."""
        return f"{self.url}/transcripts/{token}"

    def share_url(self, token: str) -> str:
        """Return the link that shows a shared credential."""
        return f"{self.url}/shared/{token}"


def image_path(slug: str, achievement_id: UUID, edition: int, kind: str = "svg") -> str:
    """Return the picture's path, for pages of ours: the same host, whichever it is."""
    return f"/i/{slug}/achievements/{achievement_id}/editions/{edition}/image.{kind}"
