"""The tables: built from ``data/`` by :mod:`lib.db.build`, read through :mod:`lib.db.queries`."""
