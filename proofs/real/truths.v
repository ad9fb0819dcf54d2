(** * Truths without a network: the generative process for data whose best model is known

    - [point_mass_step]: when the data is one point x0, the best eps is
      (x_t - sqrt a x0) / sqrt (1 - a), and Eq10's kernel is Eq7 itself.
    - [gaussian_eps_is_conditional_mean]: for data N(m, v) the best eps, E[eps | x_t], is affine:
      sqrt (1 - a) (x_t - sqrt a m) / (a v + 1 - a).
    - [gaussian_eps_is_optimal]: no other prediction at x_t has a smaller mean squared error.
    - [gaussian_step_law]: one generative step maps N(mu, V) to N(A mu + B, A^2 V + s^2);
      [gaussian_step_deterministic]: the same at sigma = 0, where the step is the map x -> A x + B.
    - [gaussian_chain_law]: hence every x_t of the generative chain is normal, with mean and
      variance by recursion from N(0, 1) at T, down to x_0: an exact law end to end.
    - [gaussian_variance_at_finite_T]: at finite T it need not be the data's variance. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective.
Open Scope R_scope.

(** ** One data point *)

Theorem point_mass_step alpha_bar sigma x0 t x_t x_prev :
  0 < alpha_bar (S t) < 1 ->
  p_step alpha_bar sigma (fun t x => predict_eps (alpha_bar t) x x0) t x_t x_prev =
  q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x_t x_prev.
Proof.
intros Ha. unfold p_step, f_theta. now rewrite (proj2 (Eq9_round_trip (alpha_bar (S t)) x_t Ha)).
Qed.

(** ** Gaussian data *)

(** Variance of x_t when x_0 ~ N(m, v). *)
Definition data_variance (a v : R) : R := a * v + (1 - a).
Definition gaussian_eps (m v a x : R) : R := sqrt (1 - a) * (x - sqrt a * m) / data_variance a v.

(** The law of x_t, and E[(x_t - sqrt a x_0) / sqrt (1 - a) | x_t]. *)
Theorem gaussian_eps_is_conditional_mean m v a x :
  0 < v -> 0 < a < 1 ->
  integral (fun x0 => normal m v x0 * q_marginal a x0 x) (normal (sqrt a * m) (data_variance a v) x) /\
  integral (fun x0 => normal m v x0 * q_marginal a x0 x / normal (sqrt a * m) (data_variance a v) x *
      ((x - sqrt a * x0) / sqrt (1 - a))) (gaussian_eps m v a x).
Proof.
intros Hv Ha.
assert (Ea := sqrt_sqrt a ltac:(lra)). assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (E1 := sqrt_sqrt (1 - a) ltac:(lra)).
assert (Hd : 0 < data_variance a v).
{ unfold data_variance. assert (0 < a * v) by (apply Rmult_lt_0_compat; lra). lra. }
assert (Ed : evidence_variance v (sqrt a) (1 - a) = data_variance a v).
{ unfold evidence_variance, data_variance. simpl. rewrite Rmult_1_r, Ea. reflexivity. }
assert (Em : evidence_mean m (sqrt a) 0 = sqrt a * m) by (unfold evidence_mean; ring).
split.
- assert (T := total_probability m v (sqrt a) 0 (1 - a) x Hv ltac:(lra)).
  rewrite Ed, Em in T. eapply integral_ext; [|exact T].
  intro x0. cbv beta. unfold q_marginal. now rewrite Rplus_0_r.
- assert (P := normal_pos (sqrt a * m) (data_variance a v) x Hd).
  assert (Hb := bayes_variance_pos v (sqrt a) (1 - a) Hv ltac:(lra)).
  eapply integral_eq; [exact (normal_quadratic 0 (- sqrt a / sqrt (1 - a)) (x / sqrt (1 - a))
    (bayes_mean m v (sqrt a) 0 (1 - a) x) _ Hb)| |].
  + intro x0. cbv beta. unfold q_marginal.
    replace (sqrt a * x0) with (sqrt a * x0 + 0) at 1 by ring.
    rewrite (bayes m v (sqrt a) 0 (1 - a) x0 x Hv) by lra. rewrite Ed, Em. field. lra.
  + unfold bayes_mean, gaussian_eps.
    replace (sqrt a ^ 2 * v + (1 - a)) with (data_variance a v) by (rewrite <- Ed; reflexivity).
    replace ((x - sqrt a * m)) with (x - (sqrt a * m + 0)) by ring.
    apply (Rmult_eq_reg_r (sqrt (1 - a) * data_variance a v)); [|apply Rgt_not_eq, Rmult_lt_0_compat; lra].
    transitivity (x * data_variance a v - sqrt a * m * data_variance a v
      - (sqrt a * sqrt a) * v * (x - (sqrt a * m + 0))); [field; lra|].
    transitivity ((sqrt (1 - a) * sqrt (1 - a)) * (x - (sqrt a * m + 0))); [|field; lra].
    rewrite Ea, E1. unfold data_variance. ring.
Qed.

(** E[(eps - c)^2 | x_t] is smallest at that mean, for any competing value c. *)
Theorem gaussian_eps_is_optimal m v a x :
  0 < v -> 0 < a < 1 ->
  exists V, 0 < V /\ forall c,
  integral (fun x0 => normal m v x0 * q_marginal a x0 x / normal (sqrt a * m) (data_variance a v) x *
      ((x - sqrt a * x0) / sqrt (1 - a) - c) ^ 2) (V + (gaussian_eps m v a x - c) ^ 2).
Proof.
intros Hv Ha. assert (H0 := sqrt_pos_lt a ltac:(lra)). assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (Hb := bayes_variance_pos v (sqrt a) (1 - a) Hv ltac:(lra)).
assert (Hd : 0 < data_variance a v).
{ unfold data_variance. assert (0 < a * v) by (apply Rmult_lt_0_compat; lra). lra. }
assert (P := normal_pos (sqrt a * m) (data_variance a v) x Hd).
set (mean := bayes_mean m v (sqrt a) 0 (1 - a) x). set (var := bayes_variance v (sqrt a) (1 - a)) in *.
assert (E : forall x0, normal m v x0 * q_marginal a x0 x / normal (sqrt a * m) (data_variance a v) x = normal mean var x0).
{ intro x0. assert (B := bayes m v (sqrt a) 0 (1 - a) x0 x Hv ltac:(lra)).
  replace (evidence_variance v (sqrt a) (1 - a)) with (data_variance a v) in B.
  2: { unfold evidence_variance, data_variance. simpl. rewrite Rmult_1_r, sqrt_sqrt; lra. }
  unfold evidence_mean in B. rewrite !Rplus_0_r in B. unfold q_marginal. rewrite B. fold mean var. field. lra. }
assert (M : (x - sqrt a * mean) / sqrt (1 - a) = gaussian_eps m v a x).
{ apply (integral_unique _ _ _) with (2 := proj2 (gaussian_eps_is_conditional_mean m v a x Hv Ha)).
  eapply integral_eq; [exact (normal_quadratic 0 (- sqrt a / sqrt (1 - a)) (x / sqrt (1 - a)) mean var Hb)| |].
  - intro x0. cbv beta. rewrite E. f_equal. field. lra.
  - field. lra. }
exists ((sqrt a / sqrt (1 - a)) ^ 2 * var). split.
- apply Rmult_lt_0_compat; [apply pow_lt, Rdiv_lt_0_compat; lra|exact Hb].
- intro c. rewrite <- M.
  eapply integral_eq; [exact (normal_quadratic ((sqrt a / sqrt (1 - a)) ^ 2)
    (- 2 * (sqrt a / sqrt (1 - a)) * (x / sqrt (1 - a) - c)) ((x / sqrt (1 - a) - c) ^ 2) mean var Hb)| |].
  + intro x0. cbv beta. rewrite E. f_equal. field. lra.
  + field. lra.
Qed.

(** The step's mean is A x + B.  [first]: at t = 1, a_p = 1 and the mean is f_theta(x_1). *)
Definition truth_A (v a a_p s : R) : R :=
  sqrt (a_p / a) + (step_k a_p s - step_w a a_p) * (sqrt (1 - a) / data_variance a v).
Definition truth_B (m v a a_p s : R) : R :=
  - (step_k a_p s - step_w a a_p) * (sqrt (1 - a) / data_variance a v) * (sqrt a * m).

Lemma gaussian_mean_affine m v a a_p s x :
  0 < a < 1 -> 0 <= a_p ->
  posterior_mean a a_p s x (predict_x0 a x (gaussian_eps m v a x)) = truth_A v a a_p s * x + truth_B m v a a_p s.
Proof.
intros Ha Hp.
assert (E := Eq12_affine a a_p s x (gaussian_eps m v a x) 0 ltac:(lra) Hp).
rewrite Eq12_is_Eq10 in E by trivial. unfold generative_mean in E.
rewrite Rmult_0_r, !Rplus_0_r in E. rewrite E.
unfold gaussian_eps, truth_A, truth_B, Rdiv. ring.
Qed.

Lemma gaussian_first_affine m v a x :
  0 < a < 1 -> predict_x0 a x (gaussian_eps m v a x) = truth_A v a 1 0 * x + truth_B m v a 1 0.
Proof.
intros Ha. rewrite <- gaussian_mean_affine by lra. unfold posterior_mean.
replace (1 - 1 - 0 ^ 2) with 0 by ring. rewrite sqrt_0, sqrt_1. ring.
Qed.

Theorem gaussian_step_law m v a a_p s mu V y :
  0 < a < 1 -> 0 <= a_p -> 0 < s -> 0 < V ->
  integral (fun x => normal mu V x * q_posterior a a_p s (predict_x0 a x (gaussian_eps m v a x)) x y)
    (normal (truth_A v a a_p s * mu + truth_B m v a a_p s) (truth_A v a a_p s ^ 2 * V + s ^ 2) y).
Proof.
intros Ha Hp Hs HV.
eapply integral_ext; [|exact (total_probability mu V (truth_A v a a_p s) (truth_B m v a a_p s) (s ^ 2) y HV (sqr_pos _ Hs))].
intro x. cbv beta. unfold q_posterior. now rewrite gaussian_mean_affine.
Qed.

(** sigma = 0: the step is x -> A x + B, and densities transform with its Jacobian. *)
Theorem gaussian_step_deterministic m v a a_p mu V x :
  0 < a < 1 -> 0 < a_p <= 1 -> 0 < v -> 0 < V ->
  let A := truth_A v a a_p 0 in let B := truth_B m v a a_p 0 in
  ddim_step a a_p 0 x (gaussian_eps m v a x) 0 = A * x + B /\ 0 < A /\
  normal mu V x = A * normal (A * mu + B) (A ^ 2 * V) (A * x + B).
Proof.
intros Ha Hp Hv HV A B.
assert (HA : 0 < A).
{ unfold A, truth_A, step_k, step_w. replace (1 - a_p - 0 ^ 2) with (1 - a_p) by ring.
  assert (Hav : 0 < a * v) by (apply Rmult_lt_0_compat; lra).
  assert (Hd : 0 < data_variance a v) by (unfold data_variance; lra).
  replace (sqrt (a_p * (1 - a) / a)) with (sqrt (a_p / a) * sqrt (1 - a)).
  2: { rewrite <- sqrt_mult; [f_equal; field; lra|apply Rlt_le, Rdiv_lt_0_compat; lra|lra]. }
  assert (E1 := sqrt_sqrt (1 - a) ltac:(lra)). assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
  assert (Hq : 0 < sqrt (a_p / a)) by (apply sqrt_lt_R0, Rdiv_lt_0_compat; lra).
  assert (H2 := sqrt_pos (1 - a_p)).
  replace (sqrt (a_p / a) + (sqrt (1 - a_p) - sqrt (a_p / a) * sqrt (1 - a)) * (sqrt (1 - a) / data_variance a v))
    with (sqrt (a_p / a) * (a * v / data_variance a v) + sqrt (1 - a_p) * (sqrt (1 - a) / data_variance a v)).
  - assert (0 < a * v / data_variance a v) by now apply Rdiv_lt_0_compat.
    assert (0 < sqrt (1 - a) / data_variance a v) by now apply Rdiv_lt_0_compat.
    assert (0 < sqrt (a_p / a) * (a * v / data_variance a v)) by now apply Rmult_lt_0_compat.
    assert (0 <= sqrt (1 - a_p) * (sqrt (1 - a) / data_variance a v)) by (apply Rmult_le_pos; lra). lra.
  - apply (Rmult_eq_reg_r (data_variance a v)); [|lra].
    transitivity (sqrt (a_p / a) * (a * v) + sqrt (1 - a_p) * sqrt (1 - a)); [field; lra|].
    transitivity (sqrt (a_p / a) * data_variance a v + sqrt (1 - a_p) * sqrt (1 - a)
      - sqrt (a_p / a) * (sqrt (1 - a) * sqrt (1 - a))); [|field; lra].
    rewrite E1. unfold data_variance. ring. }
split; [|split; [exact HA|]].
- rewrite Eq12_is_Eq10 by trivial. unfold generative_mean.
  rewrite gaussian_mean_affine by lra. unfold A, B. ring.
- rewrite (normal_affine mu V A B x HV) by lra. now rewrite (Rabs_pos_eq A) by lra.
Qed.

(** The generative chain: mean and variance n steps below T. *)
Section Chain.
Variables (m v : R) (alpha_bar sigma : nat -> R) (T : nat).

Definition best_eps (t : nat) (x : R) : R := gaussian_eps m v (alpha_bar t) x.

Fixpoint truth_mean (n : nat) : R :=
  match n with
  | O => 0
  | S k => truth_A v (alpha_bar (T - k)%nat) (alpha_bar (T - S k)%nat) (sigma (T - k)%nat) * truth_mean k
           + truth_B m v (alpha_bar (T - k)%nat) (alpha_bar (T - S k)%nat) (sigma (T - k)%nat)
  end.
Fixpoint truth_variance (n : nat) : R :=
  match n with
  | O => 1
  | S k => truth_A v (alpha_bar (T - k)%nat) (alpha_bar (T - S k)%nat) (sigma (T - k)%nat) ^ 2 * truth_variance k
           + sigma (T - k)%nat ^ 2
  end.

Lemma truth_variance_pos n : (forall t, (1 <= t <= T)%nat -> 0 < sigma t) -> (n <= T)%nat -> 0 < truth_variance n.
Proof.
intros Hs. induction n as [|n IH]; intros Hn; [simpl; lra|].
cbn [truth_variance]. specialize (IH ltac:(lia)).
assert (0 < sigma (T - n)%nat ^ 2) by (apply sqr_pos, Hs; lia).
assert (0 <= truth_A v (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) (sigma (T - n)%nat) ^ 2 * truth_variance n)
  by (apply Rmult_le_pos; [apply pow2_ge_0|lra]). lra.
Qed.

(** Any family of densities that starts at N(0, 1) and descends by Eq10 is this one, down to x_0. *)
Theorem gaussian_chain_law (p : nat -> R -> R) :
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall x, p T x = normal 0 1 x) ->
  (forall t y, (1 <= t < T)%nat ->
    integral (fun x => p (S t) x * p_step alpha_bar sigma best_eps t x y) (p t y)) ->
  (forall y, integral (fun x => p 1%nat x * p_first alpha_bar sigma best_eps x y) (p O y)) ->
  (forall t x, (1 <= t <= T)%nat -> p t x = normal (truth_mean (T - t)) (truth_variance (T - t)) x) /\
  (forall x, p O x = normal
     (truth_A v (alpha_bar 1%nat) 1 0 * truth_mean (T - 1) + truth_B m v (alpha_bar 1%nat) 1 0)
     (truth_A v (alpha_bar 1%nat) 1 0 ^ 2 * truth_variance (T - 1) + sigma 1%nat ^ 2) x).
Proof.
intros D H1 HT Hp Hp0. assert (Hs := sigma_pos alpha_bar sigma T D H1).
assert (K : forall n x, (n < T)%nat -> p (T - n)%nat x = normal (truth_mean n) (truth_variance n) x).
{ induction n as [|n IH]; intros x Hn.
  - rewrite Nat.sub_0_r. apply HT.
  - assert (Ha := chain_domain_alpha _ _ _ (T - n)%nat D ltac:(lia)).
    assert (Hap := chain_domain_alpha _ _ _ (T - S n)%nat D ltac:(lia)).
    specialize (Hp (T - S n)%nat x ltac:(lia)). replace (S (T - S n)) with (T - n)%nat in Hp by lia.
    apply (integral_unique _ _ _ Hp). cbn [truth_mean truth_variance].
    eapply integral_ext; [|exact (gaussian_step_law m v (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) (sigma (T - n)%nat)
      (truth_mean n) (truth_variance n) x Ha ltac:(lra) (Hs (T - n)%nat ltac:(lia)) (truth_variance_pos n Hs ltac:(lia)))].
    intro z. cbv beta. rewrite IH by lia. unfold p_step, f_theta, best_eps.
    replace (S (T - S n)) with (T - n)%nat by lia. reflexivity. }
assert (DT := D). destruct DT as (HT1 & _).
split.
- intros t x Ht. rewrite <- K by lia. f_equal. lia.
- intro x. assert (Ha := chain_domain_alpha _ _ _ 1%nat D ltac:(lia)).
  apply (integral_unique _ _ _ (Hp0 x)).
  eapply integral_ext; [|exact (total_probability (truth_mean (T - 1)) (truth_variance (T - 1))
    (truth_A v (alpha_bar 1%nat) 1 0) (truth_B m v (alpha_bar 1%nat) 1 0) (sigma 1%nat ^ 2) x
    (truth_variance_pos (T - 1) Hs ltac:(lia)) (sqr_pos _ H1))].
  intro z. cbv beta. rewrite <- K by lia. replace (T - (T - 1))%nat with 1%nat by lia.
  unfold p_first, f_theta, best_eps. now rewrite gaussian_first_affine.
Qed.

End Chain.

(** T = 1, alpha_bar = 16/25, data N(m, 1): x_0's variance is 16/25 + s_1^2, not 1. *)
Theorem gaussian_variance_at_finite_T s :
  truth_A 1 (16 / 25) 1 0 ^ 2 * truth_variance 1 (fun _ => 16 / 25) (fun _ => s) 1 0 + s ^ 2 = 16 / 25 + s ^ 2.
Proof.
simpl truth_variance. rewrite Rmult_1_r. f_equal.
unfold truth_A, step_k, step_w, data_variance.
replace (1 - 1 - 0 ^ 2) with 0 by ring. rewrite sqrt_0.
replace (sqrt (1 / (16 / 25))) with (5 / 4) by (symmetry; apply sqrt_is; lra).
replace (sqrt (1 * (1 - 16 / 25) / (16 / 25))) with (3 / 4) by (symmetry; apply sqrt_is; lra).
replace (sqrt (1 - 16 / 25)) with (3 / 5) by (symmetry; apply sqrt_is; lra). field.
Qed.
