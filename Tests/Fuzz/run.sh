#!/bin/sh
# Fuzzes one decoder: run.sh json|npy|png|nifti|gzip|rle|tensors|archive|form [seconds]. Findings and the corpus stay in the scratch folder.
set -eu
cd "$(dirname "$0")"
case "$1" in
  json) product=FuzzJSON seeds=Seeds/json ;;
  npy) product=FuzzNPY seeds=../MaskFormatsTests/Fixtures ;;
  png) product=FuzzPNG seeds=../MaskFormatsTests/Fixtures ;;
  nifti) product=FuzzNIfTI seeds=Seeds/nifti ;;
  gzip) product=FuzzGzip seeds=Seeds/gzip ;;
  rle) product=FuzzRLE seeds=Seeds/rle ;;
  tensors) product=FuzzTensors seeds=Seeds/tensors ;;
  form) product=FuzzForm seeds=Seeds/form ;;
  archive) product=FuzzArchive seeds=../TrainingTests/Fixtures ;;
  *) echo "usage: run.sh json|npy|png|nifti|gzip|rle|tensors|archive|form [seconds]" >&2; exit 2 ;;
esac
scratch=${FUZZ_SCRATCH:-.build}
# The sanitizers' coverage reaches the C++ below the decoders too; gold cannot link it, lld can.
swift build -c release --scratch-path "$scratch" --product "$product" -Xswiftc -use-ld=lld \
  -Xswiftc -sanitize=fuzzer,address -Xcxx -fsanitize=fuzzer-no-link,address \
  -Xcxx -DJSON_WINDOW_SIZE=64
mkdir -p "$scratch/corpus-$1" "$scratch/findings-$1"
# Swift's own crash report would hang under the sanitizer.
export SWIFT_BACKTRACE=enable=no
exec "$scratch/release/$product" -max_total_time="${2:-600}" -max_len=65536 -rss_limit_mb=2048 -timeout=10 \
  -print_final_stats=1 -artifact_prefix="$scratch/findings-$1/" -dict="Seeds/$1.dict" "$scratch/corpus-$1" "$seeds"
