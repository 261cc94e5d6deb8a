"""How much of a long proof is run: all of it, or the share that BATON_PROOF_SHARE names (0.1 for a tenth)."""

from __future__ import annotations

import os


def rounds(whole: int) -> int:
    return max(1, round(whole * float(os.environ.get("BATON_PROOF_SHARE", "1"))))
