(** * Lemma 1 in R^d, and along tau, as true marginals of Eq6

    Nothing is assumed about the laws of x_t: every other state is integrated out of the joint density.

    - [Lemma1_joint_d]: what is left of Eq6 over R^d is N(sqrt a_t x_0, (1 - a_t) I), for each t.
    - [Lemma1_tau_joint_d]: the same for the chain that the sampler runs along a sub-sequence tau, with
      sigmas of its own.
    - [two_steps_d]: two of Eq7's kernels in a row are one of Eq7's kernels, with
      s''^2 = s'^2 + (1 - a_q - s'^2) s^2 / (1 - a_p).
    - [Eq6_tau_d]: hence the marginal of Eq6 at x_tau1, ..., x_taun is Eq6 along tau, with [sigma_tau]
      from sigma: the accelerated chain with these sigmas is the original one seen at tau.
    - [sigma_tau_ddpm]: at DDPM's variance for every step, sigma_tau is DDPM's along tau;
      [sigma_tau_is_not_inherited]: in general it is not the sigma of the same time. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian predictor steps laws objective dimensions tower paths instances.
Open Scope R_scope.

(** ** Two steps are one *)

Definition two_steps_variance (a_p a_q s s' : R) : R := s' ^ 2 + (1 - a_q - s' ^ 2) / (1 - a_p) * s ^ 2.

Lemma two_steps_domain a a_p a_q s s' : eq7_domain a a_p s -> eq7_domain a_p a_q s' ->
  0 < two_steps_variance a_p a_q s s' /\ eq7_domain a a_q (sqrt (two_steps_variance a_p a_q s s')).
Proof.
intros (Ha & Hap & Hs & Hd) (_ & Haq & Hs' & Hd'). assert (P := sqr_pos s Hs). assert (P' := sqr_pos s' Hs').
unfold two_steps_variance. set (r := (1 - a_q - s' ^ 2) / (1 - a_p)).
assert (Hr : 0 <= r) by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
assert (Er : r * (1 - a_p) = 1 - a_q - s' ^ 2) by (unfold r; field; lra).
assert (B : r * s ^ 2 <= r * (1 - a_p)) by now apply Rmult_le_compat_l.
assert (B0 : 0 <= r * s ^ 2) by (apply Rmult_le_pos; lra).
split; [lra|]. repeat split; try lra; [apply sqrt_lt_R0; lra|]. rewrite sqrt_squared by lra. lra.
Qed.

Lemma two_steps a a_p a_q s s' x0 x z : eq7_domain a a_p s -> eq7_domain a_p a_q s' ->
  integral (fun y => q_posterior a a_p s x0 x y * q_posterior a_p a_q s' x0 y z)
    (q_posterior a a_q (sqrt (two_steps_variance a_p a_q s s')) x0 x z).
Proof.
intros H H'. destruct (two_steps_domain a a_p a_q s s' H H') as [PV D].
destruct H as (Ha & Hap & Hs & Hd), H' as (_ & Haq & Hs' & Hd'). destruct D as (_ & _ & _ & DV).
rewrite sqrt_squared in DV by lra.
eapply integral_eq; [exact (total_probability (posterior_mean a a_p s x x0) (s ^ 2) (slope a_p a_q s')
  (intercept a_p a_q s' x0) (s' ^ 2) z (sqr_pos _ Hs) (sqr_pos _ Hs'))| |].
- intro y. cbv beta. unfold q_posterior. now rewrite <- posterior_mean_affine.
- unfold q_posterior. rewrite sqrt_squared by lra. f_equal.
  + unfold evidence_mean. rewrite <- posterior_mean_affine. unfold posterior_mean. rewrite sqrt_squared by lra.
    assert (E : sqrt (1 - a_q - two_steps_variance a_p a_q s s') =
      sqrt (1 - a_q - s' ^ 2) * sqrt (1 - a_p - s ^ 2) / sqrt (1 - a_p)).
    { rewrite sqrt_quotient by lra. f_equal. unfold two_steps_variance. field. lra. }
    rewrite E. assert (P := sqrt_pos_lt (1 - a_p) ltac:(lra)). assert (Q := sqrt_pos_lt (1 - a) ltac:(lra)). field. lra.
  + unfold evidence_variance. rewrite slope_square by lra. unfold two_steps_variance. ring.
Qed.

Theorem two_steps_d d a a_p a_q s s' : eq7_domain a a_p s -> eq7_domain a_p a_q s' -> forall x0 x z : vec d,
  integral_d d (fun y => q_posterior_d d a a_p s x0 x y * q_posterior_d d a_p a_q s' x0 y z)
    (q_posterior_d d a a_q (sqrt (two_steps_variance a_p a_q s s')) x0 x z).
Proof.
intros H H'. induction d as [|d IH]; intros x0 x z.
- unfold q_posterior_d. simpl. ring.
- eapply integral_d_ext; [|exact (integral_d_cons d _ _ _ _ (two_steps a a_p a_q s s' (fst x0) (fst x) (fst z) H H')
    (IH (snd x0) (snd x) (snd z)))].
  intros [y ys]. unfold q_posterior_d, q_posterior. cbn [normal_d map2 fst snd]. ring.
Qed.

(** ** Integrating states out of Eq6 *)

Lemma product_split f lo p q : product f lo (p + q) = product f lo p * product f (lo + p) q.
Proof.
induction q as [|q IH]; [rewrite Nat.add_0_r; simpl; ring|].
rewrite Nat.add_succ_r. cbn [product]. rewrite IH. replace (lo + p + q)%nat with (lo + (p + q))%nat by lia. ring.
Qed.

Section Joint.
Variables (d : nat) (alpha_bar sigma : nat -> R) (x0 : vec d) (T : nat).
Hypothesis domain : chain_domain alpha_bar sigma T.
Notation step := (reverse_step_d d alpha_bar sigma x0).
Notation marginal t := (q_marginal_d d (alpha_bar t) x0).

Lemma steps_untouched x i u lo n : (i < lo \/ lo + n < i)%nat ->
  product (step (set_at_d x i u)) lo n = product (step x) lo n.
Proof. intros H. apply product_ext. intros t Ht. unfold reverse_step_d. now rewrite !set_at_d_other by lia. Qed.

(** The cleanest state. *)
Lemma integrate_clean_d i n x : (1 <= i)%nat -> (i + S n = T)%nat ->
  integral_d d (fun u => marginal T (set_at_d x i u T) * product (step (set_at_d x i u)) i (S n))
    (marginal T (x T) * product (step x) (S i) n).
Proof.
intros Hi Hn. destruct domain as (_ & _ & H). destruct (H i ltac:(lia)) as (_ & _ & Hs & _).
apply (integral_d_scaled d (marginal T (x T) * product (step x) (S i) n) _ _ _ _
  (normal_d_normalised d (map2 d (posterior_mean (alpha_bar (S i)) (alpha_bar i) (sigma (S i))) (x (S i)) x0) _ (sqr_pos _ Hs))).
- intro u. rewrite product_head, (set_at_d_other x i u T), steps_untouched by lia. unfold reverse_step_d at 1.
  rewrite set_at_d_same, set_at_d_other by lia. unfold q_posterior_d. ring.
- ring.
Qed.

(** The noisiest state: Lemma 1's step. *)
Lemma integrate_noisy_d lo n x : (1 <= lo)%nat -> (lo + S n <= T)%nat ->
  integral_d d (fun u => marginal (lo + S n) (set_at_d x (lo + S n) u (lo + S n)%nat) *
      product (step (set_at_d x (lo + S n) u)) lo (S n))
    (marginal (lo + n) (x (lo + n)%nat) * product (step x) lo n).
Proof.
intros Ht Hn. destruct domain as (_ & _ & H). specialize (H (lo + n)%nat ltac:(lia)).
replace (lo + S n)%nat with (S (lo + n)) by lia.
apply (integral_d_scaled d (product (step x) lo n) _ _ _ _ (Lemma1_step_d d _ _ _ x0 (x (lo + n)%nat) H)).
- intro u. cbn [product]. rewrite set_at_d_same, steps_untouched by lia. unfold reverse_step_d at 2.
  rewrite set_at_d_same, set_at_d_other by lia. ring.
- ring.
Qed.

Lemma integrate_out_clean_d m : forall i, (1 <= i)%nat -> (i + m <= T)%nat ->
  integrate_out_d d (seq i m)
    (fun x => marginal T (x T) * product (step x) i (T - i))
    (fun x => marginal T (x T) * product (step x) (i + m) (T - (i + m))).
Proof.
induction m as [|m IH]; intros i Hi Hm; simpl.
- intro x. now rewrite Nat.add_0_r.
- exists (fun x => marginal T (x T) * product (step x) (S i) (T - S i)). split.
  + intro x. replace (T - i)%nat with (S (T - S i)) by lia. apply integrate_clean_d; lia.
  + replace (i + S m)%nat with (S i + m)%nat by lia. apply IH; lia.
Qed.

(** States lo + n + 1, ..., lo + n + k, the noisiest first. *)
Lemma integrate_out_noisy_d lo n k : (1 <= lo)%nat -> (lo + n + k <= T)%nat ->
  integrate_out_d d (rev (seq (S (lo + n)) k))
    (fun x => marginal (lo + (n + k)) (x (lo + (n + k))%nat) * product (step x) lo (n + k))
    (fun x => marginal (lo + n) (x (lo + n)%nat) * product (step x) lo n).
Proof.
intros Hlo. induction k as [|k IH]; intros Hk.
- simpl. intro x. now rewrite !Nat.add_0_r.
- rewrite seq_S, rev_app_distr. simpl app.
  exists (fun x => marginal (lo + (n + k)) (x (lo + (n + k))%nat) * product (step x) lo (n + k)). split; [|apply IH; lia].
  intro x. replace (n + S k)%nat with (S (n + k)) by lia. replace (S (lo + n + k)) with (lo + S (n + k))%nat by lia.
  apply integrate_noisy_d; lia.
Qed.

(** Every state but those from [lo] to [hi]. *)
Lemma integrate_out_ends_d lo hi : (1 <= lo)%nat -> (lo <= hi <= T)%nat ->
  integrate_out_d d (seq 1 (lo - 1) ++ rev (seq (S hi) (T - hi))) (q_joint_d d alpha_bar sigma x0 T)
    (fun x => marginal hi (x hi) * product (step x) lo (hi - lo)).
Proof.
intros Hlo Hhi. eapply integrate_out_d_app.
- apply (integrate_out_clean_d (lo - 1) 1); lia.
- replace (1 + (lo - 1))%nat with lo by lia.
  assert (K := integrate_out_noisy_d lo (hi - lo) (T - hi) Hlo ltac:(lia)).
  replace (lo + (hi - lo + (T - hi)))%nat with T in K by lia. replace (lo + (hi - lo))%nat with hi in K by lia.
  replace (hi - lo + (T - hi))%nat with (T - lo)%nat in K by lia. exact K.
Qed.

Theorem Lemma1_joint_d t : (1 <= t <= T)%nat ->
  integrate_out_d d (seq 1 (t - 1) ++ rev (seq (S t) (T - t)))
    (q_joint_d d alpha_bar sigma x0 T) (fun x => q_marginal_d d (alpha_bar t) x0 (x t)).
Proof.
intros Ht. refine (integrate_out_d_ext d _ _ _ _ _ (fun x => eq_refl) _ (integrate_out_ends_d t t ltac:(lia) ltac:(lia))).
intro x. rewrite Nat.sub_diag. simpl. ring.
Qed.

(** ** The marginal along tau *)

(** The variance of x_lo given x_{lo+n} and x_0. *)
Fixpoint bridge (lo n : nat) : R :=
  match n with
  | O => 0
  | S m => bridge lo m + (1 - alpha_bar lo - bridge lo m) / (1 - alpha_bar (lo + m)%nat) * sigma (S (lo + m)) ^ 2
  end.

Lemma bridge_one lo : alpha_bar lo < 1 -> bridge lo 1 = sigma (S lo) ^ 2.
Proof. intros H. cbn [bridge]. rewrite Nat.add_0_r. field. lra. Qed.

Lemma bridge_domain lo n : (1 <= lo)%nat -> (lo + S n <= T)%nat ->
  0 < bridge lo (S n) /\ eq7_domain (alpha_bar (lo + S n)%nat) (alpha_bar lo) (sqrt (bridge lo (S n))).
Proof.
intros Hlo. assert (D := domain). destruct D as (_ & _ & H). induction n as [|n IH]; intros Hn.
- assert (E := H lo ltac:(lia)). destruct E as (Ha & Hap & Hs & Hd). rewrite bridge_one by lra.
  replace (lo + 1)%nat with (S lo) by lia. split; [now apply sqr_pos|].
  rewrite sqrt_pow2 by lra. now repeat split.
- destruct (IH ltac:(lia)) as [P E]. assert (F := H (lo + S n)%nat ltac:(lia)).
  destruct (two_steps_domain _ _ _ _ _ F E) as [PV DV].
  unfold two_steps_variance in *. rewrite sqrt_squared in PV, DV by lra.
  change (bridge lo (S (S n))) with (bridge lo (S n) + (1 - alpha_bar lo - bridge lo (S n)) /
    (1 - alpha_bar (lo + S n)%nat) * sigma (S (lo + S n)) ^ 2).
  split; [exact PV|]. replace (lo + S (S n))%nat with (S (lo + S n)) by lia. exact DV.
Qed.

Definition bridge_step (lo n : nat) (x : nat -> vec d) : R :=
  q_posterior_d d (alpha_bar (lo + n)%nat) (alpha_bar lo) (sqrt (bridge lo n)) x0 (x (lo + n)%nat) (x lo).

(** States lo + 1, ..., lo + g between two that stay; [w] is what else there is in the density. *)
Lemma integrate_out_gap lo g (w : (nat -> vec d) -> R) : (1 <= lo)%nat -> (lo + S g <= T)%nat ->
  (forall x i u, (lo < i <= lo + g)%nat -> w (set_at_d x i u) = w x) ->
  integrate_out_d d (seq (S lo) g) (fun x => w x * product (step x) lo (S g)) (fun x => w x * bridge_step lo (S g) x).
Proof.
intros Hlo Hg Hw.
assert (K : forall m, (m <= g)%nat -> integrate_out_d d (seq (S lo) m) (fun x => w x * product (step x) lo (S g))
  (fun x => w x * (bridge_step lo (S m) x * product (step x) (lo + S m) (g - m)))).
{ induction m as [|m IH]; intros Hm.
  - simpl. intro x. f_equal. change (step x lo * 1 * product (step x) lo g = _) || idtac.
    replace (product (step x) lo g * step x (lo + g)%nat) with (product (step x) lo (S g)) by reflexivity.
    rewrite product_head, Nat.sub_0_r. replace (lo + 1)%nat with (S lo) by lia. f_equal.
    unfold bridge_step, reverse_step_d. destruct domain as (_ & _ & H). destruct (H lo ltac:(lia)) as (Ha & Hap & Hs & Hd).
    rewrite bridge_one, sqrt_pow2 by lra. replace (lo + 1)%nat with (S lo) by lia. reflexivity.
  - rewrite seq_S. eapply integrate_out_d_app; [apply IH; lia|]. replace (S lo + m)%nat with (lo + S m)%nat by lia.
    simpl. exists (fun x => w x * (bridge_step lo (S (S m)) x * product (step x) (lo + S (S m)) (g - S m))). split; [|trivial].
    intro x. destruct (bridge_domain lo m Hlo ltac:(lia)) as [P E]. assert (D := domain). destruct D as (_ & _ & H).
    assert (F := H (lo + S m)%nat ltac:(lia)).
    assert (I := two_steps_d d _ _ _ _ _ F E x0 (x (S (lo + S m))) (x lo)).
    apply (integral_d_scaled d (w x * product (step x) (lo + S (S m)) (g - S m)) _ _ _ _ I).
    + intro u. rewrite Hw by lia. replace (g - m)%nat with (S (g - S m)) by lia. rewrite product_head.
      replace (S (lo + S m)) with (lo + S (S m))%nat by lia. rewrite steps_untouched by lia.
      unfold bridge_step, reverse_step_d. rewrite !set_at_d_same, !set_at_d_other by lia.
      replace (S (lo + S m)) with (lo + S (S m))%nat by lia. ring.
    + unfold bridge_step. change (bridge lo (S (S m))) with (bridge lo (S m) + (1 - alpha_bar lo - bridge lo (S m)) /
        (1 - alpha_bar (lo + S m)%nat) * sigma (S (lo + S m)) ^ 2).
      unfold two_steps_variance. rewrite sqrt_squared by lra. replace (S (lo + S m)) with (lo + S (S m))%nat by lia. ring. }
refine (integrate_out_d_ext d _ _ _ _ _ (fun x => eq_refl) _ (K g (le_n g))).
intro x. rewrite Nat.sub_diag. simpl. ring.
Qed.

Variable tau : nat -> nat.
Variable n : nat.
Hypotheses (some : (1 <= n)%nat) (first : (1 <= tau 1)%nat) (last : (tau n <= T)%nat).
Hypothesis increasing : forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat.

(** The sigma of the step from tau (i + 1) to tau i. *)
Definition sigma_tau (i : nat) : R :=
  match i with O => 0 | S j => sqrt (bridge (tau j) (tau (S j) - tau j)) end.

(** The states between tau 1 and tau 2, then those between tau 2 and tau 3, ... *)
Fixpoint gaps (j : nat) : list nat :=
  match j with O => nil | S i => gaps i ++ seq (S (tau j)) (tau (S j) - tau j - 1) end.

Lemma tau_le i j : (1 <= i <= j)%nat -> (j <= n)%nat -> (tau i <= tau j)%nat.
Proof.
intros Hi. induction j as [|j IH]; intros Hj; [lia|].
destruct (Nat.eq_dec i (S j)) as [->|N]; [lia|]. specialize (IH ltac:(lia) ltac:(lia)). specialize (increasing j ltac:(lia)). lia.
Qed.

Lemma tau_domain : chain_domain (fun i => alpha_bar (tau i)) sigma_tau n.
Proof.
split; [exact some|]. split.
- apply (chain_domain_alpha alpha_bar sigma T); trivial. generalize (tau_le 1 n ltac:(lia) ltac:(lia)). lia.
- intros i Hi. assert (Li := increasing i Hi). assert (L1 := tau_le 1 i ltac:(lia) ltac:(lia)). assert (L2 := tau_le (S i) n ltac:(lia) ltac:(lia)).
  destruct (bridge_domain (tau i) (tau (S i) - tau i - 1) ltac:(lia) ltac:(lia)) as [_ D].
  replace (S (tau (S i) - tau i - 1)) with (tau (S i) - tau i)%nat in D by lia.
  replace (tau i + (tau (S i) - tau i))%nat with (tau (S i)) in D by lia. exact D.
Qed.

Lemma integrate_out_gaps j : (S j <= n)%nat ->
  integrate_out_d d (gaps j)
    (fun x => marginal (tau n) (x (tau n)) * product (step x) (tau 1) (tau n - tau 1))
    (fun x => marginal (tau n) (x (tau n)) *
      product (reverse_step_d d (fun i => alpha_bar (tau i)) sigma_tau x0 (fun i => x (tau i))) 1 j *
      product (step x) (tau (S j)) (tau n - tau (S j))).
Proof.
induction j as [|j IH]; intros Hj.
- simpl. intro x. ring.
- cbn [gaps]. eapply integrate_out_d_app; [apply IH; lia|].
  assert (L1 := tau_le 1 (S j) ltac:(lia) ltac:(lia)). assert (Li := increasing (S j) ltac:(lia)).
  assert (L2 := tau_le (S (S j)) n ltac:(lia) ltac:(lia)).
  set (g := (tau (S (S j)) - tau (S j) - 1)%nat).
  set (w := fun x : nat -> vec d => marginal (tau n) (x (tau n)) *
    product (reverse_step_d d (fun i => alpha_bar (tau i)) sigma_tau x0 (fun i => x (tau i))) 1 j *
    product (step x) (tau (S (S j))) (tau n - tau (S (S j)))).
  refine (integrate_out_d_ext d _ _ _ _ _ _ _ (integrate_out_gap (tau (S j)) g w ltac:(lia) ltac:(unfold g; lia) _)).
  + intro x. unfold w. replace (tau n - tau (S j))%nat with (S g + (tau n - tau (S (S j))))%nat by (unfold g; lia).
    rewrite product_split. replace (tau (S j) + S g)%nat with (tau (S (S j))) by (unfold g; lia). ring.
  + intro x. unfold w.
    assert (E : product (reverse_step_d d (fun i => alpha_bar (tau i)) sigma_tau x0 (fun i => x (tau i))) 1 (S j) =
      product (reverse_step_d d (fun i => alpha_bar (tau i)) sigma_tau x0 (fun i => x (tau i))) 1 j * bridge_step (tau (S j)) (S g) x).
    { cbn [product]. f_equal. unfold bridge_step, reverse_step_d. cbn [sigma_tau plus].
      replace (S g) with (tau (S (S j)) - tau (S j))%nat by (unfold g; lia).
      replace (tau (S j) + (tau (S (S j)) - tau (S j)))%nat with (tau (S (S j))) by lia. reflexivity. }
    rewrite E. ring.
  + intros x i u Hi. unfold w. rewrite set_at_d_other by (unfold g in Hi; lia).
    rewrite (steps_untouched x i u) by (unfold g in Hi; lia). f_equal. f_equal.
    apply product_ext. intros t Ht. unfold reverse_step_d.
    assert (A1 := tau_le t (S j) ltac:(lia) ltac:(lia)). assert (A2 := tau_le (S t) (S j) ltac:(lia) ltac:(lia)).
    now rewrite !set_at_d_other by lia.
Qed.

(** Every state outside tau, integrated out of Eq6. *)
Theorem Eq6_tau_d :
  integrate_out_d d (seq 1 (tau 1 - 1) ++ rev (seq (S (tau n)) (T - tau n)) ++ gaps (n - 1))
    (q_joint_d d alpha_bar sigma x0 T)
    (fun x => q_joint_d d (fun i => alpha_bar (tau i)) sigma_tau x0 n (fun i => x (tau i))).
Proof.
rewrite app_assoc. eapply integrate_out_d_app.
- apply (integrate_out_ends_d (tau 1) (tau n) first). generalize (tau_le 1 n ltac:(lia) ltac:(lia)). lia.
- refine (integrate_out_d_ext d _ _ _ _ _ (fun x => eq_refl) _ (integrate_out_gaps (n - 1) ltac:(lia))).
  intro x. replace (S (n - 1)) with n by lia. rewrite Nat.sub_diag. unfold q_joint_d. simpl. ring.
Qed.

End Joint.

(** The chain that a sampler runs along tau, with sigmas of its own. *)
Theorem Lemma1_tau_joint_d d alpha_bar (tau : nat -> nat) sigma n (x0 : vec d) i :
  chain_domain (fun i => alpha_bar (tau i)) sigma n -> (1 <= i <= n)%nat ->
  integrate_out_d d (seq 1 (i - 1) ++ rev (seq (S i) (n - i)))
    (q_joint_d d (fun i => alpha_bar (tau i)) sigma x0 n)
    (fun x => q_marginal_d d (alpha_bar (tau i)) x0 (x i)).
Proof. intros D Hi. exact (Lemma1_joint_d d _ sigma x0 n D i Hi). Qed.

(** ** What sigma_tau is *)

(** DDPM at every step is DDPM along tau. *)
Theorem sigma_tau_ddpm alpha_bar sigma lo n :
  (forall t, (lo <= t)%nat -> 0 < alpha_bar t < 1) ->
  (forall t, (lo <= t)%nat -> sigma (S t) ^ 2 = ddpm_variance (alpha_bar (S t)) (alpha_bar t)) ->
  bridge alpha_bar sigma lo n = ddpm_variance (alpha_bar (lo + n)%nat) (alpha_bar lo).
Proof.
intros Ha Hs. unfold ddpm_variance in *. induction n as [|n IH].
- rewrite Nat.add_0_r. simpl. destruct (Ha lo ltac:(lia)). field. lra.
- cbn [bridge]. rewrite IH, Hs by lia. replace (lo + S n)%nat with (S (lo + n)) by lia.
  destruct (Ha lo ltac:(lia)), (Ha (lo + n)%nat ltac:(lia)), (Ha (S (lo + n)) ltac:(lia)). field. lra.
Qed.

(** The sigma of the same time is another: squares 1/4 and 1/3, at alpha_bar = 1/2, 1/4, 1/8. *)
Theorem sigma_tau_is_not_inherited :
  let alpha_bar (t : nat) := match t with 1%nat => 1 / 2 | 2%nat => 1 / 4 | _ => 1 / 8 end in
  let sigma (t : nat) := 1 / 2 in
  chain_domain alpha_bar sigma 3 /\ bridge alpha_bar sigma 1 2 = 1 / 3 /\ sigma 3%nat ^ 2 = 1 / 4.
Proof.
intros alpha_bar sigma. split; [|split].
- split; [lia|]. split; [simpl; lra|]. intros t Ht. unfold eq7_domain, sigma.
  destruct t as [|[|[|t]]]; try lia; simpl; lra.
- unfold bridge, alpha_bar, sigma. simpl. field.
- unfold sigma. lra.
Qed.

(** Every second time of a chain meets the hypotheses of [Eq6_tau_d]. *)
Theorem Eq6_tau_instance n : (1 <= n)%nat ->
  let tau i := (2 * i)%nat in
  chain_domain harmonic harmonic_sigma (2 * n) /\ (1 <= tau 1)%nat /\ (tau n <= 2 * n)%nat /\
  forall i, (1 <= i < n)%nat -> (tau i < tau (S i))%nat.
Proof. intros Hn tau. split; [apply chain_instance; lia|]. unfold tau. repeat split; intros; lia. Qed.
