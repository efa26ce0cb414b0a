#!/usr/bin/env bash
# A task of DataMate, 2,000 small files (4.3 MB) through twelve operators, on this machine and, when it is up, on the Ray
# of tests/cluster/ray.sh: the time it takes, and a checksum of all files.
set -eu
cd "$(dirname "$0")/../.."
dmhost=${DMHOST:-$PWD/build/dmhost} files=2000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/source" "$folder/flow"
cat README.md ops/README.md tests/bench/*.md host/text/*.c lua/dm/*.lua >"$folder/text"
for _ in 1 2 3 4 5 6; do cat "$folder/text"; done | split -C 2150 -d -a 4 --additional-suffix=.txt - "$folder/source/"
ls "$folder/source" | tail -n +$((files + 1)) | sed "s|^|$folder/source/|" | xargs -r rm

for file in "$folder"/source/*; do
  name=${file##*/}
  echo "{\"fileId\":\"id-${name%.txt}\",\"fileName\":\"$name\",\"filePath\":\"$file\",\"fileType\":\"txt\"," \
    "\"fileSize\":$(stat -c %s "$file"),\"metadata\":{}}"
done >"$folder/flow/dataset.jsonl"
cat >"$folder/flow/process.yaml" <<YAML
dataset_id: set
dataset_path: $folder/flow/dataset.jsonl
executor_type: datamate
export_path: $folder/out
instance_id: task
process:
- UnicodeSpaceCleaner: {}
- ExtraSpaceCleaner: {}
- FullWidthCharacterCleaner: {}
- InvisibleCharactersCleaner: {}
- GrableCharactersCleaner: {}
- EmojiCleaner: {}
- HtmlTagCleaner: {}
- EmailNumberCleaner: {}
- AnonymizedUrlCleaner: {}
- AnonymizedIpAddress: {}
- AnonymizedPhoneNumber: {}
- FileWithShortOrLongLengthFilter: { fileLength: [10, 10000000] }
YAML

measure() { # NAME OPTIONS of dmhost run
  local name=$1 seconds
  shift
  rm -rf "$folder/out" "$folder/flow/.dmhost" "$folder/flow/datamate.sqlite"
  TIMEFORMAT='%R s, %U + %S CPU s of this process and its children'
  seconds=$({ time "$dmhost" run "$folder/flow/process.yaml" -q "$@" >/dev/null 2>"$folder/log"; } 2>&1)
  echo "$name: $files files in, $(ls "$folder/out" | wc -l) out, md5 $(cat "$folder"/out/* | md5sum | cut -c1-8); $seconds"
}

measure "local, 1 worker" -j 1
measure "local, 2 workers" -j 2
if [ -z "$(tests/cluster/ray.sh why-not)" ] && eval "$(tests/cluster/ray.sh env)" && curl -sf -m 3 "$RAY_URL/api/version" >/dev/null
then measure "Ray, 2 workers" --engine "ray=$RAY_URL" --workers 2 --slots 2; fi
