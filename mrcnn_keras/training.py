"""train: fit a model on a dataset, with a folder that holds whatever came of it."""

import tensorflow as tf

from mrcnn_keras.callbacks import Clock, Progress, Recorder, Schedule, StopAtNonFinite
from mrcnn_keras.data.pipeline import make_pipeline, take_error
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.run_folder import RunFolder


def train(
    model,
    dataset,
    validation=None,
    *,
    epochs=20,
    minutes=None,
    steps_per_epoch=None,
    out=None,
    resume=False,
    seed=0,
    callbacks=(),
):
    """Trains a model and measures it on the way.

    dataset, validation: Datasets; without validation there are no validation figures and best.keras is the last model.
    epochs: how long, or minutes: the schedule is fitted to that time and ends with it, the last evaluation included.
    steps_per_epoch: None: the setting STEPS_PER_EPOCH, or one pass over the pictures. out: folder to write (see
    RunFolder); None: the first unused of run, run-2, ... resume: go on where last.keras of `out` stopped. seed: of the
    order of the pictures and of the augmentation. callbacks: more Keras callbacks.
    Returns a dict, name of a figure -> list with one value an epoch (None where it was not measured).
    Raises UserError for pictures that cannot be read and for a loss that is not finite.
    """
    config = model.config
    if dataset.num_images == 0:
        raise UserError("the training data hold no picture; look at them with `mrcnn inspect`")
    _check_classes(config, dataset)
    run = RunFolder(out) if out is not None else RunFolder.unused()
    run.open(config, resume)
    if not model.compiled:
        model.compile()
    model.optimizer.build(model.trainable_variables)
    if resume:
        _take_over(model, run.last)

    steps = steps_per_epoch or config.STEPS_PER_EPOCH or -(-dataset.num_images // config.BATCH_SIZE)
    clock = Clock(
        total_steps=None if minutes else epochs * steps,
        total_seconds=minutes * 60 if minutes else None,
        seconds_before=run.seconds_so_far() if resume else 0.0,
    )
    first = int(model.optimizer.iterations)
    if clock.progress(first) >= 1:
        run.say(f"{run.path} has already been trained for {first} steps; ask for more epochs or minutes")
        return _columns(run.rows())
    run.say(
        f"{'resuming' if resume else 'training'} in {run.path}: {dataset.num_images} pictures, "
        f"{config.BATCH_SIZE} a step, {steps} steps an epoch, "
        + (f"{minutes:g} minutes" if minutes else f"{epochs} epochs")
        + (f", from step {first}" if first else "")
    )
    recorder = Recorder(run, config, validation, clock, steps)
    watchers = [Schedule(config, clock), StopAtNonFinite(dataset, config, seed)]
    watchers += [Progress(run.say, clock, steps), *callbacks, recorder]

    def fit(first_epoch, last_epoch, count):
        data = make_pipeline(dataset, config, seed=seed, start_step=int(model.optimizer.iterations))
        model.fit(
            data,
            initial_epoch=first_epoch,
            epochs=last_epoch,
            steps_per_epoch=count,
            callbacks=watchers,
            verbose=0,
            shuffle=False,
        )

    last_epoch = epochs if minutes is None else 10**9
    epoch, done = divmod(first, steps)
    try:
        if done:  # the rest of the epoch that was cut short
            fit(epoch, epoch + 1, steps - done)
            epoch += 1
        if epoch < last_epoch and not model.stop_training:
            fit(epoch, last_epoch, steps)
    except KeyboardInterrupt:
        recorder.save_last()
        run.say(f"stopped at step {int(model.optimizer.iterations)}; go on with resume")
        raise
    except tf.errors.OpError as error:
        raise take_error(error) or error from error
    if validation is None or not run.best.exists():
        run.save_model(model, run.best)
    run.say(f"trained {int(model.optimizer.iterations)} steps in {clock.seconds() / 60:.1f} minutes; see {run.path}")
    return _columns(run.rows())


def _check_classes(config, dataset):
    if dataset.num_classes != config.NUM_CLASSES:
        raise UserError(
            f"the data have {dataset.num_classes} classes with the background ({', '.join(dataset.class_names)}) but "
            f"NUM_CLASSES is {config.NUM_CLASSES}; set it to {dataset.num_classes}"
        )


def _take_over(model, path):
    """Weights and optimizer of a saved model, into this one."""
    saved = MaskRCNN.load(path)
    if saved.config != model.config:
        changed = [k for k, v in saved.config.to_dict().items() if v != model.config.to_dict()[k]]
        raise UserError(f"{path} was trained with other settings ({', '.join(changed)}); resume with the same ones")
    for mine, its in zip(model.variables, saved.variables, strict=True):
        mine.assign(its)
    for mine, its in zip(model.optimizer.variables, saved.optimizer.variables, strict=True):
        mine.assign(its)


def _columns(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
