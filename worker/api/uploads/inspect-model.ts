/** Whether a file is a model that can be evaluated at all, found out by reading ranges of it. */
import { readBundle } from "../../../shared/onnx/bundle.ts";
import { canonicalise } from "../../../shared/onnx/canonical/index.ts";
import { UnsupportedModelError } from "../../../shared/onnx/error.ts";
import { modelInputs } from "../../../shared/onnx/inputs.ts";
import { findParameters } from "../../../shared/onnx/parameters.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import type { ByteSource } from "../../../shared/onnx/source.ts";
import { embeddingRows } from "../../../shared/perturb/subject.ts";

/** Constants are compared with one another; the largest models that fit into one file have a few thousand. */
const MOST_CONSTANTS = 10_000;
/** Of an isolate's 128 MB: for the graph without its weights, and for weights that are read at once. */
const [GRAPH_MEMORY, LARGEST_READ] = [64 * 2 ** 20, 32 * 2 ** 20];

export interface ModelSummary {
  /** Scalars of all parameters; tied ones count once. */
  readonly parameters: number;
  /** Whether it is an archive of several files. */
  readonly archive: boolean;
  /** Rows of the table that token ids look up; null where the graph does not show it. */
  readonly vocabulary: number | null;
}

/** @throws ModelFormatError, UnsupportedModelError where the file is refused; whatever the source throws. */
export async function inspectModel(source: ByteSource): Promise<ModelSummary> {
  const graph = await readModel(bounded(source), { external: refuseExternal, memory: GRAPH_MEMORY });
  if (graph.initializers.size > MOST_CONSTANTS) {
    throw new UnsupportedModelError(
      `The model has ${graph.initializers.size} constants; a board takes at most ${MOST_CONSTANTS}. ` +
        "Export it with its weights joined.",
    );
  }
  const canonical = canonicalise(graph);
  const rows = embeddingRows(canonical, modelInputs(canonical));
  const { parameters } = await findParameters(canonical);
  if (parameters.length === 0) {
    throw new UnsupportedModelError(
      "The model has no trainable parameters. Export it with its weights, as constants of the graph.",
    );
  }
  return {
    archive: (await readBundle(source)) !== null,
    parameters: parameters.reduce((sum, { count }) => sum + count, 0),
    vocabulary: Number.isFinite(rows) ? rows : null,
  };
}

function refuseExternal(location: string): never {
  throw new UnsupportedModelError(
    `The model keeps weights in another file, '${location.slice(0, 200)}', which did not come with it. 'plateau push' sends ` +
      "both; or send an archive of both: tar -cf model.tar model.onnx model.onnx.data.",
  );
}

function bounded(source: ByteSource): ByteSource {
  return {
    size: source.size,
    read(offset, length) {
      if (length <= LARGEST_READ) return source.read(offset, length);
      throw new UnsupportedModelError(
        `The model would have to be read ${length} bytes at a time, from byte ${offset} on; a board reads at most ` +
          `${LARGEST_READ}. Evaluate it with 'plateau evaluate'.`,
      );
    },
  };
}
