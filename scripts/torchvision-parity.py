"""torchvision's half of torchvision-parity.mjs: `python torchvision-parity.py FOLDER ARCHITECTURE STEM`.

Reads images and the weights that came from the other side, writes its features of them; trains weights of its own for some steps, and
writes those, with its features, for the other side to load.
"""
import sys
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file, save_file

folder, architecture, stem = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def network():
    model = getattr(torchvision.models, architecture)()
    if stem == "cifar":
        model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        model.maxpool = torch.nn.Identity()
    return model


def features(model, images):
    model.fc = torch.nn.Identity()
    with torch.no_grad():
        return model.eval()(images).contiguous()


# Channels last on the other side.
images = load_file(folder / "images.safetensors")["images"].permute(0, 3, 1, 2).contiguous()

here = network()
here.fc = torch.nn.Identity()
here.load_state_dict(load_file(folder / "here-exported.safetensors"))

torch.manual_seed(11)
there = network().train()
optimizer = torch.optim.Adam(there.parameters(), lr=1e-3)
for step in range(8):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(there(images), torch.arange(len(images)))
    loss.backward()
    optimizer.step()
# With the classifier and the batch counters, as torchvision's models come.
save_file(there.state_dict(), folder / "there.safetensors")

save_file({"here": features(here, images), "there": features(there, images)}, folder / "features.safetensors")
