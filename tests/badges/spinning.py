"""A reader that never comes to an end, in its own code or in a library's."""

import re
from typing import Any

from lti_tool.badges.reader import serve


def _spin(question: dict[str, Any]) -> dict[str, Any]:
    if question["ask"] == "ourselves":
        while True:
            pass
    re.fullmatch("(a+)+b", "a" * 64)  # years, in C
    return {}


if __name__ == "__main__":
    serve(_spin)
