"""mrcnn train: settings from the preset, the data and the options, then training."""

import json
import time
from contextlib import nullcontext
from pathlib import Path

import keras
import tensorflow as tf

from mrcnn_keras.architectures import STAGES
from mrcnn_keras.cli.data_argument import DataArgument
from mrcnn_keras.cli.parser import SKIP_BAD
from mrcnn_keras.cli.proposals import read_files
from mrcnn_keras.cli.suggest import PRESET, QUIET, suggest_augmentation, suggest_for
from mrcnn_keras.config import Config, parse_setting
from mrcnn_keras.data import check_objects, match_classes, note_pictures, note_sides, readable_pictures
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.model import PUBLISHED, MaskRCNN, computing_in, in_words, open_checkpoint
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.report import counted
from mrcnn_keras.training import Workers, cluster_strategy, device_strategy, train
from mrcnn_keras.weights.class_places import find_places

PRETRAINED_PRESET = "torchvision_v1"
# Settings that a trained detector has learnt with: they stay, whatever the new data suggest.
LEARNT_WITH = ("RPN_ANCHOR_SCALES", "IMAGE_STRETCH")
# Options that a resumed training takes from its beginning where they are left out; at most one per row is given.
# Those in FIXED must not change: otherwise pictures would move from validation to training.
REMEMBERED = (
    ("epochs", "minutes"),
    ("steps_per_epoch",),
    ("val", "val_split"),
    ("seed",),
    ("deterministic",),
    ("proposals",),
    ("skip_bad",),
    ("precision",),
    ("classes",),
    ("rename",),
    ("class_attribute",),
    ("stratified",),  # no option: whether --val-split put each class on both sides
)
# Options that older trainings did not write down.
LATER = {
    **dict.fromkeys(("deterministic", "proposals", "skip_bad", "precision", "classes", "rename", "class_attribute")),
    "stratified": False,
}
FIXED = ("val_split", "seed", "classes", "rename", "class_attribute")


def train_from_options(options):
    """Everything between the words of the command line and mk.train."""
    began = time.monotonic()
    if options.resume and not options.out:
        raise UserError("--resume needs --out RUN, the folder of the training to go on with")
    cluster = cluster_strategy()
    workers = Workers(cluster or tf.distribute.get_strategy())
    run = workers.run_folder(options.out)
    if options.resume and workers.count > 1:  # whoever starts workers again gives them the same command
        options.resume = workers.from_chief(run.last.exists)
    run.check(options.resume)
    own = _own_settings(options)
    named = _named_sets(options, own)
    options.precision = options.precision or own.get("PRECISION")
    options.stratified = None
    if options.resume:
        _recall(options, run)
    if options.deterministic:
        if options.minutes:
            raise UserError("--deterministic and --minutes: how far a training gets in a time differs; give --epochs")
        tf.config.experimental.enable_op_determinism()
    if options.skip_bad is None:
        options.skip_bad = SKIP_BAD
    if options.stratified is None:
        options.stratified = True
    given = DataArgument.of(options, options.data)
    seed = options.seed or 0
    with _open_weights(options) as checkpoint:
        if options.resume:
            config = _named(Config.load(run.config), named).replace(**own)
        else:
            config = _settings(options, own, checkpoint)
        data, validation = _datasets(options, given)
        names = _known_names(options, run, checkpoint, config, data)
        data, validation = _matched(options, given, run, names, data, validation)
        data, validation = _readable(options, seed, data, validation)
        _give_proposals(options, config, data, validation)
        statistics = _looked_through(data, validation)
        if not options.resume:
            detects = checkpoint.has_anchors if checkpoint else options.weights == "coco"
            chosen = {*own, *LEARNT_WITH} if detects else {*own}
            config = _fitted(config, named, own, data, statistics, chosen, _recipe(options))
        keras.utils.set_random_seed(seed)
        precision = options.precision or "auto"
        print(f"computing in {in_words(precision)}")
        strategy = cluster or device_strategy(config.BATCH_SIZE)
        # The precision is not a setting of the file, which others load on other machines.
        with workers.present(), strategy.scope(), computing_in(precision):
            model = MaskRCNN(config)
        if options.weights != "none" and not options.resume:
            model.load_weights(checkpoint or options.weights)
    if workers.is_chief:
        _remember(options, run)
    history = train(
        model,
        data,
        validation,
        epochs=options.epochs,
        minutes=workers.from_chief(lambda: _minutes_left(options.minutes, began)),
        steps_per_epoch=options.steps_per_epoch,
        out=run.path,
        resume=options.resume,
        seed=seed,
        tensorboard=options.tensorboard,
    )
    figures = {name: values[-1] for name, values in history.items() if values and values[-1] is not None}
    sides = [dataset for dataset in (data, validation) if dataset is not None]
    for name in ("notes", "skipped"):
        figures[name] = list(dict.fromkeys(sentence for dataset in sides for sentence in getattr(dataset, name)))
    return figures


def _open_weights(options):
    """The Checkpoint of --weights FILE, to be used in a `with`; None without a file, and for published weights."""
    if options.resume or options.weights in ("none", *PUBLISHED):
        return nullcontext()
    if not Path(options.weights).exists():
        raise UserError(
            f"--weights {options.weights}: no such file; give none, coco, imagenet or an existing file or run folder"
        )
    return open_checkpoint(options.weights)


def _settings(options, own, checkpoint):
    """The settings of --preset, or else of the model that --weights is of; suggestions for others depend on them."""
    if options.preset:
        config = Config.preset(options.preset)
    elif checkpoint and checkpoint.is_whole:
        config = checkpoint.config(**own)
    else:
        if options.weights == "coco":
            print(f"--weights coco without --preset: {PRETRAINED_PRESET}")
        config = Config.preset(PRETRAINED_PRESET if options.weights == "coco" else PRESET)
    inputs = {name: value for name, value in own.items() if name.startswith("IMAGE_") or name == "PROPOSALS"}
    return config.replace(**inputs)


def _minutes_left(minutes, began):
    """The minutes that reading the pictures has left, at least half of them."""
    return minutes and max(minutes - (time.monotonic() - began) / 60, minutes / 2)


def _own_settings(options):
    own = dict(parse_setting(text) for text in options.settings)
    if options.batch_size:
        own["BATCH_SIZE"] = options.batch_size
    if options.layers:
        own["BACKBONE_FREEZE_STAGES"] = STAGES[options.layers]
    if options.precision not in (None, "auto"):
        own["PRECISION"] = options.precision
    if options.image_size:
        own["IMAGE_MIN_DIM"] = own["IMAGE_MAX_DIM"] = options.image_size
    if options.proposals:
        own["PROPOSALS"] = "given"
    return own


def _named_sets(options, own):
    """{"RECIPE": name, "AUGMENT": name} of the sets that are asked for; taken out of `own`, which overrides them."""
    asked = {"RECIPE": options.recipe, "AUGMENT": options.augment}
    found = {name: word or own.pop(name, None) for name, word in asked.items()}
    return {name: word for name, word in found.items() if word}


def _recipe(options):
    """The recipe for a training that asks for none by name, with its reason."""
    if options.weights == "none":
        return "scratch", "no weights to begin with"
    return "finetune", f"--weights {options.weights}"


def _named(config, named):
    """`config` with the settings of named sets."""
    for name, word in sorted(named.items(), reverse=True):  # the recipe first, which may name an augmentation
        if word != "auto" and (name, word) != ("RECIPE", "none"):
            config = config.replace(**{name: word})
    return config


def _datasets(options, given):
    """Training and validation pictures, both from one DataArgument where it holds both subsets."""
    subsets = given.subsets()
    data = given.load("train")
    if options.val is not None:
        return data, DataArgument.of(options, options.val).load("val", like=data)
    if options.val_split is not None:
        return data, None
    if "train" in subsets and "val" in subsets:
        print(f"measuring on the validation pictures of {given}")
        return data, given.load("val", only=True, like=data)
    print("no validation pictures: give --val DATA or --val-split 0.2 to see how well the model does on new ones")
    return data, None


def _known_names(options, run, checkpoint, config, data):
    """The classes, background first, in the order of the model that is trained on; of the data without such a model.

    Weights for as many classes are taken whole, so a class that they know gets its place there, and one that they do
    not know gets a place that is left over.
    """
    if options.resume:
        return Config.load(run.config).CLASS_NAMES or data.class_names
    published = config.CLASS_NAMES if options.weights == "coco" else ()
    known = checkpoint.trained_with().get("CLASS_NAMES") or () if checkpoint else published
    names = data.class_names
    places = find_places(names, list(known))
    return [names[places.index(i)] for i in range(len(names))] if places else names


def _matched(options, given, run, names, data, validation):
    """Both datasets with the class ids of `names`."""
    having = f"{given} has"
    cure = f"start a new training with these weights: --weights {run.path} and another --out, without --resume"
    data = match_classes(data, names, having, f"the training in {run.path} has", cure)
    if validation is not None:
        cure = "give data with the same classes"
        other = DataArgument.of(options, options.val) if options.val else given
        validation = match_classes(validation, names, f"{other} has", having, cure)
    return data, validation


def _readable(options, seed, data, validation):
    """Both datasets without the pictures that cannot be read, the second split off the first where that is wanted."""
    data = readable_pictures(data, options.skip_bad, ProgressLine().counting("read training picture"))
    if validation is not None:
        line = ProgressLine().counting("read validation picture")
        return data, readable_pictures(validation, options.skip_bad, line)
    return (data, None) if options.val_split is None else data.split(options.val_split, seed, options.stratified)


def _looked_through(data, validation):
    """Notes contradictions, says what the data contain, and returns the statistics of the training data."""
    sides = {"training": data, "validation": validation}
    found = {}
    for name, dataset in sides.items():
        if dataset is not None:
            note_pictures(dataset)
            found[name] = dataset.statistics()
            print(f"{name} data: {counted(found[name])}")
    check_objects(data)
    if validation is not None:
        note_sides(data, validation, [statistics["per_class"] for statistics in found.values()])
    return found["training"]


def _give_proposals(options, config, data, validation):
    """Gives the proposals of --proposals to both datasets."""
    if config.PROPOSALS == "given" and not options.proposals:
        raise UserError("PROPOSALS='given' needs proposals; give --proposals FILE")
    if options.proposals:
        proposals = read_files(options.proposals)
        for dataset in filter(None, (data, validation)):
            dataset.set_proposals(proposals)


def _fitted(config, named, own, data, statistics, chosen, recipe):
    """`config` with what the data suggest, except `chosen`, then named sets, and then what the user set.

    named: {"RECIPE": ..., "AUGMENT": ...}, the sets that are asked for. recipe: (name, reason) where none is. What was
    not asked for is printed with its reason.
    """
    if "AUGMENT" in named:
        chosen = {*chosen, "AUGMENT_FLIP_UD", "AUGMENT_ROT90"}
    suggested = suggest_for(data, config, statistics, chosen)
    config = config.replace(**{name: value for name, (value, _) in suggested.items()})
    sets = {} if "RECIPE" in named else {"RECIPE": recipe}
    if named.get("AUGMENT") == "auto":
        sets["AUGMENT"] = suggest_augmentation(data, config.replace(**own), statistics)
    for name, (value, reason) in (suggested | sets).items():
        if name not in QUIET:
            print(f"{name} = {value} ({reason})")
    config = _named(config, named | {name: word for name, (word, _) in sets.items()})
    if "LEARNING_RATE" in own and "LEARNING_RATE_SCALING" not in own:  # the user's rate is for this very training
        own = {"LEARNING_RATE_SCALING": "none", **own}
    config = config.replace(**own)
    rate = config.peak_learning_rate()
    if rate != config.LEARNING_RATE:
        scaled = f"{config.LEARNING_RATE:g} is for {config.LEARNING_RATE_BATCH} pictures per update"
        print(f"learning rate {rate:g} ({scaled}; LEARNING_RATE_SCALING is {config.LEARNING_RATE_SCALING})")
    return config


def _remember(options, run):
    """Writes the options that a resumed training uses again."""
    with replace_file(run.path / "options.json") as temporary:
        temporary.write_text(json.dumps({name: getattr(options, name) for row in REMEMBERED for name in row}))


def _recall(options, run):
    """Fills in the options that were left out, with those that the training began with."""
    try:
        before = {**LATER, **json.loads((run.path / "options.json").read_text())}
        before = {name: before[name] for row in REMEMBERED for name in row}
        if isinstance(before["val"], str):  # of a training from before there could be several
            before["val"] = [before["val"]]
    except (OSError, ValueError, KeyError, TypeError):  # a training that mk.train began
        return
    for name in FIXED:
        given = getattr(options, name)
        if given is not None and given != (before[name] or 0):
            option, began = given, before[name] or 0
            if isinstance(given, list):
                option, began = " ".join(given), " ".join(before[name] or ["none"])
            raise UserError(
                f"--{name.replace('_', '-')} {option}: the training in {run.path} began with {began}; leave it out"
            )
    for row in REMEMBERED:
        if all(getattr(options, name) is None for name in row):
            for name in row:
                setattr(options, name, before[name])
