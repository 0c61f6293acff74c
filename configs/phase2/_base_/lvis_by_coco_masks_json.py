# As ./lvis_masks_json.py, for masks by a labeller that was trained on COCO alone.
by_coco_json = '{{$MAL_ANN:data/lvis_v1/annotations/masks_by_coco.json}}'

by_coco_dataset = dict(ann_file=by_coco_json)
