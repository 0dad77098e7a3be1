#!/usr/bin/env python3
"""Convert an English-only Whisper from CTranslate2's folder form into the one file whisper.cpp reads.

    ct2-to-ggml.py FOLDER OUT.bin        needs numpy; writes q8_0

FOLDER holds model.bin (CTranslate2 format 6) and vocabulary.txt. The two programs name the same
numbers differently: CTranslate2 keeps query, key and value as one matrix, whisper.cpp as three.
Everything that is not a weight (the mel filters, the byte form of the tokens) is computed here.
"""

import math
import pathlib
import struct
import sys

import numpy as np

MAGIC = 0x67676D6C
FTYPE_Q8_0 = 2007  # 7 = q8_0, plus 1000 for each version of the quantised layout: 2
TENSOR_F32, TENSOR_F16, TENSOR_Q8_0 = 0, 1, 8
ENGLISH_VOCAB = 51864  # rows of the token embedding; the last 1608 are special tokens without text
ENGLISH_WORDS = 50256
HEAD_WIDTH = 64  # every published Whisper has 64 numbers a head
AUDIO_CONTEXT, TEXT_CONTEXT = 1500, 448
MELS, FFT_BINS, SAMPLE_RATE = 80, 201, 16000
BLOCK = 32  # numbers that share one scale in q8_0


class Refused(Exception):
    """The input is not what this program converts; the message says why."""


class Reader:
    """Little-endian fields, one after the other, out of a whole file."""

    NUMBER_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}

    def __init__(self, path):
        self.path, self.data, self.offset = path, path.read_bytes(), 0

    def bytes(self, count):
        end = self.offset + count
        if end > len(self.data):
            raise Refused(f"{self.path} ends at byte {len(self.data)}, expected at least {end}")
        piece, self.offset = self.data[self.offset : end], end
        return piece

    def number(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize(form)))[0]

    def string(self):
        return self.bytes(self.number("H")).rstrip(b"\0").decode()

    def array(self):
        dims = [self.number("I") for _ in range(self.number("B"))]
        kind = self.number("B")
        if kind not in self.NUMBER_TYPES:
            raise Refused(f"{self.path}: number type {kind} is unknown")
        return np.frombuffer(self.bytes(self.number("I")), self.NUMBER_TYPES[kind]).reshape(dims)


def read_weights(path):
    reader = Reader(path)
    version, model = reader.number("I"), reader.string()
    reader.number("I")  # revision of the model's specification
    if (version, model) != (6, "WhisperSpec"):
        raise Refused(f"{path} is {model} in format {version}, expected WhisperSpec in format 6")
    return {reader.string(): reader.array() for _ in range(reader.number("I"))}


def slaney_filters():
    """The mel bank Whisper was trained with: linear to 1 kHz, then logarithmic, each filter of equal area.

    Python's own log and exp, not numpy's: those differ in the last bit between processors.
    """
    step = math.log(6.4) / 27  # 27 mels from 1 kHz to 6.4 kHz
    top = 15 + math.log(SAMPLE_RATE / 2 / 1000) / step
    edges = [m * 200 / 3 if m < 15 else 1000 * math.exp((m - 15) * step)
             for m in (top * i / (MELS + 1) for i in range(MELS + 2))]
    bank = np.zeros((MELS, FFT_BINS), "<f4")
    for mel in range(MELS):
        low, centre, high = edges[mel : mel + 3]
        for bin_ in range(FFT_BINS):
            hz = bin_ * SAMPLE_RATE / 2 / (FFT_BINS - 1)
            rise, fall = (hz - low) / (centre - low), (high - hz) / (high - centre)
            bank[mel, bin_] = max(0.0, min(rise, fall)) * 2 / (high - low)
    return bank


def read_words(path):
    """Token texts as raw bytes. The vocabulary writes each byte as one printable character."""
    shown_as_is = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown_as_is]
    byte_of = {chr(byte): byte for byte in shown_as_is}
    byte_of |= {chr(256 + index): byte for index, byte in enumerate(hidden)}
    lines = path.read_text(encoding="utf-8").split("\n")[:ENGLISH_WORDS]
    if len(lines) < ENGLISH_WORDS:
        raise Refused(f"{path} has {len(lines)} tokens, expected {ENGLISH_WORDS}")
    return [bytes(byte_of[character] for character in line) for line in lines]


def attention(weights, source, target, cross=False):
    """One attention block: the fused projections cut into whisper.cpp's three."""
    first = weights[f"{source}/linear_0/weight"], weights[f"{source}/linear_0/bias"]
    if cross:  # the query has its own matrix, key and value share the second one
        key_value = weights[f"{source}/linear_1/weight"], weights[f"{source}/linear_1/bias"]
        matrices = [first[0], *np.split(key_value[0], 2)]
        biases = [first[1], *np.split(key_value[1], 2)]
        out = "linear_2"
    else:
        matrices, biases, out = np.split(first[0], 3), np.split(first[1], 3), "linear_1"
    for part, matrix, bias in zip(("query", "key", "value"), matrices, biases):
        yield f"{target}.{part}.weight", matrix
        if part != "key":  # Whisper's keys have no bias; CTranslate2 stores zeros for it
            yield f"{target}.{part}.bias", bias
    yield f"{target}.out.weight", weights[f"{source}/{out}/weight"]
    yield f"{target}.out.bias", weights[f"{source}/{out}/bias"]


def norm(weights, source, target):
    yield f"{target}.weight", weights[f"{source}/gamma"]
    yield f"{target}.bias", weights[f"{source}/beta"]


def layer_count(weights, side):
    layer = 0
    while f"{side}/layer_{layer}/ffn/linear_0/weight" in weights:
        layer += 1
    return layer


def tensors(weights):
    """(whisper.cpp's name, numbers) for every tensor; convolution biases are columns there."""
    yield "encoder.positional_embedding", weights["encoder/position_encodings/encodings"]
    for index in (1, 2):
        yield f"encoder.conv{index}.weight", weights[f"encoder/conv{index}/weight"]
        yield f"encoder.conv{index}.bias", weights[f"encoder/conv{index}/bias"][:, None]
    yield from norm(weights, "encoder/layer_norm", "encoder.ln_post")
    yield "decoder.positional_embedding", weights["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", weights["decoder/embeddings/weight"]
    yield from norm(weights, "decoder/layer_norm", "decoder.ln")
    for side in ("encoder", "decoder"):
        for layer in range(layer_count(weights, side)):
            source, target = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            yield from norm(weights, f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
            yield from attention(weights, f"{source}/self_attention", f"{target}.attn")
            if side == "decoder":
                yield from norm(weights, f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
                yield from attention(weights, f"{source}/attention", f"{target}.cross_attn", cross=True)
            yield from norm(weights, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
            for theirs, ours in ((0, 0), (1, 2)):
                for part in ("weight", "bias"):
                    yield f"{target}.mlp.{ours}.{part}", weights[f"{source}/ffn/linear_{theirs}/{part}"]


def encode(name, numbers):
    """(tensor type, bytes): matrices as q8_0, convolutions as f16, the rest as f32."""
    numbers = np.ascontiguousarray(numbers, "<f4")
    if numbers.ndim == 1 or name.endswith(("bias", "positional_embedding")):
        return TENSOR_F32, numbers.tobytes()
    if numbers.ndim == 3:
        return TENSOR_F16, numbers.astype("<f2").tobytes()
    rows = numbers.reshape(-1, BLOCK)
    scale = np.abs(rows).max(axis=1) / np.float32(127)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    blocks = np.empty(len(rows), [("scale", "<f2"), ("values", "<i1", BLOCK)])
    blocks["scale"] = scale
    blocks["values"] = np.rint(rows * inverse[:, None])
    return TENSOR_Q8_0, blocks.tobytes()


def write(weights, words, out):
    vocab, width = weights["decoder/embeddings/weight"].shape
    if vocab != ENGLISH_VOCAB:
        raise Refused(f"{vocab} tokens: only English-only models ({ENGLISH_VOCAB}) are converted")
    heads, audio_layers, text_layers = width // HEAD_WIDTH, layer_count(weights, "encoder"), layer_count(weights, "decoder")
    out.write(struct.pack("<I11i", MAGIC, vocab, AUDIO_CONTEXT, width, heads, audio_layers,
                          TEXT_CONTEXT, width, heads, text_layers, MELS, FTYPE_Q8_0))
    out.write(struct.pack("<2i", MELS, FFT_BINS) + slaney_filters().tobytes())
    out.write(struct.pack("<i", len(words)))
    for word in words:
        out.write(struct.pack("<I", len(word)) + word)
    for name, numbers in tensors(weights):
        kind, data = encode(name, numbers)
        dims = numbers.shape[::-1]  # whisper.cpp counts the fastest dimension first
        out.write(struct.pack(f"<3i{len(dims)}i", len(dims), len(name), kind, *dims) + name.encode() + data)


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv or "-h" in sys.argv else 2
    folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    try:
        weights, words = read_weights(folder / "model.bin"), read_words(folder / "vocabulary.txt")
        with open(target, "wb") as out:
            write(weights, words, out)
    except (Refused, OSError, KeyError) as problem:
        print(f"ct2-to-ggml: {problem!s}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
