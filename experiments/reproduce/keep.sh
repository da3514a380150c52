# Sourced by the scripts here: runs or continues an ablation, keeps the files that its page is made from in docs/results/NAME,
# and rewrites the tables of docs/results.md.
set -e
cd "$(dirname "$0")/../.."

# keep_ablation NAME OPTIONS...
keep_ablation() {
  name=$1
  shift
  npm --silent start -- ablate "$name" --seeds 5 --processes 2 --out "runs/results/$name" "$@"
  keep "$name/ablation.json"
}

# keep NAME/FILE
keep() {
  node --conditions=@dn-detr/source --import tsx experiments/reproduce/keep.ts "runs/results/$1"
}

# reuse RESULT/MODEL RESULT/MODEL: copies runs with the same settings from another result, if there are any, so that they are
# not repeated.
reuse() {
  [ -d "runs/results/$1" ] && [ ! -e "runs/results/$2" ] || return 0
  mkdir -p "runs/results/${2%/*}"
  # If copying is interrupted, an incomplete copy must not be taken for the runs.
  rm -rf "runs/results/copied"
  cp -r "runs/results/$1" "runs/results/copied"
  mv "runs/results/copied" "runs/results/$2"
}
