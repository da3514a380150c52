# Sourced by the scripts here: runs an ablation, or goes on with it, keeps what its page is made from in docs/results/NAME,
# and writes the tables of docs/results.md anew.
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

# reuse RESULT/MODEL RESULT/MODEL: runs that another result has with the same settings, where they are there, are not done
# again.
reuse() {
  [ -d "runs/results/$1" ] && [ ! -e "runs/results/$2" ] || return 0
  mkdir -p "runs/results/${2%/*}"
  # Stopped half-way, what is copied shall not pass for the runs.
  rm -rf "runs/results/copied"
  cp -r "runs/results/$1" "runs/results/copied"
  mv "runs/results/copied" "runs/results/$2"
}
