"""A simulated AWS account, an attack on it, and the logs the attack leaves, all in the real formats.

For drills, the demo and tests: the production actions run unchanged, only their endpoint differs. Nothing in here reaches a real
account, and every answer of the simulated cloud says so (`x-hikeshi-simulated: 1`).
"""
