"""DER (X.690): every value has one spelling, and nothing is left over."""

from __future__ import annotations

from typing import NamedTuple

from bot.packet.verifier.report import Bad
from bot.packet.verifier.strict import altered

INTEGER, BITS, OCTETS, OID, GENERALIZED_TIME, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x18, 0x30, 0x31
FIELD_0, FIELD_1 = 0xA0, 0xA1


class Node(NamedTuple):
    """One value: its tag, its content, and all of its bytes."""

    tag: int
    body: bytes
    whole: bytes


def no_der() -> Bad:
    """What is said of anything that is spelled in another way."""
    return altered("its time stamp is no strict DER of RFC 3161: it was changed.")


def der_items(data: bytes) -> list[Node]:
    """Values that follow each other, to the last byte. Raises Bad for anything but shortest definite lengths."""
    found, at = [], 0
    while at < len(data):
        start = at
        if len(data) - at < 2 or data[at] & 0x1F == 0x1F:
            raise no_der()
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count], "big")
            at += count
            if not 1 <= count <= 4 or size < 0x80 or not size >> (8 * (count - 1)):
                raise no_der()
        if len(data) - at < size:
            raise no_der()
        found.append(Node(tag, data[at : at + size], data[start : at + size]))
        at += size
    return found


def der_one(data: bytes, tag: int) -> Node:
    """The one value of these bytes, which must have this tag."""
    items = der_items(data)
    if len(items) != 1 or items[0].tag != tag:
        raise no_der()
    return items[0]


def der_in(node: Node, *tags: int) -> list[Node]:
    """What is inside; it must begin with values of these tags."""
    items = der_items(node.body)
    if [item.tag for item in items[: len(tags)]] != list(tags):
        raise no_der()
    return items


def der_number(node: Node) -> int:
    """A whole number in its shortest spelling."""
    body = node.body
    if node.tag != INTEGER or not body:
        raise no_der()
    if len(body) > 1 and body[0] in (0x00, 0xFF) and (body[0] ^ body[1]) < 0x80:
        raise no_der()
    return int.from_bytes(body, "big", signed=True)


def der_algorithm(node: Node) -> bytes:
    """The object identifier of an algorithm; parameters may be absent or NULL, nothing else."""
    if node.tag != SEQUENCE:
        raise no_der()
    items = der_in(node, OID)
    if len(items) > 2 or (len(items) == 2 and items[1].whole != b"\x05\x00"):
        raise no_der()
    return items[0].body
