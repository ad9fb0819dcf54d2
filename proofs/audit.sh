#!/bin/bash
# Audits the theory.  Exit status 0 only when all of these hold:
#   build       every file of _CoqProject compiles;
#   escapes     no file contains Admitted, admit, Axiom, Parameter, ... outside comments, nor a
#               Variable or Hypothesis outside a section;
#   tags        equations.v has a theorem for each tag;
#   statements  the theorems' statements, the definitions they can use and the axioms they rest on are,
#               word for word, those of assumptions.expected: every file of _CoqProject, except that
#               link/print.sh compares the trees of formulas.v and the table exact.cases instead;
#   axioms      those axioms are among the four of Coq's Reals library; certified.v, which computes with
#               CoqInterval, may add Coq's primitive integers;
#   kernel      coqchk accepts all files but certified.v (on CoqInterval it does not finish), and sees
#               the same four axioms.
# `audit.sh --accept` rewrites assumptions.expected once every other check has passed (read its diff
# before committing it); `audit.sh --quick` leaves out coqchk.  Not both: what is accepted is checked whole.
set -u -o pipefail
accept=false quick=false
for argument; do
  case "$argument" in
    --accept) accept=true ;;
    --quick) quick=true ;;
    *) echo "audit: unknown argument '$argument'; usage: audit.sh [--accept | --quick]" >&2; exit 2 ;;
  esac
done
if $accept && $quick; then
  echo "audit: --accept needs every check, and --quick leaves out coqchk; usage: audit.sh [--accept | --quick]" >&2
  exit 2
fi
cd "$(dirname "$0")" || exit 1

TAGS="Eq6 Eq6T Eq7 Lemma1 Eq8 NonMarkov Eq9 Eq10 Eq11 Theorem1 Eq12 Eq13 Eq14 Eq15 Eq16 AppendixA"
FILES=$(sed -n 's/\.v$//p' _CoqProject)  # paths without .v; in Coq a file goes by its stem
INTERVAL=arithmetic/certified
PURE=$(for file in $FILES; do [ "$file" = "$INTERVAL" ] || echo "$file"; done)
ALLOWED="Classical_Prop.classic FunctionalExtensionality.functional_extensionality_dep \
ClassicalDedekindReals.sig_forall_dec ClassicalDedekindReals.sig_not_dec"

fail() { echo "audit: FAIL: $*" >&2; exit 1; }
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

make -s -j2 all || fail "build: the theory does not compile"

python3 - "$work" <(printf '%s.v\n' $FILES) <<'PY' || fail "escapes: see the lines above"
import re, sys
bad = False
words = (r"Admitted|admit|give_up|Axioms?|Conjectures?|Parameters?|Declare\s+Module|bypass_check|"
         r"Unset\s+(?:Guard|Positivity|Universe)\s+Checking|Type\s+in\s+Type|Primitive|Fail\s+Qed")
for name in open(sys.argv[2]).read().split():
    text, out, depth, i, quoted = open(name, encoding="utf-8").read(), [], 0, 0, False
    while i < len(text):                       # blank out nested comments and strings
        two = text[i:i + 2]
        if not quoted and two == "(*": depth += 1; out.append("  "); i += 2; continue
        if not quoted and two == "*)" and depth: depth -= 1; out.append("  "); i += 2; continue
        if text[i] == '"': quoted = not quoted
        out.append(text[i] if text[i] == "\n" or not (depth or quoted) else " "); i += 1
    code = "".join(out)
    for m in re.finditer(rf"\b(?:{words})\b", code):
        print(f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(0)}"); bad = True
    sections = []
    for m in re.finditer(r"(?m)(?:^|\.\s+)\s*(?:#\[[^]]*\]\s*)?(Section|Module|End|Variables?|Hypothes[ie]s|Context)\b\s*(\w*)", code):
        word = m.group(1)
        if word in ("Section", "Module"): sections.append((word, m.group(2)))
        elif word == "End": sections.pop()
        elif not any(kind == "Section" for kind, _ in sections):
            print(f"{name}:{code.count(chr(10), 0, m.start(1)) + 1}: {word} outside a section"); bad = True
sys.exit(bad)
PY

for tag in $TAGS; do
  grep -q "^Theorem $tag :" equations.v || fail "tags: equations.v has no theorem named $tag"
done

names() { sed -nE "s/^ *($2) +([A-Za-z0-9_']+).*/\2/p" "$1.v"; }
theorems() { for file; do for name in $(names "$file" "Theorem|Corollary|Example"); do echo "${file##*/}.$name"; done; done; }
definitions() {
  for file; do
    for name in $(names "$file" "Definition|Fixpoint|Inductive|Record"); do echo "${file##*/}.$name"; done
  done | grep -vE '^formulas\.|^exact\.cases$'
}
printed() {  # what coqc prints for the queries on standard input
  { echo "From Coq Require Import Reals String List. From Coquelicot Require Import Coquelicot."
    for file in $FILES; do echo "From ddim Require ${file##*/}."; done
    echo "Open Scope string_scope. Open Scope R_scope. Set Printing Width 110. Set Printing Depth 1000."
    cat; } > "$work/query.v"
  coqc -q -w -ambiguous-paths -Q . ddim "$work/query.v" 2> "$work/errors" ||
    { cat "$work/errors" >&2; fail "statements: a name cannot be printed"; }
}
# Queries one term that mentions every theorem, so that their proofs are walked once.  Print Assumptions
# prints "Axioms:" and then, unindented, one axiom a line with its type.
axioms() {
  { echo "Definition every_theorem := (I"; theorems "$@" | sed 's/^/, @/'; echo "). Print Assumptions every_theorem."
  } | printed | sed -nE '/^(Axioms:|Closed under.*)$/d; s/^([^ :]+).*/\1/p' | sort -u
}

# shellcheck disable=SC2086  # lists of names, here and below
{ axioms $PURE > "$work/axioms" && axioms $INTERVAL > "$work/axioms_interval"; } || exit 1
for axiom in $(cat "$work/axioms") $(grep -vE '^(PrimInt63|Uint63)\.' "$work/axioms_interval"); do
  case " $ALLOWED " in *" $axiom "*) ;; *) fail "axioms: $axiom is not allowed" ;; esac
done

(
  echo "(* What audit.sh compares: the axioms of all theorems, the theorems, the definitions. *)"
  sed 's/^/Axiom used: /' "$work/axioms"
  comm -13 "$work/axioms" "$work/axioms_interval" | sed "s/^/Axiom used by ${INTERVAL##*/}: /"
  # shellcheck disable=SC2086
  { theorems $FILES | sed 's/.*/Check &./'; definitions $FILES | sed 's/.*/Print &./'; } | printed
) > "$work/found" || exit 1

if ! $accept; then
  diff -u assumptions.expected "$work/found" > "$work/diff" ||
    { head -60 "$work/diff" >&2; fail "statements: a statement, a definition or an axiom differs from assumptions.expected"; }
fi

if ! $quick; then
  coqchk -silent -o -Q . ddim $(for file in $PURE; do echo "ddim.${file//\//.}"; done) > "$work/coqchk" 2>&1 ||
    { tail -20 "$work/coqchk" >&2; fail "kernel: coqchk refuses the compiled files"; }
  for axiom in $(sed -n '/^\* Axioms:/,/^ *$/p' "$work/coqchk" | grep '\.'); do
    case " $ALLOWED " in *" ${axiom#Coq.*.} "*) ;; *) fail "kernel: coqchk sees the axiom $axiom" ;; esac
  done
fi

if $accept; then
  cp "$work/found" assumptions.expected || fail "statements: assumptions.expected cannot be written"
  echo "audit: assumptions.expected rewritten: $(wc -l < assumptions.expected) lines"
fi
echo "audit: pass: $(theorems $FILES | wc -l) theorems, $(definitions $FILES | wc -l) definitions; axioms: $(tr '\n' ' ' < "$work/axioms")"
