"""Where a did:web's document is, and what it says, as a verifier finds out."""

from urllib.parse import unquote

from lti_tool.badges import multikey
from lti_tool.badges.data_integrity import VerificationMethod


def document_path(did: str) -> str:
    """Return the path at which a did:web's document is published, such as `/i/northfell/did.json`.

    Raises:
        ValueError: not a did:web.
    """
    method, _, rest = did.removeprefix("did:").partition(":")
    if not did.startswith("did:") or method != "web" or not rest:
        raise ValueError(f"not a did:web: {did!r}")
    _host, *path = (unquote(part) for part in rest.split(":"))
    return "/" + "/".join([*(path or [".well-known"]), "did.json"])


def read_document(document: object, *, did: str) -> list[VerificationMethod]:
    """Return the Ed25519 keys that a did document gives for assertions.

    Args:
        document: as fetched from where the did says.
        did: the one that was asked for; a document about another is refused.

    Raises:
        ValueError: not that did's document. Keys of other kinds are passed over.
    """
    if not isinstance(document, dict) or document.get("id") != did:
        raise ValueError(f"not the document of {did}")
    listed = document.get("verificationMethod", [])
    allowed = document.get("assertionMethod", [])
    listed, allowed = (value if isinstance(value, list) else [] for value in (listed, allowed))
    entries = [entry for entry in [*listed, *allowed] if isinstance(entry, dict)]
    # A key stands in the list itself or is named there by its id.
    allowed_ids = [entry.get("id") if isinstance(entry, dict) else entry for entry in allowed]
    methods = {}
    for entry in entries:
        name, key = entry.get("id"), entry.get("publicKeyMultibase")
        if name not in allowed_ids or not isinstance(name, str) or not isinstance(key, str):
            continue
        try:
            public_key = multikey.decode_public_key(key)
        except ValueError:
            continue
        methods[name] = VerificationMethod(
            id=name, controller=str(entry.get("controller")), public_key=public_key
        )
    return list(methods.values())
