"""Transcripts: a person's signed badges together, signed as one, handed out and taken back.

What belongs in one is said by whoever asks (`contents`); here it is made sure that nothing is in it
that was withdrawn, then (`making`) and later (`revoking`): when a badge in a transcript is revoked,
so is it.
"""
