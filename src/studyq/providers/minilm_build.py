"""Builds the ONNX file of all-MiniLM-L6-v2 from its published weights.

The published checkpoint is a six-layer BERT encoder (hidden size 384, 12 heads) with mean pooling.
It is written here as a graph of onnxruntime's fused operators, with pooling and normalising
inside, so that one run gives ready unit vectors. Two precisions:

- ``int8``: weights per output channel in 8 bits, activations quantised as they come. Half the CPU
  and a quarter of the memory of fp32, at a cosine of about 0.99 to it.
- ``fp32``: the weights as published, for a machine where int8 goes wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Precision = Literal["int8", "fp32"]
Weights = Mapping[str, NDArray[np.float32]]

#: Shape of the published model (its config.json and sentence_bert_config.json).
LAYERS = 6
HEADS = 12
DIMENSIONS = 384
MAX_TOKENS = 256
LAYER_NORM_EPSILON = 1e-12

#: Standard operators are taken from this opset; any onnxruntime since 1.15 knows it.
_OPSET = 17
_FUSED = "com.microsoft"


def read_safetensors(path: Path) -> Weights:
    """Gives the float32 tensors of a safetensors file, mapped from disk and not copied.

    The format: eight bytes of header length (little endian), a JSON header that names each
    tensor's type, shape and byte range, then the bytes.

    Raises:
        ValueError: The file is not a safetensors file.
    """
    with path.open("rb") as file:
        header_length = int.from_bytes(file.read(8), "little")
        if not 0 < header_length < min(path.stat().st_size, 10_000_000):
            raise ValueError(f"{path.name} is not a safetensors file: its header length is wrong")
        header = json.loads(file.read(header_length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + header_length)
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = data[begin:end].view(np.float32).reshape(entry["shape"])
    return tensors


def build_model(weights: Weights, precision: Precision) -> bytes:
    """Writes the encoder as a serialised ONNX model.

    Inputs: ``input_ids`` and ``attention_mask`` (int64, batch x tokens, padded on the right).
    Output: ``embedding`` (float32, batch x 384, rows of length one).

    Raises:
        KeyError: A tensor of the published model is missing in ``weights``.
    """
    graph = _Graph(weights, precision)
    graph.add("Cast", ["attention_mask"], "mask", to=_tensor_type("INT32"))
    hidden = graph.embeddings()
    for layer in range(LAYERS):
        hidden = graph.encoder_layer(layer, hidden)
    graph.pool(hidden)
    model = graph.model()
    return bytes(model.SerializeToString())


def _tensor_type(name: str) -> int:
    from onnx import TensorProto

    return int(TensorProto.DataType.Value(name))


def _quantise(matrix: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[Any]]:
    """Rounds to int8 with one scale for each slice along ``axis``; zero stays zero."""
    scale = np.abs(matrix).max(axis=1 - axis, keepdims=True) / 127.0
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(matrix / scale).astype(np.int8), scale


class _Graph:
    """Nodes and constants of the encoder while it is put together."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self._weights = weights
        self._int8 = precision == "int8"
        self._nodes: list[NodeProto] = []
        self._constants: list[Any] = []

    def add(
        self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any
    ) -> str:
        """Appends one node with one output and gives the output's name."""
        from onnx import helper

        self._nodes.append(
            helper.make_node(operator, inputs, [output], domain=domain, **attributes)
        )
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Stores an array in the model under ``name``."""
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def published(self, name: str) -> str:
        """Stores a tensor of the checkpoint unchanged."""
        return self.constant(name, self._weights[name])

    def embeddings(self) -> str:
        """Word and position rows, normalised.

        A passage has token type 0 throughout, so that row is folded into the positions.
        """
        words = self._word_rows(self._weights["embeddings.word_embeddings.weight"])
        positions = (
            self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.constant("zero", np.array([0], dtype=np.int64))
        self.constant("one", np.array([1], dtype=np.int64))
        self.add("Shape", ["input_ids"], "length", start=1, end=2)
        self.constant("positions", positions)
        self.add("Slice", ["positions", "zero", "length", "zero"], "position_rows")
        self.add("Add", [words, "position_rows"], "embedded")
        return self._layer_norm("embeddings.LayerNorm", "embedded", "hidden")

    def _word_rows(self, table: NDArray[np.float32]) -> str:
        if not self._int8:
            self.constant("words", table)
            return self.add("Gather", ["words", "input_ids"], "word_rows")
        rows, scales = _quantise(table, axis=0)
        self.constant("words", rows)
        self.constant("word_scales", scales)
        self.add("Gather", ["words", "input_ids"], "word_rows_int8")
        self.add("Gather", ["word_scales", "input_ids"], "word_row_scales")
        self.add("Cast", ["word_rows_int8"], "word_rows_raw", to=_tensor_type("FLOAT"))
        return self.add("Mul", ["word_rows_raw", "word_row_scales"], "word_rows")

    def encoder_layer(self, layer: int, hidden: str) -> str:
        """Self-attention and feed-forward, each with its residual and layer norm."""
        prefix = f"encoder.layer.{layer}"
        attended = self._attention(f"{prefix}.attention.self", hidden)
        projected = self._dense(f"{prefix}.attention.output.dense", attended)
        hidden = self._residual(f"{prefix}.attention.output", projected, hidden)
        widened = self._dense(f"{prefix}.intermediate.dense", hidden)
        activated = self.add("Gelu", [widened], f"{prefix}.gelu", _FUSED)
        narrowed = self._dense(f"{prefix}.output.dense", activated)
        return self._residual(f"{prefix}.output", narrowed, hidden)

    def _attention(self, prefix: str, hidden: str) -> str:
        from onnx import helper

        parts = ("query", "key", "value")
        weight = np.concatenate([self._weights[f"{prefix}.{part}.weight"].T for part in parts], 1)
        bias = self.constant(
            f"{prefix}.bias",
            np.concatenate([self._weights[f"{prefix}.{part}.bias"] for part in parts]),
        )
        output = f"{prefix}.context"
        if not self._int8:
            inputs = [hidden, self.constant(f"{prefix}.weight", weight), bias, "mask"]
            return self.add("Attention", inputs, output, _FUSED, num_heads=HEADS)
        quantised, scales = _quantise(weight, axis=1)
        names = [f"{prefix}.{part}" for part in ("input", "input_scale", "input_zero")]
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [hidden], names))
        inputs = [
            names[0],
            self.constant(f"{prefix}.weight", quantised),
            bias,
            names[1],
            self.constant(f"{prefix}.scale", scales.ravel()),
            "mask",
            names[2],
            self.constant(f"{prefix}.zero", np.zeros(scales.size, dtype=np.int8)),
        ]
        return self.add("QAttention", inputs, output, _FUSED, num_heads=HEADS)

    def _dense(self, prefix: str, hidden: str) -> str:
        """A matrix product and its bias."""
        weight = self._weights[f"{prefix}.weight"].T
        bias = self.published(f"{prefix}.bias")
        output = f"{prefix}.output"
        if not self._int8:
            product = f"{prefix}.product"
            self.add("MatMul", [hidden, self.constant(f"{prefix}.weight", weight)], product)
            return self.add("Add", [product, bias], output)
        quantised, scales = _quantise(weight, axis=1)
        inputs = [
            hidden,
            self.constant(f"{prefix}.weight", quantised),
            self.constant(f"{prefix}.scale", scales.ravel()),
            "",  # no zero points: the weights are symmetric
            bias,
        ]
        return self.add("DynamicQuantizeMatMul", inputs, output, _FUSED)

    def _residual(self, prefix: str, change: str, hidden: str) -> str:
        """The sum, normalised, as two plain operators.

        The fused SkipLayerNormalization takes six times as long (measured, onnxruntime 1.32).
        """
        summed = self.add("Add", [change, hidden], f"{prefix}.sum")
        return self._layer_norm(f"{prefix}.LayerNorm", summed, f"{prefix}.normed")

    def _layer_norm(self, prefix: str, hidden: str, output: str) -> str:
        inputs = [hidden, self.published(f"{prefix}.weight"), self.published(f"{prefix}.bias")]
        return self.add("LayerNormalization", inputs, output, axis=-1, epsilon=LAYER_NORM_EPSILON)

    def pool(self, hidden: str) -> str:
        """Mean over the real tokens, then length one."""
        self.add("Cast", ["attention_mask"], "mask_float", to=_tensor_type("FLOAT"))
        self.add("Unsqueeze", ["mask_float", "one"], "mask_row")
        self.add("MatMul", ["mask_row", hidden], "token_sum")
        self.add("Squeeze", ["token_sum", "one"], "summed")
        # The mean's divisor cancels out when the row is brought to length one.
        return self.add("LpNormalization", ["summed"], "embedding", axis=-1, p=2)

    def model(self) -> ModelProto:
        """The checked model."""
        from onnx import TensorProto, checker, helper

        tokens = ["batch", "tokens"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, tokens)
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info(
            "embedding", TensorProto.FLOAT, ["batch", DIMENSIONS]
        )
        graph = helper.make_graph(
            self._nodes, "all-MiniLM-L6-v2", inputs, [output], self._constants
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        checker.check_model(model)
        return model
