"""What was done to securities: splits, other CUSIPs, mergers, spin-offs; with ratio, day, evidence and certainty."""
