"""Anomalous alert volume: quiet over a healthy month, quick in a storm, awake in a silence."""

from __future__ import annotations

import pytest
from volume_world import DAY, START, Weather, run

from aiops_daemon.core.quality.counts import Counts, Shape, bin_of, chance, score
from aiops_daemon.core.quality.loudness import Subject
from aiops_daemon.core.quality.volume import MOST_SUBJECTS, Heard, Volume
from aiops_daemon.core.quality.volumeform import export, load

MINUTE = 1 / 1440  # days


@pytest.fixture(scope="module")
def learned() -> bytes:
    """Return what three healthy weeks teach."""
    volume = Volume()
    run(volume, Weather(21.0, seed=7))
    return export(volume.learned)


def volume(learned: bytes) -> Volume:
    found = load(learned)
    assert found is not None
    return Volume(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_month_has_at_most_a_finding_a_week(seed: int) -> None:
    """With days, weekends, bursts and ordinary incidents in it."""
    assert len(run(Volume(), Weather(30.0, seed=seed))) <= 4


def test_a_healthy_week_is_quiet(learned: bytes) -> None:
    """After three weeks of learning: at most one finding."""
    assert len(run(volume(learned), Weather(28.0, seed=8, begin=21.01))) <= 1


@pytest.mark.parametrize("hour", [8, 11, 14, 17])
def test_a_storm_of_five_times_is_found_within_ten_minutes(learned: bytes, hour: int) -> None:
    """On a working day, whatever part of a bin it begins in; the sentence says how much, of what, and what is usual."""
    begins = 23.0 + hour / 24 + hour * MINUTE / 3
    weather = Weather(begins + 15 * MINUTE, seed=hour, begin=22.9, storm=(begins, begins + 1))
    told = [one for one in run(volume(learned), weather) if one.day >= begins]

    assert told[0].day - begins <= 11 * MINUTE  # closed on the minute
    assert not told[0].unusual.silent
    assert "are usual at this time (" in told[0].unusual.sentence
    assert "; most: R1 of s1 " in told[0].unusual.sentence


def test_one_storm_is_one_finding_and_it_ends(learned: bytes) -> None:
    """The team is named, not its services and rules as well; after the storm all is usual again."""
    begins = 23.5
    storm = Weather(begins + 60 * MINUTE, seed=4, begin=23.4, storm=(begins, begins + 1))
    loud = volume(learned)
    told = run(loud, storm)
    open_after = set(loud.unusual)
    run(loud, Weather(begins + 120 * MINUTE, seed=5, begin=begins + 60 * MINUTE))

    assert {Subject("shop")} == {one.unusual.subject for one in told if one.unusual.subject.measure == "alerts"}
    assert Subject("shop") in open_after
    assert set() == set(loud.unusual)


def test_a_silence_of_a_chatty_source_is_found_and_ends_with_the_first_alert(learned: bytes) -> None:
    """Within the hour at noon; it names the Alertmanager and not the team as well."""
    begins = 24.5
    quiet = volume(learned)
    (told,) = run(quiet, Weather(begins + 0.1, seed=6, begin=24.49, silence=(begins, begins + 1)))
    run(quiet, Weather(begins + 0.13, seed=5, begin=begins + 0.1))

    assert told.day - begins <= 60 * MINUTE
    assert (Subject(source="main"), True) == (told.unusual.subject, told.unusual.silent)
    assert told.unusual.sentence.startswith("no alerts of Alertmanager main for ")
    assert {} == quiet.unusual


def test_one_burst_of_one_rule_is_an_incident_and_no_storm(learned: bytes) -> None:
    """Forty pods at once: grouping has that, and volume counts the rule as little more than usual."""
    calm = volume(learned)
    at = START + 23.5 * DAY
    for number in range(40):
        calm.heard(Heard("main", "shop", "s3", "R51", f"pod-{number}", False), at + 360)
    list(calm.close(at))
    found = [one for minute in range(1, 12) for one in calm.close(at + minute * 60) if one is not None]

    assert [] == found


def test_nothing_is_said_in_the_first_days() -> None:
    """Nothing is known of what is usual, not even of a storm."""
    assert [] == run(Volume(), Weather(2.5, storm=(1.0, 1.1)))


def test_what_was_learned_survives_a_restart_and_the_time_between_teaches_nothing(learned: bytes) -> None:
    """A week of downtime is no week of silence: the level is what it was."""
    before, after = volume(learned), volume(learned)
    list(after.close(START + 28 * DAY))
    past, resumed = (one.learned.subjects[Subject("shop")] for one in (before, after))

    assert export(before.learned) == export(volume(export(before.learned)).learned)
    assert past.level(before.learned.until + 1) == pytest.approx(resumed.level(after.learned.until + 1))
    assert 0.0 == resumed.quiet


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"[]", b'{"form":9}', b'{"form":1,"began":0,"until":0,"subjects":[[1]]}']
)
def test_state_that_cannot_be_read_is_none(memory: bytes) -> None:
    """Counting begins anew."""
    assert load(memory) is None


def test_a_clock_that_jumps_does_not_make_a_storm_or_a_silence(learned: bytes) -> None:
    """Neither hours ahead nor back: counting begins anew, what is usual stays."""
    jumped = volume(learned)
    at = START + 22 * DAY
    changes = [list(jumped.close(at + offset)) for offset in (0, 60, 7200, 7260, -7200, -7140)]

    assert [] == [one for change in changes for one in change if one is not None]


def test_subjects_are_bounded() -> None:
    """Rules beyond the limit push out those idle for longest; teams stay."""
    many = Volume()
    for number in range(MOST_SUBJECTS + 100):
        many.heard(Heard("main", "shop", "", f"R{number}", str(number), False), START + number * 60.0)
        list(many.close(START + number * 60.0 + 1))
    list(many.close(START + (MOST_SUBJECTS + 110) * 60.0))

    assert len(many.learned.subjects) <= MOST_SUBJECTS
    assert Subject("shop") in many.learned.subjects


@pytest.mark.parametrize(("hour", "weekday"), [(3, 2), (15, 6)])
def test_a_shape_learns_hours_and_weekdays(hour: int, weekday: int) -> None:
    """Ten alerts in that hour and twenty in that hour of that day, where five are the rule."""
    shape = Shape()
    for number in range(bin_of(START), bin_of(START + 56 * DAY)):
        at = (number // 12 % 24, (number // 288 + 4) % 7)
        shape.learn(number, 5.0 * (2 if at[0] == hour else 1) * (2 if at[1] == weekday else 1), 5.0)
    found = shape.factor(bin_of(START + ((weekday - 6) % 7) * DAY + hour * 3600))

    assert 4.0 == pytest.approx(found, rel=0.15)


def test_a_storm_teaches_little() -> None:
    """A day of a thousand alerts a bin moves the level of two by less than half."""
    past = Counts(0)
    for number in range(1, 21 * 288):
        past.learn(number, 2, past.level(number))
    before = past.level(21 * 288)
    past.learn(21 * 288, 1000, before)

    assert 2.0 == pytest.approx(before)
    assert past.level(21 * 288 + 1) < 2.1


def test_chance_and_score_at_known_values() -> None:
    """exp(-(10 ln 10 - 10 + 1)) for ten where one is expected; burstier counts are likelier."""
    assert 8.1e-7 == pytest.approx(chance(10, 1, 1.0), rel=0.01)
    assert 9.0e-4 == pytest.approx(chance(10, 1, 2.0), rel=0.01)
    assert 1.0 == chance(1, 1, 1.0)
    assert 0.0 == score(3, 3)
