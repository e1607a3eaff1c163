"""Damage for files: a few bytes changed, lost, doubled or replaced by words that readers stumble over."""

#: What breaks readers of tables.
WORDS = [b"nan", b"inf", b"-1e999", b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"1e308", b"\t", b";", b"acc_x", b'"']


def mutate(data, rng, words=WORDS):
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, max(len(data), 1)))
        match int(rng.integers(0, 5)):
            case 0:
                data[at : at + 1] = bytes([int(rng.integers(0, 256))])
            case 1:
                del data[at : at + int(rng.integers(1, 60))]
            case 2:
                data[at:at] = words[int(rng.integers(0, len(words)))]
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 120))]
            case 4:
                data = data[: at + 1] if rng.random() < 0.3 else data
    return bytes(data)
