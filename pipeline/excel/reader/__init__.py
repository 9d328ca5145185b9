"""From the bytes of a file to its cells: package limits, the streaming reader, the second reader,
and the guard process in which both run.
"""
