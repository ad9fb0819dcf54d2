(** * Mixtures of normal laws as data, and sigma-hat, in R^d

    - [mixture_law], [mixture_eps_is_conditional_mean]: for data sum w_i N(m_i, v_i I), x_t has the density
      sum w_i N(sqrt a m_i, (a v_i + 1 - a) I), and E[eps | x_t] is the average of the parts' best eps, each
      weighted by its share in that density.
    - [mixture_eps_is_optimal]: E[|eps - c|^2 | x_t] = V + |mixture_eps - c|^2 for every prediction c at x_t.
    - [mixture_eps_one_part]: one part gives truths.v's affine eps.
    - [sigma_hat_law]: with Eq7's mean at sigma and noise of another scale s_hat the marginal is
      N(sqrt a_p x_0, (1 - a_p - sigma^2 + s_hat^2) I); [sigma_hat_excess]: for sigma(1) and sigma-hat that is
      (a_p - a)^2 / (a_p (1 - a)) too much; [sigma_hat_chain]: along a chain, by recursion. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws objective dimensions tower truths euclidean deterministic empirical.
Open Scope R_scope.

(** ** One normal law *)

Lemma data_variance_pos v a : 0 < v -> 0 < a < 1 -> 0 < data_variance a v.
Proof. intros Hv Ha. unfold data_variance. assert (0 < a * v) by (apply Rmult_lt_0_compat; lra). lra. Qed.

Lemma gaussian_joint m v a x0 x : 0 < v -> 0 < a < 1 ->
  normal m v x0 * q_marginal a x0 x =
  normal (sqrt a * m) (data_variance a v) x * normal (bayes_mean m v (sqrt a) 0 (1 - a) x) (bayes_variance v (sqrt a) (1 - a)) x0.
Proof.
intros Hv Ha. assert (B := bayes m v (sqrt a) 0 (1 - a) x0 x Hv ltac:(lra)).
replace (evidence_variance v (sqrt a) (1 - a)) with (data_variance a v) in B.
2: { unfold evidence_variance, data_variance. simpl. rewrite Rmult_1_r, sqrt_sqrt; lra. }
unfold evidence_mean in B. rewrite !Rplus_0_r in B. exact B.
Qed.

Lemma gaussian_joint_quadratic m v a x b c : 0 < v -> 0 < a < 1 ->
  integral (fun x0 => normal m v x0 * q_marginal a x0 x * (b * ((x - sqrt a * x0) / sqrt (1 - a) - c) ^ 2 + (1 - b)))
    (normal (sqrt a * m) (data_variance a v) x * (b * (a * v / data_variance a v + (gaussian_eps m v a x - c) ^ 2) + (1 - b))).
Proof.
intros Hv Ha. assert (Hd := data_variance_pos v a Hv Ha). assert (Ea := sqrt_sqrt a ltac:(lra)).
assert (P := sqrt_pos_lt (1 - a) ltac:(lra)). assert (E1 := sqrt_sqrt (1 - a) ltac:(lra)).
assert (Hb := bayes_variance_pos v (sqrt a) (1 - a) Hv ltac:(lra)).
set (mean := bayes_mean m v (sqrt a) 0 (1 - a) x). set (var := bayes_variance v (sqrt a) (1 - a)) in *.
set (k := sqrt a / sqrt (1 - a)).
apply (integral_scaled (normal (sqrt a * m) (data_variance a v) x) _ _ _ _ (normal_quadratic (b * k ^ 2)
  (- 2 * b * k * (x / sqrt (1 - a) - c)) (b * (x / sqrt (1 - a) - c) ^ 2 + (1 - b)) mean var Hb)).
- intro x0. rewrite gaussian_joint by assumption. fold mean var. unfold k. field. lra.
- f_equal.
  assert (Ev : k ^ 2 * var = a * v / data_variance a v).
  { unfold k, var, bayes_variance. replace (sqrt a ^ 2 * v + (1 - a)) with (data_variance a v)
      by (unfold data_variance; rewrite <- Ea at 1; ring).
    replace ((sqrt a / sqrt (1 - a)) ^ 2) with ((sqrt a * sqrt a) / (sqrt (1 - a) * sqrt (1 - a))) by (field; lra).
    rewrite Ea, E1. field. lra. }
  assert (Em : x / sqrt (1 - a) - k * mean = gaussian_eps m v a x).
  { unfold k, mean, bayes_mean, gaussian_eps. replace (sqrt a ^ 2 * v + (1 - a)) with (data_variance a v)
      by (unfold data_variance; rewrite <- Ea at 1; ring).
    apply (Rmult_eq_reg_r (sqrt (1 - a) * data_variance a v)); [|apply Rgt_not_eq, Rmult_lt_0_compat; lra].
    transitivity (x * data_variance a v - sqrt a * m * data_variance a v - (sqrt a * sqrt a) * v * (x - (sqrt a * m + 0))); [field; lra|].
    transitivity ((sqrt (1 - a) * sqrt (1 - a)) * (x - sqrt a * m)); [|field; lra].
    rewrite Ea, E1. unfold data_variance. ring. }
  rewrite <- Ev, <- Em. ring.
Qed.

Lemma gaussian_joint_linear m v a x : 0 < v -> 0 < a < 1 ->
  integral (fun x0 => normal m v x0 * q_marginal a x0 x * ((x - sqrt a * x0) / sqrt (1 - a)))
    (normal (sqrt a * m) (data_variance a v) x * gaussian_eps m v a x).
Proof.
intros Hv Ha. assert (P := normal_pos (sqrt a * m) (data_variance a v) x (data_variance_pos v a Hv Ha)).
apply (integral_scaled (normal (sqrt a * m) (data_variance a v) x) _ _ _ _ (proj2 (gaussian_eps_is_conditional_mean m v a x Hv Ha))).
- intro x0. field. split; [|lra]. apply Rgt_not_eq, sqrt_pos_lt. lra.
- reflexivity.
Qed.

Lemma gaussian_joint_mass m v a x : 0 < v -> 0 < a < 1 ->
  integral (fun x0 => normal m v x0 * q_marginal a x0 x) (normal (sqrt a * m) (data_variance a v) x).
Proof. intros Hv Ha. exact (proj1 (gaussian_eps_is_conditional_mean m v a x Hv Ha)). Qed.

(** ** In R^d *)

Section Dimensions.
Variables (a v : R).
Hypotheses (v_positive : 0 < v) (a_range : 0 < a < 1).
Notation dv := (data_variance a v).

Lemma gaussian_mass_d d : forall m x : vec d,
  integral_d d (fun x0 => normal_d d m v x0 * q_marginal_d d a x0 x) (normal_d d (scale_d d (sqrt a) m) dv x).
Proof.
induction d as [|d IH]; intros m x; [unfold q_marginal_d; simpl; ring|].
eapply integral_d_ext; [|exact (integral_d_cons d _ _ _ _ (gaussian_joint_mass (fst m) v a (fst x) v_positive a_range) (IH (snd m) (snd x)))].
intros [y ys]. unfold q_marginal_d, q_marginal. cbn [normal_d map2 fst snd]. ring.
Qed.

(** Any linear function of eps, so each component. *)
Lemma gaussian_mean_d d : forall w m x : vec d,
  integral_d d (fun x0 => normal_d d m v x0 * q_marginal_d d a x0 x * dot d w (map2 d (predict_eps a) x x0))
    (normal_d d (scale_d d (sqrt a) m) dv x * dot d w (gaussian_eps_d d m v a x)).
Proof.
induction d as [|d IH]; intros w m x; [unfold q_marginal_d; simpl; ring|].
assert (A := integral_d_cons d _ _ _ _ (gaussian_joint_linear (fst m) v a (fst x) v_positive a_range) (gaussian_mass_d d (snd m) (snd x))).
assert (B := integral_d_cons d _ _ _ _ (gaussian_joint_mass (fst m) v a (fst x) v_positive a_range) (IH (snd w) (snd m) (snd x))).
apply (integral_d_scaled (S d) 1 _ _ _ _ (integral_d_plus _ _ _ _ _ (integral_d_scal _ _ (fst w) _ A) B)).
- intros [y ys]. unfold q_marginal_d, q_marginal, predict_eps. cbn [normal_d map2 dot fst snd]. ring.
- unfold gaussian_eps_d, scale_d. cbn [normal_d map2 dot fst snd]. ring.
Qed.

Lemma gaussian_square_d d : forall m x c : vec d,
  integral_d d (fun x0 => normal_d d m v x0 * q_marginal_d d a x0 x * distance2 d (map2 d (predict_eps a) x x0) c)
    (normal_d d (scale_d d (sqrt a) m) dv x * (INR d * (a * v / dv) + distance2 d (gaussian_eps_d d m v a x) c)).
Proof.
induction d as [|d IH]; intros m x c; [unfold q_marginal_d; simpl; ring|].
assert (Q := gaussian_joint_quadratic (fst m) v a (fst x) 1 (fst c) v_positive a_range).
assert (A := integral_d_cons d _ _ _ _ Q (gaussian_mass_d d (snd m) (snd x))).
assert (B := integral_d_cons d _ _ _ _ (gaussian_joint_mass (fst m) v a (fst x) v_positive a_range) (IH (snd m) (snd x) (snd c))).
apply (integral_d_scaled (S d) 1 _ _ _ _ (integral_d_plus _ _ _ _ _ A B)).
- intros [y ys]. unfold q_marginal_d, q_marginal, predict_eps. cbn [normal_d map2 distance2 fst snd]. ring.
- rewrite S_INR. unfold gaussian_eps_d, scale_d. cbn [normal_d map2 distance2 fst snd]. ring.
Qed.

End Dimensions.

(** ** Mixtures: weights, and for each part its mean and variance *)

Section Mixture.
Variables (d : nat) (a : R) (parts : list (R * (vec d * R))).
Hypothesis a_range : 0 < a < 1.
Hypothesis weights_positive : positive_weights parts.
Hypothesis variances_positive : forall w m v, In (w, (m, v)) parts -> 0 < v.

Definition mixture (x0 : vec d) : R := average parts (fun p => normal_d d (fst p) (snd p) x0).
Definition part_density (x : vec d) (p : vec d * R) : R := normal_d d (scale_d d (sqrt a) (fst p)) (data_variance a (snd p)) x.
Definition mixture_marginal (x : vec d) : R := average parts (part_density x).
Definition mixture_eps (x : vec d) : vec d :=
  average_d d parts (fun p => scale_d d (part_density x p / mixture_marginal x) (gaussian_eps_d d (fst p) (snd p) a x)).

Lemma integral_d_average_parts (l : list (R * (vec d * R))) (F : vec d * R -> vec d -> R) (G : vec d * R -> R) :
  (forall w m v, In (w, (m, v)) l -> integral_d d (F (m, v)) (G (m, v))) ->
  integral_d d (fun x => average l (fun p => F p x)) (average l G).
Proof.
assert (Z : integral_d d (fun _ => 0) 0).
{ clear. induction d as [|n IH]; [reflexivity|]. exists (fun _ => 0). split; [intro; exact IH|exact integral_zero]. }
induction l as [|[w [m v]] rest IH]; intros H; [exact Z|]. cbn [average]. apply integral_d_plus.
- apply integral_d_scal. apply (H w m v). now left.
- apply IH. intros w' m' v' HI. apply (H w' m' v'). now right.
Qed.

Lemma average_mult (f : vec d * R -> R) k : average parts f * k = average parts (fun p => f p * k).
Proof. rewrite Rmult_comm, <- average_scal. apply average_ext. intros. ring. Qed.

Theorem mixture_law x : integral_d d (fun x0 => mixture x0 * q_marginal_d d a x0 x) (mixture_marginal x).
Proof.
eapply integral_d_ext; [|exact (integral_d_average_parts parts (fun p x0 => normal_d d (fst p) (snd p) x0 * q_marginal_d d a x0 x)
  (part_density x) (fun w m v HI => gaussian_mass_d a v (variances_positive w m v HI) a_range d m x))].
intro x0. unfold mixture. now rewrite average_mult.
Qed.

Lemma mixture_marginal_pos x : 0 < mixture_marginal x.
Proof.
assert (K : forall l : list (R * (vec d * R)), (forall w p, In (w, p) l -> 0 < w * part_density x p) ->
  0 <= average l (part_density x) /\ (l <> nil -> 0 < average l (part_density x))).
{ induction l as [|[w p] rest IH]; intros H; [split; [simpl; lra|now intros []]|].
  destruct (IH (fun w p HI => H w p (or_intror HI))) as [A _]. assert (B := H w p (or_introl eq_refl)).
  cbn [average]. split; intros; lra. }
destruct weights_positive as [N Hw]. apply K; [|exact N]. intros w [m v] HI. apply Rmult_lt_0_compat; [now apply (Hw w (m, v))|].
apply normal_d_pos. apply data_variance_pos; [now apply (variances_positive w m v)|exact a_range].
Qed.

Lemma dot_average n (w : vec n) : forall (l : list (R * (vec d * R))) (u : vec d * R -> vec n),
  dot n w (average_d n l u) = average l (fun p => dot n w (u p)).
Proof.
induction n as [|n IH]; intros l u; cbn [dot average_d fst snd].
- rewrite (average_ext l _ (fun _ => 0 * 0)) by (intros; ring). rewrite average_scal. ring.
- rewrite IH, <- average_scal, <- average_plus. apply average_ext. intros. cbn [dot fst snd]. ring.
Qed.

Theorem mixture_eps_is_conditional_mean x w :
  integral_d d (fun x0 => mixture x0 * q_marginal_d d a x0 x / mixture_marginal x * dot d w (map2 d (predict_eps a) x x0))
    (dot d w (mixture_eps x)).
Proof.
assert (P := mixture_marginal_pos x).
assert (I := integral_d_average_parts parts
  (fun p x0 => normal_d d (fst p) (snd p) x0 * q_marginal_d d a x0 x * dot d w (map2 d (predict_eps a) x x0))
  (fun p => part_density x p * dot d w (gaussian_eps_d d (fst p) (snd p) a x))
  (fun w' m v HI => gaussian_mean_d a v (variances_positive w' m v HI) a_range d w m x)).
apply (integral_d_scaled d (/ mixture_marginal x) _ _ _ _ I).
- intro x0. unfold mixture, Rdiv. rewrite !average_mult. rewrite <- average_scal. apply average_ext. intros. ring.
- unfold mixture_eps. rewrite dot_average, <- average_scal. apply average_ext. intros. rewrite (dot_sym d w), dot_scale, dot_sym.
  field. lra.
Qed.

(** Its mean squared error is the least, whatever else is predicted at x. *)
Theorem mixture_eps_is_optimal x : exists V, forall c,
  integral_d d (fun x0 => mixture x0 * q_marginal_d d a x0 x / mixture_marginal x * distance2 d (map2 d (predict_eps a) x x0) c)
    (V + distance2 d (mixture_eps x) c).
Proof.
assert (P := mixture_marginal_pos x). set (g := part_density x). set (p := mixture_marginal x) in *.
exists (/ p * (average parts (fun q => g q * (INR d * (a * snd q / data_variance a (snd q)))) +
  average parts (fun q => g q * distance2 d (gaussian_eps_d d (fst q) (snd q) a x) (mixture_eps x)))).
intro c.
assert (I := integral_d_average_parts parts
  (fun q x0 => normal_d d (fst q) (snd q) x0 * q_marginal_d d a x0 x * distance2 d (map2 d (predict_eps a) x x0) c)
  (fun q => g q * (INR d * (a * snd q / data_variance a (snd q)) + distance2 d (gaussian_eps_d d (fst q) (snd q) a x) c))
  (fun w' m v HI => gaussian_square_d a v (variances_positive w' m v HI) a_range d m x c)).
apply (integral_d_scaled d (/ p) _ _ _ _ I).
- intro x0. unfold mixture, Rdiv. rewrite !average_mult. rewrite <- average_scal. apply average_ext. intros. ring.
- assert (K : forall n (u : vec d * R -> vec n) (c : vec n),
    average parts (fun q => g q * distance2 n (u q) c) =
    average parts (fun q => g q * distance2 n (u q) (average_d n parts (fun q => scale_d n (g q / p) (u q)))) +
    p * distance2 n (average_d n parts (fun q => scale_d n (g q / p) (u q))) c).
  { unfold scale_d. induction n as [|n IH]; intros u c'; [cbn [distance2]; ring|]. cbn [average_d map2 distance2 fst snd].
    assert (S1 := average_square parts g (fun q => fst (u q)) (fst c') ltac:(change (p <> 0); lra)).
    cbv zeta in S1. change (average parts g) with p in S1. specialize (IH (fun q => snd (u q)) (snd c')).
    set (m := average parts (fun q => g q / p * fst (u q))) in *.
    set (ms := average_d n parts (fun q => map2 n (fun e _ => g q / p * e) (snd (u q)) (snd (u q)))) in *.
    rewrite (average_ext parts (fun q => g q * ((fst (u q) - fst c') ^ 2 + distance2 n (snd (u q)) (snd c')))
      (fun q => g q * (fst (u q) - fst c') ^ 2 + g q * distance2 n (snd (u q)) (snd c'))) by (intros; ring).
    rewrite (average_ext parts (fun q => g q * ((fst (u q) - m) ^ 2 + distance2 n (snd (u q)) ms))
      (fun q => g q * (fst (u q) - m) ^ 2 + g q * distance2 n (snd (u q)) ms)) by (intros; ring).
    rewrite !average_plus, S1, IH. ring. }
  rewrite (average_ext parts (fun q => g q * (INR d * (a * snd q / data_variance a (snd q)) + distance2 d (gaussian_eps_d d (fst q) (snd q) a x) c))
    (fun q => g q * (INR d * (a * snd q / data_variance a (snd q))) + g q * distance2 d (gaussian_eps_d d (fst q) (snd q) a x) c))
    by (intros; ring).
  rewrite average_plus, (K d (fun q => gaussian_eps_d d (fst q) (snd q) a x) c).
  change (average_d d parts (fun q => scale_d d (g q / p) (gaussian_eps_d d (fst q) (snd q) a x))) with (mixture_eps x).
  field. lra.
Qed.

End Mixture.

Theorem mixture_eps_one_part d a m v x : 0 < a < 1 -> 0 < v ->
  mixture_eps d a ((1, (m, v)) :: nil) x = gaussian_eps_d d m v a x.
Proof.
intros Ha Hv.
assert (One : forall n (f : vec d * R -> vec n), average_d n ((1, (m, v)) :: nil) f = f (m, v)).
{ induction n as [|n IH]; intros f; [simpl; now destruct (f (m, v))|]. cbn [average_d average].
  rewrite (IH (fun p => snd (f p))). destruct (f (m, v)) as [y ys]. simpl. f_equal. ring. }
assert (P : 0 < part_density d a x (m, v)) by (apply normal_d_pos; now apply data_variance_pos).
unfold mixture_eps, mixture_marginal. rewrite One. cbn [average fst snd]. rewrite Rmult_1_l, Rplus_0_r.
replace (part_density d a x (m, v) / part_density d a x (m, v)) with 1 by (field; lra).
generalize (gaussian_eps_d d m v a x). clear. unfold scale_d.
induction d as [|n IH]; intro u; [now destruct u|]. destruct u as [y ys]. cbn [map2 fst snd]. rewrite IH. f_equal. ring.
Qed.

(** ** sigma-hat *)

Lemma sigma_hat_step a a_p s s_hat x0 y : eq7_domain a a_p s -> 0 < s_hat ->
  integral (fun x => q_marginal a x0 x * normal (posterior_mean a a_p s x x0) (s_hat ^ 2) y)
    (normal (sqrt a_p * x0) (1 - a_p - s ^ 2 + s_hat ^ 2) y).
Proof.
intros H Hh. assert (E := evidence_variance_marginal a a_p s H). assert (D := H). destruct D as (Ha & _).
eapply integral_eq; [exact (total_probability (sqrt a * x0) (1 - a) (slope a a_p s) (intercept a a_p s x0) (s_hat ^ 2) y
  ltac:(lra) (sqr_pos _ Hh))| |].
- intro x. cbv beta. now rewrite <- posterior_mean_affine.
- rewrite evidence_mean_marginal. f_equal. unfold evidence_variance in *. lra.
Qed.

Theorem sigma_hat_law d a a_p s s_hat : eq7_domain a a_p s -> 0 < s_hat -> forall x0 y : vec d,
  integral_d d (fun x => q_marginal_d d a x0 x * normal_d d (map2 d (posterior_mean a a_p s) x x0) (s_hat ^ 2) y)
    (normal_d d (scale_d d (sqrt a_p) x0) (1 - a_p - s ^ 2 + s_hat ^ 2) y).
Proof.
intros H Hh. induction d as [|d IH]; intros x0 y; [unfold q_marginal_d; simpl; ring|].
eapply integral_d_ext; [|exact (integral_d_cons d _ _ _ _ (sigma_hat_step a a_p s s_hat (fst x0) (fst y) H Hh) (IH (snd x0) (snd y)))].
intros [x xs]. unfold q_marginal_d, q_marginal. cbn [normal_d map2 fst snd]. ring.
Qed.

Theorem sigma_hat_excess a a_p : 0 < a < a_p -> a_p < 1 ->
  let s := sigma_of_eta 1 a a_p in
  1 - a_p - s ^ 2 + sigma_hat a a_p ^ 2 = (1 - a_p) + (a_p - a) ^ 2 / (a_p * (1 - a)) /\ 0 < (a_p - a) ^ 2 / (a_p * (1 - a)).
Proof.
intros Ha Hp s. split.
- unfold s. rewrite (sigma_of_eta_square 1) by lra. unfold sigma_hat, ddpm_variance. rewrite sqrt_squared.
  + field. lra.
  + apply one_minus_ratio. unfold schedule_pair. lra.
- apply Rdiv_lt_0_compat; [apply pow_lt; lra|apply Rmult_lt_0_compat; lra].
Qed.

(** The variance n steps below T, from the right one at T. *)
Fixpoint sigma_hat_variance (alpha_bar sigma s_hat : nat -> R) (T n : nat) : R :=
  match n with
  | O => 1 - alpha_bar T
  | S m => (1 - alpha_bar (T - S m)%nat - sigma (T - m)%nat ^ 2) / (1 - alpha_bar (T - m)%nat) *
             sigma_hat_variance alpha_bar sigma s_hat T m + s_hat (T - m)%nat ^ 2
  end.

Lemma sigma_hat_variance_pos alpha_bar sigma s_hat T n : chain_domain alpha_bar sigma T ->
  (forall t, (1 <= t <= T)%nat -> 0 < s_hat t) -> (n < T)%nat -> 0 < sigma_hat_variance alpha_bar sigma s_hat T n.
Proof.
intros D Hs. induction n as [|n IH]; intros Hn.
- simpl. destruct D as (_ & Ha & _). lra.
- cbn [sigma_hat_variance]. specialize (IH ltac:(lia)). destruct D as (_ & _ & D).
  destruct (D (T - S n)%nat ltac:(lia)) as (Ha & Hp & _ & Hd). replace (S (T - S n)) with (T - n)%nat in * by lia.
  assert (P := sqr_pos _ (Hs (T - n)%nat ltac:(lia))).
  assert (0 <= (1 - alpha_bar (T - S n)%nat - sigma (T - n)%nat ^ 2) / (1 - alpha_bar (T - n)%nat)).
  { apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]. }
  assert (0 <= (1 - alpha_bar (T - S n)%nat - sigma (T - n)%nat ^ 2) / (1 - alpha_bar (T - n)%nat) *
    sigma_hat_variance alpha_bar sigma s_hat T n) by (apply Rmult_le_pos; lra). lra.
Qed.

Lemma normal_kernel_d d k c s V : 0 < V -> 0 < s -> forall m w y : vec d,
  integral_d d (fun x => normal_d d m V x * normal_d d (affine_d d k c x w) s y)
    (normal_d d (affine_d d k c m w) (evidence_variance V k s) y).
Proof.
intros HV Hs. unfold affine_d. induction d as [|d IH]; intros m w y; [simpl; ring|].
eapply integral_d_ext; [|exact (integral_d_cons d _ _ _ _ (total_probability (fst m) V k (c (fst w)) s (fst y) HV Hs) (IH (snd m) (snd w) (snd y)))].
intros [x xs]. cbn [normal_d map2 fst snd]. ring.
Qed.

Theorem sigma_hat_chain d alpha_bar sigma s_hat T (x0 : vec d) (q : nat -> vec d -> R) :
  chain_domain alpha_bar sigma T -> (forall t, (1 <= t <= T)%nat -> 0 < s_hat t) ->
  (forall x, q T x = q_marginal_d d (alpha_bar T) x0 x) ->
  (forall t y, (1 <= t < T)%nat -> integral_d d (fun x => q (S t) x *
     normal_d d (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0) (s_hat (S t) ^ 2) y) (q t y)) ->
  forall n x, (n < T)%nat ->
  q (T - n)%nat x = normal_d d (scale_d d (sqrt (alpha_bar (T - n)%nat)) x0) (sigma_hat_variance alpha_bar sigma s_hat T n) x.
Proof.
intros D Hs HT Hq. induction n as [|n IH]; intros x Hn; [rewrite Nat.sub_0_r; apply HT|].
specialize (Hq (T - S n)%nat x ltac:(lia)). apply (integral_d_unique d _ _ _ Hq).
assert (HV := sigma_hat_variance_pos alpha_bar sigma s_hat T n D Hs ltac:(lia)).
assert (Dn := D). destruct Dn as (_ & _ & Dn). destruct (Dn (T - S n)%nat ltac:(lia)) as (Ha & Hp & _ & Hd).
replace (S (T - S n)) with (T - n)%nat in * by lia.
assert (K := normal_kernel_d d (slope (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) (sigma (T - n)%nat))
  (intercept (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) (sigma (T - n)%nat)) (s_hat (T - n)%nat ^ 2) _ HV
  (sqr_pos _ (Hs (T - n)%nat ltac:(lia))) (scale_d d (sqrt (alpha_bar (T - n)%nat)) x0) x0 x).
unfold scale_d in K at 2. rewrite paths.affine_marginal_d in K. cbn [sigma_hat_variance].
replace (evidence_variance (sigma_hat_variance alpha_bar sigma s_hat T n)
  (slope (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) (sigma (T - n)%nat)) (s_hat (T - n)%nat ^ 2))
  with ((1 - alpha_bar (T - S n)%nat - sigma (T - n)%nat ^ 2) / (1 - alpha_bar (T - n)%nat) *
    sigma_hat_variance alpha_bar sigma s_hat T n + s_hat (T - n)%nat ^ 2) in K
  by (unfold evidence_variance; rewrite slope_square by lra; reflexivity).
eapply integral_d_ext; [|exact K]. intro z. cbv beta. rewrite IH by lia. f_equal. f_equal. symmetry. apply paths.posterior_mean_affine_d.
Qed.

(** Two parts in R^2. *)
Theorem mixture_instance : let parts := (1 / 3, ((0, (0, tt)) : vec 2, 1)) :: (2 / 3, ((1, (2, tt)) : vec 2, 1 / 4)) :: nil in
  positive_weights parts /\ forall w m v, In (w, (m, v)) parts -> 0 < v.
Proof.
intros parts. split; [split; [discriminate|]|].
- intros w p [E|[E|[]]]; injection E as <- _; lra.
- intros w m v [E|[E|[]]]; injection E; intros; subst; lra.
Qed.
