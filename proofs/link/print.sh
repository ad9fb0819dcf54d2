#!/bin/sh
# Prints generated/{formulas,bounds}.hpp from the proved syntax trees, and ../tests/vectors/exact_step.csv.
#   print.sh [THEORY]            compares with the committed files; exit 1 and the difference if they differ
#   print.sh --write [THEORY]    writes them
# THEORY is a folder that holds the theory compiled: what audit.sh keeps, or this folder's parent after `make`.
set -eu
write=false
if [ "${1-}" = --write ]; then write=true; shift; fi
theory=$(realpath "${1-$(dirname "$0")/..}")
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

print() {  # module, constant
  cat >"$scratch/print_$1.v" <<END
From Coq Require Import String.
Open Scope string_scope.
From ddim Require Import expr $1.
Goal True. let l := eval vm_compute in (lines $2) in print_lines l. Abort.
END
  # Coq quotes each line and doubles the quotation marks inside.
  coqc -q -Q "$theory" ddim -o "$scratch/print_$1.vo" "$scratch/print_$1.v" >"$scratch/quoted"
  sed -e 's/^"//' -e 's/"$//' -e 's/""/"/g' "$scratch/quoted"
}

status=0
vectors=../tests/vectors
print formulas formulas_hpp >"$scratch/formulas.hpp"
print running bounds_hpp >"$scratch/bounds.hpp"
print exact exact_step_csv >"$scratch/exact_step.csv"
for target in generated/formulas.hpp generated/bounds.hpp $vectors/exact_step.csv; do
  printed=$scratch/$(basename "$target")
  test -s "$printed"
  if $write; then
    mkdir -p "$(dirname "$target")"
    cp "$printed" "$target"
  elif ! diff -u "$target" "$printed"; then
    echo "$target is not what the proofs print" >&2
    status=1
  fi
done
exit $status
