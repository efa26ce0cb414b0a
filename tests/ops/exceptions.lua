-- Cases on which we answer otherwise than a peer on purpose: vectors folder -> operator -> "LINE:ROW" -> reason.
-- LINE is the case's line in the file, ROW its row's id, or its number where it has none; of DataMate, whose cases have
-- one row, LINE alone. An exception that passes, or that names no row, fails.
return {
  datajuicer = {},
  datajuicer_unit = {},
  datamate = {
    FileWithHighRepeatWordRateFilter = { [103] = "a string for a number is refused before the run" },
    FileWithHighSpecialCharRateFilter = { [108] = "a string for a number is refused before the run" },
    TraditionalChineseCleaner = {
      [47] = "a rare variant that OpenCC's table leaves alone (zhconv's is under the GPL)",
    },
    _FileExporter = {
      [8] = "jsonl is text: the file is exported, which DataMate loses",
      [25] = "a name can not lead into other folders: the file is exported, which DataMate loses",
    },
    _e2e = {
      [4] = "0.5 as a string is a number in a task; DataMate's comparison raises, and the file is lost",
      [9] = "Segmentation that comes first has the text",
    },
  },
}
