"""The demo on one machine: embedded servers, the product and Campus, under one supervisor."""
