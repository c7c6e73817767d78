"""Checking what somebody shows us, against what we hold of the issuers here.

Anybody may ask, so size, depth, blank nodes and look-alikes are bounded (in `carriers` and
`canonical`), what is costly is done in a process that may be killed (`reader`), the cheap questions
come first, and nothing is fetched.
"""
