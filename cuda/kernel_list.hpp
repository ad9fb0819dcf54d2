#pragma once

#include "cuda/discrete.hpp"
#include "cuda/objective.hpp"
#include "cuda/steps.hpp"

namespace ddim::cuda {

template <class T>
using QSampleGiven = Map<QSample<T>, Noise::given>;
template <class T>
using QSampleDrawn = Map<QSample<T>, Noise::drawn>;
template <class T>
using ForwardStepMean = Map<ForwardStep<T>, Noise::none>;
template <class T>
using ForwardStepGiven = Map<ForwardStep<T>, Noise::given>;
template <class T>
using ForwardStepDrawn = Map<ForwardStep<T>, Noise::drawn>;
template <class T>
using DdimStepMean = Map<DdimStep<T>, Noise::none>;
template <class T>
using DdimStepGiven = Map<DdimStep<T>, Noise::given>;
template <class T>
using DdimStepDrawn = Map<DdimStep<T>, Noise::drawn>;
template <class T>
using DdimStepPredX0Mean = Map<DdimStepPredX0<T>, Noise::none>;
template <class T>
using DdimStepPredX0Given = Map<DdimStepPredX0<T>, Noise::given>;
template <class T>
using DdimStepPredX0Drawn = Map<DdimStepPredX0<T>, Noise::drawn>;
template <class T>
using DdimStepClipMean = Map<DdimStepClip<T>, Noise::none>;
template <class T>
using DdimStepClipGiven = Map<DdimStepClip<T>, Noise::given>;
template <class T>
using DdimStepClipDrawn = Map<DdimStepClip<T>, Noise::drawn>;
template <class T>
using DdimStepThresholdMean = DdimStepThreshold<T, Noise::none>;
template <class T>
using DdimStepThresholdGiven = DdimStepThreshold<T, Noise::given>;
template <class T>
using DdimStepThresholdDrawn = DdimStepThreshold<T, Noise::drawn>;
template <class T>
using EncodeMean = Map<Encode<T>, Noise::none>;
template <class T>
using TrajectoryMean = Trajectory<T, Noise::none>;
template <class T>
using TrajectoryDrawn = Trajectory<T, Noise::drawn>;
template <class T>
using DiscreteStepMean = Map<DiscreteStep<T>, Noise::none>;

}  // namespace ddim::cuda

/// A kernel's symbol: what a profiler shows, and in nobody's way.
#define DDIM_CUDA_SYMBOL(NAME) ddim_cuda_##NAME

/// Every kernel once: X(its name, its parameter's type). The name is the equation's function, how noise
/// enters, and the dtype.
#define DDIM_CUDA_DTYPES(X, NAME, OP)                        \
  X(NAME##_float64, ::ddim::cuda::OP<double>)                \
  X(NAME##_float32, ::ddim::cuda::OP<float>)                 \
  X(NAME##_float16, ::ddim::cuda::OP<::ddim::cuda::Float16>) \
  X(NAME##_bfloat16, ::ddim::cuda::OP<::ddim::cuda::BFloat16>)

#define DDIM_CUDA_KERNELS(X)                                                                    \
  DDIM_CUDA_DTYPES(X, q_sample_given, QSampleGiven)                      /* Lemma1 */           \
  DDIM_CUDA_DTYPES(X, q_sample_drawn, QSampleDrawn)                      /* Lemma1 */           \
  DDIM_CUDA_DTYPES(X, forward_step_mean, ForwardStepMean)                /* Eq8 */              \
  DDIM_CUDA_DTYPES(X, forward_step_given, ForwardStepGiven)              /* Eq8 */              \
  DDIM_CUDA_DTYPES(X, forward_step_drawn, ForwardStepDrawn)              /* Eq8 */              \
  DDIM_CUDA_DTYPES(X, ddim_step_mean, DdimStepMean)                      /* Eq12 */             \
  DDIM_CUDA_DTYPES(X, ddim_step_given, DdimStepGiven)                    /* Eq12 */             \
  DDIM_CUDA_DTYPES(X, ddim_step_drawn, DdimStepDrawn)                    /* Eq12 */             \
  DDIM_CUDA_DTYPES(X, ddim_step_pred_x0_mean, DdimStepPredX0Mean)        /* Eq12, Eq9 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_pred_x0_given, DdimStepPredX0Given)      /* Eq12, Eq9 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_pred_x0_drawn, DdimStepPredX0Drawn)      /* Eq12, Eq9 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_clip_mean, DdimStepClipMean)             /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_clip_given, DdimStepClipGiven)           /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_clip_drawn, DdimStepClipDrawn)           /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_threshold_mean, DdimStepThresholdMean)   /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_threshold_given, DdimStepThresholdGiven) /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, ddim_step_threshold_drawn, DdimStepThresholdDrawn) /* Eq12, Eq7 */        \
  DDIM_CUDA_DTYPES(X, encode_mean, EncodeMean)                           /* Eq13 */             \
  DDIM_CUDA_DTYPES(X, trajectory_mean, TrajectoryMean)                   /* Eq10 */             \
  DDIM_CUDA_DTYPES(X, trajectory_drawn, TrajectoryDrawn)                 /* Eq10 */             \
  DDIM_CUDA_DTYPES(X, squared_distance, SquaredDistance) /* Lemma1, Eq7, Eq8, Eq11, Theorem1 */ \
  DDIM_CUDA_DTYPES(X, discrete_step, DiscreteStepMean)   /* AppendixA */                        \
  DDIM_CUDA_DTYPES(X, discrete_draw, DiscreteDraw)       /* AppendixA */                        \
  X(row_sum, ::ddim::cuda::RowSum)
