"""The registrar's desk: pages that join several features."""
