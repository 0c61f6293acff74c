"""MAL with ViT-MAE-B/16 on YouTube-VIS 2019.

    mal convert data/youtube_vis_2019/train.json --from youtube-vis \\
        --images data/youtube_vis_2019/train/JPEGImages \\
        --out data/youtube_vis_2019/boxes_train.json

and back, when masks.json is there:

    mal export masks.json --to youtube-vis --out train_masks.json \\
        --tracks data/youtube_vis_2019/train.json

A frame is an image; that frames of a video belong together is not used.
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/youtube_vis_2019/'

_boxes = dict(
    data_root=data_root,
    ann_file='boxes_train.json',
    data_prefix=dict(img='train/JPEGImages/'))
train_dataloader = dict(dataset=dict(known_faults=(), **_boxes))
test_dataloader = dict(dataset=_boxes)
