#!/bin/sh
# Prints generated/{formulas,bounds}.hpp from the proved syntax trees.
#   print.sh            compares with the committed files; exit 1 and the difference if they differ
#   print.sh --write    writes them
# Needs the compiled formulas.vo and bounds.vo beside this folder.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

print() {  # module, constant
  {
    echo "From Coq Require Import String."
    echo "Open Scope string_scope."
    echo "From ddim Require Import $1."
    echo "Eval vm_compute in $2."
  } >"$scratch/print_$1.v"
  # Coq prints     = "text"
  #                : string     with each quotation mark inside doubled.
  coqc -q -Q . ddim -o "$scratch/print_$1.vo" "$scratch/print_$1.v" |
    sed -e '1s/^ *= "//' -e '/^ *: string$/d' -e 's/""/\x01/g' -e 's/"$//' -e 's/\x01/"/g' |
    sed -e '$ { /^$/d; }' -e 's/%string$//'
}

status=0
for stem in formulas bounds; do
  print "$stem" "${stem}_hpp" >"$scratch/$stem.hpp"
  test -s "$scratch/$stem.hpp"
  if [ "${1-}" = --write ]; then
    cp "$scratch/$stem.hpp" "generated/$stem.hpp"
  elif ! diff -u "generated/$stem.hpp" "$scratch/$stem.hpp"; then
    echo "generated/$stem.hpp is not what the proofs print" >&2
    status=1
  fi
done
exit $status
