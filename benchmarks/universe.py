"""Two quarter ends of every filer, made up, with corporate actions whose truth is known and what looks like some.

A book is drawn by how widely a security is held, and traded as managers of real size were seen to trade: of active
managers' positions 8 % stay as they are, the middle change of the rest is 13 %, one in ten is sold and one in ten is
new. What befalls a security befalls all who hold it, before they trade, so that only some show its exact ratio.
Nothing in it is anybody's holding; the same arguments give the same rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import exp, log
from random import Random
from typing import NamedTuple

import polars as pl

from thirteenf.cusip import check_digit

QUICK = {"filers": 800, "listed": 8_000, "rows": 330_000}
WHOLE = {"filers": 8_000, "listed": 20_000, "rows": 3_300_000}

_LEADING = """
FIRST FIRST FIRST FIRST AMERICAN AMERICAN AMERICAN GLOBAL GLOBAL GLOBAL NATIONAL NATIONAL UNITED UNITED GENERAL NEW
NORTHERN WESTERN SOUTHERN EASTERN PACIFIC ATLANTIC CITY COMMUNITY ADVANCED APPLIED BLUE GREAT LIBERTY SUMMIT SILVER
""".split()  # noqa: SIM905 - read more easily than a hundred quotes
_SYLLABLES = """
AL AN AR BEL BRI CAL CEN COR DAR DEL DOR EN ES FAL FEN GAL GRA HAL HEL IN IS JOR KAL KEN LAN LEX LOR MAR MEN MI NO NOR
OR PAL PEN PRO QUA RA REN RO SAL SEN SOL TAL TEN TOR TRI UL VAL VEN VER VI WAL WEN XEN YOR ZAL ZEN
""".split()  # noqa: SIM905 - read more easily than a hundred quotes
_MIDDLE = """
BANCORP BANKSHARES BIOSCIENCES BRANDS CAPITAL CHEMICAL DATA ELECTRIC ENERGY FINANCIAL FOODS GOLD HEALTHCARE HOLDINGS
INDUSTRIES INSURANCE LOGISTICS MEDICAL MOTORS NETWORKS OIL PHARMACEUTICALS PROPERTIES RESOURCES SOFTWARE STEEL SYSTEMS
TECHNOLOGIES THERAPEUTICS WATER
""".split()  # noqa: SIM905 - read more easily than a hundred quotes
_LAST = ("INC", "INC", "INC", "CORP", "CORP", "CO", "LTD", "PLC", "GROUP INC", "HLDGS INC", "N V", "L P", "")
_FUNDS = ("TR", "ETF TR", "INC", "TR II", "FDS TR", "EXCHANGE TRADED FD TR")
_DIGITS, _ALL = "0123456789", "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_FAMILIES, _IN_FAMILIES = 12, 0.17  # of all securities
_RARE = 0.4  # of all securities: held by one to forty
_HOLDERS = (35, 20, 12, 8, 15, 10)  # one, two, three, four, more, many more
_PASSIVE = 0.4
_ODD_PRICES, _WRONG_UNIT, _ONE_SIDED, _DOUBLE_ALL = 0.01, 0.005, 0.03, 0.0005  # of all managers
_LAGGARDS = 0.02  # of those who hold what changes its CUSIP: they file what became of it under the old one
_FORWARD = ((1, 2), (1, 2), (1, 2), (1, 3), (1, 3), (1, 4), (1, 5), (1, 10), (1, 20), (1, 50), (2, 3), (2, 3))
_REVERSE = (5, 8, 10, 10, 15, 20, 25, 30, 40, 50, 75, 100)
_TIMES = ((2, 1), (2, 1), (2, 1), (3, 1), (4, 1), (5, 1), (10, 1), (1, 2), (1, 10))
_FALLS = (1 / 2, 1 / 2, 1 / 2, 1 / 3, 1 / 4, 1 / 10, 1 / 10, 2, 10)
_BANDS = 3 * ("many", "many", "many", "scarce", "many", "few") + ("scarce", "scarce")  # of holders, in turn
_COUNTS = {
    "split": 120,
    "reverse_split": 120,
    "reverse_split, same CUSIP": 20,
    "cusip_change": 150,
    "cusip_change, new name": 20,
    "merger": 30,
    "spin_off": 20,
}


class Universe(NamedTuple):
    """Both quarters as `cast` takes them, what is true of them, and what only looks so, by the number it befell."""

    before: pl.DataFrame
    after: pl.DataFrame
    truth: pl.DataFrame
    """kind, planted (the finer kind), cusip_before, cusip, shares_before, shares; is_late where it is true only of
    those who still file the old number: not asked for, and not false"""
    traps: pl.DataFrame
    """trap, cusip_before"""
    counts: dict[str, int]


class _Action(NamedTuple):
    planted: str
    old: int
    new: int
    before: int
    after: int

    @property
    def kind(self) -> str:
        return self.planted.split(",")[0]


class _Plant(NamedTuple):
    """A position that is told what to become, and what its holder buys instead."""

    trap: str
    m: int
    s: int
    amount: int
    later: int
    bought: int | None = None


class _Dice:
    """Columns of random numbers, by splitmix64: the same with any version of any library."""

    def __init__(self, seed: int) -> None:
        self._at = seed << 40

    def uniform(self, n: int) -> pl.Series:
        """Between 0 and 1, neither of them."""

        def u64(number: int) -> pl.Expr:
            return pl.lit(number, dtype=pl.UInt64)

        z = pl.int_range(self._at, self._at + n, dtype=pl.UInt64) * u64(0x9E3779B97F4A7C15)
        self._at += n
        for by, times in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            z = (z ^ (z // u64(1 << by))) * u64(times)
        return pl.select(((z // u64(1 << 12)).cast(pl.Float64) + 0.5) / (1 << 52)).to_series()

    def normal(self, n: int) -> pl.Series:
        radius, angle = (-2 * self.uniform(n).log()).sqrt(), 6.283185307179586 * self.uniform(n)
        return radius * angle.cos()

    def below(self, share: float, n: int) -> pl.Series:
        return self.uniform(n) < share

    def weighted(self, weights: pl.Series, n: int) -> pl.Series:
        """Places, each as often as its weight has it."""
        total = weights.cum_sum()
        return total.search_sorted(self.uniform(n) * total[-1]).clip(0, len(weights) - 1).cast(pl.UInt32)


class _Market:
    """Securities: number, issuer, family of funds (or None), and prices at both ends."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._prefixes: set[str] = set()
        self._cusips: set[str] = set()
        self.cusip: list[str] = []
        self.issuer: list[str] = []
        self.family: list[int | None] = []
        self.was: list[float] = []
        self.now: list[float] = []

    def add(self, issuer: str, prefix: str, price: float | None = None, family: int | None = None) -> int:
        """A security more; its place."""
        chance = self._chance
        while True:
            issue = "".join(chance.choices(_DIGITS if family is None else _ALL, k=2))
            issue = issue if family is not None or chance.random() < 0.2 else chance.choice(("10", "20", "30", "40"))
            cusip = f"{prefix}{issue}{check_digit(prefix + issue)}"
            if cusip not in self._cusips:
                break
        self._cusips.add(cusip)
        self.cusip.append(cusip)
        self.issuer.append(issuer)
        self.family.append(family)
        price = max(0.05, round(chance.lognormvariate(3.4, 1.1), 2)) if price is None else price
        self.was.append(price)
        self.now.append(price * self.move())
        return len(self.cusip) - 1

    def move(self) -> float:
        """A quarter of a price; one in a hundred has had one to remember."""
        chance = self._chance
        if chance.random() < 0.01:
            return chance.uniform(0.1, 0.5) if chance.random() < 0.6 else chance.uniform(2, 4)
        return chance.lognormvariate(0, 0.18)

    def prefix(self) -> str:
        chance = self._chance
        while True:
            found = "".join(chance.choices(_DIGITS, k=3) + chance.choices(_ALL, k=3))
            if found not in self._prefixes:
                self._prefixes.add(found)
                return found

    def prefix_of(self, s: int) -> str:
        return self.cusip[s][:6]

    def name(self, leading: str | None = None) -> str:
        chance = self._chance
        if leading is None:
            leading = chance.choice(_LEADING) if chance.random() < 0.35 else self.word()
        return f"{leading} {chance.choice(_MIDDLE)} {chance.choice(_LAST)}".strip()

    def word(self) -> str:
        return "".join(self._chance.sample(_SYLLABLES, self._chance.choice((2, 3, 3))))

    def frame(self) -> pl.DataFrame:
        names = pl.Series(self.issuer)
        return pl.DataFrame(
            {
                "s": pl.int_range(len(self.cusip), dtype=pl.UInt32, eager=True),
                "cusip": self.cusip,
                "issuer": names,
                "title": names.str.to_titlecase(),
                "long": names + " COM",
                "was": self.was,
                "now": self.now,
            }
        )


def universe(*, filers: int, listed: int, rows: int, seed: int = 13) -> Universe:
    """About so many rows a quarter."""
    chance, dice = Random(seed), _Dice(seed)
    market = _listed(chance, listed)
    managers = _managers(dice, filers)
    rare = set(chance.sample(range(listed), round(listed * _RARE)))
    weights = pl.Series([0.0 if s in rare else chance.lognormvariate(0, 1.8) for s in range(listed)])
    held = _drawn(dice, managers, weights, rows)
    held = pl.concat([held, _rare(chance, held, sorted(rare), filers)]).unique().sort("m", "s")
    held = held.with_columns(_amounts(dice, held.height).alias("amount"))

    plan = _Plan(chance, market, held, managers)
    actions = plan.actions()
    plants = plan.traps(actions)
    held = _planted(held, plants)
    bought = _bought(dice, chance, managers, weights, held, plan)
    after = _after(dice, managers, held, bought, actions, plants, plan)
    held = held.join(managers.filter("files_before").select("m"), on="m", how="semi", maintain_order="left")
    after = after.join(managers.filter("files_after").select("m"), on="m", how="semi", maintain_order="left")

    told = market.frame()
    truth = [
        {
            "kind": action.kind,
            "planted": action.planted,
            "cusip_before": market.cusip[action.old],
            "cusip": market.cusip[new],
            "shares_before": action.before,
            "shares": action.after,
            "is_late": new != action.new,
        }
        for action in actions
        for new in ((action.new, action.old) if action.planted == "reverse_split" else (action.new,))
    ]
    traps = [{"trap": trap, "cusip_before": market.cusip[s]} for trap, s in plan.trapped]
    counts = Counter(a.planted for a in actions) + Counter(trap for trap, _ in plan.trapped)
    return Universe(
        _filed(dice, held, managers, told, "was", "unit_before"),
        _filed(dice, after, managers, told, "now", "unit_after"),
        pl.DataFrame(truth),
        pl.DataFrame(traps).unique(maintain_order=True),
        dict(counts) | {"appeared, held by few": len(plan.newcomers), "offered first": len(plan.offered)},
    )


def _listed(chance: Random, listed: int) -> _Market:
    """Issuers of one to four securities each, and families of funds."""
    market = _Market(chance)
    for family in range(_FAMILIES):
        brand = market.word()
        trusts = [(f"{brand} {name}", market.prefix()) for name in chance.sample(_FUNDS, chance.choice((2, 3, 4)))]
        shares = [chance.random() + 0.2 for _ in trusts]
        for _ in range(round(listed * _IN_FAMILIES / _FAMILIES * chance.uniform(0.5, 1.5))):
            market.add(*chance.choices(trusts, shares)[0], family=family)
    while len(market.cusip) < listed:
        issuer, prefix = market.name(), market.prefix()
        for _ in range(chance.choices((1, 2, 3, 4), (88, 8, 3, 1))[0]):
            market.add(issuer, prefix)
    return market


def _managers(dice: _Dice, filers: int) -> pl.DataFrame:
    """Who files, how much, and how carefully."""
    n = filers
    one_sided, wrong, when = dice.uniform(n), dice.below(_WRONG_UNIT, n), dice.uniform(n)
    factor = pl.select(pl.when(dice.below(0.6, n)).then(1000.0).otherwise(0.001)).to_series()
    return pl.DataFrame({"m": pl.int_range(n, dtype=pl.UInt32, eager=True)}).with_columns(
        size=(dice.normal(n) * 1.55).exp(),
        passive=dice.below(_PASSIVE, n),
        odd=dice.below(_ODD_PRICES, n),
        doubling=dice.below(_DOUBLE_ALL, n),
        style=dice.uniform(n),
        files_before=one_sided > _ONE_SIDED,
        files_after=one_sided < 1 - _ONE_SIDED,
        unit_before=pl.when(wrong & (when < 0.8)).then(factor).otherwise(1.0),
        unit_after=pl.when(wrong & (when > 0.2)).then(factor).otherwise(1.0),
    )


def _drawn(dice: _Dice, managers: pl.DataFrame, weights: pl.Series, rows: int) -> pl.DataFrame:
    """Who holds what: the largest books reach far down the list, so that they draw more evenly."""
    common = (weights > 0).sum()
    size = pl.col("size") * (rows / managers["size"].sum())
    size = pl.min_horizontal(pl.max_horizontal(size * 1.2, 5), common * 0.75)
    large = managers.select("m", size=size).filter(pl.col("size") > common * 0.2)
    small = managers.select("m", size=size).filter(pl.col("size") <= common * 0.2)
    many = (-(1 - pl.col("size") / common).log() * common * 1.3).round()
    evenly = weights.pow(0.5) * (weights > 0)
    drawn = []
    for of, draws, by in ((small, pl.col("size").round() * 1.05, weights), (large, many, evenly)):
        found = of.select(pl.col("m").repeat_by(draws.cast(pl.UInt32))).explode("m", empty_as_null=False)
        drawn.append(found.with_columns(s=dice.weighted(by, found.height)))
    return pl.concat(drawn).unique().sort("m", "s")


def _rare(chance: Random, held: pl.DataFrame, rare: list[int], filers: int) -> pl.DataFrame:
    """One to forty holders each, some of any size and some large."""
    places = []
    for s in rare:
        for _ in range(chance.choices((1, 2, 3, 4, chance.randint(5, 12), chance.randint(13, 40)), _HOLDERS)[0]):
            m = chance.randrange(filers) if chance.random() < 0.5 else held["m"][chance.randrange(held.height)]
            places.append((m, s))
    return pl.DataFrame(places, schema=held.schema, orient="row")


def _amounts(dice: _Dice, n: int) -> pl.Series:
    """Between one share and a million, a quarter of them a hundred at most; a third round."""
    amount = (dice.uniform(n).pow(0.8) * log(1_000_000)).exp().ceil().cast(pl.Int64)
    hundreds = ((amount + 50) // 100).clip(1, None) * 100
    return pl.select(pl.when(dice.below(0.42, n) & (amount >= 50)).then(hundreds).otherwise(amount)).to_series()


class _Plan:
    """What befalls which security. None is met by two things, unless it is said."""

    def __init__(self, chance: Random, market: _Market, held: pl.DataFrame, managers: pl.DataFrame) -> None:
        self._chance, self._market = chance, market
        both = managers.filter(pl.col("files_before") & pl.col("files_after") & ~pl.col("doubling")).select("m")
        self._held = held.join(both, on="m", how="semi", maintain_order="left")
        lasting = self._held.group_by("s").agg(pl.len().alias("both"), pl.col("m").sort().head(50))
        owners = held.group_by("s").agg(pl.len().alias("all")).join(lasting, on="s").sort("s")
        self._owner: dict[int, int] = {}
        self._free: dict[tuple[str, bool], list[int]] = defaultdict(list)
        self._owners: dict[int, list[int]] = {}
        for s, holders, both_ends, these in owners.iter_rows():
            self._owners[s] = these
            band = "many" if both_ends >= 8 else "few" if both_ends >= 3 else "scarce"
            if holders == both_ends == 1:
                self._owner[s] = these[0]
                band = "sole" if chance.random() < 0.75 else band
            self._free[band, market.family[s] is not None].append(s)
        for places in self._free.values():
            chance.shuffle(places)
        self.trapped: list[tuple[str, int]] = []
        self.gone: list[int] = []
        self.offered: dict[int, int] = {}
        self.newcomers: dict[int, int] = {}

    def actions(self) -> list[_Action]:
        chance, market = self._chance, self._market
        found = []
        for planted, count in _COUNTS.items():
            for number in range(count):
                band = _BANDS[number % len(_BANDS)]
                old = self._take(band, funds=0.0 if "name" in planted else 0.08)
                if planted == "split":
                    new, ratio = old, chance.choice(_FORWARD)
                elif planted == "reverse_split, same CUSIP":
                    new, ratio = old, (chance.choice(_REVERSE), 1)
                elif planted == "reverse_split":
                    new, ratio = self._successor(old), (chance.choice(_REVERSE), 1)
                elif planted == "cusip_change":
                    new, ratio = self._successor(old, same_issuer=number % 3 > 0), (1, 1)
                elif planted == "cusip_change, new name":
                    new, ratio = market.add(market.name(market.word()), market.prefix()), (1, 1)
                elif planted == "merger":
                    new, ratio = self._take("many"), (10_000, round(10_000 * exp(chance.uniform(-3, 1))))
                    market.was[old] = market.was[new] * ratio[1] / ratio[0] * chance.lognormvariate(0, 0.05)
                else:
                    new, ratio = self._child(old), (chance.choice((1, 2, 3, 4, 5, 6, 8, 10)), 1)
                self._price(planted, old, new, ratio)
                found.append(_Action(planted, old, new, *ratio))
        return found

    def _price(self, planted: str, old: int, new: int, ratio: tuple[int, int]) -> None:
        market, (before, after) = self._market, ratio
        if planted == "spin_off":
            share = self._chance.uniform(0.05, 0.4)
            market.now[new] = market.was[old] * share * before * market.move()
            market.now[old] *= 1 - share
        elif planted != "merger":  # an acquirer's price is its own
            market.now[new] = market.was[old] * before / after * market.move()
            market.now[old] = market.now[new]  # as some go on filing it

    def _successor(self, old: int, *, same_issuer: bool = True) -> int:
        market = self._market
        if same_issuer:
            return market.add(market.issuer[old], market.prefix_of(old))
        leading = market.issuer[old].split()[0]
        same = self._chance.random() < 0.5
        return market.add(market.issuer[old] if same else market.name(leading), market.prefix())

    def _child(self, old: int) -> int:
        market = self._market
        leading = market.issuer[old].split()[0] if self._chance.random() < 0.4 else None
        return market.add(market.name(leading), market.prefix())

    def _take(self, band: str, funds: float = 0.0) -> int:
        """A security that nothing has befallen yet; `funds` is how often it is a fund."""
        wanted = self._chance.random() < funds
        return (self._free[band, wanted] or self._free[band, not wanted]).pop()

    def traps(self, actions: list[_Action]) -> list[_Plant]:
        """What looks like an action and is none; what ends and what begins."""
        chance, market = self._chance, self._market
        plants = [*self._doubled(actions), *self._swaps(), *self._fund_swaps()]
        kept = {}
        for plant in plants:  # one a position
            kept.setdefault((plant.m, plant.s), plant)
        self.trapped += [(plant.trap, plant.s) for plant in kept.values()]
        for band, count in (("sole", 150), ("scarce", 40), ("few", 60), ("many", 150)):
            for _ in range(count):
                s, fall = self._take(band, funds=0.1), chance.choice(_FALLS)
                market.now[s] = market.was[s] * fall * chance.lognormvariate(0, 0.04)
                self.trapped.append(("price moved", s))
        for band, count in (("sole", 40), ("scarce", 60), ("few", 60), ("many", 140)):
            for _ in range(count):
                self.gone.append(self._take(band, funds=0.1))
        self.trapped += [("bought for cash", s) for s in self.gone]
        for _ in range(200):
            self.offered[market.add(market.name(), market.prefix())] = round(exp(chance.uniform(0, log(200))))
        for _ in range(400):
            self.newcomers[market.add(market.name(), market.prefix())] = chance.choice((1, 1, 1, 2, 3))
        return list(kept.values())

    def _doubled(self, actions: list[_Action]) -> list[_Plant]:
        """Exact multiples: of any position, of a sole holder's; and a few where the price answers to it by chance."""
        chance, market = self._chance, self._market
        taken = {s for action in actions for s in (action.old, action.new)}
        plants = []
        for _ in range(450):
            m, s, amount = self._held.row(chance.randrange(self._held.height))
            if s not in taken and s not in self._owner:
                plants.append(self._multiple("multiplied", m, s, amount, chance.choice(_TIMES)))
        for _ in range(150):
            s = self._take("sole", funds=0.1)
            amount = round(exp(chance.uniform(1, 12)))
            plants.append(self._multiple("multiplied, sole holder", self._owner[s], s, amount, chance.choice(_TIMES)))
        for _ in range(5):
            s, (after, before) = self._take("sole"), chance.choice(_TIMES)
            amount = round(exp(chance.uniform(1, 12)))
            plants.append(self._multiple("multiplied and price moved", self._owner[s], s, amount, (after, before)))
            market.now[s] = market.was[s] * before / after * chance.lognormvariate(0, 0.02)
        return plants

    def _multiple(self, trap: str, m: int, s: int, amount: int, times: tuple[int, int]) -> _Plant:
        after, before = times
        amount = -(-amount // before) * before
        return _Plant(trap, m, s, amount, amount * after // before)

    def _swaps(self) -> list[_Plant]:
        """One issuer left, another entered with as many shares."""
        chance = self._chance
        plants = []
        for even, counts in ((True, (200, 150, 50, 100)), (False, (15, 12, 5, 13))):
            kinds = dict(zip(("both held by others", "left alone", "entered alone", "both"), counts, strict=True))
            for kind, count in kinds.items():
                for number in range(count):
                    amount = 100 * chance.randint(1, 300) if even else round(exp(chance.uniform(2.5, 9))) * 10 + 7
                    amount = amount if even or number % 3 else chance.randint(11, 99)
                    m, s = self._left(sole=kind in {"left alone", "both"}, fund=False)
                    entered = self._entered(s, new=kind in {"entered alone", "both"}, near=number % 4 == 0)
                    plants.append(_Plant(f"swap, {'round' if even else 'unround'}: {kind}", m, s, amount, 0, entered))
        return plants

    def _left(self, *, sole: bool, fund: bool) -> tuple[int, int]:
        """A position to leave: nobody else's, or one of many."""
        if sole and self._free["sole", fund]:
            s = self._free["sole", fund].pop()
            return self._owner[s], s
        s = self._take("many", funds=float(fund))
        return self._chance.choice(self._owners[s]), s

    def _entered(self, s: int, *, new: bool, near: bool) -> int:
        """What is bought instead: of another issuer, held before by many or by nobody, its price sometimes alike."""
        market, chance = self._market, self._chance
        if not new:
            return self._take("many")
        entered = market.add(market.name(), market.prefix())
        if near:
            market.now[entered] = market.was[s] * chance.lognormvariate(0, 0.1)
        return entered

    def _fund_swaps(self) -> list[_Plant]:
        """From one fund to its sibling."""
        chance, market = self._chance, self._market
        siblings = defaultdict(list)
        for s in self._free["many", True]:
            siblings[market.family[s]].append(s)
        plants = []
        for kind, count in {"both held by others": 200, "left alone": 60, "both": 40}.items():
            for number in range(count):
                amount = 100 * chance.randint(1, 300) if number % 2 else round(exp(chance.uniform(2, 11)))
                m, s = self._left(sole=kind != "both held by others", fund=True)
                if market.family[s] is None:
                    continue
                if kind == "both":
                    entered = market.add(market.issuer[s], market.prefix_of(s), family=market.family[s])
                else:
                    entered = chance.choice([other for other in siblings[market.family[s]] if other != s])
                plants.append(_Plant(f"swap of funds: {kind}", m, s, amount, 0, entered))
        return plants


def _planted(held: pl.DataFrame, plants: list[_Plant]) -> pl.DataFrame:
    """The book before, with the amounts that the plants need."""
    told = _frame([(p.m, p.s, p.amount) for p in plants], "told")
    joined = held.join(told, on=["m", "s"], how="left", maintain_order="left")
    return joined.select("m", "s", pl.coalesce("told", "amount").alias("amount"))


def _frame(rows: list[tuple[int, int, int]], amount: str = "amount") -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"m": pl.UInt32, "s": pl.UInt32, amount: pl.Int64}, orient="row")


def _bought(
    dice: _Dice, chance: Random, managers: pl.DataFrame, weights: pl.Series, held: pl.DataFrame, plan: _Plan
) -> pl.DataFrame:
    """Positions nobody had: of what others hold, a tenth of the rows; of what has come to be."""
    entries = managers.select("m", size=pl.col("size").clip(None, 60))
    n = held.height // 6
    drawn = pl.DataFrame(
        {"m": dice.weighted(entries["size"], n), "s": dice.weighted(weights.pow(0.8) * (weights > 0), n)}
    )
    drawn = drawn.unique().sort("m", "s").join(held, on=["m", "s"], how="anti", maintain_order="left")
    few = [
        (chance.randrange(managers.height), s) for s in range(len(weights)) if not weights[s] and chance.random() < 0.1
    ]
    for s, holders in (plan.offered | plan.newcomers).items():
        few += [(chance.randrange(managers.height), s) for _ in range(holders)]
    few = pl.DataFrame(few, schema=drawn.schema, orient="row").unique(maintain_order=True)
    few = few.join(held, on=["m", "s"], how="anti", maintain_order="left")
    bought = pl.concat([drawn, few])
    return bought.with_columns(_amounts(dice, bought.height).alias("amount"))


def _after(
    dice: _Dice,
    managers: pl.DataFrame,
    held: pl.DataFrame,
    bought: pl.DataFrame,
    actions: list[_Action],
    plants: list[_Plant],
    plan: _Plan,
) -> pl.DataFrame:
    """The book after: what befell each security, then trade, then what was planted."""
    became = pl.DataFrame(
        [(a.old, a.new, a.before, a.after, a.kind) for a in actions if a.kind != "spin_off"],
        schema={"s": pl.UInt32, "new": pl.UInt32, "per": pl.Int64, "times": pl.Int64, "kind": pl.String},
        orient="row",
    )
    gone = pl.DataFrame({"s": pl.Series(plan.gone, dtype=pl.UInt32)})
    plan_rows = _frame([(p.m, p.s, p.later) for p in plants], "planted")

    def renamed(book: pl.DataFrame) -> pl.DataFrame:
        told = book.join(gone, on="s", how="anti", maintain_order="left")
        told = told.join(became, on="s", how="left", maintain_order="left")
        changes = told["kind"].is_in(["cusip_change", "reverse_split"]).fill_null(value=False)
        lags = dice.below(_LAGGARDS, told.height) & changes
        per, times = pl.col("per").fill_null(1), pl.col("times").fill_null(1)
        return told.with_columns(
            pl.when(lags).then("s").otherwise(pl.coalesce("new", "s")).alias("new"),
            (pl.col("amount") * times // per).alias("base"),
        )

    kept = renamed(held).join(managers.select("m", "passive", "doubling"), on="m", maintain_order="left")
    n, passive = kept.height, kept["passive"]
    leaves = dice.uniform(n) < pl.select(pl.when(passive).then(0.06).otherwise(0.125)).to_series()
    kept = kept.with_columns(later=_traded(dice, kept["base"], passive), leaves=leaves)
    kept = kept.join(plan_rows, on=["m", "s"], how="left", maintain_order="left").with_columns(
        later=pl.when(pl.col("planted").is_not_null())
        .then("planted")
        .when("leaves")
        .then(0)
        .when("doubling")
        .then(pl.col("base") * 2)
        .otherwise("later")
    )
    parts = [kept.select("m", pl.col("new").alias("s"), pl.col("later").alias("amount"))]
    entered = renamed(bought)
    parts.append(entered.select("m", pl.col("new").alias("s"), pl.col("base").alias("amount")))
    parts += [_children(dice, kept, action) for action in actions if action.kind == "spin_off"]
    parts.append(_frame([(p.m, p.bought, p.amount) for p in plants if p.bought is not None]))
    whole = pl.concat(parts).filter(pl.col("amount") > 0)
    return whole.group_by("m", "s").agg(pl.col("amount").sum()).sort("m", "s")


def _children(dice: _Dice, kept: pl.DataFrame, action: _Action) -> pl.DataFrame:
    """Shares of what was spun off, a fifth of them sold at once; who leaves the parent alone mostly leaves these."""
    of = kept.filter(pl.col("s") == action.old)
    base = of["amount"] * action.after // action.before
    same = (of["later"] == of["amount"]) & dice.below(0.8, of.height)
    sold = dice.below(0.2, of.height) & ~same
    amount = pl.when(sold).then(0).when(same).then(base).otherwise(_traded(dice, base, of["passive"]))
    return of.select("m", pl.lit(action.new, dtype=pl.UInt32).alias("s"), amount.alias("amount"))


def _traded(dice: _Dice, base: pl.Series, passive: pl.Series) -> pl.Series:
    """Amounts a quarter later; who deals in hundreds mostly goes on to."""
    n = len(base)
    still = dice.uniform(n) < pl.select(pl.when(passive).then(0.6).otherwise(0.08)).to_series()
    little, much = dice.normal(n) * 0.135, dice.normal(n) * 1.35 + 0.15
    change = pl.select(pl.when(dice.below(0.75, n)).then(little).otherwise(much).clip(-6, 6)).to_series()
    traded = (base * change.exp()).round().cast(pl.Int64).clip(1, None)
    even = pl.select(pl.when((base % 100 == 0) & (base > 0)).then(0.75).when(traded > 1000).then(0.15).otherwise(0))
    hundreds = ((traded + 50) // 100).clip(1, None) * 100
    traded = pl.when(dice.uniform(n) < even.to_series()).then(hundreds).otherwise(traded)
    return pl.select(pl.when(still | (base == 0)).then(base).otherwise(traded)).to_series()


def _filed(
    dice: _Dice, book: pl.DataFrame, managers: pl.DataFrame, told: pl.DataFrame, price: str, unit: str
) -> pl.DataFrame:
    """A quarter as its filers wrote it."""
    n = book.height
    astray = (dice.normal(n) * 0.01).exp()
    rows = book.join(managers.select("m", "style", "odd", unit), on="m", maintain_order="left")
    rows = rows.join(told, on="s", maintain_order="left")
    dollars = pl.col("amount") * pl.col(price) * pl.when("odd").then(astray).otherwise(1.0)
    return rows.select(
        (1_000_000 + pl.col("m").cast(pl.Int64) * 137).cast(pl.String).str.zfill(10).alias("cik"),
        "cusip",
        pl.when(pl.col("style") < 0.15).then("title").when(pl.col("style") < 0.25).then("long").otherwise("issuer")
        .alias("issuer"),
        "amount",
        (dollars * pl.col(unit)).round().cast(pl.Int64).alias("value"),
    )  # fmt: skip
