(** * Every evaluation of a formula, and of a program made of formulas

    running.v bounds one evaluation: one format, exact arguments, every operation rounded to nearest.
    Here a formula is evaluated by anyone: its arguments may be off, each operation may err by a unit
    roundoff or by nothing at all, and a program may keep its coefficients in one format and its samples
    in another.

    A [format] has a unit roundoff [roundoff], the largest error of an underflow [underflow], and a roundoff for roots,
    [root_roundoff] (a power 1/2 need not be correctly rounded).  [evaluates f given e r]: r is a value that
    formula e may get.  An operation's result differs from the exact one of its operands by at most
    roundoff |t| + underflow, and by no more than |t| itself; sums do not underflow.

    - evaluation_error: a value that e may get is within [bound] of the exact one, whatever it is.
    - program_error: the same for a program, a list of assignments, casts and clips to registers.
    - rnd_near, rnd_sum_near, fma_evaluates: rounding to nearest in any format of rounding.v, with any rule
      for ties, is among the evaluations; so is a product fused into the sum that follows it, and every
      operation done more accurately than the format asks (exact_near, wider_near).
    - ieee_evaluates: so are IEEE 754's operations where nothing overflows and no root of a negative number
      is taken: every intermediate result is finite.
    - evaluations_instance: binary64 and binary16, and a program that meets the hypotheses.

    A bound is [Some] error or [None]: none where a divisor may be zero.  generated/tolerances.hpp says
    "none" as infinity or NaN. *)

Require Import Reals Lra Psatz ZArith List Lia Bool.
From Flocq Require Import Core Relative BinarySingleNaN.
From ddim Require Import expr rounding formulas running ieee.
Import ListNotations.
Open Scope R_scope.

(** ** Formats *)

Record format := Format { roundoff : R; underflow : R; root_roundoff : R }.

Definition sound (f : format) : Prop := 0 <= roundoff f /\ 0 <= underflow f /\ 0 <= root_roundoff f.

(** [r] stands for an exact [t]: off by delta |t| + underflow at most, and nearer to [t] than zero is. *)
Definition near (f : format) (delta t r : R) : Prop := Rabs (r - t) <= Rmin (delta * Rabs t + underflow f) (Rabs t).
Definition near_sum (f : format) (t r : R) : Prop := Rabs (r - t) <= roundoff f * Rabs t.

Definition logarithm_near (f : format) (t r : R) : Prop := Rabs (r - t) <= 2 * roundoff f * Rabs t + underflow f.

Inductive evaluates (f : format) (given : list R) : expr -> R -> Prop :=
| evaluates_cst z : evaluates f given (Cst z) (IZR z)
| evaluates_var n : evaluates f given (Var n) (nth n given 0)
| evaluates_neg a r : evaluates f given a r -> evaluates f given (Neg a) (- r)
| evaluates_abs a r : evaluates f given a r -> evaluates f given (Abs a) (Rabs r)
| evaluates_sqr a r s : evaluates f given a r -> near f (roundoff f) (r * r) s -> evaluates f given (Sqr a) s
| evaluates_sqrt a r s : evaluates f given a r -> near f (root_roundoff f) (sqrt r) s -> evaluates f given (Sqrt a) s
| evaluates_log a r s : evaluates f given a r -> logarithm_near f (ln r) s -> evaluates f given (Log a) s
| evaluates_add a b r s t : evaluates f given a r -> evaluates f given b s -> near_sum f (r + s) t ->
    evaluates f given (Add a b) t
| evaluates_sub a b r s t : evaluates f given a r -> evaluates f given b s -> near_sum f (r - s) t ->
    evaluates f given (Sub a b) t
| evaluates_mul a b r s t : evaluates f given a r -> evaluates f given b s -> near f (roundoff f) (r * s) t ->
    evaluates f given (Mul a b) t
| evaluates_div a b r s t : evaluates f given a r -> evaluates f given b s -> near f (roundoff f) (r / s) t ->
    evaluates f given (Div a b) t.

(** ** The bound *)

(** A number that is known to [snd]: its exact value and the largest error, if there is one. *)
Definition ball : Type := R * option R.
Definition within (g : R) (b : ball) : Prop := match snd b with Some e => Rabs (g - fst b) <= e | None => True end.

Definition after_rounding (f : format) (delta e v : R) : R :=
  e + Rmin (delta * (Rabs v + e) + underflow f) (Rabs v + e).
Definition after_sum (f : format) (e v : R) : R := e + roundoff f * (Rabs v + e).
Definition after_logarithm (f : format) (e v : R) : R := e + (2 * roundoff f * (Rabs v + e) + underflow f).

(** The root's error where its argument may be anything: e / (sqrt a + sqrt (a - e)) for e <= a, else sqrt e. *)
Definition wide_root_error (a e : R) : R := e / (sqrt (Rmax a e) + sqrt (Rmax a e - e)).

Definition lift (g : R -> R) (e : option R) : option R := option_map g e.
Definition lift2 (g : R -> R -> option R) (d e : option R) : option R :=
  match d, e with Some d, Some e => g d e | _, _ => None end.

Definition ratio_bound (f : format) (a b : R) (e d : R) : option R :=
  if Rlt_dec d (Rabs b) then Some (after_rounding f (roundoff f) (value ratio_error [a; e; b; d]) (a / b)) else None.

Fixpoint bound (f : format) (env : list ball) (e : expr) : option R :=
  let v := eval (map fst env) in
  match e with
  | Cst _ => Some 0
  | Var n => snd (nth n env (0, Some 0))
  | Neg a | Abs a => bound f env a
  | Sqr a => lift (fun d => after_rounding f (roundoff f) (value product_error [v a; d; v a; d]) (v a * v a)) (bound f env a)
  | Sqrt a => lift (fun d => after_rounding f (root_roundoff f) (wide_root_error (v a) d) (sqrt (v a))) (bound f env a)
  | Log a => lift2 (fun d _ => if Rlt_dec d (v a) then Some (after_logarithm f (value log_error [v a; d]) (ln (v a)))
                               else None) (bound f env a) (Some 0)
  | Add a b => lift2 (fun d e => Some (after_sum f (d + e) (v a + v b))) (bound f env a) (bound f env b)
  | Sub a b => lift2 (fun d e => Some (after_sum f (d + e) (v a - v b))) (bound f env a) (bound f env b)
  | Mul a b => lift2 (fun d e => Some (after_rounding f (roundoff f) (value product_error [v a; d; v b; e]) (v a * v b)))
                 (bound f env a) (bound f env b)
  | Div a b => lift2 (ratio_bound f (v a) (v b)) (bound f env a) (bound f env b)
  end.

(** ** Each operation *)

Lemma rounding_carries : forall f delta v t r e, 0 <= delta -> 0 <= underflow f ->
  Rabs (t - v) <= e -> near f delta t r -> Rabs (r - v) <= after_rounding f delta e v.
Proof.
intros f delta v t r e D L H N; unfold near, after_rounding in *.
assert (T : Rabs t <= Rabs v + e).
{ replace t with (v + (t - v)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
assert (M : Rmin (delta * Rabs t + underflow f) (Rabs t) <= Rmin (delta * (Rabs v + e) + underflow f) (Rabs v + e)).
{ apply Rmin_glb; [apply Rle_trans with (1 := Rmin_l _ _)|apply Rle_trans with (1 := Rmin_r _ _); exact T].
  assert (delta * Rabs t <= delta * (Rabs v + e)) by now apply Rmult_le_compat_l.
  lra. }
replace (r - v) with ((r - t) + (t - v)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

Lemma sum_rounding_carries : forall f v t r e, 0 <= roundoff f ->
  Rabs (t - v) <= e -> near_sum f t r -> Rabs (r - v) <= after_sum f e v.
Proof.
intros f v t r e D H N; unfold near_sum, after_sum in *.
assert (T : Rabs t <= Rabs v + e).
{ replace t with (v + (t - v)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
assert (roundoff f * Rabs t <= roundoff f * (Rabs v + e)) by now apply Rmult_le_compat_l.
replace (r - v) with ((r - t) + (t - v)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

Lemma logarithm_carries : forall f v t r e, 0 <= roundoff f ->
  Rabs (t - v) <= e -> logarithm_near f t r -> Rabs (r - v) <= after_logarithm f e v.
Proof.
intros f v t r e D H N; unfold logarithm_near, after_logarithm in *.
assert (T : Rabs t <= Rabs v + e).
{ replace t with (v + (t - v)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
assert (2 * roundoff f * Rabs t <= 2 * roundoff f * (Rabs v + e)) by (apply Rmult_le_compat_l; lra).
replace (r - v) with ((r - t) + (t - v)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

(** Roots of what may be zero, or below it: there sqrt is 0, as code that clamps has it. *)
Lemma wide_root_carries : forall a a' e, Rabs (a' - a) <= e -> Rabs (sqrt a' - sqrt a) <= wide_root_error a e.
Proof.
intros a a' e H; unfold wide_root_error.
assert (E : 0 <= e) by (apply Rle_trans with (2 := H); apply Rabs_pos).
apply Rabs_le_inv in H.
destruct (Req_dec e 0) as [->|NE].
{ replace a' with a by lra; rewrite Rminus_eq_0, Rabs_R0; unfold Rdiv; lra. }
destruct (Rle_dec e a) as [L|G].
- rewrite Rmax_left by assumption.
  assert (S : 0 < sqrt a) by (apply sqrt_lt_R0; lra).
  pose proof (sqrt_pos (a - e)) as P; pose proof (sqrt_pos a').
  assert (Q : sqrt (a - e) <= sqrt a') by (apply sqrt_le_1; lra).
  assert (X : (sqrt a' - sqrt a) * (sqrt a' + sqrt a) = a' - a).
  { rewrite <- (sqrt_sqrt a') at 3 by lra; rewrite <- (sqrt_sqrt a) at 3 by lra; ring. }
  replace (sqrt a' - sqrt a) with ((a' - a) / (sqrt a' + sqrt a)) by (rewrite <- X; field; lra).
  unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (apply Rlt_le, Rinv_0_lt_compat; lra).
  apply Rmult_le_compat; [apply Rabs_pos|apply Rlt_le, Rinv_0_lt_compat; lra|apply Rabs_le; lra|].
  apply Rinv_le_contravar; lra.
- rewrite Rmax_right, Rminus_eq_0, sqrt_0, Rplus_0_r by lra.
  assert (S : 0 < sqrt e) by (apply sqrt_lt_R0; lra).
  replace (e / sqrt e) with (sqrt e) by (rewrite <- (sqrt_sqrt e) at 2 by lra; field; lra).
  pose proof (sqrt_pos a) as P; pose proof (sqrt_pos a') as P'.
  assert (A : sqrt a <= sqrt e) by (apply sqrt_le_1_alt; lra).
  assert (B : sqrt a' <= sqrt a + sqrt e).
  { apply Rsqr_incr_0; try lra; unfold Rsqr.
    destruct (Rle_dec 0 a') as [P1|N1]; [|rewrite (sqrt_neg a') by lra; nra].
    rewrite sqrt_sqrt by assumption.
    destruct (Rle_dec 0 a) as [P2|N2].
    - assert (sqrt a * sqrt a = a) by now apply sqrt_sqrt.
      assert (sqrt e * sqrt e = e) by now apply sqrt_sqrt.
      assert (0 <= sqrt a * sqrt e) by now apply Rmult_le_pos; lra.
      lra.
    - rewrite (sqrt_neg a) by lra; rewrite Rplus_0_l, sqrt_sqrt by lra; lra. }
  apply Rabs_le; lra.
Qed.

Definition all_within (given : list R) (env : list ball) : Prop :=
  forall n, within (nth n given 0) (nth n env (0, Some 0)).

Theorem evaluation_error : forall f given env e r E, sound f -> all_within given env ->
  evaluates f given e r -> bound f env e = Some E -> Rabs (r - eval (map fst env) e) <= E.
Proof.
intros f given env e r E (U & L & W) A H; revert E.
induction H as [z|n|a r H IH|a r H IH|a r s H IH N|a r s H IH N|a r s H IH N
  |a b r s t H IH H' IH' N|a b r s t H IH H' IH' N|a b r s t H IH H' IH' N|a b r s t H IH H' IH' N];
  intros E; cbn [bound].
- intros [= <-]; cbn; rewrite Rminus_eq_0, Rabs_R0; lra.
- intros B; specialize (A n); unfold within in A; rewrite B in A; cbn.
  change 0 with (fst (0, Some 0)); rewrite map_nth; exact A.
- intros B; cbn; specialize (IH E B).
  replace (- r - - eval (map fst env) a) with (- (r - eval (map fst env) a)) by ring; now rewrite Rabs_Ropp.
- intros B; cbn; apply Rle_trans with (2 := IH E B); apply Rabs_triang_inv2.
- destruct (bound f env a) as [d|]; [|discriminate]; intros [= <-]; specialize (IH d eq_refl).
  cbn [eval]; replace (eval (map fst env) a ^ 2) with (eval (map fst env) a * eval (map fst env) a) by ring.
  apply (rounding_carries f (roundoff f) _ (r * r)); trivial; now apply product_carries.
- destruct (bound f env a) as [d|]; [|discriminate]; intros [= <-]; specialize (IH d eq_refl).
  cbn [eval]; apply (rounding_carries f (root_roundoff f) _ (sqrt r)); trivial; now apply wide_root_carries.
- destruct (bound f env a) as [d|]; [|discriminate]; cbn; specialize (IH d eq_refl).
  destruct (Rlt_dec _ _) as [P|]; [|discriminate]; intros [= <-].
  destruct (log_carries _ _ _ IH P) as (Q & B).
  apply (logarithm_carries f _ (ln r)); trivial.
- destruct (bound f env a) as [d|], (bound f env b) as [e|]; try discriminate; intros [= <-].
  cbn [eval]; apply (sum_rounding_carries f _ (r + s)); trivial; apply sum_carries; auto.
- destruct (bound f env a) as [d|], (bound f env b) as [e|]; try discriminate; intros [= <-].
  cbn [eval]; apply (sum_rounding_carries f _ (r - s)); trivial; apply sum_carries; auto.
- destruct (bound f env a) as [d|], (bound f env b) as [e|]; try discriminate; intros [= <-].
  cbn [eval]; apply (rounding_carries f (roundoff f) _ (r * s)); trivial; apply product_carries; auto.
- destruct (bound f env a) as [d|], (bound f env b) as [e|]; try discriminate; cbn; unfold ratio_bound.
  destruct (Rlt_dec _ _) as [P|]; [|discriminate]; intros [= <-].
  apply (rounding_carries f (roundoff f) _ (r / s)); trivial; apply ratio_carries; auto.
Qed.

(** ** Programs: registers, each assigned a formula in one of two formats *)

Inductive precision := Table | Sample.

Inductive instruction :=
| Let (p : precision) (r : nat) (e : expr)    (* r := e *)
| Cast (p : precision) (r n : nat)            (* r := n, moved to the format of p *)
| Clip (r n m : nat).                         (* r := n clipped to [-m, m] *)
Definition program := list instruction.

Fixpoint put {A} (d : A) (n : nat) (v : A) (l : list A) : list A :=
  match n, l with
  | O, _ :: l => v :: l
  | O, [] => [v]
  | S n, x :: l => x :: put d n v l
  | S n, [] => d :: put d n v []
  end.

Definition clip (m v : R) : R := Rmax (- m) (Rmin m v).

(** A precision's format. *)
Definition formats : Type := precision -> format.

Inductive runs (F : formats) : program -> list R -> list R -> Prop :=
| runs_end s : runs F [] s s
| runs_let p r e s v rest s' : evaluates (F p) s e v -> runs F rest (put 0 r v s) s' -> runs F (Let p r e :: rest) s s'
| runs_cast p r n s v rest s' : near (F p) (roundoff (F p)) (nth n s 0) v -> runs F rest (put 0 r v s) s' ->
    runs F (Cast p r n :: rest) s s'
| runs_clip r n m s rest s' : runs F rest (put 0 r (clip (nth m s 0) (nth n s 0)) s) s' ->
    runs F (Clip r n m :: rest) s s'.

(** What the registers hold in exact arithmetic. *)
Fixpoint exact (p : program) (s : list R) : list R :=
  match p with
  | [] => s
  | Let _ r e :: rest => exact rest (put 0 r (eval s e) s)
  | Cast _ r n :: rest => exact rest (put 0 r (nth n s 0) s)
  | Clip r n m :: rest => exact rest (put 0 r (clip (nth m s 0) (nth n s 0)) s)
  end.

Notation nowhere := (0, Some 0) (only parsing).

Definition clip_bound (b c : ball) : option R := lift2 (fun e d => Some (Rmax e d)) (snd b) (snd c).

Fixpoint bounds (F : formats) (p : program) (env : list ball) : list ball :=
  match p with
  | [] => env
  | Let q r e :: rest => bounds F rest (put nowhere r (eval (map fst env) e, bound (F q) env e) env)
  | Cast q r n :: rest =>
      let (v, e) := nth n env nowhere in
      bounds F rest (put nowhere r (v, lift (fun e => after_rounding (F q) (roundoff (F q)) e v) e) env)
  | Clip r n m :: rest =>
      bounds F rest (put nowhere r (clip (fst (nth m env nowhere)) (fst (nth n env nowhere)),
                                    clip_bound (nth n env nowhere) (nth m env nowhere)) env)
  end.

Lemma nth_put : forall {A} (d v : A) n m l, nth m (put d n v l) d = if Nat.eqb m n then v else nth m l d.
Proof.
intros A d v n; induction n as [|n IH]; intros [|m] [|x l]; simpl; trivial.
- now destruct m.
- rewrite IH; destruct (Nat.eqb m n); [reflexivity|now destruct m].
Qed.

Lemma map_put : forall {A B} (g : A -> B) d n v l, map g (put d n v l) = put (g d) n (g v) (map g l).
Proof.
intros A B g d n; induction n as [|n IH]; intros v [|x l]; simpl; trivial; now rewrite IH.
Qed.

Lemma map_fst_nth : forall n (env : list ball), nth n (map fst env) 0 = fst (nth n env nowhere).
Proof. intros n env; change 0 with (@fst R (option R) nowhere) at 1; apply map_nth. Qed.

Theorem bounds_exact : forall F p env, map fst (bounds F p env) = exact p (map fst env).
Proof.
intros F p; induction p as [|i p IH]; intros env; [reflexivity|].
destruct i as [q r e|q r n|r n m]; cbn [bounds exact].
- rewrite IH, map_put; reflexivity.
- rewrite map_fst_nth; destruct (nth n env nowhere) as (v, e); rewrite IH, map_put; reflexivity.
- rewrite IH, map_put, !map_fst_nth; reflexivity.
Qed.

Lemma within_put : forall given env n g b, all_within given env -> within g b ->
  all_within (put 0 n g given) (put nowhere n b env).
Proof.
intros given env n g b A B m; rewrite !nth_put; destruct (Nat.eqb m n); [exact B|apply A].
Qed.

(** Clipping moves no two numbers apart, nor two thresholds. *)
Lemma clip_carries : forall v v' m m' e d, Rabs (v' - v) <= e -> Rabs (m' - m) <= d ->
  Rabs (clip m' v' - clip m v) <= Rmax e d.
Proof.
intros v v' m m' e d H K; unfold clip.
apply Rabs_le_inv in H; apply Rabs_le_inv in K.
pose proof (Rmax_l e d); pose proof (Rmax_r e d); set (M := Rmax e d) in *.
unfold Rmax, Rmin; repeat destruct (Rle_dec _ _); apply Rabs_le; lra.
Qed.

Theorem program_error : forall F p given env final, (forall q, sound (F q)) ->
  all_within given env -> runs F p given final -> all_within final (bounds F p env).
Proof.
intros F p given env final S A H; revert env A.
induction H as [s|q r e s v rest s' E H IH|q r n s v rest s' E H IH|r n m s rest s' H IH]; intros env A;
  cbn [bounds]; [exact A| | |].
- apply IH, within_put; [exact A|]; unfold within; cbn [fst snd].
  destruct (bound (F q) env e) as [d|] eqn:B; [|exact I]; now apply (evaluation_error (F q) s env e v d).
- specialize (A n) as N; unfold within in N; destruct (nth n env nowhere) as (w, [d|]); cbn in N |- *;
    apply IH, within_put; trivial; unfold within; cbn; trivial.
  destruct (S q) as (U & L & _); now apply (rounding_carries (F q) (roundoff (F q)) w (nth n s 0)).
- apply IH, within_put; [exact A|]; unfold within, clip_bound; cbn [fst snd].
  pose proof (A n) as N; pose proof (A m) as M; unfold within in N, M.
  destruct (snd (nth n env nowhere)) as [e|], (snd (nth m env nowhere)) as [d|]; cbn; trivial.
  now apply clip_carries.
Qed.

(** What a FAIL says: no evaluation of this program gives [got] in register [r]. *)
Corollary program_refuted : forall F p given env r got v E, (forall q, sound (F q)) -> all_within given env ->
  nth r (bounds F p env) nowhere = (v, Some E) -> E < Rabs (got - v) ->
  forall final, runs F p given final -> nth r final 0 <> got.
Proof.
intros F p given env r got v E S A B G final H Q.
pose proof (program_error F p given env final S A H r) as P; unfold within in P; rewrite B in P; cbn in P.
rewrite Q in P; lra.
Qed.

(** Programs one after the other. *)
Theorem runs_append : forall F p q s s'', runs F (p ++ q) s s'' <-> exists s', runs F p s s' /\ runs F q s' s''.
Proof.
intros F p q; induction p as [|i p IH]; intros s s''; cbn [app].
- split; [intros H; exists s; split; [constructor|exact H]|intros (s' & H & K); inversion H; now subst].
- split.
  + intros H; inversion H; subst; match goal with R : runs F (p ++ q) _ _ |- _ => apply IH in R as (s' & ? & ?) end;
      exists s'; split; trivial; econstructor; eassumption.
  + intros (s' & H & K); inversion H; subst; econstructor; try eassumption; apply IH; eexists; eauto.
Qed.

(** ** Which machines are meant *)

Lemma exact_near : forall f delta t, 0 <= delta -> 0 <= underflow f -> near f delta t t.
Proof.
intros f delta t D L; unfold near; rewrite Rminus_eq_0, Rabs_R0; pose proof (Rabs_pos t).
apply Rmin_glb; [|assumption]; assert (0 <= delta * Rabs t) by now apply Rmult_le_pos.
lra.
Qed.

(** A more accurate format's results will do. *)
Lemma wider_near : forall f g t r, roundoff g <= roundoff f -> underflow g <= underflow f ->
  (near g (roundoff g) t r -> near f (roundoff f) t r) /\ (near_sum g t r -> near_sum f t r).
Proof.
intros f g t r U L; unfold near, near_sum; pose proof (Rabs_pos t).
assert (roundoff g * Rabs t <= roundoff f * Rabs t) by now apply Rmult_le_compat_r.
split; intros N; [|lra].
apply Rle_trans with (1 := N); apply Rmin_glb; [|apply Rmin_r].
apply Rle_trans with (1 := Rmin_l _ _); lra.
Qed.

Section Nearest.
Variables emin prec : Z.
Hypothesis three_digits : (3 <= prec)%Z.
Variable choice : Z -> bool.
Notation fexp := (FLT_exp emin prec).
Notation rnd := (round radix2 fexp (Znearest choice)).
Notation u := (u prec).
Notation tiny := (tiny emin).

Definition nearest : format := Format u tiny u.

Lemma nearest_sound : sound nearest.
Proof. pose proof (u_positive prec); pose proof (tiny_positive emin); unfold sound; simpl; lra. Qed.

Local Instance positive_precision : Prec_gt_0 prec.
Proof. unfold Prec_gt_0; lia. Qed.

Lemma rnd_nearer : forall t g, generic_format radix2 fexp g -> Rabs (rnd t - t) <= Rabs (g - t).
Proof.
intros t g G; destruct (round_N_pt radix2 fexp choice t) as (_ & H); exact (H g G).
Qed.

Theorem rnd_near : forall t, near nearest u t (rnd t).
Proof.
intros t; unfold near; apply Rmin_glb; [exact (rnd_error emin prec three_digits choice t)|].
apply Rle_trans with (1 := rnd_nearer t 0 (generic_format_0 _ _)).
rewrite Rminus_0_l, Rabs_Ropp; lra.
Qed.

Theorem rnd_sum_near : forall x y, generic_format radix2 fexp x -> generic_format radix2 fexp y ->
  near_sum nearest (x + y) (rnd (x + y)).
Proof. intros x y X Y; exact (rnd_plus_error emin prec three_digits choice x y X Y). Qed.

(** A product and the sum after it, rounded once: the product with an error it may have, and a rounded sum. *)
Theorem fma_near : forall a b c, generic_format radix2 fexp c ->
  exists p, near nearest u (a * b) p /\ near_sum nearest (p + c) (rnd (a * b + c)).
Proof.
intros a b c C; pose proof (u_positive prec) as U; pose proof (tiny_positive emin) as T.
destruct (error_N_FLT radix2 emin prec ltac:(lia) choice (a * b + c)) as (d & h & Hd & Hh & dh & E).
rewrite half_bpow in Hd, Hh; replace (- prec + 1 - 1)%Z with (- prec)%Z in Hd by ring.
change (Rabs d <= u) in Hd; change (Rabs h <= tiny) in Hh.
destruct (Rmult_integral _ _ dh) as [D|D]; subst.
- assert (K : Rabs h <= Rabs (a * b)).
  { pose proof (rnd_nearer (a * b + c) c C) as N; rewrite E in N.
    replace ((a * b + c) * (1 + 0) + h - (a * b + c)) with h in N by ring.
    replace (c - (a * b + c)) with (- (a * b)) in N by ring; now rewrite Rabs_Ropp in N. }
  exists (a * b + h); split.
  + unfold near; replace (a * b + h - a * b) with h by ring; cbn [underflow nearest].
    apply Rmin_glb; [|exact K]; pose proof (Rabs_pos (a * b)).
    assert (0 <= u * Rabs (a * b)) by (apply Rmult_le_pos; lra); lra.
  + unfold near_sum; rewrite E; replace ((a * b + c) * (1 + 0) + h - (a * b + h + c)) with 0 by ring.
    rewrite Rabs_R0; apply Rmult_le_pos; [simpl; lra|apply Rabs_pos].
- exists (a * b); split; [apply exact_near; simpl; lra|].
  unfold near_sum; rewrite E; replace ((a * b + c) * (1 + d) + 0 - (a * b + c)) with (d * (a * b + c)) by ring.
  rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos|exact Hd].
Qed.

Theorem fma_evaluates : forall given a b c r s t, generic_format radix2 fexp t ->
  evaluates nearest given a r -> evaluates nearest given b s -> evaluates nearest given c t ->
  evaluates nearest given (a * b + c)%expr (rnd (r * s + t)).
Proof.
intros given a b c r s t T A B C; destruct (fma_near r s t T) as (p & P & Q).
apply evaluates_add with p t; trivial; now apply evaluates_mul with r s.
Qed.
End Nearest.

(** ** IEEE 754's operations *)

Section Ieee.
Variables prec emax : Z.
Context (prec_gt_0_ : Prec_gt_0 prec).
Context (prec_lt_emax_ : Prec_lt_emax prec emax).
Hypothesis three_digits : (3 <= prec)%Z.

Notation emin := (3 - emax - prec)%Z.
Notation float := (binary_float prec emax).
Notation even := (fun x => negb (Z.even x)).
Notation rnd := (round radix2 (FLT_exp emin prec) (Znearest even)).
Notation mul := (mul prec emax prec_gt_0_ prec_lt_emax_).
Notation add := (add prec emax prec_gt_0_ prec_lt_emax_).
Notation sub := (sub prec emax prec_gt_0_ prec_lt_emax_).
Notation div := (div prec emax prec_gt_0_ prec_lt_emax_).

(** The constants of a formula, as the format has them. *)
Variable constant : Z -> float.

(** Logarithms are not IEEE 754's: a formula without them. *)
Fixpoint ieee (given : list float) (e : expr) : float :=
  match e with
  | Cst z => constant z
  | Var n => nth n given (constant 0)
  | Neg a => Bopp (ieee given a)
  | Abs a => Babs (ieee given a)
  | Sqr a => mul (ieee given a) (ieee given a)
  | Sqrt a => Bsqrt mode_NE (ieee given a)
  | Log _ => B754_nan
  | Add a b => add (ieee given a) (ieee given b)
  | Sub a b => sub (ieee given a) (ieee given b)
  | Mul a b => mul (ieee given a) (ieee given b)
  | Div a b => div (ieee given a) (ieee given b)
  end.

(** No overflow, no root of a negative number, no division by zero, on the way or at the end; the constants exact. *)
Fixpoint finite_throughout (given : list float) (e : expr) : Prop :=
  is_finite (ieee given e) = true /\
  match e with
  | Cst z => B2R (constant z) = IZR z
  | Var _ => True
  | Neg a | Abs a | Sqr a | Sqrt a | Log a => finite_throughout given a
  | Add a b | Sub a b | Mul a b => finite_throughout given a /\ finite_throughout given b
  | Div a b => finite_throughout given a /\ finite_throughout given b /\ B2R (ieee given b) <> 0
  end.

Notation F := (nearest emin prec).

Theorem ieee_evaluates : forall given e, B2R (constant 0) = 0 -> finite_throughout given e ->
  evaluates F (map B2R given) e (B2R (ieee given e)).
Proof.
intros given e Z0; induction e as [z|n|a IH|a IH|a IH|a IH|a IH|a IHa b IHb|a IHa b IHb|a IHa b IHb|a IHa b IHb];
  cbn [finite_throughout ieee]; intros (Fin & H).
- rewrite H; constructor.
- rewrite <- map_nth, Z0; constructor.
- rewrite B2R_Bopp; constructor; auto.
- rewrite B2R_Babs; constructor; auto.
- destruct (mul_finite _ _ _ _ _ _ Fin) as (_ & _ & ->).
  apply evaluates_sqr with (B2R (ieee given a)); [auto|apply rnd_near; assumption].
- destruct (Bsqrt_correct prec emax _ _ mode_NE (ieee given a)) as (-> & _).
  apply evaluates_sqrt with (B2R (ieee given a)); [auto|exact (rnd_near emin prec three_digits even _)].
- discriminate.
- destruct H as (A & B); destruct (add_finite _ _ _ _ _ _ Fin) as (_ & _ & ->).
  apply evaluates_add with (B2R (ieee given a)) (B2R (ieee given b)); auto.
  apply rnd_sum_near; trivial; apply finite_format.
- destruct H as (A & B); destruct (sub_finite _ _ _ _ _ _ Fin) as (_ & _ & ->).
  apply evaluates_sub with (B2R (ieee given a)) (B2R (ieee given b)); auto.
  apply rnd_sum_near; trivial; [|apply generic_format_opp]; apply finite_format.
- destruct H as (A & B); destruct (mul_finite _ _ _ _ _ _ Fin) as (_ & _ & ->).
  apply evaluates_mul with (B2R (ieee given a)) (B2R (ieee given b)); auto; apply rnd_near; assumption.
- destruct H as (A & B & NZ); unfold ieee.div in *.
  assert (C := Bdiv_correct prec emax _ _ mode_NE (ieee given a) (ieee given b) NZ).
  destruct (Rlt_bool _ _); [|apply overflow_not_finite in C; congruence].
  destruct C as (-> & _).
  apply evaluates_div with (B2R (ieee given a)) (B2R (ieee given b)); auto.
  exact (rnd_near emin prec three_digits even _).
Qed.
End Ieee.

(** Non-vacuity: sqrt (1 - a) x in binary64 with its product kept in binary16, a correct to 1/1000. *)
Definition binary16_and_64 : formats :=
  fun p => match p with Table => nearest (-1074) 53 | Sample => nearest (-24) 11 end.

Example evaluations_instance :
  let p := [Let Table 2 (Sqrt (Cst 1 - Var 0))%expr; Let Sample 3 (Var 2 * Var 1)%expr; Clip 4 3 1] in
  let env : list ball := [(9/25, Some (1/1000)); (1, Some 0)] in
  (forall q, sound (binary16_and_64 q)) /\
  all_within [9/25; 1] env /\
  (exists final, runs binary16_and_64 p [9/25; 1] final /\ nth 4 final 0 = 4/5) /\
  (exists E, nth 4 (bounds binary16_and_64 p env) nowhere = (4/5, Some E)).
Proof.
intros p env.
assert (S : sqrt (1 - 9/25) = 4/5) by (replace (1 - 9/25) with ((4/5)*(4/5)) by lra; apply sqrt_square; lra).
assert (C : clip 1 (4/5) = 4/5) by (unfold clip; rewrite Rmin_right, Rmax_right by lra; reflexivity).
assert (G : forall q, sound (binary16_and_64 q)) by (intros []; apply nearest_sound).
split; [exact G|split; [|split]].
- intros [|[|[|n]]]; unfold within; cbn; rewrite ?Rminus_eq_0, ?Rabs_R0; lra.
- eexists; split.
  + apply runs_let with (v := 4/5).
    { apply evaluates_sqrt with (1 - 9/25).
      - apply evaluates_sub with 1 (9/25).
        + exact (evaluates_cst _ _ 1).
        + exact (evaluates_var _ [9/25; 1] 0).
        + unfold near_sum; rewrite Rminus_eq_0, Rabs_R0; apply Rmult_le_pos; [apply G|apply Rabs_pos].
      - rewrite S; apply exact_near; apply (G Table). }
    apply runs_let with (v := 4/5).
    { apply evaluates_mul with (4/5) 1; [exact (evaluates_var _ [9/25; 1; 4/5] 2)|exact (evaluates_var _ [9/25; 1; 4/5] 1)|].
      rewrite Rmult_1_r; apply exact_near; apply (G Sample). }
    apply runs_clip; apply runs_end.
  + cbn; exact C.
- cbn -[after_rounding after_sum Rmult Rminus clip sqrt wide_root_error product_error value Rmax].
  rewrite S, Rmult_1_r, C; eexists; reflexivity.
Qed.
