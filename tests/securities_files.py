"""The SEC's files on securities, small and written by hand, and frames of what they say."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import polars as pl

from thirteenf.tables import SECURITIES

FAILS_HEADER = "SETTLEMENT DATE|CUSIP|SYMBOL|QUANTITY (FAILS)|DESCRIPTION|PRICE"

APPLE, BRK_A, BRK_B = "037833100", "084670108", "084670702"
GOOGL, GOOG, META, NVDA = "02079K305", "02079K107", "30303M102", "67066G104"
OLD_SPCX, NEW_SPCX = "19423L672", "84615Q103"
"""An exchange-traded fund that gave up its symbol, and the company that took it."""


def fail(cusip=APPLE, symbol="AAPL", day="20221201", *, quantity=100, issuer="APPLE INC", price="150.00"):
    """One line of a fails-to-deliver file."""
    return f"{day}|{cusip}|{symbol}|{quantity}|{issuer}|{price}"


def fails_text(*lines, count=None, header=FAILS_HEADER, newline="\n", trailer=True):
    """The text of a fails-to-deliver file, in the SEC's bytes.

    Args:
        lines: as `fail` makes them; characters stand for bytes, as in Latin-1.
        count: what the trailer counts; by default as many as there are.
        header: the first line.
        newline: what ends a line.
        trailer: whether the two last lines are there.
    """
    ends = [f"Trailer record count {len(lines) if count is None else count}", "Trailer total quantity of shares 1234"]
    return "".join(f"{line}{newline}" for line in (header, *lines, *(ends if trailer else ()))).encode("latin-1")


def packed(**members):
    """A zip of members, by name; two underscores stand for the point in one."""
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members.items():
                file.writestr(name.replace("__", "."), content)
        return into.getvalue()


def listed(cusip, issuer="APPLE INC", title="COM", status="", *, options=False):
    """One line of an Official List: 80 columns."""
    mark = "*" if options else " "
    return f"{cusip:9}{mark}{issuer[:30]:30}{title[:27]:27}{status:3}".ljust(80)


def list_text(*lines, newline="\r\n"):
    """The text of an Official List."""
    return "".join(f"{line}{newline}" for line in lines).encode("latin-1")


def known(*rows):
    """Frames of tables.SECURITIES, from (cusip, ticker, first, last[, source[, issuer]])."""
    told = []
    for cusip, ticker, first, last, *more in rows:
        source, issuer = (*more, *("fails-to-deliver", f"ISSUER {cusip}")[len(more) :])
        asof = str(last) if last else None
        told.append((cusip, ticker, issuer, "", first, last, source if ticker else None, asof, None))
    return pl.DataFrame(told, schema=SECURITIES.schema(), orient="row")


def days(first, last=None):
    """Dates out of ISO ones, as `known` wants them."""
    return date.fromisoformat(first), date.fromisoformat(last or first)
