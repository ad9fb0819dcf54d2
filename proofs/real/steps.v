(** * The sampler's step (Eq12), its noiseless limit (Eq13, Eq14) and the sigmas (Eq16)

    Notation: [a] is alpha_bar at t, [a_p] at the previous (cleaner) time, [s] sigma, [eta] in [0,1];
    k = sqrt (1 - a_p - s^2), w = sqrt (a_p (1-a)/a). Statements are about one component.

    - Eq12: the step is Eq10's mean plus s z; it is the affine combination
      sqrt (a_p/a) x + (k - w) eps + s z.
    - Eq12_stable: k - w = - ((a_p - a)/a + s^2) / (k + w), where nothing cancels; the same for
      Theorem1's c_t and for NonMarkov's coefficient.
    - Eq12_push_forward: at sigma = 0 the step carries N(sqrt a x0, 1-a) to N(sqrt a_p x0, 1-a_p):
      every interval has under the image law the probability of its preimage.
    - Eq13: in xbar = x / sqrt a the step at sigma = 0 is Euler's for d xbar = eps d ode_sigma; the same
      formula with the times exchanged encodes, and with frozen eps undoes it.
    - Eq14: on any grid, for a model Lipschitz in xbar and a solution whose velocity is Lipschitz, the
      iterates stay within exp (L S) (E_0 + M/2 sum h_i^2) of the solution; encode-then-decode too.
    - Eq16: eta in [0,1] lies in Eq7's domain, with a radicand that is a sum of positive terms;
      with adjacent times sigma(1)^2 = (1-a_p)/(1-a) beta; sigma-hat leaves the domain iff a < a_p^2. *)

Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor.
Open Scope R_scope.

(** ** Eq12 *)

Definition ddim_step (a a_p s x eps z : R) : R :=
  sqrt a_p * predict_x0 a x eps + sqrt (1 - a_p - s ^ 2) * eps + s * z.

Definition step_k (a_p s : R) : R := sqrt (1 - a_p - s ^ 2).
Definition step_w (a a_p : R) : R := sqrt (a_p * (1 - a) / a).

Theorem Eq12_is_Eq10 : forall a a_p s x eps z, 0 < a < 1 ->
  ddim_step a a_p s x eps z = generative_mean false a a_p s x eps + s * z.
Proof. intros; unfold ddim_step; now rewrite Eq10_later. Qed.

Lemma sqrt_quotient : forall p q r, 0 < r -> 0 <= p -> 0 <= q ->
  sqrt p * sqrt q / sqrt r = sqrt (p * q / r).
Proof.
intros p q r Hr Hp Hq; rewrite sqrt_div_alt by assumption; f_equal; now rewrite sqrt_mult.
Qed.

Theorem Eq12_affine : forall a a_p s x eps z, 0 < a <= 1 -> 0 <= a_p ->
  ddim_step a a_p s x eps z
  = sqrt (a_p / a) * x + (step_k a_p s - step_w a a_p) * eps + s * z.
Proof.
intros a a_p s x eps z Ha Hp; unfold ddim_step, step_k, step_w, predict_x0.
rewrite sqrt_div_alt, <- sqrt_quotient by lra.
field; apply sqrt_neq_0; lra.
Qed.

Lemma sqrt_squared : forall r, 0 <= r -> sqrt r ^ 2 = r.
Proof. intros; now apply pow2_sqrt. Qed.

Lemma difference_of_roots : forall p q, 0 <= p -> 0 <= q -> 0 < p + q ->
  sqrt p - sqrt q = (p - q) / (sqrt p + sqrt q).
Proof.
intros p q Hp Hq Hpq.
assert (0 < sqrt p + sqrt q).
{ destruct (Req_dec p 0) as [->|N].
  - rewrite sqrt_0; assert (0 < sqrt q) by (apply sqrt_lt_R0; lra); lra.
  - assert (0 < sqrt p) by (apply sqrt_lt_R0; lra); assert (P := sqrt_pos q); lra. }
rewrite <- (sqrt_squared p) at 2 by assumption; rewrite <- (sqrt_squared q) at 2 by assumption.
field; lra.
Qed.

(** The coefficient of eps, where k and w may agree in most digits. *)
Theorem Eq12_stable : forall a a_p s, 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  step_k a_p s - step_w a a_p
  = - (((a_p - a) / a + s ^ 2) / (step_k a_p s + step_w a a_p)).
Proof.
intros a a_p s Ha Hp Hs; unfold step_k, step_w.
assert (0 < a_p * (1 - a) / a).
{ apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; lra. }
rewrite difference_of_roots by lra.
unfold Rdiv; rewrite Ropp_mult_distr_l; f_equal; field; lra.
Qed.

(** Theorem1's c_t, and its tie to the coefficient above. *)
Definition residual_weight (a a_p s : R) : R := sqrt a_p - sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a)).

Theorem Theorem1_residual_stable : forall a a_p s, 0 < a < 1 -> 0 < a_p -> 0 <= 1 - a_p - s ^ 2 ->
  residual_weight a a_p s
  = (a_p - a + a * s ^ 2) / ((1 - a) * (sqrt a_p + sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a)))).
Proof.
intros a a_p s Ha Hp Hs; unfold residual_weight.
assert (0 < a / (1 - a)) by (apply Rdiv_lt_0_compat; lra).
rewrite <- sqrt_mult by lra.
assert (Hr : 0 <= (1 - a_p - s ^ 2) * (a / (1 - a))) by (apply Rmult_le_pos; lra).
assert (0 < sqrt a_p) by now apply sqrt_lt_R0.
pose proof (sqrt_pos ((1 - a_p - s ^ 2) * (a / (1 - a)))).
rewrite difference_of_roots by lra.
field; lra.
Qed.

Theorem Theorem1_residual_is_Eq12 : forall a a_p s, 0 < a < 1 -> 0 <= a_p ->
  step_k a_p s - step_w a a_p = - sqrt ((1 - a) / a) * residual_weight a a_p s.
Proof.
intros a a_p s Ha Hp; unfold step_k, step_w, residual_weight.
rewrite <- sqrt_quotient by lra.
rewrite 2!sqrt_div_alt by lra.
field; split; apply sqrt_neq_0; lra.
Qed.

(** ** Eq16 *)

Definition sigma_of_eta (eta a a_p : R) : R := eta * sqrt ((1 - a_p) / (1 - a)) * sqrt (1 - a / a_p).
Definition sigma_hat (a a_p : R) : R := sqrt (1 - a / a_p).

(** 0 < a <= a_p <= 1, a < 1: what a schedule gives. *)
Definition schedule_pair (a a_p : R) : Prop := 0 < a /\ a <= a_p /\ a_p <= 1 /\ a < 1.

Lemma one_minus_ratio : forall a a_p, schedule_pair a a_p -> 0 <= 1 - a / a_p.
Proof.
intros a a_p (H1 & H2 & H3 & H4).
replace (1 - a / a_p) with ((a_p - a) / a_p) by (field; lra).
apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
Qed.

Theorem Eq16_variance : forall eta a a_p, schedule_pair a a_p ->
  sigma_of_eta eta a a_p ^ 2 = eta ^ 2 * ((1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof.
intros eta a a_p H; unfold sigma_of_eta; pose proof (one_minus_ratio a a_p H).
destruct H as (H1 & H2 & H3 & H4).
rewrite 2!Rpow_mult_distr, 2!sqrt_squared; [ring|assumption|].
apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
Qed.

(** The radicand of Eq7 without cancellation. *)
Theorem Eq16_radicand_stable : forall eta a a_p, schedule_pair a a_p ->
  1 - a_p - sigma_of_eta eta a a_p ^ 2
  = (1 - a_p) * ((1 - eta) * (1 + eta) + eta ^ 2 * (a * (1 - a_p) / (a_p * (1 - a)))).
Proof.
intros eta a a_p H; rewrite Eq16_variance by assumption.
destruct H as (H1 & H2 & H3 & H4); field; lra.
Qed.

Theorem Eq16_domain : forall eta a a_p, schedule_pair a a_p -> 0 <= eta <= 1 ->
  0 <= sigma_of_eta eta a a_p /\ sigma_of_eta eta a a_p ^ 2 <= 1 - a_p.
Proof.
intros eta a a_p H He; split.
- unfold sigma_of_eta; repeat apply Rmult_le_pos; [lra|apply sqrt_pos|apply sqrt_pos].
- pose proof (Eq16_radicand_stable eta a a_p H) as E; destruct H as (H1 & H2 & H3 & H4).
  assert (0 <= a * (1 - a_p) / (a_p * (1 - a))).
  { apply Rmult_le_pos; [apply Rmult_le_pos; lra|].
    apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra. }
  assert (0 <= eta ^ 2) by apply pow2_ge_0.
  assert (0 <= (1 - a_p) * ((1 - eta) * (1 + eta) + eta ^ 2 * (a * (1 - a_p) / (a_p * (1 - a))))); [|lra].
  apply Rmult_le_pos; [lra|].
  apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra.
Qed.

(** Adjacent times, a = a_p (1 - beta): the variance needs no 1 - a/a_p. *)
Theorem Eq16_adjacent : forall a a_p beta eta, 0 < a_p <= 1 -> 0 < beta < 1 -> a = a_p * (1 - beta) ->
  sigma_of_eta eta a a_p ^ 2 = eta ^ 2 * ((1 - a_p) / (1 - a) * beta).
Proof.
intros a a_p beta eta Hp Hb ->; rewrite Eq16_variance.
- field; nra.
- unfold schedule_pair; nra.
Qed.

Theorem Eq16_sigma_hat_leaves_domain : forall a a_p, schedule_pair a a_p ->
  (1 - a_p < sigma_hat a a_p ^ 2 <-> a < a_p ^ 2).
Proof.
intros a a_p H; unfold sigma_hat; rewrite sqrt_squared by (now apply one_minus_ratio).
destruct H as (H1 & H2 & H3 & H4).
assert (E : a / a_p * a_p = a) by (field; lra).
split; intros H.
- assert (a / a_p < a_p) by lra.
  rewrite <- E; simpl; rewrite Rmult_1_r; apply Rmult_lt_compat_r; lra.
- assert (a / a_p < a_p); [|lra].
  apply (Rmult_lt_reg_r a_p); [lra|]; rewrite E; simpl in H; lra.
Qed.

(** NonMarkov's coefficient under Eq16: a multiple of 1 - eta^2, so never positive, zero iff eta = 1. *)
Definition nonmarkov_w (a a_p s : R) : R := sqrt ((1 - a) * (1 - a_p - s ^ 2) * a_p) / (1 - a_p).

Theorem NonMarkov_stable : forall eta a a_p, schedule_pair a a_p -> a_p < 1 -> 0 <= eta <= 1 ->
  let w := nonmarkov_w a a_p (sigma_of_eta eta a a_p) in
  sqrt a - w = - (((1 - eta) * (1 + eta) * (a_p - a)) / ((1 - a_p) * (sqrt a + w))).
Proof.
intros eta a a_p H Hp1 He w.
pose proof (Eq16_domain eta a a_p H He) as (_ & D).
pose proof (Eq16_variance eta a a_p H) as V.
destruct H as (H1 & H2 & H3 & H4).
assert (Hr : 0 <= (1 - a) * (1 - a_p - sigma_of_eta eta a a_p ^ 2) * a_p)
  by (repeat apply Rmult_le_pos; lra).
assert (W : w = sqrt ((1 - a) * (1 - a_p - sigma_of_eta eta a a_p ^ 2) * a_p / (1 - a_p) ^ 2)).
{ unfold w, nonmarkov_w; rewrite sqrt_div_alt by (apply pow_lt; lra); now rewrite sqrt_pow2 by lra. }
assert (0 < sqrt a) by now apply sqrt_lt_R0.
assert (0 <= w) by (rewrite W; apply sqrt_pos).
assert (0 <= (1 - a) * (1 - a_p - sigma_of_eta eta a a_p ^ 2) * a_p / (1 - a_p) ^ 2).
{ apply Rmult_le_pos; [assumption|apply Rlt_le, Rinv_0_lt_compat, pow_lt; lra]. }
rewrite W at 1; rewrite difference_of_roots by lra; rewrite <- W, V.
field; lra.
Qed.

(** ** sigma = 0: a push-forward *)

(** The step at sigma = 0 when eps is the one that x0 implies. *)
Definition transport (a a_p x0 x : R) : R := ddim_step a a_p 0 x (predict_eps a x x0) 0.
Definition transport_slope (a a_p : R) : R := sqrt ((1 - a_p) / (1 - a)).

Lemma transport_affine : forall a a_p x0 x, 0 < a < 1 -> a_p <= 1 ->
  transport a a_p x0 x
  = transport_slope a a_p * x + (sqrt a_p * x0 - transport_slope a a_p * (sqrt a * x0)).
Proof.
intros a a_p x0 x Ha Hp; unfold transport, ddim_step, transport_slope.
rewrite (proj2 (Eq9_round_trip a x Ha)), sqrt_div_alt by lra.
replace (1 - a_p - 0 ^ 2) with (1 - a_p) by ring.
unfold predict_eps; field; apply sqrt_neq_0; lra.
Qed.

(** Change of variables for the densities, point by point. *)
Theorem Eq12_density_transport : forall a a_p x0 x, 0 < a < 1 -> 0 < a_p < 1 ->
  normal (sqrt a_p * x0) (1 - a_p) (transport a a_p x0 x) * transport_slope a a_p
  = normal (sqrt a * x0) (1 - a) x.
Proof.
intros a a_p x0 x Ha Hp; rewrite transport_affine by lra.
assert (Hc : 0 < (1 - a_p) / (1 - a)) by (apply Rdiv_lt_0_compat; lra).
set (c := transport_slope a a_p).
assert (Ec : c ^ 2 = (1 - a_p) / (1 - a)) by (apply sqrt_squared; lra).
assert (Pc : 0 < c) by now apply sqrt_lt_R0.
assert (Ev : 2 * PI * (1 - a_p) = c ^ 2 * (2 * PI * (1 - a))) by (rewrite Ec; field; lra).
pose proof PI_RGT_0.
assert (0 < 2 * PI * (1 - a)) by (apply Rmult_lt_0_compat; lra).
unfold normal; rewrite Ev, sqrt_mult, (sqrt_pow2 c) by (try apply pow2_ge_0; lra).
replace (- (c * x + (sqrt a_p * x0 - c * (sqrt a * x0)) - sqrt a_p * x0) ^ 2 / (2 * (1 - a_p)))
  with (- (x - sqrt a * x0) ^ 2 / (2 * (1 - a))).
- field; split; [apply sqrt_neq_0; assumption|lra].
- replace (- (c * x + _ - _) ^ 2) with (- (c ^ 2 * (x - sqrt a * x0) ^ 2)) by ring.
  rewrite Ec; field; lra.
Qed.

(** Hence probabilities of intervals: N(sqrt a x0, 1-a) on [l,r] is N(sqrt a_p x0, 1-a_p) on its image. *)
Theorem Eq12_push_forward : forall a a_p x0 l r, 0 < a < 1 -> 0 < a_p < 1 ->
  RInt (normal (sqrt a_p * x0) (1 - a_p)) (transport a a_p x0 l) (transport a a_p x0 r)
  = RInt (normal (sqrt a * x0) (1 - a)) l r.
Proof.
intros a a_p x0 l r Ha Hp.
rewrite 2!transport_affine by lra.
set (c := transport_slope a a_p); set (b := sqrt a_p * x0 - c * (sqrt a * x0)).
rewrite <- (RInt_comp_lin (normal (sqrt a_p * x0) (1 - a_p)) c b l r).
- apply RInt_ext; intros x _.
  rewrite <- (Eq12_density_transport a a_p x0 x Ha Hp), transport_affine by lra.
  fold c; fold b; unfold scal; simpl; unfold mult; simpl; ring.
- apply ex_RInt_continuous; intros y _; apply normal_continuous.
Qed.

(** ** Eq13: Euler's step *)

Definition ode_state (a x : R) : R := x / sqrt a.
Definition ode_sigma (a : R) : R := sqrt ((1 - a) / a).
Definition ddim_encode_step (a a_p x eps : R) : R := ddim_step a_p a 0 x eps 0.

Theorem Eq13_euler : forall a a_p x eps, 0 < a <= 1 -> 0 < a_p <= 1 ->
  ode_state a_p (ddim_step a a_p 0 x eps 0)
  = ode_state a x + (ode_sigma a_p - ode_sigma a) * eps.
Proof.
intros a a_p x eps Ha Hp; unfold ode_state, ode_sigma, ddim_step, predict_x0.
replace (1 - a_p - 0 ^ 2) with (1 - a_p) by ring.
rewrite 2!sqrt_div_alt by lra.
field; split; apply sqrt_neq_0; lra.
Qed.

Lemma ode_state_injective : forall a x y, 0 < a -> ode_state a x = ode_state a y -> x = y.
Proof.
intros a x y Ha H; unfold ode_state in H.
apply (Rmult_eq_reg_r (/ sqrt a)); [exact H|apply Rinv_neq_0_compat, sqrt_neq_0, Ha].
Qed.

(** Encode, then decode with the same eps: the identity; and the other way round. *)
Theorem Eq13_encode_then_decode : forall a a_p x eps, 0 < a <= 1 -> 0 < a_p <= 1 ->
  ddim_step a a_p 0 (ddim_encode_step a a_p x eps) eps 0 = x /\
  ddim_encode_step a a_p (ddim_step a a_p 0 x eps 0) eps = x.
Proof.
intros a a_p x eps Ha Hp; unfold ddim_encode_step; split.
- apply (ode_state_injective a_p); [lra|]; rewrite 2!Eq13_euler by assumption; ring.
- apply (ode_state_injective a); [lra|]; rewrite 2!Eq13_euler by assumption; ring.
Qed.

Theorem Eq13_encode_affine : forall a a_p x eps, 0 < a < 1 -> 0 < a_p <= 1 ->
  ddim_encode_step a a_p x eps
  = sqrt (a / a_p) * x + (sqrt (1 - a) - sqrt (a * (1 - a_p) / a_p)) * eps.
Proof.
intros a a_p x eps Ha Hp; unfold ddim_encode_step; rewrite Eq12_affine by lra.
unfold step_k, step_w; replace (1 - a - 0 ^ 2) with (1 - a) by ring; ring.
Qed.

(** ** Eq14: how far Euler's iterates are from the solution *)

(** A differentiable y whose derivative is M-Lipschitz between p and q. *)
Lemma taylor_two : forall (y y' : R -> R) M p q, 0 <= M ->
  (forall r, Rmin p q <= r <= Rmax p q -> is_derive y r (y' r)) ->
  (forall r, Rmin p q <= r <= Rmax p q -> Rabs (y' r - y' p) <= M * Rabs (r - p)) ->
  Rabs (y q - y p - (q - p) * y' p) <= M / 2 * (q - p) ^ 2.
Proof.
intros y y' M p q HM D L.
assert (side : forall sign, (sign = 1 \/ sign = -1) ->
  sign * (y q - y p - (q - p) * y' p) <= M / 2 * (q - p) ^ 2).
{ intros sign Hs.
  pose (f := fun r => sign * (y r - y p - (r - p) * y' p) - M / 2 * (r - p) ^ 2).
  assert (Df : forall r, Rmin p q <= r <= Rmax p q ->
    is_derive f r (sign * (y' r - y' p) - M * (r - p))).
  { intros r Hr; unfold f; specialize (D r Hr); auto_derive.
    - now exists (y' r).
    - replace (Derive (fun x => y x) r) with (y' r) by (symmetry; now apply is_derive_unique). field. }
  destruct (MVT_gen f p q (fun r => sign * (y' r - y' p) - M * (r - p))) as (c & Hc & E).
  - intros r Hr; apply Df; lra.
  - intros r Hr; apply continuity_pt_filterlim, (ex_derive_continuous f).
    exists (sign * (y' r - y' p) - M * (r - p)); apply Df; lra.
  - specialize (L c Hc).
    assert (Z : f p = 0) by (unfold f; ring).
    assert (N : (sign * (y' c - y' p) - M * (c - p)) * (q - p) <= 0).
    { apply Rabs_le_between in L; unfold Rmin, Rmax in Hc; destruct (Rle_dec p q).
      - rewrite (Rabs_pos_eq (c - p)) in L by lra; destruct Hs as [->| ->]; nra.
      - rewrite (Rabs_left1 (c - p)) in L by lra; destruct Hs as [->| ->]; nra. }
    assert (f q <= 0) by lra; unfold f in *; lra. }
apply Rabs_le; split.
- specialize (side (-1) (or_intror eq_refl)); lra.
- specialize (side 1 (or_introl eq_refl)); lra.
Qed.

Fixpoint path_length (g : nat -> R) (n : nat) : R :=
  match n with O => 0 | S m => path_length g m + Rabs (g (S m) - g m) end.
Fixpoint path_squares (g : nat -> R) (n : nat) : R :=
  match n with O => 0 | S m => path_squares g m + (g (S m) - g m) ^ 2 end.

Lemma path_length_nonneg : forall g n, 0 <= path_length g n.
Proof. intros g; induction n; simpl; [lra|pose proof (Rabs_pos (g (S n) - g n)); lra]. Qed.

Lemma path_squares_nonneg : forall g n, 0 <= path_squares g n.
Proof.
intros g; induction n; [simpl; lra|]; cbn [path_squares].
pose proof (pow2_ge_0 (g (S n) - g n)); lra.
Qed.

Section GlobalError.
(** The model [e] in ODE coordinates, the solution [y] on [lo, hi]. *)
Variables (e : R -> R -> R) (y : R -> R) (L M lo hi : R).
Hypothesis L_nonneg : 0 <= L.
Hypothesis M_nonneg : 0 <= M.
Hypothesis model_lipschitz : forall x x' r, lo <= r <= hi -> Rabs (e x r - e x' r) <= L * Rabs (x - x').
Hypothesis solution : forall r, lo <= r <= hi -> is_derive y r (e (y r) r).
Hypothesis velocity_lipschitz : forall r r', lo <= r <= hi -> lo <= r' <= hi ->
  Rabs (e (y r) r - e (y r') r') <= M * Rabs (r - r').

(** Euler's iterates from [x] along the grid [g], which may go up or down. *)
Fixpoint euler (g : nat -> R) (x : R) (n : nat) : R :=
  match n with O => x | S m => euler g x m + (g (S m) - g m) * e (euler g x m) (g m) end.

Theorem Eq14_global_error : forall g x n, (forall i, (i <= n)%nat -> lo <= g i <= hi) ->
  Rabs (euler g x n - y (g n))
  <= exp (L * path_length g n) * (Rabs (x - y (g O)) + M / 2 * path_squares g n).
Proof.
intros g x n; induction n as [|n IH]; intros G.
- simpl; rewrite Rmult_0_r, exp_0; lra.
- specialize (IH (fun i Hi => G i (le_S _ _ Hi))).
  cbn [euler path_length path_squares].
  set (X := euler g x n) in *; set (h := g (S n) - g n).
  pose proof (G n (le_S _ _ (le_n n))) as G0; pose proof (G (S n) (le_n _)) as G1.
  assert (between : forall r, Rmin (g n) (g (S n)) <= r <= Rmax (g n) (g (S n)) -> lo <= r <= hi).
  { intros r; unfold Rmin, Rmax; destruct (Rle_dec (g n) (g (S n))); lra. }
  assert (T : Rabs (y (g (S n)) - y (g n) - h * e (y (g n)) (g n)) <= M / 2 * h ^ 2).
  { apply (taylor_two y (fun r => e (y r) r) M); [assumption| |]; intros r Hr; auto. }
  assert (Lx : Rabs (h * (e X (g n) - e (y (g n)) (g n))) <= Rabs h * (L * Rabs (X - y (g n)))).
  { rewrite Rabs_mult; apply Rmult_le_compat_l; [apply Rabs_pos|auto]. }
  set (D := Rabs (X - y (g n))) in *.
  assert (E1 : Rabs (X + h * e X (g n) - y (g (S n))) <= (1 + L * Rabs h) * D + M / 2 * h ^ 2).
  { replace (X + h * e X (g n) - y (g (S n))) with
      ((X - y (g n)) + h * (e X (g n) - e (y (g n)) (g n))
       + - (y (g (S n)) - y (g n) - h * e (y (g n)) (g n))) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_Ropp.
    apply Rplus_le_compat; [|exact T].
    apply Rle_trans with (1 := Rabs_triang _ _); fold D; lra. }
  apply Rle_trans with (1 := E1).
  rewrite (Rmult_plus_distr_l L), exp_plus.
  set (P := exp (L * path_length g n)) in *; set (F := exp (L * Rabs h)).
  pose proof (Rabs_pos h) as Hh.
  assert (LH : 0 <= L * Rabs h) by now apply Rmult_le_pos.
  assert (HF : 1 + L * Rabs h <= F) by (unfold F; apply exp_ineq1_le).
  assert (HP : 1 <= P).
  { pose proof (exp_ineq1_le (L * path_length g n)).
    pose proof (Rmult_le_pos _ _ L_nonneg (path_length_nonneg g n)); unfold P; lra. }
  set (B := Rabs (x - y (g 0%nat)) + M / 2 * path_squares g n) in *.
  assert (HD : 0 <= D) by apply Rabs_pos.
  assert (S1 : (1 + L * Rabs h) * D <= F * (P * B)) by (apply Rmult_le_compat; lra).
  assert (HM : 0 <= M / 2 * h ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
  assert (S2 : M / 2 * h ^ 2 <= P * F * (M / 2 * h ^ 2)).
  { rewrite <- (Rmult_1_l (M / 2 * h ^ 2)) at 1; apply Rmult_le_compat_r; [assumption|].
    rewrite <- (Rmult_1_l 1) at 1; apply Rmult_le_compat; lra. }
  replace (Rabs (x - y (g 0%nat)) + M / 2 * (path_squares g n + h ^ 2)) with (B + M / 2 * h ^ 2)
    by (unfold B; ring).
  lra.
Qed.

(** First order: with steps no longer than [h], path_squares <= h path_length. *)
Lemma path_squares_bound : forall g n h, (forall i, (i < n)%nat -> Rabs (g (S i) - g i) <= h) ->
  path_squares g n <= h * path_length g n.
Proof.
intros g n h; induction n as [|n IH]; intros H; [simpl; lra|].
cbn [path_squares path_length].
specialize (IH (fun i Hi => H i (le_S _ _ Hi))); specialize (H n (le_n _)).
replace ((g (S n) - g n) ^ 2) with (Rabs (g (S n) - g n) * Rabs (g (S n) - g n))
  by (rewrite <- Rabs_mult, Rabs_pos_eq; [ring|apply Rle_0_sqr]).
pose proof (Rabs_pos (g (S n) - g n)).
assert (Rabs (g (S n) - g n) * Rabs (g (S n) - g n) <= h * Rabs (g (S n) - g n))
  by (apply Rmult_le_compat_r; assumption).
lra.
Qed.

Theorem Eq14_first_order : forall g n h, (forall i, (i <= n)%nat -> lo <= g i <= hi) ->
  (forall i, (i < n)%nat -> Rabs (g (S i) - g i) <= h) ->
  Rabs (euler g (y (g O)) n - y (g n))
  <= h * (M / 2 * path_length g n * exp (L * path_length g n)).
Proof.
intros g n h G H; pose proof (Eq14_global_error g (y (g O)) n G) as E.
rewrite Rminus_eq_0, Rabs_R0, Rplus_0_l in E; apply Rle_trans with (1 := E).
pose proof (path_squares_bound g n h H) as Q.
pose proof (exp_pos (L * path_length g n)).
apply Rle_trans with (exp (L * path_length g n) * (M / 2 * (h * path_length g n))); [|right; ring].
apply Rmult_le_compat_l; [lra|apply Rmult_le_compat_l; lra].
Qed.

(** Encode along [g], decode along [g'] back to where it started. *)
Theorem Eq14_encode_decode_error : forall g g' n n',
  (forall i, (i <= n)%nat -> lo <= g i <= hi) -> (forall i, (i <= n')%nat -> lo <= g' i <= hi) ->
  g' O = g n -> g' n' = g O ->
  Rabs (euler g' (euler g (y (g O)) n) n' - y (g O))
  <= exp (L * path_length g' n') *
     (exp (L * path_length g n) * (M / 2 * path_squares g n) + M / 2 * path_squares g' n').
Proof.
intros g g' n n' G G' E0 E1.
pose proof (Eq14_global_error g (y (g O)) n G) as A.
rewrite Rminus_eq_0, Rabs_R0, Rplus_0_l in A.
pose proof (Eq14_global_error g' (euler g (y (g O)) n) n' G') as B.
rewrite E1, E0 in B; apply Rle_trans with (1 := B).
apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|lra].
Qed.

(** The sampler's own iterates are these, when the network is [e] in ODE coordinates. *)
Fixpoint ddim_iterates (a : nat -> R) (x : R) (n : nat) : R :=
  match n with
  | O => x
  | S m => let x_t := ddim_iterates a x m in
           ddim_step (a m) (a (S m)) 0 x_t (e (ode_state (a m) x_t) (ode_sigma (a m))) 0
  end.

Theorem Eq13_iterates : forall a x n, (forall i, (i <= n)%nat -> 0 < a i <= 1) ->
  ode_state (a n) (ddim_iterates a x n)
  = euler (fun i => ode_sigma (a i)) (ode_state (a O) x) n.
Proof.
intros a x n; induction n as [|n IH]; intros Ha; [reflexivity|].
cbn [ddim_iterates euler].
rewrite Eq13_euler by (apply Ha; lia).
now rewrite IH by (intros; apply Ha; lia).
Qed.

Theorem Eq14_sampler_error : forall a x n,
  (forall i, (i <= n)%nat -> 0 < a i <= 1) -> (forall i, (i <= n)%nat -> lo <= ode_sigma (a i) <= hi) ->
  let g := fun i => ode_sigma (a i) in
  Rabs (ode_state (a n) (ddim_iterates a x n) - y (g n))
  <= exp (L * path_length g n)
     * (Rabs (ode_state (a O) x - y (g O)) + M / 2 * path_squares g n).
Proof. intros a x n Ha G g; rewrite Eq13_iterates by assumption; now apply Eq14_global_error. Qed.
End GlobalError.

(** ** Non-vacuity *)

Example Eq12_instance : schedule_pair (9/25) (16/25) /\ ddim_step (9/25) (16/25) 0 1 1 0 = 13/15.
Proof.
split; [unfold schedule_pair; lra|]; unfold ddim_step, predict_x0.
replace (9/25) with ((3/5)^2) by field; replace (16/25) with ((4/5)^2) by field.
replace (1 - (4/5)^2 - 0^2) with ((3/5)^2) by field; replace (1 - (3/5)^2) with ((4/5)^2) by field.
rewrite !sqrt_pow2 by lra; field.
Qed.

(** The hypotheses of the error theorem hold for e(x, r) = x, whose solution is exp. *)
Example Eq14_instance : forall n g, (forall i, (i <= n)%nat -> 0 <= g i <= 1) ->
  Rabs (euler (fun x _ => x) g (exp (g O)) n - exp (g n))
  <= exp (1 * path_length g n) * (Rabs (exp (g O) - exp (g O)) + exp 1 / 2 * path_squares g n).
Proof.
intros n g G; apply (Eq14_global_error (fun x _ => x) exp 1 (exp 1) 0 1); try assumption.
- lra.
- apply Rlt_le, exp_pos.
- intros; lra.
- intros; apply is_derive_exp || (auto_derive; [trivial|ring]).
- intros r r' Hr Hr'.
  destruct (MVT_gen exp r' r exp) as (c & Hc & E).
  + intros; auto_derive; [trivial|ring].
  + intros; apply derivable_continuous_pt, derivable_pt_exp.
  + rewrite E, Rabs_mult, (Rabs_pos_eq (exp c)) by (apply Rlt_le, exp_pos).
    apply Rmult_le_compat_r; [apply Rabs_pos|].
    unfold Rmin, Rmax in Hc; destruct (Rle_dec r' r);
      (destruct (Req_dec c 1) as [->|N]; [lra|apply Rlt_le, exp_increasing; lra]).
Qed.
