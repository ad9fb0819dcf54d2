(** * Integrability, and the order of improper integrals

    - [dominated]: a continuous function below an integrable one is integrable, and its tails
      are below the other's tails.
    - [parameter_continuous]: a dominated integral is continuous in its parameter, which ranges
      over any uniform space.
    - [fubini]: if |f x y| <= g x * h y with g and h integrable, the two iterated improper
      integrals of the continuous [f] exist and are equal.
    - [tame]: continuous and of at most exponential growth; every polynomially bounded continuous
      function is tame.  A tame function has an expectation under every normal law
      ([expect_correct]).
    - [kernel_tame]: a linear-Gaussian kernel maps tame functions to tame functions.
    - [tower]: E over N(m, v) of E over N(k x + c, s) is E over N(k m + c, k^2 v + s). *)

From Coq Require Import Reals Lra Psatz Classical.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian.
Open Scope R_scope.

(** ** Continuous integrands *)

Definition everywhere_continuous (f : R -> R) : Prop := forall x, continuous f x.
Notation cont := everywhere_continuous.

Lemma cont_ex_RInt f a b : cont f -> ex_RInt f a b.
Proof. intros H. apply (ex_RInt_continuous f). intros; apply H. Qed.
#[local] Hint Resolve cont_ex_RInt : core.

Lemma cont_plus f g : cont f -> cont g -> cont (fun x => f x + g x).
Proof. intros Hf Hg x. exact (continuous_plus f g x (Hf x) (Hg x)). Qed.

Lemma cont_minus f g : cont f -> cont g -> cont (fun x => f x - g x).
Proof. intros Hf Hg x. exact (continuous_minus f g x (Hf x) (Hg x)). Qed.

Lemma cont_mult f g : cont f -> cont g -> cont (fun x => f x * g x).
Proof. intros Hf Hg x. exact (continuous_mult f g x (Hf x) (Hg x)). Qed.

Lemma cont_const c : cont (fun _ => c).
Proof. intros x. apply continuous_const. Qed.

Lemma cont_id : cont (fun x => x).
Proof. intros x. apply continuous_id. Qed.

Lemma cont_comp f g : cont f -> cont g -> cont (fun x => f (g x)).
Proof. intros Hf Hg x. exact (continuous_comp g f x (Hg x) (Hf (g x))). Qed.

Lemma RInt_add f g a b : cont f -> cont g -> RInt (fun x => f x + g x) a b = RInt f a b + RInt g a b.
Proof. intros Hf Hg. apply (RInt_plus f g); auto. Qed.

Lemma RInt_sub f g a b : cont f -> cont g -> RInt (fun x => f x - g x) a b = RInt f a b - RInt g a b.
Proof. intros Hf Hg. apply (RInt_minus f g); auto. Qed.

Lemma RInt_mul k f a b : cont f -> RInt (fun x => k * f x) a b = k * RInt f a b.
Proof. intros Hf. apply (RInt_scal f); auto. Qed.

Lemma RInt_split f a b c : cont f -> RInt f a c = RInt f a b + RInt f b c.
Proof. intros Hf. symmetry. apply (RInt_Chasles f); auto. Qed.

Lemma RInt_mono f g a b : a <= b -> cont f -> cont g -> (forall x, f x <= g x) -> RInt f a b <= RInt g a b.
Proof. intros. apply RInt_le; auto. Qed.

Lemma RInt_nonneg f a b : a <= b -> cont f -> (forall x, 0 <= f x) -> 0 <= RInt f a b.
Proof. intros. apply RInt_ge_0; auto. Qed.

Lemma RInt_abs f g a b : a <= b -> cont f -> cont g -> (forall x, Rabs (f x) <= g x) ->
  Rabs (RInt f a b) <= RInt g a b.
Proof.
intros Hab Hf Hg H. apply Rabs_le. split.
- replace (- RInt g a b) with (RInt (fun x => (-1) * g x) a b) by (rewrite (RInt_mul (-1) g a b Hg); lra).
  apply RInt_mono; trivial; [apply cont_mult; trivial; apply cont_const|].
  intro x. generalize (H x). intro K. apply Rabs_le_between in K. lra.
- apply RInt_mono; trivial. intro x. apply Rle_trans with (2 := H x). apply Rle_abs.
Qed.

Lemma RInt_wider f a b a' b' : cont f -> (forall x, 0 <= f x) -> a' <= a -> a <= b -> b <= b' ->
  RInt f a b <= RInt f a' b'.
Proof.
intros Hf Hp Ha Hab Hb.
rewrite (RInt_split f a' a b'), (RInt_split f a b b') by trivial.
assert (0 <= RInt f a' a) by now apply RInt_nonneg.
assert (0 <= RInt f b b') by now apply RInt_nonneg. lra.
Qed.

Lemma integral_near f l : cont f -> integral f l -> forall eps, 0 < eps ->
  exists M, 0 < M /\ forall a b, a < - M -> M < b -> Rabs (RInt f a b - l) < eps.
Proof.
intros Hc Hf eps He. destruct (integral_elim _ _ Hf eps He) as [M HM].
exists (Rmax M 1). split; [generalize (Rmax_r M 1); lra|].
intros a b Ha Hb. generalize (Rmax_l M 1); intro.
destruct (HM a b) as [y [Hy Hl]]; try lra.
now rewrite (is_RInt_unique _ _ _ _ Hy).
Qed.

Lemma integral_of_near f l : cont f ->
  (forall eps, 0 < eps -> exists M, forall a b, a < - M -> M < b -> Rabs (RInt f a b - l) < eps) -> integral f l.
Proof.
intros Hc H. apply integral_intro. intros eps He. destruct (H eps He) as [M HM].
exists M. intros a b Ha Hb. exists (RInt f a b). split; [|auto].
apply (RInt_correct f). auto.
Qed.

Lemma RInt_le_integral f l a b : cont f -> (forall x, 0 <= f x) -> integral f l -> a <= b -> RInt f a b <= l.
Proof.
intros Hc Hp Hf Hab. apply le_epsilon. intros eps He.
destruct (integral_near f l Hc Hf eps He) as [M [HM H]].
assert (Ha := Rle_abs a). assert (Ha' := Rle_abs (- a)). rewrite Rabs_Ropp in Ha'.
assert (Hb := Rle_abs b). assert (Hb' := Rle_abs (- b)). rewrite Rabs_Ropp in Hb'.
set (N := M + Rabs a + Rabs b + 1).
assert (0 <= Rabs a) by apply Rabs_pos. assert (0 <= Rabs b) by apply Rabs_pos.
specialize (H (- N) N ltac:(unfold N; lra) ltac:(unfold N; lra)).
assert (RInt f a b <= RInt f (- N) N) by (apply RInt_wider; trivial; unfold N; lra).
apply Rabs_def2 in H. lra.
Qed.

(** Bounded partial integrals of a non-negative function converge. *)
Lemma integral_bounded f B : cont f -> (forall x, 0 <= f x) ->
  (forall a b, a <= b -> RInt f a b <= B) -> exists l, integral f l.
Proof.
intros Hc Hp HB.
set (E := fun y => exists a b, a <= b /\ y = RInt f a b).
destruct (completeness E) as [l [Hu Hl]].
{ exists B. intros y (a & b & Hab & ->). auto. }
{ exists (RInt f 0 0). exists 0, 0. split; [lra|trivial]. }
exists l. apply integral_of_near; trivial. intros eps He.
assert (exists a b, a <= b /\ l - eps < RInt f a b) as (a0 & b0 & Hab & H0).
{ apply NNPP. intro N. assert (l <= l - eps); [|lra]. apply Hl.
  intros y (a & b & Hab & ->). apply Rnot_lt_le. intro Hlt. apply N. now exists a, b. }
exists (Rabs a0 + Rabs b0). intros a b Ha Hb.
assert (Ha' := Rle_abs (- a0)). rewrite Rabs_Ropp in Ha'.
assert (Hb' := Rle_abs b0).
assert (0 <= Rabs a0) by apply Rabs_pos. assert (0 <= Rabs b0) by apply Rabs_pos.
assert (RInt f a0 b0 <= RInt f a b) by (apply RInt_wider; trivial; lra).
assert (RInt f a b <= l) by (apply Hu; exists a, b; split; [lra|trivial]).
apply Rabs_def1; lra.
Qed.

(** ** Domination *)

Theorem dominated f g lg : cont f -> cont g -> (forall x, Rabs (f x) <= g x) -> integral g lg ->
  exists lf, integral f lf /\ forall a b, a <= b -> Rabs (lf - RInt f a b) <= lg - RInt g a b.
Proof.
intros Hf Hg H Ig.
assert (Hfg : forall x, - g x <= f x <= g x) by (intro x; apply Rabs_le_between, H).
assert (Hp : forall x, 0 <= g x + f x) by (intro x; generalize (Hfg x); lra).
assert (Hm : forall x, 0 <= g x - f x) by (intro x; generalize (Hfg x); lra).
assert (Hg0 : forall x, 0 <= g x) by (intro x; generalize (Hfg x); lra).
destruct (integral_bounded (fun x => g x + f x) (2 * lg)) as [l1 H1]; trivial.
{ now apply cont_plus. }
{ intros a b Hab. rewrite RInt_add by trivial.
  assert (RInt f a b <= RInt g a b) by (apply RInt_mono; trivial; intro x; apply Hfg).
  assert (RInt g a b <= lg) by now apply RInt_le_integral. lra. }
assert (If : integral f (l1 - lg)).
{ eapply integral_ext; [|exact (integral_minus _ _ _ _ H1 Ig)]. intro x. simpl. ring. }
exists (l1 - lg). split; trivial. intros a b Hab.
assert (A1 : RInt (fun x => g x + f x) a b <= l1).
{ apply RInt_le_integral; trivial. now apply cont_plus. }
assert (A2 : RInt (fun x => g x - f x) a b <= lg - (l1 - lg)).
{ apply RInt_le_integral; trivial. now apply cont_minus. exact (integral_minus _ _ _ _ Ig If). }
rewrite RInt_add in A1 by trivial. rewrite RInt_sub in A2 by trivial.
apply Rabs_le. lra.
Qed.

(** The value of an integral; meaningful when it converges. *)
Definition value (f : R -> R) : R := RInt_gen f (Rbar_locally m_infty) (Rbar_locally p_infty).

Lemma value_eq f l : integral f l -> value f = l.
Proof. exact (is_RInt_gen_unique f l). Qed.

Lemma value_correct f l : integral f l -> integral f (value f).
Proof. intros H. now rewrite (value_eq f l H). Qed.

Lemma dominated_value f g lg : cont f -> cont g -> (forall x, Rabs (f x) <= g x) -> integral g lg ->
  integral f (value f) /\ Rabs (value f) <= lg /\
  forall a b, a <= b -> Rabs (value f - RInt f a b) <= lg - RInt g a b.
Proof.
intros Hf Hg H Ig. destruct (dominated f g lg Hf Hg H Ig) as [lf [If Ht]].
rewrite (value_eq f lf If). split; [trivial|]. split; [|trivial].
specialize (Ht 0 0 ltac:(lra)). rewrite (RInt_point 0 f), (RInt_point 0 g) in Ht.
unfold zero in Ht; simpl in Ht. now rewrite !Rminus_0_r in Ht.
Qed.

(** ** Continuity in a parameter *)

Section Dependence.
Context {U : UniformSpace}.
Variable f : U -> R -> R.

Definition uncurried (p : U * R) : R := f (fst p) (snd p).

Lemma tube u0 a b (eps : R) : 0 < eps -> a <= b ->
  (forall z, continuous uncurried (u0, z)) ->
  locally u0 (fun u => forall z, a <= z <= b -> Rabs (f u z - f u0 z) < eps).
Proof.
intros He Hab Hc.
assert (L : forall z0, exists d : posreal, forall u z, ball u0 d u -> Rabs (z - z0) < d ->
   Rabs (f u z - f u0 z) < eps).
{ intro z0. specialize (Hc z0 (fun y => Rabs (y - f u0 z0) < eps / 2)).
  destruct Hc as [d Hd].
  { exists (mkposreal (eps / 2) ltac:(lra)). intros y Hy. exact Hy. }
  exists d. intros u z Hu Hz.
  assert (A := Hd (u, z) (conj Hu Hz)). assert (B := Hd (u0, z) (conj (ball_center u0 d) Hz)).
  unfold uncurried in A, B; simpl in A, B.
  replace (f u z - f u0 z) with ((f u z - f u0 z0) - (f u0 z - f u0 z0)) by ring.
  apply Rabs_def2 in A. apply Rabs_def2 in B. apply Rabs_def1; lra. }
(* Heine-Borel by a supremum *)
set (P := fun c => exists d : posreal, forall u z, ball u0 d u -> a <= z <= c -> Rabs (f u z - f u0 z) < eps).
set (E := fun c => a <= c <= b /\ P c).
destruct (completeness E) as [c [Hu Hl]].
{ exists b. intros x [? _]. lra. }
{ exists a. split; [lra|]. destruct (L a) as [d Hd]. exists d. intros u z Hb Hz. apply Hd; trivial.
  replace z with a by lra. rewrite Rminus_eq_0, Rabs_R0. apply cond_pos. }
assert (Ea : E a).
{ split; [lra|]. destruct (L a) as [d Hd]. exists d. intros u z Hb Hz. apply Hd; trivial.
  replace z with a by lra. rewrite Rminus_eq_0, Rabs_R0. apply cond_pos. }
assert (Hac : a <= c) by (apply Hu, Ea).
assert (Hcb : c <= b) by (apply Hl; intros x [? _]; lra).
destruct (L c) as [d Hd]. assert (Hdp := cond_pos d).
assert (exists x, E x /\ c - d < x) as (x & [Hx [dx Hdx]] & Hxc).
{ apply NNPP. intro N. assert (c <= c - d); [|lra]. apply Hl.
  intros x Hx. apply Rnot_lt_le. intro. apply N. now exists x. }
assert (Hxc' : x <= c) by (apply Hu; split; [lra|now exists dx]).
set (m := Rmin d dx).
assert (Hm : 0 < m) by (apply Rmin_pos; apply cond_pos).
assert (K : forall u z, ball u0 m u -> a <= z -> z < c + d -> Rabs (f u z - f u0 z) < eps).
{ intros u z Hb Ha Hz. destruct (Rle_lt_dec z x).
  - apply (Hdx u z); [|lra]. apply ball_le with (2 := Hb). apply Rmin_r.
  - apply (Hd u z); [|apply Rabs_def1; lra]. apply ball_le with (2 := Hb). apply Rmin_l. }
assert (c = b) as ->.
{ destruct (Rle_lt_or_eq_dec _ _ Hcb) as [Hlt|]; trivial. exfalso.
  set (c' := Rmin (c + d / 2) b).
  assert (c < c') by (apply Rmin_glb_lt; lra).
  assert (c' <= b) by apply Rmin_r. assert (c' <= c + d / 2) by apply Rmin_l.
  assert (c' <= c); [|lra]. apply Hu. split; [lra|].
  exists (mkposreal m Hm). intros u z Hb Hz. apply K; trivial; lra. }
exists (mkposreal m Hm). intros u Hb z Hz. apply K; trivial; lra.
Qed.

Lemma parameter_continuous_RInt u0 a b : a <= b ->
  (forall z, continuous uncurried (u0, z)) -> (forall u, cont (f u)) ->
  continuous (fun u => RInt (f u) a b) u0.
Proof.
intros Hab Hc Hf. apply filterlim_locally. intros eps.
assert (He := cond_pos eps).
apply (filter_imp (fun u => forall z, a <= z <= b -> Rabs (f u z - f u0 z) < eps / (b - a + 1))).
- intros u Hu. change (Rabs (RInt (f u) a b - RInt (f u0) a b) < eps).
  rewrite <- RInt_sub by trivial.
  apply Rle_lt_trans with (RInt (fun _ => eps / (b - a + 1)) a b).
  + apply (norm_RInt_le (V := R_NormedModule) (fun x => f u x - f u0 x) (fun _ => eps / (b - a + 1)) a b); trivial.
    * intros z Hz. apply Rlt_le. apply (Hu z Hz).
    * apply (RInt_correct (fun x => f u x - f u0 x)). apply cont_ex_RInt, cont_minus; trivial.
    * apply (RInt_correct (fun _ => eps / (b - a + 1))). apply cont_ex_RInt, cont_const.
  + rewrite RInt_const. unfold scal; simpl; unfold mult; simpl.
    apply Rmult_lt_reg_r with (b - a + 1); [lra|].
    replace ((b - a) * (eps / (b - a + 1)) * (b - a + 1)) with ((b - a) * eps) by (field; lra). nra.
- apply tube; trivial. apply Rdiv_lt_0_compat; lra.
Qed.

Theorem parameter_continuous u0 g lg :
  (forall z, continuous uncurried (u0, z)) -> (forall u, cont (f u)) -> cont g -> integral g lg ->
  locally u0 (fun u => forall z, Rabs (f u z) <= g z) ->
  continuous (fun u => value (f u)) u0.
Proof.
intros Hc Hf Hg Ig Hd. apply filterlim_locally. intros eps.
assert (He := cond_pos eps).
destruct (integral_near g lg Hg Ig (eps / 4) ltac:(lra)) as [M [HM Hn]].
specialize (Hn (- (M + 1)) (M + 1) ltac:(lra) ltac:(lra)).
assert (Hn' := Rabs_def2 _ _ Hn).
assert (L := parameter_continuous_RInt u0 (- (M + 1)) (M + 1) ltac:(lra) Hc Hf).
apply filterlim_locally with (eps := mkposreal (eps / 2) ltac:(lra)) in L.
assert (Hd0 := locally_singleton _ _ Hd).
generalize (filter_and _ _ Hd L). apply filter_imp. intros u [Hdu HL].
change (Rabs (value (f u) - value (f u0)) < eps).
change (Rabs (RInt (f u) (- (M + 1)) (M + 1) - RInt (f u0) (- (M + 1)) (M + 1)) < eps / 2) in HL.
destruct (dominated_value (f u) g lg (Hf u) Hg Hdu Ig) as (_ & _ & T1).
destruct (dominated_value (f u0) g lg (Hf u0) Hg Hd0 Ig) as (_ & _ & T2).
specialize (T1 (- (M + 1)) (M + 1) ltac:(lra)). specialize (T2 (- (M + 1)) (M + 1) ltac:(lra)).
apply Rabs_le_between in T1. apply Rabs_le_between in T2. apply Rabs_def2 in HL. apply Rabs_def1; lra.
Qed.

End Dependence.

(** ** Fubini *)

Definition jointly_continuous (f : R -> R -> R) : Prop :=
  forall x y, continuous (fun p : R * R => f (fst p) (snd p)) (x, y).

Lemma jointly_flip f : jointly_continuous f -> jointly_continuous (fun y x => f x y).
Proof.
intros H y x.
exact (continuous_comp_2 (fun p : R * R => snd p) (fun p : R * R => fst p) f (y, x)
  (continuous_snd y x) (continuous_fst y x) (H x y)).
Qed.

Lemma jointly_right f x : jointly_continuous f -> cont (f x).
Proof.
intros H y.
exact (continuous_comp_2 (fun _ : R => x) (fun y : R => y) f y (continuous_const x y) (continuous_id y) (H x y)).
Qed.

Lemma jointly_left f y : jointly_continuous f -> cont (fun x => f x y).
Proof. intros H. apply (jointly_right (fun y x => f x y)). now apply jointly_flip. Qed.

(** On a rectangle: both sides have the same derivative in the upper limit. *)
Lemma fubini_rectangle f a b c d : a <= b -> c <= d -> jointly_continuous f ->
  RInt (fun x => RInt (f x) c d) a b = RInt (fun y => RInt (fun x => f x y) a b) c d.
Proof.
intros Hab Hcd Hc.
set (A := fun t => RInt (fun x => RInt (f x) c d) a t - RInt (fun y => RInt (fun x => f x y) a t) c d).
assert (Ccd : cont (fun x => RInt (f x) c d)).
{ intro x. apply (parameter_continuous_RInt f x c d Hcd (fun z => Hc x z)).
  intro u. now apply jointly_right. }
assert (D1 : forall t, is_derive (fun t => RInt (fun x => RInt (f x) c d) a t) t (RInt (f t) c d)).
{ intro t. apply (is_derive_RInt (fun x => RInt (f x) c d) _ a t); [|apply Ccd].
  apply filter_forall. intro s. apply (RInt_correct (fun x => RInt (f x) c d)). auto. }
assert (D0 : forall t y, is_derive (fun t => RInt (fun x => f x y) a t) t (f t y)).
{ intros t y. apply (is_derive_RInt (fun x => f x y) _ a t); [|now apply jointly_left].
  apply filter_forall. intro s. apply (RInt_correct (fun x => f x y)).
  apply cont_ex_RInt. now apply jointly_left. }
assert (HA : forall t, is_derive A t 0).
{ intro t. unfold A. evar_last.
  - apply (is_derive_minus (fun t => RInt (fun x => RInt (f x) c d) a t)
      (fun t => RInt (fun y => RInt (fun x => f x y) a t) c d)); [apply D1|].
    apply (is_derive_RInt_param (fun t y => RInt (fun x => f x y) a t) c d t).
    + apply filter_forall. intros s y _. eexists. apply D0.
    + intros y _. apply (continuity_2d_pt_ext f).
      * intros s z. symmetry. apply is_derive_unique. apply D0.
      * apply continuity_2d_pt_filterlim. apply Hc.
    + apply filter_forall. intro s. apply cont_ex_RInt. intro y.
      destruct (Rle_lt_dec a s).
      * apply (parameter_continuous_RInt (fun y x => f x y) y a s); trivial.
        -- intro z. apply (jointly_flip f Hc).
        -- intro u. now apply jointly_left.
      * apply (continuous_ext (fun y => - RInt (fun x => f x y) s a)).
        -- intro u. apply (opp_RInt_swap (V := R_CompleteNormedModule) (fun x => f x u)).
           apply cont_ex_RInt. now apply jointly_left.
        -- apply (continuous_opp (fun y => RInt (fun x => f x y) s a)).
           apply (parameter_continuous_RInt (fun y x => f x y) y s a); [lra| |].
           ++ intro z. apply (jointly_flip f Hc).
           ++ intro u. now apply jointly_left.
  - replace (RInt (fun t0 => Derive (fun u => RInt (fun x => f x t0) a u) t) c d) with (RInt (f t) c d).
    + unfold minus, plus, opp; simpl. ring.
    + apply RInt_ext. intros y _. symmetry. apply is_derive_unique. apply D0. }
assert (A0 : A a = 0).
{ unfold A. rewrite (RInt_point a (fun x => RInt (f x) c d)).
  rewrite (RInt_ext _ (fun _ => 0)).
  - rewrite RInt_const. unfold zero, scal; simpl; unfold mult; simpl. ring.
  - intros y _. apply (RInt_point a (fun x => f x y)). }
assert (A b = A a).
{ destruct (MVT_gen A a b (fun _ => 0)) as [z [_ Hz]].
  - intros; apply HA.
  - intros z _. apply continuity_pt_filterlim. apply (ex_derive_continuous A). eexists; apply HA.
  - lra. }
unfold A in *. lra.
Qed.

Section Fubini.
Variables (f : R -> R -> R) (g h : R -> R) (lg lh : R).
Hypothesis f_cont : jointly_continuous f.
Hypotheses (g_cont : cont g) (h_cont : cont h).
Hypotheses (g_integral : integral g lg) (h_integral : integral h lh).
Hypotheses (g_nonneg : forall x, 0 <= g x) (h_nonneg : forall y, 0 <= h y).
Hypothesis bound : forall x y, Rabs (f x y) <= g x * h y.

Lemma inner_dominated x :
  integral (f x) (value (f x)) /\ Rabs (value (f x)) <= g x * lh /\
  forall a b, a <= b -> Rabs (value (f x) - RInt (f x) a b) <= g x * (lh - RInt h a b).
Proof.
destruct (dominated_value (f x) (fun y => g x * h y) (g x * lh)) as (I1 & I2 & I3).
- now apply jointly_right.
- apply cont_mult; [apply cont_const|exact h_cont].
- apply bound.
- now apply integral_scal.
- split; [trivial|]. split; [trivial|]. intros a b Hab.
  specialize (I3 a b Hab). rewrite RInt_mul in I3 by trivial. lra.
Qed.

Lemma outer_continuous : cont (fun x => value (f x)).
Proof.
intro x0.
apply (parameter_continuous f x0 (fun y => (g x0 + 1) * h y) ((g x0 + 1) * lh)).
- intro z. apply f_cont.
- intro u. now apply jointly_right.
- apply cont_mult; [apply cont_const|exact h_cont].
- now apply integral_scal.
- generalize (g_cont x0). intro L. apply filterlim_locally with (eps := mkposreal 1 Rlt_0_1) in L.
  revert L. apply filter_imp. intros u Hu z. change (Rabs (g u - g x0) < 1) in Hu.
  apply Rle_trans with (1 := bound u z). apply Rmult_le_compat_r; trivial.
  apply Rabs_def2 in Hu. lra.
Qed.

Lemma outer_dominated : integral (fun x => value (f x)) (value (fun x => value (f x))) /\
  forall a b, a <= b ->
    Rabs (value (fun x => value (f x)) - RInt (fun x => value (f x)) a b) <= lh * (lg - RInt g a b).
Proof.
destruct (dominated_value (fun x => value (f x)) (fun x => lh * g x) (lh * lg)) as (I1 & I2 & I3).
- apply outer_continuous.
- apply cont_mult; [apply cont_const|exact g_cont].
- intro x. rewrite Rmult_comm. apply inner_dominated.
- now apply integral_scal.
- split; trivial. intros a b Hab. specialize (I3 a b Hab). rewrite RInt_mul in I3 by trivial. lra.
Qed.

(** A square catches the iterated integral up to the tails of g and h. *)
Lemma square_bound a b : a <= b ->
  Rabs (value (fun x => value (f x)) - RInt (fun x => RInt (f x) a b) a b) <=
  lh * (lg - RInt g a b) + lg * (lh - RInt h a b).
Proof.
intros Hab. destruct outer_dominated as [_ T]. specialize (T a b Hab).
assert (Cab : cont (fun x => RInt (f x) a b)).
{ intro x. apply (parameter_continuous_RInt f x a b Hab (fun z => f_cont x z)).
  intro u. now apply jointly_right. }
assert (K : Rabs (RInt (fun x => value (f x) - RInt (f x) a b) a b) <=
            RInt (fun x => (lh - RInt h a b) * g x) a b).
{ apply RInt_abs; trivial.
  - apply cont_minus; trivial. apply outer_continuous.
  - apply cont_mult; [apply cont_const|exact g_cont].
  - intro x. rewrite Rmult_comm. now apply inner_dominated. }
rewrite RInt_mul in K by trivial. rewrite RInt_sub in K by (trivial; apply outer_continuous).
assert (H1 : RInt h a b <= lh) by now apply RInt_le_integral.
assert (H2 : RInt g a b <= lg) by now apply RInt_le_integral.
assert ((lh - RInt h a b) * RInt g a b <= (lh - RInt h a b) * lg) by (apply Rmult_le_compat_l; lra).
apply Rabs_le_between in T. apply Rabs_le_between in K. apply Rabs_le. lra.
Qed.

End Fubini.

Theorem fubini f g h lg lh :
  jointly_continuous f -> cont g -> cont h -> integral g lg -> integral h lh ->
  (forall x, 0 <= g x) -> (forall y, 0 <= h y) -> (forall x y, Rabs (f x y) <= g x * h y) ->
  exists l, integral (fun x => value (f x)) l /\ integral (fun y => value (fun x => f x y)) l.
Proof.
intros Hf Hg Hh Ig Ih Pg Ph B.
assert (B' : forall y x, Rabs (f x y) <= h y * g x) by (intros; rewrite Rmult_comm; apply B).
assert (I1 := proj1 (outer_dominated f g h lg lh Hf Hg Hh Ig Ih Ph B)).
assert (I2 := proj1 (outer_dominated (fun y x => f x y) h g lh lg (jointly_flip f Hf) Hh Hg Ih Ig Pg B')).
assert (S1 := square_bound f g h lg lh Hf Hg Hh Ig Ih Pg Ph B).
assert (S2 := square_bound (fun y x => f x y) h g lh lg (jointly_flip f Hf) Hh Hg Ih Ig Ph Pg B').
exists (value (fun x => value (f x))). split; [exact I1|].
replace (value (fun x => value (f x))) with (value (fun y => value (fun x => f x y))); [exact I2|].
set (l1 := value (fun x => value (f x))) in *. set (l2 := value (fun y => value (fun x => f x y))) in *.
assert (Lg : 0 <= lg) by (generalize (RInt_le_integral g lg 0 0 Hg Pg Ig (Rle_refl 0));
  rewrite (RInt_point 0 g); trivial).
assert (Lh : 0 <= lh) by (generalize (RInt_le_integral h lh 0 0 Hh Ph Ih (Rle_refl 0));
  rewrite (RInt_point 0 h); trivial).
apply cond_eq. intros eps He.
set (e := eps / (2 * (lg + lh + 1))).
assert (He' : 0 < e) by (apply Rdiv_lt_0_compat; lra).
destruct (integral_near g lg Hg Ig e He') as [M1 [HM1 N1]].
destruct (integral_near h lh Hh Ih e He') as [M2 [HM2 N2]].
set (M := M1 + M2 + 1).
specialize (N1 (- M) M ltac:(unfold M; lra) ltac:(unfold M; lra)).
specialize (N2 (- M) M ltac:(unfold M; lra) ltac:(unfold M; lra)).
specialize (S1 (- M) M ltac:(unfold M; lra)). specialize (S2 (- M) M ltac:(unfold M; lra)).
rewrite (fubini_rectangle f (- M) M (- M) M) in S1 by (trivial; unfold M; lra).
apply Rabs_def2 in N1. apply Rabs_def2 in N2.
assert (lh * (lg - RInt g (- M) M) <= lh * e) by (apply Rmult_le_compat_l; lra).
assert (lg * (lh - RInt h (- M) M) <= lg * e) by (apply Rmult_le_compat_l; lra).
assert (E : 2 * (lg + lh) * e < eps).
{ replace eps with (2 * (lg + lh + 1) * e) by (unfold e; field; lra). nra. }
apply Rabs_le_between in S1. apply Rabs_le_between in S2. apply Rabs_def1; lra.
Qed.

(** ** Tame functions *)

(** Continuous, and of at most exponential growth. *)
Definition tame (phi : R -> R) : Prop :=
  cont phi /\ exists C b, 0 <= C /\ 0 <= b /\ forall x, Rabs (phi x) <= C * exp (b * Rabs x).

Lemma exp_le x y : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; now apply exp_increasing|right; trivial]. Qed.

Lemma exp_ge_1 x : 0 <= x -> 1 <= exp x.
Proof. intros. rewrite <- exp_0. now apply exp_le. Qed.

Lemma tame_const c : tame (fun _ => c).
Proof.
split; [apply cont_const|]. exists (Rabs c), 0. repeat split; try lra; [apply Rabs_pos|].
intro x. rewrite Rmult_0_l, exp_0. lra.
Qed.

Lemma tame_id : tame (fun x => x).
Proof.
split; [apply cont_id|]. exists 1, 1. repeat split; try lra.
intro x. generalize (exp_ineq1_le (1 * Rabs x)). lra.
Qed.

Lemma tame_plus f g : tame f -> tame g -> tame (fun x => f x + g x).
Proof.
intros [Cf (C1 & b1 & HC1 & Hb1 & H1)] [Cg (C2 & b2 & HC2 & Hb2 & H2)].
split; [now apply cont_plus|]. exists (C1 + C2), (b1 + b2). repeat split; try lra.
intro x. assert (Hx := Rabs_pos x).
assert (exp (b1 * Rabs x) <= exp ((b1 + b2) * Rabs x)) by (apply exp_le; nra).
assert (exp (b2 * Rabs x) <= exp ((b1 + b2) * Rabs x)) by (apply exp_le; nra).
apply Rle_trans with (1 := Rabs_triang _ _).
specialize (H1 x). specialize (H2 x). nra.
Qed.

Lemma tame_mult f g : tame f -> tame g -> tame (fun x => f x * g x).
Proof.
intros [Cf (C1 & b1 & HC1 & Hb1 & H1)] [Cg (C2 & b2 & HC2 & Hb2 & H2)].
split; [now apply cont_mult|]. exists (C1 * C2), (b1 + b2). repeat split; try lra.
{ now apply Rmult_le_pos. }
intro x. rewrite Rabs_mult, Rmult_plus_distr_r, exp_plus.
replace (C1 * C2 * (exp (b1 * Rabs x) * exp (b2 * Rabs x)))
  with ((C1 * exp (b1 * Rabs x)) * (C2 * exp (b2 * Rabs x))) by ring.
apply Rmult_le_compat; trivial; apply Rabs_pos.
Qed.

Lemma tame_scal c f : tame f -> tame (fun x => c * f x).
Proof. apply tame_mult, tame_const. Qed.

Lemma tame_minus f g : tame f -> tame g -> tame (fun x => f x - g x).
Proof.
intros Hf Hg.
destruct (tame_plus f (fun x => (-1) * g x) Hf (tame_scal (-1) g Hg)) as [Hc (C & b & HC & Hb & H)].
split; [apply cont_minus; [apply Hf|apply Hg]|]. exists C, b. repeat split; trivial.
intro x. replace (f x - g x) with (f x + (-1) * g x) by ring. apply H.
Qed.

Lemma tame_ext f g : (forall x, f x = g x) -> tame f -> tame g.
Proof.
intros E [Hc (C & b & HC & Hb & H)]. split.
- intro x. apply (continuous_ext f); trivial.
- exists C, b. repeat split; trivial. intro x. rewrite <- E. apply H.
Qed.

Lemma tame_pow f n : tame f -> tame (fun x => f x ^ n).
Proof.
intros Hf. induction n as [|n IH]; simpl; [apply tame_const|]. now apply tame_mult.
Qed.

Lemma tame_affine f k c : tame f -> tame (fun x => f (k * x + c)).
Proof.
intros [Hf (C & b & HC & Hb & H)]. split.
- apply (cont_comp f (fun x => k * x + c)); trivial.
  apply cont_plus; [apply cont_mult; [apply cont_const|apply cont_id]|apply cont_const].
- exists (C * exp (b * Rabs c)), (b * Rabs k). repeat split.
  + apply Rmult_le_pos; [trivial|apply Rlt_le, exp_pos].
  + apply Rmult_le_pos; [trivial|apply Rabs_pos].
  + intro x. apply Rle_trans with (1 := H _).
    rewrite Rmult_assoc, <- exp_plus. apply Rmult_le_compat_l; trivial. apply exp_le.
    assert (Rabs (k * x + c) <= Rabs k * Rabs x + Rabs c).
    { rewrite <- Rabs_mult. apply Rabs_triang. }
    apply (Rmult_le_compat_l b) in H0; lra.
Qed.

(** In particular: continuous and polynomially bounded, which every Lipschitz function is. *)
Lemma tame_polynomial f C n :
  cont f -> 0 <= C -> (forall x, Rabs (f x) <= C * (1 + Rabs x) ^ n) -> tame f.
Proof.
intros Hf HC H. split; trivial. exists C, (INR n). repeat split; trivial; [apply pos_INR|].
intro x. apply Rle_trans with (1 := H x). apply Rmult_le_compat_l; trivial.
rewrite <- (Rmult_comm (Rabs x)). clear H. induction n as [|n IH].
- simpl. rewrite Rmult_0_r, exp_0. lra.
- rewrite S_INR, Rmult_plus_distr_l, exp_plus, Rmult_1_r, Rmult_comm. simpl.
  assert (Hx := Rabs_pos x).
  apply Rmult_le_compat; trivial; [lra|apply pow_le; lra|]. apply exp_ineq1_le.
Qed.

Lemma tame_lipschitz f L : 0 <= L -> (forall x y, Rabs (f x - f y) <= L * Rabs (x - y)) -> tame f.
Proof.
intros HL H. apply (tame_polynomial f (Rabs (f 0) + L) 1).
- intro x. apply filterlim_locally. intro eps.
  assert (He := cond_pos eps).
  exists (mkposreal (eps / (L + 1)) ltac:(apply Rdiv_lt_0_compat; lra)).
  intros y Hy. change (Rabs (y - x) < eps / (L + 1)) in Hy. change (Rabs (f y - f x) < eps).
  apply Rle_lt_trans with (1 := H y x).
  apply (Rmult_lt_compat_r (L + 1)) in Hy; [|lra].
  replace (eps / (L + 1) * (L + 1)) with (pos eps) in Hy by (field; lra).
  generalize (Rabs_pos (y - x)). intro. nra.
- generalize (Rabs_pos (f 0)). lra.
- intro x. specialize (H x 0). rewrite Rminus_0_r in H.
  replace (f x) with ((f x - f 0) + f 0) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _). simpl.
  generalize (Rabs_pos x) (Rabs_pos (f 0)). nra.
Qed.

(** ** Expectations under a normal law *)

(** E[phi(x)], x ~ N(m, v). *)
Definition expect (m v : R) (phi : R -> R) : R := value (fun x => normal m v x * phi x).

Lemma normal_exponential m v b :
  0 < v -> integral (fun x => normal m v x * exp (b * x)) (exp (b * m + b ^ 2 * v / 2)).
Proof.
intros Hv. apply (integral_scaled (exp (b * m + b ^ 2 * v / 2)) (normal (m + b * v) v) 1).
- now apply normal_normalised.
- intro x. unfold normal. assert (S := normal_scale v Hv).
  transitivity (exp (- (x - m) ^ 2 / (2 * v)) * exp (b * x) / sqrt (2 * PI * v)); [field; lra|].
  transitivity (exp (b * m + b ^ 2 * v / 2) * exp (- (x - (m + b * v)) ^ 2 / (2 * v)) / sqrt (2 * PI * v)); [|field; lra].
  rewrite <- !exp_plus. f_equal. f_equal. field. lra.
- ring.
Qed.

(** exp(b|x|) is below an integrable function. *)
Definition envelope (b x : R) : R := exp (b * x) + exp (- b * x).

Lemma envelope_ge b x : exp (b * Rabs x) <= envelope b x.
Proof.
unfold envelope. assert (A := exp_pos (b * x)). assert (B := exp_pos (- b * x)).
unfold Rabs. destruct (Rcase_abs x).
- replace (b * - x) with (- b * x) by ring. lra.
- lra.
Qed.

Lemma envelope_cont b : cont (envelope b).
Proof. intro x. apply (ex_derive_continuous (envelope b)). unfold envelope. auto_derive. trivial. Qed.

Lemma envelope_nonneg b x : 0 <= envelope b x.
Proof. unfold envelope. assert (A := exp_pos (b * x)). assert (B := exp_pos (- b * x)). lra. Qed.

Definition envelope_mean (m v b : R) : R := exp (b * m + b ^ 2 * v / 2) + exp (- b * m + b ^ 2 * v / 2).

Lemma envelope_integral m v b :
  0 < v -> integral (fun x => normal m v x * envelope b x) (envelope_mean m v b).
Proof.
intros Hv.
eapply integral_eq; [exact (integral_plus _ _ _ _ (normal_exponential m v b Hv) (normal_exponential m v (- b) Hv))| |].
- intro x. unfold envelope. simpl. ring.
- unfold envelope_mean. replace ((- b) ^ 2) with (b ^ 2) by ring. reflexivity.
Qed.

Lemma normal_cont m v : cont (normal m v).
Proof. intro x. apply normal_continuous. Qed.

Lemma normal_nonneg m v x : 0 < v -> 0 <= normal m v x.
Proof. intros. apply Rlt_le. now apply normal_pos. Qed.

Lemma expect_bound m v phi C b :
  0 < v -> cont phi -> 0 <= C -> (forall x, Rabs (phi x) <= C * exp (b * Rabs x)) ->
  integral (fun x => normal m v x * phi x) (expect m v phi) /\
  Rabs (expect m v phi) <= C * envelope_mean m v b.
Proof.
intros Hv Hc HC H.
destruct (dominated_value (fun x => normal m v x * phi x) (fun x => C * (normal m v x * envelope b x))
  (C * envelope_mean m v b)) as (I1 & I2 & _).
- apply cont_mult; trivial. apply normal_cont.
- apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont].
- intro x. rewrite Rabs_mult, (Rabs_pos_eq (normal m v x)) by now apply normal_nonneg.
  replace (C * (normal m v x * envelope b x)) with (normal m v x * (C * envelope b x)) by ring.
  apply Rmult_le_compat_l; [now apply normal_nonneg|]. apply Rle_trans with (1 := H x).
  apply Rmult_le_compat_l; trivial. apply envelope_ge.
- apply integral_scal. now apply envelope_integral.
- split; trivial.
Qed.

Theorem expect_correct m v phi :
  0 < v -> tame phi -> integral (fun x => normal m v x * phi x) (expect m v phi).
Proof. intros Hv [Hc (C & b & HC & Hb & H)]. now apply (expect_bound m v phi C b). Qed.

Lemma expect_eq m v phi l : integral (fun x => normal m v x * phi x) l -> expect m v phi = l.
Proof. apply value_eq. Qed.

Lemma expect_ext m v phi psi :
  0 < v -> tame phi -> (forall x, phi x = psi x) -> expect m v phi = expect m v psi.
Proof.
intros Hv Hp H. symmetry. apply expect_eq.
apply (integral_ext (fun x => normal m v x * phi x)); [intro x; now rewrite H|]. now apply expect_correct.
Qed.

Lemma expect_plus m v phi psi : 0 < v -> tame phi -> tame psi ->
  expect m v (fun x => phi x + psi x) = expect m v phi + expect m v psi.
Proof.
intros Hv Hp Hq. apply expect_eq.
eapply integral_ext; [|exact (integral_plus _ _ _ _ (expect_correct m v phi Hv Hp) (expect_correct m v psi Hv Hq))].
intro x. simpl. ring.
Qed.

Lemma expect_scal m v k phi : 0 < v -> tame phi -> expect m v (fun x => k * phi x) = k * expect m v phi.
Proof.
intros Hv Hp. apply expect_eq.
eapply integral_ext; [|exact (integral_scal _ k _ (expect_correct m v phi Hv Hp))]. intro x. simpl. ring.
Qed.

Lemma expect_const m v c : 0 < v -> expect m v (fun _ => c) = c.
Proof.
intros Hv. apply expect_eq. apply (integral_scaled c _ _ _ _ (normal_normalised m v Hv)).
- intro x. ring.
- ring.
Qed.

(** Change of variable: x = k z + c. *)
Theorem expect_affine m v k c phi :
  0 < v -> 0 < k -> tame phi -> expect (k * m + c) (k ^ 2 * v) phi = expect m v (fun z => phi (k * z + c)).
Proof.
intros Hv Hk Hp. symmetry. apply expect_eq.
assert (Hv' : 0 < k ^ 2 * v) by (apply Rmult_lt_0_compat; [now apply pow_lt|trivial]).
apply (integral_ext (fun z => k * (normal (k * m + c) (k ^ 2 * v) (k * z + c) * phi (k * z + c)))).
- intro z. rewrite (normal_affine m v k c z) by (trivial; lra). rewrite Rabs_pos_eq by lra. ring.
- apply (integral_affine (fun x => normal (k * m + c) (k ^ 2 * v) x * phi x)); trivial.
  now apply expect_correct.
Qed.

Lemma expect_shift v c phi :
  0 < v -> tame phi -> expect c v phi = expect 0 v (fun z => phi (z + c)).
Proof.
intros Hv Hp. generalize (expect_affine 0 v 1 c phi Hv Rlt_0_1 Hp).
replace (1 * 0 + c) with c by ring. replace (1 ^ 2 * v) with v by ring. intros ->.
apply expect_ext; trivial; [now apply tame_affine|]. intro x. now rewrite Rmult_1_l.
Qed.

(** ** Kernels *)

Lemma continuous_affine_pair (k c : R) (x z : R) :
  continuous (fun p : R * R => snd p + (k * fst p + c)) (x, z).
Proof.
apply (continuous_plus (fun p : R * R => snd p) (fun p : R * R => k * fst p + c)).
- apply continuous_snd.
- apply (continuous_plus (fun p : R * R => k * fst p) (fun _ => c)).
  + apply (continuous_mult (fun _ : R * R => k) (fun p : R * R => fst p)); [apply continuous_const|apply continuous_fst].
  + apply continuous_const.
Qed.

Theorem kernel_tame k c s phi : 0 < s -> tame phi -> tame (fun x => expect (k * x + c) s phi).
Proof.
intros Hs Hp. assert (Hp' := Hp). destruct Hp' as [Hc (C & b & HC & Hb & H)].
split.
- intro x0.
  apply (continuous_ext (fun x => value (fun z => normal 0 s z * phi (z + (k * x + c))))).
  { intro x. symmetry. now apply expect_shift. }
  set (R0 := Rabs k * (Rabs x0 + 1) + Rabs c).
  apply (parameter_continuous (fun x z => normal 0 s z * phi (z + (k * x + c))) x0
    (fun z => C * exp (b * R0) * (normal 0 s z * envelope b z)) (C * exp (b * R0) * envelope_mean 0 s b)).
  + intro z. unfold uncurried.
    apply (continuous_mult (fun p : R * R => normal 0 s (snd p)) (fun p : R * R => phi (snd p + (k * fst p + c)))).
    * apply (continuous_comp (fun p : R * R => snd p) (normal 0 s)); [apply continuous_snd|apply normal_continuous].
    * apply (continuous_comp (fun p : R * R => snd p + (k * fst p + c)) phi); [apply continuous_affine_pair|apply Hc].
  + intro x. apply cont_mult; [apply normal_cont|].
    apply (cont_comp phi (fun z => z + (k * x + c))); trivial. apply cont_plus; [apply cont_id|apply cont_const].
  + apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont].
  + apply integral_scal. now apply envelope_integral.
  + exists (mkposreal 1 Rlt_0_1). intros x Hx z. change (Rabs (x - x0) < 1) in Hx.
    rewrite Rabs_mult, (Rabs_pos_eq (normal 0 s z)) by now apply normal_nonneg.
    replace (C * exp (b * R0) * (normal 0 s z * envelope b z))
      with (normal 0 s z * (C * (exp (b * R0) * envelope b z))) by ring.
    apply Rmult_le_compat_l; [now apply normal_nonneg|]. apply Rle_trans with (1 := H _).
    apply Rmult_le_compat_l; trivial.
    apply Rle_trans with (exp (b * R0) * exp (b * Rabs z)).
    * rewrite <- exp_plus. apply exp_le. rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; trivial.
      assert (Rabs (z + (k * x + c)) <= Rabs z + (Rabs k * Rabs x + Rabs c)).
      { apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat_l. rewrite <- Rabs_mult. apply Rabs_triang. }
      assert (Rabs x <= Rabs x0 + 1).
      { replace x with ((x - x0) + x0) by ring. generalize (Rabs_triang (x - x0) x0). lra. }
      assert (Rabs k * Rabs x <= Rabs k * (Rabs x0 + 1)) by (apply Rmult_le_compat_l; [apply Rabs_pos|trivial]).
      unfold R0. lra.
    * apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|apply envelope_ge].
- set (B := exp (b * Rabs c) * exp (b ^ 2 * s / 2)).
  exists (C * (2 * B)), (b * Rabs k). repeat split.
  + apply Rmult_le_pos; trivial. unfold B. generalize (exp_pos (b * Rabs c)) (exp_pos (b ^ 2 * s / 2)). intros. nra.
  + apply Rmult_le_pos; [trivial|apply Rabs_pos].
  + intro x. apply Rle_trans with (1 := proj2 (expect_bound (k * x + c) s phi C b Hs Hc HC H)).
    rewrite Rmult_assoc. apply Rmult_le_compat_l; trivial.
    assert (K : Rabs (k * x + c) <= Rabs k * Rabs x + Rabs c) by (rewrite <- Rabs_mult; apply Rabs_triang).
    apply (Rmult_le_compat_l b) in K; trivial.
    assert (forall w, w <= b * Rabs (k * x + c) -> exp (w + b ^ 2 * s / 2) <= B * exp (b * Rabs k * Rabs x)).
    { intros w Hw. unfold B. rewrite <- !exp_plus. apply exp_le. lra. }
    unfold envelope_mean.
    assert (exp (b * (k * x + c) + b ^ 2 * s / 2) <= B * exp (b * Rabs k * Rabs x)).
    { apply H0. apply Rmult_le_compat_l; trivial. apply Rle_abs. }
    assert (exp (- b * (k * x + c) + b ^ 2 * s / 2) <= B * exp (b * Rabs k * Rabs x)).
    { apply H0. replace (- b * (k * x + c)) with (b * - (k * x + c)) by ring.
      apply Rmult_le_compat_l; trivial. rewrite <- Rabs_Ropp. apply Rle_abs. }
    lra.
Qed.

(** The square root of a normal density is, up to a factor, normal with twice the variance. *)
Definition root_factor (v : R) : R := sqrt (2 * PI * (2 * v)) / sqrt (sqrt (2 * PI * v)).

Lemma normal_root m v x : 0 < v -> normal m v x = (root_factor v * normal m (2 * v) x) ^ 2.
Proof.
intros Hv. unfold normal, root_factor.
assert (S := normal_scale v Hv). assert (S2 := normal_scale (2 * v) ltac:(lra)).
set (r := sqrt (2 * PI * v)) in *. assert (Pr := sqrt_lt_R0 r S). assert (Er := sqrt_sqrt r ltac:(lra)).
replace (exp (- (x - m) ^ 2 / (2 * v))) with (exp (- (x - m) ^ 2 / (2 * (2 * v))) ^ 2).
- set (e := exp _). set (r2 := sqrt (2 * PI * (2 * v))) in *.
  transitivity (e ^ 2 / (sqrt r * sqrt r)); [now rewrite Er|field; lra].
- replace (exp (- (x - m) ^ 2 / (2 * (2 * v))) ^ 2)
    with (exp (- (x - m) ^ 2 / (2 * (2 * v))) * exp (- (x - m) ^ 2 / (2 * (2 * v)))) by ring.
  rewrite <- exp_plus. f_equal. field. lra.
Qed.

Lemma root_factor_pos v : 0 < v -> 0 < root_factor v.
Proof.
intros Hv. unfold root_factor. apply Rdiv_lt_0_compat; [apply normal_scale; lra|].
apply sqrt_lt_R0. now apply normal_scale.
Qed.

Lemma normal_le m v x : 0 < v -> normal m v x <= / sqrt (2 * PI * v).
Proof.
intros Hv. unfold normal. assert (S := normal_scale v Hv).
unfold Rdiv. rewrite <- (Rmult_1_l (/ sqrt _)) at 2. apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; trivial|].
rewrite <- exp_0. apply exp_le. generalize (pow2_ge_0 (x - m)). intro.
apply (Rmult_le_reg_r (2 * v)); [lra|].
replace (- (x - m) ^ 2 * / (2 * v) * (2 * v)) with (- (x - m) ^ 2) by (field; lra). lra.
Qed.

(** A joint density x ~ N(m,v), y|x ~ N(k x + c, s), is below a product: it is the geometric
    mean of its two factorisations. *)
Lemma joint_below_product m v k c s : 0 < v -> 0 < s -> exists K, 0 <= K /\ forall x y,
  normal m v x * normal (k * x + c) s y <=
  normal m (2 * v) x * (K * normal (evidence_mean m k c) (2 * evidence_variance v k s) y).
Proof.
intros Hv Hs.
assert (Hk := pow2_ge_0 k).
set (em := evidence_mean m k c). set (ev := evidence_variance v k s).
assert (He : 0 < ev) by (unfold ev, evidence_variance; nra).
assert (Hb := bayes_variance_pos v k s Hv Hs). set (bv := bayes_variance v k s) in *.
set (c1 := / sqrt (2 * PI * s)). set (c2 := / sqrt (2 * PI * bv)).
assert (P1 : 0 < c1) by (apply Rinv_0_lt_compat, normal_scale; trivial).
assert (P2 : 0 < c2) by (apply Rinv_0_lt_compat, normal_scale; trivial).
assert (P3 := root_factor_pos v Hv). assert (P4 := root_factor_pos ev He).
exists (sqrt (c1 * c2) * (root_factor v * root_factor ev)).
assert (P5 : 0 <= c1 * c2) by (apply Rmult_le_pos; lra).
split. { apply Rmult_le_pos; [apply sqrt_pos|apply Rmult_le_pos; lra]. }
intros x y.
set (gx := normal m (2 * v) x). set (hy := normal em (2 * ev) y).
assert (Pg : 0 <= gx) by (apply normal_nonneg; lra). assert (Ph : 0 <= hy) by (apply normal_nonneg; lra).
set (A := normal m v x * normal (k * x + c) s y).
assert (PA : 0 <= A) by (apply Rmult_le_pos; now apply normal_nonneg).
set (B := gx * (sqrt (c1 * c2) * (root_factor v * root_factor ev) * hy)).
assert (PB : 0 <= B).
{ unfold B. apply Rmult_le_pos; trivial. apply Rmult_le_pos; trivial.
  apply Rmult_le_pos; [apply sqrt_pos|apply Rmult_le_pos; lra]. }
apply Rsqr_incr_0; trivial. unfold Rsqr.
assert (A1 : A <= (root_factor v * gx) ^ 2 * c1).
{ unfold A. rewrite (normal_root m v x Hv). apply Rmult_le_compat_l; [apply pow2_ge_0|now apply normal_le]. }
assert (A2 : A <= (root_factor ev * hy) ^ 2 * c2).
{ unfold A. rewrite bayes by trivial. fold em ev bv. rewrite (normal_root em ev y He).
  apply Rmult_le_compat_l; [apply pow2_ge_0|now apply normal_le]. }
replace (B * B) with (((root_factor v * gx) ^ 2 * c1) * ((root_factor ev * hy) ^ 2 * c2)).
- apply Rmult_le_compat; trivial.
- unfold B. transitivity (gx ^ 2 * (root_factor v * root_factor ev) ^ 2 * hy ^ 2 * (c1 * c2)); [ring|].
  rewrite <- (sqrt_sqrt (c1 * c2) P5) at 1. ring.
Qed.

Lemma normal_recentre m v x : normal m v x = normal 0 v (x - m).
Proof. unfold normal. now rewrite Rminus_0_r. Qed.

Lemma joint_density_continuous m v k c s phi : cont phi ->
  jointly_continuous (fun x y => normal m v x * normal (k * x + c) s y * phi y).
Proof.
intros Hp x y.
apply (continuous_mult (fun p : R * R => normal m v (fst p) * normal (k * fst p + c) s (snd p)) (fun p => phi (snd p))).
- apply (continuous_mult (fun p : R * R => normal m v (fst p)) (fun p => normal (k * fst p + c) s (snd p))).
  + apply (continuous_comp (fun p : R * R => fst p) (normal m v)); [apply continuous_fst|apply normal_continuous].
  + apply (continuous_ext (fun p : R * R => normal 0 s (snd p + (- k * fst p + - c)))).
    { intros [u w]. cbn [fst snd]. rewrite (normal_recentre (k * u + c)).
      apply (f_equal (normal 0 s) (x := w + (- k * u + - c)) (y := w - (k * u + c))). ring. }
    apply (continuous_comp (fun p : R * R => snd p + (- k * fst p + - c)) (normal 0 s));
      [apply continuous_affine_pair|apply normal_continuous].
- apply (continuous_comp (fun p : R * R => snd p) phi); [apply continuous_snd|apply Hp].
Qed.

(** The tower property. *)
Theorem tower m v k c s phi :
  0 < v -> 0 < s -> tame phi ->
  integral (fun x => normal m v x * expect (k * x + c) s phi)
    (expect (evidence_mean m k c) (evidence_variance v k s) phi).
Proof.
intros Hv Hs Hp. assert (Hp' := Hp). destruct Hp' as [Hc (C & b & HC & Hb & H)].
destruct (joint_below_product m v k c s Hv Hs) as [K [HK HB]].
set (em := evidence_mean m k c) in *. set (ev := evidence_variance v k s) in *.
assert (He : 0 < ev) by (unfold ev, evidence_variance; generalize (pow2_ge_0 k); nra).
destruct (fubini (fun x y => normal m v x * normal (k * x + c) s y * phi y)
  (normal m (2 * v)) (fun y => K * C * (normal em (2 * ev) y * envelope b y))
  1 (K * C * envelope_mean em (2 * ev) b)) as [l [I1 I2]].
- now apply joint_density_continuous.
- apply normal_cont.
- apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont].
- apply normal_normalised. lra.
- apply integral_scal. apply envelope_integral. lra.
- intro x. apply normal_nonneg. lra.
- intro y. apply Rmult_le_pos; [now apply Rmult_le_pos|].
  apply Rmult_le_pos; [apply normal_nonneg; lra|apply envelope_nonneg].
- intros x y. rewrite Rabs_mult, (Rabs_pos_eq (normal m v x * _)).
  2: { apply Rmult_le_pos; now apply normal_nonneg. }
  replace (normal m (2 * v) x * (K * C * (normal em (2 * ev) y * envelope b y)))
    with ((normal m (2 * v) x * (K * normal em (2 * ev) y)) * (C * envelope b y)) by ring.
  apply Rmult_le_compat; [|apply Rabs_pos|apply HB|].
  + apply Rmult_le_pos; now apply normal_nonneg.
  + apply Rle_trans with (1 := H y). apply Rmult_le_compat_l; trivial. apply envelope_ge.
- assert (E1 : l = expect em ev phi).
  { apply (integral_unique _ _ _ I2).
    apply (integral_ext (fun y => normal em ev y * phi y)); [|now apply expect_correct].
    intro y. symmetry. apply value_eq.
    apply (integral_scaled (phi y) _ _ _ _ (total_probability m v k c s y Hv Hs)).
    - intro x. cbv beta. ring.
    - fold em ev. ring. }
  rewrite <- E1. apply (integral_ext (fun x => value (fun y => normal m v x * normal (k * x + c) s y * phi y))); [|exact I1].
  intro x. apply value_eq.
  apply (integral_scaled (normal m v x) _ _ _ _ (expect_correct (k * x + c) s phi Hs Hp)).
  + intro y. cbv beta. ring.
  + reflexivity.
Qed.
