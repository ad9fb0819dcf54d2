#!/bin/bash
# Audits the theory.  Exit status 0 only when all of these hold:
#   escapes     no file contains Admitted, admit, Axiom, Parameter, ... outside comments, nor a
#               Variable or Hypothesis outside a section; every .v file is in _CoqProject;
#   tags        equations.v has a theorem for each tag of ../reference/equations.txt;
#   pinned      pinned.txt lists each theorem of equations.v and each name that README, the map, the
#               docstrings and the printed headers cite; the theory has every name it lists, and every
#               list whose length it gives has that length;
#   functions   link/functions.txt accounts for each public function of the reference;
#   build       every file of _CoqProject compiles, in a copy of the sources: nothing compiled before serves;
#   statements  the theorems' statements, the definitions they can use and the axioms they rest on are,
#               word for word, those of assumptions.expected: every file of _CoqProject, except that
#               link/print.sh compares the trees of formulas.v, the texts of tolerances.v and the table
#               exact.cases instead;
#   axioms      those axioms are among the four of Coq's Reals library; certified.v and trajectory_numbers.v,
#               which compute with CoqInterval, may add Coq's primitive integers;
#   kernel      coqchk accepts all files but those two (on CoqInterval it does not finish), and sees the same
#               four axioms.
# The first four need no Coq and come first.
#   --accept     rewrites assumptions.expected once every other check has passed (read its diff before
#                committing it; pinned.txt is written by hand)
#   --quick      leaves out coqchk; not with --accept: what is accepted is checked whole
#   --keep DIR   leaves the compiled copy in DIR/theory, for link/print.sh and link/certify
set -u -o pipefail
usage() { echo "audit: $*; usage: audit.sh [--accept | --quick] [--keep DIR]" >&2; exit 2; }
accept=false quick=false keep=
while [ $# -gt 0 ]; do
  case "$1" in
    --accept) accept=true ;;
    --quick) quick=true ;;
    --keep) [ $# -gt 1 ] || usage "--keep needs a folder"; keep=$(realpath -m "$2"); shift ;;
    *) usage "unknown argument '$1'" ;;
  esac
  shift
done
if $accept && $quick; then usage "--accept needs every check, and --quick leaves out coqchk"; fi
cd "$(dirname "$0")" || exit 1

FILES=$(sed -n 's/\.v$//p' _CoqProject)  # paths without .v; in Coq a file goes by its stem
INTERVAL=$(grep -xE 'arithmetic/(certified|trajectory_numbers)' <<< "$FILES")
PURE=$(grep -vxE 'arithmetic/(certified|trajectory_numbers)' <<< "$FILES")
ALLOWED="Classical_Prop.classic FunctionalExtensionality.functional_extensionality_dep \
ClassicalDedekindReals.sig_forall_dec ClassicalDedekindReals.sig_not_dec"

fail() { echo "audit: FAIL: $*" >&2; exit 1; }
kernel=
work=$(mktemp -d) || exit 1
trap '[ -z "$kernel" ] || kill "$kernel" 2> /dev/null; rm -rf "$work"' EXIT
theory=$work/theory

python3 texts.py escapes || fail "escapes: see the lines above"
python3 texts.py tags || fail "tags: see the lines above"
python3 texts.py pinned > "$work/pinned" || fail "pinned: see the lines above"
python3 texts.py functions > "$work/functions" || fail "functions: see the lines above"

for file in $FILES; do install -D -m 644 "$file.v" "$theory/$file.v" || exit 1; done
{ cp _CoqProject Makefile "$theory" && make -s -C "$theory" -j2 all; } || fail "build: the theory does not compile"
if [ -n "$keep" ]; then
  { mkdir -p "$keep" && rm -rf "$keep/theory" && cp -r "$theory" "$keep"; } || fail "build: cannot keep it in $keep"
fi

# coqchk takes a processor of its own, beside the queries.
if ! $quick; then
  # shellcheck disable=SC2046
  coqchk -silent -o -Q "$theory" ddim $(for file in $PURE; do echo "ddim.${file//\//.}"; done) > "$work/coqchk" 2>&1 &
  kernel=$!
fi

names() { sed -nE "s/^ *($2) +([A-Za-z0-9_']+).*/\2/p" "$theory/$1.v"; }
theorems() { for file; do for name in $(names "$file" "Theorem|Corollary|Example"); do echo "${file##*/}.$name"; done; done; }
definitions() {
  for file; do
    for name in $(names "$file" "Definition|Fixpoint|Inductive|Record"); do echo "${file##*/}.$name"; done
  done | grep -vE '^(formulas|tolerances)\.|^exact\.cases$'
}
asked() {  # what coqc prints for the queries on standard input
  { echo "From Coq Require Import Reals String List. From Coquelicot Require Import Coquelicot."
    for file in $FILES; do echo "From ddim Require ${file##*/}."; done
    echo "Open Scope string_scope. Open Scope R_scope. Set Printing Width 110. Set Printing Depth 1000."
    cat; } > "$work/query.v"
  coqc -q -w -ambiguous-paths -Q "$theory" ddim "$work/query.v" 2> "$work/errors"
}
printed() { asked || { cat "$work/errors" >&2; fail "statements: a name cannot be printed"; }; }
# Queries one term that mentions every theorem, so that their proofs are walked once.  Print Assumptions
# prints "Axioms:" and then, unindented, one axiom a line with its type.
axioms() {
  [ $# -gt 0 ] || return 0
  { echo "Definition every_theorem := (I"; theorems "$@" | sed 's/^/, @/'; echo "). Print Assumptions every_theorem."
  } | printed | sed -nE '/^(Axioms:|Closed under.*)$/d; s/^([^ :]+).*/\1/p' | sort -u
}

# One sentence a pin; coqc stops at the first that does not hold, and prints what holds before it.
awk '{ if ($3 == "") print "Check " $1 "." $2 "."; else print "Check (eq_refl : length " $1 "." $2 " = " $3 "%nat)." }' \
  "$work/pinned" | asked > /dev/null || {
  line=$(sed -nE 's/^File "[^"]*", line ([0-9]+).*/\1/p' "$work/errors" | head -1)
  echo "the theory does not hold what pinned.txt pins: $(sed -n "${line:-1}p" "$work/query.v")" >&2
  tail -n +2 "$work/errors" >&2
  fail "pinned: see the lines above"
}

# shellcheck disable=SC2086  # lists of names, here and below
{ axioms $PURE > "$work/axioms" && axioms $INTERVAL > "$work/axioms_interval"; } || exit 1
for axiom in $(cat "$work/axioms") $(grep -vE '^(PrimInt63|Uint63)\.' "$work/axioms_interval"); do
  case " $ALLOWED " in *" $axiom "*) ;; *) fail "axioms: $axiom is not allowed" ;; esac
done

(
  echo "(* What audit.sh compares: the axioms of all theorems, the theorems, the definitions. *)"
  sed 's/^/Axiom used: /' "$work/axioms"
  comm -13 "$work/axioms" "$work/axioms_interval" | sed "s/^/Axiom used with CoqInterval: /"
  # shellcheck disable=SC2086
  { theorems $FILES | sed 's/.*/Check &./'; definitions $FILES | sed 's/.*/Print &./'; } | printed
) > "$work/found" || exit 1

if ! $accept; then
  diff -u assumptions.expected "$work/found" > "$work/diff" ||
    { head -60 "$work/diff" >&2; fail "statements: a statement, a definition or an axiom differs from assumptions.expected"; }
fi

if ! $quick; then
  wait "$kernel" ||
    { tail -20 "$work/coqchk" >&2; fail "kernel: coqchk refuses the compiled files"; }
  # shellcheck disable=SC2013
  for axiom in $(sed -n '/^\* Axioms:/,/^ *$/p' "$work/coqchk" | grep '\.'); do
    case " $ALLOWED " in *" ${axiom#Coq.*.} "*) ;; *) fail "kernel: coqchk sees the axiom $axiom" ;; esac
  done
fi

if $accept; then
  cp "$work/found" assumptions.expected || fail "statements: assumptions.expected cannot be written"
  echo "audit: assumptions.expected rewritten: $(wc -l < assumptions.expected) lines"
fi
cat "$work/functions"
# shellcheck disable=SC2086
echo "audit: pass: $(theorems $FILES | wc -l) theorems, $(definitions $FILES | wc -l) definitions, $(wc -l < "$work/pinned") pinned;" \
  "axioms: $(tr '\n' ' ' < "$work/axioms")"
