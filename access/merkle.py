"""The Merkle tree of RFC 6962: a root over leaves, and short proofs that one leaf is among them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

Node = TypeVar("Node")  # a hash, or the text of one
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def tree(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The levels of the tree, hashes of the leaves first, the root alone last. An odd last node rises as it is."""
    levels = [[leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        level = [_node(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            level.append(below[-1])
        levels.append(level)
    return levels


def root(levels: Sequence[Sequence[bytes]]) -> bytes:
    return levels[-1][0] if levels[-1] else EMPTY_ROOT


def path(levels: Sequence[Sequence[Node]], index: int) -> list[Node]:
    """The inclusion proof of leaf `index`: the siblings on the way up (RFC 6962, 2.1.1)."""
    proof = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        index >>= 1
    return proof


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether the proof leads from the leaf at `index` of a tree of `size` leaves to the root (RFC 9162, 2.1.3.2).

    A tree of no leaves proves nothing.
    """
    if not 0 <= index < size:
        return False
    node, last, current = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            current = _node(sibling, current)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            current = _node(current, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and current == expected_root
