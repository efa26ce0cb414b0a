def wrap_func_with_nested_access(f):
    return f
