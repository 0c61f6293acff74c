# Where phase 2 finds the masks JSON that the label run wrote, and its images.
#
# Environment: MAL_ANN is the masks JSON.  Without it the default below holds.
# Both paths are relative to the folder in which training starts: `data_root` is
# emptied because the stock datasets would otherwise join it to a relative
# `ann_file`.  The same file with human masks makes the `human` twin of a recipe.
masks_json = '{{$MAL_ANN:data/coco/annotations/masks.json}}'

masks_dataset = dict(
    data_root='',
    ann_file=masks_json,
    data_prefix=dict(img='data/coco/train2017/'))
