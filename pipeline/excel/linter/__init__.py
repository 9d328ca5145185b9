"""Is what we hand out sound: every input cell reachable, every part in the order the standard asks
for.
"""
