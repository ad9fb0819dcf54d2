(** * Non-vacuity: sets of hypotheses met by examples

    - [chain_instance]: for each T, alpha_bar t = 1 / (1 + t) with sigma from Eq16 at eta = 1.
    - [small_chain]: two steps with every square root rational: alpha_bar = 16/25, 9/25.
    - [model_instance]: every Lipschitz model is tame; [sine_model] is one.
    - [J_instance]: J and L_gamma exist for it.
    - [family_instance]: the families of Lemma 1 exist: Eq6T's, and each q(x_t | x_0) below it.
    - [loss_instance_d]: the losses of Theorem 1 in d dimensions exist for the zero model: each is d.
    - [tame_instance_d]: the zero model's squared error is tame in d dimensions; [J_instance_d]: J exists
      there for a model that couples all components.
    - [tau_instance]: Lemma 1 along every second time; [family_instance_d]: its families in d dimensions.
    - [gaussian_chain_instance]: the densities of the generative chain for Gaussian data exist.
    - [average_instance]: Theorem1_averaged, for x_0 ~ N(m, v) and the zero model at T = 1.
    - [fubini_instance]: a dominated function of two variables that is no product.
    - [data_instance]: two data points for Eq15.
    - [ville_instance]: for the normal-gamma e-process, a function below the event's indicator has an
      expectation; [ville_attained]: a test martingale for which 1 / c is reached.
    - [claims_instance]: several_claims, for two normal-gamma e-processes at weights 1/3 and 2/3.
    The formats' hypotheses are met in ieee.v, the logarithm's in running.v, the tables' in schedule.v, and
    the model's and solution's of Eq14 in steps.v; Theorem1_independent meets those of Theorem1_weights_unique. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective dimensions tower paths truths flow eprocess.
Open Scope R_scope.

Definition harmonic (t : nat) : R := / (1 + INR t).
Definition harmonic_sigma (t : nat) : R := sigma_of_eta 1 (harmonic t) (harmonic (t - 1)).

Lemma harmonic_bounds t : (1 <= t)%nat -> 0 < harmonic t < 1.
Proof.
intros Ht. unfold harmonic. assert (0 < INR t) by (apply lt_0_INR; lia). split.
- apply Rinv_0_lt_compat. lra.
- rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
Qed.

Lemma harmonic_decreasing t : harmonic (S t) < harmonic t.
Proof.
unfold harmonic. rewrite S_INR. assert (0 <= INR t) by apply pos_INR.
apply Rinv_lt_contravar; [apply Rmult_lt_0_compat|]; lra.
Qed.

Theorem chain_instance T : (1 <= T)%nat -> chain_domain harmonic harmonic_sigma T.
Proof.
intros HT. split; [trivial|]. split; [now apply harmonic_bounds|].
intros t Ht. unfold harmonic_sigma. replace (S t - 1)%nat with t by lia.
apply Eq16_eq7_domain; [|apply harmonic_bounds; lia|lra].
split; [apply harmonic_bounds; lia|apply harmonic_decreasing].
Qed.

Definition small_alpha (t : nat) : R := match t with 1%nat => 16 / 25 | _ => 9 / 25 end.
Definition small_sigma (t : nat) : R := match t with 1%nat => 1 / 2 | _ => 3 / 5 end.

Theorem small_chain : chain_domain small_alpha small_sigma 2.
Proof.
split; [lia|]. split; [simpl; lra|]. intros t Ht. replace t with 1%nat by lia.
unfold eq7_domain. simpl. lra.
Qed.

Definition sine_model (t : nat) (x : R) : R := sin x.

Theorem model_instance T : tame_model T sine_model.
Proof.
intros t _. apply (tame_polynomial _ 1 0).
- intro x. apply continuous_sin.
- lra.
- intro x. simpl. generalize (SIN_bound x). intro. unfold sine_model. rewrite Rmult_1_r. apply Rabs_le. lra.
Qed.

Theorem J_instance x0 :
  exists j loss, J small_alpha small_sigma 2 sine_model x0 j /\
    L small_alpha 2 (gamma small_alpha small_sigma) sine_model x0 loss.
Proof.
destruct (Theorem1_exact small_alpha small_sigma 2 small_chain ltac:(simpl; lra) sine_model x0 (model_instance 2))
  as (j & l & Hj & Hl & _).
now exists j, l.
Qed.

Theorem family_instance alpha_bar sigma T x0 :
  chain_domain alpha_bar sigma T ->
  exists q : nat -> R -> R,
    (forall x, q T x = q_marginal (alpha_bar T) x0 x) /\
    forall t x_prev, (1 <= t < T)%nat ->
      integral (fun x => q (S t) x *
        q_posterior (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x x_prev) (q t x_prev).
Proof.
intros (_ & _ & H). exists (fun t => q_marginal (alpha_bar t) x0). split; [reflexivity|].
intros t x_prev Ht. now apply Lemma1_step, H.
Qed.

Theorem loss_instance_d d :
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps * distance2 d eps (const_d d 0)) (INR d).
Proof.
induction d as [|d IH].
- simpl. ring.
- assert (V : integral (fun x => normal 0 1 x * (x - 0) ^ 2) 1) by (apply normal_variance; lra).
  assert (A := integral_d_cons d _ _ _ _ V (normal_d_normalised d (const_d d 0) 1 Rlt_0_1)).
  assert (B := integral_d_cons d _ _ _ _ (normal_normalised 0 1 Rlt_0_1) IH).
  apply (integral_d_scaled (S d) 1 _ _ _ _ (integral_d_plus _ _ _ _ _ A B)).
  + intros [x xs]. cbn [normal_d distance2 const_d fst snd]. ring.
  + rewrite S_INR. ring.
Qed.

Theorem tame_instance_d d : tame_d d (fun eps => distance2 d eps (const_d d 0)).
Proof. apply tame_map_distance; [apply tame_map_id|apply tame_map_const]. Qed.

(** Every component of the prediction is |x|^2. *)
Definition coupled_model (d : nat) (t : nat) (x : vec d) : vec d := const_d d (distance2 d x (const_d d 0)).

Theorem J_instance_d d x0 :
  tame_model_d d 2 (coupled_model d) /\ exists j, J_d d small_alpha small_sigma 2 (coupled_model d) x0 j.
Proof.
assert (M : tame_model_d d 2 (coupled_model d)).
{ intros t _. unfold coupled_model. generalize d at 2 4 as n. induction n as [|n IH]; [exact I|].
  split; [apply tame_instance_d|exact IH]. }
split; [exact M|].
destruct (Theorem1_exact_d d small_alpha small_sigma 2 small_chain ltac:(simpl; lra) (coupled_model d) x0 M) as (l & _ & H).
eexists. exact H.
Qed.

(** ** Sub-sequences, families in d dimensions, the generative chain *)

Theorem tau_instance n x0 : (1 <= n)%nat ->
  let tau i := (2 * i)%nat in
  let sigma i := sigma_of_eta 1 (harmonic (tau i)) (harmonic (tau (i - 1)%nat)) in
  (forall i, (1 <= i <= n)%nat -> (1 <= tau i <= 2 * n)%nat) /\
  (forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat) /\
  (forall i, (1 <= i < n)%nat -> 0 < sigma (S i) /\ sigma (S i) ^ 2 <= 1 - harmonic (tau i)) /\
  exists q : nat -> R -> R,
    (forall x, q n x = q_marginal (harmonic (tau n)) x0 x) /\
    forall i x_prev, (1 <= i < n)%nat ->
      integral (fun x => q (S i) x *
        q_posterior (harmonic (tau (S i))) (harmonic (tau i)) (sigma (S i)) x0 x x_prev) (q i x_prev).
Proof.
intros Hn tau sigma.
assert (K : forall i, (1 <= i)%nat -> eq7_domain (harmonic (tau (S i))) (harmonic (tau i)) (sigma (S i))).
{ intros i Hi. unfold sigma. replace (S i - 1)%nat with i by lia.
  apply Eq16_eq7_domain; [|apply harmonic_bounds; unfold tau; lia|lra].
  split; [apply harmonic_bounds; unfold tau; lia|]. unfold tau. replace (2 * S i)%nat with (S (S (2 * i))) by lia.
  now apply Rlt_trans with (harmonic (S (2 * i))); apply harmonic_decreasing. }
repeat split; try (unfold tau; lia).
- now apply K.
- now apply K.
- exists (fun i => q_marginal (harmonic (tau i)) x0). split; [reflexivity|].
  intros i x_prev Hi. now apply Lemma1_step, K.
Qed.

Theorem family_instance_d d alpha_bar sigma T x0 :
  chain_domain alpha_bar sigma T ->
  exists q : nat -> vec d -> R,
    (forall x, q T x = q_marginal_d d (alpha_bar T) x0 x) /\
    forall t x_prev, (1 <= t < T)%nat ->
      integral_d d (fun x => q (S t) x *
        q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x x_prev) (q t x_prev).
Proof.
intros (_ & _ & H). exists (fun t => q_marginal_d d (alpha_bar t) x0). split; [reflexivity|].
intros t x_prev Ht. now apply Lemma1_step_d, H.
Qed.

Theorem gaussian_chain_instance m v alpha_bar sigma T :
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  exists p : nat -> R -> R,
    (forall x, p T x = normal 0 1 x) /\
    (forall t y, (1 <= t < T)%nat ->
      integral (fun x => p (S t) x * p_step alpha_bar sigma (best_eps m v alpha_bar) t x y) (p t y)) /\
    (forall y, integral (fun x => p 1%nat x * p_first alpha_bar sigma (best_eps m v alpha_bar) x y) (p O y)).
Proof.
intros D H1. assert (Hs := sigma_pos alpha_bar sigma T D H1). assert (HT := proj1 D).
set (mean := truth_mean m v alpha_bar sigma T). set (variance := truth_variance v alpha_bar sigma T).
exists (fun t => match t with
  | O => normal (truth_A v (alpha_bar 1%nat) 1 0 * mean (T - 1)%nat + truth_B m v (alpha_bar 1%nat) 1 0)
           (truth_A v (alpha_bar 1%nat) 1 0 ^ 2 * variance (T - 1)%nat + sigma 1%nat ^ 2)
  | _ => normal (mean (T - t)%nat) (variance (T - t)%nat) end).
split; [|split].
- intro x. destruct T as [|n]; [lia|]. now rewrite Nat.sub_diag.
- intros [|t] y Ht; [lia|]. remember (T - S (S t))%nat as n eqn:En.
  replace (T - S t)%nat with (S n) by lia. unfold mean, variance. cbn [truth_mean truth_variance].
  replace (T - n)%nat with (S (S t)) by lia. replace (T - S n)%nat with (S t) by lia.
  exact (gaussian_step_law m v _ _ _ _ _ y (chain_domain_alpha _ _ _ (S (S t)) D ltac:(lia))
    ltac:(apply Rlt_le, (chain_domain_alpha _ _ _ (S t) D); lia) (Hs (S (S t)) ltac:(lia)) (truth_variance_pos _ _ _ _ n Hs ltac:(lia))).
- intro y. eapply integral_ext; [|exact (total_probability (mean (T - 1)%nat) (variance (T - 1)%nat)
    (truth_A v (alpha_bar 1%nat) 1 0) (truth_B m v (alpha_bar 1%nat) 1 0) (sigma 1%nat ^ 2) y
    (truth_variance_pos _ _ _ _ (T - 1) Hs ltac:(lia)) (sqr_pos _ H1))].
  intro x. cbv beta. unfold p_first, f_theta, best_eps.
  now rewrite gaussian_first_affine by apply (chain_domain_alpha _ _ _ 1%nat D ltac:(lia)).
Qed.

(** ** Averages, exchanged integrals, data *)

Theorem average_instance m v : 0 < v ->
  let alpha_bar (_ : nat) := 1 / 2 in let sigma (_ : nat) := 1 in let zero_model (_ : nat) (_ : R) := 0 in
  chain_domain alpha_bar sigma 1 /\ 0 < sigma 1%nat /\ tame_model 1 zero_model /\
  exists j loss : R -> R,
    (forall x0, J alpha_bar sigma 1 zero_model x0 (j x0)) /\
    (forall x0, L alpha_bar 1 (gamma alpha_bar sigma) zero_model x0 (loss x0)) /\
    (exists l, integral (fun x0 => normal m v x0 * loss x0) l) /\
    exists l, integral (fun x0 => normal m v x0 * Theorem1_constant alpha_bar sigma 1 x0) l.
Proof.
intros Hv alpha_bar sigma zero_model.
assert (D : chain_domain alpha_bar sigma 1).
{ split; [lia|]. unfold alpha_bar, sigma. split; [lra|]. intros t Ht. lia. }
assert (Hm : tame_model 1 zero_model) by (intros t _; apply tame_const).
assert (Hl : forall x0, L alpha_bar 1 (gamma alpha_bar sigma) zero_model x0 (gamma alpha_bar sigma 1)).
{ intro x0. exists (fun _ => 1). split; [|simpl; ring]. intros t Ht. unfold zero_model.
  eapply integral_eq; [exact (normal_quadratic 1 0 0 0 1 Rlt_0_1)| |]; [intro x; cbv beta|]; ring. }
split; [exact D|]. split; [unfold sigma; lra|]. split; [exact Hm|].
exists (fun x0 => gamma alpha_bar sigma 1 + Theorem1_constant alpha_bar sigma 1 x0), (fun _ => gamma alpha_bar sigma 1).
split; [|split; [exact Hl|split]].
- intro x0. destruct (Theorem1_exact alpha_bar sigma 1 D ltac:(unfold sigma; lra) zero_model x0 Hm) as (j & l & Hj & Hl' & E).
  rewrite (L_unique _ _ _ _ _ _ _ Hl' (Hl x0)) in E. now rewrite <- E.
- eexists. eapply integral_eq; [exact (normal_quadratic 0 0 (gamma alpha_bar sigma 1) m v Hv)| |reflexivity].
  intro x. cbv beta. ring.
- eexists. eapply integral_eq; [exact (normal_quadratic (alpha_bar 1%nat / 2) 0
    ((ln (1 / (1 - alpha_bar 1%nat)) + (1 - alpha_bar 1%nat) - 1) / 2 + ln (2 * PI * sigma 1%nat ^ 2) / 2) m v Hv)| |reflexivity].
  intro x. cbv beta. unfold Theorem1_constant. field.
Qed.

Theorem fubini_instance :
  let f x y := normal 0 1 x * normal 0 1 y * sin (x * y) in
  (forall x y, continuous (fun p : R * R => f (fst p) (snd p)) (x, y)) /\
  forall x y, Rabs (f x y) <= normal 0 1 x * normal 0 1 y.
Proof.
split.
- intros x y.
  apply (continuous_mult (fun p : R * R => normal 0 1 (fst p) * normal 0 1 (snd p)) (fun p : R * R => sin (fst p * snd p))).
  + apply (continuous_mult (fun p : R * R => normal 0 1 (fst p)) (fun p : R * R => normal 0 1 (snd p))).
    * apply (continuous_comp (fun p : R * R => fst p)); [apply continuous_fst|apply normal_continuous].
    * apply (continuous_comp (fun p : R * R => snd p)); [apply continuous_snd|apply normal_continuous].
  + apply (continuous_comp (fun p : R * R => fst p * snd p) sin); [|apply continuous_sin].
    apply (continuous_mult (fun p : R * R => fst p) (fun p : R * R => snd p)); [apply continuous_fst|apply continuous_snd].
- intros x y. assert (P := Rmult_lt_0_compat _ _ (normal_pos 0 1 x Rlt_0_1) (normal_pos 0 1 y Rlt_0_1)).
  rewrite Rabs_mult, (Rabs_pos_eq (_ * _)) by lra. rewrite <- Rmult_1_r.
  apply Rmult_le_compat_l; [lra|]. apply Rabs_le. generalize (SIN_bound (x * y)). lra.
Qed.

Theorem data_instance : positive_data ((1 / 3, -1) :: (2 / 3, 1) :: nil).
Proof. split; [discriminate|]. intros w y [E|[E|[]]]; injection E as <- <-; lra. Qed.

(** ** The e-process *)

Definition unit_e : list R -> R := normal_gamma_e (fun _ => 1) (fun _ => 0) (fun _ => 1).
Definition excess (c : R) (h : list R) : R := Rmax 0 (1 - c / unit_e h).

Lemma unit_e_pos h : 0 < unit_e h.
Proof.
unfold unit_e, normal_gamma_e. induction h as [|w h IH]; simpl; [lra|]. apply Rmult_lt_0_compat; [exact IH|].
apply Rdiv_lt_0_compat; [|apply normal_pos; lra]. unfold student.
destruct (student_scale_correct 1 ltac:(lra)) as [_ P]. apply Rdiv_lt_0_compat; [apply student_kernel_pos|lra].
Qed.

Lemma Rmax_by_Rabs y : (Rabs y + y) / 2 = Rmax 0 y.
Proof. unfold Rmax, Rabs. destruct (Rle_dec 0 y); destruct (Rcase_abs y); lra. Qed.

Lemma excess_bounds c h : 0 < c -> 0 <= excess c h <= 1 /\ (unit_e h <= c -> excess c h = 0).
Proof.
intros Hc. assert (P := unit_e_pos h). assert (Q := Rdiv_lt_0_compat c _ Hc P). unfold excess. repeat split.
- apply Rmax_l.
- apply Rmax_lub; lra.
- intros H. apply Rmax_left. assert (1 <= c / unit_e h); [|lra].
  apply (Rmult_le_reg_r (unit_e h)); [exact P|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Theorem ville_instance c : 0 < c ->
  (forall h, excess c h <= 1) /\ (forall h, ~ reached unit_e c h -> excess c h <= 0) /\
  exists l, null_expectation standard_null 1 (excess c) nil l.
Proof.
intros Hc. split; [|split].
- intro h. now apply excess_bounds.
- intros h H. right. apply excess_bounds; trivial. apply Rnot_lt_le. intro K. apply H. destruct h; left; now apply Rlt_le.
- assert (Ht : tame (fun w => excess c (w :: nil))).
  { apply (tame_polynomial _ 1 0); [|lra|].
    - intro w. unfold excess.
      apply (continuous_ext (fun w => (Rabs (1 - c / unit_e (w :: nil)) + (1 - c / unit_e (w :: nil))) / 2)).
      { intro z. apply Rmax_by_Rabs. }
      assert (C : continuous (fun w => 1 - c / unit_e (w :: nil)) w).
      { apply (continuous_minus (fun _ => 1) (fun w => c / unit_e (w :: nil))); [apply continuous_const|].
        apply (continuous_mult (fun _ => c) (fun w => / unit_e (w :: nil))); [apply continuous_const|].
        apply (continuous_comp (fun w => unit_e (w :: nil)) Rinv).
        - unfold unit_e, normal_gamma_e. simpl.
          apply (continuous_mult (fun _ => 1) (fun w => student 1 0 1 w / standard_null nil w)); [apply continuous_const|].
          apply (continuous_mult (student 1 0 1) (fun w => / standard_null nil w)).
          + unfold student. apply (continuous_mult (fun w => student_kernel 1 ((w - 0) / 1)) (fun _ => / (1 * student_scale 1))).
            * apply (continuous_comp (fun w => (w - 0) / 1) (student_kernel 1)); [|apply student_kernel_cont; lra].
              apply (ex_derive_continuous (fun w => (w - 0) / 1)). auto_derive. trivial.
            * apply continuous_const.
          + apply (continuous_comp (standard_null nil) Rinv); [apply normal_continuous|].
            apply continuous_Rinv, Rgt_not_eq, normal_pos. lra.
        - apply continuous_Rinv, Rgt_not_eq, unit_e_pos. }
      apply (continuous_mult (fun w => Rabs (1 - c / unit_e (w :: nil)) + (1 - c / unit_e (w :: nil))) (fun _ => / 2));
        [|apply continuous_const].
      apply (continuous_plus (fun w => Rabs (1 - c / unit_e (w :: nil))) (fun w => 1 - c / unit_e (w :: nil))); [|exact C].
      apply (continuous_comp (fun w => 1 - c / unit_e (w :: nil)) Rabs); [exact C|apply continuous_Rabs].
    - intro w. simpl. destruct (excess_bounds c (w :: nil) Hc) as [[B1 B2] _]. rewrite Rabs_pos_eq; lra. }
  exists (expect 0 1 (fun w => excess c (w :: nil))), (fun w => excess c (w :: nil)). split; [reflexivity|].
  apply expect_correct; [lra|exact Ht].
Qed.

(** With M = 1 and c = 1 the bound is an equality. *)
Theorem ville_attained N :
  test_martingale standard_null (fun _ => 1) /\ (forall h, reached (fun _ => 1) 1 h) /\
  null_expectation standard_null N (fun _ => 1) nil (1 / 1).
Proof.
assert (I : integral (fun w => normal 0 1 w * 1) 1).
{ eapply integral_ext; [|exact (normal_normalised 0 1 Rlt_0_1)]. intro. cbv beta. ring. }
split; [split; [intro; lra|intro; exact I]|]. split; [intros [|w h]; left; lra|].
replace (1 / 1) with 1 by lra. generalize (@nil R). induction N as [|N IH]; intro h; [reflexivity|].
exists (fun _ => 1). split; [intro; apply IH|exact I].
Qed.

Theorem claims_instance alpha : 0 < alpha ->
  let other := normal_gamma_e (fun _ => 3) (fun h => hd 0 h) (fun _ => 2) in
  let claims := (1 / 3, unit_e) :: (2 / 3, other) :: nil in
  (forall w M, In (w, M) claims -> 0 < w /\ test_martingale standard_null M /\ M nil = 1) /\ total_weight claims = 1 /\
  exists phi : list R -> R, (forall h, phi h <= 1) /\
    (forall h, (forall w M, In (w, M) claims -> ~ reached M (1 / alpha / w) h) -> phi h <= 0) /\
    exists l, null_expectation standard_null 1 phi nil l.
Proof.
intros Ha other claims. split; [|split].
- intros w M [E|[E|[]]]; injection E as <- <-; (split; [lra|split; [apply student_martingale; intros; lra|reflexivity]]).
- unfold claims. simpl. lra.
- assert (Hc : 0 < 1 / alpha / (1 / 3)) by (repeat apply Rdiv_lt_0_compat; lra).
  destruct (ville_instance _ Hc) as (B1 & B2 & E). exists (excess (1 / alpha / (1 / 3))).
  split; [exact B1|]. split; [|exact E]. intros h H. apply B2. apply (H (1 / 3) unit_e). now left.
Qed.
