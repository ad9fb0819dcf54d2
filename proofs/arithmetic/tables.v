(** * Tables, chains and thresholds: what accumulates over t, over steps, and over a sample

    A table is a [scan]: one program (evaluations.v), run once for each beta, whose registers carry over.

    - scan_error: every entry of a scan is within its ball, whatever is rounded, fused or wider.
    - cumprod_computes, rescaled_computes, complement_computes, log_sum_computes: what the scans hold in exact
      arithmetic: alpha_bar, a rescaled alpha_bar, 1 - alpha_bar, log alpha_bar.
    - cumprod_error, rescaled_error, complement_error, log_sum_error: alphas_cumprod as a running product of 1 - beta (in one
      format, stored in another), after rescaling to zero terminal SNR, as a sum of its own for 1 - alpha_bar,
      and as exp of a sum of logarithms.
    - linspace_error, scaled_linspace_error, cosine_beta_error: betas of the usual schedules; cos_carries and
      exp_carries for what is no formula of expr.v.
    - bracketed_product_error: a product of t factors in any bracketing (a parallel scan's too) obeys the same
      relative bound, where nothing underflows.
    - chain_error: errors along a chain of steps; point_mass_slope: Eq7's coefficient of x_t is the slope of a step
      under the exact predictor of one point, and is at most 1.
    - order_statistic_error, interpolated_error, interpolated_across: a sample's quantile moves by no more than its elements do, and by
      the rank's error times the gap at that place; interpolation_evaluated: and by 6 roundings.
    - scan_instance, chain_instance, product_instance, order_statistic_instance: the hypotheses are met. *)

Require Import Reals Lra Psatz ZArith List String Lia.
From Flocq Require Import Core.
From Coquelicot Require Import Coquelicot.
From ddim Require Import expr rounding running predictor steps schedule evaluations orders.
Import ListNotations.
Open Scope R_scope.

(** ** Scans *)

Inductive scans (F : formats) (p : program) (i : nat) : list R -> list R -> list (list R) -> Prop :=
| scans_end s : scans F p i [] s []
| scans_next v vs s s' rest : runs F p (put 0 i v s) s' -> scans F p i vs s' rest ->
    scans F p i (v :: vs) s (s' :: rest).

Fixpoint scan_bounds (F : formats) (p : program) (i : nat) (vs : list ball) (env : list ball) : list (list ball) :=
  match vs with
  | [] => []
  | v :: vs => let env' := bounds F p (put nowhere i v env) in env' :: scan_bounds F p i vs env'
  end.

Fixpoint scan_exact (p : program) (i : nat) (vs s : list R) : list (list R) :=
  match vs with
  | [] => []
  | v :: vs => let s' := exact p (put 0 i v s) in s' :: scan_exact p i vs s'
  end.

Theorem scan_error : forall F p i vs balls given env states, (forall f, sound (F f)) ->
  Forall2 within vs balls -> all_within given env -> scans F p i vs given states ->
  Forall2 all_within states (scan_bounds F p i balls env).
Proof.
intros F p i vs balls given env states S W A H; revert balls env W A.
induction H as [s|v vs s s' rest R H IH]; intros balls env W A; inversion W; subst; cbn [scan_bounds]; constructor.
- apply (program_error F p (put 0 i v s)); trivial; now apply within_put.
- apply IH; trivial; apply (program_error F p (put 0 i v s)); trivial; now apply within_put.
Qed.

Lemma scan_bounds_exact : forall F p i vs env,
  map (map fst) (scan_bounds F p i vs env) = scan_exact p i (map fst vs) (map fst env).
Proof.
intros F p i vs; induction vs as [|v vs IH]; intros env; cbn [scan_bounds scan_exact map]; [reflexivity|].
rewrite IH, bounds_exact, map_put; reflexivity.
Qed.

Lemma same_length : forall {A B} (P : A -> B -> Prop) l l', Forall2 P l l' -> List.length l = List.length l'.
Proof. intros A B P l l' H; induction H; simpl; congruence. Qed.

Lemma scans_length : forall F p i vs s states, scans F p i vs s states -> List.length states = List.length vs.
Proof. intros F p i vs s states H; induction H; simpl; congruence. Qed.

(** Register [n] after the [k]-th input. *)
Lemma entry_error : forall F p i vs balls given env states k n v E, (forall f, sound (F f)) ->
  Forall2 within vs balls -> all_within given env -> scans F p i vs given states -> (k < List.length balls)%nat ->
  nth n (nth k (scan_exact p i (map fst balls) (map fst env)) []) 0 = v ->
  snd (nth n (nth k (scan_bounds F p i balls env) []) nowhere) = Some E -> Rabs (nth n (nth k states []) 0 - v) <= E.
Proof.
intros F p i vs balls given env states k n v E S W A H K X B.
rewrite <- (same_length _ _ _ W), <- (scans_length _ _ _ _ _ _ H) in K.
pose proof (scan_error F p i vs balls given env states S W A H) as P.
assert (Q : all_within (nth k states []) (nth k (scan_bounds F p i balls env) [])).
{ clear - P K; revert k K; induction P as [|x y l l' D P IH]; intros [|k] K; simpl in *; try lia; trivial; apply IH; lia. }
specialize (Q n); unfold within in Q; unfold ball in *; rewrite B in Q.
rewrite <- X, <- (scan_bounds_exact F); clear X.
replace (nth k (map (map fst) (scan_bounds F p i balls env)) []) with (map fst (nth k (scan_bounds F p i balls env) []))
  by (symmetry; change (@nil R) with (map (@fst R (option R)) []); apply map_nth).
rewrite map_fst_nth; exact Q.
Qed.

(** ** Registers of tables *)

Local Coercion Var : nat >-> expr.
Local Notation beta := 0%nat.
Local Notation alpha_bar := 1%nat.
Local Notation stored := 2%nat.
Local Notation one_minus := 3%nat.
Local Notation log_sum := 4%nat.
Local Notation first_root := 5%nat.
Local Notation last_root := 6%nat.
Local Notation level := 7%nat.
Local Notation rescaled := 8%nat.
Local Notation previous := 9%nat.
Local Notation start := 10%nat.
Local Notation stop := 11%nat.
Local Notation intervals := 12%nat.
Local Notation index := 13%nat.
Local Notation index_back := 14%nat.
Local Notation slope := 15%nat.
Local Notation curve := 16%nat.
Local Notation curve_next := 17%nat.
Local Notation cap := 18%nat.

Definition table_registers : list string := ["beta"; "alpha_bar"; "stored"; "one_minus"; "log_sum"; "first_root";
  "last_root"; "level"; "rescaled"; "previous"; "start"; "stop"; "intervals"; "index"; "index_back"; "slope";
  "curve"; "curve_next"; "cap"]%string.

(** ** alphas_cumprod *)

Open Scope Z_scope.
Open Scope list_scope.
Definition cumprod : program :=
  [Let Table alpha_bar (alpha_bar * (1 - beta))%expr; Cast Sample stored alpha_bar].
(** 1 - alpha_bar as a sum of its own, before the product is moved on. *)
Definition complement : program :=
  [Let Table one_minus (one_minus + beta * alpha_bar)%expr; Let Table alpha_bar (alpha_bar * (1 - beta))%expr].
Definition log_cumsum : program := [Let Table log_sum (log_sum + Log (1 - beta)%expr)%expr].
(** diffusers' rescale_zero_terminal_snr: the roots shifted and scaled, squared, back to betas, and the product
    again.  [level] is the plain alpha_bar; the first entry has no previous one but 1. *)
Definition rescaled_cumprod : program :=
  [Let Table rescaled (Sqr ((Sqrt level - last_root) * (first_root / (first_root - last_root)))%expr);
   Let Table beta (1 - rescaled / previous)%expr; Let Table previous rescaled;
   Let Table alpha_bar (alpha_bar * (1 - beta))%expr; Cast Sample stored alpha_bar].

(** ** Betas *)

(** As the index counts from the start or back from the end. *)
Definition linspace : program :=
  [Let Table slope ((stop - start) / intervals)%expr; Let Table beta (start + slope * index)%expr].
Definition linspace_back : program :=
  [Let Table slope ((stop - start) / intervals)%expr; Let Table beta (stop - slope * index_back)%expr].
Definition rooted_ends : program :=
  [Let Table start (Sqrt start); Cast Table start start; Let Table stop (Sqrt stop); Cast Table stop stop].
Definition scaled_linspace : program := rooted_ends ++ linspace ++ [Let Table beta (Sqr beta)].
Definition scaled_linspace_back : program := rooted_ends ++ linspace_back ++ [Let Table beta (Sqr beta)].
Definition cosine_beta : program :=
  [Let Table beta (1 - curve_next / curve)%expr; Clip beta beta cap; Cast Sample beta beta].
Close Scope Z_scope.
Open Scope R_scope.

Ltac run := lazy -[Rplus Rminus Rmult Rdiv Ropp sqrt pow clip Rinv IZR ln Rle].

(** ** What the scans hold *)

Lemma scan_states : forall p i (b : nat -> R) (Q : nat -> list R -> Prop),
  (forall t s, Q t s -> Q (S t) (exact p (put 0 i (b (S t)) s))) ->
  forall n t s, Q t s -> forall k, (k < n)%nat -> Q (S (t + k)) (nth k (scan_exact p i (map b (seq (S t) n)) s) []).
Proof.
intros p i b Q step n; induction n as [|n IH]; intros t s H k K; [lia|].
cbn [seq map scan_exact]; destruct k as [|k].
- rewrite Nat.add_0_r; now apply step.
- cbn [nth]; replace (S (t + S k)) with (S (S t + k)) by lia; apply IH; [now apply step|lia].
Qed.

Definition betas (b : nat -> R) (T : nat) : list R := map b (seq 1 T).

(** Every table starts with beta not read yet, alpha_bar = 1, 1 - alpha_bar = 0, log alpha_bar = 0. *)
Definition fresh : list R := [0; 1; 1; 0; 0].

Theorem cumprod_computes : forall b T t, (t < T)%nat ->
  let s := nth t (scan_exact cumprod beta (betas b T) fresh) [] in
  nth alpha_bar s 0 = schedule.alpha_bar b (S t) /\ nth stored s 0 = schedule.alpha_bar b (S t).
Proof.
intros b T t H.
refine (scan_states cumprod beta b (fun t s => nth alpha_bar s 0 = schedule.alpha_bar b t /\
  nth stored s 0 = schedule.alpha_bar b t) _ T 0%nat fresh _ t H); [|split; reflexivity].
intros i s (E & _); unfold cumprod; cbn [exact]; rewrite !nth_put; cbn [Nat.eqb eval]; rewrite !nth_put; cbn [Nat.eqb].
rewrite E; split; reflexivity.
Qed.

Theorem complement_computes : forall b T t, (t < T)%nat ->
  let s := nth t (scan_exact complement beta (betas b T) fresh) [] in
  nth one_minus s 0 = 1 - schedule.alpha_bar b (S t) /\ nth alpha_bar s 0 = schedule.alpha_bar b (S t).
Proof.
intros b T t H.
refine (scan_states complement beta b (fun t s => nth one_minus s 0 = 1 - schedule.alpha_bar b t /\
  nth alpha_bar s 0 = schedule.alpha_bar b t) _ T 0%nat fresh _ t H); [|split; [simpl; ring|reflexivity]].
intros i s (E1 & E2); unfold complement; cbn [exact]; rewrite !nth_put; cbn [Nat.eqb eval]; rewrite !nth_put; cbn [Nat.eqb].
rewrite E1, E2; cbn [schedule.alpha_bar]; split; ring.
Qed.

Theorem log_cumsum_computes : forall b T t, (t < T)%nat -> beta_range b T ->
  let s := nth t (scan_exact log_cumsum beta (betas b T) fresh) [] in
  nth log_sum s 0 = ln (schedule.alpha_bar b (S t)).
Proof.
intros b T t H B.
refine (scan_states log_cumsum beta b (fun t s => (t <= T)%nat -> nth log_sum s 0 = ln (schedule.alpha_bar b t)) _
  T 0%nat fresh _ t H _); [|simpl; rewrite ln_1; reflexivity|lia].
intros i s E L; unfold log_cumsum; cbn [exact]; rewrite !nth_put; cbn [Nat.eqb eval]; rewrite !nth_put; cbn [Nat.eqb].
rewrite E by lia; cbn [schedule.alpha_bar]; rewrite ln_mult; [reflexivity| |].
- apply (alpha_bar_range b T); [exact B|lia].
- specialize (B (S i) ltac:(lia)); lra.
Qed.

(** The scaled root, squared: zero at the last level, and the first level's own at the first. *)
Definition zero_snr (r1 rT al : R) : R := ((sqrt al - rT) * (r1 / (r1 - rT))) ^ 2.

Definition fresh_roots (r1 rT : R) : list R := [0; 1; 1; 0; 0; r1; rT; 0; 0; 1].

Theorem rescaled_computes : forall level_of r1 rT T t, (t < T)%nat ->
  (forall i, (0 < i < T)%nat -> zero_snr r1 rT (level_of i) <> 0) ->
  let s := nth t (scan_exact rescaled_cumprod level (map level_of (seq 1 T))
                    (fresh_roots r1 rT)) [] in
  nth alpha_bar s 0 = zero_snr r1 rT (level_of (S t)) /\ nth stored s 0 = zero_snr r1 rT (level_of (S t)).
Proof.
intros level_of r1 rT T t H N s.
set (g := fun t => match t with O => 1 | S _ => zero_snr r1 rT (level_of t) end).
assert (G : (t < T)%nat -> nth alpha_bar s 0 = g (S t) /\ nth stored s 0 = g (S t)); [|exact (G H)].
intros _.
refine (match scan_states rescaled_cumprod level level_of (fun t s => (t <= T)%nat -> (nth alpha_bar s 0 = g t /\
  nth stored s 0 = g t) /\ nth previous s 0 = g t /\ nth first_root s 0 = r1 /\ nth last_root s 0 = rT) _ T 0%nat
  (fresh_roots r1 rT) _ t H ltac:(lia) with conj A _ => A end); [|intros _; repeat split].
intros i u E L; destruct (E ltac:(lia)) as ((E1 & _) & E3 & E4 & E5); clear E.
unfold rescaled_cumprod; cbn [exact].
repeat (rewrite !nth_put; cbn [Nat.eqb eval]).
rewrite E1, E3, E4, E5; cbn [g]; fold (zero_snr r1 rT (level_of (S i))).
assert (Ni : g i <> 0) by (destruct i; [cbn; lra|apply N; lia]).
repeat split; field; exact Ni.
Qed.

(** ** What their entries may be off by *)

(** [vs]: what a program has for the betas, within [balls]; the rest of its registers starts within [env]. *)
Definition scanned (F : formats) (p : program) (i : nat) (balls env : list ball) (states : list (list R)) : Prop :=
  (forall f, sound (F f)) /\
  exists vs given, Forall2 within vs balls /\ all_within given env /\ scans F p i vs given states.

Lemma scanned_error : forall F p i balls env states k n v E, scanned F p i balls env states ->
  (k < List.length balls)%nat -> nth n (nth k (scan_exact p i (map fst balls) (map fst env)) []) 0 = v ->
  snd (nth n (nth k (scan_bounds F p i balls env) []) nowhere) = Some E -> Rabs (nth n (nth k states []) 0 - v) <= E.
Proof. intros F p i balls env states k n v E (S & vs & given & W & A & H); now apply entry_error with vs given. Qed.

Lemma mids_length : forall (balls : list ball) l, map fst balls = l -> List.length balls = List.length l.
Proof. intros balls l <-; symmetry; apply map_length. Qed.

Lemma betas_length : forall b T, List.length (betas b T) = T.
Proof. intros b T; unfold betas; now rewrite map_length, seq_length. Qed.

Theorem cumprod_error : forall F b T balls env states t E, scanned F cumprod beta balls env states ->
  map fst balls = betas b T -> map fst env = fresh -> (t < T)%nat ->
  snd (nth stored (nth t (scan_bounds F cumprod beta balls env) []) nowhere) = Some E ->
  Rabs (nth stored (nth t states []) 0 - schedule.alpha_bar b (S t)) <= E.
Proof.
intros F b T balls env states t E H B V L X; apply (scanned_error F cumprod beta balls env); trivial.
- rewrite (mids_length _ _ B), betas_length; exact L.
- rewrite B, V; now apply cumprod_computes.
Qed.

Theorem complement_error : forall F b T balls env states t E, scanned F complement beta balls env states ->
  map fst balls = betas b T -> map fst env = fresh -> (t < T)%nat ->
  snd (nth one_minus (nth t (scan_bounds F complement beta balls env) []) nowhere) = Some E ->
  Rabs (nth one_minus (nth t states []) 0 - (1 - schedule.alpha_bar b (S t))) <= E.
Proof.
intros F b T balls env states t E H B V L X; apply (scanned_error F complement beta balls env); trivial.
- rewrite (mids_length _ _ B), betas_length; exact L.
- rewrite B, V; now apply complement_computes.
Qed.

Theorem rescaled_error : forall F level_of r1 rT T balls env states t E,
  scanned F rescaled_cumprod level balls env states ->
  map fst balls = map level_of (seq 1 T) -> map fst env = fresh_roots r1 rT -> (t < T)%nat ->
  (forall i, (0 < i < T)%nat -> zero_snr r1 rT (level_of i) <> 0) ->
  snd (nth stored (nth t (scan_bounds F rescaled_cumprod level balls env) []) nowhere) = Some E ->
  Rabs (nth stored (nth t states []) 0 - zero_snr r1 rT (level_of (S t))) <= E.
Proof.
intros F level_of r1 rT T balls env states t E H B V L N X; apply (scanned_error F rescaled_cumprod level balls env); trivial.
- rewrite (mids_length _ _ B), map_length, seq_length; exact L.
- rewrite B, V; now apply rescaled_computes.
Qed.

(** What expr.v has no node for: exp and cos. *)
Theorem exp_carries : forall a a' e, Rabs (a' - a) <= e -> Rabs (exp a' - exp a) <= exp a * (exp e - 1).
Proof.
intros a a' e H; apply Rabs_le_inv in H; pose proof (exp_pos a) as P.
assert (U : exp a' <= exp a * exp e) by (rewrite <- exp_plus; apply exp_le; lra).
assert (L : exp a * exp (- e) <= exp a') by (rewrite <- exp_plus; apply exp_le; lra).
assert (M : exp e * exp (- e) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
assert (S : 2 <= exp e + exp (- e)).
{ pose proof (exp_pos e); pose proof (exp_pos (- e)).
  assert (0 <= (exp e - exp (- e)) ^ 2) by apply pow2_ge_0.
  assert ((exp e + exp (- e)) ^ 2 = (exp e - exp (- e)) ^ 2 + 4 * (exp e * exp (- e))) by ring.
  rewrite M in *; nra. }
apply Rabs_le; nra.
Qed.

Theorem cos_carries : forall a a', Rabs (cos a' - cos a) <= Rabs (a' - a).
Proof.
intros a a'.
destruct (MVT_gen cos a a' (fun x => - sin x)) as (c & _ & E).
- intros x _; apply is_derive_Reals, derivable_pt_lim_cos.
- intros x _; apply continuity_cos.
- rewrite E, Rabs_mult, Rabs_Ropp; pose proof (SIN_bound c).
  rewrite <- (Rmult_1_l (Rabs (a' - a))) at 2; apply Rmult_le_compat_r; [apply Rabs_pos|apply Rabs_le; lra].
Qed.

(** exp of the sum, each within one ulp. *)
Theorem log_sum_error : forall F b T balls env states t E r f, scanned F log_cumsum beta balls env states ->
  map fst balls = betas b T -> map fst env = fresh -> beta_range b T -> (t < T)%nat -> sound f ->
  snd (nth log_sum (nth t (scan_bounds F log_cumsum beta balls env) []) nowhere) = Some E ->
  logarithm_near f (exp (nth log_sum (nth t states []) 0)) r ->
  Rabs (r - schedule.alpha_bar b (S t))
  <= after_logarithm f (schedule.alpha_bar b (S t) * (exp E - 1)) (schedule.alpha_bar b (S t)).
Proof.
intros F b T balls env states t E r f H B V N L S X R.
destruct S as (U & _).
assert (P : 0 < schedule.alpha_bar b (Datatypes.S t)) by (apply (alpha_bar_range b T); [exact N|lia]).
apply (logarithm_carries f _ (exp (nth log_sum (nth t states []) 0))); trivial.
rewrite <- (exp_ln _ P) at 1 2; apply exp_carries.
apply (scanned_error F log_cumsum beta balls env); trivial.
- rewrite (mids_length _ _ B), betas_length; exact L.
- rewrite B, V; now apply log_cumsum_computes.
Qed.

(** Betas. [i] of T - 1 intervals; the exact value is start + (stop - start) i / (T - 1). *)
Definition ramp_inputs (b0 b1 n i : R) : list R := [0; 0; 0; 0; 0; 0; 0; 0; 0; 0; b0; b1; n; i; n - i].
Definition ramp (b0 b1 n i : R) : R := b0 + (b1 - b0) * i / n.

Theorem linspaces_error : forall p, p = linspace \/ p = linspace_back ->
  forall b0 b1 n i, n <> 0 -> forall F balls given final E, (forall f, sound (F f)) ->
  map fst balls = ramp_inputs b0 b1 n i -> all_within given balls -> runs F p given final ->
  snd (nth beta (bounds F p balls) nowhere) = Some E -> Rabs (nth beta final 0 - ramp b0 b1 n i) <= E.
Proof.
intros p P b0 b1 n i N F balls given final E S M A R B; eapply register_error; eauto; rewrite M.
destruct P as [->| ->]; run; unfold ramp; field; exact N.
Qed.

Theorem scaled_linspaces_error : forall p, p = scaled_linspace \/ p = scaled_linspace_back ->
  forall b0 b1 n i, n <> 0 -> forall F balls given final E, (forall f, sound (F f)) ->
  map fst balls = ramp_inputs b0 b1 n i -> all_within given balls -> runs F p given final ->
  snd (nth beta (bounds F p balls) nowhere) = Some E ->
  Rabs (nth beta final 0 - ramp (sqrt b0) (sqrt b1) n i ^ 2) <= E.
Proof.
intros p P b0 b1 n i N F balls given final E S M A R B; eapply register_error; eauto; rewrite M.
destruct P as [->| ->]; run; unfold ramp; f_equal; field; exact N.
Qed.

(** 1 - f(t+1)/f(t), at most a cap: [f] is cos^2, or any other alpha_bar, known to within its ball. *)
Definition cosine_inputs (f0 f1 m : R) : list R := [0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; 0; f0; f1; m].

Theorem cosine_beta_error : forall f0 f1 m F balls given final E, (forall f, sound (F f)) ->
  map fst balls = cosine_inputs f0 f1 m -> all_within given balls -> runs F cosine_beta given final ->
  snd (nth beta (bounds F cosine_beta balls) nowhere) = Some E ->
  Rabs (nth beta final 0 - clip m (1 - f1 / f0)) <= E.
Proof.
intros f0 f1 m F balls given final E S M A R B; eapply register_error; eauto; rewrite M; reflexivity.
Qed.

(** ** A product in any bracketing *)

(** [product_of u l r]: r is a rounded product of the factors l, multiplied in any bracketing. *)
Inductive product_of (u : R) : list R -> R -> Prop :=
| product_one v : product_of u [v] v
| product_two l l' r r' t : product_of u l r -> product_of u l' r' -> Rabs (t - r * r') <= u * Rabs (r * r') ->
    product_of u (l ++ l') t.

Definition product (l : list R) : R := fold_right Rmult 1 l.

Lemma product_append : forall l l', product (l ++ l') = product l * product l'.
Proof. intros l l'; unfold product; induction l as [|x l IH]; cbn [app fold_right]; [ring|rewrite IH; ring]. Qed.

Lemma relative_product : forall v v' w w' g h, 0 <= v -> 0 <= w -> 1 <= g -> 1 <= h ->
  Rabs (v' - v) <= (g - 1) * v -> Rabs (w' - w) <= (h - 1) * w -> Rabs (v' * w' - v * w) <= (g * h - 1) * (v * w).
Proof.
intros v v' w w' g h V W G H A B.
replace (v' * w' - v * w) with ((v' - v) * w + v * (w' - w) + (v' - v) * (w' - w)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite (Rabs_mult (v' - v)).
apply Rle_trans with (Rabs ((v' - v) * w) + Rabs (v * (w' - w)) + Rabs (v' - v) * Rabs (w' - w)).
{ apply Rplus_le_compat_r, Rabs_triang. }
rewrite !Rabs_mult, (Rabs_pos_eq v), (Rabs_pos_eq w) by assumption.
assert (Rabs (v' - v) * w <= (g - 1) * v * w) by now apply Rmult_le_compat_r.
assert (v * Rabs (w' - w) <= v * ((h - 1) * w)) by now apply Rmult_le_compat_l.
assert (Rabs (v' - v) * Rabs (w' - w) <= (g - 1) * v * ((h - 1) * w)) by (apply Rmult_le_compat; auto using Rabs_pos).
apply Rle_trans with ((g - 1) * v * w + v * ((h - 1) * w) + (g - 1) * v * ((h - 1) * w)); [lra|right; ring].
Qed.

Theorem bracketed_product_error : forall u kappa l r, 0 <= u -> 0 <= kappa -> product_of u l r ->
  forall q, Forall2 (fun v q => 0 <= q /\ Rabs (v - q) <= kappa * q) l q ->
  0 <= product q /\
  Rabs (r - product q) <= ((1 + kappa) ^ List.length q * (1 + u) ^ (List.length q - 1) - 1) * product q.
Proof.
intros u kappa l r U K H; induction H as [v|l l' r r' t H IH H' IH' N]; intros q F.
- inversion F as [|? x ? ? (X & D) G]; subst; inversion G; subst; cbn; rewrite !Rmult_1_r.
  split; [exact X|]; replace (1 + kappa - 1) with kappa by ring; exact D.
- apply Forall2_app_inv_l in F as (q1 & q2 & F1 & F2 & ->).
  destruct (IH q1 F1) as (P1 & D1); destruct (IH' q2 F2) as (P2 & D2).
  assert (n1 : (0 < List.length q1)%nat).
  { rewrite <- (same_length _ _ _ F1); clear - H; induction H; simpl; rewrite ?app_length; lia. }
  assert (n2 : (0 < List.length q2)%nat).
  { rewrite <- (same_length _ _ _ F2); clear - H'; induction H'; simpl; rewrite ?app_length; lia. }
  rewrite product_append, app_length.
  set (g := (1 + kappa) ^ List.length q1 * (1 + u) ^ (List.length q1 - 1)) in *.
  set (h := (1 + kappa) ^ List.length q2 * (1 + u) ^ (List.length q2 - 1)) in *.
  assert (one : forall x n, 0 <= x -> 1 <= (1 + x) ^ n) by (intros x n X; apply pow_R1_Rle; lra).
  assert (G1 : 1 <= g) by (unfold g; rewrite <- (Rmult_1_l 1) at 1; apply Rmult_le_compat; try lra; now apply one).
  assert (H1 : 1 <= h) by (unfold h; rewrite <- (Rmult_1_l 1) at 1; apply Rmult_le_compat; try lra; now apply one).
  pose proof (relative_product _ _ _ _ g h P1 P2 G1 H1 D1 D2) as D.
  assert (P : 0 <= product q1 * product q2) by now apply Rmult_le_pos.
  split; [exact P|]; set (v := product q1 * product q2) in *.
  replace ((1 + kappa) ^ (List.length q1 + List.length q2) * (1 + u) ^ (List.length q1 + List.length q2 - 1))
    with (g * h * (1 + u)).
  2: { replace (List.length q1 + List.length q2 - 1)%nat with (S ((List.length q1 - 1) + (List.length q2 - 1))) by lia.
       unfold g, h; rewrite pow_add, <- tech_pow_Rmult, pow_add; ring. }
  replace (t - v) with ((t - r * r') + (r * r' - v)) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _).
  assert (M : Rabs (r * r') <= g * h * v).
  { replace (r * r') with (v + (r * r' - v)) by ring; apply Rle_trans with (1 := Rabs_triang _ _).
    rewrite (Rabs_pos_eq v) by assumption; lra. }
  apply (Rmult_le_compat_l u) in M; [|exact U].
  apply Rle_trans with (u * (g * h * v) + (g * h - 1) * v); [lra|right; ring].
Qed.

(** ** A chain of steps *)

(** [L i]: how much step i magnifies what came in; [e i]: what it adds. *)
Fixpoint chain_bound (L e : nat -> R) (e0 : R) (n : nat) : R :=
  match n with O => e0 | S n => L n * chain_bound L e e0 n + e n end.

Theorem chain_error : forall (g : nat -> R -> R) (L e : nat -> R) (x X : nat -> R) e0 n,
  (forall i, (i < n)%nat -> 0 <= L i) ->
  (forall i u v, (i < n)%nat -> Rabs (g i u - g i v) <= L i * Rabs (u - v)) ->
  (forall i, (i < n)%nat -> Rabs (x (S i) - g i (x i)) <= e i) ->
  (forall i, (i < n)%nat -> X (S i) = g i (X i)) ->
  Rabs (x 0%nat - X 0%nat) <= e0 -> Rabs (x n - X n) <= chain_bound L e e0 n.
Proof.
intros g L e x X e0 n P Lip Near Exact Start; induction n as [|n IH]; [exact Start|].
cbn [chain_bound]; rewrite Exact by lia.
replace (x (S n) - g n (X n)) with ((g n (x n) - g n (X n)) + (x (S n) - g n (x n))) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); apply Rplus_le_compat; [|apply Near; lia].
apply Rle_trans with (1 := Lip n _ _ ltac:(lia)); apply Rmult_le_compat_l; [apply P; lia|].
apply IH; intros; [apply P|apply Lip|apply Near|apply Exact]; lia.
Qed.

(** The exact predictor of data that is one point. *)
Definition point_output (q : prediction) (al x0 xt : R) : R :=
  match q with Eps => predict_eps al xt x0 | X0 => x0 | V => velocity al x0 (predict_eps al xt x0) end.

(** Under it a step is affine in x_t, with Eq7's coefficient. *)
Theorem point_mass_slope : forall q al al_p s x0 z m u v, 0 < al < 1 -> 0 <= 1 - al_p - s ^ 2 -> al <= al_p ->
  let L := sqrt ((1 - al_p - s ^ 2) / (1 - al)) in
  let g xt := step q Free al al_p s xt (point_output q al x0 xt) z m in
  0 <= L <= 1 /\ g u - g v = L * (u - v).
Proof.
intros q al al_p s x0 z m u v A R O L g.
assert (P := sqrt_lt_R0 al ltac:(lra)); assert (P' := sqrt_lt_R0 (1 - al) ltac:(lra)).
split; [split; [apply sqrt_pos|]|].
- apply Rle_trans with (sqrt 1); [apply sqrt_le_1_alt|rewrite sqrt_1; lra].
  apply (Rmult_le_reg_r (1 - al)); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra.
  pose proof (pow2_ge_0 s); lra.
- unfold L; rewrite sqrt_div_alt by lra.
  assert (E : forall xt, step_x0 q Free al xt (point_output q al x0 xt) m = x0 /\
                         step_eps q Free al xt (point_output q al x0 xt) m = predict_eps al xt x0).
  { intros xt; unfold step_x0, step_eps, restricted, predicted_x0, predicted_eps, point_output; destruct q.
    - split; [now apply Eq9_round_trip|reflexivity].
    - split; reflexivity.
    - assert (Q : xt = q_sample al x0 (predict_eps al xt x0)) by now apply Eq9_eps.
      split.
      + rewrite Q at 1; apply Eq9_velocity_gives_x0; lra.
      + rewrite Q at 1; apply Eq9_velocity_gives_eps; lra. }
  unfold g, step; destruct (E u) as (-> & ->); destruct (E v) as (-> & ->).
  unfold predict_eps; field; lra.
Qed.

(** Under any network of eps that is Lipschitz, a step is. *)
Theorem eps_network_slope : forall (f : R -> R) al al_p s z m L u v, 0 < al < 1 -> 0 < al_p -> 0 <= L ->
  (forall a b, Rabs (f a - f b) <= L * Rabs (a - b)) ->
  Rabs (step Eps Free al al_p s u (f u) z m - step Eps Free al al_p s v (f v) z m)
  <= (sqrt (al_p / al) + Rabs (step_k al_p s - step_w al al_p) * L) * Rabs (u - v).
Proof.
intros f al al_p s z m L u v A P PL H; assert (PA := sqrt_lt_R0 al ltac:(lra)).
assert (E : forall xt, step Eps Free al al_p s xt (f xt) z m
  = sqrt (al_p / al) * xt + (step_k al_p s - step_w al al_p) * f xt + s * z).
{ intros xt; unfold step, step_x0, step_eps, restricted, predicted_x0, predicted_eps, predict_x0, step_k, step_w.
  rewrite !sqrt_div_alt, sqrt_mult by lra; field; lra. }
rewrite !E; set (c := step_k al_p s - step_w al al_p).
replace (sqrt (al_p / al) * u + c * f u + s * z - (sqrt (al_p / al) * v + c * f v + s * z))
  with (sqrt (al_p / al) * (u - v) + c * (f u - f v)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite !Rabs_mult, (Rabs_pos_eq (sqrt _)) by apply sqrt_pos.
rewrite Rmult_plus_distr_r; apply Rplus_le_compat_l; rewrite Rmult_assoc; apply Rmult_le_compat_l; [apply Rabs_pos|auto].
Qed.

(** ** A sample's quantile: dynamic thresholding *)

Definition below (v : R) (l : list R) : nat := List.length (filter (fun x => if Rlt_dec x v then true else false) l).
Definition up_to (v : R) (l : list R) : nat := List.length (filter (fun x => if Rle_dec x v then true else false) l).
(** [v] stands at place k, counted from 0, once l is sorted. *)
Definition order_statistic (k : nat) (l : list R) (v : R) : Prop := (below v l <= k < up_to v l)%nat.

Lemma counts_move : forall E l l', Forall2 (fun x y => Rabs (x - y) <= E) l l' -> forall v v', v + E < v' ->
  (up_to v l <= below v' l')%nat.
Proof.
intros E l l' H v v' L; unfold up_to, below; induction H as [|x y l l' D H IH]; cbn; [lia|].
apply Rabs_le_inv in D; destruct (Rle_dec x v), (Rlt_dec y v'); cbn; try lia; exfalso; lra.
Qed.

Theorem order_statistic_error : forall E l l' k v v', Forall2 (fun x y => Rabs (x - y) <= E) l l' ->
  order_statistic k l v -> order_statistic k l' v' -> Rabs (v - v') <= E.
Proof.
intros E l l' k v v' H (A & B) (C & D).
assert (H' : Forall2 (fun x y => Rabs (x - y) <= E) l' l).
{ clear - H; induction H as [|x y l l' X H IH]; constructor; [now rewrite Rabs_minus_sym|exact IH]. }
apply Rabs_le; split; apply Rnot_lt_le; intros N.
- pose proof (counts_move E l l' H v v' ltac:(lra)); lia.
- pose proof (counts_move E l' l H' v' v ltac:(lra)); lia.
Qed.

(** Between two order statistics; [w] the fraction of the way. *)
Definition interpolated (w a b : R) : R := a + w * (b - a).

Theorem interpolated_error : forall w w' a a' b b' E, 0 <= w' <= 1 -> Rabs (a' - a) <= E -> Rabs (b' - b) <= E ->
  Rabs (interpolated w' a' b' - interpolated w a b) <= E + Rabs (w' - w) * Rabs (b - a).
Proof.
intros w w' a a' b b' E W A B; unfold interpolated.
replace (a' + w' * (b' - a') - (a + w * (b - a)))
  with (((1 - w') * (a' - a) + w' * (b' - b)) + (w' - w) * (b - a)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite (Rabs_mult (w' - w)); apply Rplus_le_compat_r.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite !Rabs_mult, (Rabs_pos_eq (1 - w')), (Rabs_pos_eq w') by lra.
assert ((1 - w') * Rabs (a' - a) <= (1 - w') * E) by (apply Rmult_le_compat_l; lra).
assert (w' * Rabs (b' - b) <= w' * E) by (apply Rmult_le_compat_l; lra).
lra.
Qed.

(** A rank that rounding moves across an order statistic: first up to it, then beyond. *)
Theorem interpolated_across : forall w w' a b c G, 0 <= w <= 1 -> 0 <= w' -> Rabs (b - a) <= G -> Rabs (c - b) <= G ->
  Rabs (interpolated w' b c - interpolated w a b) <= (1 + w' - w) * G.
Proof.
intros w w' a b c G W W' A B; unfold interpolated.
replace (b + w' * (c - b) - (a + w * (b - a))) with ((1 - w) * (b - a) + w' * (c - b)) by ring.
apply Rle_trans with (1 := Rabs_triang _ _); rewrite !Rabs_mult, (Rabs_pos_eq (1 - w)), (Rabs_pos_eq w') by lra.
assert ((1 - w) * Rabs (b - a) <= (1 - w) * G) by (apply Rmult_le_compat_l; lra).
assert (w' * Rabs (c - b) <= w' * G) by (apply Rmult_le_compat_l; lra).
lra.
Qed.

(** Its usual spellings: from either end (torch), and as a weighted sum (std::lerp where the signs differ). *)
Definition interpolations : list expr :=
  let w := Var 0 in let a := Var 1 in let b := Var 2 in
  [(a + w * (b - a))%expr; (b - (b - a) * (Cst 1 - w))%expr; (w * b + (Cst 1 - w) * a)%expr].

Lemma rounding_at_most : forall f e v V E, sound f -> Rabs v <= V -> e <= E ->
  after_rounding f (roundoff f) e v <= E + (roundoff f * (V + E) + underflow f).
Proof.
intros f e v V E (U & L & _) A B; unfold after_rounding.
pose proof (Rmin_l (roundoff f * (Rabs v + e) + underflow f) (Rabs v + e)).
assert (roundoff f * (Rabs v + e) <= roundoff f * (V + E)) by (apply Rmult_le_compat_l; lra); lra.
Qed.

Lemma sum_at_most : forall f e v V E, sound f -> Rabs v <= V -> e <= E ->
  after_sum f e v <= E + roundoff f * (V + E).
Proof.
intros f e v V E (U & L & _) A B; unfold after_sum.
assert (roundoff f * (Rabs v + e) <= roundoff f * (V + E)) by (apply Rmult_le_compat_l; lra); lra.
Qed.

Theorem interpolation_evaluated : forall f w a b M e r, sound f -> roundoff f <= / 8 ->
  0 <= w <= 1 -> 0 <= a -> a <= b -> b <= M -> In e interpolations -> evaluates f [w; a; b] e r ->
  Rabs (r - interpolated w a b) <= 6 * (roundoff f * M + underflow f).
Proof.
intros f w a b M e r S U8 W A B BM I H; assert (S' := S); destruct S' as (U & L & _).
set (u := roundoff f) in *; set (t := underflow f) in *.
assert (X : 0 <= u * M) by (apply Rmult_le_pos; lra).
assert (X2 : u * (u * M) <= / 8 * (u * M)) by (apply Rmult_le_compat_r; lra).
assert (Ut : u * t <= / 8 * t) by (apply Rmult_le_compat_r; lra).
assert (Wd : 0 <= w * (b - a) <= b - a) by nra.
assert (Ud : u * (b - a) <= u * M) by (apply Rmult_le_compat_l; lra).
assert (at_sum : forall e v V E, Rabs v <= V -> e <= E -> after_sum f e v <= E + u * (V + E))
  by (intros; now apply sum_at_most).
assert (at_product : forall e v V E, Rabs v <= V -> e <= E -> after_rounding f u e v <= E + (u * (V + E) + t))
  by (intros; now apply rounding_at_most).
assert (nonneg : forall v, 0 <= after_sum f (0 + 0) v) by (intros v; unfold after_sum; fold u; pose proof (Rabs_pos v); nra).
assert (Iw : interpolated w a b = a + w * (b - a)) by reflexivity.
assert (W1 : 0 <= w * b <= w * M) by nra.
assert (W2 : 0 <= (1 - w) * a <= (1 - w) * M) by nra.
assert (W3 : 0 <= (b - a) * (1 - w) <= b - a) by nra.
Ltac small := rewrite Rabs_pos_eq; lra.
assert (balls : all_within [w; a; b] [(w, Some 0); (a, Some 0); (b, Some 0)]).
{ intros [|[|[|[|n]]]]; unfold within; cbn; rewrite Rminus_eq_0, Rabs_R0; lra. }
destruct I as [<-|[<-|[<-|[]]]]; pose proof (evaluation_error f _ _ _ _ _ S balls H eq_refl) as E;
  cbn [bound eval map fst snd nth lift2] in E; unfold value in E; cbn [product_error body eval nth] in E;
  fold u t in E.
- replace (a + w * (b - a)) with (interpolated w a b) in E by reflexivity.
  apply Rle_trans with (1 := E).
  set (e1 := after_sum f (0 + 0) (b - a)) in *.
  assert (E1 : e1 <= u * M) by (apply Rle_trans with (1 := at_sum (0 + 0) (b - a) (b - a) 0 ltac:(small) ltac:(lra)); lra).
  assert (P1 : 0 <= e1) by apply nonneg.
  assert (P : Rabs w * e1 + Rabs (b - a) * 0 + 0 * e1 <= u * M) by (rewrite (Rabs_pos_eq w) by lra; nra).
  assert (E2 := at_product _ (w * (b - a)) M _ ltac:(small) P).
  assert (E3 := at_sum (0 + _) (interpolated w a b) M _ ltac:(small) (Rle_trans _ _ _ (Req_le _ _ (Rplus_0_l _)) E2)).
  apply Rle_trans with (1 := E3); nra.
- replace (b - (b - a) * (1 - w)) with (interpolated w a b) in E by (unfold interpolated; ring).
  apply Rle_trans with (1 := E).
  set (e1 := after_sum f (0 + 0) (b - a)) in *; set (f1 := after_sum f (0 + 0) (1 - w)) in *.
  assert (E1 : e1 <= u * M) by (apply Rle_trans with (1 := at_sum (0 + 0) (b - a) (b - a) 0 ltac:(small) ltac:(lra)); lra).
  assert (F1 : f1 <= u) by (apply Rle_trans with (1 := at_sum (0 + 0) (1 - w) 1 0 ltac:(small) ltac:(lra)); lra).
  assert (P1 : 0 <= e1) by apply nonneg; assert (Q1 : 0 <= f1) by apply nonneg.
  assert (P : Rabs (b - a) * f1 + Rabs (1 - w) * e1 + e1 * f1 <= u * M + u * M + / 8 * (u * M)).
  { rewrite !Rabs_pos_eq by lra.
    assert ((b - a) * f1 <= M * u) by (apply Rmult_le_compat; lra).
    assert ((1 - w) * e1 <= 1 * (u * M)) by (apply Rmult_le_compat; lra).
    assert (e1 * f1 <= u * M * u) by (apply Rmult_le_compat; lra). lra. }
  assert (E2 := at_product _ ((b - a) * (1 - w)) M _ ltac:(small) P).
  assert (E3 := at_sum (0 + _) (interpolated w a b) M _ ltac:(small) (Rle_trans _ _ _ (Req_le _ _ (Rplus_0_l _)) E2)).
  apply Rle_trans with (1 := E3); nra.
- replace (w * b + (1 - w) * a) with (interpolated w a b) in E by (unfold interpolated; ring).
  apply Rle_trans with (1 := E).
  set (f1 := after_sum f (0 + 0) (1 - w)) in *.
  assert (F1 : f1 <= u) by (apply Rle_trans with (1 := at_sum (0 + 0) (1 - w) 1 0 ltac:(small) ltac:(lra)); lra).
  assert (Q1 : 0 <= f1) by apply nonneg.
  assert (P0 : Rabs w * 0 + Rabs b * 0 + 0 * 0 <= 0) by lra.
  assert (G1 := at_product _ (w * b) (w * M) 0 ltac:(small) P0).
  assert (P : Rabs (1 - w) * 0 + Rabs a * f1 + f1 * 0 <= u * M).
  { rewrite (Rabs_pos_eq a) by lra; assert (a * f1 <= M * u) by (apply Rmult_le_compat; lra); lra. }
  assert (G2 := at_product _ ((1 - w) * a) ((1 - w) * M) _ ltac:(small) P).
  assert (E3 := at_sum _ (interpolated w a b) M _ ltac:(small) (Rplus_le_compat _ _ _ _ G1 G2)).
  apply Rle_trans with (1 := E3); nra.
Qed.

(** ** Non-vacuity *)

Lemma scans_exactly : forall F p i vs s, (forall f, sound (F f)) -> scans F p i vs s (scan_exact p i vs s).
Proof.
intros F p i vs s S; revert s; induction vs as [|v vs IH]; intros s; cbn [scan_exact]; [constructor|].
apply scans_next; [now apply runs_exactly|apply IH].
Qed.

Lemma scanned_exactly : forall p i vs s,
  scanned binary16_and_64 p i (exact_balls vs) (exact_balls s) (scan_exact p i vs s).
Proof.
intros p i vs s.
assert (S : forall f, sound (binary16_and_64 f)) by (intros []; apply nearest_sound).
split; [exact S|]; exists vs, s; split; [|split; [apply exact_balls_within|now apply scans_exactly]].
induction vs as [|v vs IH]; constructor; [unfold within; cbn; rewrite Rminus_eq_0, Rabs_R0; lra|exact IH].
Qed.

(** A table of two betas, and the same rescaled: the hypotheses hold and a bound exists. *)
Example scan_instance :
  let b (_ : nat) := 1/2 in let vs := betas b 2 in let level_of t := match t with O => 1 | 1%nat => 16/25 | _ => 9/25 end in
  scanned binary16_and_64 cumprod beta (exact_balls vs) (exact_balls fresh) (scan_exact cumprod beta vs fresh) /\
  map fst (exact_balls vs) = vs /\ map fst (exact_balls fresh) = fresh /\ beta_range b 2 /\
  (exists E, snd (nth stored (nth 1 (scan_bounds binary16_and_64 cumprod beta (exact_balls vs) (exact_balls fresh)) [])
                    nowhere) = Some E) /\
  (forall i, (0 < i < 2)%nat -> zero_snr (4/5) (3/5) (level_of i) <> 0).
Proof.
intros b vs level_of; split; [apply scanned_exactly|split; [apply exact_balls_within|split; [apply exact_balls_within|split]]].
- intros t _; unfold b; lra.
- split.
  + eexists; reflexivity.
  + intros i Hi; replace i with 1%nat by lia; unfold level_of, zero_snr.
    replace (sqrt (16/25)) with (4/5) by (symmetry; replace (16/25) with ((4/5)*(4/5)) by lra; apply sqrt_square; lra).
    lra.
Qed.

Example chain_instance : forall n, Rabs (0 - 0) <= chain_bound (fun _ => 1/2) (fun _ => 1) 1 n.
Proof.
intros n; apply (chain_error (fun _ x => x / 2) (fun _ => 1/2) (fun _ => 1) (fun _ => 0) (fun _ => 0)).
- intros; lra.
- intros i u v _; replace (u / 2 - v / 2) with (1/2 * (u - v)) by field; rewrite Rabs_mult, (Rabs_pos_eq (1/2)) by lra; lra.
- intros; replace (0 - 0 / 2) with 0 by field; rewrite Rabs_R0; lra.
- intros; field.
- rewrite Rminus_eq_0, Rabs_R0; lra.
Qed.

Example product_instance : product_of (1/1000) [1/2; 1/2; 1/2] (1/8).
Proof.
apply (product_two _ [1/2] [1/2; 1/2] (1/2) (1/4)); [constructor| |].
- apply (product_two _ [1/2] [1/2] (1/2) (1/2)); [constructor|constructor|].
  replace (1/4 - 1/2 * (1/2)) with 0 by field; rewrite Rabs_R0; pose proof (Rabs_pos (1/2 * (1/2))); lra.
- replace (1/8 - 1/2 * (1/4)) with 0 by field; rewrite Rabs_R0; pose proof (Rabs_pos (1/2 * (1/4))); lra.
Qed.

Example order_statistic_instance : order_statistic 1 [3; 1; 2] 2 /\
  exists r, evaluates (binary16_and_64 Sample) [1/2; 2; 3] (nth 0 interpolations (Cst 0)) r.
Proof.
split.
- unfold order_statistic, below, up_to; cbn.
  repeat match goal with
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b); try (exfalso; lra)
  | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b); try (exfalso; lra)
  end; cbn; lia.
- eexists; apply evaluates_exactly, nearest_sound.
Qed.
