(** * Predictions: x0, eps and v from one another (Eq9), and the generative kernel's mean (Eq10)

    Notation: [a] is alpha_bar at t, [x] is x_t, [x0] the data, [eps] the noise.
    Every statement is about one component; a vector is its components.

    - Eq9: for 0 < a, x = sqrt a x0 + sqrt (1-a) eps  iff  x0 = (x - sqrt (1-a) eps) / sqrt a;
      for a < 1, iff eps = (x - sqrt a x0) / sqrt (1-a).
    - Eq9, v-prediction: v = sqrt a eps - sqrt (1-a) x0 gives back x0 and eps, for every a in [0,1]:
      a = 0, where Eq9 itself divides by zero, included.
    - Eq10: for t > 1 the kernel's mean is Eq7's with x0 := f(x); it equals sqrt a_p f + k eps.
      For t = 1 it is f(x) itself, and no sigma_1 > 0 lies in Eq7's domain: hence Eq10's own case. *)

Require Import Reals Lra.
Open Scope R_scope.

(** ** The paper's definitions *)

Definition q_sample (a x0 eps : R) : R := sqrt a * x0 + sqrt (1 - a) * eps.
Definition predict_x0 (a x eps : R) : R := (x - sqrt (1 - a) * eps) / sqrt a.
Definition predict_eps (a x x0 : R) : R := (x - sqrt a * x0) / sqrt (1 - a).
Definition velocity (a x0 eps : R) : R := sqrt a * eps - sqrt (1 - a) * x0.
Definition x0_from_velocity (a x v : R) : R := sqrt a * x - sqrt (1 - a) * v.
Definition eps_from_velocity (a x v : R) : R := sqrt (1 - a) * x + sqrt a * v.

(** Eq7's mean, and Eq10's mean by cases on t: [first] says t = 1. *)
Definition posterior_mean (a a_p s x x0 : R) : R :=
  sqrt a_p * x0 + sqrt (1 - a_p - s ^ 2) * ((x - sqrt a * x0) / sqrt (1 - a)).
Definition generative_mean (first : bool) (a a_p s x eps : R) : R :=
  if first then predict_x0 a x eps else posterior_mean a a_p s x (predict_x0 a x eps).

(** ** Eq9 *)

Lemma sqrt_neq_0 : forall r, 0 < r -> sqrt r <> 0.
Proof. intros r Hr; apply Rgt_not_eq, sqrt_lt_R0, Hr. Qed.

Lemma sqrt_twice : forall r, 0 <= r -> sqrt r * sqrt r = r.
Proof. exact sqrt_sqrt. Qed.

Theorem Eq9_x0 : forall a x x0 eps, 0 < a ->
  (x = q_sample a x0 eps <-> x0 = predict_x0 a x eps).
Proof.
intros a x x0 eps Ha; unfold q_sample, predict_x0.
pose proof (sqrt_neq_0 a Ha); split; intros ->; field; assumption.
Qed.

Theorem Eq9_eps : forall a x x0 eps, a < 1 ->
  (x = q_sample a x0 eps <-> eps = predict_eps a x x0).
Proof.
intros a x x0 eps Ha; unfold q_sample, predict_eps.
assert (H : sqrt (1 - a) <> 0) by (apply sqrt_neq_0; lra).
split; intros ->; field; assumption.
Qed.

(** Either prediction carries the same information. *)
Theorem Eq9_round_trip : forall a x, 0 < a < 1 ->
  (forall eps, predict_eps a x (predict_x0 a x eps) = eps) /\
  (forall x0, predict_x0 a x (predict_eps a x x0) = x0).
Proof.
intros a x Ha; split; intros y; symmetry.
- apply Eq9_eps; [lra|]; apply Eq9_x0; [lra|reflexivity].
- apply Eq9_x0; [lra|]; apply Eq9_eps; [lra|reflexivity].
Qed.

Theorem Eq9_velocity_gives_x0 : forall a x0 eps, 0 <= a <= 1 ->
  x0_from_velocity a (q_sample a x0 eps) (velocity a x0 eps) = x0.
Proof.
intros a x0 eps Ha; unfold x0_from_velocity, q_sample, velocity.
assert (H1 := sqrt_twice a ltac:(lra)); assert (H2 := sqrt_twice (1 - a) ltac:(lra)).
replace x0 with (sqrt a * sqrt a * x0 + sqrt (1 - a) * sqrt (1 - a) * x0) at 3
  by (rewrite H1, H2; ring).
ring.
Qed.

Theorem Eq9_velocity_gives_eps : forall a x0 eps, 0 <= a <= 1 ->
  eps_from_velocity a (q_sample a x0 eps) (velocity a x0 eps) = eps.
Proof.
intros a x0 eps Ha; unfold eps_from_velocity, q_sample, velocity.
assert (H1 := sqrt_twice a ltac:(lra)); assert (H2 := sqrt_twice (1 - a) ltac:(lra)).
replace eps with (sqrt a * sqrt a * eps + sqrt (1 - a) * sqrt (1 - a) * eps) at 3
  by (rewrite H1, H2; ring).
ring.
Qed.

(** The converse: any x and v are the state and velocity of what they predict. *)
Theorem Eq9_velocity_round_trip : forall a x v, 0 <= a <= 1 ->
  let x0 := x0_from_velocity a x v in
  let eps := eps_from_velocity a x v in
  q_sample a x0 eps = x /\ velocity a x0 eps = v.
Proof.
intros a x v Ha; unfold x0_from_velocity, eps_from_velocity, q_sample, velocity.
assert (H1 := sqrt_twice a ltac:(lra)); assert (H2 := sqrt_twice (1 - a) ltac:(lra)).
split.
- transitivity ((sqrt a * sqrt a + sqrt (1 - a) * sqrt (1 - a)) * x); [ring|rewrite H1, H2; ring].
- transitivity ((sqrt a * sqrt a + sqrt (1 - a) * sqrt (1 - a)) * v); [ring|rewrite H1, H2; ring].
Qed.

(** ** Eq10 *)

Theorem Eq10_later : forall a a_p s x eps, 0 < a < 1 ->
  generative_mean false a a_p s x eps
  = sqrt a_p * predict_x0 a x eps + sqrt (1 - a_p - s ^ 2) * eps.
Proof.
intros a a_p s x eps Ha; unfold generative_mean, posterior_mean.
change ((x - sqrt a * predict_x0 a x eps) / sqrt (1 - a)) with (predict_eps a x (predict_x0 a x eps)).
now rewrite (proj1 (Eq9_round_trip a x Ha)).
Qed.

Theorem Eq10_first : forall a a_p s x eps,
  generative_mean true a a_p s x eps = predict_x0 a x eps.
Proof. reflexivity. Qed.

(** At t = 1 (a_p = 1) Eq7's domain is sigma = 0 alone, where its mean is f(x) too. *)
Theorem Eq10_first_needs_its_own_case : forall s,
  (0 <= 1 - 1 - s ^ 2 <-> s = 0) /\
  (forall a x eps, 0 < a < 1 ->
   generative_mean true a 1 0 x eps = generative_mean false a 1 0 x eps).
Proof.
intros s; split.
- split; intros H; [|subst s; lra].
  assert (0 <= s ^ 2) by apply pow2_ge_0.
  assert (s ^ 2 = 0) as E by lra.
  destruct (Req_dec s 0) as [|N]; [assumption|].
  apply (pow_nonzero s 2) in N; contradiction.
- intros a x eps Ha; rewrite Eq10_first, (Eq10_later a 1 0 x eps Ha).
  replace (1 - 1 - 0 ^ 2) with 0 by ring; rewrite sqrt_0, sqrt_1; ring.
Qed.

(** Non-vacuity: a state with every square root rational. *)
Example Eq9_instance : predict_x0 ((3/5)^2) 2 1 = 2.
Proof.
unfold predict_x0; rewrite (sqrt_pow2 (3/5)) by lra.
replace (1 - (3/5)^2) with ((4/5)^2) by field; rewrite (sqrt_pow2 (4/5)) by lra; field.
Qed.
