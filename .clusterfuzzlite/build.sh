#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fuzz targets as OSS-Fuzz and ClusterFuzzLite want them in $OUT: NAME, NAME_seed_corpus.zip, NAME.dict, NAME.options,
# and beside them all that they load, so that $OUT can be moved.
set -euo pipefail
: "${SRC:?}" "${OUT:?}" "${LIB_FUZZING_ENGINE:?}"
source=${LABYRINTH_SOURCE:-$SRC/labyrinth}
work=${WORK:-$(mktemp -d)}/labyrinth-build

# Hooked modules are compiled without a sanitizer's checks, which Meson leaves out where Meson is told of the sanitizer;
# coverage they keep.
case ${SANITIZER:-address} in
address | undefined) sanitizer=${SANITIZER:-address} ;;
*) sanitizer=none ;;
esac
strip() {
	local word words=()
	for word in $1; do
		case $word in
		-fsanitize=address* | -fsanitize=undefined* | -fsanitize=array-bounds* | -fno-sanitize-recover=* | -fsanitize=bool*) ;;
		*) words+=("$word") ;;
		esac
	done
	echo "${words[*]}"
}
# The depth of stacks is the engine's own variable, which a module cannot have.
CFLAGS="$(strip "${CFLAGS:-}") -fno-sanitize-coverage=stack-depth" CXXFLAGS=$(strip "${CXXFLAGS:-}")
export CFLAGS CXXFLAGS

# Libraries are looked for beside the fuzz target, wherever that was put; those of libraries, too.
export LDFLAGS="${LDFLAGS:-} -Wl,--disable-new-dtags,-rpath,\$ORIGIN/lib"

rm -rf "$work"
meson setup "$work" "$source" -Dfuzzing_engine=oss-fuzz "-Dfuzzing_engine_ldflags=$LIB_FUZZING_ENGINE" \
	-Db_sanitize="$sanitizer" -Db_lundef=false
ninja -C "$work"

mkdir -p "$OUT/targets" "$OUT/lib"
cp "$work"/targets/*.so "$OUT/targets/"
for binary in "$work"/fuzz/fuzz_*; do
	name=$(basename "$binary")
	[[ -f $binary && -x $binary && $name != *.* && $name != fuzz_empty ]] || continue
	cp "$binary" "$OUT/$name"
	# The runner has no libraries of ours: they go along.
	ldd "$binary" | awk '$3 ~ /lib(xxhash|crypto|urcu|json-c)/ { print $3 }' | while IFS= read -r library; do
		cp -L "$library" "$OUT/lib/"
	done
	(cd "$source/corpus/$name" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
	printf '[libfuzzer]\nmax_len = 4096\ntimeout = 10\n\n[asan]\ndetect_leaks = 0\n' >"$OUT/$name.options"
done
cp "$source/fuzz/fuzz_text.dict" "$OUT/fuzz_text.dict"
