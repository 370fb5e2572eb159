"""What a visitor's file reaches runs in processes of its own: each ends with its work, or is ended."""
