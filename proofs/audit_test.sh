#!/bin/bash
# The audit of a house of two files, right and with one fault at a time: exit status 0 when it passes the right one
# and refuses each other with the line that names the fault.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

mkdir -p "$work/right/reference" "$work/right/proofs/real" "$work/right/proofs/link"
cd "$work/right/proofs" || exit 1
cp "$here"/{audit.sh,texts.py,Makefile} .
printf 'Eq1\t(1)\tthe law\n' > ../reference/equations.txt
cat > ../reference/steps.hpp <<'END'
#pragma once
/// Eq1. Error: proofs/real/law.v, law_rounded.
double step(double x);
END
printf 'steps.hpp\tstep\t1\tstep.cpp\n' > link/functions.txt
echo 'int main() { return step(1) == 2; }' > link/step.cpp
printf '| tag | proof |\n|---|---|\n| Eq1 | [`Eq1`][theory] |\n\n[theory]: proofs/equations.v\n' > ../README.md
echo 'It rests on `law_positive`.' > README.md
printf '%s\n' '-Q . ddim' real/law.v equations.v > _CoqProject
cat > real/law.v <<'END'
From Coq Require Import Reals Lra List.
Open Scope R_scope.
Definition law (x : R) := 2 * x + 1.
Definition laws := cons law nil.
Section Positive.
Variable x : R.
Hypothesis positive : 0 < x.
Lemma law_positive : 0 < law x.
Proof. unfold law; lra. Qed.
Lemma law_rounded : law x <= 3 * x + 1.
Proof. unfold law; lra. Qed.
End Positive.
END
cat > equations.v <<'END'
From Coq Require Import Reals Lra.
From ddim Require Import law.
Open Scope R_scope.
Theorem Eq1 : forall x, 0 < x -> 0 < law x.
Proof. exact law_positive. Qed.
Theorem Eq1_more : forall x, law x = 2 * x + 1.
Proof. reflexivity. Qed.
END
printf '%s\n' equations.Eq1 equations.Eq1_more law.law_positive law.law_rounded 'law.laws = 1' > pinned.txt
# Against nothing the audit prints what it found, as additions.
: > assumptions.expected
./audit.sh --quick 2>&1 | sed -n '/^+++/d; s/^+//p' > "$work/expected"
cp "$work/expected" assumptions.expected

wrong=0 planted=0
report=$(./audit.sh --quick 2>&1) || { echo "the right house is refused: $report"; exit 1; }

refused() {  # name of the fault, what the audit must say, how it is planted (in the folder of the proofs)
  planted=$((planted + 1))
  rm -rf "$work/wrong" && cp -r "$work/right" "$work/wrong" && cd "$work/wrong/proofs" && eval "$3" || exit 1
  report=$(./audit.sh --quick 2>&1)
  case $?:$report in
    0:*) echo "passed: $1"; wrong=1 ;;
    *"$2"*) echo "caught: $1: $(grep -F -m1 -- "$2" <<< "$report")" ;;
    *) echo "refused for another reason: $1: $report"; wrong=1 ;;
  esac
}

refused "a proof left open" "real/law.v:9: Admitted" \
  "sed -i '9s/.*/Proof. Admitted./' real/law.v"
refused "an axiom" "real/law.v:4: Axiom" \
  "sed -i '4s/^/Axiom free : False. /' real/law.v"
refused "an axiom of a library" "axioms: ClassicalEpsilon.constructive_indefinite_description is not allowed" \
  "sed -i '1s/^/From Coq Require Import ClassicalEpsilon. /; 7s/reflexivity./pose (constructive_indefinite_description (fun n : nat => n = n)); reflexivity./' equations.v"
refused "an assumption outside a section" "real/law.v:5: Hypothesis outside a section" \
  "sed -i '5s/^/Hypothesis free : False. /' real/law.v"
refused "a file that is not built" "real/spare.v:1: not in _CoqProject" \
  "touch real/spare.v"
refused "a tag without a theorem" "equations.v: no theorem named Eq2" \
  "printf 'Eq2\t(2)\tanother law\n' >> ../reference/equations.txt"
refused "a hypothesis added in a section" "statements: a statement" \
  "sed -i -e '4i Section Free. Variable P : Prop. Hypothesis free : P.' \
     -e '5s/.*/Proof. pose proof free; exact law_positive. Qed. End Free./' equations.v"
refused "another coefficient" "statements: a statement" \
  "sed -i 's/2 \* x + 1/2 * x + 2/' real/law.v equations.v; sed -i 's/<= 3 \* x + 1/<= 3 * x + 2/' real/law.v"
refused "a headline theorem removed with its entry" "pins: Check equations.Eq1_more." \
  "sed -i '/Eq1_more/,\$d' equations.v; sed -i '/^equations.Eq1_more/,/ : /d' assumptions.expected"
refused "a cited lemma removed" "pins: Check law.law_rounded." \
  "sed -i '/law_rounded/,+1d' real/law.v"
refused "a cited lemma removed with its pin" "reference/steps.hpp:2: cites law.v, law_rounded" \
  "sed -i '/law_rounded/,+1d' real/law.v; sed -i '/law_rounded/d' pinned.txt"
refused "a list shortened" "length law.laws = 1" \
  "sed -i 's/cons law nil/@nil (R -> R)/' real/law.v"
refused "a name that README cites and nothing pins" "README.md:1: cites equations.v, Eq3" \
  "echo 'See [\`Eq3\`](proofs/equations.v).' > ../README.md"
refused "a name that the map takes from another file" "README.md:3: cites equations.v, law_positive" \
  "sed -i 's/\`Eq1\`/\`law_positive\`/' ../README.md"
refused "compiled files older than a fault in the sources" "build: the theory does not compile" \
  "make -s > /dev/null && sed -i 's/2 \* x + 1/2 * x - 1/' real/law.v && touch real/*.vo equations.vo real/*.glob equations.glob"
refused "a function of the reference that is not accounted for" "reference/steps.hpp: leap is not in" \
  "echo 'double leap(double x);' >> ../reference/steps.hpp"
refused "a link that calls nothing" "steps.hpp step: not called in" \
  "echo 'int main() {}' > link/step.cpp"

echo "$planted faults planted"
exit $wrong
