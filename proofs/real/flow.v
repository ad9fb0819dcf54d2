(** * Eq15: DDIM's ODE and the probability flow

    In xbar = x / sqrt a and r = sqrt ((1 - a) / a), data on finitely many points x_i with weights
    w_i is seen at r as the density [smoothed data r], the sum of w_i N(x_i, r^2).

    - [flow_eps_is_conditional_mean]: the best eps at (r, xbar) is a ratio of explicit sums.
    - [flow_score]: the derivative of log [smoothed data r] is - eps / r; so the velocity of the
      probability flow, - (1/2) d(r^2)/dr times the score, is eps: Eq14's ODE.
    - [flow_continuity]: d p/dr + d (p eps)/dxbar = 0: that ODE carries the densities p along.
    - [Eq15_gap]: Euler's step in r^2 (the paper's Eq15) differs from DDIM's, Euler's in r, by exactly
      (r' - r)^2 / (2 r) eps: equal to first order, not equal. *)

From Coq Require Import Reals Lra List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps.
Open Scope R_scope.

(** Data: pairs (weight, point).  [weigh data f] is the sum of w_i f(x_i). *)
Fixpoint weigh (data : list (R * R)) (f : R -> R) : R :=
  match data with nil => 0 | (w, y) :: rest => w * f y + weigh rest f end.

(** The density of xbar at noise level r, and the best eps there. *)
Definition smoothed (data : list (R * R)) (r x : R) : R := weigh data (fun y => normal y (r ^ 2) x).
Definition flow_eps (data : list (R * R)) (r x : R) : R :=
  weigh data (fun y => normal y (r ^ 2) x * ((x - y) / r)) / smoothed data r x.

Definition positive_data (data : list (R * R)) : Prop :=
  data <> nil /\ forall w y, In (w, y) data -> 0 < w.

Lemma weigh_pos data f : positive_data data -> (forall y, 0 < f y) -> 0 < weigh data f.
Proof.
intros [Hn Hw] Hf.
assert (K : forall data, (forall w y, In (w, y) data -> 0 < w) -> 0 <= weigh data f).
{ induction data0 as [|[w y] rest IH]; simpl; intros H; [lra|].
  specialize (IH (fun w y HI => H w y (or_intror HI))). specialize (H w y (or_introl eq_refl)).
  assert (0 < w * f y) by now apply Rmult_lt_0_compat. lra. }
destruct data as [|[w y] rest]; [now destruct Hn|]. simpl.
specialize (K rest (fun w y HI => Hw w y (or_intror HI))). specialize (Hw w y (or_introl eq_refl)).
assert (0 < w * f y) by now apply Rmult_lt_0_compat. lra.
Qed.

Lemma weigh_ext data f g : (forall y, f y = g y) -> weigh data f = weigh data g.
Proof. intros H. induction data as [|[w y] rest IH]; simpl; [trivial|]. now rewrite IH, H. Qed.

Lemma weigh_scal data k f : weigh data (fun y => k * f y) = k * weigh data f.
Proof. induction data as [|[w y] rest IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma weigh_derive data (f df : R -> R -> R) x :
  (forall y, is_derive (fun x => f x y) x (df x y)) ->
  is_derive (fun x => weigh data (f x)) x (weigh data (df x)).
Proof.
intros H. induction data as [|[w y] rest IH]; simpl.
- apply (is_derive_const 0 x).
- apply (is_derive_plus (fun x => w * f x y) (fun x => weigh rest (f x))); [|exact IH].
  apply (is_derive_scal (fun x => f x y)). apply H.
Qed.

(** Given xbar, point i has weight w_i N(x_i, r^2)(xbar) / p(xbar): Bayes' rule. *)
Theorem flow_eps_is_conditional_mean data r x :
  positive_data data -> 0 < r ->
  weigh data (fun y => normal y (r ^ 2) x / smoothed data r x) = 1 /\
  flow_eps data r x = weigh data (fun y => normal y (r ^ 2) x / smoothed data r x * ((x - y) / r)).
Proof.
intros Hd Hr.
assert (P : 0 < smoothed data r x) by (apply weigh_pos; trivial; intro; apply normal_pos, pow_lt, Hr).
split.
- rewrite (weigh_ext _ _ (fun y => / smoothed data r x * normal y (r ^ 2) x)) by (intro; unfold Rdiv; ring).
  rewrite weigh_scal. change (weigh data _) with (smoothed data r x). field. lra.
- unfold flow_eps.
  rewrite (weigh_ext _ (fun y => normal y (r ^ 2) x / smoothed data r x * ((x - y) / r))
    (fun y => / smoothed data r x * (normal y (r ^ 2) x * ((x - y) / r)))) by (intro; unfold Rdiv; ring).
  rewrite weigh_scal. unfold Rdiv. ring.
Qed.

Lemma normal_derive y r x : 0 < r ->
  is_derive (fun x => normal y (r ^ 2) x) x (- / r * (normal y (r ^ 2) x * ((x - y) / r))).
Proof.
intros Hr. unfold normal. assert (S := normal_scale (r ^ 2) (pow_lt r 2 Hr)).
set (k := sqrt (2 * PI * r ^ 2)) in *. clearbody k.
auto_derive; [trivial|].
replace (- ((x + - y) * ((x + - y) * 1)) * / (2 * (r * (r * 1)))) with (- (x - y) ^ 2 / (2 * r ^ 2)) by (field; lra).
set (e := exp _). field. lra.
Qed.

(** The score. *)
Theorem flow_score data r x :
  positive_data data -> 0 < r ->
  is_derive (fun x => ln (smoothed data r x)) x (- flow_eps data r x / r) /\
  - (1 / 2) * (2 * r) * (- flow_eps data r x / r) = flow_eps data r x.
Proof.
intros Hd Hr. split; [|field; lra].
assert (P : 0 < smoothed data r x) by (apply weigh_pos; trivial; intro; apply normal_pos, pow_lt, Hr).
assert (D : is_derive (smoothed data r) x (weigh data (fun y => - / r * (normal y (r ^ 2) x * ((x - y) / r))))).
{ apply (weigh_derive data (fun x y => normal y (r ^ 2) x)
    (fun x y => - / r * (normal y (r ^ 2) x * ((x - y) / r)))). intro y. now apply normal_derive. }
rewrite weigh_scal in D.
evar_last.
- apply (is_derive_comp ln (smoothed data r) x (/ smoothed data r x)
    (- / r * weigh data (fun y => normal y (r ^ 2) x * ((x - y) / r)))); [|exact D].
  apply is_derive_Reals. now apply derivable_pt_lim_ln.
- match goal with |- scal ?u ?v = _ => change (u * v = - flow_eps data r x / r) end.
  unfold flow_eps. field. lra.
Qed.

Lemma normal_r y r x : 0 < r -> normal y (r ^ 2) x = exp (- (x - y) ^ 2 / (2 * r ^ 2)) / (r * sqrt (2 * PI)).
Proof.
intros Hr. unfold normal. assert (HPI := PI_RGT_0). f_equal.
replace (2 * PI * r ^ 2) with (r ^ 2 * (2 * PI)) by ring.
rewrite sqrt_mult, sqrt_pow2; try lra. apply pow2_ge_0.
Qed.

Lemma normal_derive_r y r x : 0 < r ->
  is_derive (fun r => normal y (r ^ 2) x) r (normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r)).
Proof.
intros Hr. assert (HPI := PI_RGT_0). assert (S : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; lra).
apply (is_derive_ext_loc (fun r => exp (- (x - y) ^ 2 / (2 * r ^ 2)) / (r * sqrt (2 * PI)))).
- exists (mkposreal r Hr). intros s Hs. change (Rabs (s - r) < r) in Hs. symmetry. apply normal_r.
  apply Rabs_def2 in Hs. lra.
- rewrite normal_r by trivial. set (k := sqrt (2 * PI)) in *. clearbody k.
  auto_derive.
  + repeat split; apply Rgt_not_eq; repeat apply Rmult_lt_0_compat; lra.
  + replace (- ((x + - y) * ((x + - y) * 1)) * / (2 * (r * (r * 1)))) with (- (x - y) ^ 2 / (2 * r ^ 2)) by (field; lra).
    set (e := exp _). field. lra.
Qed.

Lemma normal_flux y r x : 0 < r ->
  is_derive (fun x => normal y (r ^ 2) x * ((x - y) / r)) x (- (normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r))).
Proof.
intros Hr. evar_last.
- apply (is_derive_mult (fun x => normal y (r ^ 2) x) (fun x => (x - y) / r) x
    (- / r * (normal y (r ^ 2) x * ((x - y) / r))) (/ r)).
  + now apply normal_derive.
  + auto_derive; trivial. field. lra.
  + intros; apply Rmult_comm.
- match goal with |- plus (mult ?u ?v) (mult ?w ?z) = ?g => change (u * v + w * z = g) end. field. lra.
Qed.

(** The continuity equation. *)
Theorem flow_continuity data r x :
  positive_data data -> 0 < r ->
  exists rate,
    is_derive (fun r => smoothed data r x) r rate /\
    is_derive (fun x => smoothed data r x * flow_eps data r x) x (- rate).
Proof.
intros Hd Hr.
exists (weigh data (fun y => normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r))). split.
- apply (weigh_derive data (fun r y => normal y (r ^ 2) x)
    (fun r y => normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r))). intro y. now apply normal_derive_r.
- apply (is_derive_ext (fun x => weigh data (fun y => normal y (r ^ 2) x * ((x - y) / r)))).
  + intro z. unfold flow_eps.
    assert (P : 0 < smoothed data r z) by (apply weigh_pos; trivial; intro; apply normal_pos, pow_lt, Hr).
    match goal with |- ?u = ?v => change (u = v :> R) end. field. lra.
  + replace (- weigh data (fun y => normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r)))
      with (weigh data (fun y => - (normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r)))).
    * apply (weigh_derive data (fun x y => normal y (r ^ 2) x * ((x - y) / r))
        (fun x y => - (normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r)))). intro y. now apply normal_flux.
    * rewrite (weigh_ext _ _ (fun y => (-1) * (normal y (r ^ 2) x * ((x - y) ^ 2 / r ^ 3 - / r)))) by (intro; ring).
      rewrite weigh_scal. ring.
Qed.

(** Euler's step of the probability flow in r^2, as the paper writes it. *)
Definition Eq15_step (a a_p x eps : R) : R :=
  sqrt a_p * (x / sqrt a + 1 / 2 * ((1 - a_p) / a_p - (1 - a) / a) * sqrt (a / (1 - a)) * eps).

Theorem Eq15_gap a a_p x eps :
  0 < a < 1 -> 0 < a_p <= 1 ->
  let r := sqrt ((1 - a) / a) in let r' := sqrt ((1 - a_p) / a_p) in
  Eq15_step a a_p x eps / sqrt a_p - ddim_step a a_p 0 x eps 0 / sqrt a_p = (r' - r) ^ 2 / (2 * r) * eps.
Proof.
intros Ha Hp r r'.
assert (E := Eq13_euler a a_p x eps ltac:(lra) Hp). unfold ode_state, ode_sigma in E. rewrite E.
fold r r'. unfold Eq15_step.
assert (Hap := sqrt_lt_R0 a_p ltac:(lra)). assert (Hsa := sqrt_lt_R0 a ltac:(lra)).
assert (Hr : 0 < r) by (apply sqrt_lt_R0, Rdiv_lt_0_compat; lra).
assert (Hq : 0 <= (1 - a_p) / a_p) by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
assert (E1 : r * r = (1 - a) / a) by (apply sqrt_sqrt, Rlt_le, Rdiv_lt_0_compat; lra).
assert (E2 : r' * r' = (1 - a_p) / a_p) by now apply sqrt_sqrt.
replace (sqrt (a / (1 - a))) with (/ r).
2: { unfold r. rewrite <- sqrt_inv. f_equal. field. lra. }
rewrite <- E1, <- E2. field. lra.
Qed.
