"""Fixtures that every test may ask for and that live in a module of their own."""

pytest_plugins = ["tests.browser"]
