"""Where requests may go: one origin for the token, and paths that nothing can climb out of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode, urljoin, urlsplit

from apo_ci.errors import GitHubError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")  # RFC 3986, 3.3, without empty segments


def check_repository(name: str) -> str:
    """`name`, when it is an `owner/name` of GitHub's alphabet."""
    if REPOSITORY.fullmatch(name) is None:
        raise GitHubError(f"{name[:100]!r} is no repository", cure="Write it as `owner/name`.")
    return name


def segment(value: str | int) -> str:
    """`value` as one segment of a path (RFC 3986, 2.1), its slashes too; no part of it may be empty or dots."""
    text = str(value)
    if any(part in ("", ".", "..") for part in re.split(r"[/\\]", text)):
        raise GitHubError(f"{text[:100]!r} cannot be a part of a path at GitHub")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise GitHubError(f"{text[:100]!a} cannot be a part of a path at GitHub: it is not Unicode") from None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of an API: `scheme://host[:port]` and the path under which everything stands."""

    origin: str
    base: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """The endpoint at `url`: https, or plain http on this machine; nothing but host, port and path."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise GitHubError(f"{url[:200]!r} is no address of an API") from None
        if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc or parts.query or parts.fragment:
            raise GitHubError(f"{url[:200]!r} is no address of an API", cure="It looks like `https://api.github.com`.")
        if parts.scheme == "http" and host not in LOOPBACK:
            raise GitHubError(f"{url[:200]!r} would send the token unencrypted", cure="Write it with https.")
        base = parts.path.rstrip("/")
        if not re.fullmatch(r"[A-Za-z0-9._:-]+", host) or (base and not PATH.fullmatch(base)):
            raise GitHubError(f"{url[:200]!r} is no address of an API")
        return cls(_origin(parts.scheme, host, port), base)

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine."""
        return urlsplit(self.origin).hostname in LOOPBACK

    def graphql(self) -> str:
        """Where its GraphQL is: `/graphql`, on GitHub Enterprise Server `/api/graphql` beside `/api/v3`."""
        return f"{self.origin}{self.base.removesuffix('/v3') if self.base.endswith('/api/v3') else self.base}/graphql"

    def beside(self, url: str) -> str:
        """`url` of another API of the same server: the token goes nowhere else."""
        other = type(self).parse(url)
        if other.origin != self.origin:
            raise GitHubError(f"{other.origin} and {self.origin} are not one server", cure="Check GITHUB_GRAPHQL_URL.")
        return other.origin + other.base

    def at(self, path: str, query: dict[str, str | int]) -> str:
        """The address of `path`, which `segment` has quoted."""
        if PATH.fullmatch(path) is None or any(part in (".", "..") for part in path.split("/")):
            raise GitHubError(f"{path[:200]!r} is no path at GitHub")
        return f"{self.origin}{self.base}{path}" + (f"?{urlencode(query)}" if query else "")

    def same(self, location: str, current: str) -> str | None:
        """`location` (absolute, or relative to `current`) when it is of this origin, `None` otherwise.

        It is put together anew from its parts, so that no other reading of it can lead to another host.
        """
        try:
            parts = urlsplit(urljoin(current, location))
            origin = _origin(parts.scheme, parts.hostname or "", parts.port)
        except ValueError:
            return None
        safe = not parts.path or PATH.fullmatch(parts.path.rstrip("/") or "/x")
        if origin != self.origin or "@" in parts.netloc or not safe or re.search(r"[^!-~]|\\", parts.query):
            return None
        return f"{self.origin}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _origin(scheme: str, host: str, port: int | None) -> str:
    """The origin (RFC 6454, 6.2), without the port that the scheme has anyway."""
    shown = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}.get(scheme)
    return f"{scheme}://{shown}" if port in (None, usual) else f"{scheme}://{shown}:{port}"
