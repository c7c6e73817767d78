"""The commands of `cairn`; `lti_tool.cli` loads the one that is asked for."""
