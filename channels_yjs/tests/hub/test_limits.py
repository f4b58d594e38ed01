"""Too many connections, and too quick ones, by a clock that the test moves."""

from typing import Any

import pytest

from channels_yjs.hub import limits
from channels_yjs.hub.limits import BURST_SECONDS, Admission, Bucket
from channels_yjs.wire.messages import CloseCode, Refused


def taken(bucket: Bucket, now: float) -> int:
    number = 0
    while bucket.take(now):
        number += 1
    return number


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(10)
    assert taken(bucket, 100) == 10 * BURST_SECONDS
    assert taken(bucket, 101) == 10
    assert taken(bucket, 101) == 0
    assert taken(bucket, 1000) == 10 * BURST_SECONDS


def test_what_takes_long_counts_as_many() -> None:
    bucket = Bucket(1000)
    bucket.take_for_work(100, 0.05)
    assert taken(bucket, 100) == 1000 * BURST_SECONDS - 500
    assert taken(bucket, 101) == 1000


def test_one_heavy_update_takes_half_of_what_there_is_and_no_more() -> None:
    bucket = Bucket(1000)
    bucket.take_for_work(100, 60)
    assert taken(bucket, 100) == 1000 * BURST_SECONDS / 2
    bucket.take_for_work(100, 60)
    assert taken(bucket, 100) == 0
    assert taken(bucket, 101.001) == 1


@pytest.fixture
def admission(settings: Any) -> Admission:
    settings.YJS_MAX_CONNECTIONS = 5
    settings.YJS_MAX_CONNECTIONS_PER_ADDRESS = 3
    settings.YJS_MAX_CONNECTS_PER_SECOND = 2
    return Admission()


def codes(admission: Admission, *addresses: str) -> list[int | None]:
    return [code_of(admission, address) for address in addresses]


def code_of(admission: Admission, address: str) -> int | None:
    try:
        admission.enter(address)
    except Refused as refused:
        return refused.code
    return None


def test_one_address_does_not_take_all_connections(admission: Admission) -> None:
    assert codes(admission, *"aaaa") == [None, None, None, CloseCode.FLOODING]
    assert codes(admission, "b") == [None]
    admission.leave("a")
    admission.leave("a")
    assert codes(admission, "a") == [None]


def test_a_full_process_sends_people_elsewhere(admission: Admission) -> None:
    assert codes(admission, *"abcdef") == [*5 * [None], CloseCode.TRY_AGAIN]


def test_who_connects_too_often_has_to_wait(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr("channels_yjs.hub.limits.time.monotonic", lambda: now)
    for _ in range(int(2 * BURST_SECONDS)):
        assert codes(admission, "a") == [None]
        admission.leave("a")
    assert codes(admission, "a", "b") == [CloseCode.TRY_AGAIN, None]
    admission.leave("a")
    now += 1
    assert codes(admission, "a") == [None]


def test_addresses_that_have_rested_are_forgotten(admission: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KNOWN_ADDRESSES", 10)
    now = 50.0
    monkeypatch.setattr("channels_yjs.hub.limits.time.monotonic", lambda: now)
    for number in range(100):
        admission.enter(str(number))
        admission.leave(str(number))
        now += 1
    assert len(admission._arrivals) <= 11
