/* A DDIM sampler behind C: what a Python program calls through ctypes, and what `ddim-verify ... lib:FILE.so`
 * expects of a library that wants to be judged. One header for both sides: this library exports these
 * functions; a library of your own exports the same names and is driven in the same way.
 *
 * Driving it: ddim_abi() must be DDIM_ABI. ddim_open(), then ddim_alphas_cumprod() and ddim_timesteps(), then
 * ddim_step() for i = 0 .. steps - 1, ddim_add_noise() at any time, ddim_close(). Every function but the
 * first and the last returns a ddim_code; where it is not DDIM_OK, ddim_message() of the same thread says
 * why, and no output has been written. A sampler is not changed by what is called on it: threads may share
 * one.
 *
 * Arrays: `samples` samples of `dim` elements, the elements of a sample contiguous, samples `stride` elements
 * apart (DDIM_CONTIGUOUS: one after the other; 0 repeats one sample, inputs only), all of one dtype and on
 * one device. An output may be exactly an input's memory. Values are not looked at: a NaN that goes in comes
 * out. On DDIM_HOST pointers are the host's and the call returns when the work is done. On DDIM_CUDA they are
 * pointers of the current card (tensor.data_ptr(), array.data.ptr), the work is put on `stream` (a
 * cudaStream_t; NULL is the default one) and the call returns at once. Both give the same bits.
 */
#ifndef DDIM_C_API_H
#define DDIM_C_API_H

#include <stdint.h>

#if defined(_WIN32)
#define DDIM_EXPORT
#else
#define DDIM_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define DDIM_ABI 1
#define DDIM_CONTIGUOUS (-1)

enum ddim_code {
  DDIM_OK = 0,
  DDIM_DOMAIN = 1, /* a value outside its domain, a pointer, an overlap */
  DDIM_SHAPE = 2,  /* a shape or a stride */
  DDIM_DEVICE = 3, /* CUDA's word, or a library built without it */
  DDIM_MEMORY = 4  /* out of the host's memory */
};
enum ddim_dtype { DDIM_FLOAT64 = 0, DDIM_FLOAT32 = 1, DDIM_FLOAT16 = 2, DDIM_BFLOAT16 = 3 };
enum ddim_device { DDIM_HOST = 0, DDIM_CUDA = 1 };
enum ddim_betas {
  DDIM_LINEAR = 0,
  DDIM_SCALED_LINEAR = 1,
  DDIM_SQUAREDCOS_CAP_V2 = 2,
  DDIM_TRAINED_BETAS = 3
};
enum ddim_spacing { DDIM_LEADING = 0, DDIM_TRAILING = 1, DDIM_LINSPACE = 2 };
enum ddim_prediction { DDIM_EPS = 0, DDIM_X0 = 1, DDIM_V = 2 };

/* A sampler's configuration; members carry the names of diffusers' scheduler_config.json where it has them.
 */
typedef struct ddim_config {
  int32_t num_train_timesteps; /* T */
  int32_t beta_schedule;       /* ddim_betas */
  double beta_start, beta_end;
  const double* trained_betas; /* T of them, for DDIM_TRAINED_BETAS; read by ddim_open only */
  int32_t rescale_betas_zero_snr;
  int32_t timestep_spacing; /* ddim_spacing */
  int32_t steps_offset;     /* DDIM_LEADING only */
  int32_t steps;            /* S, 1 <= S <= T */
  double eta;               /* Eq16; 0 is DDIM, 1 DDPM's posterior */
  int32_t prediction_type;  /* ddim_prediction */
  int32_t set_alpha_to_one; /* the last step ends at alpha_bar = 1, else at the first table entry */
  int32_t clip_sample;
  double clip_sample_range;
  int32_t thresholding; /* wins over clipping */
  double dynamic_thresholding_ratio, sample_max_value;
  int32_t
      rederive_eps; /* after clipping: eps from the changed x_0 (the paper), else the network's (diffusers) */
} ddim_config;

/* How the arrays of one call lie. */
typedef struct ddim_layout {
  int64_t samples, dim;
  int32_t dtype;  /* ddim_dtype */
  int32_t device; /* ddim_device */
  void* stream;
} ddim_layout;

/* data = NULL is no array, where that is allowed. */
typedef struct ddim_array {
  void* data;
  int64_t stride; /* in elements */
} ddim_array;

/* Noise: an array where data is given, else drawn where it is used: curand_init(seed, subsequence, offset).
 * Noise drawn for one step must not be drawn again for another: count the subsequence up. */
typedef struct ddim_noise {
  ddim_array given;
  uint64_t seed, subsequence, offset;
} ddim_noise;

typedef struct ddim_sampler ddim_sampler;

DDIM_EXPORT int32_t ddim_abi(void);
/* The last error of this thread, one line, until its next call. */
DDIM_EXPORT const char* ddim_message(void);

DDIM_EXPORT int32_t ddim_open(const ddim_config* config, ddim_sampler** sampler);
DDIM_EXPORT void ddim_close(ddim_sampler* sampler);

/* alpha_bar at timesteps 0 .. T - 1, the paper's 1 .. T. Domain: n = T. */
DDIM_EXPORT int32_t ddim_alphas_cumprod(const ddim_sampler* sampler, double* table, int64_t n);
/* The timesteps of steps 0 .. S - 1, counting down. Domain: n = S. */
DDIM_EXPORT int32_t ddim_timesteps(const ddim_sampler* sampler, int64_t* timesteps, int64_t n);

/* Lemma1 at a timestep: x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise. */
DDIM_EXPORT int32_t ddim_add_noise(const ddim_sampler* sampler, int64_t timestep, const ddim_layout* layout,
                                   ddim_array x_0, const ddim_noise* noise, ddim_array x_t);
/* Eq12 from timesteps[i] to timesteps[i + 1], the last to the data. noise may be NULL where eta = 0; pred_x0
 * may be without data. */
DDIM_EXPORT int32_t ddim_step(const ddim_sampler* sampler, int64_t i, const ddim_layout* layout,
                              ddim_array x_t, ddim_array output, const ddim_noise* noise, ddim_array x_prev,
                              ddim_array pred_x0);

#ifdef __cplusplus
}
#endif
#endif
