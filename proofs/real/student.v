(** * Student's normaliser, for whole degrees of freedom

    eprocess.v leaves Student's normaliser as the integral that defines it.  Here it is computed:

    - [kernel_step]: the integral of (1 + t^2)^(-p-1) is (2 p - 1) / (2 p) times that of (1 + t^2)^(-p).
    - [half_gamma n] is Gamma (n / 2), by Gamma's recursion from Gamma (1/2) = sqrt PI and Gamma 1 = 1.
    - [student_normaliser]: for nu = 1, 2, 3, ... the normaliser is sqrt (nu PI) Gamma (nu / 2) / Gamma ((nu + 1) / 2),
      what the tests evaluate; [student_density]: so the density is the textbook's. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini eprocess.
Open Scope R_scope.

Definition bell (p t : R) : R := Rpower (1 + t ^ 2) (- p).

Lemma bell_base t : 1 <= 1 + t ^ 2.
Proof. generalize (pow2_ge_0 t). lra. Qed.

Lemma bell_derive p t : is_derive (bell p) t (- 2 * p * t * bell (p + 1) t).
Proof.
assert (B := bell_base t). assert (E : bell p t = bell (p + 1) t * (1 + t ^ 2)).
{ unfold bell. rewrite <- (Rpower_1 (1 + t ^ 2)) at 3 by lra. rewrite <- Rpower_plus. f_equal. ring. }
evar_last.
- unfold bell, Rpower. auto_derive; [|reflexivity]. simpl in *. lra.
- cbn beta. change (exp (- p * ln (1 + t * (t * 1)))) with (bell p t). rewrite E. simpl in B. field. simpl. lra.
Qed.

Lemma bell_continuous p t : continuous (bell p) t.
Proof. apply (ex_derive_continuous (bell p)). eexists. apply bell_derive. Qed.

Lemma bell_le p t : 1 <= p -> bell p t <= / (1 + t ^ 2).
Proof.
intros H. assert (B := bell_base t).
replace (/ (1 + t ^ 2)) with (Rpower (1 + t ^ 2) (- (1))) by (rewrite Rpower_Ropp, Rpower_1; lra).
unfold bell. apply Rle_Rpower; lra.
Qed.

Lemma bell_tails p : 1 <= p -> is_lim (fun t => t * bell p t) m_infty 0 /\ is_lim (fun t => t * bell p t) p_infty 0.
Proof.
intros H. apply (lim_inverse (fun t => t * bell p t) 1). intros t Ht.
assert (Pt : 0 < Rabs t) by now apply Rabs_pos_lt. assert (B := bell_base t). assert (L := bell_le p t H).
rewrite Rabs_mult, (Rabs_pos_eq (bell p t)) by apply Rlt_le, exp_pos.
apply (Rmult_le_reg_r (Rabs t)); [exact Pt|]. replace (1 / Rabs t * Rabs t) with 1 by (field; lra).
apply (Rmult_le_compat_l (t ^ 2)) in L; [|apply pow2_ge_0].
replace (Rabs t * bell p t * Rabs t) with (Rabs t ^ 2 * bell p t) by ring. rewrite pow2_abs.
apply Rle_trans with (1 := L). apply (Rmult_le_reg_r (1 + t ^ 2)); [lra|]. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma kernel_step p l : 1 <= p -> integral (bell p) l -> integral (bell (p + 1)) ((2 * p - 1) / (2 * p) * l).
Proof.
intros H I.
assert (D : integral (fun t => (1 - 2 * p) * bell p t + 2 * p * bell (p + 1) t) (0 - 0)).
{ destruct (bell_tails p H) as [T1 T2]. apply (integral_primitive (fun t => t * bell p t)); trivial.
  - intro t. assert (B := bell_base t). assert (E : bell p t = bell (p + 1) t * (1 + t ^ 2)).
    { unfold bell. rewrite <- (Rpower_1 (1 + t ^ 2)) at 3 by lra. rewrite <- Rpower_plus. f_equal. ring. }
    assert (Did : is_derive (fun t : R => t) t 1) by (auto_derive; trivial).
    evar_last; [apply (is_derive_mult (fun t => t) (bell p) t _ _ Did (bell_derive p t)); intros; apply Rmult_comm|].
    match goal with |- plus (mult ?u ?v) (mult ?w ?z) = ?g => change (u * v + w * z = g) end. rewrite E. ring.
  - intro t. apply (continuous_plus (fun t => (1 - 2 * p) * bell p t) (fun t => 2 * p * bell (p + 1) t)).
    + apply (continuous_mult (fun _ => 1 - 2 * p) (bell p)); [apply continuous_const|apply bell_continuous].
    + apply (continuous_mult (fun _ => 2 * p) (bell (p + 1))); [apply continuous_const|apply bell_continuous]. }
eapply integral_eq; [exact (integral_scal _ (/ (2 * p)) _ (integral_plus _ _ _ _ D (integral_scal _ (2 * p - 1) _ I)))| |].
- intro t. cbv beta. field. lra.
- field. lra.
Qed.

Lemma bell_1 : integral (bell 1) PI.
Proof.
assert (I := cauchy_integral 1 Rlt_0_1). rewrite sqrt_1, Rmult_1_l in I. eapply integral_ext; [|exact I].
intro t. cbv beta. unfold bell. rewrite Rpower_Ropp, Rpower_1 by (generalize (bell_base t); lra). f_equal. unfold Rdiv. rewrite Rinv_1. ring.
Qed.

Lemma bell_half t : bell (1 / 2) t = / sqrt (1 + t ^ 2).
Proof.
assert (B := bell_base t). unfold bell. rewrite Rpower_Ropp. f_equal.
replace (1 / 2) with (/ 2) by field. apply Rpower_sqrt. lra.
Qed.

(** The primitive is t / sqrt (1 + t^2). *)
Lemma bell_3_2 : integral (bell (3 / 2)) 2.
Proof.
assert (Up : is_lim (fun t => t * bell (1 / 2) t) p_infty 1).
{ apply is_lim_spec. intro eps. assert (He := cond_pos eps). exists (/ eps). intros t Ht.
  assert (Pi := Rinv_0_lt_compat _ He). assert (B := bell_base t). rewrite bell_half.
  assert (Q := sqrt_lt_R0 (1 + t ^ 2) ltac:(lra)).
  assert (U : sqrt (1 + t ^ 2) <= 1 + t).
  { rewrite <- (sqrt_pow2 (1 + t)) by lra. apply sqrt_le_1_alt. simpl. nra. }
  assert (V : t <= sqrt (1 + t ^ 2)).
  { rewrite <- (sqrt_pow2 t) at 1 by lra. apply sqrt_le_1_alt. lra. }
  replace (t * / sqrt (1 + t ^ 2) - 1) with (- ((sqrt (1 + t ^ 2) - t) / sqrt (1 + t ^ 2))) by (field; lra).
  rewrite Rabs_Ropp, Rabs_pos_eq by (apply Rmult_le_pos; [lra|now apply Rlt_le, Rinv_0_lt_compat]).
  apply (Rmult_lt_reg_r (sqrt (1 + t ^ 2))); [exact Q|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rle_lt_trans with 1; [lra|]. apply (Rmult_lt_compat_l eps) in Ht; [|exact He]. rewrite Rinv_r in Ht by lra.
  apply Rlt_le_trans with (1 := Ht). apply Rmult_le_compat_l; lra. }
assert (Down : is_lim (fun t => t * bell (1 / 2) t) m_infty (- (1))).
{ apply is_lim_spec. apply is_lim_spec in Up. intro eps. destruct (Up eps) as [M HM]. exists (- M). intros t Ht.
  specialize (HM (- t) ltac:(lra)). rewrite <- Rabs_Ropp.
  replace (- (t * bell (1 / 2) t - - (1))) with (- t * bell (1 / 2) (- t) - 1); [exact HM|].
  unfold bell. replace ((- t) ^ 2) with (t ^ 2) by ring. ring. }
replace 2 with (1 - - (1)) at 2 by ring. apply (integral_primitive (fun t => t * bell (1 / 2) t)); trivial.
- intro t. assert (B := bell_base t). assert (E : bell (1 / 2) t = bell (3 / 2) t * (1 + t ^ 2)).
  { unfold bell. rewrite <- (Rpower_1 (1 + t ^ 2)) at 3 by lra. rewrite <- Rpower_plus. f_equal. field. }
  assert (D := bell_derive (1 / 2) t). replace (1 / 2 + 1) with (3 / 2) in D by field.
  assert (Did : is_derive (fun t : R => t) t 1) by (auto_derive; trivial).
  evar_last; [apply (is_derive_mult (fun t => t) (bell (1 / 2)) t _ _ Did D); intros; apply Rmult_comm|].
  match goal with |- plus (mult ?u ?v) (mult ?w ?z) = ?g => change (u * v + w * z = g) end. rewrite E. field.
- apply bell_continuous.
Qed.

(** Gamma (n / 2). *)
Fixpoint half_gamma (n : nat) : R :=
  match n with O => 0 | S O => sqrt PI | S (S O) => 1 | S (S m) => INR m / 2 * half_gamma m end.

Lemma half_gamma_pos n : (1 <= n)%nat -> 0 < half_gamma n.
Proof.
assert (K : forall n, (1 <= n)%nat -> 0 < half_gamma n /\ 0 < half_gamma (S n)).
{ assert (HPI := sqrt_lt_R0 PI PI_RGT_0). induction n0 as [|n0 IH]; intros H; [lia|]. destruct n0 as [|m]; [simpl; lra|].
  destruct (IH ltac:(lia)) as [A B]. split; [exact B|].
  change (half_gamma (S (S (S m)))) with (INR (S m) / 2 * half_gamma (S m)).
  apply Rmult_lt_0_compat; [|exact A]. apply Rdiv_lt_0_compat; [apply lt_0_INR; lia|lra]. }
intros H. now apply K.
Qed.

(** Over all whole nu, two at a time. *)
Lemma bell_integral n : integral (bell ((INR (S n) + 1) / 2)) (sqrt PI * half_gamma (S n) / half_gamma (S (S n))).
Proof.
assert (HPI := sqrt_lt_R0 PI PI_RGT_0). assert (EPI := sqrt_sqrt PI (Rlt_le _ _ PI_RGT_0)).
assert (K : forall n, integral (bell ((INR (S n) + 1) / 2)) (sqrt PI * half_gamma (S n) / half_gamma (S (S n))) /\
  integral (bell ((INR (S (S n)) + 1) / 2)) (sqrt PI * half_gamma (S (S n)) / half_gamma (S (S (S n))))).
{ induction n0 as [|m [A B]].
  - split.
    + replace ((INR 1 + 1) / 2) with 1 by (simpl; field). eapply integral_eq; [exact bell_1|reflexivity|]. simpl. rewrite <- EPI at 1. field.
    + replace ((INR 2 + 1) / 2) with (3 / 2) by (simpl; field). eapply integral_eq; [exact bell_3_2|reflexivity|]. simpl. field. lra.
  - split; [exact B|]. assert (Pm := pos_INR m).
    assert (E : (INR (S (S (S m))) + 1) / 2 = (INR (S m) + 1) / 2 + 1) by (rewrite !S_INR; field). rewrite E.
    assert (Hp : 1 <= (INR (S m) + 1) / 2) by (rewrite S_INR; lra).
    eapply integral_eq; [exact (kernel_step _ _ Hp A)|reflexivity|].
    change (half_gamma (S (S (S m)))) with (INR (S m) / 2 * half_gamma (S m)).
    change (half_gamma (S (S (S (S m))))) with (INR (S (S m)) / 2 * half_gamma (S (S m))).
    assert (P2 := half_gamma_pos (S (S m)) ltac:(lia)). rewrite !S_INR. field. repeat split; lra. }
exact (proj1 (K n)).
Qed.

Theorem student_normaliser n : let nu := INR (S n) in
  student_scale nu = sqrt (nu * PI) * half_gamma (S n) / half_gamma (S (S n)).
Proof.
cbv zeta. set (nu := INR (S n)). assert (Hn : 1 <= nu) by (unfold nu; rewrite S_INR; generalize (pos_INR n); lra).
assert (Hr := sqrt_lt_R0 nu ltac:(lra)). assert (Er := sqrt_sqrt nu ltac:(lra)). assert (Hi := Rinv_0_lt_compat _ Hr).
destruct (student_scale_correct nu Hn) as [I _].
apply (integral_unique _ _ _ I).
assert (K := integral_scal _ (sqrt nu) _ (integral_affine _ (/ sqrt nu) 0 _ Hi (bell_integral n))). fold nu in K.
eapply integral_eq; [exact K| |].
- intro t. cbv beta. rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra. unfold bell, student_kernel. f_equal. f_equal.
  rewrite Rplus_0_r. replace ((/ sqrt nu * t) ^ 2) with (t ^ 2 / (sqrt nu * sqrt nu)) by (field; lra). now rewrite Er.
- rewrite sqrt_mult by (generalize PI_RGT_0; lra). field. apply Rgt_not_eq, half_gamma_pos. lia.
Qed.

(** Student's density, as textbooks print it. *)
Theorem student_density n m s w : 0 < s -> let nu := INR (S n) in
  student nu m s w = half_gamma (S (S n)) / (half_gamma (S n) * sqrt (nu * PI) * s) *
    Rpower (1 + ((w - m) / s) ^ 2 / nu) (- ((nu + 1) / 2)).
Proof.
intros Hs nu. unfold student. unfold nu. rewrite student_normaliser. fold nu.
assert (P1 := half_gamma_pos (S n) ltac:(lia)). assert (P2 := half_gamma_pos (S (S n)) ltac:(lia)).
assert (P3 : 0 < sqrt (nu * PI)).
{ apply sqrt_lt_R0, Rmult_lt_0_compat; [unfold nu; apply lt_0_INR; lia|exact PI_RGT_0]. }
unfold student_kernel. field. repeat split; lra.
Qed.

(** nu = 1 is Cauchy's law, and nu = 2 has 2 sqrt 2 for its normaliser. *)
Theorem student_instance : student_scale (INR 1) = PI /\ student_scale (INR 2) = 2 * sqrt 2.
Proof.
assert (HPI := PI_RGT_0). assert (EPI := sqrt_sqrt PI (Rlt_le _ _ HPI)). assert (S0 := sqrt_lt_R0 PI HPI). split.
- rewrite (student_normaliser 0). simpl. rewrite Rmult_1_l, EPI. field.
- rewrite (student_normaliser 1). simpl. replace (1 + 1) with 2 by ring. rewrite sqrt_mult by lra. field. lra.
Qed.
