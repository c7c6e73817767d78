"""Pages for instructors that join several features."""
