"""Written answers: what to do, in which order and by whom, for one kind of incident."""
