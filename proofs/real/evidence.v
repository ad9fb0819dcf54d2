(** * E-processes as they run: any observations, supermartingales, mixtures

    Observations w_1, w_2, ... of any type; [E h f l] says that, given the history h (the latest first), f of
    the next one has the expectation l under the null.  All that is asked of E is in [expectation_laws].

    - [ville_super]: a non-negative M whose expected next value is at most its present one reaches c times its
      start with chance at most 1/c, under every stopping rule; as in eprocess.v, for every function below the
      event's indicator that has an expectation.
    - [weighted_super], [several_super]: weighted sums of such M are such; weights of sum 1 share one alpha.
    - [real_laws], [vector_laws], [finite_laws]: densities on R, on R^d, probabilities of finitely many cells.
    - [vector_ratio]: products of predictive densities over N(0, I_d), whatever they are made from.
    - [dirichlet_martingale]: the Dirichlet-multinomial against exact probabilities, in the closed form that the
      tests evaluate, Krichevsky-Trofimov's prior 1/2 among them; [counts_ville]: mixtures of priors.
    - [ties_super]: repeats, where the null ties with any probability up to p0, known or not, depending on the
      past or not; [ties_need_their_order]: for q < p0 it fails.
    - [regression_martingale]: residuals on one covariate known before the draw, b ~ N(0, 1 / kappa): the closed
      form sqrt (kappa / (kappa + Sxx)) exp (Sxr^2 / (2 (kappa + Sxx))). *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws dimensions discrete.
Open Scope R_scope.

(** ** Any observations *)

Section Null.
Context {X : Type}.
Variable E : list X -> (X -> R) -> R -> Prop.

Definition expectation_laws : Prop :=
  (forall h f g lf lg, E h f lf -> E h g lg -> (forall w, f w <= g w) -> lf <= lg) /\
  (forall h f k l, E h f l -> E h (fun w => k * f w) (k * l)) /\
  (forall h f g lf lg, E h f lf -> E h g lg -> E h (fun w => f w + g w) (lf + lg)) /\
  (forall h, E h (fun _ => 1) 1).

Hypothesis laws : expectation_laws.

Definition supermartingale (M : list X -> R) : Prop :=
  (forall h, 0 <= M h) /\ forall h, exists l, E h (fun w => M (w :: h)) l /\ l <= M h.

(** E[phi | h] after N more observations. *)
Fixpoint expected (N : nat) (phi : list X -> R) (h : list X) (l : R) : Prop :=
  match N with
  | O => l = phi h
  | S n => exists g, (forall w, expected n phi (w :: h) (g w)) /\ E h g l
  end.

(** M has been at least c at some time up to now. *)
Fixpoint reaches (M : list X -> R) (c : R) (h : list X) : Prop :=
  c <= M h \/ match h with nil => False | _ :: past => reaches M c past end.

Lemma expected_le_1 N : forall phi h l, (forall h, phi h <= 1) -> expected N phi h l -> l <= 1.
Proof.
destruct laws as (Le & _ & _ & One). induction N as [|N IH]; simpl; intros phi h l Hp H; [rewrite H; apply Hp|].
destruct H as [g [Hg I]]. apply (Le h g (fun _ => 1) l 1 I (One h)). intro w. now apply (IH phi (w :: h)).
Qed.

Lemma ville_from_here M c phi : supermartingale M -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reaches M c h -> phi h <= 0) ->
  forall N h l, expected N phi h l -> ~ reaches M c h -> l <= M h / c.
Proof.
intros [HM Hs] Hc H1 H0. destruct laws as (Le & Scal & _ & _). induction N as [|N IH]; simpl; intros h l H Hn.
- rewrite H. apply Rle_trans with 0; [now apply H0|]. apply Rmult_le_pos; [apply HM|now apply Rlt_le, Rinv_0_lt_compat].
- destruct H as [g [Hg I]]. destruct (Hs h) as [m [Im Hm]].
  assert (K := Scal h _ (/ c) _ Im). apply Rle_trans with (/ c * m).
  + apply (Le h g _ l _ I K). intro w. rewrite Rmult_comm.
    destruct (Rle_lt_dec c (M (w :: h))) as [Hr|Hr].
    * apply Rle_trans with 1; [now apply (expected_le_1 N phi (w :: h))|].
      apply Rmult_le_reg_r with c; trivial. rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra.
    * apply (IH (w :: h)); [apply Hg|]. simpl. intros [K1|K1]; [lra|now apply Hn].
  + unfold Rdiv. rewrite Rmult_comm. apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|exact Hm].
Qed.

Theorem ville_super M c phi N l : supermartingale M -> M nil = 1 -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reaches M c h -> phi h <= 0) -> expected N phi nil l -> l <= 1 / c.
Proof.
intros HM M1 Hc H1 H0 H. destruct (Rle_lt_dec c 1) as [Hc1|Hc1].
- apply Rle_trans with 1; [now apply (expected_le_1 N phi nil)|].
  apply Rmult_le_reg_r with c; trivial. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra.
- rewrite <- M1. apply (ville_from_here M c phi HM Hc H1 H0 N nil l H). simpl. rewrite M1. intros [K|K]; [lra|exact K].
Qed.

(** *** Mixtures *)

Fixpoint weighted_sum (claims : list (R * (list X -> R))) (h : list X) : R :=
  match claims with nil => 0 | (w, M) :: rest => w * M h + weighted_sum rest h end.
Fixpoint weight_total (claims : list (R * (list X -> R))) : R :=
  match claims with nil => 0 | (w, _) :: rest => w + weight_total rest end.

Definition sound (claims : list (R * (list X -> R))) : Prop :=
  forall w M, In (w, M) claims -> 0 <= w /\ supermartingale M /\ M nil = 1.

Lemma sound_tail c rest : sound (c :: rest) -> sound rest.
Proof. intros H w M HI. apply H. now right. Qed.

Theorem weighted_super claims : sound claims ->
  supermartingale (weighted_sum claims) /\ weighted_sum claims nil = weight_total claims.
Proof.
destruct laws as (Le & Scal & Plus & One). induction claims as [|[w M] rest IH]; intros H.
- split; [split; [intro; simpl; lra|]|reflexivity]. intro h. exists (0 * 1). split; [|simpl; lra].
  generalize (Scal h (fun _ => 1) 0 1 (One h)). simpl. intro K.
  assert (Z := Plus h _ _ _ _ K (Scal h _ (-1) _ K)).
  replace (0 * 1) with (0 * 1 + -1 * (0 * 1)) by ring.
  replace (fun _ : X => 0) with (fun _ : X => 0 * 1 + -1 * (0 * 1)); [exact Z|].
  apply FunctionalExtensionality.functional_extensionality. intro. ring.
- destruct (H w M (or_introl eq_refl)) as (Hw & [HM SM] & M1). destruct (IH (sound_tail _ _ H)) as [[HR SR] R1].
  split; [split|cbn [weighted_sum weight_total]; rewrite M1, R1; ring].
  + intro h. cbn [weighted_sum]. specialize (HR h). assert (0 <= w * M h) by (apply Rmult_le_pos; [exact Hw|apply HM]). lra.
  + intro h. destruct (SM h) as [l [Il Bl]], (SR h) as [r [Ir Br]]. exists (w * l + r). split.
    * exact (Plus h _ _ _ _ (Scal h _ w _ Il) Ir).
    * cbn [weighted_sum]. apply (Rmult_le_compat_l w) in Bl; [lra|exact Hw].
Qed.

Lemma weighted_sum_ge claims w M h : sound claims -> In (w, M) claims -> w * M h <= weighted_sum claims h.
Proof.
induction claims as [|[w' M'] rest IH]; intros H HI; [destruct HI|].
assert (P := proj1 (proj1 (weighted_super rest (sound_tail _ _ H))) h).
destruct (H w' M' (or_introl eq_refl)) as (Hw' & [HM' _] & _). specialize (HM' h).
assert (0 <= w' * M' h) by (apply Rmult_le_pos; lra). cbn [weighted_sum].
destruct HI as [E'|HI]; [injection E'; intros; subst; lra|]. specialize (IH (sound_tail _ _ H) HI). lra.
Qed.

Lemma reaches_weighted claims w M c h : sound claims -> In (w, M) claims -> 0 < w ->
  reaches M (c / w) h -> reaches (weighted_sum claims) c h.
Proof.
intros H HI Hw. induction h as [|z h IH]; simpl; intros [K|K]; try tauto; left.
- apply Rle_trans with (2 := weighted_sum_ge claims w M nil H HI).
  apply (Rmult_le_compat_l w) in K; [|lra]. replace (w * (c / w)) with c in K by (field; lra). exact K.
- apply Rle_trans with (2 := weighted_sum_ge claims w M (z :: h) H HI).
  apply (Rmult_le_compat_l w) in K; [|lra]. replace (w * (c / w)) with c in K by (field; lra). exact K.
Qed.

(** Any claim's w E reaching 1 / alpha: chance at most alpha, whatever the claims' dependence. *)
Theorem several_super claims alpha phi N l : sound claims -> (forall w M, In (w, M) claims -> 0 < w) ->
  weight_total claims = 1 -> 0 < alpha -> (forall h, phi h <= 1) ->
  (forall h, (forall w M, In (w, M) claims -> ~ reaches M (1 / alpha / w) h) -> phi h <= 0) ->
  expected N phi nil l -> l <= alpha.
Proof.
intros H Pw Hw Ha H1 H0 He. destruct (weighted_super claims H) as [S1 S2].
replace alpha with (1 / (1 / alpha)) by (field; lra).
apply (ville_super (weighted_sum claims) (1 / alpha) phi N l); trivial.
- now rewrite S2.
- apply Rdiv_lt_0_compat; lra.
- intros h Hr. apply H0. intros w M HI HM. apply Hr. apply (reaches_weighted claims w M (1 / alpha) h H HI); [now apply (Pw w M)|exact HM].
Qed.

End Null.

(** ** Reals, vectors, cells *)

Definition real_expectation (q : list R -> R -> R) (h : list R) (f : R -> R) (l : R) : Prop := integral (fun w => q h w * f w) l.

Theorem real_laws q : (forall h w, 0 <= q h w) -> (forall h, integral (q h) 1) -> expectation_laws (real_expectation q).
Proof.
intros Hq Iq. unfold expectation_laws, real_expectation. repeat split.
- intros h f g lf lg Hf Hg H. apply (integral_le _ _ _ _ Hf Hg). intro w. now apply Rmult_le_compat_l.
- intros h f k l H. apply (integral_scaled k _ _ _ _ H); [intro; ring|reflexivity].
- intros h f g lf lg Hf Hg. eapply integral_ext; [|exact (integral_plus _ _ _ _ Hf Hg)]. intro. cbv beta. ring.
- intro h. eapply integral_ext; [|exact (Iq h)]. intro. ring.
Qed.

Lemma integral_d_le d : forall f g lf lg, (forall x : vec d, f x <= g x) -> integral_d d f lf -> integral_d d g lg -> lf <= lg.
Proof.
induction d as [|d IH]; simpl; intros f g lf lg H Hf Hg; [rewrite <- Hf, <- Hg; apply H|].
destruct Hf as [F [HF IF]], Hg as [G [HG IG]]. apply (integral_le F G lf lg IF IG). intro x.
apply (IH (fun xs => f (x, xs)) (fun xs => g (x, xs))); [intro; apply H|apply HF|apply HG].
Qed.

Definition vector_expectation (d : nat) (q : list (vec d) -> vec d -> R) (h : list (vec d)) (f : vec d -> R) (l : R) : Prop :=
  integral_d d (fun w => q h w * f w) l.

Theorem vector_laws d q : (forall h w, 0 <= q h w) -> (forall h, integral_d d (q h) 1) -> expectation_laws (vector_expectation d q).
Proof.
intros Hq Iq. unfold expectation_laws, vector_expectation. repeat split.
- intros h f g lf lg Hf Hg H. apply (integral_d_le d _ _ _ _ (fun w => Rmult_le_compat_l _ _ _ (Hq h w) (H w)) Hf Hg).
- intros h f k l H. apply (integral_d_scaled d k _ _ _ _ H); [intro; ring|reflexivity].
- intros h f g lf lg Hf Hg. eapply integral_d_ext; [|exact (integral_d_plus d _ _ _ _ Hf Hg)]. intro. cbv beta. ring.
- intro h. eapply integral_d_ext; [|exact (Iq h)]. intro. ring.
Qed.

(** Products of predictive densities over the null's, on R^d. *)
Fixpoint vector_ratio {d : nat} (q p : list (vec d) -> vec d -> R) (h : list (vec d)) : R :=
  match h with nil => 1 | w :: past => vector_ratio q p past * (p past w / q past w) end.

Theorem vector_ratio_martingale d q p : (forall h w, 0 < q h w) -> (forall h w, 0 <= p h w) -> (forall h, integral_d d (p h) 1) ->
  supermartingale (vector_expectation d q) (vector_ratio q p).
Proof.
intros Hq Hp Ip. split.
- induction h as [|w h IH]; simpl; [lra|]. apply Rmult_le_pos; [exact IH|].
  apply Rmult_le_pos; [apply Hp|apply Rlt_le, Rinv_0_lt_compat, Hq].
- intro h. exists (vector_ratio q p h). split; [|lra].
  apply (integral_d_scaled d (vector_ratio q p h) _ _ _ _ (Ip h)); [|ring].
  intro w. simpl. generalize (Hq h w). intro. field. lra.
Qed.

(** Whitened residuals in R^d against any alternative with a density. *)
Theorem vector_ville d p c phi N l : (forall h w, 0 <= p h w) -> (forall h, integral_d d (p h) 1) -> 0 < c ->
  let null (_ : list (vec d)) (w : vec d) := normal_d d (const_d d 0) 1 w in
  (forall h, phi h <= 1) -> (forall h, ~ reaches (vector_ratio null p) c h -> phi h <= 0) ->
  expected (vector_expectation d null) N phi nil l -> l <= 1 / c.
Proof.
intros Hp Ip Hc null H1 H0 H.
assert (Pn : forall h w, 0 < null h w) by (intros; apply normal_d_pos; lra).
refine (ville_super (vector_expectation d null) _ (vector_ratio null p) c phi N l _ eq_refl Hc H1 H0 H).
- apply vector_laws; [intros; now apply Rlt_le|]. intro. apply normal_d_normalised. lra.
- now apply vector_ratio_martingale.
Qed.

(** K cells, of probability p h k given the history. *)
Definition finite_expectation (K : nat) (p : list nat -> nat -> R) (h : list nat) (f : nat -> R) (l : R) : Prop :=
  total K (fun k => p h k * f k) = l.

Lemma total_le K : forall f g, (forall k, (k < K)%nat -> f k <= g k) -> total K f <= total K g.
Proof.
induction K as [|K IH]; intros f g H; simpl; [lra|].
assert (total K f <= total K g) by (apply IH; intros; apply H; lia). assert (f K <= g K) by (apply H; lia). lra.
Qed.

Theorem finite_laws K p : (forall h k, (k < K)%nat -> 0 <= p h k) -> (forall h, total K (p h) = 1) ->
  expectation_laws (finite_expectation K p).
Proof.
intros Hp Ip. unfold expectation_laws, finite_expectation. repeat split.
- intros h f g lf lg <- <- H. apply total_le. intros k Hk. apply Rmult_le_compat_l; [now apply Hp|apply H].
- intros h f k l <-. rewrite <- total_scale. apply total_ext. intros. ring.
- intros h f g lf lg <- <-. rewrite <- total_plus. apply total_ext. intros. ring.
- intro h. apply eq_trans with (2 := Ip h). apply total_ext. intros. ring.
Qed.

(** ** Counts against exact probabilities *)

(** a (a + 1) ... (a + n - 1): Gamma (a + n) / Gamma (a). *)
Fixpoint rising (a : R) (n : nat) : R := match n with O => 1 | S m => rising a m * (a + INR m) end.

Lemma rising_pos a n : 0 < a -> 0 < rising a n.
Proof.
intros Ha. induction n as [|n IH]; simpl; [lra|]. apply Rmult_lt_0_compat; [exact IH|]. generalize (pos_INR n). lra.
Qed.

Fixpoint count (k : nat) (h : list nat) : nat :=
  match h with nil => O | j :: past => if Nat.eqb j k then S (count k past) else count k past end.

Section Dirichlet.
Variables (K : nat) (p prior : nat -> R).
Hypotheses (p_pos : forall k, (k < K)%nat -> 0 < p k) (p_total : total K p = 1).
Hypothesis prior_pos : forall k, 0 < prior k.
Hypothesis cells : (0 < K)%nat.

Fixpoint cells_product (n : nat) (h : list nat) : R :=
  match n with O => 1 | S k => cells_product k h * (rising (prior k) (count k h) / p k ^ count k h) end.

(** What log_e_dirichlet evaluates, by Gamma's recursion. *)
Definition dirichlet (h : list nat) : R := cells_product K h / rising (total K prior) (length h).

Lemma total_prior_pos : 0 < total K prior.
Proof.
destruct K as [|n]; [lia|]. simpl. assert (A : 0 <= total n prior); [|generalize (prior_pos n); lra].
clear - prior_pos. induction n as [|n IH]; simpl; [lra|]. generalize (prior_pos n). lra.
Qed.

Lemma cells_product_pos n h : (n <= K)%nat -> 0 < cells_product n h.
Proof.
induction n as [|n IH]; intros Hn; simpl; [lra|]. apply Rmult_lt_0_compat; [apply IH; lia|].
apply Rdiv_lt_0_compat; [now apply rising_pos|apply pow_lt, p_pos; lia].
Qed.

(** One more observation in cell j changes that cell's factor alone. *)
Lemma cells_product_next n j h : (n <= K)%nat -> (j < K)%nat ->
  cells_product n (j :: h) = cells_product n h * (if Nat.ltb j n then (prior j + INR (count j h)) / p j else 1).
Proof.
intros Hn Hj. assert (Pj := p_pos j Hj). induction n as [|n IH]; [simpl; ring|]. cbn [cells_product count]. rewrite IH by lia.
destruct (Nat.eqb_spec j n) as [->|N].
- rewrite (proj2 (Nat.ltb_ge n n) (le_n n)), (proj2 (Nat.ltb_lt n (S n)) (Nat.lt_succ_diag_r n)).
  cbn [rising pow]. assert (0 < p n ^ count n h) by (now apply pow_lt). field. lra.
- assert (E : Nat.ltb j n = Nat.ltb j (S n)).
  { destruct (Nat.ltb_spec j n), (Nat.ltb_spec j (S n)); trivial; lia. }
  rewrite E. ring.
Qed.

Lemma counts_total h : (forall j, In j h -> (j < K)%nat) -> total K (fun k => INR (count k h)) = INR (length h).
Proof.
induction h as [|j h IH]; intros H; [simpl count; rewrite (total_const K (INR 0)); simpl; ring|].
specialize (IH (fun i HI => H i (or_intror HI))). assert (Hj := H j (or_introl eq_refl)).
rewrite (total_ext K _ (fun k => INR (count k h) + point j k * 1)).
- rewrite total_plus, IH, (total_point K j (fun _ => 1) Hj). cbn [length]. now rewrite S_INR.
- intros k _. cbn [count]. unfold point. destruct (Nat.eqb j k); [rewrite S_INR; ring|ring].
Qed.

Theorem dirichlet_martingale h : (forall j, In j h -> (j < K)%nat) ->
  total K (fun k => p k * dirichlet (k :: h)) = dirichlet h.
Proof.
intros Hh. assert (PT := total_prior_pos). unfold dirichlet. cbn [length].
set (n := length h). set (A := total K prior) in *.
assert (Pn : 0 < A + INR n) by (generalize (pos_INR n); lra). assert (PR := rising_pos A n PT).
rewrite (total_ext K _ (fun k => cells_product K h / rising A (S n) * (prior k + INR (count k h)))).
- rewrite total_scale, total_plus, counts_total by exact Hh. fold A n. cbn [rising]. field. lra.
- intros k Hk. rewrite cells_product_next by (lia || exact Hk). rewrite (proj2 (Nat.ltb_lt k K) Hk).
  assert (Pk := p_pos k Hk). cbn [rising]. field. repeat split; lra.
Qed.

(** As a process on all histories: a cell that the null cannot produce leaves it where it was. *)
Fixpoint possible (h : list nat) : list nat :=
  match h with nil => nil | j :: past => if Nat.ltb j K then j :: possible past else possible past end.

Lemma possible_cells h : forall j, In j (possible h) -> (j < K)%nat.
Proof.
induction h as [|i h IH]; simpl; intros j HI; [destruct HI|]. destruct (Nat.ltb_spec i K); [|now apply IH].
destruct HI as [<-|HI]; [assumption|now apply IH].
Qed.

Theorem dirichlet_super : supermartingale (finite_expectation K (fun _ => p)) (fun h => dirichlet (possible h)) /\
  dirichlet (possible nil) = 1.
Proof.
split; [split|].
- intro h. unfold dirichlet. apply Rlt_le, Rdiv_lt_0_compat; [now apply cells_product_pos|apply rising_pos, total_prior_pos].
- intro h. exists (dirichlet (possible h)). split; [|lra]. unfold finite_expectation.
  rewrite <- (dirichlet_martingale (possible h) (possible_cells h)). apply total_ext. intros k Hk.
  cbn [possible]. now rewrite (proj2 (Nat.ltb_lt k K) Hk).
- unfold dirichlet. simpl. replace (cells_product K nil) with 1; [field|].
  symmetry. clear. generalize K. induction K0 as [|n IH]; simpl; [reflexivity|]. rewrite IH. field.
Qed.

End Dirichlet.

(** Averages over priors: Krichevsky-Trofimov's 1/2 in every cell, and priors centred at the null. *)
Theorem counts_ville K p (priors : list (R * (nat -> R))) c phi N l :
  (0 < K)%nat -> (forall k, (k < K)%nat -> 0 < p k) -> total K p = 1 ->
  (forall w prior, In (w, prior) priors -> 0 <= w /\ forall k, 0 < prior k) ->
  let claims := map (fun wp => (fst wp, fun h => dirichlet K p (snd wp) (possible K h))) priors in
  weight_total claims = 1 -> 0 < c ->
  (forall h, phi h <= 1) -> (forall h, ~ reaches (weighted_sum claims) c h -> phi h <= 0) ->
  expected (finite_expectation K (fun _ => p)) N phi nil l -> l <= 1 / c.
Proof.
intros HK Hp Ip Hw claims W Hc H1 H0 H.
assert (L : expectation_laws (finite_expectation K (fun _ => p))) by (apply finite_laws; [intros; now apply Rlt_le, Hp|trivial]).
assert (S : sound (finite_expectation K (fun _ => p)) claims).
{ intros w M HI. apply in_map_iff in HI. destruct HI as ([w' prior] & E & HI). injection E as <- <-. cbn [fst snd].
  destruct (Hw w' prior HI) as [A B]. split; [exact A|]. now apply dirichlet_super. }
destruct (weighted_super _ L claims S) as [S1 S2].
apply (ville_super _ L (weighted_sum claims) c phi N l S1); trivial. now rewrite S2.
Qed.

(** ** Ties *)

(** Cell 1 is a tie, cell 0 is none; the null ties with a probability of at most p0, given the past. *)
Definition tie_law (p : list nat -> R) (h : list nat) (k : nat) : R := match k with O => 1 - p h | _ => p h end.
Fixpoint tie_ratio (p0 q : R) (h : list nat) : R :=
  match h with nil => 1 | O :: past => tie_ratio p0 q past * ((1 - q) / (1 - p0)) | _ :: past => tie_ratio p0 q past * (q / p0) end.

Theorem ties_super p p0 q : 0 < p0 -> p0 <= q -> q < 1 -> (forall h, 0 <= p h <= p0) ->
  expectation_laws (finite_expectation 2 (tie_law p)) /\
  supermartingale (finite_expectation 2 (tie_law p)) (tie_ratio p0 q) /\ tie_ratio p0 q nil = 1.
Proof.
intros Hp0 Hq Hq1 Hp. split; [|split; [split|reflexivity]].
- apply finite_laws.
  + intros h k _. specialize (Hp h). destruct k; simpl; lra.
  + intro h. simpl. ring.
- induction h as [|k h IH]; [simpl; lra|]. destruct k; cbn [tie_ratio]; apply Rmult_le_pos; trivial;
    apply Rlt_le, Rdiv_lt_0_compat; lra.
- assert (P : forall h, 0 <= tie_ratio p0 q h).
  { induction h as [|k h IH]; [simpl; lra|]. destruct k; cbn [tie_ratio]; apply Rmult_le_pos; trivial; apply Rlt_le, Rdiv_lt_0_compat; lra. }
  intro h. specialize (Hp h). specialize (P h).
  exists (tie_ratio p0 q h * ((1 - p h) * ((1 - q) / (1 - p0)) + p h * (q / p0))). split.
  + unfold finite_expectation. cbn [total tie_law tie_ratio]. ring.
  + rewrite <- (Rmult_1_r (tie_ratio p0 q h)) at 2. apply Rmult_le_compat_l; [exact P|].
    apply (Rmult_le_reg_r (p0 * (1 - p0))); [apply Rmult_lt_0_compat; lra|].
    replace (((1 - p h) * ((1 - q) / (1 - p0)) + p h * (q / p0)) * (p0 * (1 - p0)))
      with ((1 - p h) * (1 - q) * p0 + p h * q * (1 - p0)) by (field; lra).
    assert (0 <= (p0 - p h) * (q - p0)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** With q below p0 a null that never ties makes it grow. *)
Theorem ties_need_their_order : ~ supermartingale (finite_expectation 2 (tie_law (fun _ => 0))) (tie_ratio (1 / 2) (1 / 4)).
Proof.
intros [_ H]. destruct (H nil) as [l [I B]]. unfold finite_expectation in I. cbn [total tie_law tie_ratio] in *. lra.
Qed.

(** ** Residuals on a covariate *)

(** Sums of x^2 and x r over the past; x is made from the past alone. *)
Section Regression.
Variables (kappa : R) (x : list R -> R).
Hypothesis kappa_pos : 0 < kappa.

Fixpoint sum_xx (h : list R) : R := match h with nil => 0 | _ :: past => sum_xx past + x past ^ 2 end.
Fixpoint sum_xr (h : list R) : R := match h with nil => 0 | r :: past => sum_xr past + x past * r end.
Definition regression (h : list R) : R :=
  sqrt (kappa / (kappa + sum_xx h)) * exp (sum_xr h ^ 2 / (2 * (kappa + sum_xx h))).

Lemma sum_xx_nonneg h : 0 <= sum_xx h.
Proof. induction h as [|r h IH]; simpl; [lra|]. generalize (Rle_0_sqr (x h)). unfold Rsqr. lra. Qed.

(** The next factor is a normal predictive density over N(0, 1). *)
Lemma regression_next h r : let P := kappa + sum_xx h in let mean := sum_xr h / P in
  normal 0 1 r * regression (r :: h) = regression h * normal (x h * mean) (1 + x h ^ 2 / P) r.
Proof.
cbv zeta. unfold regression. cbn [sum_xx sum_xr]. assert (HPI := PI_RGT_0).
assert (PP : 0 < kappa + sum_xx h) by (generalize (sum_xx_nonneg h); lra). assert (Q := pow2_ge_0 (x h)).
set (P := kappa + sum_xx h) in *. set (b := sum_xr h). set (z := x h) in *. replace (kappa + (sum_xx h + z ^ 2)) with (P + z ^ 2) by (unfold P; ring).
assert (PV : 0 < 1 + z ^ 2 / P) by (assert (0 <= z ^ 2 / P) by (apply Rmult_le_pos; [exact Q|now apply Rlt_le, Rinv_0_lt_compat]); lra).
unfold normal.
replace (2 * PI * (1 + z ^ 2 / P)) with (2 * PI * 1 * ((P + z ^ 2) / P)) by (field; lra).
assert (P3 : 0 < (P + z ^ 2) / P) by (apply Rdiv_lt_0_compat; lra).
rewrite (sqrt_mult (2 * PI * 1)) by lra.
replace (kappa / (P + z ^ 2)) with (kappa / P * / ((P + z ^ 2) / P)) by (field; lra).
assert (P4 : 0 < / ((P + z ^ 2) / P)) by now apply Rinv_0_lt_compat.
rewrite (sqrt_mult (kappa / P)) by (try lra; apply Rlt_le, Rdiv_lt_0_compat; lra). rewrite sqrt_inv.
assert (S1 := sqrt_lt_R0 (2 * PI * 1) ltac:(lra)). assert (S2 := sqrt_lt_R0 _ P3).
set (s1 := sqrt (2 * PI * 1)) in *. set (s2 := sqrt ((P + z ^ 2) / P)) in *. set (s3 := sqrt (kappa / P)).
assert (E : exp (- (r - 0) ^ 2 / (2 * 1)) * exp ((b + z * r) ^ 2 / (2 * (P + z ^ 2))) =
  exp (b ^ 2 / (2 * P)) * exp (- (r - z * (b / P)) ^ 2 / (2 * (1 + z ^ 2 / P)))).
{ rewrite <- !exp_plus. f_equal. field. repeat split; lra. }
transitivity (s3 * / s2 * / s1 * (exp (- (r - 0) ^ 2 / (2 * 1)) * exp ((b + z * r) ^ 2 / (2 * (P + z ^ 2))))); [field; lra|].
rewrite E. field. lra.
Qed.

Theorem regression_martingale :
  supermartingale (real_expectation (fun _ w => normal 0 1 w)) regression /\ regression nil = 1.
Proof.
split; [split|].
- intro h. apply Rmult_le_pos; [apply sqrt_pos|apply Rlt_le, exp_pos].
- intro h. exists (regression h). split; [|lra]. unfold real_expectation.
  assert (P : 0 < kappa + sum_xx h) by (generalize (sum_xx_nonneg h); lra).
  assert (V : 0 < 1 + x h ^ 2 / (kappa + sum_xx h)).
  { assert (0 <= x h ^ 2 / (kappa + sum_xx h)) by (apply Rmult_le_pos; [apply pow2_ge_0|now apply Rlt_le, Rinv_0_lt_compat]). lra. }
  apply (integral_scaled (regression h) _ _ _ _ (normal_normalised (x h * (sum_xr h / (kappa + sum_xx h))) _ V)); [|ring].
  intro r. apply regression_next.
- unfold regression. simpl. rewrite Rplus_0_r. replace (kappa / kappa) with 1 by (field; lra).
  replace (0 * (0 * 1) / (2 * kappa)) with 0 by (field; lra). rewrite sqrt_1, exp_0. ring.
Qed.

End Regression.

(** Its hypotheses are met: a covariate that is the last residual, and Krichevsky-Trofimov over two cells. *)
Theorem evidence_instance :
  regression 4 (fun h => hd 1 h) nil = 1 /\ dirichlet 2 (fun _ => 1 / 2) (fun _ => 1 / 2) (0 :: 0 :: nil)%nat = 3 / 2.
Proof.
split; [apply regression_martingale; lra|]. unfold dirichlet. simpl. field.
Qed.
