(** * Eq11 and Theorem 1 over paths in R^d

    - [Eq6_normalised_d]: the joint density of x_1, ..., x_T in R^d integrates to 1.
    - [chain_additive_d]: its integral times a sum of functions of neighbouring states is the sum of
      their expectations under q(x_t | x0).
    - [Eq11_lines_d]: the two lines of Eq11 are equal path by path.
    - [Eq11_KL_form_d]: J, the integral over the path, converges and is its KL form; eps_theta may couple
      the components in any way, each of which is continuous and of at most exponential growth.
    - [Theorem1_exact_d]: J = L_gamma + C; [Theorem1_weights_unique_d]: any other weights fail. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective dimensions tower.
Open Scope R_scope.

(** ** Paths *)

(** The path [x] with its i-th state replaced by [u]. *)
Definition set_at_d {d : nat} (x : nat -> vec d) (i : nat) (u : vec d) : nat -> vec d :=
  fun j => if Nat.eqb j i then u else x j.

Lemma set_at_d_same {d} (x : nat -> vec d) i u : set_at_d x i u i = u.
Proof. unfold set_at_d. now rewrite Nat.eqb_refl. Qed.

Lemma set_at_d_other {d} (x : nat -> vec d) i u j : j <> i -> set_at_d x i u j = x j.
Proof. intros H. unfold set_at_d. apply Nat.eqb_neq in H. now rewrite H. Qed.

(** Integrating the states [indices] out of [f], in that order, leaves [g]; every integral converges. *)
Fixpoint integrate_out_d (d : nat) (indices : list nat) (f g : (nat -> vec d) -> R) : Prop :=
  match indices with
  | nil => forall x, f x = g x
  | i :: rest => exists h, (forall x, integral_d d (fun u => f (set_at_d x i u)) (h x)) /\ integrate_out_d d rest h g
  end.

Lemma integrate_out_d_ext d l : forall f f' g g', (forall x, f x = f' x) -> (forall x, g x = g' x) ->
  integrate_out_d d l f g -> integrate_out_d d l f' g'.
Proof.
induction l as [|i l IH]; simpl; intros f f' g g' E E' H.
- intro x. now rewrite <- E, <- E'.
- destruct H as [h [Hh Hr]]. exists h. split; [|now apply (IH h h g g')].
  intro x. apply (integral_d_ext d (fun u => f (set_at_d x i u))); [intro; apply E|apply Hh].
Qed.

Lemma integrate_out_d_app d l1 l2 : forall f g h,
  integrate_out_d d l1 f g -> integrate_out_d d l2 g h -> integrate_out_d d (l1 ++ l2) f h.
Proof.
induction l1 as [|i l1 IH]; intros f g h; simpl.
- intros E H. apply (integrate_out_d_ext d l2 g f h h); trivial. intro x. symmetry. apply E.
- intros [k [Hk Hr]] H. exists k. split; [exact Hk|]. now apply (IH k g h).
Qed.

Lemma integrate_out_d_unique d l : forall f f' g g', (forall x, f x = f' x) ->
  integrate_out_d d l f g -> integrate_out_d d l f' g' -> forall x, g x = g' x.
Proof.
induction l as [|i l IH]; simpl; intros f f' g g' E H H' x.
- now rewrite <- H, <- H', E.
- destruct H as [h [Hh Hr]]. destruct H' as [h' [Hh' Hr']].
  apply (IH h h' g g'); trivial. intro y. apply (integral_d_unique d _ _ _ (Hh y)).
  apply (integral_d_ext d (fun u => f' (set_at_d y i u))); [|apply Hh']. intro u. symmetry. apply E.
Qed.

(** ** Expectations of sums along the chain *)

Section Chain.
Variables (d : nat) (alpha_bar sigma : nat -> R) (x0 : vec d) (T : nat).
Hypothesis domain : chain_domain alpha_bar sigma T.

Definition reverse_step_d (x : nat -> vec d) (t : nat) : R :=
  q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t).

(** Eq6. *)
Definition q_joint_d (x : nat -> vec d) : R :=
  q_marginal_d d (alpha_bar T) x0 (x T) * product (reverse_step_d x) 1 (T - 1).

(** E under q(x_t | x0), and under Eq7 from t + 1 to t. *)
Definition q_expect_d (t : nat) (phi : vec d -> R) : R :=
  expect_d d (map2 d (fun x0 _ => sqrt (alpha_bar t) * x0) x0 x0) (1 - alpha_bar t) phi.
Definition step_expect_d (t : nat) (phi : vec d -> R) (x : vec d) : R :=
  expect_d d (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0) (sigma (S t) ^ 2) phi.

Lemma q_expect_d_correct t phi : (1 <= t <= T)%nat -> tame_d d phi ->
  integral_d d (fun x => q_marginal_d d (alpha_bar t) x0 x * phi x) (q_expect_d t phi).
Proof.
intros Ht Hp. apply expect_d_correct; trivial. destruct (chain_domain_alpha _ _ _ t domain Ht). lra.
Qed.

Lemma step_expect_d_correct t phi x : (1 <= t < T)%nat -> tame_d d phi ->
  integral_d d (fun y => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y * phi y)
    (step_expect_d t phi x).
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). destruct (H t Ht) as (_ & _ & Hs & _).
apply expect_d_correct; trivial. now apply sqr_pos.
Qed.

Lemma posterior_mean_affine_d n a a_p s (x y : vec n) :
  map2 n (posterior_mean a a_p s) x y = affine_d n (slope a a_p s) (intercept a a_p s) x y.
Proof.
unfold affine_d. induction n as [|n IH]; [reflexivity|]. cbn [map2]. now rewrite IH, posterior_mean_affine.
Qed.

Lemma affine_marginal_d n a a_p s (y : vec n) :
  affine_d n (slope a a_p s) (intercept a a_p s) (map2 n (fun x0 _ => sqrt a * x0) y y) y =
  map2 n (fun x0 _ => sqrt a_p * x0) y y.
Proof.
unfold affine_d. induction n as [|n IH]; [reflexivity|]. cbn [map2 fst snd]. rewrite IH. f_equal.
apply (evidence_mean_marginal a a_p s (fst y)).
Qed.

Lemma step_expect_d_tame t phi : (1 <= t < T)%nat -> tame_d d phi -> tame_d d (step_expect_d t phi).
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). destruct (H t Ht) as (_ & _ & Hs & _).
apply (tame_d_ext d (fun x => expect_d d (affine_d d (slope (alpha_bar (S t)) (alpha_bar t) (sigma (S t)))
  (intercept (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0) (sigma (S t) ^ 2) phi)).
- intro x. unfold step_expect_d. now rewrite posterior_mean_affine_d.
- apply kernel_tame_d; trivial. now apply sqr_pos.
Qed.

(** Lemma 1 for expectations. *)
Lemma q_expect_d_step t phi : (1 <= t < T)%nat -> tame_d d phi ->
  q_expect_d (S t) (step_expect_d t phi) = q_expect_d t phi.
Proof.
intros Ht Hp. destruct domain as (_ & _ & H). specialize (H t Ht).
assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
apply expect_d_eq.
apply (tower_d (slope (alpha_bar (S t)) (alpha_bar t) (sigma (S t)))
  (intercept (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) (1 - alpha_bar (S t)) (sigma (S t) ^ 2)
  ltac:(lra) (sqr_pos _ Hs) d _ x0 phi _ _ Hp).
- intro x. rewrite <- posterior_mean_affine_d. now apply step_expect_d_correct.
- rewrite affine_marginal_d, evidence_variance_marginal by trivial. apply expect_d_correct; trivial. lra.
Qed.

(** A sum along the path: [l_T x_T + sum over t of l t x_{t+1} x_t + v x_1]; [k t x] is the
    expectation of [l t x y] over y. *)
Variables (l_T v : vec d -> R) (l : nat -> vec d -> vec d -> R) (k : nat -> vec d -> R).
Hypotheses (l_T_tame : tame_d d l_T) (v_tame : tame_d d v) (k_tame : forall t, (1 <= t < T)%nat -> tame_d d (k t)).
Hypothesis k_integral : forall t x, (1 <= t < T)%nat ->
  integral_d d (fun y => q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y * l t x y) (k t x).

Definition along_path_d (x : nat -> vec d) : R :=
  l_T (x T) + sum (fun t => l t (x (S t)) (x t)) 1 (T - 1) + v (x 1%nat).

(** What is left to pay from the state x_{n+1} on. *)
Fixpoint to_go_d (n : nat) : vec d -> R :=
  match n with O => v | S m => fun x => k n x + step_expect_d n (to_go_d m) x end.

Lemma to_go_d_tame n : (n < T)%nat -> tame_d d (to_go_d n).
Proof.
induction n as [|n IH]; intros Hn; [exact v_tame|].
apply (tame_d_plus d (k (S n)) (step_expect_d (S n) (to_go_d n))); [apply k_tame; lia|].
apply step_expect_d_tame; [lia|apply IH; lia].
Qed.

Lemma to_go_d_expect n : (n < T)%nat ->
  q_expect_d (S n) (to_go_d n) = sum (fun t => q_expect_d (S t) (k t)) 1 n + q_expect_d 1 v.
Proof.
induction n as [|n IH]; intros Hn; [simpl; ring|].
cbn [to_go_d sum]. unfold q_expect_d at 1.
destruct (chain_domain_alpha _ _ _ (S (S n)) domain ltac:(lia)) as [_ Ha].
rewrite expect_d_plus; [|lra|apply k_tame; lia|apply step_expect_d_tame; [lia|apply to_go_d_tame; lia]].
change (expect_d _ _ _ (step_expect_d (S n) (to_go_d n))) with (q_expect_d (S (S n)) (step_expect_d (S n) (to_go_d n))).
rewrite q_expect_d_step by (lia || (apply to_go_d_tame; lia)). rewrite IH by lia.
replace (1 + n)%nat with (S n) by lia.
change (expect_d _ _ _ (k (S n))) with (q_expect_d (S (S n)) (k (S n))). ring.
Qed.

(** The integrand once x_1, ..., x_n are integrated out. *)
Definition remaining_d (n : nat) (x : nat -> vec d) : R :=
  q_marginal_d d (alpha_bar T) x0 (x T) * product (reverse_step_d x) (S n) (T - S n) *
  (l_T (x T) + sum (fun t => l t (x (S t)) (x t)) (S n) (T - S n) + to_go_d n (x (S n))).

Lemma product_untouched_d x i u lo n : (i < lo)%nat ->
  product (reverse_step_d (set_at_d x i u)) lo n = product (reverse_step_d x) lo n.
Proof. intros H. apply product_ext. intros t Ht. unfold reverse_step_d. now rewrite !set_at_d_other by lia. Qed.

Lemma sum_untouched_d x i u lo n : (i < lo)%nat ->
  sum (fun t => l t (set_at_d x i u (S t)) (set_at_d x i u t)) lo n = sum (fun t => l t (x (S t)) (x t)) lo n.
Proof. intros H. apply sum_ext. intros t Ht. now rewrite !set_at_d_other by lia. Qed.

Lemma remaining_d_step n x : (S n < T)%nat ->
  integral_d d (fun u => remaining_d n (set_at_d x (S n) u)) (remaining_d (S n) x).
Proof.
intros Hn. destruct domain as (_ & _ & H). destruct (H (S n) ltac:(lia)) as (_ & _ & Hs & _).
set (w := q_marginal_d d (alpha_bar T) x0 (x T) * product (reverse_step_d x) (S (S n)) (T - S (S n))).
set (c := l_T (x T) + sum (fun t => l t (x (S t)) (x t)) (S (S n)) (T - S (S n))).
assert (Ic := integral_d_scal d _ c _ (normal_d_normalised d
  (map2 d (posterior_mean (alpha_bar (S (S n))) (alpha_bar (S n)) (sigma (S (S n)))) (x (S (S n))) x0) _ (sqr_pos _ Hs))).
assert (Ik := k_integral (S n) (x (S (S n))) ltac:(lia)).
assert (Iv := step_expect_d_correct (S n) (to_go_d n) (x (S (S n))) ltac:(lia) (to_go_d_tame n ltac:(lia))).
apply (integral_d_scaled d w _ _ _ _ (integral_d_plus d _ _ _ _ Ic (integral_d_plus d _ _ _ _ Ik Iv))).
- intro u. unfold remaining_d.
  replace (T - S n)%nat with (S (T - S (S n))) by lia.
  rewrite product_head, sum_head, sum_untouched_d, product_untouched_d by lia. unfold reverse_step_d at 1.
  rewrite (set_at_d_other x (S n) u T), set_at_d_same, (set_at_d_other x (S n) u (S (S n))) by lia.
  unfold w, c, q_posterior_d. ring.
- unfold remaining_d. cbn [to_go_d]. fold w. fold c. ring.
Qed.

Lemma remaining_d_out n : (n < T)%nat -> integrate_out_d d (seq 1 n) (remaining_d 0) (remaining_d n).
Proof.
induction n as [|n IH]; intros Hn; [simpl; trivial|].
rewrite seq_S. eapply integrate_out_d_app; [apply IH; lia|].
simpl. exists (remaining_d (S n)). split; [|trivial]. intro x. now apply remaining_d_step.
Qed.

Theorem chain_additive_d :
  integrate_out_d d (seq 1 T) (fun x => q_joint_d x * along_path_d x)
    (fun _ => q_expect_d T l_T + sum (fun t => q_expect_d (S t) (k t)) 1 (T - 1) + q_expect_d 1 v).
Proof.
destruct domain as (HT & HaT & _).
apply (integrate_out_d_ext d _ (remaining_d 0) _ (fun _ => q_expect_d T l_T + q_expect_d T (to_go_d (T - 1)))).
- intro x. reflexivity.
- intros _. replace T with (S (T - 1)) at 2 by lia. rewrite to_go_d_expect by lia. ring.
- replace (seq 1 T) with (seq 1 (T - 1) ++ T :: nil).
  2: { replace T with (S (T - 1)) at 3 by lia. rewrite seq_S. simpl. repeat f_equal. lia. }
  eapply integrate_out_d_app; [apply (remaining_d_out (T - 1)); lia|].
  simpl. exists (fun _ => q_expect_d T l_T + q_expect_d T (to_go_d (T - 1))). split; [|trivial].
  intro x.
  eapply integral_d_ext; [|exact (integral_d_plus d _ _ _ _ (q_expect_d_correct T l_T ltac:(lia) l_T_tame)
    (q_expect_d_correct T (to_go_d (T - 1)) ltac:(lia) (to_go_d_tame (T - 1) ltac:(lia))))].
  intro u. unfold remaining_d. replace (S (T - 1)) with T by lia. rewrite Nat.sub_diag. simpl.
  rewrite set_at_d_same. ring.
Qed.

End Chain.

(** Eq6 is a probability density: the expectation of 1. *)
Theorem Eq6_normalised_d d alpha_bar sigma x0 T :
  chain_domain alpha_bar sigma T -> integrate_out_d d (seq 1 T) (q_joint_d d alpha_bar sigma x0 T) (fun _ => 1).
Proof.
intros D. assert (Z : forall f lo n, (forall t, (lo <= t < lo + n)%nat -> f t = 0) -> sum f lo n = 0).
{ intros f lo n H. induction n as [|n IH]; [reflexivity|]. cbn [sum]. rewrite IH, H by (lia || (intros; apply H; lia)). ring. }
assert (V : forall t, (1 <= t <= T)%nat -> 0 < 1 - alpha_bar t).
{ intros t Ht. destruct (chain_domain_alpha _ _ _ t D Ht). lra. }
assert (HT := proj1 D).
refine (integrate_out_d_ext d _ _ _ _ _ _ _ (chain_additive_d d alpha_bar sigma x0 T D (fun _ => 1) (fun _ => 0)
  (fun _ _ _ => 0) (fun _ _ => 0) (tame_d_const d 1) (tame_d_const d 0) (fun _ _ => tame_d_const d 0) _)).
- intro x. unfold along_path_d. rewrite Z by reflexivity. ring.
- intros _. unfold q_expect_d. rewrite Z by (intros; apply expect_d_const, V; lia).
  rewrite !expect_d_const by (apply V; lia). ring.
- intros t x Ht. destruct D as (_ & _ & H). destruct (H t Ht) as (_ & _ & Hs & _).
  apply (integral_d_scaled d 0 _ _ _ _ (normal_d_normalised d
    (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0) _ (sqr_pos _ Hs))); [intro y|]; ring.
Qed.


(** ** J *)

Section Model.
Variables (d : nat) (alpha_bar sigma : nat -> R) (T : nat).
Hypothesis domain : chain_domain alpha_bar sigma T.
Hypothesis first_sigma : 0 < sigma 1%nat.
Variables (eps_theta : nat -> vec d -> vec d) (x0 : vec d).

Notation q_joint := (q_joint_d d alpha_bar sigma x0 T).
Notation p_step := (p_step_d d alpha_bar sigma eps_theta).
Notation p_first := (p_first_d d alpha_bar sigma eps_theta).
Notation noise_error := (noise_error_d d alpha_bar eps_theta x0).

(** p_theta(x_{0:T}), with x_0 = x0. *)
Definition p_joint_d (x : nat -> vec d) : R :=
  normal_d d (const_d d 0) 1 (x T) * product (fun t => p_step t (x (S t)) (x t)) 1 (T - 1) * p_first (x 1%nat) x0.

(** J: the integral over x_1, ..., x_T in R^d of q log (q / p). *)
Definition J_d (j : R) : Prop :=
  integrate_out_d d (seq 1 T) (fun x => q_joint x * ln (q_joint x / p_joint_d x)) (fun _ => j).

(** The two lines agree on every path. *)
Theorem Eq11_lines_d x :
  ln (q_joint x / p_joint_d x) =
  ln (q_marginal_d d (alpha_bar T) x0 (x T)) + sum (fun t => ln (reverse_step_d d alpha_bar sigma x0 x t)) 1 (T - 1)
  - (ln (p_first (x 1%nat) x0) + sum (fun t => ln (p_step t (x (S t)) (x t))) 1 (T - 1))
  - ln (normal_d d (const_d d 0) 1 (x T)).
Proof.
assert (D := domain). destruct D as (HT & HaT & _). unfold q_joint_d, p_joint_d.
assert (S1 : forall t, (1 <= t < 1 + (T - 1))%nat -> 0 < reverse_step_d d alpha_bar sigma x0 x t).
{ intros t Ht. apply normal_d_pos, sqr_pos, (sigma_pos alpha_bar sigma T domain first_sigma). lia. }
assert (S2 : forall t, (1 <= t < 1 + (T - 1))%nat -> 0 < p_step t (x (S t)) (x t)).
{ intros t Ht. apply normal_d_pos, sqr_pos, (sigma_pos alpha_bar sigma T domain first_sigma). lia. }
assert (P1 : 0 < q_marginal_d d (alpha_bar T) x0 (x T)) by (apply normal_d_pos; lra).
assert (P3 : 0 < normal_d d (const_d d 0) 1 (x T)) by (apply normal_d_pos; lra).
assert (P5 : 0 < p_first (x 1%nat) x0) by (apply normal_d_pos, sqr_pos, first_sigma).
assert (P2 := product_pos _ _ _ S1). assert (P4 := product_pos _ _ _ S2). assert (P6 := Rmult_lt_0_compat _ _ P3 P4).
rewrite ln_div by (apply Rmult_lt_0_compat; trivial).
rewrite (ln_mult (q_marginal_d _ _ _ _)), (ln_mult (normal_d _ _ _ _ * _)), (ln_mult (normal_d _ _ _ _)) by trivial.
rewrite !ln_product by trivial. ring.
Qed.

(** Each component of each eps_theta t is continuous and of at most exponential growth. *)
Definition tame_model_d : Prop := forall t, (1 <= t <= T)%nat -> tame_map d d (eps_theta t).
Hypothesis model : tame_model_d.

Lemma predict_eps_affine_d n a (x y : vec n) :
  map2 n (predict_eps a) x y = affine_d n (/ sqrt (1 - a)) (fun y => - (sqrt a * y) / sqrt (1 - a)) x y.
Proof.
unfold affine_d. induction n as [|n IH]; [reflexivity|]. cbn [map2]. rewrite IH. f_equal.
unfold predict_eps, Rdiv. ring.
Qed.

Lemma noise_error_tame_d t : (1 <= t <= T)%nat -> tame_d d (noise_error t).
Proof.
intros Ht. unfold noise_error_d.
apply (tame_d_ext d (fun x => distance2 d (affine_d d (/ sqrt (1 - alpha_bar t))
  (fun y => - (sqrt (alpha_bar t) * y) / sqrt (1 - alpha_bar t)) x x0) (eps_theta t x))).
- intro x. now rewrite predict_eps_affine_d.
- apply tame_map_distance; [apply tame_map_affine, tame_map_id|now apply model].
Qed.

Lemma KL_step_tame_d t : (1 <= t < T)%nat -> tame_d d (fun x => gamma alpha_bar sigma (S t) * noise_error (S t) x).
Proof. intros Ht. apply tame_d_scal, noise_error_tame_d. lia. Qed.

Lemma log_p_first_tame_d : tame_d d (fun x => - ln (p_first x x0)).
Proof.
assert (D := domain). destruct D as (HT & _).
eapply tame_d_ext; [intro x; symmetry; apply (log_p_first_d d alpha_bar sigma T domain first_sigma)|].
apply tame_d_plus; [apply tame_d_scal, noise_error_tame_d; lia|apply tame_d_const].
Qed.

Lemma log_prior_tame_d : tame_d d (fun x => ln (q_marginal_d d (alpha_bar T) x0 x / normal_d d (const_d d 0) 1 x)).
Proof.
destruct domain as (_ & HaT & _). set (m := map2 d (fun x0 _ => sqrt (alpha_bar T) * x0) x0 x0).
apply (tame_d_ext d (fun x => - / (2 * (1 - alpha_bar T)) * distance2 d m x + / 2 * distance2 d (const_d d 0) x
  + INR d * (ln (2 * PI * 1) - ln (2 * PI * (1 - alpha_bar T))) / 2)).
- intro x. unfold q_marginal_d. fold m. rewrite ln_div by (apply normal_d_pos; lra). rewrite !ln_normal_d by lra. field. lra.
- apply tame_d_plus; [|apply tame_d_const].
  apply tame_d_plus; apply tame_d_scal, tame_map_distance; (apply tame_map_const || apply tame_map_id).
Qed.

(** J converges, and is a sum of divergences and an expected log likelihood, all of which converge. *)
Theorem Eq11_KL_form_d :
  exists (KL_T : R) (KL : nat -> vec d -> R) (mean_KL : nat -> R) (nll : R),
    kl_d d (q_marginal_d d (alpha_bar T) x0) (normal_d d (const_d d 0) 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl_d d (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x) (p_step t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral_d d (fun x => q_marginal_d d (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral_d d (fun x => q_marginal_d d (alpha_bar 1%nat) x0 x * - ln (p_first x x0)) nll /\
    J_d (KL_T + sum mean_KL 1 (T - 1) + nll).
Proof.
assert (D := domain). destruct D as (HT & HaT & _).
exists (q_expect_d d alpha_bar x0 T (fun x => ln (q_marginal_d d (alpha_bar T) x0 x / normal_d d (const_d d 0) 1 x))),
  (fun t x => gamma alpha_bar sigma (S t) * noise_error (S t) x),
  (fun t => q_expect_d d alpha_bar x0 (S t) (fun x => gamma alpha_bar sigma (S t) * noise_error (S t) x)),
  (q_expect_d d alpha_bar x0 1 (fun x => - ln (p_first x x0))).
assert (K := Eq11_KL_step_d d alpha_bar sigma T domain first_sigma eps_theta).
split; [|split; [|split; [|split]]].
- apply (q_expect_d_correct d alpha_bar sigma x0 T domain T); [lia|exact log_prior_tame_d].
- intros t x Ht. now apply K.
- intros t Ht. apply (q_expect_d_correct d alpha_bar sigma x0 T domain (S t)); [lia|now apply KL_step_tame_d].
- apply (q_expect_d_correct d alpha_bar sigma x0 T domain 1); [lia|exact log_p_first_tame_d].
- refine (integrate_out_d_ext d _ _ _ _ _ _ _ (chain_additive_d d alpha_bar sigma x0 T domain
    (fun x => ln (q_marginal_d d (alpha_bar T) x0 x / normal_d d (const_d d 0) 1 x)) (fun x => - ln (p_first x x0))
    (fun t x y => ln (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x y / p_step t x y))
    (fun t x => gamma alpha_bar sigma (S t) * noise_error (S t) x)
    log_prior_tame_d log_p_first_tame_d KL_step_tame_d (fun t x Ht => K t x0 x Ht))); [|reflexivity].
  intro x. cbv beta. f_equal. rewrite Eq11_lines_d. unfold along_path_d.
  rewrite (sum_ext (fun t => ln (q_posterior_d _ _ _ _ x0 _ _ / _))
    (fun t => ln (reverse_step_d d alpha_bar sigma x0 x t) - ln (p_step t (x (S t)) (x t)))).
  + rewrite sum_minus, ln_div by (apply normal_d_pos; lra). ring.
  + intros t Ht. assert (P := sqr_pos _ (sigma_pos alpha_bar sigma T domain first_sigma (S t) ltac:(lia))).
    rewrite ln_div by (now apply normal_d_pos). reflexivity.
Qed.

(** ** Theorem 1 *)

(** The losses, as L writes them. *)
Definition losses_d (loss : nat -> R) : Prop := forall t, (1 <= t <= T)%nat ->
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
    distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t).

(** From the law of x_t to the law of the noise. *)
Lemma loss_exists_d t : (1 <= t <= T)%nat ->
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps)))
    (q_expect_d d alpha_bar x0 t (noise_error t)).
Proof.
intros Ht. assert (Ha := chain_domain_alpha _ _ _ t domain Ht).
assert (Hu := sqrt_pos_lt (1 - alpha_bar t) ltac:(lra)). set (u := sqrt (1 - alpha_bar t)) in *.
eapply integral_d_ext; [|exact (integral_d_affine d u Hu _ (map2 d (fun x0 _ => sqrt (alpha_bar t) * x0) x0 x0) _
  (q_expect_d_correct d alpha_bar sigma x0 T domain t _ Ht (noise_error_tame_d t Ht)))].
intro eps. cbv beta. unfold noise_error_d, q_marginal_d.
assert (A : forall n (y e : vec n),
  map2 n (fun e b => u * e + b) e (map2 n (fun x0 _ => sqrt (alpha_bar t) * x0) y y) = map2 n (q_sample (alpha_bar t)) y e /\
  map2 n (predict_eps (alpha_bar t)) (map2 n (q_sample (alpha_bar t)) y e) y = e /\
  u ^ n * normal_d n (map2 n (fun x0 _ => sqrt (alpha_bar t) * x0) y y) (1 - alpha_bar t) (map2 n (q_sample (alpha_bar t)) y e)
  = normal_d n (const_d n 0) 1 e).
{ induction n as [|n IH]; intros y e; [destruct e; repeat split; simpl; ring|].
  destruct y as [y ys], e as [e es]. destruct (IH ys es) as (I1 & I2 & I3). cbn [map2 fst snd]. rewrite I1, I2. split; [|split].
  - f_equal. unfold q_sample. fold u. ring.
  - f_equal. unfold predict_eps, q_sample. fold u. field. lra.
  - rewrite <- tech_pow_Rmult. cbn [normal_d const_d fst snd]. rewrite <- I3.
    assert (N := AR1_marginal (alpha_bar t) y (q_sample (alpha_bar t) y e) Ha). unfold predict_eps in N. fold u in N.
    replace ((q_sample (alpha_bar t) y e - sqrt (alpha_bar t) * y) / u) with e in N
      by (unfold q_sample; fold u; field; lra).
    rewrite <- N. unfold q_marginal. ring. }
destruct (A d x0 eps) as (A1 & A2 & A3). rewrite A1, A2, <- A3. ring.
Qed.

(** J as the integral over the path is L_gamma + C. *)
Theorem Theorem1_exact_d : exists loss : nat -> R, losses_d loss /\
  J_d (sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + Theorem1_constant_d d alpha_bar sigma T x0).
Proof.
exists (fun t => q_expect_d d alpha_bar x0 t (noise_error t)). split; [exact loss_exists_d|].
destruct (Theorem1_KL_form_d d alpha_bar sigma T domain first_sigma eps_theta x0 _ loss_exists_d)
  as (a1 & b1 & c1 & e1 & A1 & B1 & C1 & E1 & <-).
destruct Eq11_KL_form_d as (a2 & b2 & c2 & e2 & A2 & B2 & C2 & E2 & HJ).
rewrite (integral_d_unique d _ _ _ A1 A2), (integral_d_unique d _ _ _ E1 E2), (sum_ext c1 c2); [exact HJ|].
intros t Ht. apply (integral_d_unique d _ _ _ (C1 t ltac:(lia))).
eapply integral_d_ext; [|exact (C2 t ltac:(lia))].
intro x. cbv beta. now rewrite (integral_d_unique d _ _ _ (B1 t x ltac:(lia)) (B2 t x ltac:(lia))).
Qed.

Lemma J_d_unique j j' : J_d j -> J_d j' -> j = j'.
Proof. intros H H'. exact (integrate_out_d_unique d (seq 1 T) _ _ _ _ (fun x => eq_refl) H H' (fun _ => x0)). Qed.

End Model.

(** Weights that leave J - L the same for all models are the exact ones. *)
Definition one_at_d (d s t : nat) (_ : vec d) : vec d := const_d d (if Nat.eqb t s then 1 else 0).

Lemma distance2_const_mean d c :
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps * distance2 d eps (const_d d c)) (INR d * (1 + c ^ 2)).
Proof.
induction d as [|d IH]; [simpl; ring|].
assert (V : integral (fun x => normal 0 1 x * (x - c) ^ 2) (1 + c ^ 2)).
{ eapply integral_eq; [exact (normal_quadratic 1 (- 2 * c) (c ^ 2) 0 1 Rlt_0_1)| |]; [intro x; cbv beta|]; ring. }
assert (A := integral_d_cons d _ _ _ _ V (normal_d_normalised d (const_d d 0) 1 Rlt_0_1)).
assert (B := integral_d_cons d _ _ _ _ (normal_normalised 0 1 Rlt_0_1) IH).
apply (integral_d_scaled (S d) 1 _ _ _ _ (integral_d_plus _ _ _ _ _ A B)).
- intros [x xs]. cbn [normal_d distance2 const_d fst snd]. ring.
- rewrite S_INR. ring.
Qed.

Theorem Theorem1_weights_unique_d d alpha_bar sigma T weights x0 :
  (1 <= d)%nat -> chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  (forall eps_theta eps_theta' j j' loss loss',
     tame_model_d d T eps_theta -> tame_model_d d T eps_theta' ->
     J_d d alpha_bar sigma T eps_theta x0 j -> losses_d d alpha_bar T eps_theta x0 loss ->
     J_d d alpha_bar sigma T eps_theta' x0 j' -> losses_d d alpha_bar T eps_theta' x0 loss' ->
     j - sum (fun t => weights t * loss t) 1 T = j' - sum (fun t => weights t * loss' t) 1 T) ->
  forall t, (1 <= t <= T)%nat -> weights t = gamma alpha_bar sigma t.
Proof.
intros Hd D H1 H s Hs.
assert (M : forall s, tame_model_d d T (one_at_d d s)) by (intros r t _; exact (tame_map_const d d _)).
assert (E : forall r, losses_d d alpha_bar T (one_at_d d r) x0 (fun t => INR d * (if Nat.eqb t r then 2 else 1))).
{ intros r t Ht. unfold one_at_d.
  replace (if Nat.eqb t r then 2 else 1) with (1 + (if Nat.eqb t r then 1 else 0) ^ 2) by (destruct (Nat.eqb t r); ring).
  apply distance2_const_mean. }
assert (L : forall r w loss, losses_d d alpha_bar T (one_at_d d r) x0 loss ->
  sum (fun t => w t * loss t) 1 T = sum (fun t => w t * INR d * (if Nat.eqb t r then 2 else 1)) 1 T).
{ intros r w loss Hl. apply sum_ext. intros t Ht.
  rewrite (integral_d_unique d _ _ _ (Hl t ltac:(lia)) (E r t ltac:(lia))). ring. }
destruct (Theorem1_exact_d d alpha_bar sigma T D H1 (one_at_d d s) x0 (M s)) as (l1 & B1 & A1).
destruct (Theorem1_exact_d d alpha_bar sigma T D H1 (one_at_d d 0) x0 (M O)) as (l2 & B2 & A2).
assert (K := H _ _ _ _ _ _ (M s) (M O) A1 B1 A2 B2).
rewrite (L s weights l1 B1), (L O weights l2 B2), (L s _ l1 B1), (L O _ l2 B2) in K.
rewrite (sum_one_at (fun t => gamma alpha_bar sigma t * INR d) s T Hs), (sum_one_at (fun t => weights t * INR d) s T Hs) in K.
apply (Rmult_eq_reg_r (INR d)); [lra|]. apply not_0_INR. lia.
Qed.
