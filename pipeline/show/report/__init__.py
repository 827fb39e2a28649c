"""Owns the report: one HTML page that shows what the line found, from plain arrays and tables.

findings    what a report is made from
judgement   what the page says first: is it good
sections    what each part of the page says
charts      lines and counts as SVG
thumbnails  pictures as WebP, one by one and in sheets
page        the templates filled in; thumbnails inside the page, or beside it
templates/  the page's HTML, CSS and JavaScript; it asks nothing of any other place
"""

from pipeline.show.report.findings import Copy, Findings, Rejected, Unusual
from pipeline.show.report.page import Page, make_page

__all__ = ["Copy", "Findings", "Page", "Rejected", "Unusual", "make_page"]
