"""A graph gets one more output, and nothing else of it changes."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from luokuan.create.voices.onnx_outputs import with_output_of


def model(operators: tuple[str, ...] = ("CumSum", "Neg")) -> bytes:
    nodes = []
    name = "x"
    for number, operator in enumerate(operators):
        inputs = [name, "axis"] if operator == "CumSum" else [name]
        name = f"t{number}"
        nodes.append(helper.make_node(operator, inputs, [name]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3])],
        [helper.make_tensor("axis", TensorProto.INT32, [], [0])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


def test_the_output_is_there_and_right() -> None:
    changed, name = with_output_of(model(), "CumSum")
    session = onnxruntime.InferenceSession(changed, providers=["CPUExecutionProvider"])
    first, second = session.run(None, {"x": np.array([1, 2, 3], np.float32)})
    assert name == "t0"
    assert second.tolist() == [1, 3, 6] and first.tolist() == [-1, -3, -6]
    before, after = onnx.load_from_string(model()), onnx.load_from_string(changed)
    del after.graph.output[-1]
    assert before == after


@pytest.mark.parametrize(
    "data", [model(("Neg",)), model(("CumSum", "CumSum")), b"", b"\xff" * 30, model()[:40], b"\x0b\x01"]
)
def test_what_is_no_such_model_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        with_output_of(data, "CumSum")
