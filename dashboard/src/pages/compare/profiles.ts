/** Profiles of several checkpoints over their layers: accuracies of probes, and parts of traces. */
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { measured } from "../../../../shared/numbers.ts";
import type { Mark } from "../../board/marks.ts";
import type { Series } from "../../parts/chart/series.ts";
import { heatOf, splitMeasures } from "../checkpoint/layer-heat.ts";
import { probeCurve } from "../checkpoint/probe-curves.ts";

export interface ProfiledCheckpoint {
  readonly name: string;
  readonly mark: Mark;
  readonly result: Result;
}

export interface Profile {
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  readonly places: readonly { readonly value: number; readonly label: string }[];
}

type Place = Profile["places"][number];

/** One for each task that some checkpoint was probed for. */
export function probeProfiles(
  checkpoints: readonly ProfiledCheckpoint[],
  suite: Pick<PublishedSuite, "tasks">,
): Profile[] {
  return suite.tasks.flatMap(({ id, title }) => {
    const curves = checkpoints.flatMap(({ name, mark, result }) => {
      const probe = result.probes?.[id];
      return probe?.accuracy ? [{ name, mark, curve: probeCurve(probe) }] : [];
    });
    if (curves.length === 0) return [];
    const series = curves.map(({ name, mark, curve }) => ({ name, mark, points: curve.points }));
    return [{ id, title, series, places: together(curves.map(({ curve }) => curve.places)) }];
  });
}

const BEFORE = -1;

/** One for each measure that some checkpoint's result has split by tensor. */
export function traceProfiles(
  checkpoints: readonly ProfiledCheckpoint[],
  suite: Pick<PublishedSuite, "measures">,
): Profile[] {
  return suite.measures.flatMap(({ id, label }) => {
    const split = checkpoints.flatMap(({ name, mark, result }) => {
      const tensors = splitMeasures(result).get(id);
      return tensors ? [{ name, mark, rows: heatOf(tensors).rows }] : [];
    });
    if (split.length === 0) return [];
    const deepest = Math.max(-1, ...split.flatMap(({ rows }) => rows.map(({ layer }) => layer ?? -1)));
    const placed = split.map(({ name, mark, rows }) => ({
      name,
      mark,
      rows: rows.map((row) => ({
        ...row,
        // What comes after the layers stands at the end, however many a model has.
        place: row.layer ?? (row.key === "before" ? BEFORE : deepest + 1),
      })),
    }));
    const series = placed.map(({ name, mark, rows }) => ({
      name,
      mark,
      points: rows.map(({ place, label: where, whole }) => {
        const [value, error] = measured(whole.value, whole.error);
        return {
          x: place,
          y: whole.value,
          error: whole.error ?? NaN,
          text: `${where}: ${value}${error === "" ? "" : ` ± ${error}`}`,
        };
      }),
    }));
    const places = placed.map(({ rows }) =>
      rows.map(({ place, key }) => ({ value: place, label: SHORT[key] ?? key })),
    );
    return [{ id, title: label, series, places: together(places) }];
  });
}

const SHORT: Readonly<Record<string, string>> = { before: "emb.", after: "head" };

function together(lists: readonly (readonly Place[])[]): Place[] {
  const places = new Map(lists.flat().map((place) => [place.value, place]));
  return [...places.values()].sort((a, b) => a.value - b.value);
}
