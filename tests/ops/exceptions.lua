-- Rows on which we answer otherwise than a peer on purpose: vectors folder -> operator -> "LINE:ROW" -> reason.
-- LINE is the case's line in the file, ROW its row's id, or its number where it has none. An exception that
-- passes, or that names no row, fails.
return {
  datajuicer = {},
  datajuicer_unit = {},
  datamate = {},
}
