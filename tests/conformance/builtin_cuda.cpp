#include "tests/conformance/builtin_cuda.hpp"

#include "cuda/operations.hpp"
#include "tests/conformance/recipe.hpp"
#ifdef DDIM_CUDA_DEVICE
#include "cuda/device.hpp"
#endif

namespace ddim::conformance {
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
class CudaPath : public Implementation {
 public:
  explicit CudaPath(const std::string& dtype) : why_no_card_(conformance::why_no_card()) {
    identity_ = {why_no_card_.empty() ? "cuda on a card" : "cuda on the host (" + why_no_card_ + ")",
                 DDIM_VERSION, "C++/CUDA", dtype};
  }

  const Identity& identity() const override { return identity_; }

  std::optional<Trouble> configure(const Run& run) override {
    try {
      run_ = run;
      schedule_ = schedule_of(run.config);
      timesteps_ = defined_timesteps(run);
      return {};
    } catch (const DomainError& error) {
      return Trouble{Trouble::Kind::errored, error.what()};
    }
  }

  Result<std::vector<int>> timesteps() override { return timesteps_; }

  /// The reference's table, in double: coefficients are computed from it and rounded once.
  Result<std::vector<double>> alphas_cumprod() override {
    std::vector<double> table;
    for (int t = 1; t <= schedule_->T(); ++t) table.push_back(schedule_->alpha_bar(t));
    return table;
  }

  Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                          const std::optional<Batch>& noise) override {
    return guarded<StepOutput>([&] {
      const Transition at = transition(i);
      const Config& config = run_.config;
      const cuda::Shape shape{x_t.cols(), x_t.rows()};
      // Every call without noise takes a subsequence of its own, as steps of a sampler do.
      const cuda::Normals normals{20201006, subsequence_++, 0};
      StepOutput result{Batch(x_t.rows(), x_t.cols()), Batch(x_t.rows(), x_t.cols())};
      with_batches(
          {&x_t, &output, noise ? &*noise : &x_t}, {&result.prev_sample, &*result.pred_x0},
          [&](const auto& execute, const std::vector<T*>& in, const std::vector<T*>& out) {
            cuda::StepOptions<T> options;
            options.prediction = config.prediction;
            options.pred_x0 = {out[1]};
            options.rederive_eps = run_.dialect == Dialect::paper;
            if (config.thresholding)
              options.threshold = cuda::Threshold{config.dynamic_thresholding_ratio, config.sample_max_value};
            else if (config.clip_sample)
              options.clip_range = config.clip_sample_range;
            cuda::NoiseFor<T> source = normals;
            if (noise) source = cuda::Source<T>{in[2]};
            cuda::ddim_step(execute, at, sigma_eta(at, run_.eta), shape, cuda::Source<T>{in[0]},
                            cuda::Source<T>{in[1]}, source, cuda::Target<T>{out[0]}, options);
          });
      return result;
    });
  }

  Result<Batch> add_noise(const Batch& x0, const Batch& noise, int timestep) override {
    return guarded<Batch>([&] {
      Batch x_t(x0.rows(), x0.cols());
      with_batches({&x0, &noise}, {&x_t},
                   [&](const auto& execute, const std::vector<T*>& in, const std::vector<T*>& out) {
                     cuda::q_sample(execute, schedule_->level(timestep + 1), {x0.cols(), x0.rows()},
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
      return Trouble{Trouble::Kind::errored, error.what()};
#ifdef DDIM_CUDA_DEVICE
    } catch (const cuda::DeviceError& error) {
      return Trouble{Trouble::Kind::crash, error.what()};
#endif
    }
  }

  Transition transition(int i) const {
    const auto count = static_cast<int>(timesteps_.size());
    if (i < 0 || i >= count)
      throw DomainError("index", std::to_string(i), "0 <= i < " + std::to_string(count));
    const int t = timesteps_[static_cast<std::size_t>(i)] + 1;
    if (i + 1 < count) return schedule_->transition(t, timesteps_[static_cast<std::size_t>(i) + 1] + 1);
    if (run_.dialect == Dialect::paper || run_.config.set_alpha_to_one) return schedule_->transition(t, 0);
    if (t == 1) return {schedule_->level(1), schedule_->level(1), 0.0};
    return schedule_->transition(t, 1);
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
  Run run_;
  std::optional<Schedule> schedule_;
  std::vector<int> timesteps_;
  std::uint64_t subsequence_ = 0;
};

}  // namespace

std::unique_ptr<Implementation> open_cuda(const std::string& dtype) {
  if (dtype == "float64") return std::make_unique<CudaPath<double>>(dtype);
  if (dtype == "float32") return std::make_unique<CudaPath<float>>(dtype);
  if (dtype == "float16") return std::make_unique<CudaPath<cuda::Float16>>(dtype);
  if (dtype == "bfloat16") return std::make_unique<CudaPath<cuda::BFloat16>>(dtype);
  throw DomainError("dtype", dtype, "{float64, float32, float16, bfloat16}");
}

}  // namespace ddim::conformance
