"""Ways in which boxes are made worse."""

# What happens to a box at a level s, a share of its size.
KINDS = {
    'both': 'shifted by s in a random direction, then grown or shrunk by s',
    'shift': 'shifted by s in a random direction',
    'grow': 'width and height multiplied by 1 + s',
    'shrink': 'width and height multiplied by 1 - s',
}
