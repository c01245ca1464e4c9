"""The reader of safetensors files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyq.providers.minilm_build import read_safetensors


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, tensor in tensors.items():
        data = tensor.tobytes()
        header[name] = {
            "dtype": {"float32": "F32", "int64": "I64"}[str(tensor.dtype)],
            "shape": tensor.shape,
            "data_offsets": [len(content), len(content) + len(data)],
        }
        content += data
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + content)


def test_float_tensors_are_read_and_others_left_out(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_safetensors(file, {"ids": np.arange(4), "matrix": matrix, "bias": matrix[0]})

    tensors = read_safetensors(file)

    assert set(tensors) == {"matrix", "bias"}
    assert np.array_equal(tensors["matrix"], matrix)
    assert np.array_equal(tensors["bias"], matrix[0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)

    with pytest.raises(ValueError):
        read_safetensors(file)
