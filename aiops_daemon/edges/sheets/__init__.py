"""Sheets: reports as one file of HTML that needs nothing else, for a phone, a mail or a printer."""
