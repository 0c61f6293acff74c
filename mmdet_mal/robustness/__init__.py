"""How masks suffer when boxes are loose, shifted or too tight."""
