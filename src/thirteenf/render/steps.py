"""How an explanation reads: from the move backwards to its causes, holdings, filings, rows, documents and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf.filing import NOTICE
from thirteenf.render import words
from thirteenf.tabled import DATA_SETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thirteenf.report import Report


def backwards(head: Mapping[str, Any]) -> list[str]:
    """The steps above the table of rows: moves, causes with their evidence, holdings, filings."""
    lines = [] if head["comparable"] else [f"Cannot be compared ({head['reason']}): {words.REASONS[head['reason']]}"]
    for move in head["moves"].iter_rows(named=True):
        lines += [_move(move), *(line for cause in move["cause"] for line in _cause(cause))]
    if not head["moves"].height:
        lines.append("It is in no book that is compared here.")
    for side, period in (("after", head["period"]), ("before", head["against"])):
        for held in head["holdings"][side].iter_rows(named=True):
            lines.append(_held(held, period))
        for filing in head["filings"][side].iter_rows(named=True):
            lines.append(_filing(filing, period))
            lines += [f"    odd, {oddity['code']}: {oddity['message']}" for oddity in filing["oddities"]]
    return lines


def below(report: Report) -> list[str]:
    """The steps below it: where the rows stand on EDGAR, what was done to the security, the rules."""
    head, rows = report.head, report.rows
    lines = []
    if "url" in rows.columns:
        names = [name for name in ("accession_number", "url", "document") if name in rows.columns]
        documents = rows.select(names).unique(maintain_order=True)
        lines = [f"{accession}: {url}{_by_way_of(*rest)}" for accession, url, *rest in documents.iter_rows()]
    for row in head["actions"].iter_rows(named=True):
        numbers = " became ".join(dict.fromkeys((row["cusip_before"], row["cusip"])))
        rate = f"{row['shares']:,} for {row['shares_before']:,}"
        said = "; ".join(row["evidence"])
        lines.append(f"Lineage, {row['kind'].replace('_', ' ')}, {row['certainty']}: {numbers}, {rate}. {said}")
    return [*lines, *(f"Rule {rule['name']} ({rule['version']}): {rule['says']}." for rule in head["rules_applied"])]


def _by_way_of(document: str = "") -> str:
    """Where a filing's rows came in with a data set, its name."""
    name = document.removeprefix(DATA_SETS)
    return f" (its rows are from the SEC's data set {name})" if name != document else ""


def _move(move: Mapping[str, Any]) -> str:
    book = f" {move['put_call']}" if move["put_call"] else ""
    before = words.amount(move["amount_before"])
    if move["amount_before_adjusted"] != move["amount_before"]:
        before += f" ({words.amount(move['amount_before_adjusted'])} in today's shares)"
    change = f" ({words.percent(move['amount_change_pct'])} %)" if move["amount_change_pct"] is not None else ""
    what = f"{words.text(move['ticker'] or move['issuer'])}{book} ({move['cusip']}) {move['change']}"
    return f"Move: {what}: {before} to {words.amount(move['amount'])}{change}, traded {_traded(move)}"


def _traded(move: Mapping[str, Any]) -> str:
    of = " (notional of the underlying)" if move["put_call"] else ""
    return f"{words.signed_money(move['trade_effect'])}{of}"


def _cause(cause: Mapping[str, Any]) -> Iterator[str]:
    yield f"  because: {cause['cause'].replace('_', ' ')}, {cause['confidence']}"
    for one in cause["evidence"]:
        rows = f", row {words.listed(one['rows'])}" if one["rows"] else ""
        where = f" ({one['accession_number']}{rows})" if one["accession_number"] else ""
        yield f"    {one['kind']}: {one['detail']}{where}"


def _held(held: Mapping[str, Any], period: Any) -> str:  # noqa: ANN401 - a day
    unit = {"SH": "shares", "PRN": "dollars of principal"}.get(held["amount_type"], held["amount_type"])
    book = f" of {held['put_call'].lower()}s" if held["put_call"] else ""
    total = f"{words.plural(held['rows'], 'row')} of {words.plural(len(held['accession_numbers']), 'filing')}"
    return (
        f"Holding, {words.quarter(period)}: {words.amount(held['amount'])} {unit}{book} of {held['cusip']}, "
        f"{words.money(held['value'])}: the sum of {total}"
    )


def _filing(filing: Mapping[str, Any], period: Any) -> str:  # noqa: ANN401 - a day
    kind = f"{filing['form_type']} {filing['amendment_type'] or ''}".strip()
    has_values = filing["report_type"] != NOTICE and (filing["table_entry_total"] != 0 or filing["table_value_total"])
    unit = f"; values in {filing['value_unit']} ({filing['value_unit_reason']})" if has_values else ""
    return (
        f"Filing, {words.quarter(period)}: {kind} {filing['accession_number']}, filed {filing['filing_date']}, "
        f"{filing['state']}{unit}"
    )
