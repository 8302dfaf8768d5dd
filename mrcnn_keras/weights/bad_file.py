"""What is wrong with a file of weights, as the readers say it."""

AGAIN = "download or copy it again"


class BadFile(Exception):
    """The half of a sentence that follows the file's path, and what to do about it.

    The readers know no path; `tensor_file` puts it in front and makes a UserError of the two.
    """

    def __init__(self, what, cure=AGAIN):
        super().__init__(f"{what}; {cure}")
