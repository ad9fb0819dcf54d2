(** * Certificates for what a program printed

    A line names a formula, the binary64 inputs, the program's binary64 output and a bound, all exact.
    [within slack] says: the formula has that many parameters; the output is within the bound of the
    formula's exact value; and the bound is at most [slack] times what running.v proves for the formula's
    own tree in binary64, so that no program passes by promising little. (A slack of 2 suits one ulp, which
    can be two of running.v's u; 4 suits affine forms, whose terms may be larger than the tree's.)

    - all_within: lines that [check] accepts satisfy [within]. [check] encloses value and error with
      CoqInterval's arithmetic at 220 bits, and refuses where the enclosure does not decide. *)

Require Import Reals Lra ZArith List Bool Lia.
From Flocq Require Import Core.
From Interval Require Import Real.Xreal Interval.Interval Interval.Float_full Float.Specific_bigint Float.Specific_ops
  Float.Basic.
From ddim Require Import expr rounding running formulas.
Import ListNotations.
Open Scope R_scope.

Module F := SpecificFloat BigIntRadix2.
Module I := FloatIntervalFull F.

Definition digits := F.PtoP 220.
Definition holds (i : I.type) (x : R) : Prop := contains (I.convert i) (Xreal x).

(** ** Each operation of a tree, enclosed *)

Lemma undecided_holds : forall i x, contains (I.convert i) Xnan -> holds i x.
Proof. intros i x; unfold holds; destruct (I.convert i); simpl; tauto. Qed.

Lemma holds_Z : forall z, holds (I.fromZ digits z) (IZR z).
Proof. intros; apply I.fromZ_correct. Qed.
Lemma holds_zero : holds I.zero 0.
Proof. unfold holds; rewrite I.zero_correct; simpl; lra. Qed.
Lemma holds_neg : forall i x, holds i x -> holds (I.neg i) (- x).
Proof. intros i x H; exact (I.neg_correct i (Xreal x) H). Qed.
Lemma holds_abs : forall i x, holds i x -> holds (I.abs i) (Rabs x).
Proof. intros i x H; exact (I.abs_correct i (Xreal x) H). Qed.
Lemma holds_add : forall i j x y, holds i x -> holds j y -> holds (I.add digits i j) (x + y).
Proof. intros i j x y H K; exact (I.add_correct digits i j (Xreal x) (Xreal y) H K). Qed.
Lemma holds_sub : forall i j x y, holds i x -> holds j y -> holds (I.sub digits i j) (x - y).
Proof. intros i j x y H K; exact (I.sub_correct digits i j (Xreal x) (Xreal y) H K). Qed.
Lemma holds_mul : forall i j x y, holds i x -> holds j y -> holds (I.mul digits i j) (x * y).
Proof. intros i j x y H K; exact (I.mul_correct digits i j (Xreal x) (Xreal y) H K). Qed.
Lemma holds_sqr : forall i x, holds i x -> holds (I.sqr digits i) (x ^ 2).
Proof.
intros i x H; replace (x ^ 2) with (x * x) by ring.
exact (I.sqr_correct digits i (Xreal x) H).
Qed.
Lemma holds_sqrt : forall i x, holds i x -> holds (I.sqrt digits i) (sqrt x).
Proof. intros i x H; exact (I.sqrt_correct digits i (Xreal x) H). Qed.
Lemma holds_div : forall i j x y, holds i x -> holds j y -> holds (I.div digits i j) (x / y).
Proof.
intros i j x y H K; assert (C := I.div_correct digits i j (Xreal x) (Xreal y) H K); simpl in C.
unfold Xdiv' in C; destruct (is_zero y); [now apply undecided_holds|exact C].
Qed.
Lemma holds_ln : forall i x, holds i x -> holds (I.ln digits i) (ln x).
Proof.
intros i x H; assert (C := I.ln_correct digits i (Xreal x) H); simpl in C.
unfold Xln' in C; destruct (is_positive x); [exact C|now apply undecided_holds].
Qed.

(** ** Values and errors, enclosed *)

Fixpoint ieval (env : list I.type) (e : expr) : I.type :=
  match e with
  | Cst z => I.fromZ digits z
  | Var n => nth n env I.zero
  | Neg e => I.neg (ieval env e)
  | Abs e => I.abs (ieval env e)
  | Sqr e => I.sqr digits (ieval env e)
  | Sqrt e => I.sqrt digits (ieval env e)
  | Log e => I.ln digits (ieval env e)
  | Add e f => I.add digits (ieval env e) (ieval env f)
  | Sub e f => I.sub digits (ieval env e) (ieval env f)
  | Mul e f => I.mul digits (ieval env e) (ieval env f)
  | Div e f => I.div digits (ieval env e) (ieval env f)
  end.

Definition enclosed := Forall2 holds.

Lemma enclosed_nth : forall is xs n, enclosed is xs -> holds (nth n is I.zero) (nth n xs 0).
Proof.
intros is xs n H; revert n; induction H; intros [|n]; simpl; try apply holds_zero; auto.
Qed.

Lemma ieval_holds : forall is xs e, enclosed is xs -> holds (ieval is e) (eval xs e).
Proof.
intros is xs e H; induction e; cbn [ieval eval];
  [ apply holds_Z | now apply enclosed_nth | now apply holds_neg | now apply holds_abs | now apply holds_sqr
  | now apply holds_sqrt | now apply holds_ln | now apply holds_add | now apply holds_sub | now apply holds_mul
  | now apply holds_div ].
Qed.

Definition ivalue (f : formula) (env : list I.type) : I.type := ieval env (body f).

Section Errors.
Variables (iu itiny : I.type) (emin prec : Z).
Hypothesis u_enclosed : holds iu (u prec).
Hypothesis tiny_enclosed : holds itiny (tiny emin).

Definition iafter (E v : I.type) := ivalue rounded_error [iu; itiny; E; v].
Definition iafter_log (E v : I.type) := ivalue rounded_error [I.mul digits (I.fromZ digits 2) iu; itiny; E; v].

(** Value and error together, so that no subtree is evaluated twice. *)
Fixpoint ierror (env : list I.type) (e : expr) : I.type * I.type :=
  match e with
  | Cst z => (I.fromZ digits z, I.zero)
  | Var n => (nth n env I.zero, I.zero)
  | Neg e => let (v, d) := ierror env e in (I.neg v, d)
  | Abs e => let (v, d) := ierror env e in (I.abs v, d)
  | Sqr e => let (v, d) := ierror env e in
             let r := I.sqr digits v in (r, iafter (ivalue product_error [v; d; v; d]) r)
  | Sqrt e => let (v, d) := ierror env e in
              let r := I.sqrt digits v in (r, iafter (ivalue root_error [v; d]) r)
  | Log e => let (v, d) := ierror env e in
             let r := I.ln digits v in (r, iafter_log (ivalue log_error [v; d]) r)
  | Add e f => let (v, d) := ierror env e in let (w, g) := ierror env f in
               let r := I.add digits v w in (r, iafter (I.add digits d g) r)
  | Sub e f => let (v, d) := ierror env e in let (w, g) := ierror env f in
               let r := I.sub digits v w in (r, iafter (I.add digits d g) r)
  | Mul e f => let (v, d) := ierror env e in let (w, g) := ierror env f in
               let r := I.mul digits v w in (r, iafter (ivalue product_error [v; d; w; g]) r)
  | Div e f => let (v, d) := ierror env e in let (w, g) := ierror env f in
               let r := I.div digits v w in (r, iafter (ivalue ratio_error [v; d; w; g]) r)
  end.

Lemma ivalue_holds : forall f is xs, enclosed is xs -> holds (ivalue f is) (value f xs).
Proof. intros; now apply ieval_holds. Qed.

Lemma iafter_holds : forall i j E v, holds i E -> holds j v -> holds (iafter i j) (after emin prec E v).
Proof. intros; apply ivalue_holds; repeat constructor; assumption. Qed.

Lemma iafter_log_holds : forall i j E v, holds i E -> holds j v ->
  holds (iafter_log i j) (after_log emin prec E v).
Proof.
intros; apply ivalue_holds; repeat constructor; try assumption.
apply holds_mul; [apply holds_Z|assumption].
Qed.

Lemma ierror_holds : forall is xs e, enclosed is xs ->
  holds (fst (ierror is e)) (eval xs e) /\ holds (snd (ierror is e)) (error emin prec xs e).
Proof.
intros is xs e H; induction e; cbn [ierror eval error];
  repeat match goal with IH : holds (fst (ierror is ?e)) _ /\ _ |- _ =>
    destruct (ierror is e); destruct IH as [? ?]; cbn [fst snd] in * end.
- split; [apply holds_Z|apply holds_zero].
- split; [now apply enclosed_nth|apply holds_zero].
- split; [now apply holds_neg|assumption].
- split; [now apply holds_abs|assumption].
- split; [now apply holds_sqr|].
  apply iafter_holds; [apply ivalue_holds; repeat constructor; assumption|now apply holds_sqr].
- split; [now apply holds_sqrt|].
  apply iafter_holds; [apply ivalue_holds; repeat constructor; assumption|now apply holds_sqrt].
- split; [now apply holds_ln|].
  apply iafter_log_holds; [apply ivalue_holds; repeat constructor; assumption|now apply holds_ln].
- split; [now apply holds_add|apply iafter_holds; now apply holds_add].
- split; [now apply holds_sub|apply iafter_holds; [now apply holds_add|now apply holds_sub]].
- split; [now apply holds_mul|].
  apply iafter_holds; [apply ivalue_holds; repeat constructor; assumption|now apply holds_mul].
- split; [now apply holds_div|].
  apply iafter_holds; [apply ivalue_holds; repeat constructor; assumption|now apply holds_div].
Qed.
End Errors.

(** ** Binary64 numbers, written (m, e) for m 2^e *)

Definition dyadic (d : Z * Z) : R := IZR (fst d) * bpow radix2 (snd d).

Definition idyadic (d : Z * Z) : I.type :=
  let (m, e) := d in
  if (e <? 0)%Z then I.div digits (I.fromZ digits m) (I.fromZ digits (2 ^ (- e)))
  else I.mul digits (I.fromZ digits m) (I.fromZ digits (2 ^ e)).

Lemma idyadic_holds : forall d, holds (idyadic d) (dyadic d).
Proof.
intros [m e]; unfold idyadic, dyadic; cbn [fst snd]; destruct (Z.ltb_spec e 0).
- replace (bpow radix2 e) with (/ IZR (2 ^ (- e))).
  + apply holds_div; apply holds_Z.
  + replace e with (- (- e))%Z at 2 by ring; rewrite bpow_opp; f_equal.
    apply (IZR_Zpower radix2); lia.
- rewrite <- (IZR_Zpower radix2) by assumption; apply holds_mul; apply holds_Z.
Qed.

Lemma idyadics_enclosed : forall ds, enclosed (map idyadic ds) (map dyadic ds).
Proof. induction ds; constructor; [apply idyadic_holds|assumption]. Qed.

(** ** Lines *)

Record line := Line { of : formula; inputs : list (Z * Z); output : Z * Z; bound : Z * Z }.

Definition within (slack : Z) (l : line) : Prop :=
  List.length (inputs l) = List.length (params (of l)) /\
  Rabs (value (of l) (map dyadic (inputs l)) - dyadic (output l)) <= dyadic (bound l) /\
  dyadic (bound l) <= IZR slack * error (-1074) 53 (map dyadic (inputs l)) (body (of l)).

Definition nonpositive (i : I.type) : bool := match I.sign_large i with Xlt | Xeq => true | _ => false end.

Lemma nonpositive_correct : forall i x, holds i x -> nonpositive i = true -> x <= 0.
Proof.
intros i x H N; unfold nonpositive in N; assert (S := I.sign_large_correct i).
destruct (I.sign_large i); try discriminate N.
- specialize (S _ H); injection S; lra.
- exact (proj2 (S _ H)).
Qed.

Definition iu := idyadic (1, -53)%Z.
Definition itiny := idyadic (1, -1075)%Z.

(** The three parts of [within], decided. *)
Definition verdict (slack : Z) (l : line) : bool * bool * bool :=
  let (v, d) := ierror iu itiny (map idyadic (inputs l)) (body (of l)) in
  let b := idyadic (bound l) in
  (Nat.eqb (List.length (inputs l)) (List.length (params (of l))),
   nonpositive (I.sub digits (I.abs (I.sub digits v (idyadic (output l)))) b),
   nonpositive (I.sub digits b (I.mul digits (I.fromZ digits slack) d))).

Definition check (slack : Z) (l : line) : bool := match verdict slack l with (arity, close, honest) => arity && close && honest end.

Lemma check_correct : forall slack l, check slack l = true -> within slack l.
Proof.
intros slack l C; unfold check, verdict in C.
assert (Hu : holds iu (u 53)) by (assert (H := idyadic_holds (1, -53)%Z); unfold dyadic in H; simpl fst in H;
  simpl snd in H; rewrite Rmult_1_l in H; exact H).
assert (Ht : holds itiny (tiny (-1074))) by (assert (H := idyadic_holds (1, -1075)%Z); unfold dyadic in H;
  cbn [fst snd] in H; rewrite Rmult_1_l in H; exact H).
assert (H := ierror_holds iu itiny (-1074) 53 Hu Ht _ _ (body (of l)) (idyadics_enclosed (inputs l))).
destruct (ierror iu itiny (map idyadic (inputs l)) (body (of l))) as [v d]; cbn [fst snd] in H.
destruct H as [Hv Hd]; apply andb_prop in C; destruct C as [C C3]; apply andb_prop in C; destruct C as [C1 C2].
split; [now apply Nat.eqb_eq|split].
- apply nonpositive_correct with (x := Rabs (value (of l) (map dyadic (inputs l)) - dyadic (output l))
    - dyadic (bound l)) in C2; [lra|].
  apply holds_sub; [apply holds_abs, holds_sub|]; [exact Hv|apply idyadic_holds|apply idyadic_holds].
- apply nonpositive_correct with (x := dyadic (bound l)
    - IZR slack * error (-1074) 53 (map dyadic (inputs l)) (body (of l))) in C3; [lra|].
  apply holds_sub; [apply idyadic_holds|apply holds_mul; [apply holds_Z|exact Hd]].
Qed.

Theorem all_within : forall slack ls, forallb (check slack) ls = true -> Forall (within slack) ls.
Proof.
intros slack ls H; apply Forall_forall; intros l Hl; apply check_correct.
now apply (proj1 (forallb_forall (check slack) ls) H).
Qed.

(** For the message: the first line refused, counted from 0, and which parts hold. *)
Fixpoint first_refused (slack : Z) (n : nat) (ls : list line) : option (nat * (bool * bool * bool)) :=
  match ls with
  | [] => None
  | l :: rest => if check slack l then first_refused slack (S n) rest else Some (n, verdict slack l)
  end.
