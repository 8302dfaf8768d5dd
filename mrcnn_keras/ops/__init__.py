"""Functions of tensors: no variables, no Config, no layers.

Letters: B images, A anchors, G ground-truth slots, R RoIs, N detections, C classes (0 = background).
Boxes are [..., (y1, x1, y2, x2)] float32 in pixels of the network image; pixel i spans [i, i + 1).
"""
