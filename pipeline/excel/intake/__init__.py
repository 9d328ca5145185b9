"""From cells to blocks: what came back is compared with what was handed out, and every cell is
accounted for.
"""
