# What turns a COCO recipe of phase 2 into a few CPU iterations on coco_mini.
#
# A fragment cannot override a sibling base (MMEngine refuses duplicate keys), so
# every setting has a name of its own and the configs in ../coco-mini assign it.
#
# Environment: MAL_DATA_ROOT is the folder that holds coco_mini/, MAL_ANN the masks
# JSON of the label run.
mini_dataset = dict(
    data_root='',
    ann_file='{{$MAL_ANN:work_dirs/mal_deit-ti_coco-mini/masks.json}}',
    data_prefix=dict(img='{{$MAL_DATA_ROOT:../shared/data}}/coco_mini/images/'))

# Images are read in the main process: on two cores workers cost more than they give.
mini_train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, dataset=mini_dataset)

# A few iterations in place of the stock epochs, without validation.  `_delete_`
# because the stock loops name arguments that this one does not take.
mini_train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters=3, val_interval=1000)

# Every iteration is logged; no checkpoint, which is up to 800 MB a recipe.
mini_default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(by_epoch=False, interval=-1, save_last=False))
mini_log_processor = dict(window_size=1, by_epoch=False)
