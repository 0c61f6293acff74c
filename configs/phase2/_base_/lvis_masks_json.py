# As ./masks_json.py, for LVIS v1: its entries name an image by `coco_url`
# (train2017/….jpg), below the folder given here.
masks_json = '{{$MAL_ANN:data/lvis_v1/annotations/masks.json}}'

masks_dataset = dict(
    data_root='', ann_file=masks_json, data_prefix=dict(img='data/lvis_v1/'))
