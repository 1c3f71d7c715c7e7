"""Writes logistic-reference.json: minima of L2-penalised logistic regression by scikit-learn.

python logistic-reference.py > logistic-reference.json      (scikit-learn 1.9)

The data are made by the generator of random.ts, in the same order, on a grid that single precision holds exactly.
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

MASK = 0xFFFFFFFF


def mulberry32(seed):
    state = seed
    while True:
        state = (state + 0x6D2B79F5) & MASK
        t = ((state ^ (state >> 15)) * (state | 1)) & MASK
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & MASK
        yield ((t ^ (t >> 14)) & MASK) / 4294967296


def make(seed, rows, columns, classes):
    """Features shift with the class; a quarter of the labels is random."""
    source = mulberry32(seed)
    draw = lambda below: int(next(source) * below)
    features, labels = [], []
    for _ in range(rows):
        label = draw(classes)
        row = [(draw(129) - 64 + (24 if j % classes == label else 0)) / 64 for j in range(columns)]
        features.append(row)
        labels.append(draw(classes) if draw(4) == 0 else label)
    return np.array(features), np.array(labels)


def reference(name, seed, rows, columns, classes, c, counts=None, penalise_intercept=False, full=True):
    x, y = make(seed, rows, columns, classes)
    weights = np.ones(rows) if counts is None else np.array([counts[i % len(counts)] for i in range(rows)], float)
    model = LogisticRegression(C=c, solver="lbfgs", tol=1e-12, max_iter=100000, fit_intercept=not penalise_intercept)
    design = np.hstack([x, np.ones((rows, 1))]) if penalise_intercept else x
    model.fit(design, y, sample_weight=weights)
    coefficients = model.coef_[:, :columns]
    intercept = model.coef_[:, columns] if penalise_intercept else model.intercept_
    if classes == 2:
        # One logit z is the softmax of (−z/2, z/2), whose penalty is half as large.
        coefficients = np.vstack([-coefficients[0] / 2, coefficients[0] / 2])
        intercept = np.array([-intercept[0] / 2, intercept[0] / 2])
        l2 = 2 / (c * weights.sum())
    else:
        l2 = 1 / (c * weights.sum())
    logits = x @ coefficients.T + intercept
    largest = logits.max(axis=1, keepdims=True)
    log_p = logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
    penalty = (coefficients**2).sum() + ((intercept**2).sum() if penalise_intercept else 0)
    value = -(weights * log_p[np.arange(rows), y]).sum() / weights.sum() + l2 / 2 * penalty
    result = {
        "name": name,
        "seed": seed,
        "rows": rows,
        "columns": columns,
        "classes": classes,
        "l2": l2,
        "counts": counts,
        "penaliseIntercept": penalise_intercept,
        "value": value,
        "trainingLoss": -log_p[np.arange(rows), y].mean(),
        "predicted": "".join(chr(97 + k) for k in logits.argmax(axis=1)),
    }
    if full:
        # The intercepts of a softmax are defined up to a common constant where nothing penalises them.
        result["coefficients"] = [round(v, 9) for v in coefficients.ravel()]
        result["intercept"] = [round(v, 9) for v in intercept - intercept.mean()]
    return result


print(
    json.dumps(
        [
            reference("three classes", 1, 240, 8, 3, 1.0),
            reference("three classes, strong penalty", 1, 240, 8, 3, 0.01),
            reference("three classes, weak penalty", 1, 240, 8, 3, 100.0),
            reference("two classes", 2, 150, 5, 2, 1.0),
            reference("examples counted 0 to 3 times", 3, 240, 8, 4, 1.0, counts=[1, 0, 3, 2, 1]),
            reference("penalised intercept", 4, 240, 8, 4, 0.05, penalise_intercept=True),
            reference("twelve classes", 5, 1500, 60, 12, 0.5, full=False),
            reference("twelve classes, weak penalty", 5, 1500, 60, 12, 50.0, full=False),
        ],
        indent=1,
    )
)
