(** * R^d with its inner product

    [dot], [norm_d] = sqrt (dot x x), [plus_d], [minus_d], [scale_d]; [cauchy_schwarz], [norm_triangle];
    [distance2_norm]: distance2 d x y is norm_d (x - y)^2. *)

From Coq Require Import Reals Lra.
From ddim Require Import dimensions.
Open Scope R_scope.

Fixpoint dot (d : nat) : vec d -> vec d -> R :=
  match d with O => fun _ _ => 0 | S n => fun w x => fst w * fst x + dot n (snd w) (snd x) end.

Definition scale_d (d : nat) (k : R) (x : vec d) : vec d := map2 d (fun x _ => k * x) x x.
Definition plus_d (d : nat) : vec d -> vec d -> vec d := map2 d Rplus.
Definition minus_d (d : nat) : vec d -> vec d -> vec d := map2 d Rminus.
Definition norm_d (d : nat) (x : vec d) : R := sqrt (dot d x x).

Lemma vec_split d (x y : vec (S d)) : fst x = fst y -> snd x = snd y -> x = y.
Proof. destruct x as [x xs], y as [y ys]. simpl. now intros -> ->. Qed.

Lemma dot_sym d : forall x y, dot d x y = dot d y x.
Proof. induction d as [|d IH]; intros x y; simpl; [reflexivity|]. rewrite IH. ring. Qed.

Lemma dot_plus d : forall x y z, dot d (plus_d d x y) z = dot d x z + dot d y z.
Proof. unfold plus_d. induction d as [|d IH]; intros x y z; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma dot_minus d : forall x y z, dot d (minus_d d x y) z = dot d x z - dot d y z.
Proof. unfold minus_d. induction d as [|d IH]; intros x y z; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma dot_scale d k : forall x z, dot d (scale_d d k x) z = k * dot d x z.
Proof. unfold scale_d. induction d as [|d IH]; intros x z; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma dot_nonneg d : forall x, 0 <= dot d x x.
Proof. induction d as [|d IH]; intros x; simpl; [lra|]. generalize (IH (snd x)) (Rle_0_sqr (fst x)). unfold Rsqr. lra. Qed.

Lemma dot_zero d : forall x y, dot d y y = 0 -> dot d x y = 0.
Proof.
induction d as [|d IH]; intros x y H; [reflexivity|]. cbn [dot] in *.
assert (P := Rle_0_sqr (fst y)). assert (Q := dot_nonneg d (snd y)). unfold Rsqr in P.
rewrite (IH (snd x) (snd y)) by lra. assert (E : fst y * fst y = 0) by lra.
apply Rmult_integral in E. destruct E as [E|E]; rewrite E; ring.
Qed.

Lemma dot_expand d x y k : dot d (plus_d d x (scale_d d k y)) (plus_d d x (scale_d d k y)) =
  dot d x x + 2 * k * dot d x y + k ^ 2 * dot d y y.
Proof.
rewrite dot_plus, dot_scale, (dot_sym d x), (dot_sym d y), !dot_plus, !dot_scale, (dot_sym d y x). ring.
Qed.

Lemma cauchy_schwarz_squared d x y : dot d x y ^ 2 <= dot d x x * dot d y y.
Proof.
assert (P := dot_nonneg d y). destruct (Req_dec (dot d y y) 0) as [E|N]; [rewrite (dot_zero d x y E), E; lra|].
assert (K := dot_nonneg d (plus_d d x (scale_d d (- dot d x y / dot d y y) y))). rewrite dot_expand in K.
apply (Rmult_le_compat_r (dot d y y)) in K; [|exact P]. rewrite Rmult_0_l in K.
replace ((dot d x x + 2 * (- dot d x y / dot d y y) * dot d x y + (- dot d x y / dot d y y) ^ 2 * dot d y y) * dot d y y)
  with (dot d x x * dot d y y - dot d x y ^ 2) in K by (field; exact N). lra.
Qed.

Lemma norm_d_nonneg d x : 0 <= norm_d d x.
Proof. apply sqrt_pos. Qed.

Lemma norm_d_square d x : norm_d d x * norm_d d x = dot d x x.
Proof. apply sqrt_sqrt, dot_nonneg. Qed.

Lemma norm_d_is d x r : 0 <= r -> dot d x x <= r ^ 2 -> norm_d d x <= r.
Proof.
intros Hr H. unfold norm_d. rewrite <- (sqrt_pow2 r Hr). now apply sqrt_le_1_alt.
Qed.

Theorem cauchy_schwarz d x y : Rabs (dot d x y) <= norm_d d x * norm_d d y.
Proof.
apply Rsqr_incr_0_var; [|apply Rmult_le_pos; apply norm_d_nonneg]. rewrite <- Rsqr_abs. unfold Rsqr.
replace (norm_d d x * norm_d d y * (norm_d d x * norm_d d y)) with (norm_d d x * norm_d d x * (norm_d d y * norm_d d y)) by ring.
rewrite !norm_d_square. generalize (cauchy_schwarz_squared d x y). simpl. lra.
Qed.

Lemma plus_d_scale_1 d : forall x y, plus_d d x (scale_d d 1 y) = plus_d d x y.
Proof. unfold plus_d, scale_d. induction d as [|d IH]; intros x y; simpl; [reflexivity|]. now rewrite IH, Rmult_1_l. Qed.

Theorem norm_triangle d x y : norm_d d (plus_d d x y) <= norm_d d x + norm_d d y.
Proof.
apply norm_d_is; [generalize (norm_d_nonneg d x) (norm_d_nonneg d y); lra|].
rewrite <- (plus_d_scale_1 d x y), dot_expand.
generalize (cauchy_schwarz d x y) (Rle_abs (dot d x y)) (norm_d_square d x) (norm_d_square d y). intros. simpl. nra.
Qed.

Lemma norm_scale d k x : norm_d d (scale_d d k x) = Rabs k * norm_d d x.
Proof.
unfold norm_d. rewrite dot_scale, dot_sym, dot_scale, <- Rmult_assoc, sqrt_mult by (apply dot_nonneg || apply Rle_0_sqr).
f_equal. apply sqrt_Rsqr_abs.
Qed.

Lemma distance2_norm d : forall x y, distance2 d x y = dot d (minus_d d x y) (minus_d d x y).
Proof. unfold minus_d. induction d as [|d IH]; intros x y; simpl; [reflexivity|]. rewrite IH. ring. Qed.

(** Differences telescope. *)
Lemma minus_d_split d : forall x y z, minus_d d x z = plus_d d (minus_d d x y) (minus_d d y z).
Proof. unfold minus_d, plus_d. induction d as [|d IH]; intros x y z; simpl; [reflexivity|]. rewrite (IH (snd x) (snd y)). f_equal. ring. Qed.

Lemma norm_minus_sym d x y : norm_d d (minus_d d x y) = norm_d d (minus_d d y x).
Proof.
unfold norm_d. f_equal. rewrite <- !distance2_norm. revert x y. induction d as [|d IH]; intros x y; simpl; [reflexivity|].
rewrite (IH (snd x)). ring.
Qed.

(** x + h v and y + h w differ by (x - y) + h (v - w). *)
Lemma minus_d_steps d h : forall x v y w,
  minus_d d (plus_d d x (scale_d d h v)) (plus_d d y (scale_d d h w)) =
  plus_d d (minus_d d x y) (scale_d d h (minus_d d v w)).
Proof. unfold minus_d, plus_d, scale_d. induction d as [|d IH]; intros x v y w; simpl; [reflexivity|]. rewrite IH. f_equal. ring. Qed.

Lemma norm_minus_self d x : norm_d d (minus_d d x x) = 0.
Proof.
unfold norm_d. rewrite <- distance2_norm, <- sqrt_0. f_equal. induction d as [|d IH]; simpl; [reflexivity|]. rewrite IH. ring.
Qed.
