(** * Ville's inequality, for the e-processes of the statistical tests

    Data w_1, w_2, ... arrive one at a time; under the null, w_{n+1} has density [q h] given the
    history [h] (a list, the latest first).  A test martingale [M] is a non-negative function of the
    history whose conditional expectation under the null is its present value.

    - [ville]: the chance that M reaches c times its starting value within N steps is at most 1/c,
      for every N, hence under every stopping rule.  It is stated without measure theory: any
      integrable function that is at most the indicator of the event has expectation at most 1/c;
      the indicator itself is such a function whenever it is integrable.
    - [likelihood_ratio_martingale]: products of predictive densities over the null's are test martingales.
    - [average_martingale], [several_claims]: so are weighted averages; with weights w_i of sum 1, the
      chance that any claim reaches w_i E_i >= 1/alpha is at most alpha, whatever their dependence.
    - [student_normalised], [student_martingale]: the normal-gamma predictive law is Student's, with
      location, scale and degrees of freedom (>= 1) computed from the history in any way; the
      normal-gamma e-process against N(0, 1) obeys Ville's inequality ([normal_gamma_ville]).
      Student's normaliser is the integral itself; its closed form by Gamma functions is not used. *)

From Coq Require Import Reals Lra List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini.
Open Scope R_scope.

Section Null.
Variable q : list R -> R -> R.
Hypothesis q_pos : forall h w, 0 < q h w.
Hypothesis q_normalised : forall h, integral (q h) 1.

Definition test_martingale (M : list R -> R) : Prop :=
  (forall h, 0 <= M h) /\ forall h, integral (fun w => q h w * M (w :: h)) (M h).

(** E[phi | h] after N more observations. *)
Fixpoint null_expectation (N : nat) (phi : list R -> R) (h : list R) (l : R) : Prop :=
  match N with
  | O => l = phi h
  | S n => exists g, (forall w, null_expectation n phi (w :: h) (g w)) /\ integral (fun w => q h w * g w) l
  end.

(** M has been at least c at some time up to now. *)
Fixpoint reached (M : list R -> R) (c : R) (h : list R) : Prop :=
  c <= M h \/ match h with nil => False | _ :: past => reached M c past end.

Lemma null_expectation_le_1 N : forall phi h l,
  (forall h, phi h <= 1) -> null_expectation N phi h l -> l <= 1.
Proof.
induction N as [|N IH]; simpl; intros phi h l Hp H.
- rewrite H. apply Hp.
- destruct H as [g [Hg I]]. apply (integral_le _ _ _ _ I (q_normalised h)).
  intro w. rewrite <- (Rmult_1_r (q h w)) at 2. apply Rmult_le_compat_l; [apply Rlt_le, q_pos|].
  now apply (IH phi (w :: h)).
Qed.

Lemma ville_from M c phi :
  test_martingale M -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reached M c h -> phi h <= 0) ->
  forall N h l, null_expectation N phi h l -> ~ reached M c h -> l <= M h / c.
Proof.
intros [HM Hmart] Hc H1 H0. induction N as [|N IH]; simpl; intros h l H Hn.
- rewrite H. apply Rle_trans with 0; [now apply H0|].
  apply Rmult_le_pos; [apply HM|now apply Rlt_le, Rinv_0_lt_compat].
- destruct H as [g [Hg I]].
  assert (K : integral (fun w => / c * (q h w * M (w :: h))) (M h / c)).
  { apply (integral_scaled (/ c) _ _ _ _ (Hmart h)); [reflexivity|unfold Rdiv; ring]. }
  apply (integral_le _ _ _ _ I K). intro w.
  replace (/ c * (q h w * M (w :: h))) with (q h w * (M (w :: h) / c)) by (unfold Rdiv; ring).
  apply Rmult_le_compat_l; [apply Rlt_le, q_pos|].
  destruct (Rle_lt_dec c (M (w :: h))) as [Hr|Hr].
  + apply Rle_trans with 1; [now apply (null_expectation_le_1 N phi (w :: h))|].
    apply Rmult_le_reg_r with c; trivial. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra.
  + apply (IH (w :: h)); [apply Hg|]. simpl. intros [K1|K1]; [lra|now apply Hn].
Qed.

Theorem ville M c phi N l :
  test_martingale M -> M nil = 1 -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reached M c h -> phi h <= 0) ->
  null_expectation N phi nil l -> l <= 1 / c.
Proof.
intros HM M1 Hc H1 H0 H.
destruct (Rle_lt_dec c 1) as [Hc1|Hc1].
- apply Rle_trans with 1; [now apply (null_expectation_le_1 N phi nil)|].
  apply Rmult_le_reg_r with c; trivial. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra.
- rewrite <- M1. apply (ville_from M c phi HM Hc H1 H0 N nil l H).
  simpl. rewrite M1. intros [K|K]; [lra|exact K].
Qed.

(** ** Test martingales *)

(** The product of predictive densities over the null's. *)
Fixpoint likelihood_ratio (p : list R -> R -> R) (h : list R) : R :=
  match h with nil => 1 | w :: past => likelihood_ratio p past * (p past w / q past w) end.

Theorem likelihood_ratio_martingale p :
  (forall h w, 0 <= p h w) -> (forall h, integral (p h) 1) -> test_martingale (likelihood_ratio p).
Proof.
intros Hp Ip. split.
- induction h as [|w h IH]; simpl; [lra|].
  apply Rmult_le_pos; trivial. apply Rmult_le_pos; [apply Hp|]. apply Rlt_le, Rinv_0_lt_compat, q_pos.
- intro h. apply (integral_scaled (likelihood_ratio p h) _ _ _ _ (Ip h)); [|ring].
  intro w. simpl. generalize (q_pos h w). intro. field. lra.
Qed.

Definition average (w : R) (M M' : list R -> R) (h : list R) : R := w * M h + (1 - w) * M' h.

Theorem average_martingale w M M' :
  0 <= w <= 1 -> test_martingale M -> test_martingale M' -> test_martingale (average w M M').
Proof.
intros Hw [HM IM] [HM' IM']. unfold average. split.
- intro h. assert (0 <= w * M h) by (apply Rmult_le_pos; [lra|apply HM]).
  assert (0 <= (1 - w) * M' h) by (apply Rmult_le_pos; [lra|apply HM']). lra.
- intro h.
  eapply integral_eq; [exact (integral_plus _ _ _ _ (integral_scal _ w _ (IM h)) (integral_scal _ (1 - w) _ (IM' h)))| |];
  [intro z; cbv beta; ring|reflexivity].
Qed.

(** Weighted sums of any number of test martingales, paired with their weights. *)
Fixpoint weighted (claims : list (R * (list R -> R))) (h : list R) : R :=
  match claims with nil => 0 | (w, M) :: rest => w * M h + weighted rest h end.
Fixpoint total_weight (claims : list (R * (list R -> R))) : R :=
  match claims with nil => 0 | (w, _) :: rest => w + total_weight rest end.

Lemma weighted_martingale claims :
  (forall w M, In (w, M) claims -> 0 <= w /\ test_martingale M) -> test_martingale (weighted claims).
Proof.
induction claims as [|[w M] rest IH]; intros H.
- split; [intro; simpl; lra|]. intro h.
  apply (integral_ext (fun _ => 0)); [intro; simpl; ring|exact integral_zero].
- destruct (H w M (or_introl eq_refl)) as [Hw [HM IM]].
  destruct IH as [HR IR]; [intros; apply H; now right|]. split.
  + intro h. simpl. specialize (HR h). assert (0 <= w * M h) by (apply Rmult_le_pos; [lra|apply HM]). lra.
  + intro h.
    eapply integral_eq; [exact (integral_plus _ _ _ _ (integral_scal _ w _ (IM h)) (IR h))| |];
    [intro z; simpl; ring|reflexivity].
Qed.

Lemma weighted_start claims :
  (forall w M, In (w, M) claims -> M nil = 1) -> weighted claims nil = total_weight claims.
Proof.
induction claims as [|[w M] rest IH]; intros H; simpl; trivial.
rewrite (H w M (or_introl eq_refl)), IH by (intros; apply (H w0 M0); now right). ring.
Qed.

Lemma weighted_ge claims w M h :
  (forall w M, In (w, M) claims -> 0 <= w /\ test_martingale M) -> In (w, M) claims -> w * M h <= weighted claims h.
Proof.
induction claims as [|[w' M'] rest IH]; intros H HI; [destruct HI|].
assert (P := proj1 (weighted_martingale rest (fun w M HI => H w M (or_intror HI))) h).
destruct (H w' M' (or_introl eq_refl)) as [Hw' [HM' _]]. specialize (HM' h).
assert (0 <= w' * M' h) by (apply Rmult_le_pos; lra).
simpl. destruct HI as [E|HI].
- injection E; intros; subst. lra.
- specialize (IH (fun w M HI => H w M (or_intror HI)) HI). lra.
Qed.

Lemma reached_weighted claims w M c h :
  (forall w M, In (w, M) claims -> 0 <= w /\ test_martingale M) -> In (w, M) claims -> 0 < w ->
  reached M (c / w) h -> reached (weighted claims) c h.
Proof.
intros H HI Hw. induction h as [|z h IH]; simpl; intros [K|K]; try tauto; left.
- apply Rle_trans with (2 := weighted_ge claims w M nil H HI).
  apply (Rmult_le_compat_l w) in K; [|lra]. replace (w * (c / w)) with c in K by (field; lra). exact K.
- apply Rle_trans with (2 := weighted_ge claims w M (z :: h) H HI).
  apply (Rmult_le_compat_l w) in K; [|lra]. replace (w * (c / w)) with c in K by (field; lra). exact K.
Qed.

(** Any claim's w_i E_i reaching 1/alpha: chance at most alpha. *)
Theorem several_claims claims alpha phi N l :
  (forall w M, In (w, M) claims -> 0 < w /\ test_martingale M /\ M nil = 1) -> total_weight claims = 1 ->
  0 < alpha ->
  (forall h, phi h <= 1) ->
  (forall h, (forall w M, In (w, M) claims -> ~ reached M (1 / alpha / w) h) -> phi h <= 0) ->
  null_expectation N phi nil l -> l <= alpha.
Proof.
intros H Hw Ha H1 H0 He.
assert (H' : forall w M, In (w, M) claims -> 0 <= w /\ test_martingale M).
{ intros w M HI. destruct (H w M HI) as (P & Q & _). split; [lra|exact Q]. }
replace alpha with (1 / (1 / alpha)) by (field; lra).
apply (ville (weighted claims) (1 / alpha) phi N l); trivial.
- now apply weighted_martingale.
- rewrite weighted_start; [exact Hw|]. intros w M HI. apply (H w M HI).
- apply Rdiv_lt_0_compat; lra.
- intros h Hr. apply H0. intros w M HI HM. apply Hr.
  apply (reached_weighted claims w M (1 / alpha) h H' HI); [apply (H w M HI)|exact HM].
Qed.

End Null.

(** ** Student's law, the predictive law of a normal-gamma prior *)

Definition student_kernel (nu t : R) : R := Rpower (1 + t ^ 2 / nu) (- ((nu + 1) / 2)).
Definition student_scale (nu : R) : R := value (student_kernel nu).
Definition student (nu m s w : R) : R := student_kernel nu ((w - m) / s) / (s * student_scale nu).

Lemma student_base nu t : 0 < nu -> 1 <= 1 + t ^ 2 / nu.
Proof.
intros H. assert (0 <= t ^ 2 / nu); [|lra].
apply Rmult_le_pos; [apply pow2_ge_0|now apply Rlt_le, Rinv_0_lt_compat].
Qed.

Lemma student_kernel_pos nu t : 0 < student_kernel nu t.
Proof. apply exp_pos. Qed.

Lemma student_kernel_cont nu : 0 < nu -> everywhere_continuous (student_kernel nu).
Proof.
intros H t. apply (ex_derive_continuous (student_kernel nu)). unfold student_kernel, Rpower. auto_derive.
assert (B := student_base nu t H). unfold Rdiv in B. simpl in *. lra.
Qed.

Lemma is_lim_atan_p : is_lim atan p_infty (PI / 2).
Proof.
apply is_lim_spec. intro eps. assert (HPI := PI_RGT_0). assert (He := cond_pos eps).
set (e := Rmin eps (PI / 2)).
assert (He1 : 0 < e) by (apply Rmin_pos; lra).
assert (He2 : e <= eps) by apply Rmin_l. assert (He3 : e <= PI / 2) by apply Rmin_r.
exists (tan (PI / 2 - e / 2)). intros x Hx.
apply atan_increasing in Hx. rewrite atan_tan in Hx by lra.
generalize (atan_bound x). intro. apply Rabs_def1; lra.
Qed.

Lemma is_lim_atan_m : is_lim atan m_infty (- (PI / 2)).
Proof.
generalize is_lim_atan_p. intro H. apply is_lim_spec in H. apply is_lim_spec. intro eps.
destruct (H eps) as [M HM]. exists (- M). intros x Hx.
specialize (HM (- x) ltac:(lra)). rewrite atan_opp in HM.
rewrite <- Rabs_Ropp. replace (- (atan x - - (PI / 2))) with (- atan x - PI / 2) by ring. exact HM.
Qed.

(** The primitive is sqrt nu atan (t / sqrt nu). *)
Lemma cauchy_integral nu : 0 < nu -> integral (fun t => / (1 + t ^ 2 / nu)) (sqrt nu * PI).
Proof.
intros H. assert (Hr := sqrt_lt_R0 nu H). assert (Er := sqrt_sqrt nu ltac:(lra)).
replace (sqrt nu * PI) with (sqrt nu * (PI / 2) - sqrt nu * (- (PI / 2))) by field.
apply (integral_primitive (fun t => sqrt nu * atan (/ sqrt nu * t))).
- intro t. assert (B := student_base nu t H).
  assert (D : is_derive (fun t => sqrt nu * atan (/ sqrt nu * t)) t
    (sqrt nu * (/ sqrt nu * / (1 + (/ sqrt nu * t) ^ 2)))).
  { apply (is_derive_scal (fun t => atan (/ sqrt nu * t))).
    apply (is_derive_comp atan (fun t => / sqrt nu * t) t (/ (1 + (/ sqrt nu * t) ^ 2)) (/ sqrt nu)).
    - apply is_derive_Reals, derivable_pt_lim_atan.
    - auto_derive; trivial. ring. }
  replace (/ (1 + t ^ 2 / nu)) with (sqrt nu * (/ sqrt nu * / (1 + (/ sqrt nu * t) ^ 2))); [exact D|].
  replace ((/ sqrt nu * t) ^ 2) with (t ^ 2 / (sqrt nu * sqrt nu)) by (field; lra). rewrite Er. field.
  assert (T := pow2_ge_0 t). repeat split; lra.
- intro t. apply (ex_derive_continuous (fun t => / (1 + t ^ 2 / nu))). auto_derive.
  assert (B := student_base nu t H). unfold Rdiv in B. simpl in *. lra.
- apply (is_lim_scal_l (fun t => atan (/ sqrt nu * t)) (sqrt nu) m_infty (- (PI / 2))).
  apply (is_lim_comp atan (fun t => / sqrt nu * t) m_infty (- (PI / 2)) m_infty).
  + apply is_lim_atan_m.
  + apply is_lim_spec. intro A. exists (sqrt nu * A). intros t Ht.
    apply (Rmult_lt_reg_l (sqrt nu)); trivial. replace (sqrt nu * (/ sqrt nu * t)) with t by (field; lra). exact Ht.
  + exists 0. intros t Ht. discriminate.
- apply (is_lim_scal_l (fun t => atan (/ sqrt nu * t)) (sqrt nu) p_infty (PI / 2)).
  apply (is_lim_comp atan (fun t => / sqrt nu * t) p_infty (PI / 2) p_infty).
  + apply is_lim_atan_p.
  + apply is_lim_spec. intro A. exists (sqrt nu * A). intros t Ht.
    apply (Rmult_lt_reg_l (sqrt nu)); trivial. replace (sqrt nu * (/ sqrt nu * t)) with t by (field; lra). exact Ht.
  + exists 0. intros t Ht. discriminate.
Qed.

Lemma student_kernel_le nu t : 1 <= nu -> student_kernel nu t <= / (1 + t ^ 2 / nu).
Proof.
intros H. assert (B := student_base nu t ltac:(lra)).
replace (/ (1 + t ^ 2 / nu)) with (Rpower (1 + t ^ 2 / nu) (- (1))) by (rewrite Rpower_Ropp, Rpower_1; lra).
apply Rle_Rpower; lra.
Qed.

Lemma student_scale_correct nu : 1 <= nu -> integral (student_kernel nu) (student_scale nu) /\ 0 < student_scale nu.
Proof.
intros H.
destruct (dominated_value (student_kernel nu) (fun t => / (1 + t ^ 2 / nu)) (sqrt nu * PI)) as (I & _ & _).
- apply student_kernel_cont. lra.
- intro t. apply (ex_derive_continuous (fun t => / (1 + t ^ 2 / nu))). auto_derive.
  assert (B := student_base nu t ltac:(lra)). unfold Rdiv in B. simpl in *. lra.
- intro t. rewrite Rabs_pos_eq by apply Rlt_le, student_kernel_pos. now apply student_kernel_le.
- apply cauchy_integral. lra.
- split; [exact I|]. change (value (student_kernel nu)) with (student_scale nu) in I.
  apply Rlt_le_trans with (RInt (student_kernel nu) 0 1).
  + apply RInt_gt_0; [lra| |].
    * intros; apply student_kernel_pos.
    * intros t _. apply student_kernel_cont. lra.
  + apply (RInt_le_integral _ _ 0 1); trivial; [|intro; apply Rlt_le, student_kernel_pos|lra].
    apply student_kernel_cont. lra.
Qed.

Theorem student_normalised nu m s : 1 <= nu -> 0 < s -> integral (student nu m s) 1.
Proof.
intros H Hs. destruct (student_scale_correct nu H) as [I P].
apply (integral_scaled (/ student_scale nu) _ _ _ _ (integral_affine _ (/ s) (- m / s) _ (Rinv_0_lt_compat _ Hs) I)).
- intro w. unfold student. replace (/ s * w + - m / s) with ((w - m) / s) by (field; lra). field. lra.
- field. lra.
Qed.

(** The null: independent N(0, 1). *)
Definition standard_null (_ : list R) (w : R) : R := normal 0 1 w.

(** The normal-gamma e-process: location, scale and degrees of freedom from the history. *)
Definition normal_gamma_e (nu m s : list R -> R) : list R -> R :=
  likelihood_ratio standard_null (fun h w => student (nu h) (m h) (s h) w).

Theorem student_martingale nu m s :
  (forall h, 1 <= nu h) -> (forall h, 0 < s h) -> test_martingale standard_null (normal_gamma_e nu m s).
Proof.
intros Hn Hs. apply likelihood_ratio_martingale.
- intros h w. apply normal_pos. lra.
- intros h w. unfold student. destruct (student_scale_correct (nu h) (Hn h)) as [_ P].
  apply Rlt_le, Rdiv_lt_0_compat; [apply student_kernel_pos|]. now apply Rmult_lt_0_compat.
- intro h. now apply student_normalised.
Qed.

Theorem normal_gamma_ville nu m s c phi N l :
  (forall h, 1 <= nu h) -> (forall h, 0 < s h) -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reached (normal_gamma_e nu m s) c h -> phi h <= 0) ->
  null_expectation standard_null N phi nil l -> l <= 1 / c.
Proof.
intros Hn Hs Hc H1 H0 H.
apply (ville standard_null) with (M := normal_gamma_e nu m s) (phi := phi) (N := N); trivial.
- intros h w. apply normal_pos. lra.
- intro h. apply normal_normalised. lra.
- now apply student_martingale.
Qed.
