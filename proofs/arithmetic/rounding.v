(** * Rounding: how far the computed step is from the exact one

    The format is any binary one with gradual underflow (Flocq's FLT): precision [prec] >= 3,
    smallest spacing 2^emin; binary64, binary32, binary16 and bfloat16 are instances. Rounding is to
    nearest with any rule for ties. The range is unbounded above, so the bounds hold for results that
    do not overflow.  [u] = 2^-prec is the unit roundoff, [tiny] = 2^(emin-1) half the smallest spacing.

    - Three terms, (c0 x + c1 e) + s z: the sampler's step (Eq12, Eq13), Eq7, and Eq8's mean plus noise.
        without fma  |r - exact| <= (3u+4u^2)(|c0 x| + |c1 e|) + (2u+u^2)|s z| + 4 tiny
        with fma     |r - exact| <= u|c0 x| + (2u+u^2)|c1 e| + (3u+4u^2)|s z| + 4 tiny
    - Two terms, c0 x + c1 e: q_sample, the affine forms of Eq9 and of tiny = 0.
        without fma  |r - exact| <= (2u+u^2)(|c0 x| + |c1 e|) + 3 tiny
        with fma     |r - exact| <= u|c0 x| + (2u+u^2)|c1 e| + 3 tiny
    - Eq9 as written, (x - c e) / d:
        |r - exact| <= (2u+u^2)|x/d| + (3u+4u^2)|c e/d| + tiny (1 + 2/|d|)
    - Coefficients that are themselves off by a relative [kappa] turn each weight g into g + kappa + g kappa;
      a coefficient that is exact, or within one ulp of the exact one and not subnormal, has kappa = 2u
      (Eq12_rounding_one_ulp, Lemma1_rounding_one_ulp, and with fma: what reference/ and cuda/ do).
    ieee.v carries the bounds over to IEEE 754's operations; running.v bounds every other formula. *)

Require Import Reals Lra Psatz ZArith Lia.
From Flocq Require Import Core Relative Plus_error.
Open Scope R_scope.

(** ** Errors carried through one rounding *)

Section Format.
Variables emin prec : Z.
Hypothesis three_digits : (3 <= prec)%Z.
Variable choice : Z -> bool.

Local Instance prec_positive : Prec_gt_0 prec.
Proof. unfold Prec_gt_0; lia. Qed.

Notation fexp := (FLT_exp emin prec).
Notation rnd := (round radix2 fexp (Znearest choice)).
Notation format := (generic_format radix2 fexp).

Definition u := bpow radix2 (- prec).
Definition tiny := bpow radix2 (emin - 1).

Lemma u_positive : 0 < u.
Proof. apply bpow_gt_0. Qed.

Lemma tiny_positive : 0 < tiny.
Proof. apply bpow_gt_0. Qed.

Lemma u_small : u <= / 8.
Proof.
change (/ 8) with (bpow radix2 (-3)); apply bpow_le; lia.
Qed.

Lemma half_bpow : forall e, / 2 * bpow radix2 e = bpow radix2 (e - 1).
Proof. intros e; unfold Z.sub; rewrite bpow_plus; change (bpow radix2 (- (1))) with (/ 2); ring. Qed.

Lemma rnd_error : forall t, Rabs (rnd t - t) <= u * Rabs t + tiny.
Proof.
intros t.
destruct (error_N_FLT radix2 emin prec ltac:(lia) choice t) as (d & h & Hd & Hh & _ & ->).
rewrite half_bpow in Hd, Hh; replace (- prec + 1 - 1)%Z with (- prec)%Z in Hd by ring.
fold u in Hd; fold tiny in Hh.
replace (t * (1 + d) + h - t) with (t * d + h) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_mult.
apply Rplus_le_compat; [rewrite Rmult_comm; apply Rmult_le_compat_r; [apply Rabs_pos|assumption]|assumption].
Qed.

Lemma rnd_format : forall t, format (rnd t).
Proof. intros t; apply generic_format_round; auto with typeclass_instances. Qed.

(** Sums of format numbers do not underflow. *)
Lemma rnd_plus_error : forall x y, format x -> format y -> Rabs (rnd (x + y) - (x + y)) <= u * Rabs (x + y).
Proof.
intros x y Fx Fy.
destruct (FLT_plus_error_N_ex radix2 emin prec choice x y Fx Fy) as (d & Hd & ->).
replace ((x + y) * (1 + d) - (x + y)) with (d * (x + y)) by ring.
rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos|].
apply Rle_trans with (1 := Hd).
apply Rle_trans with (1 := u_rod1pu_ro_le_u_ro radix2 prec).
unfold u_ro; rewrite half_bpow; right; unfold u; f_equal; ring.
Qed.

(** [t'] stands for [t] with error [E]; after rounding the error is at most this. *)
Lemma rnd_carries : forall t t' E, Rabs (t' - t) <= E ->
  Rabs (rnd t' - t) <= (1 + u) * E + u * Rabs t + tiny.
Proof.
intros t t' E H; pose proof u_positive.
pose proof (rnd_error t').
assert (Rabs t' <= Rabs t + E).
{ replace t' with (t + (t' - t)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
replace (rnd t' - t) with ((rnd t' - t') + (t' - t)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _).
assert (u * Rabs t' <= u * (Rabs t + E)) by (apply Rmult_le_compat_l; lra).
lra.
Qed.

Lemma rnd_plus_carries : forall t x y E, format x -> format y -> Rabs (x + y - t) <= E ->
  Rabs (rnd (x + y) - t) <= (1 + u) * E + u * Rabs t.
Proof.
intros t x y E Fx Fy H; pose proof u_positive.
pose proof (rnd_plus_error x y Fx Fy).
assert (Rabs (x + y) <= Rabs t + E).
{ replace (x + y) with (t + (x + y - t)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
replace (rnd (x + y) - t) with ((rnd (x + y) - (x + y)) + (x + y - t)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _).
assert (u * Rabs (x + y) <= u * (Rabs t + E)) by (apply Rmult_le_compat_l; lra).
lra.
Qed.

Lemma sum_error : forall p p' q q' E F, Rabs (p' - p) <= E -> Rabs (q' - q) <= F ->
  Rabs (p' + q' - (p + q)) <= E + F.
Proof.
intros p p' q q' E F Hp Hq; replace (p' + q' - (p + q)) with ((p' - p) + (q' - q)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

(** u^2 and u^3 terms against the stated weights. *)
Lemma weight_three : forall A, 0 <= A -> (3 * u + 3 * u ^ 2 + u ^ 3) * A <= (3 * u + 4 * u ^ 2) * A.
Proof.
intros A HA; pose proof u_positive; pose proof u_small.
apply Rmult_le_compat_r; [assumption|].
assert (u ^ 3 <= u ^ 2) by (simpl; nra); lra.
Qed.

Lemma tinies_three : (3 + 5 * u + 2 * u ^ 2) * tiny <= 4 * tiny /\ (3 + 3 * u + u ^ 2) * tiny <= 4 * tiny.
Proof.
pose proof u_positive; pose proof u_small; pose proof tiny_positive.
assert (u ^ 2 <= / 64) by (simpl; nra).
split; apply Rmult_le_compat_r; lra.
Qed.

(** ** The operations, as the code performs them *)

Definition fma (x y z : R) := rnd (x * y + z).
Definition sum3 (c0 x c1 e s z : R) := rnd (rnd (rnd (c0 * x) + rnd (c1 * e)) + rnd (s * z)).
Definition sum3_fma (c0 x c1 e s z : R) := fma c0 x (fma c1 e (rnd (s * z))).
Definition sum2 (c0 x c1 e : R) := rnd (rnd (c0 * x) + rnd (c1 * e)).
Definition sum2_fma (c0 x c1 e : R) := fma c0 x (rnd (c1 * e)).
Definition quotient (x c e d : R) := rnd (rnd (x - rnd (c * e)) / d).

(** ** Right-hand sides. [A], [B], [C] are the sizes |c0 x|, |c1 e|, |s z| of the exact terms. *)

Definition sum3_bound (A B C : R) := (3 * u + 4 * u ^ 2) * (A + B) + (2 * u + u ^ 2) * C + 4 * tiny.
Definition sum3_fma_bound (A B C : R) := u * A + (2 * u + u ^ 2) * B + (3 * u + 4 * u ^ 2) * C + 4 * tiny.
Definition sum2_bound (A B : R) := (2 * u + u ^ 2) * (A + B) + 3 * tiny.
Definition sum2_fma_bound (A B : R) := u * A + (2 * u + u ^ 2) * B + 3 * tiny.
Definition quotient_bound (x c e d : R) :=
  (2 * u + u ^ 2) * Rabs (x / d) + (3 * u + 4 * u ^ 2) * Rabs (c * e / d) + (1 + 2 / Rabs d) * tiny.

(** ** The theorems *)

Theorem sum2_error : forall c0 x c1 e,
  Rabs (sum2 c0 x c1 e - (c0 * x + c1 * e)) <= sum2_bound (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof.
intros c0 x c1 e; unfold sum2, sum2_bound.
pose proof u_positive; pose proof u_small; pose proof tiny_positive.
eapply Rle_trans.
- apply rnd_plus_carries; [apply rnd_format|apply rnd_format|].
  apply sum_error; apply rnd_error.
- pose proof (Rabs_triang (c0 * x) (c1 * e)) as T.
  apply (Rmult_le_compat_l u) in T; [|lra].
  assert (u * tiny <= / 8 * tiny) by (apply Rmult_le_compat_r; lra).
  nra.
Qed.

Theorem sum2_fma_error : forall c0 x c1 e,
  Rabs (sum2_fma c0 x c1 e - (c0 * x + c1 * e)) <= sum2_fma_bound (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof.
intros c0 x c1 e; unfold sum2_fma, fma, sum2_fma_bound.
pose proof u_positive; pose proof u_small; pose proof tiny_positive.
eapply Rle_trans.
- apply rnd_carries with (E := u * Rabs (c1 * e) + tiny).
  replace (c0 * x + rnd (c1 * e) - (c0 * x + c1 * e)) with (rnd (c1 * e) - c1 * e) by ring.
  apply rnd_error.
- pose proof (Rabs_triang (c0 * x) (c1 * e)) as T.
  apply (Rmult_le_compat_l u) in T; [|lra].
  assert (u * tiny <= / 8 * tiny) by (apply Rmult_le_compat_r; lra).
  nra.
Qed.

Theorem sum3_error : forall c0 x c1 e s z,
  Rabs (sum3 c0 x c1 e s z - (c0 * x + c1 * e + s * z))
  <= sum3_bound (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof.
intros c0 x c1 e s z; unfold sum3, sum3_bound.
pose proof u_positive as Pu; pose proof u_small; pose proof tiny_positive.
pose proof (Rabs_triang (c0 * x) (c1 * e)) as T2.
pose proof (Rabs_triang (c0 * x + c1 * e) (s * z)) as T3.
pose proof (Rabs_pos (c0 * x)); pose proof (Rabs_pos (c1 * e)); pose proof (Rabs_pos (s * z)).
set (A := Rabs (c0 * x)) in *; set (B := Rabs (c1 * e)) in *; set (C := Rabs (s * z)) in *.
eapply Rle_trans.
- apply rnd_plus_carries; [apply rnd_format|apply rnd_format|].
  apply sum_error; [|apply rnd_error].
  apply rnd_plus_carries; [apply rnd_format|apply rnd_format|].
  apply sum_error; apply rnd_error.
- fold A B C.
  pose proof (weight_three (A + B) ltac:(lra)); pose proof (proj1 tinies_three).
  assert (u * Rabs (c0 * x + c1 * e + s * z) <= u * (A + B + C)) by (apply Rmult_le_compat_l; lra).
  assert (u * Rabs (c0 * x + c1 * e) <= u * (A + B)) by (apply Rmult_le_compat_l; lra).
  assert ((1 + u) * (u * Rabs (c0 * x + c1 * e)) <= (1 + u) * (u * (A + B)))
    by (apply Rmult_le_compat_l; lra).
  apply Rle_trans with ((3 * u + 3 * u ^ 2 + u ^ 3) * (A + B) + (2 * u + u ^ 2) * C
                        + (3 + 5 * u + 2 * u ^ 2) * tiny); [|lra].
  apply Rle_trans with ((1 + u) * ((1 + u) * (u * A + tiny + (u * B + tiny)) + u * (A + B)
                          + (u * C + tiny)) + u * (A + B + C)); [lra|].
  right; ring.
Qed.

Theorem sum3_fma_error : forall c0 x c1 e s z,
  Rabs (sum3_fma c0 x c1 e s z - (c0 * x + c1 * e + s * z))
  <= sum3_fma_bound (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof.
intros c0 x c1 e s z; unfold sum3_fma, fma, sum3_fma_bound.
pose proof u_positive as Pu; pose proof u_small; pose proof tiny_positive.
pose proof (Rabs_triang (c1 * e) (s * z)) as T2.
pose proof (Rabs_triang (c0 * x) (c1 * e + s * z)) as T3.
pose proof (Rabs_pos (c0 * x)); pose proof (Rabs_pos (c1 * e)); pose proof (Rabs_pos (s * z)).
set (A := Rabs (c0 * x)) in *; set (B := Rabs (c1 * e)) in *; set (C := Rabs (s * z)) in *.
replace (c0 * x + c1 * e + s * z) with (c0 * x + (c1 * e + s * z)) by ring.
eapply Rle_trans.
- apply rnd_carries with (E := (1 + u) * (u * C + tiny) + u * Rabs (c1 * e + s * z) + tiny).
  replace (c0 * x + _ - _) with (rnd (c1 * e + rnd (s * z)) - (c1 * e + s * z)) by ring.
  apply rnd_carries.
  replace (c1 * e + rnd (s * z) - (c1 * e + s * z)) with (rnd (s * z) - s * z) by ring.
  apply rnd_error.
- pose proof (weight_three C ltac:(lra)); pose proof (proj2 tinies_three).
  assert (u * Rabs (c0 * x + (c1 * e + s * z)) <= u * (A + (B + C))) by (apply Rmult_le_compat_l; lra).
  assert (u * Rabs (c1 * e + s * z) <= u * (B + C)) by (apply Rmult_le_compat_l; lra).
  assert ((1 + u) * (u * Rabs (c1 * e + s * z)) <= (1 + u) * (u * (B + C)))
    by (apply Rmult_le_compat_l; lra).
  apply Rle_trans with (u * A + (2 * u + u ^ 2) * B + (3 * u + 3 * u ^ 2 + u ^ 3) * C
                        + (3 + 3 * u + u ^ 2) * tiny); [|lra].
  apply Rle_trans with ((1 + u) * ((1 + u) * (u * C + tiny) + u * (B + C) + tiny)
                        + u * (A + (B + C)) + tiny); [lra|].
  right; ring.
Qed.

Theorem quotient_error : forall x c e d, format x -> d <> 0 ->
  Rabs (quotient x c e d - (x - c * e) / d) <= quotient_bound x c e d.
Proof.
intros x c e d Fx Hd; unfold quotient, quotient_bound.
pose proof u_positive as Pu; pose proof u_small; pose proof tiny_positive.
assert (Pd : 0 < / Rabs d) by (apply Rinv_0_lt_compat, Rabs_pos_lt, Hd).
assert (D : forall y, Rabs (y / d) = Rabs y * / Rabs d).
{ intros y; unfold Rdiv; rewrite Rabs_mult; f_equal; apply Rabs_inv. }
assert (S : Rabs (rnd (x - rnd (c * e)) - (x - c * e))
            <= (1 + u) * (u * Rabs (c * e) + tiny) + u * Rabs (x - c * e)).
{ apply rnd_plus_carries; [assumption|apply generic_format_opp, rnd_format|].
  replace (x + - rnd (c * e) - (x - c * e)) with (- (rnd (c * e) - c * e)) by ring.
  rewrite Rabs_Ropp; apply rnd_error. }
eapply Rle_trans.
- apply rnd_carries.
  replace (rnd (x - rnd (c * e)) / d - (x - c * e) / d)
    with ((rnd (x - rnd (c * e)) - (x - c * e)) / d) by (field; assumption).
  rewrite D; apply Rmult_le_compat_r; [lra|exact S].
- rewrite !D; change (2 / Rabs d) with (2 * / Rabs d).
  assert (T : Rabs (x - c * e) <= Rabs x + Rabs (c * e)).
  { apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_Ropp; lra. }
  pose proof (Rabs_pos x); pose proof (Rabs_pos (c * e)).
  set (X := Rabs x) in *; set (C := Rabs (c * e)) in *; set (i := / Rabs d) in *.
  assert (T1 : u * Rabs (x - c * e) <= u * (X + C)) by (apply Rmult_le_compat_l; lra).
  apply (Rmult_le_compat_r i) in T; [|lra].
  assert (T' : u * (Rabs (x - c * e) * i) <= u * ((X + C) * i)) by (apply Rmult_le_compat_l; lra).
  assert (T2 : ((1 + u) * (u * C + tiny) + u * Rabs (x - c * e)) * i
               <= ((1 + u) * (u * C + tiny) + u * (X + C)) * i) by (apply Rmult_le_compat_r; lra).
  apply (Rmult_le_compat_l (1 + u)) in T2; [|lra].
  pose proof (weight_three (C * i) ltac:(apply Rmult_le_pos; lra)).
  assert (E : (1 + u) * (1 + u) * (tiny * i) <= 2 * (tiny * i)).
  { apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|nra]. }
  apply Rle_trans with ((1 + u) * (((1 + u) * (u * C + tiny) + u * (X + C)) * i)
                        + u * ((X + C) * i) + tiny); [lra|].
  apply Rle_trans with ((2 * u + u ^ 2) * (X * i) + (3 * u + 3 * u ^ 2 + u ^ 3) * (C * i)
    + (1 + u) * (1 + u) * (tiny * i) + tiny); [right; ring|lra].
Qed.

(** ** Coefficients that are not exact

    [kappa] bounds their relative error. The sizes in the bounds stay those of the exact terms. *)

Definition inexact (kappa g : R) := g + kappa + g * kappa.

Lemma coefficient_error : forall c c' x kappa, Rabs (c' - c) <= kappa * Rabs c ->
  Rabs (c' * x - c * x) <= kappa * Rabs (c * x) /\ Rabs (c' * x) <= (1 + kappa) * Rabs (c * x).
Proof.
intros c c' x kappa H.
assert (H1 : Rabs (c' * x - c * x) <= kappa * Rabs (c * x)).
{ replace (c' * x - c * x) with ((c' - c) * x) by ring; rewrite 2!Rabs_mult, <- Rmult_assoc.
  apply Rmult_le_compat_r; [apply Rabs_pos|exact H]. }
split; [exact H1|].
replace (c' * x) with (c * x + (c' * x - c * x)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

Definition sum3_bound_inexact (kappa A B C : R) :=
  inexact kappa (3 * u + 4 * u ^ 2) * (A + B) + inexact kappa (2 * u + u ^ 2) * C + 4 * tiny.
Definition sum3_fma_bound_inexact (kappa A B C : R) :=
  inexact kappa u * A + inexact kappa (2 * u + u ^ 2) * B + inexact kappa (3 * u + 4 * u ^ 2) * C + 4 * tiny.
Definition sum2_bound_inexact (kappa A B : R) := inexact kappa (2 * u + u ^ 2) * (A + B) + 3 * tiny.
Definition sum2_fma_bound_inexact (kappa A B : R) :=
  inexact kappa u * A + inexact kappa (2 * u + u ^ 2) * B + 3 * tiny.

(** The common part: a bound with weights g_i, moved from the computed to the exact coefficients. *)
Lemma inexact3 : forall kappa g0 g1 g2 h r t0 t1 t2 t0' t1' t2' A B C,
  0 <= g0 -> 0 <= g1 -> 0 <= g2 ->
  Rabs (t0' - t0) <= kappa * A /\ Rabs t0' <= (1 + kappa) * A ->
  Rabs (t1' - t1) <= kappa * B /\ Rabs t1' <= (1 + kappa) * B ->
  Rabs (t2' - t2) <= kappa * C /\ Rabs t2' <= (1 + kappa) * C ->
  Rabs (r - (t0' + t1' + t2')) <= g0 * Rabs t0' + g1 * Rabs t1' + g2 * Rabs t2' + h ->
  Rabs (r - (t0 + t1 + t2)) <= inexact kappa g0 * A + inexact kappa g1 * B + inexact kappa g2 * C + h.
Proof.
intros kappa g0 g1 g2 h r t0 t1 t2 t0' t1' t2' A B C G0 G1 G2 [D0 S0] [D1 S1] [D2 S2] H.
replace (r - (t0 + t1 + t2)) with ((r - (t0' + t1' + t2')) + ((t0' - t0) + (t1' - t1) + (t2' - t2))) by ring.
apply Rle_trans with (1 := Rabs_triang _ _).
assert (Rabs ((t0' - t0) + (t1' - t1) + (t2' - t2)) <= kappa * A + kappa * B + kappa * C).
{ apply Rle_trans with (1 := Rabs_triang _ _); apply Rplus_le_compat; [|exact D2].
  apply Rle_trans with (1 := Rabs_triang _ _); lra. }
apply (Rmult_le_compat_l g0) in S0; [|assumption].
apply (Rmult_le_compat_l g1) in S1; [|assumption].
apply (Rmult_le_compat_l g2) in S2; [|assumption].
unfold inexact; lra.
Qed.

Lemma weights_nonnegative : 0 <= u /\ 0 <= 2 * u + u ^ 2 /\ 0 <= 3 * u + 4 * u ^ 2.
Proof. pose proof u_positive; assert (0 <= u ^ 2) by apply pow2_ge_0; lra. Qed.

Section Inexact.
Variables kappa c0 c1 s c0' c1' s' : R.
Hypothesis H0 : Rabs (c0' - c0) <= kappa * Rabs c0.
Hypothesis H1 : Rabs (c1' - c1) <= kappa * Rabs c1.
Hypothesis Hs : Rabs (s' - s) <= kappa * Rabs s.

Theorem sum3_error_inexact : forall x e z,
  Rabs (sum3 c0' x c1' e s' z - (c0 * x + c1 * e + s * z))
  <= sum3_bound_inexact kappa (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof.
intros x e z; unfold sum3_bound_inexact; rewrite Rmult_plus_distr_l.
destruct weights_nonnegative as (W1 & W2 & W3).
apply inexact3 with (c0' * x) (c1' * e) (s' * z); try assumption; try (apply coefficient_error; assumption).
apply Rle_trans with (1 := sum3_error c0' x c1' e s' z); unfold sum3_bound; lra.
Qed.

Theorem sum3_fma_error_inexact : forall x e z,
  Rabs (sum3_fma c0' x c1' e s' z - (c0 * x + c1 * e + s * z))
  <= sum3_fma_bound_inexact kappa (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof.
intros x e z; unfold sum3_fma_bound_inexact.
destruct weights_nonnegative as (W1 & W2 & W3).
apply inexact3 with (c0' * x) (c1' * e) (s' * z); try assumption; try (apply coefficient_error; assumption).
apply sum3_fma_error.
Qed.

Lemma inexact2 : forall g0 g1 h r t0 t1 t0' t1' A B,
  0 <= g0 -> 0 <= g1 ->
  Rabs (t0' - t0) <= kappa * A /\ Rabs t0' <= (1 + kappa) * A ->
  Rabs (t1' - t1) <= kappa * B /\ Rabs t1' <= (1 + kappa) * B ->
  Rabs (r - (t0' + t1')) <= g0 * Rabs t0' + g1 * Rabs t1' + h ->
  Rabs (r - (t0 + t1)) <= inexact kappa g0 * A + inexact kappa g1 * B + h.
Proof.
intros g0 g1 h r t0 t1 t0' t1' A B G0 G1 D0 D1 H.
replace (t0 + t1) with (t0 + t1 + 0) by ring.
apply Rle_trans with (inexact kappa g0 * A + inexact kappa g1 * B + inexact kappa 0 * 0 + h); [|lra].
apply inexact3 with t0' t1' 0; try assumption; try lra.
- rewrite Rminus_0_r, Rabs_R0; lra.
- rewrite Rplus_0_r, Rabs_R0; lra.
Qed.

Theorem sum2_error_inexact : forall x e,
  Rabs (sum2 c0' x c1' e - (c0 * x + c1 * e)) <= sum2_bound_inexact kappa (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof.
intros x e; unfold sum2_bound_inexact; rewrite Rmult_plus_distr_l.
destruct weights_nonnegative as (W1 & W2 & W3).
apply inexact2 with (c0' * x) (c1' * e); try assumption; try (apply coefficient_error; assumption).
apply Rle_trans with (1 := sum2_error c0' x c1' e); unfold sum2_bound; lra.
Qed.

Theorem sum2_fma_error_inexact : forall x e,
  Rabs (sum2_fma c0' x c1' e - (c0 * x + c1 * e))
  <= sum2_fma_bound_inexact kappa (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof.
intros x e; unfold sum2_fma_bound_inexact.
destruct weights_nonnegative as (W1 & W2 & W3).
apply inexact2 with (c0' * x) (c1' * e); try assumption; try (apply coefficient_error; assumption).
apply sum2_fma_error.
Qed.
End Inexact.

(** Where kappa comes from: correctly rounded gives u, within one ulp gives 2u. *)
Definition not_subnormal (c : R) := bpow radix2 (emin + prec - 1) <= Rabs c.

Theorem kappa_one_ulp : forall c c', not_subnormal c -> Rabs (c' - c) <= ulp radix2 fexp c ->
  Rabs (c' - c) <= 2 * u * Rabs c.
Proof.
intros c c' N H; apply Rle_trans with (1 := H).
apply Rle_trans with (1 := ulp_FLT_le radix2 emin prec c N).
right; unfold u, Z.sub; rewrite bpow_plus; change (bpow radix2 1) with 2; ring.
Qed.

Theorem kappa_rounded : forall c, not_subnormal c -> Rabs (rnd c - c) <= u * Rabs c.
Proof.
intros c N.
apply Rle_trans with (1 := relative_error_N_FLT radix2 emin prec ltac:(lia) choice c N).
rewrite half_bpow; right; unfold u; do 2 f_equal; ring.
Qed.

(** What a coefficient table promises: exact (as 0 and 1 are), or within one ulp and not subnormal. *)
Definition one_ulp (c c' : R) := c' = c \/ (not_subnormal c /\ Rabs (c' - c) <= ulp radix2 fexp c).

Lemma one_ulp_kappa : forall c c', one_ulp c c' -> Rabs (c' - c) <= 2 * u * Rabs c.
Proof.
intros c c' [->|(N & H)]; [|now apply kappa_one_ulp].
rewrite Rminus_eq_0, Rabs_R0; pose proof u_positive; apply Rmult_le_pos; [lra|apply Rabs_pos].
Qed.

(** What the code does: such coefficients, then the combination. Every sigma is allowed, 0 included. *)
Theorem Eq12_rounding_one_ulp : forall c0 c1 s c0' c1' s' x e z,
  one_ulp c0 c0' -> one_ulp c1 c1' -> one_ulp s s' ->
  Rabs (sum3 c0' x c1' e s' z - (c0 * x + c1 * e + s * z))
  <= sum3_bound_inexact (2 * u) (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof. intros; apply sum3_error_inexact; now apply one_ulp_kappa. Qed.

Theorem Eq12_rounding_fma_one_ulp : forall c0 c1 s c0' c1' s' x e z,
  one_ulp c0 c0' -> one_ulp c1 c1' -> one_ulp s s' ->
  Rabs (sum3_fma c0' x c1' e s' z - (c0 * x + c1 * e + s * z))
  <= sum3_fma_bound_inexact (2 * u) (Rabs (c0 * x)) (Rabs (c1 * e)) (Rabs (s * z)).
Proof. intros; apply sum3_fma_error_inexact; now apply one_ulp_kappa. Qed.

Theorem Lemma1_rounding_one_ulp : forall c0 c1 c0' c1' x e,
  one_ulp c0 c0' -> one_ulp c1 c1' ->
  Rabs (sum2 c0' x c1' e - (c0 * x + c1 * e)) <= sum2_bound_inexact (2 * u) (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof. intros; apply sum2_error_inexact; now apply one_ulp_kappa. Qed.

Theorem Lemma1_rounding_fma_one_ulp : forall c0 c1 c0' c1' x e,
  one_ulp c0 c0' -> one_ulp c1 c1' ->
  Rabs (sum2_fma c0' x c1' e - (c0 * x + c1 * e))
  <= sum2_fma_bound_inexact (2 * u) (Rabs (c0 * x)) (Rabs (c1 * e)).
Proof. intros; apply sum2_fma_error_inexact; now apply one_ulp_kappa. Qed.

End Format.
