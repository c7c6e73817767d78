"""What each LMS tells us about itself: registrations, deployments, contexts, links, users."""
