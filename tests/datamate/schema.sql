-- The tables of DataMate that a task reads and writes, with the keys that matter: for servers that the tests start.
CREATE TABLE t_clean_task (
  id VARCHAR(64) PRIMARY KEY, name VARCHAR(64) UNIQUE, description VARCHAR(256), status VARCHAR(256),
  src_dataset_id VARCHAR(64), src_dataset_name VARCHAR(64), dest_dataset_id VARCHAR(64), dest_dataset_name VARCHAR(64),
  before_size BIGINT, after_size BIGINT, file_count INTEGER, retry_count INTEGER, started_at TIMESTAMP,
  finished_at TIMESTAMP, created_by VARCHAR(256), updated_by VARCHAR(256),
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE t_clean_result (
  instance_id VARCHAR(64), src_file_id VARCHAR(64), dest_file_id VARCHAR(64), src_name VARCHAR(256),
  dest_name VARCHAR(256), src_type VARCHAR(256), dest_type VARCHAR(256), src_size BIGINT, dest_size BIGINT,
  status VARCHAR(256), result TEXT, PRIMARY KEY (instance_id, dest_file_id));
CREATE TABLE t_dm_datasets (
  id VARCHAR(36) PRIMARY KEY, name VARCHAR(255) NOT NULL, dataset_type VARCHAR(50) NOT NULL, path VARCHAR(500),
  size_bytes BIGINT DEFAULT 0, file_count BIGINT DEFAULT 0, record_count BIGINT DEFAULT 0,
  status VARCHAR(50) DEFAULT 'DRAFT', version BIGINT NOT NULL DEFAULT 0,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE t_dm_dataset_files (
  id VARCHAR(36) PRIMARY KEY, dataset_id VARCHAR(36) NOT NULL REFERENCES t_dm_datasets (id) ON DELETE CASCADE,
  file_name VARCHAR(255) NOT NULL, file_path VARCHAR(1000) NOT NULL, file_type VARCHAR(50), file_size BIGINT DEFAULT 0,
  check_sum VARCHAR(64), tags JSON, annotation JSON, metadata JSON, status VARCHAR(50) DEFAULT 'ACTIVE',
  upload_time TIMESTAMP DEFAULT CURRENT_TIMESTAMP, last_access_time TIMESTAMP,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX idx_dm_dataset ON t_dm_dataset_files (dataset_id);
