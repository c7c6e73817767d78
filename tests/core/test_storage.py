import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lti_tool.core import settings
from lti_tool.core.storage import (
    FileMissingError,
    FolderStorage,
    Storage,
    StorageKeyError,
    StorageUnavailableError,
    StoredFile,
    storage,
)

KEY = "credentials/2026/0199-a_b.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def store(root: Path) -> Storage:
    return FolderStorage(root)


def test_what_is_put_is_there_until_it_is_deleted(store: Storage) -> None:
    data = b"first line\nsecond\x00\n"
    assert not store.exists(KEY)

    store.put(KEY, data, "application/json")

    assert store.exists(KEY)
    assert store.get(KEY) == StoredFile(data, "application/json")
    store.delete(KEY)
    assert not store.exists(KEY)
    with pytest.raises(FileMissingError):
        store.get(KEY)
    store.delete(KEY)


def test_a_second_put_replaces_content_and_media_type_together(store: Storage) -> None:
    store.put(KEY, b"long content", "text/plain; charset=utf-8")
    store.put(KEY, b"", "image/png")
    assert store.get(KEY) == StoredFile(b"", "image/png")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a/..",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a/.new-1",
        "a\\b",
        "a\0b",
        "a\n",
        "A",
        "é",
        "a" * 129,
        "/".join("abcdefghi"),
    ],
)
def test_a_key_cannot_leave_the_folder_or_surprise_the_file_system(
    store: Storage, root: Path, key: str
) -> None:
    with pytest.raises(StorageKeyError):
        store.put(key, b"x", "text/plain")
    with pytest.raises(StorageKeyError):
        store.get(key)
    with pytest.raises(StorageKeyError):
        store.delete(key)
    with pytest.raises(StorageKeyError):
        store.exists(key)
    assert not root.exists()


@pytest.mark.parametrize("media_type", ["", "text", "text/plain\n<script>", "text/plain\r\nX: y"])
def test_a_media_type_cannot_smuggle_a_line(store: Storage, media_type: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        store.put(KEY, b"x", media_type)


def test_nobody_else_on_the_machine_may_look(store: Storage, root: Path) -> None:
    store.put(KEY, b"x", "text/plain")
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_folder_is_no_file(store: Storage) -> None:
    store.put(KEY, b"x", "text/plain")
    folder = KEY.rsplit("/", 1)[0]
    assert not store.exists(folder)
    with pytest.raises(FileMissingError):
        store.get(folder)
    with pytest.raises(FileMissingError):
        store.get(f"{KEY}/below")


def test_a_full_disk_changes_nothing_and_leaves_nothing(
    store: Storage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"before", "text/plain")

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailableError, match="No space left"):
        store.put(KEY, b"after", "text/plain")
    monkeypatch.undo()

    assert store.get(KEY).data == b"before"
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["0199-a_b.json"]


def test_a_process_killed_while_writing_leaves_the_old_file_whole(
    store: Storage, root: Path
) -> None:
    store.put(KEY, b"before", "text/plain")
    writer = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from lti_tool.core.storage import FolderStorage
        os.fsync = lambda number: os.kill(os.getpid(), signal.SIGKILL)
        FolderStorage(Path(sys.argv[1])).put(sys.argv[2], b"after", "text/plain")
        """
    )
    done = subprocess.run([sys.executable, "-c", writer, str(root), KEY], check=False)
    assert done.returncode == -signal.SIGKILL
    assert store.get(KEY).data == b"before"


def test_the_settings_say_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = settings.Settings(
        base_url="https://cairn.example.edu",
        issuer_url="https://cairn.example.edu",
        database=settings.Database(url=""),
        redis_url="",
        secret_keys=(),
        storage_dir=root,
    )
    monkeypatch.setattr(settings, "_installed", [ours])
    storage().put(KEY, b"x", "text/plain")
    assert (root / KEY).is_file()


def test_keys_are_listed_in_order_and_from_where_one_stopped(store: Storage) -> None:
    keys = ["files/a/1", "files/a0", "files/b/1", "files/b/2", "other/1", "filesystem"]
    for key in keys:
        store.put(key, b"x", "text/plain")

    assert [one.key for one in store.list_keys("files", limit=9)] == sorted(keys[:4])
    first = store.list_keys("files", limit=3)
    rest = store.list_keys("files", after=first[-1].key, limit=3)
    assert [one.key for one in (*first, *rest)] == sorted(keys[:4])
    assert store.list_keys("nothing", limit=9) == []


def test_what_broken_writes_left_is_tidied_when_it_is_old(store: Storage, root: Path) -> None:
    store.put("files/a", b"x", "text/plain")
    for name in (".new-old", ".new-young"):
        (root / "files" / name).write_bytes(b"half")
    before = datetime.now(UTC) - timedelta(days=1)
    os.utime(root / "files" / ".new-old", (0, 0))
    os.utime(root / "files" / "a", (0, 0))

    assert store.tidy(before) == 1

    assert sorted(path.name for path in (root / "files").iterdir()) == [".new-young", "a"]
    assert [one.key for one in store.list_keys("files", limit=9)] == ["files/a"]
