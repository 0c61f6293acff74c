"""Reading of a small JSON file, with errors that name it."""

import json
from typing import Any

from mmdet_mal.utils.errors import UserError


def load_json(path: str) -> Any:
    """Read a JSON file whole.

    Raises:
        UserError: If it cannot be read or is not JSON.
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            return json.load(file)
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from None
    except (ValueError, RecursionError) as error:
        raise UserError(f'{path}: is not valid JSON: {error}; it may be cut off, '
                        'export it again') from None
