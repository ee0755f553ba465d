"""Trains a small U-Net in Keras 3 on a loss that hausdorffd computes, on any of Keras's backends.

    KERAS_BACKEND=torch python keras_unet.py --url http://127.0.0.1:8080        # or jax, or tensorflow

It needs a running hausdorffd, keras with one of its backends, and numpy. The images are drawn here: soft
ellipses in noise, among bright specks that belong to no mask. To train a model of your own on the service's
losses, copy `Service`, `call_in_graph` and `RemoteLoss`, and `HausdorffValidation` if you wish.
"""

import argparse
import http.client
import json
import urllib.parse

import keras
import numpy as np
from keras import layers, ops


class Service:
    """hausdorffd, over one kept-alive connection."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def post(self, path, accept, y_true, y_pred, **options):
        """Posts masks of 0 and 1 and their probabilities; returns the answer's headers and body."""
        options |= {"shape": ",".join(map(str, y_pred.shape)), "dtype_true": "uint8", "dtype_pred": "float32"}
        target = f"{path}?{urllib.parse.urlencode(options)}"
        body = np.asarray(y_true, "uint8").tobytes() + np.asarray(y_pred, "<f4").tobytes()
        headers = {"Content-Type": "application/octet-stream", "Accept": accept}
        answer, body = self.exchange("POST", target, body, headers)
        if answer.status != 200:
            raise RuntimeError(f"hausdorffd answered {answer.status}: {json.loads(body)['detail']}")
        return answer.headers, body

    def exchange(self, *request):
        """Sends a request, anew if the server has closed the connection; returns the answer and its body."""
        kept = self.connection.sock is not None
        try:
            self.connection.request(*request)
            answer = self.connection.getresponse()
            return answer, answer.read()
        except ConnectionError:
            self.connection.close()
            if not kept:
                raise
            return self.exchange(*request)


def call_in_graph(function, y_true, y_pred):
    """Calls a numpy function, which returns a scalar and an array like y_pred, inside the backend's graph."""
    if keras.backend.backend() == "jax":  # with a single CPU, set NPROC=2: the callback needs a second thread
        import jax

        shapes = jax.ShapeDtypeStruct((), "float32"), jax.ShapeDtypeStruct(y_pred.shape, "float32")
        return jax.pure_callback(function, shapes, y_true, y_pred)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        scalar, array = tf.numpy_function(function, (y_true, y_pred), (tf.float32, tf.float32))
        return tf.ensure_shape(scalar, ()), tf.ensure_shape(array, y_pred.shape)
    return map(ops.convert_to_tensor, function(*map(ops.convert_to_numpy, (y_true, y_pred))))


class RemoteLoss(keras.losses.Loss):
    """A loss whose value and gradient are the service's; one request brings both."""

    def __init__(self, url, losses):
        super().__init__(name="remote_loss")
        self.service, self.losses = Service(url), losses

    def ask(self, y_true, y_pred):
        """Asks the service for the loss of a batch and its gradient by y_pred."""
        accept = "application/octet-stream"
        headers, body = self.service.post("/v1/loss", accept, y_true, y_pred, losses=self.losses)
        return np.float32(headers["Loss"]), np.frombuffer(body, "<f4").reshape(y_pred.shape).copy()

    def call(self, y_true, y_pred):
        @ops.custom_gradient
        def remote(y_pred):
            loss, gradient = call_in_graph(self.ask, y_true, y_pred)

            def backward(*args, upstream=None):  # torch passes upstream by name, the others alone
                return gradient * (args[0] if upstream is None else upstream)

            return loss, backward

        return remote(y_pred)


class HausdorffValidation(keras.callbacks.Callback):
    """Adds a validation set's mean Hausdorff distances to every epoch's logs, and prints the logs."""

    def __init__(self, url, images, masks):
        super().__init__()
        self.service, self.images, self.masks = Service(url), images, masks

    def on_epoch_end(self, epoch, logs=None):
        y_pred = self.model.predict(self.images, verbose=0)
        options = {"metrics": "average_hausdorff,hausdorff_95", "empty": "diagonal"}
        _, body = self.service.post("/v1/score", "application/json", self.masks, y_pred, **options)
        logs.update({f"val_{name}": value for name, value in json.loads(body)["metrics"].items()})
        print(f"epoch {epoch + 1}:", *(f"{name} {value:.4f}" for name, value in logs.items()), flush=True)


def draw(count, size, seed):
    """Draws `count` noisy images of one to three soft ellipses among specks, and the ellipses' masks."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    images, masks = np.zeros((count, size, size, 1), "float32"), np.zeros((count, size, size, 1), "uint8")
    for image, mask in zip(images[..., 0], masks[..., 0]):
        for wanted in [True] * random.integers(1, 4) + [False] * 8:
            row, column = random.uniform(0.2, 0.8, 2)
            height, width = random.uniform(0.08, 0.2, 2) if wanted else random.uniform(0.01, 0.02, 2)
            radius = np.hypot((rows - row) / height, (columns - column) / width)  # 1 on the outline
            np.maximum(image, np.clip(2 - radius, 0, 1), out=image)
            mask |= wanted & (radius < 1.5)
        image += random.normal(0, 0.3, image.shape)
    return images, masks


def unet(size, base):
    """A U-Net of three levels with `base` channels at the first, from an image to probabilities."""

    def block(x, channels):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = layers.Activation("relu")(layers.GroupNormalization(4)(x))
        return x

    image = layers.Input((size, size, 1))
    fine = block(image, base)
    middle = block(layers.MaxPooling2D()(fine), 2 * base)
    x = block(layers.MaxPooling2D()(middle), 4 * base)
    x = block(layers.Concatenate()([layers.UpSampling2D()(x), middle]), 2 * base)
    x = block(layers.Concatenate()([layers.UpSampling2D()(x), fine]), base)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where hausdorffd listens")
    parser.add_argument("--losses", default="hausdorff_dt:0.005,dice_loss", help="name:weight, by commas")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--samples", type=int, default=64, help="images to train on; a quarter validates")
    parser.add_argument("--size", type=int, default=64, help="pixels along a side, a multiple of 4")
    parser.add_argument("--base", type=int, default=8, help="channels at full size, a multiple of 4")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    keras.utils.set_random_seed(args.seed)
    model = unet(args.size, args.base)
    compiled = keras.backend.backend() == "jax"  # XLA can call Python from JAX, but not from TensorFlow
    model.compile(keras.optimizers.Adam(5e-3), RemoteLoss(args.url, args.losses), jit_compile=compiled)
    images, masks = draw(args.samples, args.size, args.seed)
    validation = HausdorffValidation(args.url, *draw(-(-args.samples // 4), args.size, args.seed + 1))
    model.fit(images, masks, args.batch, args.epochs, verbose=0, callbacks=[validation])


if __name__ == "__main__":
    main()
