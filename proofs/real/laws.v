(** * The laws of the non-Markovian forward process

    Notation, as everywhere: [a] is alpha_bar at t, [a_p] at the previous (cleaner) time,
    [s] is sigma.  [prev] is one step nearer the data.  [x0] is the data, held fixed.

    - [Eq7_normalised], [Eq6T_normalised]: the kernels are probability densities.
    - [Lemma1_step]: one reverse step maps q(x_t | x0) to q(x_prev | x0), as an integral.
    - [Lemma1_chain]: by descending induction, for every t <= T.
    - [Lemma1_joint]: integrating every other variable out of the joint density Eq6 leaves
      N(sqrt a_t x0, 1 - a_t), for each t.
    - [Lemma1_subsequence]: the same along any sub-sequence tau.
    - [Eq8_closed_form]: the quotient of three densities is the normal density of Eq8.
    - [NonMarkov_iff]: that quotient forgets x0 exactly at DDPM's variance.
    - [Eq16_eq7_domain], [Eq16_forward], [Eq16_posterior]: Eq16 stays in Eq7's domain, and at eta = 1
      the forward kernel and the posterior are DDPM's.
    - [AR1_reverse], [AR1_forward], [AR1_joint]: the standardised chain is AR(1), and the joint
      density read downwards equals the joint density read upwards. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps.
Open Scope R_scope.

(** ** Definitions *)

(** Domain of Eq7.  [0 < s]: the kernel has a density. *)
Definition eq7_domain (a a_p s : R) : Prop :=
  0 < a < 1 /\ 0 < a_p < 1 /\ 0 < s /\ s ^ 2 <= 1 - a_p.

(** Eq6T and Lemma 1: N(sqrt a x0, 1 - a). *)
Definition q_marginal (a x0 x : R) : R := normal (sqrt a * x0) (1 - a) x.

(** Eq7: the density of x_prev given x_t and x0. *)
Definition q_posterior (a a_p s x0 x_t x_prev : R) : R :=
  normal (posterior_mean a a_p s x_t x0) (s ^ 2) x_prev.

(** Eq8, as the text has it: Bayes' rule, a quotient of three densities. *)
Definition q_bayes (a a_p s x0 x_prev x_t : R) : R :=
  q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev.

(** Eq8, closed form. *)
Definition forward_mean (a a_p s x0 x_prev : R) : R :=
  sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0).
Definition forward_variance (a a_p s : R) : R := s ^ 2 * (1 - a) / (1 - a_p).
Definition q_forward (a a_p s x0 x_prev x_t : R) : R :=
  normal (forward_mean a a_p s x0 x_prev) (forward_variance a a_p s) x_t.

(** DDPM's variance (Eq16's [sigma_of_eta] at eta = 1, squared) of x_prev given x_t and x0. *)
Definition ddpm_variance (a a_p : R) : R := (1 - a_p) / (1 - a) * (1 - a / a_p).

(** ** Square roots *)

Lemma sqrt_is x y : 0 <= y -> y * y = x -> sqrt x = y.
Proof. intros Hy <-. now apply sqrt_square. Qed.

Lemma sqrt_pos_lt x : 0 < x -> 0 < sqrt x.
Proof. apply sqrt_lt_R0. Qed.

Lemma sqr_pos s : 0 < s -> 0 < s ^ 2.
Proof. intros. simpl. nra. Qed.

(** ** Eq7 as a linear-Gaussian kernel *)

(** Slope of Eq7's mean in x_t. *)
Definition slope (a a_p s : R) : R := sqrt (1 - a_p - s ^ 2) / sqrt (1 - a).
Definition intercept (a a_p s x0 : R) : R := sqrt a_p * x0 - slope a a_p s * (sqrt a * x0).

Lemma posterior_mean_affine a a_p s x x0 :
  posterior_mean a a_p s x x0 = slope a a_p s * x + intercept a a_p s x0.
Proof. unfold posterior_mean, intercept, slope, Rdiv. ring. Qed.

Lemma slope_square a a_p s : a < 1 -> s ^ 2 <= 1 - a_p -> slope a a_p s ^ 2 = (1 - a_p - s ^ 2) / (1 - a).
Proof.
intros Ha Hs. unfold slope.
assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (E1 := sqrt_sqrt (1 - a) ltac:(lra)).
assert (E2 := sqrt_sqrt (1 - a_p - s ^ 2) ltac:(lra)).
replace (1 - a_p - s ^ 2) with (sqrt (1 - a_p - s ^ 2) * sqrt (1 - a_p - s ^ 2)) at 2.
replace (1 - a) with (sqrt (1 - a) * sqrt (1 - a)) at 2.
field. lra.
Qed.

Lemma evidence_mean_marginal a a_p s x0 :
  evidence_mean (sqrt a * x0) (slope a a_p s) (intercept a a_p s x0) = sqrt a_p * x0.
Proof. unfold evidence_mean, intercept. ring. Qed.

Lemma evidence_variance_marginal a a_p s :
  eq7_domain a a_p s -> evidence_variance (1 - a) (slope a a_p s) (s ^ 2) = 1 - a_p.
Proof.
intros (Ha & Hap & Hs & Hd). unfold evidence_variance.
rewrite slope_square by lra. field. lra.
Qed.

Theorem Eq6T_normalised a x0 : 0 < a < 1 -> integral (q_marginal a x0) 1.
Proof. intros. apply normal_normalised. lra. Qed.

Theorem Eq7_normalised a a_p s x0 x_t : 0 < s -> integral (q_posterior a a_p s x0 x_t) 1.
Proof. intros. apply normal_normalised. now apply sqr_pos. Qed.

Theorem Eq7_mean a a_p s x0 x_t :
  0 < s -> integral (fun x => q_posterior a a_p s x0 x_t x * x)
    (sqrt a_p * x0 + sqrt (1 - a_p - s ^ 2) * ((x_t - sqrt a * x0) / sqrt (1 - a))).
Proof. intros. apply normal_mean. now apply sqr_pos. Qed.

Theorem Eq7_variance a a_p s x0 x_t :
  0 < s -> integral (fun x => q_posterior a a_p s x0 x_t x * (x - posterior_mean a a_p s x_t x0) ^ 2)
    (s ^ 2).
Proof. intros. apply normal_variance. now apply sqr_pos. Qed.

(** ** Lemma 1 *)

Theorem Lemma1_step a a_p s x0 x_prev :
  eq7_domain a a_p s ->
  integral (fun x_t => q_marginal a x0 x_t * q_posterior a a_p s x0 x_t x_prev)
    (q_marginal a_p x0 x_prev).
Proof.
intros H. assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
eapply integral_eq.
- apply (total_probability (sqrt a * x0) (1 - a) (slope a a_p s) (intercept a a_p s x0) (s ^ 2) x_prev).
  + lra.
  + now apply sqr_pos.
- intro x. cbv beta. unfold q_posterior. rewrite posterior_mean_affine. reflexivity.
- rewrite evidence_mean_marginal, evidence_variance_marginal by trivial. reflexivity.
Qed.

(** A whole chain: steps go from [S t] to [t], for 1 <= t < T. *)
Definition chain_domain (alpha_bar sigma : nat -> R) (T : nat) : Prop :=
  (1 <= T)%nat /\ 0 < alpha_bar T < 1 /\
  forall t, (1 <= t < T)%nat -> eq7_domain (alpha_bar (S t)) (alpha_bar t) (sigma (S t)).

Lemma chain_domain_alpha alpha_bar sigma T t :
  chain_domain alpha_bar sigma T -> (1 <= t <= T)%nat -> 0 < alpha_bar t < 1.
Proof.
intros (HT & HaT & H) Ht. destruct (Nat.eq_dec t T) as [->|]; trivial.
now destruct (H t ltac:(lia)) as (_ & ? & _).
Qed.

(** Any family of densities that starts as Eq6T and descends by Eq7 is that of Lemma 1. *)
Theorem Lemma1_chain alpha_bar sigma T x0 (q : nat -> R -> R) :
  chain_domain alpha_bar sigma T ->
  (forall x, q T x = q_marginal (alpha_bar T) x0 x) ->
  (forall t x_prev, (1 <= t < T)%nat ->
     integral (fun x => q (S t) x *
       q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x x_prev) (q t x_prev)) ->
  forall t x, (1 <= t <= T)%nat -> q t x = q_marginal (alpha_bar t) x0 x.
Proof.
intros (HT & HaT & H) HqT Hq.
assert (K : forall n t x, (T - t = n)%nat -> (1 <= t <= T)%nat -> q t x = q_marginal (alpha_bar t) x0 x).
{ induction n as [|n IH]; intros t x Hn Ht.
  - replace t with T by lia. apply HqT.
  - specialize (Hq t x ltac:(lia)).
    assert (E := Lemma1_step _ _ _ x0 x (H t ltac:(lia))).
    apply (integral_unique _ _ _ Hq).
    eapply integral_ext; [|exact E].
    intro y. cbv beta. rewrite (IH (S t) y) by lia. reflexivity. }
intros t x Ht. now apply (K (T - t)%nat).
Qed.

(** Along a sub-sequence: [tau 1 < tau 2 < ...], with its own sigmas. *)
Theorem Lemma1_subsequence alpha_bar T (tau : nat -> nat) sigma n x0 (q : nat -> R -> R) :
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) ->
  (1 <= n)%nat -> (forall i, (1 <= i <= n)%nat -> (1 <= tau i <= T)%nat) ->
  (forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat) ->
  (forall i, (1 <= i < n)%nat -> 0 < sigma (S i) /\ sigma (S i) ^ 2 <= 1 - alpha_bar (tau i)) ->
  (forall x, q n x = q_marginal (alpha_bar (tau n)) x0 x) ->
  (forall i x_prev, (1 <= i < n)%nat ->
     integral (fun x => q (S i) x *
       q_posterior (alpha_bar (tau (S i))) (alpha_bar (tau i)) (sigma (S i)) x0 x x_prev) (q i x_prev)) ->
  forall i x, (1 <= i <= n)%nat -> q i x = q_marginal (alpha_bar (tau i)) x0 x.
Proof.
intros Ha Hn Htau _ Hs Hqn Hq.
apply (Lemma1_chain (fun i => alpha_bar (tau i)) sigma n x0 q); trivial.
repeat split; trivial; try (apply Ha, Htau; lia); now apply Hs.
Qed.

(** ** Eq6: the joint density, and Lemma 1 as its marginals *)

(** A path is the sequence of its states; [reverse_product lo n] is the product over
    t = lo, ..., lo + n - 1 of q(x_t | x_{t+1}, x0). *)
Section Joint.
Variables (alpha_bar sigma : nat -> R) (x0 : R).

Definition reverse_step (x : nat -> R) (t : nat) : R :=
  q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x (S t)) (x t).
Definition forward_step (x : nat -> R) (t : nat) : R :=
  q_forward (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x t) (x (S t)).

Fixpoint product (f : nat -> R) (lo n : nat) : R :=
  match n with O => 1 | S m => product f lo m * f (lo + m)%nat end.

(** Eq6. *)
Definition q_joint (T : nat) (x : nat -> R) : R :=
  q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) 1 (T - 1).

Lemma product_head f lo n : product f lo (S n) = f lo * product f (S lo) n.
Proof.
revert lo. induction n as [|n IH]; intro lo.
- simpl. rewrite Nat.add_0_r. ring.
- change (product f lo (S (S n))) with (product f lo (S n) * f (lo + S n)%nat).
  rewrite IH. simpl. replace (lo + S n)%nat with (S (lo + n)) by lia. ring.
Qed.

Lemma product_ext f g lo n :
  (forall t, (lo <= t < lo + n)%nat -> f t = g t) -> product f lo n = product g lo n.
Proof.
induction n as [|n IH]; intro H; [reflexivity|].
simpl. rewrite IH by (intros; apply H; lia). rewrite H by lia. reflexivity.
Qed.

(** [set_at x i u]: the path [x] with its i-th state replaced by [u]. *)
Definition set_at (x : nat -> R) (i : nat) (u : R) : nat -> R :=
  fun j => if Nat.eqb j i then u else x j.

Lemma set_at_same x i u : set_at x i u i = u.
Proof. unfold set_at. now rewrite Nat.eqb_refl. Qed.

Lemma set_at_other x i u j : j <> i -> set_at x i u j = x j.
Proof. intros H. unfold set_at. apply Nat.eqb_neq in H. now rewrite H. Qed.

Lemma reverse_step_clean x i u :
  reverse_step (set_at x i u) i = q_posterior (alpha_bar (S i)) (alpha_bar i) (sigma (S i)) x0 (x (S i)) u.
Proof. unfold reverse_step. rewrite set_at_same, set_at_other by lia. reflexivity. Qed.

Lemma reverse_step_noisy x i u :
  reverse_step (set_at x (S i) u) i = q_posterior (alpha_bar (S i)) (alpha_bar i) (sigma (S i)) x0 u (x i).
Proof. unfold reverse_step. rewrite set_at_same, set_at_other by lia. reflexivity. Qed.

Lemma product_untouched x i u lo n :
  (i < lo \/ lo + n < i)%nat -> product (reverse_step (set_at x i u)) lo n = product (reverse_step x) lo n.
Proof.
intros H. apply product_ext. intros t Ht. unfold reverse_step. rewrite !set_at_other by lia. reflexivity.
Qed.

(** [integrate_out indices f g]: integrating the variables [indices] out of [f], in that
    order, the first innermost, leaves [g]; every integral converges. *)
Fixpoint integrate_out (indices : list nat) (f g : (nat -> R) -> R) : Prop :=
  match indices with
  | nil => forall x, f x = g x
  | i :: rest => exists h, (forall x, integral (fun u => f (set_at x i u)) (h x)) /\ integrate_out rest h g
  end.

Lemma integrate_out_app l1 l2 f g h : integrate_out l1 f g -> integrate_out l2 g h -> integrate_out (l1 ++ l2) f h.
Proof.
revert f. induction l1 as [|i l1 IH]; intros f; simpl.
- intros E H. destruct l2 as [|j l2]; simpl in *.
  + intro x. rewrite E. apply H.
  + destruct H as [k [Hk Hr]]. exists k. split; trivial.
    intro x. apply (integral_ext (fun u => g (set_at x j u))); trivial. intro; symmetry; apply E.
- intros [k [Hk Hr]] H. exists k. split; trivial. now apply IH.
Qed.

(** Integrating the cleanest state, i < T: its kernel is normalised. *)
Lemma integrate_clean T i n :
  chain_domain alpha_bar sigma T -> (1 <= i)%nat -> (i + S n = T)%nat ->
  forall x, integral (fun u =>
      q_marginal (alpha_bar T) x0 (set_at x i u T) * product (reverse_step (set_at x i u)) i (S n))
    (q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) (S i) n).
Proof.
intros (HT & HaT & H) Hi Hn x.
destruct (H i ltac:(lia)) as (_ & _ & Hs & _).
eapply (integral_scaled (q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) (S i) n)).
- apply (Eq7_normalised (alpha_bar (S i)) (alpha_bar i) (sigma (S i)) x0 (x (S i)) Hs).
- intro u. cbv beta. rewrite product_head.
  rewrite (set_at_other x i u T), product_untouched, reverse_step_clean by lia. ring.
- ring.
Qed.

(** Integrating the noisiest state: Lemma 1's step. *)
Lemma integrate_noisy T t n :
  chain_domain alpha_bar sigma T -> (1 <= t)%nat -> (t + S n <= T)%nat ->
  forall x, integral (fun u =>
      q_marginal (alpha_bar (t + S n)) x0 (set_at x (t + S n) u (t + S n)%nat) *
      product (reverse_step (set_at x (t + S n) u)) t (S n))
    (q_marginal (alpha_bar (t + n)) x0 (x (t + n)%nat) * product (reverse_step x) t n).
Proof.
intros (HT & HaT & H) Ht Hn x.
specialize (H (t + n)%nat ltac:(lia)).
replace (t + S n)%nat with (S (t + n)) by lia.
eapply (integral_scaled (product (reverse_step x) t n)).
- apply (Lemma1_step _ _ _ x0 (x (t + n)%nat) H).
- intro u. cbv beta. cbn [product].
  rewrite set_at_same, product_untouched, reverse_step_noisy by lia. ring.
- ring.
Qed.

Lemma integrate_out_clean T m :
  chain_domain alpha_bar sigma T -> forall i, (1 <= i)%nat -> (i + m <= T)%nat ->
  integrate_out (seq i m)
    (fun x => q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) i (T - i))
    (fun x => q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) (i + m) (T - (i + m))).
Proof.
intros H. induction m as [|m IH]; intros i Hi Hm; simpl.
- intro x. now rewrite Nat.add_0_r.
- exists (fun x => q_marginal (alpha_bar T) x0 (x T) * product (reverse_step x) (S i) (T - S i)). split.
  + intro x. replace (T - i)%nat with (S (T - S i)) by lia.
    exact (integrate_clean T i (T - S i) H Hi ltac:(lia) x).
  + replace (i + S m)%nat with (S i + m)%nat by lia. apply IH; lia.
Qed.

Lemma integrate_out_noisy T t n :
  chain_domain alpha_bar sigma T -> (1 <= t)%nat -> (t + n <= T)%nat ->
  integrate_out (rev (seq (S t) n))
    (fun x => q_marginal (alpha_bar (t + n)) x0 (x (t + n)%nat) * product (reverse_step x) t n)
    (fun x => q_marginal (alpha_bar t) x0 (x t)).
Proof.
intros H Ht. induction n as [|n IH]; intros Hn.
- simpl. intro x. rewrite Nat.add_0_r. ring.
- rewrite seq_S, rev_app_distr. simpl app.
  exists (fun x => q_marginal (alpha_bar (t + n)) x0 (x (t + n)%nat) * product (reverse_step x) t n). split.
  + intro x. replace (S (t + n)) with (t + S n)%nat by lia. exact (integrate_noisy T t n H Ht Hn x).
  + apply IH. lia.
Qed.

(** Every other variable integrated out of Eq6, the clean ones first. *)
Theorem Lemma1_joint T t :
  chain_domain alpha_bar sigma T -> (1 <= t <= T)%nat ->
  integrate_out (seq 1 (t - 1) ++ rev (seq (S t) (T - t)))
    (q_joint T) (fun x => normal (sqrt (alpha_bar t) * x0) (1 - alpha_bar t) (x t)).
Proof.
intros H Ht. eapply integrate_out_app.
- apply (integrate_out_clean T (t - 1) H 1); lia.
- replace (1 + (t - 1))%nat with t by lia.
  generalize (integrate_out_noisy T t (T - t) H ltac:(lia) ltac:(lia)).
  replace (t + (T - t))%nat with T by lia. trivial.
Qed.

(** Eq6 is itself a probability density. *)
Theorem Eq6_normalised T :
  chain_domain alpha_bar sigma T -> integrate_out (seq 1 T) (q_joint T) (fun _ => 1).
Proof.
intros H. assert (HT := H). destruct HT as (HT & HaT & _).
replace T with (T - 1 + 1)%nat at 1 by lia. rewrite seq_app.
eapply integrate_out_app.
- apply (integrate_out_clean T (T - 1) H 1); lia.
- replace (1 + (T - 1))%nat with T by lia. rewrite Nat.sub_diag. simpl.
  exists (fun _ => 1). split; [|reflexivity].
  intro x. eapply integral_ext; [|exact (Eq6T_normalised (alpha_bar T) x0 HaT)].
  intro u. simpl. rewrite set_at_same. ring.
Qed.

End Joint.

(** ** Eq8 *)

Lemma bayes_mean_forward a a_p s x0 y :
  eq7_domain a a_p s ->
  bayes_mean (sqrt a * x0) (1 - a) (slope a a_p s) (intercept a a_p s x0) (s ^ 2) y = forward_mean a a_p s x0 y.
Proof.
intros H. assert (E := evidence_variance_marginal _ _ _ H). assert (E' := evidence_mean_marginal a a_p s x0).
unfold evidence_variance in E. unfold evidence_mean in E'.
destruct H as (Ha & Hap & Hs & Hd).
unfold bayes_mean, forward_mean. rewrite E, E'.
rewrite sqrt_mult by lra. unfold slope.
assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
replace (1 - a) with (sqrt (1 - a) * sqrt (1 - a)) at 2 by (apply sqrt_sqrt; lra).
field. lra.
Qed.

Lemma bayes_variance_forward a a_p s :
  eq7_domain a a_p s -> bayes_variance (1 - a) (slope a a_p s) (s ^ 2) = forward_variance a a_p s.
Proof.
intros H. assert (E := evidence_variance_marginal _ _ _ H). unfold evidence_variance in E.
unfold bayes_variance, forward_variance. rewrite E. unfold Rdiv. ring.
Qed.

Lemma forward_variance_pos a a_p s : eq7_domain a a_p s -> 0 < forward_variance a a_p s.
Proof.
intros (Ha & Hap & Hs & Hd). unfold forward_variance.
apply Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [now apply sqr_pos|lra].
Qed.

(** The three densities, without the division. *)
Lemma Eq8_product a a_p s x0 x_prev x_t :
  eq7_domain a a_p s ->
  q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t =
  q_marginal a_p x0 x_prev * q_forward a a_p s x0 x_prev x_t.
Proof.
intros H. assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
unfold q_posterior, q_marginal, q_forward. rewrite posterior_mean_affine, Rmult_comm.
rewrite (bayes _ _ _ _ _ _ x_prev) by (lra || now apply sqr_pos).
now rewrite evidence_mean_marginal, evidence_variance_marginal, bayes_mean_forward, bayes_variance_forward.
Qed.

Theorem Eq8_closed_form a a_p s x0 x_prev x_t :
  eq7_domain a a_p s ->
  q_posterior a a_p s x0 x_t x_prev * q_marginal a x0 x_t / q_marginal a_p x0 x_prev =
  normal (sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0))
         (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof.
intros H. rewrite Eq8_product by trivial.
change (normal _ _ x_t) with (q_forward a a_p s x0 x_prev x_t).
assert (P : 0 < q_marginal a_p x0 x_prev) by (apply normal_pos; destruct H as (? & ? & ?); lra).
field. lra.
Qed.

Theorem Eq8_normalised a a_p s x0 x_prev :
  eq7_domain a a_p s -> integral (q_bayes a a_p s x0 x_prev) 1.
Proof.
intros H. eapply integral_ext.
- intro x. symmetry. now apply Eq8_closed_form.
- apply normal_normalised. now apply forward_variance_pos.
Qed.

(** ** NonMarkov *)

(** The coefficient of x0 in Eq8's mean. *)
Definition x0_coefficient (a a_p s : R) : R :=
  sqrt a - sqrt ((1 - a) * (1 - a_p - s ^ 2) * a_p) / (1 - a_p).

Lemma forward_mean_x0 a a_p s x0 x_prev :
  eq7_domain a a_p s ->
  forward_mean a a_p s x0 x_prev =
  x0_coefficient a a_p s * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * x_prev.
Proof.
intros (Ha & Hap & Hs & Hd). unfold forward_mean, x0_coefficient.
rewrite (sqrt_mult ((1 - a) * (1 - a_p - s ^ 2)) a_p) by (lra || apply Rmult_le_pos; lra).
unfold Rdiv. ring.
Qed.

Lemma x0_coefficient_zero a a_p s :
  eq7_domain a a_p s -> (x0_coefficient a a_p s = 0 <-> s ^ 2 = ddpm_variance a a_p).
Proof.
intros (Ha & Hap & Hs & Hd). unfold x0_coefficient, ddpm_variance.
set (r := (1 - a) * (1 - a_p - s ^ 2) * a_p).
assert (Hr : 0 <= r) by (unfold r; repeat apply Rmult_le_pos; lra).
assert (Ea := sqrt_sqrt a ltac:(lra)). assert (Er := sqrt_sqrt r Hr).
assert (Pa := sqrt_pos a). assert (Pr := sqrt_pos r).
split; intro E.
- assert (E1 : sqrt a * (1 - a_p) = sqrt r) by (apply Rminus_diag_uniq in E; rewrite E; field; lra).
  assert (E2 : a * (1 - a_p) ^ 2 = r) by (transitivity ((sqrt a * sqrt a) * (1 - a_p) ^ 2); [now rewrite Ea|rewrite <- Er, <- E1; ring]).
  unfold r in E2.
  assert (E3 : s ^ 2 * (a_p * (1 - a)) = (1 - a_p) * (a_p - a)) by lra.
  apply (Rmult_eq_reg_r (a_p * (1 - a))); [|apply Rgt_not_eq; apply Rmult_lt_0_compat; lra].
  rewrite E3. field. lra.
- assert (E2 : a * (1 - a_p) ^ 2 = r) by (unfold r; rewrite E; field; lra).
  assert (E1 : sqrt r = sqrt a * (1 - a_p)).
  { apply sqrt_is; [apply Rmult_le_pos; lra|]. rewrite <- E2. transitivity ((sqrt a * sqrt a) * (1 - a_p) ^ 2); [ring|now rewrite Ea]. }
  rewrite E1. field. lra.
Qed.

Theorem NonMarkov_iff a a_p s :
  eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t, q_bayes a a_p s x0 x_prev x_t = q_bayes a a_p s x0' x_prev x_t) <->
   s ^ 2 = (1 - a_p) / (1 - a) * (1 - a / a_p)).
Proof.
intros H. change (_ / _ * _) with (ddpm_variance a a_p).
rewrite <- (x0_coefficient_zero a a_p s H).
assert (B : forall x0 x_prev x_t, q_bayes a a_p s x0 x_prev x_t = q_forward a a_p s x0 x_prev x_t).
{ intros. now apply Eq8_closed_form. }
split.
- intros E.
  assert (M : forward_mean a a_p s 1 0 = forward_mean a a_p s 0 0).
  { apply (normal_mean_injective _ _ (forward_variance a a_p s) (forward_variance_pos _ _ _ H)).
    intro x. generalize (E 1 0 0 x). rewrite !B. trivial. }
  rewrite !forward_mean_x0 in M by trivial. lra.
- intros E x0 x0' x_prev x_t. rewrite !B. unfold q_forward.
  rewrite !forward_mean_x0, E by trivial. f_equal. ring.
Qed.

(** ** Eq16 *)

Lemma sigma_of_eta_square eta a a_p :
  0 < a < a_p -> a_p < 1 -> sigma_of_eta eta a a_p ^ 2 = eta ^ 2 * ddpm_variance a a_p.
Proof.
intros Ha Hap. unfold sigma_of_eta, ddpm_variance.
assert (H1 : 0 <= (1 - a_p) / (1 - a)) by (apply Rlt_le, Rdiv_lt_0_compat; lra).
assert (H2 : 0 <= 1 - a / a_p).
{ replace (1 - a / a_p) with ((a_p - a) / a_p) by (field; lra). apply Rlt_le, Rdiv_lt_0_compat; lra. }
rewrite <- (sqrt_sqrt _ H1) at 2. rewrite <- (sqrt_sqrt _ H2) at 2. ring.
Qed.

Lemma ddpm_variance_bounds a a_p :
  0 < a < a_p -> a_p < 1 -> 0 < ddpm_variance a a_p < 1 - a_p.
Proof.
intros Ha Hap. unfold ddpm_variance.
replace ((1 - a_p) / (1 - a) * (1 - a / a_p)) with ((1 - a_p) * ((a_p - a) / ((1 - a) * a_p))) by (field; lra).
assert (H : 0 < (1 - a) * a_p) by (apply Rmult_lt_0_compat; lra).
split.
- apply Rmult_lt_0_compat; [lra|]. apply Rdiv_lt_0_compat; lra.
- rewrite <- (Rmult_1_r (1 - a_p)) at 2. apply Rmult_lt_compat_l; [lra|].
  apply Rmult_lt_reg_r with ((1 - a) * a_p); trivial.
  replace ((a_p - a) / ((1 - a) * a_p) * ((1 - a) * a_p)) with (a_p - a) by (field; lra).
  assert (a * a_p < a * 1) by (apply Rmult_lt_compat_l; lra). lra.
Qed.

Theorem Eq16_eq7_domain eta a a_p :
  0 < a < a_p -> a_p < 1 -> 0 < eta <= 1 -> eq7_domain a a_p (sigma_of_eta eta a a_p).
Proof.
intros Ha Hap He. repeat split; try lra.
- unfold sigma_of_eta. repeat apply Rmult_lt_0_compat; try lra; apply sqrt_lt_R0.
  + apply Rdiv_lt_0_compat; lra.
  + replace (1 - a / a_p) with ((a_p - a) / a_p) by (field; lra). apply Rdiv_lt_0_compat; lra.
- rewrite sigma_of_eta_square by trivial.
  generalize (ddpm_variance_bounds a a_p Ha Hap). intros [P Q].
  assert (eta ^ 2 <= 1) by (rewrite <- (pow1 2); apply pow_incr; lra).
  assert (eta ^ 2 * ddpm_variance a a_p <= 1 * ddpm_variance a a_p) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Lemma eta1_radicand a a_p :
  0 < a < a_p -> a_p < 1 ->
  (1 - a) * (1 - a_p - sigma_of_eta 1 a a_p ^ 2) = (1 - a_p) ^ 2 * (a / a_p).
Proof.
intros Ha Hap. rewrite sigma_of_eta_square by trivial. unfold ddpm_variance. field. lra.
Qed.

(** At eta = 1 the forward kernel is DDPM's, N(sqrt (a / a_p) x_prev, 1 - a / a_p). *)
Theorem Eq16_forward a a_p x0 x_prev x_t :
  0 < a < a_p -> a_p < 1 ->
  q_bayes a a_p (sigma_of_eta 1 a a_p) x0 x_prev x_t = normal (sqrt (a / a_p) * x_prev) (1 - a / a_p) x_t.
Proof.
intros Ha Hap.
assert (H := Eq16_eq7_domain 1 a a_p Ha Hap ltac:(lra)).
assert (Ha' : 0 < a / a_p) by (apply Rdiv_lt_0_compat; lra).
unfold q_bayes. rewrite Eq8_closed_form by trivial. f_equal.
- rewrite eta1_radicand by trivial.
  rewrite sqrt_mult by (try apply pow2_ge_0; lra). rewrite sqrt_pow2 by lra.
  replace (sqrt a) with (sqrt (a / a_p) * sqrt a_p).
  + field. lra.
  + rewrite <- sqrt_mult by lra. f_equal. field. lra.
- rewrite sigma_of_eta_square by trivial. unfold ddpm_variance. field. lra.
Qed.

(** At eta = 1 Eq7 is DDPM's posterior. *)
Theorem Eq16_posterior a a_p x0 x_t x_prev :
  0 < a < a_p -> a_p < 1 ->
  q_posterior a a_p (sigma_of_eta 1 a a_p) x0 x_t x_prev =
  normal (sqrt a_p * (1 - a / a_p) / (1 - a) * x0 + sqrt (a / a_p) * (1 - a_p) / (1 - a) * x_t)
         ((1 - a_p) / (1 - a) * (1 - a / a_p)) x_prev.
Proof.
intros Ha Hap.
assert (Ha' : 0 < a / a_p) by (apply Rdiv_lt_0_compat; lra).
assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (E : sqrt (1 - a_p - sigma_of_eta 1 a a_p ^ 2) = (1 - a_p) * sqrt (a / a_p) / sqrt (1 - a)).
{ replace (1 - a_p - sigma_of_eta 1 a a_p ^ 2) with ((1 - a_p) ^ 2 * (a / a_p) / (1 - a)).
  - rewrite sqrt_div_alt by lra. rewrite sqrt_mult by (try apply pow2_ge_0; lra).
    rewrite sqrt_pow2 by lra. reflexivity.
  - rewrite <- eta1_radicand by trivial. field. lra. }
unfold q_posterior, posterior_mean. rewrite E. f_equal.
- assert (Es : sqrt a = sqrt (a / a_p) * sqrt a_p).
  { rewrite <- sqrt_mult by lra. f_equal. field. lra. }
  rewrite Es.
  assert (E2 : sqrt (a / a_p) * sqrt (a / a_p) = a / a_p) by (apply sqrt_sqrt; lra).
  assert (E1 : sqrt (1 - a) * sqrt (1 - a) = 1 - a) by (apply sqrt_sqrt; lra).
  set (r := sqrt (a / a_p)) in *. set (k := sqrt (1 - a)) in *. set (p := sqrt a_p) in *.
  replace (a / a_p) with (r * r) by exact E2.
  replace ((1 - a_p) * r / k * ((x_t - r * p * x0) / k)) with ((1 - a_p) * r * (x_t - r * p * x0) / (k * k))
    by (field; lra).
  rewrite E1.
  apply (Rmult_eq_reg_r (1 - a)); [|lra].
  replace ((p * x0 + (1 - a_p) * r * (x_t - r * p * x0) / (1 - a)) * (1 - a))
    with (p * x0 * (1 - a) + (1 - a_p) * r * x_t - (1 - a_p) * (r * r) * p * x0) by (field; lra).
  replace ((p * (1 - r * r) / (1 - a) * x0 + r * (1 - a_p) / (1 - a) * x_t) * (1 - a))
    with (p * (1 - r * r) * x0 + r * (1 - a_p) * x_t) by (field; lra).
  replace ((1 - a_p) * (r * r)) with (r * r - a) by (rewrite E2; field; lra). ring.
- rewrite sigma_of_eta_square by trivial. unfold ddpm_variance. ring.
Qed.

(** ** AR(1) *)

(** Correlation of neighbouring standardised states. *)
Definition rho (a_p s : R) : R := sqrt (1 - a_p - s ^ 2) / sqrt (1 - a_p).

Lemma rho_square a_p s : a_p < 1 -> s ^ 2 <= 1 - a_p -> rho a_p s ^ 2 = 1 - s ^ 2 / (1 - a_p).
Proof.
intros Hap Hs.
change (rho a_p s ^ 2) with (slope a_p a_p s ^ 2). rewrite slope_square by trivial. field. lra.
Qed.

Lemma standardise_density a m v x0 x :
  a < 1 -> 0 < v ->
  sqrt (1 - a) * normal m v x = normal (predict_eps a m x0) (v / (1 - a)) (predict_eps a x x0).
Proof.
intros Ha Hv. assert (H1 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (E1 : sqrt (1 - a) * sqrt (1 - a) = 1 - a) by (apply sqrt_sqrt; lra).
assert (Hi := Rinv_0_lt_compat _ H1).
rewrite (normal_affine m v (/ sqrt (1 - a)) (- (sqrt a * x0) / sqrt (1 - a)) x Hv) by lra.
rewrite Rabs_pos_eq by lra. rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
unfold predict_eps. f_equal; try (field; lra).
transitivity (v / (sqrt (1 - a) * sqrt (1 - a))); [field; lra|now rewrite E1].
Qed.

(** e_prev | e_t ~ N(rho e_t, 1 - rho^2); the factor is the Jacobian of x_prev in e_prev. *)
Theorem AR1_reverse a a_p s x0 x_t x_prev :
  eq7_domain a a_p s ->
  sqrt (1 - a_p) * q_posterior a a_p s x0 x_t x_prev =
  normal (rho a_p s * predict_eps a x_t x0) (1 - rho a_p s ^ 2) (predict_eps a_p x_prev x0).
Proof.
intros (Ha & Hap & Hs & Hd). unfold q_posterior.
rewrite (standardise_density a_p _ _ x0) by (lra || now apply sqr_pos).
rewrite rho_square by lra.
f_equal; [|field; lra].
assert (H1 := sqrt_pos_lt (1 - a_p) ltac:(lra)). assert (H2 := sqrt_pos_lt (1 - a) ltac:(lra)).
unfold predict_eps, posterior_mean, rho. field. lra.
Qed.

(** The marginal of each e_t is N(0, 1). *)
Theorem AR1_marginal a x0 x :
  0 < a < 1 -> sqrt (1 - a) * q_marginal a x0 x = normal 0 1 (predict_eps a x x0).
Proof.
intros Ha. unfold q_marginal. rewrite (standardise_density a _ _ x0) by lra.
assert (H2 := sqrt_pos_lt (1 - a) ltac:(lra)).
f_equal; [unfold predict_eps|]; field; lra.
Qed.

(** e_t | e_prev ~ N(rho e_prev, 1 - rho^2): the same AR(1) law, read upwards. *)
Theorem AR1_forward a a_p s x0 x_prev x_t :
  eq7_domain a a_p s ->
  sqrt (1 - a) * q_bayes a a_p s x0 x_prev x_t =
  normal (rho a_p s * predict_eps a_p x_prev x0) (1 - rho a_p s ^ 2) (predict_eps a x_t x0).
Proof.
intros H. assert (H' := H). destruct H' as (Ha & Hap & Hs & Hd).
unfold q_bayes. rewrite Eq8_closed_form by trivial.
change (normal _ _ x_t) with (normal (forward_mean a a_p s x0 x_prev) (forward_variance a a_p s) x_t).
rewrite (standardise_density a _ _ x0) by (lra || now apply forward_variance_pos).
rewrite rho_square by lra.
assert (H1 := sqrt_pos_lt (1 - a_p) ltac:(lra)). assert (H2 := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (E1 : sqrt (1 - a_p) * sqrt (1 - a_p) = 1 - a_p) by (apply sqrt_sqrt; lra).
f_equal.
- unfold predict_eps, forward_mean, rho. rewrite sqrt_mult by lra.
  replace (sqrt (1 - a) * sqrt (1 - a_p - s ^ 2) / (1 - a_p))
    with (sqrt (1 - a) * sqrt (1 - a_p - s ^ 2) / (sqrt (1 - a_p) * sqrt (1 - a_p))) by now rewrite E1.
  field. lra.
- unfold forward_variance. field. lra.
Qed.

(** The whole joint density: Eq6, built downwards, equals x_1's law times Eq8's kernels upwards. *)
Theorem AR1_joint alpha_bar sigma T x0 (x : nat -> R) :
  chain_domain alpha_bar sigma T ->
  q_joint alpha_bar sigma x0 T x =
  q_marginal (alpha_bar 1%nat) x0 (x 1%nat) *
  product (fun t => q_bayes (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x t) (x (S t))) 1 (T - 1).
Proof.
intros (HT & HaT & H). unfold q_joint.
assert (K : forall n, (1 + n <= T)%nat ->
  q_marginal (alpha_bar (1 + n)%nat) x0 (x (1 + n)%nat) * product (reverse_step alpha_bar sigma x0 x) 1 n =
  q_marginal (alpha_bar 1%nat) x0 (x 1%nat) *
  product (fun t => q_bayes (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 (x t) (x (S t))) 1 n).
{ induction n as [|n IH]; intros Hn; [simpl; ring|].
  specialize (H (1 + n)%nat ltac:(lia)).
  cbn [product]. rewrite <- !Rmult_assoc, <- IH by lia.
  replace (q_bayes _ _ _ _ _ _) with (q_forward (alpha_bar (S (1 + n))) (alpha_bar (1 + n)%nat) (sigma (S (1 + n))) x0
     (x (1 + n)%nat) (x (S (1 + n)))) by (symmetry; apply Eq8_closed_form; exact H).
  assert (P := Eq8_product _ _ _ x0 (x (1 + n)%nat) (x (S (1 + n))) H).
  unfold reverse_step at 2.
  replace (1 + S n)%nat with (S (1 + n)) by lia.
  transitivity (product (reverse_step alpha_bar sigma x0 x) 1 n *
    (q_marginal (alpha_bar (1 + n)%nat) x0 (x (1 + n)%nat) *
     q_forward (alpha_bar (S (1 + n))) (alpha_bar (1 + n)%nat) (sigma (S (1 + n))) x0
       (x (1 + n)%nat) (x (S (1 + n))))); [rewrite <- P; ring|ring]. }
replace T with (1 + (T - 1))%nat at 1 2 by lia. apply K. lia.
Qed.
