"""The demo's showcase: two certificates toward a degree, and learners at every stage of them."""
