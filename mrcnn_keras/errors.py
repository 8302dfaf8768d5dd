"""The one kind of error that a user can cure."""


class UserError(ValueError):
    """A mistake in what the user gave: one sentence that names the value, the place and the cure.

    The command line prints it without a traceback and ends with exit code 2.
    """
