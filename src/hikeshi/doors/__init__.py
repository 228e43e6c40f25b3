"""The ways in: the console, the API and the command line for people, the worker for the clock, the intake for the queue."""
