# Where phase 2 finds the original annotations, for the twins with human masks and
# for those without masks.
#
# Environment: MAL_HUMAN_ANN is the file; MAL_ANN is not read, so that a shell in
# which it is set trains both twins.  Paths as in ./masks_json.py.
human_json = '{{$MAL_HUMAN_ANN:data/coco/annotations/instances_train2017.json}}'

human_dataset = dict(
    data_root='',
    ann_file=human_json,
    data_prefix=dict(img='data/coco/train2017/'))
