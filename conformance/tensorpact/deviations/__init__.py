"""Known deviations: failures that somebody knows of, each with a reason and with what shows it."""
