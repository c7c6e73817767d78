"""Files that people upload or download, behind one small interface.

What is stored is never changed in place: a `put` is seen whole or not at all, also after a
crash. A bucket of an S3-compatible service can stand behind the same four functions.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from lti_tool.core import settings
from lti_tool.core.errors import InvalidRequestError, NotFoundError, TemporaryError
from lti_tool.core.language import phrase

# Lower case only: some file systems do not tell "A" from "a". No part begins with a dot:
# neither ".." nor our own unfinished files.
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}(?:/[a-z0-9][a-z0-9._-]{0,127}){0,7}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(?: ?; ?[a-z0-9-]+=[\w.-]+)*", re.IGNORECASE)


_UNFINISHED = ".new-"


class StorageKeyError(InvalidRequestError):
    """A name under which nothing is ever stored."""

    code = "storage_key"


class FileMissingError(NotFoundError):
    """Nothing is stored under this key."""

    code = "file_missing"


class StorageUnavailableError(TemporaryError):
    """The disk is full, read-only or away."""

    code = "storage_unavailable"
    title = phrase("Files cannot be stored or read just now")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's content and what it is."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored file's name and since when it lies there."""

    key: str
    stored_at: datetime


class Storage(Protocol):
    """Where files are kept.

    Keys are ours: up to eight parts of lower-case letters, digits, `.`, `_` and `-`,
    separated by `/`, such as `credentials/0199….json`. No key may be the folder of
    another. Every function raises `StorageKeyError` for a bad key and
    `StorageUnavailableError` when the place is away.
    """

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store a file, in place of what was there; it is on disk when this returns."""

    def get(self, key: str) -> StoredFile:
        """Return a file.

        Raises:
            FileMissingError: there is none.
        """

    def delete(self, key: str) -> None:
        """Forget a file; one that is not there is no error."""

    def exists(self, key: str) -> bool:
        """Tell whether a file is stored under this key."""

    def list_keys(self, prefix: str, *, after: str = "", limit: int) -> list["StoredKey"]:
        """Return what is stored below a first part of keys, in order of the keys.

        Args:
            prefix: the part, or several, without a slash at the end.
            after: only keys that come after this one.
            limit: that many at most.
        """

    def tidy(self, before: datetime) -> int:
        """Remove what writes left behind that broke off before; returns how many files."""


def storage() -> Storage:
    """Return the storage that the settings name."""
    return FolderStorage(settings.current().storage_dir)


class FolderStorage:
    """A folder on this machine, or one that all machines mount.

    Each file begins with its media type on a line of its own, so that one rename
    publishes both: neither can be there without the other.

    Args:
        root: made when first needed, readable by this user only.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Write beside the final place, flush to disk, rename, flush the folder."""
        path = self._path(key)
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(f"not a media type: {media_type!r}")
        with _available():
            _make_folder(path.parent)
            number, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(media_type.encode() + b"\n" + data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:  # a stopped process, too, leaves no half file
                Path(name).unlink(missing_ok=True)
                raise
            _flush_folder(path.parent)

    def get(self, key: str) -> StoredFile:
        """Read the file whole."""
        path = self._path(key)
        with _available():
            try:
                content = path.read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise FileMissingError(phrase("There is no such file.")) from error
        media_type, _, data = content.partition(b"\n")
        return StoredFile(data, media_type.decode())

    def delete(self, key: str) -> None:
        """Unlink the file; its folders stay."""
        path = self._path(key)
        with _available(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            _flush_folder(path.parent)

    def exists(self, key: str) -> bool:
        """Look for the file."""
        path = self._path(key)
        with _available():
            return path.is_file()

    def list_keys(self, prefix: str, *, after: str = "", limit: int) -> list[StoredKey]:
        """Walk the folders in order, and no further than needed."""
        folder = self._path(prefix)
        found: list[StoredKey] = []
        with _available():
            for path in _files(folder):
                key = path.relative_to(self._root).as_posix()
                if key > after and _KEY.fullmatch(key):
                    with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                        found.append(StoredKey(key, _changed_at(path)))
                if len(found) == limit:
                    break
        return found

    def tidy(self, before: datetime) -> int:
        """Unlink unfinished files."""
        gone = 0
        with _available():
            for path in _files(self._root):
                if path.name.startswith(_UNFINISHED):
                    with contextlib.suppress(FileNotFoundError):
                        if _changed_at(path) < before:
                            path.unlink()
                            gone += 1
        return gone

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise StorageKeyError(phrase("That is not the name of a stored file."))
        return self._root / key


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in order of their keys."""
    try:
        # A folder counts as its name with the slash: "a/b" comes before "a0", as keys do.
        entries = sorted(os.scandir(folder), key=lambda one: one.name + "/" * one.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


@contextlib.contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # The reason, not the path: the message may be shown.
        raise StorageUnavailableError(
            phrase(
                "The storage does not answer: %(strerror)s.",
                strerror=error.strerror,
            )
        ) from error


def _make_folder(folder: Path) -> None:
    """Make missing folders one by one, each entered on disk in its parent."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        _flush_folder(each.parent)


def _flush_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
