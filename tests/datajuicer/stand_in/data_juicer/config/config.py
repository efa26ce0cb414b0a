import runpy

loaded = set()


def load_custom_operators(paths):
    for path in paths:
        if path in loaded:
            raise RuntimeError(f"{path} is loaded already")
        loaded.add(path)
        runpy.run_path(path)
