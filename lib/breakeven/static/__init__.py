"""The dashboard as plain files: every page's answer written down, for a host that only hands out files.

The pages are not written a second time. :mod:`~breakeven.static.read` runs the app's own scripts and takes
what they show as :mod:`~breakeven.static.pieces`; the other modules turn pieces into HTML, and
:mod:`~breakeven.static.site` puts the pages together. Nothing here computes or says anything of its own
about a workload.
"""
