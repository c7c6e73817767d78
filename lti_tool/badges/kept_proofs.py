"""Checking the proofs of what is kept here: once in each process, as it never changes.

Only for documents of ours: strangers could fill this, and theirs are checked in a process apart.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lti_tool.badges import data_integrity
from lti_tool.badges.data_integrity import ProofCheck, VerificationMethod

MOST_KEPT = 4096  # some fifty of the largest transcripts

_kept: OrderedDict[bytes, ProofCheck] = OrderedDict()
_turn = threading.Lock()


def verify(
    document: Mapping[str, Any], *, methods: Sequence[VerificationMethod], at: datetime
) -> ProofCheck:
    """Check the embedded proof, as `data_integrity.verify` does; the second time is cheap.

    Kept is only that a proof without an end is right, for the whole of the document and all keys
    that it was judged by.
    """
    key = _hash_of(document, methods)
    with _turn:
        known = _kept.get(key)
        if known is not None:
            _kept.move_to_end(key)
            return known
    check = data_integrity.verify(document, methods=methods, at=at)
    proof = document.get("proof")
    if check.verified and isinstance(proof, Mapping) and "expires" not in proof:
        with _turn:
            _kept[key] = check
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    return check


def _hash_of(document: Mapping[str, Any], methods: Sequence[VerificationMethod]) -> bytes:
    keys = [[one.id, one.controller, one.public_key.public_bytes_raw().hex()] for one in methods]
    # The database gives members back in another order than they were signed in; it means nothing.
    return hashlib.sha256(json.dumps([document, keys], sort_keys=True).encode()).digest()
