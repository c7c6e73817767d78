"""Ground every feature stands on: settings, database, outbox, keys, errors, web glue."""
