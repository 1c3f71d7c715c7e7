/** Formulas of the measures, as docstrings in shared/measures have them, and what else to know of each. */
import { brackets, over, row, squared, sub, sum, THIN, type MathNode } from "./math.ts";

export interface MeasureFormula {
  readonly formula: MathNode;
  /** Beyond the registry's description. */
  readonly note: string;
}

const direction = sub("v", "i", "k");
/** θ + εv and θ − εv. */
const moved = (sign: "+" | "−") => row("θ", sign, "ε", direction);
const at = (what: MathNode, where: MathNode) => row(what, brackets("(", where));
const difference = (what: MathNode) =>
  over(row(at(what, moved("+")), "−", at(what, moved("−"))), row("2", "ε"));
const perToken = over("1", "M");
const perPair = over("1", row("M", "K"));
const trace = (...of: readonly MathNode[]) => row("Tr", THIN, ...of);
const hessian = row(squared("∇"), "L");
const scaling = row("diag", THIN, "θ");

const [q, p] = [sub("q", "i", "t"), sub("p", "i", "t")];
const tokenLoss = sub("ℓ", "i", "t");
const exampleLoss = sub("ℓ", "i");

/** By id of the measure. */
export const FORMULAS: Readonly<Record<string, MeasureFormula>> = {
  loss: {
    formula: row(
      ...["L", "=", perToken, sum("i", ",", "t"), tokenLoss, ",", "\u2003", tokenLoss, "="],
      ...["−", "log", THIN, sub("p", "θ"), brackets("(", sub("y", "i", "t"), "∣", sub("x", "i"))],
    ),
    note: "Its exponential is the perplexity.",
  },
  "excess-loss": {
    formula: row(
      ...[perToken, sum("i", ",", "t"), sum("c"), at(q, "c"), THIN, "log", THIN],
      over(at(q, "c"), at(p, "c")),
    ),
    note: "q is the language’s own conditional distribution, which grammars and hidden Markov models give exactly. 0 is the statistical optimum, and there is no noise of labels in it.",
  },
  "fisher-trace": {
    formula: row(
      ...[trace("F"), "≈", perPair, sum("i", ",", "k", ",", "t"), sub("Var", "c", "∼", p)],
      brackets("[", difference(sub("z", "i", "t", "c"))),
    ),
    note: "From first differences of the logits: never negative, without noise of labels, and equal to the Hessian trace at the statistical optimum. It is the quantity of the paper’s appendix B.1.",
  },
  "hessian-trace": {
    formula: row(
      ...[trace(hessian), "≈", perPair, sum("i", ",", "k")],
      over(
        row(at(exampleLoss, moved("+")), "+", at(exampleLoss, moved("−")), "−", "2", at(exampleLoss, "θ")),
        squared("ε"),
      ),
    ),
    note: "From second differences of the loss, in the same passes; noisier than the Fisher trace, and it may be negative away from a minimum.",
  },
  "empirical-fisher-trace": {
    formula: row(perPair, sum("i", ",", "k", ",", "t"), squared(brackets("(", difference(tokenLoss)))),
    note: "It takes the labels of the corpus where the Fisher trace takes the model’s own predictions, and is not the same thing.",
  },
  "adaptive-fisher-trace": {
    formula: row(
      trace(brackets("(", scaling, "·", "F", "·", scaling)),
      ",",
      "\u2003",
      direction,
      "=",
      "θ",
      "∘",
      "s",
    ),
    note: "The Fisher trace’s formula, with directions that are random signs s times the weights themselves.",
  },
  "adaptive-hessian-trace": {
    formula: row(
      ...[
        trace(brackets("(", scaling, "·", hessian, "·", scaling)),
        ",",
        "\u2003",
        direction,
        "=",
        "θ",
        "∘",
        "s",
      ],
    ),
    note: "The Hessian trace’s formula, with the same directions.",
  },
};
