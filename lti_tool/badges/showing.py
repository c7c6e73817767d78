"""A badge as its holder shows it: what the page that a link leads to is made of."""

from typing import Any

from lti_tool.badges import exporting, uploads
from lti_tool.badges.verifying.links import Opened


def page_of(opened: Opened) -> dict[str, Any]:
    """Return what `badges/_shared.html` takes, but for the link."""
    content = opened.shared.content
    return {
        "opened": opened,
        "badge": opened.checked.examination.badge,
        "examination": opened.checked.examination,
        "picture": uploads.words_of(content),
        "facts": exporting.facts(content, without_stacking=bool(opened.earned.larger)),
    }
