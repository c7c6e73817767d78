"""What a platform and a browser post to begin and to end a login."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
# Hints are the platform's own: Canvas sends a signed token, Moodle a JSON document.
Hint = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class LoginRequest(BaseModel):
    """Third-party initiated login (Security Framework 1.0 §5.1.1.1, LTI Core 1.3 §4.1).

    Other parameters are ignored, as OpenID Connect asks: platforms send some of their own.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    iss: Word
    login_hint: Hint
    target_link_uri: Word
    client_id: Word | None = None
    lti_message_hint: Hint | None = None
    lti_deployment_id: Word | None = None

    def parameters(self) -> dict[str, str]:
        """Return what was sent, to be sent again."""
        return self.model_dump(exclude_none=True)
