"""A git repository over HTTPS on loopback: `git http-backend` behind a certificate made for the occasion."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit


class GitServer:
    """Serves one commit that holds the file `a`; `authority` is the certificate to trust."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "served"
        self.authority = folder / "authority.pem"
        self._key = folder / "key.pem"

    def __enter__(self) -> Self:
        self._commit()
        self._certify()
        backend = type("Bound", (Backend,), {"root": self._root})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), backend)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, self._key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"https://localhost:{self._server.server_address[1]}/r"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _commit(self) -> None:
        repository = self._root / "r"
        repository.mkdir(parents=True)
        (repository / "a").write_text("over https\n", encoding="utf-8")
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        for arguments in (("init", "--quiet"), ("add", "a"), (*identity, "commit", "--quiet", "-m", "a")):
            subprocess.run(["git", "-C", str(repository), *arguments], check=True)

    def _certify(self) -> None:
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        files = ("-keyout", str(self._key), "-out", str(self.authority))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files]
        subprocess.run(command, check=True, capture_output=True)


class Backend(http.server.BaseHTTPRequestHandler):
    """Hands requests to `git http-backend`, by the Common Gateway Interface (RFC 3875)."""

    root: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Discovery of references."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Negotiation and pack."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        address = urlsplit(self.path)
        variables = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, check=True, env=variables)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().splitlines():
            name, _, value = line.partition(": ")
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing: the test's output is its own."""
