"""Times training steps of the same U-Net in PyTorch or Keras, for training.py at the other end of a pipe; see step-timer.

  torch f32 channels_last bce      or bf16, default layout, monai (its dice + its hausdorff_dt)
  keras                            on TensorFlow, as people write it
  onnx FILE                        onnxruntime on an exported model
  step 10, image 10                takes ten steps, or applies the model ten times; answers a number and seconds
"""
import os
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

SHAPE = (8, 1, 256, 256)


def batch():
    """Discs in noise."""
    random = np.random.default_rng(1)
    row, column = random.uniform(0.3, 0.7, (2, SHAPE[0], 1, 1))
    y, x = np.arange(SHAPE[2])[:, None] / SHAPE[2], np.arange(SHAPE[3])[None] / SHAPE[3]
    radius = 0.01 * (np.arange(SHAPE[0]) % 4 + 1)[:, None, None]
    labels = ((y - row) ** 2 + (x - column) ** 2 < radius)[:, None].astype(np.float32)
    return labels + random.normal(size=SHAPE).astype(np.float32), labels


def torch_step(precision, layout, loss_name):
    import torch
    import torch.nn.functional as F

    sys.path.insert(0, str(Path(__file__).parent.parent / "Tests/UNetTests/Fixtures"))
    from record_network import UNet

    torch.set_num_threads(2)
    torch.manual_seed(1)
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = UNet(4, 16, 1, 1, "batch").to(memory_format=form)
    images, labels = (torch.from_numpy(array.astype(np.float32)).to(memory_format=form) for array in batch())
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    if loss_name == "monai":
        from monai.losses import DiceLoss, HausdorffDTLoss

        dice, distance = DiceLoss(sigmoid=True), HausdorffDTLoss(sigmoid=True, include_background=True)
        loss = lambda logits, labels: dice(logits, labels) + distance(logits, labels)
    else:
        loss = F.binary_cross_entropy_with_logits

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = net(images)
        value = loss(logits.float(), labels)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def keras_step():
    import keras
    import tensorflow as tf
    from keras import layers

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    keras.utils.set_random_seed(1)

    def block(x, channels):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        return x

    image = keras.Input((*SHAPE[2:], 1))
    x, skips = image, []
    for level in range(4):
        x = block(x, 16 << level)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, 256)
    for level in reversed(range(4)):
        x = layers.Conv2DTranspose(16 << level, 2, strides=2)(x)
        x = block(layers.Concatenate()([skips[level], x]), 16 << level)
    model = keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    images, labels = (np.moveaxis(array, 1, 3).astype(np.float32) for array in batch())
    return lambda: float(model.train_on_batch(images, labels))


def onnx_image(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).normal(size=(1, 1, 512, 512)).astype(np.float32)
    return lambda: float(session.run(None, {"image": image})[0].mean())


makers = {"torch": torch_step, "keras": keras_step, "onnx": onnx_image}
action = None
for line in sys.stdin:
    words = line.split()
    if words[0] in makers:
        action = makers[words[0]](*words[1:])
    else:
        start = time.perf_counter()
        for _ in range(int(words[1])):
            value = action()
        print(value, (time.perf_counter() - start) / int(words[1]), flush=True)
