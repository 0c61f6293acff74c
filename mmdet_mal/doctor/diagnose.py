"""The doctor in one call."""

from .diagnosis import Diagnosis
from .examination import Examination


def diagnose(ann_file: str,
             image_dir: str | None = None,
             check_images: str = 'exists',
             backend_args: dict | None = None,
             progress: bool = False) -> Diagnosis:
    """Find everything that is wrong with an annotation file and its images.

    The file is read as a stream.  Of a million boxes 25 bytes each are kept
    until the end of this call, and of findings the first of each kind.

    Args:
        ann_file (str): COCO detection file.
        image_dir (str, optional): Folder or address of the images; None
            looks at no image.
        check_images (str): 'none', 'exists', 'headers' or 'decode'; see
            :class:`.examination.Examination`.  Defaults to 'exists'.
        backend_args (dict, optional): File backend of mmengine.
        progress (bool): Whether to show bars on stderr.

    Returns:
        Diagnosis: ``str()`` of it is the report for people.

    Raises:
        AnnotationError: If the file is absent or cannot be opened.
        UserError: If an archive or server of images cannot be reached.
    """
    examination = Examination(ann_file, image_dir, check_images, backend_args,
                              progress=progress)
    examination.source.close()
    return examination.diagnosis
