(** * The variational objective (Eq11) and Theorem 1

    - [KL_general], [KL_equal]: the Kullback-Leibler divergence of two normal laws.
    - [Eq11_lines]: the two lines of Eq11 are equal path by path.
    - [chain_additive]: the integral over x_1, ..., x_T of the joint density Eq6 times a sum of
      functions of neighbouring states is the sum of their expectations under q(x_t | x0).
    - [Eq11_KL_form]: J converges, and is KL(q(x_T|x0) || p(x_T)), plus the expected KL of each
      kernel, plus the expected negative log likelihood of the last step.  The model [eps_theta t]
      is any continuous function of at most exponential growth ([tame], fubini.v).
    - [gamma_pos]: the exact weights of Theorem 1 are positive when alpha_bar decreases.
    - [Theorem1_exact]: J = L_gamma + C, where C does not mention [eps_theta].
    - [Theorem1_weights_unique]: any other weights fail.
    - [gamma_ddpm]: at eta = 1 the weight is (SNR(t-1) / SNR(t) - 1) / 2. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws.
Open Scope R_scope.

(** ** Kullback-Leibler divergence *)

Definition kl (p r : R -> R) (l : R) : Prop := integral (fun x => p x * ln (p x / r x)) l.

Theorem KL_general m1 v1 m2 v2 :
  0 < v1 -> 0 < v2 ->
  kl (normal m1 v1) (normal m2 v2) ((ln (v2 / v1) + (v1 + (m1 - m2) ^ 2) / v2 - 1) / 2).
Proof.
intros H1 H2. unfold kl.
eapply integral_eq.
- exact (normal_quadratic (/ (2 * v2) - / (2 * v1)) (m1 / v1 - m2 / v2)
    (m2 ^ 2 / (2 * v2) - m1 ^ 2 / (2 * v1) + ln (v2 / v1) / 2) m1 v1 H1).
- intro x. cbv beta. rewrite log_ratio by trivial. f_equal. field. lra.
- field. lra.
Qed.

Theorem KL_equal m1 m2 v :
  0 < v -> kl (normal m1 v) (normal m2 v) ((m1 - m2) ^ 2 / (2 * v)).
Proof.
intros Hv. eapply integral_eq; [exact (KL_general m1 v m2 v Hv Hv)| |].
- reflexivity.
- replace (v / v) with 1 by (field; lra). rewrite ln_1. field. lra.
Qed.

(** ** Sums *)

Fixpoint sum (f : nat -> R) (lo n : nat) : R :=
  match n with O => 0 | S m => sum f lo m + f (lo + m)%nat end.

Lemma sum_ext f g lo n : (forall t, (lo <= t < lo + n)%nat -> f t = g t) -> sum f lo n = sum g lo n.
Proof.
induction n as [|n IH]; intro H; [reflexivity|].
simpl. rewrite IH by (intros; apply H; lia). rewrite H by lia. reflexivity.
Qed.

Lemma sum_plus f g lo n : sum (fun t => f t + g t) lo n = sum f lo n + sum g lo n.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma sum_minus f g lo n : sum (fun t => f t - g t) lo n = sum f lo n - sum g lo n.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma sum_head f lo n : sum f lo (S n) = f lo + sum f (S lo) n.
Proof.
revert lo. induction n as [|n IH]; intro lo.
- simpl. rewrite Nat.add_0_r. ring.
- change (sum f lo (S (S n))) with (sum f lo (S n) + f (lo + S n)%nat).
  rewrite IH. simpl. replace (lo + S n)%nat with (S (lo + n)) by lia. ring.
Qed.

Lemma sum_shift f lo n : sum (fun t => f (S t)) lo n = sum f (S lo) n.
Proof. induction n as [|n IH]; simpl; [reflexivity|]. now rewrite IH. Qed.

Lemma product_pos f lo n : (forall t, (lo <= t < lo + n)%nat -> 0 < f t) -> 0 < product f lo n.
Proof.
induction n as [|n IH]; intro H; simpl; [lra|].
apply Rmult_lt_0_compat; [apply IH; intros; apply H; lia|apply H; lia].
Qed.

Lemma ln_product f lo n :
  (forall t, (lo <= t < lo + n)%nat -> 0 < f t) -> ln (product f lo n) = sum (fun t => ln (f t)) lo n.
Proof.
induction n as [|n IH]; intro H; simpl; [apply ln_1|].
rewrite ln_mult, IH; trivial.
- intros; apply H; lia.
- apply product_pos. intros; apply H; lia.
- apply H; lia.
Qed.

(** ** Integrals over a path are unique *)

Lemma set_at_ext x i u j : set_at x i u j = if Nat.eqb j i then u else x j.
Proof. reflexivity. Qed.

Lemma integrate_out_unique l : forall f f' g g', (forall x, f x = f' x) ->
  integrate_out l f g -> integrate_out l f' g' -> forall x, g x = g' x.
Proof.
induction l as [|i l IH]; simpl; intros f f' g g' E H H' x.
- now rewrite <- H, <- H', E.
- destruct H as [h [Hh Hr]]. destruct H' as [h' [Hh' Hr']].
  apply (IH h h' g g'); trivial. intro y. apply (integral_unique _ _ _ (Hh y)).
  apply (integral_ext (fun u => f' (set_at y i u))); [|apply Hh'].
  intro u. symmetry. apply E.
Qed.

Lemma integrate_out_ext l : forall f f' g g', (forall x, f x = f' x) -> (forall x, g x = g' x) ->
  integrate_out l f g -> integrate_out l f' g'.
Proof.
induction l as [|i l IH]; simpl; intros f f' g g' E E' H.
- intro x. now rewrite <- E, <- E'.
- destruct H as [h [Hh Hr]]. exists h. split.
  + intro x. apply (integral_ext (fun u => f (set_at x i u))); [intro; apply E|apply Hh].
  + now apply (IH h h g g').
Qed.

(** ** Expectations of sums along the chain *)

Section Chain.
Variables (alpha_bar sigma : nat -> R) (x0 : R) (T : nat).
Hypothesis domain : chain_domain alpha_bar sigma T.

(** E under q(x_t | x0). *)
Definition q_expect (t : nat) (phi : R -> R) : R := expect (sqrt (alpha_bar t) * x0) (1 - alpha_bar t) phi.

(** E under Eq7, from t + 1 to t. *)
Definition step_expect (t : nat) (phi : R -> R) (x : R) : R :=
  expect (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x x0) (sigma (S t) ^ 2) phi.

Lemma q_expect_correct t phi : (1 <= t <= T)%nat -> tame phi ->
  integral (fun x => q_marginal (alpha_bar t) x0 x * phi x) (q_expect t phi).
Proof.
intros Ht Hp. apply expect_correct; trivial.
destruct (chain_domain_alpha _ _ _ t domain Ht). lra.
Qed.

Lemma step_expect_correct t phi x : (1 <= t < T)%nat -> tame phi ->
  integral (fun y => q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y * phi y)
    (step_expect t phi x).
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). destruct (H t Ht) as (_ & _ & Hs & _).
apply expect_correct; trivial. now apply sqr_pos.
Qed.

Lemma step_expect_tame t phi : (1 <= t < T)%nat -> tame phi -> tame (step_expect t phi).
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). destruct (H t Ht) as (_ & _ & Hs & _).
apply (tame_ext (fun x => expect (slope (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) * x
  + intercept (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0) (sigma (S t) ^ 2) phi)).
- intro x. unfold step_expect. now rewrite posterior_mean_affine.
- apply kernel_tame; trivial. now apply sqr_pos.
Qed.

(** Lemma 1 for expectations. *)
Lemma q_expect_step t phi : (1 <= t < T)%nat -> tame phi ->
  q_expect (S t) (step_expect t phi) = q_expect t phi.
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). specialize (H t Ht).
assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
unfold q_expect. apply expect_eq.
assert (K := tower (sqrt (alpha_bar (S t)) * x0) (1 - alpha_bar (S t))
  (slope (alpha_bar (S t)) (alpha_bar t) (sigma (S t)))
  (intercept (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0) (sigma (S t) ^ 2) phi
  ltac:(lra) (sqr_pos _ Hs) Hp).
rewrite evidence_mean_marginal, evidence_variance_marginal in K by trivial.
eapply integral_ext; [|exact K].
intro x. unfold step_expect. now rewrite posterior_mean_affine.
Qed.

(** A sum along the path: [l_T x_T + sum over t of l t x_{t+1} x_t + v x_1]; [k t x] is the
    expectation of [l t x y] over y. *)
Variables (l_T v : R -> R) (l : nat -> R -> R -> R) (k : nat -> R -> R).
Hypotheses (l_T_tame : tame l_T) (v_tame : tame v) (k_tame : forall t, (1 <= t < T)%nat -> tame (k t)).
Hypothesis k_integral : forall t x, (1 <= t < T)%nat ->
  integral (fun y => q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y * l t x y) (k t x).

Definition along_path (x : nat -> R) : R :=
  l_T (x T) + sum (fun t => l t (x (S t)) (x t)) 1 (T - 1) + v (x 1%nat).

(** What is left to pay from the state x_{n+1} on. *)
Fixpoint to_go (n : nat) : R -> R :=
  match n with O => v | S m => fun x => k n x + step_expect n (to_go m) x end.

Lemma to_go_tame n : (n < T)%nat -> tame (to_go n).
Proof.
induction n as [|n IH]; intros Hn; [exact v_tame|].
apply (tame_plus (k (S n)) (step_expect (S n) (to_go n))); [apply k_tame; lia|].
apply step_expect_tame; [lia|apply IH; lia].
Qed.

Lemma to_go_expect n : (n < T)%nat ->
  q_expect (S n) (to_go n) = sum (fun t => q_expect (S t) (k t)) 1 n + q_expect 1 v.
Proof.
induction n as [|n IH]; intros Hn; [simpl; ring|].
cbn [to_go sum]. unfold q_expect at 1.
destruct (chain_domain_alpha _ _ _ (S (S n)) domain ltac:(lia)) as [_ Ha].
rewrite expect_plus; [|lra|apply k_tame; lia|apply step_expect_tame; [lia|apply to_go_tame; lia]].
change (expect _ _ (step_expect (S n) (to_go n))) with (q_expect (S (S n)) (step_expect (S n) (to_go n))).
rewrite q_expect_step by (lia || (apply to_go_tame; lia)). rewrite IH by lia.
replace (1 + n)%nat with (S n) by lia.
change (expect _ _ (k (S n))) with (q_expect (S (S n)) (k (S n))). ring.
Qed.

(** The integrand once x_1, ..., x_n are integrated out. *)
Definition remaining (n : nat) (x : nat -> R) : R :=
  q_marginal (alpha_bar T) x0 (x T) * product (reverse_step alpha_bar sigma x0 x) (S n) (T - S n) *
  (l_T (x T) + sum (fun t => l t (x (S t)) (x t)) (S n) (T - S n) + to_go n (x (S n))).

Lemma sum_untouched x i u lo n : (i < lo)%nat ->
  sum (fun t => l t (set_at x i u (S t)) (set_at x i u t)) lo n = sum (fun t => l t (x (S t)) (x t)) lo n.
Proof. intros H. apply sum_ext. intros t Ht. rewrite !set_at_other by lia. reflexivity. Qed.

Lemma remaining_step n x : (S n < T)%nat ->
  integral (fun u => remaining n (set_at x (S n) u)) (remaining (S n) x).
Proof.
intros Hn. destruct domain as (_ & _ & H). destruct (H (S n) ltac:(lia)) as (_ & _ & Hs & _).
set (w := q_marginal (alpha_bar T) x0 (x T) * product (reverse_step alpha_bar sigma x0 x) (S (S n)) (T - S (S n))).
set (c := l_T (x T) + sum (fun t => l t (x (S t)) (x t)) (S (S n)) (T - S (S n))).
assert (Ic := integral_scal _ c _ (Eq7_normalised (alpha_bar (S (S n))) (alpha_bar (S n)) (sigma (S (S n))) x0 (x (S (S n))) Hs)).
assert (Ik := k_integral (S n) (x (S (S n))) ltac:(lia)).
assert (Iv := step_expect_correct (S n) (to_go n) (x (S (S n))) ltac:(lia) (to_go_tame n ltac:(lia))).
apply (integral_scaled w _ _ _ _ (integral_plus _ _ _ _ Ic (integral_plus _ _ _ _ Ik Iv))).
- intro u. unfold remaining.
  replace (T - S n)%nat with (S (T - S (S n))) by lia.
  rewrite product_head, sum_head, sum_untouched, product_untouched, reverse_step_clean by lia.
  rewrite (set_at_other x (S n) u T), set_at_same, (set_at_other x (S n) u (S (S n))) by lia.
  unfold w, c. ring.
- unfold remaining. cbn [to_go]. fold w. fold c. ring.
Qed.

Lemma remaining_out n : (n < T)%nat -> integrate_out (seq 1 n) (remaining 0) (remaining n).
Proof.
induction n as [|n IH]; intros Hn; [simpl; trivial|].
rewrite seq_S. eapply integrate_out_app; [apply IH; lia|].
simpl. exists (remaining (S n)). split; [|trivial]. intro x. now apply remaining_step.
Qed.

Theorem chain_additive :
  integrate_out (seq 1 T) (fun x => q_joint alpha_bar sigma x0 T x * along_path x)
    (fun _ => q_expect T l_T + sum (fun t => q_expect (S t) (k t)) 1 (T - 1) + q_expect 1 v).
Proof.
destruct domain as (HT & HaT & _).
apply (integrate_out_ext _ (remaining 0) _ (fun _ => q_expect T l_T + q_expect T (to_go (T - 1)))).
- intro x. reflexivity.
- intros _. replace T with (S (T - 1)) at 2 by lia. rewrite to_go_expect by lia. ring.
- replace (seq 1 T) with (seq 1 (T - 1) ++ T :: nil).
  2: { replace T with (S (T - 1)) at 3 by lia. rewrite seq_S. simpl. repeat f_equal. lia. }
  eapply integrate_out_app; [apply (remaining_out (T - 1)); lia|].
  simpl. exists (fun _ => q_expect T l_T + q_expect T (to_go (T - 1))). split; [|trivial].
  intro x.
  eapply integral_ext; [|exact (integral_plus _ _ _ _ (q_expect_correct T l_T ltac:(lia) l_T_tame)
    (q_expect_correct T (to_go (T - 1)) ltac:(lia) (to_go_tame (T - 1) ltac:(lia))))].
  intro u. unfold remaining. replace (S (T - 1)) with T by lia. rewrite Nat.sub_diag. simpl.
  rewrite set_at_same. ring.
Qed.

End Chain.

(** ** The model *)

(** Weights of Theorem 1: gamma_1 = (1 - a_1) / (2 s_1^2 a_1); for t >= 2,
    gamma_t = c_t^2 (1 - a_t) / (2 s_t^2 a_t) with c_t = [residual_weight] (steps.v). *)
Definition gamma_first (a s : R) : R := (1 - a) / (2 * s ^ 2 * a).
Definition gamma_step (a a_p s : R) : R := residual_weight a a_p s ^ 2 * (1 - a) / (2 * s ^ 2 * a).
Definition gamma (alpha_bar sigma : nat -> R) (t : nat) : R :=
  match t with
  | O => 0
  | S O => gamma_first (alpha_bar 1%nat) (sigma 1%nat)
  | S p => gamma_step (alpha_bar t) (alpha_bar p) (sigma t)
  end.

Section Model.
Variables (alpha_bar sigma : nat -> R) (T : nat).

(** Eq10's kernels for the model [eps_theta]; the first one makes x_0 from x_1. *)
Definition f_theta (eps_theta : nat -> R -> R) (t : nat) (x : R) : R :=
  predict_x0 (alpha_bar t) x (eps_theta t x).
Definition p_step (eps_theta : nat -> R -> R) (t : nat) (x_t x_prev : R) : R :=
  q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) (f_theta eps_theta (S t) x_t) x_t x_prev.
Definition p_first (eps_theta : nat -> R -> R) (x1 x0 : R) : R :=
  normal (f_theta eps_theta 1 x1) (sigma 1%nat ^ 2) x0.

(** p_theta(x_{0:T}), with x_0 = x0. *)
Definition p_joint (eps_theta : nat -> R -> R) (x0 : R) (x : nat -> R) : R :=
  normal 0 1 (x T) * product (fun t => p_step eps_theta t (x (S t)) (x t)) 1 (T - 1) *
  p_first eps_theta (x 1%nat) x0.

(** Eq11, first line: the whole log ratio. *)
Definition Eq11_line1 (eps_theta : nat -> R -> R) (x0 : R) (x : nat -> R) : R :=
  ln (q_joint alpha_bar sigma x0 T x / p_joint eps_theta x0 x).

(** Eq11, second line: log q(x_T|x_0), sum of log q(x_{t-1}|x_t,x_0) over t >= 2, sum of
    log p(x_{t-1}|x_t) over t >= 1, log p(x_T). *)
Definition log_q_T (x0 : R) (x : nat -> R) : R := ln (q_marginal (alpha_bar T) x0 (x T)).
Definition log_q_steps (x0 : R) (x : nat -> R) : R :=
  sum (fun t => ln (reverse_step alpha_bar sigma x0 x t)) 1 (T - 1).
Definition log_p_steps (eps_theta : nat -> R -> R) (x0 : R) (x : nat -> R) : R :=
  ln (p_first eps_theta (x 1%nat) x0) + sum (fun t => ln (p_step eps_theta t (x (S t)) (x t))) 1 (T - 1).
Definition log_p_T (x : nat -> R) : R := ln (normal 0 1 (x T)).
Definition Eq11_line2 (eps_theta : nat -> R -> R) (x0 : R) (x : nat -> R) : R :=
  log_q_T x0 x + log_q_steps x0 x - log_p_steps eps_theta x0 x - log_p_T x.

(** J: the integral over x_1, ..., x_T of q(x_{1:T}|x_0) log (q(x_{1:T}|x_0) / p(x_{0:T})). *)
Definition J (eps_theta : nat -> R -> R) (x0 j : R) : Prop :=
  integrate_out (seq 1 T) (fun x => q_joint alpha_bar sigma x0 T x * Eq11_line1 eps_theta x0 x) (fun _ => j).

(** L_weights: the weighted sum over t of E_eps (eps - eps_theta(sqrt a_t x_0 + sqrt (1-a_t) eps))^2,
    eps ~ N(0, 1). *)
Definition L (weights : nat -> R) (eps_theta : nat -> R -> R) (x0 loss : R) : Prop :=
  exists term : nat -> R,
    (forall t, (1 <= t <= T)%nat ->
      integral (fun eps => normal 0 1 eps * (eps - eps_theta t (q_sample (alpha_bar t) x0 eps)) ^ 2) (term t)) /\
    loss = sum (fun t => weights t * term t) 1 T.

(** Theorem 1's constant, for each x_0. *)
Definition Theorem1_constant (x0 : R) : R :=
  (ln (1 / (1 - alpha_bar T)) + (1 - alpha_bar T + alpha_bar T * x0 ^ 2) - 1) / 2
  + ln (2 * PI * sigma 1%nat ^ 2) / 2.

Hypothesis domain : chain_domain alpha_bar sigma T.
Hypothesis first_sigma : 0 < sigma 1%nat.

Lemma sigma_pos t : (1 <= t <= T)%nat -> 0 < sigma t.
Proof.
intros Ht. destruct (Nat.eq_dec t 1) as [->|]; trivial.
destruct domain as (_ & _ & H). destruct (H (t - 1)%nat ltac:(lia)) as (_ & _ & Hs & _).
replace (S (t - 1)) with t in Hs by lia. exact Hs.
Qed.

Lemma p_step_pos eps_theta t x y : (1 <= t < T)%nat -> 0 < p_step eps_theta t x y.
Proof. intros Ht. apply normal_pos, sqr_pos, sigma_pos. lia. Qed.

Lemma reverse_step_pos x0 x t : (1 <= t < T)%nat -> 0 < reverse_step alpha_bar sigma x0 x t.
Proof. intros Ht. apply normal_pos, sqr_pos, sigma_pos. lia. Qed.

(** The two lines agree on every path. *)
Theorem Eq11_lines eps_theta x0 x : Eq11_line1 eps_theta x0 x = Eq11_line2 eps_theta x0 x.
Proof.
assert (D := domain). destruct D as (HT & HaT & _).
unfold Eq11_line1, Eq11_line2, q_joint, p_joint, log_q_T, log_q_steps, log_p_steps, log_p_T.
assert (P1 : 0 < q_marginal (alpha_bar T) x0 (x T)) by (apply normal_pos; lra).
assert (P2 : 0 < product (reverse_step alpha_bar sigma x0 x) 1 (T - 1)).
{ apply product_pos. intros. apply reverse_step_pos. lia. }
assert (P3 : 0 < normal 0 1 (x T)) by (apply normal_pos; lra).
assert (P4 : 0 < product (fun t => p_step eps_theta t (x (S t)) (x t)) 1 (T - 1)).
{ apply product_pos. intros. apply p_step_pos. lia. }
assert (P5 : 0 < p_first eps_theta (x 1%nat) x0) by (apply normal_pos, sqr_pos, first_sigma).
assert (P6 := Rmult_lt_0_compat _ _ P3 P4).
rewrite ln_div by (apply Rmult_lt_0_compat; trivial).
rewrite (ln_mult (q_marginal _ _ _)), (ln_mult (normal 0 1 _ * _)), (ln_mult (normal 0 1 _)) by trivial.
rewrite !ln_product.
- ring.
- intros t Ht. apply p_step_pos. lia.
- intros t Ht. apply reverse_step_pos. lia.
Qed.

(** ** The pieces of J *)

Lemma posterior_mean_gap a a_p s x x0 f :
  0 < a < 1 ->
  posterior_mean a a_p s x x0 - posterior_mean a a_p s x f = residual_weight a a_p s * (x0 - f).
Proof.
intros Ha. unfold posterior_mean, residual_weight. rewrite sqrt_div_alt by lra.
assert (H := sqrt_pos_lt (1 - a) ltac:(lra)). field. lra.
Qed.

Lemma f_theta_gap eps_theta t x x0 :
  0 < alpha_bar t < 1 ->
  (x0 - f_theta eps_theta t x) ^ 2 =
  (1 - alpha_bar t) / alpha_bar t * (predict_eps (alpha_bar t) x x0 - eps_theta t x) ^ 2.
Proof.
intros Ha. unfold f_theta, predict_x0, predict_eps.
assert (H1 := sqrt_pos_lt (alpha_bar t) ltac:(lra)). assert (H2 := sqrt_pos_lt (1 - alpha_bar t) ltac:(lra)).
assert (E1 := sqrt_sqrt (alpha_bar t) ltac:(lra)). assert (E2 := sqrt_sqrt (1 - alpha_bar t) ltac:(lra)).
set (r := sqrt (alpha_bar t)) in *. set (q := sqrt (1 - alpha_bar t)) in *.
replace (1 - alpha_bar t) with (q * q) by exact E2. replace (alpha_bar t) with (r * r) by exact E1.
field. lra.
Qed.

(** KL of one kernel, at the state x_t: the weight times the squared error of the noise. *)
Theorem Eq11_KL_step eps_theta t x0 x :
  (1 <= t < T)%nat ->
  kl (q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x) (p_step eps_theta t x)
    (gamma alpha_bar sigma (S t) * (predict_eps (alpha_bar (S t)) x x0 - eps_theta (S t) x) ^ 2).
Proof.
intros Ht. assert (Hs := sigma_pos (S t) ltac:(lia)).
assert (Ha := chain_domain_alpha _ _ _ (S t) domain ltac:(lia)).
eapply integral_eq.
- exact (KL_equal (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x x0)
    (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x (f_theta eps_theta (S t) x))
    _ (sqr_pos _ Hs)).
- reflexivity.
- rewrite posterior_mean_gap by trivial. rewrite Rpow_mult_distr, f_theta_gap by trivial.
  destruct t as [|t]; [lia|]. cbn [gamma]. unfold gamma_step. field. lra.
Qed.

Lemma log_p_first eps_theta x0 x :
  (1 <= T)%nat ->
  - ln (p_first eps_theta x x0) =
  gamma alpha_bar sigma 1 * (predict_eps (alpha_bar 1%nat) x x0 - eps_theta 1%nat x) ^ 2
  + ln (2 * PI * sigma 1%nat ^ 2) / 2.
Proof.
intros HT. assert (Ha := chain_domain_alpha _ _ _ 1%nat domain ltac:(lia)).
unfold p_first. rewrite ln_normal by now apply sqr_pos.
rewrite f_theta_gap by trivial. cbn [gamma]. unfold gamma_first. field. lra.
Qed.

Lemma residual_tame eps_theta t x0 :
  0 < alpha_bar t < 1 -> tame (eps_theta t) ->
  tame (fun x => (predict_eps (alpha_bar t) x x0 - eps_theta t x) ^ 2).
Proof.
intros Ha H. apply tame_pow. apply tame_minus; trivial.
apply (tame_ext (fun x => / sqrt (1 - alpha_bar t) * x + - (sqrt (alpha_bar t) * x0) / sqrt (1 - alpha_bar t))).
- intro x. unfold predict_eps, Rdiv. ring.
- apply tame_plus; [apply tame_scal, tame_id|apply tame_const].
Qed.

(** The expected squared error of the noise at t, as L writes it. *)
Definition noise_error (eps_theta : nat -> R -> R) (x0 : R) (t : nat) : R :=
  q_expect alpha_bar x0 t (fun x => (predict_eps (alpha_bar t) x x0 - eps_theta t x) ^ 2).

Lemma noise_error_correct eps_theta x0 t :
  (1 <= t <= T)%nat -> tame (eps_theta t) ->
  integral (fun eps => normal 0 1 eps * (eps - eps_theta t (q_sample (alpha_bar t) x0 eps)) ^ 2)
    (noise_error eps_theta x0 t).
Proof.
intros Ht H. assert (Ha := chain_domain_alpha _ _ _ t domain Ht).
assert (H1 := sqrt_pos_lt (1 - alpha_bar t) ltac:(lra)).
assert (E1 := sqrt_sqrt (1 - alpha_bar t) ltac:(lra)).
assert (R := residual_tame eps_theta t x0 Ha H).
assert (X := expect_affine 0 1 (sqrt (1 - alpha_bar t)) (sqrt (alpha_bar t) * x0) _ Rlt_0_1 H1 R).
replace (sqrt (1 - alpha_bar t) * 0 + sqrt (alpha_bar t) * x0) with (sqrt (alpha_bar t) * x0) in X by ring.
replace (sqrt (1 - alpha_bar t) ^ 2 * 1) with (1 - alpha_bar t) in X by (simpl; lra).
unfold noise_error, q_expect. rewrite X.
eapply integral_ext; [|apply (expect_correct 0 1 _ Rlt_0_1); exact (tame_affine _ (sqrt (1 - alpha_bar t)) (sqrt (alpha_bar t) * x0) R)].
intro eps. cbv beta. unfold q_sample, predict_eps.
replace (sqrt (1 - alpha_bar t) * eps + sqrt (alpha_bar t) * x0)
  with (sqrt (alpha_bar t) * x0 + sqrt (1 - alpha_bar t) * eps) by ring.
replace ((sqrt (alpha_bar t) * x0 + sqrt (1 - alpha_bar t) * eps - sqrt (alpha_bar t) * x0) / sqrt (1 - alpha_bar t))
  with eps by (field; lra). reflexivity.
Qed.

(** KL(q(x_T|x_0) || N(0, 1)). *)
Definition KL_prior (x0 : R) : R :=
  (ln (1 / (1 - alpha_bar T)) + (1 - alpha_bar T + alpha_bar T * x0 ^ 2) - 1) / 2.

Lemma KL_prior_correct x0 : kl (q_marginal (alpha_bar T) x0) (normal 0 1) (KL_prior x0).
Proof.
destruct domain as (_ & HaT & _).
eapply integral_eq; [exact (KL_general (sqrt (alpha_bar T) * x0) (1 - alpha_bar T) 0 1 ltac:(lra) Rlt_0_1)| |].
- reflexivity.
- unfold KL_prior. assert (E := sqrt_sqrt (alpha_bar T) ltac:(lra)).
  replace ((sqrt (alpha_bar T) * x0 - 0) ^ 2) with ((sqrt (alpha_bar T) * sqrt (alpha_bar T)) * x0 ^ 2) by ring.
  rewrite E. unfold Rdiv. rewrite Rinv_1. ring.
Qed.

Lemma log_prior_tame x0 : tame (fun x => ln (q_marginal (alpha_bar T) x0 x / normal 0 1 x)).
Proof.
destruct domain as (_ & HaT & _).
apply (tame_ext (fun x => / 2 * (1 * x + 0) ^ 2 - / (2 * (1 - alpha_bar T)) * (1 * x + - (sqrt (alpha_bar T) * x0)) ^ 2
  + ln (1 / (1 - alpha_bar T)) / 2)).
- intro x. unfold q_marginal. rewrite log_ratio by lra. field. lra.
- apply tame_plus; [|apply tame_const].
  apply tame_minus; apply tame_scal; apply (tame_affine (fun y => y ^ 2)); apply tame_pow; apply tame_id.
Qed.

Definition tame_model (eps_theta : nat -> R -> R) : Prop := forall t, (1 <= t <= T)%nat -> tame (eps_theta t).

Lemma J_value eps_theta x0 :
  tame_model eps_theta ->
  J eps_theta x0 (KL_prior x0 + sum (fun t => gamma alpha_bar sigma (S t) * noise_error eps_theta x0 (S t)) 1 (T - 1)
    + (gamma alpha_bar sigma 1 * noise_error eps_theta x0 1 + ln (2 * PI * sigma 1%nat ^ 2) / 2)).
Proof.
intros Hm. assert (D := domain). destruct D as (HT & HaT & _).
assert (R : forall t, (1 <= t <= T)%nat -> tame (fun x => (predict_eps (alpha_bar t) x x0 - eps_theta t x) ^ 2)).
{ intros t Ht. apply residual_tame; [now apply (chain_domain_alpha _ _ _ t domain)|now apply Hm]. }
assert (C := chain_additive alpha_bar sigma x0 T domain
  (fun x => ln (q_marginal (alpha_bar T) x0 x / normal 0 1 x))
  (fun x => - ln (p_first eps_theta x x0))
  (fun t x y => ln (q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y / p_step eps_theta t x y))
  (fun t x => gamma alpha_bar sigma (S t) * (predict_eps (alpha_bar (S t)) x x0 - eps_theta (S t) x) ^ 2)
  (log_prior_tame x0)).
assert (Tv : tame (fun x => - ln (p_first eps_theta x x0))).
{ eapply tame_ext; [intro x; symmetry; now apply log_p_first|].
  apply tame_plus; [apply tame_scal, (R 1%nat); lia|apply tame_const]. }
specialize (C Tv).
assert (Tk : forall t, (1 <= t < T)%nat ->
  tame (fun x => gamma alpha_bar sigma (S t) * (predict_eps (alpha_bar (S t)) x x0 - eps_theta (S t) x) ^ 2)).
{ intros t Ht. apply tame_scal, (R (S t)). lia. }
specialize (C Tk (fun t x Ht => Eq11_KL_step eps_theta t x0 x Ht)).
refine (integrate_out_ext _ _ _ _ _ _ _ C).
- intro x. cbv beta. f_equal. rewrite Eq11_lines.
  unfold along_path, Eq11_line2, log_q_T, log_q_steps, log_p_steps, log_p_T.
  rewrite (sum_ext (fun t => ln (q_posterior _ _ _ x0 _ _ / _))
    (fun t => ln (reverse_step alpha_bar sigma x0 x t) - ln (p_step eps_theta t (x (S t)) (x t)))).
  + rewrite sum_minus, ln_div by (apply normal_pos; lra). ring.
  + intros t Ht. rewrite ln_div; [reflexivity|apply (reverse_step_pos x0 x t); lia|apply p_step_pos; lia].
- intros _. cbv beta. f_equal; [f_equal|].
  + unfold q_expect. apply expect_eq. exact (KL_prior_correct x0).
  + apply sum_ext. intros t Ht. unfold noise_error, q_expect.
    destruct (chain_domain_alpha _ _ _ (S t) domain ltac:(lia)).
    apply expect_scal; [lra|apply (R (S t)); lia].
  + destruct (chain_domain_alpha _ _ _ 1%nat domain ltac:(lia)).
    unfold noise_error, q_expect.
    rewrite (expect_ext _ _ _ (fun x => gamma alpha_bar sigma 1 * (predict_eps (alpha_bar 1%nat) x x0 - eps_theta 1%nat x) ^ 2
      + ln (2 * PI * sigma 1%nat ^ 2) / 2)); [|lra|exact Tv|intro x; now apply log_p_first].
    rewrite expect_plus; [|lra|apply tame_scal, (R 1%nat); lia|apply tame_const].
    rewrite expect_scal; [|lra|apply (R 1%nat); lia]. rewrite expect_const by lra. reflexivity.
Qed.

(** J as a sum of Kullback-Leibler divergences and a log likelihood; every integral converges. *)
Theorem Eq11_KL_form eps_theta x0 :
  tame_model eps_theta ->
  exists (KL_T : R) (KL : nat -> R -> R) (mean_KL : nat -> R) (nll : R),
    kl (q_marginal (alpha_bar T) x0) (normal 0 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl (q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x) (p_step eps_theta t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral (fun x => q_marginal (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral (fun x => q_marginal (alpha_bar 1%nat) x0 x * - ln (p_first eps_theta x x0)) nll /\
    J eps_theta x0 (KL_T + sum mean_KL 1 (T - 1) + nll).
Proof.
intros Hm. assert (D := domain). destruct D as (HT & HaT & _).
assert (R : forall t, (1 <= t <= T)%nat -> tame (fun x => (predict_eps (alpha_bar t) x x0 - eps_theta t x) ^ 2)).
{ intros t Ht. apply residual_tame; [now apply (chain_domain_alpha _ _ _ t domain)|now apply Hm]. }
exists (KL_prior x0),
  (fun t x => gamma alpha_bar sigma (S t) * (predict_eps (alpha_bar (S t)) x x0 - eps_theta (S t) x) ^ 2),
  (fun t => gamma alpha_bar sigma (S t) * noise_error eps_theta x0 (S t)),
  (gamma alpha_bar sigma 1 * noise_error eps_theta x0 1 + ln (2 * PI * sigma 1%nat ^ 2) / 2).
split; [apply KL_prior_correct|]. split; [intros t x Ht; now apply Eq11_KL_step|].
split; [|split; [|now apply J_value]].
- intros t Ht.
  apply (integral_scaled (gamma alpha_bar sigma (S t)) _ _ _ _
    (q_expect_correct alpha_bar sigma x0 T domain (S t) _ ltac:(lia) (R (S t) ltac:(lia)))).
  + intro x. cbv beta. ring.
  + reflexivity.
- assert (I1 := q_expect_correct alpha_bar sigma x0 T domain 1 _ ltac:(lia) (R 1%nat ltac:(lia))).
  destruct (chain_domain_alpha _ _ _ 1%nat domain ltac:(lia)) as [_ Ha1].
  assert (I2 := normal_normalised (sqrt (alpha_bar 1%nat) * x0) (1 - alpha_bar 1%nat) ltac:(lra)).
  eapply integral_eq; [exact (integral_plus _ _ _ _ (integral_scal _ (gamma alpha_bar sigma 1) _ I1)
    (integral_scal _ (ln (2 * PI * sigma 1%nat ^ 2) / 2) _ I2))| |].
  + intro x. cbv beta. rewrite log_p_first by trivial. unfold q_marginal. ring.
  + unfold noise_error. ring.
Qed.

(** ** Theorem 1 *)

Lemma sum_head_gamma (f : nat -> R) : (1 <= T)%nat -> sum f 1 T = f 1%nat + sum (fun t => f (S t)) 1 (T - 1).
Proof. intros HT. replace T with (S (T - 1)) at 1 by lia. now rewrite sum_head, sum_shift. Qed.

Theorem Theorem1_exact eps_theta x0 :
  tame_model eps_theta ->
  exists j loss, J eps_theta x0 j /\ L (gamma alpha_bar sigma) eps_theta x0 loss /\
    j = loss + Theorem1_constant x0.
Proof.
intros Hm. assert (D := domain). destruct D as (HT & HaT & _).
eexists. exists (sum (fun t => gamma alpha_bar sigma t * noise_error eps_theta x0 t) 1 T).
split; [now apply J_value|]. split.
- exists (noise_error eps_theta x0). split; [|reflexivity].
  intros t Ht. apply noise_error_correct; trivial. now apply Hm.
- rewrite sum_head_gamma by trivial. unfold Theorem1_constant, KL_prior. ring.
Qed.

Lemma J_unique eps_theta x0 j j' : J eps_theta x0 j -> J eps_theta x0 j' -> j = j'.
Proof.
intros H H'. exact (integrate_out_unique (seq 1 T) _ _ _ _ (fun x => eq_refl) H H' (fun _ => 0)).
Qed.

Lemma L_unique weights eps_theta x0 l l' : L weights eps_theta x0 l -> L weights eps_theta x0 l' -> l = l'.
Proof.
intros [e [He ->]] [e' [He' ->]]. apply sum_ext. intros t Ht. f_equal.
apply (integral_unique _ _ _ (He t ltac:(lia)) (He' t ltac:(lia))).
Qed.

(** J - L_gamma is the same number for every model. *)
Theorem Theorem1_independent x0 eps_theta eps_theta' j j' l l' :
  tame_model eps_theta -> tame_model eps_theta' ->
  J eps_theta x0 j -> L (gamma alpha_bar sigma) eps_theta x0 l ->
  J eps_theta' x0 j' -> L (gamma alpha_bar sigma) eps_theta' x0 l' ->
  j - l = j' - l'.
Proof.
intros H H' Hj Hl Hj' Hl'.
destruct (Theorem1_exact eps_theta x0 H) as (j1 & l1 & A1 & B1 & E1).
destruct (Theorem1_exact eps_theta' x0 H') as (j2 & l2 & A2 & B2 & E2).
rewrite (J_unique _ _ _ _ Hj A1), (L_unique _ _ _ _ _ Hl B1), (J_unique _ _ _ _ Hj' A2), (L_unique _ _ _ _ _ Hl' B2).
lra.
Qed.

(** Averaging over the data: for any density [rho] of x_0 for which L and the constant have means. *)
Theorem Theorem1_averaged (rho : R -> R) (eps_theta : nat -> R -> R) (j loss : R -> R) (loss_mean constant_mean : R) :
  tame_model eps_theta ->
  (forall x0, J eps_theta x0 (j x0)) -> (forall x0, L (gamma alpha_bar sigma) eps_theta x0 (loss x0)) ->
  integral (fun x0 => rho x0 * loss x0) loss_mean ->
  integral (fun x0 => rho x0 * Theorem1_constant x0) constant_mean ->
  integral (fun x0 => rho x0 * j x0) (loss_mean + constant_mean).
Proof.
intros Hm Hj Hl I1 I2. eapply integral_ext; [|exact (integral_plus _ _ _ _ I1 I2)].
intro x0. cbv beta.
destruct (Theorem1_exact eps_theta x0 Hm) as (j1 & l1 & A1 & B1 & E1).
rewrite (J_unique _ _ _ _ (Hj x0) A1), (L_unique _ _ _ _ _ (Hl x0) B1), E1. ring.
Qed.

(** Conversely, weights that leave J - L the same for all models are the exact ones. *)
Definition one_at (s : nat) (t : nat) (_ : R) : R := if Nat.eqb t s then 1 else 0.

Lemma one_at_tame s : tame_model (one_at s).
Proof. intros t _. apply tame_const. Qed.

Lemma one_at_error x0 s t :
  integral (fun eps => normal 0 1 eps * (eps - one_at s t (q_sample (alpha_bar t) x0 eps)) ^ 2)
    (if Nat.eqb t s then 2 else 1).
Proof.
unfold one_at. destruct (Nat.eqb t s).
- eapply integral_eq; [exact (normal_quadratic 1 (-2) 1 0 1 Rlt_0_1)| |]; [intro x; cbv beta|]; ring.
- eapply integral_eq; [exact (normal_quadratic 1 0 0 0 1 Rlt_0_1)| |]; [intro x; cbv beta|]; ring.
Qed.

Lemma one_at_L weights x0 s :
  L weights (one_at s) x0 (sum (fun t => weights t * (if Nat.eqb t s then 2 else 1)) 1 T).
Proof. exists (fun t => if Nat.eqb t s then 2 else 1). split; [|reflexivity]. intros; apply one_at_error. Qed.

Lemma sum_one_at (w : nat -> R) s n : (1 <= s <= n)%nat ->
  sum (fun t => w t * (if Nat.eqb t s then 2 else 1)) 1 n = sum (fun t => w t * (if Nat.eqb t 0 then 2 else 1)) 1 n + w s.
Proof.
intros Hs. induction n as [|n IH]; [lia|]. cbn [sum].
destruct (Nat.eq_dec s (S n)) as [->|N].
- rewrite (sum_ext (fun t => w t * (if Nat.eqb t (S n) then 2 else 1)) (fun t => w t * (if Nat.eqb t 0 then 2 else 1))).
  + rewrite Nat.eqb_refl. change (1 + n)%nat with (S n). simpl. ring.
  + intros t Ht. replace (Nat.eqb t (S n)) with false by (symmetry; apply Nat.eqb_neq; lia).
    replace (Nat.eqb t 0) with false by (symmetry; apply Nat.eqb_neq; lia). reflexivity.
- rewrite IH by lia. change (1 + n)%nat with (S n).
  replace (Nat.eqb (S n) s) with false by (symmetry; apply Nat.eqb_neq; lia).
  change (Nat.eqb (S n) 0) with false. cbv iota. ring.
Qed.

Theorem Theorem1_weights_unique weights x0 :
  (forall eps_theta eps_theta' j j' l l',
     tame_model eps_theta -> tame_model eps_theta' ->
     J eps_theta x0 j -> L weights eps_theta x0 l -> J eps_theta' x0 j' -> L weights eps_theta' x0 l' ->
     j - l = j' - l') ->
  forall t, (1 <= t <= T)%nat -> weights t = gamma alpha_bar sigma t.
Proof.
intros H s Hs.
destruct (Theorem1_exact (one_at s) x0 (one_at_tame s)) as (j1 & l1 & A1 & B1 & E1).
destruct (Theorem1_exact (one_at 0) x0 (one_at_tame 0)) as (j2 & l2 & A2 & B2 & E2).
assert (K := H _ _ _ _ _ _ (one_at_tame s) (one_at_tame 0) A1 (one_at_L weights x0 s) A2 (one_at_L weights x0 0)).
rewrite (L_unique _ _ _ _ _ B1 (one_at_L _ x0 s)) in E1. rewrite (L_unique _ _ _ _ _ B2 (one_at_L _ x0 0)) in E2.
rewrite (sum_one_at _ s T Hs) in E1. rewrite (sum_one_at _ s T Hs) in K. lra.
Qed.

End Model.

(** ** The weights *)

Lemma residual_weight_pos a a_p s :
  0 < a < 1 -> a < a_p -> s ^ 2 <= 1 - a_p -> 0 < residual_weight a a_p s.
Proof.
intros Ha Hap Hs. rewrite Theorem1_residual_stable by lra.
assert (0 < a / (1 - a)) by (apply Rdiv_lt_0_compat; lra).
apply Rdiv_lt_0_compat.
- assert (0 <= a * s ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]). lra.
- apply Rmult_lt_0_compat; [lra|].
  assert (0 < sqrt a_p) by (apply sqrt_lt_R0; lra).
  assert (0 <= sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a))) by (apply Rmult_le_pos; apply sqrt_pos). lra.
Qed.

Theorem gamma_pos alpha_bar sigma T t :
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) ->
  (1 <= t <= T)%nat -> 0 < gamma alpha_bar sigma t.
Proof.
intros D H1 Hdec Ht.
assert (Ha := chain_domain_alpha _ _ _ t D Ht).
destruct t as [|[|t]]; [lia| |]; cbn [gamma].
- unfold gamma_first. apply Rdiv_lt_0_compat; [lra|].
  apply Rmult_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [lra|now apply sqr_pos].
- destruct D as (_ & _ & D). destruct (D (S t) ltac:(lia)) as (_ & Hap & Hs & Hd).
  unfold gamma_step. apply Rdiv_lt_0_compat.
  + apply Rmult_lt_0_compat; [|lra]. apply sqr_pos, residual_weight_pos; trivial. apply Hdec. lia.
  + apply Rmult_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [lra|now apply sqr_pos].
Qed.

(** Signal-to-noise ratio. *)
Definition snr (a : R) : R := a / (1 - a).

Theorem gamma_ddpm a a_p :
  0 < a < a_p -> a_p < 1 -> gamma_step a a_p (sigma_of_eta 1 a a_p) = (snr a_p / snr a - 1) / 2.
Proof.
intros Ha Hap. unfold gamma_step, snr.
assert (Hd := Eq16_eq7_domain 1 a a_p Ha Hap ltac:(lra)). destruct Hd as (_ & _ & Hs & Hd).
set (s := sigma_of_eta 1 a a_p) in *.
assert (E : s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
{ unfold s. rewrite sigma_of_eta_square by trivial. unfold ddpm_variance. ring. }
assert (P : sqrt (1 - a_p - s ^ 2) * sqrt (a / (1 - a)) = (1 - a_p) * a / ((1 - a) * sqrt a_p)).
{ assert (Pp := sqrt_pos_lt a_p ltac:(lra)). assert (Ep := sqrt_sqrt a_p ltac:(lra)).
  rewrite <- sqrt_mult; [|lra|apply Rlt_le, Rdiv_lt_0_compat; lra].
  apply sqrt_is.
  - apply Rlt_le, Rdiv_lt_0_compat; [|apply Rmult_lt_0_compat; lra]. apply Rmult_lt_0_compat; lra.
  - transitivity (((1 - a_p) * a) ^ 2 / ((1 - a) ^ 2 * (sqrt a_p * sqrt a_p))); [field; lra|].
    rewrite Ep, E. field. lra. }
unfold residual_weight. rewrite P, E.
assert (Pp := sqrt_pos_lt a_p ltac:(lra)). assert (Ep := sqrt_sqrt a_p ltac:(lra)).
replace ((sqrt a_p - (1 - a_p) * a / ((1 - a) * sqrt a_p)) ^ 2)
  with ((sqrt a_p * sqrt a_p - (1 - a_p) * a / (1 - a)) ^ 2 / (sqrt a_p * sqrt a_p)) by (field; lra).
rewrite Ep. field. repeat split; lra.
Qed.
