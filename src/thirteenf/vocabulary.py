"""Words with a fixed list of meanings, which tables, schemas and the command line share."""

CHANGES = ("new", "added", "unchanged", "reduced", "exited", "unknown")
"""What became of a position; `unknown` where the two sides cannot be compared."""

AMOUNT_TYPES = ("SH", "PRN")
"""Shares, principal amount."""

STATES = ("in-force", "restated", "superseded-by-notice", "empty", "withheld", "refused")
"""What became of a filing."""

REASONS = ("first-report", "quarter-missing", "notice", "withheld", "emptied", "base-missing", "combination", "refused")
"""Why two sides cannot be compared, or why a position that is gone is no exit."""

UNCOMPARED = {
    "late": "it filed for the quarter before, and nothing for this one yet",
    "first-report": "it is the first report that is held",
    "quarter-missing": "it filed before, but not for the quarter before",
    "notice": "a notice leaves the holdings to reports that are not here, or that cannot be told apart",
    "withheld": "a report withholds all its rows",
    "emptied": "a restatement left no position of a report that had some",
    "base-missing": "only an amendment that adds rows is held, not the report it adds to",
    "refused": "the report is refused as implausible until it is confirmed",
    "tied": "its book moved to or from a manager whose own does not compare",
}
"""Why a manager's books of two quarters are not compared where the whole market is asked about."""

STANDINGS = {
    "filed": "its report for the newest quarter is here",
    "due": "the deadline is not past",
    "late": "EDGAR was asked after the deadline and lists none",
    "stopped": "EDGAR was asked, and lists none for this deadline nor the one before",
    "not-held": "the deadline is past and none is here; EDGAR was not asked since",
}
"""Where a manager stands with its report for the newest quarter that has ended."""

EVENT_KINDS = {
    "filed": "a report or notice was taken in",
    "amended": "an amendment was taken in",
    "ingested": "one of the SEC's data sets was taken in: all filings of a window",
    "refused": "a filing was refused",
    "accepted": "a refused filing was confirmed by the user",
    "revised": "figures of a period that were told before have changed",
    "rebuilt": "all figures were made anew under other rules",
}
"""What can happen to a cache."""

DATA_SET_OUTCOMES = {
    "added": "filings of it were taken into the tables",
    "unchanged": "all of its filings were there",
    "refused": "it cannot be read, and does not count",
    "held": "of a dry run: it is here, and is not fetched again",
    "wanted": "it is not here: a dry run leaves it there, or it could not be had",
}
"""What can become of a data set."""

FINDING_KINDS = {
    "difference": "a figure of the tables is not what the archive gives",
    "damaged": "a file of the archive cannot be read",
    "refused": "a filing that does not count",
    "oddity": "something odd in what was filed; figures stand as filed",
}
"""What a recomputation can find."""

RULES_APPLIED = {
    "position": "rows are one position that have CUSIP, put/call and amount type in common",
    "unit": "values are dollars in filings from 2023-01-03, thousands before, unless their own prices say otherwise",
    "amendments": "filings of a period are folded in order of acceptance: a restatement replaces, new holdings add",
    "options": "options are a book of their own; their value is the notional of the underlying",
    "lineage": "splits and changes of CUSIP are followed where confirmed or likely, and only shown where possible",
    "move": "a change is in shares; what prices did to the value stands apart",
    "causes": "a trade is one only where nothing else explains the change",
    "continuity": "a notice, or a first report, is followed into the filings that tie to it",
}
"""The rules that a figure may rest on, by name (docs/method.md); RULES is their version."""

ACTIONS = {
    "split": "one share became several",
    "reverse_split": "several shares became one",
    "cusip_change": "the same shares under another CUSIP",
    "merger": "shares of one security were exchanged for those of another",
    "spin_off": "holders of one security were given shares of another",
}
"""What can be done to a security. A split may come with another CUSIP."""

CERTAINTIES = {
    "confirmed": "three holders, two kinds of evidence, or a table with its source say so; followed",
    "likely": "one or two holders, or one kind of good evidence; followed",
    "possible": "it may be so; shown, never followed",
}
"""How sure a corporate action is (docs/method.md)."""

FOLLOWED = ("confirmed", "likely")
"""The certainties that change figures."""

CAUSES = {
    "trade": "bought or sold",
    "held": "the same amount on both days; only its price moved",
    "split": "one share became several, or several one",
    "cusip_change": "the same shares under another CUSIP",
    "merger": "shares of one security were exchanged for those of another",
    "spin_off": "given to the holders of another security",
    "revealed": "an amendment disclosed what the first report left out",
    "redemption": "the whole book moved by one ratio, as when money is paid in or out",
    "reporting_floor": "it may be below 10,000 shares and $200,000, and then need not be listed",
    "off_list": "no 13(f) security on one of the two days, and then not to be listed",
    "moved_manager": "another manager's filing reports it on one of the two days",
    "withheld": "a filing leaves out rows (confidential treatment), and this may be one of them",
    "filer_error": "a figure as filed cannot well be true, or was corrected since",
    "unknown": "nothing that is here tells",
}
"""Why a position changed, or seems to have."""

OF_SECURITY = ("split", "cusip_change", "merger", "spin_off")
"""The causes that are done to a security, and not by its holder."""

STANCES = ("none", "stock", "calls", "puts", "stock and calls", "stock and puts", "calls and puts",
           "stock, calls and puts", "unknown")  # fmt: skip
"""What of an issuer is listed; that a put is no bet against it, and may well cover stock, the words do not deny."""

CONFIDENCES = {
    "confirmed": "what is here shows it, and excludes the rest",
    "likely": "it is shown, and one thing that could be otherwise cannot be checked here",
    "possible": "it cannot be excluded",
}
"""How sure a cause is. Corporate actions keep the certainty of lineage."""

EVIDENCE = {
    "filed": "the rows as filed that the amount is the sum of",
    "absent": "the reports in force that have no such row",
    "report": "what kind of report is in force, and whether it is the whole book",
    "amendment": "an amendment, what it did and when",
    "lineage": "whether something is known to have been done to the security",
    "price": "value for each share, beside the other day's or other managers'",
    "others": "other managers who report the security for that day",
    "list": "the SEC's Official List of 13(f) securities",
    "floor": "the amounts below which a position may be left out",
    "book": "what the whole book did",
    "form": "what the form does not say",
    "manager": "another manager's filing, and what ties the two",
    "action": "what was done to the security",
    "table": "the program's table of corporate actions",
    "own": "the user's table of corporate actions",
    "holders": "how many who held the security on both days show the same",
    "votes": "which amounts show it to the share",
    "fails": "symbols and prices in the SEC's fails-to-deliver files",
    "mark": "the marks of retired and coming CUSIPs in those files",
    "against": "what speaks against it",
}
"""The kinds of evidence that a cause may have."""
