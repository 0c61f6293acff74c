"""What a review page was made of, for a person to read."""

import dataclasses

# Images that cannot be shown are named up to this number.
_NAMED = 5


@dataclasses.dataclass
class ReviewSummary:
    """Counts of one build.

    Attributes:
        out_html (str): The page.
        folder (str): The folder beside it that belongs to it.
        boxes (int): Masks that can be looked at.
        images (int): Images they are in.
        left_out (int): Masks that a limit (``worst``) kept out of the page.
        crowds (int): Crowd regions, which are not reviewed.
        without_id (int): Annotations without a usable id: no decision could
            name them, so they are left out.
        repeated (int): Annotations whose id was there before, left out.
        matched (dict[str, int]): Masks found for these boxes in each further
            label file, by its name.
        unfit (dict[str, int]): Masks of each label file that cannot be shown:
            of another image size, or not readable.
        no_picture (list[str]): One line for each image that cannot be shown.
        crops_reused (int): Pictures kept from an interrupted build.
        megabytes (float): Of the folder, in 10**6 bytes.
    """
    out_html: str
    folder: str
    boxes: int = 0
    images: int = 0
    left_out: int = 0
    crowds: int = 0
    without_id: int = 0
    repeated: int = 0
    matched: dict[str, int] = dataclasses.field(default_factory=dict)
    unfit: dict[str, int] = dataclasses.field(default_factory=dict)
    no_picture: list[str] = dataclasses.field(default_factory=list)
    crops_reused: int = 0
    megabytes: float = 0.

    def __str__(self) -> str:
        lines = [f'{self.out_html}: {self.boxes} masks of {self.images} images '
                 f'to look at ({self.megabytes:.1f} MB in {self.folder})']
        for name, count in self.matched.items():
            lines.append(f'  {name}: masks for {count} of them')
        for count, what in ((self.left_out, 'better masks left out (--worst)'),
                            (self.crowds, 'crowd regions are not reviewed'),
                            (self.without_id, 'annotations without an id left '
                             'out: a decision could not name them'),
                            (self.repeated, 'annotations left out: their id '
                             'was there before')):
            if count:
                lines.append(f'  {count} {what}')
        for name, count in self.unfit.items():
            if count:
                lines.append(f'  {name}: {count} masks cannot be shown: not '
                             'readable, or not of the size of their image')
        if self.no_picture:
            lines.append(f'  {len(self.no_picture)} images cannot be shown:')
            lines += [f'    {line}' for line in self.no_picture[:_NAMED]]
            if len(self.no_picture) > _NAMED:
                lines.append(f'    … and {len(self.no_picture) - _NAMED} more')
        return '\n'.join(lines)
