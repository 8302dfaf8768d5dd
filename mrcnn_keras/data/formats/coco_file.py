"""From a COCO JSON file to checked records. Mistakes in it are reported here, with their place."""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from mrcnn_keras.data.formats.coco_keypoints import category_layout, finite_numbers, is_whole, read_points
from mrcnn_keras.data.images import MAX_PIXELS
from mrcnn_keras.data.rasterize import run_lengths
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

HEAD = 16384  # bytes that show whether a file looks like COCO


class Annotation(NamedTuple):
    """One object. `box` is (y1, x1, y2, x2) or None; it has polygons, run lengths or neither."""

    id: object
    category_id: int
    crowd: bool
    box: tuple | None
    polygons: tuple = ()  # of [K, (y, x)] float64
    counts: object = None  # [K] int64, or COCO's compressed str
    keypoints: object = None  # [K, (y, x, visibility)] float32


class Picture(NamedTuple):
    """`file_name` has slashes and lies inside the folder of pictures; `size` is (height, width), or None if absent."""

    id: object
    file_name: str
    size: tuple | None
    annotations: list


class CocoFile(NamedTuple):
    path: Path
    categories: dict  # {id: (name, supercategory)}
    layouts: dict  # {id: KeypointLayout} of the categories that have keypoints
    pictures: list
    notes: dict  # {finding: {index of the picture: count}}


def looks_like_coco(path):
    """Whether the file begins like a COCO JSON; only its head is read."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:  # reported when this very file is loaded
        return False
    return head[:1] == b"{" and bool(re.search(rb'"(images|annotations|categories)"\s*:\s*\[', head))


def read_coco(path):
    """The COCO file at `path` -> CocoFile. Raises UserError if it is not COCO or contradicts itself."""
    return _Reader(Path(path)).read()


class _Reader:
    def __init__(self, path):
        self.path = path
        self.layouts = {}
        self.notes = {}

    def read(self):
        content = read_json(self.path)
        if not isinstance(content, dict):
            raise self._error(f"is a JSON {type(content).__name__}, not an object", "give a COCO file")
        for key in ("images", "annotations", "categories"):
            if not isinstance(content.get(key), list):
                raise self._error(f"has no list {key!r}", "COCO has images, annotations and categories")
            for entry in content[key]:
                if not isinstance(entry, dict):
                    raise self._error(f"has {str(entry)[:40]!r} among its {key}", "export it again")
        categories = self._categories(content["categories"])
        pictures = [self._picture(entry) for entry in content["images"]]
        numbers = {picture.id: number for number, picture in enumerate(pictures)}
        if len(numbers) < len(pictures):
            repeated = next(p.id for number, p in enumerate(pictures) if numbers[p.id] != number)
            raise self._error(f"has two images of id {repeated!r}", "give each its own id")
        for entry in content["annotations"]:
            self._add_annotation(entry, pictures, numbers, categories)
        return CocoFile(self.path, categories, self.layouts, pictures, self.notes)

    def _categories(self, entries):
        categories = {}
        for entry in entries:
            category_id, name = entry.get("id"), entry.get("name")
            if not is_whole(category_id) or not isinstance(name, str) or not name:
                raise self._error(f"has the category {str(entry)[:60]}", "write a whole number 'id' and a 'name'")
            if category_id in categories:
                raise self._error(f"has two categories of id {category_id}", "give each its own id")
            categories[category_id] = (name, entry.get("supercategory"))
            try:
                layout = category_layout(entry)
            except UserError as error:
                raise self._error(f"has the category {name!r} with {error}", "") from error
            if layout is not None:
                self.layouts[category_id] = layout
        if not categories:
            raise self._error("has no category", "add the classes of its annotations")
        return categories

    def _picture(self, entry):
        image_id, name = entry.get("id"), entry.get("file_name")
        if not (is_whole(image_id) or isinstance(image_id, str)):
            raise self._error(f"has an image of id {image_id!r}", "give each a whole number 'id'")
        if not isinstance(name, str) or not name:
            raise self._error(f"has no 'file_name' for image {image_id!r}", "add it")
        plain = PurePosixPath(name.replace("\\", "/"))
        if plain.is_absolute() or PureWindowsPath(name).drive or ".." in plain.parts or "\0" in name:
            raise self._error(f"has {name!r}, outside its folder", "write names relative to the folder of pictures")
        size = (entry.get("height"), entry.get("width"))
        if size == (None, None):
            return Picture(image_id, str(plain), None, [])
        if not all(is_whole(side) and side > 0 for side in size) or size[0] * size[1] > MAX_PIXELS:
            raise self._error(f"has {name!r} of height {size[0]!r}, width {size[1]!r}", "write its size in pixels")
        return Picture(image_id, str(plain), (int(size[0]), int(size[1])), [])

    def _add_annotation(self, entry, pictures, numbers, categories):
        annotation_id, image_id, category_id = (entry.get(key) for key in ("id", "image_id", "category_id"))
        what = f"annotation {annotation_id!r}"
        if not isinstance(image_id, (int, str)) or image_id not in numbers:
            raise self._error(f"has {what} of the missing image {image_id!r}", "add that image or remove it")
        if not is_whole(category_id) or category_id not in categories:
            raise self._error(f"has {what} of the unknown category {category_id!r}", "add that category")
        number = numbers[image_id]
        what += f" of {pictures[number].file_name!r}"
        crowd, attributes = entry.get("iscrowd", 0), entry.get("attributes")
        if crowd not in (0, 1):
            raise self._error(f"has {what} with iscrowd {crowd!r}", "write 0 or 1")
        if crowd and isinstance(attributes, dict) and "occluded" in attributes and not attributes.get("is_crowd"):
            crowd = 0  # CVAT writes iscrowd 1 for each object that was drawn pixel by pixel
            self._note("CVAT pixel masks marked iscrowd, read as single objects", number)
        box = self._box(entry.get("bbox"), what)
        polygons, counts = self._outline(entry.get("segmentation"), pictures[number].size, what, number)
        if not polygons and counts is None:
            if box is None:
                raise self._error(f"has {what} with neither segmentation nor bbox", "add one")
            self._note("annotations without a segmentation, their box used as mask", number)
        points = self._points(entry.get("keypoints"), category_id, pictures[number].size, what, number)
        annotation = Annotation(annotation_id, category_id, bool(crowd), box, polygons, counts, points)
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
        numbers = finite_numbers(bbox)
        if numbers is None or numbers.size != 4:
            raise self._error(f"has {what} with bbox {str(bbox)[:60]}", "write [x, y, width, height]")
        x, y, width, height = numbers.tolist()
        return (y, x, y + max(0.0, height), x + max(0.0, width))

    def _outline(self, segmentation, size, what, number):
        """-> polygons, counts; at most one of the two."""
        if segmentation is None or segmentation == [] or segmentation == {}:
            return (), None
        if isinstance(segmentation, dict):
            return (), self._counts(segmentation, size, what)
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

    def _counts(self, segmentation, size, what):
        counts, rle_size = segmentation.get("counts"), segmentation.get("size")
        if size is not None and rle_size != list(size):
            raise self._error(
                f"has {what} with run lengths for {rle_size} pixels in a picture of {list(size)}",
                "export it again; both are [height, width]",
            )
        try:
            return counts if isinstance(counts, str) else run_lengths(counts)
        except UserError as error:
            raise self._error(f"has {what}, whose {error}", "") from error

    def _note(self, what, number):
        counts = self.notes.setdefault(what, {})
        counts[number] = counts.get(number, 0) + 1

    def _error(self, what, cure):
        return UserError(f"{str(self.path)!r} {what}" + (f"; {cure}" if cure else ""))
