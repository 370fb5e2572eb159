"""The tables: built from ``data/`` by :mod:`.build`, read through :mod:`.queries`."""
