"""What was left out of a dataset, or repaired in it: counted, so that it can be told."""


class Notes:
    """Findings, each with the pictures it concerns; said again of the same picture, it counts once."""

    def __init__(self):
        self._found = {}

    def add(self, what, image_id=None, count=1):
        """what: the finding, without its number. Without `image_id` it concerns no picture in particular."""
        counts = self._found.setdefault(what, {})
        if image_id is not None:
            counts[int(image_id)] = count

    def sentences(self, image_name):
        """-> list of str: the finding, how often, and the first picture, by `image_name(image_id)`."""
        sentences = []
        for what, counts in list(self._found.items()):
            where = f": {sum(counts.values())} (first in {image_name(min(counts))})" if counts else ""
            sentences.append(what + where)
        return sentences
