"""The bytes of remote read: varints, protobuf fields, literal-only snappy, CRC32-Castagnoli, stream frames.

Enters: raw bytes. Leaves: fields and checked frames; and the one request that we write. Formats: Protocol
Buffers encoding, snappy's format_description.txt, RFC 3720 appendix B.4 (CRC32C), and Prometheus'
storage/remote/chunked.go (uvarint length, big-endian CRC32C, message). Never reads past what a length allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint32]
Rows: TypeAlias = tuple[tuple[int, ...], ...]

_POLYNOMIAL = 0x82F63B78  # Castagnoli, reflected
_LOOP_BYTES = 512  # below this the plain loop is quicker than the tree
_TREE_TOP = 64  # words; above them the tree saves nothing over a loop
_TURN_BYTES = 128 * 1024  # of messages between two turns of the event loop
_LONGEST_VARINT = 10
_LITERAL = 1 << 16


def varint(value: int) -> bytes:
    """Encode a non-negative integer in groups of seven bits, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes | bytearray | memoryview, at: int) -> tuple[int, int]:
    """Return the value at `at` and the position behind it; raises IndexError (short) or ValueError (endless)."""
    value = data[at]
    if value < 0x80:  # most are one byte
        return value, at + 1
    value = 0
    for turn in range(_LONGEST_VARINT):
        byte = data[at + turn]
        value |= (byte & 0x7F) << (7 * turn)
        if byte < 0x80:
            return value, at + turn + 1
    raise ValueError("a varint is longer than ten bytes")


def field(number: int, value: int | bytes) -> bytes:
    """Encode one protobuf field: an integer as varint, bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field; raises ValueError when the message is broken."""
    at = 0
    try:
        while at < len(data):
            tag, at = read_varint(data, at)
            kind = tag & 7
            if kind == 0:
                value, at = read_varint(data, at)
                yield tag >> 3, value
                continue
            length, at = read_varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            if at + length > len(data):
                raise ValueError("a field is longer than its message")
            yield tag >> 3, data[at : at + length]
            at += length
    except (IndexError, KeyError):
        raise ValueError("a protobuf message is broken") from None


def snappy(data: bytes) -> bytes:
    """Frame `data` as a snappy block of literals alone: valid, not smaller."""
    out = bytearray(varint(len(data)))
    for start in range(0, len(data), _LITERAL):
        part = data[start : start + _LITERAL]
        out += bytes((61 << 2,)) + (len(part) - 1).to_bytes(2, "little") + part
    return bytes(out)


async def frames(body: AsyncIterator[bytes], *, longest: int) -> AsyncIterator[memoryview]:
    """Yield the checked messages of a chunked stream; raises ValueError when it is broken or ends within one."""
    buffer = bytearray()
    since = 0
    async for piece in body:
        buffer += piece
        at = 0
        while (found := _frame(buffer, at, longest)) is not None:
            message, at = found
            yield message
            since += len(message)
            if since > _TURN_BYTES:
                since = 0
                await asyncio.sleep(0)
        del buffer[:at]
    if buffer:
        raise ValueError("the stream ends within a frame")


def _frame(buffer: bytearray, at: int, longest: int) -> tuple[memoryview, int] | None:
    """Read one frame at `at`; None while it is not whole."""
    try:
        length, start = read_varint(buffer, at)
    except IndexError:
        return None
    if length > longest:
        raise ValueError(f"a frame of {length} bytes is over the cap")
    end = start + 4 + length
    if end > len(buffer):
        return None
    message = bytes(buffer[start + 4 : end])
    if crc32c(message) != int.from_bytes(buffer[start : start + 4], "big"):
        raise ValueError("a frame's checksum is wrong")
    return memoryview(message), end


def crc32c(data: bytes) -> int:
    """CRC32-Castagnoli.

    The checksum is linear over GF(2), so the words are combined pairwise as a tree, all pairs of a level at
    once: state(a || b) = shift(state(a), len(b)) ^ state(b). About 5 to 10 ns a byte for large messages.
    """
    if len(data) < _LOOP_BYTES:
        return _advance(0xFFFFFFFF, data) ^ 0xFFFFFFFF
    head = len(data) % 4
    words = np.frombuffer(data, dtype="<u4", offset=head).astype(np.uint32)
    # Preset bits may be folded into the first bytes: starting from 0 with them inverted is the same.
    words[0] ^= np.uint32(_advance(0xFFFFFFFF, data[:head]))
    level = 0
    while len(words) > _TREE_TOP:
        if len(words) % 2:
            words = np.concatenate((np.zeros(1, np.uint32), words))
        words = _apply(_shift_tables(level), words[0::2]) ^ words[1::2]
        level += 1
    tables = _shift_rows(level)
    state = 0
    for word in words.tolist():
        state = _apply_one(tables, state) ^ word
    # A word as data and a word as state differ by its own four bytes, which the last shift adds.
    return _apply_one(_shift_rows(0), state) ^ 0xFFFFFFFF


def _advance(state: int, data: bytes) -> int:
    table = _byte_table()
    for byte in data:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state


def _apply(tables: Words, states: Words) -> Words:
    index = states.astype(np.intp)
    result: Words = tables[0].take(index & 0xFF)
    result ^= tables[1].take((index >> 8) & 0xFF)
    result ^= tables[2].take((index >> 16) & 0xFF)
    result ^= tables[3].take(index >> 24)
    return result


def _apply_one(tables: Rows, state: int) -> int:
    first, second, third, fourth = tables
    return first[state & 0xFF] ^ second[state >> 8 & 0xFF] ^ third[state >> 16 & 0xFF] ^ fourth[state >> 24]


@cache
def _byte_table() -> tuple[int, ...]:
    return tuple(_bit_by_bit(byte) for byte in range(256))


def _bit_by_bit(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register


@cache
def _shift_tables(level: int) -> Words:
    """Four tables of 256: what each byte of a state becomes after 4 * 2**level zero bytes."""
    if level:
        half = _shift_tables(level - 1)
        return _apply(half, half)
    single = [[_advance(byte << 8 * place, bytes(4)) for byte in range(256)] for place in range(4)]
    return np.array(single, dtype=np.uint32)


@cache
def _shift_rows(level: int) -> Rows:
    return tuple(tuple(table) for table in _shift_tables(level).tolist())
