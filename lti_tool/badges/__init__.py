"""Achievements, awards and the Open Badges 3.0 credentials that attest them."""
