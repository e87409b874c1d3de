"""Varints, protobuf, snappy, checksum and frames of remote read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xor_encoder import unsnap

from aiops_daemon.edges.prometheus import wire

modest = settings(max_examples=50, deadline=None)


def bitwise_crc(data: bytes) -> int:
    """CRC32-Castagnoli by its definition, a bit at a time."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def frame(message: bytes) -> bytes:
    """Write one frame of a chunked stream."""
    return wire.varint(len(message)) + bitwise_crc(message).to_bytes(4, "big") + message


def unframe(stream: bytes, cuts: list[int], longest: int = 1 << 20) -> list[bytes]:
    """Read a stream that arrives in pieces."""
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in pairwise(edges):
            yield stream[start:end]

    async def collect() -> list[bytes]:
        return [bytes(message) async for message in wire.frames(pieces(), longest=longest)]

    return asyncio.run(collect())


@modest
@given(st.integers(0, (1 << 64) - 1))
def test_varints(value: int) -> None:
    """What is written is read, with its length."""
    written = wire.varint(value)

    assert (value, len(written)) == wire.read_varint(written, 0)


@pytest.mark.parametrize("broken", [b"\xff" * 11, b"\x0a\x05ab", b"\x0b", b"\x0a", b"\x09\x01"])
def test_broken_messages_are_refused(broken: bytes) -> None:
    """Endless varints, lengths beyond the message, groups."""
    with pytest.raises(ValueError, match=r"varint|message|field"):
        list(wire.fields(memoryview(broken)))


def test_unknown_fields_are_passed_over() -> None:
    """Fixed-width fields and numbers not asked for do no harm."""
    message = wire.field(1, 7) + b"\x11" + bytes(8) + b"\x1d" + bytes(4) + wire.field(4, b"x")

    assert [1, 2, 3, 4] == [number for number, _ in wire.fields(memoryview(message))]


@modest
@given(st.one_of(st.binary(max_size=200), st.integers(60_000, 140_000).map(bytes)))
def test_snappy_literals(data: bytes) -> None:
    """A block of literals holds what went in."""
    assert data == unsnap(wire.snappy(data))


def test_checksum_of_the_standard() -> None:
    """RFC 3720's check value and its 32 zeros and ones."""
    assert 0xE3069283 == wire.crc32c(b"123456789")
    assert 0x8A9136AA == wire.crc32c(bytes(32))
    assert 0x62A8AB43 == wire.crc32c(b"\xff" * 32)


@modest
@given(st.integers(1, 9), st.integers(0, 4200), st.integers(0, 255))
def test_the_tree_equals_the_definition(seed: int, length: int, first: int) -> None:
    """Small and large messages of any length and alignment have the checksum of the definition."""
    data = bytes((first + seed * at * at) & 255 for at in range(length))

    assert bitwise_crc(data) == wire.crc32c(data)


@modest
@given(st.lists(st.binary(max_size=300), max_size=5), st.lists(st.integers(0, 5000), max_size=8))
def test_frames_in_any_pieces(messages: list[bytes], cuts: list[int]) -> None:
    """However the stream is cut in transit, the messages are the same."""
    assert messages == unframe(b"".join(map(frame, messages)), cuts)


@modest
@given(st.binary(min_size=1, max_size=100), st.integers(0, 1000))
def test_a_flipped_bit_is_noticed(message: bytes, where: int) -> None:
    """One bit of the message or its checksum."""
    stream = bytearray(frame(message))
    at = 1 + where % (len(stream) - 1)
    stream[at] ^= 1 << where % 8
    with pytest.raises(ValueError, match="checksum"):
        unframe(bytes(stream), [])


@pytest.mark.parametrize("lost", [1, 3, 50])
def test_a_stream_that_ends_within_a_frame_is_refused(lost: int) -> None:
    """A cut stream is not a short one."""
    with pytest.raises(ValueError, match="ends within"):
        unframe((frame(b"a" * 60) + frame(b"b" * 60))[:-lost], [])


def test_a_giant_frame_is_refused_before_it_is_read() -> None:
    """The length is judged first."""
    with pytest.raises(ValueError, match="over the cap"):
        unframe(wire.varint(1 << 40), [])
