#include "tests/samplers/cuda.hpp"

#include <memory>

#include "cuda/operations.hpp"
#include "tests/samplers/builtin.hpp"
#ifdef DDIM_CUDA_DEVICE
#include "cuda/device.hpp"
#endif

namespace ddim::samplers {
namespace {

/// "" where a card can be used.
std::string why_no_card() {
#ifdef DDIM_CUDA_DEVICE
  try {
    cuda::device_count();
    return "";
  } catch (const cuda::DeviceError& error) {
    return error.what();
  }
#else
  return "built without nvcc";
#endif
}

template <class T>
class CudaPath {
 public:
  explicit CudaPath(const std::string& dtype) : why_no_card_(samplers::why_no_card()) {
    identity_ = {why_no_card_.empty() ? "cuda on a card" : "cuda on the host (" + why_no_card_ + ")",
                 DDIM_VERSION, "C++/CUDA", sizeof(T) < sizeof(float) ? "float32" : dtype};
    identity_.sample_dtype = dtype;
  }

  const Identity& identity() const { return identity_; }

  /// Without noise it draws its own.
  Result<StepOutput> step(const Run& run, int entry, const Batch& x_t, const Batch& output,
                          const Batch* noise) {
    return guarded<StepOutput>([&] {
      if (entry < 0 || entry >= run.S())
        throw DomainError("index", std::to_string(entry), "0 <= i < " + std::to_string(run.S()));
      const Transition& at = run.chain().steps[static_cast<std::size_t>(run.step_of(entry) - 1)];
      // Every call without noise takes a subsequence of its own, as steps of a sampler do.
      const cuda::Normals normals{20201006, subsequence_++, 0};
      StepOutput result(Batch(x_t.rows(), x_t.cols()), Batch(x_t.rows(), x_t.cols()));
      with_batches({&x_t, &output, noise ? noise : &x_t}, {&result.prev_sample, &*result.pred_x0},
                   [&](const auto& execute, const std::vector<T*>& in, const std::vector<T*>& out) {
                     cuda::NoiseFor<T> source = normals;
                     if (noise) source = cuda::Source<T>{in[2]};
                     cuda::ddim_step(execute, at, sigma_eta(at, run.eta()), {x_t.cols(), x_t.rows()},
                                     cuda::Source<T>{in[0]}, cuda::Source<T>{in[1]}, source,
                                     cuda::Target<T>{out[0]}, options_of(run, out[1]));
                   });
      return result;
    });
  }

  Result<Batch> add_noise(const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    return guarded<Batch>([&] {
      Batch x_t(x0.rows(), x0.cols());
      with_batches({&x0, &noise}, {&x_t},
                   [&](const auto& execute, const std::vector<T*>& in, const std::vector<T*>& out) {
                     cuda::q_sample(execute, run.schedule().level(timestep + 1), {x0.cols(), x0.rows()},
                                    cuda::Source<T>{in[0]}, cuda::Source<T>{in[1]}, cuda::Target<T>{out[0]});
                   });
      return x_t;
    });
  }

 private:
  template <class Value, class Body>
  static Result<Value> guarded(Body body) {
    try {
      return body();
    } catch (const DomainError& error) {
      return Trouble{Status::errored, error.what()};
#ifdef DDIM_CUDA_DEVICE
    } catch (const cuda::DeviceError& error) {
      return Trouble{Status::crash, error.what()};
#endif
    }
  }

  static cuda::StepOptions<T> options_of(const Run& run, T* pred_x0) {
    const Config& config = run.config();
    cuda::StepOptions<T> options;
    options.prediction = config.prediction;
    options.pred_x0 = {pred_x0};
    options.rederive_eps = run.dialect().rederives_eps;
    if (config.thresholding)
      options.threshold = cuda::Threshold{config.dynamic_thresholding_ratio, config.sample_max_value};
    else if (config.clip_sample)
      options.clip_range = config.clip_sample_range;
    return options;
  }

  static std::vector<T> rounded(const Batch& batch) {
    std::vector<T> values;
    for (const double x : batch.reshaped())
      values.push_back(cuda::round_to<T>(static_cast<cuda::Real<T>>(x)));
    return values;
  }
  static void widen(const std::vector<T>& values, Batch& batch) {
    for (std::size_t k = 0; k < values.size(); ++k)
      batch(static_cast<Eigen::Index>(k)) = static_cast<double>(cuda::to_real(values[k]));
  }

  /// Runs body(executor, inputs, outputs) with the batches in T where the executor can reach them.
  template <class Body>
  void with_batches(const std::vector<const Batch*>& inputs, const std::vector<Batch*>& outputs,
                    Body body) const {
    std::vector<std::vector<T>> in, out;
    for (const Batch* batch : inputs) in.push_back(rounded(*batch));
    for (const Batch* batch : outputs) out.emplace_back(static_cast<std::size_t>(batch->size()));
    const auto pointers = [](auto& arrays) {
      std::vector<T*> all;
      for (auto& array : arrays) all.push_back(array.data());
      return all;
    };
#ifdef DDIM_CUDA_DEVICE
    if (why_no_card_.empty()) {
      std::vector<std::unique_ptr<cuda::DeviceArray<T>>> arrays;
      std::vector<T*> in_device, out_device;
      for (const auto& values : in) {
        arrays.push_back(std::make_unique<cuda::DeviceArray<T>>(std::span<const T>(values)));
        in_device.push_back(arrays.back()->data());
      }
      for (const auto& values : out) {
        arrays.push_back(std::make_unique<cuda::DeviceArray<T>>(values.size()));
        out_device.push_back(arrays.back()->data());
      }
      body(cuda::Device{}, in_device, out_device);
      cuda::synchronize();
      for (std::size_t k = 0; k < out.size(); ++k) widen(arrays[in.size() + k]->read(), *outputs[k]);
      return;
    }
#endif
    body(cuda::Host{}, pointers(in), pointers(out));
    for (std::size_t k = 0; k < out.size(); ++k) widen(out[k], *outputs[k]);
  }

  std::string why_no_card_;
  Identity identity_;
  std::uint64_t subsequence_ = 0;
};

template <class T>
Sampler of_path(const std::string& dtype) {
  const auto path = std::make_shared<CudaPath<T>>(dtype);
  // The list and the table are reference/'s, in double: coefficients are computed from it and rounded once.
  Sampler sampler;
  const Sampler host = reference();
  sampler.timesteps = host.timesteps;
  sampler.alphas_cumprod = host.alphas_cumprod;
  sampler.identity = path->identity();
  sampler.prepare = [path](const Run&) { return path->identity(); };
  sampler.step = [path](const Run& run, int entry, const Batch& x_t, const Batch& output,
                        const Batch& noise) { return path->step(run, entry, x_t, output, &noise); };
  sampler.own_step = [path](const Run& run, int entry, const Batch& x_t, const Batch& output) {
    return path->step(run, entry, x_t, output, nullptr);
  };
  sampler.add_noise = [path](const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    return path->add_noise(run, timestep, x0, noise);
  };
  return sampler;
}

}  // namespace

Sampler of_cuda(const std::string& dtype) {
  if (dtype == "float64") return of_path<double>(dtype);
  if (dtype == "float32") return of_path<float>(dtype);
  if (dtype == "float16") return of_path<cuda::Float16>(dtype);
  if (dtype == "bfloat16") return of_path<cuda::BFloat16>(dtype);
  throw DomainError("dtype", dtype, "{float64, float32, float16, bfloat16}");
}

}  // namespace ddim::samplers
