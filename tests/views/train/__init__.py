"""Training: question, answer, tuning against prompting."""
