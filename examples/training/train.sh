#!/bin/sh
# Encrypted training on Iris, client and server as two processes: train.sh BIN_DIR [FOLDER] [STEPS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
folder=${2:-$(mktemp -d)}
steps=${3:-30}
data=$here/../../data/tabular/iris.csv

echo "== you: plan, keys, encrypted rows and first weights"
"$bin/serdab" train init --data "$data" --label last --hidden 7 --steps "$steps" --holdout 1/5 \
    --precision 30 -o "$folder"

echo "== the server trains; you renew its weights meanwhile"
"$bin/serdab" train refresh "$folder/client" "$folder/server" --watch 600 --quiet &
you=$!
trap 'kill $you 2>/dev/null || true' EXIT
"$bin/serdab-server" train step "$folder/server" --steps "$steps" --wait 60
kill -INT $you
wait $you || true

echo "== you: the trained network, and what it is worth on rows it has not seen"
"$bin/serdab" train export "$folder/client" --state "$folder/server/state.sdb" -o "$folder/model.onnx" \
    --inputs "$folder/test.csv"
"$bin/serdab" compile "$folder/model.onnx" -o "$folder/compiled" --calibrate "$folder/test.csv" >/dev/null
"$bin/serdab" evaluate "$folder/compiled" --data "$folder/test.csv"
echo "everything is in $folder"
