"""Names that options offer, apart from what they stand for.

``--help`` need not import what these name, which takes seconds.
"""

# Labellers without learning: the keys of mmdet_mal.evaluation.baselines.BASELINES.
BASELINE_NAMES = ('box', 'ellipse', 'grabcut', 'random_walker')
# Those that look at the picture, and so need it.
SEEING_BASELINES = ('grabcut', 'random_walker')
# The labeller without training, where it stands beside them.
INSTANT = 'instant'

# How far mal doctor looks at images.
IMAGE_CHECKS = ('none', 'exists', 'headers', 'decode')

# What the four numbers of a bbox may be: corner and size in pixels (COCO),
# two corners in pixels, corner and size as fractions of the image, centre and
# size as fractions (YOLO).
BBOX_FORMATS = ('xywh', 'xyxy', 'xywhn', 'cxcywhn')
