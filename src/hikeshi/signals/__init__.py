"""What an alert says: from a payload to signals, in our words. No database, no Django."""
