"""Trains a model on a dataset and writes everything to a run folder."""

import contextlib
import math
import re
import warnings

import keras
import tensorflow as tf

from mrcnn_keras.data import (
    check_keypoints,
    check_objects,
    epoch_length,
    findings,
    make_pipeline,
    match_classes,
    no_object,
    note_leaks,
    note_pictures,
    take_error,
    training_order,
)
from mrcnn_keras.errors import UserError, listing
from mrcnn_keras.model import MaskRCNN, train_stages, train_the_same, with_fixed_sizes
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.training.averaging import own_weights_after_fit, take_average
from mrcnn_keras.training.callbacks import RATE_SET, Progress, Recorder, Schedule, StopAtNonFinite, monitored_figures
from mrcnn_keras.training.evaluation_report import report_training
from mrcnn_keras.training.schedule import finished_steps
from mrcnn_keras.training.tensorboard import TensorBoardLog, check_tensorboard
from mrcnn_keras.training.workers import Workers


def train(
    model,
    dataset,
    validation=None,
    *,
    epochs=None,
    minutes=None,
    steps_per_epoch=None,
    out=None,
    resume=False,
    seed=0,
    callbacks=(),
    augment=None,
    layers=None,
    tensorboard=False,
):
    """Trains a model, evaluates it on the way, and writes a run folder.

    The learning rate follows the settings, unless the model's optimizer was created with its own schedule. A callback
    that sets it takes it over: from then on it is what callbacks make it, also after a resume. Keras's
    LearningRateScheduler does so from the beginning, ReduceLROnPlateau when it first reduces it.

    Validation figures are measured as often as a tenth of the time allows, and after the last epoch; after each epoch
    if a callback monitors one of them (`EarlyStopping("val_loss")`, `ReduceLROnPlateau("segm/AP")`), so that its
    patience counts epochs. With `minutes` they are measured about three times, and such callbacks act then only.

    Args:
        model: `MaskRCNN`. It is compiled with its settings' optimizer if it is not compiled yet.
        dataset: `Dataset` to train on.
        validation: `Dataset` to evaluate on, or `None`: no validation figures, and best.keras is the last model.
        epochs: Integer, or `None`: the setting EPOCHS, 20 unless a recipe says more; ignored if `minutes` is given.
        minutes: Float. The schedule is fitted to this time and ends with it, including the last evaluation.
        steps_per_epoch: Integer, or `None`: the setting STEPS_PER_EPOCH, or one pass over the pictures.
        out: Folder to write, see `RunFolder`, or `None`: the first of run, run-2, ... that does not exist.
        resume: Boolean, whether to continue the training in `out` from its last.keras.
        seed: Integer, seed of the order of the pictures and of the augmentation.
        callbacks: Further Keras callbacks. Their `logs` include the validation figures (val_loss, val_... of each part
            of the loss, bbox/AP, segm/AP, ...) of the epochs that were measured.
        augment: A further augmentation of the training pictures, such as an `albumentations.Compose`; see
            `make_pipeline`. A training that is resumed has to be given the same again.
        layers: String, what part of the backbone trains besides the heads, in the words of Matterport's package:
            `"heads"`: none; `"5+"`, `"4+"`, `"3+"`: the stages from this one on; `"all"`. Later trainings of the model
            keep it. `None`: as the model is, see BACKBONE_FREEZE_STAGES.
        tensorboard: Boolean, whether to write the figures, and pictures of validation detections, for TensorBoard to
            the folder tensorboard in `out` too.

    The weights may be averaged over the steps (EMA_MOMENTUM): then that average is measured, is in best.keras, and in
    the model at the end. last.keras has the weights that a resumed training goes on from.

    Returns:
        Dict from the name of a figure to a list with one value per epoch, `None` where it was not measured.

    Raises:
        UserError: If a picture cannot be read, a loss is not finite, there is no object to learn from, XLA compiles the
            step and pictures may have different sizes, or model and datasets do not fit together. Classes are matched
            by name where the model's are known: their order is free.
    """
    config = model.config
    epochs = config.EPOCHS if epochs is None else epochs
    _check_length(epochs, minutes, steps_per_epoch)
    if tensorboard:
        check_tensorboard()
    dataset, validation = _checked_data(model, dataset, validation)
    notes = [*_notes(config, dataset, validation)]
    workers = Workers(model.distribute_strategy)
    workers.check_batch_size(config.BATCH_SIZE)
    run = workers.run_folder(out)
    run.check(resume)
    _prepare(model, layers, run.last if resume else None)
    run.open(config, resume)
    for note in notes:
        run.say(note)

    shown = training_order(dataset, config, seed).per_epoch
    steps = steps_per_epoch or epoch_length(shown, config)
    so_far = run.so_far() if resume else {}
    clock = workers.clock(
        total_steps=None if minutes else epochs * steps,
        total_seconds=minutes * 60 if minutes else None,
        seconds=so_far.get("seconds", 0.0),
        scheduled=so_far.get("scheduled", 0.0),
        rate_set=so_far.get("rate_set", False)
        or any(isinstance(callback, keras.callbacks.LearningRateScheduler) for callback in callbacks),
    )
    first = finished_steps(model)
    length = [first, epochs, minutes, steps]
    workers.check_same(_what_must_agree(model, dataset, validation, length, seed))
    recorder = Recorder(run, config, validation, clock, workers=workers)
    finished = _finished(recorder, first, resume)
    if finished:
        take_average(model)
        run.say(finished)
        return _columns(run.rows())

    run.say(_beginning(run, config, dataset, shown, length, resume))
    if clock.rate_set:
        run.say(RATE_SET)
    run.say("building the training graph, which takes about half a minute ...")
    line = ProgressLine(run.say)
    monitored = set() if validation is None else monitored_figures(callbacks, config)
    recorder.every_epoch = bool(monitored)
    watchers = [Schedule(config, clock, line), StopAtNonFinite(dataset, config, seed)]
    watchers += [Progress(line, clock, steps)] if workers.is_chief else []
    watchers += [recorder]
    watchers += [TensorBoardLog(run, validation, recorder)] if tensorboard and workers.is_chief else []
    watchers += callbacks

    def fit(first_epoch, last_epoch, count):
        pipeline = dict(seed=seed, start_step=finished_steps(model), augment=augment)
        data = workers.distributed(lambda shard: make_pipeline(dataset, config, shard=shard, **pipeline))
        part = {"initial_epoch": first_epoch, "epochs": last_epoch, "steps_per_epoch": count}
        with warnings.catch_warnings():
            if minutes and monitored:  # else Keras would warn after each epoch in which they are not measured
                warnings.filterwarnings("ignore", f".*({'|'.join(map(re.escape, monitored))}).* available")
            with own_weights_after_fit(model), workers.present():
                model.fit(data, **part, callbacks=watchers, verbose=0)

    last_epoch = epochs if minutes is None else 10**9
    epoch, done = divmod(first, steps)
    with _nothing_is_lost(model, run, clock, line):
        if done:  # the rest of the interrupted epoch
            fit(epoch, epoch + 1, steps - done)
            epoch += 1
        if epoch < last_epoch and not model.stop_training:
            fit(epoch, last_epoch, steps)
    take_average(model)
    trained = f"{finished_steps(model)} steps in {clock.seconds() / 60:.1f} minutes"
    _write_results(model, recorder, {"training pictures": dataset.num_images, "trained": trained})
    run.say(f"trained {trained}; see {run.path}")
    return _columns(run.rows())


def _check_length(epochs, minutes, steps_per_epoch):
    lengths = {"epochs": epochs, "minutes": minutes, "steps_per_epoch": steps_per_epoch}
    for name, value in lengths.items():
        if value is not None and not 0 < value < math.inf:
            raise UserError(f"{name} = {value}: give a number above 0")


def _checked_data(model, dataset, validation):
    """-> both datasets with the model's class ids; what is wrong with them is reported before there is a folder."""
    config = model.config
    _check_datasets(config, dataset, validation)
    dataset, validation = _with_the_classes_of(config, dataset, validation)
    check_objects(dataset)
    for side in filter(None, (dataset, validation)):
        note_pictures(side)
    if validation is not None:
        note_leaks(dataset, validation)
    if model.jit_compile:
        with_fixed_sizes(make_pipeline(dataset, config), config)
    return dataset, validation


def _check_datasets(config, dataset, validation):
    for name, data in {"training": dataset, "validation": validation}.items():
        if data is not None and data.num_images == 0:
            raise UserError(f"the {name} data contain no picture; check them with `mrcnn inspect`")
        if data is not None and config.PROPOSALS == "given":
            for image_id in data.image_ids:
                data.load_proposals(image_id)  # reports what is wrong with them before hours are spent
    if config.NUM_KEYPOINTS:
        check_keypoints(dataset, config.NUM_KEYPOINTS)
        if validation is not None:
            check_keypoints(validation, config.NUM_KEYPOINTS)


def _with_the_classes_of(config, dataset, validation):
    """-> both datasets with the class ids of the model's names; the training data's, where the model has none."""
    names = config.CLASS_NAMES or dataset.class_names
    if len(names) != config.NUM_CLASSES:
        raise UserError(
            f"the data have {dataset.num_classes} classes with the background ({', '.join(dataset.class_names)}) but "
            f"NUM_CLASSES is {config.NUM_CLASSES}; set it to {dataset.num_classes}"
        )
    cure = "make a model with the classes of the data and give it the weights of this one"
    dataset = match_classes(dataset, names, "the training data have", "the model has", cure)
    if validation is not None:
        cure = "give data with the same classes"
        validation = match_classes(validation, names, "the validation data have", "the training data have", cure)
    return dataset, validation


def _prepare(model, layers, last):
    """Compiles the model for a training that starts at step 0 or, where there is a `last` file, goes on from it."""
    with model.distribute_strategy.scope():  # under tf.distribute, the optimizer's variables go where the model's are
        others = layers is not None and train_stages(model, layers)
        if not model.compiled:
            model.compile()
        elif others or (not last and finished_steps(model)):  # of an earlier training
            fresh = model.optimizer.from_config(model.optimizer.get_config())
            model.compile(fresh, jit_compile=model.jit_compile)
            if isinstance(model.optimizer.learning_rate, keras.Variable):  # the last of that training
                model.optimizer.learning_rate = model.config.peak_learning_rate()
    if last:
        _take_over(model, last)
    model.stop_training = False


def _take_over(model, path):
    """Copies weights, optimizer and which layers train from a saved model into this one."""
    saved = MaskRCNN.load(path)
    if saved.config != model.config:
        mine = model.config.to_dict()
        changed = listing(name for name, value in saved.config.to_dict().items() if value != mine[name])
        raise UserError(f"{path} was trained with other settings ({changed}); resume with the same ones")
    if type(saved.optimizer) is not type(model.optimizer):
        raise UserError(f"{path} was trained with another optimizer; compile the model with the same one")
    with model.distribute_strategy.scope():
        train_the_same(model, saved, path)
    for mine, its in zip(model.variables, saved.variables, strict=True):
        mine.assign(its)
    for mine, its in zip(model.optimizer.variables, saved.optimizer.variables, strict=True):
        mine.assign(its)


def _notes(config, dataset, validation):
    """Yields sentences on the data that the run folder keeps."""
    yield from findings(*filter(None, (dataset, validation)))
    if validation is None and config.EARLY_STOPPING:
        yield "note: EARLY_STOPPING has nothing to go by, since there are no validation data"
    unmeasured = validation is not None and no_object(validation)
    if unmeasured:
        yield f"note: the validation data have no object to measure on: {unmeasured}"


def _what_must_agree(model, dataset, validation, length, seed):
    """Dict of all in which workers of one training may not differ."""
    sides = {"training pictures": dataset, "validation pictures": validation}
    names = {name: side and [side.image_name(i) for i in side.image_ids] for name, side in sides.items()}
    return {"settings": model.config.to_dict(), "precision": model.precision, "length": length, "seed": seed, **names}


def _finished(recorder, first, resume):
    """-> why there is nothing left to train, or None."""
    run, patience = recorder.run, recorder.config.EARLY_STOPPING
    if resume and recorder.is_stalled(run.rows()):
        return f"{run.path} has ended, as the AP did not rise any more; EARLY_STOPPING is {patience}"
    if recorder.clock.progress(first) >= 1:
        return f"{run.path} has already been trained for {first} steps; give more epochs or minutes"
    return None


def _beginning(run, config, dataset, shown, length, resume):
    """-> the first line of a training's log."""
    first, epochs, minutes, steps = length
    return (
        f"{'resuming' if resume else 'training'} in {run.path}: {dataset.num_images} pictures, "
        f"{config.BATCH_SIZE} per step, {steps} steps per epoch, "
        + (f"{minutes:.3g} minutes" if minutes else f"{epochs} epochs")
        + (f", {shown} shown per epoch (REPEAT_THRESHOLD)" if shown != dataset.num_images else "")
        + (f", from step {first}" if first else "")
        + (", on a GPU" if tf.config.list_physical_devices("GPU") else ", on the CPU")
    )


@contextlib.contextmanager
def _nothing_is_lost(model, run, clock, line):
    """A training inside that is interrupted, or that a user's mistake ends, is saved; the progress line is removed."""
    try:
        yield
    except KeyboardInterrupt:
        line.clear()
        run.save_last(model, clock)
        run.say(f"stopped at step {finished_steps(model)}; continue with resume")
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise UserError(
            f"there is not enough memory for {model.config.BATCH_SIZE} pictures per step; lower BATCH_SIZE or "
            "IMAGE_MAX_DIM"
        ) from error
    except tf.errors.OpError as error:
        mistake = take_error(error)
        if mistake is None:
            raise
        run.save_last(model, clock)
        raise mistake from error
    finally:
        line.clear()


def _write_results(model, recorder, facts):
    """Writes best.keras, if no evaluation did, and the report."""
    run, workers = recorder.run, recorder.workers
    if recorder.validation is None or not run.best.exists():
        run.save_model(model, run.best)
        recorder.best_predictions = recorder.predictions
    try:
        if workers.is_chief:
            report_training(run, recorder.config, recorder, facts)
    except (UserError, OSError) as error:  # the models are saved
        run.say(f"note: {run.report} was not written: {error}")
    workers.from_chief(lambda: None)  # so that nobody leaves while another is at work


def _columns(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
