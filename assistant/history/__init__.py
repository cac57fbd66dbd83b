"""What a person keeps: conversations and the plan, in one SQLite file, and their exports.

What a person deletes is gone from every byte of the file.
"""
