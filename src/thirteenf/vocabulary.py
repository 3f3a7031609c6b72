"""Words with a fixed list of meanings, which tables, schemas and the command line share."""

CHANGES = ("new", "added", "unchanged", "reduced", "exited", "unknown")
"""What became of a position; `unknown` where the two sides cannot be compared."""

AMOUNT_TYPES = ("SH", "PRN")
"""Shares, principal amount."""

STATES = ("in-force", "restated", "superseded-by-notice", "empty", "withheld", "refused")
"""What became of a filing."""

REASONS = ("first-report", "quarter-missing", "notice", "withheld", "base-missing", "combination")
"""Why two sides cannot be compared, or why a position that is gone is no exit."""
