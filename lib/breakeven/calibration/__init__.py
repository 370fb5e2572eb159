"""Measured rows to efficiency rows, with the error of the rows that the fit did not see."""
