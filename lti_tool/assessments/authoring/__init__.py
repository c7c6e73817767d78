"""Questions as forms: what an author types, kept as typed, and the typed item it comes to. Pure.

A form is a mapping: words by field, and lists of rows by table, each row words by column. It may
be unfinished or wrong; `read` says what is missing and where. Rows keep the ids that the item's
parts have, so that answers to an earlier version can still be scored by a later one.
"""

from lti_tool.assessments.authoring.filling import arranged, empty_form, form_of, sent_form
from lti_tool.assessments.authoring.kinds import KINDS, Form, Problem
from lti_tool.assessments.authoring.reading import read

__all__ = [
    "KINDS",
    "Form",
    "Problem",
    "arranged",
    "empty_form",
    "form_of",
    "read",
    "sent_form",
]
