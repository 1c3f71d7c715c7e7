#!/usr/bin/env python3
"""Makes the tiny random-weight exports that Plateau's tests read graphs from.

    python models/toy_exports.py

writes test/exports/: one ONNX file for each pattern that exporters leave in a graph, index.json, which says what each
file is, and one corpus per objective. Everything is seeded: the same package versions give the same files.
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from toys import architectures, corpora, decoding, encoders, fused, genai, modern, reduced, rewritten
from toys.fixture import Fixture
from toys.sizes import VOCABULARY
from toys.weights import count

FOLDER = Path(__file__).resolve().parent.parent / "test" / "exports"
GROUPS = (encoders, architectures, decoding, reduced, fused, genai, rewritten, modern)
OBJECTIVES = ("mlm", "clm")
# Rounding by fp16 or int8 moves logits by less, a wrong graph by more.
ROUNDED_TOLERANCE = 0.2

Batch = dict[str, np.ndarray]


def stacked(objective: str) -> Batch:
    examples = corpora.corpus(objective)
    return {field: np.array([example[field] for example in examples]) for field in examples[0]}


def feeds(session: onnxruntime.InferenceSession, batch: Batch, use_cache: bool) -> Batch:
    """The session's inputs for a batch: no past, consecutive positions, one segment."""
    rows, columns = batch["input_ids"].shape
    result: Batch = {}
    for declared in session.get_inputs():
        name = declared.name
        if name in batch:
            result[name] = batch[name]
        elif name == "position_ids":
            result[name] = np.tile(np.arange(columns), (rows, 1))
        elif name == "token_type_ids":
            result[name] = np.zeros((rows, columns), np.int64)
        elif name == "use_cache_branch":
            result[name] = np.array([use_cache])
        else:
            _, heads, _, size = declared.shape
            kind = np.float16 if "float16" in declared.type else np.float32
            result[name] = np.zeros((rows, heads, 0, size), kind)
    return result


def run(fixture: Fixture, batch: Batch) -> list[np.ndarray]:
    """Logits over the batch, for each state of use_cache_branch where there is one."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # By default ONNX Runtime computes DequantizeLinear → MatMul with activations rounded to int8.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    model = fixture.model.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = len(batch["input_ids"])
    width = fixture.only_batch or rows
    parts = [{field: values[row : row + width] for field, values in batch.items()} for row in range(0, rows, width)]
    switches = any(declared.name == "use_cache_branch" for declared in session.get_inputs())
    return [
        np.concatenate([session.run(["logits"], feeds(session, part, state))[0] for part in parts])
        for state in ((False, True) if switches else (False,))
    ]


def reference(fixture: Fixture, batch: Batch) -> np.ndarray:
    with torch.no_grad():
        logits = fixture.module(torch.from_numpy(batch["input_ids"]), torch.from_numpy(batch["attention_mask"]))
    return logits.numpy().astype(np.float64)


def loss(logits: np.ndarray, batch: Batch, objective: str) -> float:
    """Mean cross-entropy per labelled token, in nats."""
    labels = batch["labels"]
    if objective == "clm":
        logits, labels = logits[:, :-1], labels[:, 1:]
    labelled = labels != corpora.IGNORED
    shifted = logits[labelled] - logits[labelled].max(-1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(-1))
    return float(np.mean(normaliser - shifted[np.arange(len(shifted)), labels[labelled]]))


def check(fixture: Fixture, batch: Batch) -> np.ndarray:
    """The logits PyTorch gives; raises unless the export is valid and gives the same."""
    if all(onnx.defs.has(node.op_type, node.domain) for node in fixture.model.graph.node if not node.domain):
        onnx.checker.check_model(fixture.model)
    expected = reference(fixture, batch)
    kept = batch["attention_mask"] > 0
    tolerance = ROUNDED_TOLERANCE if fixture.tolerance is None else fixture.tolerance
    for actual in run(fixture, batch):
        difference = np.abs(actual - expected)[kept].max()
        if not difference <= tolerance:
            raise SystemExit(f"{fixture.name}: logits differ from PyTorch's by {difference:.2g}, allowed {tolerance:g}")
    return expected


def entry(fixture: Fixture, logits: np.ndarray, batch: Batch) -> dict[str, Any]:
    opsets = {imported.domain: imported.version for imported in fixture.model.opset_import}
    exact = fixture.tolerance is not None
    return {
        "file": f"{fixture.name}.onnx",
        "objective": fixture.objective,
        "vocabulary": VOCABULARY,
        "parameters": count(fixture.module),
        "loss": round(loss(logits, batch, fixture.objective), 6) if exact else None,
        "exporter": fixture.exporter,
        "opset": opsets[""],
        "onlyBatch": fixture.only_batch,
        "onlySequence": fixture.only_sequence,
        "notes": fixture.notes,
    }


def main() -> int:
    torch.set_num_threads(1)
    # The quantiser makes Python's root logger report every step.
    logging.disable(logging.WARNING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    batches = {objective: stacked(objective) for objective in OBJECTIVES}
    for objective in OBJECTIVES:
        lines = [json.dumps(example) + "\n" for example in corpora.corpus(objective)]
        (FOLDER / f"{objective}.jsonl").write_text("".join(lines))

    entries = []
    for group in GROUPS:
        for fixture in group.fixtures():
            batch = batches[fixture.objective]
            entries.append(entry(fixture, check(fixture, batch), batch))
            data = fixture.model.SerializeToString(deterministic=True)
            (FOLDER / f"{fixture.name}.onnx").write_bytes(data)
            print(f"{fixture.name}: {len(data):,} bytes, {entries[-1]['parameters']:,} parameters", flush=True)
    (FOLDER / "index.json").write_text(json.dumps(entries, indent=2) + "\n")
    for stale in {path.name for path in FOLDER.glob("*.onnx")} - {one["file"] for one in entries}:
        (FOLDER / stale).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
