"""mrcnn train: settings from the preset, the data and the options, then training."""

from pathlib import Path

import keras

from mrcnn_keras.config import Config, parse_setting
from mrcnn_keras.data.loading import find_subsets, load_dataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.run_folder import RunFolder
from mrcnn_keras.suggest import suggest_settings
from mrcnn_keras.training import train

QUIET = ("CLASS_NAMES", "CATEGORY_IDS")


def train_from_options(options):
    """Everything between the words of the command line and mk.train."""
    run = RunFolder(options.out) if options.out else RunFolder.unused()
    if options.resume and not options.out:
        raise UserError("--resume needs --out RUN, the folder of the training to go on with")
    own = _own_settings(options)
    data, validation = _datasets(options)
    for note in data.notes:
        print(f"note: {note}")
    if options.resume:
        config = Config.load(run.config)
        if own:
            config = config.replace(**own)
    else:
        config = _config(options, own, data)
    keras.utils.set_random_seed(options.seed)
    model = MaskRCNN(config)
    if options.weights != "none" and not options.resume:
        _start_from(model, options.weights)
    history = train(
        model,
        data,
        validation,
        epochs=options.epochs or 20,
        minutes=options.minutes,
        steps_per_epoch=options.steps_per_epoch,
        out=run.path,
        resume=options.resume,
        seed=options.seed,
    )
    return {name: values[-1] for name, values in history.items() if values and values[-1] is not None}


def _own_settings(options):
    own = dict(parse_setting(text) for text in options.settings)
    if options.epochs and options.minutes:
        raise UserError(f"--epochs {options.epochs} and --minutes {options.minutes:g} both say how long; give one")
    if options.batch_size:
        own["BATCH_SIZE"] = options.batch_size
    if options.image_size:
        own["IMAGE_MIN_DIM"] = own["IMAGE_MAX_DIM"] = options.image_size
    return own


def _datasets(options):
    """Training and validation pictures; a folder that holds both subsets gives both."""
    subsets = find_subsets(options.data)
    own_validation = "train" in subsets and "val" in subsets and not options.val and not options.val_split
    data = load_dataset(options.data, subset="train" if "train" in subsets else None)
    if options.val:
        subsets = find_subsets(options.val)
        return data, load_dataset(options.val, subset="val" if "val" in subsets else None)
    if options.val_split:
        return data.split(options.val_split, seed=options.seed)
    if own_validation:
        print(f"measuring on the validation pictures of {options.data}")
        return data, load_dataset(options.data, subset="val")
    print("no validation pictures: give --val DATA or --val-split 0.2 to see how well the model does on new ones")
    return data, None


def _config(options, own, data):
    """The preset, what the data suggest, and on top what the user set; each suggestion is printed."""
    config = Config.preset(options.preset)
    category_ids = data.category_ids[1:]
    if not all(isinstance(i, int) for i in category_ids):
        category_ids = ()
    suggested = suggest_settings(config.replace(**_resize_only(own)), data.statistics(), data.class_names, category_ids)
    for name, (value, reason) in suggested.items():
        if name not in own and name not in QUIET:
            print(f"{name} = {value} ({reason})")
    return Config.preset(options.preset, **{**{name: value for name, (value, _) in suggested.items()}, **own})


def _resize_only(own):
    return {name: value for name, value in own.items() if name.startswith("IMAGE_")}


def _start_from(model, weights):
    path = Path(weights)
    if path.suffix != ".keras" or not path.exists():
        raise UserError(f"--weights {weights}: give none or an existing .keras file of the same model")
    saved = MaskRCNN.load(path)
    mine, its = model.weights, saved.weights
    if [tuple(w.shape) for w in mine] != [tuple(w.shape) for w in its]:
        raise UserError(f"--weights {weights} is of another model (classes or sizes differ); use the same settings")
    for variable, value in zip(mine, its, strict=True):
        variable.assign(value)
