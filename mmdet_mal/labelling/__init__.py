"""From probability maps to a masks JSON that survives a crash (DESIGN 4)."""
