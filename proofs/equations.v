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
    Statements are about one component (d = 1); [_d] marks those in d dimensions. *)

From Coq Require Import Reals List.
From Coquelicot Require Import Coquelicot.
From ddim Require gaussian fubini predictor steps laws objective dimensions tower paths truths flow eprocess refuted discrete.
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

(** ** The forward process *)

(** q(x_t | x_{t-1}, x_0) by Bayes' rule: the quotient of three densities is this normal density. *)
Theorem Eq8 : forall a a_p s x0 x_prev x_t,
  eq7_domain a a_p s ->
  q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev =
  normal (sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0))
         (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof. exact Eq8_closed_form. Qed.

(** That quotient forgets x_0 exactly at DDPM's variance: otherwise the forward process is not Markov. *)
Theorem NonMarkov : forall a a_p s,
  eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t,
      q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev =
      q_posterior a a_p s x0' x_t x_prev * q_marginal a x0' x_t / q_marginal a_p x0' x_prev) <->
   s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof. exact NonMarkov_iff. Qed.

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

(** Kullback-Leibler divergences of normal laws. *)
Theorem KL : forall m1 v1 m2 v2, 0 < v1 -> 0 < v2 ->
  kl (normal m1 v1) (normal m2 v2) ((ln (v2 / v1) + (v1 + (m1 - m2) ^ 2) / v2 - 1) / 2) /\
  kl (normal m1 v1) (normal m2 v1) ((m1 - m2) ^ 2 / (2 * v1)).
Proof. intros. split; [now apply KL_general|now apply KL_equal]. Qed.

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

(** At eta = 1 the weight is (SNR(t-1) / SNR(t) - 1) / 2, with SNR = a / (1 - a). *)
Theorem Theorem1_ddpm : forall a a_p, 0 < a < a_p -> a_p < 1 ->
  gamma_step a a_p (sigma_of_eta 1 a a_p) = ((a_p / (1 - a_p)) / (a / (1 - a)) - 1) / 2.
Proof. exact gamma_ddpm. Qed.

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

(** ** In d dimensions *)

(** [vec d] is R^d, [normal_d d m v x] the density of N(m, v I), [integral_d d f l] an integral over
    R^d, [map2 d f x y] componentwise, [distance2 d x y] is |x - y|^2; [integrate_out_d d] is [integrate_out]
    for states in R^d, [p_step_d] and [p_first_d] are Eq10's kernels. *)
Theorem Normal_d : forall d m v x, 0 < v ->
  normal_d d m v x = exp (- distance2 d x m / (2 * v)) / sqrt (2 * PI * v) ^ d.
Proof. exact normal_d_isotropic. Qed.

Theorem Lemma1_d : forall d alpha_bar sigma T x0 (q : nat -> vec d -> R),
  chain_domain alpha_bar sigma T ->
  (forall x, q T x = normal_d d (map2 d (fun x0 _ => sqrt (alpha_bar T) * x0) x0 x0) (1 - alpha_bar T) x) ->
  (forall t x_prev, (1 <= t < T)%nat ->
     integral_d d (fun x => q (S t) x *
       normal_d d (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0)
         (sigma (S t) ^ 2) x_prev) (q t x_prev)) ->
  forall t x, (1 <= t <= T)%nat ->
  q t x = normal_d d (map2 d (fun x0 _ => sqrt (alpha_bar t) * x0) x0 x0) (1 - alpha_bar t) x.
Proof. exact Lemma1_chain_d. Qed.

Theorem Eq8_d : forall d a a_p s x0 x_prev x_t,
  eq7_domain a a_p s ->
  q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev =
  normal_d d (map2 d (fun x0 x_prev =>
      sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0)) x0 x_prev)
    (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof. exact Eq8_closed_form_d. Qed.

Theorem NonMarkov_d : forall d a a_p s,
  (1 <= d)%nat -> eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t,
      q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev =
      q_posterior_d d a a_p s x0' x_t x_prev * q_marginal_d d a x0' x_t / q_marginal_d d a_p x0' x_prev) <->
   s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof. exact NonMarkov_iff_d. Qed.

Theorem KL_d : forall d m1 v1 m2 v2, 0 < v1 -> 0 < v2 ->
  kl_d d (normal_d d m1 v1) (normal_d d m2 v2)
    ((INR d * (ln (v2 / v1) + v1 / v2 - 1) + distance2 d m1 m2 / v2) / 2).
Proof. exact KL_general_d. Qed.

(** Along a path of states [x t] in R^d: Eq6, a density; Eq10. *)
Theorem Eq6_d : forall d alpha_bar sigma x0 T,
  (forall x, q_joint_d d alpha_bar sigma x0 T x =
    q_marginal_d d (alpha_bar T) x0 (x T) *
    product (fun t => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t)) 1 (T - 1)) /\
  (chain_domain alpha_bar sigma T ->
    integrate_out_d d (seq 1 T) (q_joint_d d alpha_bar sigma x0 T) (fun _ => 1)).
Proof. split; [reflexivity|]. apply Eq6_normalised_d. Qed.

Theorem Eq10_d : forall d alpha_bar sigma T eps_theta x0 x,
  let f t := map2 d (predict_x0 (alpha_bar t)) (x t) (eps_theta t (x t)) in
  p_joint_d d alpha_bar sigma T eps_theta x0 x =
  normal_d d (const_d d 0) 1 (x T) *
  product (fun t => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) (f (S t)) (x (S t)) (x t)) 1 (T - 1) *
  normal_d d (f 1%nat) (sigma 1%nat ^ 2) x0.
Proof. reflexivity. Qed.

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
