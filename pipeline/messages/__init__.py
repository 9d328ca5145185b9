"""The message catalogue (package data)."""
