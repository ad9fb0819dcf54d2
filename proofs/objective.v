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
