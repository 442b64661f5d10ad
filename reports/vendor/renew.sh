#!/bin/sh
# Makes the scripts of this folder anew from the packages that are pinned here. Needs node, npm and tar.
set -eu

VEGA=6.2.0 VEGA_LITE=6.4.1 INTERPRETER=2.2.1 UTIL=2.1.0 ESBUILD=0.28.2

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Without scripts of the packages: nothing of theirs runs but esbuild, which is asked to below.
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact \
    "vega@$VEGA" "vega-lite@$VEGA_LITE" "vega-interpreter@$INTERPRETER" "vega-util@$UTIL" "esbuild@$ESBUILD"

cp node_modules/vega/build/vega.min.js "$here/vega.min.js"
# The file of names that its last line points to is not kept.
sed '/^\/\/# sourceMappingURL=/d' node_modules/vega-lite/build/vega-lite.min.js > "$here/vega-lite.min.js"
cp node_modules/vega/LICENSE "$here/vega.LICENSE.txt"
cp node_modules/vega-lite/LICENSE "$here/vega-lite.LICENSE.txt"

# The interpreter is published as a module only. As a script it takes vega-util from the global `vega`.
echo 'module.exports = globalThis.vega;' > util.cjs
echo 'export { expressionInterpreter } from "vega-interpreter";' > entry.js
node_modules/.bin/esbuild entry.js --bundle --minify --format=iife --global-name=vegaInterpreter \
    --alias:vega-util=./util.cjs --target=es2022 --legal-comments=inline --log-level=warning \
    --banner:js="/* vega-interpreter $INTERPRETER, BSD-3-Clause, (c) 2015-2023 University of Washington Interactive Data Lab: see vega.LICENSE.txt */" \
    --outfile="$here/vega-interpreter.min.js"

# Vega's build holds modules of D3 and a few others.
for module in d3-array d3-color d3-delaunay d3-dispatch d3-dsv d3-force d3-format d3-geo d3-geo-projection d3-hierarchy \
    d3-interpolate d3-path d3-scale d3-scale-chromatic d3-shape d3-time d3-time-format d3-timer \
    delaunator internmap robust-predicates topojson-client
do
    printf '%s %s\n\n' "$module" "$(node -p "require('./node_modules/$module/package.json').version")"
    cat "node_modules/$module/LICENSE"
    printf '\n----\n\n'
done > "$here/THIRD-PARTY.txt"

cd "$here"
sha256sum ./*.js ./*.txt > SHA256SUMS
cat SHA256SUMS
