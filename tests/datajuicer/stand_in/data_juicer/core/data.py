def wrap_func_with_nested_access(f):
    return f


class NestedDataset:
    def __init__(self, dataset):
        self.rows = [dict(row) for row in dataset]

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, name):
        return [row[name] for row in self.rows]
