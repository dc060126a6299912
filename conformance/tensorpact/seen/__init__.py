"""What the probes saw, as frozen values: one module an aspect of cases; `trial` has calls."""
