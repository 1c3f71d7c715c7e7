/**
 * Runs a rewritten model over pairs of (example, direction) and reduces what comes out to sums per pair.
 *
 * One pass stacks the groups θ + εv and θ − εv (and θ, in the pilot) on the batch axis, so that both halves meet the
 * same rounding. Where a parameter can only move as a whole, or the graph is fixed to one example, each group is a run
 * of its own and the logits are compared in a small graph that follows.
 */
import { targetsOf, type Example, type Objective, type Target } from "../corpus/corpus.ts";
import { Builder } from "../onnx/build.ts";
import { feedsReadBy, inputFeeds } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Feeds, Runtime, Session, Tensor } from "../runtime.ts";
import { INPUT } from "./context.ts";
import type { ExactOutput } from "./exact-head.ts";
import type { Family } from "./families/family.ts";
import { appendLoss } from "./loss.ts";
import type { Participation } from "./participation.ts";
import { baseRows, float32, int64, joinRows, longest, NO_ROWS, range, repeatLast } from "./pass-rows.ts";
import { sumByPair, sumForward, type ForwardResult, type PassResult } from "./pass-result.ts";
import {
  hasSharedDirections,
  LOGITS,
  rewrite,
  type RewriteOptions,
  type Rewritten,
  type Stack,
} from "./rewrite.ts";
import { SignFeeds, type Pair, type Row } from "./sign-feeds.ts";
import type { Subject } from "./subject.ts";

/** Signs of ε by group: what the stacked groups are. */
export const GROUPS = { base: [0], single: [1], central: [1, -1], pilot: [1, -1, 0] } as const;
export type GroupName = keyof typeof GROUPS;

export interface PassesOptions {
  readonly subject: Subject;
  readonly runtime: Runtime;
  readonly family: Family;
  readonly objective: Objective;
  readonly examples: readonly Example[];
  readonly seed: number;
  readonly include?: RewriteOptions["include"];
  readonly materialise?: RewriteOptions["materialise"];
  readonly exact?: RewriteOptions["exact"];
  /** Few passes will be run: sessions are made cheaply, runs may be slow. */
  readonly throwaway?: boolean;
}

export class Passes {
  readonly participation: readonly Participation[];
  /** The exact traces that passes with a group at θ give, in the order in which they give them. */
  readonly exact: readonly ExactOutput[];
  /** Whether parameters of all rows of a run move together, so that its pairs must share a block and a direction. */
  readonly shared: boolean;
  /** Whether a run holds one row only; then it may as well have a direction of its own. */
  readonly oneByOne: boolean;
  private readonly options: PassesOptions;
  private readonly targets = new Map<number, readonly Target[]>();
  private readonly signFeeds: SignFeeds;
  private current: { key: string; session: Session; tail: Session | null; rewritten: Rewritten } | null =
    null;

  constructor(options: PassesOptions) {
    this.options = options;
    this.signFeeds = new SignFeeds(options.seed, options.examples);
    const trial = rewrite(options.subject, this.rewriteOptions(2));
    this.participation = trial.participation;
    this.exact = trial.exact;
    this.shared = hasSharedDirections(trial) || options.subject.oneByOne;
    this.oneByOne = options.subject.oneByOne;
  }

  private rewriteOptions(stack: Stack): RewriteOptions {
    const { family, include, materialise, exact = [], subject } = this.options;
    const whole = materialise ?? (subject.oneByOne ? wholeParameters(subject) : undefined);
    return { family, stack, exact, ...(include && { include }), ...(whole && { materialise: whole }) };
  }

  /**
   * Runs the pairs in one pass (they should have similar lengths) with `groups` copies of each at ε times the group's
   * sign. Where directions are shared, all pairs must name the same direction.
   */
  async run(pairs: readonly Pair[], groups: GroupName, epsilon: number): Promise<PassResult> {
    const { examples, subject } = this.options;
    const targets = pairs.map(({ example }) => this.targetsFor(example));
    const length = subject.inputs.fixedLength ?? longest(examples, pairs);
    const outputs = this.shared
      ? await this.runApart(pairs, targets, groups, epsilon, length)
      : await this.runStacked(pairs, targets, groups, epsilon, length);
    const signs: readonly number[] = GROUPS[groups];
    return sumByPair(outputs, targets, signs.length, signs.includes(0) ? this.exact : []);
  }

  /**
   * Forward differences: each pair at θ + εv, and each of their examples once at θ. With several directions an example
   * this takes hardly more than half the rows of central differences, and tells as much of first derivatives.
   */
  async runForward(pairs: readonly Pair[], epsilon: number): Promise<ForwardResult> {
    const { examples, subject } = this.options;
    const still = [...new Set(pairs.map(({ example }) => example))];
    const rows: Row[] = [
      ...pairs.map((pair) => ({ pair, magnitude: epsilon })),
      ...still.map((example) => ({ pair: { example, direction: 0 }, magnitude: 0 })),
    ];
    const targets = rows.map(({ pair }) => this.targetsFor(pair.example));
    const length = subject.inputs.fixedLength ?? longest(examples, pairs);
    const { session, rewritten } = await this.sessionFor("forward");
    const moved = targets.slice(0, pairs.length).flat().length;
    const outputs = await session.run(
      this.feeds(rewritten, rows, length, targets, {
        baseOf: baseRows(pairs, still, targets),
        exactRows: range(moved, targets.flat().length),
      }),
    );
    return sumForward(
      outputs,
      targets,
      pairs.map(({ example }) => still.indexOf(example)),
      this.exact,
    );
  }

  async dispose(): Promise<void> {
    const current = this.current;
    this.current = null;
    await current?.session.dispose();
    await current?.tail?.dispose();
  }

  private targetsFor(example: number): readonly Target[] {
    let targets = this.targets.get(example);
    if (!targets) {
      targets = targetsOf(this.options.examples[example]!, this.options.objective);
      this.targets.set(example, targets);
    }
    return targets;
  }

  private async runStacked(
    pairs: readonly Pair[],
    targets: readonly (readonly Target[])[],
    groups: GroupName,
    epsilon: number,
    length: number,
  ): Promise<Outputs> {
    const signs = GROUPS[groups];
    // The loss at θ comes from the graph that compares two halves too, so that it is rounded alike; its halves then
    // hold different tokens, and their number must be even.
    const { session, rewritten } = await this.sessionFor(Math.max(signs.length, 2) as Stack);
    const rows = signs.flatMap((sign) => pairs.map((pair) => ({ pair, magnitude: sign * epsilon })));
    const labels = Array<typeof targets>(signs.length).fill(targets).flat();
    const odd = signs.length === 1 && labels.flat().length % 2 === 1;
    const tokens = targets.flat().length;
    const still = (signs as readonly number[]).indexOf(0);
    return await session.run(
      this.feeds(rewritten, rows, length, odd ? [...labels.slice(0, -1), repeatLast(labels)] : labels, {
        exactRows: still < 0 ? NO_ROWS : range(still * tokens, (still + 1) * tokens),
      }),
    );
  }

  /** One run a group (or, for graphs fixed to one example, a row); logits are joined and compared afterwards. */
  private async runApart(
    pairs: readonly Pair[],
    targets: readonly (readonly Target[])[],
    groups: GroupName,
    epsilon: number,
    length: number,
  ): Promise<Outputs> {
    const signs = GROUPS[groups];
    const { session, tail, rewritten } = await this.sessionFor(signs.length as Stack, true);
    const perRun = this.options.subject.oneByOne ? 1 : pairs.length;
    const logits: Tensor[] = [];
    const exact = new Map(this.exact.map(({ name }) => [name, [] as number[]]));
    for (const sign of signs) {
      for (let start = 0; start < pairs.length; start += perRun) {
        const rows = pairs.slice(start, start + perRun).map((pair) => ({ pair, magnitude: sign * epsilon }));
        const labels = targets.slice(start, start + perRun);
        const exactRows = sign === 0 ? range(0, labels.flat().length) : NO_ROWS;
        const output = await session.run(this.feeds(rewritten, rows, length, labels, { exactRows }));
        logits.push(output[LOGITS]!);
        if (sign === 0) exact.forEach((list, name) => list.push(...(output[name]!.data as Float32Array)));
      }
    }
    const labels = Array(signs.length).fill(targets).flat(2) as Target[];
    const outputs = await tail!.run({
      [LOGITS]: joinRows(logits),
      [INPUT.targets]: int64(labels.map(({ label }) => label)),
    });
    return { ...outputs, ...Object.fromEntries([...exact].map(([name, list]) => [name, float32(list)])) };
  }

  private async sessionFor(stack: Stack, apart = false): Promise<NonNullable<typeof this.current>> {
    const key = `${stack}/${apart}`;
    if (this.current?.key === key) return this.current;
    // One model in memory at a time: weights are large, sessions are quick to make.
    await this.dispose();
    const { runtime, subject, throwaway = false } = this.options;
    const rewritten = rewrite(subject, this.rewriteOptions(apart ? 0 : stack));
    const session = await runtime.createSession(writeModel(rewritten.graph), { throwaway });
    const tail = apart
      ? await runtime.createSession(writeModel(tailGraph(subject, stack as 1 | 2 | 3)))
      : null;
    this.current = { key, session, tail, rewritten };
    return this.current;
  }

  private feeds(
    { graph, signs }: Rewritten,
    rows: readonly Row[],
    length: number,
    targets: readonly (readonly Target[])[],
    { baseOf = [], exactRows = NO_ROWS }: { baseOf?: readonly number[]; exactRows?: readonly number[] },
  ): Feeds {
    const { subject, examples } = this.options;
    const feeds = inputFeeds(
      subject.graph,
      subject.inputs,
      rows.map(({ pair }) => examples[pair.example]!),
      length,
    );
    const positions: number[] = [];
    const owners: number[] = [];
    const labels: number[] = [];
    targets.forEach((list, row) => {
      for (const { position, label } of list) {
        positions.push(row * length + position);
        owners.push(row);
        labels.push(label);
      }
    });
    feeds[INPUT.batch] = int64([rows.length]);
    feeds[INPUT.rows] = int64(positions);
    feeds[INPUT.rowExample] = int64(owners);
    feeds[INPUT.targets] = int64(labels);
    feeds[INPUT.baseOf] = int64(baseOf);
    feeds[INPUT.exactRows] = int64(exactRows);
    for (const input of signs) feeds[input.name] = this.signFeeds.tensor(input, rows, length);
    return feedsReadBy(graph, feeds);
  }
}

/** Every parameter moves as a whole: rank-one where it is a matrix. */
function wholeParameters({ parameters }: Subject): Participation[] {
  return parameters.map(({ dims }) => ({
    mode: "shared",
    structure: dims.length === 2 ? "outer" : "full",
    reason: "the graph is fixed to one example",
  }));
}

type Outputs = Readonly<Record<string, Tensor>>;

/** A graph of its own from logits to per-token scalars. */
function tailGraph({ graph }: Subject, stack: 1 | 2 | 3) {
  const tail = {
    ...graph,
    nodes: [],
    initializers: new Map(),
    outputs: [] as string[],
    inputs: [] as typeof graph.inputs,
  };
  const builder = new Builder(tail, "tail:");
  tail.outputs = appendLoss(builder, LOGITS, INPUT.targets, stack);
  tail.nodes = builder.nodes as never[];
  tail.inputs = [
    { name: LOGITS, elementType: DataType.FLOAT, dims: ["plateau:tokens", "plateau:vocabulary"] },
    { name: INPUT.targets, elementType: DataType.INT64, dims: ["plateau:tokens"] },
  ];
  return tail;
}
