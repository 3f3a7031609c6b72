"""Words with a fixed list of meanings, which tables, schemas and the command line share."""

CHANGES = ("new", "added", "unchanged", "reduced", "exited", "unknown")
"""What became of a position; `unknown` where the two sides cannot be compared."""

AMOUNT_TYPES = ("SH", "PRN")
"""Shares, principal amount."""

STATES = ("in-force", "restated", "superseded-by-notice", "empty", "withheld", "refused")
"""What became of a filing."""

REASONS = ("first-report", "quarter-missing", "notice", "withheld", "base-missing", "combination", "refused")
"""Why two sides cannot be compared, or why a position that is gone is no exit."""

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
    "refused": "a filing was refused",
    "accepted": "a refused filing was confirmed by the user",
    "revised": "figures of a period that were told before have changed",
    "rebuilt": "all figures were made anew under other rules",
}
"""What can happen to a cache."""

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
