"""Records what PyTorch makes of small U-Nets: `python3 record_network.py` writes network_*.npy beside itself.

Each file is one float32 vector: the weights in the order of their names, images, labels, logits in training, the gradient
in the order of the weights, ten losses of ten steps of Adam on the same batch, and logits of evaluation behind them.
"""
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CASES = {
    # name: levels, base, in_channels, classes, normalization, batch, height, width
    "padded": (2, 4, 2, 1, "batch", 3, 13, 10),
    "classes": (1, 16, 1, 3, "batch", 2, 16, 12),
    "plain": (2, 3, 1, 1, "none", 2, 8, 8),
    "deep": (3, 4, 5, 2, "batch", 2, 24, 16),
}


class Block(nn.Module):
    def __init__(self, inputs, outputs, normalization):
        super().__init__()
        plain = normalization == "none"
        self.convolution1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=plain)
        if not plain:
            self.normalization1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=plain)
        if not plain:
            self.normalization2 = nn.BatchNorm2d(outputs)
        self.plain = plain

    def forward(self, x):
        x = self.convolution1(x)
        x = F.relu(x if self.plain else self.normalization1(x))
        x = self.convolution2(x)
        return F.relu(x if self.plain else self.normalization2(x))


class UNet(nn.Module):
    def __init__(self, levels, base, in_channels, classes, normalization):
        super().__init__()
        width = [base << i for i in range(levels + 1)]
        self.encoder = nn.ModuleList(
            Block(width[i - 1] if i else in_channels, width[i], normalization) for i in range(levels))
        self.bottleneck = Block(width[levels - 1], width[levels], normalization)
        self.decoder = nn.ModuleList()
        for i in range(levels):
            block = Block(2 * width[i], width[i], normalization)
            block.up = nn.ConvTranspose2d(width[i + 1], width[i], 2, stride=2)
            self.decoder.append(block)
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, x):
        height, width = x.shape[2:]
        multiple = 1 << len(self.encoder)
        x = F.pad(x, (0, -width % multiple, 0, -height % multiple))
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottleneck(x)
        for block, skip in zip(reversed(self.decoder), reversed(skips)):
            x = block(torch.cat([skip, block.up(x)], 1))
        return self.head(x)[:, :, :height, :width]


def names(net, levels):
    """Names of tensors as documented: those of blocks in the order of the forward pass."""
    state = net.state_dict()
    groups = [f"encoder.{i}." for i in range(levels)] + ["bottleneck."]
    groups += [f"decoder.{i}." for i in reversed(range(levels))] + ["head."]
    parts = ["up.weight", "up.bias"]
    for i in (1, 2):
        parts += [f"convolution{i}.weight", f"convolution{i}.bias"]
        parts += [f"normalization{i}.{t}" for t in ("weight", "bias", "running_mean", "running_var")]
    parts += ["weight", "bias"]
    return [g + p for g in groups for p in parts if g + p in state]


def loss(logits, labels):
    """The mean over items and foreground classes of bce and of dice_loss, and their sum."""
    if logits.shape[1] == 1:
        p, g = torch.sigmoid(logits), (labels[:, None] > 0).float()
    else:
        p = torch.softmax(logits, 1)[:, 1:]
        g = torch.stack([(labels == k).float() for k in range(1, logits.shape[1])], 1)
    bce = -(g * torch.log(p) + (1 - g) * torch.log1p(-p)).mean((2, 3)).mean()
    s = 1e-5
    dice = (1 - (2 * (p * g).sum((2, 3)) + s) / (p.sum((2, 3)) + g.sum((2, 3)) + s)).mean()
    return bce + dice


def record(name, levels, base, in_channels, classes, normalization, batch, height, width):
    torch.manual_seed(sum(name.encode()))
    net = UNet(levels, base, in_channels, classes, normalization)
    state = net.state_dict()
    order = names(net, levels)
    for key in order:  # no tensor with a value of its own
        tensor = state[key]
        if tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5) if key.endswith(("running_var", "weight")) else tensor.normal_(0, 0.2)
    values = [state[key].numpy().ravel().copy() for key in order]
    images = torch.randn(batch, in_channels, height, width)
    yy, xx = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    labels = torch.stack([((yy - height / 2) ** 2 + (xx - width / (2 + i)) ** 2 < (3 + i) ** 2).long() for i in range(batch)])
    if classes > 2:
        labels += 2 * (yy < 3)[None].long() * (1 - labels)
    images[:, 0] += 2 * labels
    values += [images.numpy().ravel(), labels.numpy().ravel()]

    net.train()
    logits = net(images)
    loss(logits, labels).backward()
    values.append(logits.detach().numpy().ravel())
    parameters = dict(net.named_parameters())
    values += [parameters[key].grad.numpy().ravel() for key in order if key in parameters]

    # The forward pass above moved the running statistics once, as ours does in a test.
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        value = loss(net(images), labels)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    net.eval()
    with torch.no_grad():
        values += [np.array(losses), net(images).numpy().ravel()]
    path = Path(__file__).with_name(f"network_{name}.npy")
    np.save(path, np.concatenate([np.asarray(v, np.float32) for v in values]))
    print(path.name, path.stat().st_size, losses[0], losses[-1])


if __name__ == "__main__":
    for name, case in CASES.items():
        record(name, *case)
