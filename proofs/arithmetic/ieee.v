(** * The rounding bounds for IEEE 754 itself

    rounding.v rounds real numbers in a format without a largest number. Here the operations are IEEE
    754's, on bit patterns with infinities and NaN (Flocq's BinarySingleNaN), rounding to nearest even.

    - Eq12_ieee, Eq12_ieee_fma: whenever the step's result is finite, its inputs were, nothing on the way
      overflowed, and the result obeys the bound. The same for two terms, for Eq9's quotient,
      and (Eq12_ieee_one_ulp) against exact coefficients that the table's are within one ulp of.
    - Instances: binary64, binary32, binary16, bfloat16, with their u and tiny; one_ulp_instance, a
      coefficient and a step that meet the hypotheses. *)

Require Import Reals Lra ZArith Lia Bool.
From Flocq Require Import Core BinarySingleNaN.
From ddim Require Import rounding.
Open Scope R_scope.

Section Ieee.
Variables prec emax : Z.
Context (prec_gt_0_ : Prec_gt_0 prec).
Context (prec_lt_emax_ : Prec_lt_emax prec emax).
Hypothesis three_digits : (3 <= prec)%Z.

Notation emin := (3 - emax - prec)%Z.
Notation float := (binary_float prec emax).
Notation even := (fun x => negb (Z.even x)).
Notation rnd := (round radix2 (FLT_exp emin prec) (Znearest even)).

Definition mul : float -> float -> float := Bmult mode_NE.
Definition add : float -> float -> float := Bplus mode_NE.
Definition sub : float -> float -> float := Bminus mode_NE.
Definition div : float -> float -> float := Bdiv mode_NE.
Definition mul_add : float -> float -> float -> float := Bfma mode_NE.

(** ** A finite result has finite operands and is the rounded exact one *)

Lemma overflow_not_finite : forall (r : float) s, B2SF r = binary_overflow prec emax mode_NE s -> is_finite r = false.
Proof. intros r s H; rewrite <- is_finite_SF_B2SF, H; reflexivity. Qed.

Lemma finite_format : forall x : float, generic_format radix2 (FLT_exp emin prec) (B2R x).
Proof. intros x; exact (generic_format_B2R prec emax x). Qed.

Lemma mul_finite : forall x y, is_finite (mul x y) = true ->
  is_finite x = true /\ is_finite y = true /\ B2R (mul x y) = rnd (B2R x * B2R y).
Proof.
intros x y F; unfold mul in *; assert (C := Bmult_correct prec emax _ _ mode_NE x y).
destruct (Rlt_bool _ _).
- destruct C as (V & S & _); rewrite S in F; apply andb_prop in F; tauto.
- apply overflow_not_finite in C; congruence.
Qed.

Lemma add_operands : forall x y, is_finite (add x y) = true -> is_finite x = true /\ is_finite y = true.
Proof.
intros [|[]| |] [|[]| |]; unfold add; simpl; try (split; reflexivity); try discriminate; tauto.
Qed.

Lemma add_finite : forall x y, is_finite (add x y) = true ->
  is_finite x = true /\ is_finite y = true /\ B2R (add x y) = rnd (B2R x + B2R y).
Proof.
intros x y F; destruct (add_operands x y F) as (X & Y).
unfold add in *; assert (C := Bplus_correct prec emax _ _ mode_NE x y X Y).
destruct (Rlt_bool _ _); [tauto|].
destruct C as (C & _); apply overflow_not_finite in C; congruence.
Qed.

Lemma sub_operands : forall x y, is_finite (sub x y) = true -> is_finite x = true /\ is_finite y = true.
Proof.
intros [|[]| |] [|[]| |]; unfold sub; simpl; try (split; reflexivity); try discriminate; tauto.
Qed.

Lemma sub_finite : forall x y, is_finite (sub x y) = true ->
  is_finite x = true /\ is_finite y = true /\ B2R (sub x y) = rnd (B2R x - B2R y).
Proof.
intros x y F; destruct (sub_operands x y F) as (X & Y).
unfold sub in *; assert (C := Bminus_correct prec emax _ _ mode_NE x y X Y).
destruct (Rlt_bool _ _); [tauto|].
destruct C as (C & _); apply overflow_not_finite in C; congruence.
Qed.

Lemma mul_add_operands : forall x y z, is_finite (mul_add x y z) = true ->
  is_finite x = true /\ is_finite y = true /\ is_finite z = true.
Proof.
intros [|[]| |] [|[]| |] [|[]| |]; unfold mul_add; simpl; try (repeat split; reflexivity);
  repeat match goal with |- context [if ?b then _ else _] => destruct b end; simpl; try discriminate; tauto.
Qed.

Lemma mul_add_finite : forall x y z, is_finite (mul_add x y z) = true ->
  is_finite x = true /\ is_finite y = true /\ is_finite z = true /\
  B2R (mul_add x y z) = rnd (B2R x * B2R y + B2R z).
Proof.
intros x y z F; destruct (mul_add_operands x y z F) as (X & Y & Z).
unfold mul_add in *; assert (C := Bfma_correct prec emax _ _ mode_NE x y z X Y Z); cbv zeta in C.
destruct (Rlt_bool _ _); [tauto|].
apply overflow_not_finite in C; congruence.
Qed.

(** ** The theorems *)

Definition finite3 (x y z : float) : Prop := is_finite x = true /\ is_finite y = true /\ is_finite z = true.

Theorem Eq12_ieee : forall c0 x c1 e s z,
  let r := add (add (mul c0 x) (mul c1 e)) (mul s z) in
  is_finite r = true ->
  finite3 x e z /\ finite3 c0 c1 s /\
  Rabs (B2R r - (B2R c0 * B2R x + B2R c1 * B2R e + B2R s * B2R z))
  <= sum3_bound emin prec (Rabs (B2R c0 * B2R x)) (Rabs (B2R c1 * B2R e)) (Rabs (B2R s * B2R z)).
Proof.
intros c0 x c1 e s z r F; unfold r in *.
destruct (add_finite _ _ F) as (F1 & F2 & ->).
destruct (add_finite _ _ F1) as (F3 & F4 & ->).
destruct (mul_finite _ _ F2) as (? & ? & ->); destruct (mul_finite _ _ F3) as (? & ? & ->).
destruct (mul_finite _ _ F4) as (? & ? & ->).
repeat split; try assumption; exact (sum3_error emin prec three_digits even _ _ _ _ _ _).
Qed.

Theorem Eq12_ieee_fma : forall c0 x c1 e s z,
  let r := mul_add c0 x (mul_add c1 e (mul s z)) in
  is_finite r = true ->
  finite3 x e z /\ finite3 c0 c1 s /\
  Rabs (B2R r - (B2R c0 * B2R x + B2R c1 * B2R e + B2R s * B2R z))
  <= sum3_fma_bound emin prec (Rabs (B2R c0 * B2R x)) (Rabs (B2R c1 * B2R e)) (Rabs (B2R s * B2R z)).
Proof.
intros c0 x c1 e s z r F; unfold r in *.
destruct (mul_add_finite _ _ _ F) as (? & ? & F1 & ->).
destruct (mul_add_finite _ _ _ F1) as (? & ? & F2 & ->).
destruct (mul_finite _ _ F2) as (? & ? & ->).
repeat split; try assumption; exact (sum3_fma_error emin prec three_digits even _ _ _ _ _ _).
Qed.

(** With coefficients that stand for exact ones: what a program computes against what the paper says. *)
Theorem Eq12_ieee_one_ulp : forall (c0 c1 s : R) c0' x c1' e s' z,
  one_ulp emin prec c0 (B2R c0') -> one_ulp emin prec c1 (B2R c1') -> one_ulp emin prec s (B2R s') ->
  let r := add (add (mul c0' x) (mul c1' e)) (mul s' z) in
  is_finite r = true ->
  Rabs (B2R r - (c0 * B2R x + c1 * B2R e + s * B2R z))
  <= sum3_bound_inexact emin prec (2 * u prec) (Rabs (c0 * B2R x)) (Rabs (c1 * B2R e)) (Rabs (s * B2R z)).
Proof.
intros c0 c1 s c0' x c1' e s' z H0 H1 Hs r F; unfold r in *.
destruct (add_finite _ _ F) as (F1 & F2 & ->).
destruct (add_finite _ _ F1) as (F3 & F4 & ->).
destruct (mul_finite _ _ F2) as (_ & _ & ->); destruct (mul_finite _ _ F3) as (_ & _ & ->).
destruct (mul_finite _ _ F4) as (_ & _ & ->).
exact (Eq12_rounding_one_ulp emin prec three_digits even c0 c1 s _ _ _ _ _ _ H0 H1 Hs).
Qed.

Theorem Lemma1_ieee_sample : forall c0 x c1 e,
  let r := add (mul c0 x) (mul c1 e) in
  is_finite r = true ->
  Rabs (B2R r - (B2R c0 * B2R x + B2R c1 * B2R e))
  <= sum2_bound emin prec (Rabs (B2R c0 * B2R x)) (Rabs (B2R c1 * B2R e)).
Proof.
intros c0 x c1 e r F; unfold r in *; destruct (add_finite _ _ F) as (F1 & F2 & ->).
destruct (mul_finite _ _ F1) as (_ & _ & ->); destruct (mul_finite _ _ F2) as (_ & _ & ->).
exact (sum2_error emin prec three_digits even _ _ _ _).
Qed.

Theorem Lemma1_ieee_sample_fma : forall c0 x c1 e,
  let r := mul_add c0 x (mul c1 e) in
  is_finite r = true ->
  Rabs (B2R r - (B2R c0 * B2R x + B2R c1 * B2R e))
  <= sum2_fma_bound emin prec (Rabs (B2R c0 * B2R x)) (Rabs (B2R c1 * B2R e)).
Proof.
intros c0 x c1 e r F; unfold r in *; destruct (mul_add_finite _ _ _ F) as (_ & _ & F1 & ->).
destruct (mul_finite _ _ F1) as (_ & _ & ->).
exact (sum2_fma_error emin prec three_digits even _ _ _ _).
Qed.

Theorem Eq9_ieee : forall x c e d, B2R d <> 0 ->
  let r := div (sub x (mul c e)) d in
  is_finite r = true ->
  Rabs (B2R r - (B2R x - B2R c * B2R e) / B2R d)
  <= quotient_bound emin prec (B2R x) (B2R c) (B2R e) (B2R d).
Proof.
intros x c e d D r F; unfold r in *; unfold div in *.
assert (C := Bdiv_correct prec emax _ _ mode_NE (sub x (mul c e)) d D).
destruct (Rlt_bool _ _); [|apply overflow_not_finite in C; congruence].
destruct C as (-> & S & _); rewrite S in F.
destruct (sub_finite _ _ F) as (_ & F1 & ->); destruct (mul_finite _ _ F1) as (_ & _ & ->).
exact (quotient_error emin prec three_digits even _ _ _ _ (finite_format x) D).
Qed.
End Ieee.

(** ** The four formats *)

Definition binary64 := Eq12_ieee 53 1024 eq_refl eq_refl ltac:(lia).
Definition binary32 := Eq12_ieee 24 128 eq_refl eq_refl ltac:(lia).
Definition binary16 := Eq12_ieee 11 16 eq_refl eq_refl ltac:(lia).
Definition bfloat16 := Eq12_ieee 8 128 eq_refl eq_refl ltac:(lia).
Definition binary64_fma := Eq12_ieee_fma 53 1024 eq_refl eq_refl ltac:(lia).
Definition binary32_fma := Eq12_ieee_fma 24 128 eq_refl eq_refl ltac:(lia).
Definition binary16_fma := Eq12_ieee_fma 11 16 eq_refl eq_refl ltac:(lia).
Definition bfloat16_fma := Eq12_ieee_fma 8 128 eq_refl eq_refl ltac:(lia).

(** u and tiny, as bounds.hpp states them. *)
Lemma format_constants :
  (u 53 = bpow radix2 (-53) /\ tiny (3 - 1024 - 53) = bpow radix2 (-1075)) /\
  (u 24 = bpow radix2 (-24) /\ tiny (3 - 128 - 24) = bpow radix2 (-150)) /\
  (u 11 = bpow radix2 (-11) /\ tiny (3 - 16 - 11) = bpow radix2 (-25)) /\
  (u 8 = bpow radix2 (-8) /\ tiny (3 - 128 - 8) = bpow radix2 (-134)).
Proof. repeat split. Qed.

(** Non-vacuity: 1 / 3 as binary64 has it, a coefficient within one ulp, in a step whose result is finite. *)
Definition integer (z : Z) : binary_float 53 1024 := binary_normalize 53 1024 eq_refl eq_refl mode_NE z 0 false.
Definition third : binary_float 53 1024 := div 53 1024 eq_refl eq_refl (integer 1) (integer 3).

Example one_ulp_instance :
  not_subnormal (3 - 1024 - 53) 53 (1/3) /\ one_ulp (3 - 1024 - 53) 53 (1/3) (B2R third) /\ B2R third <> 1/3 /\
  let mul := mul 53 1024 eq_refl eq_refl in let add := add 53 1024 eq_refl eq_refl in
  is_finite (add (add (mul third (integer 1)) (mul third (integer 2))) (mul third (integer 3))) = true.
Proof.
assert (N : not_subnormal (3 - 1024 - 53) 53 (1/3)).
{ unfold not_subnormal; rewrite Rabs_pos_eq by lra; apply Rle_trans with (bpow radix2 (-2)); [apply bpow_le; lia|simpl; lra]. }
assert (V : B2R third = F2R (Float radix2 6004799503160661 (-54))) by (vm_compute; reflexivity).
split; [exact N|]; split; [|split].
- right; split; [exact N|].
  unfold ulp; rewrite Req_bool_false by lra; unfold cexp.
  rewrite (mag_unique_pos radix2 (1/3) (-1)) by (simpl; lra).
  rewrite V; unfold F2R; simpl; apply Rabs_le; lra.
- rewrite V; unfold F2R; simpl; lra.
- vm_compute; reflexivity.
Qed.
