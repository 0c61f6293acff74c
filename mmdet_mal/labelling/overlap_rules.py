"""What a person may ask for where exported masks overlap."""

KEEP = 'keep'
# Who gets a pixel, among which masks: the arguments of resolve_overlaps.
RULES = {
    KEEP: None,
    'same-class': ('both', 'same-class'),
    'score': ('score', 'all'),
    'near': ('near', 'all'),
}
