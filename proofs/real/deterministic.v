(** * sigma = 0: the deterministic chain in R^d

    At sigma = 0 Eq7's kernel is a point mass and Eq6 has no density.  The chain is then a map of x_T, and
    its law is a push-forward: [carries p F r] says that x ~ p makes F x ~ r, whatever is averaged.

    - [carries_normal]: one affine map per component carries N(m, v I) to a normal law.
    - [deterministic_marginals]: from q(x_T | x_0) the chain x_T -> ... -> x_t has at every t the law
      q(x_t | x_0); [deterministic_end]: at t = 0, where alpha_bar = 1, it is x_0 itself.
    - [deterministic_path]: the whole path is x_t = sqrt a_t x_0 + sqrt (1 - a_t) e for one e, which is
      N(0, I) ([deterministic_noise]): the joint law of Eq6 at sigma = 0 ([deterministic_joint]).
    - [deterministic_tau]: the same along any sequence of times.
    - [deterministic_gaussian]: for data N(m, v I) and its best eps, the chain from N(0, I) is normal at
      every t down to 0, mean and variance by recursion.
    - [deterministic_needs_its_coefficient]: with Eq7's sqrt (1 - a_p - s^2), s > 0, and no noise, the step
      does not carry q(x_t | x_0) to q(x_prev | x_0). *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws objective dimensions tower truths.
Open Scope R_scope.

(** ** Push-forwards *)

(** Whatever has an expectation under [r] has it under [p] after [F], and conversely. *)
Definition carries {d n : nat} (p : vec d -> R) (F : vec d -> vec n) (r : vec n -> R) : Prop :=
  forall phi l, integral_d n (fun y => r y * phi y) l <-> integral_d d (fun x => p x * phi (F x)) l.

Lemma carries_compose {d n k} (p : vec d -> R) (F : vec d -> vec n) q (G : vec n -> vec k) r :
  carries p F q -> carries q G r -> carries p (fun x => G (F x)) r.
Proof. intros H H' phi l. rewrite (H' phi l). apply (H (fun y => phi (G y))). Qed.

Lemma carries_ext {d n} (p p' : vec d -> R) (F F' : vec d -> vec n) r r' :
  (forall x, p x = p' x) -> (forall x, F x = F' x) -> (forall y, r y = r' y) -> carries p F r -> carries p' F' r'.
Proof.
intros Ep EF Er H phi l. split; intro K.
- apply (integral_d_ext d (fun x => p x * phi (F x))); [intro; now rewrite Ep, EF|]. apply H.
  apply (integral_d_ext n (fun y => r' y * phi y)); [intro; now rewrite Er|exact K].
- apply (integral_d_ext n (fun y => r y * phi y)); [intro; now rewrite Er|]. apply H.
  apply (integral_d_ext d (fun x => p' x * phi (F' x))); [intro; now rewrite Ep, EF|exact K].
Qed.

Lemma carries_id {d} (p : vec d -> R) : carries p (fun x => x) p.
Proof. intros phi l. reflexivity. Qed.

(** ** Affine maps of normal laws *)

Lemma normal_d_affine d u c v : 0 < v -> 0 < u -> forall m w x : vec d,
  normal_d d m v x = u ^ d * normal_d d (affine_d d u c m w) (u ^ 2 * v) (affine_d d u c x w).
Proof.
intros Hv Hu. unfold affine_d. induction d as [|d IH]; intros m w x; [simpl; ring|].
rewrite <- tech_pow_Rmult. cbn [normal_d map2 fst snd].
rewrite (normal_affine (fst m) v u (c (fst w)) (fst x) Hv), (Rabs_pos_eq u), (IH (snd m) (snd w) (snd x)) by lra. ring.
Qed.

Lemma affine_d_shift d u c : forall x w : vec d,
  affine_d d u c x w = map2 d (fun y b => u * y + b) x (map2 d (fun w _ => c w) w w).
Proof. unfold affine_d. induction d as [|d IH]; intros x w; [reflexivity|]. simpl. now rewrite (IH (snd x) (snd w)). Qed.

Lemma affine_d_inverse d u : u <> 0 -> forall y b : vec d,
  map2 d (fun y b => u * y + b) (map2 d (fun y b => / u * y + b) y (map2 d (fun b _ => - (/ u * b)) b b)) b = y.
Proof.
intros Hu. induction d as [|d IH]; intros y b; simpl; [now destruct y|]. rewrite (IH (snd y) (snd b)).
destruct y as [y ys]. simpl. f_equal. field. exact Hu.
Qed.

Theorem carries_normal d u c m w v : 0 < v -> 0 < u ->
  carries (normal_d d m v) (fun x => affine_d d u c x w) (normal_d d (affine_d d u c m w) (u ^ 2 * v)).
Proof.
intros Hv Hu phi l. assert (Hn : 0 < / u) by now apply Rinv_0_lt_compat.
set (b := map2 d (fun w _ => c w) w w). split; intro H.
- eapply integral_d_ext; [|exact (integral_d_affine d u Hu _ b l H)].
  intro x. cbv beta. unfold b. rewrite <- affine_d_shift, (normal_d_affine d u c v Hv Hu m w x). ring.
- eapply integral_d_ext; [|exact (integral_d_affine d (/ u) Hn _ (map2 d (fun b _ => - (/ u * b)) b b) l H)].
  intro y. cbv beta. set (x := map2 d _ y _).
  assert (E : affine_d d u c x w = y) by (rewrite affine_d_shift; apply affine_d_inverse; lra).
  rewrite (normal_d_affine d u c v Hv Hu m w x), E, <- Rmult_assoc, <- Rmult_assoc, <- Rpow_mult_distr, Rinv_l, pow1 by lra.
  ring.
Qed.

(** ** The chain *)

(** Eq12 at sigma = 0, for each component. *)
Definition ddim_step_d (d : nat) (a a_p : R) (x eps : vec d) : vec d := map2 d (fun x e => ddim_step a a_p 0 x e 0) x eps.

(** x_{T - n} made from x_T by n steps of the model. *)
Fixpoint ddim_chain_d (d : nat) (alpha_bar : nat -> R) (eps_theta : nat -> vec d -> vec d) (T n : nat) (x : vec d) : vec d :=
  match n with
  | O => x
  | S m => let y := ddim_chain_d d alpha_bar eps_theta T m x in
           ddim_step_d d (alpha_bar (T - m)%nat) (alpha_bar (T - S m)%nat) y (eps_theta (T - m)%nat y)
  end.

(** The eps that x_0 implies at x_t: the best model where x_0 is the only data point. *)
Definition point_eps_d (d : nat) (alpha_bar : nat -> R) (x0 : vec d) (t : nat) (x : vec d) : vec d :=
  map2 d (predict_eps (alpha_bar t)) x x0.

Lemma transport_d d a a_p : 0 < a < 1 -> a_p <= 1 -> forall x x0 : vec d,
  ddim_step_d d a a_p x (map2 d (predict_eps a) x x0) =
  affine_d d (transport_slope a a_p) (fun x0 => sqrt a_p * x0 - transport_slope a a_p * (sqrt a * x0)) x x0.
Proof.
intros Ha Hp. unfold ddim_step_d, affine_d. induction d as [|d IH]; intros x x0; [reflexivity|].
cbn [map2 fst snd]. rewrite IH. f_equal. exact (transport_affine a a_p (fst x0) (fst x) Ha Hp).
Qed.

Lemma transport_mean_d d a a_p : forall x0 : vec d,
  affine_d d (transport_slope a a_p) (fun x0 => sqrt a_p * x0 - transport_slope a a_p * (sqrt a * x0))
    (map2 d (fun x0 _ => sqrt a * x0) x0 x0) x0 = map2 d (fun x0 _ => sqrt a_p * x0) x0 x0.
Proof.
unfold affine_d. induction d as [|d IH]; intros x0; [reflexivity|]. cbn [map2 fst snd]. rewrite IH. f_equal. ring.
Qed.

(** One step carries q(x_t | x_0) to q(x_prev | x_0). *)
Theorem deterministic_step d a a_p (x0 : vec d) : 0 < a < 1 -> 0 < a_p < 1 ->
  carries (q_marginal_d d a x0) (fun x => ddim_step_d d a a_p x (map2 d (predict_eps a) x x0)) (q_marginal_d d a_p x0).
Proof.
intros Ha Hp.
assert (Hc : 0 < (1 - a_p) / (1 - a)) by (apply Rdiv_lt_0_compat; lra).
assert (Hu : 0 < transport_slope a a_p) by now apply sqrt_lt_R0.
apply (carries_ext (q_marginal_d d a x0) _
  (fun x => affine_d d (transport_slope a a_p) (fun x0 => sqrt a_p * x0 - transport_slope a a_p * (sqrt a * x0)) x x0) _
  (normal_d d (map2 d (fun x0 _ => sqrt a_p * x0) x0 x0) (transport_slope a a_p ^ 2 * (1 - a)))).
- reflexivity.
- intro x. symmetry. apply transport_d; lra.
- intro y. unfold q_marginal_d. f_equal. unfold transport_slope. rewrite sqrt_squared by lra. field. lra.
- unfold q_marginal_d. rewrite <- (transport_mean_d d a a_p). apply carries_normal; lra.
Qed.

Theorem deterministic_marginals d alpha_bar T (x0 : vec d) n :
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> (n < T)%nat ->
  carries (q_marginal_d d (alpha_bar T) x0) (ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T n)
    (q_marginal_d d (alpha_bar (T - n)%nat) x0).
Proof.
intros Ha. induction n as [|n IH]; intros Hn.
- rewrite Nat.sub_0_r. apply carries_id.
- apply (carries_compose _ (ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T n) (q_marginal_d d (alpha_bar (T - n)%nat) x0)
    (fun y => ddim_step_d d (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) y (point_eps_d d alpha_bar x0 (T - n) y))).
  + apply IH. lia.
  + apply deterministic_step; apply Ha; lia.
Qed.

(** The noise that x_0 implies never changes along the path. *)
Theorem deterministic_path d alpha_bar T (x0 : vec d) n x :
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> alpha_bar (T - n)%nat <= 1 -> (n <= T)%nat -> (1 <= T)%nat ->
  ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T n x =
  map2 d (q_sample (alpha_bar (T - n)%nat)) x0 (point_eps_d d alpha_bar x0 T x).
Proof.
intros Ha H1 Hn HT.
assert (round_trip : forall n a (x y : vec n), 0 < a < 1 -> map2 n (q_sample a) y (map2 n (predict_eps a) x y) = x).
{ intros k a y z H. assert (P := sqrt_pos_lt (1 - a) ltac:(lra)).
  induction k as [|k IHk]; simpl; [now destruct y|]. rewrite (IHk (snd y) (snd z)). destruct y as [y ys]. simpl. f_equal.
  unfold q_sample, predict_eps. field. lra. }
assert (step : forall n a a_p (y e : vec n), 0 < a < 1 ->
  ddim_step_d n a a_p (map2 n (q_sample a) y e) (map2 n (predict_eps a) (map2 n (q_sample a) y e) y) = map2 n (q_sample a_p) y e).
{ intros k a a_p y e H. assert (P := sqrt_pos_lt (1 - a) ltac:(lra)). assert (Q := sqrt_pos_lt a ltac:(lra)).
  unfold ddim_step_d. induction k as [|k IHk]; simpl; [reflexivity|]. rewrite (IHk (snd y) (snd e)). f_equal.
  unfold ddim_step, predict_x0, q_sample, predict_eps. replace (1 - a_p - 0 ^ 2) with (1 - a_p) by ring. field. lra. }
clear H1. revert Hn. induction n as [|n IH]; intros Hn.
- rewrite Nat.sub_0_r. simpl. symmetry. apply round_trip. apply Ha. lia.
- cbn [ddim_chain_d]. rewrite IH by lia. unfold point_eps_d at 1. apply step. apply Ha. lia.
Qed.

(** With alpha_bar 0 = 1 the chain ends at the data. *)
Theorem deterministic_end d alpha_bar T (x0 x : vec d) :
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> alpha_bar O = 1 -> (1 <= T)%nat ->
  ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T T x = x0.
Proof.
intros Ha H0 HT. rewrite deterministic_path by (trivial; rewrite ?Nat.sub_diag; lia || lra).
rewrite Nat.sub_diag, H0. generalize (point_eps_d d alpha_bar x0 T x). clear.
induction d as [|d IH]; intro e; simpl; [now destruct x0|]. rewrite (IH (snd x0) (snd e)). destruct x0 as [y ys]. simpl. f_equal.
unfold q_sample. rewrite Rminus_eq_0, sqrt_0, sqrt_1. ring.
Qed.

Lemma standardise_d d a (x0 : vec d) : 0 < a < 1 ->
  carries (q_marginal_d d a x0) (fun x => map2 d (predict_eps a) x x0) (normal_d d (const_d d 0) 1).
Proof.
intros Ha. assert (P := sqrt_pos_lt (1 - a) ltac:(lra)). assert (E := sqrt_sqrt (1 - a) ltac:(lra)).
assert (Hu := Rinv_0_lt_compat _ P).
apply (carries_ext (q_marginal_d d a x0) _
  (fun x => affine_d d (/ sqrt (1 - a)) (fun x0 => - (/ sqrt (1 - a) * (sqrt a * x0))) x x0) _
  (normal_d d (affine_d d (/ sqrt (1 - a)) (fun x0 => - (/ sqrt (1 - a) * (sqrt a * x0)))
    (map2 d (fun x0 _ => sqrt a * x0) x0 x0) x0) ((/ sqrt (1 - a)) ^ 2 * (1 - a)))).
- reflexivity.
- intro x. unfold affine_d. induction d as [|d IH]; [reflexivity|]. cbn [map2]. rewrite (IH (snd x0) (snd x)). f_equal.
  unfold predict_eps. field. lra.
- intro y. f_equal.
  + unfold affine_d. clear y. induction d as [|d IH]; [reflexivity|]. cbn [map2 const_d fst snd].
    rewrite (IH (snd x0)). f_equal. ring.
  + replace (1 - a) with (sqrt (1 - a) * sqrt (1 - a)) at 2. field. lra.
- apply carries_normal; lra.
Qed.

Theorem deterministic_noise d alpha_bar T (x0 : vec d) : 0 < alpha_bar T < 1 ->
  carries (q_marginal_d d (alpha_bar T) x0) (point_eps_d d alpha_bar x0 T) (normal_d d (const_d d 0) 1).
Proof. exact (standardise_d d (alpha_bar T) x0). Qed.

(** The joint law: any function of the states x_1, ..., x_T. *)
Theorem deterministic_joint d alpha_bar T (x0 : vec d) (Phi : (nat -> vec d) -> R) l :
  (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> (1 <= T)%nat ->
  (forall x y, (forall t, (1 <= t <= T)%nat -> x t = y t) -> Phi x = Phi y) ->
  integral_d d (fun e => normal_d d (const_d d 0) 1 e * Phi (fun t => map2 d (q_sample (alpha_bar t)) x0 e)) l <->
  integral_d d (fun x => q_marginal_d d (alpha_bar T) x0 x *
    Phi (fun t => ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T (T - t) x)) l.
Proof.
intros Ha HT Local.
rewrite (deterministic_noise d alpha_bar T x0 (Ha T ltac:(lia)) (fun e => Phi (fun t => map2 d (q_sample (alpha_bar t)) x0 e)) l).
assert (E : forall x, Phi (fun t => ddim_chain_d d alpha_bar (point_eps_d d alpha_bar x0) T (T - t) x) =
  Phi (fun t => map2 d (q_sample (alpha_bar t)) x0 (point_eps_d d alpha_bar x0 T x))).
{ intro x. apply Local. intros t Ht. assert (Hat := Ha t Ht).
  rewrite deterministic_path by (trivial; try lia; replace (T - (T - t))%nat with t by lia; lra).
  now replace (T - (T - t))%nat with t by lia. }
split; intro H; eapply integral_d_ext; try exact H; intro x; cbv beta; now rewrite E.
Qed.

(** Along any sequence of times, not even ordered. *)
Theorem deterministic_tau d alpha_bar (tau : nat -> nat) S (x0 : vec d) n :
  (forall i, (1 <= i <= S)%nat -> 0 < alpha_bar (tau i) < 1) -> (n < S)%nat ->
  let a i := alpha_bar (tau i) in
  carries (q_marginal_d d (a S) x0) (ddim_chain_d d a (point_eps_d d a x0) S n) (q_marginal_d d (a (S - n)%nat) x0).
Proof. intros Ha Hn a. now apply deterministic_marginals. Qed.

(** ** Gaussian data *)

Definition gaussian_eps_d (d : nat) (m : vec d) (v a : R) (x : vec d) : vec d := map2 d (fun m x => gaussian_eps m v a x) m x.

Lemma gaussian_step_affine_d d v a a_p : 0 < a < 1 -> 0 < a_p <= 1 -> forall x m : vec d,
  ddim_step_d d a a_p x (gaussian_eps_d d m v a x) = affine_d d (truth_A v a a_p 0) (fun m => truth_B m v a a_p 0) x m.
Proof.
intros Ha Hp. unfold ddim_step_d, gaussian_eps_d, affine_d. induction d as [|d IH]; intros x m; [reflexivity|].
cbn [map2 fst snd]. rewrite IH. f_equal. rewrite Eq12_is_Eq10 by trivial. unfold generative_mean.
rewrite gaussian_mean_affine by lra. ring.
Qed.

Theorem deterministic_gaussian d (m : vec d) v alpha_bar T n :
  0 < v -> (forall t, (1 <= t <= T)%nat -> 0 < alpha_bar t < 1) -> 0 < alpha_bar O <= 1 -> (n <= T)%nat ->
  let variance := truth_variance v alpha_bar (fun _ => 0) T n in
  0 < variance /\
  carries (normal_d d (const_d d 0) 1) (ddim_chain_d d alpha_bar (fun t => gaussian_eps_d d m v (alpha_bar t)) T n)
    (normal_d d (map2 d (fun m _ => truth_mean m v alpha_bar (fun _ => 0) T n) m m) variance).
Proof.
intros Hv Ha H0. induction n as [|n IH]; intros Hn; cbv zeta.
- split; [simpl; lra|]. apply (carries_ext (normal_d d (const_d d 0) 1) _ (fun x => x) _ (normal_d d (const_d d 0) 1)); trivial.
  + intro y. simpl. f_equal. clear. induction d as [|d IH]; [reflexivity|]. cbn [const_d map2]. f_equal. apply (IH (snd m)).
  + apply carries_id.
- destruct (IH ltac:(lia)) as [HV HC]. assert (Hat := Ha (T - n)%nat ltac:(lia)).
  assert (Hap : 0 < alpha_bar (T - S n)%nat <= 1).
  { destruct (Nat.eq_dec (T - S n) 0) as [->|N]; [exact H0|]. destruct (Ha (T - S n)%nat ltac:(lia)). lra. }
  destruct (gaussian_step_deterministic 0 v _ _ 0 1 0 Hat Hap Hv Rlt_0_1) as (_ & HA & _).
  cbv zeta in HA. cbn [truth_variance].
  set (A := truth_A v (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) 0) in *.
  assert (P : 0 < A ^ 2 * truth_variance v alpha_bar (fun _ => 0) T n) by (apply Rmult_lt_0_compat; [now apply pow_lt|exact HV]).
  assert (Ev : A ^ 2 * truth_variance v alpha_bar (fun _ => 0) T n + 0 ^ 2 = A ^ 2 * truth_variance v alpha_bar (fun _ => 0) T n) by ring.
  rewrite Ev. split; [exact P|].
  apply (carries_compose _ (ddim_chain_d d alpha_bar (fun t => gaussian_eps_d d m v (alpha_bar t)) T n) _
    (fun y => ddim_step_d d (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) y (gaussian_eps_d d m v (alpha_bar (T - n)%nat) y)) _ HC).
  eapply carries_ext; [reflexivity| | |exact (carries_normal d A (fun m => truth_B m v (alpha_bar (T - n)%nat) (alpha_bar (T - S n)%nat) 0)
    (map2 d (fun m _ => truth_mean m v alpha_bar (fun _ => 0) T n) m m) m (truth_variance v alpha_bar (fun _ => 0) T n) HV HA)].
  + intro x. symmetry. now apply gaussian_step_affine_d.
  + intro y. f_equal. unfold affine_d. clear - m. induction d as [|d IH]; [reflexivity|]. cbn [map2 fst snd].
    f_equal. apply (IH (snd m)).
Qed.

(** ** A wrong neighbour *)

(** Noise left out of an s > 0 step: the variance falls short by s^2. *)
Theorem deterministic_needs_its_coefficient a a_p s x0 : eq7_domain a a_p s ->
  ~ carries (d := 1) (n := 1) (q_marginal_d 1 a (x0, tt))
      (fun x => map2 1 (posterior_mean a a_p s) x (x0, tt)) (q_marginal_d 1 a_p (x0, tt)).
Proof.
intros H K. assert (H' := H). destruct H' as (Ha & Hp & Hs & Hd).
specialize (K (fun y => (fst y - sqrt a_p * x0) ^ 2) (1 - a_p)). destruct K as [K _].
assert (I : integral_d 1 (fun y => q_marginal_d 1 a_p (x0, tt) y * (fst y - sqrt a_p * x0) ^ 2) (1 - a_p)).
{ exists (fun y => normal (sqrt a_p * x0) (1 - a_p) y * (y - sqrt a_p * x0) ^ 2). split.
  - intro y. unfold q_marginal_d. simpl. ring.
  - apply normal_variance. lra. }
destruct (K I) as [g [Hg Ig]].
assert (V : integral (fun x => slope a a_p s ^ 2 * (normal (sqrt a * x0) (1 - a) x * (x - sqrt a * x0) ^ 2))
  (slope a a_p s ^ 2 * (1 - a))) by (apply integral_scal, normal_variance; lra).
assert (E : slope a a_p s ^ 2 * (1 - a) = 1 - a_p).
{ apply (integral_unique _ _ _ V). apply (integral_ext g); [|exact Ig]. intro x. rewrite <- (Hg x).
  unfold q_marginal_d. cbn [normal_d map2 fst snd]. rewrite posterior_mean_affine. unfold intercept. ring. }
rewrite slope_square in E by lra. assert (P := sqr_pos s Hs).
replace ((1 - a_p - s ^ 2) / (1 - a) * (1 - a)) with (1 - a_p - s ^ 2) in E by (field; lra). lra.
Qed.
