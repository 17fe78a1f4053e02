"""LZF, in which Redis compresses long strings of an RDB file; here only keys are ever decompressed. Pure."""


def decompress(packed: memoryview | bytes, size: int) -> bytes:
    """`size` bytes from their compressed form. Raises ValueError where it is not that."""
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
        # It may overlap with what it is about to write: then it repeats.
        for offset in range(length + 2):
            out.append(out[start + offset])
    if len(out) != size:
        raise ValueError(f"compressed text of {size} bytes has {len(out)}")
    return bytes(out)
