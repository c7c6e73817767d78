"""What learners send us about their badges."""

from pydantic import BaseModel, ConfigDict


class ShareForm(BaseModel):
    """What a new link shows. An unticked box is not sent."""

    model_config = ConfigDict(extra="forbid")

    show_name: bool = False
