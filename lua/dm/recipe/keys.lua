-- Keys of Data-Juicer's recipes of which the value makes no difference here, and why: those of 1.4 and of later ones.
local REASONS = {
  ["a label"] = "project_name job_id",
  ["where a run takes place is said by --engine"] = "executor_type ray_address auto_op_parallelism "
    .. "resource_optimization min_common_dep_num_to_combine conflict_resolve_strategy",
  ["what a run leaves is kept beside its output: see `dmhost help running`"] = "work_dir event_logging event_log_dir "
    .. "max_log_size_mb backup_count",
  ["what is wrong with a row rejects that row; `dmhost check` tries the first ones"] = "validators",
  ["workers always write in parallel"] = "export_in_parallel",
  ["it is for writers of Ray"] = "export_extra_args",
  ["there is one reader of JSON, which takes each row as it is"] = "load_dataset_kwargs",
  ["media are not read"] = "image_key image_bytes_key image_special_token audio_key audio_special_token video_key "
    .. "video_special_token eoc_special_token",
  ["an error costs one row, at full speed"] = "turbo",
  ["operators are not cached one by one; --resume goes on with a run"] = "use_cache ds_cache_dir cache_compress",
  ["there are no copies between operators"] = "temp_dir intermediate_storage preserve_intermediate_data",
  ["every run can be resumed, with --resume"] = "use_checkpoint checkpoint checkpoint_dir",
  ["the input is cut into splits by itself"] = "partition partition_size partition_dir max_partition_size_mb",
  ["the closing table and run.json tell what each operator took"] = "open_monitor",
  ["ledger.jsonl has every row that was dropped, and why; `dmhost try` shows what is changed"] = "open_tracer "
    .. "op_list_to_trace trace_num trace_keys",
  ["statistics between operators are not kept"] = "open_insight_mining op_list_to_mine",
  ["operators share words and lines of a text without it"] = "op_fusion fusion_strategy enable_optimizer "
    .. "optimizer_strategies",
  ["rows go through operators in batches of 64"] = "adaptive_batch_size elastic_juicer_adaptive_batching "
    .. "elastic_juicer_metrics_max_in_flight",
  ["deduplicators leave no hashes in the rows"] = "keep_hashes_in_res_ds",
  ["it is for dj-analyze"] = "percentiles export_original_dataset save_stats_in_one_file auto auto_num",
  ["it is for the search of parameters"] = "hpo_config",
  ["it is for the sandbox; --sample takes a share of the rows"] = "data_probe_algo data_probe_ratio",
  ["errors are always told in full"] = "debug",
}

---@type table<string, string> key -> why
local without_effect = {}
for why, names in pairs(REASONS) do
  for name in names:gmatch "%S+" do without_effect[name] = why end
end

return without_effect
