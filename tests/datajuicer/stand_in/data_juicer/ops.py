import os
import signal
import sys
import time


class Registry:
    def __init__(self):
        self.modules = {}

    def register_module(self, name):
        def add(cls):
            self.modules[name] = cls
            return cls

        return add


OPERATORS, NON_STATS_FILTERS, TAGGING_OPS = Registry(), Registry(), Registry()


class OP:
    _batched_op = False

    def __init__(self, *args, **kwargs):
        self.text_key = kwargs.get("text_key", "text")

    def is_batched_op(self):
        return self._batched_op

    def use_cuda(self):
        return False


class Mapper(OP):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.process = self.process_batched if self._batched_op else self.process_single


class Filter(OP):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compute_stats = self.compute_stats_batched if self._batched_op else self.compute_stats_single
        self.process = self.process_batched if self._batched_op else self.process_single


class Deduplicator(OP):
    pass


class Selector(OP):
    pass


class Grouper(OP):
    pass


@OPERATORS.register_module("upper_mapper")
class Upper(Mapper):
    """What each test looks at; with marks in the text that make it fail in the ways there are."""

    def __init__(self, mark=None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mark = mark
        if mark == "unmakable":
            raise OSError("the model is not there")
        self.loaded = mark != "lazy"

    def process_single(self, sample):
        text = sample[self.text_key]
        print("operators may print")
        if not self.loaded:
            time.sleep(1.5)
            self.loaded = True
        if "RAISE" in text:
            raise ValueError("no such thing: 数")
        if "CRASH" in text:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "EXIT" in text:
            sys.stderr.write("gave up\n")
            os._exit(5)
        if "HANG" in text:
            time.sleep(1000)
        if "NAN" in text:
            sample["score"] = float("nan")
        sample[self.text_key] = text.upper() + (self.mark or "")
        return sample


@OPERATORS.register_module("batched_mapper")
class Batched(Upper):
    """The same with a batch of rows; 'two' becomes two rows, 'none' none."""

    _batched_op = True

    def process_batched(self, samples):
        made = {name: [] for name in samples}
        made["size"] = []
        for i, text in enumerate(samples[self.text_key]):
            self.process_single({self.text_key: text})
            for k in range(0 if "none" in text else 2 if "two" in text else 1):
                for name in samples:
                    made[name].append(samples[name][i])
                made[self.text_key][-1] = f"{text}.{k}" if "two" in text else text.upper()
                made["size"].append(len(samples[self.text_key]) > 1)
        return made


@OPERATORS.register_module("length_filter")
class Length(Filter):
    def __init__(self, min_len=3, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.min_len = min_len

    def compute_stats_single(self, sample):
        sample["__dj__stats__"]["len"] = len(sample[self.text_key])
        return sample

    def process_single(self, sample):
        return sample["__dj__stats__"]["len"] >= self.min_len


@OPERATORS.register_module("batched_length_filter")
class BatchedLength(Length):
    _batched_op = True

    def compute_stats_batched(self, samples):
        for text, stats in zip(samples[self.text_key], samples["__dj__stats__"]):
            if "RAISE" in text:
                raise KeyError("stats")
            stats["len"] = len(text)
        return samples

    def process_batched(self, samples):
        return map(lambda stats: stats["len"] >= self.min_len, samples["__dj__stats__"])


@TAGGING_OPS.register_module("tag_mapper")
@OPERATORS.register_module("tag_mapper")
class Tag(Mapper):
    def process_single(self, sample):
        sample["__dj__meta__"]["tag"] = "a"
        return sample


@OPERATORS.register_module("tagged_filter")
class Tagged(Filter):
    def compute_stats_single(self, sample):
        return sample

    def process_single(self, sample):
        return sample["__dj__meta__"]["tag"] == "a"


@OPERATORS.register_module("twins_deduplicator")
class Twins(Deduplicator):
    """The first of the rows with a text stays. A file named `mark` has it go wrong."""

    def __init__(self, mark=None, num_proc=None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mark = mark
        assert num_proc >= 1

    def run(self, dataset):
        if self.mark and os.path.exists(self.mark):
            if self.mark == "hang":
                if os.fork() == 0:
                    time.sleep(1000)
                open("hangs", "w").close()
                time.sleep(1000)
            if self.mark == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            raise ValueError("no such thing: 数")
        seen, rows = set(), []
        for row in dataset:
            if row[self.text_key] not in seen:
                rows.append(dict(row, __dj__hash=hash(row[self.text_key])))
            seen.add(row[self.text_key])
        dataset.rows = rows
        return dataset


@OPERATORS.register_module("cutting_deduplicator")
class Cutting(Deduplicator):
    """Takes a mark out of texts, and notes where."""

    def __init__(self, mark="!", *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mark = mark

    def run(self, dataset):
        for row in dataset:
            if self.mark in row[self.text_key]:
                row["cut"] = row[self.text_key].index(self.mark)
                row[self.text_key] = row[self.text_key].replace(self.mark, "")
                row.pop("n", None)
            else:
                row["cut"] = None
        return dataset


@OPERATORS.register_module("longest_selector")
class Longest(Selector):
    """The rows with the longest texts, by what text_length_filter measured."""

    def __init__(self, count=2, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.count = count

    def run(self, dataset):
        def length(row):
            return row["__dj__stats__"]["text_len"]

        dataset.rows = sorted(dataset.rows, key=length, reverse=True)[: self.count]
        return dataset


@OPERATORS.register_module("all_grouper")
class All(Grouper):
    """One row of all."""

    def run(self, dataset):
        names = list(dataset.rows[0])
        dataset.rows = [{name: dataset[name] for name in names}]
        return dataset


@OPERATORS.register_module("ray_twins_deduplicator")
class RayTwins(Deduplicator):
    pass


class Pipeline(OP):
    pass


@OPERATORS.register_module("engine_pipeline")
class Engine(Pipeline):
    pass
