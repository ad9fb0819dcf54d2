(** * In d dimensions

    A vector is a tuple of d real numbers, an integral over R^d is d integrals over R, one inside
    the other, and N(m, v I) has the product density.

    - [normal_d_isotropic]: that density is exp (- |x - m|^2 / (2 v)) / sqrt (2 PI v)^d.
    - [Lemma1_step_d], [Lemma1_chain_d]: Lemma 1.
    - [Eq8_closed_form_d]: the quotient of three densities is Eq8's.
    - [NonMarkov_iff_d]: it forgets x0 exactly at DDPM's variance.
    - [KL_general_d]: the divergence of N(m1, v1 I) from N(m2, v2 I).
    - [Eq11_KL_step_d]: KL of one kernel is gamma_t |e_t - eps_theta(x_t)|^2, in norm.
    - [expect_d_exists]: a continuous function of exponential growth on R^d ([tame_d]) has an
      expectation under N(m, v I).
    - [Theorem1_KL_form_d]: whenever the d-dimensional L_gamma exists, so does J in its KL form, and
      J = L_gamma + C; eps_theta may couple the components in any way. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective.
Open Scope R_scope.

(** ** Vectors *)

Fixpoint vec (d : nat) : Type := match d with O => unit | S n => (R * vec n)%type end.

Fixpoint const_d (d : nat) (c : R) : vec d :=
  match d with O => tt | S n => (c, const_d n c) end.

Fixpoint map2 (d : nat) (f : R -> R -> R) : vec d -> vec d -> vec d :=
  match d with O => fun _ _ => tt | S n => fun x y => (f (fst x) (fst y), map2 n f (snd x) (snd y)) end.

(** |x - y|^2. *)
Fixpoint distance2 (d : nat) : vec d -> vec d -> R :=
  match d with O => fun _ _ => 0 | S n => fun x y => (fst x - fst y) ^ 2 + distance2 n (snd x) (snd y) end.

(** The integral of [f] over R^d converges, and is [l]. *)
Fixpoint integral_d (d : nat) : (vec d -> R) -> R -> Prop :=
  match d with
  | O => fun f l => f tt = l
  | S n => fun f l => exists g, (forall x, integral_d n (fun xs => f (x, xs)) (g x)) /\ integral g l
  end.

(** The density of N(m, v I). *)
Fixpoint normal_d (d : nat) : vec d -> R -> vec d -> R :=
  match d with
  | O => fun _ _ _ => 1
  | S n => fun m v x => normal (fst m) v (fst x) * normal_d n (snd m) v (snd x)
  end.

Lemma integral_d_ext d : forall f g l, (forall x, f x = g x) -> integral_d d f l -> integral_d d g l.
Proof.
induction d as [|d IH]; simpl; intros f g l E H.
- now rewrite <- E.
- destruct H as [k [Hk I]]. exists k. split; trivial.
  intro x. apply (IH (fun xs => f (x, xs))); [intro; apply E|apply Hk].
Qed.

Lemma integral_d_unique d : forall f l l', integral_d d f l -> integral_d d f l' -> l = l'.
Proof.
induction d as [|d IH]; simpl; intros f l l' H H'.
- congruence.
- destruct H as [k [Hk I]]. destruct H' as [k' [Hk' I']].
  apply (integral_unique k); trivial. apply (integral_ext k'); trivial.
  intro x. apply (IH (fun xs => f (x, xs))); [apply Hk'|apply Hk].
Qed.

Lemma integral_d_scal d : forall f k l, integral_d d f l -> integral_d d (fun x => k * f x) (k * l).
Proof.
induction d as [|d IH]; simpl; intros f k l H.
- now rewrite H.
- destruct H as [g [Hg I]]. exists (fun x => k * g x). split.
  + intro x. apply (IH (fun xs => f (x, xs))). apply Hg.
  + now apply integral_scal.
Qed.

Lemma integral_d_plus d : forall f g l m, integral_d d f l -> integral_d d g m ->
  integral_d d (fun x => f x + g x) (l + m).
Proof.
induction d as [|d IH]; simpl; intros f g l m H H'.
- now rewrite H, H'.
- destruct H as [k [Hk I]]. destruct H' as [k' [Hk' I']]. exists (fun x => k x + k' x). split.
  + intro x. apply (IH (fun xs => f (x, xs)) (fun xs => g (x, xs))); [apply Hk|apply Hk'].
  + now apply integral_plus.
Qed.

Lemma integral_d_scaled d k f l g l' :
  integral_d d f l -> (forall x, g x = k * f x) -> l' = k * l -> integral_d d g l'.
Proof.
intros H E ->. apply (integral_d_ext d (fun x => k * f x)); [intro; symmetry; apply E|].
now apply integral_d_scal.
Qed.

(** A product of a function of the first component and one of the others. *)
Lemma integral_d_cons d (f : R -> R) (g : vec d -> R) l m :
  integral f l -> integral_d d g m -> integral_d (S d) (fun x => f (fst x) * g (snd x)) (l * m).
Proof.
intros Hf Hg. exists (fun x => f x * m). split.
- intro x. exact (integral_d_scal d g (f x) m Hg).
- apply (integral_scaled m _ _ _ _ Hf); [intro x|]; ring.
Qed.

(** Change of variable, one affine map per component. *)
Lemma integral_d_affine d u : 0 < u -> forall (f : vec d -> R) (w : vec d) l, integral_d d f l ->
  integral_d d (fun x => u ^ d * f (map2 d (fun y b => u * y + b) x w)) l.
Proof.
intros Hu. induction d as [|d IH]; intros f w l H.
- simpl in *. rewrite Rmult_1_l. exact H.
- destruct H as [g [Hg I]]. exists (fun x => u * g (u * x + fst w)). split.
  + intro x.
    apply (integral_d_scaled d u _ _ _ _ (IH (fun xs => f (u * x + fst w, xs)) (snd w) _ (Hg (u * x + fst w)))); [|reflexivity].
    intro xs. simpl. ring.
  + apply (integral_affine g); trivial.
Qed.

(** ** The normal law *)

Lemma normal_d_pos d m v x : 0 < v -> 0 < normal_d d m v x.
Proof.
intros Hv. induction d as [|d IH]; simpl; [lra|].
apply Rmult_lt_0_compat; [now apply normal_pos|apply IH].
Qed.

Lemma normal_d_normalised d m v : 0 < v -> integral_d d (normal_d d m v) 1.
Proof.
intros Hv. induction d as [|d IH]; [reflexivity|].
generalize (integral_d_cons d (normal (fst m) v) (normal_d d (snd m) v) 1 1 (normal_normalised (fst m) v Hv) (IH (snd m))).
now rewrite Rmult_1_l.
Qed.

Theorem normal_d_isotropic d m v x :
  0 < v -> normal_d d m v x = exp (- distance2 d x m / (2 * v)) / sqrt (2 * PI * v) ^ d.
Proof.
intros Hv. assert (S := normal_scale v Hv). induction d as [|d IH].
- simpl. replace (- 0 / (2 * v)) with 0 by (field; lra). rewrite exp_0. field.
- destruct m as [m ms], x as [x xs].
  rewrite <- tech_pow_Rmult. cbn [normal_d distance2 fst snd]. rewrite IH. unfold normal.
  replace (- ((x - m) ^ 2 + distance2 d xs ms) / (2 * v))
    with (- (x - m) ^ 2 / (2 * v) + - distance2 d xs ms / (2 * v)) by (field; lra).
  rewrite exp_plus. field. split; [apply pow_nonzero|]; lra.
Qed.

(** ** The kernels *)

Definition q_marginal_d (d : nat) (a : R) (x0 x : vec d) : R :=
  normal_d d (map2 d (fun x0 _ => sqrt a * x0) x0 x0) (1 - a) x.
Definition q_posterior_d (d : nat) (a a_p s : R) (x0 x_t x_prev : vec d) : R :=
  normal_d d (map2 d (posterior_mean a a_p s) x_t x0) (s ^ 2) x_prev.
Definition q_forward_d (d : nat) (a a_p s : R) (x0 x_prev x_t : vec d) : R :=
  normal_d d (map2 d (forward_mean a a_p s) x0 x_prev) (forward_variance a a_p s) x_t.

Theorem Lemma1_step_d d a a_p s x0 x_prev :
  eq7_domain a a_p s ->
  integral_d d (fun x_t => q_marginal_d d a x0 x_t * q_posterior_d d a a_p s x0 x_t x_prev)
    (q_marginal_d d a_p x0 x_prev).
Proof.
intros H. induction d as [|d IH].
- simpl. unfold q_marginal_d, q_posterior_d. simpl. ring.
- destruct x0 as [y0 x0], x_prev as [y x_prev].
  eapply integral_d_ext; [|exact (integral_d_cons d _ _ _ _ (Lemma1_step a a_p s y0 y H) (IH x0 x_prev))].
  intros [z x]. unfold q_marginal_d, q_posterior_d, q_marginal, q_posterior. simpl. ring.
Qed.

Theorem Lemma1_chain_d d alpha_bar sigma T x0 (q : nat -> vec d -> R) :
  chain_domain alpha_bar sigma T ->
  (forall x, q T x = q_marginal_d d (alpha_bar T) x0 x) ->
  (forall t x_prev, (1 <= t < T)%nat ->
     integral_d d (fun x => q (S t) x *
       q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x x_prev) (q t x_prev)) ->
  forall t x, (1 <= t <= T)%nat -> q t x = q_marginal_d d (alpha_bar t) x0 x.
Proof.
intros (HT & HaT & H) HqT Hq.
assert (K : forall n t x, (T - t = n)%nat -> (1 <= t <= T)%nat -> q t x = q_marginal_d d (alpha_bar t) x0 x).
{ induction n as [|n IH]; intros t x Hn Ht.
  - replace t with T by lia. apply HqT.
  - specialize (Hq t x ltac:(lia)).
    assert (E := Lemma1_step_d d _ _ _ x0 x (H t ltac:(lia))).
    apply (integral_d_unique _ _ _ _ Hq).
    eapply integral_d_ext; [|exact E].
    intro y. cbv beta. rewrite (IH (S t) y) by lia. reflexivity. }
intros t x Ht. now apply (K (T - t)%nat).
Qed.

Lemma Eq8_product_d d a a_p s x0 x_prev x_t :
  eq7_domain a a_p s ->
  q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t =
  q_marginal_d d a_p x0 x_prev * q_forward_d d a a_p s x0 x_prev x_t.
Proof.
intros H. induction d as [|d IH].
- unfold q_posterior_d, q_marginal_d, q_forward_d. simpl. ring.
- destruct x0 as [y0 x0], x_prev as [y x_prev], x_t as [z x_t].
  specialize (IH x0 x_prev x_t). assert (E := Eq8_product a a_p s y0 y z H).
  unfold q_posterior_d, q_marginal_d, q_forward_d, q_posterior, q_marginal, q_forward in *. simpl in *.
  transitivity ((normal (posterior_mean a a_p s z y0) (s * (s * 1)) y * normal (sqrt a * y0) (1 - a) z) *
    (normal_d d (map2 d (posterior_mean a a_p s) x_t x0) (s * (s * 1)) x_prev *
     normal_d d (map2 d (fun x0 _ => sqrt a * x0) x0 x0) (1 - a) x_t)); [ring|].
  rewrite E, IH. ring.
Qed.

Theorem Eq8_closed_form_d d a a_p s x0 x_prev x_t :
  eq7_domain a a_p s ->
  q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev =
  normal_d d (map2 d (fun x0 x_prev =>
      sqrt a * x0 + sqrt ((1 - a) * (1 - a_p - s ^ 2)) / (1 - a_p) * (x_prev - sqrt a_p * x0)) x0 x_prev)
    (s ^ 2 * (1 - a) / (1 - a_p)) x_t.
Proof.
intros H. rewrite Eq8_product_d by trivial.
change (normal_d d (map2 d _ x0 x_prev) _ x_t) with (q_forward_d d a a_p s x0 x_prev x_t).
assert (P : 0 < q_marginal_d d a_p x0 x_prev) by (apply normal_d_pos; destruct H as (? & ? & ?); lra).
field. lra.
Qed.

(** ** NonMarkov *)

(** Bayes' rule, as the text has it. *)
Definition q_bayes_d (d : nat) (a a_p s : R) (x0 x_prev x_t : vec d) : R :=
  q_posterior_d d a a_p s x0 x_t x_prev * q_marginal_d d a x0 x_t / q_marginal_d d a_p x0 x_prev.

Lemma q_bayes_d_cons d a a_p s y0 x0 y x_prev z x_t : eq7_domain a a_p s ->
  q_bayes_d (S d) a a_p s (y0, x0) (y, x_prev) (z, x_t) = q_bayes a a_p s y0 y z * q_bayes_d d a a_p s x0 x_prev x_t.
Proof.
intros (Ha & Hap & Hs & Hd).
assert (P1 : 0 < q_marginal a_p y0 y) by (apply normal_pos; lra).
assert (P2 : 0 < q_marginal_d d a_p x0 x_prev) by (apply normal_d_pos; lra).
unfold q_bayes_d, q_bayes.
change (q_marginal_d (S d) a_p (y0, x0) (y, x_prev)) with (q_marginal a_p y0 y * q_marginal_d d a_p x0 x_prev).
change (q_marginal_d (S d) a (y0, x0) (z, x_t)) with (q_marginal a y0 z * q_marginal_d d a x0 x_t).
change (q_posterior_d (S d) a a_p s (y0, x0) (z, x_t) (y, x_prev))
  with (q_posterior a a_p s y0 z y * q_posterior_d d a a_p s x0 x_t x_prev).
field. lra.
Qed.

Theorem NonMarkov_iff_d d a a_p s : (1 <= d)%nat -> eq7_domain a a_p s ->
  ((forall x0 x0' x_prev x_t, q_bayes_d d a a_p s x0 x_prev x_t = q_bayes_d d a a_p s x0' x_prev x_t) <->
   s ^ 2 = ddpm_variance a a_p).
Proof.
intros Hd H. rewrite <- (NonMarkov_iff a a_p s H). split.
- intros E y0 y0' y z. destruct d as [|n]; [lia|].
  specialize (E (y0, const_d n 0) (y0', const_d n 0) (y, const_d n 0) (z, const_d n 0)).
  rewrite !q_bayes_d_cons in E by trivial. apply Rmult_eq_reg_r in E; [exact E|].
  apply Rgt_not_eq. destruct H as (Ha & Hap & Hs & _).
  apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; apply normal_d_pos; try lra. now apply sqr_pos.
- intros E. clear Hd. induction d as [|n IH]; intros x0 x0' x_prev x_t; [reflexivity|].
  destruct x0 as [y0 x0], x0' as [y0' x0'], x_prev as [y x_prev], x_t as [z x_t].
  rewrite !q_bayes_d_cons by trivial. f_equal; [apply E|apply IH].
Qed.

(** ** Kullback-Leibler divergence *)

Definition kl_d (d : nat) (p r : vec d -> R) (l : R) : Prop := integral_d d (fun x => p x * ln (p x / r x)) l.

Theorem KL_general_d d m1 v1 m2 v2 :
  0 < v1 -> 0 < v2 ->
  kl_d d (normal_d d m1 v1) (normal_d d m2 v2)
    ((INR d * (ln (v2 / v1) + v1 / v2 - 1) + distance2 d m1 m2 / v2) / 2).
Proof.
intros H1 H2. induction d as [|d IH].
- simpl. unfold kl_d. simpl. replace (1 / 1) with 1 by field. rewrite ln_1. field. lra.
- destruct m1 as [a1 m1], m2 as [a2 m2].
  assert (A := integral_d_cons d _ _ _ _ (KL_general a1 v1 a2 v2 H1 H2) (normal_d_normalised d m1 v1 H1)).
  assert (B := integral_d_cons d _ _ _ _ (normal_normalised a1 v1 H1) (IH m1 m2)).
  assert (C := integral_d_plus _ _ _ _ _ A B).
  apply (integral_d_scaled (S d) 1 _ _ _ _ C).
  + intros [x xs]. cbn [normal_d fst snd].
    assert (P1 := normal_pos a1 v1 x H1). assert (P2 := normal_pos a2 v2 x H2).
    assert (P3 := normal_d_pos d m1 v1 xs H1). assert (P4 := normal_d_pos d m2 v2 xs H2).
    replace (normal a1 v1 x * normal_d d m1 v1 xs / (normal a2 v2 x * normal_d d m2 v2 xs))
      with ((normal a1 v1 x / normal a2 v2 x) * (normal_d d m1 v1 xs / normal_d d m2 v2 xs)) by (field; lra).
    rewrite ln_mult by (apply Rdiv_lt_0_compat; trivial). ring.
  + rewrite S_INR. cbn [distance2 fst snd]. field. lra.
Qed.

(** ** Integrability *)

(** [f u z] is continuous in (u, z_1, ..., z_d) together. *)
Fixpoint continuous_d (d : nat) (U : UniformSpace) : (U -> vec d -> R) -> Prop :=
  match d with
  | O => fun f => forall u, continuous (fun u => f u tt) u
  | S n => fun f => continuous_d n (prod_UniformSpace U R_UniformSpace) (fun p zs => f (fst p) (snd p, zs))
  end.

(** |z_1| + ... + |z_d|. *)
Fixpoint size_d (d : nat) : vec d -> R :=
  match d with O => fun _ => 0 | S n => fun z => Rabs (fst z) + size_d n (snd z) end.

(** Continuous, and of at most exponential growth. *)
Definition tame_d (d : nat) (f : vec d -> R) : Prop :=
  continuous_d d R_UniformSpace (fun _ => f) /\
  exists C b, 0 <= C /\ 0 <= b /\ forall z, Rabs (f z) <= C * exp (b * size_d d z).

Lemma expect_d_parameter v : 0 < v -> forall d (m : vec d) (U : UniformSpace) (f : U -> vec d -> R) (C : U -> R) b,
  continuous_d d U f -> (forall u, continuous C u) -> (forall u, 0 <= C u) -> 0 <= b ->
  (forall u z, Rabs (f u z) <= C u * exp (b * size_d d z)) ->
  exists (G : U -> R) (K : R), 0 <= K /\ (forall u, continuous G u) /\ (forall u, Rabs (G u) <= C u * K) /\
    forall u, integral_d d (fun z => normal_d d m v z * f u z) (G u).
Proof.
intros Hv. induction d as [|d IH]; intros m U f C b Hf HC PC Hb H.
- exists (fun u => f u tt), 1. split; [lra|]. split; [exact Hf|]. split.
  + intro u. specialize (H u tt). simpl in H. now rewrite Rmult_0_r, exp_0 in H.
  + intro u. simpl. ring.
- destruct m as [m1 m].
  destruct (IH m (prod_UniformSpace U R_UniformSpace) (fun p zs => f (fst p) (snd p, zs))
    (fun p => C (fst p) * exp (b * Rabs (snd p))) b) as (G & K & HK & HG & BG & IG); trivial.
  + intros [u z].
    apply (continuous_mult (fun p : U * R => C (fst p)) (fun p => exp (b * Rabs (snd p)))).
    * apply (continuous_comp (fun p : U * R => fst p) C); [apply continuous_fst|apply HC].
    * apply (continuous_comp (fun p : U * R => snd p) (fun z => exp (b * Rabs z))); [apply continuous_snd|].
      apply (continuous_comp (fun z => b * Rabs z) exp); [|apply continuous_exp].
      apply (continuous_mult (fun _ => b) Rabs); [apply continuous_const|apply continuous_Rabs].
  + intros [u z]. apply Rmult_le_pos; [apply PC|apply Rlt_le, exp_pos].
  + intros [u z] zs. simpl. apply Rle_trans with (1 := H u (z, zs)). simpl.
    rewrite Rmult_plus_distr_l, exp_plus. lra.
  + set (F := fun u z => normal m1 v z * G (u, z)).
    assert (CF : forall u, everywhere_continuous (F u)).
    { intros u. apply cont_mult; [apply normal_cont|]. intro z.
      apply (continuous_comp_2 (fun _ : R => u) (fun z : R => z) (fun u z => G (u, z)) z);
        [apply continuous_const|apply continuous_id|].
      apply (continuous_ext G); [intros [u' z']; reflexivity|apply HG]. }
    assert (BF : forall u z c, C u <= c -> Rabs (F u z) <= c * K * (normal m1 v z * envelope b z)).
    { intros u z c Hc. unfold F. rewrite Rabs_mult, (Rabs_pos_eq (normal m1 v z)) by now apply normal_nonneg.
      replace (c * K * (normal m1 v z * envelope b z)) with (normal m1 v z * (c * K * envelope b z)) by ring.
      apply Rmult_le_compat_l; [now apply normal_nonneg|]. apply Rle_trans with (1 := BG (u, z)). simpl.
      replace (C u * exp (b * Rabs z) * K) with ((C u * K) * exp (b * Rabs z)) by ring.
      apply Rmult_le_compat; [apply Rmult_le_pos; trivial|apply Rlt_le, exp_pos|now apply Rmult_le_compat_r|apply envelope_ge]. }
    assert (CE : forall c, everywhere_continuous (fun z => c * K * (normal m1 v z * envelope b z))).
    { intro c. apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont]. }
    assert (IE : forall c, integral (fun z => c * K * (normal m1 v z * envelope b z)) (c * K * envelope_mean m1 v b)).
    { intro c. now apply integral_scal, envelope_integral. }
    assert (DV : forall u, integral (F u) (value (F u)) /\ Rabs (value (F u)) <= C u * K * envelope_mean m1 v b).
    { intro u. destruct (dominated_value (F u) _ _ (CF u) (CE (C u)) (fun z => BF u z (C u) (Rle_refl _)) (IE (C u)))
        as (I1 & I2 & _). now split. }
    exists (fun u => value (F u)), (K * envelope_mean m1 v b). split; [|split; [|split]].
    * apply Rmult_le_pos; trivial. unfold envelope_mean.
      generalize (exp_pos (b * m1 + b ^ 2 * v / 2)) (exp_pos (- b * m1 + b ^ 2 * v / 2)). lra.
    * intro u0. apply (parameter_continuous F u0 (fun z => (C u0 + 1) * K * (normal m1 v z * envelope b z))
        ((C u0 + 1) * K * envelope_mean m1 v b)); trivial.
      -- intro z. unfold uncurried, F.
         apply (continuous_mult (fun p : U * R => normal m1 v (snd p)) (fun p => G (fst p, snd p))).
         ++ apply (continuous_comp (fun p : U * R => snd p) (normal m1 v)); [apply continuous_snd|apply normal_continuous].
         ++ apply (continuous_ext G); [intros [u' z']; reflexivity|apply HG].
      -- generalize (HC u0). intro L. apply filterlim_locally with (eps := mkposreal 1 Rlt_0_1) in L.
         revert L. apply filter_imp. intros u Hu z. change (Rabs (C u - C u0) < 1) in Hu.
         apply BF. apply Rabs_def2 in Hu. lra.
    * intro u. rewrite <- Rmult_assoc. apply DV.
    * intro u. exists (F u). split; [|apply DV]. intro z.
      apply (integral_d_scaled d (normal m1 v z) _ _ _ _ (IG (u, z))); [|reflexivity].
      intro zs. simpl. ring.
Qed.

Theorem expect_d_exists d m v f :
  0 < v -> tame_d d f -> exists l, integral_d d (fun z => normal_d d m v z * f z) l.
Proof.
intros Hv [Hc (C & b & HC & Hb & H)].
destruct (expect_d_parameter v Hv d m R_UniformSpace (fun _ => f) (fun _ => C) b) as (G & K & _ & _ & _ & I); trivial.
- intro u. apply continuous_const.
- exists (G 0). apply (I 0).
Qed.

(** ** Theorem 1 *)

Section Model.
Variables (d : nat) (alpha_bar sigma : nat -> R) (T : nat).
Hypothesis domain : chain_domain alpha_bar sigma T.
Hypothesis first_sigma : 0 < sigma 1%nat.
Variable eps_theta : nat -> vec d -> vec d.

Definition f_theta_d (t : nat) (x : vec d) : vec d := map2 d (predict_x0 (alpha_bar t)) x (eps_theta t x).
Definition p_step_d (t : nat) (x_t x_prev : vec d) : R :=
  q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) (f_theta_d (S t) x_t) x_t x_prev.
Definition p_first_d (x1 x0 : vec d) : R := normal_d d (f_theta_d 1 x1) (sigma 1%nat ^ 2) x0.

(** The squared error of the noise at x_t. *)
Definition noise_error_d (x0 : vec d) (t : nat) (x : vec d) : R :=
  distance2 d (map2 d (predict_eps (alpha_bar t)) x x0) (eps_theta t x).

Lemma distance2_mean n a a_p s (x x0 f : vec n) :
  0 < a < 1 ->
  distance2 n (map2 n (posterior_mean a a_p s) x x0) (map2 n (posterior_mean a a_p s) x f) =
  residual_weight a a_p s ^ 2 * distance2 n x0 f.
Proof.
intros Ha. induction n as [|n IH]; simpl; [ring|].
rewrite IH, posterior_mean_gap by trivial. ring.
Qed.

Lemma distance2_f n t (x x0 e : vec n) :
  0 < alpha_bar t < 1 ->
  distance2 n x0 (map2 n (predict_x0 (alpha_bar t)) x e) =
  (1 - alpha_bar t) / alpha_bar t * distance2 n (map2 n (predict_eps (alpha_bar t)) x x0) e.
Proof.
intros Ha. induction n as [|n IH]; cbn [distance2 map2 fst snd]; [ring|].
rewrite IH. assert (E := f_theta_gap alpha_bar (fun _ _ => fst e) t (fst x) (fst x0) Ha).
unfold f_theta in E. rewrite E. ring.
Qed.

Theorem Eq11_KL_step_d t x0 x :
  (1 <= t < T)%nat ->
  kl_d d (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x) (p_step_d t x)
    (gamma alpha_bar sigma (S t) * noise_error_d x0 (S t) x).
Proof.
intros Ht. assert (Hs := sigma_pos alpha_bar sigma T domain first_sigma (S t) ltac:(lia)).
assert (Ha := chain_domain_alpha _ _ _ (S t) domain ltac:(lia)).
apply (integral_d_scaled d 1 _ _ _ _ (KL_general_d d
    (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x x0) (sigma (S t) ^ 2)
    (map2 d (posterior_mean (alpha_bar (S t)) (alpha_bar t) (sigma (S t))) x (f_theta_d (S t) x)) (sigma (S t) ^ 2)
    (sqr_pos _ Hs) (sqr_pos _ Hs))).
- intro y. rewrite Rmult_1_l. reflexivity.
- rewrite distance2_mean by trivial. unfold f_theta_d. rewrite distance2_f by trivial.
  unfold noise_error_d. assert (P := sqr_pos _ Hs).
  replace (sigma (S t) ^ 2 / sigma (S t) ^ 2) with 1 by (field; lra). rewrite ln_1.
  destruct t as [|t]; [lia|]. cbn [gamma]. unfold gamma_step. field. lra.
Qed.

Lemma ln_normal_d n m v (x : vec n) :
  0 < v -> ln (normal_d n m v x) = - distance2 n m x / (2 * v) - INR n * ln (2 * PI * v) / 2.
Proof.
intros Hv. induction n as [|n IH].
- simpl. rewrite ln_1. field. lra.
- cbn [normal_d distance2]. rewrite ln_mult, IH, ln_normal by (trivial; try (now apply normal_pos); now apply normal_d_pos).
  rewrite S_INR. field. lra.
Qed.

Lemma log_p_first_d x0 x :
  - ln (p_first_d x x0) =
  gamma alpha_bar sigma 1 * noise_error_d x0 1 x + INR d * ln (2 * PI * sigma 1%nat ^ 2) / 2.
Proof.
assert (D := domain). destruct D as (HT & _).
assert (Ha := chain_domain_alpha _ _ _ 1%nat domain ltac:(lia)).
assert (P := sqr_pos _ first_sigma).
unfold p_first_d. rewrite ln_normal_d by trivial.
replace (distance2 d (f_theta_d 1 x) x0) with (distance2 d x0 (f_theta_d 1 x)).
2: { generalize (f_theta_d 1 x). clear. induction d as [|n IH]; intro f; simpl; [trivial|]. rewrite (IH (snd x0)). ring. }
unfold f_theta_d. rewrite distance2_f by trivial. unfold noise_error_d.
cbn [gamma]. unfold gamma_first. field. lra.
Qed.

(** From the law of the noise to the law of x_t. *)
Lemma noise_error_law x0 t l :
  0 < alpha_bar t < 1 ->
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
    distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) l ->
  integral_d d (fun x => q_marginal_d d (alpha_bar t) x0 x * noise_error_d x0 t x) l.
Proof.
intros Ha H. assert (H1 := sqrt_pos_lt (1 - alpha_bar t) ltac:(lra)).
assert (Hu := Rinv_0_lt_compat _ H1).
assert (E1 := sqrt_sqrt (1 - alpha_bar t) ltac:(lra)).
set (u := / sqrt (1 - alpha_bar t)) in *.
set (w := map2 d (fun x0 _ => - (u * (sqrt (alpha_bar t) * x0))) x0 x0).
eapply integral_d_ext; [|exact (integral_d_affine d u Hu _ w l H)].
intro x. cbv beta.
assert (A : forall n (y z : vec n), map2 n (fun y b => u * y + b) y (map2 n (fun x0 _ => - (u * (sqrt (alpha_bar t) * x0))) z z)
  = map2 n (predict_eps (alpha_bar t)) y z).
{ induction n as [|n IH]; intros y z; simpl; [trivial|]. rewrite IH. f_equal.
  unfold predict_eps, u. field. lra. }
unfold w. rewrite A.
assert (B : forall n (y z : vec n), map2 n (q_sample (alpha_bar t)) z (map2 n (predict_eps (alpha_bar t)) y z) = y).
{ induction n as [|n IH]; intros y z; simpl; [now destruct y|]. rewrite IH. destruct y as [y ys]. simpl. f_equal.
  unfold q_sample, predict_eps. field. lra. }
rewrite B.
assert (C : forall n (y z : vec n), u ^ n * normal_d n (const_d n 0) 1 (map2 n (predict_eps (alpha_bar t)) y z)
  = normal_d n (map2 n (fun x0 _ => sqrt (alpha_bar t) * x0) z z) (1 - alpha_bar t) y).
{ induction n as [|n IH]; intros y z; [simpl; ring|]. rewrite <- tech_pow_Rmult. cbn [normal_d const_d map2 fst snd]. rewrite <- IH.
  assert (N := AR1_marginal (alpha_bar t) (fst z) (fst y) Ha). rewrite <- N.
  unfold q_marginal, u. field. lra. }
unfold q_marginal_d, noise_error_d. rewrite <- C. ring.
Qed.

Definition Theorem1_constant_d (x0 : vec d) : R :=
  (INR d * (ln (1 / (1 - alpha_bar T)) + (1 - alpha_bar T) - 1) + alpha_bar T * distance2 d x0 (const_d d 0)) / 2
  + INR d * ln (2 * PI * sigma 1%nat ^ 2) / 2.

(** Whenever the losses exist, so does every term of J, and J = L_gamma + C. *)
Theorem Theorem1_KL_form_d x0 (loss : nat -> R) :
  (forall t, (1 <= t <= T)%nat ->
    integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t)) ->
  exists (KL_T : R) (KL : nat -> vec d -> R) (mean_KL : nat -> R) (nll : R),
    kl_d d (q_marginal_d d (alpha_bar T) x0) (normal_d d (const_d d 0) 1) KL_T /\
    (forall t x, (1 <= t < T)%nat ->
      kl_d d (q_posterior_d d (alpha_bar (S t)) (alpha_bar t) (sigma (S t)) x0 x) (p_step_d t x) (KL t x)) /\
    (forall t, (1 <= t < T)%nat ->
      integral_d d (fun x => q_marginal_d d (alpha_bar (S t)) x0 x * KL t x) (mean_KL t)) /\
    integral_d d (fun x => q_marginal_d d (alpha_bar 1%nat) x0 x * - ln (p_first_d x x0)) nll /\
    KL_T + sum mean_KL 1 (T - 1) + nll =
    sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + Theorem1_constant_d x0.
Proof.
intros Hl. assert (D := domain). destruct D as (HT & HaT & _).
exists ((INR d * (ln (1 / (1 - alpha_bar T)) + (1 - alpha_bar T) - 1) + alpha_bar T * distance2 d x0 (const_d d 0)) / 2),
  (fun t x => gamma alpha_bar sigma (S t) * noise_error_d x0 (S t) x),
  (fun t => gamma alpha_bar sigma (S t) * loss (S t)),
  (gamma alpha_bar sigma 1 * loss 1%nat + INR d * ln (2 * PI * sigma 1%nat ^ 2) / 2).
split; [|split; [|split; [|split]]].
- apply (integral_d_scaled d 1 _ _ _ _ (KL_general_d d (map2 d (fun x0 _ => sqrt (alpha_bar T) * x0) x0 x0)
    (1 - alpha_bar T) (const_d d 0) 1 ltac:(lra) Rlt_0_1)).
  + intro x. rewrite Rmult_1_l. reflexivity.
  + replace (distance2 d (map2 d (fun x0 _ => sqrt (alpha_bar T) * x0) x0 x0) (const_d d 0))
      with (alpha_bar T * distance2 d x0 (const_d d 0)).
    * unfold Rdiv. rewrite Rinv_1. ring.
    * assert (E := sqrt_sqrt (alpha_bar T) ltac:(lra)). set (r := sqrt (alpha_bar T)) in *.
      rewrite <- E. clear. induction d as [|n IH]; simpl; [ring|].
      destruct x0 as [y x0]. simpl. rewrite <- (IH x0). ring.
- intros t x Ht. now apply Eq11_KL_step_d.
- intros t Ht.
  assert (Ha := chain_domain_alpha _ _ _ (S t) domain ltac:(lia)).
  apply (integral_d_scaled d (gamma alpha_bar sigma (S t)) _ _ _ _ (noise_error_law x0 (S t) _ Ha (Hl (S t) ltac:(lia)))).
  + intro x. ring.
  + reflexivity.
- assert (Ha := chain_domain_alpha _ _ _ 1%nat domain ltac:(lia)).
  assert (I1 := noise_error_law x0 1 _ Ha (Hl 1%nat ltac:(lia))).
  assert (I2 := normal_d_normalised d (map2 d (fun x0 _ => sqrt (alpha_bar 1%nat) * x0) x0 x0) (1 - alpha_bar 1%nat) ltac:(lra)).
  apply (integral_d_scaled d 1 _ _ _ _ (integral_d_plus _ _ _ _ _
    (integral_d_scal d _ (gamma alpha_bar sigma 1) _ I1)
    (integral_d_scal d _ (INR d * ln (2 * PI * sigma 1%nat ^ 2) / 2) _ I2))).
  + intro x. rewrite log_p_first_d. unfold q_marginal_d. ring.
  + ring.
- rewrite (sum_head_gamma T (fun t => gamma alpha_bar sigma t * loss t)) by trivial.
  unfold Theorem1_constant_d. ring.
Qed.

(** In particular for models whose squared errors are continuous and of exponential growth. *)
Theorem Theorem1_losses_exist_d x0 :
  (forall t, (1 <= t <= T)%nat ->
    tame_d d (fun eps => distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps)))) ->
  exists loss : nat -> R, forall t, (1 <= t <= T)%nat ->
    integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t).
Proof.
intros H.
assert (K : forall n, (n <= T)%nat -> exists loss : nat -> R, forall t, (1 <= t <= n)%nat ->
    integral_d d (fun eps => normal_d d (const_d d 0) 1 eps *
      distance2 d eps (eps_theta t (map2 d (q_sample (alpha_bar t)) x0 eps))) (loss t)).
{ induction n as [|n IH]; intros Hn; [exists (fun _ => 0); intros; lia|].
  destruct (IH ltac:(lia)) as [loss Hl].
  destruct (expect_d_exists d (const_d d 0) 1 _ Rlt_0_1 (H (S n) ltac:(lia))) as [l I].
  exists (fun t => if Nat.eqb t (S n) then l else loss t). intros t Ht.
  destruct (Nat.eq_dec t (S n)) as [->|N].
  - rewrite Nat.eqb_refl. exact I.
  - replace (Nat.eqb t (S n)) with false by (symmetry; now apply Nat.eqb_neq). apply Hl. lia. }
now apply (K T).
Qed.

End Model.
