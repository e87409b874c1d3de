"""Short messages: how long a text is on the wire, and where it is cut.

Enters: text. Leaves: text of at most `LONGEST` characters and four parts. A text whose letters all stand in the GSM
alphabet (3GPP TS 23.038, 6.2.1) has 153 septets in each of several parts; any other letter makes the whole text UCS-2
with 67 units a part. So common signs that GSM lacks are written with those that it has.
"""

from __future__ import annotations

LONGEST = 480  # characters
PARTS = 4
GSM_UNITS = 153  # of one part of several: 160 septets less the header
UCS2_UNITS = 67
ELLIPSIS = "..."

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")  # two septets each
_LIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚′`´", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        "•": "*",
        "·": "-",
        "×": "x",
        "\u00a0": " ",
        "\t": " ",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
    }
)


def is_gsm(text: str) -> bool:
    """Say whether all letters stand in the GSM alphabet."""
    return all(letter in _BASIC or letter in _EXTENDED for letter in text)


def units(text: str) -> int:
    """Count septets of a GSM text, UTF-16 units of any other."""
    if is_gsm(text):
        return sum(2 if letter in _EXTENDED else 1 for letter in text)
    return sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)


def fits(text: str) -> bool:
    """Say whether a text is short enough to be sent."""
    limit = PARTS * (GSM_UNITS if is_gsm(text) else UCS2_UNITS)
    return len(text) <= LONGEST and units(text) <= limit


def short_text(text: str, keep: str = "") -> str:
    """Return text that fits, cut before `keep` (an address at its end), which stays whole where it fits itself."""
    text, keep = text.translate(_LIKE), keep.translate(_LIKE)
    if fits(text):
        return text
    tail = f" {keep}" if keep and text.endswith(keep) and fits(f"{ELLIPSIS} {keep}") else ""
    head = text.removesuffix(keep) if tail else text
    shortest, longest = 0, min(len(head), LONGEST)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if fits(_cut(head, middle) + tail):
            shortest = middle
        else:
            longest = middle - 1
    return (_cut(head, shortest) + tail).strip()


def _cut(head: str, length: int) -> str:
    return head[:length].rstrip() + ELLIPSIS
