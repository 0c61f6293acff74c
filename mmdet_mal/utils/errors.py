"""Errors that a person can mend."""


class UserError(Exception):
    """Something outside the program is wrong: a file, an option, a folder.

    The message is one line that says what was found, where, and what to do.
    Command-line tools print it without a traceback and exit with code 2; every
    other exception is taken for a bug and keeps its traceback.
    """
