"""The tree is that of RFC 6962: against a recursive reading of its text, and the vectors that the world's logs share."""

import random
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.merkle import EMPTY_ROOT, included, leaf_hash, path, root, tree

VECTOR = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [f"leaf {number}".encode() for number in range(130)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = naive_split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_split(size: int) -> int:
    """The largest power of two smaller than the size."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def naive_sides(index: int, size: int) -> list[str]:
    """On which side each sibling of the path stands, from the leaf up."""
    if size == 1:
        return []
    k = naive_split(size)
    return [*naive_sides(index, k), "right"] if index < k else [*naive_sides(index - k, size - k), "left"]


@pytest.mark.parametrize("size", range(9))
def test_the_shared_vectors_have_their_roots(size: int) -> None:
    assert root(tree(VECTOR[:size])).hex() == ROOTS[size]


def test_a_shared_inclusion_proof_verifies() -> None:
    """The path of leaf 1 of 8."""
    proof = [
        bytes.fromhex(text)
        for text in (
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        )
    ]
    assert path(tree(VECTOR), 1) == proof
    assert included(VECTOR[1], 1, 8, proof, bytes.fromhex(ROOTS[8]))


@pytest.mark.parametrize("size", range(131))
def test_root_and_paths_are_those_of_the_recursive_tree_and_all_verify(size: int) -> None:
    leaves = LEAVES[:size]
    levels = tree(leaves)
    assert root(levels) == naive_root(leaves)
    for index in range(size):
        proof = path(levels, index)
        assert proof == naive_path(index, leaves)
        assert included(leaves[index], index, size, proof, root(levels))


def test_the_empty_tree_proves_nothing() -> None:
    assert root(tree([])) == EMPTY_ROOT == sha256(b"").digest()
    for leaf, proof, expected in (
        (b"", [], EMPTY_ROOT),
        (b"", [], leaf_hash(b"")),
        (b"x", [EMPTY_ROOT], EMPTY_ROOT),
        (b"", [], b""),
    ):
        for index in (-1, 0, 1):
            assert not included(leaf, index, 0, proof, expected)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33])
def test_a_proof_proves_its_own_leaf_at_its_own_place_only(size: int) -> None:
    leaves, levels = LEAVES[:size], tree(LEAVES[:size])
    top = root(levels)
    for index in range(size):
        proof = path(levels, index)
        for other in range(-2, size + 2):
            assert included(leaves[index], other, size, proof, top) is (other == index)
            if 0 <= other < size:
                assert included(leaves[other], index, size, proof, top) is (other == index)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_a_proof_fails_at_any_place_of_any_size_unless_the_way_up_is_the_same(size: int) -> None:
    """The root does not hold the size: who signs a root signs the size with it."""
    leaves, levels = LEAVES[:size], tree(LEAVES[:size])
    for index in range(size):
        proof = path(levels, index)
        sides = naive_sides(index, size)
        for other_size in range(-1, 20):
            for other in range(-1, 20):
                same_way = 0 <= other < other_size and naive_sides(other, other_size) == sides
                assert included(leaves[index], other, other_size, proof, root(levels)) is same_way


@given(st.integers(1, 130), st.randoms(use_true_random=False))
def test_any_flipped_bit_makes_a_proof_fail(size: int, rng: random.Random) -> None:
    levels, index = tree(LEAVES[:size]), rng.randrange(size)
    leaf, proof, top = LEAVES[index], path(levels, index), root(levels)

    def flipped(raw: bytes) -> bytes:
        bit = rng.randrange(len(raw) * 8)
        return bytes(byte ^ (1 << bit % 8 if bit // 8 == n else 0) for n, byte in enumerate(raw))

    assert included(leaf, index, size, proof, top)
    assert not included(flipped(leaf), index, size, proof, top)
    assert not included(leaf, index, size, proof, flipped(top))
    for place in range(len(proof)):
        assert not included(leaf, index, size, [*proof[:place], flipped(proof[place]), *proof[place + 1 :]], top)


@given(st.integers(1, 130), st.randoms(use_true_random=False))
def test_a_proof_that_is_cut_extended_or_rearranged_fails(size: int, rng: random.Random) -> None:
    levels, index = tree(LEAVES[:size]), rng.randrange(size)
    leaf, proof, top = LEAVES[index], path(levels, index), root(levels)
    others = [[*proof, node] for node in (top, leaf_hash(leaf), EMPTY_ROOT, b"")]
    others += [[node, *proof] for node in (top, leaf_hash(leaf), EMPTY_ROOT, b"")]
    others += [proof[:place] + proof[place + 1 :] for place in range(len(proof))]
    others += [proof[::-1]] if len(proof) > 1 else []
    for other in others:
        assert not included(leaf, index, size, other, top)


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    levels = tree(LEAVES[:4])
    inner = levels[0][0] + levels[0][1]
    assert not included(inner, 0, 2, [levels[1][1]], root(levels))
    assert leaf_hash(inner) != levels[1][0]
