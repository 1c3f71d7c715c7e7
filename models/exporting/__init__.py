"""What models/export.py is made of."""
