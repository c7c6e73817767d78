"""Pages of the badges: what anybody sees, and the desk of those who issue them."""
