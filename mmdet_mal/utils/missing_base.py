"""Says what is wrong when a config names a base that does not exist."""

import difflib
import re
from pathlib import Path

# MMEngine's words for it, where it does not leave them to the system.
_MISSING = re.compile(r'file "(.+?)" does not exist')
_PRESETS = 'presets'


def explain_missing_base(config: str, error: BaseException) -> str | None:
    """A message for a ``_base_`` that is not there.

    Args:
        config (str): The config that was read.
        error (BaseException): What MMEngine raised.

    Returns:
        str | None: One line that names the file and what there is instead;
        None if the error is about something else.
    """
    if not isinstance(error, FileNotFoundError):
        return None
    found = _MISSING.search(str(error))
    name = found[1] if found else error.filename
    if not name:
        return None
    missing = Path(name)
    if missing.resolve() == Path(config).resolve():
        return None
    there = sorted(path.stem for path in missing.parent.glob('*.py'))
    if missing.parent.name == _PRESETS:
        return (f"{config}: there is no preset '{missing.stem}'; the presets "
                f"are {', '.join(there) or 'missing altogether'} "
                f'({missing.parent})')
    close = difflib.get_close_matches(missing.stem, there, n=1)
    hint = f"; did you mean '{close[0]}.py'?" if close else ''
    return f'{config}: its base {missing} does not exist{hint}'
