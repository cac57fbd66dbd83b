"""The page: layout and events in `app`, what they do in `asking` and `acts`, what a tab has open in `tab`.

`presenter` draws the page in pieces; `view`, `frame`, `panel`, `guide`, `plan` and `settings` render their HTML.
"""
