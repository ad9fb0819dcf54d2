(** * Appendix A's objective

    The discrete family's generative kernel puts the model's f (probabilities of the K categories, given x_t)
    where q(x_prev | x_t, x_0) has x_0.

    - [ln_mixture]: (b + w) ln ((b + w) / (b + w f)) <= w ln (1 / f).
    - [AppendixA_KL_bound]: the divergence of the two kernels is at most (a_p - s a) times the classification
      loss - ln f(x_0), as the paper has it; [AppendixA_KL_nonneg]: and not negative;
      [AppendixA_KL_exact]: zero where f is certain of x_0.
    - [AppendixA_objective]: the whole objective, a prior term that the model does not enter, the expected
      divergences and the expected - ln f(x_1), is at most the prior term plus the weighted classification
      losses at all times. *)

From Coq Require Import Reals Lra Lia.
From ddim Require Import discrete objective.
Open Scope R_scope.

(** p_theta(x_prev = i | x_t = j). *)
Definition categorical_model (K : nat) (a a_p s : R) (j : nat) (f : nat -> R) (i : nat) : R :=
  weight_noisy s * point j i + weight_data a a_p s * f i + weight_uniform a a_p s / INR K.

Definition kl_finite (K : nat) (p r : nat -> R) : R := total K (fun i => p i * ln (p i / r i)).

Lemma ln_le_minus x : 0 < x -> ln x <= x - 1.
Proof. intros H. generalize (exp_ineq1_le (ln x)). rewrite exp_ln by exact H. lra. Qed.

Lemma ln_tangent x m : 0 < x -> 0 < m -> ln x <= ln m + (x - m) / m.
Proof.
intros Hx Hm. assert (K := ln_le_minus (x / m) (Rdiv_lt_0_compat _ _ Hx Hm)).
unfold Rdiv in K. rewrite ln_mult, ln_Rinv in K by (trivial; now apply Rinv_0_lt_compat).
replace ((x - m) / m) with (x * / m - 1) by (field; lra). lra.
Qed.

(** A part b that both kernels share only brings them closer. *)
Lemma ln_mixture b w f : 0 <= b -> 0 <= w -> 0 < f -> 0 < b + w -> 0 < b + w * f ->
  (b + w) * ln ((b + w) / (b + w * f)) <= w * - ln f.
Proof.
intros Hb Hw Hf P Q. set (m := (b + w * f) / (b + w)). assert (Pm : 0 < m) by now apply Rdiv_lt_0_compat.
assert (T1 := ln_tangent 1 m Rlt_0_1 Pm). assert (T2 := ln_tangent f m Hf Pm). rewrite ln_1 in T1.
replace ((b + w) / (b + w * f)) with (/ m) by (unfold m; field; lra). rewrite ln_Rinv by exact Pm.
apply (Rmult_le_compat_l b) in T1; [|exact Hb]. apply (Rmult_le_compat_l w) in T2; [|exact Hw].
assert (Z : b * ((1 - m) / m) + w * ((f - m) / m) = 0).
{ replace (b * ((1 - m) / m) + w * ((f - m) / m)) with ((b + w * f - (b + w) * m) / m) by (field; lra).
  replace ((b + w) * m) with (b + w * f) by (unfold m; field; lra). unfold Rdiv. ring. }
lra.
Qed.

Section Kernel.
Variables (K : nat) (a a_p s : R).
Hypotheses (a_pos : 0 < a) (order : a <= a_p) (a_p_le : a_p < 1) (s_range : 0 <= s <= (1 - a_p) / (1 - a)).

Lemma weights_nonneg : 0 <= weight_noisy s /\ 0 <= weight_data a a_p s /\ 0 <= weight_uniform a a_p s.
Proof. apply AppendixA_nonnegative; trivial; lra. Qed.

(** A model gives every category a positive probability. *)
Definition probabilities (f : nat -> R) : Prop := (forall i, (i < K)%nat -> 0 < f i) /\ total K f = 1.

Lemma total_zero : forall n, total n (fun _ => 0) = 0.
Proof. induction n as [|n IH]; simpl; [reflexivity|rewrite IH; ring]. Qed.

Lemma total_le_finite n : forall f g, (forall i, (i < n)%nat -> f i <= g i) -> total n f <= total n g.
Proof.
induction n as [|n IH]; intros f g H; simpl; [lra|].
assert (total n f <= total n g) by (apply IH; intros; apply H; lia). assert (f n <= g n) by (apply H; lia). lra.
Qed.

Theorem AppendixA_KL_bound j k f : (j < K)%nat -> (k < K)%nat -> probabilities f ->
  kl_finite K (categorical_posterior K a a_p s j k) (categorical_model K a a_p s j f) <= (a_p - s * a) * - ln (f k).
Proof.
intros Hj Hk [Pf _]. destruct weights_nonneg as (W1 & W2 & W3). assert (PK := K_pos K k Hk).
replace ((a_p - s * a) * - ln (f k)) with (total K (fun i => point k i * (weight_data a a_p s * - ln (f i))))
  by (apply (total_point K k (fun i => weight_data a a_p s * - ln (f i)) Hk)).
apply total_le_finite. intros i Hi. specialize (Pf i Hi). unfold categorical_posterior, categorical_model.
set (b := weight_noisy s * point j i + weight_uniform a a_p s / INR K).
assert (Hb : 0 <= b).
{ unfold b. apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [exact W1|apply point_nonneg]|].
  apply Rmult_le_pos; [exact W3|now apply Rlt_le, Rinv_0_lt_compat]. }
set (w := weight_data a a_p s) in *.
replace (weight_noisy s * point j i + w * point k i + weight_uniform a a_p s / INR K) with (b + w * point k i) by (unfold b; ring).
replace (weight_noisy s * point j i + w * f i + weight_uniform a a_p s / INR K) with (b + w * f i) by (unfold b; ring).
assert (Wf : 0 <= w * f i) by (apply Rmult_le_pos; lra).
unfold point. destruct (Nat.eqb k i).
- rewrite Rmult_1_r, Rmult_1_l. destruct (Req_dec (b + w) 0) as [Z|N].
  + rewrite Z, Rmult_0_l. replace w with 0 by lra. lra.
  + apply ln_mixture; trivial; [lra|]. destruct (Req_dec b 0) as [->|Nb]; [|lra].
    rewrite Rplus_0_l. apply Rmult_lt_0_compat; lra.
- rewrite Rmult_0_r, Rplus_0_r, Rmult_0_l. destruct (Req_dec b 0) as [->|N]; [lra|].
  assert (L : ln (b / (b + w * f i)) <= 0).
  { assert (Pb : 0 < b) by lra. assert (Pc : 0 < b + w * f i) by lra.
    assert (U := ln_le_minus (b / (b + w * f i)) (Rdiv_lt_0_compat _ _ Pb Pc)). assert (V : b / (b + w * f i) <= 1); [|lra].
    apply (Rmult_le_reg_r (b + w * f i)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  assert (b * - ln (b / (b + w * f i)) >= 0) by (apply Rle_ge, Rmult_le_pos; lra). lra.
Qed.

Theorem AppendixA_model_total j f : (j < K)%nat -> total K f = 1 -> total K (categorical_model K a a_p s j f) = 1.
Proof.
intros Hj Hf. unfold categorical_model. rewrite 2!total_plus, 2!total_scale, total_const, total_point_alone, Hf by exact Hj.
transitivity (weight_noisy s + weight_data a a_p s + weight_uniform a a_p s); [|apply AppendixA_weights_total].
field. apply Rgt_not_eq, (K_pos K j Hj).
Qed.

(** Gibbs: no divergence is negative, where the model's kernel is positive. *)
Theorem AppendixA_KL_nonneg j k f : (j < K)%nat -> (k < K)%nat -> probabilities f -> s < (1 - a_p) / (1 - a) ->
  0 <= kl_finite K (categorical_posterior K a a_p s j k) (categorical_model K a a_p s j f).
Proof.
intros Hj Hk [Pf Tf] Hs. destruct weights_nonneg as (W1 & W2 & W3). assert (PK := K_pos K k Hk).
assert (W4 : 0 < weight_uniform a a_p s / INR K).
{ apply Rdiv_lt_0_compat; [|exact PK]. unfold weight_uniform.
  apply (Rmult_lt_compat_r (1 - a)) in Hs; [|lra]. replace ((1 - a_p) / (1 - a) * (1 - a)) with (1 - a_p) in Hs by (field; lra). lra. }
assert (L : total K (fun i => categorical_posterior K a a_p s j k i - categorical_model K a a_p s j f i) <=
  kl_finite K (categorical_posterior K a a_p s j k) (categorical_model K a a_p s j f)).
{ apply total_le_finite. intros i Hi. specialize (Pf i Hi).
  assert (Q : 0 < categorical_posterior K a a_p s j k i).
  { unfold categorical_posterior. assert (0 <= weight_noisy s * point j i) by (apply Rmult_le_pos; [exact W1|apply point_nonneg]).
    assert (0 <= weight_data a a_p s * point k i) by (apply Rmult_le_pos; [exact W2|apply point_nonneg]). lra. }
  assert (P : 0 < categorical_model K a a_p s j f i).
  { unfold categorical_model. assert (0 <= weight_noisy s * point j i) by (apply Rmult_le_pos; [exact W1|apply point_nonneg]).
    assert (0 <= weight_data a a_p s * f i) by (apply Rmult_le_pos; lra). lra. }
  set (q := categorical_posterior K a a_p s j k i) in *. set (p := categorical_model K a a_p s j f i) in *.
  assert (T := ln_le_minus (p / q) (Rdiv_lt_0_compat _ _ P Q)).
  replace (q / p) with (/ (p / q)) by (field; lra). rewrite ln_Rinv by (now apply Rdiv_lt_0_compat).
  apply (Rmult_le_compat_l q) in T; [|lra]. replace (q * (p / q - 1)) with (p - q) in T by (field; lra). lra. }
apply Rle_trans with (2 := L).
rewrite (total_ext K _ (fun i => categorical_posterior K a a_p s j k i + -1 * categorical_model K a a_p s j f i)) by (intros; ring).
rewrite total_plus, total_scale, AppendixA_total, AppendixA_model_total by assumption. lra.
Qed.

Theorem AppendixA_KL_exact j k : kl_finite K (categorical_posterior K a a_p s j k) (categorical_model K a a_p s j (point k)) = 0.
Proof.
unfold kl_finite. rewrite (total_ext K _ (fun _ => 0)); [apply total_zero|]. intros i _.
change (categorical_model K a a_p s j (point k) i) with (categorical_posterior K a a_p s j k i).
destruct (Req_dec (categorical_posterior K a a_p s j k i) 0) as [->|N]; [ring|].
replace (categorical_posterior K a a_p s j k i / categorical_posterior K a a_p s j k i) with 1 by (field; exact N).
rewrite ln_1. ring.
Qed.

End Kernel.

(** ** The whole objective *)

Section Objective.
Variables (K T : nat) (a s : nat -> R) (k : nat) (f : nat -> nat -> nat -> R).
(** [f t j] are the model's probabilities at x_t = j. *)
Hypotheses (some : (1 <= T)%nat) (category : (k < K)%nat).
Hypothesis times : forall t, (1 <= t <= T)%nat -> 0 < a t < 1.
Hypothesis steps : forall t, (1 <= t < T)%nat -> a (S t) <= a t /\ 0 <= s (S t) <= (1 - a t) / (1 - a (S t)).
Hypothesis model : forall t j, (1 <= t <= T)%nat -> (j < K)%nat -> probabilities K (f t j).

(** E under q(x_t | x_0), which is the family's marginal for every sigma (AppendixA_marginal). *)
Definition finite_expect (t : nat) (phi : nat -> R) : R := total K (fun j => categorical_marginal K (a t) k j * phi j).

Definition discrete_prior : R := kl_finite K (categorical_marginal K (a T) k) (fun _ => / INR K).
Definition discrete_J : R :=
  discrete_prior
  + sum (fun t => finite_expect (S t) (fun j => kl_finite K (categorical_posterior K (a (S t)) (a t) (s (S t)) j k)
      (categorical_model K (a (S t)) (a t) (s (S t)) j (f (S t) j)))) 1 (T - 1)
  + finite_expect 1 (fun j => - ln (f 1%nat j k)).
Definition classification (t : nat) : R := finite_expect t (fun j => - ln (f t j k)).

Lemma finite_expect_le t phi psi : (1 <= t <= T)%nat -> (forall j, (j < K)%nat -> phi j <= psi j) ->
  finite_expect t phi <= finite_expect t psi.
Proof.
intros Ht H. apply total_le_finite. intros j Hj. apply Rmult_le_compat_l; [|now apply H].
assert (PK := K_pos K k category). assert (A := times t Ht). unfold categorical_marginal.
apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [lra|apply point_nonneg]|].
apply Rmult_le_pos; [lra|now apply Rlt_le, Rinv_0_lt_compat].
Qed.

Theorem AppendixA_objective :
  discrete_J <= discrete_prior + sum (fun t => (a t - s (S t) * a (S t)) * classification (S t)) 1 (T - 1) + classification 1.
Proof.
unfold discrete_J, classification. apply Rplus_le_compat_r, Rplus_le_compat_l.
assert (S : forall n, (n <= T - 1)%nat ->
  sum (fun t => finite_expect (S t) (fun j => kl_finite K (categorical_posterior K (a (S t)) (a t) (s (S t)) j k)
      (categorical_model K (a (S t)) (a t) (s (S t)) j (f (S t) j)))) 1 n <=
  sum (fun t => (a t - s (S t) * a (S t)) * finite_expect (S t) (fun j => - ln (f (S t) j k))) 1 n).
{ induction n as [|n IH]; intros Hn; [simpl; lra|]. specialize (IH ltac:(lia)). cbn [sum]. apply Rplus_le_compat; [exact IH|].
  set (t := (1 + n)%nat). unfold finite_expect at 2. rewrite <- total_scale.
  rewrite (total_ext K (fun i => (a t - s (S t) * a (S t)) * (categorical_marginal K (a (S t)) k i * - ln (f (S t) i k)))
    (fun i => categorical_marginal K (a (S t)) k i * ((a t - s (S t) * a (S t)) * - ln (f (S t) i k)))) by (intros; ring).
  apply (finite_expect_le (S t)); [unfold t; lia|]. intros j Hj.
  destruct (steps t ltac:(unfold t; lia)) as [A B].
  apply AppendixA_KL_bound; trivial; [apply times; unfold t; lia|apply times; unfold t; lia|apply model; [unfold t; lia|exact Hj]]. }
now apply S.
Qed.

End Objective.

(** Two times, three categories, a model that knows nothing. *)
Theorem AppendixA_objective_instance : let a (t : nat) := match t with 1%nat => 1 / 2 | _ => 1 / 4 end in
  (forall t, (1 <= t <= 2)%nat -> 0 < a t < 1) /\
  (forall t, (1 <= t < 2)%nat -> a (S t) <= a t /\ 0 <= 2 / 3 <= (1 - a t) / (1 - a (S t))) /\
  probabilities 3 (fun _ => 1 / 3).
Proof.
intros a. split; [|split].
- intros t Ht. destruct t as [|[|[|t]]]; try lia; unfold a; lra.
- intros t Ht. replace t with 1%nat by lia. unfold a. lra.
- split; [intros; lra|]. simpl. field.
Qed.
