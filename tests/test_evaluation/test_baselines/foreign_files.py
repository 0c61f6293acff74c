"""Contents of files that no baseline wrote."""

import pytest

NO_MASKS_JSON = [
    pytest.param(b'[1, 2]', id='a list'),
    pytest.param(b'{"annotations": "mine"}', id='another outline'),
    pytest.param(b'my notes\n', id='plain text'),
    pytest.param(b'\x89PNG\r\n', id='no text'),
    pytest.param(b'{"images": [', id='torn'),
]
