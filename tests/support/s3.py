"""A local S3 server (moto), started once for all tests, in which an object can be made unreachable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class S3Server:
    """A running server; requests for addresses that end as one of `unreachable` fail with 503."""

    address: str
    unreachable: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def requested(self, method: str, part: str) -> bool:
        """Return whether there was a request whose address has some part."""
        return any(one == method and part in path for one, path in self.requests)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find it and to be let in."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def upload(self, folder: Path, bucket: str, below: str) -> str:
        """Put the files of a folder into a bucket, and return their address."""
        import s3fs

        files = s3fs.S3FileSystem(key="test", secret="test", endpoint_url=self.address, skip_instance_cache=True)
        if not files.exists(bucket):
            files.mkdir(bucket)
        for path in folder.rglob("*"):
            if path.is_file():
                files.put_file(str(path), f"{bucket}/{below}/{path.relative_to(folder).as_posix()}")
        return f"s3://{bucket}/{below}"

    def files(self, address: str) -> dict[str, bytes]:
        """Return the objects below an address."""
        import s3fs

        files = s3fs.S3FileSystem(key="test", secret="test", endpoint_url=self.address, skip_instance_cache=True)
        start = len(address.removeprefix("s3://")) + 1
        return {path[start:]: files.cat_file(path) for path in files.find(address)}


@contextmanager
def serving() -> Iterator[S3Server]:
    """Run a server in a thread; tests are skipped where moto or s3fs are not installed."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server")
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            """Log nothing."""

    application = server.DomainDispatcherApplication(server.create_backend_app)
    running = S3Server("")

    def answer(environ: dict[str, Any], start: Any) -> Any:
        running.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if any(environ["PATH_INFO"].endswith(name) for name in running.unreachable):
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b""]
        return application(environ, start)

    listening = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Silent)
    running.address = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield running
    listening.shutdown()
    thread.join()
