"""What a person keeps: conversations and the plan, in one SQLite file, and their exports.

Deleted data is gone from every byte of the file.
"""
