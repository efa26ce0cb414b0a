import runpy


def load_custom_operators(paths):
    for path in paths:
        runpy.run_path(path)
