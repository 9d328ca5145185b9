"""Fortschreibung: how a cost row fills the years that its department left empty (contract, «Rules of computation»).

Pure arithmetic, shared by the rules (is an empty year a fault, what is the total) and by the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.master import Master
from pipeline.model.money import round_half_up
from pipeline.model.submission import Frames
from pipeline.model.tables import Column
from pipeline.rules.registry import declare_for, missing_column, rule

AS_BUDGET = "wie Ansatz"
BY_RATE = "Orientierungsdaten"
ENDS = "entfällt"
CONTINUED = (AS_BUDGET, BY_RATE, ENDS)
"""The choices that fill empty years; ``einzeln`` and an empty cell fill nothing."""
