"""Ask openbadgeslib about a credential, in a Python of its own: it is LGPL and never imported.

Reads `{"credential" | "compact" | "png" (base 64), "documents", "key", "contexts"}` from standard
input and writes `{"accepted", "problem"}`. What it would fetch is answered from `documents`, by
address. Its verifier takes no context but its own; given `contexts`, its check of the proof alone
is asked.
"""

import base64
import json
import sys
from typing import Any


def main() -> None:
    """Answer one question."""
    from openbadgeslib.ob3 import (  # type: ignore[import-not-found]  # noqa: PLC0415 - in the other Python
        OB3LdpVerifier,
        OB3VerificationError,
        OB3Verifier,
        verify_data_integrity_proof,
    )

    asked: dict[str, Any] = json.load(sys.stdin)

    def download(url: str, *_: object, **__: object) -> bytes:
        if url not in asked["documents"]:
            raise OB3VerificationError(f"not at hand: {url}")
        return json.dumps(asked["documents"][url]).encode()

    try:
        if "contexts" in asked:
            verify_data_integrity_proof(
                asked["credential"], asked["key"], extra_contexts=asked["contexts"]
            )
        elif "compact" in asked:
            OB3Verifier(asked["key"]).verify(asked["compact"])
        else:
            document = asked.get("credential")
            if document is None:
                png = base64.b64decode(asked["png"])
                document = json.loads(OB3Verifier.extract_token_from_png(png))
            # It verifies the proof of lists that are JWTs only; the bit is read all the same.
            OB3LdpVerifier().verify(
                document, check_status=True, verify_status_list=False, download=download
            )
    except OB3VerificationError as error:
        answer = {"accepted": False, "problem": str(error)}
    else:
        answer = {"accepted": True, "problem": ""}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
