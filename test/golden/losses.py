"""Values and gradients of the losses in PyTorch, for test/losses. Run: python losses.py > losses.json

Written straight from the definitions (log-softmax over the other views; pairwise differences of Gram matrices), in
float64, on embeddings that are rounded to float32 first so that both sides read the same numbers.
"""
import json

import torch
import torch.nn.functional as F


def info_nce(first, second, temperature):
    views = torch.cat([first, second])
    count = len(views)
    logits = views @ views.T / temperature
    logits = logits.masked_fill(torch.eye(count, dtype=torch.bool), float("-inf"))
    positive = torch.arange(count).roll(count // 2)
    return F.cross_entropy(logits, positive)


def alignment(first, second):
    return (first - second).norm(dim=1).mean()


def uniformity(first, second, temperature):
    count = len(first)
    different = ~torch.eye(count, dtype=torch.bool)
    blocks = [a @ b.T for a in (first, second) for b in (first, second)]
    pairs = torch.cat([block[different] for block in blocks]) / temperature
    return pairs.exp().mean().log()


def equivariance(first, second, chunks, reduction):
    terms = []
    for a, b in zip(first.chunk(chunks), second.chunk(chunks)):
        size = len(a)
        squared = (a @ a.T - b @ b.T) ** 2
        squared = squared[~torch.eye(size, dtype=torch.bool)].view(size, size - 1)
        terms.append(squared.mean() if reduction == "mean" else 2 * squared.sum(1).mean())
    return torch.stack(terms).mean()


def case(name, options, batch, dim, seed, function):
    torch.manual_seed(seed)
    first, second = (
        F.normalize(torch.randn(batch, dim), dim=1).double().requires_grad_() for _ in range(2)
    )
    value = function(first, second)
    value.backward()
    return {
        "loss": name,
        "options": options,
        "batch": batch,
        "dim": dim,
        "first": first.flatten().tolist(),
        "second": second.flatten().tolist(),
        "value": value.item(),
        "gradFirst": first.grad.flatten().tolist(),
        "gradSecond": second.grad.flatten().tolist(),
    }


def main():
    cases = []
    for seed, (batch, dim) in enumerate([(2, 3), (6, 4), (8, 5)]):
        for t in (0.05, 0.5):
            cases.append(case("infoNce", {"temperature": t}, batch, dim, seed,
                              lambda a, b: info_nce(a, b, t)))
            cases.append(case("uniformity", {"temperature": t}, batch, dim, seed,
                              lambda a, b: uniformity(a, b, t)))
        cases.append(case("alignment", {}, batch, dim, seed, alignment))
        for reduction in ("mean", "official-sum"):
            for chunks in (1, 2):
                if batch // chunks < 2:
                    continue
                cases.append(case("equivariance", {"chunks": chunks, "reduction": reduction}, batch, dim,
                                  seed, lambda a, b: equivariance(a, b, chunks, reduction)))
    rounded = json.loads(json.dumps(cases), parse_float=lambda s: round(float(s), 9))
    print(json.dumps({"torch": torch.__version__, "cases": rounded}))


main()
