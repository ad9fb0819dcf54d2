(** * Every formula as a tree, and what each tree means

    Each tree is proved equal to the paper's expression, or, where the tree is a rearrangement in
    which nothing cancels, equal to it on the domain stated. generated/formulas.hpp is printed from
    these trees. Order of parameters: alpha_bar, alpha_bar_prev, variance (sigma^2), then data.

    The paper's expressions are those of predictor.v, steps.v, laws.v, objective.v, truths.v and
    discrete.v.

    - affine2, affine3: what every step is, once its coefficients are numbers.
    - Lemma1: mean coefficient and deviation.  Eq7, Eq8: coefficients, means, variance.
    - NonMarkov: x0's coefficient as written, and in eta without cancellation.
    - Eq9: x0, eps and v from one another.  Eq12: coefficients (stable, as written, from v) and the step.
    - Eq13, Eq14: encoding coefficients, ODE coordinates.  Eq16: variance, radicand, sigma-hat.
    - Theorem1: c_t and gamma.  AppendixA: weights.  KL of two normals, and the logarithm of a normal density.
    - Truth: the best eps for Gaussian data. *)

Require Import Reals Lra ZArith List String.
From ddim Require gaussian laws objective truths.
From ddim Require Import expr predictor steps discrete.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Local Notation "$ n" := (Var n) (at level 1, format "$ n").
Notation pair_names := ["alpha_bar"; "alpha_bar_prev"].
Notation law_names := ["alpha_bar"; "alpha_bar_prev"; "variance"].

(** Common subtrees. a = $0, a_p = $1, v = $2. *)
Definition radicand : expr := (1 - $1 - $2)%expr.

(** ** Trees *)

Definition lemma1_x0_coefficient := Formula "lemma1_x0_coefficient"
  ["Lemma1, Eq6T. x0's coefficient in the mean of q(x_t | x_0)."] ["alpha_bar"] (Sqrt $0).
Definition lemma1_std := Formula "lemma1_std"
  ["Lemma1, Eq6T. Deviation of q(x_t | x_0), and eps's coefficient in q_sample."] ["alpha_bar"]
  (Sqrt (1 - $0)).
Definition lemma1_variance := Formula "lemma1_variance"
  ["Lemma1, Eq6T. Variance of q(x_t | x_0)."] ["alpha_bar"] (1 - $0)%expr.
Definition lemma1_sample := Formula "lemma1_sample"
  ["Lemma1. x_t from x_0 and the noise drawn."] ["alpha_bar"; "x0"; "noise"]
  (Sqrt $0 * $1 + Sqrt (1 - $0) * $2)%expr.

Definition affine2 := Formula "affine2"
  ["An affine map of two batches, in the order in which the library computes every component."]
  ["c0"; "x"; "c1"; "eps"] ($0 * $1 + $2 * $3)%expr.
Definition affine3 := Formula "affine3"
  ["An affine map of three batches, in the order in which the library computes every component."]
  ["c0"; "x"; "c1"; "eps"; "c2"; "noise"] ($0 * $1 + $2 * $3 + $4 * $5)%expr.

Definition eq7_x_coefficient := Formula "eq7_x_coefficient"
  ["Eq7. x_t's coefficient in the mean. Domain: alpha_bar < 1, variance <= 1 - alpha_bar_prev."] law_names
  (Sqrt radicand / Sqrt (1 - $0))%expr.
Definition eq7_x0_coefficient := Formula "eq7_x0_coefficient"
  ["Eq7. x_0's coefficient in the mean: (a_p - a + a variance) / ((1-a) (sqrt a_p + k sqrt(a/(1-a)))),";
   "equal to sqrt a_p - k sqrt(a/(1-a)) and free of cancellation. The same is c_t of Theorem1."] law_names
  (($1 - $0 + $0 * $2) / ((1 - $0) * (Sqrt $1 + Sqrt radicand * Sqrt ($0 / (1 - $0)))))%expr.
Definition eq7_mean := Formula "eq7_mean"
  ["Eq7. The mean of q(x_prev | x_t, x_0), as written."]
  ["alpha_bar"; "alpha_bar_prev"; "variance"; "x"; "x0"]
  (Sqrt $1 * $4 + Sqrt radicand * (($3 - Sqrt $0 * $4) / Sqrt (1 - $0)))%expr.

Definition eq8_prev_coefficient := Formula "eq8_prev_coefficient"
  ["Eq8. x_{t-1}'s coefficient in the mean of q(x_t | x_{t-1}, x_0). Domain: alpha_bar_prev < 1."] law_names
  (Sqrt ((1 - $0) * radicand) / (1 - $1))%expr.
Definition eq8_mean := Formula "eq8_mean"
  ["Eq8. The mean of q(x_t | x_{t-1}, x_0), as written."]
  ["alpha_bar"; "alpha_bar_prev"; "variance"; "x_prev"; "x0"]
  (Sqrt $0 * $4 + Sqrt ((1 - $0) * radicand) / (1 - $1) * ($3 - Sqrt $1 * $4))%expr.
Definition eq8_variance := Formula "eq8_variance"
  ["Eq8. Its variance."] law_names ($2 * (1 - $0) / (1 - $1))%expr.

Definition nonmarkov_x0_coefficient := Formula "nonmarkov_x0_coefficient"
  ["NonMarkov. x_0's coefficient in Eq8, as written: near eta = 1 its two terms cancel."] law_names
  (Sqrt $0 - Sqrt ((1 - $0) * radicand * $1) / (1 - $1))%expr.
Definition nonmarkov_weight (eta a a_p : expr) : expr :=
  (Sqrt ((1 - a) * ((1 - a_p) * ((1 - eta) * (1 + eta) + Sqr eta * (a * (1 - a_p) / (a_p * (1 - a))))) * a_p)
   / (1 - a_p))%expr.
Definition nonmarkov_x0_coefficient_of_eta := Formula "nonmarkov_x0_coefficient_of_eta"
  ["NonMarkov. The same under Eq16: -(1-eta)(1+eta)(a_p - a) / ((1-a_p)(sqrt a + w)), no cancellation;";
   "never positive, zero iff eta = 1 (for a < a_p)."] ["eta"; "alpha_bar"; "alpha_bar_prev"]
  (- ((1 - $0) * (1 + $0) * ($2 - $1) / ((1 - $2) * (Sqrt $1 + nonmarkov_weight $0 $1 $2))))%expr.

Definition eq9_predict_x0 := Formula "eq9_predict_x0"
  ["Eq9. f(x): x_0 from eps. Domain: 0 < alpha_bar."] ["alpha_bar"; "x"; "eps"]
  (($1 - Sqrt (1 - $0) * $2) / Sqrt $0)%expr.
Definition eq9_predict_eps := Formula "eq9_predict_eps"
  ["Eq9 solved for eps. Domain: alpha_bar < 1."] ["alpha_bar"; "x"; "x0"]
  (($1 - Sqrt $0 * $2) / Sqrt (1 - $0))%expr.
Definition eq9_velocity := Formula "eq9_velocity"
  ["Eq9, v-prediction: v of x_0 and eps."] ["alpha_bar"; "x0"; "eps"]
  (Sqrt $0 * $2 - Sqrt (1 - $0) * $1)%expr.
Definition eq9_x0_from_velocity := Formula "eq9_x0_from_velocity"
  ["Eq9, v-prediction: x_0 of x and v; alpha_bar = 0 included."] ["alpha_bar"; "x"; "v"]
  (Sqrt $0 * $1 - Sqrt (1 - $0) * $2)%expr.
Definition eq9_eps_from_velocity := Formula "eq9_eps_from_velocity"
  ["Eq9, v-prediction: eps of x and v; alpha_bar = 0 included."] ["alpha_bar"; "x"; "v"]
  (Sqrt (1 - $0) * $1 + Sqrt $0 * $2)%expr.

Definition eq12_x_coefficient := Formula "eq12_x_coefficient"
  ["Eq12. x_t's coefficient in the step. Domain: 0 < alpha_bar."] pair_names (Sqrt ($1 / $0)).
Definition eq12_eps_coefficient := Formula "eq12_eps_coefficient"
  ["Eq12. eps's coefficient, -((a_p - a)/a + variance) / (k + w), equal to k - w and free of cancellation;";
   "k = sqrt(1 - a_p - variance), w = sqrt(a_p (1 - a) / a)."] law_names
  (- ((($1 - $0) / $0 + $2) / (Sqrt radicand + Sqrt ($1 * (1 - $0) / $0))))%expr.
Definition eq12_eps_coefficient_as_written := Formula "eq12_eps_coefficient_as_written"
  ["Eq12. The same as k - w, which cancels."] law_names
  (Sqrt radicand - Sqrt ($1 * (1 - $0) / $0))%expr.
Definition eq12_direction := Formula "eq12_direction"
  ["Eq12. The factor of eps in the direction that points to x_t, k = sqrt(1 - a_p - variance)."]
  ["alpha_bar_prev"; "variance"] (Sqrt (1 - $0 - $1)).
Definition eq12_v_x_coefficient := Formula "eq12_v_x_coefficient"
  ["Eq12 from v. x_t's coefficient, sqrt(a_p a) + k sqrt(1 - a)."] law_names
  (Sqrt ($1 * $0) + Sqrt radicand * Sqrt (1 - $0))%expr.
Definition eq12_v_coefficient := Formula "eq12_v_coefficient"
  ["Eq12 from v. v's coefficient, -(a_p - a + a variance) / (k sqrt(a) + sqrt(a_p (1 - a))), equal to";
   "k sqrt(a) - sqrt(a_p (1 - a)) and free of cancellation."] law_names
  (- (($1 - $0 + $0 * $2) / (Sqrt radicand * Sqrt $0 + Sqrt ($1 * (1 - $0)))))%expr.
Definition eq12_step := Formula "eq12_step"
  ["Eq12. One generative step, as written."]
  ["alpha_bar"; "alpha_bar_prev"; "sigma"; "x"; "eps"; "noise"]
  (Sqrt $1 * (($3 - Sqrt (1 - $0) * $4) / Sqrt $0) + Sqrt (1 - $1 - Sqr $2) * $4 + $2 * $5)%expr.

Definition eq13_encode_x_coefficient := Formula "eq13_encode_x_coefficient"
  ["Eq13 reversed. x_prev's coefficient in the encoding step to t. Domain: 0 < alpha_bar_prev."] pair_names
  (Sqrt ($0 / $1)).
Definition eq13_encode_eps_coefficient := Formula "eq13_encode_eps_coefficient"
  ["Eq13 reversed. eps's coefficient, ((a_p - a)/a_p) / (sqrt(1-a) + sqrt(a (1-a_p)/a_p)), equal to";
   "sqrt(1-a) - sqrt(a (1-a_p)/a_p) and free of cancellation. Domain: alpha_bar < 1."] pair_names
  (($1 - $0) / $1 / (Sqrt (1 - $0) + Sqrt ($0 * (1 - $1) / $1)))%expr.
Definition eq14_ode_state := Formula "eq14_ode_state"
  ["Eq14. xbar = x / sqrt(alpha_bar)."] ["alpha_bar"; "x"] ($1 / Sqrt $0)%expr.
Definition eq14_ode_sigma := Formula "eq14_ode_sigma"
  ["Eq14. sqrt((1 - alpha_bar) / alpha_bar)."] ["alpha_bar"] (Sqrt ((1 - $0) / $0)).

Notation eta_names := ["eta"; "alpha_bar"; "alpha_bar_prev"].
Definition eq16_variance := Formula "eq16_variance"
  ["Eq16. sigma^2, with 1 - a/a_p as (a_p - a)/a_p. Domain: 0 < alpha_bar <= alpha_bar_prev <= 1, alpha_bar < 1."]
  eta_names (Sqr $0 * ((1 - $2) / (1 - $1) * (($2 - $1) / $2)))%expr.
Definition eq16_sigma := Formula "eq16_sigma"
  ["Eq16. sigma, as written."] eta_names ($0 * Sqrt ((1 - $2) / (1 - $1)) * Sqrt (1 - $1 / $2))%expr.
Definition eq16_variance_adjacent := Formula "eq16_variance_adjacent"
  ["Eq16. sigma^2 for adjacent times, a = a_p (1 - beta)."]
  ["eta"; "alpha_bar"; "alpha_bar_prev"; "beta"]
  (Sqr $0 * ((1 - $2) / (1 - $1) * $3))%expr.
Definition eq16_radicand := Formula "eq16_radicand"
  ["Eq16. 1 - alpha_bar_prev - sigma^2 as a product and sum of positive terms."] eta_names
  ((1 - $2) * ((1 - $0) * (1 + $0) + Sqr $0 * ($1 * (1 - $2) / ($2 * (1 - $1)))))%expr.
Definition eq16_sigma_hat := Formula "eq16_sigma_hat"
  ["Eq16. sigma-hat, which scales the noise only."] pair_names (Sqrt (1 - $0 / $1)).

Definition theorem1_gamma := Formula "theorem1_gamma"
  ["Theorem1. gamma_t for t >= 2: c_t^2 (1 - a) / (2 variance a). Domain: variance > 0."] law_names
  (Sqr (body eq7_x0_coefficient) * (1 - $0) / (2 * $2 * $0))%expr.
Definition theorem1_gamma_first := Formula "theorem1_gamma_first"
  ["Theorem1. gamma_1 = (1 - a) / (2 variance a)."] ["alpha_bar"; "variance"]
  ((1 - $0) / (2 * $1 * $0))%expr.

Definition appendixa_noisy_weight := Formula "appendixa_noisy_weight"
  ["AppendixA. Weight of x_t."] ["s"] $0.
Definition appendixa_data_weight := Formula "appendixa_data_weight"
  ["AppendixA. Weight of x_0."] ["alpha_bar"; "alpha_bar_prev"; "s"] ($1 - $2 * $0)%expr.
Definition appendixa_uniform_weight := Formula "appendixa_uniform_weight"
  ["AppendixA. Weight of the uniform law."] ["alpha_bar"; "alpha_bar_prev"; "s"]
  (1 - $1 - (1 - $0) * $2)%expr.

Definition kl_normal := Formula "kl_normal"
  ["KL(N(mean0, variance0) || N(mean1, variance1)), per dimension."]
  ["mean0"; "variance0"; "mean1"; "variance1"]
  ((Log ($3 / $1) + ($1 + Sqr ($0 - $2)) / $3 - 1) / 2)%expr.
Definition kl_normal_equal_variance := Formula "kl_normal_equal_variance"
  ["KL of two normals of one variance, per dimension."] ["mean0"; "mean1"; "variance"]
  (Sqr ($0 - $1) / (2 * $2))%expr.

Definition normal_log_density := Formula "normal_log_density"
  ["log N(x; mean, variance), per dimension, with log(2 pi) given."]
  ["log_two_pi"; "mean"; "variance"; "x"]
  (- (($0 + Log $2 + Sqr ($3 - $1) / $2) / 2))%expr.
Definition truth_gaussian_eps := Formula "truth_gaussian_eps"
  ["The best eps for data N(mean, variance)."] ["alpha_bar"; "mean"; "variance"; "x"]
  (Sqrt (1 - $0) * ($3 - Sqrt $0 * $1) / ($0 * $2 + (1 - $0)))%expr.

(** ** Meaning *)

Open Scope R_scope.

Ltac tree := unfold value; cbn -[IZR pow].

Section Meaning.
Variables a a_p s eta : R.

Theorem Lemma1_tree : forall x0 noise,
  value lemma1_x0_coefficient [a] = sqrt a /\ value lemma1_std [a] = sqrt (1 - a) /\
  value lemma1_sample [a; x0; noise] = q_sample a x0 noise.
Proof. repeat split. Qed.

Theorem affine_tree : forall c0 x c1 eps c2 noise,
  value affine2 [c0; x; c1; eps] = c0 * x + c1 * eps /\
  value affine3 [c0; x; c1; eps; c2; noise] = c0 * x + c1 * eps + c2 * noise.
Proof. repeat split. Qed.

Theorem Lemma1_tree_variance : value lemma1_variance [a] = 1 - a.
Proof. reflexivity. Qed.

(** Eq7's mean is posterior_mean; its two coefficients reproduce it. *)
Theorem Eq7_tree_mean : forall x x0, value eq7_mean [a; a_p; s ^ 2; x; x0] = posterior_mean a a_p s x x0.
Proof. reflexivity. Qed.

Theorem Eq7_tree_x0 : 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  value eq7_x0_coefficient [a; a_p; s ^ 2] = sqrt a_p - sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a)).
Proof.
intros Ha Hp Hs; tree.
symmetry; exact (Theorem1_residual_stable a a_p s Ha Hp Hs).
Qed.

Theorem Eq7_tree_affine : forall x x0, 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  posterior_mean a a_p s x x0
  = value eq7_x_coefficient [a; a_p; s ^ 2] * x + value eq7_x0_coefficient [a; a_p; s ^ 2] * x0.
Proof.
intros x x0 Ha Hp Hs; rewrite Eq7_tree_x0, sqrt_div_alt by lra.
tree; unfold posterior_mean; field; apply sqrt_neq_0; lra.
Qed.

Theorem Eq8_tree : forall x_prev x0,
  value eq8_mean [a; a_p; s ^ 2; x_prev; x0] = laws.forward_mean a a_p s x0 x_prev /\
  value eq8_prev_coefficient [a; a_p; s ^ 2] = sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) /\
  value eq8_variance [a; a_p; s ^ 2] = laws.forward_variance a a_p s.
Proof. repeat split. Qed.

(** NonMarkov's coefficient is x0's in Eq8's mean. *)
Theorem NonMarkov_tree : value nonmarkov_x0_coefficient [a; a_p; s ^ 2] = laws.x0_coefficient a a_p s.
Proof. reflexivity. Qed.

Theorem NonMarkov_tree_affine : forall x_prev x0, laws.eq7_domain a a_p s ->
  laws.forward_mean a a_p s x0 x_prev
  = value eq8_prev_coefficient [a; a_p; s ^ 2] * x_prev + value nonmarkov_x0_coefficient [a; a_p; s ^ 2] * x0.
Proof.
intros x_prev x0 H; rewrite laws.forward_mean_x0 by assumption.
unfold laws.x0_coefficient; tree; ring.
Qed.

Theorem NonMarkov_tree_of_eta : schedule_pair a a_p -> a_p < 1 -> 0 <= eta <= 1 ->
  value nonmarkov_x0_coefficient_of_eta [eta; a; a_p]
  = value nonmarkov_x0_coefficient [a; a_p; sigma_of_eta eta a a_p ^ 2].
Proof.
intros H Hp He; tree.
rewrite <- Eq16_radicand_stable by assumption.
symmetry; exact (NonMarkov_stable eta a a_p H Hp He).
Qed.

Theorem Eq9_tree : forall x y,
  value eq9_predict_x0 [a; x; y] = predict_x0 a x y /\
  value eq9_predict_eps [a; x; y] = predict_eps a x y /\
  value eq9_velocity [a; x; y] = velocity a x y /\
  value eq9_x0_from_velocity [a; x; y] = x0_from_velocity a x y /\
  value eq9_eps_from_velocity [a; x; y] = eps_from_velocity a x y.
Proof. repeat split. Qed.

Theorem Eq12_tree : forall x eps z,
  value eq12_step [a; a_p; s; x; eps; z] = ddim_step a a_p s x eps z.
Proof. reflexivity. Qed.

Theorem Eq12_tree_coefficients : forall x eps z, 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  ddim_step a a_p s x eps z
  = value eq12_x_coefficient [a; a_p] * x + value eq12_eps_coefficient [a; a_p; s ^ 2] * eps + s * z /\
  value eq12_eps_coefficient [a; a_p; s ^ 2] = value eq12_eps_coefficient_as_written [a; a_p; s ^ 2].
Proof.
intros x eps z Ha Hp Hs.
assert (E : value eq12_eps_coefficient [a; a_p; s ^ 2] = step_k a_p s - step_w a a_p)
  by (symmetry; exact (Eq12_stable a a_p s Ha Hp Hs)).
rewrite E; split; [|reflexivity].
rewrite Eq12_affine by lra; reflexivity.
Qed.

Theorem Eq12_tree_direction : value eq12_direction [a_p; s ^ 2] = step_k a_p s.
Proof. reflexivity. Qed.

(** The step from v: Eq12 with the eps that x and v give. *)
Theorem Eq12_tree_velocity : forall x v z, 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  ddim_step a a_p s x (eps_from_velocity a x v) z
  = value eq12_v_x_coefficient [a; a_p; s ^ 2] * x + value eq12_v_coefficient [a; a_p; s ^ 2] * v + s * z.
Proof.
intros x v z Ha Hp Hs; tree.
set (k := sqrt (1 - a_p - s ^ 2)).
assert (K : k ^ 2 = 1 - a_p - s ^ 2) by (apply sqrt_squared; exact Hs).
assert (A := sqrt_squared a ltac:(lra)); assert (B := sqrt_squared (1 - a) ltac:(lra)).
assert (P := sqrt_squared a_p ltac:(lra)).
assert (0 < sqrt a) by (apply sqrt_lt_R0; lra); assert (0 < sqrt (1 - a)) by (apply sqrt_lt_R0; lra).
assert (0 < sqrt a_p) by (apply sqrt_lt_R0; lra); assert (0 <= k) by apply sqrt_pos.
assert (predict_x0 a x (eps_from_velocity a x v) = x0_from_velocity a x v) as E.
{ unfold predict_x0, eps_from_velocity, x0_from_velocity.
  replace x with (x * (sqrt a ^ 2 + sqrt (1 - a) ^ 2)) at 1 by (rewrite A, B; ring); field; lra. }
unfold ddim_step; rewrite E; fold k.
rewrite (sqrt_mult a_p a), (sqrt_mult a_p (1 - a)) by lra.
replace (- ((a_p - a + a * s ^ 2) / (k * sqrt a + sqrt a_p * sqrt (1 - a))))
  with (k * sqrt a - sqrt a_p * sqrt (1 - a)).
- unfold eps_from_velocity, x0_from_velocity; ring.
- replace (a_p - a + a * s ^ 2) with ((sqrt a_p * sqrt (1 - a)) ^ 2 - (k * sqrt a) ^ 2)
    by (rewrite !Rpow_mult_distr, A, B, P, K; ring).
  field; nra.
Qed.

Theorem Eq13_tree : forall x eps, 0 < a < 1 -> 0 < a_p <= 1 ->
  ddim_encode_step a a_p x eps
  = value eq13_encode_x_coefficient [a; a_p] * x + value eq13_encode_eps_coefficient [a; a_p] * eps.
Proof.
intros x eps Ha Hp; rewrite Eq13_encode_affine by assumption; tree; f_equal; f_equal.
assert (0 <= a * (1 - a_p) / a_p).
{ apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply Rlt_le, Rinv_0_lt_compat; lra]. }
rewrite difference_of_roots by lra; f_equal; field; lra.
Qed.

Theorem Eq14_tree : forall x,
  value eq14_ode_state [a; x] = ode_state a x /\ value eq14_ode_sigma [a] = ode_sigma a.
Proof. repeat split. Qed.

Theorem Eq16_tree : schedule_pair a a_p ->
  value eq16_sigma [eta; a; a_p] = sigma_of_eta eta a a_p /\
  value eq16_variance [eta; a; a_p] = sigma_of_eta eta a a_p ^ 2 /\
  value eq16_radicand [eta; a; a_p] = 1 - a_p - sigma_of_eta eta a a_p ^ 2 /\
  value eq16_sigma_hat [a; a_p] = sigma_hat a a_p.
Proof.
intros H; split; [reflexivity|split; [|split; [|reflexivity]]].
- rewrite Eq16_variance by assumption; destruct H as (H1 & H2 & H3 & H4); tree; field; lra.
- rewrite Eq16_radicand_stable by assumption; reflexivity.
Qed.

Theorem Eq16_tree_adjacent : forall beta, 0 < a_p <= 1 -> 0 < beta < 1 -> a = a_p * (1 - beta) ->
  value eq16_variance_adjacent [eta; a; a_p; beta] = sigma_of_eta eta a a_p ^ 2.
Proof. intros beta Hp Hb E; rewrite (Eq16_adjacent a a_p beta eta Hp Hb E); reflexivity. Qed.

(** gamma is the factor that turns the squared error of eps into KL_t: the equal-variance KL of two
    normals whose means differ by c_t (x0 - f), with x0 - f = - sqrt ((1-a)/a) (eps0 - eps). *)
Theorem Theorem1_tree : 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 -> s <> 0 ->
  value theorem1_gamma [a; a_p; s ^ 2] = objective.gamma_step a a_p s /\
  forall x eps0 eps,
  value kl_normal_equal_variance [posterior_mean a a_p s x (predict_x0 a x eps0);
                                  posterior_mean a a_p s x (predict_x0 a x eps); s ^ 2]
  = value theorem1_gamma [a; a_p; s ^ 2] * (eps0 - eps) ^ 2.
Proof.
intros Ha Hp Hs S.
unfold objective.gamma_step.
assert (E : value theorem1_gamma [a; a_p; s ^ 2] = residual_weight a a_p s ^ 2 * (1 - a) / (2 * s ^ 2 * a)).
{ rewrite (Theorem1_residual_stable a a_p s Ha Hp Hs); reflexivity. }
split; [exact E|]; intros x eps0 eps; rewrite E; unfold residual_weight.
assert (D : posterior_mean a a_p s x (predict_x0 a x eps0) - posterior_mean a a_p s x (predict_x0 a x eps)
            = - (residual_weight a a_p s * sqrt (1 - a) / sqrt a) * (eps0 - eps)).
{ unfold posterior_mean, predict_x0, residual_weight; rewrite sqrt_div_alt by lra.
  field; split; apply sqrt_neq_0; lra. }
unfold value; cbn -[IZR pow posterior_mean]; rewrite D.
fold (residual_weight a a_p s).
assert (R1 := sqrt_squared a ltac:(lra)); assert (R2 := sqrt_squared (1 - a) ltac:(lra)).
assert (sqrt a <> 0) by (apply sqrt_neq_0; lra).
replace ((- (residual_weight a a_p s * sqrt (1 - a) / sqrt a) * (eps0 - eps)) ^ 2)
  with (residual_weight a a_p s ^ 2 * sqrt (1 - a) ^ 2 / sqrt a ^ 2 * (eps0 - eps) ^ 2) by (field; assumption).
rewrite R1, R2; field; repeat split; (assumption || lra).
Qed.

Theorem Theorem1_tree_first : value theorem1_gamma_first [a; s ^ 2] = objective.gamma_first a s.
Proof. reflexivity. Qed.

Theorem AppendixA_tree :
  value appendixa_noisy_weight [s] = weight_noisy s /\
  value appendixa_data_weight [a; a_p; s] = weight_data a a_p s /\
  value appendixa_uniform_weight [a; a_p; s] = weight_uniform a a_p s.
Proof. repeat split. Qed.

(** The divergence itself, an integral over densities. *)
Theorem KL_tree : forall m0 v0 m1 v1, 0 < v0 -> 0 < v1 ->
  objective.kl (gaussian.normal m0 v0) (gaussian.normal m1 v1) (value kl_normal [m0; v0; m1; v1]) /\
  objective.kl (gaussian.normal m0 v1) (gaussian.normal m1 v1) (value kl_normal_equal_variance [m0; m1; v1]).
Proof.
intros m0 v0 m1 v1 H0 H1; split; [now apply objective.KL_general|now apply objective.KL_equal].
Qed.

Theorem log_density_tree : forall m v x, 0 < v ->
  value normal_log_density [ln (2 * PI); m; v; x] = ln (gaussian.normal m v x).
Proof.
intros m v x Hv; tree; unfold gaussian.normal.
pose proof PI_RGT_0.
assert (S : 0 < sqrt (2 * PI * v)) by (apply sqrt_lt_R0; nra).
assert (L : ln (2 * PI) + ln v = 2 * ln (sqrt (2 * PI * v))).
{ rewrite <- ln_mult by lra; set (q := 2 * PI * v) in *.
  assert (Q : sqrt q * sqrt q = q) by (apply sqrt_sqrt; unfold q; nra).
  transitivity (ln (sqrt q * sqrt q)); [now rewrite Q|rewrite ln_mult by assumption; ring]. }
match goal with |- _ = ln (?e / ?q) => change (e / q) with (e * / q) end.
rewrite (ln_mult (exp _) (/ _)); [|apply exp_pos|now apply Rinv_0_lt_compat].
rewrite ln_exp, ln_Rinv by assumption; rewrite L; field; lra.
Qed.

Theorem Truth_tree : forall m v x, value truth_gaussian_eps [a; m; v; x] = truths.gaussian_eps m v a x.
Proof. reflexivity. Qed.
End Meaning.

(** ** The header *)

Definition formulas : list formula :=
  [affine2; affine3; lemma1_x0_coefficient; lemma1_std; lemma1_variance; lemma1_sample;
   eq7_x_coefficient; eq7_x0_coefficient; eq7_mean;
   eq8_prev_coefficient; eq8_mean; eq8_variance;
   nonmarkov_x0_coefficient; nonmarkov_x0_coefficient_of_eta;
   eq9_predict_x0; eq9_predict_eps; eq9_velocity; eq9_x0_from_velocity; eq9_eps_from_velocity;
   eq12_x_coefficient; eq12_eps_coefficient; eq12_eps_coefficient_as_written; eq12_direction;
   eq12_v_x_coefficient; eq12_v_coefficient; eq12_step;
   eq13_encode_x_coefficient; eq13_encode_eps_coefficient; eq14_ode_state; eq14_ode_sigma;
   eq16_variance; eq16_sigma; eq16_variance_adjacent; eq16_radicand; eq16_sigma_hat;
   theorem1_gamma; theorem1_gamma_first;
   appendixa_noisy_weight; appendixa_data_weight; appendixa_uniform_weight;
   kl_normal; kl_normal_equal_variance; normal_log_density; truth_gaussian_eps].

(** For programs that treat all formulas alike. *)
Fixpoint name_list (fs : list formula) : list string :=
  match fs with
  | [] => []
  | [f] => ["  X(" ++ name f ++ ")"; ""]
  | f :: rest => ("  X(" ++ name f ++ ") \") :: name_list rest
  end.

Definition formulas_hpp : string := header_of "DDIM_PROVED_FORMULAS_HPP" ["<cmath>"]
  ["// Each function is one syntax tree of proofs/arithmetic/formulas.v, whose meaning is proved to be the paper's.";
   "// Real is any type with + - * / and sqrt, abs, log found by argument-dependent lookup or in std.";
   "// No argument is checked: the domain is the theorem's.";
   "";
   "template <class Real>";
   "Real square(Real x) {";
   "  return x * x;";
   "}"] (map cpp formulas)
  (["// X(name) for every formula above."; "#define DDIM_PROVED_FORMULAS(X) \"] ++ name_list formulas).
