"""How large a photograph becomes in the network, and where it lies in its padding: the rule, once.

resize.py applies it with numpy, ops/images.py with TensorFlow inside a graph; config takes its words for settings. `xp`
is either of the two libraries, and all numbers are float64, whole where they are pixels.
"""

MODES = ("square", "fit", "crop")
# Detectron2 takes int(x + 0.5), torchvision floor(x): 480 x 640 becomes 800 x 1067 or 800 x 1066. Matterport rounds
# halves to the even number. (function of xp, what is added before it)
ROUNDING = {"nearest": ("floor", 0.5), "floor": ("floor", 0.0), "even": ("round", 0.0)}
PLACES = ("end", "centre")  # where the picture lies in its padding: the padding is below and right, or on all sides


def rounded(xp, sides, rounding):
    """Sides rounded to whole pixels; rounding: a key of ROUNDING."""
    function, shift = ROUNDING[rounding]
    return getattr(xp, function)(sides + shift)


def padding_before(missing, place):
    """The pixels left free above and at the left, of those that the picture lacks; place: of PLACES."""
    return missing // 2 if place == "centre" else missing * 0


def sizes_in_network(
    xp,
    size,
    *,
    mode,
    min_dim,
    max_dim,
    min_scale=0.0,
    scale=1.0,
    limit=None,
    multiple=64,
    rounding="nearest",
    place="end",
):
    """The sizes that a photograph of `size` [(height, width)] gets in the network.

    mode "square"  up or down until the short side is `min_dim`, by at least `min_scale`, but no further than
                   the long side is `max_dim`; padded to max_dim x max_dim
         "fit"     the same scale; each side padded to the next multiple of `multiple`
         "crop"    the whole photograph times `scale`, or less where its long side would pass `limit`;
                   padded as in "fit"
    A side is rounded by `rounding`, a key of ROUNDING, and is at least 1 pixel. place: one of PLACES. Returns the
    sizes of the resized and of the padded picture, and (top, left), the place of the one in the other: [2] each.
    """
    long = xp.maximum(size[0], size[1])
    if mode == "crop":
        factor = scale if limit is None else xp.minimum(limit / long, scale)
    else:
        factor = xp.minimum(xp.maximum(min_dim / xp.minimum(size[0], size[1]), min_scale), max_dim / long)
    resized = xp.maximum(rounded(xp, size * factor, rounding), 1)
    network = xp.ones_like(size) * max_dim if mode == "square" else -(-resized // multiple) * multiple
    return resized, network, padding_before(network - resized, place)
