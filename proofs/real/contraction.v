(** * Eq14 with a one-sided Lipschitz constant, in R^d, and whole trajectories

    exp (L S) grows with the length S of the grid, and says nothing at S = 14.  Decoding goes down in
    r = sqrt ((1 - a) / a), and then what e pulls apart on the way up it pulls together.

    - [trajectory_error]: X made by steps with error delta_i, Y with error tau_i, steps Lipschitz with F_i:
      |X_n - Y_n| <= F (... (F |X_0 - Y_0| + delta_0 + tau_0) ...) + delta_{n-1} + tau_{n-1}.  Rounding and
      discretisation in one bound, for any model.
    - [taylor_two_d]: Euler's step leaves a solution by M/2 h^2 in norm.
    - [Eq14_one_sided]: with <e(x) - e(z), x - z> >= - nu |x - z|^2 the factor is exp (nu S + L^2/2 sum h^2).
    - [Eq14_nonexpansive]: with |e(x) - e(z)|^2 <= l(r) <e(x) - e(z), x - z> and |h| l(r) <= 2 there is no
      factor; [Eq14_trajectory]: nor on the rounding errors, which add up.
    - [Eq13_iterates_d], [Eq14_sampler_trajectory]: the sampler's own iterates in R^d.
    - [gaussian_flow]: Gaussian data in R^d: their e, its solution, and that both sets of hypotheses hold on
      every decreasing grid.
    - [explicit_step_needs_its_restriction]: with |h| l > 2 errors grow though e is monotone. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws dimensions euclidean deterministic.
Open Scope R_scope.

(** ** Errors along a trajectory *)

Section Trajectory.
Variables (d : nat) (step : nat -> vec d -> vec d) (factor delta tau : nat -> R).
Hypothesis factor_nonneg : forall i, 0 <= factor i.
Notation "| x |" := (norm_d d x) (at level 30).
Notation "x - y" := (minus_d d x y).

Fixpoint accumulated (E0 : R) (n : nat) : R :=
  match n with O => E0 | S m => (factor m * accumulated E0 m + (delta m + tau m))%R end.

Theorem trajectory_error (X Y : nat -> vec d) n :
  (forall i x z, (i < n)%nat -> |step i x - step i z| <= factor i * |x - z|) ->
  (forall i, (i < n)%nat -> |X (S i) - step i (X i)| <= delta i) ->
  (forall i, (i < n)%nat -> |Y (S i) - step i (Y i)| <= tau i) ->
  |X n - Y n| <= accumulated (|X O - Y O|) n.
Proof.
intros HF HX HY. assert (K : forall k, (k <= n)%nat -> |X k - Y k| <= accumulated (|X O - Y O|) k); [|now apply K].
induction k as [|k IH]; intros Hk; [simpl; lra|]. cbn [accumulated].
specialize (IH ltac:(lia)). specialize (HX k ltac:(lia)). specialize (HY k ltac:(lia)). specialize (HF k (X k) (Y k) ltac:(lia)).
rewrite (minus_d_split d (X (S k)) (step k (X k)) (Y (S k))).
apply Rle_trans with (1 := norm_triangle d _ _).
rewrite (minus_d_split d (step k (X k)) (step k (Y k)) (Y (S k))).
assert (T := norm_triangle d (step k (X k) - step k (Y k)) (step k (Y k) - Y (S k))).
rewrite norm_minus_sym in HY. apply (Rmult_le_compat_l (factor k)) in IH; [|apply factor_nonneg]. lra.
Qed.

End Trajectory.

(** Factors at most 1: the errors add up. *)
Fixpoint added (f : nat -> R) (n : nat) : R := match n with O => 0 | S m => added f m + f m end.

Lemma accumulated_no_factor delta tau E0 n :
  accumulated (fun _ => 1) delta tau E0 n = E0 + added (fun i => delta i + tau i) n.
Proof. induction n as [|n IH]; cbn [accumulated added]; [ring|]. rewrite IH. ring. Qed.

(** ** One step *)

Section Step.
Variables (d : nat) (h : R) (x z v w : vec d).
Hypothesis down : h <= 0.
Notation moved := (minus_d d (plus_d d x (scale_d d h v)) (plus_d d z (scale_d d h w))).

Theorem one_sided_step nu L : 0 <= L ->
  - nu * norm_d d (minus_d d x z) ^ 2 <= dot d (minus_d d v w) (minus_d d x z) ->
  norm_d d (minus_d d v w) <= L * norm_d d (minus_d d x z) ->
  norm_d d moved <= exp (nu * Rabs h + L ^ 2 / 2 * h ^ 2) * norm_d d (minus_d d x z).
Proof.
intros HL Hnu HLip. rewrite Rabs_left1 by exact down. set (n := norm_d d (minus_d d x z)) in *.
assert (Pn : 0 <= n) by apply norm_d_nonneg.
apply norm_d_is; [apply Rmult_le_pos; [apply Rlt_le, exp_pos|exact Pn]|].
rewrite minus_d_steps, dot_expand, <- norm_d_square. fold n. rewrite <- (norm_d_square d (minus_d d v w)), dot_sym.
assert (A : norm_d d (minus_d d v w) * norm_d d (minus_d d v w) <= (L * n) * (L * n)) by
  (apply Rmult_le_compat; trivial; apply norm_d_nonneg).
apply Rle_trans with ((1 + (2 * nu * - h + L ^ 2 * h ^ 2)) * (n * n)).
- assert (B : h ^ 2 * (norm_d d (minus_d d v w) * norm_d d (minus_d d v w)) <= h ^ 2 * ((L * n) * (L * n)))
    by (apply Rmult_le_compat_l; [apply pow2_ge_0|exact A]).
  assert (C : - h * (- nu * n ^ 2) <= - h * dot d (minus_d d v w) (minus_d d x z)) by (apply Rmult_le_compat_l; lra). lra.
- apply Rle_trans with (exp (2 * nu * - h + L ^ 2 * h ^ 2) * (n * n)).
  + apply Rmult_le_compat_r; [now apply Rmult_le_pos|apply exp_ineq1_le].
  + right. replace (2 * nu * - h + L ^ 2 * h ^ 2) with ((nu * - h + L ^ 2 / 2 * h ^ 2) + (nu * - h + L ^ 2 / 2 * h ^ 2)) by field.
    rewrite exp_plus. ring.
Qed.

Theorem nonexpansive_step l : Rabs h * l <= 2 ->
  norm_d d (minus_d d v w) ^ 2 <= l * dot d (minus_d d v w) (minus_d d x z) ->
  0 <= dot d (minus_d d v w) (minus_d d x z) ->
  norm_d d moved <= norm_d d (minus_d d x z).
Proof.
intros Hh Hl Hp. rewrite Rabs_left1 in Hh by exact down. set (D := dot d (minus_d d v w) (minus_d d x z)) in *.
apply norm_d_is; [apply norm_d_nonneg|].
rewrite minus_d_steps, dot_expand, <- (norm_d_square d (minus_d d v w)), <- (norm_d_square d (minus_d d x z)), dot_sym. fold D.
assert (A : (- h) * norm_d d (minus_d d v w) ^ 2 <= (- h) * (l * D)) by (apply Rmult_le_compat_l; lra).
assert (B : (- h * l) * D <= 2 * D) by (apply Rmult_le_compat_r; lra).
assert (C : - h * (- h * norm_d d (minus_d d v w) ^ 2) <= - h * (2 * D)) by (apply Rmult_le_compat_l; lra). simpl in *. lra.
Qed.

End Step.

(** ** A solution *)

Fixpoint is_derive_d (d : nat) (y : R -> vec d) (r : R) (l : vec d) : Prop :=
  match d as d return (R -> vec d) -> vec d -> Prop with
  | O => fun _ _ => True
  | S n => fun y l => is_derive (fun r => fst (y r)) r (fst l) /\ is_derive_d n (fun r => snd (y r)) r (snd l)
  end y l.

Lemma derive_dot d : forall (w : vec d) (y : R -> vec d) r l, is_derive_d d y r l -> is_derive (fun r => dot d w (y r)) r (dot d w l).
Proof.
induction d as [|d IH]; intros w y r l H; [apply (is_derive_const 0 r)|]. destruct H as [H1 H2].
apply (is_derive_plus (fun r => fst w * fst (y r)) (fun r => dot d (snd w) (snd (y r)))).
- now apply (is_derive_scal (fun r => fst (y r))).
- exact (IH (snd w) (fun r => snd (y r)) r (snd l) H2).
Qed.

Lemma dot_minus_plus d w : forall y z v k, dot d w (minus_d d y (plus_d d z (scale_d d k v))) = dot d w y - dot d w z - k * dot d w v.
Proof. intros y z v k. rewrite !(dot_sym d w), dot_minus, dot_plus, dot_scale. ring. Qed.

Theorem taylor_two_d d (y y' : R -> vec d) M p q : 0 <= M ->
  (forall r, Rmin p q <= r <= Rmax p q -> is_derive_d d y r (y' r)) ->
  (forall r, Rmin p q <= r <= Rmax p q -> norm_d d (minus_d d (y' r) (y' p)) <= M * Rabs (r - p)) ->
  norm_d d (minus_d d (y q) (plus_d d (y p) (scale_d d (q - p) (y' p)))) <= M / 2 * (q - p) ^ 2.
Proof.
intros HM D L. set (w := minus_d d (y q) _). set (n := norm_d d w). assert (Pn : 0 <= n) by apply norm_d_nonneg.
assert (T := taylor_two (fun r => dot d w (y r)) (fun r => dot d w (y' r)) (n * M) p q ltac:(now apply Rmult_le_pos)
  (fun r Hr => derive_dot d w y r (y' r) (D r Hr))).
assert (T' : Rabs (dot d w (y q) - dot d w (y p) - (q - p) * dot d w (y' p)) <= n * M / 2 * (q - p) ^ 2).
{ apply T. intros r Hr. rewrite (dot_sym d w (y' r)), (dot_sym d w (y' p)), <- dot_minus.
  apply Rle_trans with (1 := cauchy_schwarz d _ _). rewrite Rmult_comm, Rmult_assoc. apply Rmult_le_compat_l; [exact Pn|now apply L]. }
rewrite <- dot_minus_plus in T'. fold w in T'. rewrite Rabs_pos_eq, <- norm_d_square in T' by apply dot_nonneg. fold n in T'.
destruct (Req_dec n 0) as [E|N].
- rewrite E. apply Rmult_le_pos; [lra|apply pow2_ge_0].
- apply (Rmult_le_reg_l n); [lra|]. lra.
Qed.

(** ** Eq14 *)

Section Eq14.
(** The model in ODE coordinates, a solution on [lo, hi], and a grid that goes down. *)
Variables (d : nat) (e : vec d -> R -> vec d) (y : R -> vec d) (M lo hi : R).
Hypothesis M_nonneg : 0 <= M.
Hypothesis solution : forall r, lo <= r <= hi -> is_derive_d d y r (e (y r) r).
Hypothesis velocity_lipschitz : forall r r', lo <= r <= hi -> lo <= r' <= hi ->
  norm_d d (minus_d d (e (y r) r) (e (y r') r')) <= M * Rabs (r - r').
Variables (g : nat -> R) (n : nat).
Hypothesis inside : forall i, (i <= n)%nat -> lo <= g i <= hi.
Hypothesis down : forall i, (i < n)%nat -> g (S i) <= g i.

Definition euler_step (i : nat) (x : vec d) : vec d := plus_d d x (scale_d d (g (S i) - g i) (e x (g i))).
Fixpoint euler_d (x : vec d) (k : nat) : vec d := match k with O => x | S m => euler_step m (euler_d x m) end.

Lemma local_error i : (i < n)%nat ->
  norm_d d (minus_d d (y (g (S i))) (euler_step i (y (g i)))) <= M / 2 * (g (S i) - g i) ^ 2.
Proof.
intros Hi. assert (A := inside i ltac:(lia)). assert (B := inside (S i) ltac:(lia)). assert (C := down i Hi).
apply (taylor_two_d d y (fun r => e (y r) r)); [exact M_nonneg| |]; intros r Hr;
  rewrite Rmin_right, Rmax_left in Hr by exact C; [apply solution|apply velocity_lipschitz]; lra.
Qed.

Theorem Eq14_one_sided nu L x : 0 <= nu -> 0 <= L ->
  (forall i x z, (i < n)%nat -> - nu * norm_d d (minus_d d x z) ^ 2 <= dot d (minus_d d (e x (g i)) (e z (g i))) (minus_d d x z)) ->
  (forall i x z, (i < n)%nat -> norm_d d (minus_d d (e x (g i)) (e z (g i))) <= L * norm_d d (minus_d d x z)) ->
  norm_d d (minus_d d (euler_d x n) (y (g n))) <=
  exp (nu * path_length g n + L ^ 2 / 2 * path_squares g n) *
    (norm_d d (minus_d d x (y (g O))) + M / 2 * path_squares g n).
Proof.
intros Hnu HL HS HLip.
set (F := fun i => exp (nu * Rabs (g (S i) - g i) + L ^ 2 / 2 * (g (S i) - g i) ^ 2)).
set (tau := fun i => M / 2 * (g (S i) - g i) ^ 2).
apply Rle_trans with (accumulated F (fun _ => 0) tau (norm_d d (minus_d d x (y (g O)))) n).
{ apply (trajectory_error d euler_step F (fun _ => 0) tau (fun i => Rlt_le _ _ (exp_pos _)) (euler_d x) (fun i => y (g i))).
  - intros i u z Hi. apply one_sided_step; [generalize (down i Hi); lra|exact HL|now apply HS|now apply HLip].
  - intros i Hi. cbn [euler_d]. rewrite norm_minus_self. lra.
  - exact local_error. }
cbn [euler_d]. set (E0 := norm_d d (minus_d d x (y (g O)))). assert (P0 : 0 <= E0) by apply norm_d_nonneg.
assert (K : forall k, accumulated F (fun _ => 0) tau E0 k <=
  exp (nu * path_length g k + L ^ 2 / 2 * path_squares g k) * (E0 + M / 2 * path_squares g k)).
{ induction k as [|k IH]; [cbn [accumulated path_length path_squares]; rewrite !Rmult_0_r, Rplus_0_r, exp_0; lra|].
  cbn [accumulated path_length path_squares]. unfold F at 1, tau at 1. set (h := g (S k) - g k) in *.
  set (Q := exp (nu * path_length g k + L ^ 2 / 2 * path_squares g k)) in *. set (B := E0 + M / 2 * path_squares g k) in *.
  assert (EQ : exp (nu * (path_length g k + Rabs h) + L ^ 2 / 2 * (path_squares g k + h ^ 2)) =
    exp (nu * Rabs h + L ^ 2 / 2 * h ^ 2) * Q) by (unfold Q; rewrite <- exp_plus; f_equal; ring).
  rewrite EQ. set (f := exp (nu * Rabs h + L ^ 2 / 2 * h ^ 2)) in *. assert (Ph := Rabs_pos h). assert (Ph2 := pow2_ge_0 h).
  assert (One : forall u, 0 <= u -> 1 <= exp u) by (intros u Hu; generalize (exp_ineq1_le u); lra).
  assert (Hf : 1 <= f) by (apply One; apply Rplus_le_le_0_compat; apply Rmult_le_pos; trivial; generalize (pow2_ge_0 L); lra).
  assert (HQ : 1 <= Q).
  { apply One. apply Rplus_le_le_0_compat; apply Rmult_le_pos; trivial; [apply path_length_nonneg|generalize (pow2_ge_0 L); lra|apply path_squares_nonneg]. }
  apply (Rmult_le_compat_l f) in IH; [|lra].
  assert (C : M / 2 * h ^ 2 <= f * Q * (M / 2 * h ^ 2)).
  { rewrite <- (Rmult_1_l (M / 2 * h ^ 2)) at 1. apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|].
    apply Rle_trans with (1 * 1); [lra|apply Rmult_le_compat; lra]. }
  replace (E0 + M / 2 * (path_squares g k + h ^ 2)) with (B + M / 2 * h ^ 2) by (unfold B; ring).
  rewrite Rplus_0_l, Rmult_plus_distr_l, (Rmult_assoc f Q B). now apply Rplus_le_compat. }
apply K.
Qed.

(** Where e is the gradient of a convex function, as for Gaussian data, [l r] is its Lipschitz constant. *)
Hypotheses (l : R -> R) (short_steps : forall i, (i < n)%nat -> Rabs (g (S i) - g i) * l (g i) <= 2).
Hypothesis cocoercive : forall i x z, (i < n)%nat ->
  norm_d d (minus_d d (e x (g i)) (e z (g i))) ^ 2 <= l (g i) * dot d (minus_d d (e x (g i)) (e z (g i))) (minus_d d x z) /\
  0 <= dot d (minus_d d (e x (g i)) (e z (g i))) (minus_d d x z).

(** Rounding delta_i in each step, and discretisation: they add up. *)
Theorem Eq14_trajectory (X : nat -> vec d) delta :
  (forall i, (i < n)%nat -> norm_d d (minus_d d (X (S i)) (euler_step i (X i))) <= delta i) ->
  norm_d d (minus_d d (X n) (y (g n))) <=
  norm_d d (minus_d d (X O) (y (g O))) + added delta n + M / 2 * path_squares g n.
Proof.
intros HX. set (tau := fun i => M / 2 * (g (S i) - g i) ^ 2).
apply Rle_trans with (accumulated (fun _ => 1) delta tau (norm_d d (minus_d d (X O) (y (g O)))) n).
- apply (trajectory_error d euler_step (fun _ => 1) delta tau (fun _ => Rle_0_1) X (fun i => y (g i))).
  + intros i x z Hi. rewrite Rmult_1_l. destruct (cocoercive i x z Hi) as [C1 C2].
    apply nonexpansive_step with (l := l (g i)); trivial; [generalize (down i Hi); lra|now apply short_steps].
  + exact HX.
  + exact local_error.
- rewrite accumulated_no_factor. right.
  assert (K : forall k, added (fun i => delta i + tau i) k = added delta k + M / 2 * path_squares g k).
  { induction k as [|k IH]; cbn [added path_squares]; [ring|]. rewrite IH. unfold tau. ring. }
  rewrite K. ring.
Qed.

Theorem Eq14_nonexpansive x :
  norm_d d (minus_d d (euler_d x n) (y (g n))) <= norm_d d (minus_d d x (y (g O))) + M / 2 * path_squares g n.
Proof.
assert (Z : added (fun _ => 0) n = 0) by (clear; induction n as [|k IH]; cbn [added]; [reflexivity|rewrite IH; ring]).
assert (T := Eq14_trajectory (euler_d x) (fun _ => 0)). rewrite Z, Rplus_0_r in T. apply T.
intros i Hi. cbn [euler_d]. rewrite norm_minus_self. lra.
Qed.

End Eq14.

(** ** The sampler's iterates *)

Section Sampler.
Variables (d : nat) (e : vec d -> R -> vec d) (a : nat -> R).

Definition ode_state_d (a : R) (x : vec d) : vec d := scale_d d (/ sqrt a) x.
Definition ode_grid (i : nat) : R := ode_sigma (a i).

(** Eq12 at sigma = 0, from a i to a (i + 1), with the network e of the ODE's coordinates. *)
Definition sampler_step (i : nat) (x : vec d) : vec d :=
  ddim_step_d d (a i) (a (S i)) x (e (ode_state_d (a i) x) (ode_grid i)).
Fixpoint ddim_iterates_d (x : vec d) (n : nat) : vec d := match n with O => x | S m => sampler_step m (ddim_iterates_d x m) end.

Lemma Eq13_step_d i x : 0 < a i <= 1 -> 0 < a (S i) <= 1 ->
  ode_state_d (a (S i)) (sampler_step i x) = euler_step d e ode_grid i (ode_state_d (a i) x).
Proof.
intros H0 H1. unfold sampler_step, euler_step. generalize (e (ode_state_d (a i) x) (ode_grid i)).
unfold ode_state_d, ddim_step_d, plus_d, scale_d, ode_grid. clear e. induction d as [|k IH]; intro v; [reflexivity|].
cbn [map2 fst snd]. rewrite (IH (snd x) (snd v)). f_equal.
assert (E := Eq13_euler (a i) (a (S i)) (fst x) (fst v) H0 H1). unfold ode_state, Rdiv in E.
rewrite Rmult_comm, E. ring.
Qed.

Theorem Eq13_iterates_d x n : (forall i, (i <= n)%nat -> 0 < a i <= 1) ->
  ode_state_d (a n) (ddim_iterates_d x n) = euler_d d e ode_grid (ode_state_d (a O) x) n.
Proof.
intros Ha. induction n as [|n IH]; [reflexivity|]. cbn [ddim_iterates_d euler_d].
rewrite <- IH by (intros; apply Ha; lia). apply Eq13_step_d; apply Ha; lia.
Qed.

(** States computed with an error of at most [delta i] in the step from a i. *)
Theorem Eq14_sampler_trajectory (y : R -> vec d) M lo hi n l (X : nat -> vec d) delta :
  0 <= M -> (forall i, (i <= n)%nat -> 0 < a i <= 1) ->
  (forall r, lo <= r <= hi -> is_derive_d d y r (e (y r) r)) ->
  (forall r r', lo <= r <= hi -> lo <= r' <= hi -> norm_d d (minus_d d (e (y r) r) (e (y r') r')) <= M * Rabs (r - r')) ->
  (forall i, (i <= n)%nat -> lo <= ode_grid i <= hi) -> (forall i, (i < n)%nat -> ode_grid (S i) <= ode_grid i) ->
  (forall i, (i < n)%nat -> Rabs (ode_grid (S i) - ode_grid i) * l (ode_grid i) <= 2) ->
  (forall i x z, (i < n)%nat ->
    norm_d d (minus_d d (e x (ode_grid i)) (e z (ode_grid i))) ^ 2 <=
      l (ode_grid i) * dot d (minus_d d (e x (ode_grid i)) (e z (ode_grid i))) (minus_d d x z) /\
    0 <= dot d (minus_d d (e x (ode_grid i)) (e z (ode_grid i))) (minus_d d x z)) ->
  (forall i, (i < n)%nat -> norm_d d (minus_d d (X (S i)) (sampler_step i (X i))) <= delta i) ->
  norm_d d (minus_d d (ode_state_d (a n) (X n)) (y (ode_grid n))) <=
  norm_d d (minus_d d (ode_state_d (a O) (X O)) (y (ode_grid O))) + added (fun i => delta i / sqrt (a (S i))) n +
    M / 2 * path_squares ode_grid n.
Proof.
intros HM Ha HS HV HI HD Hh HC HX.
apply (Eq14_trajectory d e y M lo hi HM HS HV ode_grid n HI HD l Hh HC (fun i => ode_state_d (a i) (X i))).
intros i Hi. rewrite <- Eq13_step_d by (apply Ha; lia). assert (Hp := Ha (S i) ltac:(lia)).
assert (P := sqrt_lt_R0 (a (S i)) ltac:(lra)).
replace (minus_d d (ode_state_d (a (S i)) (X (S i))) (ode_state_d (a (S i)) (sampler_step i (X i))))
  with (scale_d d (/ sqrt (a (S i))) (minus_d d (X (S i)) (sampler_step i (X i)))).
- rewrite norm_scale, Rabs_pos_eq by (now apply Rlt_le, Rinv_0_lt_compat). unfold Rdiv. rewrite (Rmult_comm (delta i)).
  apply Rmult_le_compat_l; [now apply Rlt_le, Rinv_0_lt_compat|now apply HX].
- unfold ode_state_d, scale_d, minus_d. generalize (X (S i)) (sampler_step i (X i)). clear.
  induction d as [|k IH]; intros x z; simpl; [reflexivity|]. rewrite IH. f_equal. ring.
Qed.

End Sampler.

(** ** Gaussian data *)

(** The best eps for N(m, v I) in ODE coordinates, and the curve through m + k sqrt (v + r^2). *)
Definition gaussian_flow_eps (d : nat) (m : vec d) (v : R) (x : vec d) (r : R) : vec d :=
  scale_d d (r / (v + r ^ 2)) (minus_d d x m).
Definition gaussian_flow_path (d : nat) (m k : vec d) (v : R) (r : R) : vec d :=
  plus_d d m (scale_d d (sqrt (v + r ^ 2)) k).

Lemma gaussian_flow_difference d m v x z r :
  minus_d d (gaussian_flow_eps d m v x r) (gaussian_flow_eps d m v z r) = scale_d d (r / (v + r ^ 2)) (minus_d d x z).
Proof.
unfold gaussian_flow_eps, scale_d, minus_d. induction d as [|k IH]; [reflexivity|]. cbn [map2 fst snd]. rewrite IH. f_equal. ring.
Qed.

Lemma gaussian_flow_on_path d m k v r : 0 < v ->
  gaussian_flow_eps d m v (gaussian_flow_path d m k v r) r = scale_d d (r / sqrt (v + r ^ 2)) k.
Proof.
intros Hv. assert (P : 0 < v + r ^ 2) by (generalize (pow2_ge_0 r); lra). assert (Q := sqrt_lt_R0 _ P).
assert (E := sqrt_sqrt (v + r ^ 2) ltac:(lra)).
unfold gaussian_flow_eps, gaussian_flow_path, scale_d, minus_d, plus_d. induction d as [|n IH]; [reflexivity|].
cbn [map2 fst snd]. rewrite IH. f_equal. rewrite <- E at 1. field. lra.
Qed.

Lemma lift_speed_lipschitz v : 0 < v -> forall r r',
  Rabs (r / sqrt (v + r ^ 2) - r' / sqrt (v + r' ^ 2)) <= / sqrt v * Rabs (r - r').
Proof.
intros Hv r r'. set (f := fun r => r / sqrt (v + r ^ 2)).
assert (Pv := sqrt_lt_R0 v Hv). assert (P : forall s, 0 < v + s ^ 2) by (intro s; generalize (pow2_ge_0 s); lra).
assert (D : forall s, is_derive f s (v / (sqrt (v + s ^ 2) * (v + s ^ 2)))).
{ intro s. unfold f. specialize (P s). assert (Q := sqrt_lt_R0 _ P). assert (E := sqrt_sqrt (v + s ^ 2) ltac:(lra)).
  auto_derive; [split; [lra|split; [apply Rgt_not_eq; exact Q|trivial]]|].
  replace (v + s * (s * 1)) with (v + s ^ 2) by ring. set (q := sqrt (v + s ^ 2)) in *. rewrite <- E. field_simplify; [|lra|lra].
  replace (q ^ 2) with (v + s ^ 2) by (rewrite <- E; ring). f_equal. ring. }
destruct (MVT_gen f r' r (fun s => v / (sqrt (v + s ^ 2) * (v + s ^ 2)))) as (c & _ & E).
- intros s _. apply D.
- intros s _. apply continuity_pt_filterlim, (ex_derive_continuous f). eexists. apply D.
- change (Rabs (f r - f r') <= / sqrt v * Rabs (r - r')). rewrite E, Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|].
  specialize (P c). assert (Q := sqrt_lt_R0 _ P).
  assert (B : 0 < v / (sqrt (v + c ^ 2) * (v + c ^ 2))) by (apply Rdiv_lt_0_compat; [exact Hv|now apply Rmult_lt_0_compat]).
  rewrite Rabs_pos_eq by lra.
  assert (S1 : sqrt v <= sqrt (v + c ^ 2)) by (apply sqrt_le_1_alt; generalize (pow2_ge_0 c); lra).
  assert (S2 : v <= v + c ^ 2) by (generalize (pow2_ge_0 c); lra).
  apply (Rmult_le_reg_r (sqrt (v + c ^ 2) * (v + c ^ 2))); [now apply Rmult_lt_0_compat|].
  replace (v / (sqrt (v + c ^ 2) * (v + c ^ 2)) * (sqrt (v + c ^ 2) * (v + c ^ 2))) with (/ sqrt v * (sqrt v * v)) by (field; lra).
  apply Rmult_le_compat_l; [now apply Rlt_le, Rinv_0_lt_compat|]. apply Rmult_le_compat; lra.
Qed.

(** Its hypotheses, all of them, with l(r) = r / (v + r^2), M = |k| / sqrt v, nu = 0. *)
Theorem gaussian_flow d m k v : 0 < v ->
  let e := gaussian_flow_eps d m v in let y := gaussian_flow_path d m k v in let l r := r / (v + r ^ 2) in
  (forall r, is_derive_d d y r (e (y r) r)) /\
  (forall r r', norm_d d (minus_d d (e (y r) r) (e (y r') r')) <= norm_d d k / sqrt v * Rabs (r - r')) /\
  (forall r x z, 0 <= r ->
    norm_d d (minus_d d (e x r) (e z r)) ^ 2 <= l r * dot d (minus_d d (e x r) (e z r)) (minus_d d x z) /\
    0 <= dot d (minus_d d (e x r) (e z r)) (minus_d d x z)) /\
  (forall r r', 0 <= r' <= r -> Rabs (r' - r) * l r <= 2).
Proof.
intros Hv e y l. assert (P : forall r, 0 < v + r ^ 2) by (intro r; generalize (pow2_ge_0 r); lra).
split; [|split; [|split]].
- intro r. unfold e, y. rewrite gaussian_flow_on_path by exact Hv. unfold gaussian_flow_path, plus_d, scale_d.
  specialize (P r). assert (Q := sqrt_lt_R0 _ P).
  induction d as [|n IH]; [exact I|]. split; [|exact (IH (snd m) (snd k))]. cbn [map2 fst].
  auto_derive; [lra|]. replace (v + r * (r * 1)) with (v + r ^ 2) by ring. field. lra.
- intros r r'. unfold e, y. rewrite !gaussian_flow_on_path by exact Hv.
  replace (minus_d d (scale_d d (r / sqrt (v + r ^ 2)) k) (scale_d d (r' / sqrt (v + r' ^ 2)) k))
    with (scale_d d (r / sqrt (v + r ^ 2) - r' / sqrt (v + r' ^ 2)) k).
  + rewrite norm_scale. assert (L := lift_speed_lipschitz v Hv r r'). assert (N := norm_d_nonneg d k).
    apply (Rmult_le_compat_r (norm_d d k)) in L; [|exact N]. unfold Rdiv. lra.
  + unfold scale_d, minus_d. clear. induction d as [|n IH]; [reflexivity|]. cbn [map2 fst snd]. rewrite (IH (snd k)). f_equal. ring.
- intros r x z Hr. unfold e. rewrite gaussian_flow_difference, norm_scale, dot_scale, <- norm_d_square.
  assert (Hl : 0 <= r / (v + r ^ 2)) by (apply Rmult_le_pos; [exact Hr|now apply Rlt_le, Rinv_0_lt_compat]).
  rewrite Rabs_pos_eq by exact Hl. assert (N := norm_d_nonneg d (minus_d d x z)). split.
  + unfold l. right. ring.
  + apply Rmult_le_pos; [exact Hl|now apply Rmult_le_pos].
- intros r r' Hr. specialize (P r). rewrite Rabs_left1 by lra. unfold l.
  apply (Rmult_le_reg_r (v + r ^ 2)); [exact P|].
  replace (- (r' - r) * (r / (v + r ^ 2)) * (v + r ^ 2)) with ((r - r') * r) by (field; lra).
  assert ((r - r') * r <= r * r) by (apply Rmult_le_compat_r; lra). simpl. nra.
Qed.

(** ** A wrong neighbour *)

(** e(x) = x is monotone and 1-Lipschitz; one step of h = -3 doubles an error. *)
Theorem explicit_step_needs_its_restriction :
  let x : vec 1 := (1, tt) in let z : vec 1 := (0, tt) in
  norm_d 1 (minus_d 1 (plus_d 1 x (scale_d 1 (-3) x)) (plus_d 1 z (scale_d 1 (-3) z))) = 2 * norm_d 1 (minus_d 1 x z).
Proof.
cbv zeta. unfold norm_d, minus_d, plus_d, scale_d. cbn [dot map2 fst snd].
replace ((1 + -3 * 1 - (0 + -3 * 0)) * (1 + -3 * 1 - (0 + -3 * 0)) + 0) with (2 ^ 2) by ring.
replace ((1 - 0) * (1 - 0) + 0) with (1 ^ 2) by ring. rewrite !sqrt_pow2 by lra. ring.
Qed.
