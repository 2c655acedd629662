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


def queue_info_nce(queries, keys, temperature, size):
    """MoCo's loss; the queue is a fixed matrix of unit rows that the test makes in the same way."""
    queue = queue_of(size, queries.shape[1])
    positive = (queries * keys).sum(1, keepdim=True)
    logits = torch.cat([positive, queries @ queue.T], 1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(queries), dtype=torch.long))


def queue_of(size, dim):
    rows = torch.tensor([[1.0 + (3 * i + 5 * j) % 7 - 3 * (j % 2) for j in range(dim)] for i in range(size)])
    return F.normalize(rows, dim=1).double()


def prediction(first, second):
    return 2 - 2 * F.cosine_similarity(first, second, dim=1).mean()


def barlow_twins(first, second, weight):
    count, dim = first.shape
    norm = torch.nn.BatchNorm1d(dim, affine=False).double()
    correlation = norm(first).T @ torch.nn.BatchNorm1d(dim, affine=False).double()(second) / count
    diagonal = torch.eye(dim, dtype=torch.bool)
    return ((1 - correlation[diagonal]) ** 2).sum() + weight * (correlation[~diagonal] ** 2).sum()


def cross_entropy(logits, _):
    labels = torch.arange(len(logits)) % logits.shape[1]
    return F.cross_entropy(logits, labels) + 0 * _.sum()


def form_matrix(form, dim):
    if form == "inner":
        return torch.eye(dim).double()
    if form == "minkowski":
        return torch.diag(torch.tensor([-1.0] + [1.0] * (dim - 1))).double()
    half = dim // 2
    upper = torch.cat([torch.zeros(half, half), torch.eye(half)], 1)
    return torch.cat([upper, torch.cat([-torch.eye(half), torch.zeros(half, half)], 1)]).double()


def bilinear(first, second, form, chunks, reduction):
    matrix = form_matrix(form, first.shape[1])
    terms = []
    for a, b in zip(first.chunk(chunks), second.chunk(chunks)):
        size = len(a)
        squared = (a @ matrix @ a.T - b @ matrix @ b.T) ** 2
        squared = squared[~torch.eye(size, dtype=torch.bool)].view(size, size - 1)
        terms.append(squared.mean() if reduction == "mean" else 2 * squared.sum(1).mean())
    return torch.stack(terms).mean()


def gaussian_uniformity(first, second, temperature):
    """Of embeddings that lie on no sphere: those of the case, each row times its number."""
    rows = first * torch.arange(1, len(first) + 1).unsqueeze(1)
    distances = torch.pdist(rows) ** 2
    return (-distances / (2 * temperature)).exp().mean().log() + 0 * second.sum()


def isotropy(first, second):
    rows = first * torch.arange(1, len(first) + 1).unsqueeze(1)
    moment = torch.einsum("ni,nj->ij", rows, rows) / len(rows)
    dim = rows.shape[1]
    return ((dim * moment / moment.trace() - torch.eye(dim)) ** 2).sum() / dim + 0 * second.sum()


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
    for seed, (batch, dim) in enumerate([(2, 4), (6, 4), (8, 6)]):
        for t in (0.05, 0.5):
            cases.append(case("queueInfoNce", {"temperature": t, "size": 7}, batch, dim, seed,
                              lambda a, b: queue_info_nce(a, b, t, 7)))
        cases.append(case("prediction", {}, batch, dim, seed, prediction))
        # Two rows have columns of hardly any variance, where the loss is all rounding.
        for weight in (0.0051, 0.3) if batch > 2 else ():
            cases.append(case("barlowTwins", {"offDiagonal": weight}, batch, dim, seed,
                              lambda a, b: barlow_twins(a, b, weight)))
        cases.append(case("crossEntropy", {}, batch, dim, seed, cross_entropy))
        for t in (0.5, 4.0):
            cases.append(case("gaussianUniformity", {"temperature": t}, batch, dim, seed,
                              lambda a, b: gaussian_uniformity(a, b, t)))
        cases.append(case("isotropy", {}, batch, dim, seed, isotropy))
        for form in ("inner", "minkowski", "symplectic"):
            for reduction in ("mean", "official-sum"):
                chunks = 1 if batch < 4 else 2
                cases.append(case("bilinear", {"form": form, "chunks": chunks, "reduction": reduction}, batch,
                                  dim, seed, lambda a, b: bilinear(a, b, form, chunks, reduction)))
    rounded = json.loads(json.dumps(cases), parse_float=lambda s: round(float(s), 9))
    print(json.dumps({"torch": torch.__version__, "cases": rounded}))


main()
