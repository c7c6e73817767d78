"""From an LMS's click to a verified message and a session of ours."""
