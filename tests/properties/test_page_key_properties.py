"""Keys of pages can be made of anything, taken apart again, and never mistaken."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.response.keys import LONGEST, PageKey, cluster_part, dedup_key, incident_of, parse, storm_key

uids = st.uuids().map(str) | st.from_regex(r"[A-Za-z_-][A-Za-z0-9_-]{0,99}", fullmatch=True).filter(
    lambda t: t != "storm"
)
clusters = st.text() | st.text("abc/.-ä ", min_size=90, max_size=400)
generations = st.integers(1, 10**9 - 1)


@given(clusters, uids, generations)
def test_a_page_key_comes_back_as_it_was(cluster: str, uid: str, generation: int) -> None:
    """Incident and generation are read from the key, whatever the cluster is called, within PagerDuty's limit."""
    key = dedup_key(cluster, uid, generation)

    assert PageKey(cluster_part(cluster), uid, generation) == parse(key)
    assert len(key) <= LONGEST
    assert key.isascii()
    assert key.isprintable()


@given(clusters, uids)
def test_a_storm_key_comes_back_as_it_was(cluster: str, uid: str) -> None:
    """A storm's uid is read from the key, and it is not taken for an incident's."""
    key = storm_key(cluster, uid)

    assert PageKey(cluster_part(cluster), uid, storm=True) == parse(key)
    assert len(key) <= LONGEST
    assert key != dedup_key(cluster, uid)


@given(clusters, clusters, uids, generations)
def test_only_ones_own_incidents_are_recognised(cluster: str, other: str, uid: str, generation: int) -> None:
    """A key leads to its incident in its own cluster; elsewhere, and for a storm, to none."""
    key = dedup_key(cluster, uid, generation)

    assert (uid, generation) == incident_of(key, cluster)
    assert (cluster_part(cluster) == cluster_part(other)) == (incident_of(key, other) is not None)
    assert incident_of(storm_key(cluster, uid), cluster) is None


@given(st.tuples(clusters, uids, generations), st.tuples(clusters, uids, generations))
def test_two_pages_never_share_a_key(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    """Clusters that are shortened alike differ by their hash."""
    same = (cluster_part(one[0]), *one[1:]) == (cluster_part(other[0]), *other[1:])

    assert same == (dedup_key(*one) == dedup_key(*other))


@given(clusters, clusters)
def test_clusters_stay_apart(one: str, other: str) -> None:
    """Two names give two parts."""
    assert (one == other) == (cluster_part(one) == cluster_part(other)) or {one, other} <= {"", "default"}


@given(st.text() | st.from_regex(r"aiops(/[a-z0-9-]{0,8}){0,4}", fullmatch=True))
def test_what_is_read_is_written_alike(text: str) -> None:
    """A text that is taken for a key is exactly that key: no two spellings of one page."""
    parsed = parse(text)

    assert parsed is None or str(parsed) == text


@pytest.mark.parametrize(
    "text",
    ["", "aiops", "aiops/eu1", "aiops/eu1/", "aiops//u", "aiops/eu1/u/1", "aiops/eu1/u/02", "aiops/eu1/storm",
     "aiops/eu1/storm/", "aiops/eu1/u/2/3", "other/eu1/u", "aiops/eu1/u/x", "aiops/e u/u", "aiops/eu1/u\n",
     "aiops/eu1/u/²", "AIOPS/eu1/u"],
)  # fmt: skip
def test_what_has_another_form_is_no_page_of_ours(text: str) -> None:
    """Keys of other senders in the same account are left alone."""
    assert parse(text) is None


def test_the_form_is_the_one_that_is_written_down() -> None:
    """The contract's examples."""
    uid = str(uuid.UUID(int=7))

    assert f"aiops/hub-eu/{uid}" == dedup_key("hub-eu", uid)
    assert f"aiops/hub-eu/{uid}/2" == dedup_key("hub-eu", uid, 2)
    assert f"aiops/hub-eu/storm/{uid}" == storm_key("hub-eu", uid)
    assert f"aiops/default/{uid}" == dedup_key("", uid)


@pytest.mark.parametrize(("uid", "generation"), [("", 1), ("storm", 1), ("a/b", 1), ("u", 0), ("u", 10**9)])
def test_no_key_is_made_that_could_not_be_read(uid: str, generation: int) -> None:
    """What would be misread is refused."""
    with pytest.raises(ValueError, match=r"uid|generations"):
        dedup_key("eu1", uid, generation)


@pytest.mark.parametrize("uid", ["", "a b", "a/b"])
def test_no_storm_key_is_made_that_could_not_be_read(uid: str) -> None:
    """What would be misread is refused."""
    with pytest.raises(ValueError, match="uid"):
        storm_key("eu1", uid)
