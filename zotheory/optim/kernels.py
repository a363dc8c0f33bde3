"""Random numbers on CUDA by one Triton kernel that multiplies and adds as it makes them; optional.

The values are those of `Stream.portable_signs` and `Stream.portable_normals`, and of torch's products and
sums after them, bit for bit. Each kind is compared with them once a device and process, on a few hundred
entries. Where Triton is missing, does not compile, or does not agree, there is one warning, and torch does
the work.
"""

# pyright: reportInvalidTypeForm=false
# Triton reads annotations in its own way.

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import torch

if TYPE_CHECKING:
    from zotheory.optim.stream import Stream

triton: Any = None
tl: Any = None
reason = ""
try:
    triton, tl = import_module("triton"), import_module("triton.language")
except ImportError as error:
    reason = repr(error)


def jit(function: Any) -> Any:
    """Compile a kernel when it is first run; without Triton leave it as it is."""
    return function if triton is None else triton.jit(function)


# Blocks of the cipher a program makes: 2^13 signs, 2^9 normal numbers.
_SIGN_BLOCKS, _NORMAL_BLOCKS = 32, 64
# What is compared before a kind is used, from an odd place in a stream.
_CHECKED, _FROM = 700, 2**40 + 77
# Entries a launch at most, so that indices within it fit 32 bits.
_LAUNCH = 2**30


@dataclass(frozen=True)
class Entries:
    """A stretch of a stream: ``inner`` times entries ``low``, ``low`` + 1, ... of a query in a step."""

    stream: Stream
    kind: Literal["signs", "normals"]
    step: int
    query: int
    low: int
    inner: float = 1.0


# What is known of each kind on each device: whether the kernel serves.
_serves: dict[tuple[str, torch.device], bool] = {}


def write(
    out: torch.Tensor, entries: Entries, factor: float = 1.0, source: torch.Tensor | None = None
) -> bool:
    """Write ``factor`` times entries, or that plus ``source``; return False if torch has to.

    Products are rounded to float32 one after the other, the sum too, and then to the type of ``out``.

    Args:
        out: contiguous row on a CUDA device, float32, or float16 or bfloat16.
        entries: what to multiply.
        factor: a number of float32's range.
        source: a contiguous row of the type and length of ``out``; it may be ``out``.
    """
    if out.device.type != "cuda" or out.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        return False
    key = entries.kind, out.device
    if key not in _serves:
        _serves[key] = _agrees(entries, out.device)
    if _serves[key]:
        launch(out, entries, factor, source)
    return _serves[key]


def launch(out: torch.Tensor, entries: Entries, factor: float, source: torch.Tensor | None) -> None:
    """Run the kernel, as `write`, where Triton can run."""
    from zotheory.optim.stream import table_on

    normal = entries.kind == "normals"
    table = table_on(str(out.device)) if normal else out
    blocks, each = (_NORMAL_BLOCKS, 8) if normal else (_SIGN_BLOCKS, 256)
    for first, part in _parts(out):
        low = entries.low + first
        start = low // each
        number = -(-(low + part.numel()) // each) - start
        with torch.cuda.device_of(out):  # where Triton launches
            _write[(-(-number // blocks),)](
                part,
                part if source is None else source[first : first + part.numel()],
                table,
                *entries.stream.key,
                entries.step,
                entries.query,
                start,
                low - start * each,
                part.numel(),
                entries.inner,
                factor,
                NORMAL=normal,
                ADD=source is not None,
                BLOCKS=blocks,
                enable_fp_fusion=False,  # a fused product and sum would round once
            )


def _parts(out: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    for first in range(0, out.numel(), _LAUNCH):
        yield first, out[first : first + _LAUNCH]


def _agrees(entries: Entries, device: torch.device) -> bool:
    try:
        if triton is None:
            raise ImportError(reason)
        with torch.inference_mode(False), torch.no_grad():
            return _compare(entries, device)
    except Exception as error:
        # Whatever compilers and drivers raise: torch gives the same values.
        what = f"{type(error).__name__}: {error}"
    warnings.warn(
        f"no Triton kernel for random {entries.kind} on {device}, torch is used: {what}", stacklevel=4
    )
    return False


def _compare(entries: Entries, device: torch.device) -> bool:
    draw = getattr(entries.stream, f"portable_{entries.kind}")
    expected = draw(entries.step, entries.query, _FROM, _FROM + _CHECKED, device)
    given = Entries(entries.stream, entries.kind, entries.step, entries.query, _FROM, 1.1)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        source = torch.linspace(-3, 3, _CHECKED, device=device).to(dtype)
        out = torch.empty_like(source)
        launch(out, given, 0.7, source)
        summed = source.float().add_(expected.mul(1.1).mul_(0.7)).to(dtype)
        if not torch.equal(out, summed):
            raise ArithmeticError(f"it does not give torch's {dtype}")
    return True


@jit
def _cipher(c0, query, step, key0, key1):
    # Philox4x64-10 at the counter (c0, query, step, 0), see zotheory.optim.philox.
    c1 = tl.zeros_like(c0) + query
    c2 = tl.zeros_like(c0) + step
    c3 = tl.zeros_like(c0)
    m0 = tl.full((), 0xD2E7470EE14C6C93, tl.uint64)
    m1 = tl.full((), 0xCA5A826395121157, tl.uint64)
    for _ in tl.static_range(10):
        high0, low0 = tl.umulhi(c0, tl.zeros_like(c0) + m0), c0 * m0
        high1, low1 = tl.umulhi(c2, tl.zeros_like(c0) + m1), c2 * m1
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 += tl.full((), 0x9E3779B97F4A7C15, tl.uint64)
        key1 += tl.full((), 0xBB67AE8584CAA73B, tl.uint64)
    return c0, c1, c2, c3


@jit
def _write_word(
    out, source, table, words, number, count, inner, factor, NORMAL: tl.constexpr, ADD: tl.constexpr
):
    # 64 signs or 2 normal numbers a word; number: where in the row the first of each word goes.
    if NORMAL:
        within = tl.arange(0, 2)
        parts = words[:, None] >> (32 * within[None, :]).to(tl.uint64)
        here = number[:, None] + within[None, :]
        inside = (here >= 0) & (here < count)
        first = tl.load(table + (parts & 0xFFFF).to(tl.int32), mask=inside, other=0.0)
        second = tl.load(table + ((parts >> 16) & 0xFFFF).to(tl.int32), mask=inside, other=0.0)
        value = first + second
    else:
        within = tl.arange(0, 64)
        bit = (words[:, None] >> within[None, :].to(tl.uint64)) & 1
        here = number[:, None] + within[None, :]
        inside = (here >= 0) & (here < count)
        value = (2 * bit.to(tl.int32) - 1).to(tl.float32)
    value = (value * inner) * factor
    if ADD:
        value = tl.load(source + here, mask=inside, other=0.0).to(tl.float32) + value
    tl.store(out + here, value.to(out.dtype.element_ty), mask=inside)


@jit
def _write(
    out,
    source,
    table,
    key0: tl.uint64,
    key1: tl.uint64,
    step: tl.uint64,
    query: tl.uint64,
    start: tl.uint64,
    skipped: tl.int32,
    count: tl.int32,
    inner: tl.float32,
    factor: tl.float32,
    NORMAL: tl.constexpr,
    ADD: tl.constexpr,
    BLOCKS: tl.constexpr,
):
    # Blocks start, start + 1, ... of the stream, of whose entries the first `skipped` are not asked for.
    place = tl.program_id(0) * BLOCKS + tl.arange(0, BLOCKS)
    counter = place.to(tl.uint64) + start.to(tl.uint64) + 1
    w0, w1, w2, w3 = _cipher(
        counter, query.to(tl.uint64), step.to(tl.uint64), key0.to(tl.uint64), key1.to(tl.uint64)
    )
    each: tl.constexpr = 2 if NORMAL else 64
    number = place * (4 * each) - skipped
    _write_word(out, source, table, w0, number, count, inner, factor, NORMAL, ADD)
    _write_word(out, source, table, w1, number + each, count, inner, factor, NORMAL, ADD)
    _write_word(out, source, table, w2, number + 2 * each, count, inner, factor, NORMAL, ADD)
    _write_word(out, source, table, w3, number + 3 * each, count, inner, factor, NORMAL, ADD)
