"""What lua/dm/datajuicer/corpus.py asks of Hugging Face's datasets: a table whose columns have types."""


def disable_progress_bar():
    pass


class Features(dict):
    pass


class Value:
    TYPES = {"string": str, "int64": int, "float64": float, "bool": bool}

    def __init__(self, name):
        self.type = self.TYPES[name]


def fits(value, feature):
    """Whether a table could hold the value; and what the real one can not write, this one can not."""
    if value is None:
        return True
    if isinstance(feature, dict):
        return value.keys() == feature.keys() and all(fits(value[name], f) for name, f in feature.items())
    if isinstance(feature, list):
        return all(fits(v, feature[0]) for v in value)
    if isinstance(value, str):
        value.encode()
    return type(value) is feature.type


class Dataset:
    def __init__(self, rows):
        self.rows = rows

    @classmethod
    def from_generator(cls, generator, features, cache_dir, gen_kwargs):
        assert cache_dir
        rows = list(generator(**gen_kwargs))
        if not rows:
            raise ValueError("a table of no rows")
        for row in rows:
            if not fits(row, features):
                raise TypeError(f"{row} does not fit")
        return cls(rows)

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)
