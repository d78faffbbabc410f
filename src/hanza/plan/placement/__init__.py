"""Where something may and should run: decided on a snapshot, exact, and always explained."""
