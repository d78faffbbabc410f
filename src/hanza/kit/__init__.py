"""Small tools that know no cloud word: clocks, ids, back-off, points, logs."""
