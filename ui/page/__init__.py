"""The page: layout and events, what a tab has open, and the HTML that is drawn."""
