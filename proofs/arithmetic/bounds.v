(** * The rounding bounds as trees

    Each right-hand side of rounding.v as a tree, proved to mean it, and printed as
    generated/bounds.hpp: the tolerance that tests use is the theorem's own. *)

Require Import Reals Lra ZArith List String.
From ddim Require Import expr rounding.
Import ListNotations.
Open Scope string_scope.
Open Scope expr_scope.
Open Scope Z_scope.

(** Parameters come in the order u, tiny, then kappa where there is one, then the exact terms. *)

Local Notation U := (Var 0).
Local Notation TINY := (Var 1).
Definition weight_1 : expr := U.
Definition weight_2 : expr := (2 * U + U * U)%expr.
Definition weight_3 : expr := (3 * U + 4 * (U * U))%expr.

(** The weight [g] when the coefficient itself is off by a relative kappa, the third parameter. *)
Definition inexact_weight (g : expr) : expr := (g + Var 2 + g * Var 2)%expr.

Definition two (w0 w1 : expr) (first : nat) : expr :=
  (w0 * Abs (Var first) + w1 * Abs (Var (first + 1)) + 3 * TINY)%expr.
Definition three (w0 w1 w2 : expr) (first : nat) : expr :=
  (w0 * Abs (Var first) + w1 * Abs (Var (first + 1)) + w2 * Abs (Var (first + 2)) + 4 * TINY)%expr.

Definition affine2_bound := Formula "affine2_bound"
  ["rounding.v, sum2_error. c0*x + c1*e in two products and a sum: q_sample, affine Eq9, Eq12 at sigma = 0.";
   "Parameters: unit roundoff u, half the smallest spacing tiny, and the exact terms c0*x and c1*e."]
  ["u"; "tiny"; "term0"; "term1"]
  (two weight_2 weight_2 2).

Definition affine2_fma_bound := Formula "affine2_fma_bound"
  ["rounding.v, sum2_fma_error. The same as fma(c0, x, c1*e)."]
  ["u"; "tiny"; "term0"; "term1"]
  (two weight_1 weight_2 2).

Definition affine3_bound := Formula "affine3_bound"
  ["rounding.v, sum3_error. (c0*x + c1*e) + s*z, without fma: the step of Eq12 and Eq13, Eq7's and Eq8's draw."]
  ["u"; "tiny"; "term0"; "term1"; "term2"]
  (three weight_3 weight_3 weight_2 2).

Definition affine3_fma_bound := Formula "affine3_fma_bound"
  ["rounding.v, sum3_fma_error. The same as fma(c0, x, fma(c1, e, s*z))."]
  ["u"; "tiny"; "term0"; "term1"; "term2"]
  (three weight_1 weight_2 weight_3 2).

Definition affine2_bound_inexact := Formula "affine2_bound_inexact"
  ["rounding.v, sum2_error_inexact. As affine2_bound, against the exact coefficients, when each coefficient";
   "used is within kappa of the exact one, relatively: kappa = u if correctly rounded, 2u if within one ulp."]
  ["u"; "tiny"; "kappa"; "term0"; "term1"]
  (two (inexact_weight weight_2) (inexact_weight weight_2) 3).

Definition affine2_fma_bound_inexact := Formula "affine2_fma_bound_inexact"
  ["rounding.v, sum2_fma_error_inexact."]
  ["u"; "tiny"; "kappa"; "term0"; "term1"]
  (two (inexact_weight weight_1) (inexact_weight weight_2) 3).

Definition affine3_bound_inexact := Formula "affine3_bound_inexact"
  ["rounding.v, sum3_error_inexact."]
  ["u"; "tiny"; "kappa"; "term0"; "term1"; "term2"]
  (three (inexact_weight weight_3) (inexact_weight weight_3) (inexact_weight weight_2) 3).

Definition affine3_fma_bound_inexact := Formula "affine3_fma_bound_inexact"
  ["rounding.v, sum3_fma_error_inexact."]
  ["u"; "tiny"; "kappa"; "term0"; "term1"; "term2"]
  (three (inexact_weight weight_1) (inexact_weight weight_2) (inexact_weight weight_3) 3).

Definition predict_x0_bound := Formula "predict_x0_bound"
  ["rounding.v, quotient_error. Eq9 as written, (x - c*e) / d with c = sqrt(1 - alpha_bar), d = sqrt(alpha_bar)."]
  ["u"; "tiny"; "x"; "c"; "e"; "d"]
  (weight_2 * Abs (Var 2 / Var 5) + weight_3 * Abs (Var 3 * Var 4 / Var 5) + (1 + 2 / Abs (Var 5)) * TINY)%expr.

(** ** The trees mean the theorems' right-hand sides *)

Section Meaning.
Variables emin prec : Z.
Notation u := (u prec).
Notation tiny := (tiny emin).
Open Scope R_scope.

Ltac meaning := intros; cbv -[Rplus Rminus Rmult Rdiv Ropp Rabs pow IZR rounding.u rounding.tiny]; ring.

Theorem affine2_bound_meaning : forall t0 t1,
  value affine2_bound [u; tiny; t0; t1] = sum2_bound emin prec (Rabs t0) (Rabs t1).
Proof. meaning. Qed.

Theorem affine2_fma_bound_meaning : forall t0 t1,
  value affine2_fma_bound [u; tiny; t0; t1] = sum2_fma_bound emin prec (Rabs t0) (Rabs t1).
Proof. meaning. Qed.

Theorem affine3_bound_meaning : forall t0 t1 t2,
  value affine3_bound [u; tiny; t0; t1; t2] = sum3_bound emin prec (Rabs t0) (Rabs t1) (Rabs t2).
Proof. meaning. Qed.

Theorem affine3_fma_bound_meaning : forall t0 t1 t2,
  value affine3_fma_bound [u; tiny; t0; t1; t2] = sum3_fma_bound emin prec (Rabs t0) (Rabs t1) (Rabs t2).
Proof. meaning. Qed.

Theorem affine2_bound_inexact_meaning : forall kappa t0 t1,
  value affine2_bound_inexact [u; tiny; kappa; t0; t1]
  = sum2_bound_inexact emin prec kappa (Rabs t0) (Rabs t1).
Proof. meaning. Qed.

Theorem affine2_fma_bound_inexact_meaning : forall kappa t0 t1,
  value affine2_fma_bound_inexact [u; tiny; kappa; t0; t1]
  = sum2_fma_bound_inexact emin prec kappa (Rabs t0) (Rabs t1).
Proof. meaning. Qed.

Theorem affine3_bound_inexact_meaning : forall kappa t0 t1 t2,
  value affine3_bound_inexact [u; tiny; kappa; t0; t1; t2]
  = sum3_bound_inexact emin prec kappa (Rabs t0) (Rabs t1) (Rabs t2).
Proof. meaning. Qed.

Theorem affine3_fma_bound_inexact_meaning : forall kappa t0 t1 t2,
  value affine3_fma_bound_inexact [u; tiny; kappa; t0; t1; t2]
  = sum3_fma_bound_inexact emin prec kappa (Rabs t0) (Rabs t1) (Rabs t2).
Proof. meaning. Qed.

Theorem predict_x0_bound_meaning : forall x c e d,
  value predict_x0_bound [u; tiny; x; c; e; d] = quotient_bound emin prec x c e d.
Proof. meaning. Qed.
End Meaning.

(** ** The header *)

Definition bounds : list formula :=
  [affine2_bound; affine2_fma_bound; affine3_bound; affine3_fma_bound;
   affine2_bound_inexact; affine2_fma_bound_inexact; affine3_bound_inexact; affine3_fma_bound_inexact;
   predict_x0_bound].

(** running.v adds one error function per formula and prints the header. *)
Definition bounds_preamble : list string :=
  ["// Right-hand sides of the rounding theorems of proofs/arithmetic/rounding.v: |computed - exact| <= bound, in";
   "// any binary format with gradual underflow and at least three digits, to nearest, when nothing overflows.";
   "// u = 2^-prec and tiny = 2^(emin-1): 2^-53, 2^-1075 for double; 2^-24, 2^-150 for float; 2^-11, 2^-25 for";
   "// binary16; 2^-8, 2^-134 for bfloat16. tiny for double is below its range: 2^-1074 serves. The theorems are";
   "// about the bound itself: evaluate it in a type wider than the one under test."].
