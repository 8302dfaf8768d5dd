"""From a COCO JSON file to checked records. What is wrong in it is reported here, with its place.

A mistake in the file as a whole is a UserError, one in a picture or an annotation leaves that one out (BadEntries).
"""

import re
from pathlib import Path

from mrcnn_keras.data.formats.class_names import is_background
from mrcnn_keras.data.formats.coco_keypoints import FAR, as_whole, category_layout, extent, finite_numbers, read_points
from mrcnn_keras.data.formats.coco_text import KEY, read_content
from mrcnn_keras.data.formats.records import Annotation, AnnotationFile, Picture
from mrcnn_keras.data.formats.unread import CURES, other_coco
from mrcnn_keras.data.images import MAX_PIXELS
from mrcnn_keras.data.rasterize import check_run_lengths, run_lengths
from mrcnn_keras.errors import UserError
from mrcnn_keras.garbage import without_collecting

HEAD = 16384  # bytes that show whether a file looks like COCO


def looks_like_coco(path):
    """Whether the file begins like a COCO JSON; only its head is read."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD).removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    except OSError:  # reported when this very file is loaded
        return False
    whole = len(head) < HEAD - 4  # Label Studio's notes.json beside its YOLO has categories only
    lists = rb"images|annotations" if whole else rb"images|annotations|categories"
    return head[:1] == b"{" and bool(re.search(rb'"(' + lists + rb')"\s*:\s*\[', head))


def read_coco(path, bad):
    """The COCO file at `path` -> AnnotationFile, its unusable entries left to `bad` (BadEntries).

    Raises UserError if it is not COCO or its categories contradict each other.
    """
    with without_collecting():  # there are no cycles in millions of new objects
        return _Reader(Path(path), bad).read()


class _Reader:
    def __init__(self, path, bad):
        self.path = path
        self.bad = bad
        self.layouts = {}
        self.notes = {}

    def read(self):
        content, self.outlines = read_content(self.path)
        if not isinstance(content, dict):
            raise self._error(f"is a JSON {type(content).__name__}, not an object", "give a COCO file")
        if other := other_coco(content):
            raise self._error(f"is {other}, a format that is not read yet", CURES[other])
        for key in ("images", "annotations", "categories"):
            if not isinstance(content.get(key), list):
                raise self._error(f"has no list {key!r}", "COCO has images, annotations and categories")
        categories = self._categories(content["categories"])
        pictures, by_id, left_out = self._pictures(content["images"])
        self.bad.count("annotations", len(content["annotations"]))
        ids = set()
        entries = content["annotations"][::-1]
        content.clear()  # so that each entry's memory is free once it is popped
        for place in range(1, len(entries) + 1):
            try:
                self._add_annotation(entries.pop(), place, ids, pictures, by_id, left_out, categories)
            except UserError as error:
                self.bad.skip("annotations", str(error))
        return AnnotationFile(self.path, categories, pictures, self.notes, self.layouts)

    def _categories(self, entries):
        categories = {}
        for entry in entries:
            if not isinstance(entry, dict):
                raise self._error(f"has {str(entry)[:40]!r} among its categories", "export it again")
            category_id, name = as_whole(entry.get("id")), entry.get("name")
            if category_id is None or not isinstance(name, str) or not name:
                raise self._error(f"has the category {str(entry)[:60]}", "write a whole number 'id' and a 'name'")
            if categories.get(category_id, (name,))[0] != name:
                raise self._error(
                    f"has two categories of id {category_id}, {categories[category_id][0]!r} and {name!r}",
                    "give each its own id",
                )
            categories[category_id] = (name, entry.get("supercategory"))
            try:
                layout, hints = category_layout(entry)
            except UserError as error:
                raise self._error(f"has the category {name!r} with {error}", "") from error
            if layout is not None:
                self.layouts[category_id] = layout
            for hint in hints:
                self.notes.setdefault(f"category {name!r}: {hint}", {})
        if not categories:
            raise self._error("has no category", "add the classes of its annotations")
        return categories

    def _pictures(self, entries):
        """-> list of Picture, {id: place in it}, set of the ids whose picture is left out.

        An id that is a whole number is a key as that number, too, if no other id is written like it.
        """
        self.bad.count("pictures", len(entries))
        pictures, names, left_out = [], {}, set()
        for entry in entries:
            try:
                picture = self._picture(entry)
            except UserError as error:
                self.bad.skip("pictures", str(error))
                left_out.add(_key(entry.get("id")) if isinstance(entry, dict) else None)
                continue
            if picture.file_name in names.setdefault(picture.id, {}):
                self._note("pictures listed twice under one id, read once", names[picture.id][picture.file_name])
                continue
            names[picture.id][picture.file_name] = len(pictures)
            pictures.append(picture)
        shared = {image_id: list(of_id) for image_id, of_id in names.items() if len(of_id) > 1}
        for image_id, (first, second, *_) in shared.items():
            for name in names[image_id]:
                error = self._error(
                    f"has two images of id {image_id!r}, {first!r} and {second!r}, so that the annotations of "
                    f"{name!r} are unknown",
                    "give each its own id",
                )
                self.bad.skip("pictures", str(error))
            left_out.add(_key(image_id))
        if shared:
            places = [number for number, picture in enumerate(pictures) if picture.id not in shared]
            moved = {old: new for new, old in enumerate(places)}
            pictures = [pictures[number] for number in places]
            self.notes = {
                what: {moved[number]: count for number, count in counts.items() if number in moved}
                for what, counts in self.notes.items()
            }
        by_id = {}
        for number, picture in enumerate(pictures):
            by_id.setdefault(_key(picture.id), number)
        by_id |= {picture.id: number for number, picture in enumerate(pictures)}
        return pictures, by_id, left_out

    def _picture(self, entry):
        if not isinstance(entry, dict):
            raise self._error(f"has {str(entry)[:40]!r} among its images", "export it again")
        image_id, name = entry.get("id"), entry.get("file_name")
        image_id = image_id if isinstance(image_id, str) else as_whole(image_id)
        if image_id is None:
            raise self._error(f"has an image of id {entry.get('id')!r}", "give each a whole number 'id'")
        if not isinstance(name, str) or not name:
            raise self._error(f"has no 'file_name' for image {image_id!r}", "add it")
        if entry.get("height") is None and entry.get("width") is None:
            return Picture(image_id, name, None, [])
        size = tuple(as_whole(entry.get(side)) for side in ("height", "width"))
        if not all(side is not None and side > 0 for side in size) or size[0] * size[1] > MAX_PIXELS:
            given = f"height {entry.get('height')!r}, width {entry.get('width')!r}"
            raise self._error(f"has {name!r} of {given}", "write its size in pixels")
        return Picture(image_id, name, size, [])

    def _add_annotation(self, entry, place, ids, pictures, by_id, left_out, categories):
        if not isinstance(entry, dict):
            raise self._error(f"has {str(entry)[:40]!r} among its annotations", "export it again")
        what = f"annotation {entry.get('id')!r}"
        if what in ids or entry.get("id") is None:
            what += f" (number {place} in the list)"
        ids.add(what)
        image_id, category_id = entry.get("image_id"), as_whole(entry.get("category_id"))
        known = isinstance(image_id, (int, float, str))
        number = by_id.get(image_id, by_id.get(_key(image_id))) if known else None
        if number is None:
            if known and _key(image_id) in left_out:
                return
            raise self._error(f"has {what} of the missing image {image_id!r}", "add that image or remove it")
        if category_id not in categories:
            raise self._error(f"has {what} of the unknown category {entry.get('category_id')!r}", "add that category")
        what += f" of {pictures[number].file_name!r}"
        crowd, attributes = entry.get("iscrowd"), entry.get("attributes")
        crowd = crowd if isinstance(crowd, bool) else 0 if crowd is None else as_whole(crowd)
        if crowd not in (0, 1):
            raise self._error(f"has {what} with iscrowd {entry['iscrowd']!r}", "write 0 or 1")
        if crowd and isinstance(attributes, dict) and "occluded" in attributes and not attributes.get("is_crowd"):
            crowd = 0  # CVAT writes iscrowd 1 for each object that was drawn pixel by pixel
            self._note("CVAT pixel masks marked iscrowd, read as single objects", number)
        if KEY in entry:
            polygons, counts = self.outlines[entry[KEY]], None
        else:
            polygons, counts = self._outline(entry.get("segmentation"), pictures[number].size, what, number)
        has_outline = bool(polygons) or counts is not None
        try:
            box = self._box(entry.get("bbox"), what)
        except UserError:
            if not has_outline:
                raise
            box = None
            self._note("annotations with a bbox that is not [x, y, width, height], their outline used", number)
        if not has_outline:
            name = categories[category_id][0]
            if is_background(name) and (box is None or box[0] >= box[2] or box[1] >= box[3]):
                self._note(f"annotations of {name!r} without an outline, read as pictures without objects", number)
                return
            if box is None:
                box = extent(entry.get("keypoints"))
                if box is None:
                    raise self._error(f"has {what} with neither segmentation nor bbox", "add one")
                self._note("annotations of keypoints alone, the rectangle around them used as box", number)
        points = self._points(entry.get("keypoints"), category_id, pictures[number].size, what, number)
        annotation = Annotation(entry.get("id"), category_id, bool(crowd), box, polygons, counts, points)
        pictures[number].annotations.append(annotation)

    def _points(self, values, category_id, size, what, number):
        """-> [K, (y, x, visibility)] float32, or None if the annotation or its category has no keypoints."""
        layout = self.layouts.get(category_id)
        if values is None or values == [] or layout is None:
            if values:
                self._note("keypoints left out, since their category does not name its keypoints", number)
            return None
        try:
            points = read_points(values, len(layout))
        except UserError as error:
            raise self._error(f"has {what} with {error}", "") from error
        if size is not None and (points[:, :2] > size).any() or (points < 0).any():
            self._note("annotations with keypoints outside the picture, read as not annotated", number)
        return points

    def _box(self, bbox, what):
        """COCO's [x, y, width, height] -> (y1, x1, y2, x2)."""
        if bbox is None or bbox == []:
            return None
        if not (type(bbox) is list and len(bbox) == 4 and all(type(n) in (int, float) and abs(n) < FAR for n in bbox)):
            numbers = finite_numbers(bbox)
            if numbers is None or numbers.size != 4:
                raise self._error(f"has {what} with bbox {str(bbox)[:60]}", "write [x, y, width, height]")
            bbox = numbers.tolist()
        x, y, width, height = map(float, bbox)
        return (y, x, y + max(0.0, height), x + max(0.0, width))

    def _outline(self, segmentation, size, what, number):
        """-> polygons, counts; at most one of the two."""
        if segmentation is None or segmentation == [] or segmentation == {}:
            return (), None
        if isinstance(segmentation, dict):
            return (), self._counts(segmentation, size, what)
        segmentation = self._lists(segmentation, number)
        if not isinstance(segmentation, list) or not all(isinstance(part, list) for part in segmentation):
            raise self._error(f"has {what} with segmentation {str(segmentation)[:60]}", "write [[x1, y1, ...], ...]")
        polygons = []
        for polygon in segmentation:
            numbers = finite_numbers(polygon)
            if numbers is None or numbers.size % 2:
                raise self._error(f"has {what} with the polygon {str(polygon)[:60]}", "write [x1, y1, x2, y2, ...]")
            if numbers.size >= 6:
                polygons.append(numbers.reshape(-1, 2)[:, ::-1])
            else:
                self._note("polygons of fewer than three points, left out", number)
        return tuple(polygons), None

    def _lists(self, segmentation, number):
        """[[x1, y1, ...], ...] of one flat list, or of lists of points, as some tools write them."""
        if not isinstance(segmentation, list):
            return segmentation
        if all(isinstance(value, (int, float)) for value in segmentation):
            self._note("outlines that are one flat list of numbers, read as one polygon", number)
            return [segmentation]
        points = [_flat_points(part) for part in segmentation]
        if all(part is not None for part in points):
            self._note("outlines that are lists of points, read as polygons", number)
            return points
        return segmentation

    def _counts(self, segmentation, size, what):
        counts, rle_size = segmentation.get("counts"), segmentation.get("size")
        if size is not None and rle_size != list(size):
            raise self._error(
                f"has {what} with run lengths for {rle_size} pixels in a picture of {list(size)}",
                "export it again; both are [height, width]",
            )
        try:
            runs = run_lengths(counts)
            if size is not None:
                check_run_lengths(runs, size)
            return counts if isinstance(counts, str) else runs
        except UserError as error:
            raise self._error(f"has {what}, whose {error}", "") from error

    def _note(self, what, number):
        counts = self.notes.setdefault(what, {})
        counts[number] = counts.get(number, 0) + 1

    def _error(self, what, cure):
        return UserError(f"{str(self.path)!r} {what}" + (f"; {cure}" if cure else ""))


def _key(value):
    """An id in the one way in which "1", 1 and 1.0 are written alike."""
    whole = as_whole(value)
    return str(value) if whole is None else whole


def _flat_points(polygon):
    """[[x1, y1], [x2, y2], [x3, y3], ...] -> [x1, y1, x2, y2, ...], or None for anything else."""
    pairs = isinstance(polygon, list) and len(polygon) > 2
    pairs = pairs and all(isinstance(point, list) and len(point) == 2 for point in polygon)
    return [value for point in polygon for value in point] if pairs else None
