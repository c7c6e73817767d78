"""Cairn: assessments taken inside an LMS become verifiable, stackable credentials."""
