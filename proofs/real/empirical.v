(** * Theorem 1 over a data set, and what it is for

    A data set is a list of weighted points of R^d; [average data f] is the sum of w f(x) over it, so
    w = 1/N gives the mean over N points.

    - [Theorem1_empirical]: averaged over the data, J = L_gamma + C, C free of the model.
    - [minimisers_coincide]: where each eps_theta(., t) is chosen by itself (parameters are not shared over
      t), a model minimises J if and only if it minimises L_1, and if and only if it minimises each term.
    - [shared_parameters_differ]: where they are shared the minimisers can differ.
    - [empirical_eps_is_optimal]: over all polynomially bounded continuous models the least loss at t is that
      of [empirical_eps], the average of the points' eps weighted by their share in the density of x_t; every
      other model pays E|eps* - eps_theta|^2 on top.  [empirical_minimises]: so it minimises J and L_1. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective dimensions tower paths instances networks.
Open Scope R_scope.

(** ** Averages over a finite set *)

Fixpoint average {X : Type} (data : list (R * X)) (f : X -> R) : R :=
  match data with nil => 0 | (w, y) :: rest => w * f y + average rest f end.

(** Every point has the weight 1 / N. *)
Definition uniform {X : Type} (points : list X) : list (R * X) := map (fun y => (/ INR (length points), y)) points.

Section Averages.
Context {X : Type}.
Implicit Types data : list (R * X).

Lemma average_ext data f g : (forall w y, In (w, y) data -> f y = g y) -> average data f = average data g.
Proof.
induction data as [|[w y] rest IH]; intros H; [reflexivity|]. cbn [average].
rewrite IH by (intros; apply (H w0); now right). now rewrite (H w y) by (now left).
Qed.

Lemma average_plus data f g : average data (fun y => f y + g y) = average data f + average data g.
Proof. induction data as [|[w y] rest IH]; cbn [average]; [ring|]. rewrite IH. ring. Qed.

Lemma average_scal data k f : average data (fun y => k * f y) = k * average data f.
Proof. induction data as [|[w y] rest IH]; cbn [average]; [ring|]. rewrite IH. ring. Qed.

Lemma average_sum data (f : X -> nat -> R) lo n : average data (fun y => sum (f y) lo n) = sum (fun t => average data (fun y => f y t)) lo n.
Proof.
induction n as [|n IH]; cbn [sum].
- rewrite (average_ext data _ (fun y => 0 * 0)) by (intros; ring). rewrite average_scal. ring.
- rewrite <- IH. apply average_plus.
Qed.

Definition positive_weights data : Prop := data <> nil /\ forall w y, In (w, y) data -> 0 < w.

Lemma average_le data f g : (forall w y, In (w, y) data -> 0 < w) -> (forall y, f y <= g y) -> average data f <= average data g.
Proof.
induction data as [|[w y] rest IH]; intros Hw H; cbn [average]; [lra|].
specialize (IH (fun w y HI => Hw w y (or_intror HI)) H). specialize (Hw w y (or_introl eq_refl)).
assert (w * f y <= w * g y) by (apply Rmult_le_compat_l; [lra|apply H]). lra.
Qed.

Lemma average_nonneg data f : (forall w y, In (w, y) data -> 0 < w) -> (forall y, 0 <= f y) -> 0 <= average data f.
Proof.
intros Hw H. replace 0 with (average data (fun _ => 0)); [now apply average_le|].
clear. induction data as [|[w y] rest IH]; cbn [average]; [ring|]. rewrite IH. ring.
Qed.

Lemma average_pos data f : positive_weights data -> (forall y, 0 < f y) -> 0 < average data f.
Proof.
intros [N Hw] H. destruct data as [|[w y] rest]; [now destruct N|]. cbn [average].
assert (0 <= average rest f).
{ apply average_nonneg; [intros w' y' HI; apply (Hw w' y'); now right|]. intro. now apply Rlt_le. }
assert (0 < w * f y) by (apply Rmult_lt_0_compat; [apply (Hw w y); now left|apply H]). lra.
Qed.

Lemma average_term data f w y : (forall w y, In (w, y) data -> 0 < w) -> (forall y, 0 <= f y) -> In (w, y) data ->
  w * f y <= average data f.
Proof.
induction data as [|[w' y'] rest IH]; intros Hw H HI; [destruct HI|]. cbn [average].
assert (A : 0 <= average rest f) by (apply average_nonneg; [intros; apply (Hw w0 y0); now right|exact H]).
assert (B : 0 <= w' * f y') by (apply Rmult_le_pos; [apply Rlt_le, (Hw w' y'); now left|apply H]).
destruct HI as [E|HI]; [injection E as -> ->; lra|].
specialize (IH (fun w y HI => Hw w y (or_intror HI)) H HI). lra.
Qed.

(** Each component by itself. *)
Fixpoint average_d (n : nat) (data : list (R * X)) : (X -> vec n) -> vec n :=
  match n with
  | O => fun _ => tt
  | S k => fun f => (average data (fun y => fst (f y)), average_d k data (fun y => snd (f y)))
  end.

(** The mean of u under weights w g is what a square is split at. *)
Lemma average_square data g u c : average data g <> 0 ->
  let m := average data (fun y => g y / average data g * u y) in
  average data (fun y => g y * (u y - c) ^ 2) = average data (fun y => g y * (u y - m) ^ 2) + average data g * (m - c) ^ 2.
Proof.
intros Hp m. set (p := average data g) in *.
assert (Em : average data (fun y => g y * u y) = p * m).
{ unfold m. rewrite <- average_scal. apply average_ext. intros. field. exact Hp. }
assert (E : forall c, average data (fun y => g y * (u y - c) ^ 2) =
  average data (fun y => g y * u y ^ 2) + (- 2 * c * (p * m) + c ^ 2 * p)).
{ intro z. rewrite <- Em. unfold p. rewrite <- !average_scal, <- !average_plus. apply average_ext. intros. ring. }
rewrite (E c), (E m). ring.
Qed.

End Averages.

Theorem uniform_weights {X : Type} (points : list X) : points <> nil ->
  positive_weights (uniform points) /\ average (uniform points) (fun _ => 1) = 1.
Proof.
intros N. assert (P : 0 < INR (length points)) by (destruct points; [now destruct N|apply lt_0_INR; simpl; lia]).
assert (Hi := Rinv_0_lt_compat _ P). unfold uniform. split; [split|].
- destruct points; [now destruct N|discriminate].
- intros w y HI. apply in_map_iff in HI. destruct HI as (z & E & _). injection E as <- _. exact Hi.
- set (k := / INR (length points)) in *.
  assert (K : forall l : list X, average (map (fun y => (k, y)) l) (fun _ => 1) = k * INR (length l)).
  { induction l as [|y l IH]; [simpl; ring|]. cbn [map average]. rewrite IH. cbn [length]. rewrite S_INR. ring. }
  rewrite K. unfold k. field. lra.
Qed.

(** ** J and L over the data *)

Section Data.
Variables (d : nat) (alpha_bar sigma : nat -> R) (T : nat) (data : list (R * vec d)).
Hypothesis domain : chain_domain alpha_bar sigma T.
Hypothesis first_sigma : 0 < sigma 1%nat.

Notation model := (nat -> vec d -> vec d).

(** E|eps - f(x_t)|^2 for one point, and its average over the data. *)
Definition point_loss (a : R) (x0 : vec d) (f : vec d -> vec d) (l : R) : Prop :=
  integral_d d (fun eps => normal_d d (const_d d 0) 1 eps * distance2 d eps (f (map2 d (q_sample a) x0 eps))) l.
Definition data_loss (a : R) (f : vec d -> vec d) (l : R) : Prop :=
  exists each : vec d -> R, (forall w x0, In (w, x0) data -> point_loss a x0 f (each x0)) /\ l = average data each.

Definition data_L (weights : nat -> R) (eps_theta : model) (l : R) : Prop :=
  exists loss : nat -> R, (forall t, (1 <= t <= T)%nat -> data_loss (alpha_bar t) (eps_theta t) (loss t)) /\
    l = sum (fun t => weights t * loss t) 1 T.
Definition data_J (eps_theta : model) (j : R) : Prop :=
  exists each : vec d -> R, (forall w x0, In (w, x0) data -> J_d d alpha_bar sigma T eps_theta x0 (each x0)) /\
    j = average data each.

Lemma data_loss_unique a f l l' : data_loss a f l -> data_loss a f l' -> l = l'.
Proof.
intros [e [H ->]] [e' [H' ->]]. apply average_ext. intros w y HI.
exact (integral_d_unique d _ _ _ (H w y HI) (H' w y HI)).
Qed.

Lemma data_J_unique e j j' : data_J e j -> data_J e j' -> j = j'.
Proof.
intros [g [H ->]] [g' [H' ->]]. apply average_ext. intros w y HI.
exact (J_d_unique d alpha_bar sigma T e y _ _ (H w y HI) (H' w y HI)).
Qed.

Lemma data_L_unique weights e l l' : data_L weights e l -> data_L weights e l' -> l = l'.
Proof.
intros [g [H ->]] [g' [H' ->]]. apply sum_ext. intros t Ht. f_equal.
apply (data_loss_unique (alpha_bar t) (e t)); [apply H|apply H']; lia.
Qed.

Definition data_constant : R := average data (Theorem1_constant_d d alpha_bar sigma T).

Theorem Theorem1_empirical (eps_theta : model) : tame_model_d d T eps_theta ->
  exists loss : nat -> R,
    (forall t, (1 <= t <= T)%nat -> data_loss (alpha_bar t) (eps_theta t) (loss t)) /\
    data_J eps_theta (sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + data_constant).
Proof.
intros Hm.
set (loss := fun (x0 : vec d) t => q_expect_d d alpha_bar x0 t (noise_error_d d alpha_bar eps_theta x0 t)).
assert (Hl : forall x0 t, (1 <= t <= T)%nat -> point_loss (alpha_bar t) x0 (eps_theta t) (loss x0 t)).
{ intros x0 t Ht. exact (loss_exists_d d alpha_bar sigma T domain eps_theta x0 Hm t Ht). }
exists (fun t => average data (fun x0 => loss x0 t)). split.
- intros t Ht. exists (fun x0 => loss x0 t). split; [|reflexivity]. intros w x0 _. now apply Hl.
- exists (fun x0 => sum (fun t => gamma alpha_bar sigma t * loss x0 t) 1 T + Theorem1_constant_d d alpha_bar sigma T x0).
  split.
  + intros w x0 _. destruct (Theorem1_exact_d d alpha_bar sigma T domain first_sigma eps_theta x0 Hm) as (loss' & A & B).
    rewrite (sum_ext (fun t => gamma alpha_bar sigma t * loss x0 t) (fun t => gamma alpha_bar sigma t * loss' t)); [exact B|].
    intros t Ht. f_equal. exact (integral_d_unique d _ _ _ (Hl x0 t ltac:(lia)) (A t ltac:(lia))).
  + unfold data_constant. rewrite average_plus, average_sum. f_equal. apply sum_ext. intros t _. now rewrite average_scal.
Qed.

(** ** Minimisers *)

(** [e] is allowed, and no allowed model has a smaller value of [F]. *)
Definition minimises {M : Type} (allowed : M -> Prop) (F : M -> R -> Prop) (e : M) : Prop :=
  allowed e /\ forall e' l l', allowed e' -> F e l -> F e' l' -> l <= l'.

(** Parameters that are not shared: what is allowed at t does not depend on what was chosen elsewhere. *)
Variable models : nat -> (vec d -> vec d) -> Prop.
Hypothesis models_tame : forall t f, (1 <= t <= T)%nat -> models t f -> tame_map d d f.
Definition separate (e : model) : Prop := forall t, (1 <= t <= T)%nat -> models t (e t).

Definition set_model (e : model) (s : nat) (f : vec d -> vec d) : model := fun t => if Nat.eqb t s then f else e t.

Lemma sum_differs (f g : nat -> R) s n : (1 <= s <= n)%nat -> (forall t, t <> s -> f t = g t) ->
  sum f 1 n - sum g 1 n = f s - g s.
Proof.
intros Hs E. induction n as [|n IH]; [lia|]. cbn [sum]. change (1 + n)%nat with (S n).
destruct (Nat.eq_dec s (S n)) as [->|N].
- rewrite (sum_ext f g) by (intros; apply E; lia). ring.
- rewrite (E (S n)) by lia. specialize (IH ltac:(lia)). lra.
Qed.

Lemma sum_le (f g : nat -> R) n : (forall t, (1 <= t <= n)%nat -> f t <= g t) -> sum f 1 n <= sum g 1 n.
Proof.
induction n as [|n IH]; intros H; [simpl; lra|]. cbn [sum]. change (1 + n)%nat with (S n).
assert (f (S n) <= g (S n)) by (apply H; lia). assert (sum f 1 n <= sum g 1 n) by (apply IH; intros; apply H; lia). lra.
Qed.

Lemma separate_tame e : separate e -> tame_model_d d T e.
Proof. intros H t Ht. now apply (models_tame t), H. Qed.

(** Positive weights, any ones: the terms decide. *)
Lemma minimises_terms weights e : (forall t, (1 <= t <= T)%nat -> 0 < weights t) ->
  (minimises separate (data_L weights) e <->
   forall t, (1 <= t <= T)%nat -> minimises (models t) (data_loss (alpha_bar t)) (e t)).
Proof.
intros Hw. split.
- intros [A M] s Hs. split; [now apply A|]. intros f l l' Hf Hl Hl'.
  assert (A' : separate (set_model e s f)).
  { intros t Ht. unfold set_model. destruct (Nat.eqb_spec t s) as [->|N]; [exact Hf|now apply A]. }
  destruct (Theorem1_empirical e (separate_tame e A)) as (loss & L1 & _).
  set (loss' := fun t => if Nat.eqb t s then l' else loss t).
  assert (L2 : forall t, (1 <= t <= T)%nat -> data_loss (alpha_bar t) (set_model e s f t) (loss' t)).
  { intros t Ht. unfold set_model, loss'. destruct (Nat.eqb_spec t s) as [->|N]; [exact Hl'|now apply L1]. }
  assert (K := M _ _ _ A' (ex_intro _ loss (conj L1 eq_refl)) (ex_intro _ loss' (conj L2 eq_refl))).
  assert (Es : loss' s = l') by (unfold loss'; now rewrite Nat.eqb_refl).
  assert (E := sum_differs (fun t => weights t * loss' t) (fun t => weights t * loss t) s T Hs
    ltac:(intros t N; unfold loss'; apply Nat.eqb_neq in N; now rewrite N)).
  cbv beta in E. rewrite Es in E. specialize (Hw s Hs). rewrite (data_loss_unique _ _ _ _ Hl (L1 s Hs)).
  apply (Rmult_le_reg_l (weights s)); [exact Hw|]. lra.
- intros H. split; [intros t Ht; now apply H|]. intros e' l l' A' [loss [L1 ->]] [loss' [L2 ->]].
  apply sum_le. intros t Ht. apply Rmult_le_compat_l; [now apply Rlt_le, Hw|].
  destruct (H t Ht) as [_ M]. exact (M (e' t) _ _ (A' t Ht) (L1 t Ht) (L2 t Ht)).
Qed.

Lemma J_is_L_gamma e j l : separate e -> data_J e j -> data_L (gamma alpha_bar sigma) e l -> j = l + data_constant.
Proof.
intros A Hj Hl. destruct (Theorem1_empirical e (separate_tame e A)) as (loss & L1 & J1).
rewrite (data_J_unique e _ _ Hj J1). f_equal. symmetry. apply (data_L_unique (gamma alpha_bar sigma) e); [exact Hl|]. now exists loss.
Qed.

Theorem minimisers_coincide e : (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) ->
  (minimises separate data_J e <-> minimises separate (data_L (fun _ => 1)) e) /\
  (minimises separate data_J e <->
   forall t, (1 <= t <= T)%nat -> minimises (models t) (data_loss (alpha_bar t)) (e t)).
Proof.
intros Hdec.
assert (G : minimises separate data_J e <-> minimises separate (data_L (gamma alpha_bar sigma)) e).
{ split; intros [A M]; split; trivial; intros e' l l' A' H H'.
  - destruct (Theorem1_empirical e (separate_tame e A)) as (loss & L1 & J1).
    destruct (Theorem1_empirical e' (separate_tame e' A')) as (loss' & L2 & J2).
    assert (K := M e' _ _ A' J1 J2). rewrite (J_is_L_gamma e _ l A J1 H), (J_is_L_gamma e' _ l' A' J2 H') in K. lra.
  - destruct (Theorem1_empirical e (separate_tame e A)) as (loss & L1 & J1).
    destruct (Theorem1_empirical e' (separate_tame e' A')) as (loss' & L2 & J2).
    assert (K := M e' _ _ A' (ex_intro _ loss (conj L1 eq_refl)) (ex_intro _ loss' (conj L2 eq_refl))).
    rewrite (data_J_unique e _ _ H J1), (data_J_unique e' _ _ H' J2). lra. }
rewrite G, (minimises_terms (gamma alpha_bar sigma)), (minimises_terms (fun _ => 1)).
- split; reflexivity.
- intros; lra.
- intros t Ht. now apply (gamma_pos alpha_bar sigma T).
Qed.

End Data.

(** ** Shared parameters *)

(** One parameter for both times: eps_theta = theta at t = 1 and 1 - theta at t = 2. *)
Definition shared_model (d : nat) (theta : R) (t : nat) (_ : vec d) : vec d :=
  const_d d (match t with 1%nat => theta | _ => 1 - theta end).
Definition shared (d : nat) (e : nat -> vec d -> vec d) : Prop := exists theta, e = shared_model d theta.

Lemma small_gamma : gamma small_alpha small_sigma 1 = 9 / 8 /\ gamma small_alpha small_sigma 2 = 128 / 81.
Proof.
split; [simpl; unfold gamma_first; field|]. cbn [gamma small_alpha small_sigma]. unfold gamma_step, residual_weight.
replace (1 - 16 / 25 - (3 / 5) ^ 2) with 0 by lra. rewrite sqrt_0.
replace (sqrt (16 / 25)) with (4 / 5) by (symmetry; apply sqrt_is; lra). lra.
Qed.

Lemma shared_loss d a theta t (x0 : vec d) :
  data_loss d ((1, x0) :: nil) a (shared_model d theta t) (INR d * (1 + (match t with 1%nat => theta | _ => 1 - theta end) ^ 2)).
Proof.
exists (fun _ => INR d * (1 + (match t with 1%nat => theta | _ => 1 - theta end) ^ 2)). split; [|simpl; ring].
intros w y _. unfold shared_model. apply distance2_const_mean.
Qed.

Theorem shared_parameters_differ d (x0 : vec d) : (1 <= d)%nat ->
  minimises (shared d) (data_L d small_alpha 2 ((1, x0) :: nil) (fun _ => 1)) (shared_model d (1 / 2)) /\
  ~ minimises (shared d) (data_J d small_alpha small_sigma 2 ((1, x0) :: nil)) (shared_model d (1 / 2)).
Proof.
intros Hd. assert (Pd : 0 < INR d) by (apply lt_0_INR; lia). set (data := (1, x0) :: nil).
assert (V : forall weights theta l, data_L d small_alpha 2 data weights (shared_model d theta) l ->
  l = weights 1%nat * (INR d * (1 + theta ^ 2)) + weights 2%nat * (INR d * (1 + (1 - theta) ^ 2))).
{ intros weights theta l [loss [H ->]]. cbn [sum Nat.add].
  rewrite (data_loss_unique d data _ _ _ _ (H 1%nat ltac:(lia)) (shared_loss d _ theta 1 x0)).
  rewrite (data_loss_unique d data _ _ _ _ (H 2%nat ltac:(lia)) (shared_loss d _ theta 2 x0)). ring. }
split.
- split; [now exists (1 / 2)|]. intros e' l l' [theta ->] H H'. rewrite (V _ _ _ H), (V _ _ _ H').
  assert (0 <= INR d * (2 * (theta - 1 / 2) ^ 2)) by (apply Rmult_le_pos; [lra|generalize (pow2_ge_0 (theta - 1 / 2)); lra]). nra.
- intros [_ M]. assert (Tm : forall theta, tame_model_d d 2 (shared_model d theta)) by (intros theta t _; exact (tame_map_const d d _)).
  destruct (Theorem1_empirical d small_alpha small_sigma 2 data small_chain ltac:(simpl; lra) _ (Tm (1 / 2))) as (l1 & A1 & B1).
  destruct (Theorem1_empirical d small_alpha small_sigma 2 data small_chain ltac:(simpl; lra) _ (Tm (3 / 5))) as (l2 & A2 & B2).
  assert (K := M _ _ _ (ex_intro _ (3 / 5) eq_refl) B1 B2). cbn [sum Nat.add] in K.
  destruct small_gamma as [G1 G2]. rewrite G1, G2 in K.
  rewrite (data_loss_unique d data _ _ _ _ (A1 1%nat ltac:(lia)) (shared_loss d _ (1 / 2) 1 x0)) in K.
  rewrite (data_loss_unique d data _ _ _ _ (A1 2%nat ltac:(lia)) (shared_loss d _ (1 / 2) 2 x0)) in K.
  rewrite (data_loss_unique d data _ _ _ _ (A2 1%nat ltac:(lia)) (shared_loss d _ (3 / 5) 1 x0)) in K.
  rewrite (data_loss_unique d data _ _ _ _ (A2 2%nat ltac:(lia)) (shared_loss d _ (3 / 5) 2 x0)) in K. lra.
Qed.

(** ** The best model of a data set *)

Section Best.
Variables (d : nat) (a : R) (data : list (R * vec d)).
Hypothesis a_range : 0 < a < 1.
Hypothesis weights_positive : positive_weights data.

(** The density of x_t, and the average of the points' eps weighted by their share in it. *)
Definition data_density (x : vec d) : R := average data (fun x0 => q_marginal_d d a x0 x).
Definition empirical_eps (x : vec d) : vec d :=
  average_d d data (fun x0 => map2 d (fun e _ => q_marginal_d d a x0 x / data_density x * e)
    (map2 d (predict_eps a) x x0) (map2 d (predict_eps a) x x0)).

Lemma q_marginal_d_pos x0 x : 0 < q_marginal_d d a x0 x.
Proof. apply normal_d_pos. lra. Qed.

Lemma data_density_pos x : 0 < data_density x.
Proof. apply average_pos; [exact weights_positive|]. intro. apply q_marginal_d_pos. Qed.

(** A share is a probability: they sum to 1. *)
Theorem empirical_shares x : average data (fun x0 => q_marginal_d d a x0 x / data_density x) = 1.
Proof.
assert (P := data_density_pos x).
rewrite (average_ext data _ (fun x0 => / data_density x * q_marginal_d d a x0 x)) by (intros; field; lra).
rewrite average_scal. change (average data _) with (data_density x). field. lra.
Qed.

(** Pointwise in x: the squared errors, weighted by density, split at the best eps. *)
Lemma squared_errors_split x (c : vec d) :
  average data (fun x0 => q_marginal_d d a x0 x * distance2 d (map2 d (predict_eps a) x x0) c) =
  average data (fun x0 => q_marginal_d d a x0 x * distance2 d (map2 d (predict_eps a) x x0) (empirical_eps x)) +
  data_density x * distance2 d (empirical_eps x) c.
Proof.
assert (P := data_density_pos x). unfold empirical_eps. set (p := data_density x) in *.
set (g := fun x0 => q_marginal_d d a x0 x) in *.
change (average data (fun x0 => g x0 * distance2 d (map2 d (predict_eps a) x x0) c) =
  average data (fun x0 => g x0 * distance2 d (map2 d (predict_eps a) x x0) (average_d d data (fun x0 => map2 d
    (fun e _ => g x0 / p * e) (map2 d (predict_eps a) x x0) (map2 d (predict_eps a) x x0)))) +
  p * distance2 d (average_d d data (fun x0 => map2 d (fun e _ => g x0 / p * e) (map2 d (predict_eps a) x x0) (map2 d (predict_eps a) x x0))) c).
assert (K : forall n (u : vec d -> vec n) (c : vec n),
  average data (fun y => g y * distance2 n (u y) c) =
  average data (fun y => g y * distance2 n (u y) (average_d n data (fun y => map2 n (fun e _ => g y / p * e) (u y) (u y)))) +
  p * distance2 n (average_d n data (fun y => map2 n (fun e _ => g y / p * e) (u y) (u y))) c).
{ induction n as [|n IH]; intros u c'; [cbn [distance2]; ring|]. cbn [average_d map2 distance2 fst snd].
  assert (S1 := average_square data g (fun y => fst (u y)) (fst c') ltac:(change (p <> 0); lra)).
  cbv zeta in S1. change (average data g) with p in S1. specialize (IH (fun y => snd (u y)) (snd c')).
  set (m := average data (fun y => g y / p * fst (u y))) in *.
  set (ms := average_d n data (fun y => map2 n (fun e _ => g y / p * e) (snd (u y)) (snd (u y)))) in *.
  rewrite (average_ext data (fun y => g y * ((fst (u y) - fst c') ^ 2 + distance2 n (snd (u y)) (snd c')))
    (fun y => g y * (fst (u y) - fst c') ^ 2 + g y * distance2 n (snd (u y)) (snd c'))) by (intros; ring).
  rewrite (average_ext data (fun y => g y * ((fst (u y) - m) ^ 2 + distance2 n (snd (u y)) ms))
    (fun y => g y * (fst (u y) - m) ^ 2 + g y * distance2 n (snd (u y)) ms)) by (intros; ring).
  rewrite !average_plus, S1, IH. ring. }
apply K.
Qed.

(** *** It is a model that Theorem 1 admits *)

Lemma continuous_d_real n : forall (U : UniformSpace) (phi : R -> R) (f : U -> vec n -> R),
  (forall u z, continuous phi (f u z)) -> continuous_d n U f -> continuous_d n U (fun u z => phi (f u z)).
Proof.
induction n as [|n IH]; intros U phi f Hp Hf.
- intro u. apply (continuous_comp (fun u => f u tt) phi); [apply Hf|apply Hp].
- apply (IH (prod_UniformSpace U R_UniformSpace) phi (fun p zs => f (fst p) (snd p, zs))); [intros; apply Hp|exact Hf].
Qed.

Lemma normal_d_bounded n m v (x : vec n) : 0 < v -> normal_d n m v x <= (/ sqrt (2 * PI * v)) ^ n.
Proof.
intros Hv. assert (P := Rlt_le _ _ (Rinv_0_lt_compat _ (normal_scale v Hv))).
induction n as [|n IH]; cbn [normal_d pow]; [lra|].
apply Rmult_le_compat; [apply normal_nonneg, Hv|apply Rlt_le, normal_d_pos, Hv|now apply normal_le|apply IH].
Qed.

Lemma q_marginal_d_polynomial x0 : polynomial_d d (fun x => q_marginal_d d a x0 x).
Proof.
unfold q_marginal_d. set (m := map2 d (fun x0 _ => sqrt a * x0) x0 x0). set (v := 1 - a). assert (Hv : 0 < v) by (unfold v; lra).
split.
- apply (continuous_d_ext d R_UniformSpace (fun _ x => exp (- / (2 * v) * distance2 d x m) * / sqrt (2 * PI * v) ^ d)).
  + intros _ x. rewrite normal_d_isotropic by exact Hv. unfold Rdiv. f_equal. f_equal. field. lra.
  + apply (continuous_d_op d Rmult).
    * intros [x y]. apply (continuous_mult (fun p : R * R => fst p) (fun p => snd p)); [apply continuous_fst|apply continuous_snd].
    * apply (continuous_d_real d R_UniformSpace exp); [intros; apply continuous_exp|].
      apply (tame_d_scal d (- / (2 * v)) (fun x => distance2 d x m)). apply tame_map_distance; [apply tame_map_id|apply tame_map_const].
    * apply tame_d_const.
- exists ((/ sqrt (2 * PI * v)) ^ d), O. split; [apply pow_le, Rlt_le, Rinv_0_lt_compat, normal_scale, Hv|].
  intro z. simpl. rewrite Rmult_1_r, Rabs_pos_eq by (apply Rlt_le, normal_d_pos, Hv). now apply normal_d_bounded.
Qed.

Lemma average_polynomial l (f : vec d -> vec d -> R) :
  (forall w y, In (w, y) l -> polynomial_d d (f y)) -> polynomial_d d (fun x => average l (fun y => f y x)).
Proof.
induction l as [|[w y] rest IH]; intros H; [exact (polynomial_const d 0)|].
apply (polynomial_plus d (fun x => w * f y x) (fun x => average rest (fun y => f y x))).
- apply (polynomial_mult d (fun _ => w) (f y)); [apply polynomial_const|apply (H w y); now left].
- apply IH. intros w' y' HI. apply (H w' y'). now right.
Qed.

Lemma share_polynomial w x0 : In (w, x0) data -> polynomial_d d (fun x => q_marginal_d d a x0 x / data_density x).
Proof.
intros HI. destruct weights_positive as [_ Hw]. split.
- apply (continuous_d_op d Rmult).
  + intros [x y]. apply (continuous_mult (fun p : R * R => fst p) (fun p => snd p)); [apply continuous_fst|apply continuous_snd].
  + apply q_marginal_d_polynomial.
  + apply (continuous_d_real d R_UniformSpace Rinv (fun _ => data_density)).
    * intros _ z. apply continuous_Rinv. generalize (data_density_pos z). lra.
    * apply (average_polynomial data (fun x0 x => q_marginal_d d a x0 x)). intros; apply q_marginal_d_polynomial.
- exists (/ w), O. assert (Pw := Hw w x0 HI). split; [now apply Rlt_le, Rinv_0_lt_compat|]. intro x. simpl. rewrite Rmult_1_r.
  assert (P := data_density_pos x). assert (Q := q_marginal_d_pos x0 x).
  rewrite Rabs_pos_eq by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  assert (B := average_term data (fun x0 => q_marginal_d d a x0 x) w x0 Hw (fun y => Rlt_le _ _ (q_marginal_d_pos y x)) HI).
  change (average data _) with (data_density x) in B.
  apply (Rmult_le_reg_r (w * data_density x)); [now apply Rmult_lt_0_compat|].
  replace (q_marginal_d d a x0 x / data_density x * (w * data_density x)) with (w * q_marginal_d d a x0 x) by (field; lra).
  replace (/ w * (w * data_density x)) with (data_density x) by (field; lra). exact B.
Qed.

Theorem empirical_eps_polynomial : polynomial_map d d empirical_eps.
Proof.
unfold empirical_eps.
assert (K : forall n (u : vec d -> vec d -> vec n), (forall y, polynomial_map d n (u y)) ->
  polynomial_map d n (fun x => average_d n data (fun y => map2 n (fun e _ => q_marginal_d d a y x / data_density x * e) (u y x) (u y x)))).
{ induction n as [|n IH]; intros u Hu; [exact I|]. split.
  - apply (average_polynomial data (fun y x => q_marginal_d d a y x / data_density x * fst (u y x))).
    intros w y HI. apply polynomial_mult; [now apply (share_polynomial w)|apply Hu].
  - apply (IH (fun y x => snd (u y x))). intro y. apply Hu. }
apply (K d (fun y x => map2 d (predict_eps a) x y)). intro y.
assert (P := sqrt_pos_lt (1 - a) ltac:(lra)).
assert (L : forall n (f : vec d -> vec n) (y : vec n), polynomial_map d n f -> polynomial_map d n (fun x => map2 n (predict_eps a) (f x) y)).
{ induction n as [|n IH]; intros f z Hf; [exact I|]. destruct Hf as [H1 H2]. split.
  - apply (polynomial_ext d (fun x => / sqrt (1 - a) * fst (f x) + - (sqrt a * fst z) / sqrt (1 - a))).
    + intro x. cbn [map2 fst]. unfold predict_eps. field. lra.
    + apply polynomial_plus; [apply polynomial_mult; [apply polynomial_const|exact H1]|apply polynomial_const].
  - exact (IH (fun x => snd (f x)) (snd z) H2). }
exact (L d (fun x => x) y (polynomial_map_id d)).
Qed.

(** *** Its loss is the least *)

Lemma integral_d_nonneg n : forall (f : vec n -> R) l, (forall x, 0 <= f x) -> integral_d n f l -> 0 <= l.
Proof.
induction n as [|n IH]; intros f l Hf H; [simpl in H; rewrite <- H; apply Hf|]. destruct H as [g [Hg Ig]].
apply (integral_le (fun _ => 0) g 0 l integral_zero Ig). intro x. apply (IH (fun xs => f (x, xs))); [intro; apply Hf|apply Hg].
Qed.

Lemma integral_d_average l (F : vec d -> vec d -> R) (G : vec d -> R) :
  (forall w y, In (w, y) l -> integral_d d (F y) (G y)) -> integral_d d (fun x => average l (fun y => F y x)) (average l G).
Proof.
assert (Z : integral_d d (fun _ => 0) 0).
{ clear. induction d as [|n IH]; [reflexivity|]. exists (fun _ => 0). split; [intro; exact IH|exact integral_zero]. }
induction l as [|[w y] rest IH]; intros H; [exact Z|]. cbn [average]. apply integral_d_plus.
- apply integral_d_scal. apply (H w y). now left.
- apply IH. intros w' y' HI. apply (H w' y'). now right.
Qed.

Lemma distance2_polynomial n : forall f g : vec d -> vec n, polynomial_map d n f -> polynomial_map d n g ->
  polynomial_d d (fun x => distance2 n (f x) (g x)).
Proof.
induction n as [|n IH]; intros f g Hf Hg; [exact (polynomial_const d 0)|]. destruct Hf as [F1 F2], Hg as [G1 G2].
apply (polynomial_plus d (fun x => (fst (f x) - fst (g x)) ^ 2)); [|exact (IH (fun x => snd (f x)) (fun x => snd (g x)) F2 G2)].
assert (D : polynomial_d d (fun x => fst (f x) + -1 * fst (g x))).
{ apply polynomial_plus; [exact F1|]. apply polynomial_mult; [apply polynomial_const|exact G1]. }
apply (polynomial_ext d (fun x => (fst (f x) + -1 * fst (g x)) * (fst (f x) + -1 * fst (g x)))); [intro; ring|].
now apply polynomial_mult.
Qed.

(** The loss of a point, seen at x_t. *)
Lemma point_loss_at x0 f l : point_loss d a x0 f l ->
  integral_d d (fun x => q_marginal_d d a x0 x * distance2 d (map2 d (predict_eps a) x x0) (f x)) l.
Proof. intros H. exact (noise_error_law d (fun _ => a) (fun _ => f) x0 O l a_range H). Qed.

Theorem empirical_eps_is_optimal f l l' : tame_map d d f ->
  data_loss d data a f l -> data_loss d data a empirical_eps l' ->
  exists gap, 0 <= gap /\ l = l' + gap /\
    integral_d d (fun x => data_density x * distance2 d (empirical_eps x) (f x)) gap.
Proof.
intros Hf [e [He ->]] [e' [He' ->]].
assert (I1 := integral_d_average data _ e (fun w y HI => point_loss_at y f (e y) (He w y HI))).
assert (I2 := integral_d_average data _ e' (fun w y HI => point_loss_at y empirical_eps (e' y) (He' w y HI))).
exists (average data e - average data e').
assert (I3 : integral_d d (fun x => data_density x * distance2 d (empirical_eps x) (f x)) (average data e - average data e')).
{ apply (integral_d_scaled d 1 _ _ _ _ (integral_d_plus d _ _ _ _ I1 (integral_d_scal d _ (-1) _ I2))); [|ring].
  intro x. cbv beta. rewrite (squared_errors_split x (f x)). ring. }
split; [|split; [ring|exact I3]].
apply (integral_d_nonneg d _ _ (fun x => Rmult_le_pos _ _ (Rlt_le _ _ (data_density_pos x)) ltac:(
  assert (N : forall n (y z : vec n), 0 <= distance2 n y z) by (induction n as [|n IH]; intros y z; cbn [distance2]; [lra|];
    generalize (pow2_ge_0 (fst y - fst z)) (IH (snd y) (snd z)); lra); apply N)) I3).
Qed.

End Best.

(** J and L_1 over all continuous polynomially bounded models have one and the same minimiser to show: the
    average above, at every t. *)
Theorem empirical_minimises d alpha_bar sigma T data :
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat -> (forall t, (1 <= t < T)%nat -> alpha_bar (S t) < alpha_bar t) ->
  positive_weights data ->
  let models (_ : nat) := polynomial_map d d in
  let best t := empirical_eps d (alpha_bar t) data in
  minimises (separate d T models) (data_J d alpha_bar sigma T data) best /\
  minimises (separate d T models) (data_L d alpha_bar T data (fun _ => 1)) best.
Proof.
intros D H1 Hdec Hw models best.
assert (Hm : forall t f, (1 <= t <= T)%nat -> models t f -> tame_map d d f) by (intros; now apply polynomial_map_tame).
destruct (minimisers_coincide d alpha_bar sigma T data D H1 models Hm best Hdec) as [E1 E2].
assert (K : minimises (separate d T models) (data_J d alpha_bar sigma T data) best).
{ apply E2. intros t Ht. assert (Ha := chain_domain_alpha _ _ _ t D Ht). split; [now apply empirical_eps_polynomial|].
  intros f l l' Hf Hl Hl'.
  destruct (empirical_eps_is_optimal d (alpha_bar t) data Ha Hw f l' l (polynomial_map_tame d d f Hf) Hl' Hl) as (gap & P & -> & _). lra. }
split; [exact K|now apply E1].
Qed.

(** Two points at equal weight meet its hypotheses. *)
Theorem empirical_instance : positive_weights (uniform (vec2 1 0 :: vec2 0 2 :: nil)).
Proof. apply uniform_weights. discriminate. Qed.
