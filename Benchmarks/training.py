"""Times training steps and inference of a U-Net beside PyTorch, Keras, MONAI and onnxruntime, on two cores.

The network has 4 levels, 16 base channels and batch normalisation; a step is one of Adam on 8 images of 256². Each side is a
process of its own; they take turns.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median


class Process:
    """One side, at the other end of a pipe."""

    def __init__(self, command, setup):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.send(setup)

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        """The numbers that it answers."""
        self.send(line)
        answer = self.process.stdout.readline().split()
        if not answer:
            raise SystemExit(f"'{line}': {self.process.args} ended")
        return [float(number) for number in answer]

    def peak(self):
        """The most memory that it had, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run(table, program, quick):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:2])
    rounds, peer = (3 if quick else 9), [sys.executable, str(Path(__file__).with_name("step_peer.py"))]
    ours = {name: Process([program], f"train {name} 2 8,1,256,256") for name in ("bf16", "f32", "auto")}
    peers = {
        "bf16": Process(peer, "torch bf16 channels_last bce"), "f32": Process(peer, "torch f32 channels_last bce"),
        "default": Process(peer, "torch f32 default bce"), "monai": Process(peer, "torch bf16 channels_last monai"),
        "keras": Process(peer, "keras"),
    }
    both = "dice_loss+hausdorff_dt"
    questions = {
        "ours bf16": (ours["bf16"], "step bce 3"), "torch bf16": (peers["bf16"], "step 3"),
        "ours f32": (ours["f32"], "step bce 3"), "torch f32": (peers["f32"], "step 3"),
        "ours auto": (ours["auto"], "step bce 3"), "torch default": (peers["default"], "step 3"),
        "keras": (peers["keras"], "step 3"),
        "ours both": (ours["bf16"], f"step {both} 3"), "ours bce": (ours["bf16"], "step bce 3"),
        "monai": (peers["monai"], "step 3"),
    }
    times, shares = {name: [] for name in questions}, []
    for index in range(rounds + 1):
        for name, (process, question) in questions.items():
            answer = process.ask(question)
            if index > 0:  # steady state
                times[name].append(answer[1])
                if name == "ours bf16":
                    shares.append(answer[2] / answer[1])
    seconds = {name: median(values) for name, values in times.items()}

    table.section("Training steps of a U-Net, 8×256², Adam, two cores, wall-clock time")
    for name, mine, theirs, label, least, aim in [
        ("bf16, bce", "ours bf16", "torch bf16", "PyTorch", 1.2, 1.4),
        ("f32, bce", "ours f32", "torch f32", "PyTorch", 1.2, 1.5),
        ("auto, bce", "ours auto", "torch default", "PyTorch f32", 3, 4),
        ("auto, bce", "ours auto", "keras", "Keras", 2.4, 3),
        ("bf16, dice_loss + hausdorff_dt", "ours both", "monai", "MONAI", 1.5, 2),
    ]:
        table.ratio(name, seconds[mine], seconds[theirs], label, least, aim)
    table.share("dice_loss + hausdorff_dt", seconds["ours both"], seconds["ours bce"], "bce", 1.04, 1.01)
    share = median(shares)
    table.row("convolutions' share, bf16", f"{share * seconds['ours bf16'] * 1e3:,.1f} ms",
              f"step {seconds['ours bf16'] * 1e3:,.1f} ms", f"{share:.0%}", "70%", "80%", share >= 0.7)
    memory = peers["default"].peak()
    for name in ("auto", "f32"):
        mine = ours[name].peak()
        table.row(f"peak memory, {name}", f"{mine / 1e6:,.0f} MB", f"PyTorch f32 {memory / 1e6:,.0f} MB", f"{mine / memory:.2f}×",
                  "0.60× most", "0.40×", mine <= 0.6 * memory)
    for process in (*ours.values(), *peers.values()):
        process.close()

    table.section("Inference of the same U-Net, one image of 512², two cores, wall-clock time")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        sides = {name: Process([program], f"apply {name} 2 512,512") for name in ("auto", "f32")}
        sides["auto"].ask(f"export {path}")
        sides["onnxruntime"] = Process(peer, f"onnx {path}")
        times = {name: [] for name in sides}
        for index in range(2 * rounds + 1):
            for name, process in sides.items():
                answer = process.ask("image 3")
                if index > 0:
                    times[name].append(answer[1])
        for name in ("auto", "f32"):
            table.ratio(name, median(times[name]), median(times["onnxruntime"]), "onnxruntime", 1.0, 1.3)
        for process in sides.values():
            process.close()
    os.sched_setaffinity(0, cores)
