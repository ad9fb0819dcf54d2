(** * Stable Diffusion 1.5's table, float32: whole trajectories in numbers

    beta from 0.00085 to 0.012, linear in its root over T = 1000; S steps at the times 1 + (1000 / S) i, ending
    at alphas_cumprod[0], as its configuration has it.  Data N(0, v), |x_T| <= 6; a float32 step, two products
    and a sum or with fma, coefficients within one ulp; the model's eps within 4 u of its exact value, relatively.

    [enclosed_trajectory]: CoqInterval's enclosure of the product P and of the rounding bound.  [sd15]: for
    v = 1 and v = 1/4 at S = 10, 50, 250, the sampler's result differs from the exact iterates by at most
    [rounding], and from the probability flow's truth by at most [total]; the truth is as large as 6 and 3. *)

Require Import Reals Lra ZArith List Bool Lia.
From Flocq Require Import Core.
From Interval Require Import Real.Xreal.
From ddim Require Import predictor steps laws truths rounding schedule running certified trajectory.
Import ListNotations.
Open Scope R_scope.

(** ** The table *)

Definition sd_beta (t : nat) : R :=
  (sqrt (85 / 100000) + (IZR (Z.of_nat t - 1)) / 999 * (sqrt (12 / 1000) - sqrt (85 / 100000))) ^ 2.

(** alpha_bar k, alpha_bar (k + 1), ...: n of them, the first being [a]. *)
Fixpoint table (n k : nat) (a : R) : list R :=
  match n with O => [] | S n => a :: table n (S k) (a * (1 - sd_beta (S k))) end.

Lemma table_nth n : forall k i, (i < n)%nat -> nth i (table n k (alpha_bar sd_beta k)) 0 = alpha_bar sd_beta (k + i).
Proof.
induction n as [|n IH]; intros k i Hi; [lia|]. destruct i as [|i]; [simpl; f_equal; lia|].
cbn [table nth]. replace (k + S i)%nat with (S k + i)%nat by lia. apply (IH (S k) i). lia.
Qed.

(** alpha_bar (j + 1) is alphas_cumprod[j]: the first time is S - 1 strides up. *)
Definition sd_index (steps i : nat) : nat := (2 + 1000 / steps * (steps - 1 - i))%nat.
Definition sd_times (steps : nat) : list nat := map (sd_index steps) (seq 0 steps) ++ [1%nat].
Definition sd_alphas (steps : nat) : list R := map (alpha_bar sd_beta) (sd_times steps).

(** ** Enclosures *)

Definition ratio (p q : Z) : I.type := I.div digits (I.fromZ digits p) (I.fromZ digits q).
Lemma ratio_holds p q : holds (ratio p q) (IZR p / IZR q).
Proof. apply holds_div; apply holds_Z. Qed.

Notation "x [+] y" := (I.add digits x y) (at level 50, left associativity).
Notation "x [-] y" := (I.sub digits x y) (at level 50, left associativity).
Notation "x [*] y" := (I.mul digits x y) (at level 40, left associativity).
Notation "x [/] y" := (I.div digits x y) (at level 40, left associativity).
Definition one := I.fromZ digits 1.

Ltac enclose := repeat match goal with
  | H : holds ?i ?x |- holds ?i ?x => exact H
  | |- holds (I.fromZ _ _) _ => apply holds_Z
  | |- holds (ratio _ _) _ => apply ratio_holds
  | |- holds (I.abs _) _ => apply holds_abs
  | |- holds (I.sqr _ _) _ => apply holds_sqr
  | |- holds (I.sqrt _ _) _ => apply holds_sqrt
  | |- holds (I.add _ _ _) _ => apply holds_add
  | |- holds (I.sub _ _ _) _ => apply holds_sub
  | |- holds (I.mul _ _ _) _ => apply holds_mul
  | |- holds (I.div _ _ _) _ => apply holds_div
  end.

Definition ibeta (r0 r1 : I.type) (t : nat) : I.type :=
  I.sqr digits (r0 [+] (I.fromZ digits (Z.of_nat t - 1) [/] I.fromZ digits 999) [*] (r1 [-] r0)).
Definition iroot0 := I.sqrt digits (ratio 85 100000).
Definition iroot1 := I.sqrt digits (ratio 12 1000).

Lemma ibeta_holds t : holds (ibeta iroot0 iroot1 t) (sd_beta t).
Proof. unfold ibeta, sd_beta, iroot0, iroot1. enclose. Qed.

Fixpoint itable (r0 r1 : I.type) (n k : nat) (a : I.type) : list I.type :=
  match n with O => [] | S n => a :: itable r0 r1 n (S k) (a [*] (one [-] ibeta r0 r1 (S k))) end.

Lemma itable_holds n : forall k ia a, holds ia a -> enclosed (itable iroot0 iroot1 n k ia) (table n k a).
Proof.
induction n as [|n IH]; intros k ia a H; constructor; [exact H|]. apply IH. apply holds_mul; [exact H|].
apply holds_sub; [apply holds_Z|apply ibeta_holds].
Qed.

Definition ialphas (is : list I.type) (steps : nat) : list I.type := map (fun i => nth i is I.zero) (sd_times steps).

(** Every time is one of the table's. *)
Definition in_table (steps : nat) : bool := forallb (fun t => Nat.ltb 0 t && Nat.ltb t 1001) (sd_times steps).

Lemma sd_times_range steps t : in_table steps = true -> In t (sd_times steps) -> (1 <= t < 1001)%nat.
Proof.
intros Hs HI. assert (K := proj1 (forallb_forall _ _) Hs t HI). apply andb_prop in K. destruct K as [K1 K2].
apply Nat.ltb_lt in K1, K2. now split.
Qed.

(** [is] encloses the whole table. *)
Definition encloses_table (is : list I.type) : Prop := enclosed is (table 1001 0 1).

Lemma ialphas_hold is steps : encloses_table is -> in_table steps = true -> enclosed (ialphas is steps) (sd_alphas steps).
Proof.
intros Hi Hs. unfold ialphas, sd_alphas. assert (K := sd_times_range steps). revert K. generalize (sd_times steps). intros l K.
induction l as [|t l IH]; constructor.
- assert (N := table_nth 1001 0 t (proj2 (K t Hs (or_introl eq_refl)))).
  change (0 + t)%nat with t in N. change (alpha_bar sd_beta 0) with 1 in N. rewrite <- N. apply enclosed_nth. exact Hi.
- apply IH. intros; apply K; trivial. now right.
Qed.

(** ** The recursion of trajectory.v, for m = 0 and omega_0 = 0 *)

Section Constants.
Variables (iv ig ih iomega isize : I.type) (v g h omega size : R).
Hypotheses (Hv : holds iv v) (Hg : holds ig g) (Hh : holds ih h) (Ho : holds iomega omega) (Hs : holds isize size).

Definition idata_variance (a : I.type) : I.type := a [*] iv [+] (one [-] a).
Definition icoef_x (a a' : I.type) : I.type := I.sqrt digits (a' [/] a).
Definition icoef_eps (a a' : I.type) : I.type := I.sqrt digits (one [-] a') [-] I.sqrt digits (a' [*] (one [-] a) [/] a).
Definition ieps_slope (a : I.type) : I.type := I.sqrt digits (one [-] a) [/] idata_variance a.

Definition inext (a a' P rho : I.type) : I.type * I.type :=
  let cx := icoef_x a a' in let ce := icoef_eps a a' in let k := ieps_slope a in
  let A := cx [+] ce [*] k in let y := P [*] isize [+] rho in
  (A [*] P, A [*] rho [+] ig [*] (cx [*] y) [+] (ig [*] (one [+] iomega) [+] iomega) [*] (I.abs ce [*] (k [*] y)) [+] ih).

Fixpoint ibounds (a P rho : I.type) (rest : list I.type) : I.type * I.type :=
  match rest with [] => (P, rho) | a' :: rest => let (P, rho) := inext a a' P rho in ibounds a' P rho rest end.

Lemma icoef_eps_holds ia ia' a a' : holds ia a -> holds ia' a' -> holds (icoef_eps ia ia') (coef_eps a a').
Proof.
intros Ha Hp. unfold icoef_eps, coef_eps, step_k, step_w. replace (1 - a' - 0 ^ 2) with (1 - a') by ring. unfold one. enclose.
Qed.

Lemma inext_holds ia ia' iP irho a a' P rho : holds ia a -> holds ia' a' -> holds iP P -> holds irho rho ->
  holds (fst (inext ia ia' iP irho)) (factor v a a' * P) /\
  holds (snd (inext ia ia' iP irho)) (rounding_next v g h omega 0 0 size a a' P rho).
Proof.
intros Ha Hp HP Hr. assert (C := icoef_eps_holds ia ia' a a' Ha Hp).
assert (D : holds (ieps_slope ia) (eps_slope v a)) by (unfold ieps_slope, eps_slope, idata_variance, data_variance, one; enclose).
assert (X : holds (icoef_x ia ia') (coef_x a a')) by (unfold icoef_x, coef_x; enclose).
assert (A : holds (icoef_x ia ia' [+] icoef_eps ia ia' [*] ieps_slope ia) (factor v a a')) by (unfold factor; enclose).
unfold inext. cbn [fst snd]. split; [apply holds_mul; assumption|]. unfold rounding_next.
replace (factor v a a' * rho + g * (coef_x a a' * (sqrt a * 0 + P * size + rho)) +
  (g * (1 + omega) + omega) * (Rabs (coef_eps a a') * (eps_slope v a * (P * size + rho))) + (g + 1) * (Rabs (coef_eps a a') * 0) + h)
  with (factor v a a' * rho + g * (coef_x a a' * (P * size + rho)) +
  (g * (1 + omega) + omega) * (Rabs (coef_eps a a') * (eps_slope v a * (P * size + rho))) + h) by ring.
unfold one. enclose.
Qed.

Lemma ibounds_hold : forall irest rest, enclosed irest rest -> forall ia iP irho a P rho,
  holds ia a -> holds iP P -> holds irho rho ->
  holds (fst (ibounds ia iP irho irest)) (fst (bounds v g h omega 0 0 size a P rho rest)) /\
  holds (snd (ibounds ia iP irho irest)) (snd (bounds v g h omega 0 0 size a P rho rest)).
Proof.
induction 1 as [|ia' a' irest rest Ha' HR IH]; intros ia iP irho a P rho Ha HP Hr; [now split|].
cbn [ibounds bounds]. destruct (inext_holds ia ia' iP irho a a' P rho Ha Ha' HP Hr) as [N1 N2].
destruct (inext ia ia' iP irho) as [iP' irho']. cbn [fst snd] in *. now apply IH.
Qed.

Definition iratio_flow (a a' : I.type) : I.type := I.sqrt digits (idata_variance a' [/] idata_variance a).
Lemma iratio_flow_holds ia ia' a a' : holds ia a -> holds ia' a' -> holds (iratio_flow ia ia') (flow_ratio v a a').
Proof. intros Ha Hp. unfold iratio_flow, flow_ratio, idata_variance, data_variance, one. enclose. Qed.

Fixpoint ifinal (a : I.type) (rest : list I.type) : I.type := match rest with [] => a | a' :: rest => ifinal a' rest end.
Lemma ifinal_holds : forall irest rest, enclosed irest rest -> forall ia a, holds ia a -> holds (ifinal ia irest) (final a rest).
Proof. induction 1; intros ia a Ha; simpl; auto. Qed.

End Constants.

(** ** The check *)

Definition u32 := idyadic (1, -24)%Z.
Definition h32 := I.fromZ digits 3 [*] idyadic (1, -150)%Z.
Definition weight32 : I.type :=
  let w := I.fromZ digits 2 [*] u32 [+] I.sqr digits u32 in let kappa := I.fromZ digits 2 [*] u32 in w [+] kappa [+] w [*] kappa.
Definition omega32 := I.fromZ digits 4 [*] u32.

Lemma u32_holds : holds u32 (u 24).
Proof. assert (H := idyadic_holds (1, -24)%Z). unfold dyadic in H. cbn [fst snd] in H. rewrite Rmult_1_l in H. exact H. Qed.
Lemma h32_holds : holds h32 (3 * tiny (-149)).
Proof.
apply holds_mul; [apply holds_Z|]. assert (H := idyadic_holds (1, -150)%Z). unfold dyadic in H. cbn [fst snd] in H.
rewrite Rmult_1_l in H. exact H.
Qed.
Lemma weight32_holds : holds weight32 (step_weight 24 (2 * u 24)).
Proof. assert (H := u32_holds). unfold weight32, step_weight, inexact. enclose. Qed.
Lemma omega32_holds : holds omega32 (4 * u 24).
Proof. apply holds_mul; [apply holds_Z|exact u32_holds]. Qed.

(** Data N(0, p/q); the two bounds in units of 1e-9. *)
Record claim := Claim { steps : nat; variance : Z * Z; rounding : Z; total : Z }.

Definition checked (is : list I.type) (c : claim) : bool :=
  match ialphas is (steps c) with
  | [] => false
  | a :: rest =>
    let iv := ratio (fst (variance c)) (snd (variance c)) in let size := I.fromZ digits 6 in
    let (P, rho) := ibounds iv weight32 h32 omega32 size a one I.zero rest in
    let gap := I.abs (P [-] iratio_flow iv a (ifinal a rest)) [*] size in
    nonpositive (rho [-] ratio (rounding c) 1000000000) && nonpositive (rho [+] gap [-] ratio (total c) 1000000000)
  end.

(** The bounds hold for every run: about the exact iterates, and about the truth. *)
Definition proved_for (c : claim) : Prop :=
  match sd_alphas (steps c) with
  | [] => False
  | a :: rest => forall x result, Rabs x <= 6 ->
    let v := IZR (fst (variance c)) / IZR (snd (variance c)) in
    0 < v -> runs 0 v (step_weight 24 (2 * u 24)) (3 * tiny (-149)) (4 * u 24) 0 a x rest result ->
    Rabs (result - exact_iterates 0 v a x rest) <= IZR (rounding c) / 1000000000 /\
    Rabs (result - flow_ratio v a (final a rest) * x) <= IZR (total c) / 1000000000
  end.

Lemma sd_beta_range : forall t, (1 <= t <= 1000)%nat -> 0 < sd_beta t < 1.
Proof.
intros t Ht. unfold sd_beta.
assert (A : 0 < sqrt (85 / 100000)) by (apply sqrt_lt_R0; lra).
assert (B : sqrt (85 / 100000) <= sqrt (12 / 1000)) by (apply sqrt_le_1_alt; lra).
assert (C : sqrt (12 / 1000) <= 1 / 2) by (rewrite <- (sqrt_pow2 (1 / 2)) by lra; apply sqrt_le_1_alt; lra).
assert (D : 0 <= IZR (Z.of_nat t - 1) / 999 <= 1).
{ assert (E : 0 <= IZR (Z.of_nat t - 1) <= 999) by (split; apply IZR_le; lia).
  split; [apply Rmult_le_pos; lra|apply (Rmult_le_reg_r 999); lra]. }
set (w := IZR (Z.of_nat t - 1) / 999) in *. set (p := sqrt (85 / 100000)) in *. set (q := sqrt (12 / 1000)) in *.
assert (0 <= w * (q - p)) by (apply Rmult_le_pos; lra).
assert (w * (q - p) <= 1 * (q - p)) by (apply Rmult_le_compat_r; lra).
assert (E : 0 < p + w * (q - p) <= 1 / 2) by lra. simpl. nra.
Qed.

Lemma sd_alpha_range t : (1 <= t <= 1000)%nat -> 0 < alpha_bar sd_beta t < 1.
Proof.
intros Ht. assert (R : beta_range sd_beta 1000) by exact sd_beta_range.
assert (A := alpha_bar_range sd_beta 1000 t R ltac:(lia)). split; [lra|]. destruct t as [|t]; [lia|].
assert (D := alpha_bar_decreases sd_beta 1000 t R ltac:(lia)). assert (B := alpha_bar_range sd_beta 1000 t R ltac:(lia)). lra.
Qed.

Lemma sd_times_times n l : in_table n = true -> (forall t, In t l -> In t (sd_times n)) -> forall t, In t (sd_times n) ->
  times (alpha_bar sd_beta t) (map (alpha_bar sd_beta) l).
Proof.
intros Hn. assert (K : forall t, In t (sd_times n) -> 0 < alpha_bar sd_beta t < 1).
{ intros t HI. assert (B := sd_times_range n t Hn HI). apply sd_alpha_range. destruct B as [B1 B2]. split; [exact B1|].
  now apply Nat.lt_succ_r. }
induction l as [|s l IH]; intros Hl t HI; simpl.
- destruct (K t HI). lra.
- split; [now apply K|]. apply IH; [intros; apply Hl; now right|apply Hl; now left].
Qed.

Theorem enclosed_trajectory is c : encloses_table is -> in_table (steps c) = true -> checked is c = true -> proved_for c.
Proof.
intros Hi Hn Hc. unfold checked in Hc. unfold proved_for. assert (E := ialphas_hold is (steps c) Hi Hn).
assert (T := fun t => sd_times_times (steps c) (tl (sd_times (steps c))) Hn
  ltac:(intros s Hs; destruct (sd_times (steps c)); [destruct Hs|right; exact Hs]) t).
unfold sd_alphas in *. destruct (ialphas is (steps c)) as [|ia irest]; [discriminate Hc|].
destruct (sd_times (steps c)) as [|t0 ts]; [inversion E|]. cbn [map tl] in *. specialize (T t0 (or_introl eq_refl)).
set (a0 := alpha_bar sd_beta t0) in *. set (as_ := map (alpha_bar sd_beta) ts) in *.
assert (Ha : holds ia a0) by (inversion E; assumption). assert (HR : enclosed irest as_) by (inversion E; assumption).
set (v := IZR (fst (variance c)) / IZR (snd (variance c))) in *.
set (iv := ratio (fst (variance c)) (snd (variance c))) in *.
assert (Hv : holds iv v) by apply ratio_holds.
destruct (ibounds_hold iv weight32 h32 omega32 (I.fromZ digits 6) v (step_weight 24 (2 * u 24)) (3 * tiny (-149)) (4 * u 24) 6
  Hv weight32_holds h32_holds omega32_holds (holds_Z 6) irest as_ HR ia one I.zero a0 1 0 Ha (holds_Z 1) holds_zero) as [BP BR].
destruct (ibounds iv weight32 h32 omega32 (I.fromZ digits 6) ia one I.zero irest) as [iP irho]. cbn [fst snd] in BP, BR.
intros x result Hx Pv Hr. apply andb_prop in Hc. destruct Hc as [C1 C2].
assert (U := u_positive 24). assert (Tn := tiny_positive (-149)).
assert (Hg : 0 <= step_weight 24 (2 * u 24)).
{ unfold step_weight, inexact. assert (Q := pow2_ge_0 (u 24)). assert (0 <= (2 * u 24 + u 24 ^ 2) * (2 * u 24)) by (apply Rmult_le_pos; lra). lra. }
assert (K := whole_trajectory 0 v (step_weight 24 (2 * u 24)) (3 * tiny (-149)) (4 * u 24) 0 Pv Hg ltac:(lra) 0 6
  ltac:(rewrite Rabs_R0; lra) a0 x as_ result T ltac:(now rewrite Rmult_0_r, Rminus_0_r) Hr).
destruct (bounds v (step_weight 24 (2 * u 24)) (3 * tiny (-149)) (4 * u 24) 0 0 6 a0 1 0 as_) as [P rho]. cbn [fst snd] in BP, BR.
rewrite !Rmult_0_r, Rminus_0_r, !Rplus_0_l in K. destruct K as [K1 K2].
assert (F := ifinal_holds irest as_ HR ia a0 Ha).
assert (D := iratio_flow_holds iv v Hv ia (ifinal ia irest) a0 (final a0 as_) Ha F).
split.
- apply Rle_trans with (1 := K1).
  assert (N := nonpositive_correct _ _ (holds_sub _ _ _ _ BR (ratio_holds (rounding c) 1000000000)) C1). lra.
- apply Rle_trans with (1 := K2).
  assert (G := holds_mul _ _ _ _ (holds_abs _ _ (holds_sub _ _ _ _ BP D)) (holds_Z 6)).
  assert (N := nonpositive_correct _ _ (holds_sub _ _ _ _ (holds_add _ _ _ _ BR G) (ratio_holds (total c) 1000000000)) C2). lra.
Qed.

(** ** The numbers, in units of 1e-9 *)

Definition claims : list claim :=
  [ Claim 10 (1, 1)%Z 22679 717884786; Claim 50 (1, 1)%Z 80918 158398960; Claim 250 (1, 1)%Z 367190 33279755;
    Claim 10 (1, 4)%Z 12200 581000000; Claim 50 (1, 4)%Z 41400 140000000; Claim 250 (1, 4)%Z 185000 30500000 ].

Theorem sd15 : Forall proved_for claims.
Proof.
assert (C : forallb (checked (itable iroot0 iroot1 1001 0 one)) claims = true) by (vm_compute; reflexivity).
rewrite forallb_forall in C. apply Forall_forall. intros c Hc. apply (enclosed_trajectory (itable iroot0 iroot1 1001 0 one)); [|  |now apply C].
{ apply itable_holds. apply holds_Z. }
assert (I : forallb (fun c => in_table (steps c)) claims = true) by (vm_compute; reflexivity).
now apply (proj1 (forallb_forall _ _) I).
Qed.
