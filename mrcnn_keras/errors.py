"""The error for mistakes that a user can correct."""


class UserError(ValueError):
    """A mistake in the user's input: one sentence that names the value, the place and the cure.

    The command line prints it without a traceback and ends with exit code 2.
    """
