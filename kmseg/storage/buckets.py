"""Objects of a bucket: S3, Google Cloud Storage, Azure Blob Storage, through fsspec and its clients."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.storage import SCHEMES, Contents

_OPEN: dict[tuple[int, str, str], Bucket] = {}

_LOCK = threading.Lock()


def open_bucket(scheme: str, name: str) -> Bucket:
    """Return a bucket, opened once in this process; the client is imported then.

    Parameters
    ----------
    scheme : str
        `s3`, `gs` or `az`.
    name : str
        Of the bucket, or of the container.
    """
    key = os.getpid(), scheme, name
    with _LOCK:
        if key not in _OPEN:
            _OPEN[key] = Bucket(scheme, name)
        return _OPEN[key]


class Bucket:
    """A bucket. Credentials and the server's address are those of the client's own settings, and of `FSSPEC_S3_...`.

    Parameters
    ----------
    scheme : str
        `s3`, `gs` or `az`.
    name : str
        Of the bucket.
    """

    def __init__(self, scheme: str, name: str) -> None:
        self._address = f"{scheme}://{name}"
        self._name = name
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[float, tuple[str, ...]]] = {}
        try:
            import fsspec

            self._files: Any = fsspec.filesystem(scheme)
        except ImportError:
            raise UserError(
                f"{self._address} needs an extra; install it with: pip install 'kmseg[{SCHEMES[scheme]}]'"
            ) from None

    def contents(self, below: str, max_age: float = 0.0) -> Contents:
        """List the objects below a folder, with their whole names.

        A million objects take a thousand requests: a listing that is at most `max_age` seconds old is used again.
        """
        with self._lock:
            start = f"{below}/".lstrip("/")
            for folder, (time_listed, names) in self._listed.items():
                if time.monotonic() - time_listed <= max_age and start.startswith(folder):
                    return Contents(tuple(name for name in names if name.startswith(start)))
            with self._explained(below):
                self._files.invalidate_cache()
                found = self._files.find(self._path(below), detail=True)
            skipped = len(self._name) + 1
            paths = [path for path, info in found.items() if info["type"] == "file" and not path.endswith("/")]
            names = tuple(sorted(path[skipped:] for path in paths))
            self._listed = {start: (time.monotonic(), names)}
            return Contents(names)

    def is_file(self, name: str) -> bool:
        """Return whether there is such an object."""
        with self._explained(name):
            return bool(self._files.isfile(self._path(name)))

    def is_folder(self, name: str) -> bool:
        """Return whether there are objects below; fail if there is no such bucket."""
        with self._explained(""):
            try:
                return bool(self._files.info(self._path(name))["type"] == "directory")
            except FileNotFoundError:
                if name:
                    self._files.info(self._name)  # tells a bucket that does not exist
                    return False
                raise

    def size(self, name: str) -> int:
        """Return an object's size in bytes."""
        with self._explained(name):
            return int(self._files.info(self._path(name))["size"])

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        with self._explained(name):
            return bytes(self._files.cat_file(self._path(name)))

    def fingerprint(self, name: str) -> str | None:
        """Return an object's ETag (its MD5 on Google's and Azure's servers, where they have one) and size."""
        with self._explained(name):
            info = self._files.info(self._path(name))
        tag = next((info[key] for key in ("ETag", "etag", "md5Hash", "content_md5") if info.get(key)), None)
        return None if tag is None else f"etag {str(tag).strip(chr(34))} {info['size']}"

    def upload(self, name: str, file: Path) -> None:
        """Write an object from a file, whole."""
        with self._explained(name):
            self._files.put_file(str(file), self._path(name))

    def download(self, name: str, file: Path) -> None:
        """Write an object to a file."""
        with self._explained(name):
            self._files.get_file(self._path(name), str(file))

    def remove(self, name: str) -> None:
        """Remove an object, if there is one."""
        with self._explained(name):
            if self._files.exists(self._path(name)):
                self._files.rm_file(self._path(name))

    def remove_folder(self, name: str) -> None:
        """Remove all objects below a folder."""
        with self._explained(name):
            if self._files.exists(self._path(name)):
                self._files.rm(self._path(name), recursive=True)

    def _path(self, name: str) -> str:
        return f"{self._name}/{name}".rstrip("/")

    def _for_s3(self, advice: str) -> str:
        """Return advice that only S3's client can follow; nothing for other buckets."""
        return advice if self._address.startswith("s3:") else ""

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Turn the clients' errors into `FileNotFoundError`, or `UserError` if they concern more than one file."""
        address = f"{self._address}/{name}".rstrip("/")
        try:
            yield
        except UserError:
            raise
        except Exception as error:  # the clients' own errors have no common base
            kind, said = type(error).__name__, " ".join(str(error).split())[:120]
            if ("bucket" in said.lower() and "does not exist" in said.lower()) or kind == "NoSuchBucket":
                raise UserError(
                    f"{self._address} does not exist; check the name{self._for_s3(' and AWS_ENDPOINT_URL')}"
                ) from None
            if isinstance(error, FileNotFoundError):
                if not name:
                    raise UserError(f"{self._address} does not exist or is empty; check the name") from None
                raise FileNotFoundError(f"no such object: {address}") from None
            if "credential" in kind.lower() or "credential" in said.lower():
                raise UserError(
                    f"{self._address}: no credentials are found ({kind}); log in with the provider's own tools"
                    f"{self._for_s3(', or for a public bucket set FSSPEC_S3_ANON=true')}"
                ) from None
            if isinstance(error, PermissionError):
                raise UserError(
                    f"{address}: access is denied ({said or kind}); check the credentials and the bucket's policy"
                ) from None
            raise UserError(
                f"{address}: the server or the network failed after several attempts ({kind}: {said})\nwhat is done is "
                "kept: run the same command again with resume=true and the same hydra.run.dir"
            ) from None
