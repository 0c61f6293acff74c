"""The mean field in C (``mean_field.c``), called by ctypes on CPU tensors.

The library is built with the package, where there is a C compiler; it is optional.
ctypes lets other threads of Python run meanwhile, the library keeps nothing from
one call to the next and starts no threads, so threads and forks may use it.
"""

import ctypes
import functools
import importlib.util
import math
from collections.abc import Callable

import torch
from torch import Tensor

from .options import MeanFieldOptions

_MODULE = f'{__package__}._compiled'
# Of mean_field.c; another one means that the library is older than the code.
_VERSION = 1
_REBUILD = 'make install builds it'

_Int, _Float, _Pointer = ctypes.c_int, ctypes.c_float, ctypes.c_void_p


class _Options(ctypes.Structure):
    """``options_t`` of mean_field.c."""

    _fields_ = [('max_iters', _Int), ('tolerance', _Float), ('low', _Float),
                ('high', _Float), ('centre', _Float)]


@functools.cache
def why_not_compiled() -> str | None:
    """Why the library cannot be used, or None if it can."""
    library = _load()
    return library if isinstance(library, str) else None


@functools.cache
def _load() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    spec = importlib.util.find_spec(_MODULE)
    if spec is None or spec.origin is None:
        return f'its C library was not built; {_REBUILD}'
    try:
        library = ctypes.CDLL(spec.origin)
        version = library.mal_mean_field_version()
    except (OSError, AttributeError) as error:
        return f'its C library does not load: {error}; {_REBUILD}'
    if version != _VERSION:
        return (f'its C library has version {version}, this code wants '
                f'{_VERSION}; {_REBUILD}')
    library.mal_mean_field.argtypes = [_Int] * 3 + [_Pointer] * 5
    library.mal_crf_marginals.argtypes = (
        [_Int] * 4 + [_Pointer] * 4 + [_Float] * 2 + [_Pointer] * 2)
    return library


def compiled_mean_field(prob: Tensor, kernels: list[Tensor],
                        inside: Tensor | None,
                        options: MeanFieldOptions) -> Tensor:
    """Mean field of each crop by itself.

    Args:
        prob (Tensor): Unary probabilities (N, H, W) in [0, 1] on the CPU.
        kernels (list[Tensor]): From :func:`pairwise_kernel` with dilation 1.
        inside (Tensor, optional): bool (N, H, W), where the object may be.
        options (MeanFieldOptions): The constants.

    Returns:
        Tensor: fp32 (N, H, W).

    Raises:
        ValueError: If the shapes do not fit together.
    """
    n, height, width = prob.shape
    sizes = [(n, height, max(width - 1, 0)), (n, max(height - 1, 0), width)]
    wanted = [sizes[0], (n, sizes[1][1], sizes[0][2]), sizes[1],
              (n, sizes[1][1], sizes[0][2])]
    if [tuple(kernel.shape) for kernel in kernels] != wanted:
        raise ValueError(
            f'kernels of {wanted} belong to probabilities of {tuple(prob.shape)},'
            f' got {[tuple(kernel.shape) for kernel in kernels]}')
    kernels = [_floats(kernel) for kernel in kernels]
    addresses = (_Pointer * len(kernels))(*(k.data_ptr() for k in kernels))
    return _solve(
        'mal_mean_field', prob, inside, options,
        lambda prob, inside, tail: (n, height, width, prob, addresses, inside,
                                    *tail))


def compiled_crf_marginals(prob: Tensor, image: Tensor, valid: Tensor,
                           zeta: float, omega: float, inside: Tensor | None,
                           options: MeanFieldOptions) -> Tensor:
    """Kernels and mean field of each crop by itself.

    Args:
        prob (Tensor): Unary probabilities (N, H, W) in [0, 1] on the CPU.
        image (Tensor): Normalised image at that resolution (N, C, H, W).
        valid (Tensor): bool (N, H, W), true where the crop shows the image.
        zeta (float): Colour scale of the kernel, positive.
        omega (float): Peak of the kernel.
        inside (Tensor, optional): bool (N, H, W), where the object may be.
        options (MeanFieldOptions): The constants.

    Returns:
        Tensor: fp32 (N, H, W).

    Raises:
        ValueError: If the shapes do not fit together.
    """
    n, height, width = prob.shape
    if image.shape[0] != n or image.shape[2:] != prob.shape[1:]:
        raise ValueError(f'an image of {(n, "C", height, width)} belongs to '
                         f'probabilities of {tuple(prob.shape)}, got '
                         f'{tuple(image.shape)}')
    image, valid = _floats(image), _bools(valid, prob)
    scale = -0.5 / zeta**2 / math.log(2)
    return _solve(
        'mal_crf_marginals', prob, inside, options,
        lambda prob, inside, tail: (
            n, image.shape[1], height, width, prob, image.data_ptr(),
            valid.data_ptr(), inside, scale, omega, *tail))


def _solve(name: str, prob: Tensor, inside: Tensor | None,
           options: MeanFieldOptions, arguments: Callable[..., tuple]) -> Tensor:
    """Call a function of the library.

    Args:
        name (str): Of the function.
        prob (Tensor): (N, H, W).
        inside (Tensor, optional): (N, H, W).
        options (MeanFieldOptions): The constants.
        arguments (Callable): Makes the function's arguments from the addresses
            of ``prob`` and ``inside`` and those at the end.
    """
    prob = _floats(prob)
    out = torch.empty_like(prob)
    if not out.numel():
        return out
    inside = None if inside is None else _bools(inside, prob)
    given = _Options(options.max_iters, options.tolerance, options.clamp,
                     1 - options.clamp, options.centre)
    failed = getattr(_load(), name)(*arguments(
        prob.data_ptr(), None if inside is None else inside.data_ptr(),
        (ctypes.addressof(given), out.data_ptr())))
    if failed:
        raise MemoryError(f'mean field of {prob.shape[1]} x {prob.shape[2]} '
                          'pixels: no memory for one crop')
    return out


def _floats(x: Tensor) -> Tensor:
    return x.detach().float().contiguous()


def _bools(x: Tensor, like: Tensor) -> Tensor:
    """As one byte of 0 or 1 for each pixel of ``like``."""
    try:
        return x.bool().expand(like.shape).contiguous()
    except RuntimeError as error:
        raise ValueError(f'a mask of {tuple(like.shape)} is needed, got '
                         f'{tuple(x.shape)}') from error
