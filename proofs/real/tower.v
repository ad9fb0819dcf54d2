(** * Expectations over R^d

    - [kernel_d_parameter]: a linear-Gaussian kernel, one affine map per component, carries continuity
      and exponential growth from (u, y) to (u, x), where u ranges over any uniform space.
    - [exchange_d]: E over R and E over R^d may be exchanged.
    - [tower_d]: E over N(m, v I) of E over N(k x + c, s I) is E over N(k m + c, (k^2 v + s) I).
    - [tame_d_plus], [tame_d_mult], ...: what is tame on R^d ([tame_d], dimensions.v); [tame_map]: maps whose
      every component is; [tame_map_distance]: the squared distance of two such maps is tame.
    - [expect_d_correct], [kernel_tame_d]: a tame function has an expectation under every N(m, v I), and
      kernels map tame functions to tame functions. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini dimensions.
Open Scope R_scope.

(** ** Continuity *)

Lemma continuous_pair {U V W : UniformSpace} (f : U -> V) (g : U -> W) u :
  continuous f u -> continuous g u -> continuous (U := prod_UniformSpace V W) (fun u => (f u, g u)) u.
Proof.
intros Hf Hg. apply filterlim_locally. intro eps.
apply filterlim_locally with (eps := eps) in Hf. apply filterlim_locally with (eps := eps) in Hg.
generalize (filter_and _ _ Hf Hg). apply filter_imp. intros x [A B]. now split.
Qed.

Lemma continuous_d_comp d : forall (U V : UniformSpace) (phi : V -> U) (f : U -> vec d -> R),
  (forall v, continuous phi v) -> continuous_d d U f -> continuous_d d V (fun v z => f (phi v) z).
Proof.
induction d as [|d IH]; simpl; intros U V phi f Hp Hf.
- intro v. apply (continuous_comp phi (fun u => f u tt)); [apply Hp|apply Hf].
- apply (IH (prod_UniformSpace U R_UniformSpace) (prod_UniformSpace V R_UniformSpace)
    (fun p => (phi (fst p), snd p)) (fun p zs => f (fst p) (snd p, zs))); [|exact Hf].
  intros [v x]. apply (continuous_pair (fun p : V * R => phi (fst p)) (fun p => snd p)); [|apply continuous_snd].
  apply (continuous_comp (fun p : V * R => fst p) phi); [apply continuous_fst|apply Hp].
Qed.

Lemma continuous_d_at d : forall (U : UniformSpace) (f : U -> vec d -> R) z,
  continuous_d d U f -> forall u, continuous (fun u => f u z) u.
Proof.
induction d as [|d IH]; intros U f z Hf u; [destruct z; apply Hf|]. destruct z as [z zs].
apply (continuous_comp_2 (fun u => u) (fun _ : U => z) (fun u z => f u (z, zs)) u);
  [apply continuous_id|apply continuous_const|].
exact (IH (prod_UniformSpace U R_UniformSpace) (fun p zs => f (fst p) (snd p, zs)) zs Hf (u, z)).
Qed.

(** ** Kernels, with a parameter *)

Definition kernel_growth (b c s : R) : R := 2 * (exp (b * Rabs c) * exp (b ^ 2 * s / 2)).

Lemma kernel_growth_nonneg b c s : 0 <= kernel_growth b c s.
Proof.
unfold kernel_growth. apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; apply Rlt_le, exp_pos.
Qed.

Section Kernel.
Context {U : UniformSpace}.
Variables (F : U -> R -> R) (C : U -> R) (b k c s : R).
Hypothesis s_pos : 0 < s.
Hypothesis F_continuous : forall p : U * R, continuous (fun p : U * R => F (fst p) (snd p)) p.
Hypotheses (C_continuous : forall u, continuous C u) (C_nonneg : forall u, 0 <= C u) (b_nonneg : 0 <= b).
Hypothesis F_bound : forall u y, Rabs (F u y) <= C u * exp (b * Rabs y).

Lemma parameter_tame u : tame (F u).
Proof.
split; [|now exists (C u), b]. intro y.
exact (continuous_comp_2 (fun _ : R => u) (fun y : R => y) F y (continuous_const u y) (continuous_id y) (F_continuous (u, y))).
Qed.

Lemma kernel_parameter_bound u x :
  Rabs (expect (k * x + c) s (F u)) <= C u * kernel_growth b c s * exp (b * Rabs k * Rabs x).
Proof.
apply Rle_trans with (1 := proj2 (expect_bound (k * x + c) s (F u) (C u) b s_pos (proj1 (parameter_tame u))
  (C_nonneg u) (F_bound u))).
rewrite Rmult_assoc. apply Rmult_le_compat_l; trivial.
assert (K : Rabs (k * x + c) <= Rabs k * Rabs x + Rabs c) by (rewrite <- Rabs_mult; apply Rabs_triang).
apply (Rmult_le_compat_l b) in K; trivial.
assert (E : forall w, w <= b * Rabs (k * x + c) ->
  exp (w + b ^ 2 * s / 2) <= exp (b * Rabs c) * exp (b ^ 2 * s / 2) * exp (b * Rabs k * Rabs x)).
{ intros w Hw. rewrite <- !exp_plus. apply exp_le. lra. }
unfold envelope_mean, kernel_growth.
assert (E1 := E (b * (k * x + c)) ltac:(apply Rmult_le_compat_l; trivial; apply Rle_abs)).
assert (E2 := E (- b * (k * x + c)) ltac:(replace (- b * (k * x + c)) with (b * - (k * x + c)) by ring;
  apply Rmult_le_compat_l; trivial; rewrite <- Rabs_Ropp; apply Rle_abs)).
lra.
Qed.

Lemma kernel_parameter_continuous (p : U * R) :
  continuous (fun p : U * R => expect (k * snd p + c) s (F (fst p))) p.
Proof.
destruct p as [u0 x0].
apply (continuous_ext (fun p : U * R => value (fun z => normal 0 s z * F (fst p) (z + (k * snd p + c))))).
{ intros [u x]. symmetry. apply expect_shift; [exact s_pos|apply parameter_tame]. }
set (R0 := Rabs k * (Rabs x0 + 1) + Rabs c).
apply (parameter_continuous (U := prod_UniformSpace U R_UniformSpace)
  (fun p z => normal 0 s z * F (fst p) (z + (k * snd p + c))) (u0, x0)
  (fun z => (C u0 + 1) * exp (b * R0) * (normal 0 s z * envelope b z)) ((C u0 + 1) * exp (b * R0) * envelope_mean 0 s b)).
- intro z. unfold uncurried.
  apply (continuous_mult (fun q : (U * R) * R => normal 0 s (snd q))
    (fun q => F (fst (fst q)) (snd q + (k * snd (fst q) + c)))).
  + apply (continuous_comp (fun q : (U * R) * R => snd q) (normal 0 s)); [apply continuous_snd|apply normal_continuous].
  + apply (continuous_comp_2 (fun q : (U * R) * R => fst (fst q)) (fun q => snd q + (k * snd (fst q) + c)) F).
    * apply (continuous_comp (fun q : (U * R) * R => fst q) (fun p => fst p)); apply continuous_fst.
    * apply (continuous_comp (fun q : (U * R) * R => (snd (fst q), snd q)) (fun p : R * R => snd p + (k * fst p + c)));
        [|apply continuous_affine_pair].
      apply (continuous_pair (fun q : (U * R) * R => snd (fst q)) (fun q => snd q)); [|apply continuous_snd].
      apply (continuous_comp (fun q : (U * R) * R => fst q) (fun p => snd p)); [apply continuous_fst|apply continuous_snd].
    * apply F_continuous.
- intros [u x]. apply cont_mult; [apply normal_cont|].
  apply (cont_comp (F u) (fun z => z + (k * x + c))); [apply parameter_tame|]. apply cont_plus; [apply cont_id|apply cont_const].
- apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont].
- apply integral_scal. now apply envelope_integral.
- assert (L := C_continuous u0). apply filterlim_locally with (eps := mkposreal 1 Rlt_0_1) in L.
  destruct L as [r Hr].
  exists (mkposreal (Rmin r 1) ltac:(apply Rmin_pos; [apply cond_pos|lra])). intros [u x] [Hu Hx] z. cbn [fst snd] in *.
  assert (Hc : C u <= C u0 + 1).
  { assert (A : Rabs (C u - C u0) < 1) by (apply (Hr u); apply ball_le with (2 := Hu); apply Rmin_l).
    apply Rabs_def2 in A. lra. }
  assert (Hx' : Rabs (x - x0) < 1) by (apply Rlt_le_trans with (1 := Hx); apply Rmin_r).
  rewrite Rabs_mult, (Rabs_pos_eq (normal 0 s z)) by now apply normal_nonneg.
  replace ((C u0 + 1) * exp (b * R0) * (normal 0 s z * envelope b z))
    with (normal 0 s z * ((C u0 + 1) * (exp (b * R0) * envelope b z))) by ring.
  apply Rmult_le_compat_l; [now apply normal_nonneg|]. apply Rle_trans with (1 := F_bound _ _).
  apply Rmult_le_compat; [apply C_nonneg|apply Rlt_le, exp_pos|exact Hc|].
  apply Rle_trans with (exp (b * R0) * exp (b * Rabs z)).
  + rewrite <- exp_plus. apply exp_le. rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; trivial.
    assert (Rabs (z + (k * x + c)) <= Rabs z + (Rabs k * Rabs x + Rabs c)).
    { apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat_l. rewrite <- Rabs_mult. apply Rabs_triang. }
    assert (Rabs x <= Rabs x0 + 1).
    { replace x with ((x - x0) + x0) by ring. generalize (Rabs_triang (x - x0) x0). lra. }
    assert (Rabs k * Rabs x <= Rabs k * (Rabs x0 + 1)) by (apply Rmult_le_compat_l; [apply Rabs_pos|trivial]).
    unfold R0. lra.
  + apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|apply envelope_ge].
Qed.

End Kernel.

(** The kernel acts on the first of the components, the others being parameters. *)
Lemma kernel_first_continuous k c s b : 0 < s -> 0 <= b ->
  forall d (U : UniformSpace) (Psi : U * R -> vec d -> R) (C : U -> R) b',
  continuous_d d (prod_UniformSpace U R_UniformSpace) Psi -> (forall u, continuous C u) -> (forall u, 0 <= C u) ->
  (forall u y xs, Rabs (Psi (u, y) xs) <= C u * exp (b * Rabs y) * exp (b' * size_d d xs)) ->
  continuous_d d (prod_UniformSpace U R_UniformSpace)
    (fun p xs => expect (k * snd p + c) s (fun y => Psi (fst p, y) xs)).
Proof.
intros Hs Hb. induction d as [|d IH]; intros U Psi C b' HP HC PC H.
- simpl. apply (kernel_parameter_continuous (fun u y => Psi (u, y) tt) C b); trivial.
  + intros p. apply (continuous_ext (fun p => Psi p tt)); [now intros [u y]|apply HP].
  + intros u y. specialize (H u y tt). simpl in H. now rewrite Rmult_0_r, exp_0, Rmult_1_r in H.
- set (swap := fun r : (U * R) * R => ((fst (fst r), snd r), snd (fst r))).
  assert (CS : forall r, continuous (T := prod_UniformSpace (prod_UniformSpace U R_UniformSpace) R_UniformSpace)
    (U := prod_UniformSpace (prod_UniformSpace U R_UniformSpace) R_UniformSpace) swap r).
  { intro r. apply (continuous_pair (fun r : (U * R) * R => (fst (fst r), snd r)) (fun r => snd (fst r))).
    - apply (continuous_pair (fun r : (U * R) * R => fst (fst r)) (fun r => snd r)).
      + destruct r as [[u x] y]. apply (continuous_comp (fun r : (U * R) * R => fst r) (fun p => fst p)); apply continuous_fst.
      + destruct r as [p y]. apply continuous_snd.
    - destruct r as [[u x] y]. apply (continuous_comp (fun r : (U * R) * R => fst r) (fun p => snd p));
        [apply continuous_fst|apply continuous_snd]. }
  cbn [continuous_d] in HP |- *.
  assert (K := IH (prod_UniformSpace U R_UniformSpace) (fun r zs => Psi (fst (fst r), snd r) (snd (fst r), zs))
    (fun p => C (fst p) * exp (b' * Rabs (snd p))) b').
  apply (continuous_d_comp d _ _ swap (fun r zs => expect (k * snd r + c) s
    (fun y => Psi (fst (fst r), y) (snd (fst r), zs))) CS).
  apply K; clear K.
  + exact (continuous_d_comp d _ _ swap _ CS HP).
  + intros [u x]. apply (continuous_mult (fun p : U * R => C (fst p)) (fun p => exp (b' * Rabs (snd p)))).
    * apply (continuous_comp (fun p : U * R => fst p) C); [apply continuous_fst|apply HC].
    * apply (continuous_comp (fun p : U * R => snd p) (fun x => exp (b' * Rabs x))); [apply continuous_snd|].
      apply (continuous_comp (fun x => b' * Rabs x) exp); [|apply continuous_exp].
      apply (continuous_mult (fun _ => b') Rabs); [apply continuous_const|apply continuous_Rabs].
  + intros [u x]. apply Rmult_le_pos; [apply PC|apply Rlt_le, exp_pos].
  + intros [u x] y xs. cbn [fst snd]. apply Rle_trans with (1 := H u y (x, xs)). cbn [size_d fst snd].
    rewrite Rmult_plus_distr_l, exp_plus. lra.
Qed.

(** The mean of a kernel, one affine map per component; [c] makes each intercept from its [w]. *)
Definition affine_d (d : nat) (k : R) (c : R -> R) (x w : vec d) : vec d := map2 d (fun x w => k * x + c w) x w.

(** A kernel maps a function of (u, y) to one of (u, x): continuous, and of exponential growth again. *)
Lemma kernel_d_parameter k c s : 0 < s -> forall d (w : vec d) (U : UniformSpace) (phi : U -> vec d -> R) (C : U -> R) b,
  continuous_d d U phi -> (forall u, continuous C u) -> (forall u, 0 <= C u) -> 0 <= b ->
  (forall u y, Rabs (phi u y) <= C u * exp (b * size_d d y)) ->
  exists (Phi : U -> vec d -> R) (K : R), 0 <= K /\ continuous_d d U Phi /\
    (forall u x, Rabs (Phi u x) <= C u * K * exp (b * Rabs k * size_d d x)) /\
    forall u x, integral_d d (fun y => normal_d d (affine_d d k c x w) s y * phi u y) (Phi u x).
Proof.
intros Hs. induction d as [|d IH]; intros w U phi C b Hp HC PC Hb H.
- exists phi, 1. split; [lra|]. split; [exact Hp|]. split.
  + intros u x. specialize (H u x). simpl in *. rewrite Rmult_0_r in *. now rewrite Rmult_1_r.
  + intros u []. simpl. ring.
- destruct w as [w1 w].
  destruct (IH w (prod_UniformSpace U R_UniformSpace) (fun p ys => phi (fst p) (snd p, ys))
    (fun p => C (fst p) * exp (b * Rabs (snd p))) b) as (Psi & K & HK & CP & BP & IP); trivial.
  + intros [u y]. apply (continuous_mult (fun p : U * R => C (fst p)) (fun p => exp (b * Rabs (snd p)))).
    * apply (continuous_comp (fun p : U * R => fst p) C); [apply continuous_fst|apply HC].
    * apply (continuous_comp (fun p : U * R => snd p) (fun z => exp (b * Rabs z))); [apply continuous_snd|].
      apply (continuous_comp (fun z => b * Rabs z) exp); [|apply continuous_exp].
      apply (continuous_mult (fun _ => b) Rabs); [apply continuous_const|apply continuous_Rabs].
  + intros [u y]. apply Rmult_le_pos; [apply PC|apply Rlt_le, exp_pos].
  + intros [u y] ys. cbn [fst snd]. apply Rle_trans with (1 := H u (y, ys)). cbn [size_d fst snd].
    rewrite Rmult_plus_distr_l, exp_plus. lra.
  + assert (PK : forall u, 0 <= C u * K) by (intro; now apply Rmult_le_pos).
    assert (CK : forall u, continuous (fun u => C u * K) u).
    { intro u. apply (continuous_mult C (fun _ => K)); [apply HC|apply continuous_const]. }
    assert (BF : forall xs u y, Rabs (Psi (u, y) xs) <= C u * K * exp (b * Rabs k * size_d d xs) * exp (b * Rabs y)).
    { intros xs u y. apply Rle_trans with (1 := BP (u, y) xs). cbn [fst snd]. right. ring. }
    assert (CF : forall xs (p : U * R), continuous (fun p : U * R => Psi (fst p, snd p) xs) p).
    { intros xs p. apply (continuous_ext (fun p => Psi p xs)); [now intros [u y]|].
      exact (continuous_d_at d (prod_UniformSpace U R_UniformSpace) Psi xs CP p). }
    assert (PF : forall xs u, 0 <= C u * K * exp (b * Rabs k * size_d d xs)).
    { intros. apply Rmult_le_pos; [apply PK|apply Rlt_le, exp_pos]. }
    exists (fun u x => expect (k * fst x + c w1) s (fun y => Psi (u, y) (snd x))), (K * kernel_growth b (c w1) s).
    split; [|split; [|split]].
    * apply Rmult_le_pos; [exact HK|apply kernel_growth_nonneg].
    * cbn [continuous_d fst snd].
      apply (kernel_first_continuous k (c w1) s b Hs Hb d U Psi (fun u => C u * K) (b * Rabs k)); trivial.
      intros u y xs. apply Rle_trans with (1 := BF xs u y). right. ring.
    * intros u [x xs]. cbn [fst snd size_d].
      apply Rle_trans with (1 := kernel_parameter_bound (fun u y => Psi (u, y) xs)
        (fun u => C u * K * exp (b * Rabs k * size_d d xs)) b k (c w1) s Hs (CF xs) (PF xs) Hb (BF xs) u x).
      right. rewrite Rmult_plus_distr_l, exp_plus. ring.
    * intros u [x xs]. exists (fun y => normal (k * x + c w1) s y * Psi (u, y) xs). split.
      -- intro y. apply (integral_d_scaled d (normal (k * x + c w1) s y) _ _ _ _ (IP (u, y) xs)); [|reflexivity].
         intro ys. unfold affine_d. cbn [fst snd normal_d map2]. apply Rmult_assoc.
      -- apply expect_correct; [exact Hs|].
         exact (parameter_tame (fun u y => Psi (u, y) xs) (fun u => C u * K * exp (b * Rabs k * size_d d xs)) b
           (CF xs) (PF xs) Hb (BF xs) u).
Qed.

(** E over R and E over R^d may be exchanged. *)
Lemma exchange_d v m1 v1 : 0 < v -> 0 < v1 ->
  forall d (m : vec d) (g : R -> vec d -> R) C b b' (h : vec d -> R) (k : R -> R) l,
  continuous_d d R_UniformSpace g -> 0 <= C -> 0 <= b -> 0 <= b' ->
  (forall y xs, Rabs (g y xs) <= C * exp (b * Rabs y) * exp (b' * size_d d xs)) ->
  (forall xs, integral (fun y => normal m1 v1 y * g y xs) (h xs)) ->
  (forall y, integral_d d (fun xs => normal_d d m v xs * g y xs) (k y)) ->
  integral (fun y => normal m1 v1 y * k y) l ->
  integral_d d (fun xs => normal_d d m v xs * h xs) l.
Proof.
intros Hv Hv1. induction d as [|d IH]; intros m g C b b' h k l Hg HC Hb Hb' B Hh Hk Hl.
- simpl in *. rewrite Rmult_1_l. apply (integral_unique _ _ _ (Hh tt)).
  apply (integral_ext (fun y => normal m1 v1 y * k y)); [|exact Hl]. intro y. rewrite <- (Hk y). ring.
- destruct m as [m0 m].
  destruct (expect_d_parameter v Hv d m (prod_UniformSpace R_UniformSpace R_UniformSpace)
    (fun p zs => g (fst p) (snd p, zs)) (fun p => C * exp (b * Rabs (fst p)) * exp (b' * Rabs (snd p))) b')
    as (G & K & HK & CG & BG & IG); trivial.
  + intros [y x].
    assert (E : forall a (z : R), continuous (fun z => exp (a * Rabs z)) z).
    { intros a z. apply (continuous_comp (fun z => a * Rabs z) exp); [|apply continuous_exp].
      apply (continuous_mult (fun _ => a) Rabs); [apply continuous_const|apply continuous_Rabs]. }
    apply (continuous_mult (fun p : R * R => C * exp (b * Rabs (fst p))) (fun p => exp (b' * Rabs (snd p)))).
    * apply (continuous_mult (fun _ : R * R => C) (fun p => exp (b * Rabs (fst p)))); [apply continuous_const|].
      apply (continuous_comp (fun p : R * R => fst p) (fun z => exp (b * Rabs z))); [apply continuous_fst|apply E].
    * apply (continuous_comp (fun p : R * R => snd p) (fun z => exp (b' * Rabs z))); [apply continuous_snd|apply E].
  + intros [y x]. repeat apply Rmult_le_pos; trivial; apply Rlt_le, exp_pos.
  + intros [y x] zs. cbn [fst snd]. apply Rle_trans with (1 := B y (x, zs)). cbn [size_d fst snd].
    rewrite Rmult_plus_distr_l, exp_plus. right. ring.
  + assert (Ek : forall y, integral (fun x => normal m0 v x * G (y, x)) (k y)).
    { intro y. destruct (Hk y) as [k' [Hk' Ik']]. apply (integral_ext k'); [|exact Ik'].
      intro x. apply (integral_d_unique d _ _ _ (Hk' x)).
      apply (integral_d_scaled d (normal m0 v x) _ _ _ _ (IG (y, x))); [|reflexivity].
      intro xs. apply Rmult_assoc. }
    assert (TG : forall x, tame (fun y => G (y, x))).
    { intro x. split.
      - intro y. exact (continuous_comp_2 (fun y : R => y) (fun _ : R => x) (fun y x => G (y, x)) y
          (continuous_id y) (continuous_const x y)
          (continuous_ext G (fun p : R * R => G (fst p, snd p)) (y, x) ltac:(now intros [? ?]) (CG (y, x)))).
      - exists (C * exp (b' * Rabs x) * K), b. repeat split; trivial.
        + repeat apply Rmult_le_pos; trivial; apply Rlt_le, exp_pos.
        + intro y. apply Rle_trans with (1 := BG (y, x)). cbn [fst snd]. right. ring. }
    destruct (fubini (fun x y => normal m0 v x * normal m1 v1 y * G (y, x))
      (fun x => normal m0 v x * envelope b' x) (fun y => C * K * (normal m1 v1 y * envelope b y))
      (envelope_mean m0 v b') (C * K * envelope_mean m1 v1 b)) as [l' [I1 I2]].
    * intros x y.
      apply (continuous_mult (fun p : R * R => normal m0 v (fst p) * normal m1 v1 (snd p)) (fun p => G (snd p, fst p))).
      -- apply (continuous_mult (fun p : R * R => normal m0 v (fst p)) (fun p : R * R => normal m1 v1 (snd p))).
         ++ apply (continuous_comp (fun p : R * R => fst p)); [apply continuous_fst|apply normal_continuous].
         ++ apply (continuous_comp (fun p : R * R => snd p)); [apply continuous_snd|apply normal_continuous].
      -- apply (continuous_comp (fun p : R * R => (snd p, fst p)) G); [|apply CG].
         apply (continuous_pair (fun p : R * R => snd p) (fun p => fst p)); [apply continuous_snd|apply continuous_fst].
    * apply cont_mult; [apply normal_cont|apply envelope_cont].
    * apply cont_mult; [apply cont_const|]. apply cont_mult; [apply normal_cont|apply envelope_cont].
    * now apply envelope_integral.
    * apply integral_scal. now apply envelope_integral.
    * intro x. apply Rmult_le_pos; [now apply normal_nonneg|apply envelope_nonneg].
    * intro y. apply Rmult_le_pos; [now apply Rmult_le_pos|]. apply Rmult_le_pos; [now apply normal_nonneg|apply envelope_nonneg].
    * intros x y. assert (P0 := normal_nonneg m0 v x Hv). assert (P1 := normal_nonneg m1 v1 y Hv1).
      rewrite Rabs_mult, (Rabs_pos_eq (normal m0 v x * _)) by now apply Rmult_le_pos.
      replace (normal m0 v x * envelope b' x * (C * K * (normal m1 v1 y * envelope b y)))
        with (normal m0 v x * normal m1 v1 y * (C * K * (envelope b y * envelope b' x))) by ring.
      apply Rmult_le_compat_l; [now apply Rmult_le_pos|]. apply Rle_trans with (1 := BG (y, x)). cbn [fst snd].
      replace (C * exp (b * Rabs y) * exp (b' * Rabs x) * K) with (C * K * (exp (b * Rabs y) * exp (b' * Rabs x))) by ring.
      apply Rmult_le_compat_l; [now apply Rmult_le_pos|].
      apply Rmult_le_compat; try (apply Rlt_le, exp_pos); apply envelope_ge.
    * assert (E : l' = l).
      { apply (integral_unique _ _ _ I2). apply (integral_ext (fun y => normal m1 v1 y * k y)); [|exact Hl].
        intro y. symmetry. apply value_eq. apply (integral_scaled (normal m1 v1 y) _ _ _ _ (Ek y)); [|reflexivity].
        intro x. rewrite (Rmult_comm (normal m0 v x) (normal m1 v1 y)). apply Rmult_assoc. }
      rewrite <- E. exists (fun x => normal m0 v x * expect m1 v1 (fun y => G (y, x))). split.
      -- intro x.
         apply (integral_d_scaled d (normal m0 v x) (fun xs => normal_d d m v xs * h (x, xs))
           (expect m1 v1 (fun y => G (y, x)))); [|intro xs; apply Rmult_assoc|reflexivity].
         apply (IH m (fun y xs => g y (x, xs)) (C * exp (b' * Rabs x)) b b' (fun xs => h (x, xs)) (fun y => G (y, x))); trivial.
         ++ apply (continuous_d_comp d (prod_UniformSpace R_UniformSpace R_UniformSpace) R_UniformSpace
              (fun y => (y, x)) (fun p zs => g (fst p) (snd p, zs))); [|exact Hg].
            intro y. apply (continuous_pair (fun y : R => y) (fun _ => x)); [apply continuous_id|apply continuous_const].
         ++ apply Rmult_le_pos; [trivial|apply Rlt_le, exp_pos].
         ++ intros y xs. apply Rle_trans with (1 := B y (x, xs)). cbn [size_d fst snd].
            rewrite Rmult_plus_distr_l, exp_plus. right. ring.
         ++ intro y. apply (IG (y, x)).
         ++ apply expect_correct; trivial.
      -- apply (integral_ext (fun x => value (fun y => normal m0 v x * normal m1 v1 y * G (y, x)))); [|exact I1].
         intro x. apply value_eq.
         apply (integral_scaled (normal m0 v x) _ _ _ _ (expect_correct m1 v1 (fun y => G (y, x)) Hv1 (TG x))); [|reflexivity].
         intro y. apply Rmult_assoc.
Qed.

(** The tower property over R^d. *)
Theorem tower_d k c v s : 0 < v -> 0 < s ->
  forall d (m w : vec d) (phi Phi : vec d -> R) l, tame_d d phi ->
  (forall x, integral_d d (fun y => normal_d d (affine_d d k c x w) s y * phi y) (Phi x)) ->
  integral_d d (fun y => normal_d d (affine_d d k c m w) (evidence_variance v k s) y * phi y) l ->
  integral_d d (fun x => normal_d d m v x * Phi x) l.
Proof.
intros Hv Hs.
assert (He : 0 < evidence_variance v k s).
{ unfold evidence_variance. assert (0 <= k ^ 2 * v) by (apply Rmult_le_pos; [apply pow2_ge_0|lra]). lra. }
induction d as [|d IH]; intros m w phi Phi l Hp HP Hl.
- simpl in *. rewrite <- Hl. rewrite <- (HP tt). ring.
- destruct m as [m1 m], w as [w1 w]. destruct Hp as [Hc (C & b & HC & Hb & B)].
  assert (Cy : forall (U : UniformSpace) (f : U -> R), (forall u, continuous f u) -> continuous_d d U (fun u ys => phi (f u, ys))).
  { intros U f Hf. apply (continuous_d_comp d (prod_UniformSpace R_UniformSpace R_UniformSpace) U
      (fun u => (0, f u)) (fun p zs => phi (snd p, zs))); [|exact Hc].
    intro u. apply (continuous_pair (fun _ : U => 0) f); [apply continuous_const|apply Hf]. }
  assert (CE : forall y, continuous (fun y => C * exp (b * Rabs y)) y).
  { intro y. apply (continuous_mult (fun _ => C) (fun y => exp (b * Rabs y))); [apply continuous_const|].
    apply (continuous_comp (fun z => b * Rabs z) exp); [|apply continuous_exp].
    apply (continuous_mult (fun _ => b) Rabs); [apply continuous_const|apply continuous_Rabs]. }
  assert (PE : forall y, 0 <= C * exp (b * Rabs y)) by (intro; apply Rmult_le_pos; [trivial|apply Rlt_le, exp_pos]).
  assert (BE : forall y ys, Rabs (phi (y, ys)) <= C * exp (b * Rabs y) * exp (b * size_d d ys)).
  { intros y ys. apply Rle_trans with (1 := B (y, ys)). cbn [size_d fst snd]. rewrite Rmult_plus_distr_l, exp_plus. right. ring. }
  destruct (kernel_d_parameter k c s Hs d w R_UniformSpace (fun y ys => phi (y, ys)) (fun y => C * exp (b * Rabs y)) b)
    as (Psi & K & HK & CP & BP & IP); trivial; [apply (Cy R_UniformSpace (fun y => y)); intro; apply continuous_id|].
  destruct (expect_d_parameter _ He d (affine_d d k c m w) R_UniformSpace (fun y ys => phi (y, ys))
    (fun y => C * exp (b * Rabs y)) b) as (Lam & K' & HK' & CL & BL & IL); trivial;
    [apply (Cy R_UniformSpace (fun y => y)); intro; apply continuous_id|].
  assert (TL : tame Lam).
  { split; [exact CL|]. exists (C * K'), b. repeat split; trivial; [now apply Rmult_le_pos|].
    intro y. apply Rle_trans with (1 := BL y). right. ring. }
  assert (El : l = expect (evidence_mean m1 k (c w1)) (evidence_variance v k s) Lam).
  { destruct Hl as [g [Hg Ig]]. apply (integral_unique _ _ _ Ig).
    apply (integral_ext (fun y => normal (evidence_mean m1 k (c w1)) (evidence_variance v k s) y * Lam y));
      [|now apply expect_correct].
    intro y. symmetry. apply (integral_d_unique d _ _ _ (Hg y)).
    apply (integral_d_scaled d (normal (evidence_mean m1 k (c w1)) (evidence_variance v k s) y) _ _ _ _ (IL y)); [|reflexivity].
    intro ys. unfold affine_d, evidence_mean. cbn [fst snd normal_d map2]. apply Rmult_assoc. }
  rewrite El. exists (fun x => normal m1 v x * expect (k * x + c w1) s Lam). split; [|now apply tower].
  intro x.
  apply (integral_d_scaled d (normal m1 v x) (fun xs => normal_d d m v xs * Phi (x, xs)) (expect (k * x + c w1) s Lam));
    [|intro xs; apply Rmult_assoc|reflexivity].
  apply (exchange_d v (k * x + c w1) s Hv Hs d m Psi (C * K) b (b * Rabs k) (fun xs => Phi (x, xs)) Lam); trivial.
  + now apply Rmult_le_pos.
  + apply Rmult_le_pos; [trivial|apply Rabs_pos].
  + intros y xs. apply Rle_trans with (1 := BP y xs). right. ring.
  + intro xs. destruct (HP (x, xs)) as [g [Hg Ig]]. apply (integral_ext g); [|exact Ig].
    intro y. apply (integral_d_unique d _ _ _ (Hg y)).
    apply (integral_d_scaled d (normal (k * x + c w1) s y) _ _ _ _ (IP y xs)); [|reflexivity].
    intro ys. unfold affine_d. cbn [fst snd normal_d map2]. apply Rmult_assoc.
  + intro y. apply (IH m w (fun ys => phi (y, ys)) (Psi y) (Lam y)); [|apply IP|apply IL].
    split; [apply (Cy R_UniformSpace (fun _ => y)); intro; apply continuous_const|].
    exists (C * exp (b * Rabs y)), b. repeat split; trivial.
  + now apply expect_correct.
Qed.

(** ** Tame functions on R^d *)

Lemma continuous_d_ext d : forall (U : UniformSpace) (f g : U -> vec d -> R),
  (forall u z, f u z = g u z) -> continuous_d d U f -> continuous_d d U g.
Proof.
induction d as [|d IH]; simpl; intros U f g E H.
- intro u. apply (continuous_ext (fun u => f u tt)); [intro; apply E|apply H].
- apply (IH _ (fun p zs => f (fst p) (snd p, zs))); [intros; apply E|exact H].
Qed.

Lemma continuous_d_scalar d : forall (U : UniformSpace) (c : U -> R),
  (forall u, continuous c u) -> continuous_d d U (fun u _ => c u).
Proof.
induction d as [|d IH]; intros U c Hc; [exact Hc|]. cbn [continuous_d].
apply (IH (prod_UniformSpace U R_UniformSpace) (fun p => c (fst p))). intros [u x].
apply (continuous_comp (fun p : U * R => fst p) c); [apply continuous_fst|apply Hc].
Qed.

Lemma continuous_d_op d (op : R -> R -> R) : (forall p : R * R, continuous (fun p : R * R => op (fst p) (snd p)) p) ->
  forall (U : UniformSpace) (f g : U -> vec d -> R),
  continuous_d d U f -> continuous_d d U g -> continuous_d d U (fun u z => op (f u z) (g u z)).
Proof.
intros Hop. induction d as [|d IH]; intros U f g Hf Hg.
- intro u. apply (continuous_comp_2 (fun u => f u tt) (fun u => g u tt) op u (Hf u) (Hg u)). apply Hop.
- exact (IH (prod_UniformSpace U R_UniformSpace) (fun p zs => f (fst p) (snd p, zs)) (fun p zs => g (fst p) (snd p, zs)) Hf Hg).
Qed.

Lemma size_d_nonneg d (z : vec d) : 0 <= size_d d z.
Proof.
induction d as [|d IH]; [simpl; lra|]. cbn [size_d]. generalize (Rabs_pos (fst z)) (IH (snd z)). lra.
Qed.

Lemma tame_d_ext d f g : (forall z, f z = g z) -> tame_d d f -> tame_d d g.
Proof.
intros E [Hc (C & b & HC & Hb & H)]. split.
- apply (continuous_d_ext d _ (fun _ => f)); [intros; apply E|exact Hc].
- exists C, b. repeat split; trivial. intro z. rewrite <- E. apply H.
Qed.

Lemma tame_d_const d c : tame_d d (fun _ => c).
Proof.
split; [apply (continuous_d_scalar d R_UniformSpace (fun _ => c)); intro; apply continuous_const|].
exists (Rabs c), 0. repeat split; try lra; [apply Rabs_pos|]. intro z. rewrite Rmult_0_l, exp_0. lra.
Qed.

Lemma tame_d_plus d f g : tame_d d f -> tame_d d g -> tame_d d (fun z => f z + g z).
Proof.
intros [Cf (C1 & b1 & HC1 & Hb1 & H1)] [Cg (C2 & b2 & HC2 & Hb2 & H2)]. split.
- apply (continuous_d_op d Rplus); trivial. intros [x y].
  apply (continuous_plus (fun p : R * R => fst p) (fun p => snd p)); [apply continuous_fst|apply continuous_snd].
- exists (C1 + C2), (b1 + b2). repeat split; try lra. intro z. assert (Hz := size_d_nonneg d z).
  assert (0 <= b1 * size_d d z) by now apply Rmult_le_pos. assert (0 <= b2 * size_d d z) by now apply Rmult_le_pos.
  assert (E1 : C1 * exp (b1 * size_d d z) <= C1 * exp ((b1 + b2) * size_d d z))
    by (apply Rmult_le_compat_l; trivial; apply exp_le; lra).
  assert (E2 : C2 * exp (b2 * size_d d z) <= C2 * exp ((b1 + b2) * size_d d z))
    by (apply Rmult_le_compat_l; trivial; apply exp_le; lra).
  apply Rle_trans with (1 := Rabs_triang _ _). specialize (H1 z). specialize (H2 z). lra.
Qed.

Lemma tame_d_mult d f g : tame_d d f -> tame_d d g -> tame_d d (fun z => f z * g z).
Proof.
intros [Cf (C1 & b1 & HC1 & Hb1 & H1)] [Cg (C2 & b2 & HC2 & Hb2 & H2)]. split.
- apply (continuous_d_op d Rmult); trivial. intros [x y].
  apply (continuous_mult (fun p : R * R => fst p) (fun p => snd p)); [apply continuous_fst|apply continuous_snd].
- exists (C1 * C2), (b1 + b2). repeat split; try lra; [now apply Rmult_le_pos|].
  intro z. rewrite Rabs_mult, Rmult_plus_distr_r, exp_plus.
  replace (C1 * C2 * (exp (b1 * size_d d z) * exp (b2 * size_d d z)))
    with ((C1 * exp (b1 * size_d d z)) * (C2 * exp (b2 * size_d d z))) by ring.
  apply Rmult_le_compat; trivial; apply Rabs_pos.
Qed.

Lemma tame_d_scal d c f : tame_d d f -> tame_d d (fun z => c * f z).
Proof. apply tame_d_mult, tame_d_const. Qed.

(** Of a map to R^n: each component is tame. *)
Fixpoint tame_map (d n : nat) : (vec d -> vec n) -> Prop :=
  match n with
  | O => fun _ => True
  | S n => fun f => tame_d d (fun x => fst (f x)) /\ tame_map d n (fun x => snd (f x))
  end.

Lemma tame_d_head d : tame_d (S d) (fun z => fst z).
Proof.
split.
- apply (continuous_d_scalar d (prod_UniformSpace R_UniformSpace R_UniformSpace) (fun p => snd p)).
  intros [u z]. apply continuous_snd.
- exists 1, 1. repeat split; try lra. intros [z zs]. cbn [fst snd size_d].
  generalize (size_d_nonneg d zs) (exp_ineq1_le (1 * (Rabs z + size_d d zs))). lra.
Qed.

Lemma tame_d_tail d f : tame_d d f -> tame_d (S d) (fun z => f (snd z)).
Proof.
intros [Hc (C & b & HC & Hb & H)]. split.
- apply (continuous_d_comp d R_UniformSpace (prod_UniformSpace R_UniformSpace R_UniformSpace) (fun p => fst p) (fun _ => f));
    [|exact Hc].
  intros [u z]. apply continuous_fst.
- exists C, b. repeat split; trivial. intros [z zs]. cbn [fst snd size_d]. apply Rle_trans with (1 := H zs).
  apply Rmult_le_compat_l; trivial. apply exp_le, Rmult_le_compat_l; trivial. generalize (Rabs_pos z). lra.
Qed.

Lemma tame_map_tail d n : forall f : vec d -> vec n, tame_map d n f -> tame_map (S d) n (fun z => f (snd z)).
Proof.
induction n as [|n IH]; intros f H; [exact I|]. destruct H as [H1 H2]. split.
- exact (tame_d_tail d _ H1).
- exact (IH (fun x => snd (f x)) H2).
Qed.

Lemma tame_map_id d : tame_map d d (fun x => x).
Proof.
induction d as [|d IH]; [exact I|]. split; [apply tame_d_head|]. exact (tame_map_tail d d (fun x => x) IH).
Qed.

Lemma tame_map_const d n (y : vec n) : tame_map d n (fun _ => y).
Proof. induction n as [|n IH]; [exact I|]. split; [apply tame_d_const|apply (IH (snd y))]. Qed.

Lemma tame_map_affine d n k c : forall (f : vec d -> vec n) w, tame_map d n f -> tame_map d n (fun x => affine_d n k c (f x) w).
Proof.
induction n as [|n IH]; intros f w H; [exact I|]. destruct H as [H1 H2]. split.
- apply (tame_d_plus d (fun x => k * fst (f x)) (fun _ => c (fst w))); [now apply tame_d_scal|apply tame_d_const].
- exact (IH (fun x => snd (f x)) (snd w) H2).
Qed.

Lemma tame_map_distance d n : forall f g : vec d -> vec n, tame_map d n f -> tame_map d n g ->
  tame_d d (fun x => distance2 n (f x) (g x)).
Proof.
induction n as [|n IH]; intros f g Hf Hg; [exact (tame_d_const d 0)|]. destruct Hf as [F1 F2], Hg as [G1 G2].
assert (D : tame_d d (fun x => fst (f x) + (-1) * fst (g x))) by (apply tame_d_plus; [exact F1|now apply tame_d_scal]).
apply (tame_d_plus d (fun x => (fst (f x) - fst (g x)) ^ 2)); [|exact (IH (fun x => snd (f x)) (fun x => snd (g x)) F2 G2)].
apply (tame_d_ext d (fun x => (fst (f x) + (-1) * fst (g x)) * (fst (f x) + (-1) * fst (g x)))); [intro x; ring|].
now apply tame_d_mult.
Qed.

(** ** Expectations on R^d *)

Fixpoint value_d (d : nat) : (vec d -> R) -> R :=
  match d with O => fun f => f tt | S n => fun f => value (fun x => value_d n (fun xs => f (x, xs))) end.

Lemma value_d_eq d : forall f l, integral_d d f l -> value_d d f = l.
Proof.
induction d as [|d IH]; intros f l H; [exact H|]. destruct H as [g [Hg Ig]].
apply value_eq. apply (integral_ext g); [|exact Ig]. intro x. symmetry. apply IH, Hg.
Qed.

(** E[f(z)], z ~ N(m, v I). *)
Definition expect_d (d : nat) (m : vec d) (v : R) (f : vec d -> R) : R := value_d d (fun z => normal_d d m v z * f z).

Lemma expect_d_eq d m v f l : integral_d d (fun z => normal_d d m v z * f z) l -> expect_d d m v f = l.
Proof. apply value_d_eq. Qed.

Lemma expect_d_correct d m v f :
  0 < v -> tame_d d f -> integral_d d (fun z => normal_d d m v z * f z) (expect_d d m v f).
Proof.
intros Hv Hf. destruct (expect_d_exists d m v f Hv Hf) as [l H]. now rewrite (expect_d_eq d m v f l H).
Qed.

Lemma expect_d_plus d m v f g : 0 < v -> tame_d d f -> tame_d d g ->
  expect_d d m v (fun z => f z + g z) = expect_d d m v f + expect_d d m v g.
Proof.
intros Hv Hf Hg. apply expect_d_eq.
eapply integral_d_ext; [|exact (integral_d_plus d _ _ _ _ (expect_d_correct d m v f Hv Hf) (expect_d_correct d m v g Hv Hg))].
intro z. cbv beta. ring.
Qed.

Lemma expect_d_const d m v c : 0 < v -> expect_d d m v (fun _ => c) = c.
Proof.
intros Hv. apply expect_d_eq. apply (integral_d_scaled d c _ _ _ _ (normal_d_normalised d m v Hv)); [intro z|]; ring.
Qed.

Theorem kernel_tame_d k c s d w phi : 0 < s -> tame_d d phi -> tame_d d (fun x => expect_d d (affine_d d k c x w) s phi).
Proof.
intros Hs [Hc (C & b & HC & Hb & H)].
destruct (kernel_d_parameter k c s Hs d w R_UniformSpace (fun _ => phi) (fun _ => C) b) as (Phi & K & HK & CP & BP & IP); trivial.
{ intro. apply continuous_const. }
assert (E : forall u x, Phi u x = expect_d d (affine_d d k c x w) s phi) by (intros; symmetry; apply expect_d_eq, IP).
split; [now apply (continuous_d_ext d _ Phi)|].
exists (C * K), (b * Rabs k). repeat split; [now apply Rmult_le_pos|apply Rmult_le_pos; [trivial|apply Rabs_pos]|].
intro x. rewrite <- (E 0). apply BP.
Qed.
