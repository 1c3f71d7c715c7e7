#!/usr/bin/env python3
"""Exports a language model to an ONNX file that Plateau can measure, and checks it against PyTorch.

    python models/export.py CHECKPOINT_DIRECTORY --output NAME.onnx
    python models/export.py --module package.module:factory --weights FILE.pt --output NAME.onnx

The file computes in fp32, takes `input_ids` and `attention_mask` (and `token_type_ids` where the model knows segments)
with axes named `batch` and `sequence`, and gives `logits`. NAME.card.json beside it says which checkpoint it is.
"""

import argparse
import contextlib
import hashlib
import importlib
import inspect
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

CARD_FIELDS = ("name", "run", "family", "step", "tokens", "optimiser", "notes")
DEFAULT_OPSET = {"dynamo": 18, "torchscript": 17}
# protobuf cannot hold 2 GiB; the graph around the weights needs some of the rest.
LARGEST_SINGLE_FILE = 1_800_000_000
LARGEST_DIFFERENCE = 1e-3
TRACED_SHAPE = (2, 8)
# Neither axis as it was traced, so that a size baked into the graph is found out.
VERIFIED_SHAPES = ((3, 5), (1, 7))
AXES = {0: "batch", 1: "sequence"}


class ExportError(Exception):
    """Something about the model or its files stands in the way; the message says what and what to do."""


def to_onnx(
    module: nn.Module,
    arguments: Sequence[Tensor | Sequence[Tensor]],
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: dict[str, dict[int, str]],
    exporter: str,
    opset: int,
    fold: bool = True,
) -> onnx.ModelProto:
    """The graph as PyTorch's exporter writes it.

    `inputs` names the tensors of `arguments` in order, those inside a sequence one by one; `axes` gives the dynamic
    axes of inputs and outputs by name. `fold` lets the exporter compute what depends on nothing but weights.
    """
    for library in ("torch", "onnxscript"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), muted():
        warnings.simplefilter("ignore")
        path = os.path.join(folder, "model.onnx")
        if exporter == "dynamo":
            names = iter(inputs)
            shapes = tuple(
                axes[next(names)] if isinstance(argument, Tensor) else [axes[next(names)] for _ in argument]
                for argument in arguments
            )
            options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": shapes, "optimize": fold}
        else:
            options = {"dynamo": False, "dynamic_axes": axes, "do_constant_folding": fold}
        torch.onnx.export(
            module,
            tuple(arguments),
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=opset,
            **options,
        )
        model = onnx.load(path)
    written = next(imported.version for imported in model.opset_import if not imported.domain)
    if written != opset:
        raise ExportError(f"The {exporter} exporter cannot write opset {opset} for this model: it wrote {written}.")
    forget_sources(model.graph)
    return model


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """Lets nothing out on stdout and stderr, from C++ neither: the exporters dump whole graphs there when they fail."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    with open(os.devnull, "w") as nowhere:
        for descriptor in kept:
            os.dup2(nowhere.fileno(), descriptor)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in kept.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def forget_sources(graph: onnx.GraphProto) -> None:
    """Drops the stack traces that the dynamo exporter notes at every node: large, and full of the user's paths."""
    graph.ClearField("metadata_props")
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def content(array: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """A key that is equal for tensors of equal shape and bytes."""
    return array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()


@contextlib.contextmanager
def distinguishable(module: nn.Module) -> Iterator[dict[str, np.ndarray]]:
    """Gives parameters that an exporter could merge or drop random values for a while; yields their true ones.

    Exporters keep one copy of tensors with equal content and drop additions of zero, so the biases of a model at
    step 0 would come out as one tied tensor. True ties are one tensor object in PyTorch and stay tied.
    """
    seen = set()
    originals: dict[str, np.ndarray] = {}
    generator = torch.Generator().manual_seed(0)
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name, parameter in parameters.items():
            values = parameter.detach().numpy().copy()
            key = content(values)
            if key in seen or (values.size and (values == values.flat[0]).all()):
                originals[name] = values
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
            seen.add(key)
        try:
            yield originals
        finally:
            for name, values in originals.items():
                parameters[name].copy_(torch.from_numpy(values))


def rename_inputs(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Renames values where nodes read them, in subgraphs too."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                rename_inputs(attribute.g, names)


def unused(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name.2`, `name.3`, … that no value of the graph has; the result is then taken."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}.{number}"
    taken.add(candidate)
    return candidate


def name_parameters(model: onnx.ModelProto, module: nn.Module, originals: dict[str, np.ndarray]) -> list[str]:
    """Gives initialisers the names of the parameters they hold, puts `originals` back, stores tied tensors once.

    Exporters fold a linear layer's transposition into its weight and call the result `onnx::MatMul_368` or `val_92`;
    that also makes a second copy of an embedding tied to the head. Returns the parameters that were not found.
    """
    aliases: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        aliases.setdefault(id(parameter), []).append(name)
    places: dict[Any, tuple[list[str], bool]] = {}
    for parameter in module.parameters():
        values = parameter.detach().numpy()
        places[content(values)] = (aliases[id(parameter)], False)
        if values.ndim == 2:
            places.setdefault(content(values.T), (aliases[id(parameter)], True))

    graph = model.graph
    held = [
        (tensor, *places[key])
        for tensor in graph.initializer
        if (key := content(numpy_helper.to_array(tensor))) in places
    ]
    own_names = {tensor.name for tensor, _, _ in held}
    taken = {name for node in graph.node for name in (*node.input, *node.output)} - own_names
    renamed: dict[str, str] = {}
    stored: dict[str, str] = {}
    # Copies that are as in PyTorch come first, so that transposed ones of the same tensor can refer to them.
    for tensor, names, is_transposed in sorted(held, key=lambda item: item[2]):
        first = names[0]
        if is_transposed and first in stored:
            graph.node.insert(0, helper.make_node("Transpose", [stored[first]], [tensor.name], perm=[1, 0]))
            graph.initializer.remove(tensor)
            continue
        name = unused(names[-1] if is_transposed else first, taken)
        stored.setdefault(first, name)
        renamed[tensor.name] = name
        values = originals.get(first)
        if values is not None:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values.T if is_transposed else values)))
        tensor.name = name
    rename_inputs(graph, renamed)
    return [name for name, _ in module.named_parameters() if name not in stored]


class TokensToLogits(nn.Module):
    """Plain tensors in, the logits out, whatever the model's own forward returns."""

    def __init__(self, model: nn.Module, options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.options = options

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        given = {"attention_mask": attention_mask, "token_type_ids": token_type_ids}
        given = {name: value for name, value in given.items() if value is not None}
        result = self.model(input_ids, **given, **self.options)
        if isinstance(result, dict):
            return result["logits"]
        return result if isinstance(result, Tensor) else result[0]


def detect_objective(config: Any) -> str:
    """The objective that a Hugging Face configuration's own architecture was trained with."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    architecture = (config.architectures or [""])[0]
    if "MaskedLM" in architecture:
        return "mlm"
    if "CausalLM" in architecture or "LMHeadModel" in architecture:
        return "clm"
    masked, causal = type(config) in MODEL_FOR_MASKED_LM_MAPPING, type(config) in MODEL_FOR_CAUSAL_LM_MAPPING
    if masked == causal:
        raise ExportError(
            f"Its config.json names the architecture {architecture or 'of no model'}, "
            "which leaves open what it was trained for: say --objective mlm or --objective clm."
        )
    return "mlm" if masked else "clm"


def load_checkpoint(directory: Path, objective: str | None) -> tuple[TokensToLogits, list[str]]:
    """A Hugging Face checkpoint, and the inputs it takes."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM
    from transformers.utils import logging as transformers_logging

    if not (directory / "config.json").is_file():
        raise ExportError(f"{directory} is not a Hugging Face checkpoint directory: it holds no config.json.")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(directory, local_files_only=True)
        objective = objective or detect_objective(config)
        model_class = AutoModelForMaskedLM if objective == "mlm" else AutoModelForCausalLM
        model, report = model_class.from_pretrained(
            directory,
            config=config,
            dtype=torch.float32,
            # The fused kernels' guards against fully masked rows only add nodes to the graph.
            attn_implementation="eager",
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ExportError(f"transformers cannot load {directory}: {one_line(error)}") from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ExportError(
            f"{directory} holds no weights for {shortened(missing)} of {type(model).__name__}, "
            "which would be random: is --objective right for it?"
        )
    if objective == "clm":
        return TokensToLogits(model, {"use_cache": False}), ["input_ids", "attention_mask"]
    inputs = ["input_ids", "attention_mask"]
    knows_segments = getattr(config, "type_vocab_size", 0) > 1
    if knows_segments and "token_type_ids" in inspect.signature(model.forward).parameters:
        inputs.append("token_type_ids")
    return TokensToLogits(model, {}), inputs


def load_module(target: str, weights: Path) -> tuple[TokensToLogits, list[str]]:
    """A PyTorch module made by the function or class `package.module:factory`, and the inputs it takes."""
    module_name, _, factory_name = target.partition(":")
    # What the user has in the working directory is importable, as with `python -m`.
    sys.path.insert(0, os.getcwd())
    try:
        factory = getattr(importlib.import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise ExportError(f"--module {target} cannot be imported: {error}.") from error
    try:
        model = factory()
    except Exception as error:
        raise ExportError(f"{target}() fails: {one_line(error)}") from error
    if not isinstance(model, nn.Module):
        raise ExportError(f"{target}() gives a {type(model).__name__}, not a torch.nn.Module.")
    if not weights.is_file():
        raise ExportError(f"--weights {weights} does not exist.")
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ExportError(f"--weights {weights} is not a state_dict that torch.save wrote.") from error
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise ExportError(f"{weights} does not fit {target}(): {one_line(error)}") from error
    accepted = inspect.signature(model.forward).parameters
    inputs = ["input_ids"]
    for name in ("attention_mask", "token_type_ids"):
        if name not in accepted:
            break
        inputs.append(name)
    return TokensToLogits(model.float(), {}), inputs


def shortened(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def one_line(error: BaseException) -> str:
    """The start of the message of what an error was first caused by, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"


def vocabulary(wrapped: TokensToLogits, inputs: Sequence[str]) -> int:
    """How many words the model chooses among."""
    # Ids 0 and 1 are in every vocabulary.
    tokens = random_tokens(inputs, TRACED_SHAPE, size=2, seed=0)
    with torch.no_grad():
        shape = wrapped(*tokens.values()).shape
    if len(shape) != 3 or tuple(shape[:2]) != TRACED_SHAPE:
        raise ExportError(
            f"The model gives logits of shape {list(shape)} for ids of shape {list(TRACED_SHAPE)}; "
            "Plateau needs [batch, sequence, vocabulary]."
        )
    return shape[2]


def random_tokens(inputs: Sequence[str], shape: tuple[int, int], size: int, seed: int) -> dict[str, Tensor]:
    """Random ids whose rows end in different amounts of padding, so that the mask matters."""
    generator = torch.Generator().manual_seed(seed)
    batch, sequence = shape
    lengths = sequence - torch.arange(batch) % (sequence // 2)
    values = {
        "input_ids": torch.randint(size, shape, generator=generator),
        "attention_mask": (torch.arange(sequence) < lengths[:, None]).long(),
        "token_type_ids": torch.randint(2, shape, generator=generator),
    }
    return {name: values[name] for name in inputs}


def largest_difference(wrapped: TokensToLogits, inputs: Sequence[str], size: int, path: Path) -> float:
    """Largest absolute difference between ONNX Runtime's and PyTorch's logits at positions that are not padding."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ExportError(
            f"ONNX Runtime {onnxruntime.__version__} cannot load the export: {one_line(error)}"
        ) from error
    # A module may accept a mask and not use it.
    taken = [declared.name for declared in session.get_inputs()]
    differences = []
    for seed, shape in enumerate(VERIFIED_SHAPES):
        tokens = random_tokens(inputs, shape, size, seed)
        with torch.no_grad():
            expected = wrapped(*tokens.values()).numpy()
        try:
            actual = session.run(["logits"], {name: tokens[name].numpy() for name in taken})[0]
        except Exception as error:
            raise ExportError(
                f"The exported graph fails at batch {shape[0]}, sequence {shape[1]}, "
                f"so the exporter fixed a size that must vary ({one_line(error)}); try the other --exporter."
            ) from error
        kept = tokens["attention_mask"].numpy() > 0 if "attention_mask" in tokens else np.ones(shape, bool)
        differences.append(float(np.abs(actual - expected)[kept].max()))
        print(f"batch {shape[0]}, sequence {shape[1]}: largest difference from PyTorch {differences[-1]:.2g}")
    return float(np.max(differences))


def save(model: onnx.ModelProto, path: Path) -> list[Path]:
    """Writes the model, its weights in NAME.onnx.data if one file could not hold them; returns the files."""
    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) <= LARGEST_SINGLE_FILE:
        onnx.save(model, path)
        return [path]
    data = path.with_name(path.name + ".data")
    onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=data.name)
    # onnx makes the data file readable to its owner alone.
    data.chmod(path.stat().st_mode)
    return [path, data]


def to_named_onnx(
    wrapped: TokensToLogits, inputs: Sequence[str], size: int, exporter: str, opset: int, fold: bool = True
) -> tuple[onnx.ModelProto, list[str]]:
    """The model under PyTorch's own parameter names, and the parameters that are not in it."""
    tokens = random_tokens(inputs, TRACED_SHAPE, size, seed=len(VERIFIED_SHAPES))
    axes = dict.fromkeys((*inputs, "logits"), AXES)
    with distinguishable(wrapped.model) as originals:
        try:
            model = to_onnx(wrapped, list(tokens.values()), inputs, ["logits"], axes, exporter, opset, fold)
        except ExportError:
            raise
        except Exception as error:
            other = "torchscript" if exporter == "dynamo" else "dynamo"
            raise ExportError(
                f"PyTorch's {exporter} exporter failed ({one_line(error)}); try --exporter {other}."
            ) from error
        absent = name_parameters(model, wrapped.model, originals)
    if absent and fold:
        # Folding swallows a parameter that is used only in an expression, such as Gemma's 1 + weight.
        unfolded, unused_ones = to_named_onnx(wrapped, inputs, size, exporter, opset, fold=False)
        if len(unused_ones) < len(absent):
            return unfolded, unused_ones
    return model, absent


def export(
    wrapped: TokensToLogits, inputs: Sequence[str], output: Path, exporter: str, opset: int, card: dict[str, Any]
) -> None:
    """Exports, verifies and only then puts the files in place."""
    wrapped.eval()
    size = vocabulary(wrapped, inputs)
    model, absent = to_named_onnx(wrapped, inputs, size, exporter, opset)
    if absent:
        print(
            f"Parameters that the logits do not depend on, and that the export leaves out: {shortened(absent)}.",
            file=sys.stderr,
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
        files = save(model, Path(folder) / output.name)
        difference = largest_difference(wrapped, inputs, size, files[0])
        # Written so that a NaN fails too.
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"The exported logits differ from PyTorch's by {difference:.2g}, more than {LARGEST_DIFFERENCE:g}; "
                "try the other --exporter."
            )
        for file in files:
            file.replace(output.with_name(file.name))
    card_path = output.with_name(output.stem + ".card.json")
    card_path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output}: {os.path.getsize(output):,} bytes, opset {opset} by {exporter}; card in {card_path}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Export a language model to an ONNX file that Plateau can measure, checked against PyTorch.",
        epilog="Exit code 0: exported and verified; 1: failed; 2: wrong usage.",
    )
    parser.add_argument("checkpoint", nargs="?", type=Path, help="Hugging Face checkpoint directory")
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="NAME.onnx", help="file to write")
    parser.add_argument(
        "--objective",
        choices=["mlm", "clm"],
        help="masked or causal language model (default: what the checkpoint's config.json says)",
    )
    parser.add_argument(
        "--module",
        metavar="PACKAGE.MODULE:FACTORY",
        help="instead of a checkpoint: a function or class without arguments that makes the torch.nn.Module, whose "
        "forward takes token ids first, attention_mask by name if at all, and gives logits",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE.pt", help="the module's state_dict, as torch.save wrote it"
    )
    parser.add_argument(
        "--exporter",
        choices=["dynamo", "torchscript"],
        default="dynamo",
        help="PyTorch exporter (default: %(default)s)",
    )
    parser.add_argument("--opset", type=int, help="ONNX opset (default: 18 for dynamo, 17 for torchscript)")
    card = parser.add_argument_group("card", "what NAME.card.json says about the checkpoint; null where not given")
    card.add_argument("--name", help="what to call it on a board")
    card.add_argument("--run", help="the training run it is from")
    card.add_argument("--family", help="runs to compare with one another, such as one architecture and size")
    card.add_argument("--step", type=int, help="optimiser steps taken")
    card.add_argument("--tokens", type=int, help="tokens seen")
    card.add_argument("--optimiser", help="for example AdamW")
    card.add_argument("--notes", help="anything else")
    options = parser.parse_args(arguments)
    problem = misuse(options)
    if problem:
        parser.error(problem)
    return options


def misuse(options: argparse.Namespace) -> str | None:
    """What is wrong with the combination of options, if anything."""
    if (options.checkpoint is None) == (options.module is None):
        return "give either a checkpoint directory or --module"
    if (options.module is None) != (options.weights is None):
        return "--module and --weights go together"
    if options.module and ":" not in options.module:
        return f"--module {options.module} lacks the factory; write package.module:factory"
    if options.module and options.objective:
        return "--objective picks the class of a Hugging Face checkpoint; a --module is what it is"
    if options.output.suffix != ".onnx":
        return f"--output {options.output} must end in .onnx"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    opset = options.opset or DEFAULT_OPSET[options.exporter]
    card = {field: getattr(options, field) for field in CARD_FIELDS}
    try:
        if options.module:
            wrapped, inputs = load_module(options.module, options.weights)
        else:
            wrapped, inputs = load_checkpoint(options.checkpoint, options.objective)
        export(wrapped, inputs, options.output, options.exporter, opset, card)
    except ExportError as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
