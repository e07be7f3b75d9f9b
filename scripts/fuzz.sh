#!/bin/sh
# Runs every fuzz target of the module for a while each: fuzz.sh [DURATION].
# Targets are found by their declaration, so a new one needs no entry here. Making
# inputs smaller, which by default takes up to a minute each, is kept short.
set -eu
cd "$(dirname "$0")/.."
time=${1:-30s}
go=${GO:-go}
found=0
for file in $(find . -name '*_test.go' -not -path './bench/*' | sort); do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		found=$((found + 1))
		echo "== $target in $(dirname "$file"), $time"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1s "$(dirname "$file")"
	done
done
echo "$found fuzz targets, nothing found"
