"""Usage files: recognise, read, price, host, and pack into a link."""

import csv

csv.field_size_limit(2**31 - 1)  # a cell may be as long as a line may be, and that is a limit of ours
