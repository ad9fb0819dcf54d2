#!/bin/sh
# Prints generated/{formulas,bounds}.hpp from the proved syntax trees.
#   print.sh            compares with the committed files; exit 1 and the difference if they differ
#   print.sh --write    writes them
# Needs the compiled formulas.vo and running.vo beside this folder.
set -eu
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
  coqc -q -Q . ddim -o "$scratch/print_$1.vo" "$scratch/print_$1.v" >"$scratch/quoted"
  sed -e 's/^"//' -e 's/"$//' -e 's/""/"/g' "$scratch/quoted"
}

status=0
print formulas formulas_hpp >"$scratch/formulas.hpp"
print running bounds_hpp >"$scratch/bounds.hpp"
for stem in formulas bounds; do
  test -s "$scratch/$stem.hpp"
  if [ "${1-}" = --write ]; then
    cp "$scratch/$stem.hpp" "generated/$stem.hpp"
  elif ! diff -u "generated/$stem.hpp" "$scratch/$stem.hpp"; then
    echo "generated/$stem.hpp is not what the proofs print" >&2
    status=1
  fi
done
exit $status
