"""What is behind ``mal auto``: from boxes to masks that can be looked at."""
