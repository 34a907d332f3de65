"""Archives of hosts and buckets: downloaded once, and again when the host has another."""

from __future__ import annotations

import errno
import shutil
import urllib.error
import urllib.request
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any

from kmseg._version import __version__
from kmseg.errors import UserError
from kmseg.storage.copies import make_once

TIMEOUT_SECONDS = 60
"""Seconds without an answer after which an attempt fails."""

DISK_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.EROFS)
"""Errors that are not of the network."""

ATTEMPTS = 5
"""Attempts at a download; each continues where the one before broke off, if the host says the size of the file."""


@cache
def local_copy(address: str) -> Path:
    """Return the copy of an archive on this machine; whether the host has another is asked once per process.

    Parameters
    ----------
    address : str
        `https://host/labels.zip`, or an object of a bucket.
    """
    scheme, _, place = address.partition("://")
    if scheme.lower() not in ("http", "https"):
        from kmseg.storage.buckets import open_bucket

        name, _, key = place.partition("/")
        bucket = open_bucket(scheme.lower(), name)
        version = bucket.fingerprint(key)
        return make_once(f"{address} {version}", ".archive", lambda part: bucket.download(key, part), address)
    with _ask(address, "HEAD", 0) as head:
        version = " ".join(head.headers.get(name, "") for name in ("ETag", "Last-Modified", "Content-Length"))
        total = int(head.headers.get("Content-Length") or 0)
    return make_once(f"{address} {version}", ".archive", lambda part: _download(address, total, part), address)


def _download(address: str, total: int, part: Path) -> None:
    """Download a file of `total` bytes, 0 if unknown; a broken connection is taken up where it broke off."""
    part.write_bytes(b"")
    for _ in range(ATTEMPTS):
        start = part.stat().st_size if total else 0
        try:
            with _ask(address, "GET", start) as answer, part.open("ab" if answer.status == 206 else "wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
        except (HTTPException, OSError) as error:
            if getattr(error, "errno", None) in DISK_ERRORS:
                raise
            continue
        if not total or part.stat().st_size == total:
            return
    raise UserError(
        f"{address}: {part.stat().st_size:,} of {total or 'unknown'} bytes arrived in {ATTEMPTS} attempts; check the "
        "network and start again"
    )


def _ask(address: str, method: str, start: int) -> Any:
    headers = {"User-Agent": f"kmseg/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
    request = urllib.request.Request(address, method=method, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if method == "HEAD" and error.code in (403, 405, 501):  # some hosts answer GET alone
            return _ask(address, "GET", 0)
        raise UserError(f"{address}: the host answers {error.code} {error.reason}; check the address") from None
    except urllib.error.URLError as error:
        raise UserError(f"{address}: the host does not answer ({error.reason}); check address and network") from None
