#include "cuda/c_api.h"

#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cuda/operations.hpp"
#ifdef DDIM_CUDA_DEVICE
#include "cuda/device.hpp"
#endif

struct ddim_sampler {
  ddim_config config;
  ddim::Schedule schedule;
  std::vector<std::int64_t> timesteps;
};

namespace ddim::cuda {
namespace {

thread_local std::string message;

std::int32_t refused(std::int32_t code, const char* what) noexcept {
  try {
    message = what;
  } catch (const std::bad_alloc&) {
    message.clear();
  }
  return code;
}

/// Errors become codes: nothing is thrown through C.
template <class Body>
std::int32_t guarded(Body body) noexcept {
  try {
    message.clear();
    body();
    return DDIM_OK;
  } catch (const ShapeError& error) {
    return refused(DDIM_SHAPE, error.what());
  } catch (const std::bad_alloc&) {
    return refused(DDIM_MEMORY, "out of memory");
  } catch (const DomainError& error) {
    return refused(DDIM_DOMAIN, error.what());
  } catch (const std::exception& error) {  // DeviceError
    return refused(DDIM_DEVICE, error.what());
  }
}

void require_pointer(const char* name, const void* pointer) {
  if (pointer == nullptr) throw DomainError(std::string("pointer of ") + name, "nullptr", "a valid pointer");
}
[[noreturn]] void throw_unknown(const char* name, std::int32_t value) {
  throw DomainError(name, std::to_string(value), "the enumerators of c_api.h");
}

Schedule schedule_of(const ddim_config& c) {
  const auto plain = [&] {
    switch (c.beta_schedule) {
      case DDIM_LINEAR:
        return Schedule::linear(c.num_train_timesteps, c.beta_start, c.beta_end);
      case DDIM_SCALED_LINEAR:
        return Schedule::scaled_linear(c.num_train_timesteps, c.beta_start, c.beta_end);
      case DDIM_SQUAREDCOS_CAP_V2:
        return Schedule::squaredcos_cap_v2(c.num_train_timesteps);
      case DDIM_TRAINED_BETAS:
        require_pointer("trained_betas", c.trained_betas);
        if (c.num_train_timesteps < 1)
          throw DomainError("num_train_timesteps", std::to_string(c.num_train_timesteps), "T >= 1");
        return Schedule::from_betas(
            std::span<const double>(c.trained_betas, static_cast<std::size_t>(c.num_train_timesteps)));
      default:
        throw_unknown("beta_schedule", c.beta_schedule);
    }
  };
  return c.rescale_betas_zero_snr != 0 ? plain().rescaled_to_zero_terminal_snr() : plain();
}

Tau tau_of(const ddim_config& c) {
  const int T = c.num_train_timesteps, S = c.steps;
  switch (c.timestep_spacing) {
    case DDIM_LEADING:
      return Tau::leading(T, S, c.steps_offset);
    case DDIM_TRAILING:
      return Tau::trailing(T, S);
    case DDIM_LINSPACE:
      return Tau::linspace(T, S);
    default:
      throw_unknown("timestep_spacing", c.timestep_spacing);
  }
}

Prediction prediction_of(const ddim_config& c) {
  switch (c.prediction_type) {
    case DDIM_EPS:
      return Prediction::eps;
    case DDIM_X0:
      return Prediction::x0;
    case DDIM_V:
      return Prediction::v;
    default:
      throw_unknown("prediction_type", c.prediction_type);
  }
}

/// From timesteps[i] to the next; the last to the data, or, as some samplers do, to the first table entry.
Transition transition_of(const ddim_sampler& sampler, std::int64_t i) {
  const auto count = static_cast<std::int64_t>(sampler.timesteps.size());
  if (i < 0 || i >= count) throw DomainError("i", std::to_string(i), "0 <= i < " + std::to_string(count));
  const auto time = [&](std::int64_t at) {
    return static_cast<int>(sampler.timesteps[static_cast<std::size_t>(at)]) + 1;
  };
  const Schedule& schedule = sampler.schedule;
  if (i + 1 < count) return schedule.transition(time(i), time(i + 1));
  if (sampler.config.set_alpha_to_one != 0) return schedule.transition(time(i), 0);
  if (time(i) == 1) return {schedule.level(1), schedule.level(1), 0.0};
  return schedule.transition(time(i), 1);
}

/// Calls body(executor, a value of the dtype) for where and in what a call runs.
template <class Body>
void dispatch(const ddim_layout& layout, Body body) {
  const auto in = [&](const auto& run) {
    switch (layout.dtype) {
      case DDIM_FLOAT64:
        return body(run, double{});
      case DDIM_FLOAT32:
        return body(run, float{});
      case DDIM_FLOAT16:
        return body(run, Float16{});
      case DDIM_BFLOAT16:
        return body(run, BFloat16{});
      default:
        throw_unknown("dtype", layout.dtype);
    }
  };
  if (layout.device == DDIM_HOST) return in(Host{});
  if (layout.device != DDIM_CUDA) throw_unknown("device", layout.device);
#ifdef DDIM_CUDA_DEVICE
  in(Device{static_cast<CUstream_st*>(layout.stream)});
#else
  throw std::runtime_error("device DDIM_CUDA: this library was built without nvcc");
#endif
}

template <class T>
Source<T> source(const ddim_array& array) {
  return {static_cast<const T*>(array.data), array.stride};
}
template <class T>
Target<T> target(const ddim_array& array) {
  return {static_cast<T*>(array.data), array.stride};
}
template <class T>
NoiseFor<T> noise_for(const ddim_noise* noise) {
  if (noise == nullptr) return std::monostate{};
  if (noise->given.data != nullptr) return source<T>(noise->given);
  return Normals{noise->seed, noise->subsequence, noise->offset};
}

}  // namespace
}  // namespace ddim::cuda

using namespace ddim;
using namespace ddim::cuda;

std::int32_t ddim_abi(void) { return DDIM_ABI; }
const char* ddim_message(void) { return message.c_str(); }

std::int32_t ddim_open(const ddim_config* config, ddim_sampler** sampler) {
  return guarded([&] {
    require_pointer("config", config);
    require_pointer("sampler", sampler);
    *sampler = nullptr;
    (void)prediction_of(*config);
    if (!(config->eta >= 0)) throw DomainError("eta", config->eta, "eta >= 0");
    std::vector<std::int64_t> timesteps;
    const Tau tau = tau_of(*config);
    for (int i = tau.S(); i > 0; --i) timesteps.push_back(tau[i] - 1);
    *sampler = new ddim_sampler{*config, cuda::schedule_of(*config), std::move(timesteps)};
    (*sampler)->config.trained_betas = nullptr;  // the caller's memory
  });
}
void ddim_close(ddim_sampler* sampler) { delete sampler; }

std::int32_t ddim_alphas_cumprod(const ddim_sampler* sampler, double* table, std::int64_t n) {
  return guarded([&] {
    require_pointer("sampler", sampler);
    require_pointer("table", table);
    const int T = sampler->schedule.T();
    if (n != T) throw ShapeError("n", std::to_string(n), "T = " + std::to_string(T));
    for (int t = 1; t <= T; ++t) table[t - 1] = sampler->schedule.alpha_bar(t);
  });
}

std::int32_t ddim_timesteps(const ddim_sampler* sampler, std::int64_t* timesteps, std::int64_t n) {
  return guarded([&] {
    require_pointer("sampler", sampler);
    require_pointer("timesteps", timesteps);
    const auto S = static_cast<std::int64_t>(sampler->timesteps.size());
    if (n != S) throw ShapeError("n", std::to_string(n), "S = " + std::to_string(S));
    for (const std::int64_t t : sampler->timesteps) *timesteps++ = t;
  });
}

std::int32_t ddim_add_noise(const ddim_sampler* sampler, std::int64_t timestep, const ddim_layout* layout,
                            ddim_array x_0, const ddim_noise* noise, ddim_array x_t) {
  return guarded([&] {
    require_pointer("sampler", sampler);
    require_pointer("layout", layout);
    const int T = sampler->schedule.T();
    if (timestep < 0 || timestep >= T)
      throw DomainError("timestep", std::to_string(timestep), "0 <= timestep < " + std::to_string(T));
    const NoiseLevel& level = sampler->schedule.level(static_cast<int>(timestep) + 1);
    dispatch(*layout, [&]<class T_>(const auto& run, T_) {
      q_sample(run, level, {layout->samples, layout->dim}, source<T_>(x_0), noise_for<T_>(noise),
               target<T_>(x_t));
    });
  });
}

std::int32_t ddim_step(const ddim_sampler* sampler, std::int64_t i, const ddim_layout* layout, ddim_array x_t,
                       ddim_array output, const ddim_noise* noise, ddim_array x_prev, ddim_array pred_x0) {
  return guarded([&] {
    require_pointer("sampler", sampler);
    require_pointer("layout", layout);
    const ddim_config& config = sampler->config;
    const Transition step = transition_of(*sampler, i);
    dispatch(*layout, [&]<class T>(const auto& run, T) {
      StepOptions<T> options;
      options.prediction = prediction_of(config);
      options.rederive_eps = config.rederive_eps != 0;
      if (config.thresholding != 0)
        options.threshold = Threshold{config.dynamic_thresholding_ratio, config.sample_max_value};
      else if (config.clip_sample != 0)
        options.clip_range = config.clip_sample_range;
      if (pred_x0.data != nullptr) options.pred_x0 = target<T>(pred_x0);
      cuda::ddim_step(run, step, sigma_eta(step, config.eta), {layout->samples, layout->dim}, source<T>(x_t),
                      source<T>(output), noise_for<T>(noise), target<T>(x_prev), options);
    });
  });
}
