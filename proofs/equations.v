(** * The equations of the paper, one name per tag

    Song, Meng, Ermon, Denoising Diffusion Implicit Models (arXiv 2010.02502), in its numbering.
    Read it top to bottom beside the paper: every tag is a theorem whose whole statement stands
    here, and [audit.sh] compares these statements, the definitions they use and the axioms they
    rest on with a stored file.

    How to read it.
    - [a] is alpha_t of the paper (the cumulative product, alpha_bar in code), [a_p] is alpha_{t-1}
      (prev: one step nearer the data), [s] is sigma_t; [alpha_bar t] and [sigma t] along a chain.
    - [normal m v x] is the density at x of the normal law of mean m and VARIANCE v:
      exp (- (x - m)^2 / (2 v)) / sqrt (2 PI v).
    - [integral f l]: the integral of f over the real line converges, and is l.
    - [eq7_domain a a_p s]: 0 < a < 1, 0 < a_p < 1, 0 < s, s^2 <= 1 - a_p.
    - [chain_domain alpha_bar sigma T]: 1 <= T, 0 < alpha_bar T < 1, and [eq7_domain] for each step
      from t + 1 to t, 1 <= t < T.
    - A path [x] gives the state [x t] at each time; [product f lo n] and [sum f lo n] run over
      t = lo, ..., lo + n - 1.
    - [integrate_out indices f g]: integrating the states [indices] out of [f], the first one
      innermost, leaves [g]; every integral on the way converges.
    - [kl p r l]: the integral of p log (p / r) converges, and is l.
    - [tame f]: f is continuous and |f x| <= C exp (b |x|) for some C, b.  Every Lipschitz or
      polynomially bounded continuous function is.
    - Eq9 and back: [predict_x0 a x eps] = (x - sqrt (1 - a) eps) / sqrt a, [predict_eps a x x0] = (x - sqrt a x0) /
      sqrt (1 - a), [q_sample a x0 eps] = sqrt a x0 + sqrt (1 - a) eps.
    - [q_marginal a x0], [q_posterior a a_p s x0 x_t], [posterior_mean a a_p s x_t x0], [q_joint]: Eq6T, Eq7, Eq7's mean,
      Eq6; [q_bayes a a_p s x0 x_prev x_t]: Eq8's quotient; [p_first], [p_step], [p_joint]: Eq10.
    - [ddim_step a a_p s x eps z]: Eq12; [ddim_encode_step a a_p x eps]: from a_p up to a, at s = 0;
      [ddim_iterates e a x n]: n of them along a_0, a_1, ...; [path_length g n], [path_squares g n]: the sums of
      |h_i| and of h_i^2, h_i = g (i + 1) - g i.
    - [sigma_of_eta eta a a_p]: Eq16; [gamma_step a a_p s], [gamma alpha_bar sigma t]: Theorem1's exact weights.
    - [J], [L] (d = 1), [J_d], [losses_d]: Eq11 and L_gamma, as Theorem1 writes them out.
    - [truth_A], [truth_B], [truth_mean], [truth_variance]: the generative step for Gaussian data is x -> A x + B
      plus noise; mean and variance n steps below T.
    - [weigh data f]: the sum of w f(x) over weighted points, all w > 0 ([positive_data], [positive_weights]).
    - [point j], [total K f]: one-hot, and the sum over K categories.
    - [reached M c h], [null_expectation q N phi h l]: M was at least c at some time up to h; the expectation of
      phi after N more data is l ([reaches], [expected] for observations of any type).
    In R^d: [vec d] is R^d, a tuple; [normal_d d m v] the density of N(m, v I); [integral_d], [integrate_out_d],
    [kl_d] as above; [map2 d f x y] componentwise, [scale_d d k x] = k x, [plus_d], [minus_d], [const_d d c] =
    (c, ..., c), [dot], [norm_d], [distance2 d x y] = |x - y|^2; [tame_d], [tame_map d n f]: each component of f is
    continuous, all variables together, and at most C exp (b (|z_1| + ... + |z_d|)), [polynomial_map]: and at most
    a polynomial; [ddim_chain_d d alpha_bar eps_theta T n x]: x_{T-n} from x_T = x by the steps of Eq12 at s = 0;
    [euler_d d e g x n]: Euler's n steps along the grid g.
    Names ending in [_d] are kernels and densities in R^d of the name before it.  A statement with [_d] in its
    name stands beside its one-dimensional one; where there is none, statements are about one component. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require gaussian fubini predictor steps laws objective dimensions tower paths truths flow eprocess refuted discrete.
From ddim Require euclidean deterministic marginals networks empirical weights contraction mixture evidence student categorical.
Import euclidean deterministic marginals networks empirical weights contraction mixture evidence student categorical.
Import gaussian fubini predictor steps laws objective dimensions tower paths truths flow eprocess discrete.
Open Scope R_scope.

(** ** Foundation: the Gaussian integral; the normal law is normalised, with mean m and variance v *)

Theorem Gaussian :
  integral (fun x => exp (- x ^ 2)) (sqrt PI) /\
  forall m v, 0 < v ->
    integral (normal m v) 1 /\
    integral (fun x => normal m v x * x) m /\
    integral (fun x => normal m v x * (x - m) ^ 2) v /\
    forall a b c, integral (fun x => normal m v x * (a * x ^ 2 + b * x + c)) (a * (m ^ 2 + v) + b * m + c).
Proof.
split; [exact gauss_integral|]. intros m v Hv. repeat split.
- now apply normal_normalised.
- now apply normal_mean.
- now apply normal_variance.
- intros. now apply normal_quadratic.
Qed.

(** The density of N(m, v I) in R^d. *)
Theorem Normal_d : forall d m v x, 0 < v ->
  normal_d d m v x = exp (- distance2 d x m / (2 * v)) / sqrt (2 * PI * v) ^ d.
Proof. exact normal_d_isotropic. Qed.

(** ** The inference process *)

(** q(x_T | x_0) = N(sqrt a_T x_0, 1 - a_T). *)
Theorem Eq6T : forall a x0 x, q_marginal a x0 x = normal (sqrt a * x0) (1 - a) x.
Proof. reflexivity. Qed.

(** q(x_{t-1} | x_t, x_0): mean sqrt a_p x_0 + sqrt (1 - a_p - s^2) (x_t - sqrt a x_0) / sqrt (1 - a),
    variance s^2. *)
Theorem Eq7 : forall a a_p s x0 x_t x_prev,
  q_posterior a a_p s x0 x_t x_prev =
  normal (sqrt a_p * x0 + sqrt (1 - a_p - s ^ 2) * ((x_t - sqrt a * x0) / sqrt (1 - a))) (s ^ 2) x_prev.
Proof. reflexivity. Qed.

(** q(x_{1:T} | x_0) = q(x_T | x_0) times the product over t of q(x_{t-1} | x_t, x_0); it is a density. *)
Theorem Eq6 : forall alpha_bar sigma x0 T,
  (forall x, q_joint alpha_bar sigma x0 T x =
    q_marginal (alpha_bar T) x0 (x T) *
    product (fun t => q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t)) 1 (T - 1)) /\
  (chain_domain alpha_bar sigma T ->
    integrate_out (seq 1 T) (q_joint alpha_bar sigma x0 T) (fun _ => 1)).
Proof. split; [reflexivity|]. apply Eq6_normalised. Qed.

(** Along a path of states [x t] in R^d: Eq6, a density; Eq10. *)
Theorem Eq6_d : forall d alpha_bar sigma x0 T,
  (forall x, q_joint_d d alpha_bar sigma x0 T x =
    q_marginal_d d (alpha_bar T) x0 (x T) *
    product (fun t => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t)) 1 (T - 1)) /\
  (chain_domain alpha_bar sigma T ->
    integrate_out_d d (seq 1 T) (q_joint_d d alpha_bar sigma x0 T) (fun _ => 1)).
Proof. split; [reflexivity|]. apply Eq6_normalised_d. Qed.

(** q(x_t | x_0) = N(sqrt a_t x_0, 1 - a_t) for every t: integrate every other state out of Eq6. *)
Theorem Lemma1 : forall alpha_bar sigma x0 T t,
  chain_domain alpha_bar sigma T -> (1 <= t <= T)%nat ->
  integrate_out (seq 1 (t - 1) ++ rev (seq (S t) (T - t)))
    (q_joint alpha_bar sigma x0 T)
    (fun x => normal (sqrt (alpha_bar t) * x0) (1 - alpha_bar t) (x t)).
Proof. intros. now apply Lemma1_joint. Qed.

(** One step of it. *)
Theorem Lemma1_one_step : forall a a_p s x0 x_prev,
  eq7_domain a a_p s ->
  integral (fun x_t => normal (sqrt a * x0) (1 - a) x_t * q_posterior a a_p s x0 x_t x_prev)
    (normal (sqrt a_p * x0) (1 - a_p) x_prev).
Proof. exact Lemma1_step. Qed.

(** Along any increasing sub-sequence tau, with its own sigmas. *)
Theorem Lemma1_tau : forall alpha_bar T (tau : nat -> nat) sigma n x0 (q : nat -> R -> R),
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) ->
  (1 <= n)%nat -> (forall i, (1 <= i <= n)%nat -> (1 <= tau i <= T)%nat) ->
  (forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat) ->
  (forall i, (1 <= i < n)%nat -> 0 < sigma (S i) /\ sigma (S i) ^ 2 <= 1 - alpha_bar (tau i)) ->
  (forall x, q n x = normal (sqrt (alpha_bar (tau n)) * x0) (1 - alpha_bar (tau n)) x) ->
  (forall i x_prev, (1 <= i < n)%nat ->
     integral (fun x => q (S i) x *
       q_posterior (alpha_bar (tau (S i))) (alpha_bar (tau i)) (sigma (S i)) x0 x x_prev) (q i x_prev)) ->
  forall i x, (1 <= i <= n)%nat -> q i x = normal (sqrt (alpha_bar (tau i)) * x0) (1 - alpha_bar (tau i)) x.
Proof. exact Lemma1_subsequence. Qed.

(** Over R^d: every other state integrated out of Eq6. *)
Theorem Lemma1_d : forall d alpha_bar sigma (x0 : vec d) T t,
  chain_domain alpha_bar sigma T -> (1 <= t <= T)%nat ->
  integrate_out_d d (seq 1 (t - 1) ++ rev (seq (S t) (T - t)))
    (q_joint_d d alpha_bar sigma x0 T)
    (fun x => normal_d d (scale_d d (sqrt (alpha_bar t)) x0) (1 - alpha_bar t) (x t)).
Proof. intros d alpha_bar sigma x0 T t D Ht. exact (Lemma1_joint_d d alpha_bar sigma x0 T D t Ht). Qed.

(** The same along a sub-sequence tau, for the chain with sigmas of its own. *)
Theorem Lemma1_tau_d : forall d alpha_bar (tau : nat -> nat) sigma n (x0 : vec d) i,
  chain_domain (fun i => alpha_bar (tau i)) sigma n -> (1 <= i <= n)%nat ->
  integrate_out_d d (seq 1 (i - 1) ++ rev (seq (S i) (n - i)))
    (q_joint_d d (fun i => alpha_bar (tau i)) sigma x0 n)
    (fun x => normal_d d (scale_d d (sqrt (alpha_bar (tau i))) x0) (1 - alpha_bar (tau i)) (x i)).
Proof. exact Lemma1_tau_joint_d. Qed.

(** And Eq6's own marginal at tau: integrating every state outside tau (first those below tau 1, then those
    above tau n, then the [gaps]) leaves Eq6 along tau, with sigma_tau (i + 1)^2 the variance of x_tau(i)
    given x_tau(i+1) and x_0 ([bridge]: s''^2 = s'^2 + (1 - a_q - s'^2) s^2 / (1 - a_p), step by step). *)
Theorem Eq6_tau_d : forall d alpha_bar sigma (x0 : vec d) T (tau : nat -> nat) n,
  chain_domain alpha_bar sigma T -> (1 <= n)%nat -> (1 <= tau 1%nat)%nat -> (tau n <= T)%nat ->
  (forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat) ->
  integrate_out_d d (seq 1 (tau 1%nat - 1) ++ rev (seq (S (tau n)) (T - tau n)) ++ gaps tau (n - 1))
    (q_joint_d d alpha_bar sigma x0 T)
    (fun x => q_joint_d d (fun i => alpha_bar (tau i)) (sigma_tau alpha_bar sigma tau) x0 n (fun i => x (tau i))).
Proof. intros. now apply marginals.Eq6_tau_d. Qed.

(** ** The forward process *)

(** q(x_t | x_{t-1}, x_0) by Bayes' rule: the quotient of three densities is this normal density. *)
Theorem Eq8 : forall a a_p s x0 x_prev x_t,
  eq7_domain a a_p s ->
  q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev =
  normal (sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0))
         (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof. exact Eq8_closed_form. Qed.

Theorem Eq8_d : forall d a a_p s x0 x_prev x_t,
  eq7_domain a a_p s ->
  q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev =
  normal_d d (map2 d (fun x0 x_prev =>
      sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0)) x0 x_prev)
    (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof. exact Eq8_closed_form_d. Qed.

(** That quotient forgets x_0 exactly at DDPM's variance: otherwise the forward process is not Markov. *)
Theorem NonMarkov : forall a a_p s,
  eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t,
      q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev =
      q_posterior a a_p s x0' x_t x_prev * q_marginal a x0' x_t / q_marginal a_p x0' x_prev) <->
   s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof. exact NonMarkov_iff. Qed.

Theorem NonMarkov_d : forall d a a_p s,
  (1 <= d)%nat -> eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t,
      q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev =
      q_posterior_d d a a_p s x0' x_t x_prev * q_marginal_d d a x0' x_t / q_marginal_d d a_p x0' x_prev) <->
   s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof. exact NonMarkov_iff_d. Qed.

(** In e_t = (x_t - sqrt a_t x_0) / sqrt (1 - a_t) the chain is AR(1), read down or up:
    rho^2 = 1 - s^2 / (1 - a_p); the factors sqrt (1 - a) are Jacobians. *)
Theorem AR1 : forall a a_p s x0 x_t x_prev,
  eq7_domain a a_p s ->
  let rho := sqrt (1 - a_p - s ^ 2) / sqrt (1 - a_p) in
  let e_t := (x_t - sqrt a * x0) / sqrt (1 - a) in
  let e_prev := (x_prev - sqrt a_p * x0) / sqrt (1 - a_p) in
  rho ^ 2 = 1 - s ^ 2 / (1 - a_p) /\
  sqrt (1 - a) * q_marginal a x0 x_t = normal 0 1 e_t /\
  sqrt (1 - a_p) * q_posterior a a_p s x0 x_t x_prev = normal (rho * e_t) (1 - rho ^ 2) e_prev /\
  sqrt (1 - a) * q_bayes a a_p s x0 x_prev x_t = normal (rho * e_prev) (1 - rho ^ 2) e_t.
Proof.
intros a a_p s x0 x_t x_prev H. assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
cbv zeta. repeat split.
- apply rho_square; [apply Hap|exact Hd].
- now apply AR1_marginal.
- exact (AR1_reverse a a_p s x0 x_t x_prev H).
- exact (AR1_forward a a_p s x0 x_prev x_t H).
Qed.

(** The joint law, built down by Eq7 or up by Eq8, is one law. *)
Theorem AR1_path : forall alpha_bar sigma T x0 (x : nat -> R),
  chain_domain alpha_bar sigma T ->
  q_joint alpha_bar sigma x0 T x =
  q_marginal (alpha_bar 1%nat) x0 (x 1%nat) *
  product (fun t => q_bayes (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x t) (x (S t))) 1 (T - 1).
Proof. exact AR1_joint. Qed.

(** ** The generative process *)

(** f_theta(x_t) = (x_t - sqrt (1 - a) eps) / sqrt a, the x_0 for which x_t = sqrt a x_0 + sqrt (1 - a) eps. *)
Theorem Eq9 : forall a x x0 eps, 0 < a < 1 ->
  (x = sqrt a * x0 + sqrt (1 - a) * eps <-> x0 = (x - sqrt (1 - a) * eps) / sqrt a) /\
  (x = sqrt a * x0 + sqrt (1 - a) * eps <-> eps = (x - sqrt a * x0) / sqrt (1 - a)).
Proof. intros a x x0 eps [H0 H1]. split; [now apply Eq9_x0|now apply Eq9_eps]. Qed.

(** v = sqrt a eps - sqrt (1 - a) x_0 gives back x_0 and eps, for every a in [0, 1]. *)
Theorem Eq9_v : forall a x0 eps, 0 <= a <= 1 ->
  let x := sqrt a * x0 + sqrt (1 - a) * eps in
  let v := sqrt a * eps - sqrt (1 - a) * x0 in
  sqrt a * x - sqrt (1 - a) * v = x0 /\ sqrt (1 - a) * x + sqrt a * v = eps.
Proof.
intros a x0 eps H. split; [exact (Eq9_velocity_gives_x0 a x0 eps H)|exact (Eq9_velocity_gives_eps a x0 eps H)].
Qed.

(** p_theta(x_{t-1} | x_t): Eq7 with x_0 := f_theta(x_t) for t > 1; N(f_theta(x_1), sigma_1^2) at t = 1;
    p(x_T) = N(0, 1). *)
Theorem Eq10 :
  (forall a a_p s x eps, 0 < a < 1 ->
     posterior_mean a a_p s x ((x - sqrt (1 - a) * eps) / sqrt a) =
     sqrt a_p * ((x - sqrt (1 - a) * eps) / sqrt a) + sqrt (1 - a_p - s ^ 2) * eps) /\
  (forall alpha_bar sigma T eps_theta x0 x,
     let f t := (x t - sqrt (1 - alpha_bar t) * eps_theta t (x t)) / sqrt (alpha_bar t) in
     p_joint alpha_bar sigma T eps_theta x0 x =
     normal 0 1 (x T) *
     product (fun t => q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) (f (S t)) (x (S t)) (x t)) 1 (T - 1) *
     normal (f 1%nat) (sigma 1%nat ^ 2) x0).
Proof. split; [exact Eq10_later|reflexivity]. Qed.

Theorem Eq10_d : forall d alpha_bar sigma T eps_theta x0 x,
  let f t := map2 d (predict_x0 (alpha_bar t)) (x t) (eps_theta t (x t)) in
  p_joint_d d alpha_bar sigma T eps_theta x0 x =
  normal_d d (const_d d 0) 1 (x T) *
  product (fun t => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) (f (S t)) (x (S t)) (x t)) 1 (T - 1) *
  normal_d d (f 1%nat) (sigma 1%nat ^ 2) x0.
Proof. reflexivity. Qed.

(** ** The objective *)

(** Lines 1 and 2 of Eq11 agree on every path. *)
Theorem Eq11 : forall alpha_bar sigma T eps_theta x0 x,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  ln (q_joint alpha_bar sigma x0 T x / p_joint alpha_bar sigma T eps_theta x0 x) =
  ln (q_marginal (alpha_bar T) x0 (x T))
  + sum (fun t => ln (q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t))) 1 (T - 1)
  - (ln (p_first alpha_bar sigma eps_theta (x 1%nat) x0)
     + sum (fun t => ln (p_step alpha_bar sigma eps_theta t (x (S t)) (x t))) 1 (T - 1))
  - ln (normal 0 1 (x T)).
Proof. intros alpha_bar sigma T eps_theta x0 x H H1. exact (Eq11_lines alpha_bar sigma T H H1 eps_theta x0 x). Qed.

(** Lines 1 and 2 of Eq11 agree on every path; eps_theta may couple the components. *)
Theorem Eq11_d : forall d alpha_bar sigma T eps_theta x0 x,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  ln (q_joint_d d alpha_bar sigma x0 T x / p_joint_d d alpha_bar sigma T eps_theta x0 x) =
  ln (q_marginal_d d (alpha_bar T) x0 (x T))
  + sum (fun t => ln (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t))) 1 (T - 1)
  - (ln (p_first_d d alpha_bar sigma eps_theta (x 1%nat) x0)
     + sum (fun t => ln (p_step_d d alpha_bar sigma eps_theta t (x (S t)) (x t))) 1 (T - 1))
  - ln (normal_d d (const_d d 0) 1 (x T)).
Proof. intros d alpha_bar sigma T eps_theta x0 x H H1. exact (Eq11_lines_d d alpha_bar sigma T H H1 eps_theta x0 x). Qed.

(** Kullback-Leibler divergences of normal laws. *)
Theorem KL : forall m1 v1 m2 v2, 0 < v1 -> 0 < v2 ->
  kl (normal m1 v1) (normal m2 v2) ((ln (v2 / v1) + (v1 + (m1 - m2) ^ 2) / v2 - 1) / 2) /\
  kl (normal m1 v1) (normal m2 v1) ((m1 - m2) ^ 2 / (2 * v1)).
Proof. intros. split; [now apply KL_general|now apply KL_equal]. Qed.

Theorem KL_d : forall d m1 v1 m2 v2, 0 < v1 -> 0 < v2 ->
  kl_d d (normal_d d m1 v1) (normal_d d m2 v2)
    ((INR d * (ln (v2 / v1) + v1 / v2 - 1) + distance2 d m1 m2 / v2) / 2).
Proof. exact KL_general_d. Qed.

(** J, the integral over x_1, ..., x_T of q log (q / p), converges for every tame model, and is a
    sum of divergences and an expected log likelihood, all of which converge. *)
Theorem Eq11_J : forall alpha_bar sigma T eps_theta x0,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t <= T)%nat -> tame (eps_theta t)) ->
  exists (KL_T : R) (KL : nat -> R -> R) (mean_KL : nat -> R) (nll : R),
    kl (q_marginal (alpha_bar T) x0) (normal 0 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl (q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x)
         (p_step alpha_bar sigma eps_theta t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral (fun x => q_marginal (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral (fun x => q_marginal (alpha_bar 1%nat) x0 x * - ln (p_first alpha_bar sigma eps_theta x x0)) nll /\
    integrate_out (seq 1 T)
      (fun x => q_joint alpha_bar sigma x0 T x *
        ln (q_joint alpha_bar sigma x0 T x / p_joint alpha_bar sigma T eps_theta x0 x))
      (fun _ => KL_T + sum mean_KL 1 (T - 1) + nll).
Proof.
intros alpha_bar sigma T eps_theta x0 H H1 Hm.
exact (Eq11_KL_form alpha_bar sigma T H H1 eps_theta x0 Hm).
Qed.

(** J, the integral over x_1, ..., x_T in R^d of q log (q / p), converges to its KL form, all terms of which
    converge.  [tame_map d d f]: each component of f is continuous, all variables together, and at most
    C exp (b (|z_1| + ... + |z_d|)). *)
Theorem Eq11_J_d : forall d alpha_bar sigma T (eps_theta : nat -> vec d -> vec d) x0,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta t)) ->
  exists (KL_T : R) (KL : nat -> vec d -> R) (mean_KL : nat -> R) (nll : R),
    kl_d d (q_marginal_d d (alpha_bar T) x0) (normal_d d (const_d d 0) 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl_d d (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x)
             (p_step_d d alpha_bar sigma eps_theta t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral_d d (fun x => q_marginal_d d (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral_d d (fun x => q_marginal_d d (alpha_bar 1%nat) x0 x *
      - ln (p_first_d d alpha_bar sigma eps_theta x x0)) nll /\
    integrate_out_d d (seq 1 T)
      (fun x => q_joint_d d alpha_bar sigma x0 T x *
        ln (q_joint_d d alpha_bar sigma x0 T x / p_joint_d d alpha_bar sigma T eps_theta x0 x))
      (fun _ => KL_T + sum mean_KL 1 (T - 1) + nll).
Proof.
intros d alpha_bar sigma T eps_theta x0 H H1 Hm.
exact (Eq11_KL_form_d d alpha_bar sigma T H H1 eps_theta x0 Hm).
Qed.

(** The exact weights: gamma_1 = (1 - a_1) / (2 s_1^2 a_1) and, for t > 1,
    gamma_t = c_t^2 (1 - a_t) / (2 s_t^2 a_t), c_t = sqrt a_p - sqrt (1 - a_p - s^2) sqrt (a / (1 - a)).
    They are positive, and J = L_gamma + C, where C does not mention the model. *)
Theorem Theorem1 : forall alpha_bar sigma T,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) ->
  exists gamma : nat -> R,
    gamma 1%nat = (1 - alpha_bar 1%nat) / (2 * sigma 1%nat ^ 2 * alpha_bar 1%nat) /\
    (forall t, (1 <= t < T)%nat ->
      let a := alpha_bar (S t) in let a_p := alpha_bar t in let s := sigma (S t) in
      gamma (S t) = (sqrt a_p - sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a))) ^ 2 * (1 - a) / (2 * s ^ 2 * a)) /\
    (forall t, (1 <= t <= T)%nat -> 0 < gamma t) /\
    forall x0, exists C, forall eps_theta, (forall t, (1 <= t <= T)%nat -> tame (eps_theta t)) ->
      exists loss : nat -> R,
        (forall t, (1 <= t <= T)%nat ->
          integral (fun eps => normal 0 1 eps *
            (eps - eps_theta t (sqrt (alpha_bar t) * x0 + sqrt (1 - alpha_bar t) * eps)) ^ 2) (loss t)) /\
        integrate_out (seq 1 T)
          (fun x => q_joint alpha_bar sigma x0 T x *
            ln (q_joint alpha_bar sigma x0 T x / p_joint alpha_bar sigma T eps_theta x0 x))
          (fun _ => sum (fun t => gamma t * loss t) 1 T + C).
Proof.
intros alpha_bar sigma T H H1 Hdec. exists (gamma alpha_bar sigma).
split; [reflexivity|]. split; [intros [|t] Ht; [inversion Ht as [K _]; inversion K|reflexivity]|].
split; [intros t Ht; now apply (gamma_pos alpha_bar sigma T)|].
intros x0. exists (Theorem1_constant alpha_bar sigma T x0). intros eps_theta Hm.
destruct (Theorem1_exact alpha_bar sigma T H H1 eps_theta x0 Hm) as (j & l & Hj & [e [He ->]] & ->).
exists e. split; [exact He|exact Hj].
Qed.

(** No other weights will do, and the printed 1 / (2 s^2 a_t) is another: 625/162 against 128/81. *)
Theorem Theorem1_unique : forall alpha_bar sigma T weights x0,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall eps_theta eps_theta' j j' l l',
     (forall t, (1 <= t <= T)%nat -> tame (eps_theta t)) -> (forall t, (1 <= t <= T)%nat -> tame (eps_theta' t)) ->
     J alpha_bar sigma T eps_theta x0 j -> L alpha_bar T weights eps_theta x0 l ->
     J alpha_bar sigma T eps_theta' x0 j' -> L alpha_bar T weights eps_theta' x0 l' ->
     j - l = j' - l') ->
  forall t, (1 <= t <= T)%nat -> weights t = gamma alpha_bar sigma t.
Proof. intros alpha_bar sigma T w x0 H H1. exact (Theorem1_weights_unique alpha_bar sigma T H H1 w x0). Qed.

Theorem Theorem1_printed_weight :
  gamma_step (9 / 25) (16 / 25) (3 / 5) = 128 / 81 /\ / (2 * (3 / 5) ^ 2 * (9 / 25)) = 625 / 162.
Proof. exact refuted.printed_weight_value. Qed.

(** The printed weight is too large wherever it is used: at every t > 1, and at t = 1. *)
Theorem Theorem1_printed_weight_everywhere :
  (forall a a_p s, eq7_domain a a_p s -> gamma_step a a_p s < / (2 * s ^ 2 * a)) /\
  (forall a s, 0 < a < 1 -> 0 < s -> (1 - a) / (2 * s ^ 2 * a) < / (2 * s ^ 2 * a)).
Proof. split; [exact printed_weight_too_large|exact printed_first_weight_too_large]. Qed.

(** At eta = 1 the weight is (SNR(t-1) / SNR(t) - 1) / 2, with SNR = a / (1 - a). *)
Theorem Theorem1_ddpm : forall a a_p, 0 < a < a_p -> a_p < 1 ->
  gamma_step a a_p (sigma_of_eta 1 a a_p) = ((a_p / (1 - a_p)) / (a / (1 - a)) - 1) / 2.
Proof. exact gamma_ddpm. Qed.

(** In DDPM's letters, a = a_p (1 - beta): beta^2 / (2 s^2 (1 - beta) (1 - a)). *)
Theorem Theorem1_beta : forall a a_p beta, 0 < a_p < 1 -> 0 < beta < 1 -> a = a_p * (1 - beta) ->
  let s := sigma_of_eta 1 a a_p in
  gamma_step a a_p s = beta ^ 2 / (2 * s ^ 2 * (1 - beta) * (1 - a)).
Proof. exact gamma_beta. Qed.

(** That J is L_gamma + C, where C does not mention the model. *)
Theorem Theorem1_d_J : forall d alpha_bar sigma T,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  forall x0, exists C, forall eps_theta : nat -> vec d -> vec d,
  (forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta t)) ->
  exists loss : nat -> R,
    (forall t, (1 <= t <= T)%nat ->
      integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
        distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t)) /\
    integrate_out_d d (seq 1 T)
      (fun x => q_joint_d d alpha_bar sigma x0 T x *
        ln (q_joint_d d alpha_bar sigma x0 T x / p_joint_d d alpha_bar sigma T eps_theta x0 x))
      (fun _ => sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + C).
Proof.
intros d alpha_bar sigma T H H1 x0. exists (Theorem1_constant_d d alpha_bar sigma T x0). intros eps_theta Hm.
exact (Theorem1_exact_d d alpha_bar sigma T H H1 eps_theta x0 Hm).
Qed.

(** No other weights will do. *)
Theorem Theorem1_d_unique : forall d alpha_bar sigma T weights x0,
  (1 <= d)%nat -> chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall eps_theta eps_theta' j j' loss loss',
     (forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta t)) ->
     (forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta' t)) ->
     J_d d alpha_bar sigma T eps_theta x0 j -> losses_d d alpha_bar T eps_theta x0 loss ->
     J_d d alpha_bar sigma T eps_theta' x0 j' -> losses_d d alpha_bar T eps_theta' x0 loss' ->
     j - sum (fun t => weights t * loss t) 1 T = j' - sum (fun t => weights t * loss' t) 1 T) ->
  forall t, (1 <= t <= T)%nat -> weights t = gamma alpha_bar sigma t.
Proof. exact Theorem1_weights_unique_d. Qed.

(** For J in its KL form less is asked of the model: where the losses
    E|eps - eps_theta|^2 exist, so do all terms of J, and J = L_gamma + C. *)
Theorem Theorem1_d : forall d alpha_bar sigma T,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  forall (eps_theta : nat -> vec d -> vec d) (x0 : vec d) (loss : nat -> R),
  (forall t, (1 <= t <= T)%nat ->
    integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t)) ->
  exists (KL_T : R) (KL : nat -> vec d -> R) (mean_KL : nat -> R) (nll : R),
    kl_d d (q_marginal_d d (alpha_bar T) x0) (normal_d d (const_d d 0) 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl_d d (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x)
             (p_step_d d alpha_bar sigma eps_theta t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral_d d (fun x => q_marginal_d d (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral_d d (fun x => q_marginal_d d (alpha_bar 1%nat) x0 x *
      - ln (p_first_d d alpha_bar sigma eps_theta x x0)) nll /\
    KL_T + sum mean_KL 1 (T - 1) + nll =
    sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + Theorem1_constant_d d alpha_bar sigma T x0.
Proof. exact Theorem1_KL_form_d. Qed.

(** Those losses exist when the squared errors are continuous and of at most exponential growth:
    [tame_d d f] is joint continuity and |f z| <= C exp (b (|z_1| + ... + |z_d|)). *)
Theorem Theorem1_d_losses : forall d alpha_bar T (eps_theta : nat -> vec d -> vec d) (x0 : vec d),
  (forall t, (1 <= t <= T)%nat ->
    tame_d d (fun eps => distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps)))) ->
  exists loss : nat -> R, forall t, (1 <= t <= T)%nat ->
    integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t).
Proof. exact Theorem1_losses_exist_d. Qed.

(** Networks are admitted: dense layers of any widths and activations that are continuous and of polynomial
    growth (ReLU, tanh, sigmoid, SiLU), one network for each t; [run net] is the map it computes. *)
Theorem Theorem1_networks : forall d alpha_bar sigma T x0,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  exists C, forall net : nat -> network d d, (forall t, (1 <= t <= T)%nat -> activations_in (net t)) ->
  exists loss : nat -> R,
    (forall t, (1 <= t <= T)%nat ->
      integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
        distance2 d eps (run (net t) (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t)) /\
    integrate_out_d d (seq 1 T)
      (fun x => q_joint_d d alpha_bar sigma x0 T x *
        ln (q_joint_d d alpha_bar sigma x0 T x / p_joint_d d alpha_bar sigma T (fun t => run (net t)) x0 x))
      (fun _ => sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + C).
Proof. exact networks.Theorem1_networks. Qed.

(** Over a data set of weighted points: [data_J ... j] says that j is the average of the points' J,
    [data_loss ... a f l] that l is the average of E|eps - f(x_t)|^2, [data_L ... w] that of L_w. *)
Theorem Theorem1_data : forall d alpha_bar sigma T (data : list (R * vec d)),
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  exists C, forall eps_theta : nat -> vec d -> vec d,
  (forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta t)) ->
  exists loss : nat -> R,
    (forall t, (1 <= t <= T)%nat -> data_loss d data (alpha_bar t) (eps_theta t) (loss t)) /\
    data_J d alpha_bar sigma T data eps_theta (sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + C).
Proof.
intros d alpha_bar sigma T data D H1. exists (data_constant d alpha_bar sigma T data).
exact (Theorem1_empirical d alpha_bar sigma T data D H1).
Qed.

(** What it is for: where parameters are not shared over t (the model at each t is any of [models t]), a model
    minimises J if and only if it minimises L_1, with no weights at all. *)
Theorem Theorem1_minimisers : forall d alpha_bar sigma T (data : list (R * vec d))
    (models : nat -> (vec d -> vec d) -> Prop) e,
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) ->
  (forall t f, (1 <= t <= T)%nat -> models t f -> tame_map d d f) ->
  (minimises (separate d T models) (data_J d alpha_bar sigma T data) e <->
   minimises (separate d T models) (data_L d alpha_bar T data (fun _ => 1)) e).
Proof.
intros d alpha_bar sigma T data models e D H1 Hdec Hm.
exact (proj1 (minimisers_coincide d alpha_bar sigma T data D H1 models Hm e Hdec)).
Qed.

(** And the minimiser over all continuous models of polynomial growth: the average of the points' eps, each
    weighted by its share in the density of x_t. *)
Theorem Theorem1_best : forall d alpha_bar sigma T (data : list (R * vec d)),
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) -> positive_weights data ->
  let models (_ : nat) := polynomial_map d d in
  let best t := empirical_eps d (alpha_bar t) data in
  minimises (separate d T models) (data_J d alpha_bar sigma T data) best /\
  minimises (separate d T models) (data_L d alpha_bar T data (fun _ => 1)) best.
Proof. exact empirical_minimises. Qed.

(** ** The sampler *)

(** x_{t-1} = sqrt a_p f_theta(x_t) + sqrt (1 - a_p - s^2) eps + s z: Eq10's mean plus noise; and at
    s = 0 it carries N(sqrt a x_0, 1 - a) to N(sqrt a_p x_0, 1 - a_p). *)
Theorem Eq12 :
  (forall a a_p s x eps z, 0 < a < 1 ->
    sqrt a_p * ((x - sqrt (1 - a) * eps) / sqrt a) + sqrt (1 - a_p - s ^ 2) * eps + s * z =
    posterior_mean a a_p s x ((x - sqrt (1 - a) * eps) / sqrt a) + s * z) /\
  (forall a a_p x0 l r, 0 < a < 1 -> 0 < a_p < 1 ->
    let step x := ddim_step a a_p 0 x ((x - sqrt a * x0) / sqrt (1 - a)) 0 in
    RInt (normal (sqrt a_p * x0) (1 - a_p)) (step l) (step r) = RInt (normal (sqrt a * x0) (1 - a)) l r).
Proof. split; [exact Eq12_is_Eq10|exact Eq12_push_forward]. Qed.

(** At s = 0, in R^d and as a whole: whatever is averaged, x_T ~ q(x_T | x_0) makes the state n steps down
    the deterministic chain have the law q(x_{T-n} | x_0), and with alpha_bar 0 = 1 the chain ends at x_0. *)
Theorem Eq12_d : forall d alpha_bar T (x0 : vec d),
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> (1 <= T)%nat ->
  let eps t x := map2 d (fun x x0 => (x - sqrt (alpha_bar t) * x0) / sqrt (1 - alpha_bar t)) x x0 in
  let chain n := ddim_chain_d d alpha_bar eps T n in
  let q t := normal_d d (scale_d d (sqrt (alpha_bar t)) x0) (1 - alpha_bar t) in
  (forall n phi l, (n < T)%nat ->
    (integral_d d (fun y => q (T - n)%nat y * phi y) l <-> integral_d d (fun x => q T x * phi (chain n x)) l)) /\
  (alpha_bar O = 1 -> forall x, chain T x = x0).
Proof.
intros d alpha_bar T x0 Ha HT. split.
- intros n phi l Hn. exact (deterministic_marginals d alpha_bar T x0 n Ha Hn phi l).
- intros H0 x. exact (deterministic_end d alpha_bar T x0 x Ha H0 HT).
Qed.

(** At s = 0, in xbar = x / sqrt a, Eq12 is Euler's step of d xbar = eps d(sqrt ((1 - a) / a)); reversed
    with the same eps it encodes. *)
Theorem Eq13 : forall a a_p x eps, 0 < a <= 1 -> 0 < a_p <= 1 ->
  ddim_step a a_p 0 x eps 0 / sqrt a_p = x / sqrt a + (sqrt ((1 - a_p) / a_p) - sqrt ((1 - a) / a)) * eps /\
  ddim_step a a_p 0 (ddim_encode_step a a_p x eps) eps 0 = x /\
  ddim_encode_step a a_p (ddim_step a a_p 0 x eps 0) eps = x.
Proof. intros. split; [now apply Eq13_euler|now apply Eq13_encode_then_decode]. Qed.

(** The ODE d xbar = e(xbar, r) dr in r = sqrt ((1 - a) / a): on any grid the sampler stays within
    exp (L S) (E_0 + M / 2 sum h_i^2) of its solution y. *)
Theorem Eq14 : forall (e : R -> R -> R) (y : R -> R) (L M lo hi : R),
  0 <= L -> 0 <= M ->
  (forall x x' r, lo <= r <= hi -> Rabs (e x r - e x' r) <= L * Rabs (x - x')) ->
  (forall r, lo <= r <= hi -> is_derive y r (e (y r) r)) ->
  (forall r r', lo <= r <= hi -> lo <= r' <= hi -> Rabs (e (y r) r - e (y r') r') <= M * Rabs (r - r')) ->
  forall (a : nat -> R) (x : R) (n : nat),
  (forall i, (i <= n)%nat -> 0 < a i <= 1) ->
  (forall i, (i <= n)%nat -> lo <= sqrt ((1 - a i) / a i) <= hi) ->
  let g i := sqrt ((1 - a i) / a i) in
  Rabs (ddim_iterates e a x n / sqrt (a n) - y (g n)) <=
  exp (L * path_length g n) * (Rabs (x / sqrt (a O) - y (g O)) + M / 2 * path_squares g n).
Proof. exact Eq14_sampler_error. Qed.

(** In R^d, going down in r.  Where <e(x) - e(z), x - z> >= - nu |x - z|^2 the exponent is nu S + L^2/2 sum h^2
    and not L S; where e is also the gradient of a convex function (|e(x) - e(z)|^2 <= l <e(x) - e(z), x - z>)
    and no step is longer than 2 / l there is no factor at all. *)
Theorem Eq14_d : forall d (e : vec d -> R -> vec d) (y : R -> vec d) (M lo hi : R) (g : nat -> R) (n : nat) (x : vec d),
  let norm := norm_d d in let minus := minus_d d in
  0 <= M ->
  (forall r, lo <= r <= hi -> is_derive_d d y r (e (y r) r)) ->
  (forall r r', lo <= r <= hi -> lo <= r' <= hi -> norm (minus (e (y r) r) (e (y r') r')) <= M * Rabs (r - r')) ->
  (forall i, (i <= n)%nat -> lo <= g i <= hi) -> (forall i, (i < n)%nat -> g (S i) <= g i) ->
  (forall nu L, 0 <= nu -> 0 <= L ->
    (forall i x z, (i < n)%nat -> - nu * norm (minus x z) ^ 2 <= dot d (minus (e x (g i)) (e z (g i))) (minus x z)) ->
    (forall i x z, (i < n)%nat -> norm (minus (e x (g i)) (e z (g i))) <= L * norm (minus x z)) ->
    norm (minus (euler_d d e g x n) (y (g n))) <=
    exp (nu * path_length g n + L ^ 2 / 2 * path_squares g n) * (norm (minus x (y (g O))) + M / 2 * path_squares g n)) /\
  (forall l : R -> R, (forall i, (i < n)%nat -> Rabs (g (S i) - g i) * l (g i) <= 2) ->
    (forall i x z, (i < n)%nat ->
      norm (minus (e x (g i)) (e z (g i))) ^ 2 <= l (g i) * dot d (minus (e x (g i)) (e z (g i))) (minus x z) /\
      0 <= dot d (minus (e x (g i)) (e z (g i))) (minus x z)) ->
    norm (minus (euler_d d e g x n) (y (g n))) <= norm (minus x (y (g O))) + M / 2 * path_squares g n).
Proof.
intros d e y M lo hi g n x norm minus HM HS HV HI HD. split.
- exact (fun nu L => Eq14_one_sided d e y M lo hi HM HS HV g n HI HD nu L x).
- exact (fun l Hl Hc => Eq14_nonexpansive d e y M lo hi HM HS HV g n HI HD l Hl Hc x).
Qed.

(** Eq15, Euler's step of the probability flow in r^2 = (1 - a) / a, is DDIM's to first order only: the
    gap is (r' - r)^2 / (2 r) eps.  In the limit both follow the probability flow: for data w_i, x_i,
    p r x = sum w_i N(x_i, r^2)(x) and its best eps, the score d log p / dx is - eps / r, and
    dp/dr + d(p eps)/dx = 0. *)
Theorem Eq15 :
  (forall a a_p x eps, 0 < a < 1 -> 0 < a_p <= 1 ->
    let r := sqrt ((1 - a) / a) in let r' := sqrt ((1 - a_p) / a_p) in
    (x / sqrt a + 1 / 2 * ((1 - a_p) / a_p - (1 - a) / a) * sqrt (a / (1 - a)) * eps)
    - ddim_step a a_p 0 x eps 0 / sqrt a_p = (r' - r) ^ 2 / (2 * r) * eps) /\
  (forall data r x, positive_data data -> 0 < r ->
    let p r x := weigh data (fun y => normal y (r ^ 2) x) in
    let eps r x := weigh data (fun y => normal y (r ^ 2) x * ((x - y) / r)) / p r x in
    is_derive (fun x => ln (p r x)) x (- eps r x / r) /\
    exists rate, is_derive (fun r => p r x) r rate /\ is_derive (fun x => p r x * eps r x) x (- rate)).
Proof.
split.
- intros a a_p x eps Ha Hp r r'. assert (G := Eq15_gap a a_p x eps Ha Hp). unfold Eq15_step in G.
  assert (H := sqrt_lt_R0 a_p (proj1 Hp)).
  assert (K : forall y, y = sqrt a_p * y / sqrt a_p) by (intro; field; now apply Rgt_not_eq).
  refine (eq_trans _ G). f_equal. apply K.
- intros data r x Hd Hr. split; [exact (proj1 (flow_score data r x Hd Hr))|exact (flow_continuity data r x Hd Hr)].
Qed.

(** sigma_t(eta) = eta sqrt ((1 - a_p) / (1 - a)) sqrt (1 - a / a_p): in Eq7's domain for 0 < eta <= 1;
    at eta = 1 the forward kernel and the posterior are DDPM's. *)
Theorem Eq16 : forall a a_p, 0 < a < a_p -> a_p < 1 ->
  let sigma eta := eta * sqrt ((1 - a_p) / (1 - a)) * sqrt (1 - a / a_p) in
  (forall eta, 0 < eta <= 1 -> eq7_domain a a_p (sigma eta)) /\
  (forall x0 x_prev x_t, q_bayes a a_p (sigma 1) x0 x_prev x_t =
     normal (sqrt (a / a_p) * x_prev) (1 - a / a_p) x_t) /\
  (forall x0 x_t x_prev, q_posterior a a_p (sigma 1) x0 x_t x_prev =
     normal (sqrt a_p * (1 - a / a_p) / (1 - a) * x0 + sqrt (a / a_p) * (1 - a_p) / (1 - a) * x_t)
            ((1 - a_p) / (1 - a) * (1 - a / a_p)) x_prev).
Proof.
intros a a_p Ha Hap. split; [|split]; intros.
- now apply Eq16_eq7_domain.
- exact (Eq16_forward a a_p x0 x_prev x_t Ha Hap).
- exact (Eq16_posterior a a_p x0 x_t x_prev Ha Hap).
Qed.

(** sigma-hat = sqrt (1 - a / a_p), as a plain sigma, leaves Eq7's domain iff a < a_p^2. *)
Theorem Eq16_sigma_hat : forall a a_p, 0 < a /\ a <= a_p /\ a_p <= 1 /\ a < 1 ->
  (1 - a_p < sqrt (1 - a / a_p) ^ 2 <-> a < a_p ^ 2).
Proof. exact Eq16_sigma_hat_leaves_domain. Qed.

(** Used for the noise alone, Eq7's mean being that of sigma(1), it leaves a variance that is
    (a_p - a)^2 / (a_p (1 - a)) too large, in R^d. *)
Theorem Eq16_sigma_hat_law : forall d a a_p, 0 < a < a_p -> a_p < 1 ->
  let s := sigma_of_eta 1 a a_p in
  forall x0 y : vec d,
  integral_d d (fun x => q_marginal_d d a x0 x *
      normal_d d (map2 d (posterior_mean a a_p s) x x0) (sqrt (1 - a / a_p) ^ 2) y)
    (normal_d d (scale_d d (sqrt a_p) x0) ((1 - a_p) + (a_p - a) ^ 2 / (a_p * (1 - a))) y).
Proof.
intros d a a_p Ha Hp s x0 y. rewrite <- (proj1 (sigma_hat_excess a a_p Ha Hp)). fold s.
apply (sigma_hat_law d a a_p s (sigma_hat a a_p)).
- now apply Eq16_eq7_domain; [| |split; [exact Rlt_0_1|apply Rle_refl]].
- apply sqrt_lt_R0. apply Rlt_Rminus. apply (Rmult_lt_reg_r a_p); [now apply Rlt_trans with (1 := proj1 Ha)|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_1_l; [apply Ha|].
  apply Rgt_not_eq. now apply Rlt_trans with (1 := proj1 Ha).
Qed.

(** ** The discrete family *)

(** q(x_prev | x_t, x_0) = Cat(s x_t + (a_p - s a) x_0 + ((1 - a_p) - (1 - a) s) / K): the marginal is
    Cat(a x_0 + (1 - a) / K) for every s, and the weights are non-negative iff 0 <= s <= (1 - a_p)/(1 - a). *)
Theorem AppendixA :
  (forall K a a_p s j k i, categorical_posterior K a a_p s j k i =
     s * point j i + (a_p - s * a) * point k i + ((1 - a_p) - (1 - a) * s) / INR K) /\
  (forall K T a s k n i, (k < K)%nat -> (i < K)%nat -> (n <= T)%nat ->
     discrete_family K T a s k n i = a (T - n)%nat * point k i + (1 - a (T - n)%nat) / INR K) /\
  (forall a a_p s, 0 < a -> a <= a_p -> a_p <= 1 -> a < 1 ->
     (0 <= s /\ 0 <= a_p - s * a /\ 0 <= (1 - a_p) - (1 - a) * s <-> 0 <= s <= (1 - a_p) / (1 - a))).
Proof. split; [reflexivity|]. split; [exact AppendixA_marginal|exact AppendixA_nonnegative]. Qed.

(** Its objective (an upper bound, as the paper has it): the divergence of the kernels, with the model's
    probabilities f where x_0 stands, is at most (a_p - s a) times the classification loss - ln f(x_0). *)
Theorem AppendixA_objective : forall K a a_p s j k f,
  0 < a -> a <= a_p -> a_p < 1 -> 0 <= s <= (1 - a_p) / (1 - a) -> (j < K)%nat -> (k < K)%nat ->
  (forall i, (i < K)%nat -> 0 < f i) -> total K f = 1 ->
  total K (fun i => categorical_posterior K a a_p s j k i *
    ln (categorical_posterior K a a_p s j k i / categorical_model K a a_p s j f i)) <= (a_p - s * a) * - ln (f k).
Proof. intros K a a_p s j k f H0 H1 H2 H3 Hj Hk Hf Ht. now apply (AppendixA_KL_bound K a a_p s). Qed.

(** ** Improper integrals may be exchanged; expectations over a chain are expectations over q(x_t | x_0) *)

Theorem Fubini : forall (f : R -> R -> R) (g h : R -> R) (lg lh : R),
  (forall x y, continuous (fun p : R * R => f (fst p) (snd p)) (x, y)) ->
  (forall x, continuous g x) -> (forall y, continuous h y) -> integral g lg -> integral h lh ->
  (forall x, 0 <= g x) -> (forall y, 0 <= h y) -> (forall x y, Rabs (f x y) <= g x * h y) ->
  exists F G l,
    (forall x, integral (f x) (F x)) /\ (forall y, integral (fun x => f x y) (G y)) /\
    integral F l /\ integral G l.
Proof.
intros f g h lg lh Hf Hg Hh Ig Ih Pg Ph B.
destruct (fubini f g h lg lh Hf Hg Hh Ig Ih Pg Ph B) as [l [I1 I2]].
exists (fun x => value (f x)), (fun y => value (fun x => f x y)), l.
split; [|split; [|split; [exact I1|exact I2]]].
- intro x. exact (proj1 (inner_dominated f g h lh Hf Hh Ih B x)).
- intro y. refine (proj1 (inner_dominated (fun y x => f x y) h g lg (jointly_flip f Hf) Hg Ig _ y)).
  intros z x. rewrite Rmult_comm. apply B.
Qed.

Theorem Lemma1_expectation : forall a a_p s x0 phi,
  eq7_domain a a_p s -> tame phi ->
  exists (inner : R -> R) (l : R),
    (forall x, integral (fun y => q_posterior a a_p s x0 x y * phi y) (inner x)) /\
    integral (fun x => q_marginal a x0 x * inner x) l /\
    integral (fun y => q_marginal a_p x0 y * phi y) l.
Proof.
intros a a_p s x0 phi H Hp. assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
exists (fun x => expect (posterior_mean a a_p s x x0) (s ^ 2) phi), (expect (sqrt a_p * x0) (1 - a_p) phi).
split; [|split].
- intro x. apply expect_correct; trivial. now apply sqr_pos.
- assert (K := tower (sqrt a * x0) (1 - a) (slope a a_p s) (intercept a a_p s x0) (s ^ 2) phi
    ltac:(apply Rlt_Rminus, Ha) (sqr_pos _ Hs) Hp).
  rewrite evidence_mean_marginal, evidence_variance_marginal in K by trivial.
  eapply integral_ext; [|exact K]. intro x. cbv beta. now rewrite posterior_mean_affine.
- apply expect_correct; trivial. apply Rlt_Rminus, Hap.
Qed.

(** ** Truths without a network *)

(** One data point: the generative kernel is Eq7. *)
Theorem Truth_point_mass : forall alpha_bar sigma x0 t x_t x_prev,
  0 < alpha_bar (S t) < 1 ->
  p_step alpha_bar sigma (fun t x => (x - sqrt (alpha_bar t) * x0) / sqrt (1 - alpha_bar t)) t x_t x_prev =
  q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x_t x_prev.
Proof. exact point_mass_step. Qed.

(** Data N(m, v): the best eps, E[eps | x_t], is affine in x_t. *)
Theorem Truth_gaussian_eps : forall m v a x, 0 < v -> 0 < a < 1 ->
  integral (fun x0 => normal m v x0 * q_marginal a x0 x) (normal (sqrt a * m) (a * v + (1 - a)) x) /\
  integral (fun x0 => normal m v x0 * q_marginal a x0 x / normal (sqrt a * m) (a * v + (1 - a)) x *
      ((x - sqrt a * x0) / sqrt (1 - a)))
    (sqrt (1 - a) * (x - sqrt a * m) / (a * v + (1 - a))).
Proof. exact gaussian_eps_is_conditional_mean. Qed.

(** It is the best prediction: E[(eps - c)^2 | x_t] is smallest at that c. *)
Theorem Truth_gaussian_optimal : forall m v a x, 0 < v -> 0 < a < 1 ->
  exists V, 0 < V /\ forall c,
  integral (fun x0 => normal m v x0 * q_marginal a x0 x / normal (sqrt a * m) (a * v + (1 - a)) x *
      ((x - sqrt a * x0) / sqrt (1 - a) - c) ^ 2)
    (V + (sqrt (1 - a) * (x - sqrt a * m) / (a * v + (1 - a)) - c) ^ 2).
Proof. exact gaussian_eps_is_optimal. Qed.

(** With it every x_t of the generative chain is normal, by a recursion from N(0, 1) at T to x_0. *)
Theorem Truth_gaussian_chain : forall m v alpha_bar sigma T (p : nat -> R -> R),
  let eps t x := sqrt (1 - alpha_bar t) * (x - sqrt (alpha_bar t) * m) / (alpha_bar t * v + (1 - alpha_bar t)) in
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall x, p T x = normal 0 1 x) ->
  (forall t y, (1 <= t < T)%nat -> integral (fun x => p (S t) x * p_step alpha_bar sigma eps t x y) (p t y)) ->
  (forall y, integral (fun x => p 1%nat x * p_first alpha_bar sigma eps x y) (p O y)) ->
  (forall t x, (1 <= t <= T)%nat ->
     p t x = normal (truth_mean m v alpha_bar sigma T (T - t)) (truth_variance v alpha_bar sigma T (T - t)) x) /\
  (forall x, p O x = normal
     (truth_A v (alpha_bar 1%nat) 1 0 * truth_mean m v alpha_bar sigma T (T - 1) + truth_B m v (alpha_bar 1%nat) 1 0)
     (truth_A v (alpha_bar 1%nat) 1 0 ^ 2 * truth_variance v alpha_bar sigma T (T - 1) + sigma 1%nat ^ 2) x).
Proof. exact gaussian_chain_law. Qed.

(** The deterministic chain (s = 0) in R^d from N(0, I), for data N(m, v I): normal at every t down to 0, mean
    and variance by the same recursion. *)
Theorem Truth_gaussian_deterministic : forall d (m : vec d) v alpha_bar T n,
  0 < v -> (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> 0 < alpha_bar O <= 1 -> (n <= T)%nat ->
  let variance := truth_variance v alpha_bar (fun _ => 0) T n in
  let mean := map2 d (fun m _ => truth_mean m v alpha_bar (fun _ => 0) T n) m m in
  let chain := ddim_chain_d d alpha_bar (fun t => gaussian_eps_d d m v (alpha_bar t)) T n in
  0 < variance /\ forall phi l,
  (integral_d d (fun y => normal_d d mean variance y * phi y) l <->
   integral_d d (fun x => normal_d d (const_d d 0) 1 x * phi (chain x)) l).
Proof. exact deterministic_gaussian. Qed.

(** Data sum w_i N(m_i, v_i I): no prediction at x_t is better than [mixture_eps], the average of the parts'
    affine eps, each weighted by its share in the density of x_t. *)
Theorem Truth_mixture : forall d a (parts : list (R * (vec d * R))) x,
  0 < a < 1 -> positive_weights parts -> (forall w m v, In (w, (m, v)) parts -> 0 < v) ->
  exists V, forall c,
  integral_d d (fun x0 => mixture d parts x0 * q_marginal_d d a x0 x / mixture_marginal d a parts x *
    distance2 d (map2 d (predict_eps a) x x0) c) (V + distance2 d (mixture_eps d a parts x) c).
Proof. intros d a parts x Ha Hw Hv. now apply mixture_eps_is_optimal. Qed.

(** ** The tests' error control *)

(** Ville's inequality.  [q h] is the null's density of the next datum given the history h; M is a
    non-negative function of the history whose conditional expectation is its present value, M nil = 1;
    phi is any integrable function of the first N data that is at most the indicator of "M reached c". *)
Theorem Ville : forall (q : list R -> R -> R) (M : list R -> R) (c : R) (phi : list R -> R) (N : nat) (l : R),
  (forall h w, 0 < q h w) -> (forall h, integral (q h) 1) ->
  (forall h, 0 <= M h) -> (forall h, integral (fun w => q h w * M (w :: h)) (M h)) -> M nil = 1 -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reached M c h -> phi h <= 0) ->
  null_expectation q N phi nil l -> l <= 1 / c.
Proof. intros q M c phi N l Hq Iq HM IM. now apply ville. Qed.

(** It holds for the normal-gamma e-process: Student's predictive density over N(0, 1), with location,
    scale and degrees of freedom computed from the history. *)
Theorem Ville_normal_gamma : forall (nu m s : list R -> R),
  (forall h, 1 <= nu h) -> (forall h, 0 < s h) ->
  let M := normal_gamma_e nu m s in
  (forall h, 0 <= M h) /\ (forall h, integral (fun w => normal 0 1 w * M (w :: h)) (M h)) /\ M nil = 1.
Proof.
intros nu m s Hn Hs. destruct (student_martingale nu m s Hn Hs) as [H I]. split; [exact H|]. split; [exact I|reflexivity].
Qed.

(** For observations of any type, and for M whose expectation is at most its present value: [E h f l] is the
    null's expectation, of which monotony, linearity and E 1 = 1 are asked ([expectation_laws]).  evidence.v has
    counts, ties, vectors and covariates as the tests evaluate them, and their mixtures. *)
Theorem Ville_super : forall (X : Type) (E : list X -> (X -> R) -> R -> Prop) (M : list X -> R) c phi N l,
  expectation_laws E ->
  (forall h, 0 <= M h) -> (forall h, exists m, E h (fun w => M (w :: h)) m /\ m <= M h) -> M nil = 1 -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reaches M c h -> phi h <= 0) ->
  expected E N phi nil l -> l <= 1 / c.
Proof. intros X E M c phi N l L HM SM. now apply ville_super. Qed.

(** Student's density has the textbooks' normaliser: [half_gamma n] is Gamma (n / 2). *)
Theorem Student_density : forall n m s w, 0 < s -> let nu := INR (S n) in
  student nu m s w = half_gamma (S (S n)) / (half_gamma (S n) * sqrt (nu * PI) * s) *
    Rpower (1 + ((w - m) / s) ^ 2 / nu) (- ((nu + 1) / 2)).
Proof. exact student_density. Qed.

(** ** T = 2, worked once

    alpha_bar = 1, 16/25, 9/25 and sigma = 1/2, 12/25, so that every root is rational. *)
Theorem Worked :
  let alpha_bar (t : nat) := match t with O => 1 | 1%nat => 16 / 25 | _ => 9 / 25 end in
  let sigma (t : nat) := match t with 1%nat => 1 / 2 | _ => 12 / 25 end in
  chain_domain alpha_bar sigma 2 /\
  (* Eq6: x_2, then x_1 *)
  (forall x0 x, q_joint alpha_bar sigma x0 2 x =
    normal (3 / 5 * x0) (16 / 25) (x 2%nat) *
    normal (4 / 5 * x0 + 9 / 20 * (x 2%nat - 3 / 5 * x0)) (144 / 625) (x 1%nat)) /\
  (* Lemma 1: x_2 integrated out *)
  (forall x0 x1, integral (fun x2 => normal (3 / 5 * x0) (16 / 25) x2 *
    normal (4 / 5 * x0 + 9 / 20 * (x2 - 3 / 5 * x0)) (144 / 625) x1) (normal (4 / 5 * x0) (9 / 25) x1)) /\
  (* Eq12: the sampler's two steps *)
  (forall x eps z, ddim_step (9 / 25) (16 / 25) (12 / 25) x eps z = 4 / 3 * x - 53 / 75 * eps + 12 / 25 * z) /\
  (forall x eps, predict_x0 (16 / 25) x eps = 5 / 4 * x - 3 / 4 * eps) /\
  (* Theorem 1: J = 9/8 E(eps - eps_theta(x_1))^2 + 2809/2592 E(eps - eps_theta(x_2))^2 + C *)
  gamma alpha_bar sigma 1 = 9 / 8 /\ gamma alpha_bar sigma 2 = 2809 / 2592.
Proof.
intros alpha_bar sigma.
assert (R1 : sqrt (16 / 25) = 4 / 5) by (apply sqrt_is; lra). assert (R2 : sqrt (9 / 25) = 3 / 5) by (apply sqrt_is; lra).
assert (R3 : sqrt (1 - 9 / 25) = 4 / 5) by (apply sqrt_is; lra). assert (R4 : sqrt (1 - 16 / 25) = 3 / 5) by (apply sqrt_is; lra).
assert (R5 : sqrt (1 - 16 / 25 - (12 / 25) ^ 2) = 9 / 25) by (apply sqrt_is; lra).
assert (R6 : sqrt (9 / 25 / (1 - 9 / 25)) = 3 / 4) by (apply sqrt_is; lra).
assert (D : eq7_domain (9 / 25) (16 / 25) (12 / 25)) by (unfold eq7_domain; lra).
assert (P : forall x0 x2 x1, q_posterior (9 / 25) (16 / 25) (12 / 25) x0 x2 x1 =
  normal (4 / 5 * x0 + 9 / 20 * (x2 - 3 / 5 * x0)) (144 / 625) x1).
{ intros. unfold q_posterior, posterior_mean. rewrite R1, R2, R3, R5. f_equal; lra. }
assert (Q : forall x0 x, q_marginal (9 / 25) x0 x = normal (3 / 5 * x0) (16 / 25) x).
{ intros. unfold q_marginal. rewrite R2. f_equal. lra. }
repeat match goal with |- _ /\ _ => split end.
- split; [repeat constructor|]. split; [simpl; lra|]. intros t Ht. replace t with 1%nat by lia. exact D.
- intros x0 x. unfold q_joint, reverse_step. cbn [product Nat.sub Nat.add alpha_bar sigma]. rewrite P, Q. ring.
- intros x0 x1. eapply integral_eq; [exact (Lemma1_step _ _ _ x0 x1 D)| |].
  + intro x2. cbv beta. now rewrite P, Q.
  + unfold q_marginal. rewrite R1. f_equal. lra.
- intros x eps z. unfold ddim_step, predict_x0. rewrite R1, R2, R3, R5. lra.
- intros x eps. unfold predict_x0. rewrite R1, R4. lra.
- unfold gamma, gamma_first. simpl. lra.
- cbn [gamma alpha_bar sigma]. unfold gamma_step, residual_weight. rewrite R1, R5, R6. lra.
Qed.
