"""Trains a small U-Net in PyTorch on a loss that hausdorffd computes.

    python pytorch_unet.py --url http://127.0.0.1:8080

It needs a running hausdorffd, torch and numpy. The images are drawn here: soft ellipses in noise, among
bright specks that belong to no mask. To train a model of your own on the service's losses, copy `Service` and
`RemoteLoss`.
"""

import argparse
import http.client
import json
import urllib.parse

import numpy as np
import torch
from torch import nn


class Service:
    """hausdorffd, over one kept-alive connection."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def post(self, path, accept, y_true, y_pred, **options):
        """Posts masks of 0 and 1 and their probabilities; returns the answer's headers and body."""
        options |= {"shape": ",".join(map(str, y_pred.shape)), "dtype_true": "uint8", "dtype_pred": "float32"}
        target = f"{path}?{urllib.parse.urlencode(options)}&layout=BCHW"
        masks, probabilities = y_true.to("cpu", torch.uint8), y_pred.detach().to("cpu", torch.float32)
        body = masks.numpy().tobytes() + probabilities.numpy().tobytes()
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


class RemoteLoss(torch.autograd.Function):
    """A loss whose value and gradient are the service's; one request brings both."""

    @staticmethod
    def forward(ctx, y_pred, y_true, service, losses):
        headers, body = service.post("/v1/loss", "application/octet-stream", y_true, y_pred, losses=losses)
        gradient = torch.frombuffer(bytearray(body), dtype=torch.float32).reshape(y_pred.shape)
        ctx.save_for_backward(gradient.to(y_pred))
        return y_pred.new_tensor(float(headers["Loss"]))

    @staticmethod
    def backward(ctx, grad_output):
        (gradient,) = ctx.saved_tensors
        return grad_output * gradient, None, None, None


def validate(model, service, images, masks):
    """The validation set's mean average Hausdorff distance and 95 % Hausdorff distance."""
    with torch.no_grad():
        y_pred = model(images)
    options = {"metrics": "average_hausdorff,hausdorff_95", "empty": "diagonal"}
    _, body = service.post("/v1/score", "application/json", masks, y_pred, **options)
    return json.loads(body)["metrics"]


def block(channels_in, channels):
    """Two 3 x 3 convolutions, each with its norm and rectifier."""
    both = []
    for before in (channels_in, channels):
        convolution = nn.Conv2d(before, channels, 3, padding=1, bias=False)
        both += [convolution, nn.GroupNorm(4, channels), nn.ReLU()]
    return nn.Sequential(*both)


class UNet(nn.Module):
    """A U-Net of three levels with `base` channels at the first, from images to probabilities."""

    def __init__(self, base):
        super().__init__()
        self.fine, self.middle, self.deep = block(1, base), block(base, 2 * base), block(2 * base, 4 * base)
        self.middle_up, self.fine_up = block(6 * base, 2 * base), block(3 * base, base)
        self.down, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, image):
        fine = self.fine(image)
        middle = self.middle(self.down(fine))
        x = self.deep(self.down(middle))
        x = self.middle_up(torch.cat([self.up(x), middle], 1))
        x = self.fine_up(torch.cat([self.up(x), fine], 1))
        return torch.sigmoid(self.head(x))


def draw(count, size, seed):
    """Draws `count` noisy images of one to three soft ellipses among specks, and the ellipses' masks."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    images, masks = np.zeros((count, 1, size, size), "float32"), np.zeros((count, 1, size, size), "uint8")
    for image, mask in zip(images[:, 0], masks[:, 0]):
        for wanted in [True] * random.integers(1, 4) + [False] * 8:
            row, column = random.uniform(0.2, 0.8, 2)
            height, width = random.uniform(0.08, 0.2, 2) if wanted else random.uniform(0.01, 0.02, 2)
            radius = np.hypot((rows - row) / height, (columns - column) / width)  # 1 on the outline
            np.maximum(image, np.clip(2 - radius, 0, 1), out=image)
            mask |= wanted & (radius < 1.5)
        image += random.normal(0, 0.3, image.shape)
    return torch.from_numpy(images), torch.from_numpy(masks)


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

    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    service, model = Service(args.url), UNet(args.base).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    images, masks = (array.to(device) for array in draw(args.samples, args.size, args.seed))
    validation = [array.to(device) for array in draw(-(-args.samples // 4), args.size, args.seed + 1)]
    for epoch in range(args.epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(args.batch):
            loss = RemoteLoss.apply(model(images[batch]), masks[batch], service, args.losses)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        logs = {"loss": total / len(images)}
        logs |= {f"val_{name}": value for name, value in validate(model, service, *validation).items()}
        print(f"epoch {epoch + 1}:", *(f"{name} {value:.4f}" for name, value in logs.items()), flush=True)


if __name__ == "__main__":
    main()
