#!/bin/sh
# Redraws the figures of docs/concepts.md, on photographs of data/bccd (BCCD, MIT). Three runs of 200 steps, about three
# minutes on two cores; a second call continues where it stopped.
set -e
cd "$(dirname "$0")/../.."
seen=runs/concepts/seen

# figure NAME FILE: copies one of the files that `inspect` has just written to docs/concepts-NAME.svg
figure() {
  cp "$seen/$2" "docs/concepts-$1.svg"
}

# A batch of two images with three and twelve objects, so that there are padded slots.
queries() {
  npm --silent start -- inspect queries --data photos --step 13 --images 1 \
    --set batchSize=2 --set denoising.slotBucket=1 "$@" --out "$seen"
}
queries --set denoising.groups=3
figure known-queries queries-1.svg
queries --set denoising.groups=2 --set denoising.kind=contrastive
figure contrastive queries-1.svg

# run NAME OPTIONS...: trains, or resumes, the run runs/concepts/NAME
run() {
  name=$1
  shift
  npm --silent start -- train --data photos --steps 200 "$@" --resume --out "runs/concepts/$name"
}
run without --model dn-deformable-detr --set denoising.groups=0 --set evaluation.every=20
run with --model dn-deformable-detr --set denoising.groups=5 --set evaluation.every=20
npm --silent start -- inspect matching runs/concepts/without runs/concepts/with --out "$seen"
figure matching matching-1.svg

run dino --model dino --set model.heads=4 --set model.decoderLayers=2 --set evaluation.every=100
npm --silent start -- inspect attention --checkpoint runs/concepts/dino/checkpoints/last.safetensors --images 1 --out "$seen"
figure sampling attention-1-cross.svg
