# Sourced by the scripts here: runs an ablation, or goes on with it, and keeps its summary as docs/results/NAME.json.
set -e
cd "$(dirname "$0")/../.."

# keep_ablation NAME OPTIONS...
keep_ablation() {
  name=$1
  shift
  npm --silent start -- ablate "$name" --seeds 3 --processes 2 --out "runs/results/$name" "$@"
  cp "runs/results/$name/ablation.json" "docs/results/$name.json"
}
