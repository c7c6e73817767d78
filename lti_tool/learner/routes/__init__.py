"""Learners' pages: what they came to do, and what they hold, by whichever door they came."""
