(** * Wrong formulas, refuted

    - [printed_weight_value], [printed_weight_refuted]: 1 / (2 s^2 a_t) for Theorem 1's weight: at
      a = 9/25, a_prev = 16/25, s = 3/5 it is 625/162, the exact one 128/81, and with it J - L
      depends on the model.
    - [deviation_for_variance_refuted]: Eq7 with variance s in place of s^2 breaks Lemma 1.
    - [radicand_without_sigma_refuted]: Eq7 with sqrt (1 - a_prev) for sqrt (1 - a_prev - s^2) does too.
    - [unscaled_forward_variance_refuted]: Eq8 with variance s^2 is not Bayes' rule.
    - [deterministic_is_not_markov]: for 0 < eta < 1 the forward kernel does depend on x_0. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws objective instances.
Open Scope R_scope.

Definition printed_weights (alpha_bar sigma : nat -> R) (t : nat) : R := / (2 * sigma t ^ 2 * alpha_bar t).

Lemma small_roots : sqrt (16 / 25) = 4 / 5 /\ sqrt (9 / 25) = 3 / 5.
Proof. split; apply sqrt_is; lra. Qed.

Theorem printed_weight_value :
  gamma_step (9 / 25) (16 / 25) (3 / 5) = 128 / 81 /\ / (2 * (3 / 5) ^ 2 * (9 / 25)) = 625 / 162.
Proof.
split; [|lra]. unfold gamma_step, residual_weight.
replace (1 - 16 / 25 - (3 / 5) ^ 2) with 0 by lra. rewrite sqrt_0, (proj1 small_roots). lra.
Qed.

Theorem printed_weight_refuted x0 :
  ~ (forall eps_theta eps_theta' j j' l l',
     tame_model 2 eps_theta -> tame_model 2 eps_theta' ->
     J small_alpha small_sigma 2 eps_theta x0 j ->
     L small_alpha 2 (printed_weights small_alpha small_sigma) eps_theta x0 l ->
     J small_alpha small_sigma 2 eps_theta' x0 j' ->
     L small_alpha 2 (printed_weights small_alpha small_sigma) eps_theta' x0 l' ->
     j - l = j' - l').
Proof.
intros H.
assert (E := Theorem1_weights_unique small_alpha small_sigma 2 small_chain ltac:(simpl; lra) _ x0 H 2%nat ltac:(lia)).
unfold printed_weights in E. cbn [gamma small_alpha small_sigma] in E.
rewrite (proj1 printed_weight_value), (proj2 printed_weight_value) in E. lra.
Qed.

Lemma normal_variance_injective m v v' :
  0 < v -> 0 < v' -> (forall x, normal m v x = normal m v' x) -> v = v'.
Proof.
intros H H' E. apply (integral_unique (fun x => normal m v x * (x - m) ^ 2)); [now apply normal_variance|].
apply (integral_ext (fun x => normal m v' x * (x - m) ^ 2)); [intro x; now rewrite E|now apply normal_variance].
Qed.

(** A kernel that satisfies Lemma 1 has the variance that Lemma 1 needs. *)
Lemma kernel_variance a a_p x0 k c w :
  0 < a < 1 -> 0 < a_p < 1 -> 0 < w -> k * (sqrt a * x0) + c = sqrt a_p * x0 ->
  (forall y, integral (fun x => q_marginal a x0 x * normal (k * x + c) w y) (q_marginal a_p x0 y)) ->
  k ^ 2 * (1 - a) + w = 1 - a_p.
Proof.
intros Ha Hap Hw Hm H. assert (Hk := pow2_ge_0 k).
apply (normal_variance_injective (sqrt a_p * x0)); [|lra|].
- assert (0 <= k ^ 2 * (1 - a)) by (apply Rmult_le_pos; lra). lra.
- intro y.
  assert (T := total_probability (sqrt a * x0) (1 - a) k c w y ltac:(lra) Hw).
  unfold evidence_mean, evidence_variance in T. rewrite Hm in T.
  exact (integral_unique _ _ _ T (H y)).
Qed.

Theorem deviation_for_variance_refuted a a_p s x0 :
  eq7_domain a a_p s -> s <> 1 ->
  ~ (forall y, integral (fun x => q_marginal a x0 x * normal (posterior_mean a a_p s x x0) s y)
       (q_marginal a_p x0 y)).
Proof.
intros (Ha & Hap & Hs & Hd) H1 H.
assert (K := kernel_variance a a_p x0 (slope a a_p s) (intercept a a_p s x0) s Ha Hap Hs
  ltac:(unfold intercept; ring)).
rewrite slope_square in K by lra.
assert (E : (1 - a_p - s ^ 2) / (1 - a) * (1 - a) = 1 - a_p - s ^ 2) by (field; lra).
rewrite E in K.
assert (s = s ^ 2) as Es.
{ apply (Rplus_eq_reg_l (1 - a_p - s ^ 2)). rewrite K; [ring|].
  intro y. eapply integral_ext; [|exact (H y)]. intro x. cbv beta. now rewrite posterior_mean_affine. }
apply H1. apply (Rmult_eq_reg_l s); lra.
Qed.

Theorem radicand_without_sigma_refuted a a_p s x0 :
  eq7_domain a a_p s ->
  ~ (forall y, integral (fun x => q_marginal a x0 x *
         normal (sqrt a_p * x0 + sqrt (1 - a_p) * ((x - sqrt a * x0) / sqrt (1 - a))) (s ^ 2) y)
       (q_marginal a_p x0 y)).
Proof.
intros (Ha & Hap & Hs & Hd) H. assert (P := sqr_pos s Hs).
assert (K := kernel_variance a a_p x0 (slope a a_p 0) (intercept a a_p 0 x0) (s ^ 2) Ha Hap P
  ltac:(unfold intercept; ring)).
rewrite slope_square in K by lra.
assert (E : (1 - a_p - 0 ^ 2) / (1 - a) * (1 - a) = 1 - a_p) by (field; lra).
rewrite E in K.
assert (1 - a_p + s ^ 2 = 1 - a_p); [|lra]. apply K.
intro y. eapply integral_ext; [|exact (H y)]. intro x. cbv beta. f_equal.
assert (R := posterior_mean_affine a a_p 0 x x0). unfold posterior_mean in R.
replace (1 - a_p - 0 ^ 2) with (1 - a_p) in R by ring. now rewrite R.
Qed.

Theorem unscaled_forward_variance_refuted a a_p s x0 x_prev :
  eq7_domain a a_p s -> a <> a_p ->
  ~ (forall x, q_bayes a a_p s x0 x_prev x = normal (forward_mean a a_p s x0 x_prev) (s ^ 2) x).
Proof.
intros D Hne H. assert (D' := D). destruct D' as (Ha & Hap & Hs & Hd). assert (P := sqr_pos s Hs).
assert (E : forward_variance a a_p s = s ^ 2).
{ apply (normal_variance_injective (forward_mean a a_p s x0 x_prev)); trivial; [now apply forward_variance_pos|].
  intro x. rewrite <- H. symmetry. now apply Eq8_closed_form. }
unfold forward_variance in E.
assert (s ^ 2 * (1 - a) = s ^ 2 * (1 - a_p)).
{ rewrite <- E at 2. field. lra. }
apply Hne. apply Rmult_eq_reg_l in H0; lra.
Qed.

Theorem deterministic_is_not_markov eta a a_p :
  0 < a < a_p -> a_p < 1 -> 0 < eta < 1 ->
  ~ (forall x0 x0' x_prev x_t,
      q_bayes a a_p (sigma_of_eta eta a a_p) x0 x_prev x_t = q_bayes a a_p (sigma_of_eta eta a a_p) x0' x_prev x_t).
Proof.
intros Ha Hap He H.
apply NonMarkov_iff in H; [|apply Eq16_eq7_domain; trivial; lra].
rewrite sigma_of_eta_square in H by trivial.
destruct (ddpm_variance_bounds a a_p Ha Hap) as [P _].
change ((1 - a_p) / (1 - a) * (1 - a / a_p)) with (ddpm_variance a a_p) in H.
assert (eta ^ 2 = 1) by (apply (Rmult_eq_reg_r (ddpm_variance a a_p)); lra).
assert (eta ^ 2 < 1) by (simpl; nra). lra.
Qed.
