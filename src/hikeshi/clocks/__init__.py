"""Deadlines: every response time, update, review and legal duty is one kind of rule, counted in one place."""
