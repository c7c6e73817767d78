"""What each LMS tells us about itself: institutions, registrations, deployments, contexts, users."""
