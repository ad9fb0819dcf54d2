#pragma once

#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "cuda/kernel_list.hpp"

/// A fault in any number of any operation: every coefficient, range and scale of a kernel's parameter can be
/// changed by itself, between the API and whatever runs it.
namespace ddim::cuda::test {

// fields(op, visit): visit(name, number) for what an operation is made of.
template <class T, class Visit>
void fields(QSample<T>& f, Visit visit) {
  visit("sqrt_alpha_bar", f.sqrt_alpha_bar);
}
template <class T, class Visit>
void fields(ForwardStep<T>& f, Visit visit) {
  visit("x_prev", f.x_prev), visit("x0", f.x0);
}
template <class T, class Visit>
void fields(DdimStep<T>& f, Visit visit) {
  visit("x_t", f.x_t), visit("output", f.output);
}
template <class T, class Visit>
void fields(DdimStepPredX0<T>& f, Visit visit) {
  visit("x_t", f.x_t), visit("output", f.output);
  visit("pred_x_t", f.pred_x_t), visit("pred_output", f.pred_output);
}
template <class R, class Visit>
void fields(StepThroughX0<R>& f, Visit visit) {
  visit("pred_x_t", f.pred_x_t), visit("pred_output", f.pred_output);
  visit("x0", f.x0), visit("x_t", f.x_t), visit("output", f.output);
}
template <class T, class Visit>
void fields(DdimStepClip<T>& f, Visit visit) {
  fields(f.through, visit);
  visit("range", f.range);
}
template <class T, class Visit>
void fields(Encode<T>& f, Visit visit) {
  visit("x_prev", f.x_prev), visit("eps", f.eps);
}
template <class T, class Visit>
void fields(DiscreteStep<T>& f, Visit visit) {
  visit("x_t", f.x_t), visit("x0", f.x0), visit("uniform", f.uniform);
}
template <class F, Noise noise, class Visit>
void fields(Map<F, noise>& op, Visit visit) {
  fields(op.functor, visit);
  if constexpr (noise != Noise::none) visit("sigma", op.sigma);
}
template <class T, Noise noise, class Visit>
void fields(DdimStepThreshold<T, noise>& op, Visit visit) {
  fields(op.through, visit);
  visit("fraction", op.fraction), visit("max_value", op.max_value);
  if constexpr (noise != Noise::none) visit("sigma", op.sigma);
}
template <class T, Noise noise, class Visit>
void fields(Trajectory<T, noise>& op, Visit visit) {
  // The last step but one: the chain forgets an early one, and the last does next to nothing.
  auto& step = op.steps[op.count > 1 ? op.count - 2 : 0];
  visit("slope", step.slope), visit("centre", step.centre), visit("gain", step.gain);
  visit("output", step.output);
  if constexpr (noise != Noise::none) visit("sigma", step.sigma);
}
template <class T, class Visit>
void fields(SquaredDistance<T>& op, Visit visit) {
  visit("c", op.c);
  if (op.chunks() == 1) visit("scale", op.finish.scale), visit("offset", op.finish.offset);
}
template <class Visit>
void fields(RowSum& op, Visit visit) {
  visit("scale", op.finish.scale), visit("offset", op.finish.offset);
}
template <class T, class Visit>
void fields(DiscreteDraw<T>& op, Visit visit) {
  visit("x_t", op.x_t), visit("x0", op.x0), visit("uniform", op.uniform);
}

template <class Op>
inline constexpr const char* kNameOf = nullptr;
#define DDIM_CUDA_NAME(NAME, ...) \
  template <>                     \
  inline constexpr const char* kNameOf<__VA_ARGS__> = #NAME;
DDIM_CUDA_KERNELS(DDIM_CUDA_NAME)
#undef DDIM_CUDA_NAME

/// Kernel and field, and whether its change has been seen.
using Sites = std::map<std::pair<std::string, std::string>, bool>;

/// Runs an operation with one number 5 % larger, or 0.05 where it is zero; without a site, as it is. Notes
/// what could be changed where `survey` is given.
template <class Run>
struct Planted {
  Run run{};
  std::pair<std::string, std::string> site{};
  Sites* survey = nullptr;
  template <class Op>
  void operator()(Op op) const {
    fields(op, [&](const char* field, auto& number) {
      using R = std::remove_reference_t<decltype(number)>;
      const std::pair<std::string, std::string> here{kNameOf<Op>, field};
      if (survey != nullptr) survey->emplace(here, false);
      if (site == here) number = number == R(0) ? R(0.05) : number * R(1.05);
    });
    run(op);
  }
};

/// Those that were not seen, "" for none.
inline std::string survivors(const Sites& sites) {
  std::string all = sites.empty() ? "nothing was planted" : "";
  for (const auto& [site, caught] : sites) {
    if (!caught) all += site.first + "." + site.second + " ";
  }
  return all;
}

}  // namespace ddim::cuda::test
