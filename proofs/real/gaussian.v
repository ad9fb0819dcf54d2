(** * The Gaussian foundation

    - [integral f l]: the improper integral of [f] over the real line is [l].  It is
      Coquelicot's [is_RInt_gen] from minus to plus infinity; convergence is part of the
      statement.  It is unique, linear, and invariant under affine changes of variable.
    - [integral_primitive]: an explicit primitive and its two limits give the integral.
    - [gauss_integral]: the integral of exp(-x^2) is sqrt(pi).
    - [normal m v x]: the density at [x] of the normal law with mean [m] and VARIANCE [v].
    - [normal_quadratic]: E[a x^2 + b x + c] = a (m^2 + v) + b m + c; hence the density is
      normalised, its mean is [m] and its variance is [v].
    - [bayes]: prior times likelihood = evidence times posterior, point by point.
    - [total_probability]: a linear-Gaussian kernel maps a normal law to a normal law.
    - [log_ratio]: the logarithm of a quotient of two normal densities. *)

From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** ** Integrals over the real line *)

Definition integral (f : R -> R) (l : R) : Prop :=
  is_RInt_gen f (Rbar_locally m_infty) (Rbar_locally p_infty) l.

Lemma integral_intro f l :
  (forall eps, 0 < eps -> exists M, forall a b, a < - M -> M < b ->
     exists y, is_RInt f a b y /\ Rabs (y - l) < eps) ->
  integral f l.
Proof.
intros H P [eps HP].
destruct (H eps (cond_pos eps)) as [M HM].
exists (fun a => a < - M) (fun b => M < b).
- now exists (- M).
- now exists M.
- intros a b Ha Hb.
  destruct (HM a b Ha Hb) as [y [Hy Hyl]].
  exists y; split; [exact Hy|].
  apply HP. exact Hyl.
Qed.

Lemma integral_elim f l :
  integral f l ->
  forall eps, 0 < eps -> exists M, forall a b, a < - M -> M < b ->
     exists y, is_RInt f a b y /\ Rabs (y - l) < eps.
Proof.
intros H eps Heps.
destruct (H (fun y => Rabs (y - l) < eps)) as [Q S [A HA] [B HB] HQS].
{ exists (mkposreal eps Heps). intros y Hy. exact Hy. }
exists (Rmax (- A) B).
intros a b Ha Hb.
destruct (HQS a b) as [y Hy].
- apply HA. generalize (Rmax_l (- A) B). lra.
- apply HB. generalize (Rmax_r (- A) B). lra.
- exists y. exact Hy.
Qed.

Lemma integral_unique f l1 l2 : integral f l1 -> integral f l2 -> l1 = l2.
Proof.
intros H1 H2.
rewrite <- (is_RInt_gen_unique f l1 H1).
exact (is_RInt_gen_unique f l2 H2).
Qed.

Lemma integral_ext f g l : (forall x, f x = g x) -> integral f l -> integral g l.
Proof.
intros Hfg Hf. apply integral_intro. intros eps Heps.
destruct (integral_elim _ _ Hf eps Heps) as [M HM].
exists M. intros a b Ha Hb. destruct (HM a b Ha Hb) as [y [Hy Hl]].
exists y. split; [|exact Hl].
apply (is_RInt_ext f); [|exact Hy]. intros; apply Hfg.
Qed.

Lemma integral_eq f g l l' : integral f l -> (forall x, f x = g x) -> l = l' -> integral g l'.
Proof. intros H Hfg <-. now apply (integral_ext f). Qed.

Lemma integral_plus f g lf lg :
  integral f lf -> integral g lg -> integral (fun x => f x + g x) (lf + lg).
Proof. exact (is_RInt_gen_plus f g lf lg). Qed.

Lemma integral_scal f k l : integral f l -> integral (fun x => k * f x) (k * l).
Proof. exact (is_RInt_gen_scal f k l). Qed.

Lemma integral_scaled k f l g l' :
  integral f l -> (forall x, g x = k * f x) -> l' = k * l -> integral g l'.
Proof.
intros H Hg ->. apply (integral_ext (fun x => k * f x)); [intro; symmetry; apply Hg|].
now apply integral_scal.
Qed.

Lemma integral_minus f g lf lg :
  integral f lf -> integral g lg -> integral (fun x => f x - g x) (lf - lg).
Proof. exact (is_RInt_gen_minus f g lf lg). Qed.

Lemma integral_zero : integral (fun _ => 0) 0.
Proof.
apply integral_intro. intros eps Heps. exists 0. intros a b _ _. exists 0. split.
- evar_last; [exact (is_RInt_const a b 0)|].
  unfold scal; simpl; unfold mult; simpl; ring.
- rewrite Rminus_0_r, Rabs_R0. exact Heps.
Qed.

Lemma integral_le f g lf lg :
  integral f lf -> integral g lg -> (forall x, f x <= g x) -> lf <= lg.
Proof.
intros Hf Hg Hle.
apply Rnot_lt_le. intro Hlt.
set (e := (lf - lg) / 2).
destruct (integral_elim _ _ Hf e ltac:(unfold e; lra)) as [M1 H1].
destruct (integral_elim _ _ Hg e ltac:(unfold e; lra)) as [M2 H2].
set (M := Rmax (Rmax M1 M2) 0).
assert (HM : M1 <= M /\ M2 <= M /\ 0 <= M).
{ unfold M. repeat split.
  - apply Rle_trans with (2 := Rmax_l _ _). apply Rmax_l.
  - apply Rle_trans with (2 := Rmax_l _ _). apply Rmax_r.
  - apply Rmax_r. }
destruct (H1 (- M - 1) (M + 1)) as [y1 [Hy1 Hl1]]; try lra.
destruct (H2 (- M - 1) (M + 1)) as [y2 [Hy2 Hl2]]; try lra.
assert (y1 <= y2).
{ apply (is_RInt_le f g (- M - 1) (M + 1)); trivial; lra. }
apply Rabs_def2 in Hl1. apply Rabs_def2 in Hl2. unfold e in *. lra.
Qed.

(** Affine changes of variable. *)

Lemma integral_affine f u v l :
  0 < u -> integral f l -> integral (fun x => u * f (u * x + v)) l.
Proof.
intros Hu Hf. apply integral_intro. intros eps Heps.
destruct (integral_elim _ _ Hf eps Heps) as [M HM].
exists ((Rabs M + Rabs v) / u).
assert (HMa := Rle_abs M). assert (Hva := Rle_abs v).
assert (Hva' : - v <= Rabs v) by (rewrite <- Rabs_Ropp; apply Rle_abs).
intros a b Ha Hb.
assert (E : u * ((Rabs M + Rabs v) / u) = Rabs M + Rabs v) by (field; lra).
apply (Rmult_lt_compat_l u) in Ha; [|exact Hu].
apply (Rmult_lt_compat_l u) in Hb; [|exact Hu].
destruct (HM (u * a + v) (u * b + v)) as [y [Hy Hl]]; try lra.
exists y; split; [|exact Hl].
exact (is_RInt_comp_lin f u v a b y Hy).
Qed.

(** ** One lemma for every improper integral: a primitive and its limits *)

Lemma integral_primitive F f (la lb : R) :
  (forall x, is_derive F x (f x)) -> (forall x, continuous f x) ->
  is_lim F m_infty la -> is_lim F p_infty lb ->
  integral f (lb - la).
Proof.
intros HF Hf Ha Hb.
apply integral_intro. intros eps Heps.
assert (He : 0 < eps / 2) by lra.
apply is_lim_spec in Ha. apply is_lim_spec in Hb.
destruct (Ha (mkposreal _ He)) as [A HA].
destruct (Hb (mkposreal _ He)) as [B HB].
simpl in HA, HB.
exists (Rmax (- A) B). intros a b Hal Hbl.
exists (F b - F a). split.
- exact (is_RInt_derive F f a b (fun x _ => HF x) (fun x _ => Hf x)).
- assert (a < A) by (generalize (Rmax_l (- A) B); lra).
  assert (B < b) by (generalize (Rmax_r (- A) B); lra).
  specialize (HA a H). specialize (HB b H0).
  apply Rabs_def2 in HA. apply Rabs_def2 in HB.
  apply Rabs_def1; lra.
Qed.

(** ** The integral of exp(-x^2) *)

Definition gauss (x : R) : R := exp (- x ^ 2).
Definition gauss_prim (x : R) : R := RInt gauss 0 x.

Lemma gauss_continuous x : continuous gauss x.
Proof. apply (ex_derive_continuous gauss). unfold gauss. auto_derive. trivial. Qed.

Lemma gauss_ex_RInt a b : ex_RInt gauss a b.
Proof. apply (ex_RInt_continuous gauss). intros; apply gauss_continuous. Qed.

Lemma gauss_prim_derive x : is_derive gauss_prim x (gauss x).
Proof.
apply (is_derive_RInt gauss gauss_prim 0 x); [|apply gauss_continuous].
apply filter_forall. intro y. apply (RInt_correct gauss). apply gauss_ex_RInt.
Qed.

Definition gauss_aux_fun (x t : R) : R := exp (- (x ^ 2 * (1 + t ^ 2))) / (1 + t ^ 2).
Definition gauss_aux (x : R) : R := RInt (gauss_aux_fun x) 0 1.

Lemma one_plus_sqr_pos t : 0 < 1 + t ^ 2.
Proof. generalize (pow2_ge_0 t). lra. Qed.

Lemma gauss_aux_continuous x t : continuous (gauss_aux_fun x) t.
Proof.
apply (ex_derive_continuous (gauss_aux_fun x)). unfold gauss_aux_fun. auto_derive.
generalize (one_plus_sqr_pos t). simpl. lra.
Qed.

Lemma gauss_aux_derive_fun x t :
  is_derive (fun z => gauss_aux_fun z t) x (- 2 * x * exp (- (x ^ 2 * (1 + t ^ 2)))).
Proof.
unfold gauss_aux_fun. auto_derive; [trivial|].
generalize (one_plus_sqr_pos t). simpl. intro. field. lra.
Qed.

Lemma gauss_aux_derive x : is_derive gauss_aux x (- 2 * gauss x * gauss_prim x).
Proof.
set (D := fun x t => - 2 * x * exp (- (x ^ 2 * (1 + t ^ 2)))).
assert (HD : forall y t, Derive (fun z => gauss_aux_fun z t) y = D y t).
{ intros y t. apply is_derive_unique. apply gauss_aux_derive_fun. }
evar_last.
- apply (is_derive_RInt_param gauss_aux_fun 0 1 x).
  + apply filter_forall. intros y t _. eexists. apply gauss_aux_derive_fun.
  + intros t _. apply (continuity_2d_pt_ext D).
    { intros; symmetry; apply HD. }
    unfold D. apply continuity_2d_pt_mult.
    * apply continuity_2d_pt_mult; [apply continuity_2d_pt_const|apply continuity_2d_pt_id1].
    * apply (continuity_1d_2d_pt_comp exp); [apply derivable_continuous_pt; apply derivable_pt_exp|].
      apply continuity_2d_pt_opp. apply continuity_2d_pt_mult.
      -- apply (continuity_1d_2d_pt_comp (fun x => x ^ 2)).
         ++ apply derivable_continuous_pt. apply derivable_pt_pow.
         ++ apply continuity_2d_pt_id1.
      -- apply continuity_2d_pt_plus; [apply continuity_2d_pt_const|].
         apply (continuity_1d_2d_pt_comp (fun x => x ^ 2)).
         ++ apply derivable_continuous_pt. apply derivable_pt_pow.
         ++ apply continuity_2d_pt_id2.
  + apply filter_forall. intro y. apply (ex_RInt_continuous (gauss_aux_fun y)).
    intros; apply gauss_aux_continuous.
- rewrite (RInt_ext _ (fun t => scal (- 2 * gauss x) (scal x (gauss (x * t + 0))))).
  2: { intros t _. rewrite HD. unfold D, gauss, scal; simpl; unfold mult; simpl.
       rewrite Rplus_0_r.
       replace (- (x * (x * 1) * (1 + t * (t * 1))))
         with (- (x * (x * 1)) + - (x * t * (x * t * 1))) by ring.
       rewrite exp_plus. ring. }
  rewrite (RInt_scal (fun t => scal x (gauss (x * t + 0)))).
  + rewrite (RInt_comp_lin gauss).
    * rewrite Rmult_0_r, Rmult_1_r, !Rplus_0_r. reflexivity.
    * apply gauss_ex_RInt.
  + apply (ex_RInt_comp_lin gauss). apply gauss_ex_RInt.
Qed.

Lemma gauss_aux_0 : gauss_aux 0 = PI / 4.
Proof.
unfold gauss_aux. apply is_RInt_unique.
replace (PI / 4) with (minus (atan 1) (atan 0)).
2: { rewrite atan_1, atan_0. unfold minus, plus, opp; simpl. lra. }
apply (is_RInt_ext (fun t => / (1 + t ^ 2))).
{ intros t _. unfold gauss_aux_fun.
  replace (- (0 ^ 2 * (1 + t ^ 2))) with 0 by (simpl; ring). rewrite exp_0.
  unfold Rdiv. now rewrite Rmult_1_l. }
apply (is_RInt_derive atan).
- intros t _. apply is_derive_Reals. apply derivable_pt_lim_atan.
- intros t _. apply (ex_derive_continuous (fun t => / (1 + t ^ 2))). auto_derive.
  generalize (one_plus_sqr_pos t). simpl. lra.
Qed.

Lemma gauss_square x : gauss_prim x ^ 2 + gauss_aux x = PI / 4.
Proof.
set (F := fun x => gauss_prim x ^ 2 + gauss_aux x).
assert (HF : forall y, is_derive F y 0).
{ intro y. unfold F. evar_last.
  - apply (is_derive_plus (fun x => gauss_prim x ^ 2) gauss_aux).
    + apply (is_derive_pow gauss_prim 2). apply gauss_prim_derive.
    + apply gauss_aux_derive.
  - unfold plus; simpl. ring. }
assert (F0 : F 0 = PI / 4).
{ unfold F, gauss_prim. rewrite (RInt_point 0 gauss), gauss_aux_0. unfold zero; simpl. ring. }
change (F x = PI / 4). rewrite <- F0.
destruct (MVT_gen F 0 x (fun _ => 0)) as [c [_ Hc]].
- intros; apply HF.
- intros z _. apply continuity_pt_filterlim. apply (ex_derive_continuous F). eexists; apply HF.
- lra.
Qed.

Lemma gauss_aux_bounds x : 0 <= gauss_aux x <= gauss x.
Proof.
unfold gauss_aux. split.
- apply RInt_ge_0; [lra| |].
  + apply (ex_RInt_continuous (gauss_aux_fun x)). intros; apply gauss_aux_continuous.
  + intros t _. unfold gauss_aux_fun. apply Rlt_le, Rdiv_lt_0_compat; [apply exp_pos|].
    apply one_plus_sqr_pos.
- replace (gauss x) with (RInt (fun _ => gauss x) 0 1).
  2: { rewrite RInt_const. unfold scal; simpl; unfold mult; simpl. ring. }
  apply RInt_le; [lra| | |].
  + apply (ex_RInt_continuous (gauss_aux_fun x)). intros; apply gauss_aux_continuous.
  + apply (ex_RInt_const 0 1 (gauss x)).
  + intros t _. unfold gauss_aux_fun, gauss.
    apply Rmult_le_reg_r with (1 + t ^ 2); [apply one_plus_sqr_pos|].
    replace (exp (- (x ^ 2 * (1 + t ^ 2))) / (1 + t ^ 2) * (1 + t ^ 2))
      with (exp (- (x ^ 2 * (1 + t ^ 2)))) by (field; generalize (one_plus_sqr_pos t); lra).
    replace (- (x ^ 2 * (1 + t ^ 2))) with (- x ^ 2 + - (x ^ 2 * t ^ 2)) by ring.
    rewrite exp_plus. apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|].
    apply Rle_trans with 1.
    * rewrite <- exp_0.
      destruct (Req_dec (x ^ 2 * t ^ 2) 0) as [->|Hne].
      -- rewrite Ropp_0. lra.
      -- apply Rlt_le, exp_increasing. generalize (pow2_ge_0 x) (pow2_ge_0 t). nra.
    * generalize (pow2_ge_0 t). lra.
Qed.

(** Anything below C / |x| vanishes at both ends. *)

Lemma lim_inverse f C :
  (forall x, x <> 0 -> Rabs (f x) <= C / Rabs x) ->
  is_lim f m_infty 0 /\ is_lim f p_infty 0.
Proof.
intros H.
assert (K : forall eps : posreal, forall x, (Rabs C + 1) / eps < Rabs x -> Rabs (f x - 0) < eps).
{ intros eps x Hx.
  assert (He := cond_pos eps). assert (HC := Rabs_pos C).
  assert (0 < (Rabs C + 1) / eps) by (apply Rdiv_lt_0_compat; lra).
  assert (Hx0 : 0 < Rabs x) by lra.
  rewrite Rminus_0_r. apply Rle_lt_trans with (C / Rabs x).
  - apply H. intros ->. rewrite Rabs_R0 in Hx0. lra.
  - apply Rmult_lt_reg_r with (Rabs x); [exact Hx0|].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply (Rmult_lt_compat_l eps) in Hx; [|exact He].
    replace (eps * ((Rabs C + 1) / eps)) with (Rabs C + 1) in Hx by (field; lra).
    generalize (Rle_abs C). lra. }
split; apply is_lim_spec; intros eps.
- exists (- ((Rabs C + 1) / eps)). intros x Hx. apply K.
  generalize (Rle_abs (- x)). rewrite Rabs_Ropp. lra.
- exists ((Rabs C + 1) / eps). intros x Hx. apply K. generalize (Rle_abs x). lra.
Qed.

Lemma gauss_pos x : 0 < gauss x.
Proof. apply exp_pos. Qed.

Lemma gauss_le x : gauss x <= / (1 + x ^ 2).
Proof.
unfold gauss. rewrite exp_Ropp. apply Rinv_le_contravar; [apply one_plus_sqr_pos|].
apply exp_ineq1_le.
Qed.

Lemma gauss_quadratic_le x : (1 + x ^ 2) * gauss x <= 1.
Proof.
generalize (gauss_le x) (one_plus_sqr_pos x). intros H P.
apply (Rmult_le_compat_l (1 + x ^ 2)) in H; [|lra].
rewrite Rinv_r in H; lra.
Qed.

Lemma gauss_lim : is_lim gauss m_infty 0 /\ is_lim gauss p_infty 0.
Proof.
apply (lim_inverse gauss 1). intros x Hx.
assert (0 < Rabs x) by now apply Rabs_pos_lt.
rewrite Rabs_pos_eq by apply Rlt_le, gauss_pos.
apply Rmult_le_reg_r with (Rabs x); trivial.
replace (1 / Rabs x * Rabs x) with 1 by (field; lra).
apply Rle_trans with (2 := gauss_quadratic_le x).
rewrite Rmult_comm. apply Rmult_le_compat_r; [apply Rlt_le, gauss_pos|].
rewrite <- pow2_abs. nra.
Qed.

Lemma x_gauss_lim : is_lim (fun x => x * gauss x) m_infty 0 /\ is_lim (fun x => x * gauss x) p_infty 0.
Proof.
apply (lim_inverse (fun x => x * gauss x) 1). intros x Hx.
assert (0 < Rabs x) by now apply Rabs_pos_lt.
rewrite Rabs_mult, (Rabs_pos_eq (gauss x)) by apply Rlt_le, gauss_pos.
apply Rmult_le_reg_r with (Rabs x); trivial.
replace (1 / Rabs x * Rabs x) with 1 by (field; lra).
apply Rle_trans with (2 := gauss_quadratic_le x).
replace (Rabs x * gauss x * Rabs x) with (Rabs x ^ 2 * gauss x) by ring.
rewrite pow2_abs. apply Rmult_le_compat_r; [apply Rlt_le, gauss_pos|lra].
Qed.

Lemma gauss_prim_odd x : gauss_prim (- x) = - gauss_prim x.
Proof.
set (F := fun x => gauss_prim (- x) + gauss_prim x).
assert (HF : forall y, is_derive F y 0).
{ intro y. unfold F. evar_last.
  - apply (is_derive_plus (fun x => gauss_prim (- x)) gauss_prim).
    + apply (is_derive_comp gauss_prim (fun x => - x) y (gauss (- y)) (-1)); [apply gauss_prim_derive|].
      auto_derive; trivial; ring.
    + apply gauss_prim_derive.
  - unfold plus, scal, opp, one; simpl; unfold mult; simpl. unfold gauss.
    replace ((- y) ^ 2) with (y ^ 2) by ring. ring. }
assert (F0 : F 0 = 0).
{ unfold F, gauss_prim. rewrite Ropp_0, (RInt_point 0 gauss). unfold zero; simpl. ring. }
assert (F x = F 0).
{ destruct (MVT_gen F 0 x (fun _ => 0)) as [c [_ Hc]].
  - intros; apply HF.
  - intros z _. apply continuity_pt_filterlim. apply (ex_derive_continuous F). eexists; apply HF.
  - lra. }
unfold F in *. lra.
Qed.

Lemma gauss_prim_pos x : 0 <= x -> 0 <= gauss_prim x.
Proof.
intros Hx. apply RInt_ge_0; trivial; [apply gauss_ex_RInt|].
intros; apply Rlt_le, gauss_pos.
Qed.

Lemma gauss_prim_lim_p : is_lim gauss_prim p_infty (sqrt PI / 2).
Proof.
assert (HPI := PI_RGT_0).
assert (L : is_lim (fun x => PI / 4 - gauss_aux x) p_infty (PI / 4)).
{ apply is_lim_spec. intros eps.
  destruct gauss_lim as [_ Hl]. apply is_lim_spec in Hl.
  destruct (Hl eps) as [M HM]. exists M. intros x Hx.
  specialize (HM x Hx). rewrite Rminus_0_r in HM.
  generalize (gauss_aux_bounds x). intros [B1 B2].
  apply Rabs_def2 in HM. apply Rabs_def1; lra. }
apply (is_lim_comp_continuous _ sqrt) in L.
2: { apply continuity_pt_filterlim, continuity_pt_sqrt. lra. }
replace (sqrt PI / 2) with (sqrt (PI / 4)).
2: { rewrite sqrt_div_alt by lra. replace 4 with (2 * 2) by ring. rewrite sqrt_square; lra. }
apply (is_lim_ext_loc (fun x => sqrt (PI / 4 - gauss_aux x))); [|exact L].
exists 0. intros x Hx.
rewrite <- (gauss_square x). replace (gauss_prim x ^ 2 + gauss_aux x - gauss_aux x)
  with (gauss_prim x ^ 2) by ring.
apply sqrt_pow2. apply gauss_prim_pos. lra.
Qed.

Lemma gauss_prim_lim_m : is_lim gauss_prim m_infty (- (sqrt PI / 2)).
Proof.
generalize gauss_prim_lim_p. intro H. apply is_lim_spec in H. apply is_lim_spec.
intros eps. destruct (H eps) as [M HM]. exists (- M). intros x Hx.
specialize (HM (- x) ltac:(lra)). rewrite gauss_prim_odd in HM.
rewrite <- Rabs_Ropp. replace (- (gauss_prim x - - (sqrt PI / 2)))
  with (- gauss_prim x - sqrt PI / 2) by ring. exact HM.
Qed.

Theorem gauss_integral : integral (fun x => exp (- x ^ 2)) (sqrt PI).
Proof.
replace (sqrt PI) with (sqrt PI / 2 - - (sqrt PI / 2)) by lra.
apply (integral_primitive gauss_prim).
- apply gauss_prim_derive.
- apply gauss_continuous.
- apply gauss_prim_lim_m.
- apply gauss_prim_lim_p.
Qed.

Lemma gauss_first : integral (fun x => x * gauss x) 0.
Proof.
replace 0 with (- (1 / 2) * 0 - - (1 / 2) * 0) by lra.
apply (integral_primitive (fun x => - (1 / 2) * gauss x)).
- intro x. unfold gauss. auto_derive; trivial. simpl. field.
- intro x. apply (ex_derive_continuous (fun x => x * gauss x)). unfold gauss. auto_derive. trivial.
- apply (is_lim_scal_l gauss _ m_infty 0), gauss_lim.
- apply (is_lim_scal_l gauss _ p_infty 0), gauss_lim.
Qed.

Lemma gauss_second : integral (fun x => x ^ 2 * gauss x) (sqrt PI / 2).
Proof.
assert (H : integral (fun x => x ^ 2 * gauss x - / 2 * gauss x) 0).
{ replace 0 with (- (1 / 2) * 0 - - (1 / 2) * 0) by lra.
  apply (integral_primitive (fun x => - (1 / 2) * (x * gauss x))).
  - intro x. unfold gauss. auto_derive; trivial. simpl. field.
  - intro x. apply (ex_derive_continuous (fun x => x ^ 2 * gauss x - / 2 * gauss x)).
    unfold gauss. auto_derive. trivial.
  - apply (is_lim_scal_l (fun x => x * gauss x) _ m_infty 0), x_gauss_lim.
  - apply (is_lim_scal_l (fun x => x * gauss x) _ p_infty 0), x_gauss_lim. }
eapply integral_eq; [exact (integral_plus _ _ _ _ H (integral_scal _ (/ 2) _ gauss_integral))| |].
- intro x. simpl. unfold gauss. simpl. ring.
- field.
Qed.

(** ** The normal law *)

(** Density at [x] of the normal law of mean [m] and variance [v], for [0 < v]. *)
Definition normal (m v x : R) : R := exp (- (x - m) ^ 2 / (2 * v)) / sqrt (2 * PI * v).

Lemma normal_scale v : 0 < v -> 0 < sqrt (2 * PI * v).
Proof. intros Hv. apply sqrt_lt_R0. generalize PI_RGT_0. intro. nra. Qed.

Lemma normal_pos m v x : 0 < v -> 0 < normal m v x.
Proof. intros Hv. apply Rdiv_lt_0_compat; [apply exp_pos|now apply normal_scale]. Qed.

Lemma normal_continuous m v x : continuous (normal m v) x.
Proof. apply (ex_derive_continuous (normal m v)). unfold normal. auto_derive. trivial. Qed.

(** Densities in standardised form: x = m + r y with r = sqrt (2 v). *)
Lemma normal_gauss m v x :
  0 < v -> normal m v x = / sqrt PI * (/ sqrt (2 * v) * gauss (/ sqrt (2 * v) * x + - m / sqrt (2 * v))).
Proof.
intros Hv. assert (HPI := PI_RGT_0).
assert (Hr : 0 < sqrt (2 * v)) by (apply sqrt_lt_R0; lra).
assert (Hp : 0 < sqrt PI) by (apply sqrt_lt_R0; lra).
assert (Er : sqrt (2 * v) * sqrt (2 * v) = 2 * v) by (apply sqrt_sqrt; lra).
unfold normal, gauss.
replace (2 * PI * v) with (PI * (2 * v)) by ring. rewrite sqrt_mult by lra.
set (r := sqrt (2 * v)) in *.
replace (- (x - m) ^ 2 / (2 * v)) with (- (/ r * x + - m / r) ^ 2).
- field. lra.
- rewrite <- Er. field. lra.
Qed.

Theorem normal_quadratic a b c m v :
  0 < v -> integral (fun x => normal m v x * (a * x ^ 2 + b * x + c)) (a * (m ^ 2 + v) + b * m + c).
Proof.
intros Hv. assert (HPI := PI_RGT_0).
assert (Hr : 0 < sqrt (2 * v)) by (apply sqrt_lt_R0; lra).
assert (Hp : 0 < sqrt PI) by (apply sqrt_lt_R0; lra).
assert (Er : sqrt (2 * v) * sqrt (2 * v) = 2 * v) by (apply sqrt_sqrt; lra).
set (r := sqrt (2 * v)) in *.
assert (H := integral_scal _ (/ sqrt PI) _ (integral_affine _ (/ r) (- m / r) _ (Rinv_0_lt_compat _ Hr)
  (integral_plus _ _ _ _ (integral_scal _ (a * (r * r)) _ gauss_second)
  (integral_plus _ _ _ _ (integral_scal _ (2 * a * m * r + b * r) _ gauss_first)
    (integral_scal _ (a * m ^ 2 + b * m + c) _ gauss_integral))))).
eapply integral_eq; [exact H| |].
- intro x. rewrite (normal_gauss m v x Hv). fold r. cbv beta.
  change (exp (- (/ r * x + - m / r) ^ 2)) with (gauss (/ r * x + - m / r)).
  set (g := gauss _). field. lra.
- rewrite Er. field. lra.
Qed.

Corollary normal_normalised m v : 0 < v -> integral (normal m v) 1.
Proof.
intros Hv. eapply integral_eq; [exact (normal_quadratic 0 0 1 m v Hv)| |]; [intro x; cbv beta|]; ring.
Qed.

Corollary normal_mean m v : 0 < v -> integral (fun x => normal m v x * x) m.
Proof.
intros Hv. eapply integral_eq; [exact (normal_quadratic 0 1 0 m v Hv)| |]; [intro x; cbv beta|]; ring.
Qed.

Corollary normal_variance m v : 0 < v -> integral (fun x => normal m v x * (x - m) ^ 2) v.
Proof.
intros Hv. eapply integral_eq; [exact (normal_quadratic 1 (- 2 * m) (m ^ 2) m v Hv)| |];
  [intro x; cbv beta|]; ring.
Qed.

(** A density determines its mean. *)
Lemma normal_mean_injective m m' v :
  0 < v -> (forall x, normal m v x = normal m' v x) -> m = m'.
Proof.
intros Hv H. assert (E1 := normal_mean m v Hv). assert (E2 := normal_mean m' v Hv).
apply (integral_unique (fun x => normal m v x * x)); [exact E1|].
apply (integral_ext (fun x => normal m' v x * x)); [|exact E2].
intro x. now rewrite H.
Qed.

(** An affine change of variable: the density of k x + c, for k <> 0. *)
Lemma normal_affine m v k c x :
  0 < v -> k <> 0 -> normal m v x = Rabs k * normal (k * m + c) (k ^ 2 * v) (k * x + c).
Proof.
intros Hv Hk. unfold normal. assert (HPI := PI_RGT_0).
assert (Hs := normal_scale v Hv).
replace (2 * PI * (k ^ 2 * v)) with (k ^ 2 * (2 * PI * v)) by ring.
assert (0 <= 2 * PI * v) by (apply Rmult_le_pos; nra).
rewrite (sqrt_mult (k ^ 2)) by (trivial; apply pow2_ge_0).
replace (sqrt (k ^ 2)) with (Rabs k) by (rewrite <- Rsqr_pow2; symmetry; apply sqrt_Rsqr_abs).
assert (0 < Rabs k) by now apply Rabs_pos_lt.
replace (- (k * x + c - (k * m + c)) ^ 2 / (2 * (k ^ 2 * v))) with (- (x - m) ^ 2 / (2 * v)) by (field; split; lra).
field. lra.
Qed.

(** ** Bayes' rule for a linear-Gaussian kernel: x ~ N(m, v), y | x ~ N(k x + c, s) *)

Definition evidence_mean (m k c : R) : R := k * m + c.
Definition evidence_variance (v k s : R) : R := k ^ 2 * v + s.
Definition bayes_mean (m v k c s y : R) : R := m + k * v * (y - (k * m + c)) / (k ^ 2 * v + s).
Definition bayes_variance (v k s : R) : R := v * s / (k ^ 2 * v + s).

Theorem bayes m v k c s x y :
  0 < v -> 0 < s ->
  normal m v x * normal (k * x + c) s y =
  normal (evidence_mean m k c) (evidence_variance v k s) y *
  normal (bayes_mean m v k c s y) (bayes_variance v k s) x.
Proof.
intros Hv Hs. assert (HPI := PI_RGT_0).
unfold evidence_mean, evidence_variance, bayes_mean, bayes_variance, normal.
assert (Hk := pow2_ge_0 k).
assert (He : 0 < k ^ 2 * v + s) by nra.
assert (forall a b c d, a / b * (c / d) = (a * c) / (b * d)) as E.
{ intros a b c' d. unfold Rdiv. rewrite Rinv_mult. ring. }
rewrite !E, <- !exp_plus.
f_equal.
- f_equal. field. repeat split; lra.
- assert (0 < v * s / (k ^ 2 * v + s)) by (apply Rdiv_lt_0_compat; nra).
  rewrite <- !sqrt_mult by (apply Rlt_le, Rmult_lt_0_compat; lra).
  f_equal. field. lra.
Qed.

Lemma bayes_variance_pos v k s : 0 < v -> 0 < s -> 0 < bayes_variance v k s.
Proof.
intros. unfold bayes_variance. generalize (pow2_ge_0 k); intro.
apply Rdiv_lt_0_compat; nra.
Qed.

Theorem total_probability m v k c s y :
  0 < v -> 0 < s ->
  integral (fun x => normal m v x * normal (k * x + c) s y)
    (normal (evidence_mean m k c) (evidence_variance v k s) y).
Proof.
intros Hv Hs.
assert (H := normal_normalised (bayes_mean m v k c s y) _ (bayes_variance_pos v k s Hv Hs)).
eapply integral_eq.
- exact (integral_scal _ (normal (evidence_mean m k c) (evidence_variance v k s) y) _ H).
- intro x. symmetry. now apply bayes.
- ring.
Qed.

(** ** Logarithms *)

Lemma ln_normal m v x : 0 < v -> ln (normal m v x) = - (x - m) ^ 2 / (2 * v) - ln (2 * PI * v) / 2.
Proof.
intros Hv. assert (HPI := PI_RGT_0). unfold normal.
rewrite ln_div by (apply exp_pos || now apply normal_scale). rewrite ln_exp. f_equal.
assert (P : 0 < 2 * PI * v) by (apply Rmult_lt_0_compat; lra).
rewrite <- (sqrt_sqrt (2 * PI * v)) at 2 by lra.
assert (S := normal_scale v Hv). rewrite ln_mult by trivial. lra.
Qed.

Lemma log_ratio m1 v1 m2 v2 x :
  0 < v1 -> 0 < v2 ->
  ln (normal m1 v1 x / normal m2 v2 x) =
  (x - m2) ^ 2 / (2 * v2) - (x - m1) ^ 2 / (2 * v1) + ln (v2 / v1) / 2.
Proof.
intros H1 H2. assert (HPI := PI_RGT_0).
rewrite ln_div by now apply normal_pos. rewrite !ln_normal by trivial.
rewrite !(ln_mult (2 * PI)), ln_div by (trivial; lra). lra.
Qed.
