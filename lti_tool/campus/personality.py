"""How a platform behaves where specifications leave room or products break them.

A personality is data: the code asks it, and never asks for a product's name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One platform's habits; the defaults follow the specifications strictly.

    Attributes:
        name: what the log calls it.
        product_family_code: in the `tool_platform` claim.
        id_token_lifetime_s: `exp` minus `iat`; Moodle gives 60.
        assertion_leeway_s: how far a tool's clock may be ahead; Moodle refuses 30.
        equal_timestamp_conflicts: a score as old as the stored one is refused (409).
        progress_clears_grade: anything but FullyGraded wipes the grade, as in Moodle.
        scales_over_maximum: a score above the maximum is kept as extra credit
            (AGS 2.0 §3.4.5), not cut to it.
        accepts_wildcard: `Accept: */*` is taken for the service's media type.
        drops_unknown_scopes: grant the rest instead of `invalid_scope`.
        deep_link_maximum_is_percent: `scoreMaximum` has to be a whole number of 1..100.
        short_roles_in_members: `Learner` instead of the role's URI.
        curly_links: `Link` headers with typographic quotes and `&amp;`.
        page_size: most items on a page of a list, whatever `limit` asks for.
    """

    name: str
    product_family_code: str = "campus"
    id_token_lifetime_s: int = 60
    assertion_leeway_s: int = 10
    equal_timestamp_conflicts: bool = True
    progress_clears_grade: bool = True
    scales_over_maximum: bool = True
    accepts_wildcard: bool = False
    drops_unknown_scopes: bool = False
    deep_link_maximum_is_percent: bool = False
    short_roles_in_members: bool = False
    curly_links: bool = False
    page_size: int = 100


STRICT = Personality(name="strict")
