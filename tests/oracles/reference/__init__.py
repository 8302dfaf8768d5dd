"""A slow, plain Mask R-CNN of its own, for each published convention; it shares no line with the package.

The tests compare the package with what this wrote down. It follows the tensors as the originals have them: NCHW and
(x1, y1, x2, y2) in network pixels for torchvision and Detectron2, NHWC and normalised (y1, x1, y2, x2) for Matterport.
"""
