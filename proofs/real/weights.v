(** * Theorem 1's weights: the printed one is wrong everywhere, and DDPM's form

    - [printed_weight_too_large]: at every t > 1, whatever alpha_bar and sigma, the exact weight is less than
      the printed 1 / (2 s^2 a); [printed_first_weight_too_large]: at t = 1 too.
    - [printed_weights_fail]: so on every chain J - L with the printed weights depends on the model, over R^d.
    - [printed_weight_per_component], [printed_first_weight_per_component]: printed as 1 / (2 d s^2 a) it is
      right at one t exactly when c_t^2 (1 - a) = 1 / d, and 1 - a_1 = 1 / d at t = 1.
    - [gamma_beta]: at eta = 1 and neighbouring times the exact weight is DDPM's
      beta^2 / (2 s^2 (1 - beta) (1 - a)); [gamma_beta_variance]: with DDPM's s^2 in it,
      beta / (2 (1 - beta) (1 - a_p)). *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws objective dimensions tower paths instances refuted.
Open Scope R_scope.

Lemma residual_scaled a a_p s : 0 < a < 1 -> 0 <= a_p -> 0 <= 1 - a_p - s ^ 2 ->
  sqrt (1 - a) * residual_weight a a_p s = sqrt (a_p * (1 - a)) - sqrt ((1 - a_p - s ^ 2) * a).
Proof.
intros Ha Hp Hs. unfold residual_weight. rewrite (sqrt_mult a_p), (sqrt_mult (1 - a_p - s ^ 2)), sqrt_div_alt by lra.
assert (P := sqrt_pos_lt (1 - a) ltac:(lra)). field. lra.
Qed.

Lemma sqrt_below_1 x : 0 <= x < 1 -> 0 <= sqrt x < 1.
Proof. intros H. split; [apply sqrt_pos|]. rewrite <- sqrt_1. apply sqrt_lt_1; lra. Qed.

Lemma residual_below_1 a a_p s : 0 < a < 1 -> 0 <= a_p < 1 -> 0 <= 1 - a_p - s ^ 2 -> residual_weight a a_p s ^ 2 * (1 - a) < 1.
Proof.
intros Ha Hp Hs. assert (E := sqrt_sqrt (1 - a) ltac:(lra)).
assert (Q : residual_weight a a_p s ^ 2 * (1 - a) = (sqrt (1 - a) * residual_weight a a_p s) ^ 2).
{ transitivity (residual_weight a a_p s ^ 2 * (sqrt (1 - a) * sqrt (1 - a))); [now rewrite E|ring]. }
rewrite Q. rewrite residual_scaled by lra. assert (Ps := pow2_ge_0 s).
assert (A : 0 <= a_p * (1 - a) < 1) by (split; [apply Rmult_le_pos; lra|nra]).
assert (B : 0 <= (1 - a_p - s ^ 2) * a < 1) by (split; [apply Rmult_le_pos; lra|nra]).
apply sqrt_below_1 in A. apply sqrt_below_1 in B. nra.
Qed.

Theorem printed_weight_too_large a a_p s : eq7_domain a a_p s -> gamma_step a a_p s < / (2 * s ^ 2 * a).
Proof.
intros (Ha & Hp & Hs & Hd). assert (K := residual_below_1 a a_p s Ha ltac:(lra) ltac:(lra)). unfold gamma_step.
assert (P : 0 < / (2 * s ^ 2 * a)) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; [apply Rmult_lt_0_compat; [lra|now apply sqr_pos]|lra]).
unfold Rdiv. rewrite <- (Rmult_1_l (/ _)) at 2. now apply Rmult_lt_compat_r.
Qed.

Theorem printed_first_weight_too_large a s : 0 < a < 1 -> 0 < s -> gamma_first a s < / (2 * s ^ 2 * a).
Proof.
intros Ha Hs. unfold gamma_first.
assert (P : 0 < / (2 * s ^ 2 * a)) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; [apply Rmult_lt_0_compat; [lra|now apply sqr_pos]|lra]).
unfold Rdiv. rewrite <- (Rmult_1_l (/ _)) at 2. apply Rmult_lt_compat_r; lra.
Qed.

Theorem gamma_below_printed alpha_bar sigma T t : chain_domain alpha_bar sigma T -> 0 < sigma 1%nat -> (1 <= t <= T)%nat ->
  gamma alpha_bar sigma t < printed_weights alpha_bar sigma t.
Proof.
intros D H1 Ht. assert (Ha := chain_domain_alpha _ _ _ t D Ht). unfold printed_weights.
destruct t as [|[|t]]; [lia|now apply printed_first_weight_too_large|].
destruct D as (_ & _ & D). apply (printed_weight_too_large (alpha_bar (S (S t))) (alpha_bar (S t))). apply D. lia.
Qed.

(** Any weight other than the exact one, at any t, makes J - L depend on the model; so the printed ones do. *)
Theorem printed_weights_fail d alpha_bar sigma T x0 : (1 <= d)%nat -> chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  ~ (forall eps_theta eps_theta' j j' loss loss',
       tame_model_d d T eps_theta -> tame_model_d d T eps_theta' ->
       J_d d alpha_bar sigma T eps_theta x0 j -> losses_d d alpha_bar T eps_theta x0 loss ->
       J_d d alpha_bar sigma T eps_theta' x0 j' -> losses_d d alpha_bar T eps_theta' x0 loss' ->
       j - sum (fun t => printed_weights alpha_bar sigma t * loss t) 1 T =
       j' - sum (fun t => printed_weights alpha_bar sigma t * loss' t) 1 T).
Proof.
intros Hd D H1 H. assert (HT := proj1 D).
assert (E := Theorem1_weights_unique_d d alpha_bar sigma T _ x0 Hd D H1 H 1%nat ltac:(lia)).
assert (K := gamma_below_printed alpha_bar sigma T 1 D H1 ltac:(lia)). lra.
Qed.

Theorem printed_weight_per_component d a a_p s : (1 <= d)%nat -> eq7_domain a a_p s ->
  (gamma_step a a_p s = / (2 * INR d * s ^ 2 * a) <-> residual_weight a a_p s ^ 2 * (1 - a) = / INR d).
Proof.
intros Hd (Ha & _ & Hs & _). assert (Pd : 0 < INR d) by (apply lt_0_INR; lia). assert (Ps := sqr_pos s Hs). unfold gamma_step.
assert (P : 0 < 2 * s ^ 2 * a) by (apply Rmult_lt_0_compat; lra). split; intro H.
- apply (f_equal (fun y => y * (2 * s ^ 2 * a))) in H.
  replace (residual_weight a a_p s ^ 2 * (1 - a) / (2 * s ^ 2 * a) * (2 * s ^ 2 * a)) with (residual_weight a a_p s ^ 2 * (1 - a)) in H
    by (field; lra).
  rewrite H. field. lra.
- rewrite H. field. lra.
Qed.

Theorem printed_first_weight_per_component d a s : (1 <= d)%nat -> 0 < a < 1 -> 0 < s ->
  (gamma_first a s = / (2 * INR d * s ^ 2 * a) <-> 1 - a = / INR d).
Proof.
intros Hd Ha Hs. assert (Pd : 0 < INR d) by (apply lt_0_INR; lia). assert (Ps := sqr_pos s Hs). unfold gamma_first.
assert (P : 0 < 2 * s ^ 2 * a) by (apply Rmult_lt_0_compat; lra). split; intro H.
- apply (f_equal (fun y => y * (2 * s ^ 2 * a))) in H.
  replace ((1 - a) / (2 * s ^ 2 * a) * (2 * s ^ 2 * a)) with (1 - a) in H by (field; lra). rewrite H. field. lra.
- rewrite H. field. lra.
Qed.

(** ** DDPM's form *)

Theorem gamma_beta a a_p beta : 0 < a_p < 1 -> 0 < beta < 1 -> a = a_p * (1 - beta) ->
  let s := sigma_of_eta 1 a a_p in
  gamma_step a a_p s = beta ^ 2 / (2 * s ^ 2 * (1 - beta) * (1 - a)).
Proof.
intros Hp Hb E s.
assert (Ha : 0 < a < a_p) by (rewrite E; split; [apply Rmult_lt_0_compat; lra|nra]).
assert (Es : s ^ 2 = (1 - a_p) / (1 - a) * beta).
{ unfold s. rewrite (Eq16_adjacent a a_p beta 1); [ring|lra|exact Hb|exact E]. }
unfold s in *. rewrite gamma_ddpm by lra. unfold snr. rewrite Es, E. field.
rewrite <- E. repeat split; lra.
Qed.

Theorem gamma_beta_variance a a_p beta : 0 < a_p < 1 -> 0 < beta < 1 -> a = a_p * (1 - beta) ->
  gamma_step a a_p (sigma_of_eta 1 a a_p) = beta / (2 * (1 - beta) * (1 - a_p)).
Proof.
intros Hp Hb E.
assert (Ha : 0 < a < a_p) by (rewrite E; split; [apply Rmult_lt_0_compat; lra|nra]).
rewrite gamma_ddpm by lra. unfold snr. rewrite E. field. repeat split; lra.
Qed.

(** The witness of refuted.v again, and a pair of neighbouring times with beta = 1/2. *)
Theorem weights_instance : eq7_domain (9 / 25) (16 / 25) (3 / 5) /\
  gamma_step (1 / 4) (1 / 2) (sigma_of_eta 1 (1 / 4) (1 / 2)) = 1 / 2 / (2 * (1 - 1 / 2) * (1 - 1 / 2)).
Proof. split; [unfold eq7_domain; lra|]. apply gamma_beta_variance; lra. Qed.
