# As ./human_json.py, for LVIS v1.
human_json = '{{$MAL_HUMAN_ANN:data/lvis_v1/annotations/lvis_v1_train.json}}'

human_dataset = dict(
    data_root='', ann_file=human_json, data_prefix=dict(img='data/lvis_v1/'))
