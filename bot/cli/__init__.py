"""The commands of `python -m bot`: one file each, and nothing heavy is imported before a command runs."""
