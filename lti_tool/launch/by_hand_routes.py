"""`/lti/connect`: what an LMS administrator enters by hand, with nothing secret in it."""

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from lti_tool.core import settings
from lti_tool.core.errors import NotFoundError
from lti_tool.core.language import phrase
from lti_tool.launch.by_hand import GUIDES, addresses, canvas_key

blueprint = Blueprint("by_hand", __name__, url_prefix="/lti/connect")


@blueprint.get("")
def choose_product() -> ResponseReturnValue:
    """Ask which LMS it is."""
    return render_template("launch/choose_product.html", guides=GUIDES)


@blueprint.get("/<product>")
def show_guide(product: str) -> ResponseReturnValue:
    """Show what goes where in one LMS."""
    guide = GUIDES.get(product)
    if guide is None:
        raise NotFoundError(
            phrase("There is no guide of this name. See /lti/connect for those there are.")
        )
    known = addresses(settings.current().base_url)
    return render_template(
        "launch/show_guide.html",
        guide=guide,
        values=[(label, known[name]) for label, name in guide.values],
    )


@blueprint.get("/canvas.json")
def show_canvas_key() -> ResponseReturnValue:
    """Give Canvas what it makes a developer key from."""
    return jsonify(canvas_key(settings.current().base_url))
