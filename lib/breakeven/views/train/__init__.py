"""What training costs: the question, the answer, tuning against prompting, and both in words."""
