-- The environment in which dmhost takes the folder stand_in for Data-Juicer, as words before a command.
local t = require "tests.support"

return ("PYTHONPATH=%s DM_DATAJUICER_PYTHON=/usr/bin/python3"):format(
  t.quote(t.first_line "realpath tests/datajuicer/stand_in"))
