"""The official code's kNN monitor in PyTorch, for test/measure. Run: python knn.py > knn.json

The bank's and the queries' features are normalised; the k most similar images of the bank vote for their class with
weight exp(similarity / tau), as one-hot scores that are added up. In float64, on features that are rounded first, so that
both sides read the same numbers.
"""
import json

import torch
import torch.nn.functional as F


def predict(bank, labels, queries, classes, k, tau):
    similarity = F.normalize(queries, dim=1) @ F.normalize(bank, dim=1).T
    weight, index = similarity.topk(k=k, dim=-1)
    near = torch.gather(labels.expand(len(queries), -1), dim=-1, index=index)
    one_hot = torch.zeros(len(queries) * k, classes, dtype=torch.float64)
    one_hot = one_hot.scatter(-1, near.reshape(-1, 1), 1.0)
    scores = (one_hot.view(len(queries), k, classes) * (weight / tau).exp().unsqueeze(-1)).sum(1)
    return scores.argsort(dim=-1, descending=True)[:, 0]


def main():
    torch.manual_seed(3)
    classes, dim = 4, 6
    labels = torch.randint(classes, (40,))
    targets = torch.randint(classes, (25,))
    centres = torch.randn(classes, dim)
    bank, queries = (
        (centres[of] + 1.2 * torch.randn(len(of), dim)).double().round(decimals=4) for of in (labels, targets)
    )
    cases = []
    for k in (1, 5, 20, 40):
        for tau in (0.07, 0.5):
            found = predict(bank, labels, queries, classes, k, tau)
            cases.append({
                "k": k,
                "temperature": tau,
                "predictions": found.tolist(),
                "accuracy": (found == targets).double().mean().item(),
            })
    print(json.dumps({
        "torch": torch.__version__,
        "dim": dim,
        "bank": bank.tolist(),
        "bankLabels": labels.tolist(),
        "queries": queries.tolist(),
        "queryLabels": targets.tolist(),
        "cases": cases,
    }))


main()
