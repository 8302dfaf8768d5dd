"""Named recipes of training: what the setting RECIPE stands for. A preset's settings from its project stay."""

# What all have in common: a rate scaled to the images of an update (Goyal et al. 2017) that falls to zero.
_COMMON = dict(
    LEARNING_RATE_SCALING="linear",
    LEARNING_RATE_SCHEDULE="cosine",
    EMA_MOMENTUM=0.0,
    REPEAT_THRESHOLD=0.0,
    EARLY_STOPPING=0,
)
# From weights that know something similar: stages that the preset freezes stay frozen.
_FINETUNE = _COMMON | dict(EPOCHS=20)
# From random weights: nothing of them is worth keeping.
_SCRATCH = _COMMON | dict(EPOCHS=20, BACKBONE_FREEZE_STAGES=0)
# Where time does not matter: until AP no longer rises, with averaged weights, and rare classes shown more often.
_LONG = _COMMON | dict(EPOCHS=100, EMA_MOMENTUM=0.99, EARLY_STOPPING=15, REPEAT_THRESHOLD=0.05)

RECIPES = {"finetune": _FINETUNE, "scratch": _SCRATCH, "long": _LONG}
