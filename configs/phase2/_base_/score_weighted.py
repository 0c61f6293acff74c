# What makes a recipe of phase 2 weight each mask's loss by the score of its label.
#
# Two things change: the data set keeps `score` of each annotation (absent: 1), and
# the mask head multiplies the loss by it.  Boxes and classes are learned as ever.
# The configs in ../score-weighted assign these names.
scored_dataset = dict(type='mmdet_mal.ScoredCocoDataset')
scored_lvis_dataset = dict(type='mmdet_mal.ScoredLVISV1Dataset')

scored_fcn_head = dict(type='mmdet_mal.ScoreWeightedFCNMaskHead')
scored_roi_model = dict(roi_head=dict(mask_head=scored_fcn_head))
scored_solov2_model = dict(
    mask_head=dict(type='mmdet_mal.ScoreWeightedSOLOV2Head'))
scored_mask2former_model = dict(
    panoptic_head=dict(type='mmdet_mal.ScoreWeightedMask2FormerHead'))
