"""Writes a labeller's network as an ONNX file or a torch.export program."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from .errors import ExportError
from .labeler_graph import LabelerGraph
from .parity import TOLERANCE, compare, sample_inputs

# The first with an antialiased Resize, which small boxes need.
OPSET = 18
OUTPUT_NAME = 'probability'
# Under this name a file carries its metadata as JSON.
METADATA_KEY = 'mmdet_mal'
_METADATA_FILE = f'{METADATA_KEY}.json'  # within a .pt2 archive
_BATCH = 'batch'
_PROTOBUF_LIMIT = 2**31


def export_graph(graph: LabelerGraph, metadata: dict[str, Any], path: str,
                 file_format: str,
                 tell: Callable[[str], None] = lambda text: None) -> float:
    """Write a graph, read it back and compare it with the network.

    Args:
        graph: in evaluation mode, on the CPU.
        metadata: what the file says of itself, fit for JSON.
        path: of the file; it gets this name only when it has passed.
        file_format: ``'onnx'`` or ``'torch'``.
        tell: is told what is being done.

    Returns:
        The largest difference of a probability between file and network, over
        several batch and box sizes.

    Raises:
        ExportError: if a package is missing, the network cannot be exported,
            or the file does not do what the network does.
    """
    if file_format not in ('onnx', 'torch'):
        raise ExportError(
            f"format {file_format!r}: expected 'onnx' or 'torch'")
    if file_format == 'onnx':
        require_onnx()
    tell('tracing the network')
    program = trace(graph)
    temporary = f'{path}.tmp'
    try:
        tell(f'writing {path}')
        if file_format == 'onnx':
            _write_onnx(program, graph, metadata, temporary)
            run = onnx_runner(temporary)
        else:
            torch.export.save(
                program, temporary,
                extra_files={_METADATA_FILE: json.dumps(metadata)})
            run = torch.export.load(temporary).module()
        tell('comparing the file with the network')
        difference = compare(graph, run)
        if not difference <= TOLERANCE:
            raise ExportError(
                f'{path}: not written: the exported graph differs from the '
                f'network by up to {difference:.2g} (allowed: {TOLERANCE}); '
                'please report the config')
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return difference


def trace(graph: LabelerGraph) -> ExportedProgram:
    """Trace a graph for any batch size.

    Raises:
        ExportError: if a part of the network has a Python branch on data.
    """
    inputs = sample_inputs(graph, count=2)
    batch = Dim(_BATCH)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return torch.export.export(
                graph, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs))
    except Exception as error:  # torch raises a dozen kinds here
        raise ExportError(
            f'{_describe(graph)}: torch.export cannot trace it for every batch '
            f'size ({_first_line(error)}); plain ViTs and ConvNeXt with the '
            'attention decoder can be exported') from error


def require_onnx() -> None:
    """Raise an :class:`ExportError` unless the ONNX packages are there."""
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(
            f'{error.name} is not installed, but ONNX files are written with '
            "onnxscript and checked with onnxruntime: pip install "
            "'mmdet-mal[onnx]', or export with --format torch") from None


def _write_onnx(program: ExportedProgram, graph: LabelerGraph,
                metadata: dict[str, Any], path: str) -> None:
    size = sum(value.nbytes for value in graph.state_dict().values())
    if size >= _PROTOBUF_LIMIT:
        raise ExportError(
            f'the network has {size / 2**30:.1f} GiB of weights, an ONNX file '
            'holds 2; export one of student and teacher (--cfg-options '
            'model.predictor=teacher), or --format torch')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            onnx = torch.onnx.export(
                program, dynamo=True, opset_version=OPSET, verbose=False,
                input_names=list(graph.input_names), output_names=[OUTPUT_NAME],
                external_data=False)
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(
            f'{_describe(graph)}: has an operation that torch cannot write as ONNX '
            f'({_innermost(error)}); export with --format torch') from error
    _name_batch(onnx.model)
    onnx.model.metadata_props[METADATA_KEY] = json.dumps(metadata)
    onnx.model.producer_name = 'mmdet-mal'
    onnx.save(path, external_data=False)


def _name_batch(model: object) -> None:
    """Call the free axis 'batch' instead of torch's number."""
    for value in (*model.graph.inputs, *model.graph.outputs):
        value.shape = type(value.shape)([_BATCH, *list(value.shape)[1:]])


def onnx_runner(path: str) -> Callable[..., Tensor]:
    """Open an ONNX file as a function of tensors, on the CPU.

    Args:
        path: of a file that :func:`export_graph` wrote.

    Returns:
        Takes what :meth:`.LabelerGraph.forward` takes.

    Raises:
        ExportError: if onnxruntime cannot load it.
    """
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(
            path, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its errors have no common base of their own
        raise ExportError(f'{path}: onnxruntime cannot load it: '
                          f'{_first_line(error)}') from error
    names = [value.name for value in session.get_inputs()]

    def run(*inputs: Tensor) -> Tensor:
        arrays = (value.numpy() for value in inputs)
        return torch.from_numpy(
            session.run(None, dict(zip(names, arrays, strict=True)))[0])

    return run


def _describe(graph: LabelerGraph) -> str:
    network = graph.networks[0]
    return f'{type(network.encoder).__name__} with {type(network.decoder).__name__}'


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _innermost(error: BaseException) -> str:
    """The first line of the error that caused all others."""
    while error.__cause__ is not None:
        error = error.__cause__
    return _first_line(error)
