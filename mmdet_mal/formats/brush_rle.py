"""Label Studio's run lengths of brush masks.

A stream of bits: the number of values (32 bits), the bits of a value less one
(5), four widths of lengths less one (4 each); then runs: a bit that is 1 for one
repeated value, two bits that choose the width of the length, the length less
one, the value.  Values are the bytes of the picture in RGBA, row by row, so that
every pixel counts four times.
"""

from collections.abc import Sequence

import numpy as np

_VALUE_BITS = 8
_WIDTHS = (3, 4, 8, 16)
_CHANNELS = 4
_LONGEST = 1 << _WIDTHS[-1]
_SET = 255


def encode_brush(pixels: np.ndarray, left: int, top: int,
                 size: tuple[int, int]) -> list[int]:
    """Encode a mask.

    Args:
        pixels: (h, w) bool, a window that lies within the image.
        left: x of the window in the image.
        top: y of the window in the image.
        size: Width and height of the image.

    Returns:
        Bytes, as Label Studio has them under ``rle``.
    """
    width, height = size
    framed = np.zeros((pixels.shape[0], pixels.shape[1] + 2), bool)
    framed[:, 1:-1] = pixels
    rows, columns = np.nonzero(framed[:, 1:] != framed[:, :-1])
    edges = (rows + top) * width + columns + left
    # A run that reaches the right border may go on at the left one.
    edges, counts = np.unique(edges, return_counts=True)
    edges = edges[counts == 1]
    bounds = np.concatenate([[0], edges, [width * height]])
    bits = [f'{width * height * _CHANNELS:032b}', f'{_VALUE_BITS - 1:05b}']
    bits += [f'{number - 1:04b}' for number in _WIDTHS]
    for index, length in enumerate((np.diff(bounds) * _CHANNELS).tolist()):
        value = f'{_SET * (index % 2):08b}'
        while length:
            part = min(length, _LONGEST)
            choice = next(i for i, number in enumerate(_WIDTHS)
                          if part <= 1 << number)
            bits.append(f'1{choice:02b}{part - 1:0{_WIDTHS[choice]}b}{value}')
            length -= part
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, 'big'))


def decode_brush(data: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Decode what Label Studio has under ``rle``.

    Args:
        data: Bytes.
        size: Width and height of the image.

    Returns:
        (height, width) bool: where the picture is not transparent.

    Raises:
        ValueError: If the bytes are cut off or of another size.
    """
    text = ''.join(f'{byte:08b}' for byte in data)
    place = 0

    def read(bits: int) -> int:
        nonlocal place
        if place + bits > len(text):
            raise ValueError('brush mask is cut off')
        place += bits
        return int(text[place - bits:place], 2)

    count = read(32)
    value_bits = read(5) + 1
    widths = [read(4) + 1 for _ in range(4)]
    width, height = size
    if count != width * height * _CHANNELS:
        raise ValueError(f'brush mask has {count} values, expected '
                         f'{width * height * _CHANNELS} for {width} x {height} px')
    values = np.zeros(count, np.uint8)
    done = 0
    while done < count:
        repeated = read(1)
        length = read(widths[read(2)]) + 1
        if repeated:
            values[done:done + length] = read(value_bits)
        else:
            for position in range(done, min(done + length, count)):
                values[position] = read(value_bits)
        done += length
    return values.reshape(height, width, _CHANNELS)[..., _CHANNELS - 1] > 0
