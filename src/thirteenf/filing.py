"""One filing, its oddities and the codes they go by: frozen records that know nothing of files or frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from thirteenf.errors import UsageError

if TYPE_CHECKING:
    from datetime import date, datetime

EDGAR = "https://www.sec.gov"
HOLDINGS_REPORT = "13F HOLDINGS REPORT"
NOTICE = "13F NOTICE"
COMBINATION_REPORT = "13F COMBINATION REPORT"
RESTATEMENT = "RESTATEMENT"
NEW_HOLDINGS = "NEW HOLDINGS"

CODES = {
    "row-count-mismatch": "the table has another number of rows than the summary page counts",
    "value-total-rounding": "the values' sum differs from the summary page's by no more than rounding",
    "value-total-mismatch": "the values' sum differs from the summary page's by more than rounding",
    "cusip-lower-case": "lower-case CUSIP, read as capitals",
    "cusip-blanks": "blanks inside a CUSIP, removed",
    "cusip-zero-restored": "leading zeros lost; restored, because the padded number passes its check digit",
    "cusip-shape": "not nine digits and letters; kept as filed",
    "cusip-check-digit": "fails its check digit; kept as filed",
    "cusip-option-number": "the SEC list's own number for an issuer's options, not the underlying's CUSIP",
    "cusip-placeholder": "a placeholder where a CUSIP should stand",
    "put-call-spelling": "put/call spelled otherwise than Put or Call",
    "put-call-unreadable": "put/call is neither; kept as filed, as a book of its own",
    "option-in-title": "the title of class names an option, the put/call column does not; left as filed",
    "amount-type-unreadable": "neither SH nor PRN; kept as filed",
    "row-repeated": "the same row stands in the table more than once; all are counted, as filed",
    "zero-row": "neither amount nor value; no position",
    "amount-zero": "a value without an amount",
    "number-format": "a number with separators or decimals; read, rounded to whole numbers",
    "number-negative": "a negative number; kept as filed",
    "other-managers-unreadable": "the other managers' column is no list of numbers",
    "value-equals-amount": "the value column repeats the amounts; the values are in doubt, the amounts are not",
    "issuer-missing": "a row without a name of issuer",
    "period-not-quarter-end": "the period of report is not a quarter's last day",
    "period-in-future": "the period of report had not ended when the report was filed",
    "period-disagrees": "header and cover page give different periods",
    "cik-disagrees": "header and cover page name different filers",
    "form-against-report": "form type and report type contradict each other",
    "amendment-unmarked": "form type and cover page disagree on whether this amends",
    "test-filing": "marked as a test, not as live",
    "combination-report": "part of the manager's holdings is in other managers' reports",
    "rows-withheld": "rows are withheld (confidential treatment); what is missing may be held all the same",
    "unit-overridden": "values are in another unit than the filing date prescribes",
    "unit-uncertain": "the unit of the values cannot be told for sure",
    "accepted-unknown": "no acceptance time; ordered by filing date",
    "second-original": "a second original for the period; the later one counts",
    "original-after-new-holdings": "NEW HOLDINGS were accepted before the report they add to; both count",
    "holdings-after-notice": "a holdings report after a notice for the same period",
    "notice-after-holdings": "a notice after a holdings report for the same period; the notice counts",
    "restated-to-empty": "a restatement that leaves no position",
    "restated-to-less": "what replaces a report lists less than half of its value",
    "new-holdings-repeats-base": "labelled NEW HOLDINGS but repeats the book; taken as a restatement",
    "new-holdings-repeats-row": "a NEW HOLDINGS row repeats a position with the same amount; added, as filed",
    "new-holdings-without-base": "NEW HOLDINGS without the report they add to",
    "amendment-without-type": "an amendment that does not say of which type; taken as a restatement",
    "amendment-ignored": "an amendment without a type that keeps less than half of the value; not counted",
    "empty-book": "a report without positions",
    "not-an-exit": "no longer in the report, which withholds rows: no exit",
    "may-be-elsewhere": "no longer in the report, which leaves some holdings to other managers' reports",
    "ticker-disputed": "fails-to-deliver files show two symbols under this CUSIP at the same time",
    "reference-unusable": "a file of the SEC's on securities, or an entry of the user's table of actions, is not used",
    "price-off-others": "value for each share is more than three times, or less than a third of, other managers'",
    "option-oversize": "options on more shares than all other managers here hold together",
    "may-be-revealed": "not in the earlier report, which withheld rows: it may have been held",
}
"""Every oddity there is, and what it means."""


def folder(cik: str, accession_number: str, host: str = EDGAR) -> str:
    """The address of a filing's folder on EDGAR; a padded CIK would be redirected."""
    return f"{host}/Archives/edgar/data/{cik.lstrip('0')}/{accession_number.replace('-', '')}/"


@dataclass(frozen=True)
class Oddity:
    """Something odd in the data: it travels with the result and is shown, and stops nothing (rule R7)."""

    code: str
    message: str
    accession_number: str | None = None
    row: int | None = None

    def __post_init__(self) -> None:
        """Refuse a code that the docs do not list."""
        if self.code not in CODES:
            raise UsageError(f"'{self.code}' is no oddity's code.", "The codes are in thirteenf.filing.CODES.")

    def as_dict(self) -> dict[str, Any]:
        """The oddity as it stands in tables and JSON."""
        return asdict(self)


@dataclass(frozen=True)
class OtherManager:
    """Another manager named on the cover or summary page; `sequence_number` is what rows refer to."""

    name: str
    sequence_number: int | None = None
    cik: str | None = None
    form13f_file_number: str | None = None
    crd_number: str | None = None
    sec_file_number: str | None = None


@dataclass(frozen=True)
class Filing:
    """What EDGAR's header, the cover page and the summary page say; names and meanings as in tables.FILINGS."""

    accession_number: str
    cik: str
    manager: str
    form_type: str
    report_type: str
    period: date
    filing_date: date
    accepted: datetime | None = None
    amendment_number: int | None = None
    amendment_type: str | None = None
    is_amendment: bool = False
    confidentiality_ended: bool = False
    date_denied_expired: date | None = None
    date_reported: date | None = None
    reason_for_non_confidentiality: str | None = None
    table_entry_total: int | None = None
    table_value_total: int | None = None
    is_confidential_omitted: bool = False
    other_included_managers_count: int | None = None
    other_managers: tuple[OtherManager, ...] = ()
    other_included_managers: tuple[OtherManager, ...] = ()
    form13f_file_number: str | None = None
    crd_number: str | None = None
    sec_file_number: str | None = None
    provide_info_for_instruction5: bool | None = None
    additional_information: str | None = None
    address: str | None = None
    signature: str | None = None
    signature_date: date | None = None
    schema_version: str | None = None
    is_test: bool = False
    source_period: date | None = None
    cover_period: date | None = None
    cover_cik: str | None = None
    table_document: str | None = None
    listed_cik: str | None = None
    listed_period: date | None = None

    @property
    def is_notice(self) -> bool:
        """Whether it says that all holdings are in other managers' reports."""
        return self.report_type == NOTICE
