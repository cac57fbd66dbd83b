"""The page: layout and events in app, records to HTML in view."""
