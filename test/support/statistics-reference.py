"""Reference values for shared/statistics from SciPy and statsmodels, written beside this file as JSON.

    pip install numpy scipy statsmodels
    python test/support/statistics-reference.py && npx prettier --write test/support/statistics-reference.json

What no library offers (permuted and resampled runs) is enumerated here in full, where the product draws at random.
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

random = np.random.default_rng(20210)


def residuals(values, given):
    design = np.column_stack([np.ones(len(given)), given])
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def correlations(x, y, given):
    x, y, given = (np.asarray(values, float) for values in (x, y, given))
    ranks = [stats.rankdata(values) for values in (x, y, given)]
    partial = lambda a, b, c: stats.pearsonr(residuals(a, c), residuals(b, c)).statistic
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "given": given.tolist(),
        "ranks": ranks[0].tolist(),
        "pearson": stats.pearsonr(x, y).statistic,
        "spearman": stats.spearmanr(x, y).statistic,
        "kendall": stats.kendalltau(x, y).statistic,
        "partialPearson": partial(x, y, given),
        "partialSpearman": partial(*ranks),
    }


def correlation_cases():
    shared = random.normal(size=25)
    ties = lambda count, size: random.integers(0, count, size).astype(float)
    return [
        correlations([1, 2, 3, 4], [2, 1, 4, 3], [1, 5, 2, 2]),
        correlations(random.normal(size=25), random.normal(size=25), random.normal(size=25)),
        correlations(shared + random.normal(size=25), shared, shared**2),
        correlations(ties(4, 40), ties(3, 40), ties(5, 40)),
        correlations(np.exp(3 * random.normal(size=60)), -random.random(60), random.random(60)),
        correlations(1e6 + random.normal(size=15), 1e-9 * random.normal(size=15), random.normal(size=15)),
    ]


def paired_case(size, groups, weights, differ):
    """Weighted mean difference with errors clustered by group: a weighted regression on a constant."""
    weights = np.ones(size) if weights is None else weights
    a = random.normal(size=size)
    b = 0.8 * a + 0.4 * random.normal(size=size) + differ
    labels = np.arange(size) if groups is None else groups
    fit = sm.WLS((a - b) / weights, np.ones(size), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": labels}, use_t=True
    )
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "weights": weights.tolist(),
        "groups": [f"g{label}" for label in labels],
        "difference": fit.params[0],
        "standardError": fit.bse[0],
        "pValue": fit.pvalues[0],
        "interval": fit.conf_int()[0].tolist(),
    }


def plain_paired_case():
    """Equal weights and no groups: the paired t-test."""
    case = paired_case(30, None, None, 0.1)
    test = stats.ttest_rel(case["a"], case["b"])
    interval = test.confidence_interval(0.95)
    return case | {"pValue": test.pvalue, "interval": [interval.low, interval.high]}


def welch_case(value_a, error_a, size_a, value_b, error_b, size_b):
    test = stats.ttest_ind_from_stats(
        value_a, error_a * size_a**0.5, size_a, value_b, error_b * size_b**0.5, size_b, equal_var=False
    )
    return {
        "a": {"value": value_a, "standardError": error_a, "degrees": size_a - 1},
        "b": {"value": value_b, "standardError": error_b, "degrees": size_b - 1},
        "pValue": test.pvalue,
    }


def stratified_case():
    """Correlation of what family dummies leave."""
    families = np.repeat([0, 1, 2], [5, 8, 4])
    runs = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6])
    x = 5 * families + random.normal(size=17)
    y = -8 * families + 0.7 * x + random.normal(size=17)
    result = {"x": x.tolist(), "y": y.tolist()}
    for name, labels in (("families", families), ("runs", runs)):
        dummies = (labels[:, None] == np.unique(labels)).astype(float)
        left = [sm.OLS(values, dummies).fit().resid for values in (x, y)]
        result |= {name: [f"{name[0]}{label}" for label in labels]}
        result |= {f"within_{name}": stats.pearsonr(*left).statistic}
    return result


def enumerated_runs_case():
    """All arrangements of means and signs, and all resamples, of six runs of unequal sizes."""
    sizes = [1, 3, 2, 4, 1, 3]
    run_of = np.repeat(np.arange(6), sizes)
    between = random.normal(size=6)
    x = between[run_of] + 0.5 * random.normal(size=14)
    y = -0.6 * between[run_of] + 0.5 * random.normal(size=6)[run_of] + 0.4 * random.normal(size=14)
    score = lambda values: (stats.rankdata(values) - 0.5) / len(values)
    pearson = lambda a, b: np.corrcoef(a, b)[0, 1]

    def kendall(a, b):
        a, b = np.round(a, 9), np.round(b, 9)
        signs = [np.sign(values[:, None] - values) for values in (a, b)]
        return (signs[0] * signs[1]).sum() / np.sqrt(np.abs(signs[0]).sum() * np.abs(signs[1]).sum())

    def studentized(statistic, a, b):
        without = np.array([statistic(a[run_of != run], b[run_of != run]) for run in range(6)])
        return statistic(a, b) / np.sqrt(5 / 6 * ((without - without.mean()) ** 2).sum())

    def p_value(statistic, a, b):
        means = np.array([a[run_of == run].mean() for run in range(6)])
        deviations = a - means[run_of]
        limit = abs(studentized(statistic, a, b)) * (1 - 1e-7)
        signs = [np.array(s) for s in itertools.product([1, -1], repeat=6) if s[0] == s[4] == 1]
        values = [
            abs(studentized(statistic, means[list(order)][run_of] + sign[run_of] * deviations, b))
            for order in itertools.permutations(range(6))
            for sign in signs
        ]
        return float(np.mean(np.array(values) >= limit))

    def resampled(statistic):
        values = []
        for drawn in itertools.combinations_with_replacement(range(6), 6):
            rows = np.concatenate([np.flatnonzero(run_of == run) for run in drawn])
            counts = np.bincount(drawn, minlength=6)
            ways = scipy.special.factorial(6) / scipy.special.factorial(counts).prod()
            defined = np.ptp(x[rows]) > 0 and np.ptp(y[rows]) > 0
            ends = [statistic(x[rows], y[rows])] if defined else [-1.0, 1.0]
            values += [(value, ways / len(ends)) for value in ends]
        values.sort()
        share = np.cumsum([ways for _, ways in values]) / 6**6
        at = lambda p: values[int(np.searchsorted(share, p))][0]
        tail = stats.norm.cdf(np.sqrt(6 / 5) * stats.t.ppf(0.025, 5))
        # Where the quantiles lie if the tail's share is drawn a third too small or too large.
        return {
            "low": [at(tail * 0.67), at(tail * 1.33)],
            "high": [at(1 - tail * 1.33), at(1 - tail * 0.67)],
        }

    spearman = lambda a, b: pearson(stats.rankdata(a), stats.rankdata(b))
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "runs": [f"r{run}" for run in run_of],
        "pValue": {
            "pearson": p_value(pearson, x, y),
            "spearman": p_value(pearson, score(x), score(y)),
            "kendall": p_value(kendall, score(x), score(y)),
        },
        "interval": {
            "pearson": resampled(pearson),
            "spearman": resampled(spearman),
            "kendall": resampled(kendall),
        },
    }


p_values = [0.04, 0.001, 0.3, 0.02, 0.02, 0.9, 0.011]
reference = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "correlations": correlation_cases(),
    "paired": [
        plain_paired_case(),
        paired_case(40, np.repeat(np.arange(8), 5), None, 0.0),
        paired_case(33, random.integers(0, 9, 33), random.integers(1, 12, 33).astype(float), 0.3),
    ],
    "welch": [welch_case(0.71, 0.02, 30, 0.64, 0.01, 200), welch_case(3.1, 0.5, 4, 3.0, 0.2, 6)],
    "holm": {"pValues": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()},
    "normal": [[u, stats.norm.cdf(u)] for u in (-20.0, -6.0, -3.0, -2.999, -1.0, 0.0, 0.3, 2.5, 3.5)],
    "stratified": stratified_case(),
    "enumerated": enumerated_runs_case(),
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(reference, indent=1) + "\n")
