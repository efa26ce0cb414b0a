"""Operators as a user of Data-Juicer writes them, for tests/datajuicer/real_spec.lua."""

from data_juicer.ops.base_op import OPERATORS, Filter, Mapper
from data_juicer.utils.constant import Fields


@OPERATORS.register_module("reverse_words_mapper")
class ReverseWordsMapper(Mapper):
    """Write the words in the opposite order; a batch at a time."""

    _batched_op = True

    def __init__(self, separator: str = " ", *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.separator = separator

    def process_batched(self, samples):
        samples[self.text_key] = [
            self.separator.join(reversed(text.split(self.separator))) for text in samples[self.text_key]
        ]
        return samples


@OPERATORS.register_module("source_mapper")
class SourceMapper(Mapper):
    """Note in the row where it is from."""

    def process_single(self, sample):
        sample["source"] = f"{sample['meta']['src']}/{sample['id']}"
        sample["half"] = sample["meta"]["n"] / 2
        return sample


@OPERATORS.register_module("vowel_filter")
class VowelFilter(Filter):
    """Keep texts whose share of vowels is in a range."""

    def __init__(self, min_share: float = 0.0, max_share: float = 1.0, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.min_share = min_share
        self.max_share = max_share

    def compute_stats_single(self, sample, context=False):
        text = sample[self.text_key]
        sample[Fields.stats]["vowels"] = sum(c in "aeiou" for c in text) / len(text) if text else 0.0
        return sample

    def process_single(self, sample):
        return self.get_keep_boolean(sample[Fields.stats]["vowels"], self.min_share, self.max_share)
