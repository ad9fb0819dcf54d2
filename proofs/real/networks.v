(** * Networks in R^d are models that the theorems admit

    A model enters Theorem 1 as a [tame_map].  Tame maps are not closed under composition (exp of exp is not
    tame); polynomially bounded ones are, and they are tame.

    - [continuous_d_comp_map]: a continuous function of continuous maps is continuous, all variables together.
    - [polynomial_d], [polynomial_map]: continuous, and each component at most C (1 + |z_1| + ... + |z_d|)^n;
      closed under sums, products and [polynomial_compose]; [polynomial_map_tame].
    - [dense]: x -> A x + b, any shape; [activation]: continuous, of polynomial growth: [relu_activation],
      [tanh_activation], [sigmoid_activation], [silu_activation].
    - [network_polynomial]: every feed-forward network of dense layers and such activations is one, so
      [network_tame_model]: a network for each t is admitted by Theorem 1.
    - [Theorem1_relu], [Theorem1_tanh]: Theorem 1 for two networks in R^2 that couple the components, their
      weights written out; [relu_network_values] and [relu_network_is_not_affine] say they are no trivial ones.
    - [deterministic_moments]: the law of the deterministic sampler (eta = 0) run with such networks: every
      polynomially bounded function of x_0 has an expectation. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From ddim Require Import gaussian fubini predictor steps laws objective dimensions tower paths instances euclidean deterministic.
Open Scope R_scope.

(** ** Continuity of compositions *)

(** Each component is continuous in (u, z_1, ..., z_d) together. *)
Fixpoint continuous_map_d (d n : nat) (U : UniformSpace) : (U -> vec d -> vec n) -> Prop :=
  match n with
  | O => fun _ => True
  | S n => fun g => continuous_d d U (fun u z => fst (g u z)) /\ continuous_map_d d n U (fun u z => snd (g u z))
  end.

Fixpoint continuous_map (n : nat) (W : UniformSpace) : (W -> vec n) -> Prop :=
  match n with
  | O => fun _ => True
  | S n => fun g => (forall w, continuous (fun w => fst (g w)) w) /\ continuous_map n W (fun w => snd (g w))
  end.

Lemma continuous_d_apply n : forall (U W : UniformSpace) (f : U -> vec n -> R) (u : W -> U) (g : W -> vec n),
  continuous_d n U f -> (forall w, continuous u w) -> continuous_map n W g -> forall w, continuous (fun w => f (u w) (g w)) w.
Proof.
induction n as [|n IH]; intros U W f u g Hf Hu Hg w.
- apply (continuous_ext (fun w => f (u w) tt)); [intro z; now destruct (g z)|].
  apply (continuous_comp u (fun u => f u tt)); [apply Hu|apply Hf].
- destruct Hg as [H1 H2].
  apply (continuous_ext (fun w => f (u w) (fst (g w), snd (g w)))); [intro z; now destruct (g z)|].
  apply (IH (prod_UniformSpace U R_UniformSpace) W (fun p zs => f (fst p) (snd p, zs)) (fun w => (u w, fst (g w)))); trivial.
  intro z. apply (continuous_pair u (fun w => fst (g w))); [apply Hu|apply H1].
Qed.

Lemma continuous_map_d_0 n : forall (U : UniformSpace) (g : U -> vec 0 -> vec n),
  continuous_map_d 0 n U g -> continuous_map n U (fun u => g u tt).
Proof. induction n as [|n IH]; intros U g H; [exact I|]. split; [apply H|]. exact (IH U (fun u z => snd (g u z)) (proj2 H)). Qed.

Lemma continuous_map_d_S d n : forall (U : UniformSpace) (g : U -> vec (S d) -> vec n),
  continuous_map_d (S d) n U g ->
  continuous_map_d d n (prod_UniformSpace U R_UniformSpace) (fun p zs => g (fst p) (snd p, zs)).
Proof. induction n as [|n IH]; intros U g H; [exact I|]. split; [apply H|]. exact (IH U (fun u z => snd (g u z)) (proj2 H)). Qed.

Theorem continuous_d_comp_map n (f : vec n -> R) : continuous_d n R_UniformSpace (fun _ => f) ->
  forall d (U : UniformSpace) (g : U -> vec d -> vec n), continuous_map_d d n U g -> continuous_d d U (fun u z => f (g u z)).
Proof.
intros Hf. induction d as [|d IH]; intros U g Hg.
- intro u. apply (continuous_d_apply n R_UniformSpace U (fun _ => f) (fun _ => 0) (fun u => g u tt)); trivial.
  + intro w. apply continuous_const.
  + now apply continuous_map_d_0.
- apply (IH (prod_UniformSpace U R_UniformSpace) (fun p zs => g (fst p) (snd p, zs))). now apply continuous_map_d_S.
Qed.

(** ** Polynomially bounded functions *)

Definition polynomial_d (d : nat) (f : vec d -> R) : Prop :=
  continuous_d d R_UniformSpace (fun _ => f) /\
  exists C n, 0 <= C /\ forall z, Rabs (f z) <= C * (1 + size_d d z) ^ n.

Fixpoint polynomial_map (d n : nat) : (vec d -> vec n) -> Prop :=
  match n with
  | O => fun _ => True
  | S n => fun f => polynomial_d d (fun x => fst (f x)) /\ polynomial_map d n (fun x => snd (f x))
  end.

Lemma pow_exp x n : 0 <= x -> (1 + x) ^ n <= exp (INR n * x).
Proof.
intros Hx. induction n as [|n IH]; [simpl; rewrite Rmult_0_l, exp_0; lra|].
rewrite S_INR, Rmult_plus_distr_r, exp_plus, Rmult_1_l, Rmult_comm. simpl.
apply Rmult_le_compat; trivial; [lra|apply pow_le; lra|apply exp_ineq1_le].
Qed.

Lemma pow_grows x m n : 0 <= x -> (m <= n)%nat -> (1 + x) ^ m <= (1 + x) ^ n.
Proof. intros Hx H. apply Rle_pow; [lra|exact H]. Qed.

Theorem polynomial_tame d f : polynomial_d d f -> tame_d d f.
Proof.
intros [Hc (C & n & HC & H)]. split; [exact Hc|]. exists C, (INR n). repeat split; trivial; [apply pos_INR|].
intro z. apply Rle_trans with (1 := H z). apply Rmult_le_compat_l; [exact HC|]. apply pow_exp, size_d_nonneg.
Qed.

Theorem polynomial_map_tame d n : forall f, polynomial_map d n f -> tame_map d n f.
Proof. induction n as [|n IH]; intros f H; [exact I|]. destruct H as [H1 H2]. split; [now apply polynomial_tame|now apply IH]. Qed.

Lemma polynomial_ext d f g : (forall z, f z = g z) -> polynomial_d d f -> polynomial_d d g.
Proof.
intros E [Hc (C & n & HC & H)]. split.
- apply (continuous_d_ext d _ (fun _ => f)); [intros; apply E|exact Hc].
- exists C, n. split; [exact HC|]. intro z. rewrite <- E. apply H.
Qed.

Lemma polynomial_const d c : polynomial_d d (fun _ => c).
Proof. split; [apply tame_d_const|]. exists (Rabs c), O. split; [apply Rabs_pos|]. intro z. simpl. lra. Qed.

Lemma polynomial_plus d f g : polynomial_d d f -> polynomial_d d g -> polynomial_d d (fun z => f z + g z).
Proof.
intros Hf Hg. split; [apply tame_d_plus; now apply polynomial_tame|].
destruct Hf as [_ (C1 & n1 & P1 & H1)], Hg as [_ (C2 & n2 & P2 & H2)]. exists (C1 + C2), (n1 + n2)%nat. split; [lra|].
intro z. assert (Hz := size_d_nonneg d z). apply Rle_trans with (1 := Rabs_triang _ _).
rewrite Rmult_plus_distr_r. apply Rplus_le_compat.
- apply Rle_trans with (1 := H1 z). apply Rmult_le_compat_l; [exact P1|]. apply pow_grows; [exact Hz|lia].
- apply Rle_trans with (1 := H2 z). apply Rmult_le_compat_l; [exact P2|]. apply pow_grows; [exact Hz|lia].
Qed.

Lemma polynomial_mult d f g : polynomial_d d f -> polynomial_d d g -> polynomial_d d (fun z => f z * g z).
Proof.
intros Hf Hg. split; [apply tame_d_mult; now apply polynomial_tame|].
destruct Hf as [_ (C1 & n1 & P1 & H1)], Hg as [_ (C2 & n2 & P2 & H2)]. exists (C1 * C2), (n1 + n2)%nat.
split; [now apply Rmult_le_pos|]. intro z. rewrite Rabs_mult, pow_add.
replace (C1 * C2 * ((1 + size_d d z) ^ n1 * (1 + size_d d z) ^ n2))
  with (C1 * (1 + size_d d z) ^ n1 * (C2 * (1 + size_d d z) ^ n2)) by ring.
apply Rmult_le_compat; trivial; apply Rabs_pos.
Qed.

Lemma polynomial_head d : polynomial_d (S d) (fun z => fst z).
Proof.
split; [apply tame_d_head|]. exists 1, 1%nat. split; [lra|]. intros [z zs]. cbn [fst snd size_d].
generalize (size_d_nonneg d zs). lra.
Qed.

Lemma polynomial_tail d f : polynomial_d d f -> polynomial_d (S d) (fun z => f (snd z)).
Proof.
intros Hf. split; [apply tame_d_tail; now apply polynomial_tame|]. destruct Hf as [_ (C & n & P & H)].
exists C, n. split; [exact P|]. intros [z zs]. cbn [fst snd size_d]. apply Rle_trans with (1 := H zs).
apply Rmult_le_compat_l; [exact P|]. apply pow_incr. generalize (size_d_nonneg d zs) (Rabs_pos z). lra.
Qed.

Lemma polynomial_map_tail d n : forall f : vec d -> vec n, polynomial_map d n f -> polynomial_map (S d) n (fun z => f (snd z)).
Proof.
induction n as [|n IH]; intros f H; [exact I|]. destruct H as [H1 H2]. split.
- exact (polynomial_tail d _ H1).
- exact (IH (fun x => snd (f x)) H2).
Qed.

Lemma polynomial_map_id d : polynomial_map d d (fun x => x).
Proof. induction d as [|d IH]; [exact I|]. split; [apply polynomial_head|]. exact (polynomial_map_tail d d (fun x => x) IH). Qed.

Lemma polynomial_map_const d n (y : vec n) : polynomial_map d n (fun _ => y).
Proof. induction n as [|n IH]; [exact I|]. split; [apply polynomial_const|apply (IH (snd y))]. Qed.

Lemma polynomial_map_size d n : forall g : vec d -> vec n, polynomial_map d n g ->
  exists C k, 0 <= C /\ forall z, 1 + size_d n (g z) <= C * (1 + size_d d z) ^ k.
Proof.
induction n as [|n IH]; intros g H.
- exists 1, O. split; [lra|]. intro z. simpl. lra.
- destruct H as [[_ (C1 & n1 & P1 & H1)] H2]. destruct (IH _ H2) as (C2 & n2 & P2 & K2).
  exists (C1 + C2), (n1 + n2)%nat. split; [lra|]. intro z. assert (Hz := size_d_nonneg d z). cbn [size_d].
  specialize (H1 z). specialize (K2 z).
  assert (C1 * (1 + size_d d z) ^ n1 <= C1 * (1 + size_d d z) ^ (n1 + n2)) by (apply Rmult_le_compat_l; [exact P1|apply pow_grows; [exact Hz|lia]]).
  assert (C2 * (1 + size_d d z) ^ n2 <= C2 * (1 + size_d d z) ^ (n1 + n2)) by (apply Rmult_le_compat_l; [exact P2|apply pow_grows; [exact Hz|lia]]).
  lra.
Qed.

Lemma polynomial_map_continuous d n : forall g, polynomial_map d n g -> continuous_map_d d n R_UniformSpace (fun _ => g).
Proof. induction n as [|n IH]; intros g H; [exact I|]. destruct H as [H1 H2]. split; [apply H1|exact (IH (fun x => snd (g x)) H2)]. Qed.

Theorem polynomial_compose d n f g : polynomial_d n f -> polynomial_map d n g -> polynomial_d d (fun z => f (g z)).
Proof.
intros [Hc (C & k & P & H)] Hg. split.
- apply (continuous_d_comp_map n f Hc d R_UniformSpace (fun _ => g)). now apply polynomial_map_continuous.
- destruct (polynomial_map_size d n g Hg) as (C' & k' & P' & H'). exists (C * C' ^ k), (k' * k)%nat.
  split; [apply Rmult_le_pos; [exact P|now apply pow_le]|]. intro z. apply Rle_trans with (1 := H (g z)).
  rewrite Rmult_assoc. apply Rmult_le_compat_l; [exact P|]. rewrite pow_mult, <- Rpow_mult_distr.
  apply pow_incr. split; [generalize (size_d_nonneg n (g z)); lra|apply H'].
Qed.

Theorem polynomial_map_compose d n k : forall f g, polynomial_map n k f -> polynomial_map d n g ->
  polynomial_map d k (fun z => f (g z)).
Proof.
induction k as [|k IH]; intros f g Hf Hg; [exact I|]. destruct Hf as [H1 H2]. split.
- exact (polynomial_compose d n (fun x => fst (f x)) g H1 Hg).
- exact (IH (fun x => snd (f x)) g H2 Hg).
Qed.

(** ** Layers *)

(** n rows, each with its weights and its bias. *)
Fixpoint weights (d n : nat) : Type := match n with O => unit | S k => ((vec d * R) * weights d k)%type end.

(** A x + b. *)
Fixpoint dense {d : nat} (n : nat) : weights d n -> vec d -> vec n :=
  match n with
  | O => fun _ _ => tt
  | S k => fun A x => (dot d (fst (fst A)) x + snd (fst A), dense k (snd A) x)
  end.

Fixpoint map1 (n : nat) (f : R -> R) : vec n -> vec n :=
  match n with O => fun _ => tt | S k => fun x => (f (fst x), map1 k f (snd x)) end.

Lemma polynomial_dot d n : forall (w : vec n) (g : vec d -> vec n), polynomial_map d n g -> polynomial_d d (fun x => dot n w (g x)).
Proof.
induction n as [|n IH]; intros w g H; [exact (polynomial_const d 0)|]. destruct H as [H1 H2].
apply (polynomial_plus d (fun x => fst w * fst (g x)) (fun x => dot n (snd w) (snd (g x)))).
- apply (polynomial_mult d (fun _ => fst w)); [apply polynomial_const|exact H1].
- exact (IH (snd w) (fun x => snd (g x)) H2).
Qed.

Theorem dense_polynomial d n (A : weights d n) : polynomial_map d n (dense n A).
Proof.
induction n as [|n IH]; [exact I|]. split; [|exact (IH (snd A))].
apply (polynomial_plus d (fun x => dot d (fst (fst A)) x) (fun _ => snd (fst A))); [|apply polynomial_const].
exact (polynomial_dot d d (fst (fst A)) (fun x => x) (polynomial_map_id d)).
Qed.

(** Continuous and of polynomial growth. *)
Definition activation (f : R -> R) : Prop :=
  (forall x, continuous f x) /\ exists C n, 0 <= C /\ forall x, Rabs (f x) <= C * (1 + Rabs x) ^ n.

Lemma activation_polynomial f : activation f -> polynomial_d 1 (fun z => f (fst z)).
Proof.
intros [Hc (C & n & P & H)]. split.
- intros [u z]. apply (continuous_comp (fun p : R * R => snd p) f); [apply continuous_snd|apply Hc].
- exists C, n. split; [exact P|]. intros [z []]. simpl. rewrite Rplus_0_r. apply H.
Qed.

Theorem map1_polynomial n f : activation f -> polynomial_map n n (map1 n f).
Proof.
intros Hf. assert (K : forall d k (g : vec d -> vec k), polynomial_map d k g -> polynomial_map d k (fun x => map1 k f (g x))).
{ intros d. induction k as [|k IH]; intros g Hg; [exact I|]. destruct Hg as [H1 H2]. split.
  - apply (polynomial_compose d 1 (fun z => f (fst z)) (fun x => (fst (g x), tt))); [now apply activation_polynomial|].
    split; [exact H1|exact I].
  - exact (IH (fun x => snd (g x)) H2). }
exact (K n n (fun x => x) (polynomial_map_id n)).
Qed.

(** *** Activations *)

Definition relu (x : R) : R := Rmax 0 x.
Definition sigmoid (x : R) : R := / (1 + exp (- x)).
Definition silu (x : R) : R := x * sigmoid x.

Theorem relu_activation : activation relu.
Proof.
split.
- intro x. apply (continuous_ext (fun x => (Rabs x + x) / 2)).
  + intro y. unfold relu. apply Rmax_by_Rabs.
  + apply (continuous_mult (fun x => Rabs x + x) (fun _ => / 2)); [|apply continuous_const].
    apply (continuous_plus Rabs (fun x => x)); [apply continuous_Rabs|apply continuous_id].
- exists 1, 1%nat. split; [lra|]. intro x. unfold relu, Rmax. destruct (Rle_dec 0 x); rewrite ?Rabs_R0.
  + lra.
  + generalize (Rabs_pos x). lra.
Qed.

Lemma tanh_bound x : Rabs (tanh x) <= 1.
Proof.
unfold tanh, sinh, cosh. assert (A := exp_pos x). assert (B := exp_pos (- x)).
replace ((exp x - exp (- x)) / 2 / ((exp x + exp (- x)) / 2)) with ((exp x - exp (- x)) / (exp x + exp (- x))) by (field; lra).
apply Rabs_le. split; apply (Rmult_le_reg_r (exp x + exp (- x))); try lra; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Theorem tanh_activation : activation tanh.
Proof.
split.
- intro x. apply (ex_derive_continuous tanh). unfold tanh, sinh, cosh. auto_derive.
  generalize (exp_pos x) (exp_pos (- x)). lra.
- exists 1, O. split; [lra|]. intro x. simpl. rewrite Rmult_1_r. apply tanh_bound.
Qed.

Theorem sigmoid_activation : activation sigmoid.
Proof.
assert (P : forall x, 1 < 1 + exp (- x)) by (intro x; generalize (exp_pos (- x)); lra). split.
- intro x. apply (ex_derive_continuous sigmoid). unfold sigmoid. auto_derive. specialize (P x). lra.
- exists 1, O. split; [lra|]. intro x. simpl. specialize (P x). unfold sigmoid.
  rewrite Rabs_pos_eq, Rmult_1_r by (apply Rlt_le, Rinv_0_lt_compat; lra).
  apply Rle_trans with (/ 1); [apply Rinv_le_contravar; lra|rewrite Rinv_1; lra].
Qed.

Theorem silu_activation : activation silu.
Proof.
destruct sigmoid_activation as [Hc (C & n & P & H)]. split.
- intro x. apply (continuous_mult (fun x => x) sigmoid); [apply continuous_id|apply Hc].
- exists C, (S n). split; [exact P|]. intro x. unfold silu. rewrite Rabs_mult.
  replace (C * (1 + Rabs x) ^ S n) with ((1 + Rabs x) * (C * (1 + Rabs x) ^ n)) by (simpl; ring).
  apply Rmult_le_compat; try apply Rabs_pos; [generalize (Rabs_pos x); lra|apply H].
Qed.

(** ** Networks *)

(** Dense layers of any widths, with an activation between two of them. *)
Inductive network : nat -> nat -> Type :=
  | output d n : weights d n -> network d n
  | hidden d k n : weights d k -> (R -> R) -> network k n -> network d n.

Fixpoint run {d n : nat} (net : network d n) : vec d -> vec n :=
  match net with
  | output d n A => dense n A
  | hidden d k n A f rest => fun x => run rest (map1 k f (dense k A x))
  end.

Fixpoint activations_in {d n : nat} (net : network d n) : Prop :=
  match net with output _ _ _ => True | hidden _ _ _ _ f rest => activation f /\ activations_in rest end.

Theorem network_polynomial d n (net : network d n) : activations_in net -> polynomial_map d n (run net).
Proof.
induction net as [d n A|d k n A f rest IH]; intros H; [apply dense_polynomial|]. destruct H as [H1 H2].
apply (polynomial_map_compose d k n (run rest) (fun x => map1 k f (dense k A x)) (IH H2)).
apply (polynomial_map_compose d k k (map1 k f) (dense k A)); [now apply map1_polynomial|apply dense_polynomial].
Qed.

(** A network for each time: of one shape or of several, sharing weights or not. *)
Theorem network_tame_model d T (net : nat -> network d d) :
  (forall t, (1 <= t <= T)%nat -> activations_in (net t)) -> tame_model_d d T (fun t => run (net t)).
Proof. intros H t Ht. apply polynomial_map_tame, network_polynomial, H, Ht. Qed.

Theorem Theorem1_networks d alpha_bar sigma T x0 :
  chain_domain alpha_bar sigma T -> 0 < sigma 1%nat ->
  exists C, forall net : nat -> network d d, (forall t, (1 <= t <= T)%nat -> activations_in (net t)) ->
  exists loss : nat -> R,
    losses_d d alpha_bar T (fun t => run (net t)) x0 loss /\
    J_d d alpha_bar sigma T (fun t => run (net t)) x0 (sum (fun t => gamma alpha_bar sigma t * loss t) 1 T + C).
Proof.
intros D H1. exists (Theorem1_constant_d d alpha_bar sigma T x0). intros net Hn.
exact (Theorem1_exact_d d alpha_bar sigma T D H1 (fun t => run (net t)) x0 (network_tame_model d T net Hn)).
Qed.

(** *** Two of them *)

Definition vec2 (x y : R) : vec 2 := (x, (y, tt)).

(** Three hidden units that mix both components; the weights depend on t. *)
Definition two_layers (f : R -> R) (t : nat) : network 2 2 :=
  hidden 2 3 2 ((vec2 1 1, 0), ((vec2 1 (-1), 0), ((vec2 (-1) 2, INR t), tt))) f
    (output 3 2 (((1, (1, (0, tt))), 0), (((0, (-1, (1, tt))), / 2), tt))).

Definition relu_network (t : nat) : vec 2 -> vec 2 := run (two_layers relu t).
Definition tanh_network (t : nat) : vec 2 -> vec 2 := run (two_layers tanh t).

Theorem relu_network_values t x y : relu_network t (vec2 x y) =
  vec2 (relu (x + y) + relu (x - y)) (- relu (x - y) + relu (- x + 2 * y + INR t) + / 2).
Proof.
unfold relu_network, two_layers, vec2. cbn [run dense map1 dot fst snd].
replace (1 * x + (1 * y + 0) + 0) with (x + y) by ring. replace (1 * x + (-1 * y + 0) + 0) with (x - y) by ring.
replace (-1 * x + (2 * y + 0) + INR t) with (- x + 2 * y + INR t) by ring.
f_equal; [ring|]. f_equal. ring.
Qed.

(** Its first component, relu (x + y) + relu (x - y), couples x and y and is not affine. *)
Theorem relu_network_is_not_affine t :
  fst (relu_network t (vec2 1 0)) = 2 /\ fst (relu_network t (vec2 (-1) 0)) = 0 /\ fst (relu_network t (vec2 0 0)) = 0 /\
  fst (relu_network t (vec2 1 2)) = 3.
Proof.
rewrite !relu_network_values. unfold vec2, relu, Rmax. cbn [fst].
repeat split; repeat (destruct (Rle_dec _ _); try lra).
Qed.

Theorem Theorem1_relu x0 : exists C (loss : nat -> R),
  losses_d 2 small_alpha 2 relu_network x0 loss /\
  J_d 2 small_alpha small_sigma 2 relu_network x0 (sum (fun t => gamma small_alpha small_sigma t * loss t) 1 2 + C).
Proof.
destruct (Theorem1_networks 2 small_alpha small_sigma 2 x0 small_chain ltac:(simpl; lra)) as [C K]. exists C.
apply (K (two_layers relu)). intros t _. split; [exact relu_activation|exact I].
Qed.

Theorem Theorem1_tanh x0 : exists C (loss : nat -> R),
  losses_d 2 small_alpha 2 tanh_network x0 loss /\
  J_d 2 small_alpha small_sigma 2 tanh_network x0 (sum (fun t => gamma small_alpha small_sigma t * loss t) 1 2 + C).
Proof.
destruct (Theorem1_networks 2 small_alpha small_sigma 2 x0 small_chain ltac:(simpl; lra)) as [C K]. exists C.
apply (K (two_layers tanh)). intros t _. split; [exact tanh_activation|exact I].
Qed.

(** What is not closed: exp is tame, and exp of exp is not. *)
Theorem tame_does_not_compose : tame exp /\ ~ tame (fun x => exp (exp x)).
Proof.
split.
- split; [intro x; apply continuous_exp|]. exists 1, 1. repeat split; try lra.
  intro x. rewrite (Rabs_pos_eq (exp x)) by apply Rlt_le, exp_pos. rewrite !Rmult_1_l. apply exp_le, Rle_abs.
- intros [_ (C & b & HC & Hb & H)].
  set (x := 4 * (b + C + 1)). assert (Hx : 0 < x) by (unfold x; lra).
  specialize (H x). rewrite Rabs_pos_eq, (Rabs_pos_eq x) in H by (try apply Rlt_le, exp_pos; lra).
  assert (Q : (1 + x / 2) * (1 + x / 2) <= exp x).
  { replace x with (x / 2 + x / 2) at 3 by field. rewrite exp_plus. generalize (exp_ineq1_le (x / 2)). intro.
    apply Rmult_le_compat; lra. }
  assert (B : C + b * x < exp x).
  { apply Rlt_le_trans with (2 := Q). assert (4 * (b + C + 1) * x <= x * x) by (unfold x; lra).
    assert (b * x <= (b + C + 1) * x) by (apply Rmult_le_compat_r; lra). nra. }
  assert (K : exp (C + b * x) < exp (exp x)) by now apply exp_increasing.
  rewrite exp_plus in K. assert (C <= exp C) by (generalize (exp_ineq1_le C); lra).
  assert (C * exp (b * x) <= exp C * exp (b * x)) by (apply Rmult_le_compat_r; [apply Rlt_le, exp_pos|exact H0]). lra.
Qed.

(** ** The deterministic sampler with a network *)

Lemma ddim_step_polynomial d n a a_p : forall f g : vec d -> vec n, polynomial_map d n f -> polynomial_map d n g ->
  polynomial_map d n (fun x => ddim_step_d n a a_p (f x) (g x)).
Proof.
unfold ddim_step_d. induction n as [|n IH]; intros f g Hf Hg; [exact I|]. destruct Hf as [F1 F2], Hg as [G1 G2]. split.
- apply (polynomial_ext d (fun x => sqrt a_p / sqrt a * fst (f x) +
    (sqrt (1 - a_p - 0 ^ 2) - sqrt a_p / sqrt a * sqrt (1 - a)) * fst (g x))).
  + intro x. cbn [map2 fst]. unfold ddim_step, predict_x0, Rdiv. ring.
  + apply polynomial_plus; apply polynomial_mult; trivial; apply polynomial_const.
- exact (IH (fun x => snd (f x)) (fun x => snd (g x)) F2 G2).
Qed.

Theorem ddim_chain_polynomial d alpha_bar (eps_theta : nat -> vec d -> vec d) T n :
  (forall t, (1 <= t <= T)%nat -> polynomial_map d d (eps_theta t)) -> (n <= T)%nat ->
  polynomial_map d d (ddim_chain_d d alpha_bar eps_theta T n).
Proof.
intros H. induction n as [|n IH]; intros Hn; [apply polynomial_map_id|]. cbn [ddim_chain_d].
apply ddim_step_polynomial; [apply IH; lia|].
apply (polynomial_map_compose d d d (eps_theta (T - n)%nat) (ddim_chain_d d alpha_bar eps_theta T n)); [apply H; lia|apply IH; lia].
Qed.

Theorem deterministic_moments d alpha_bar (net : nat -> network d d) T n phi :
  (forall t, (1 <= t <= T)%nat -> activations_in (net t)) -> (n <= T)%nat -> polynomial_d d phi ->
  exists l, integral_d d (fun x => normal_d d (const_d d 0) 1 x * phi (ddim_chain_d d alpha_bar (fun t => run (net t)) T n x)) l.
Proof.
intros H Hn Hp. apply expect_d_exists; [lra|]. apply polynomial_tame. apply polynomial_compose; [exact Hp|].
apply ddim_chain_polynomial; [|exact Hn]. intros t Ht. now apply network_polynomial, H.
Qed.
