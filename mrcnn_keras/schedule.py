"""Learning rate as a function of how much of the training is done."""

import math


def learning_rate(peak, progress, step, *, kind="cosine", warmup_steps=0):
    """The rate of a step.

    peak: the setting LEARNING_RATE. progress: 0..1, the share of all steps (or of the time) that is over. step: number
    of the step, from 0. kind: "cosine" falls from peak to 0 (Loshchilov and Hutter 2017); "step" is a tenth of the peak
    from 2/3 on and a hundredth from 8/9 on (the 1x schedule of the paper's code). The first warmup_steps rise linearly
    from a thousandth (Goyal et al. 2017).
    """
    progress = min(max(progress, 0.0), 1.0)
    if kind == "cosine":
        rate = peak * 0.5 * (1 + math.cos(math.pi * progress))
    else:
        rate = peak * (1 if progress < 2 / 3 else 0.1 if progress < 8 / 9 else 0.01)
    if step < warmup_steps:
        rate *= 0.001 + 0.999 * step / warmup_steps
    return rate
