"""Why the record can be believed: the hash chain of the ledger, and a locker that keeps bytes by their SHA-256."""
