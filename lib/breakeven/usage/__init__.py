"""Usage files: recognise, read, price, host, and pack into a link."""
