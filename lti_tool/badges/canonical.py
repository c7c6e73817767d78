"""The bytes of a JSON-LD document that a signature covers: offline, strict and bounded.

RDF Dataset Canonicalization 1.0 (https://www.w3.org/TR/rdf-canon/) of the quads of JSON-LD 1.1.
Strict means the "safe mode" Open Badges asks of issuers: what signing would drop in silence is
refused. Bounded, as anybody may hand us a document to check.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pyld import jsonld  # type: ignore[import-untyped]  # ships none
from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, RdfFormat, parse, serialize

from lti_tool.badges import micro_credentials

CONTEXTS_FOLDER = Path(__file__).parent / "contexts"

# PyLD compares each value of a property with all others of it, so time grows with the square: 2,000
# cost a second or two. A full badge has 150, one with five endorsements 700.
MOST_VALUES = 2_000
MOST_DEPTH = 24  # a CLR with endorsed badges nests 14 deep; Python's stack ends far later
MOST_BLANK_NODES = 200  # real credentials have fewer than 60
# A transcript is many credentials: 80 have 4,100 values and 320 nodes, and cost 0.4 s.
MOST_TRANSCRIPT_VALUES = 8_000
MOST_TRANSCRIPT_BLANK_NODES = 600
# Blank nodes that only their likewise nameless neighbours tell apart. RDFC-1.0 tries their orders:
# six cost 30 ms, eight 6 s.
MOST_LOOKALIKES = 6

# PyLD resolves a relative id or an undefined type against http://example.org/base/ unless told.
_NOWHERE = "relative:///"
_IRI = re.compile(r"_:\w+|[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


class UnsafeDocumentError(ValueError):
    """The document says what a signature would not cover, or asks too much to find out.

    Such as an undefined term, a relative id, a context we do not hold, or a nest of blank nodes.
    """


class Canonicalizer:
    """Canonicalises documents that use the given contexts and no others.

    Args:
        contexts: each context document by its address.
        find: gives further ones that follow from their address alone, or None.
    """

    def __init__(
        self,
        contexts: Mapping[str, Mapping[str, Any]],
        find: Callable[[str], Mapping[str, Any] | None] = lambda _: None,
    ) -> None:
        self._contexts, self._find = contexts, find
        # PyLD's caches of processed contexts are not made for threads.
        self._lock = threading.Lock()

    def __call__(self, document: Mapping[str, Any]) -> bytes:
        """Return the canonical N-Quads: one line per quad, sorted, UTF-8.

        Raises:
            UnsafeDocumentError: see there; the message says what was found.
        """
        is_transcript = "ClrCredential" in _types(document)
        _refuse_bulk(document, MOST_TRANSCRIPT_VALUES if is_transcript else MOST_VALUES)
        problems: list[str] = []
        options = {"documentLoader": self._load, "base": _NOWHERE}
        try:
            with self._lock:
                expanded = jsonld.expand(document, options, on_property_dropped=problems.append)
                problems += _unsafe(expanded)
                if problems:
                    raise UnsafeDocumentError(
                        f"not defined or not absolute: {sorted(set(problems))}"
                    )
                quads = jsonld.to_rdf(expanded, {**options, "format": "application/n-quads"})
        except jsonld.JsonLdError as error:
            raise UnsafeDocumentError(f"{error.code or error.type} {error.details}") from error
        dataset = Dataset(parse(quads.encode(), format=RdfFormat.N_QUADS))
        _refuse_labyrinth(
            dataset, MOST_TRANSCRIPT_BLANK_NODES if is_transcript else MOST_BLANK_NODES
        )
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        lines = serialize(dataset, format=RdfFormat.N_QUADS) or b""
        return b"".join(sorted(lines.splitlines(keepends=True)))

    def _load(self, url: str, _options: Mapping[str, Any]) -> dict[str, Any]:
        document = self._contexts.get(url) or self._find(url)
        if document is None:
            raise jsonld.JsonLdError(f"no such context: {url}", "jsonld.LoadError")
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": document,
            "tag": "static",  # it never changes: keep what PyLD made of it, half the cost
        }


@cache
def bundled_contexts() -> dict[str, dict[str, Any]]:
    """Return the contexts that ship with Cairn, by address. Read once; do not change them."""
    files: dict[str, str] = json.loads((CONTEXTS_FOLDER / "index.json").read_text())
    return {url: json.loads((CONTEXTS_FOLDER / name).read_text()) for url, name in files.items()}


@cache
def _canonicalizer() -> Canonicalizer:
    return Canonicalizer(bundled_contexts(), micro_credentials.find_context)


def canonicalize(document: Mapping[str, Any]) -> bytes:
    """Return the canonical N-Quads of a document that uses the bundled contexts.

    Raises:
        UnsafeDocumentError: as `Canonicalizer`.
    """
    return _canonicalizer()(document)


def _types(document: Mapping[str, Any]) -> list[object]:
    types = document.get("type")
    return types if isinstance(types, list) else [types]


def _refuse_bulk(document: Mapping[str, Any], most_values: int) -> None:
    """Refuse what is nested too deep or has too many values, without following it far."""
    level: list[object] = [document]
    count = 0
    for _ in range(MOST_DEPTH):
        inner: list[object] = []
        for value in level:
            if isinstance(value, Mapping):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        count += len(inner)
        if count > most_values:
            raise UnsafeDocumentError(f"more than {most_values} values")
        level = inner
    if level:
        raise UnsafeDocumentError(f"nested more than {MOST_DEPTH} deep")


def _unsafe(value: object) -> Iterator[str]:
    """Yield what `to_rdf` would drop in silence from an expanded document."""
    if isinstance(value, list):
        for item in value:
            yield from _unsafe(item)
    elif isinstance(value, dict):
        types = value.get("@type", [])
        names = [value["@id"]] if "@id" in value else []
        if types != "@json":
            names += types if isinstance(types, list) else [types]
        yield from (
            str(name)
            for name in names
            if str(name).startswith(_NOWHERE) or not _IRI.fullmatch(str(name))
        )
        language = value.get("@language")
        if language is not None and not _LANGUAGE.fullmatch(language):
            yield language
        for key, inner in value.items():
            if key not in {"@id", "@type", "@value", "@language"}:
                yield from _unsafe(inner)


def _refuse_labyrinth(dataset: Dataset, most_nodes: int) -> None:
    """Refuse a dataset whose canonical labels could take exponential time to find.

    Labels come cheap for a blank node whose own quads no other has (RDFC-1.0 §4.6, first degree
    hash). Orders are tried only among those that look alike and hang together.
    """
    looks: defaultdict[str, list[str]] = defaultdict(list)
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for quad in dataset:
        terms = (quad.subject, quad.predicate, quad.object, quad.graph_name)
        blanks = {term.value for term in terms if isinstance(term, BlankNode)}
        for own in blanks:
            looks[own].append(
                " ".join(
                    ("_:own" if term.value == own else "_:other")
                    if isinstance(term, BlankNode)
                    else str(term)
                    for term in terms
                )
            )
            neighbours[own] |= blanks - {own}
    if len(looks) > most_nodes:
        raise UnsafeDocumentError(f"more than {most_nodes} nodes without an id")
    alike: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for node, quads in looks.items():
        alike[tuple(sorted(quads))].add(node)
    ambiguous = {node for nodes in alike.values() if len(nodes) > 1 for node in nodes}
    if sum(1 for node in ambiguous if neighbours[node] & ambiguous) > MOST_LOOKALIKES:
        raise UnsafeDocumentError("too many nodes that nothing tells apart")
