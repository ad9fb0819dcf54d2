(** * One syntax tree per formula

    A formula is a tree. Its meaning [eval] is a real number, about which theorems are proved; its
    spelling [cpp] is a C++ template. Both come from the one tree, so the header that the code is
    compared with cannot drift from the theorems. *)

Require Import Reals ZArith List String Ascii DecimalString.
Import ListNotations.
Open Scope string_scope.

Inductive expr :=
| Cst (z : Z)
| Var (n : nat)
| Neg (e : expr)
| Abs (e : expr)
| Sqr (e : expr)
| Sqrt (e : expr)
| Log (e : expr)
| Add (e f : expr)
| Sub (e f : expr)
| Mul (e f : expr)
| Div (e f : expr).

Declare Scope expr_scope.
Delimit Scope expr_scope with expr.
Bind Scope expr_scope with expr.
Infix "+" := Add : expr_scope.
Infix "-" := Sub : expr_scope.
Infix "*" := Mul : expr_scope.
Infix "/" := Div : expr_scope.
Notation "- e" := (Neg e) : expr_scope.
Coercion Cst : Z >-> expr.

(** ** Meaning *)

Fixpoint eval (env : list R) (e : expr) : R :=
  match e with
  | Cst z => IZR z
  | Var n => nth n env 0%R
  | Neg e => (- eval env e)%R
  | Abs e => Rabs (eval env e)
  | Sqr e => (eval env e ^ 2)%R
  | Sqrt e => sqrt (eval env e)
  | Log e => ln (eval env e)
  | Add e f => (eval env e + eval env f)%R
  | Sub e f => (eval env e - eval env f)%R
  | Mul e f => (eval env e * eval env f)%R
  | Div e f => (eval env e / eval env f)%R
  end.

(** A formula: its name in C++, what it says, its parameters in order, its tree. *)
Record formula := Formula { name : string; doc : list string; params : list string; body : expr }.

Definition value (f : formula) (env : list R) : R := eval env (body f).

(** ** Spelling *)

Definition newline := String (ascii_of_nat 10) EmptyString.

Definition parens (b : bool) (s : string) : string := if b then "(" ++ s ++ ")" else s.

Definition decimal (z : Z) : string := NilZero.string_of_int (Z.to_int z).

(** [level]: 0 inside a sum, 1 right of a minus or inside a product, 2 right of a division or under a sign. *)
Fixpoint spell (ps : list string) (level : nat) (e : expr) : string :=
  match e with
  | Cst z => "Real(" ++ decimal z ++ ")"
  | Var n => nth n ps "?"
  | Neg e => parens (Nat.ltb 0 level) ("-" ++ spell ps 2 e)
  | Abs e => "abs(" ++ spell ps 0 e ++ ")"
  | Sqr e => "square(" ++ spell ps 0 e ++ ")"
  | Sqrt e => "sqrt(" ++ spell ps 0 e ++ ")"
  | Log e => "log(" ++ spell ps 0 e ++ ")"
  | Add e f => parens (Nat.ltb 0 level) (spell ps 0 e ++ " + " ++ spell ps 1 f)
  | Sub e f => parens (Nat.ltb 0 level) (spell ps 0 e ++ " - " ++ spell ps 1 f)
  | Mul e f => parens (Nat.ltb 1 level) (spell ps 1 e ++ " * " ++ spell ps 2 f)
  | Div e f => parens (Nat.ltb 1 level) (spell ps 1 e ++ " / " ++ spell ps 2 f)
  end.

(** Which standard functions a tree calls: each needs its using-declaration. *)
Fixpoint calls (mark : expr -> bool) (e : expr) : bool :=
  (mark e || match e with
  | Cst _ | Var _ => false
  | Neg e | Abs e | Sqr e | Sqrt e | Log e => calls mark e
  | Add e f | Sub e f | Mul e f | Div e f => calls mark e || calls mark f
  end)%bool.

Definition using_std (e : expr) (mark : expr -> bool) (f : string) : string :=
  if calls mark e then "  using std::" ++ f ++ ";" ++ newline else "".

Definition usings (e : expr) : string :=
  using_std e (fun e => match e with Abs _ => true | _ => false end) "abs" ++
  using_std e (fun e => match e with Log _ => true | _ => false end) "log" ++
  using_std e (fun e => match e with Sqrt _ => true | _ => false end) "sqrt".

Fixpoint comment (lines : list string) : string :=
  match lines with [] => "" | l :: rest => "/// " ++ l ++ newline ++ comment rest end.

Definition cpp (f : formula) : string :=
  comment (doc f) ++
  "template <class Real>" ++ newline ++
  "Real " ++ name f ++ "(" ++ concat ", " (map (append "Real ") (params f)) ++ ") {" ++ newline ++
  usings (body f) ++
  "  return " ++ spell (params f) 0 (body f) ++ ";" ++ newline ++
  "}" ++ newline.

Definition header_of (guard : string) (includes preamble functions after : list string) : string :=
  "// Printed by proofs/link/print.sh from the proved syntax trees; do not edit." ++ newline ++
  "// clang-format off" ++ newline ++
  "#ifndef " ++ guard ++ newline ++ "#define " ++ guard ++ newline ++ newline ++
  concat "" (map (fun i => "#include " ++ i ++ newline) includes) ++ newline ++
  "namespace ddim::proved {" ++ newline ++ newline ++
  concat "" (map (fun l => l ++ newline) preamble) ++
  newline ++
  concat newline functions ++
  newline ++ "}  // namespace ddim::proved" ++ newline ++ newline ++
  concat "" (map (fun l => l ++ newline) after) ++ "#endif" ++ newline.

(** The header line by line: Coq prints one long string only with a deep stack. *)
Fixpoint lines_from (line s : string) : list string :=
  match s with
  | EmptyString => match line with EmptyString => [] | _ => [line] end
  | String c rest => if Ascii.eqb c (ascii_of_nat 10) then line :: lines_from "" rest
                     else lines_from (line ++ String c "") rest
  end.
Definition lines : string -> list string := lines_from "".

Ltac print_lines l := lazymatch l with ?line :: ?rest => idtac line; print_lines rest | nil => idtac end.
