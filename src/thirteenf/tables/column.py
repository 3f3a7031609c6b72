"""What a table is: its columns, their types and meaning, its key; and the columns that many tables share.

Types are words (`str`, `int`, `float`, `bool`, `date`, `datetime`, `list[str]`, `list[int]`, `oddities`, `managers`,
`causes`); `schema` turns them into polars types, so that this page costs nothing to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thirteenf.errors import UsageError
from thirteenf.vocabulary import CERTAINTIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

POSITION_KEY = ("cusip", "put_call", "amount_type")
"""What makes two rows the same position (rule R2). None of the three is ever null: a blank put/call is ''."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its type as a word, what it means, whether it may be null; the words it holds, if few."""

    name: str
    type: str
    meaning: str
    nullable: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its name, what a row is, what identifies a row, its columns in order."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)

    def refuse_others(self, names: Iterable[str]) -> None:
        """Say which of some columns the table has not.

        Raises:
            UsageError: for the first.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise UsageError(f"No column '{unknown[0]}' in {self.name}.", f"There are: {', '.join(self.names)}.")

    def schema(self, names: Iterable[str] | None = None) -> pl.Schema:
        """The polars schema of all columns, or of those named."""
        import polars as pl  # noqa: PLC0415 - so that --help need not load it

        text, whole, flag = pl.String(), pl.Int64(), pl.Boolean()
        oddity = pl.Struct({"code": text, "message": text, "accession_number": text, "row": whole})
        manager = pl.Struct(
            {"sequence_number": whole, "cik": text, "form13f_file_number": text, "crd_number": text,
             "sec_file_number": text, "name": text}
        )  # fmt: skip
        evidence = pl.Struct({"kind": text, "detail": text, "accession_number": text, "rows": pl.List(whole)})
        cause = pl.Struct({"cause": text, "confidence": text, "evidence": pl.List(evidence)})
        types: dict[str, pl.DataType] = {
            "str": text, "int": whole, "float": pl.Float64(), "bool": flag, "date": pl.Date(),
            "datetime": pl.Datetime("us", "America/New_York"), "list[str]": pl.List(text), "list[int]": pl.List(whole),
            "oddities": pl.List(oddity), "managers": pl.List(manager), "causes": pl.List(cause),
        }  # fmt: skip
        return pl.Schema({name: types[self.column(name).type] for name in (names or self.names)})


ACCESSION_COLUMN = Column("accession_number", "str", "EDGAR's number of the filing, with dashes")
CIK_COLUMN = Column("cik", "str", "the manager's Central Index Key, ten digits")
MANAGER_COLUMN = Column("manager", "str", "the filing manager's name as on the newest cover page")
PERIOD_COLUMN = Column("period", "date", "period of report: the quarter's last day")
ODDITIES_COLUMN = Column("oddities", "oddities", "what is odd about the data behind this row")
POSITION_COLUMNS = (
    Column("issuer", "str", "name of issuer as filed"),
    Column("title_of_class", "str", "title of class as filed"),
    Column("cusip", "str", "CUSIP, capitals, lost zeros restored"),
)
TICKER_COLUMN = Column("ticker", "str", "symbol of the security, for reading only; never a key", nullable=True)
PUT_CALL_COLUMN = Column("put_call", "str", "Put, Call, or blank for the security itself (null in JSON)", nullable=True)
AMOUNT_TYPE_COLUMN = Column("amount_type", "str", "SH for shares, PRN for principal amount")
TICKER_FROM_COLUMNS = (
    Column("ticker_source", "str", "where the symbol is from", nullable=True),
    Column("ticker_asof", "str", "the day or month that the symbol is known for", nullable=True),
    Column(
        "ticker_certainty",
        "str",
        "confirmed, likely or possible (docs/method.md)",
        nullable=True,
        words=tuple(CERTAINTIES),
    ),
)


def is_option() -> pl.Expr:
    """Rows of options, which are never added to, netted with or weighed against anything else (rule R3)."""
    import polars as pl  # noqa: PLC0415 - so that --help need not load it

    return pl.col("put_call") != ""


def is_stock() -> pl.Expr:
    """Rows of shares that are no options; what is neither these nor options is principal."""
    import polars as pl  # noqa: PLC0415 - so that --help need not load it

    return (pl.col("put_call") == "") & (pl.col("amount_type") == "SH")
