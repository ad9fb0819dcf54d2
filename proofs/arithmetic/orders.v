(** * The orders in which samplers evaluate a step, and that each computes Eq12

    An order is a program (evaluations.v): which formula goes into which register, which coefficients are
    made in the table's format and then moved to the sample's.  [step] is the paper's own: Eq16's sigma,
    f_theta of Eq9 from eps, x0 or v, clipped or thresholded where a file says so, and Eq12.

    - orders: fused and fused_fma (reference/ and cuda/: two coefficients), diffusers, compvis (latent-diffusion),
      ermongroup (the paper's own code), guided_diffusion, k_diffusion (through sigma space).
    - sigmas: Eq16 as a product of roots, the root of a product, through beta tilde, from a table of 1 - alpha_bar.
    - <order>_computes: in exact arithmetic the order gives Eq12, its pred_x0 and Eq16's sigma.
    - <order>_error: whatever is rounded, fused or wider, prev_sample and pred_x0 are within the program's bound
      of the paper's step.  orders_error is their conjunction, over every order of the list.
    - sigma_<spelling>_error and add_noise_<order>_error: the same for sigma and for q_sample (Lemma1).
    - orders_instance: a step that meets the hypotheses, in each order and for each prediction; bound_instance: one
      whose bound exists. *)

Require Import Reals Lra Psatz ZArith List String Lia.
From ddim Require Import expr predictor steps evaluations.
Import ListNotations.
Open Scope Z_scope.
Open Scope list_scope.

(** ** Registers *)

Local Coercion Var : nat >-> expr.
(** Given. [one_minus] is 1 - alpha_bar where a table holds it; [threshold] is clip_sample_range, or the
    sample's own quantile. *)
Local Notation alpha_bar := 0%nat.
Local Notation alpha_bar_prev := 1%nat.
Local Notation one_minus := 2%nat.
Local Notation one_minus_prev := 3%nat.
Local Notation eta := 4%nat.
Local Notation x := 5%nat.
Local Notation output := 6%nat.
Local Notation noise := 7%nat.
Local Notation threshold := 8%nat.
(** Computed. *)
Local Notation sigma := 9%nat.
Local Notation variance := 10%nat.
Local Notation root := 11%nat.
Local Notation rest := 12%nat.
Local Notation root_prev := 13%nat.
Local Notation direction := 14%nat.
Local Notation pred_x0 := 15%nat.
Local Notation eps := 16%nat.
Local Notation prev_sample := 17%nat.
Local Notation x_coefficient := 18%nat.
Local Notation output_coefficient := 19%nat.
Local Notation recip := 20%nat.
Local Notation recipm1 := 21%nat.
Local Notation sigma_from := 22%nat.
Local Notation sigma_to := 23%nat.
Local Notation sigma_up := 24%nat.
Local Notation sigma_down := 25%nat.
Local Notation denoiser_skip := 26%nat.
Local Notation denoiser_out := 27%nat.
Local Notation state := 28%nat.
Local Notation derivative := 29%nat.
Local Notation beta := 30%nat.
Local Notation radicand := 31%nat.
Local Notation noisy_sample := 32%nat.

Definition registers : list string := ["alpha_bar"; "alpha_bar_prev"; "one_minus"; "one_minus_prev"; "eta"; "x";
  "output"; "noise"; "threshold"; "sigma"; "variance"; "root"; "rest"; "root_prev"; "direction"; "pred_x0"; "eps";
  "prev_sample"; "x_coefficient"; "output_coefficient"; "recip"; "recipm1"; "sigma_from"; "sigma_to"; "sigma_up";
  "sigma_down"; "denoiser_skip"; "denoiser_out"; "state"; "derivative"; "beta"; "radicand"; "noisy_sample"]%string.
Definition given_registers : nat := 9.

(** ** Eq16's spellings *)

Definition a : expr := alpha_bar.
Definition p : expr := alpha_bar_prev.

Definition sigma_product_of_roots : program :=
  [Let Table sigma (eta * Sqrt ((1 - p) / (1 - a)) * Sqrt (1 - a / p))%expr].
Definition sigma_root_of_product : program :=
  [Let Table sigma (eta * Sqrt ((1 - p) / (1 - a) * (1 - a / p)))%expr].
Definition sigma_beta_tilde : program :=
  [Let Table sigma (eta * Sqrt ((1 - a / p) * (1 - p) / (1 - a)))%expr].
(** With the levels' own 1 - alpha_bar. *)
Definition sigma_two_tables : program :=
  [Let Table beta ((p - a) / p)%expr; Let Table variance (Sqr eta * one_minus_prev / one_minus * beta)%expr;
   Let Table sigma (Sqrt variance)].

Definition sigmas : list (string * program) :=
  [("product_of_roots", sigma_product_of_roots); ("root_of_product", sigma_root_of_product);
   ("beta_tilde", sigma_beta_tilde); ("two_tables", sigma_two_tables)]%string.

(** ** Orders *)

Inductive prediction := Eps | X0 | V.
(** [Kept]: the model's eps although x_0 was clipped; [Rederived]: eps from the clipped x_0.  The flag says
    that x_0 is divided by the threshold afterwards (dynamic thresholding). *)
Inductive restriction := Free | Kept (rescale : bool) | Rederived (rescale : bool).

Record order := Order {
  title : string;
  source : list string;
  coefficients : program;
  x0_from : prediction -> program;
  eps_from : prediction -> program;      (* from x_t and the output *)
  keeps_eps : bool;                      (* or only the next, from x_t and pred_x0 *)
  eps_again : program;
  finish : prediction -> program;
  finish_kept : program;
  finish_again : program }.

Definition restrict (rescale : bool) : program :=
  Clip pred_x0 pred_x0 threshold ::
  (if rescale then [Let Sample pred_x0 (Div pred_x0 threshold)] else []).

Definition order_program (o : order) (q : prediction) (r : restriction) : program :=
  coefficients o ++ x0_from o q ++
  match r with
  | Free => (if keeps_eps o then eps_from o q else eps_again o) ++ finish o q
  | Kept rescale => restrict rescale ++ eps_from o q ++ finish_kept o
  | Rederived rescale => restrict rescale ++ eps_again o ++ finish_again o
  end.

(** Where an order has no say on the kept eps. *)
Definition applies (o : order) (r : restriction) : bool :=
  match r with Kept _ => keeps_eps o | _ => true end.

(** Every coefficient an order uses on samples is moved to the samples' format. *)
Definition moved (names : list nat) : program := map (fun r => Cast Sample r r) names.

Definition sum_of_three : expr := (root_prev * pred_x0 + direction * eps + sigma * noise)%expr.
Definition finish_three : program := [Let Sample prev_sample sum_of_three].

Definition rooted_x0 (divided : expr -> expr -> expr) (q : prediction) : program :=
  match q with
  | Eps => [Let Sample pred_x0 (divided (x - rest * output)%expr root)]
  | X0 => [Let Sample pred_x0 output]
  | V => [Let Sample pred_x0 (root * x - rest * output)%expr]
  end.
Definition rooted_eps (divided : expr -> expr -> expr) (q : prediction) : program :=
  match q with
  | Eps => [Let Sample eps output]
  | X0 => [Let Sample eps (divided (x - root * output)%expr rest)]
  | V => [Let Sample eps (root * output + rest * x)%expr]
  end.
Definition rooted_again (divided : expr -> expr -> expr) : program :=
  [Let Sample eps (divided (x - root * pred_x0)%expr rest)].

(** A quotient of samples by a number, as some devices do it; the quotient itself is one evaluation of it. *)
Definition by_reciprocal (b c : expr) : expr := (b * (1 / c))%expr.

Definition rooted_coefficients : program :=
  [Let Table root (Sqrt a); Let Table rest (Sqrt (1 - a)%expr); Let Table root_prev (Sqrt p);
   Let Table direction (Sqrt (1 - p - Sqr sigma)%expr)] ++ moved [root; rest; root_prev; direction; sigma].

Definition diffusers : order := Order "diffusers"
  ["diffusers' DDIMScheduler.step: pred_x0 by a quotient or a reciprocal, then the direction, then the noise."]%string
  ([Cast Table eta eta] ++ sigma_root_of_product ++ rooted_coefficients)
  (rooted_x0 by_reciprocal) (rooted_eps by_reciprocal) true (rooted_again by_reciprocal)
  (fun _ => finish_three) finish_three finish_three.

Definition compvis : order := Order "compvis"
  ["CompVis' ldm/models/diffusion/ddim.py: sigma and sqrt(1 - alpha_bar) are moved before they are used."]%string
  ([Cast Table eta eta] ++ sigma_root_of_product ++
   [Let Table rest (Sqrt (1 - a)%expr); Cast Table rest rest; Cast Table sigma sigma;
    Let Table root (Sqrt a); Let Table root_prev (Sqrt p); Let Table direction (Sqrt (1 - p - Sqr sigma)%expr)]
   ++ moved [root; rest; root_prev; direction; sigma])
  (rooted_x0 Div) (rooted_eps Div) true (rooted_again Div)
  (fun _ => finish_three) finish_three finish_three.

Definition finish_noise_first : program :=
  [Let Sample prev_sample (root_prev * pred_x0 + sigma * noise + direction * eps)%expr].
Definition ermongroup : order := Order "ermongroup"
  ["The paper's own code, functions/denoising.py: through beta tilde, and the noise before the direction."]%string
  ([Cast Table eta eta] ++ sigma_beta_tilde ++ rooted_coefficients)
  (rooted_x0 Div) (rooted_eps Div) true (rooted_again Div)
  (fun _ => finish_noise_first) finish_noise_first finish_noise_first.

Definition guided_eps : program := [Let Sample eps ((recip * x - pred_x0) / recipm1)%expr].
Definition guided_diffusion : order := Order "guided_diffusion"
  ["guided-diffusion's ddim_sample: tables of 1 / sqrt(alpha_bar) and sqrt(1 / alpha_bar - 1), eps always from";
   "pred_x0. Domain: 0 < alpha_bar."]%string
  ([Cast Table eta eta; Let Table recip (Sqrt (1 / a)%expr); Let Table recipm1 (Sqrt (1 / a - 1)%expr)]
   ++ sigma_product_of_roots ++ rooted_coefficients ++ moved [recip; recipm1])
  (fun q => match q with Eps => [Let Sample pred_x0 (recip * x - recipm1 * output)%expr] | _ => rooted_x0 Div q end)
  (fun _ => guided_eps) false guided_eps
  (fun _ => finish_three) finish_three finish_three.

(** sigma_from and sigma_to are sqrt((1 - alpha_bar) / alpha_bar); get_ancestral_step's minimum is a clip. *)
Definition k_finish : program :=
  [Let Sample prev_sample ((state + derivative * (sigma_down - sigma_from) + noise * sigma_up) * root_prev)%expr;
   Let Table sigma (sigma_up * root_prev)%expr].
Definition k_eps : program := [Let Sample derivative ((state - pred_x0) / sigma_from)%expr; Let Sample eps derivative].
Definition k_diffusion : order := Order "k_diffusion"
  ["k-diffusion's sample_euler_ancestral (eta = 0: sample_euler) on x / sqrt(alpha_bar), with its CompVis denoisers.";
   "Domain: 0 < alpha_bar."]%string
  ([Cast Table eta eta; Let Table root (Sqrt a); Let Table root_prev (Sqrt p); Let Table sigma_from (Sqrt ((1 - a) / a)%expr);
    Let Table sigma_to (Sqrt ((1 - p) / p)%expr);
    Let Table sigma_up (eta * Sqrt (Sqr sigma_to * (Sqr sigma_from - Sqr sigma_to) / Sqr sigma_from))%expr;
    Clip sigma_up sigma_up sigma_to;
    Let Table sigma_down (Sqrt (Sqr sigma_to - Sqr sigma_up)%expr);
    Let Table denoiser_skip (1 / (Sqr sigma_from + 1))%expr;
    Let Table denoiser_out (sigma_from / Sqrt (Sqr sigma_from + 1)%expr)%expr]
   ++ moved [root; root_prev; sigma_from; sigma_up; sigma_down; denoiser_skip; denoiser_out])
  (fun q => Let Sample state (by_reciprocal x root) :: match q with
    | Eps => [Let Sample pred_x0 (state - output * sigma_from)%expr]
    | X0 => [Let Sample pred_x0 output]
    | V => [Let Sample pred_x0 (state * denoiser_skip - output * denoiser_out)%expr] end)
  (fun _ => k_eps) false k_eps (fun _ => k_finish) k_finish k_finish.

(** ours: eps: sqrt(p / a) x + c eps, and so on (steps.hpp), with tables of alpha_bar and of 1 - alpha_bar. *)
Definition fused_terms (first second third : expr) (from_the_right : bool) : program :=
  [Let Sample prev_sample (if from_the_right then (first + (second + third))%expr else (first + second + third)%expr)].
Definition fused_pair (q : prediction) : list instruction :=
  match q with
  | Eps => [Let Table x_coefficient (Sqrt (p / a)%expr);
            Let Table output_coefficient
              (- ((p * beta / a + variance) / (direction + Sqrt (p * one_minus / a)%expr)))%expr]
  | X0 => [Let Table x_coefficient (Sqrt (radicand / one_minus)%expr);
           Let Table output_coefficient
             ((p * beta + a * variance) / (one_minus * (root_prev + x_coefficient * root)))%expr]
  | V => [Let Table x_coefficient (Sqrt (p * a)%expr + direction * Sqrt one_minus)%expr;
          Let Table output_coefficient
            (- ((p * beta + a * variance) / (direction * root + Sqrt (p * one_minus)%expr)))%expr]
  end.
Definition fused_coefficients : program :=
  [Cast Table eta eta] ++ sigma_two_tables ++
  [Let Table root (Sqrt a); Let Table rest (Sqrt one_minus); Let Table root_prev (Sqrt p);
   Let Table radicand (one_minus_prev - variance)%expr; Let Table direction (Sqrt radicand);
   Let Table recip (1 / root)%expr; Let Table recipm1 (Sqrt (one_minus / a)%expr)]
   ++ moved [recip; recipm1].
Definition fused_x0 (q : prediction) : program :=
  match q with
  | Eps => [Let Sample pred_x0 (recip * x - recipm1 * output)%expr]
  | X0 => [Let Sample pred_x0 output]
  | V => [Cast Sample denoiser_skip root; Cast Sample denoiser_out rest;
          Let Sample pred_x0 (denoiser_skip * x - denoiser_out * output)%expr]
  end.
Definition fused_eps (q : prediction) : program :=
  match q with
  | Eps => [Let Sample eps output]
  | X0 => [Let Table sigma_from (1 / rest)%expr; Let Table sigma_to (Sqrt (a / one_minus)%expr)]
          ++ moved [sigma_from; sigma_to] ++ [Let Sample eps (sigma_from * x - sigma_to * output)%expr]
  | V => [Cast Sample denoiser_skip root; Cast Sample denoiser_out rest;
          Let Sample eps (denoiser_out * x + denoiser_skip * output)%expr]
  end.
Definition fused_finish (from_the_right : bool) (q : prediction) : program :=
  fused_pair q ++ moved [x_coefficient; output_coefficient; sigma] ++
  fused_terms (x_coefficient * x)%expr (output_coefficient * output)%expr (sigma * noise)%expr from_the_right.
Definition fused_again (from_the_right : bool) : program :=
  fused_pair X0 ++ moved [x_coefficient; output_coefficient; sigma] ++
  fused_terms (output_coefficient * pred_x0)%expr (x_coefficient * x)%expr (sigma * noise)%expr from_the_right.
Definition fused_kept (from_the_right : bool) : program :=
  moved [root_prev; direction; sigma] ++
  fused_terms (root_prev * pred_x0)%expr (direction * eps)%expr (sigma * noise)%expr from_the_right.

Definition fused : order := Order "fused"
  ["reference/ and cuda/: two coefficients without cancellation, from tables of alpha_bar and of 1 - alpha_bar."]%string
  fused_coefficients fused_x0 fused_eps true [] (fused_finish false) (fused_kept false) (fused_again false).
Definition fused_fma : order := Order "fused_fma"
  ["The same, summed from the right: fma(c0, x, fma(c1, output, sigma noise))."]%string
  fused_coefficients fused_x0 fused_eps true [] (fused_finish true) (fused_kept true) (fused_again true).

Definition orders : list order :=
  [fused; fused_fma; diffusers; compvis; ermongroup; guided_diffusion; k_diffusion].

(** ** q_sample: x0 stands in the register of x *)

Record noising := Noising { noising_title : string; noising_source : list string; noising_program : program }.

Definition sum_of_two : program := [Let Sample noisy_sample (root * x + rest * noise)%expr].
Definition add_noise_rooted : noising := Noising "add_noise_rooted"
  ["Both roots in the table's format, then moved: guided-diffusion, CompVis, ermongroup."]%string
  ([Let Table root (Sqrt a); Let Table rest (Sqrt (1 - a)%expr)] ++ moved [root; rest] ++ sum_of_two).
Definition add_noise_moved_first : noising := Noising "add_noise_moved_first"
  ["alpha_bar moved to the sample's format first: diffusers' add_noise."]%string
  (moved [alpha_bar] ++ [Let Sample root (Sqrt a); Let Sample rest (Sqrt (1 - a)%expr)] ++ sum_of_two).
Definition add_noise_two_tables : noising := Noising "add_noise_two_tables"
  ["With the level's own 1 - alpha_bar: reference/ and cuda/."]%string
  ([Let Table root (Sqrt a); Let Table rest (Sqrt one_minus)] ++ moved [root; rest] ++ sum_of_two).
Definition noisings : list noising := [add_noise_rooted; add_noise_moved_first; add_noise_two_tables].

(** ** The paper's step *)

Close Scope Z_scope.
Open Scope R_scope.

Definition predicted_x0 (q : prediction) (al xt o : R) : R :=
  match q with Eps => predict_x0 al xt o | X0 => o | V => x0_from_velocity al xt o end.
Definition predicted_eps (q : prediction) (al xt o : R) : R :=
  match q with Eps => o | X0 => predict_eps al xt o | V => eps_from_velocity al xt o end.
Definition restricted (r : restriction) (m x0 : R) : R :=
  match r with
  | Free => x0
  | Kept d | Rederived d => if d then clip m x0 / m else clip m x0
  end.
Definition step_x0 q r al xt o m : R := restricted r m (predicted_x0 q al xt o).
Definition step_eps q r al xt o m : R :=
  match r with Rederived _ => predict_eps al xt (step_x0 q r al xt o m) | _ => predicted_eps q al xt o end.
Definition step (q : prediction) (r : restriction) (al al_p s xt o z m : R) : R :=
  sqrt al_p * step_x0 q r al xt o m + sqrt (1 - al_p - s ^ 2) * step_eps q r al xt o m + s * z.

Definition inputs (al al_p et xt o z m : R) : list R := [al; al_p; 1 - al; 1 - al_p; et; xt; o; z; m].

(** Levels and eta of a step; alpha_bar = 0 (zero terminal SNR) is the orders' own matter. *)
Definition step_domain (al al_p et : R) : Prop := 0 <= al /\ al <= al_p /\ 0 < al_p <= 1 /\ al < 1 /\ 0 <= et <= 1.

Definition computes (o : order) (q : prediction) (r : restriction) : Prop :=
  applies o r = true -> forall al al_p et xt out z m, step_domain al al_p et ->
  (0 < al \/ (q <> Eps /\ keeps_eps o = true)) ->
  let s := sigma_of_eta et al al_p in
  let final := exact (order_program o q r) (inputs al al_p et xt out z m) in
  nth prev_sample final 0 = step q r al al_p s xt out z m /\
  nth pred_x0 final 0 = step_x0 q r al xt out m /\
  nth sigma final 0 = s.

(** ** Every order computes the paper's step *)

Lemma exact_append : forall p q s, exact (p ++ q) s = exact q (exact p s).
Proof. intros p q; induction p as [|[] p IH]; intros s; cbn [exact app]; auto. Qed.

Lemma domain_pair : forall al al_p et, step_domain al al_p et ->
  0 <= 1 - al_p /\ 0 < 1 - al /\ 0 <= (1 - al_p) / (1 - al) /\ 0 <= 1 - al / al_p.
Proof.
intros al al_p et (A & B & C & D & E); repeat split; try lra.
- apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
- replace (1 - al / al_p) with ((al_p - al) / al_p) by (field; lra).
  apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
Qed.

Lemma root_of_product_spells : forall al al_p et, step_domain al al_p et ->
  et * sqrt ((1 - al_p) / (1 - al) * (1 - al / al_p)) = sigma_of_eta et al al_p.
Proof.
intros al al_p et H; destruct (domain_pair _ _ _ H) as (A & B & C & D).
unfold sigma_of_eta; rewrite sqrt_mult by assumption; ring.
Qed.

Lemma beta_tilde_spells : forall al al_p et, step_domain al al_p et ->
  et * sqrt ((1 - al / al_p) * (1 - al_p) / (1 - al)) = sigma_of_eta et al al_p.
Proof.
intros al al_p et H; destruct (domain_pair _ _ _ H) as (A & B & C & D).
rewrite <- root_of_product_spells by assumption; f_equal; f_equal; field; destruct H as (_ & _ & ? & _); lra.
Qed.

Lemma variance_spells : forall al al_p et, step_domain al al_p et ->
  et ^ 2 * (1 - al_p) / (1 - al) * ((al_p - al) / al_p) = sigma_of_eta et al al_p ^ 2.
Proof.
intros al al_p et H; destruct (domain_pair _ _ _ H) as (A & B & C & D).
unfold sigma_of_eta; rewrite !Rpow_mult_distr, !pow2_sqrt by assumption.
destruct H as (_ & _ & ? & _); field; lra.
Qed.

Lemma sigma_nonneg : forall al al_p et, step_domain al al_p et -> 0 <= sigma_of_eta et al al_p.
Proof.
intros al al_p et (A & B & C & D & E); unfold sigma_of_eta.
repeat apply Rmult_le_pos; try apply sqrt_pos; lra.
Qed.

Lemma two_tables_spells : forall al al_p et, step_domain al al_p et ->
  sqrt (et ^ 2 * (1 - al_p) / (1 - al) * ((al_p - al) / al_p)) = sigma_of_eta et al al_p.
Proof.
intros al al_p et H; rewrite variance_spells by assumption; apply sqrt_pow2, sigma_nonneg, H.
Qed.

Lemma sigma_domain : forall al al_p et, step_domain al al_p et -> 0 <= 1 - al_p - sigma_of_eta et al al_p ^ 2.
Proof.
intros al al_p et H; rewrite <- variance_spells by assumption; destruct (domain_pair _ _ _ H) as (A & B & C & D).
destruct H as (H1 & H2 & H3 & H4 & H5).
replace (et ^ 2 * (1 - al_p) / (1 - al) * ((al_p - al) / al_p))
  with ((1 - al_p) * (et ^ 2 * (((al_p - al) / (al_p * (1 - al)))))) by (field; lra).
assert (Q : 0 <= (al_p - al) / (al_p * (1 - al)) <= 1).
{ assert (0 < al_p * (1 - al)) by (apply Rmult_lt_0_compat; lra); split.
  - apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
  - apply (Rmult_le_reg_r (al_p * (1 - al))); [assumption|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; nra. }
assert (et ^ 2 <= 1) by nra; assert (0 <= et ^ 2) by nra.
assert (et ^ 2 * ((al_p - al) / (al_p * (1 - al))) <= 1) by nra.
assert (0 <= et ^ 2 * ((al_p - al) / (al_p * (1 - al)))) by (apply Rmult_le_pos; lra).
nra.
Qed.

(** eps from pred_x0 is eps: why it may be made again where nothing was clipped. *)
Lemma eps_round_trip : forall q al xt o, 0 < al -> al < 1 ->
  predict_eps al xt (predicted_x0 q al xt o) = predicted_eps q al xt o.
Proof.
intros q al xt o A B; pose proof (sqrt_lt_R0 al A) as P; assert (P' := sqrt_lt_R0 (1 - al) ltac:(lra)).
assert (E : sqrt al * sqrt al = al) by (apply sqrt_sqrt; lra).
assert (E' : sqrt (1 - al) * sqrt (1 - al) = 1 - al) by (apply sqrt_sqrt; lra).
destruct q; unfold predict_eps, predicted_x0, predicted_eps, predict_x0, eps_from_velocity, x0_from_velocity.
- field; lra.
- reflexivity.
- apply (Rmult_eq_reg_r (sqrt (1 - al))); [|lra].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  replace (xt - sqrt al * (sqrt al * xt - sqrt (1 - al) * o))
    with (xt * (1 - sqrt al * sqrt al) + sqrt al * sqrt (1 - al) * o) by ring.
  rewrite E, Rmult_plus_distr_r; set (t := sqrt (1 - al)) in *; rewrite <- E'; ring.
Qed.

Ltac run := lazy -[Rplus Rminus Rmult Rdiv Ropp sqrt pow clip Rinv IZR sigma_of_eta predict_x0 predict_eps predict_x0
  x0_from_velocity eps_from_velocity].

Definition rooted_state al al_p et xt o z m s : list R :=
  [al; al_p; 1 - al; 1 - al_p; et; xt; o; z; m; s; 0; sqrt al; sqrt (1 - al); sqrt al_p; sqrt (1 - al_p - s ^ 2)].

Lemma rooted_computes : forall o divided, (forall s b c, eval s (divided b c) = eval s b / eval s c) ->
  (forall al al_p et xt out z m, step_domain al al_p et ->
    exact (coefficients o) (inputs al al_p et xt out z m)
    = rooted_state al al_p et xt out z m (sigma_of_eta et al al_p)) ->
  x0_from o = rooted_x0 divided -> eps_from o = rooted_eps divided -> eps_again o = rooted_again divided ->
  keeps_eps o = true ->
  (forall q, finish o q = finish_three /\ finish_kept o = finish_three /\ finish_again o = finish_three \/
             finish o q = finish_noise_first /\ finish_kept o = finish_noise_first /\ finish_again o = finish_noise_first) ->
  forall q r, computes o q r.
Proof.
intros o divided D C E1 E2 E3 K F q r _ al al_p et xt out z m H _.
unfold order_program; rewrite exact_append, C by assumption; rewrite E1, E2, E3, K.
set (s := sigma_of_eta et al al_p); cbv zeta.
destruct (F q) as [(-> & -> & ->)|(-> & -> & ->)]; destruct q; destruct r as [|[]|[]];
  run; rewrite ?D; run; unfold step, step_eps, step_x0, restricted, predicted_x0, predicted_eps, predict_x0,
  predict_eps, x0_from_velocity, eps_from_velocity; repeat split; try reflexivity; try ring.
Qed.

Theorem diffusers_computes : forall q r, computes diffusers q r.
Proof.
apply (rooted_computes diffusers by_reciprocal); try reflexivity.
- intros s b c; cbn [eval by_reciprocal]; unfold Rdiv; ring.
- intros al al_p et xt out z m H; run; rewrite root_of_product_spells by assumption; reflexivity.
- intros q; left; repeat split.
Qed.

Theorem compvis_computes : forall q r, computes compvis q r.
Proof.
apply (rooted_computes compvis Div); try reflexivity.
- intros al al_p et xt out z m H; run; rewrite root_of_product_spells by assumption; reflexivity.
- intros q; left; repeat split.
Qed.

Theorem ermongroup_computes : forall q r, computes ermongroup q r.
Proof.
apply (rooted_computes ermongroup Div); try reflexivity.
- intros al al_p et xt out z m H; run; rewrite beta_tilde_spells by assumption; reflexivity.
- intros q; right; repeat split.
Qed.

(** guided-diffusion: eps is made again from pred_x0, so 0 < alpha_bar. *)
Lemma guided_recip : forall al, 0 < al -> al < 1 ->
  sqrt (1 / al) = / sqrt al /\ sqrt (1 / al - 1) = sqrt (1 - al) / sqrt al.
Proof.
intros al A B; split.
- rewrite sqrt_div_alt, sqrt_1 by assumption; unfold Rdiv; ring.
- assert (E : 1 / al - 1 = (1 - al) / al) by (field; lra).
  rewrite E; now apply sqrt_div_alt.
Qed.

Ltac made_again A B := (* eps from an unclipped pred_x0 *)
  match goal with
  | |- context [predict_eps ?al ?xt (predict_x0 ?al ?xt ?o)] =>
      rewrite (eps_round_trip Eps al xt o A B : predict_eps al xt (predict_x0 al xt o) = o)
  | |- context [predict_eps ?al ?xt (x0_from_velocity ?al ?xt ?o)] =>
      rewrite (eps_round_trip V al xt o A B
        : predict_eps al xt (x0_from_velocity al xt o) = eps_from_velocity al xt o)
  | _ => idtac
  end.

Theorem guided_diffusion_computes : forall q r, computes guided_diffusion q r.
Proof.
intros q r K al al_p et xt out z m H [A|(_ & N)]; [|discriminate].
assert (B : al < 1) by apply H.
destruct (guided_recip al A B) as (E1 & E2).
assert (P := sqrt_lt_R0 al A); assert (P' := sqrt_lt_R0 (1 - al) ltac:(lra)).
unfold order_program; rewrite exact_append.
set (s := sigma_of_eta et al al_p).
assert (C : exact (coefficients guided_diffusion) (inputs al al_p et xt out z m)
  = rooted_state al al_p et xt out z m s ++ [0; 0; 0; 0; 0; / sqrt al; sqrt (1 - al) / sqrt al])
  by (run; rewrite E1, E2; reflexivity).
rewrite C; clear C; cbv zeta.
assert (again : forall x0, (/ sqrt al * xt - x0) / (sqrt (1 - al) / sqrt al) = predict_eps al xt x0)
  by (intros x0; unfold predict_eps; field; lra).
assert (pred : / sqrt al * xt - sqrt (1 - al) / sqrt al * out = predict_x0 al xt out)
  by (unfold predict_x0; field; lra).
destruct q; destruct r as [|d|d]; try discriminate; try destruct d;
  run; rewrite ?pred, ?again; fold (x0_from_velocity al xt out);
  unfold step, step_eps, step_x0, restricted, predicted_x0, predicted_eps; repeat split;
  made_again A B; reflexivity.
Qed.

Lemma sigma_space : forall al al_p et, step_domain al al_p et -> 0 < al ->
  let s := sigma_of_eta et al al_p in let from := sqrt (1 - al) / sqrt al in let to := sqrt (1 - al_p) / sqrt al_p in
  sqrt ((1 - al) / al) = from /\ sqrt ((1 - al_p) / al_p) = to /\
  et * sqrt (to ^ 2 * (from ^ 2 - to ^ 2) / from ^ 2) = s / sqrt al_p /\
  clip to (s / sqrt al_p) = s / sqrt al_p /\
  sqrt (to ^ 2 - (s / sqrt al_p) ^ 2) = sqrt (1 - al_p - s ^ 2) / sqrt al_p /\
  1 / (from ^ 2 + 1) = al /\ from / sqrt (from ^ 2 + 1) = sqrt (1 - al).
Proof.
intros al al_p et H A s from to; destruct (domain_pair _ _ _ H) as (D1 & D2 & D3 & D4).
assert (N := sigma_nonneg _ _ _ H); assert (R := sigma_domain _ _ _ H); fold s in N, R.
assert (SP := root_of_product_spells _ _ _ H); fold s in SP.
destruct H as (H1 & H2 & H3 & H4 & H5).
assert (P := sqrt_lt_R0 al A); assert (P' := sqrt_lt_R0 (1 - al) D2); assert (P2 := sqrt_lt_R0 al_p ltac:(lra)).
assert (F2 : from ^ 2 = (1 - al) / al).
{ unfold from, Rdiv; rewrite Rpow_mult_distr, pow_inv, !pow2_sqrt by lra; reflexivity. }
assert (T2 : to ^ 2 = (1 - al_p) / al_p).
{ unfold to, Rdiv; rewrite Rpow_mult_distr, pow_inv, !pow2_sqrt by lra; reflexivity. }
assert (U2 : (s / sqrt al_p) ^ 2 = s ^ 2 / al_p).
{ unfold Rdiv; rewrite Rpow_mult_distr, pow_inv, pow2_sqrt by lra; reflexivity. }
split; [now apply sqrt_div_alt|]; split; [apply sqrt_div_alt; lra|]; split; [|split; [|split; [|split]]].
- rewrite F2, T2, <- SP.
  replace ((1 - al_p) / al_p * ((1 - al) / al - (1 - al_p) / al_p) / ((1 - al) / al))
    with ((1 - al_p) / (1 - al) * (1 - al / al_p) / al_p) by (field; lra).
  rewrite sqrt_div_alt by lra; unfold Rdiv; ring.
- assert (S : 0 <= s / sqrt al_p) by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat, P2]).
  assert (L : s / sqrt al_p <= to).
  { unfold to; apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat, P2|].
    rewrite <- (sqrt_pow2 s N); apply sqrt_le_1_alt; lra. }
  unfold clip; rewrite Rmin_right, Rmax_right by lra; reflexivity.
- rewrite T2, U2; replace ((1 - al_p) / al_p - s ^ 2 / al_p) with ((1 - al_p - s ^ 2) / al_p) by (field; lra).
  apply sqrt_div_alt; lra.
- rewrite F2; field; lra.
- rewrite F2; replace ((1 - al) / al + 1) with (1 / al) by (field; lra).
  rewrite sqrt_div_alt, sqrt_1 by assumption; unfold from; field; lra.
Qed.

Theorem k_diffusion_computes : forall q r, computes k_diffusion q r.
Proof.
intros q r K al al_p et xt out z m H [A|(_ & N)]; [|discriminate].
assert (B : al < 1) by apply H.
destruct (sigma_space _ _ _ H A) as (E1 & E2 & E3 & E4 & E5 & E6 & E7).
set (s := sigma_of_eta et al al_p) in *; set (from := sqrt (1 - al) / sqrt al) in *.
assert (P := sqrt_lt_R0 al A); assert (P' := sqrt_lt_R0 (1 - al) ltac:(lra)).
assert (P2 := sqrt_lt_R0 al_p ltac:(apply H)).
unfold order_program; rewrite exact_append.
assert (C : exact (coefficients k_diffusion) (inputs al al_p et xt out z m)
  = [al; al_p; 1 - al; 1 - al_p; et; xt; out; z; m; 0; 0; sqrt al; 0; sqrt al_p; 0; 0; 0; 0; 0; 0; 0; 0; from;
     sqrt (1 - al_p) / sqrt al_p; s / sqrt al_p; sqrt (1 - al_p - s ^ 2) / sqrt al_p; al; sqrt (1 - al)])
  by (run; rewrite E1, E2, E3, E4, E5, E6, E7; reflexivity).
rewrite C; clear C; cbv zeta.
assert (Q : sqrt al * sqrt al = al) by (apply sqrt_sqrt; lra).
assert (again : forall x0, (xt * (1 / sqrt al) - x0) / from = predict_eps al xt x0)
  by (intros x0; unfold predict_eps, from; field; lra).
assert (pred : xt * (1 / sqrt al) - out * from = predict_x0 al xt out)
  by (unfold predict_x0, from; field; lra).
assert (pred_v : xt * (1 / sqrt al) * al - out * sqrt (1 - al) = x0_from_velocity al xt out)
  by (unfold x0_from_velocity; rewrite <- Q at 2; field; lra).
assert (moves : forall x0, (xt * (1 / sqrt al) + predict_eps al xt x0 * (sqrt (1 - al_p - s ^ 2) / sqrt al_p - from)
    + z * (s / sqrt al_p)) * sqrt al_p
  = sqrt al_p * x0 + sqrt (1 - al_p - s ^ 2) * predict_eps al xt x0 + s * z)
  by (intros x0; unfold predict_eps, from; field; lra).
assert (back : s / sqrt al_p * sqrt al_p = s) by (field; lra).
clearbody from s.
destruct q; destruct r as [|d|d]; try discriminate; try destruct d;
  run; rewrite ?pred, ?pred_v, ?again, ?moves, ?back;
  unfold step, step_eps, step_x0, restricted, predicted_x0, predicted_eps; repeat split;
  made_again A B; reflexivity.
Qed.

(** The library's own coefficients, free of cancellation, are the affine step's. *)
Lemma fused_spells : forall al al_p s, 0 <= al -> al < 1 -> 0 < al_p -> 0 <= 1 - al_p - s ^ 2 ->
  let k := sqrt (1 - al_p - s ^ 2) in let c := sqrt ((1 - al_p - s ^ 2) / (1 - al)) in
  c = k / sqrt (1 - al) /\
  (al_p * ((al_p - al) / al_p) + al * s ^ 2) / ((1 - al) * (sqrt al_p + c * sqrt al)) = sqrt al_p - c * sqrt al /\
  - ((al_p * ((al_p - al) / al_p) + al * s ^ 2) / (k * sqrt al + sqrt (al_p * (1 - al))))
    = k * sqrt al - sqrt al_p * sqrt (1 - al).
Proof.
intros al al_p s A B P R k c.
assert (P1 := sqrt_lt_R0 al_p P); assert (P2 := sqrt_lt_R0 (1 - al) ltac:(lra)); pose proof (sqrt_pos al) as P3.
assert (K : k * k = 1 - al_p - s ^ 2) by now apply sqrt_sqrt.
assert (Q : sqrt al * sqrt al = al) by now apply sqrt_sqrt.
assert (Q' : sqrt (1 - al) * sqrt (1 - al) = 1 - al) by (apply sqrt_sqrt; lra).
assert (QP : sqrt al_p * sqrt al_p = al_p) by (apply sqrt_sqrt; lra).
assert (PK : 0 <= k) by apply sqrt_pos.
assert (C : c = k / sqrt (1 - al)) by (apply sqrt_div_alt; lra).
assert (D : al_p * ((al_p - al) / al_p) = al_p - al) by (field; lra).
split; [exact C|]; rewrite D; split.
- assert (PC : 0 <= c) by apply sqrt_pos.
  assert (0 < sqrt al_p + c * sqrt al) by (assert (0 <= c * sqrt al) by (apply Rmult_le_pos; lra); lra).
  apply (Rmult_eq_reg_r ((1 - al) * (sqrt al_p + c * sqrt al)));
    [|apply Rgt_not_eq, Rmult_lt_0_compat; lra].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by (apply Rgt_not_eq, Rmult_lt_0_compat; lra).
  replace ((sqrt al_p - c * sqrt al) * ((1 - al) * (sqrt al_p + c * sqrt al)))
    with ((1 - al) * (sqrt al_p * sqrt al_p) - (1 - al) * (c * c) * (sqrt al * sqrt al)) by ring.
  replace ((1 - al) * (c * c)) with (k * k).
  + rewrite QP, Q, K; ring.
  + rewrite C; unfold Rdiv; replace ((1 - al) * (k * / sqrt (1 - al) * (k * / sqrt (1 - al))))
      with ((1 - al) * (k * k) * / (sqrt (1 - al) * sqrt (1 - al))) by (field; lra).
    rewrite Q'; field; lra.
- rewrite sqrt_mult by lra.
  assert (M : 0 < k * sqrt al + sqrt al_p * sqrt (1 - al)).
  { assert (0 <= k * sqrt al) by now apply Rmult_le_pos.
    assert (0 < sqrt al_p * sqrt (1 - al)) by now apply Rmult_lt_0_compat. lra. }
  apply (Rmult_eq_reg_r (k * sqrt al + sqrt al_p * sqrt (1 - al))); [|lra].
  rewrite <- Ropp_mult_distr_l; unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  replace ((k * sqrt al - sqrt al_p * sqrt (1 - al)) * (k * sqrt al + sqrt al_p * sqrt (1 - al)))
    with ((k * k) * (sqrt al * sqrt al) - (sqrt al_p * sqrt al_p) * (sqrt (1 - al) * sqrt (1 - al))) by ring.
  rewrite K, Q, QP, Q'; ring.
Qed.

Lemma fused_computes_either : forall right o q r, 
  o = fused \/ o = fused_fma -> right = (if String.eqb (title o) "fused" then false else true) -> computes o q r.
Proof.
intros right o q r O _ _ al al_p et xt out z m H G.
assert (B : al < 1) by apply H; assert (P : 0 < al_p) by apply H; assert (A0 : 0 <= al) by apply H.
assert (R := sigma_domain _ _ _ H); assert (V := variance_spells _ _ _ H); assert (S := two_tables_spells _ _ _ H).
set (s := sigma_of_eta et al al_p) in *.
assert (N : sqrt (s ^ 2) = s) by (apply sqrt_pow2, sigma_nonneg, H).
destruct (fused_spells al al_p s A0 B P R) as (C1 & C2 & C3).
set (k := sqrt (1 - al_p - s ^ 2)) in *; set (c := sqrt ((1 - al_p - s ^ 2) / (1 - al))) in *.
assert (P1 := sqrt_lt_R0 al_p P); assert (P2 := sqrt_lt_R0 (1 - al) ltac:(lra)).
unfold order_program; rewrite exact_append.
assert (C : exact (coefficients o) (inputs al al_p et xt out z m)
  = [al; al_p; 1 - al; 1 - al_p; et; xt; out; z; m; s; s ^ 2; sqrt al; sqrt (1 - al); sqrt al_p; k; 0; 0; 0; 0; 0;
     1 / sqrt al; sqrt ((1 - al) / al); 0; 0; 0; 0; 0; 0; 0; 0; (al_p - al) / al_p; 1 - al_p - s ^ 2])
  by (destruct O as [->| ->]; run; rewrite V, N; reflexivity).
rewrite C; clear C; cbv zeta.
assert (eps_x : 0 < al -> sqrt (al_p / al) * xt
    + - ((al_p * ((al_p - al) / al_p) / al + s ^ 2) / (k + sqrt (al_p * (1 - al) / al))) * out
  = sqrt al_p * predict_x0 al xt out + k * out).
{ intros A; assert (PA := sqrt_lt_R0 al A).
  pose proof (Eq12_stable al al_p s ltac:(lra) P R) as E; unfold step_k, step_w in E; fold k in E.
  replace (al_p * ((al_p - al) / al_p) / al) with ((al_p - al) / al) by (field; lra).
  rewrite <- E, !sqrt_div_alt, sqrt_mult by lra; unfold predict_x0; field; lra. }
assert (x0_x : forall x0, (sqrt al_p - c * sqrt al) * x0 + c * xt = sqrt al_p * x0 + k * predict_eps al xt x0).
{ intros x0; rewrite C1; unfold predict_eps; field; lra. }
assert (v_x : (sqrt (al_p * al) + k * sqrt (1 - al)) * xt + (k * sqrt al - sqrt al_p * sqrt (1 - al)) * out
  = sqrt al_p * x0_from_velocity al xt out + k * eps_from_velocity al xt out).
{ rewrite sqrt_mult by lra; unfold x0_from_velocity, eps_from_velocity; ring. }
assert (pred : 0 < al -> 1 / sqrt al * xt - sqrt ((1 - al) / al) * out = predict_x0 al xt out).
{ intros A; assert (PA := sqrt_lt_R0 al A); rewrite sqrt_div_alt by assumption; unfold predict_x0; field; lra. }
assert (next : 1 / sqrt (1 - al) * xt - sqrt (al / (1 - al)) * out = predict_eps al xt out).
{ rewrite sqrt_div_alt by lra; unfold predict_eps; field; lra. }
assert (Ek : sqrt (1 - al_p - s ^ 2) = k) by reflexivity.
assert (Ec : sqrt ((1 - al_p - s ^ 2) / (1 - al)) = c) by reflexivity.
clearbody k c s.
destruct O as [->| ->]; destruct q; destruct r as [|d|d]; try destruct d;
  run; rewrite ?Ek, ?Ec; rewrite ?C2, ?C3, ?next;
  try (assert (A : 0 < al) by (destruct G as [G|(G & _)]; [exact G|congruence]); specialize (eps_x A); specialize (pred A);
       rewrite ?pred);
  repeat split; trivial; unfold step, step_eps, step_x0, restricted, predicted_x0, predicted_eps; rewrite ?Ek;
  rewrite <- ?x0_x; rewrite <- ?eps_x, <- ?v_x; unfold x0_from_velocity, eps_from_velocity; ring.
Qed.

Theorem fused_computes : forall q r, computes fused q r.
Proof. intros q r; apply (fused_computes_either false); [left|]; reflexivity. Qed.

Theorem fused_fma_computes : forall q r, computes fused_fma q r.
Proof. intros q r; apply (fused_computes_either true); [right|]; reflexivity. Qed.

(** ** What an evaluation of these orders may be off by *)

(** Every input may be off, within its ball: a table that was rounded, a moved eta, an x_t kept in fewer digits. *)
Definition order_within (o : order) : Prop :=
  forall q r, applies o r = true ->
  forall al al_p et xt out z m, step_domain al al_p et -> (0 < al \/ (q <> Eps /\ keeps_eps o = true)) ->
  forall F balls given final, (forall f, sound (F f)) ->
  map fst balls = inputs al al_p et xt out z m -> all_within given balls ->
  runs F (order_program o q r) given final ->
  let bound_of n := snd (nth n (bounds F (order_program o q r) balls) nowhere) in
  let s := sigma_of_eta et al al_p in
  (forall E, bound_of prev_sample = Some E -> Rabs (nth prev_sample final 0 - step q r al al_p s xt out z m) <= E) /\
  (forall E, bound_of pred_x0 = Some E -> Rabs (nth pred_x0 final 0 - step_x0 q r al xt out m) <= E) /\
  (forall E, bound_of sigma = Some E -> Rabs (nth sigma final 0 - s) <= E).

Lemma register_error : forall F p balls given final n v E, (forall f, sound (F f)) ->
  all_within given balls -> runs F p given final -> nth n (exact p (map fst balls)) 0 = v ->
  snd (nth n (bounds F p balls) nowhere) = Some E -> Rabs (nth n final 0 - v) <= E.
Proof.
intros F p balls given final n v E S A R X B; pose proof (program_error F p given balls final S A R n) as P.
unfold within in P; rewrite B in P; rewrite <- map_fst_nth, bounds_exact, X in P; exact P.
Qed.

Lemma computes_within : forall o, (forall q r, computes o q r) -> order_within o.
Proof.
intros o C q r K al al_p et xt out z m H G F balls given final S M A R bound_of s.
destruct (C q r K al al_p et xt out z m H G) as (C1 & C2 & C3); rewrite <- M in C1, C2, C3.
repeat split; intros E B; eapply register_error; eauto.
Qed.

Theorem fused_error : order_within fused.
Proof. exact (computes_within _ fused_computes). Qed.
Theorem fused_fma_error : order_within fused_fma.
Proof. exact (computes_within _ fused_fma_computes). Qed.
Theorem diffusers_error : order_within diffusers.
Proof. exact (computes_within _ diffusers_computes). Qed.
Theorem compvis_error : order_within compvis.
Proof. exact (computes_within _ compvis_computes). Qed.
Theorem ermongroup_error : order_within ermongroup.
Proof. exact (computes_within _ ermongroup_computes). Qed.
Theorem guided_diffusion_error : order_within guided_diffusion.
Proof. exact (computes_within _ guided_diffusion_computes). Qed.
Theorem k_diffusion_error : order_within k_diffusion.
Proof. exact (computes_within _ k_diffusion_computes). Qed.

Theorem orders_error : forall o, In o orders -> order_within o.
Proof.
intros o [<-|[<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]].
- exact fused_error.
- exact fused_fma_error.
- exact diffusers_error.
- exact compvis_error.
- exact ermongroup_error.
- exact guided_diffusion_error.
- exact k_diffusion_error.
Qed.

(** Eq16 in each of its spellings. *)
Theorem sigmas_error : forall title p, In (title, p) sigmas ->
  forall al al_p et xt out z m, step_domain al al_p et ->
  forall F balls given final E, (forall f, sound (F f)) ->
  map fst balls = inputs al al_p et xt out z m -> all_within given balls -> runs F p given final ->
  snd (nth sigma (bounds F p balls) nowhere) = Some E -> Rabs (nth sigma final 0 - sigma_of_eta et al al_p) <= E.
Proof.
intros title p I al al_p et xt out z m H F balls given final E S M A R B.
eapply register_error; eauto; rewrite M.
destruct I as [[= <- <-]|[[= <- <-]|[[= <- <-]|[[= <- <-]|[]]]]]; run.
- reflexivity.
- now apply root_of_product_spells.
- now apply beta_tilde_spells.
- now apply two_tables_spells.
Qed.

(** Lemma1. *)
Theorem noisings_error : forall o, In o noisings ->
  forall al al_p et x0 out z m, 0 <= al <= 1 ->
  forall F balls given final E, (forall f, sound (F f)) ->
  map fst balls = inputs al al_p et x0 out z m -> all_within given balls -> runs F (noising_program o) given final ->
  snd (nth noisy_sample (bounds F (noising_program o) balls) nowhere) = Some E ->
  Rabs (nth noisy_sample final 0 - q_sample al x0 z) <= E.
Proof.
intros o I al al_p et x0 out z m H F balls given final E S M A R B.
eapply register_error; eauto; rewrite M.
destruct I as [<-|[<-|[<-|[]]]]; run; reflexivity.
Qed.

(** ** Non-vacuity *)

(** Some evaluation always exists: the exact one. *)
Lemma evaluates_exactly : forall f s e, sound f -> evaluates f s e (eval s e).
Proof.
intros f s e S; assert (S' := S); destruct S' as (U & L & W).
assert (near_itself : forall t, near_sum f t t).
{ intros t; unfold near_sum; rewrite Rminus_eq_0, Rabs_R0; apply Rmult_le_pos; [exact U|apply Rabs_pos]. }
induction e; cbn [eval]; try (econstructor; eauto using exact_near; fail).
- apply evaluates_sqr with (eval s e); [assumption|].
  replace (eval s e ^ 2) with (eval s e * eval s e) by ring; now apply exact_near.
- apply evaluates_log with (eval s e); [assumption|].
  unfold logarithm_near; rewrite Rminus_eq_0, Rabs_R0; pose proof (Rabs_pos (ln (eval s e))).
  assert (0 <= 2 * roundoff f * Rabs (ln (eval s e))) by (apply Rmult_le_pos; lra); lra.
Qed.

Lemma runs_exactly : forall F p s, (forall f, sound (F f)) -> runs F p s (exact p s).
Proof.
intros F p s S; revert s; induction p as [|[q r e|q r n|r n m] p IH]; intros s; cbn [exact].
- constructor.
- apply runs_let with (eval s e); [now apply evaluates_exactly|apply IH].
- apply runs_cast with (nth n s 0); [destruct (S q) as (U & L & _); now apply exact_near|apply IH].
- apply runs_clip, IH.
Qed.

Definition exact_balls (l : list R) : list ball := map (fun v => (v, Some 0)) l.

Lemma exact_balls_within : forall l, map fst (exact_balls l) = l /\ all_within l (exact_balls l).
Proof.
intros l; split; [unfold exact_balls; rewrite map_map; apply map_id|].
intros n; unfold within, exact_balls; change nowhere with ((fun v : R => (v, Some 0)) 0).
rewrite map_nth; cbn; rewrite Rminus_eq_0, Rabs_R0; lra.
Qed.

(** A step meets the hypotheses in every order, for every prediction and restriction. *)
Example orders_instance : forall o q r, In o orders ->
  let given := inputs (9/25) (16/25) (1/2) 1 2 3 1 in
  step_domain (9/25) (16/25) (1/2) /\ (forall f, sound (binary16_and_64 f)) /\
  map fst (exact_balls given) = given /\ all_within given (exact_balls given) /\
  exists final, runs binary16_and_64 (order_program o q r) given final.
Proof.
intros o q r _ given.
assert (S : forall f, sound (binary16_and_64 f)) by (intros []; apply nearest_sound).
destruct (exact_balls_within given) as (M & W).
split; [unfold step_domain; lra|split; [exact S|split; [exact M|split; [exact W|]]]].
eexists; apply runs_exactly, S.
Qed.

(** And the bound exists: in binary64, with no operation exact. *)
Example bound_instance : exists E,
  snd (nth prev_sample (bounds (fun _ => nearest (-1074) 53) (order_program ermongroup V Free)
    (exact_balls (inputs (9/25) (16/25) (1/2) 1 2 3 1))) nowhere) = Some E.
Proof.
assert (U : 0 < rounding.u 53 < 1)
  by (split; [apply rounding.u_positive|pose proof (rounding.u_small 53 ltac:(lia)); lra]).
lazy -[Rplus Rminus Rmult Rdiv Ropp sqrt pow Rinv IZR after_rounding after_sum wide_root_error nearest
  running.product_error running.ratio_error value Rabs Rlt_dec clip roundoff underflow root_roundoff].
destruct (Rlt_dec 0 (Rabs (16/25))) as [P|N]; [|exfalso; apply N, Rabs_pos_lt; lra].
destruct (Rlt_dec (after_sum _ _ (1 - 9/25)) (Rabs (1 - 9/25))) as [Q|N].
- eexists; reflexivity.
- exfalso; apply N; unfold after_sum, nearest, roundoff; rewrite Rabs_pos_eq by lra.
  lra.
Qed.
