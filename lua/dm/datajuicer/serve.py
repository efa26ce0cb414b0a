"""Runs operators of Data-Juicer for dmhost: a request on each line of stdin, its answer on a line of stdout.

  {"describe": [names], "paths": [files]}     -> {"version", "operators": {name: {"kind", "parameters"}}}
  {"make": key, "name": name, "params": {}}   -> {"made": key}, or {"failed": why}
  {"run": key, "rows": n}, and n lines more   -> {"rows": [outcome, ...]}
  {"corpus": name, "params": {}, "paths": [], "rows": file, "out": file, "dropped": file, "folder": for its own files}
                                              -> {"rows": n, "out": n, "left_out": [fields]}, or {"failed": why}

An outcome is {"set": {field: value}, "remove": [field]} of a row that stays, {"drop": why} of one that does not, with
"value" if it was measured, {"error": why}, or {"children": [row, ...]} where an operator made several rows of one.
"""

import ctypes
import inspect
import json
import os
import resource
import sys

KINDS = ("Mapper", "Filter", "Deduplicator", "Selector", "Grouper", "Aggregator")
# What every operator takes; its base class takes them out of **kwargs one by one.
COMMON = {
    "text_key", "image_key", "audio_key", "video_key", "image_bytes_key", "system_key", "instruction_key",
    "prompt_key", "query_key", "response_key", "history_key", "batch_size", "work_dir", "accelerator", "num_proc",
    "cpu_required", "gpu_required", "mem_required", "turbo", "skip_op_error", "image_special_token",
    "audio_special_token", "video_special_token", "eoc_special_token", "stats_export_path", "min_closed_interval",
    "max_closed_interval", "reversed_range",
}
STATS, META = "__dj__stats__", "__dj__meta__"
ROW = "__dm__row__"  # a column with the number of the row, for operators that make many of one


def quiet():
    """What operators print goes to stderr, and of Data-Juicer's log what warns only."""
    try:
        from loguru import logger

        logger.remove()
        logger.add(sys.stderr, level="WARNING")
    except ImportError:
        pass


loaded = set()  # files of the user, which can be loaded once


def registry(paths):
    """Data-Juicer's registry of operators, with those of the user's files."""
    quiet()
    from data_juicer.ops import OPERATORS

    quiet()
    new = [path for path in paths if path not in loaded]
    if new:
        from data_juicer.config.config import load_custom_operators

        load_custom_operators(new)
        loaded.update(new)
    return OPERATORS.modules


def kind_of(cls):
    """What class it is; a mapper that gets many rows at once may make several of one, which dmhost calls a slicer."""
    names = [base.__name__ for base in cls.__mro__]
    kind = next((kind.lower() for kind in KINDS if kind in names), "other")
    return "slicer" if kind == "mapper" and cls._batched_op else kind


def parameters_of(cls):
    """The names that the constructor takes; None when it takes any."""
    names = set(COMMON)
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base.__name__ in KINDS:
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        names.update(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            break
    return sorted(names)


def describe(request):
    modules = registry(request["paths"])
    import data_juicer

    found = {}
    for name in request["describe"]:
        if name in modules:
            found[name] = {"kind": kind_of(modules[name]), "parameters": parameters_of(modules[name])}
    return {"version": getattr(data_juicer, "__version__", "?"), "operators": found, "names": sorted(modules)}


class Operator:
    """One operator, and how rows are taken through it."""

    def __init__(self, name, params, paths):
        modules = registry(paths)
        from data_juicer.core.data import wrap_func_with_nested_access
        from data_juicer.ops import NON_STATS_FILTERS, TAGGING_OPS

        self.op = modules[name](**params)
        self.kind = kind_of(modules[name])
        self.batched = self.op.is_batched_op()
        self.rank = {"rank": 0} if self.op.use_cuda() else {}
        self.columns = []  # those that Data-Juicer adds before the operator
        if name in TAGGING_OPS.modules:
            self.columns.append(META)
        if self.kind == "filter" and name not in NON_STATS_FILTERS.modules:
            self.columns.append(STATS)
        # In Data-Juicer, too, operators that get a batch may ask for "meta.lang", and those that get a row may not.
        wrap = wrap_func_with_nested_access if self.batched else lambda f: f
        self.process = wrap(self.op.process)
        if self.kind == "filter":
            self.compute_stats = wrap(self.op.compute_stats)

    def with_columns(self, row):
        for name in self.columns:
            if row.get(name) is None:
                row[name] = {}
        return row

    def run_filter(self, rows):
        """The rows with their statistics, and whether each stays."""
        if not self.batched:
            made = [self.compute_stats(row, **self.rank) for row in rows]
            return made, [bool(self.process(row)) for row in made]
        columns = self.compute_stats(to_columns(rows), **self.rank)
        keep = [bool(v) for v in self.process(columns)]
        return to_rows(columns), keep

    def run_mapper(self, rows):
        """For each row the list of rows that it became."""
        if not self.batched:
            return [[self.process(row, **self.rank)] for row in rows]
        columns = to_columns(rows)
        columns[ROW] = list(range(len(rows)))
        columns = self.process(columns, **self.rank)
        made = to_rows(columns)
        if len(rows) > 1 and not all(isinstance(row.get(ROW), int) and 0 <= row[ROW] < len(rows) for row in made):
            raise LookupError("the operator does not say which row it made which of")
        became = [[] for _ in rows]
        for row in made:
            number = row.pop(ROW, 0)
            became[number if len(rows) > 1 else 0].append(row)
        return became

    def outcomes(self, texts):
        """What becomes of some rows; raises when one of them can not be taken through."""
        rows = [self.with_columns(json.loads(text)) for text in texts]
        if self.kind == "filter":
            made, keep = self.run_filter(rows)
            return [changes(text, row) if stays else dropped(text, row)
                    for text, row, stays in zip(texts, made, keep, strict=True)]
        return [mapped(text, list_of) for text, list_of in zip(texts, self.run_mapper(rows), strict=True)]

    def run(self, texts):
        """The same as JSON. Where it raises, each row is taken through alone, so that one costs no other."""
        try:
            return [dump(outcome) for outcome in self.outcomes(texts)]
        except Exception as e:
            if len(texts) == 1:
                return [dump({"error": f"{type(e).__name__}: {e}"})]
            return [self.run([text])[0] for text in texts]


def to_columns(rows):
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def to_rows(columns):
    names = list(columns)
    return [dict(zip(names, values)) for values in zip(*(list(columns[name]) for name in names), strict=True)]


def same(a, b):
    """Whether two values are the same JSON; Data-Juicer has dictionaries of a type of its own."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, dict.__getitem__(b, key)) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def changes(text, row):
    """What differs in a row from what it was; None in a field that it did not have says nothing."""
    before = json.loads(text)
    put = {name: value for name, value in row.items()
           if not (same(before[name], value) if name in before else value is None)}
    return {"set": put, "remove": [name for name in before if name not in row]}


def mapped(text, list_of):
    if len(list_of) == 1:
        return changes(text, list_of[0])
    if not list_of:
        return {"drop": "made no samples"}
    had = json.loads(text)
    return {"children": [{k: v for k, v in row.items() if v is not None or k in had} for row in list_of]}


def dropped(text, row):
    """What the filter measured, for the ledger: its name and, if it is a number, its value."""
    had, has = json.loads(text).get(STATS) or {}, row.get(STATS) or {}
    new = {name: plain(value) for name, value in has.items() if name not in had} or has
    outcome = {"drop": "dropped, measured " + ", ".join(new) if new else "dropped"}
    values = [value for value in new.values() if type(value) in (int, float)]
    return dict(outcome, value=values[0]) if len(new) == len(values) == 1 else outcome


def plain(value):
    """Values that are not JSON's own: numbers and arrays of NumPy, sets."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return value


def refuse(value):
    made = plain(value)
    if made is value:
        raise TypeError(f"a value of type {type(value).__name__} can not be written as JSON")
    return made


def dump(value):
    how = {"allow_nan": False, "default": refuse, "separators": (",", ":")}
    text = json.dumps(value, ensure_ascii=False, **how)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can write as an escape only
        text = json.dumps(value, **how)
    return text


def follow_parent(parent):
    """Ends with the process that started this one, and those that it forks with it. Limits on memory are those of its
    rows, not of models."""
    prctl = ctypes.CDLL(None).prctl
    prctl(1, 9)
    os.register_at_fork(after_in_child=lambda: prctl(1, 9))
    if os.getppid() != parent:
        sys.exit(1)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def answer(request, operators, requests):
    if "describe" in request:
        return dump(describe(request))
    try:
        if "corpus" in request:
            return dump(process_corpus(request))
        if "make" in request:
            operators[request["make"]] = Operator(request["name"], request["params"], request["paths"])
            return dump({"made": request["make"]})
    except Exception as e:
        cause = f" ({type(e.__cause__).__name__}: {e.__cause__})" if e.__cause__ else ""
        return dump({"failed": f"{type(e).__name__}: {e}{cause}"})
    rows = operators[request["run"]].run([next(requests) for _ in range(request["rows"])])
    return '{"rows":[' + ",".join(rows) + "]}"


def main():
    follow_parent(int(sys.argv[1]))
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\n")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    operators = {}
    for line in requests:
        answers.write(answer(json.loads(line), operators, requests) + "\n")
        answers.flush()


main()
