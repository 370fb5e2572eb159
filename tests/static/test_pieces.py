from dataclasses import replace

import pytest

from breakeven.static.pieces import ONLY, Piece, merge

BOX = Piece(kind="box", label="Why")


def page(*children: Piece) -> Piece:
    return Piece(kind="page", children=children)


def said(text: str) -> Piece:
    return Piece(kind="markdown", text=text)


def layer_of(piece: Piece, layer: str) -> Piece:
    """What readers of one layer see of a merged page."""
    kept: list[Piece] = []
    for child in piece.children:
        if child.kind == ONLY:
            kept += [layer_of(one, layer) for one in child.children] if child.text == layer else []
        else:
            kept.append(layer_of(child, layer))
    return replace(piece, children=tuple(kept))


PLAIN = page(said("same"), replace(BOX, children=(said("two copies"), said("level"))), said("plain end"))
EXPERT = page(said("same"), said("TTFT"), replace(BOX, children=(said("two replicas"), said("level"))))


def test_what_is_the_same_in_both_layers_stands_once() -> None:
    assert merge(PLAIN, PLAIN) == PLAIN
    merged = merge(PLAIN, EXPERT)
    assert [child.kind for child in merged.children] == ["markdown", ONLY, "box", ONLY]
    assert [child.kind for child in merged.children[2].children] == [ONLY, ONLY, "markdown"]


def test_each_layer_comes_out_of_the_merged_page_as_it_was() -> None:
    merged = merge(PLAIN, EXPERT)
    assert layer_of(merged, "plain") == PLAIN
    assert layer_of(merged, "expert") == EXPERT


def test_a_box_whose_name_differs_stands_once_for_each_layer() -> None:
    merged = merge(page(BOX), page(replace(BOX, label="Warum")))
    assert [(one.kind, one.text) for one in merged.children] == [(ONLY, "plain"), (ONLY, "expert")]


def test_two_kinds_of_page_are_not_merged() -> None:
    with pytest.raises(ValueError, match="page and box"):
        merge(PLAIN, BOX)
