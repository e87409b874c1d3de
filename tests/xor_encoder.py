"""A plain XOR chunk encoder and a snappy decoder for tests, one bit and one byte at a time.

Written from the formats' descriptions; the code under test decodes what this writes.
"""

from __future__ import annotations

import struct

Sample = tuple[int, int]  # milliseconds, float64 bits

_MASK = (1 << 64) - 1
_CLASSES = ((0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20))


def float_bits(value: float) -> int:
    """Return the bits of a float64."""
    return int(struct.unpack(">Q", struct.pack(">d", value))[0])


def uvarint(value: int) -> list[str]:
    """Write an unsigned varint as bytes of bits."""
    out = []
    while value > 127:
        out.append(f"{value & 127 | 128:08b}")
        value >>= 7
    return [*out, f"{value:08b}"]


def encode(samples: list[Sample]) -> bytes:
    """Write a chunk."""
    bits: list[str] = []
    window: tuple[int, int] | None = None
    time = delta = value = 0
    for index, (at, raw) in enumerate(samples):
        if index == 0:
            bits += [*uvarint(((at << 1) ^ (at >> 63)) & _MASK), f"{raw:064b}"]
        else:
            new_delta = at - time
            bits += uvarint(new_delta & _MASK) if index == 1 else delta_of_deltas(new_delta - delta)
            delta = new_delta
            text, window = value_change(raw ^ value, window)
            bits.append(text)
        time, value = at, raw
    joined = "".join(bits)
    joined += "0" * (-len(joined) % 8)
    return len(samples).to_bytes(2, "big") + int(joined or "0", 2).to_bytes(len(joined) // 8, "big")


def delta_of_deltas(dod: int) -> list[str]:
    """Write the change of the delta in its shortest class."""
    if dod == 0:
        return ["0"]
    for prefix, length, width in _CLASSES:
        if -(1 << (width - 1)) + 1 <= dod <= 1 << (width - 1):
            return [f"{prefix:0{length}b}", f"{dod & ((1 << width) - 1):0{width}b}"]
    return ["1111", f"{dod & _MASK:064b}"]


def value_change(xor: int, window: tuple[int, int] | None) -> tuple[str, tuple[int, int] | None]:
    """Write the XOR with the last value; returns the window (leading, trailing zeros) that now holds."""
    if xor == 0:
        return "0", window
    leading, trailing = min(31, 64 - xor.bit_length()), (xor & -xor).bit_length() - 1
    if window and leading >= window[0] and trailing >= window[1]:
        return f"10{xor >> window[1]:0{64 - sum(window)}b}", window
    width = 64 - leading - trailing
    return f"11{leading:05b}{width & 63:06b}{xor >> trailing:0{width}b}", (leading, trailing)


def unsnap(block: bytes) -> bytes:
    """Read a snappy block that holds literals alone."""
    at = length = shift = 0
    while True:
        byte = block[at]
        length |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    out = b""
    while at < len(block):
        tag = block[at]
        assert tag & 3 == 0, "not a literal"
        size, extra = tag >> 2, 0
        if size >= 60:
            extra = size - 59
            size = int.from_bytes(block[at + 1 : at + 1 + extra], "little")
        out += block[at + 1 + extra : at + 2 + extra + size]
        at += 2 + extra + size
    assert length == len(out)
    return out
