"""LZF, the compression of long strings in an RDB file. Here only keys are ever decompressed. Pure."""


def decompress(packed: memoryview | bytes, size: int) -> bytes:
    """Return the `size` bytes that `packed` stands for.

    Raises:
        ValueError: The data is malformed.
        IndexError: The data ends too early.
    """
    out, at = bytearray(), 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += packed[at]
            at += 1
        start = len(out) - ((control & 0x1F) << 8 | packed[at]) - 1
        at += 1
        if start < 0:
            raise ValueError("compressed text refers to what is before its beginning")
        # The source may overlap with the bytes being written: then they repeat.
        for offset in range(length + 2):
            out.append(out[start + offset])
    if len(out) != size:
        raise ValueError(f"compressed text of {size} bytes has {len(out)}")
    return bytes(out)
