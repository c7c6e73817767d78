"""Scores on their way to the gradebook of the LMS."""
