"""Golden values of a small DeepSet and of torch.optim.Adam: `python deep_set.py > deep_set.json` (PyTorch 2.15, CPU)."""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
BATCH, POINTS = 4, 5


class DeepSet(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 6), nn.ReLU())
        self.rho = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))

    def forward(self, x):
        return F.normalize(self.rho(self.phi(x).mean(dim=1)), dim=1)


def flat(tensors):
    return {name: {"shape": list(t.shape), "values": t.detach().flatten().tolist()} for name, t in tensors.items()}


model = DeepSet()
clouds = torch.randn(BATCH, POINTS, 3)
target = torch.randn(BATCH, 3)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
initial = flat(model.state_dict())
losses, embedding, gradients = [], None, None
for step in range(3):
    optimizer.zero_grad()
    z = model(clouds)
    loss = ((z - target) ** 2).sum()
    loss.backward()
    if step == 0:
        embedding = z.detach().flatten().tolist()
        gradients = flat({name: p.grad for name, p in model.named_parameters()})
    losses.append(loss.item())
    optimizer.step()
print(
    json.dumps(
        {
            "clouds": clouds.flatten().tolist(),
            "target": target.flatten().tolist(),
            "initial": initial,
            "embedding": embedding,
            "gradients": gradients,
            "losses": losses,
            "after3": flat(model.state_dict()),
        }
    )
)
