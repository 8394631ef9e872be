"""Paths and addresses: nothing leads out of the API, and the token goes to one origin."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import GitHubError
from apo_ci.publish.addresses import Endpoint, check_repository, segment

API = Endpoint.parse("https://api.github.com")
ENTERPRISE = Endpoint.parse("https://git.example:8443/api/v3")


@pytest.mark.parametrize("name", ["octo/prompts", "a/b", "o-c_t/.github", "x/a.b-c_d", "1/2"])
def test_repositories_are_taken_as_they_are(name: str) -> None:
    assert check_repository(name) == name


@pytest.mark.parametrize(
    "name", ["", "a", "a/", "/b", "a/b/c", "a/..", "a/.", "../b", "a b/c", "a/b\n", "a/b?x", "a/b#", "a/%2e%2e", "ä/b"]
)
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(GitHubError, match="is no repository"):
        check_repository(name)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../x", "a/../b", "a/..", "/a", "a/", "a//b", "a\\..\\b", "./a", "\ud800"]
)
def test_segments_that_could_climb_are_refused(text: str) -> None:
    with pytest.raises(GitHubError, match="cannot be a part of a path"):
        segment(text)


@given(st.text(min_size=1))
def test_every_segment_is_refused_or_arrives_whole(text: str) -> None:
    try:
        quoted = segment(text)
    except GitHubError:
        return
    url = urlsplit(API.at(f"/repos/{quoted}/x", {}))
    assert [unquote(part) for part in url.path.split("/")] == ["", "repos", text, "x"]
    assert not url.query
    assert not url.fragment


@pytest.mark.parametrize(
    "path",
    ["", "/", "user", "//evil.example/x", "/a//b", "/a/../b", "/a/./b", "/a/", "/a?b", "/a#b", "/a b", "/a\\b", "/ä"],
)
def test_paths_that_nobody_quoted_are_refused(path: str) -> None:
    with pytest.raises(GitHubError, match="is no path at GitHub"):
        API.at(path, {})


@pytest.mark.parametrize(
    ("url", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql"),
        ("https://git.example/api/v3", "https://git.example/api/graphql"),
        ("https://git.example:8443/api/v3/", "https://git.example:8443/api/graphql"),
        ("HTTPS://API.GitHub.com:443", "https://api.github.com/graphql"),
        ("http://127.0.0.1:80/", "http://127.0.0.1/graphql"),
        ("http://[::1]:8080/api/v3", "http://[::1]:8080/api/graphql"),
    ],
)
def test_graphql_is_found_from_the_address_of_the_rest_api(url: str, graphql: str) -> None:
    assert Endpoint.parse(url).graphql() == graphql


@pytest.mark.parametrize("url", ["http://api.github.com", "http://localhost.evil.example", "http://127.0.0.1.nip.io"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(GitHubError, match="unencrypted"):
        Endpoint.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.github.com",
        "ftp://api.github.com",
        "file:///etc/passwd",
        "https://",
        "https://user:pass@api.github.com",
        "https://@api.github.com",
        "https://api.github.com?x=1",
        "https://api.github.com#x",
        "https://api.github.com:99999",
        "https://api.github.com\\@evil.example",
        "https://api.github.com/../x y",
        "https://[::1",
        "https://exa mple",
    ],
)
def test_what_is_no_address_of_an_api_is_refused(url: str) -> None:
    with pytest.raises(GitHubError, match="is no address of an API"):
        Endpoint.parse(url)


@given(st.text() | st.builds("https://git.example:8443{}".format, st.text()))
def test_no_location_leads_to_another_origin(location: str) -> None:
    found = ENTERPRISE.same(location, "https://git.example:8443/api/v3/user")
    assert found is None or found == ENTERPRISE.origin or found.startswith(f"{ENTERPRISE.origin}/")
    assert found is None or urlsplit(found).hostname == "git.example"


@pytest.mark.parametrize(
    "location", ["http://git.example:8443/x", "https://git.example/x", "https://git.example:8444/x", "https://evil/x"]
)
def test_scheme_host_and_port_make_the_origin(location: str) -> None:
    assert ENTERPRISE.same(location, "https://git.example:8443/api/v3/user") is None


def test_a_location_keeps_its_path_and_query() -> None:
    where = "https://GIT.example:8443/api/v3/repositories/7/issues?page=2&after=Y3%3D%3D"
    assert ENTERPRISE.same(where, ENTERPRISE.origin) == where.replace("GIT", "git")
