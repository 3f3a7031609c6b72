"""Data sets in the SEC's own form, made up, the same bytes each time: `python -m benchmarks.data_sets FOLDER`.

A set is a zip of tab-separated tables: what was filed in a window of dates. It holds the reports of one quarter end,
and what came late for the one before. Books go on from quarter to quarter as managers of real size were seen to trade:
of the positions two in five stay as they are, the middle change of the rest is 13 %, one in ten is sold and one in ten
is new. Nothing in it is anybody's holding.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_right
from calendar import isleap, monthrange
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import polars as pl

from benchmarks.universe import _Dice, _drawn, _listed, _rare, _traded
from thirteenf.cusip import check_digit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.universe import _Market


class Shape(NamedTuple):
    """Filers with holdings, about how many rows a set, and of how many securities."""

    filers: int
    rows: int
    securities: int


WHOLE = Shape(filers=8_000, rows=3_300_000, securities=20_000)
QUICK = Shape(filers=800, rows=330_000, securities=8_000)

_VERSION = 1  # stands in each zip: a set of another version is written anew
_SEED = 2_600
_DOLLARS = date(2023, 1, 3)  # filed from this day on in dollars, before in thousands
_NESTED = 6  # month of the quarter end whose set has its tables in a folder
_ROWS_AT_ONCE = 400_000
_LEVEL = 4

_COMMON = 0.6  # of all securities; the rest are held by one to forty
_NOTES = 0.045  # of securities neither scarce nor widely held
_PASSIVE = 0.55
_SOLD = (0.17, 0.085)  # active, passive
_OPTIONS, _PUTS, _CALLS, _OPTIONS_KEPT = 0.15, 0.13, 0.15, 0.6  # filers; of their positions; of those a quarter later
_LISTS, _LARGEST, _LISTS_OF_LARGEST = 0.12, 0.004, 0.5  # filers whose rows name other managers
_MORE_ROWS = (0.45, 0.2, 0.08)  # of a position for other managers: a second, a third, a fourth
_AMENDED = 1.02  # rows of all filings to rows of books
_THOUSANDS, _IN_DOLLARS, _REPEATS = 0.005, 0.001, 0.004  # filers: in the wrong unit now, then; with the same row twice
_FIGI = 0.12
_STOP = 0.012
_SPLITS, _NEW_CUSIPS, _LAGGARDS = 0.0005, 0.001, 0.02
_NOTICES, _AMENDED_NOTICES, _COMBINED = 0.25, 0.006, 0.03  # to filers; of notices; of filers
_AGENTS = 0.6

_RESTATEMENT, _NEW_HOLDINGS = "RESTATEMENT", "NEW HOLDINGS"
_FATES: tuple[tuple[float, tuple[tuple[str, int], ...]], ...] = (
    (0.008, (("", 1),)),
    (0.020, (("", 0), (_RESTATEMENT, 0))),
    (0.007, (("", 0), (_RESTATEMENT, 1))),
    (0.008, (("", 0), (_NEW_HOLDINGS, 0))),
    (0.005, (("", 0), (_NEW_HOLDINGS, 1))),
    (0.002, (("", 0), (_NEW_HOLDINGS, 0), (_RESTATEMENT, 1))),
)
"""Of filers: what they file of a quarter end, 0 in its own set and 1 in the next; all others a report in its own."""

_TITLES = ("COM", "CL A", "SHS", "SPONSORED ADS", "COM NEW", "ORD SHS", "CL B", "UNIT LTD PARTN")
_OFTEN = (74, 8, 6, 4, 3, 2, 2, 1)
_FUNDS = (
    "CORE",
    "GROWTH",
    "VALUE",
    "DIVID",
    "SMALL CP",
    "MID CAP",
    "INTL",
    "EMRG MKT",
    "BOND",
    "TREAS",
    "500",
    "WORLD",
)
_LONG = {r"\bINC$": "INC.", r"\bCORP$": "CORPORATION", r"\bCO$": "COMPANY", r"\bHLDGS\b": "HOLDINGS", r"\bTR$": "TRUST"}
_FIRMS = ("CAPITAL MANAGEMENT", "ASSET MANAGEMENT", "ADVISORS", "WEALTH PARTNERS", "INVESTMENT GROUP", "FINANCIAL")
_FORMS = ("LLC", "LLC", "LLC", "L.P.", "INC", "INC.", "LTD", "& CO", "SOCIÉTÉ ANONYME")
_CITIES = (
    ("NEW YORK", "NY", "10019", "212"),
    ("BOSTON", "MA", "02110", "617"),
    ("CHICAGO", "IL", "60606", "312"),
    ("SAN FRANCISCO", "CA", "94111", "415"),
    ("DALLAS", "TX", "75201", "214"),
    ("ZÜRICH", "V8", "8001", "041"),
    ("LONDON", "X0", "W1J 6ER", "020"),
)
_FIGI_LETTERS = "0123456789BCDFGHJKLMNPQRSTVWXYZ"

_PUT_CALL = {1: "Put", 2: "Call"}
TABLES = {
    "SUBMISSION": "ACCESSION_NUMBER FILING_DATE SUBMISSIONTYPE CIK PERIODOFREPORT",
    "COVERPAGE": "ACCESSION_NUMBER REPORTCALENDARORQUARTER ISAMENDMENT AMENDMENTNO AMENDMENTTYPE CONFDENIEDEXPIRED "
    "DATEDENIEDEXPIRED DATEREPORTED REASONFORNONCONFIDENTIALITY FILINGMANAGER_NAME FILINGMANAGER_STREET1 "
    "FILINGMANAGER_STREET2 FILINGMANAGER_CITY FILINGMANAGER_STATEORCOUNTRY FILINGMANAGER_ZIPCODE REPORTTYPE "
    "FORM13FFILENUMBER CRDNUMBER SECFILENUMBER PROVIDEINFOFORINSTRUCTION5 ADDITIONALINFORMATION",
    "OTHERMANAGER": "ACCESSION_NUMBER OTHERMANAGER_SK CIK FORM13FFILENUMBER CRDNUMBER SECFILENUMBER NAME",
    "OTHERMANAGER2": "ACCESSION_NUMBER SEQUENCENUMBER CIK FORM13FFILENUMBER CRDNUMBER SECFILENUMBER NAME",
    "SIGNATURE": "ACCESSION_NUMBER NAME TITLE PHONE SIGNATURE CITY STATEORCOUNTRY SIGNATUREDATE",
    "SUMMARYPAGE": "ACCESSION_NUMBER OTHERINCLUDEDMANAGERSCOUNT TABLEENTRYTOTAL TABLEVALUETOTAL ISCONFIDENTIALOMITTED",
    "INFOTABLE": "ACCESSION_NUMBER INFOTABLE_SK NAMEOFISSUER TITLEOFCLASS CUSIP FIGI VALUE SSHPRNAMT SSHPRNAMTTYPE "
    "PUTCALL INVESTMENTDISCRETION OTHERMANAGER VOTING_AUTH_SOLE VOTING_AUTH_SHARED VOTING_AUTH_NONE",
}


class _Window(NamedTuple):
    """The days whose filings make a set."""

    stem: str
    first: date
    last: date


class _Manager(NamedTuple):
    """Who files; a place among the filers may pass to another."""

    cik: str
    name: str
    city: str
    state: str
    zip_code: str
    phone: str
    person: str
    file_number: str
    crd: str
    agent: str

    @property
    def other(self) -> dict[str, str]:
        return {"CIK": self.cik, "FORM13FFILENUMBER": self.file_number, "CRDNUMBER": self.crd, "NAME": self.name}


class _Filing(NamedTuple):
    """A filing, and how its rows differ from the book of its place."""

    key: int
    m: int
    manager: _Manager
    period: date
    filed: date
    form: str
    report: str
    amendment: str = ""
    number: int = 0
    later: int = 0
    unit: float = 1.0
    errs: bool = False
    """to be restated"""
    omits: bool = False
    """to be added to"""
    cover: tuple[_Manager, ...] = ()
    listed: tuple[_Manager, ...] = ()
    accession: str = ""


def write(folder: Path, shape: Shape, quarters: int, first: date = date(2020, 12, 31)) -> list[Path]:
    """A set for each quarter end, one after another; those already there are left as they are."""
    ends = [first]
    while len(ends) < quarters:
        start = ends[-1] + timedelta(days=1)
        ends.append(_month_end(start.year, start.month + 2))
    if first.month % 3 or first != _month_end(first.year, first.month):
        raise ValueError(f"not the end of a quarter: {first}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_window(end).stem}.zip" for end in ends[:quarters]]
    told = [f"thirteenf benchmark {_VERSION}: {shape}, {first}, {q}" for q in range(quarters)]
    missing = [q for q in range(quarters) if not _is_whole(paths[q], told[q])]
    if not missing:
        return paths
    world = _World(shape)
    for q in range(missing[-1] + 1):
        if q:
            world.trade(q)
        filings = world.filings(q, ends[q])
        if q in missing:
            _write(paths[q], told[q], world, filings, ends[q])
        if q + 1 in missing:
            world.keep(filings)
    return paths


def _is_whole(path: Path, told: str) -> bool:
    try:
        with ZipFile(path) as found:
            return found.comment == told.encode()
    except (OSError, BadZipFile):
        return False


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _window(end: date) -> _Window:
    """When the reports of this quarter end are filed: of a calendar quarter until 2023, then of other months."""
    first = end + timedelta(days=1)
    if first.year < 2024:
        return _Window(f"{first.year}q{first.month // 3 + 1}_form13f", first, _month_end(first.year, first.month + 2))
    if end.month == 12:
        first = first if first.year == 2024 else end.replace(day=1)
        last = date(end.year + 1, 2, 29 if isleap(end.year + 1) else 28)
    else:
        first = end.replace(day=1)
        last = _month_end(end.year, end.month + 2)
    return _Window(f"{first:%d%b%Y}-{last:%d%b%Y}_form13f".lower(), first, last)


def _deadline(end: date) -> date:
    """45 days on; the third Monday of February is a holiday."""
    found = _open(end + timedelta(days=45))
    return found + timedelta(days=1) if found.month == 2 and found.weekday() == 0 and found.day > 14 else found


def _open(day: date, step: int = 1) -> date:
    """This day, or the next (or last) one that is not of a weekend."""
    while day.weekday() > 4:
        day += timedelta(days=step)
    return day


def _stamp(day: date) -> str:
    return f"{day:%d-%b-%Y}".upper()


def _settled(rows: pl.DataFrame, *keys: str | int) -> pl.Expr:
    """Between 0 and 1, by what stands in these columns: the same in every quarter."""

    def u64(number: int) -> pl.Expr:
        return pl.lit(number, dtype=pl.UInt64)

    z = pl.select(pl.repeat(0x9E3779B9, rows.height, dtype=pl.UInt64)).to_series()
    for key in keys:
        other = pl.lit(rows[key].cast(pl.UInt64)) if isinstance(key, str) else u64(key)
        z = pl.select((pl.lit(z) ^ other) * u64(0xBF58476D1CE4E5B9)).to_series()
        z = pl.select((pl.lit(z) ^ (pl.lit(z) // u64(1 << 29))) * u64(0x94D049BB133111EB)).to_series()
        z = pl.select(pl.lit(z) ^ (pl.lit(z) // u64(1 << 32))).to_series()
    return pl.lit(pl.select(((pl.lit(z) // u64(1 << 12)).cast(pl.Float64) + 0.5) / (1 << 52)).to_series())


def _places(dice: _Dice, share: float, n: int) -> pl.Series:
    """True for this share of n places, for one at least."""
    return dice.uniform(n).rank("ordinal") <= max(1, round(share * n))


class _World:
    """Securities, managers and books as of a quarter end."""

    def __init__(self, shape: Shape) -> None:
        self._chance = Random(_SEED)
        self._market: _Market = _listed(self._chance, shape.securities)
        self._n = len(self._market.cusip)
        self._filers = shape.filers
        self._kept = pl.DataFrame()
        self._late: list[_Filing] = []
        self._born = 0
        dice = _Dice(_SEED)
        self.managers = [self._manager(m) for m in range(shape.filers + max(1, round(shape.filers * _NOTICES)))]
        self.traits = self._traits(dice)
        self.lists, self.combinations = self._listed_managers()
        weights = self._securities()
        self._draw(dice, weights, shape.rows)

    def _traits(self, dice: _Dice) -> pl.DataFrame:
        """How the filer in each place trades and writes; its successor does the same."""
        n = self._filers
        size = (dice.normal(n) * 1.55).exp()
        largest = size.rank("ordinal", descending=True) <= max(1, round(_LARGEST * n))
        some, most = _places(dice, _LISTS, n), dice.below(_LISTS_OF_LARGEST, n)
        return pl.DataFrame(
            {
                "m": pl.int_range(n, dtype=pl.UInt32, eager=True),
                "size": size,
                "passive": dice.below(_PASSIVE, n),
                "options": _places(dice, _OPTIONS, n),
                "lists": pl.select(pl.when(largest).then(most).otherwise(some)).to_series(),
                "largest": largest,
                "order": dice.uniform(n),
                "spelling": dice.uniform(n),
                "votes": dice.uniform(n),
                "discretion": dice.uniform(n),
                "figi": dice.below(_FIGI, n),
                "thousands": _places(dice, _THOUSANDS, n),
                "in_dollars": _places(dice, _IN_DOLLARS, n),
                "repeats": _places(dice, _REPEATS, n),
                "zero": dice.below(0.02, n),
            }
        )

    def _manager(self, m: int) -> _Manager:
        chance = self._chance
        self._born += 1
        cik = f"{1_000_000 + 37 * self._born:010d}"
        word = self._market.word()
        called = f'"{word}"' if chance.random() < 0.002 else word
        name = f"{called} {chance.choice(_FIRMS)} {chance.choice(_FORMS)}"
        city, state, zip_code, area = chance.choice(_CITIES)
        agent = f"{900_000 + 411 * int(200 * chance.random() ** 2):010d}" if chance.random() < _AGENTS else cik
        crd = f"{100_000 + self._born:09d}" if chance.random() < 0.5 else ""
        phone = f"{area}-555-{m % 10_000:04d}"
        person = f"{self._market.word()} {self._market.word()}".title()
        return _Manager(cik, name, city, state, zip_code, phone, person, f"028-{10_000 + self._born:05d}", crd, agent)

    def _listed_managers(self) -> tuple[dict[int, tuple[_Manager, ...]], pl.DataFrame]:
        """Whom a filer includes, and how its rows put numbers together."""
        chance, lists, rows = self._chance, {}, []
        for m in self.traits.filter("lists")["m"]:
            many = chance.choice((1, 2, 3, 4, 5, 8, 11, 14))
            lists[m] = tuple(self._manager(m) for _ in range(many))
            groups = [sorted(chance.sample(range(1, many + 1), min(many, chance.choice((2, 2, 3))))) for _ in range(5)]
            comma = ", " if chance.random() < 0.15 else ","
            texts = [str(one) for one in range(1, many + 1)] + [comma.join(map(str, group)) for group in groups]
            rows += [(m, at, text) for at, text in enumerate(dict.fromkeys(texts))]
        schema = {"m": pl.UInt32, "combination": pl.UInt32, "numbers": pl.String}
        return lists, pl.DataFrame(rows, schema=schema, orient="row")

    def _securities(self) -> pl.Series:
        """What each security is called and costs; how widely it is held."""
        chance, market, n = self._chance, self._market, self._n
        rare = set(chance.sample(range(n), round(n * (1 - _COMMON))))
        weights = pl.Series([0.0 if s in rare else chance.lognormvariate(0, 2) for s in range(n)])
        middle = weights.filter(weights > 0).quantile(0.2) or 0, weights.filter(weights > 0).quantile(0.6) or 0
        for s in chance.sample(range(n), max(2, n // 2_000)):
            first, _, rest = market.issuer[s].partition(" ")
            market.issuer[s] = f'"{first}" {rest}' if s % 2 else f'{first} "{market.word()}" {rest}'
        notes, titles, figis = [], [], []
        for s in range(n):
            note = market.family[s] is None and middle[0] < weights[s] < middle[1] and chance.random() < _NOTES
            if note:
                market.was[s] = round(chance.lognormvariate(0, 0.15), 4)
                title = (
                    f"NOTE {chance.randrange(60) / 8:.3f}% {chance.randint(1, 12)}/{chance.choice(('0', '1', '15'))}"
                )
            elif market.family[s] is not None:
                title = f"{market.word()} {chance.choice(_FUNDS)} ETF"
            else:
                title = chance.choices(_TITLES, _OFTEN)[0]
            notes.append(note)
            titles.append(title)
            figis.append("BBG00" + "".join(chance.choices(_FIGI_LETTERS, k=7)))
        issuer, title = pl.Series(market.issuer), pl.Series(titles)
        long, common = issuer, title.str.replace(r"^COM$", "COMMON STOCK")
        for short, words in _LONG.items():
            long = long.str.replace(short, words)
        self.told = pl.DataFrame(
            {
                "s": pl.int_range(n, dtype=pl.UInt32, eager=True),
                "cusip": market.cusip[:n],
                "late_cusip": market.cusip[:n],
                "price": market.was[:n],
                "note": notes,
                "figi_told": figis,
                "issuer_0": issuer,
                "issuer_1": issuer.str.to_titlecase(),
                "issuer_2": long,
                "title_0": title,
                "title_1": common.str.to_titlecase(),
                "title_2": common,
            }
        )
        self.told = self.told.with_columns(pl.struct("issuer_0", "cusip").rank("ordinal").alias("rank"))
        return weights

    def _draw(self, dice: _Dice, weights: pl.Series, rows: int) -> None:
        """The first books: drawn until their rows are as many as asked for."""
        more = 1 + sum(_MORE_ROWS)
        of_each = self.traits.select(
            "m",
            times=pl.when("lists").then(more + pl.col("largest")).otherwise(1)
            * pl.when("options").then(1 + _PUTS + _CALLS).otherwise(1)
            * _AMENDED,
        )
        rare = [s for s, weight in enumerate(weights) if not weight]
        wanted = rows / 1.2
        for _ in range(3):
            held = _drawn(dice, self.traits, weights, round(wanted))
            held = pl.concat([held, _rare(Random(_SEED), held, rare, self._filers)]).unique().sort("m", "s")
            wanted *= rows / held.join(of_each, on="m", maintain_order="left")["times"].sum()
        self.book = held.with_columns(amount=self._first_amounts(dice, held["s"]))
        self._sizes = self._counts(self.book, "m", self._filers)
        self._popular = self._counts(self.book, "s", self._n) + 0.2
        self.options = self._opened(dice, 1)

    @staticmethod
    def _counts(book: pl.DataFrame, of: str, n: int) -> pl.Series:
        every = pl.DataFrame({of: pl.int_range(n, dtype=pl.UInt32, eager=True)})
        counts = every.join(book.group_by(of).len(), on=of, how="left", maintain_order="left")
        return counts["len"].fill_null(0).cast(pl.Int64)

    def _first_amounts(self, dice: _Dice, s: pl.Series) -> pl.Series:
        """Some thousands for the most part, a quarter of them round; of notes in thousands of principal."""
        n, note = len(s), self.told["note"].gather(s)
        drawn = (dice.normal(n) * 2.1 + 8.3).exp().clip(1, 5e7).round().cast(pl.Int64)
        hundreds = (drawn // 100).clip(1, None) * 100
        even = dice.below(0.25, n)
        amount = pl.when(note).then((drawn // 10 + 1) * 1000).when(even).then(hundreds).otherwise(drawn)
        return pl.select(amount).to_series()

    def _opened(self, dice: _Dice, share: float) -> pl.DataFrame:
        """Options on what their holders hold."""
        of = self.book.filter(self.traits["options"].gather(self.book["m"]), ~self.told["note"].gather(self.book["s"]))
        parts = []
        for kind, often in ((1, _PUTS), (2, _CALLS)):
            found = of.filter(dice.below(often * share, of.height))
            hundreds = (dice.normal(found.height) * 1.5 + 3.5).exp().round().cast(pl.Int64).clip(1, None)
            parts.append(found.select("m", "s", pl.lit(kind, dtype=pl.UInt8).alias("kind"), amount=hundreds * 100))
        return pl.concat(parts)

    def trade(self, q: int) -> None:
        """A quarter more; what most hold is seldom sold."""
        chance, dice = self._chance, _Dice(_SEED + 8 * q)
        times = self._befallen()
        stopped = sorted(chance.sample(range(self._filers), max(1, round(self._filers * _STOP))))
        for m in stopped:
            self.managers[m] = self._manager(m)
        stops = pl.Series(stopped, dtype=pl.UInt32).implode()
        kept = self.book.with_columns(amount=pl.col("amount") * times.gather(self.book["s"]))
        kept = kept.filter(~pl.col("m").is_in(stops))
        passive = self.traits["passive"].gather(kept["m"])
        sold = pl.select(pl.when(passive).then(_SOLD[1]).otherwise(_SOLD[0])).to_series()
        rarely = 1 - (self._popular / self._filers).clip(0, 0.95)
        leaves = dice.uniform(kept.height) < sold * rarely.gather(kept["s"])
        kept = kept.with_columns(amount=_traded(dice, kept["amount"], passive)).filter(~leaves)
        self.book = pl.concat([kept, self._entered(dice, kept)]).sort("m", "s")

        still = self.options.with_columns(amount=pl.col("amount") * times.gather(self.options["s"]))
        still = still.filter(~pl.col("m").is_in(stops), dice.below(_OPTIONS_KEPT, still.height))
        traded = _traded(dice, still["amount"] // 100, still["amount"] < 0).clip(1, None) * 100
        opened = self._opened(dice, 1 - _OPTIONS_KEPT)
        options = pl.concat([still.with_columns(amount=traded), opened])
        self.options = options.unique(["m", "s", "kind"], keep="first", maintain_order=True)

    def _befallen(self) -> pl.Series:
        """Prices move, some shares are split in two, some securities get another number; amounts by security."""
        chance, market, n = self._chance, self._market, self._n
        cusip, price, note = self.told["cusip"].to_list(), self.told["price"].to_list(), self.told["note"]
        times, late = [1] * n, list(cusip)
        common = [s for s in range(n) if self._popular[s] > 3 and not note[s]]
        dear = [s for s in common if price[s] > 20]
        for s in chance.sample(dear, min(len(dear), max(1, round(n * _SPLITS)))):
            times[s], price[s] = 2, price[s] / 2
        for s in chance.sample(common, min(len(common), max(1, round(n * _NEW_CUSIPS)))):
            first_eight = market.prefix() + "10"
            cusip[s] = f"{first_eight}{check_digit(first_eight)}"
        drift = chance.lognormvariate(0.01, 0.05)
        for s in range(n):
            move = chance.lognormvariate(0, 0.04) if note[s] else market.move() * drift
            price[s] = round(price[s] * move, 4) if note[s] else max(0.05, round(price[s] * move, 2))
        self.told = self.told.with_columns(
            pl.Series("cusip", cusip), pl.Series("late_cusip", late), pl.Series("price", price)
        )
        return pl.Series(times, dtype=pl.Int64)

    def _entered(self, dice: _Dice, kept: pl.DataFrame) -> pl.DataFrame:
        """Positions their holders did not have: books keep their sizes, and securities their holders, more or less."""
        gone = (self._sizes - self._counts(kept, "m", self._filers)).clip(0, None)
        wanted = (gone * (dice.normal(self._filers) * 0.25).exp()).round().cast(pl.UInt32)
        of = pl.DataFrame({"m": self.traits["m"], "wanted": wanted, "large": self._sizes > self._n * 0.1})
        held = self._popular - 0.2
        lacking = pl.max_horizontal(held * 1.03 - self._counts(kept, "s", self._n), held * 0.03)
        weights = pl.select(lacking).to_series()
        drawn = []
        for large, spare in ((False, 1.8), (True, 4)):
            draws = (pl.col("wanted") * spare + pl.when(pl.col("wanted") > 0).then(2).otherwise(0)).cast(pl.UInt32)
            found = of.filter(pl.col("large") == large).select(pl.col("m").repeat_by(draws))
            found = found.explode("m", empty_as_null=False)
            drawn.append(found.with_columns(s=dice.weighted(weights, found.height)))
        found = pl.concat(drawn).unique().sort("m", "s").join(kept, on=["m", "s"], how="anti", maintain_order="left")
        place = dice.uniform(found.height).rank("ordinal")
        found = found.with_columns(place=place).filter(
            pl.col("place").rank("ordinal").over("m") <= wanted.gather(found["m"])
        )
        return found.select("m", "s", amount=self._first_amounts(dice, found["s"]))

    def filings(self, q: int, end: date) -> list[_Filing]:
        """What is filed of a quarter end, in its own set and in the next."""
        chance = Random(_SEED + q)
        places = list(range(self._filers))
        chance.shuffle(places)
        bounds = list(accumulate(max(1, round(share * self._filers)) for share, _ in _FATES))
        fates = {m: _FATES[bisect_right(bounds, at)][1] for at, m in enumerate(places[: bounds[-1]])}
        windows = _window(end), _window(_month_end((end + timedelta(days=1)).year, (end.month + 2) % 12 + 1))
        thousands, in_dollars = self.traits["thousands"].to_list(), self.traits["in_dollars"].to_list()
        found: list[_Filing] = []
        for m in range(self._filers):
            fate, filed = fates.get(m, (("", 0),)), end
            kinds = [kind for kind, _ in fate]
            combined = chance.random() < _COMBINED
            cover = (self.managers[chance.randrange(self._filers)],) if combined else ()
            for number, (kind, later) in enumerate(fate):
                filed = self._day(chance, end, windows[later], filed if number else None, later=bool(later))
                wrong = thousands[m] if filed >= _DOLLARS else in_dollars[m]
                in_thousands = (filed < _DOLLARS) != (wrong and chance.random() < 0.9)
                found.append(
                    _Filing(
                        key=q * 1_000_000 + len(found),
                        m=m,
                        manager=self.managers[m],
                        period=end,
                        filed=filed,
                        form="13F-HR/A" if kind else "13F-HR",
                        report="13F COMBINATION REPORT" if combined else "13F HOLDINGS REPORT",
                        amendment=kind,
                        number=number,
                        later=later,
                        unit=0.001 if in_thousands else 1.0,
                        errs=not kind and _RESTATEMENT in kinds,
                        omits=not kind and _NEW_HOLDINGS in kinds,
                        cover=cover,
                        listed=self.lists.get(m, ()),
                    )
                )
        for m in range(self._filers, len(self.managers)):
            filed = self._day(chance, end, windows[0], None)
            cover = tuple(self.managers[chance.randrange(self._filers)] for _ in range(chance.choice((1, 1, 1, 2))))
            notice = _Filing(q * 1_000_000 + len(found), m, self.managers[m], end, filed, "13F-NT", "13F NOTICE")
            found.append(notice._replace(cover=cover))
            if chance.random() < _AMENDED_NOTICES:
                filed = self._day(chance, end, windows[0], filed)
                kind = {"form": "13F-NT/A", "amendment": _RESTATEMENT, "number": 1}
                found.append(notice._replace(key=q * 1_000_000 + len(found), filed=filed, cover=cover, **kind))
        return found

    @staticmethod
    def _day(chance: Random, end: date, window: _Window, after: date | None, *, later: bool = False) -> date:
        """A third on the last day, most of the others in the weeks before."""
        if later:
            return _open(window.first + timedelta(days=chance.randint(2, 50)))
        if after is not None:
            return _open(min(after + timedelta(days=chance.randint(1, 35)), window.last), -1)
        deadline, u = _deadline(end), chance.random()
        if u < 0.01:
            return _open(min(deadline + timedelta(days=chance.randint(1, 9)), window.last), -1)
        back = 0 if u < 0.35 else min(40, int(chance.expovariate(1 / 9)))
        return _open(deadline - timedelta(days=back), -1)

    def due(self, filings: list[_Filing], q_base: int) -> list[_Filing]:
        """The filings of a set, each with its number, in their order; `q_base` keeps numbers of sets apart."""
        found = [filing for filing in filings if not filing.later] + self._late
        counts: dict[str, int] = {}
        numbered = []
        for filing in sorted(found, key=lambda f: (f.filed, f.key)):
            agent = filing.manager.agent
            counts[agent] = counts.get(agent, 0) + 1
            base = q_base % 8 * (10 if agent == filing.manager.cik else 100_000)
            accession = f"{agent}-{filing.filed:%y}-{base + counts[agent]:06d}"
            numbered.append(filing._replace(accession=accession))
        return sorted(numbered, key=lambda f: f.accession)

    def keep(self, filings: list[_Filing]) -> None:
        """What is due in the next set: its rows are those of now."""
        self._late = [filing for filing in filings if filing.later]
        parts = list(self._pieces(self._late))
        self._kept = pl.concat(parts) if parts else pl.DataFrame()

    def rows(self, due: list[_Filing], end: date) -> Iterator[pl.DataFrame]:
        """Rows of filings, some filings at a time: those kept from before, then those of now."""
        if self._kept.height:
            yield self._kept
        yield from self._pieces([f for f in due if f.period == end and f.m < self._filers])

    def _pieces(self, filings: list[_Filing]) -> Iterator[pl.DataFrame]:
        whole = pl.concat([self.book.with_columns(kind=pl.lit(0, dtype=pl.UInt8)), self.options], how="diagonal")
        counts = self._counts(whole, "m", self._filers).to_list()
        start = size = 0
        for at, filing in enumerate(filings):
            size += counts[filing.m]
            if size > _ROWS_AT_ONCE or at == len(filings) - 1:
                yield self._rendered(filings[start : at + 1], whole)
                start, size = at + 1, 0

    def _rendered(self, filings: list[_Filing], whole: pl.DataFrame) -> pl.DataFrame:
        """Rows as their filers wrote them."""
        of = pl.DataFrame(
            {
                "f": range(len(filings)),
                "key": [f.key for f in filings],
                "m": [f.m for f in filings],
                "unit": [f.unit for f in filings],
                "errs": [f.errs for f in filings],
                "omits": [f.omits for f in filings],
                "adds": [f.amendment == _NEW_HOLDINGS for f in filings],
                "with_figi": [f.filed >= _DOLLARS for f in filings],
                "period": [f.period.toordinal() for f in filings],
            },
            schema_overrides={"m": pl.UInt32, "f": pl.UInt32},
        ).join(self.traits.select("m", "lists", "largest", "order", "repeats", "zero"), on="m", maintain_order="left")
        rows = whole.join(of, on="m").join(self.told.select("s", "price", "rank"), on="s")
        withheld = (_settled(rows, "m", "s", "period") < 0.05) | (pl.col("s") == pl.col("s").min().over("f"))
        rows = rows.with_columns(withheld=withheld).filter(
            ~(pl.col("omits") & pl.col("withheld")), ~pl.col("adds") | pl.col("withheld")
        )
        wrong = pl.col("errs") & (_settled(rows, "m", "s", "period", 1) < 0.05)
        rows = rows.with_columns(amount=pl.when(wrong).then(pl.col("amount") * 11 // 10 + 1).otherwise("amount"))
        rows = self._divided(rows)
        value = (pl.col("amount") * pl.col("price") * pl.col("unit")).round().cast(pl.Int64)
        rows = rows.with_columns(value=value).with_columns(
            by=pl.when(pl.col("order") < 0.55)
            .then(pl.col("rank").cast(pl.Float64))
            .when(pl.col("order") < 0.75)
            .then(_settled(rows, "m", "s"))
            .otherwise(-pl.col("value").cast(pl.Float64))
        )
        twice = rows.filter("repeats", _settled(rows, "m", "s", 2) < 0.03)
        rows = pl.concat([rows, twice]).sort("f", "by", "s", "kind", "part")
        rows = rows.select("key", "m", "s", "kind", "amount", "value", "numbers", "with_figi")
        styles = self.traits.select("m", "spelling", "votes", "discretion", "figi")
        rows = rows.join(styles, on="m", maintain_order="left").join(self.told, on="s", maintain_order="left")
        return rows.select("key", *self._columns(rows))

    def _divided(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A row for each group of other managers where a filer lists them."""
        alone = rows.filter(~pl.col("lists")).with_columns(
            part=pl.lit(0, dtype=pl.Int64), numbers=pl.when("zero").then(pl.lit("0"))
        )
        groups = self.combinations.group_by("m").len("groups")
        several = rows.filter("lists").with_row_index("at").join(groups, on="m", how="left", maintain_order="left")
        several = several.with_columns(h=_settled(several, "m", "s", 3), turn=_settled(several, "m", "s", 4))
        more = pl.sum_horizontal((pl.col("h") < share).cast(pl.Int64) for share in _MORE_ROWS)
        parts = 1 + pl.col("largest").cast(pl.Int64) + more
        several = several.with_columns(part=pl.int_ranges(0, parts)).explode("part")
        several = several.with_columns(share=0.15 + _settled(several, "m", "s", "part"))
        share = pl.col("amount") * pl.col("share") / pl.col("share").sum().over("at")
        turn = (pl.col("turn") * pl.col("groups")).cast(pl.Int64) + pl.col("part")
        several = several.with_columns(
            share=share.floor().cast(pl.Int64), combination=(turn % pl.col("groups")).cast(pl.UInt32)
        )
        rest = pl.col("amount") - pl.col("share").sum().over("at")
        several = several.with_columns(
            amount=pl.when(pl.col("part") == 0).then(rest + pl.col("share")).otherwise("share")
        )
        several = several.join(self.combinations, on=["m", "combination"], how="left", maintain_order="left")
        return pl.concat([alone, several.filter(pl.col("amount") > 0).select(alone.columns)])

    @staticmethod
    def _columns(rows: pl.DataFrame) -> Iterator[pl.Expr]:
        """What stands in the columns of a row."""
        issuer, title = (
            pl.when(pl.col("spelling") < 0.84)
            .then(f"{name}_0")
            .when(pl.col("spelling") < 0.92)
            .then(f"{name}_1")
            .otherwise(f"{name}_2")
            for name in ("issuer", "title")
        )
        yield issuer.alias("NAMEOFISSUER")
        yield title.alias("TITLEOFCLASS")
        late = _settled(rows, "m", "s", 5) < _LAGGARDS
        yield pl.when(late).then("late_cusip").otherwise("cusip").alias("CUSIP")
        yield pl.when(pl.col("figi") & pl.col("with_figi")).then("figi_told").alias("FIGI")
        yield pl.col("value").alias("VALUE")
        yield pl.col("amount").alias("SSHPRNAMT")
        yield pl.when("note").then(pl.lit("PRN")).otherwise(pl.lit("SH")).alias("SSHPRNAMTTYPE")
        yield pl.col("kind").replace_strict(_PUT_CALL, default=None, return_dtype=pl.String).alias("PUTCALL")
        named, u = pl.col("numbers").is_not_null() & (pl.col("numbers") != "0"), pl.col("discretion")
        shared = pl.when(named | (u > 0.8)).then(pl.lit("DFND"))
        yield shared.when(u > 0.76).then(pl.lit("OTR")).otherwise(pl.lit("SOLE")).alias("INVESTMENTDISCRETION")
        yield pl.col("numbers").alias("OTHERMANAGER")

        votes, h, amount = pl.col("votes"), _settled(rows, "m", "s", 6), pl.col("amount")
        part = (amount * _settled(rows, "m", "s", "kind", 7)).floor().cast(pl.Int64)
        none = pl.when(votes < 0.7).then(0).when((votes < 0.85) & (h < 0.3)).then(amount).when(votes < 0.85).then(0)
        none = none.when(votes < 0.93).then(part).when(votes < 0.96).then(0).otherwise(amount)
        jointly = pl.when(votes.is_between(0.93, 0.96, closed="left")).then(amount).otherwise(0)
        yield (amount - none - jointly).alias("VOTING_AUTH_SOLE")
        yield jointly.alias("VOTING_AUTH_SHARED")
        yield none.alias("VOTING_AUTH_NONE")


def _write(path: Path, told: str, world: _World, filings: list[_Filing], end: date) -> None:
    """A set under its name once it is whole."""
    q_base = end.year * 4 + end.month // 3
    due = world.due(filings, q_base)
    accession = pl.DataFrame({"key": [f.key for f in due], "ACCESSION_NUMBER": [f.accession for f in due]})
    inside = f"{path.stem.split('_')[0].upper()}_form13f/" if end.month == _NESTED else ""
    part = path.with_suffix(".part")
    with ZipFile(part, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as made:
        made.comment = told.encode()
        for table, rows in _covers(due, q_base).items():
            columns = TABLES[table].split()
            frame = pl.DataFrame([[row.get(c) for c in columns] for row in rows], _texts(columns), orient="row")
            with made.open(f"{inside}{table}.tsv", "w") as member:
                frame.write_csv(member, separator="\t", quote_style="never")
        sums, written = [], 0
        with made.open(f"{inside}INFOTABLE.tsv", "w") as member, ThreadPoolExecutor(1) as beside:
            done: Future[int] | None = None
            for rows in world.rows(due, end):
                sums.append(rows.group_by("key").agg(pl.len(), pl.col("VALUE").sum()))
                keyed = rows.join(accession, on="key", maintain_order="left")
                start = 100_000_000 + q_base % 200 * 4_000_000 + written
                keys = pl.int_range(start, start + rows.height, eager=True)
                named = keyed.with_columns(INFOTABLE_SK=keys).select(TABLES["INFOTABLE"].split())
                text = BytesIO()
                named.write_csv(text, separator="\t", quote_style="never", include_header=not written)
                written += rows.height
                if done is not None:
                    done.result()
                done = beside.submit(member.write, text.getbuffer())
            if done is not None:
                done.result()
        totals = {key: (many, value) for key, many, value in pl.concat(sums).iter_rows()}
        columns = TABLES["SUMMARYPAGE"].split()
        frame = pl.DataFrame(_summaries(due, totals), _texts(columns), orient="row")
        with made.open(f"{inside}SUMMARYPAGE.tsv", "w") as member:
            frame.write_csv(member, separator="\t", quote_style="never")
        with made.open(f"{inside}FORM13F_readme.htm", "w") as member:
            member.write(b"<html><body>Made up, for measurements.</body></html>\n")
    part.replace(path)


def _texts(columns: list[str]) -> dict[str, type[pl.String]]:
    return dict.fromkeys(columns, pl.String)


def _summaries(due: list[_Filing], totals: dict[int, tuple[int, int]]) -> list[tuple[str, ...]]:
    found = []
    for filing in due:
        if filing.form.startswith("13F-HR"):
            many, value = totals.get(filing.key, (0, 0))
            hidden = "Y" if filing.omits and filing.key % 2 else "N" if filing.filed >= _DOLLARS else ""
            found.append((filing.accession, str(len(filing.listed)), str(many), str(value), hidden or None))
    return found


def _covers(due: list[_Filing], q_base: int) -> dict[str, list[dict[str, str | None]]]:
    """Rows of all tables that do not depend on those of the information table."""
    found: dict[str, list[dict[str, str | None]]] = {
        table: [] for table in ("SUBMISSION", "COVERPAGE", "OTHERMANAGER", "OTHERMANAGER2", "SIGNATURE")
    }
    others = 1_000_000 + q_base % 200 * 50_000
    for f in due:
        number, filed, period, manager = {"ACCESSION_NUMBER": f.accession}, _stamp(f.filed), _stamp(f.period), f.manager
        found["SUBMISSION"].append(
            number | {"FILING_DATE": filed, "SUBMISSIONTYPE": f.form, "CIK": manager.cik, "PERIODOFREPORT": period}
        )
        cover = {
            "REPORTCALENDARORQUARTER": period,
            "ISAMENDMENT": "Y" if f.number else "N" if f.m % 4 else None,
            "FILINGMANAGER_NAME": manager.name,
            "FILINGMANAGER_STREET1": f"{1 + f.m % 900} MAIN STREET",
            "FILINGMANAGER_STREET2": f"SUITE {f.m % 70}00" if f.m % 3 == 0 else None,
            "FILINGMANAGER_CITY": manager.city,
            "FILINGMANAGER_STATEORCOUNTRY": manager.state,
            "FILINGMANAGER_ZIPCODE": manager.zip_code,
            "REPORTTYPE": f.report,
            "FORM13FFILENUMBER": manager.file_number,
            "CRDNUMBER": manager.crd,
            "PROVIDEINFOFORINSTRUCTION5": "N",
        }
        if f.number:
            cover |= {"AMENDMENTNO": str(f.number), "AMENDMENTTYPE": f.amendment}
            if f.amendment == _NEW_HOLDINGS and f.key % 2:
                reason = "Confidential Treatment Expired"
                cover |= {"CONFDENIEDEXPIRED": "Y", "DATEDENIEDEXPIRED": filed, "REASONFORNONCONFIDENTIALITY": reason}
                cover |= {"DATEREPORTED": _stamp(_deadline(f.period))}
            elif f.form.startswith("13F-HR"):
                cover |= {"CONFDENIEDEXPIRED": "N", "ADDITIONALINFORMATION": 'Files its "table" again.'}
        found["COVERPAGE"].append(number | cover)
        for other in f.cover:
            others += 1
            found["OTHERMANAGER"].append(number | {"OTHERMANAGER_SK": str(others)} | other.other)
        for at, other in enumerate(f.listed, 1):
            found["OTHERMANAGER2"].append(number | {"SEQUENCENUMBER": str(at)} | other.other)
        signed = {"NAME": manager.person, "TITLE": "Chief Compliance Officer", "PHONE": manager.phone}
        signed |= {"SIGNATURE": f"/s/ {manager.person}", "CITY": manager.city, "STATEORCOUNTRY": manager.state}
        found["SIGNATURE"].append(number | signed | {"SIGNATUREDATE": filed})
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--quick", action="store_true", help="a tenth of the filers")
    options.add_argument("--quarters", type=int, default=4)
    asked = options.parse_args()
    started = time.perf_counter()
    for path in write(asked.folder, QUICK if asked.quick else WHOLE, asked.quarters):
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
