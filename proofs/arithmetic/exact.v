(** * Exact vectors: evaluations in which every square root is rational

    With sqrt alpha_bar and sqrt (1 - alpha_bar) legs of a Pythagorean triple over its hypotenuse, and the
    same for alpha_bar_prev and for sigma and k over sqrt (1 - alpha_bar_prev), the formulas have rational
    values. In the last three families alpha_bar_prev - alpha_bar is a square too, and so Eq16's sigma(eta)
    is rational at the eta given.

    - rational_value: where the rational evaluator answers, its answer is the formula's exact value.
    - exact_vectors: the table printed as tests/vectors/exact_step.csv holds exact values, every line. *)

Require Import Reals Lra ZArith QArith Qround Qreals List String Lia DecimalString.
From ddim Require Import expr formulas running.
Import ListNotations.
Open Scope Q_scope.

(** ** A rational evaluator *)

(** Integer and rational roots, checked by squaring. *)
Definition root_Z (z : Z) : option Z := let r := Z.sqrt z in if (r * r =? z)%Z then Some r else None.
Definition root_Q (q : Q) : option Q :=
  match root_Z (Qnum q), root_Z (Zpos (Qden q)) with
  | Some n, Some (Zpos d) => let r := n # d in if Qle_bool 0 r && Qeq_bool (r * r) q then Some r else None
  | _, _ => None
  end%bool.

Definition bind2 (f : Q -> Q -> option Q) (x y : option Q) : option Q :=
  match x, y with Some a, Some b => f a b | _, _ => None end.
Definition bind (f : Q -> option Q) (x : option Q) : option Q := match x with Some a => f a | None => None end.

Fixpoint rational (env : list Q) (e : expr) : option Q :=
  match e with
  | Cst z => Some (inject_Z z)
  | Var n => Some (nth n env 0)
  | Neg e => bind (fun a => Some (- a)) (rational env e)
  | Abs e => None
  | Sqr e => bind (fun a => Some (Qred (a * a))) (rational env e)
  | Sqrt e => bind (fun a => root_Q (Qred a)) (rational env e)
  | Log e => None
  | Add e f => bind2 (fun a b => Some (Qred (a + b))) (rational env e) (rational env f)
  | Sub e f => bind2 (fun a b => Some (Qred (a - b))) (rational env e) (rational env f)
  | Mul e f => bind2 (fun a b => Some (Qred (a * b))) (rational env e) (rational env f)
  | Div e f => bind2 (fun a b => if Qeq_bool b 0 then None else Some (Qred (a / b)))
                 (rational env e) (rational env f)
  end.

Lemma Q2R_red : forall q, Q2R (Qred q) = Q2R q.
Proof. intros q; apply Qeq_eqR, Qred_correct. Qed.

Lemma root_Q_correct : forall q r, root_Q q = Some r -> sqrt (Q2R q) = Q2R r.
Proof.
intros q r H; unfold root_Q in H.
destruct (root_Z (Qnum q)) as [n|]; [|discriminate].
destruct (root_Z (Z.pos (Qden q))) as [[|d|d]|]; try discriminate.
destruct (Qle_bool 0 (n # d)) eqn:P; [|discriminate]; destruct (Qeq_bool ((n # d) * (n # d)) q) eqn:E; [|discriminate].
injection H as <-; apply Qeq_bool_iff in E; apply Qle_bool_iff in P.
rewrite <- (Qeq_eqR _ _ E), Q2R_mult; apply sqrt_square.
apply Qle_Rle in P; now rewrite RMicromega.Q2R_0 in P.
Qed.

Lemma Q2R_Z : forall z, Q2R (inject_Z z) = IZR z.
Proof. intros z; unfold Q2R, inject_Z; simpl; field. Qed.

Lemma nth_Q2R : forall env n, Q2R (nth n env 0) = nth n (map Q2R env) 0%R.
Proof. intros env n; rewrite <- (map_nth Q2R), RMicromega.Q2R_0; reflexivity. Qed.

Lemma some_injective : forall x y : Q, Some x = Some y -> x = y.
Proof. congruence. Qed.

Theorem rational_value : forall env e q, rational env e = Some q -> eval (map Q2R env) e = Q2R q.
Proof.
intros env e; induction e; intros q H; cbn [rational eval] in *; try discriminate H;
  repeat match goal with IH : forall q, rational env ?e = Some q -> _ |- _ =>
    destruct (rational env e) as [?x|]; [specialize (IH _ eq_refl); rewrite IH; clear IH|discriminate H] end;
  cbn [bind bind2] in H; try (apply some_injective in H; rewrite <- H; clear H).
- now rewrite Q2R_Z.
- now rewrite nth_Q2R.
- now rewrite Q2R_opp.
- rewrite Q2R_red, Q2R_mult; ring.
- apply root_Q_correct in H; now rewrite Q2R_red in H.
- now rewrite Q2R_red, Q2R_plus.
- now rewrite Q2R_red, Q2R_minus.
- now rewrite Q2R_red, Q2R_mult.
- destruct (Qeq_bool x0 0) eqn:Z; [discriminate H|]; apply some_injective in H; rewrite <- H.
  rewrite Q2R_red, Q2R_div; [reflexivity|now apply Qeq_bool_neq].
Qed.

(** ** The cases *)

(** alpha_bar, alpha_bar_prev, sigma, and the eta of Eq16 that gives this sigma where it is rational. *)
Record case := Case { a : Q; p : Q; sigma : Q; eta : option Q }.

Definition cases : list case := [
  Case (9#25) (144#169) (0) None;
  Case (9#25) (144#169) (25#169) None;
  Case (9#25) (144#169) (5#13) None;
  Case (9#25) (16#25) (0) None;
  Case (9#25) (16#25) (9#25) None;
  Case (25#169) (144#169) (0) None;
  Case (25#169) (144#169) (25#169) None;
  Case (25#169) (144#169) (5#13) None;
  Case (64#289) (225#289) (0) None;
  Case (64#289) (225#289) (24#85) None;
  Case (49#625) (576#625) (0) None;
  Case (49#625) (576#625) (7#65) None;
  Case (49#625) (576#625) (7#25) None;
  Case (400#841) (441#841) (0) None;
  Case (400#841) (441#841) (12#29) None;
  Case (10816#34225) (1600#1681) (0) (Some (0));
  Case (10816#34225) (1600#1681) (27#205) (Some (17#28));
  Case (10816#34225) (1600#1681) (45#533) (Some (425#1092));
  Case (10816#34225) (1600#1681) (72#697) (Some (10#21));
  Case (10816#34225) (1600#1681) (756#3485) (Some (1));
  Case (81#1681) (23409#34225) (0) (Some (0));
  Case (81#1681) (23409#34225) (312#925) (Some (17#28));
  Case (81#1681) (23409#34225) (8#37) (Some (425#1092));
  Case (81#1681) (23409#34225) (832#3145) (Some (10#21));
  Case (81#1681) (23409#34225) (8736#15725) (Some (1));
  Case (64009#105625) (34969#42025) (0) (Some (0));
  Case (64009#105625) (34969#42025) (252#1025) (Some (289#400));
  Case (64009#105625) (34969#42025) (84#533) (Some (289#624));
  Case (64009#105625) (34969#42025) (672#3485) (Some (17#30));
  Case (64009#105625) (34969#42025) (4032#11849) (Some (1))].

(** What a parameter's name stands for. The data are fixed and s, AppendixA's, is inside its
    range; both are binary64 numbers. *)
Open Scope string_scope.
Definition argument (c : case) (name : string) : option Q :=
  match name with
  | "alpha_bar" => Some (a c)
  | "alpha_bar_prev" => Some (p c)
  | "variance" | "variance0" => Some (Qred (sigma c * sigma c))
  | "variance1" => Some (13 # 8)
  | "sigma" => Some (sigma c)
  | "eta" => eta c
  | "beta" => Some (Qred (1 - a c / p c))
  | "s" => Some (Qred (inject_Z (Qfloor (64 * ((1 - p c) / (1 - a c)))) / 64))
  | "x" | "x_prev" | "mean0" => Some (7 # 4)
  | "x0" | "mean" | "mean1" => Some (-5 # 8)
  | "eps" | "v" => Some (3 # 4)
  | "noise" => Some (-5 # 4)
  | "c0" => Some (9 # 8) | "c1" => Some (-3 # 8) | "c2" => Some (1 # 2)
  | _ => None
  end.

Fixpoint arguments (c : case) (names : list string) : option (list Q) :=
  match names with
  | [] => Some []
  | n :: rest => match argument c n, arguments c rest with Some q, Some qs => Some (q :: qs) | _, _ => None end
  end.

Record vector := Vector { of : formula; given : list Q; result : Q }.

Definition vector_of (c : case) (f : formula) : list vector :=
  match arguments c (params f) with
  | None => []
  | Some env => match rational env (body f) with Some q => [Vector f env q] | None => [] end
  end.

Definition vectors : list vector := flat_map (fun c => flat_map (vector_of c) formulas) cases.

Definition exact (v : vector) : Prop := value (of v) (map Q2R (given v)) = Q2R (result v).

Theorem exact_vectors : Forall exact vectors.
Proof.
unfold vectors; apply Forall_forall; intros v H.
apply in_flat_map in H; destruct H as (c & _ & H); apply in_flat_map in H; destruct H as (f & _ & H).
unfold vector_of in H; destruct (arguments c (params f)) as [env|]; [|destruct H].
destruct (rational env (body f)) as [q|] eqn:E; [|destruct H].
destruct H as [<-|[]]; exact (rational_value env (body f) q E).
Qed.

(** Eq16 as such: each eta given has the sigma given for its value. *)
Theorem Eq16_vectors : Forall (fun c => match eta c with
  | None => True
  | Some e => value eq16_sigma (map Q2R [e; a c; p c]) = Q2R (sigma c) end) cases.
Proof.
assert (C : forallb (fun c => match eta c with
  | None => true
  | Some e => match rational [e; a c; p c] (body eq16_sigma) with Some q => Qeq_bool q (sigma c) | None => false end
  end) cases = true) by (vm_compute; reflexivity).
apply Forall_forall; intros c H; apply (proj1 (forallb_forall _ cases) C) in H.
destruct (eta c) as [e|]; [|exact I].
destruct (rational [e; a c; p c] (body eq16_sigma)) as [q|] eqn:E; [|discriminate H].
unfold value; rewrite (rational_value _ _ _ E); now apply Qeq_eqR, Qeq_bool_iff.
Qed.

(** Not one formula without a vector, save those with a logarithm. *)
Theorem every_formula_has_a_vector : forallb (fun f =>
  (name f =? "kl_normal") || (name f =? "normal_log_density") ||
  existsb (fun v => name (of v) =? name f) vectors)%bool formulas = true.
Proof. vm_compute; reflexivity. Qed.

(** ** The file *)

Definition spell_Q (q : Q) : string :=
  match Qden q with
  | 1%positive => decimal (Qnum q)
  | d => decimal (Qnum q) ++ "/" ++ decimal (Zpos d)
  end.

Definition row (v : vector) : string :=
  name (of v) ++ "," ++ concat " " (map spell_Q (given v)) ++ "," ++ spell_Q (result v) ++ newline.

Definition exact_step_csv : string :=
  "# Printed by proofs/link/print.sh from proofs/arithmetic/exact.v, where every row is proved exact; do not edit." ++ newline ++
  "# formula: a function of proofs/generated/formulas.hpp. inputs: its parameters in order, rationals n or n/d," ++ newline ++
  "# separated by blanks. output: the formula's exact value, a rational." ++ newline ++
  "formula,inputs,output" ++ newline ++
  concat "" (map row vectors).
