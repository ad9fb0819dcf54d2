#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/cuda/harness.hpp"

/// The case table: every operation, every option of it, in every geometry that takes another path through a
/// kernel. The drivers host, emulated, PTX and device run the same table.
namespace ddim::cuda::test {

template <class Run>
struct Case {
  std::string tag;   // the equation
  std::string name;  // operation, option, dtype, geometry
  std::function<void(Harness<Run>&)> body;
};

template <class T>
inline constexpr const char* kDtype = "";
template <>
inline constexpr const char* kDtype<double> = "float64";
template <>
inline constexpr const char* kDtype<float> = "float32";
template <>
inline constexpr const char* kDtype<Float16> = "float16";
template <>
inline constexpr const char* kDtype<BFloat16> = "bfloat16";

struct Geometry {
  std::string name;
  Shape shape;
  Index gap = 0;           // stride - dim
  Index offset[4] = {};    // of the inputs in order, and last of the outputs, in elements
  bool in_place = false;   // the output is the first input
  bool broadcast = false;  // the second input is one sample for all
  bool special = false;    // NaN, infinities, zeros, the largest and the smallest numbers among the inputs
};

/// Every way to elements and back: nothing, a tail of every length behind contiguous and behind strided
/// samples, more than one block, pointers off by one element, strides that keep packs whole and that do not,
/// in place, broadcast, and numbers at the ends of the dtype.
template <class T>
std::vector<Geometry> geometries() {
  constexpr Index V = kPack<T>;
  std::vector<Geometry> all{{"empty", {0, 5}},
                            {"no_dimension", {3, 0}},
                            {"one", {1, 1}},
                            {"pack", {1, V}},
                            {"block", {1, 256 * V}},
                            {"block_and_tail", {3, 256 * V / 3 + 5}},
                            {"strided_whole_packs", {5, 3 * V}, V},
                            {"strided_odd", {5, 13}, 3},
                            {"special", {1, 12 * V + 1}, 0, {}, false, false, true},
                            {"special_strided", {5, 13}, 3, {}, false, false, true},
                            {"strided_one_dimension", {9, 1}, 2},
                            {"in_place", {2, 5 * V + 3}, 0, {}, true},
                            {"in_place_strided", {3, 2 * V}, V, {}, true},
                            {"broadcast", {4, 2 * V}, 0, {}, false, true},
                            {"broadcast_odd", {4, 7}, 0, {}, false, true}};
  for (Index r = 1; r < V; ++r) {
    const std::string name = "n_mod_pack_" + std::to_string(r);
    all.push_back({name, {1, V + r}});
    all.push_back({name + "_strided", {3, V + 3 * r % V}, V});  // 3 (3 r) = r modulo 2, 4 and 8
  }
  for (int i = 0; i < 4; ++i) {
    Geometry g{"misaligned_" + std::to_string(i), {1, 4 * V + 1}};
    g.offset[i] = 1;
    all.push_back(g);
  }
  Geometry g{"misaligned_all_strided", {3, 2 * V}, 1, {1, 1, 1, 1}};
  all.push_back(g);
  return all;
}

template <class T>
std::vector<T> draw_values(std::size_t n, std::uint64_t seed) {
  std::vector<T> values(n);
  const NormalStream normals({seed, 77, 0});
  for (std::size_t i = 0; i < n; ++i)
    values[i] = round_to<T>(static_cast<Real<T>>(normals.element<double>(static_cast<Index>(i))));
  return values;
}

/// Some of them replaced, another one in every tensor: operations on them go through NaN, infinity, overflow,
/// underflow and signed zeros.
template <class T>
void make_special(std::vector<T>& values, std::uint64_t seed) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;
  const auto bits = [](Real<T> x) { return bits_as<Bits>(round_to<T>(x)); };
  const Bits infinity = bits(std::numeric_limits<Real<T>>::infinity()),
             nan = static_cast<Bits>(infinity | (infinity & (~infinity + 1)) / 2);
  const Bits sign = static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1));
  const auto with = [](Bits a, Bits b) { return static_cast<Bits>(a | b); };
  const Bits specials[] = {nan,
                           infinity,
                           with(sign, infinity),
                           static_cast<Bits>(infinity - 1),  // the largest
                           with(sign, static_cast<Bits>(infinity - 1)),
                           1,  // the smallest
                           with(sign, 1),
                           sign,
                           0};
  for (std::size_t i = 0; i < values.size(); i += 2)
    values[i] = bits_as<T>(specials[(i / 2 * seed + seed) % std::size(specials)]);
}

/// Allocates the tensors of one geometry.
template <class Run, class T>
class Tensors {
 public:
  Tensors(Harness<Run>& harness, const Geometry& geometry) : harness_(harness), g_(geometry) {}

  Source<T> in(const char* name) {
    const int i = inputs_++;
    const bool repeated = g_.broadcast && i == 1;
    const bool shared = g_.in_place && i == 0;
    auto values = draw_values<T>(elements(repeated), static_cast<std::uint64_t>(i) + 1);
    if (g_.special) make_special(values, static_cast<std::uint64_t>(i) + 1);
    T* data = harness_.add(name, shared ? Use::read_write : Use::read, values, g_.offset[std::min(i, 2)]);
    if (shared) first_ = data;
    return {data, repeated ? 0 : stride()};
  }
  Target<T> out(const char* name) {
    if (g_.in_place && outputs_++ == 0) return {first_, stride()};
    return {harness_.add(name, Use::write, std::vector<T>(elements(false)), g_.offset[3]), stride()};
  }

 private:
  Index stride() const { return g_.gap == 0 ? kContiguous : g_.shape.dim + g_.gap; }
  std::size_t elements(bool one_sample) const {
    const Index samples = one_sample && g_.shape.samples > 0 ? 1 : g_.shape.samples;
    return samples == 0 || g_.shape.dim == 0
               ? 0
               : static_cast<std::size_t>((samples - 1) * (g_.shape.dim + g_.gap) + g_.shape.dim);
  }
  Harness<Run>& harness_;
  const Geometry& g_;
  int inputs_ = 0, outputs_ = 0;
  T* first_ = nullptr;
};

inline const Schedule& schedule() {
  static const Schedule schedule = Schedule::linear(1000, 1e-4, 0.02);
  return schedule;
}
inline Transition transition() { return schedule().transition(500, 480); }

/// How the noise of a step comes in.
enum class Given { none, batch, drawn };
inline const char* to_text(Given given) {
  return given == Given::none ? "mean" : given == Given::batch ? "noise_given" : "noise_drawn";
}

// A seed, a subsequence and an offset with bits in all of their words.
inline constexpr Normals kNormals{0x0123456789abcdefu, 0xfedcba9876543210u, 0x0fffffffcu};

struct StepOption {
  const char* name;
  bool pred_x0, clip, threshold, rederive;
  Prediction prediction;
};
inline constexpr StepOption kStepOptions[] = {
    {"eps", false, false, false, true, Prediction::eps},
    {"x0", false, false, false, true, Prediction::x0},
    {"v", false, false, false, true, Prediction::v},
    {"eps pred_x0", true, false, false, true, Prediction::eps},
    {"v pred_x0", true, false, false, true, Prediction::v},
    {"eps clip", false, true, false, true, Prediction::eps},
    {"x0 clip pred_x0", true, true, false, true, Prediction::x0},
    {"v clip from_parts", false, true, false, false, Prediction::v},
    {"eps threshold", false, false, true, true, Prediction::eps},
    {"v threshold pred_x0 from_parts", true, false, true, false, Prediction::v}};

/// The cases of one dtype, as they are added.
template <class Run, class T>
class CasesOf {
  using H = Harness<Run>;

 public:
  std::vector<Case<Run>> all;

  void laws(const Geometry& g, Given given) {
    if (given != Given::none)
      add("Lemma1", std::string("q_sample ") + to_text(given), g, [=](H& h, Shape shape, auto& t) {
        const auto x0 = t.in("x0");
        const auto noise = noise_for(given, t);
        q_sample(h.run(), schedule().level(321), shape, x0, noise, t.out("x_t"));
      });
    add("Eq8", std::string("forward_step ") + to_text(given), g, [=](H& h, Shape shape, auto& t) {
      const auto x_prev = t.in("x_prev"), x0 = t.in("x0");
      const auto noise = noise_for(given, t);
      forward_step(h.run(), transition(), sigma_for(given), shape, x_prev, x0, noise, t.out("x_t"));
    });
  }

  void steps(const Geometry& g, Given given) {
    // A thresholded sample passes dozens of barriers: a few geometries of it take as long as all others.
    const bool slow = g.name != "one" && g.name != "strided_odd" && g.name != "strided_whole_packs" &&
                      g.name != "in_place" && g.name != "misaligned_1" && !g.special &&
                      g.name != "n_mod_pack_1_strided";
    for (const StepOption& option : kStepOptions) {
      if (option.threshold && slow) continue;
      add("Eq12", std::string("ddim_step ") + option.name + " " + to_text(given), g,
          [=](H& h, Shape shape, auto& t) {
            const auto x_t = t.in("x_t"), output = t.in("output");
            const auto noise = noise_for(given, t);
            StepOptions<T> options;
            options.prediction = option.prediction;
            options.rederive_eps = option.rederive;
            if (option.clip) options.clip_range = 0.9;
            if (option.threshold) options.threshold = Threshold{0.8, 1.5};
            const auto x_prev = t.out("x_prev");
            if (option.pred_x0) options.pred_x0 = t.out("pred_x0");
            ddim_step(h.run(), transition(), sigma_for(given), shape, x_t, output, noise, x_prev, options);
          });
    }
  }

  void others(const Geometry& g) {
    add("Eq13", "encode_step", g, [=](H& h, Shape shape, auto& t) {
      const auto x_prev = t.in("x_prev"), eps = t.in("eps");
      encode_step(h.run(), transition(), shape, x_prev, eps, t.out("x_t"));
    });
    for (const double eta : {0.0, 0.5}) {
      add("Eq10", std::string("trajectory ") + (eta == 0 ? "mean" : "noise_drawn"), g,
          [=](H& h, Shape shape, auto& t) {
            const auto x_T = t.in("x_T");
            trajectory(h.run(), Chain::from_eta(schedule(), Tau::linspace(1000, 5), eta), 0.3, 0.25, shape,
                       x_T, kNormals, t.out("x_0"));
          });
    }
    if (g.shape.dim > 0)
      add("AppendixA", "discrete_step", g, [=](H& h, Shape shape, auto& t) {
        const auto x_t = t.in("x_t"), x0 = t.in("x0");
        discrete_step(h.run(), transition(), 0.4, shape, x_t, x0, t.out("x_prev"));
      });
  }

  /// A sample takes one block; below, at and above what it takes at once and what it keeps, and several
  /// thresholds, between 1 and the largest allowed.
  void thresholds() {
    constexpr Index kept = DdimStepThreshold<T, Noise::none>::kKept;
    for (const Index dim : {Index{1}, Index{2}, Index{256 * kPack<T> - 1}, Index{256 * kPack<T> + 1},
                            kept + 3 * kPack<T> + 1}) {
      for (const double ratio : {0.0, 0.6, 1.0}) {
        const Geometry g{"2_samples_of_" + std::to_string(dim), {2, dim}};
        add("Eq12", "ddim_step threshold ratio " + ddim::to_text(ratio), g, [=](H& h, Shape shape, auto& t) {
          const auto x_t = t.in("x_t"), output = t.in("output");
          StepOptions<T> options;
          options.threshold = Threshold{ratio, 1000};
          ddim_step(h.run(), transition(), Sigma(0), shape, x_t, output, std::monostate{}, t.out("x_prev"),
                    options);
        });
      }
    }
  }

  /// Reductions: below, at and above one chunk of a sample, and more samples than one block adds.
  void sums() {
    constexpr Index chunk = SquaredDistance<T>::kChunk;
    std::vector<Geometry> geometries{{"empty", {0, 5}},
                                     {"no_dimension", {3, 0}},
                                     {"one", {1, 1}},
                                     {"small", {5, 13}},
                                     {"strided_odd", {5, 13}, 3},
                                     {"strided_whole_packs", {5, 32}, 16},
                                     {"one_chunk", {2, chunk}},
                                     {"two_chunks", {2, 2 * chunk}},
                                     {"three_chunks", {2, 2 * chunk + 5}},
                                     {"broadcast", {3, 40}, 0, {}, false, true},
                                     {"misaligned", {2, 100}, 0, {1, 0, 0, 0}},
                                     {"special", {5, 13}, 3, {}, false, false, true},
                                     {"many_samples", {kTotalWidth + 3, 2}}};
    for (Index r = 1; r < kPack<T>; ++r)
      geometries.push_back({"dim_mod_pack_" + std::to_string(r), {2, 3 * kPack<T> + r}, kPack<T>});
    for (const Geometry& g : geometries) sums_of(g);
  }

  void draws() {
    for (const bool drawn : {false, true}) {
      for (const Geometry& g : {Geometry{"one_category", {3, 1}}, Geometry{"many_columns", {300, 5}},
                                Geometry{"whole_packs", {300, 16}}, Geometry{"strided", {7, 10}, 3},
                                Geometry{"strided_whole_packs", {7, 16}, 8}, Geometry{"empty", {0, 4}},
                                Geometry{"tail_of_3", {7, kPack<T> + 3 % kPack<T>}, kPack<T>},
                                Geometry{"special", {40, 11}, 0, {}, false, false, true}})
        draws_of(g, drawn);
    }
  }

 private:
  template <class Body>
  void add(const char* tag, const std::string& name, const Geometry& g, Body body) {
    all.push_back({tag, name + " " + kDtype<T> + " " + g.name, [=](H& h) {
                     Tensors<Run, T> tensors(h, g);
                     body(h, g.shape, tensors);
                   }});
  }
  static NoiseFor<T> noise_for(Given given, Tensors<Run, T>& tensors) {
    if (given == Given::batch) return tensors.in("noise");
    if (given == Given::drawn) return kNormals;
    return std::monostate{};
  }
  static Sigma sigma_for(Given given) {
    return given == Given::none ? Sigma(0) : sigma_eta(transition(), 0.7);
  }

  static Sums results(H& h, Shape shape) {
    const auto doubles = [&](const char* name, Index n) {
      return h.add(name, Use::write, std::vector<double>(static_cast<std::size_t>(n)));
    };
    double* const per_sample = doubles("per_sample", shape.samples);
    double* const total = doubles("total", 1);
    return {per_sample, total, doubles("workspace", workspace_size<T>(shape))};
  }
  void sums_of(const Geometry& g) {
    add("Eq11", "kl_divergence", g, [=](H& h, Shape shape, auto& t) {
      const auto p = t.in("mean_p"), q = t.in("mean_q");
      kl_divergence(h.run(), shape, p, 0.3, q, 0.4, results(h, shape));
    });
    if (g.name == "many_samples") return;
    add("Lemma1", "log_density", g, [=](H& h, Shape shape, auto& t) {
      const auto x = t.in("x"), mean = t.in("mean");
      log_density(h.run(), shape, x, 0.75, mean, 0.3, results(h, shape));
    });
    add("Theorem1", "weighted_noise_error", g, [=](H& h, Shape shape, auto& t) {
      const auto noise = t.in("noise"), eps = t.in("eps");
      const double* weights =
          h.add("weights", Use::read, draw_values<double>(static_cast<std::size_t>(shape.samples), 9));
      weighted_noise_error(h.run(), shape, noise, eps, 1.7, weights, results(h, shape));
    });
  }

  void draws_of(const Geometry& g, bool drawn) {
    add("AppendixA", std::string("discrete_draw ") + (drawn ? "drawn" : "given"), g,
        [=](H& h, Shape shape, auto&) {
          // One-hot columns and their neighbours' mixture: probabilities that are exact in every dtype.
          const Index stride = shape.dim + g.gap;
          std::vector<T> x_t(static_cast<std::size_t>(shape.samples * stride), round_to<T>(Real<T>(0))),
              x0 = x_t;
          for (Index j = 0; j < shape.samples; ++j) {
            x_t[static_cast<std::size_t>(j * stride + j % shape.dim)] = round_to<T>(Real<T>(1));
            x0[static_cast<std::size_t>(j * stride + (j / 2) % shape.dim)] = round_to<T>(Real<T>(1));
          }
          if (g.special) make_special(x_t, 5), make_special(x0, 7);
          std::vector<double> u;
          for (const double z : draw_values<double>(static_cast<std::size_t>(shape.samples), 4))
            u.push_back(std::abs(z) - std::floor(std::abs(z)));
          const Source<T> current{h.add("x_t", Use::read, x_t), stride},
              clean{h.add("x0", Use::read, x0), stride};
          const double* uniforms = h.add("uniforms", Use::read, u);
          auto* category = h.add("category", Use::write,
                                 std::vector<std::int32_t>(static_cast<std::size_t>(shape.samples)));
          std::variant<const double*, Normals> source = uniforms;
          if (drawn) source = kNormals;
          discrete_draw(h.run(), transition(), 0.4, shape, current, clean, source, category);
        });
  }
};

template <class Run, class T>
std::vector<Case<Run>> cases_of_dtype() {
  CasesOf<Run, T> cases;
  for (const Geometry& g : geometries<T>()) {
    for (const Given given : {Given::none, Given::batch, Given::drawn}) {
      cases.laws(g, given);
      cases.steps(g, given);
    }
    cases.others(g);
  }
  cases.thresholds();
  cases.sums();
  cases.draws();
  return cases.all;
}

template <class Run>
std::vector<Case<Run>> cases() {
  std::vector<Case<Run>> all;
  for (auto&& part : {cases_of_dtype<Run, double>(), cases_of_dtype<Run, float>(),
                      cases_of_dtype<Run, Float16>(), cases_of_dtype<Run, BFloat16>()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The table for driver A, the plain loops: built once, in cases_host.cpp.
const std::vector<Case<Host>>& host_cases();

/// Runs every case of a tag with `run` over `memory` and on the host, and hands report(case, difference) what
/// differs, "" for nothing. Returns how many cases the tag has.
template <class Run, class Report>
int compare_with_host(const std::string& tag, const Run& run, HostMemory& memory, Report report) {
  static const auto other_cases = cases<Run>();
  HostMemory host_memory;
  const Host host;
  int count = 0;
  for (std::size_t i = 0; i < host_cases().size(); ++i) {
    if (host_cases()[i].tag != tag) continue;
    ++count;
    Harness<Host> expected(host, host_memory);
    host_cases()[i].body(expected);
    std::string what = damage(expected.collect());
    if (what.empty()) {
      Harness<Run> got(run, memory);
      try {
        other_cases[i].body(got);
        what = difference(expected.collect(), got.collect());
      } catch (const std::exception& error) {
        what = error.what();
      }
    }
    report(host_cases()[i].name, what);
  }
  return count;
}

/// The tags of the table, one GoogleTest each: X(tag).
#define DDIM_CUDA_TAGS(X) X(Lemma1) X(Eq8) X(Eq12) X(Eq13) X(Eq10) X(Eq11) X(Theorem1) X(AppendixA)

}  // namespace ddim::cuda::test
