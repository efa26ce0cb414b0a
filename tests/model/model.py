#!/usr/bin/env python3
"""Writes a model of the Llama architecture with random weights as a GGUF file (model.py FILE): a few hundred kilobytes,
one token for each byte. What it answers makes no sense; everything around it is real."""
import random
import struct
import sys

WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 128, 2048
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9
NORMAL, CONTROL = 1, 3
BEGIN, END = 256, 257  # tokens
ALIGN = 32


def byte_names():
    """The printable character that byte-level BPE writes for each byte (Radford et al., 2019)."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in kept else chr(next(others)) for b in range(256)]


def text(s):
    data = s.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, v):
    return text(v) if kind == STRING else struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], v)


def entry(key, kind, v):
    return text(key) + struct.pack("<I", kind) + value(kind, v)


def array(key, kind, items):
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(items)) + b"".join(value(kind, v) for v in items)


def tensors(words):
    """Name and shape of each, the shape as GGUF has it: the row's length first."""
    yield "token_embd.weight", (WIDTH, words)
    yield "output_norm.weight", (WIDTH,)
    yield "output.weight", (WIDTH, words)
    for i in range(LAYERS):
        yield f"blk.{i}.attn_norm.weight", (WIDTH,)
        yield f"blk.{i}.ffn_norm.weight", (WIDTH,)
        for name in "attn_q", "attn_k", "attn_v", "attn_output":
            yield f"blk.{i}.{name}.weight", (WIDTH, WIDTH)
        yield f"blk.{i}.ffn_gate.weight", (WIDTH, INNER)
        yield f"blk.{i}.ffn_up.weight", (WIDTH, INNER)
        yield f"blk.{i}.ffn_down.weight", (INNER, WIDTH)


def weights(name, shape, rng):
    n = 1
    for size in shape:
        n *= size
    if name.endswith("norm.weight"):
        return struct.pack(f"<{n}f", *[1.0] * n)
    row, spread = shape[0], 3.0 if name.startswith("output.") else 1.0
    values = [rng.gauss(0, spread / row ** 0.5) for _ in range(n)]
    if name.startswith("output."):  # it speaks in printable ASCII: half characters are hard to compare
        for i in range(n):
            if not 32 <= i // row < 127 and i // row != END:
                values[i] = 0.0
    return struct.pack(f"<{n}f", *values)


def main(path):
    rng = random.Random(7)
    words = byte_names() + ["<s>", "</s>"]
    fields = [
        entry("general.architecture", STRING, "llama"),
        entry("general.name", STRING, "random"),
        entry("llama.context_length", UINT32, CONTEXT),
        entry("llama.embedding_length", UINT32, WIDTH),
        entry("llama.block_count", UINT32, LAYERS),
        entry("llama.feed_forward_length", UINT32, INNER),
        entry("llama.attention.head_count", UINT32, HEADS),
        entry("llama.attention.head_count_kv", UINT32, HEADS),
        entry("llama.rope.dimension_count", UINT32, WIDTH // HEADS),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        entry("llama.vocab_size", UINT32, len(words)),
        entry("tokenizer.ggml.model", STRING, "gpt2"),
        entry("tokenizer.ggml.pre", STRING, "default"),
        array("tokenizer.ggml.tokens", STRING, words),
        array("tokenizer.ggml.token_type", INT32, [NORMAL] * 256 + [CONTROL] * 2),
        array("tokenizer.ggml.merges", STRING, []),
        entry("tokenizer.ggml.bos_token_id", UINT32, BEGIN),
        entry("tokenizer.ggml.eos_token_id", UINT32, END),
    ]
    infos, data = [], b""
    for name, shape in tensors(len(words)):
        data += b"\0" * (-len(data) % ALIGN)
        infos.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data)))
        data += weights(name, shape, rng)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(fields)) + b"".join(fields) + b"".join(infos)
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGN) + data)


main(sys.argv[1])
