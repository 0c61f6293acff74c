"""Peak rates of GPUs by the name that torch gives them."""

# Dense bf16 products with fp32 sums, in 10^12 operations a second, without
# sparsity, from the makers' data sheets (the sheets often print the figure with
# sparsity, which is twice as much).  The first name that a device's name begins
# with counts, so that longer names stand before shorter ones.  A device that is
# not here has no share of its peak: a wrong peak is worse than none.
_BF16_TERAFLOPS = (
    ('NVIDIA B200', 2250.0),  # NVIDIA Blackwell datasheet (HGX B200)
    ('NVIDIA H200 NVL', 835.5),  # NVIDIA H200 datasheet, NVL
    ('NVIDIA H200', 989.5),  # NVIDIA H200 datasheet, SXM
    ('NVIDIA H100 NVL', 835.5),  # NVIDIA H100 datasheet, NVL
    ('NVIDIA H100 PCIe', 756.0),  # NVIDIA H100 white paper, PCIe
    ('NVIDIA H100 80GB HBM3', 989.5),  # NVIDIA H100 datasheet, SXM
    ('NVIDIA A100', 312.0),  # NVIDIA A100 datasheet, SXM and PCIe
    ('NVIDIA A30', 165.0),  # NVIDIA A30 datasheet
    ('NVIDIA A10', 125.0),  # NVIDIA A10 datasheet
    ('NVIDIA L40S', 362.0),  # NVIDIA L40S datasheet
    ('NVIDIA L4', 121.0),  # NVIDIA L4 datasheet, half of its sparse 242
    ('NVIDIA GeForce RTX 4090', 165.2),  # NVIDIA Ada white paper
    ('NVIDIA GeForce RTX 3090', 71.0),  # NVIDIA Ampere GA102 white paper
)


def bf16_peak(device_name: str) -> float | None:
    """Most bf16 operations a second that a device is built for.

    Args:
        device_name (str): As ``torch.cuda.get_device_name`` gives it.

    Returns:
        float | None: Operations a second; None for a device that the table
        does not know, or a part of a device (MIG).
    """
    if ' MIG ' in f'{device_name} ':
        return None
    for name, peak in _BF16_TERAFLOPS:
        if device_name == name or device_name.startswith((f'{name} ', f'{name}-')):
            return peak * 1e12
    return None
