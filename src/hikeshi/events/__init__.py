"""What happened: one schema for every log, one parser for each."""
