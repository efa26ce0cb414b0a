-- Names that operators and the host share: DataMate's field names, execution states and error codes.
local M = {}

---Keys of a sample as DataMate's BaseOp names them; the value is the parameter's default.
M.FIELDS = {
  text_key = "text",
  data_key = "data",
  image_key = "image",
  video_key = "video",
  audio_key = "audio",
  fileName_key = "fileName",
  fileType_key = "fileType",
  fileId_key = "fileId",
  filePath_key = "filePath",
  fileSize_key = "fileSize",
  export_path_key = "export_path",
  ext_params_key = "ext_params",
  target_type_key = "target_type",
}

---What a sample's `execute_status` says.
M.STATUS = { COMPLETED = "COMPLETED", FAILED = "FAILED" }

---Operator failures by the class of the error, as DataMate numbers them.
M.ERROR_CODES = {
  ImportError = "ops.0001",
  ModuleNotFoundError = "ops.0002",
  NameError = "ops.0003",
  KeyError = "ops.0004",
  IndexError = "ops.0005",
  ValueError = "ops.0006",
  TypeError = "ops.0007",
  SyntaxError = "ops.0008",
  AttributeError = "ops.0009",
  ArithmeticError = "ops.0010",
  MemoryError = "ops.0011",
  OSError = "ops.0012",
  FileNotFoundError = "ops.0013",
  NotADirectoryError = "ops.0014",
  PermissionError = "ops.0015",
  TimeoutError = "ops.0016",
  Unknown = "ops.9999",
}

return M
