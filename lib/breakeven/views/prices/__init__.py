"""Tables and sentences of the Prices page: values in, data frames and text out."""
