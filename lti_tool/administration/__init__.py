"""Pages for whoever connects platforms to an institution and looks after keys and roles."""
