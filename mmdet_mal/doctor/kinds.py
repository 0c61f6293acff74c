"""Every kind of fault that the doctor knows, and what is done about it."""

from dataclasses import dataclass

SEVERITIES = ('fatal', 'error', 'repair', 'warning', 'note')

# What --fix does with a finding.
REPAIRED, DROPPED, LEFT = FIXES = ('repaired', 'dropped', 'left')


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        name (str): Such as 'bbox_nan'.
        severity (str): 'fatal' (the file cannot be used at all), 'error'
            (this box or image cannot be labelled as it stands), 'repair' (put
            right by the label run itself), 'warning' (used as it is, but
            suspicious) or 'note' (said for completeness).
        meaning (str): What is found.
        rule (str): What ``--fix`` does about it.
        part_of (str): The kind of :func:`mmdet_mal.datasets.find_faults` that
            this one refines; its own name where both are one.
        counted (bool): Whether findings are only counted, as nearly every
            entry of a sound file may have one.
    """
    name: str
    severity: str
    meaning: str
    rule: str
    part_of: str = ''
    counted: bool = False


_LEFT = 'left: '
_KINDS = (
    # ------------------------------------------------------------- the file
    Kind('json_encoding', 'fatal', 'the file is not UTF-8 text',
         'UTF-16 and UTF-32 with a byte-order mark are written as UTF-8; '
         'anything else is left'),
    Kind('json_bom', 'fatal', 'the file begins with a byte-order mark',
         'the mark is removed'),
    Kind('json_truncated', 'fatal', 'the JSON ends too early',
         _LEFT + 'fetch or write the file again'),
    Kind('json_syntax', 'fatal', 'the file is not JSON',
         _LEFT + 'write the file again'),
    Kind('not_coco', 'fatal', 'the file is JSON of another format',
         _LEFT + 'convert it'),
    Kind('list_missing', 'fatal',
         'images, annotations or categories are missing',
         _LEFT + 'give the file that has them'),
    Kind('list_type', 'fatal',
         'images, annotations or categories are no list',
         _LEFT + 'write it as a list of objects'),
    Kind('entry_type', 'fatal', 'an entry of a list is no object',
         'the entry is dropped'),
    Kind('images_all_missing', 'fatal', 'not one image file is found',
         'put right as far as files are found under other names; else left: '
         'correct the folder'),
    Kind('key_duplicate', 'warning', 'a top-level key occurs twice',
         'only the last one, which counts, is written'),
    Kind('json_literals', 'warning',
         'a value is NaN or infinite, which JSON does not know',
         'written as null (a box with it is dropped: bbox_nan)'),
    Kind('bbox_xyxy', 'warning',
         'the boxes of the file seem to be [x1, y1, x2, y2]',
         'converted if --bbox-format xyxy is given; else --fix refuses to '
         'start'),
    Kind('bbox_normalised', 'warning',
         'the boxes of the file seem to be fractions of the image',
         'converted if --bbox-format xywhn or cxcywhn is given; else --fix '
         'refuses to start'),
    # --------------------------------------------------------------- images
    Kind('image_id_missing', 'error', 'an image has no usable id',
         'gets the next free id'),
    Kind('image_id_duplicate', 'error', 'two images have one id',
         'the later one is dropped if its file is the same; else both are '
         'left, as boxes may mean either'),
    Kind('file_name_missing', 'error',
         'an image has no file_name, nor a coco_url as in LVIS',
         _LEFT + 'its name is not known', part_of='image_entry'),
    Kind('image_size_missing', 'error',
         'height or width of an image is missing or no positive integer',
         'text and whole floats become integers; else read from the image '
         'file, if it is at hand; else left', part_of='image_entry'),
    Kind('file_name_duplicate', 'warning', 'two images name one file',
         _LEFT + 'boxes of one photograph may be spread over both'),
    Kind('file_name_absolute', 'warning',
         'file_name is an absolute path, which holds on one machine only',
         'made relative if it lies below the image folder; else left'),
    Kind('file_name_parent', 'warning', "file_name has a '..'",
         _LEFT + 'it may lead out of the image folder'),
    Kind('file_name_backslash', 'error',
         'file_name has backslashes (written under Windows)',
         'they become slashes', part_of='image_missing'),
    Kind('file_name_elsewhere', 'error',
         'file_name has folders that are not there; the file is',
         'leading folders are removed until the file is found',
         part_of='image_missing'),
    Kind('file_name_case', 'error',
         'the file differs from file_name in upper and lower case',
         "the file's own name is written, if just one fits",
         part_of='image_missing'),
    Kind('file_name_extension', 'error',
         'the file has another extension than file_name',
         "the file's own name is written, if just one fits",
         part_of='image_missing'),
    Kind('image_missing', 'error', 'the image file is not there',
         _LEFT + 'put it there, or correct the folder'),
    Kind('image_unreadable', 'error', 'the image file cannot be read',
         _LEFT + 'fetch it again or convert it'),
    Kind('image_truncated', 'error', 'the image file is empty or cut off',
         _LEFT + 'fetch it again', part_of='image_unreadable'),
    Kind('image_size', 'error', 'the image has another size than stated',
         "the file's size is written if all boxes of the image fit into it; "
         'else left'),
    Kind('image_size_swapped', 'error', 'height and width are exchanged',
         'exchanged if all boxes fit then, and no EXIF orientation explains '
         'it; else left', part_of='image_size'),
    Kind('image_exif', 'warning',
         'the EXIF orientation turns the image; the labeller does not, stock '
         'loaders do',
         _LEFT + 'store the image turned upright, and look where the boxes '
         'lie'),
    Kind('image_animated', 'warning',
         'the file holds several pictures; the first is used',
         _LEFT + 'store the one that the boxes belong to'),
    Kind('image_depth', 'warning',
         'more than 8 bits a channel; the loader keeps the upper 8',
         _LEFT + 'convert it with the contrast that you want'),
    Kind('image_cmyk', 'warning',
         'CMYK colours; the loader converts them without their profile',
         _LEFT + 'convert it to RGB'),
    Kind('image_alpha', 'warning',
         'transparency; the loader drops it and shows what lies under it',
         _LEFT + 'flatten it on the background that you want'),
    Kind('image_format', 'warning',
         'the content is of another format than the extension says',
         _LEFT + 'loaders go by the content'),
    Kind('image_identical', 'warning', 'two image files have the same bytes',
         _LEFT + 'one may be in the training and one in the test data'),
    Kind('image_not_listed', 'note',
         'an image file in the folder is not in the JSON', 'nothing',
         counted=True),
    Kind('image_without_boxes', 'note', 'an image has no boxes', 'nothing',
         counted=True),
    Kind('boxes_other_size', 'warning',
         'most boxes of an image stick out of it: they seem to belong to '
         'another size of it',
         _LEFT + 'boxes that stick out are clipped: see bbox_clipped'),
    # ----------------------------------------------------------- categories
    Kind('category_entry', 'error',
         'a category has no integer id (of 64 bits) or no name',
         "text and whole floats become integers, a missing name becomes "
         "'category <id>'; without any id it is dropped; left if the id is "
         "another category's already"),
    Kind('category_id_duplicate', 'error', 'two categories have one id',
         'the later one is dropped if the name is the same; else left'),
    Kind('category_name_duplicate', 'warning',
         'two categories have one name', _LEFT + 'merge or rename them'),
    Kind('category_name_space', 'warning',
         'a category name has blanks at its ends, so that it equals no class '
         'of a config', 'the blanks are removed'),
    Kind('category_id_zero', 'note',
         'a category has the id 0; some tools take it for the background',
         'nothing', counted=True),
    Kind('category_ids_not_1_to_n', 'note',
         'category ids are not 1 to N; that is fine here', 'nothing',
         counted=True),
    Kind('category_unused', 'note', 'a category has no boxes', 'nothing',
         counted=True),
    # ---------------------------------------------------------- annotations
    Kind('ann_id_missing', 'error', 'an annotation has no usable id',
         'gets the next free id'),
    Kind('ann_id_type', 'error',
         'an annotation id is text or a float instead of an integer',
         'becomes that integer, or the next free id if it is taken',
         part_of='ann_id_missing'),
    Kind('ann_id_overflow', 'error',
         'an annotation id does not fit 64 bits', 'gets the next free id',
         part_of='ann_id_missing'),
    Kind('ann_id_duplicate', 'error', 'several annotations have one id',
         'the first keeps it, the others get the next free ids'),
    Kind('image_id_unknown', 'error', 'image_id is not among the images',
         'the annotation is dropped'),
    Kind('image_id_type', 'error',
         'image_id is text where the image has a number, or the reverse',
         "the image's own id is written", part_of='image_id_unknown'),
    Kind('category_id_unknown', 'error',
         'category_id is not among the categories',
         'the annotation is dropped'),
    Kind('category_id_type', 'error',
         'category_id is text, or its category will be repaired',
         "the category's id is written", part_of='category_id_unknown'),
    Kind('bbox_missing', 'error', 'an annotation has no bbox',
         'the annotation is dropped', part_of='bbox_malformed'),
    Kind('bbox_text', 'error', 'the numbers of a bbox are text',
         'they become numbers', part_of='bbox_malformed'),
    Kind('bbox_malformed', 'error',
         'a bbox is not four numbers [x, y, width, height]',
         'the annotation is dropped'),
    Kind('bbox_nan', 'error', 'a bbox has a value that is not finite',
         'the annotation is dropped'),
    Kind('bbox_reversed', 'error', 'a bbox has a negative width or height',
         'x + width (or y + height) becomes the corner, and the sign goes'),
    Kind('bbox_zero', 'error', 'a bbox has no area',
         'the annotation is dropped'),
    Kind('bbox_outside', 'error', 'a bbox lies wholly outside its image',
         'the annotation is dropped'),
    Kind('bbox_clipped', 'repair',
         'a bbox sticks out of its image by more than half a pixel',
         'clipped to the image, as the label run does by itself'),
    Kind('bbox_subpixel', 'warning', 'a bbox is less than one pixel wide or '
         'high', _LEFT + 'its mask can hardly mean anything'),
    Kind('bbox_whole_image', 'warning', 'a bbox covers its whole image',
         _LEFT + 'look whether it stands for a missing box'),
    Kind('bbox_duplicate', 'warning',
         'a bbox occurs again in the same image and category',
         'the first is kept, the others are dropped'),
    Kind('bbox_two_categories', 'warning',
         'a bbox occurs again in the same image under another category',
         _LEFT + 'decide which one is right'),
    Kind('crowd_bbox', 'warning',
         'the bbox of a crowd region is not four finite numbers, which stock '
         'loaders need', _LEFT + 'its own faults are else not judged'),
    Kind('iscrowd_value', 'warning',
         'iscrowd is neither 0 nor 1; what is not 1 or true makes no crowd '
         'region, text never does',
         'true, false, "0", "1", 0.0, 1.0 and null become 0 or 1; else left'),
    Kind('iscrowd_missing', 'note',
         'an annotation has no iscrowd; pycocotools needs it to score',
         '0 is written', counted=True),
    Kind('area_missing', 'note',
         'an annotation has no area; the label run writes that of the mask',
         'nothing', counted=True),
    Kind('area_differs', 'note',
         'area is not width times height; the label run ignores it',
         'nothing', counted=True),
    Kind('segmentation_present', 'note',
         'an annotation has a mask; the label run ignores and replaces it',
         'nothing', counted=True),
)

# By name, in the order in which a report lists them.
KINDS = {kind.name: kind for kind in sorted(
    _KINDS, key=lambda kind: SEVERITIES.index(kind.severity))}


def data_set_kind(name: str) -> str:
    """The kind under which the data set knows a fault.

    Args:
        name (str): Name of one of :data:`KINDS`.

    Returns:
        str: As in :func:`mmdet_mal.datasets.find_faults`; ``name`` itself
        where both use one word or the data set does not judge it.
    """
    return KINDS[name].part_of or name
