"""The verbs: pure functions from models to models, without clock, chance or I/O."""
