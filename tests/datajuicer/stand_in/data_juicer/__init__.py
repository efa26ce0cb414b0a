"""What lua/dm/datajuicer/serve.py asks of Data-Juicer, and operators that do what users' operators do when they go wrong.

tests/datajuicer/real_spec.lua runs the same script with the real one.
"""

__version__ = "stand-in"
