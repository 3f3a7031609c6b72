"""Why a position changed: a cause or several, how sure each is, and the evidence (docs/method.md).

`assigning.assign` is the door; `accounts` says what the two sides' filings tell, `redemptions` what the whole book
did, `errors` which figures cannot well be true, `doubts` what else a move may be; `evidence` makes causes, `column`
puts them into a frame.
"""
