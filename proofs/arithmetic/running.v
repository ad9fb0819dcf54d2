(** * The rounding error of any formula

    [computed] evaluates a tree as the printed C++ does, rounding after every operation; [error] is a
    number made of the tree's exact values, u and tiny.

    - running_error: where [safe] holds (no division by what may be zero, no root of zero, no
      logarithm of what may not be positive), |computed - exact| <= error, in any format of rounding.v.
      The platform's log is a parameter, assumed within one ulp: 2u|ln x| + tiny.
    - affine_program: the trees affine2 and affine3, computed, are sum2 and sum3 of rounding.v.
    - running_instance: such a logarithm, and formulas with roots, quotients and a logarithm, in binary64.
    - Its ingredients are trees themselves, and the printed <formula>_error functions of
      generated/bounds.hpp are chains of them: the tolerance for each coefficient is the theorem's. *)

Require Import Reals Lra Psatz ZArith List String DecimalString Lia.
From Flocq Require Import Core.
From ddim Require Import expr rounding bounds formulas.
Import ListNotations.
Open Scope string_scope.

(** ** The ingredients *)

Local Notation "$ n" := (Var n) (at level 1, format "$ n").
Open Scope Z_scope.

Definition rounded_error := Formula "rounded_error"
  ["running.v. Error of a rounded v whose operands carry e into it."]
  ["u"; "tiny"; "e"; "v"] ((1 + $0) * $2 + $0 * Abs $3 + $1)%expr.
Definition product_error := Formula "product_error"
  ["running.v. Error of a * b before rounding, a and b being off by e and f."]
  ["a"; "e"; "b"; "f"] (Abs $0 * $3 + Abs $2 * $1 + $1 * $3)%expr.
Definition ratio_error := Formula "ratio_error"
  ["running.v. Error of a / b before rounding. Domain: f < |b|; otherwise no bound exists and this is not positive."]
  ["a"; "e"; "b"; "f"] (($1 + Abs ($0 / $2) * $3) / (Abs $2 - $3))%expr.
Definition root_error := Formula "root_error"
  ["running.v. Error of sqrt a before rounding. Domain: 0 < a."]
  ["a"; "e"] ($1 / Sqrt $0)%expr.
Definition log_error := Formula "log_error"
  ["running.v. Error of log a before rounding. Domain: e < a; otherwise no bound exists and this is not positive."]
  ["a"; "e"] ($1 / ($0 - $1))%expr.

Close Scope Z_scope.
Open Scope R_scope.

Section Running.
Variables emin prec : Z.
Hypothesis three_digits : (3 <= prec)%Z.
Variable choice : Z -> bool.
Notation rnd := (round radix2 (FLT_exp emin prec) (Znearest choice)).
Notation u := (u prec).
Notation tiny := (tiny emin).

(** The platform's logarithm. *)
Variable flog : R -> R.
Hypothesis flog_one_ulp : forall x, 0 < x -> Rabs (flog x - ln x) <= 2 * u * Rabs (ln x) + tiny.

Fixpoint computed (env : list R) (e : expr) : R :=
  match e with
  | Cst z => IZR z
  | Var n => nth n env 0
  | Neg e => - computed env e
  | Abs e => Rabs (computed env e)
  | Sqr e => rnd (computed env e * computed env e)
  | Sqrt e => rnd (sqrt (computed env e))
  | Log e => flog (computed env e)
  | Add e f => rnd (computed env e + computed env f)
  | Sub e f => rnd (computed env e - computed env f)
  | Mul e f => rnd (computed env e * computed env f)
  | Div e f => rnd (computed env e / computed env f)
  end.

Definition after (E v : R) : R := value rounded_error [u; tiny; E; v].
Definition after_log (E v : R) : R := value rounded_error [2 * u; tiny; E; v].

Fixpoint error (env : list R) (e : expr) : R :=
  match e with
  | Cst _ | Var _ => 0
  | Neg e | Abs e => error env e
  | Sqr a => after (value product_error [eval env a; error env a; eval env a; error env a]) (eval env e)
  | Sqrt a => after (value root_error [eval env a; error env a]) (eval env e)
  | Log a => after_log (value log_error [eval env a; error env a]) (eval env e)
  | Add a b | Sub a b => after (error env a + error env b) (eval env e)
  | Mul a b => after (value product_error [eval env a; error env a; eval env b; error env b]) (eval env e)
  | Div a b => after (value ratio_error [eval env a; error env a; eval env b; error env b]) (eval env e)
  end.

Fixpoint safe (env : list R) (e : expr) : Prop :=
  match e with
  | Cst _ | Var _ => True
  | Neg e | Abs e | Sqr e => safe env e
  | Sqrt e => safe env e /\ 0 < eval env e
  | Log e => safe env e /\ error env e < eval env e
  | Add a b | Sub a b | Mul a b => safe env a /\ safe env b
  | Div a b => safe env a /\ safe env b /\ error env b < Rabs (eval env b)
  end.

(** ** Each operation carries errors as its ingredient says *)

Lemma product_carries : forall a a' b b' e f, Rabs (a' - a) <= e -> Rabs (b' - b) <= f ->
  Rabs (a' * b' - a * b) <= value product_error [a; e; b; f].
Proof.
intros a a' b b' e f Ha Hb; unfold value; simpl.
replace (a' * b' - a * b) with (a * (b' - b) + b * (a' - a) + (a' - a) * (b' - b)) by ring.
pose proof (Rabs_pos (a' - a)); pose proof (Rabs_pos (b' - b)).
apply Rle_trans with (1 := Rabs_triang _ _); apply Rplus_le_compat.
- apply Rle_trans with (1 := Rabs_triang _ _); rewrite 2!Rabs_mult.
  apply Rplus_le_compat; (apply Rmult_le_compat_l; [apply Rabs_pos|assumption]).
- rewrite Rabs_mult; apply Rmult_le_compat; assumption.
Qed.

Lemma ratio_carries : forall a a' b b' e f, Rabs (a' - a) <= e -> Rabs (b' - b) <= f -> f < Rabs b ->
  Rabs (a' / b' - a / b) <= value ratio_error [a; e; b; f].
Proof.
intros a a' b b' e f Ha Hb Hf; unfold value; simpl.
assert (F : 0 <= f) by (apply Rle_trans with (2 := Hb); apply Rabs_pos).
assert (N : b <> 0) by (intros ->; rewrite Rabs_R0 in Hf; lra).
assert (B : Rabs b - f <= Rabs b').
{ replace b with (b' - (b' - b)) at 1 by ring.
  assert (T := Rabs_triang b' (- (b' - b))); rewrite Rabs_Ropp in T; unfold Rminus at 2; lra. }
assert (N' : b' <> 0) by (intros ->; rewrite Rabs_R0 in B; lra).
replace (a' / b' - a / b) with (((a' - a) + - (a / b) * (b' - b)) * / b') by (field; lra).
rewrite Rabs_mult, Rabs_inv.
apply Rmult_le_compat; [apply Rabs_pos|apply Rlt_le, Rinv_0_lt_compat; lra| |apply Rinv_le_contravar; lra].
apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_mult, Rabs_Ropp.
apply Rplus_le_compat; [assumption|apply Rmult_le_compat_l; [apply Rabs_pos|assumption]].
Qed.

Lemma root_carries : forall a a' e, Rabs (a' - a) <= e -> 0 < a ->
  Rabs (sqrt a' - sqrt a) <= value root_error [a; e].
Proof.
intros a a' e Ha Pa; unfold value; simpl.
assert (Pr : 0 < sqrt a) by now apply sqrt_lt_R0.
assert (D : Rabs (sqrt a' - sqrt a) * sqrt a <= e).
{ apply Rle_trans with (2 := Ha); destruct (Rle_dec 0 a') as [P|Q].
  - assert (E : a' - a = (sqrt a' - sqrt a) * (sqrt a' + sqrt a)).
    { rewrite <- (sqrt_sqrt a') at 1 by lra; rewrite <- (sqrt_sqrt a) at 1 by lra; ring. }
    rewrite E, Rabs_mult; pose proof (sqrt_pos a').
    apply Rmult_le_compat_l; [apply Rabs_pos|]; rewrite Rabs_pos_eq; lra.
  - rewrite (sqrt_neg a') by lra; rewrite Rminus_0_l, Rabs_Ropp, Rabs_pos_eq, sqrt_sqrt by lra.
    rewrite Rabs_left1; lra. }
apply (Rmult_le_reg_r (sqrt a)); [assumption|].
unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra; exact D.
Qed.

Lemma ln_below : forall y, 0 < y -> ln y <= y - 1.
Proof. intros y Hy; pose proof (exp_ineq1_le (ln y)) as H; rewrite exp_ln in H; lra. Qed.

Lemma ln_difference : forall a b, 0 < a -> 0 < b -> ln a - ln b <= Rabs (a - b) / b.
Proof.
intros a b Ha Hb.
replace (ln a - ln b) with (ln (a / b))
  by (unfold Rdiv; rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; assumption); ring).
apply Rle_trans with (1 := ln_below (a / b) (Rdiv_lt_0_compat _ _ Ha Hb)).
replace (a / b - 1) with ((a - b) / b) by (field; lra).
apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat, Hb|apply Rle_abs].
Qed.

Lemma log_carries : forall a a' e, Rabs (a' - a) <= e -> e < a ->
  0 < a' /\ Rabs (ln a' - ln a) <= value log_error [a; e].
Proof.
intros a a' e Ha Pe; unfold value; simpl.
assert (E : 0 <= e) by (apply Rle_trans with (2 := Ha); apply Rabs_pos).
assert (B := Rabs_le_inv _ _ Ha).
split; [lra|].
assert (below : forall d b, Rabs d <= e -> a - e <= b -> Rabs d / b <= e / (a - e)).
{ intros d b Hd Hb; apply Rmult_le_compat; [apply Rabs_pos|apply Rlt_le, Rinv_0_lt_compat; lra|assumption|].
  apply Rinv_le_contravar; lra. }
assert (H1 := ln_difference a' a ltac:(lra) ltac:(lra)).
assert (H2 := ln_difference a a' ltac:(lra) ltac:(lra)).
assert (D1 := below (a' - a) a Ha ltac:(lra)).
assert (D2 := below (a - a') a' ltac:(rewrite Rabs_minus_sym; exact Ha) ltac:(lra)).
apply Rabs_le; lra.
Qed.

Lemma after_log_carries : forall v x E, 0 < x -> Rabs (ln x - v) <= E -> Rabs (flog x - v) <= after_log E v.
Proof.
intros v x E Px H; unfold after_log, value; simpl.
pose proof (flog_one_ulp x Px); pose proof (u_positive prec).
assert (Rabs (ln x) <= Rabs v + E).
{ replace (ln x) with (v + (ln x - v)) by ring; apply Rle_trans with (1 := Rabs_triang _ _); lra. }
replace (flog x - v) with ((flog x - ln x) + (ln x - v)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _).
assert (2 * u * Rabs (ln x) <= 2 * u * (Rabs v + E)) by (apply Rmult_le_compat_l; lra).
lra.
Qed.

Lemma after_carries : forall v v' E, Rabs (v' - v) <= E -> Rabs (rnd v' - v) <= after E v.
Proof. intros v v' E H; apply (rnd_carries emin prec three_digits choice v v' E H). Qed.

Lemma sum_carries : forall a a' b b' e f, Rabs (a' - a) <= e -> Rabs (b' - b) <= f ->
  Rabs (a' + b' - (a + b)) <= e + f /\ Rabs (a' - b' - (a - b)) <= e + f.
Proof.
intros a a' b b' e f Ha Hb; split; [now apply sum_error|].
replace (a' - b' - (a - b)) with (a' - a + - (b' - b)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_Ropp; lra.
Qed.

Theorem running_error : forall env e, safe env e -> Rabs (computed env e - eval env e) <= error env e.
Proof.
intros env e; induction e; intros S.
- cbn; rewrite Rminus_eq_0, Rabs_R0; lra.
- cbn; rewrite Rminus_eq_0, Rabs_R0; lra.
- cbn; specialize (IHe S).
  replace (- computed env e - - eval env e) with (- (computed env e - eval env e)) by ring.
  now rewrite Rabs_Ropp.
- cbn; apply Rle_trans with (2 := IHe S); apply Rabs_triang_inv2.
- cbn [error computed]; apply after_carries.
  replace (eval env (Sqr e)) with (eval env e * eval env e) by (simpl; ring).
  apply product_carries; apply IHe, S.
- destruct S as (S & P); cbn [error computed]; apply after_carries, root_carries; [now apply IHe|exact P].
- destruct S as (S & P); cbn [error computed].
  destruct (log_carries _ _ _ (IHe S) P) as (Q & B); now apply after_log_carries.
- destruct S as (S1 & S2); cbn [error computed]; apply after_carries.
  apply sum_carries; [now apply IHe1|now apply IHe2].
- destruct S as (S1 & S2); cbn [error computed]; apply after_carries.
  apply sum_carries; [now apply IHe1|now apply IHe2].
- destruct S as (S1 & S2); cbn [error computed]; apply after_carries, product_carries; auto.
- destruct S as (S1 & S2 & P); cbn [error computed]; apply after_carries, ratio_carries; auto.
Qed.

(** The printed affine maps, computed, are the sums of rounding.v, whose bounds are sharper than [error]. *)
Theorem affine_program : forall c0 x c1 e s z,
  computed [c0; x; c1; e] (body affine2) = sum2 emin prec choice c0 x c1 e /\
  computed [c0; x; c1; e; s; z] (body affine3) = sum3 emin prec choice c0 x c1 e s z.
Proof. split; reflexivity. Qed.

(** The constants of the trees are exact in every such format. *)
Theorem constants_exact : forall z, (emin <= 0)%Z -> (Z.abs z < 8)%Z -> rnd (IZR z) = IZR z.
Proof.
intros z He Hz; apply round_generic; [apply valid_rnd_N|].
apply generic_format_FLT; exists (Float radix2 z 0); simpl.
- unfold F2R; simpl; ring.
- apply Z.lt_le_trans with (2 ^ 3)%Z; [simpl; lia|apply (Zpower_le radix2); lia].
- assumption.
Qed.
End Running.

(** Non-vacuity, in binary64. *)
Lemma binary64_small : 0 < u 53 <= 1/1024 /\ 0 < tiny (-1074) <= 1/1024.
Proof.
assert (E : bpow radix2 (-10) = 1/1024) by (simpl; lra).
rewrite <- E; repeat split; try apply bpow_gt_0; apply bpow_le; lia.
Qed.

Example running_instance :
  let rnd := round radix2 (FLT_exp (-1074) 53) (Znearest (fun x => negb (Z.even x))) in
  (forall x, 0 < x -> Rabs (rnd (ln x) - ln x) <= 2 * u 53 * Rabs (ln x) + tiny (-1074)) /\
  safe (-1074) 53 [1; 1; 0; 2] (body kl_normal) /\
  safe (-1074) 53 [1; 9/25; 16/25] (body eq16_sigma) /\
  safe (-1074) 53 [9/25; 1; 2] (body eq9_predict_x0).
Proof.
intros rnd; destruct binary64_small as (U & T); split; [|split; [|split]].
- intros x Hx; pose proof (Rabs_pos (ln x)).
  apply Rle_trans with (1 := rnd_error (-1074) 53 ltac:(lia) (fun x => negb (Z.even x)) (ln x)); nra.
- cbn -[Rabs u tiny bpow]; unfold after; cbn -[Rabs u tiny bpow]; rewrite !Rabs_pos_eq by lra; lra.
- cbn -[Rabs u tiny bpow]; unfold after; cbn -[Rabs u tiny bpow]; rewrite !Rabs_pos_eq by lra; lra.
- cbn -[Rabs u tiny bpow]; unfold after; cbn -[Rabs u tiny bpow].
  replace (sqrt (9/25)) with (3/5) by (symmetry; replace (9/25) with ((3/5)*(3/5)) by lra; apply sqrt_square; lra).
  rewrite ?Rabs_pos_eq by lra; lra.
Qed.

(** ** Spelling of [error]: one pair of names per operation *)

Record traced := Traced { count : nat; code : string; its_value : string; its_error : string }.

Definition call (f : string) (args : list string) : string := f ++ "(" ++ concat ", " args ++ ")".

Definition number (n : nat) : string := NilZero.string_of_uint (Nat.to_uint n).

(** [inner] is the carried error, [op] the operation's spelling, both over the operands' names. *)
Definition emit_with (unit_roundoff : string) (before : nat) (lines op inner : string) : traced :=
  let v := "v" ++ number before in
  let e := "e" ++ number before in
  Traced (S before)
    (lines ++ "  const Real " ++ v ++ " = " ++ op ++ ";" ++ newline ++
     "  const Real " ++ e ++ " = " ++ call "rounded_error" [unit_roundoff; "tiny"; inner; v] ++ ";" ++ newline) v e.

Definition emit := emit_with "u".

Fixpoint trace (ps : list string) (n : nat) (e : expr) : traced :=
  match e with
  | Cst z => Traced n "" ("Real(" ++ decimal z ++ ")") "zero"
  | Var i => Traced n "" (nth i ps "?") "zero"
  | Neg a => let t := trace ps n a in Traced (count t) (code t) ("(-" ++ its_value t ++ ")") (its_error t)
  | Abs a => let t := trace ps n a in Traced (count t) (code t) (call "abs" [its_value t]) (its_error t)
  | Sqr a => let t := trace ps n a in
      emit (count t) (code t) (its_value t ++ " * " ++ its_value t)
        (call "product_error" [its_value t; its_error t; its_value t; its_error t])
  | Sqrt a => let t := trace ps n a in
      emit (count t) (code t) (call "sqrt" [its_value t]) (call "root_error" [its_value t; its_error t])
  | Log a => let t := trace ps n a in 
      emit_with "Real(2) * u" (count t) (code t) (call "log" [its_value t])
        (call "log_error" [its_value t; its_error t])
  | Add a b => let s := trace ps n a in let t := trace ps (count s) b in
      emit (count t) (code s ++ code t) (its_value s ++ " + " ++ its_value t)
        (its_error s ++ " + " ++ its_error t)
  | Sub a b => let s := trace ps n a in let t := trace ps (count s) b in
      emit (count t) (code s ++ code t) (its_value s ++ " - " ++ its_value t)
        (its_error s ++ " + " ++ its_error t)
  | Mul a b => let s := trace ps n a in let t := trace ps (count s) b in
      emit (count t) (code s ++ code t) (its_value s ++ " * " ++ its_value t)
        (call "product_error" [its_value s; its_error s; its_value t; its_error t])
  | Div a b => let s := trace ps n a in let t := trace ps (count s) b in
      emit (count t) (code s ++ code t) (its_value s ++ " / " ++ its_value t)
        (call "ratio_error" [its_value s; its_error s; its_value t; its_error t])
  end.

(** A formula without an operation has error 0, and its function no use for its parameters' names. *)
Definition exact_as_it_is (f : formula) : bool := match body f with Cst _ | Var _ => true | _ => false end.

Definition error_cpp (f : formula) : string :=
  let t := trace (params f) 0 (body f) in
  let names := (["u"; "tiny"] ++ params f)%list in
  comment ["running.v, running_error. Bound of |" ++ name f ++ " computed - exact| for exact arguments."] ++
  "template <class Real>" ++ newline ++
  "Real " ++ call (name f ++ "_error")
    (map (fun n => if exact_as_it_is f then "Real" else "Real " ++ n) names) ++ " {" ++ newline ++
  (if exact_as_it_is f then "  return Real(0);" ++ newline
   else usings (body f) ++ "  const Real zero(0);" ++ newline ++ code t ++
        "  return " ++ its_error t ++ ";" ++ newline) ++
  "}" ++ newline.

Definition ingredients : list formula := [rounded_error; product_error; ratio_error; root_error; log_error].

Definition bounds_hpp : string := header_of "DDIM_PROVED_BOUNDS_HPP" ["<cmath>"] bounds_preamble
  (map cpp (bounds ++ ingredients) ++ map error_cpp formulas) [].
