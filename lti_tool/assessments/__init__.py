"""Items, editions, placements, attempts and their scoring."""
