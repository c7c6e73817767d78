"""The showcase's micro-credentials, as authors write them: one TOML file each beside this module.

`stimulus` may name one of the file's stimuli, so that several questions share it;
`image:<file>` in any text names a picture in `images`.
"""

import re
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from lti_tool.assessments.drafts import DraftItem, EditionDetails, Name
from lti_tool.badges.artwork import Field
from lti_tool.badges.details import PLAIN, Details

FOUNDATIONS = ("describing", "relationships", "inference", "reproducible")
SOFT_SKILLS = ("presenting", "teamwork")

_HERE = Path(__file__).parent
_IMAGE = re.compile(r"\(image:([a-z-]+\.svg)\)")
_OF_THE_ENTRY = frozenset({"points", "competency"})

Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
KeepImage = Callable[[bytes], str]


class Module(BaseModel):
    """An assessment, and the achievement that passing it earns.

    Attributes:
        assessment: of which type it is, for readers of the badge.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Name
    summary: Prose
    criteria: Prose
    assessment: Prose = PLAIN.assessment
    field: Field
    minutes: int
    pass_mark: Decimal
    competencies: tuple[Name, ...]
    items: tuple[DraftItem, ...]
    details: EditionDetails = EditionDetails()
    achievement: Details = PLAIN

    @model_validator(mode="after")
    def _shows_all(self) -> Self:
        if {draft.competency for draft in self.items} != set(self.competencies):
            raise ValueError("a competency without a question, or a question without one")
        return self


def read_module(name: str, keep_image: KeepImage) -> Module:
    """Return a module by the name of its file.

    Args:
        name: one of `FOUNDATIONS` or `SOFT_SKILLS`.
        keep_image: stores a picture and returns how Markdown names it.
    """
    source = (_HERE / f"{name}.toml").read_text(encoding="utf-8")
    document = tomllib.loads(_with_images(source, keep_image), parse_float=Decimal)
    stimuli = document.pop("stimuli", {})
    document["items"] = [_entry(table, stimuli) for table in document["items"]]
    return Module.model_validate(document)


def _with_images(source: str, keep_image: KeepImage) -> str:
    return _IMAGE.sub(
        lambda named: f"({keep_image((_HERE / 'images' / named[1]).read_bytes())})", source
    )


def _entry(table: dict[str, Any], stimuli: dict[str, str]) -> dict[str, Any]:
    """Part what an edition says of a question from the question itself."""
    item = {name: value for name, value in table.items() if name not in _OF_THE_ENTRY}
    if "stimulus" in item:
        item["stimulus"] = stimuli.get(item["stimulus"], item["stimulus"])
    return {"item": item} | {name: table[name] for name in _OF_THE_ENTRY if name in table}
