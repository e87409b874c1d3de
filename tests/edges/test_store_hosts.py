"""A URL with several hosts of PostgreSQL: the one that takes writes is found, whatever its place among them."""

from __future__ import annotations

import pytest
import real_servers
from sqlalchemy import text
from store_world import opened

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.engine import parse_url
from aiops_daemon.edges.store.postgresengine import written
from aiops_daemon.errors import StoreError


@pytest.mark.parametrize(
    ("given", "hosts", "attributes"),
    [
        ("a:1,b:2/n", ("a:1", "b:2"), "read-write"),
        ("me@a,b:2/n?sslmode=require", ("a:5432", "b:2"), "read-write"),
        ("a,b,c/n?target_session_attrs=primary", ("a:5432", "b:5432", "c:5432"), "primary"),
        ("me@a:1/n", None, None),
    ],
)
def test_hosts_are_read_as_libpq_writes_them(given: str, hosts: tuple[str, ...] | None, attributes: str | None) -> None:
    """Each has its port, and the one that can be written is asked for unless the URL says otherwise."""
    url = parse_url(StorageSpec(url=f"postgresql://{given}"))

    assert (hosts, attributes) == (url.query.get("host"), url.query.get("target_session_attrs"))
    assert "n" == url.database


def test_people_read_the_hosts_without_the_password() -> None:
    """Log lines name every host as the configuration does."""
    url = parse_url(StorageSpec(url="postgresql://me:s3cret@a,b:2/n"))

    assert "postgresql+psycopg://me@a:5432,b:2/n" == written(url)


async def test_a_host_that_is_not_there_is_passed_over(postgres_url: str) -> None:
    """The second one is used when nobody listens at the first."""
    gone = f"127.0.0.1:{real_servers.free_port()}"
    url = postgres_url.replace("@", f"@{gone},")
    async with opened(StorageSpec(url=url)) as store:
        found = await store.read(lambda one: one.execute(text("SELECT 1")).scalar())

        assert 1 == found


async def test_none_of_the_hosts_is_there() -> None:
    """The error names them all."""
    url = f"postgresql://me@127.0.0.1:{real_servers.free_port()},127.0.0.1:{real_servers.free_port()}/n"
    with pytest.raises(StoreError, match=url.partition("//")[2]):
        async with opened(StorageSpec(url=url)):
            pass
