"""Requirements that stack awards into certificates and degrees."""
