"""Pages for learners that join several features."""
