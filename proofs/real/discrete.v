(** * The discrete family (AppendixA)

    Notation: [K] categories, a distribution is a function of the category; [point j] is the
    one-hot x with its mass at j; [a], [a_p] are alpha_bar at t and at the previous time, [s] sigma.
    The kernel is Cat(s x_t + (a_p - s a) x0 + ((1-a_p) - (1-a) s) / K).

    - AppendixA_total: the kernel's weights sum to one, for every s.
    - AppendixA_marginal_step: mixing the kernel over q(x_t|x0) = Cat(a x0 + (1-a)/K)
      gives q(x_prev|x0) = Cat(a_p x0 + (1-a_p)/K), for every s.
    - AppendixA_marginal: hence, by descent from T, the marginal at every t, whatever the sigmas.
    - AppendixA_nonnegative: the three weights are non-negative iff 0 <= s <= (1-a_p)/(1-a).
    - AppendixA_probability: inside that range the kernel is a probability distribution. *)

Require Import Reals Lra Lia Arith.
Open Scope R_scope.

(** ** Finite sums over the categories 0 .. K-1 *)

Fixpoint total (K : nat) (f : nat -> R) : R :=
  match K with O => 0 | S n => total n f + f n end.

Definition point (i j : nat) : R := if Nat.eqb i j then 1 else 0.

Lemma total_ext : forall K f g, (forall i, (i < K)%nat -> f i = g i) -> total K f = total K g.
Proof.
induction K; intros f g H; [reflexivity|]; simpl.
rewrite (IHK f g) by (intros; apply H; lia); now rewrite H by lia.
Qed.

Lemma total_plus : forall K f g, total K (fun i => f i + g i) = total K f + total K g.
Proof. induction K; intros; simpl; [ring|rewrite IHK; ring]. Qed.

Lemma total_scale : forall K c f, total K (fun i => c * f i) = c * total K f.
Proof. induction K; intros; simpl; [ring|rewrite IHK; ring]. Qed.

Lemma total_const : forall K c, total K (fun _ => c) = INR K * c.
Proof. induction K; intros; [simpl; ring|]; rewrite S_INR; simpl; rewrite IHK; ring. Qed.

(** A point mass picks one term out. *)
Lemma total_point : forall K k f, (k < K)%nat -> total K (fun j => point k j * f j) = f k.
Proof.
induction K; intros k f Hk; [lia|]; simpl; unfold point at 2.
destruct (Nat.eqb_spec k K) as [->|N].
- rewrite (total_ext K _ (fun _ => 0)); [rewrite total_const; ring|].
  intros i Hi; unfold point; destruct (Nat.eqb_spec K i); [lia|ring].
- rewrite IHK by lia; ring.
Qed.

Lemma point_sym : forall i j, point i j = point j i.
Proof. intros; unfold point; now rewrite Nat.eqb_sym. Qed.

Lemma point_nonneg : forall i j, 0 <= point i j.
Proof. intros; unfold point; destruct (Nat.eqb i j); lra. Qed.

(** ** The definitions *)

Definition weight_noisy (s : R) : R := s.
Definition weight_data (a a_p s : R) : R := a_p - s * a.
Definition weight_uniform (a a_p s : R) : R := (1 - a_p) - (1 - a) * s.

(** q(x = i | x0 = k), and q(x_prev = i | x_t = j, x0 = k). *)
Definition categorical_marginal (K : nat) (a : R) (k i : nat) : R := a * point k i + (1 - a) / INR K.
Definition categorical_posterior (K : nat) (a a_p s : R) (j k i : nat) : R :=
  weight_noisy s * point j i + weight_data a a_p s * point k i + weight_uniform a a_p s / INR K.

Lemma K_pos : forall K k, (k < K)%nat -> 0 < INR K.
Proof. intros; apply lt_0_INR; lia. Qed.

(** ** The statements *)

Theorem AppendixA_weights_total : forall a a_p s,
  weight_noisy s + weight_data a a_p s + weight_uniform a a_p s = 1.
Proof. intros; unfold weight_noisy, weight_data, weight_uniform; ring. Qed.

Lemma total_point_alone : forall K k, (k < K)%nat -> total K (point k) = 1.
Proof.
intros K k Hk; rewrite (total_ext K _ (fun j => point k j * 1)) by (intros; ring).
now rewrite (total_point K k (fun _ => 1) Hk).
Qed.

Theorem AppendixA_total : forall K a a_p s j k, (j < K)%nat -> (k < K)%nat ->
  total K (categorical_posterior K a a_p s j k) = 1.
Proof.
intros K a a_p s j k Hj Hk; unfold categorical_posterior.
rewrite 2!total_plus, 2!total_scale, total_const, !total_point_alone by assumption.
transitivity (weight_noisy s + weight_data a a_p s + weight_uniform a a_p s);
  [|apply AppendixA_weights_total].
field; apply Rgt_not_eq, (K_pos K k Hk).
Qed.

Lemma marginal_total : forall K a k, (k < K)%nat -> total K (categorical_marginal K a k) = 1.
Proof.
intros K a k Hk; unfold categorical_marginal.
rewrite total_plus, total_scale, total_const, total_point_alone by assumption.
field; apply Rgt_not_eq, (K_pos K k Hk).
Qed.

(** One step: total probability over x_t. *)
Theorem AppendixA_marginal_step : forall K a a_p s k i, (k < K)%nat -> (i < K)%nat ->
  total K (fun j => categorical_marginal K a k j * categorical_posterior K a a_p s j k i)
  = categorical_marginal K a_p k i.
Proof.
intros K a a_p s k i Hk Hi.
rewrite (total_ext K _ (fun j => s * (point i j * categorical_marginal K a k j)
  + (weight_data a a_p s * point k i + weight_uniform a a_p s / INR K) * categorical_marginal K a k j)).
2:{ intros j _; unfold categorical_posterior, weight_noisy; rewrite (point_sym j i); ring. }
rewrite total_plus, 2!total_scale, total_point, marginal_total by assumption.
unfold categorical_marginal, weight_data, weight_uniform; field.
apply Rgt_not_eq, (K_pos K k Hk).
Qed.

(** The family itself: q(x_T|x0) is given, and each q(x_t|x0) is the mixture of the kernel below it. *)
Fixpoint discrete_family (K T : nat) (a s : nat -> R) (k n : nat) : nat -> R :=
  match n with
  | O => categorical_marginal K (a T) k
  | S m => fun i => total K (fun j => discrete_family K T a s k m j
             * categorical_posterior K (a (T - m)%nat) (a (T - S m)%nat) (s (T - m)%nat) j k i)
  end.

Theorem AppendixA_marginal : forall K T a s k n i, (k < K)%nat -> (i < K)%nat -> (n <= T)%nat ->
  discrete_family K T a s k n i = categorical_marginal K (a (T - n)%nat) k i.
Proof.
intros K T a s k n; induction n as [|n IH]; intros i Hk Hi Hn.
- simpl; now rewrite Nat.sub_0_r.
- cbn [discrete_family]; rewrite (total_ext K _
    (fun j => categorical_marginal K (a (T - n)%nat) k j
      * categorical_posterior K (a (T - n)%nat) (a (T - S n)%nat) (s (T - n)%nat) j k i)).
  + now apply AppendixA_marginal_step.
  + intros j Hj; now rewrite IH by (assumption || lia).
Qed.

Theorem AppendixA_nonnegative : forall a a_p s, 0 < a -> a <= a_p -> a_p <= 1 -> a < 1 ->
  (0 <= weight_noisy s /\ 0 <= weight_data a a_p s /\ 0 <= weight_uniform a a_p s
   <-> 0 <= s <= (1 - a_p) / (1 - a)).
Proof.
intros a a_p s Ha Hap Hp H1; unfold weight_noisy, weight_data, weight_uniform.
assert (E : (1 - a_p) / (1 - a) * (1 - a) = 1 - a_p) by (field; lra).
split.
- intros (Hs & _ & Hu); split; [assumption|].
  apply (Rmult_le_reg_r (1 - a)); lra.
- intros (Hs & Hu).
  assert (Hsa : s * (1 - a) <= 1 - a_p) by (rewrite <- E; apply Rmult_le_compat_r; lra).
  repeat split; [assumption| |lra].
  apply (Rmult_le_reg_r (1 - a)); [lra|]; rewrite Rmult_0_l.
  nra.
Qed.

Theorem AppendixA_probability : forall K a a_p s j k i,
  0 < a -> a <= a_p -> a_p <= 1 -> a < 1 -> 0 <= s <= (1 - a_p) / (1 - a) -> (k < K)%nat ->
  0 <= categorical_posterior K a a_p s j k i.
Proof.
intros K a a_p s j k i Ha Hap Hp H1 Hs Hk.
destruct (proj2 (AppendixA_nonnegative a a_p s Ha Hap Hp H1) Hs) as (W1 & W2 & W3).
unfold categorical_posterior.
assert (0 <= weight_uniform a a_p s / INR K).
{ apply Rmult_le_pos; [assumption|]; apply Rlt_le, Rinv_0_lt_compat, (K_pos K k Hk). }
pose proof (point_nonneg j i); pose proof (point_nonneg k i).
assert (0 <= weight_noisy s * point j i) by now apply Rmult_le_pos.
assert (0 <= weight_data a a_p s * point k i) by now apply Rmult_le_pos.
lra.
Qed.

(** Non-vacuity, and the bound is sharp: just above it a weight is negative. *)
Example AppendixA_instance : 0 <= categorical_posterior 3 (1/4) (1/2) (2/3) 0 1 2.
Proof. apply AppendixA_probability; try lra; lia. Qed.

Example AppendixA_sharp : weight_uniform (1/4) (1/2) (2/3 + 1/1000) < 0.
Proof. unfold weight_uniform; lra. Qed.
