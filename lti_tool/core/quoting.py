"""Words of strangers, as far as they can be shown, stored and read by people."""

# Of what is longer than this many times what is kept, the rest is not even looked at.
_SLACK = 20


def quoted(text: str, most: int) -> str:
    """Return the beginning of what another server said: one line, of so many characters at most.

    Without what cannot be seen, of which PostgreSQL holds some in no text: nulls, halves of
    characters.
    """
    words = ("".join(filter(str.isprintable, word)) for word in text[: most * _SLACK].split())
    return " ".join(filter(None, words))[:most]
