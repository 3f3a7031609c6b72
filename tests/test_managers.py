from __future__ import annotations

import pytest

from thirteenf import managers
from thirteenf.errors import NotFoundError

KNOWN = {
    "0001067983": "BERKSHIRE HATHAWAY INC",
    "0000949012": "BERKSHIRE ASSET MANAGEMENT LLC/PA",
    "0001649339": "Scion Asset Management, LLC",
    "0001061768": "BAUPOST GROUP LLC/MA",
    "0001080384": "TUDOR INVESTMENT CORP",
    "0000923093": "TUDOR INVESTMENT CORP ET AL",
    "0001697748": "ARK Investment Management LLC",
}


@pytest.mark.parametrize(
    ("alias", "cik"),
    [
        ("softbank", "0001065521"),
        ("bridgewater", "0001350694"),
        ("thiel", "0001562087"),
        ("ark", "0001697748"),
        ("berkshire", "0001067983"),
        ("scion", "0001649339"),
    ],
)
def test_the_samples_managers_go_by_their_short_names(alias, cik):
    assert managers.resolve(alias, {cik: "ANY NAME"}) == cik
    assert managers.resolve(alias.upper(), {cik: "ANY NAME"}) == cik
    assert managers.aliases_of(cik) == [alias]


@pytest.mark.parametrize("query", ["1067983", "0001067983", "01067983", " 1067983 "])
def test_a_cik_goes_with_or_without_its_zeros(query):
    assert managers.resolve(query, KNOWN) == "0001067983"


@pytest.mark.parametrize("query", ["baupost", "Baupost Group", "group baupost", "baup", "BAUPOST GROUP LLC/MA"])
def test_enough_of_a_name_will_do(query):
    assert managers.resolve(query, KNOWN) == "0001061768"


def test_a_short_name_means_its_manager_though_others_are_called_alike():
    assert managers.resolve("berkshire", KNOWN) == "0001067983"


def test_the_whole_name_wins_over_a_longer_one_that_begins_with_it():
    assert managers.resolve("Tudor Investment Corp", KNOWN) == "0001080384"


def test_a_name_that_may_be_several_is_asked_back_with_their_ciks():
    with pytest.raises(NotFoundError) as caught:
        managers.resolve("tudor", KNOWN)
    assert "2 managers" in caught.value.message
    assert "0001080384" in caught.value.hint
    assert "0000923093" in caught.value.hint


def test_letters_inside_a_word_are_not_enough():
    with pytest.raises(NotFoundError):
        managers.resolve("post", KNOWN)


@pytest.mark.parametrize(("query", "near"), [("bauposst", "BAUPOST"), ("sciom", "Scion"), ("berkshre", "BERKSHIRE")])
def test_a_mistyped_name_is_answered_with_near_ones(query, near):
    with pytest.raises(NotFoundError) as caught:
        managers.resolve(query, KNOWN)
    assert f"'{query}'" in caught.value.message
    assert near in caught.value.hint


def test_a_cik_that_is_not_held_is_not_found_and_those_that_are_held_are_named():
    with pytest.raises(NotFoundError) as caught:
        managers.resolve("1", KNOWN)
    assert "0000000001" in caught.value.message
    assert "BAUPOST" in caught.value.hint


def test_an_alias_of_a_manager_that_is_not_held_is_not_found_though_another_name_fits():
    with pytest.raises(NotFoundError, match="0001562087"):
        managers.resolve("thiel", {"0000000005": "THIEL CAPITAL LLC"})


@pytest.mark.parametrize("query", ["", "  ", "?!", "nobody"])
def test_what_names_nobody_is_not_found(query):
    with pytest.raises(NotFoundError):
        managers.resolve(query, KNOWN)


def test_an_empty_cache_says_so():
    with pytest.raises(NotFoundError) as caught:
        managers.resolve("berkshire", {})
    assert "none" in caught.value.hint


def test_a_long_list_is_cut_and_counted():
    many = {f"{n:010}": f"FUND {n} LP" for n in range(30)}
    with pytest.raises(NotFoundError) as caught:
        managers.resolve("fund", many)
    assert "and 22 more" in caught.value.hint


def test_a_manager_without_an_alias_has_none():
    assert managers.aliases_of("0001061768") == []
