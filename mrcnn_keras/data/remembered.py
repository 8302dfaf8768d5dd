"""A dataset whose annotations are read once: decoding masks costs as much as a training step's share of a core."""

from mrcnn_keras.data.dataset import SubsetOfDataset

# Bytes of mask bits that are kept; what comes later is read anew each time.
LIMIT = 256 * 2**20


class RememberedDataset(SubsetOfDataset):
    """All pictures of another dataset; keeps the Detections of load_annotations, up to LIMIT bytes of masks."""

    def __init__(self, dataset):
        super().__init__(dataset, dataset.image_ids)
        self._kept, self._bytes = {}, 0

    def load_annotations(self, image_id):
        """As of the dataset behind it."""
        image_id = int(image_id)
        found = self._kept.get(image_id)
        if found is None:
            found = super().load_annotations(image_id)
            size = sum(crop.bits.nbytes for crop in found.mask_crops or ()) + 200 * (1 + len(found))
            size += 0 if found.keypoints is None else found.keypoints.nbytes
            if self._bytes + size <= LIMIT:
                self._kept[image_id] = found
                self._bytes += size
        return found
