(** * A whole trajectory: rounding over S steps, and discretisation, against Gaussian data's truth

    One component of data N(m, v), its best eps, the deterministic sampler (Eq12 at sigma = 0) from x along
    alpha_bar = a, a', a'', ...: the exact iterates are sqrt a m + P y, y = x - sqrt a_0 m, with P a product of
    factors A, and the probability flow through x is sqrt a m + Q y ([truth_is_the_flow]).

    - [runs]: what a program computes.  A step is within g (|c0 x| + |c1 e|) + h of c0 x + c1 e, and e within
      omega |eps| + omega_0 of the model's eps: [plain_step] and [fma_step] are such steps in any format, with
      coefficients off by kappa.
    - [rounding_error]: it stays within a number made of the schedule ([bounds]) of the exact iterates.
    - [whole_trajectory]: and within |P - Q| |y| more of the truth.
    The numbers for Stable Diffusion 1.5's table are in trajectory_numbers.v. *)

Require Import Reals Lra List ZArith.
From Flocq Require Import Core.
From ddim Require Import predictor steps laws truths rounding.
Import ListNotations.
Open Scope R_scope.

(** ** One step *)

Definition coef_x (a a' : R) : R := sqrt (a' / a).
Definition coef_eps (a a' : R) : R := step_k a' 0 - step_w a a'.
Definition eps_slope (v a : R) : R := sqrt (1 - a) / data_variance a v.
Definition factor (v a a' : R) : R := coef_x a a' + coef_eps a a' * eps_slope v a.

Lemma factor_is_truth_A v a a' : factor v a a' = truth_A v a a' 0.
Proof. reflexivity. Qed.

Lemma eps_affine m v a x : gaussian_eps m v a x = eps_slope v a * (x - sqrt a * m).
Proof. unfold gaussian_eps, eps_slope, Rdiv. ring. Qed.

Lemma coef_x_mean a a' m : 0 < a -> 0 <= a' -> coef_x a a' * (sqrt a * m) = sqrt a' * m.
Proof.
intros Ha Hp. unfold coef_x. rewrite sqrt_div_alt by exact Ha. assert (P := sqrt_lt_R0 a Ha). field. lra.
Qed.

(** The exact step is Eq12's. *)
Lemma exact_step m v a a' x : 0 < a < 1 -> 0 < a' <= 1 ->
  coef_x a a' * x + coef_eps a a' * gaussian_eps m v a x = ddim_step a a' 0 x (gaussian_eps m v a x) 0 /\
  coef_x a a' * x + coef_eps a a' * gaussian_eps m v a x = sqrt a' * m + factor v a a' * (x - sqrt a * m).
Proof.
intros Ha Hp. split.
- rewrite Eq12_affine by lra. unfold coef_x, coef_eps. ring.
- rewrite eps_affine, <- (coef_x_mean a a' m) by lra. unfold factor. ring.
Qed.

Lemma factor_positive v a a' : 0 < v -> 0 < a < 1 -> 0 < a' <= 1 -> 0 < factor v a a'.
Proof.
intros Hv Ha Hp. destruct (gaussian_step_deterministic 0 v a a' 0 1 0 Ha Hp Hv Rlt_0_1) as (_ & P & _). exact P.
Qed.

(** ** What a program computes *)

Section Run.
Variables (m v g h omega omega_0 : R).
Hypotheses (v_positive : 0 < v) (g_nonneg : 0 <= g) (h_nonneg : 0 <= h) (omega_nonneg : 0 <= omega) (omega_0_nonneg : 0 <= omega_0).

Definition step_within (a a' x e x' : R) : Prop :=
  Rabs (x' - (coef_x a a' * x + coef_eps a a' * e)) <= g * (Rabs (coef_x a a' * x) + Rabs (coef_eps a a' * e)) + h.
Definition eps_within (a x e : R) : Prop :=
  Rabs (e - gaussian_eps m v a x) <= omega * Rabs (gaussian_eps m v a x) + omega_0.

(** From the state x at [a], through the times [rest], to the result. *)
Fixpoint runs (a x : R) (rest : list R) (result : R) : Prop :=
  match rest with
  | [] => result = x
  | a' :: rest => exists e x', eps_within a x e /\ step_within a a' x e x' /\ runs a' x' rest result
  end.

(** |m| <= centre and |y| <= size. *)
Variables (centre size : R).
Hypotheses (centre_bound : Rabs m <= centre).

Definition rounding_next (a a' P rho : R) : R :=
  factor v a a' * rho + g * (coef_x a a' * (sqrt a * centre + P * size + rho))
  + (g * (1 + omega) + omega) * (Rabs (coef_eps a a') * (eps_slope v a * (P * size + rho)))
  + (g + 1) * (Rabs (coef_eps a a') * omega_0) + h.

(** The product of the factors and the bound, at the end. *)
Fixpoint bounds (a P rho : R) (rest : list R) : R * R :=
  match rest with
  | [] => (P, rho)
  | a' :: rest => bounds a' (factor v a a' * P) (rounding_next a a' P rho) rest
  end.
Fixpoint final (a : R) (rest : list R) : R := match rest with [] => a | a' :: rest => final a' rest end.

(** Every time but the last is in (0, 1), the last in (0, 1]. *)
Fixpoint times (a : R) (rest : list R) : Prop :=
  match rest with [] => 0 < a <= 1 | a' :: rest => 0 < a < 1 /\ times a' rest end.

Lemma times_head a rest : times a rest -> 0 < a <= 1.
Proof. destruct rest; simpl; [trivial|]. intros [H _]. lra. Qed.

Lemma step_error a a' x e x' X Y P rho : 0 < a < 1 -> 0 < a' <= 1 -> 0 <= P -> Rabs Y <= size ->
  X = sqrt a * m + P * Y -> Rabs (x - X) <= rho -> eps_within a x e -> step_within a a' x e x' ->
  Rabs (x' - (sqrt a' * m + factor v a a' * P * Y)) <= rounding_next a a' P rho.
Proof.
intros Ha Hp HP HY EX Hx He Hs. unfold step_within, eps_within in *. rewrite eps_affine in He.
assert (HA := factor_positive v a a' v_positive Ha Hp).
assert (Hc : 0 <= coef_x a a') by apply sqrt_pos.
assert (Hk : 0 <= eps_slope v a).
{ unfold eps_slope. apply Rmult_le_pos; [apply sqrt_pos|]. apply Rlt_le, Rinv_0_lt_compat. unfold data_variance.
  assert (0 < a * v) by (apply Rmult_lt_0_compat; lra). lra. }
set (c0 := coef_x a a') in *. set (c1 := coef_eps a a') in *. set (k := eps_slope v a) in *. set (A := factor v a a') in *.
set (y := x - sqrt a * m) in *.
assert (By : Rabs y <= P * size + rho).
{ unfold y. replace (x - sqrt a * m) with (P * Y + (x - X)) by (rewrite EX; ring).
  apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult, (Rabs_pos_eq P) by exact HP.
  apply Rplus_le_compat; [now apply Rmult_le_compat_l|exact Hx]. }
assert (Bx : Rabs x <= sqrt a * centre + P * size + rho).
{ replace x with (sqrt a * m + y) by (unfold y; ring). apply Rle_trans with (1 := Rabs_triang _ _).
  rewrite Rabs_mult, (Rabs_pos_eq (sqrt a)) by apply sqrt_pos.
  assert (sqrt a * Rabs m <= sqrt a * centre) by (apply Rmult_le_compat_l; [apply sqrt_pos|exact centre_bound]). lra. }
rewrite Rabs_mult, (Rabs_pos_eq k) in He by exact Hk.
assert (Bky : k * Rabs y <= k * (P * size + rho)) by now apply Rmult_le_compat_l.
assert (Be : Rabs e <= (1 + omega) * (k * (P * size + rho)) + omega_0).
{ replace e with (k * y + (e - k * y)) by ring. apply Rle_trans with (1 := Rabs_triang _ _).
  rewrite Rabs_mult, (Rabs_pos_eq k) by exact Hk.
  assert (omega * (k * Rabs y) <= omega * (k * (P * size + rho))) by now apply Rmult_le_compat_l. lra. }
assert (E : x' - (sqrt a' * m + A * P * Y) = (x' - (c0 * x + c1 * e)) + (c1 * (e - k * y) + A * (x - X))).
{ destruct (exact_step m v a a' x Ha Hp) as [_ E]. rewrite eps_affine in E. fold c0 c1 k y A in E.
  replace (x - X) with (y - P * Y) by (rewrite EX; unfold y; ring).
  replace (c1 * (e - k * y)) with (c1 * e + c0 * x - (c0 * x + c1 * (k * y))) by ring. rewrite E. ring. }
rewrite E. apply Rle_trans with (1 := Rabs_triang _ _).
assert (T := Rabs_triang (c1 * (e - k * y)) (A * (x - X))). rewrite !Rabs_mult, (Rabs_pos_eq A) in T by lra.
rewrite !Rabs_mult, (Rabs_pos_eq c0) in Hs by exact Hc.
assert (Pc := Rabs_pos c1).
assert (T1 : Rabs c1 * Rabs (e - k * y) <= Rabs c1 * (omega * (k * (P * size + rho)) + omega_0)).
{ apply Rmult_le_compat_l; [exact Pc|]. apply Rle_trans with (1 := He).
  assert (omega * (k * Rabs y) <= omega * (k * (P * size + rho))) by now apply Rmult_le_compat_l. lra. }
assert (T2 : A * Rabs (x - X) <= A * rho) by (apply Rmult_le_compat_l; lra).
assert (T3 : c0 * Rabs x <= c0 * (sqrt a * centre + P * size + rho)) by now apply Rmult_le_compat_l.
assert (T4 : Rabs c1 * Rabs e <= Rabs c1 * ((1 + omega) * (k * (P * size + rho)) + omega_0)) by now apply Rmult_le_compat_l.
assert (T5 : g * (c0 * Rabs x + Rabs c1 * Rabs e) <=
  g * (c0 * (sqrt a * centre + P * size + rho) + Rabs c1 * ((1 + omega) * (k * (P * size + rho)) + omega_0)))
  by (apply Rmult_le_compat_l; [exact g_nonneg|lra]).
unfold rounding_next. fold c0 c1 k A. lra.
Qed.

Theorem rounding_error : forall rest a x result Y P rho,
  times a rest -> 0 <= P -> Rabs Y <= size -> Rabs (x - (sqrt a * m + P * Y)) <= rho -> runs a x rest result ->
  Rabs (result - (sqrt (final a rest) * m + fst (bounds a P rho rest) * Y)) <= snd (bounds a P rho rest).
Proof.
induction rest as [|a' rest IH]; intros a x result Y P rho Ht HP HY Hx Hr.
- simpl in *. now rewrite Hr.
- destruct Hr as (e & x' & He & Hs & Hr). destruct Ht as [Ha Ht]. assert (Hp := times_head a' rest Ht).
  assert (HA := factor_positive v a a' v_positive Ha Hp). cbn [bounds final].
  apply (IH a' x' result Y (factor v a a' * P) (rounding_next a a' P rho)); trivial.
  + apply Rmult_le_pos; lra.
  + exact (step_error a a' x e x' _ Y P rho Ha Hp HP HY eq_refl Hx He Hs).
Qed.

(** Eq12 at sigma = 0, without any error. *)
Fixpoint exact_iterates (a x : R) (rest : list R) : R :=
  match rest with [] => x | a' :: rest => exact_iterates a' (ddim_step a a' 0 x (gaussian_eps m v a x) 0) rest end.

Lemma exact_iterates_product : forall rest a x Y P rho, times a rest -> x = sqrt a * m + P * Y ->
  exact_iterates a x rest = sqrt (final a rest) * m + fst (bounds a P rho rest) * Y.
Proof.
induction rest as [|a' rest IH]; intros a x Y P rho Ht Hx; [exact Hx|]. destruct Ht as [Ha Ht].
cbn [exact_iterates bounds final]. apply IH; [exact Ht|].
destruct (exact_step m v a a' x Ha (times_head a' rest Ht)) as [<- ->]. rewrite Hx. ring.
Qed.

(** The probability flow through x. *)
Definition flow_ratio (a a' : R) : R := sqrt (data_variance a' v / data_variance a v).

Lemma data_variance_positive a : 0 < a <= 1 -> 0 < data_variance a v.
Proof. intros H. unfold data_variance. assert (0 < a * v) by (apply Rmult_lt_0_compat; lra). lra. Qed.

Theorem whole_trajectory a x rest result : times a rest -> Rabs (x - sqrt a * m) <= size -> runs a x rest result ->
  let (P, rho) := bounds a 1 0 rest in
  Rabs (result - exact_iterates a x rest) <= rho /\
  Rabs (result - (sqrt (final a rest) * m + flow_ratio a (final a rest) * (x - sqrt a * m))) <=
    rho + Rabs (P - flow_ratio a (final a rest)) * size.
Proof.
intros Ht Hy Hr.
assert (K := rounding_error rest a x result (x - sqrt a * m) 1 0 Ht Rle_0_1 Hy
  ltac:(replace (x - (sqrt a * m + 1 * (x - sqrt a * m))) with 0 by ring; rewrite Rabs_R0; lra) Hr).
assert (X := exact_iterates_product rest a x (x - sqrt a * m) 1 0 Ht ltac:(ring)).
destruct (bounds a 1 0 rest) as [P rho]. cbn [fst snd] in K, X. split; [rewrite X; exact K|].
set (b := final a rest) in *. set (y := x - sqrt a * m) in *. set (Q := flow_ratio a b).
replace (result - (sqrt b * m + Q * y)) with ((result - (sqrt b * m + P * y)) + (P - Q) * y) by ring.
apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult. apply Rplus_le_compat; [exact K|].
apply Rmult_le_compat_l; [apply Rabs_pos|exact Hy].
Qed.

(** In xbar = x / sqrt a and r = sqrt ((1 - a) / a) the truth is m + k sqrt (v + r^2): Eq14's solution
    (contraction.v, gaussian_flow). *)
Theorem truth_is_the_flow a y : 0 < a <= 1 -> forall b, 0 < b <= 1 ->
  (sqrt b * m + flow_ratio a b * y) / sqrt b = m + y / sqrt (data_variance a v) * sqrt (v + ode_sigma b ^ 2).
Proof.
intros Ha b Hb. assert (Pa := data_variance_positive a Ha). assert (Pb := data_variance_positive b Hb).
assert (Qb := sqrt_lt_R0 b ltac:(lra)). assert (Qa := sqrt_lt_R0 _ Pa). unfold flow_ratio, ode_sigma.
rewrite sqrt_div_alt by exact Pa. rewrite sqrt_squared.
- replace (v + (1 - b) / b) with (data_variance b v / b) by (unfold data_variance; field; lra).
  rewrite sqrt_div_alt by lra. field. lra.
- apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
Qed.

End Run.

(** ** Steps in a floating-point format *)

Section Format.
Variables emin prec : Z.
Hypothesis three_digits : (3 <= prec)%Z.
Variable choice : Z -> bool.

(** Coefficients within a relative kappa: 2u for one ulp. *)
Variables (kappa a a' c0' c1' : R).
Hypothesis H0 : Rabs (c0' - coef_x a a') <= kappa * Rabs (coef_x a a').
Hypothesis H1 : Rabs (c1' - coef_eps a a') <= kappa * Rabs (coef_eps a a').

Definition step_weight : R := inexact kappa (2 * u prec + u prec ^ 2).

Theorem plain_step x e : step_within step_weight (3 * tiny emin) a a' x e (sum2 emin prec choice c0' x c1' e).
Proof. exact (sum2_error_inexact emin prec three_digits choice kappa _ _ _ _ H0 H1 x e). Qed.

Theorem fma_step x e : 0 <= kappa -> step_within step_weight (3 * tiny emin) a a' x e (sum2_fma emin prec choice c0' x c1' e).
Proof.
intros Hk. apply Rle_trans with (1 := sum2_fma_error_inexact emin prec three_digits choice kappa _ _ _ _ H0 H1 x e).
unfold sum2_fma_bound_inexact, step_weight, inexact. pose proof (u_positive prec) as U.
assert (Q := pow2_ge_0 (u prec)). assert (Px := Rabs_pos (coef_x a a' * x)).
assert (K : u prec + kappa + u prec * kappa <= 2 * u prec + u prec ^ 2 + kappa + (2 * u prec + u prec ^ 2) * kappa).
{ assert (u prec * kappa <= (2 * u prec + u prec ^ 2) * kappa) by (apply Rmult_le_compat_r; lra). lra. }
apply (Rmult_le_compat_r _ _ _ Px) in K. lra.
Qed.

End Format.

(** ** Non-vacuity: the exact iterates are a run, with no error at all *)

Theorem runs_instance m v g h omega omega_0 : 0 <= g -> 0 <= h -> 0 <= omega -> 0 <= omega_0 ->
  forall rest a x, exists result, runs m v g h omega omega_0 a x rest result.
Proof.
intros Hg Hh Ho Ho0. induction rest as [|a' rest IH]; intros a x; [now exists x|].
destruct (IH a' (coef_x a a' * x + coef_eps a a' * gaussian_eps m v a x)) as [result H].
exists result, (gaussian_eps m v a x), (coef_x a a' * x + coef_eps a a' * gaussian_eps m v a x).
split; [|split; [|exact H]].
- unfold eps_within. rewrite Rminus_eq_0, Rabs_R0. apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [exact Ho|apply Rabs_pos]|exact Ho0].
- unfold step_within. rewrite Rminus_eq_0, Rabs_R0. apply Rplus_le_le_0_compat; [|exact Hh].
  apply Rmult_le_pos; [exact Hg|]. apply Rplus_le_le_0_compat; apply Rabs_pos.
Qed.
