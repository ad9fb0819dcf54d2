(** * Printing the bounds of evaluations.v, orders.v and tables.v as C++

    generated/tolerances.hpp: balls (a value and the largest error), the operations on them as [bound] has them,
    and every program of orders.v and tables.v as a function on a struct of registers, instruction by
    instruction.  The text of the operations stands here beside what it says: after_rounding, after_sum,
    wide_root_error, ratio_bound, clip_bound; product_error, ratio_error and log_error are printed from running.v's trees.

    - each_register_once: names are distinct and no program writes to what was given (but eta, and alpha_bar in
      add_noise_moved_first, which are moved), so that a struct with one field a register means what the list
      of registers means.  An order's coefficients read no sample, so that they may be made once a step.
    - theorem_of: the table from an order to the theorem that a FAIL cites. *)

Require Import Reals ZArith List String Bool.
From ddim Require Import expr running evaluations orders tables.
Import ListNotations.
Open Scope string_scope.

(** ** Spelling *)

Definition format_of (p : precision) : string := match p with Table => "f.table" | Sample => "f.sample" end.

Fixpoint spelled (names : list string) (f : string) (e : expr) : string :=
  let two op a b := call op [f; spelled names f a; spelled names f b] in
  match e with
  | Cst z => "constant<Real>(" ++ decimal z ++ ")"
  | Var n => "r." ++ nth n names "?"
  | Neg a => call "negative" [spelled names f a]
  | Abs a => call "magnitude" [spelled names f a]
  | Sqr a => call "square" [f; spelled names f a]
  | Sqrt a => call "root" [f; spelled names f a]
  | Log a => call "logarithm" [f; spelled names f a]
  | Add a b => two "sum" a b
  | Sub a b => two "difference" a b
  | Mul a b => two "product" a b
  | Div a b => two "quotient" a b
  end.

Definition assignment (names : list string) (i : instruction) : string :=
  let reg n := "r." ++ nth n names "?" in
  match i with
  | Let p r e => reg r ++ " = " ++ spelled names (format_of p) e ++ ";"
  | Cast p r n => reg r ++ " = " ++ call "cast" [format_of p; reg n] ++ ";"
  | Clip r n m => reg r ++ " = " ++ call "clipped" [reg n; reg m] ++ ";"
  end.

Definition program_lines (indent : string) (names : list string) (p : program) : string :=
  concat "" (map (fun i => indent ++ assignment names i ++ newline) p).

Definition struct (name doc : string) (names : list string) : string :=
  "/// " ++ doc ++ newline ++ "template <class Real>" ++ newline ++ "struct " ++ name ++ " {" ++ newline ++
  concat "" (map (fun n => "  Ball<Real> " ++ n ++ "{};" ++ newline) names) ++ "};" ++ newline.

Definition program_function (registers_type : string) (names doc : list string) (name : string) (p : program) : string :=
  comment doc ++ "template <class Real>" ++ newline ++
  "void " ++ name ++ "(const Formats<Real>& f, " ++ registers_type ++ "<Real>& r) {" ++ newline ++
  program_lines "  " names p ++ "}" ++ newline.

Definition case (indent : string) (names : list string) (label : string) (p : program) : string :=
  indent ++ "  case Prediction::" ++ label ++ ":" ++ newline ++ program_lines (indent ++ "    ") names p ++
  indent ++ "    break;" ++ newline.

(** One text where the prediction makes no difference. *)
Definition by_prediction (indent : string) (names : list string) (p : prediction -> program) : string :=
  let whole q := program_lines indent names (p q) in
  if (String.eqb (whole Eps) (whole X0) && String.eqb (whole Eps) (whole V))%bool then whole Eps else
  indent ++ "switch (prediction) {" ++ newline ++
  case indent names "eps" (p Eps) ++ case indent names "x0" (p X0) ++ case indent names "v" (p V) ++
  indent ++ "}" ++ newline.

(** The rest of [order_program], as C++ has its cases. *)
Definition order_function (o : order) : string :=
  let lines := program_lines "  " registers in
  comment (source o) ++
  "template <class Real>" ++ newline ++
  "void " ++ title o ++ "_coefficients(const Formats<Real>& f, Registers<Real>& r) {" ++ newline ++
  lines (coefficients o) ++ "}" ++ newline ++
  "/// orders.v, " ++ title o ++ "_error: from the coefficients above to prev_sample." ++ newline ++
  "template <class Real>" ++ newline ++
  "void " ++ title o ++ "_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale," ++
  newline ++ "    Registers<Real>& r) {" ++ newline ++
  by_prediction "  " registers (x0_from o) ++
  "  if (restriction == Restriction::free) {" ++ newline ++
  (if keeps_eps o then by_prediction "    " registers (eps_from o) else program_lines "    " registers (eps_again o)) ++
  by_prediction "    " registers (finish o) ++
  "    return;" ++ newline ++ "  }" ++ newline ++
  lines (restrict false) ++
  "  if (rescale) {" ++ newline ++ program_lines "    " registers (skipn 1 (restrict true)) ++ "  }" ++ newline ++
  "  if (restriction == Restriction::rederived) {" ++ newline ++
  program_lines "    " registers (eps_again o ++ finish_again o)%list ++ "    return;" ++ newline ++ "  }" ++ newline ++
  by_prediction "  " registers (eps_from o) ++ lines (finish_kept o) ++ "}" ++ newline.

(** ** From an order to its theorem *)

Definition theorem_of (o : order) : string := title o ++ "_error".

Definition quote : string := String (Ascii.ascii_of_nat 34) "".
Definition quoted (s : string) : string := quote ++ s ++ quote.

Definition enumeration (name : string) (members : list string) : string :=
  "enum class " ++ name ++ " { " ++ concat ", " members ++ " };" ++ newline.

Definition facts (type count name : string) (rows : list string) : string :=
  "inline constexpr " ++ type ++ " " ++ name ++ "[" ++ count ++ "] = {" ++ newline ++
  concat "" (map (fun r => "    {" ++ r ++ "}," ++ newline) rows) ++ "};" ++ newline.

Definition dispatch (doc signature selector enum : string) (members : list string) (body : string -> string) : string :=
  "/// " ++ doc ++ newline ++ "template <class Real>" ++ newline ++ signature ++ " {" ++ newline ++
  "  switch (" ++ selector ++ ") {" ++ newline ++
  concat "" (map (fun m => "    case " ++ enum ++ "::" ++ m ++ ":" ++ newline ++ "      return " ++ body m ++ ";" ++ newline)
    members) ++ "  }" ++ newline ++ "}" ++ newline.

Definition titles : list string := map title orders.
Definition spellings : list string := map fst sigmas.
Definition noising_titles : list string := map noising_title noisings.

(** ** What makes a struct of registers the list of registers *)

Definition written (p : program) : list nat :=
  map (fun i => match i with Let _ r _ | Cast _ r _ | Clip r _ _ => r end) p.

Fixpoint reads (e : expr) : list nat :=
  match e with
  | Cst _ => []
  | Var n => [n]
  | Neg a | Abs a | Sqr a | Sqrt a | Log a => reads a
  | Add a b | Sub a b | Mul a b | Div a b => reads a ++ reads b
  end%list.
Definition read (p : program) : list nat :=
  flat_map (fun i => match i with Let _ _ e => reads e | Cast _ _ n => [n] | Clip _ n m => [n; m] end) p.

Fixpoint distinct (l : list string) : bool :=
  match l with [] => true | x :: l => negb (existsb (String.eqb x) l) && distinct l end.

Definition programs : list (string * program) :=
  flat_map (fun o => flat_map (fun q => map (fun r => (title o, order_program o q r))
    [Free; Kept false; Kept true; Rederived false; Rederived true]) [Eps; X0; V]) orders ++
  sigmas ++ map (fun n => (noising_title n, noising_program n)) noisings.

Definition table_programs : list (string * (list string * program)) :=
  [("cumprod", (["tables.v, cumprod_error. alpha_bar by one more factor 1 - beta, and as it is stored."], cumprod));
   ("complement", (["tables.v, complement_error. 1 - alpha_bar and alpha_bar, one beta further."], complement));
   ("log_cumsum", (["tables.v, log_sum_error. log alpha_bar, one beta further."], log_cumsum));
   ("rescaled_cumprod", (["tables.v, rescaled_error. alpha_bar rescaled to zero terminal SNR; level is the plain one."],
     rescaled_cumprod));
   ("linspace", (["tables.v, linspaces_error. beta number index of a ramp, from its start."], linspace));
   ("linspace_back", (["tables.v, linspaces_error. The same from its end."], linspace_back));
   ("scaled_linspace", (["tables.v, scaled_linspaces_error. The square of a ramp between roots."], scaled_linspace));
   ("scaled_linspace_back", (["tables.v, scaled_linspaces_error. The same from its end."], scaled_linspace_back));
   ("cosine_beta", (["tables.v, cosine_beta_error. 1 - curve_next / curve, at most cap."], cosine_beta))].

Example each_register_once :
  distinct registers = true /\ distinct table_registers = true /\ distinct titles = true /\
  forallb (fun p => forallb (fun r => Nat.ltb r (List.length registers) && negb (existsb (Nat.eqb r)
    [0; 1; 2; 3; 5; 6; 7; 8]%nat)) (written (snd p)))
    (filter (fun p => negb (String.eqb (fst p) "add_noise_moved_first")) programs) = true /\
  forallb (fun o => forallb (fun r => negb (existsb (Nat.eqb r) [5; 6; 7; 8; 15; 16; 17]%nat)) (read (coefficients o)))
    orders = true /\
  forallb (fun p => forallb (fun r => Nat.ltb r (List.length table_registers)) (written (snd (snd p)))) table_programs = true.
Proof. vm_compute; repeat split; reflexivity. Qed.

(** ** The header *)

Definition balls_text : list string :=
  ["/// A binary format: roundoff 2^-prec, underflow half the smallest spacing, and the roundoff of its square roots";
   "/// (that of the format where they are correctly rounded, twice that where a power 1/2 is within one ulp).";
   "template <class Real>";
   "struct Format {";
   "  Real roundoff, underflow, root_roundoff;";
   "};";
   "/// Coefficients and tables in one format, samples in another.";
   "template <class Real>";
   "struct Formats {";
   "  Format<Real> table, sample;";
   "};";
   "";
   "/// An exact value and how far what stands for it may be off. An error that is not finite: no bound exists.";
   "template <class Real>";
   "struct Ball {";
   "  Real value{}, error{};";
   "};";
   "";
   "enum class Prediction { eps, x0, v };";
   "/// What happens to pred_x0: nothing; clipped, with the model's own eps kept; clipped, and eps made again from it.";
   "enum class Restriction { free, kept, rederived };";
   ""].

Definition operations_text : list string :=
  ["/// evaluations.v, after_rounding. A rounded v whose operands carry e into it: no worse than rounding to zero.";
   "template <class Real>";
   "Real after_rounding(const Format<Real>& f, Real delta, Real e, Real v) {";
   "  using std::abs;";
   "  const Real size = abs(v) + e, rounding = delta * size + f.underflow;";
   "  return e + (rounding < size ? rounding : size);";
   "}";
   "/// evaluations.v, after_sum. Sums do not underflow.";
   "template <class Real>";
   "Real after_sum(const Format<Real>& f, Real e, Real v) {";
   "  using std::abs;";
   "  return e + f.roundoff * (abs(v) + e);";
   "}";
   "/// evaluations.v, after_logarithm. Within one ulp; exp too.";
   "template <class Real>";
   "Real after_logarithm(const Format<Real>& f, Real e, Real v) {";
   "  using std::abs;";
   "  return e + (Real(2) * f.roundoff * (abs(v) + e) + f.underflow);";
   "}";
   "/// evaluations.v, wide_root_error. Of sqrt a, a off by e and perhaps zero; 0 / 0 is 0 there.";
   "template <class Real>";
   "Real wide_root_error(Real a, Real e) {";
   "  using std::sqrt;";
   "  if (e == Real(0)) return Real(0);";
   "  const Real top = a > e ? a : e;";
   "  return e / (sqrt(top) + sqrt(top - e));";
   "}";
   "";
   "template <class Real>";
   "Ball<Real> constant(int value) {";
   "  return {Real(value), Real(0)};";
   "}";
   "template <class Real>";
   "Ball<Real> negative(const Ball<Real>& a) {";
   "  return {-a.value, a.error};";
   "}";
   "template <class Real>";
   "Ball<Real> magnitude(const Ball<Real>& a) {";
   "  using std::abs;";
   "  return {abs(a.value), a.error};";
   "}";
   "template <class Real>";
   "Ball<Real> cast(const Format<Real>& f, const Ball<Real>& a) {";
   "  return {a.value, after_rounding(f, f.roundoff, a.error, a.value)};";
   "}";
   "template <class Real>";
   "Ball<Real> sum(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {";
   "  const Real value = a.value + b.value;";
   "  return {value, after_sum<Real>(f, a.error + b.error, value)};";
   "}";
   "template <class Real>";
   "Ball<Real> difference(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {";
   "  const Real value = a.value - b.value;";
   "  return {value, after_sum<Real>(f, a.error + b.error, value)};";
   "}";
   "template <class Real>";
   "Ball<Real> product(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {";
   "  const Real value = a.value * b.value;";
   "  return {value, after_rounding(f, f.roundoff, product_error(a.value, a.error, b.value, b.error), value)};";
   "}";
   "template <class Real>";
   "Ball<Real> square(const Format<Real>& f, const Ball<Real>& a) {";
   "  return product(f, a, a);";
   "}";
   "/// evaluations.v, ratio_bound. None where the divisor may be zero.";
   "template <class Real>";
   "Ball<Real> quotient(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {";
   "  using std::abs;";
   "  const Real value = a.value / b.value;";
   "  if (!(b.error < abs(b.value))) return {value, std::numeric_limits<Real>::infinity()};";
   "  return {value, after_rounding(f, f.roundoff, ratio_error(a.value, a.error, b.value, b.error), value)};";
   "}";
   "/// The root of a negative number is 0, as code that clamps has it.";
   "template <class Real>";
   "Ball<Real> root(const Format<Real>& f, const Ball<Real>& a) {";
   "  using std::sqrt;";
   "  const Real value = a.value > Real(0) ? Real(sqrt(a.value)) : Real(0);";
   "  return {value, after_rounding(f, f.root_roundoff, wide_root_error(a.value, a.error), value)};";
   "}";
   "template <class Real>";
   "Ball<Real> logarithm(const Format<Real>& f, const Ball<Real>& a) {";
   "  using std::log;";
   "  const Real value = log(a.value);";
   "  if (!(a.error < a.value)) return {value, std::numeric_limits<Real>::infinity()};";
   "  return {value, after_logarithm(f, log_error(a.value, a.error), value)};";
   "}";
   "/// tables.v, exp_carries.";
   "template <class Real>";
   "Ball<Real> exponential(const Format<Real>& f, const Ball<Real>& a) {";
   "  using std::exp, std::expm1;";
   "  const Real value = exp(a.value);";
   "  return {value, after_logarithm<Real>(f, value * expm1(a.error), value)};";
   "}";
   "/// evaluations.v, clip_bound: a to [-m, m].";
   "template <class Real>";
   "Ball<Real> clipped(const Ball<Real>& a, const Ball<Real>& m) {";
   "  const Real low = a.value < m.value ? a.value : m.value;";
   "  const bool first = a.error > m.error || a.error != a.error;";
   "  return {low > -m.value ? low : Real(-m.value), first ? a.error : m.error};";
   "}";
   ""].

Definition tolerances_hpp : string :=
  "// Printed by proofs/link/print.sh from the proved programs; do not edit." ++ newline ++
  "// clang-format off" ++ newline ++
  "#ifndef DDIM_PROVED_TOLERANCES_HPP" ++ newline ++ "#define DDIM_PROVED_TOLERANCES_HPP" ++ newline ++ newline ++
  "#include <cmath>" ++ newline ++ "#include <limits>" ++ newline ++ newline ++
  "/// Bounds that hold for every evaluation of a listed order (proofs/arithmetic/{evaluations,orders,tables}.v)." ++ newline ++
  "/// proofs/tolerances.hpp says how to use them." ++ newline ++
  "namespace ddim::tolerance {" ++ newline ++ newline ++
  concat "" (map (fun l => l ++ newline) balls_text) ++
  concat newline (map cpp [product_error; ratio_error; log_error]) ++ newline ++
  concat "" (map (fun l => l ++ newline) operations_text) ++
  struct "Registers" "What a step and add_noise are given, and what they make of it. x0 of add_noise stands in x."
    registers ++ newline ++
  concat newline (map (fun s => program_function "Registers" registers
    ["orders.v, sigmas_error. Eq16: " ++ fst s ++ "."] ("sigma_" ++ fst s) (snd s)) sigmas) ++ newline ++
  concat newline (map order_function orders) ++ newline ++
  concat newline (map (fun n => program_function "Registers" registers
    (("orders.v, noisings_error.") :: noising_source n) (noising_title n) (noising_program n)) noisings) ++ newline ++
  struct "TableRegisters" "What the scans of tables.v read and write." table_registers ++ newline ++
  concat newline (map (fun t => program_function "TableRegisters" table_registers (fst (snd t)) (fst t) (snd (snd t)))
    table_programs) ++ newline ++
  "// ---- The lists: what `explain` cites." ++ newline ++
  enumeration "Order" titles ++ enumeration "Spelling" spellings ++ enumeration "Noising" noising_titles ++
  "struct OrderFacts {" ++ newline ++
  "  Order order;" ++ newline ++
  "  const char *name, *theorem, *source;" ++ newline ++
  "  bool keeps_eps;           // whether a clipped pred_x0 may stand beside the model's own eps" ++ newline ++
  "  bool needs_alpha_bar;     // alpha_bar > 0 whatever is predicted" ++ newline ++
  "};" ++ newline ++
  facts "OrderFacts" (number (List.length orders)) "kOrders" (map (fun o =>
    concat ", " ["Order::" ++ title o; quoted (title o); quoted ("orders.v, " ++ theorem_of o);
      quoted (concat " " (source o)); if keeps_eps o then "true" else "false";
      if keeps_eps o then "false" else "true"]) orders) ++ newline ++
  dispatch "The order's coefficients: alpha_bar, alpha_bar_prev, one_minus, one_minus_prev and eta are given."
    "void coefficients(Order order, const Formats<Real>& f, Registers<Real>& r)" "order" "Order" titles
    (fun t => t ++ "_coefficients(f, r)") ++ newline ++
  dispatch "From them, x, output, noise and threshold to pred_x0, prev_sample and sigma."
    ("void samples(Order order, const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale," ++
     newline ++ "    Registers<Real>& r)") "order" "Order" titles
    (fun t => t ++ "_samples(f, prediction, restriction, rescale, r)") ++ newline ++
  dispatch "Eq16 alone." "void sigma_spelled(Spelling spelling, const Formats<Real>& f, Registers<Real>& r)" "spelling"
    "Spelling" spellings (fun t => "sigma_" ++ t ++ "(f, r)") ++ newline ++
  dispatch "q_sample: x holds x0; noisy_sample is the result."
    "void noised(Noising noising, const Formats<Real>& f, Registers<Real>& r)" "noising" "Noising" noising_titles
    (fun t => t ++ "(f, r)") ++
  newline ++ "}  // namespace ddim::tolerance" ++ newline ++ newline ++ "#endif" ++ newline.
