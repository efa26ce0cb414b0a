"""Takes a whole corpus through an operator of Data-Juicer. It is the first half of the program whose second half is
serve.py, from which it has `registry`, `kind_of`, `same`, `dump` and `ROW`.

Data-Juicer holds a corpus as a table: a column has one type. What a row does not have is null there, and a field whose
type is not the same in all rows is not in the table. Rows that an operator only chooses from are written as they were,
whatever the table has of them.
"""

import array
import json
import mmap
import os
import shutil

CHOOSING = ("deduplicator", "selector")  # those whose rows are rows that there were
MOST_FIELDS = 1000  # of an object, or of all rows; where there are more, they are data
MIXED = "mixed"  # the shape of what has no type


def scalar_shape(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if -(2**63) <= value < 2**63 else MIXED
    return {float: "float64", str: "string"}.get(type(value))


def shape_of(value):
    """What type a column has that holds the value: a name, a list of one shape, or a dict of shapes; None for null."""
    if isinstance(value, dict):
        return MIXED if len(value) > MOST_FIELDS else {name: shape_of(v) for name, v in value.items()}
    if isinstance(value, list):
        shape = None
        for v in value:
            shape = merge(shape, shape_of(v))
        return [shape]
    return scalar_shape(value)


def merge(a, b):
    """The shape of a column that holds values of both."""
    if a is None or b is None or a == b:
        return a if b is None else b
    if isinstance(a, dict) and isinstance(b, dict):
        both = {name: merge(a.get(name), b.get(name)) for name in {**a, **b}}
        return both if len(both) <= MOST_FIELDS else MIXED
    if isinstance(a, list) and isinstance(b, list):
        return [merge(a[0], b[0])]
    return "float64" if {a if isinstance(a, str) else "", b if isinstance(b, str) else ""} == {
        "int64", "float64"} else MIXED


def is_name(name):
    """Whether a table can have a column of that name."""
    return "\0" not in name and not any("\ud800" <= c <= "\udfff" for c in name)


def is_mixed(shape):
    """Whether a shape has no type in it, or is an object without fields, which no table holds."""
    if isinstance(shape, dict):
        return not shape or not all(map(is_name, shape)) or any(map(is_mixed, shape.values()))
    if isinstance(shape, list):
        return is_mixed(shape[0])
    return shape == MIXED


def fit(value, shape):
    """The value as a column of the shape holds it."""
    if isinstance(shape, dict):
        value = value or {}
        return {name: fit(value.get(name), s) for name, s in shape.items()}
    if value is None:
        return None
    if isinstance(shape, list):
        return [fit(v, shape[0]) for v in value]
    if shape == "string":
        return value.encode("utf-8", "replace").decode()  # half of a surrogate pair is in no table
    return float(value) if shape == "float64" else value


def feature_of(shape):
    from datasets import Value

    if isinstance(shape, dict):
        return {name: feature_of(s) for name, s in shape.items()}
    if isinstance(shape, list):
        return [feature_of(shape[0])]
    return Value(shape or "string")


def table_rows(path, shapes, numbered):
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            row = fit(json.loads(line), shapes)
            if numbered:
                row[ROW] = number
            yield row


class Corpus:
    """The rows of a file of JSONL."""

    def __init__(self, path):
        self.path = path
        self.offsets = array.array("Q", [0])  # of the lines, and of the end
        self.shapes = {}
        with open(path, "rb") as file:
            for line in file:
                self.offsets.append(self.offsets[-1] + len(line))
                for name, value in json.loads(line).items():
                    self.shapes[name] = merge(self.shapes.get(name), shape_of(value))
                if len(self.shapes) > MOST_FIELDS:
                    raise ValueError(f"the rows have more than {MOST_FIELDS} fields: a table has no room for them")
        self.left_out = sorted(name for name, shape in self.shapes.items() if is_mixed(shape) or not is_name(name))
        for name in self.left_out:
            del self.shapes[name]

    def __len__(self):
        return len(self.offsets) - 1

    def table(self, numbered, folder):
        """The rows as Data-Juicer has them; its files are in the folder."""
        from data_juicer.core.data import NestedDataset
        from datasets import Dataset, Features, Value, disable_progress_bar

        disable_progress_bar()
        features = {name: feature_of(shape) for name, shape in self.shapes.items()}
        if numbered:
            features[ROW] = Value("int64")
        args = {"path": self.path, "shapes": self.shapes, "numbered": numbered}
        return NestedDataset(Dataset.from_generator(table_rows, features=Features(features), cache_dir=folder,
                                                    gen_kwargs=args))

    def lines(self):
        """The bytes of the file."""
        with open(self.path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def hashes():
    from data_juicer.utils.constant import HashKeys

    return {value for name, value in vars(HashKeys).items() if not name.startswith("_")}


def chosen(corpus, result, out, dropped):
    """Writes the rows that the operator chose, as it changed them, and those that it did not."""
    passed, lines, kept = hashes() | {ROW}, corpus.lines(), bytearray(len(corpus))
    for row in result:
        number = row.get(ROW)
        if not isinstance(number, int):
            raise LookupError("the operator does not say which rows it chose")
        line = lines[corpus.offsets[number]:corpus.offsets[number + 1]]
        had = {name: value for name, value in fit(json.loads(line), corpus.shapes).items() if name not in passed}
        new = {name: value for name, value in row.items() if name not in passed}
        kept[number] = 1
        out.write(with_changes(line, had, new))
    for number, stays in enumerate(kept):
        if not stays:
            dropped.write(lines[corpus.offsets[number]:corpus.offsets[number + 1]])
    return len(result)


def with_changes(line, had, new):
    """A row with what the operator changed of what it saw; None in a field that it did not have says nothing."""
    put = {name: value for name, value in new.items()
           if not (same(had[name], value) if name in had else value is None)}
    gone = had.keys() - new.keys()
    if not put and not gone:
        return line
    row = {**json.loads(line), **put}
    return dump({name: value for name, value in row.items() if name not in gone}).encode() + b"\n"


def made(result, out):
    """Writes rows that are new: what is null in them they do not have."""
    for row in result:
        out.write(dump({name: value for name, value in row.items() if value is not None}).encode() + b"\n")
    return len(result)


def write(path, fill):
    """Writes a file whole, then gives it its name."""
    with open(path + ".part", "wb") as file:
        answer = fill(file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".part", path)
    return answer


def process_corpus(request):
    """What has become of the rows in a file, in other files."""
    cls = registry(request["paths"])[request["corpus"]]
    corpus, folder = Corpus(request["rows"]), request["folder"]
    choosing = kind_of(cls) in CHOOSING
    shutil.rmtree(folder, ignore_errors=True)
    try:
        result = cls(**request["params"]).run(corpus.table(choosing, folder)) if len(corpus) else ()

        def fill(out):
            if not choosing or not len(corpus):
                return made(result, out)
            return write(request["dropped"], lambda dropped: chosen(corpus, result, out, dropped))

        count = write(request["out"], fill)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"rows": len(corpus), "out": count, "left_out": corpus.left_out}
