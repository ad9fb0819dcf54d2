(** * The schedule: alpha_bar as a cumulative product, and its tables in floating point

    Notation: [beta t] for t = 1, 2, ...; alpha_bar 0 = 1, alpha_bar (t+1) = alpha_bar t (1 - beta (t+1)).

    - alpha_bar_range, alpha_bar_decreases: with 0 < beta < 1 it stays in (0, 1] and strictly decreases, so
      consecutive entries are a [schedule_pair], and 1 - alpha_bar_t / alpha_bar_{t-1} = beta_t.
    - complement_recursion: 1 - alpha_bar grows by beta alpha_bar, a sum of positive terms.
    - product_table_error: with factors within a relative kappa of 1 - beta and G = (1+u)(1+kappa), the product
      rounded t times is within (G^t - 1) alpha_bar + t G^t tiny.
    - complement_subtracted_error: 1 - (table entry) inherits the product's error, relatively larger by
      alpha_bar / (1 - alpha_bar): why 1 - alpha_bar is a table of its own.
    - complement_table_error: the recursion keeps it within (G^(2t+1) - 1) (1 - alpha_bar), and tiny terms.
    - rounded_factor: factors computed as 1 - beta have kappa = u.
    - schedule_instance, tables_instance: ten steps of beta = 1/2, and their tables in binary64. *)

Require Import Reals Lra Lia Psatz ZArith.
From Flocq Require Import Core.
From ddim Require Import predictor steps rounding.
Open Scope R_scope.

(** ** Exact facts *)

Section Schedule.
Variable beta : nat -> R.

Fixpoint alpha_bar (t : nat) : R :=
  match t with O => 1 | S m => alpha_bar m * (1 - beta t) end.

Definition beta_range (T : nat) : Prop := forall t, (1 <= t <= T)%nat -> 0 < beta t < 1.

Theorem alpha_bar_range : forall T t, beta_range T -> (t <= T)%nat -> 0 < alpha_bar t <= 1.
Proof.
intros T t H; induction t as [|t IH]; intros Ht; cbn [alpha_bar]; [lra|].
specialize (IH ltac:(lia)); specialize (H (S t) ltac:(lia)); nra.
Qed.

Theorem alpha_bar_decreases : forall T t, beta_range T -> (t < T)%nat -> alpha_bar (S t) < alpha_bar t.
Proof.
intros T t H Ht; pose proof (alpha_bar_range T t H ltac:(lia)); specialize (H (S t) ltac:(lia)).
cbn [alpha_bar]; nra.
Qed.

Theorem alpha_bar_schedule_pair : forall T t, beta_range T -> (t < T)%nat ->
  schedule_pair (alpha_bar (S t)) (alpha_bar t) /\ 1 - alpha_bar (S t) / alpha_bar t = beta (S t).
Proof.
intros T t H Ht.
pose proof (alpha_bar_range T t H ltac:(lia)); pose proof (alpha_bar_range T (S t) H ltac:(lia)).
pose proof (alpha_bar_decreases T t H Ht).
split; [unfold schedule_pair; lra|cbn [alpha_bar]; field; lra].
Qed.

Theorem complement_recursion : forall t, 1 - alpha_bar (S t) = (1 - alpha_bar t) + beta (S t) * alpha_bar t.
Proof. intros t; cbn [alpha_bar]; ring. Qed.

(** ** Tables *)

Section Tables.
Variables emin prec : Z.
Hypothesis three_digits : (3 <= prec)%Z.
Variable choice : Z -> bool.
Notation rnd := (round radix2 (FLT_exp emin prec) (Znearest choice)).
Notation u := (u prec).
Notation tiny := (tiny emin).

Let Pu := u_positive prec.
Let Pt := tiny_positive emin.

(** [factor t] stands for 1 - beta t, which a program may round. *)
Variable factor : nat -> R.
Variable kappa : R.
Hypothesis kappa_nonneg : 0 <= kappa.
Fixpoint product_table (t : nat) : R :=
  match t with O => 1 | S m => rnd (product_table m * factor t) end.

Definition growth : R := (1 + u) * (1 + kappa).
Definition grown (n : nat) : R := growth ^ n.

Lemma growth_above : 1 + u <= growth.
Proof. unfold growth; nra. Qed.

Lemma grown_ge_1 : forall n, 1 <= grown n.
Proof. intros n; apply pow_R1_Rle; pose proof growth_above; lra. Qed.

Theorem rounded_factor : forall b, generic_format radix2 (FLT_exp emin prec) b -> (emin <= 0)%Z ->
  Rabs (rnd (1 - b) - (1 - b)) <= u * Rabs (1 - b).
Proof.
intros b Fb He; apply (rnd_plus_error emin prec three_digits choice 1 (- b)).
- apply generic_format_FLT; exists (Float radix2 1 0); simpl.
  + unfold F2R; simpl; ring.
  + apply (Zpower_gt_1 radix2); lia.
  + exact He.
- now apply generic_format_opp.
Qed.

Theorem product_table_error : forall T t, beta_range T -> (t <= T)%nat ->
  (forall i, (1 <= i <= T)%nat -> Rabs (factor i - (1 - beta i)) <= kappa * (1 - beta i)) ->
  Rabs (product_table t - alpha_bar t) <= (grown t - 1) * alpha_bar t + INR t * grown t * tiny.
Proof.
intros T t HB; induction t as [|t IH]; intros Ht HF.
- simpl; unfold grown; simpl; rewrite Rminus_eq_0, Rabs_R0; lra.
- specialize (IH ltac:(lia) HF).
  pose proof (alpha_bar_range T t HB ltac:(lia)) as A; pose proof (HB (S t) ltac:(lia)) as B.
  cbn [product_table alpha_bar]; specialize (HF (S t) ltac:(lia)).
  set (q := 1 - beta (S t)) in *; assert (Q : 0 < q < 1) by (unfold q; lra).
  set (E := (grown t - 1) * alpha_bar t + INR t * grown t * tiny) in *.
  assert (HE : Rabs (product_table t * factor (S t) - alpha_bar t * q)
               <= E * (q * (1 + kappa)) + alpha_bar t * (kappa * q)).
  { replace (product_table t * factor (S t) - alpha_bar t * q)
      with ((product_table t - alpha_bar t) * factor (S t) + alpha_bar t * (factor (S t) - q)) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _); rewrite 2!Rabs_mult, (Rabs_pos_eq (alpha_bar t)) by lra.
    apply Rplus_le_compat; [|apply Rmult_le_compat_l; [lra|exact HF]].
    apply Rmult_le_compat; try apply Rabs_pos; [exact IH|].
    replace (factor (S t)) with (q + (factor (S t) - q)) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _); rewrite (Rabs_pos_eq q) by lra; lra. }
  eapply Rle_trans; [apply (rnd_carries emin prec three_digits choice _ _ _ HE)|].
  rewrite Rabs_pos_eq by (apply Rmult_le_pos; lra).
  rewrite S_INR; unfold E; change (grown (S t)) with (growth * grown t).
  pose proof (grown_ge_1 t) as G; pose proof (pos_INR t) as N; pose proof growth_above as GA.
  set (g := grown t) in *; set (n := INR t) in *; set (al := alpha_bar t) in *.
  assert (T1 : 0 <= n * g * tiny) by (repeat apply Rmult_le_pos; lra).
  assert (T2 : n * g * tiny * q <= n * g * tiny).
  { rewrite <- (Rmult_1_r (n * g * tiny)) at 2; apply Rmult_le_compat_l; lra. }
  assert (T3 : growth * (n * g * tiny * q) <= growth * (n * g * tiny)) by (apply Rmult_le_compat_l; lra).
  assert (T4 : tiny <= growth * g * tiny).
  { rewrite <- (Rmult_1_l tiny) at 1; apply Rmult_le_compat_r; [lra|].
    apply Rle_trans with (1 * 1); [lra|apply Rmult_le_compat; lra]. }
  apply Rle_trans with ((growth * g - 1) * (al * q) + growth * (n * g * tiny * q) + tiny);
    [right; unfold growth; ring|].
  apply Rle_trans with ((growth * g - 1) * (al * q) + growth * (n * g * tiny) + growth * g * tiny); [lra|].
  right; ring.
Qed.

(** Subtracting the entry from 1: the absolute error of the entry, over a number that may be small. *)
Theorem complement_subtracted_error : forall t E, Rabs (product_table t - alpha_bar t) <= E ->
  Rabs (rnd (1 - product_table t) - (1 - alpha_bar t)) <= (1 + u) * E + u * Rabs (1 - alpha_bar t) + tiny.
Proof.
intros t E H; apply (rnd_carries emin prec three_digits choice).
replace (1 - product_table t - (1 - alpha_bar t)) with (- (product_table t - alpha_bar t)) by ring.
now rewrite Rabs_Ropp.
Qed.

(** The table that does not subtract; [a'] is the product's table, or any other for alpha_bar. *)
Variable a' : nat -> R.
Fixpoint complement_table (t : nat) : R :=
  match t with O => 0 | S m => rnd (complement_table m + rnd (beta t * a' m)) end.

Theorem complement_table_error : forall T t, beta_range T -> (t <= T)%nat ->
  (forall i, (i < T)%nat -> Rabs (a' i - alpha_bar i) <= (grown i - 1) * alpha_bar i + INR i * grown i * tiny) ->
  Rabs (complement_table t - (1 - alpha_bar t))
  <= (grown (2 * t + 1) - 1) * (1 - alpha_bar t) + INR t * INR (t + 1) * grown (2 * t + 1) * tiny.
Proof.
intros T t HB; induction t as [|t IH]; intros Ht HA.
- simpl; rewrite !Rminus_eq_0, Rabs_R0; lra.
- specialize (IH ltac:(lia) HA); specialize (HA t ltac:(lia)).
  pose proof (alpha_bar_range T t HB ltac:(lia)) as A; pose proof (HB (S t) ltac:(lia)) as B.
  rewrite complement_recursion; cbn [complement_table].
  set (b := beta (S t)) in *; set (al := alpha_bar t) in *.
  set (n := INR t) in *; set (g := grown t) in *.
  assert (G : 1 <= g) by apply grown_ge_1; assert (N : 0 <= n) by apply pos_INR.
  replace (INR (S t + 1)) with (n + 2) by (unfold n; rewrite plus_INR, S_INR; simpl; lra).
  replace (INR (t + 1)) with (n + 1) in IH by (unfold n; rewrite plus_INR; simpl; lra).
  replace (INR (S t)) with (n + 1) by (unfold n; rewrite S_INR; lra).
  (* h is the growth so far; one step multiplies it by (1+u)^2 at most. *)
  set (h := grown (2 * t + 1)) in *.
  replace (grown (2 * S t + 1)) with (growth * growth * h)
    by (unfold h, grown; replace (2 * S t + 1)%nat with (S (S (2 * t + 1))) by lia; simpl; ring).
  pose proof growth_above as GA.
  assert (GG : (1 + u) * (1 + u) <= growth * growth) by (apply Rmult_le_compat; lra).
  assert (H1 : 1 <= h) by apply grown_ge_1.
  assert (GH : (1 + u) * g <= h).
  { apply Rle_trans with (growth * g); [apply Rmult_le_compat_r; lra|].
    unfold g, h, grown; change (growth * growth ^ t) with (growth ^ S t); apply Rle_pow; [lra|lia]. }
  assert (E1 : Rabs (rnd (b * a' t) - b * al) <= (h - 1) * (b * al) + ((n + 1) * h) * tiny).
  { eapply Rle_trans.
    - apply (rnd_carries emin prec three_digits choice _ _ (b * ((g - 1) * al + n * g * tiny))).
      replace (b * a' t - b * al) with (b * (a' t - al)) by ring.
      rewrite Rabs_mult, (Rabs_pos_eq b) by lra; apply Rmult_le_compat_l; [lra|exact HA].
    - rewrite Rabs_pos_eq by (apply Rmult_le_pos; lra).
      assert (X1 : ((1 + u) * g - 1) * (b * al) <= (h - 1) * (b * al))
        by (apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|lra]).
      assert (X2 : b * ((1 + u) * g * (n * tiny)) <= 1 * (h * (n * tiny))).
      { apply Rmult_le_compat; try lra.
        - repeat apply Rmult_le_pos; lra.
        - apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|exact GH]. }
      assert (X3 : tiny <= h * tiny) by (rewrite <- (Rmult_1_l tiny) at 1; apply Rmult_le_compat_r; lra).
      apply Rle_trans with (((1 + u) * g - 1) * (b * al) + b * ((1 + u) * g * (n * tiny)) + tiny); [right; ring|].
      lra. }
  set (c := 1 - al) in *; assert (C : 0 <= c) by (unfold c; lra).
  assert (D : 0 <= b * al) by (apply Rmult_le_pos; lra).
  eapply Rle_trans.
  + apply (rnd_carries emin prec three_digits choice).
    apply sum_error; [exact IH|exact E1].
  + rewrite Rabs_pos_eq by lra.
    set (m := (n * (n + 1) * h + (n + 1) * h) * tiny).
    assert (M0 : 0 <= m).
    { unfold m; apply Rmult_le_pos; [|lra].
      apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra. }
    apply Rle_trans with (((1 + u) * h - 1) * (c + b * al) + (1 + u) * m + tiny); [right; unfold m; ring|].
    assert (Y1 : ((1 + u) * h - 1) * (c + b * al) <= ((1 + u) * (1 + u) * h - 1) * (c + b * al)).
    { apply Rmult_le_compat_r; [lra|]. assert (0 <= u * ((1 + u) * h)) by (repeat apply Rmult_le_pos; lra). lra. }
    assert (Y2 : (1 + u) * m <= (1 + u) * (1 + u) * m).
    { assert (0 <= u * ((1 + u) * m)) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]). lra. }
    assert (Y3 : tiny <= (1 + u) * (1 + u) * ((n + 1) * h * tiny)).
    { assert (1 <= (n + 1) * h) by nra.
      assert (1 <= (1 + u) * (1 + u) * ((n + 1) * h)) by nra.
      replace ((1 + u) * (1 + u) * ((n + 1) * h * tiny)) with ((1 + u) * (1 + u) * ((n + 1) * h) * tiny) by ring.
      rewrite <- (Rmult_1_l tiny) at 1; apply Rmult_le_compat_r; lra. }
    assert (M1 : 0 <= (n + 1) * h * tiny) by (repeat apply Rmult_le_pos; lra).
    apply Rle_trans with (((1 + u) * (1 + u) * h - 1) * (c + b * al)
                          + (1 + u) * (1 + u) * (m + (n + 1) * h * tiny)); [lra|].
    apply Rle_trans with ((growth * growth * h - 1) * (c + b * al) + growth * growth * (m + (n + 1) * h * tiny)).
    * apply Rplus_le_compat; [|apply Rmult_le_compat_r; lra].
      assert ((1 + u) * (1 + u) * h <= growth * growth * h) by (apply Rmult_le_compat_r; lra).
      apply Rmult_le_compat_r; lra.
    * unfold m; right; ring.
Qed.
End Tables.
End Schedule.

(** Non-vacuity: a constant schedule. *)
Example schedule_instance : beta_range (fun _ => 1/2) 10 /\ alpha_bar (fun _ => 1/2) 3 = 1/8.
Proof. split; [intros t _; lra|simpl; field]. Qed.

Example tables_instance :
  let beta (_ : nat) := 1 / 2 in
  let rnd := round radix2 (FLT_exp (-1074) 53) (Znearest (fun x => negb (Z.even x))) in
  let factor (i : nat) := rnd (1 - beta i) in
  let product := product_table (-1074) 53 (fun x => negb (Z.even x)) factor in
  (forall i, Rabs (factor i - (1 - beta i)) <= u 53 * (1 - beta i)) /\
  forall t, (t <= 10)%nat ->
    Rabs (product t - alpha_bar beta t)
      <= (grown 53 (u 53) t - 1) * alpha_bar beta t + INR t * grown 53 (u 53) t * tiny (-1074) /\
    Rabs (complement_table beta (-1074) 53 (fun x => negb (Z.even x)) product t - (1 - alpha_bar beta t))
      <= (grown 53 (u 53) (2 * t + 1) - 1) * (1 - alpha_bar beta t)
         + INR t * INR (t + 1) * grown 53 (u 53) (2 * t + 1) * tiny (-1074).
Proof.
intros beta rnd factor product; assert (B : beta_range beta 10) by (intros t _; unfold beta; lra).
assert (F : forall i, Rabs (factor i - (1 - beta i)) <= u 53 * (1 - beta i)).
{ intros i; rewrite <- (Rabs_pos_eq (1 - beta i)) at 2 by (unfold beta; lra).
  apply (rounded_factor (-1074) 53 ltac:(lia) (fun x => negb (Z.even x))); [|lia].
  apply generic_format_FLT; exists (Float radix2 1 (-1)); simpl; [unfold beta, F2R; simpl; lra|lia|lia]. }
assert (P : forall t, (t <= 10)%nat -> Rabs (product t - alpha_bar beta t)
  <= (grown 53 (u 53) t - 1) * alpha_bar beta t + INR t * grown 53 (u 53) t * tiny (-1074)).
{ intros t Ht; apply (product_table_error beta (-1074) 53 ltac:(lia) (fun x => negb (Z.even x)) factor (u 53)
    ltac:(apply Rlt_le, u_positive) 10); [exact B|exact Ht|intros i _; apply F]. }
split; [exact F|]; intros t Ht; split; [now apply P|].
apply (complement_table_error beta (-1074) 53 ltac:(lia) (fun x => negb (Z.even x)) (u 53)
  ltac:(apply Rlt_le, u_positive) product 10); [exact B|exact Ht|intros i Hi; apply P; lia].
Qed.
