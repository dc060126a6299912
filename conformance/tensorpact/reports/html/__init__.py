"""Reports as one HTML page that needs nothing but a browser: no server, no network."""

from tensorpact.reports.html.page import page

__all__ = ["page"]
