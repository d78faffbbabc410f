"""The composition root: it reads the settings, builds the parts and lets them run."""
