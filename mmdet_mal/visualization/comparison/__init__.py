"""Contact sheets: box, masks and human mask side by side."""
