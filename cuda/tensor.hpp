#pragma once

#include "cuda/arithmetic.hpp"

namespace ddim::cuda {

using Index = std::int64_t;

/// `samples` samples of `dim` elements each; the elements of a sample are contiguous.
struct Shape {
  Index samples = 0;
  Index dim = 0;
};

inline constexpr Index kContiguous = -1;

/// A batch to read: sample j starts at data + j stride (in elements). Stride 0 repeats one sample.
template <class T>
struct Source {
  const T* data = nullptr;
  Index stride = kContiguous;
  DDIM_HD Source sample(Index j) const { return {data + j * stride, 0}; }
};
/// A batch to write.
template <class T>
struct Target {
  T* data = nullptr;
  Index stride = kContiguous;
  DDIM_HD Target sample(Index j) const { return {data + j * stride, 0}; }
};

/// How the elements, numbered sample by sample, are found.
struct Layout {
  Index samples;
  Index dim;
  bool vector;  ///< every pack of 16 bytes that is whole is aligned and within one sample
  Index whole =
      0;  ///< packs from the first on that are whole and lie at p kPack in every tensor: the hot path
  DDIM_HD Index size() const { return samples * dim; }
  DDIM_HD Index sample(Index element) const { return samples == 1 ? 0 : element / dim; }
  DDIM_HD Layout one_sample() const { return {1, dim, vector}; }
};

/// Elements in 16 bytes.
template <class T>
inline constexpr int kPack = 16 / sizeof(T);

#ifdef __CUDACC__
using Chunk = uint4;
#else
struct __attribute__((may_alias, aligned(16))) Chunk {
  std::uint32_t x, y, z, w;
};
#endif

/// 16-bit values are put into words by hand: left to itself the compiler stores them two by two.
template <class T>
DDIM_HD inline Chunk chunk_of(const T (&stored)[kPack<T>]) {
  if constexpr (sizeof(T) == 2) {
    const auto word = [&](int k) {
      return stored[k].bits | static_cast<std::uint32_t>(stored[k + 1].bits) << 16;
    };
    return {word(0), word(2), word(4), word(6)};
  } else {
    Chunk chunk;
    __builtin_memcpy(&chunk, stored, sizeof chunk);
    return chunk;
  }
}
/// Values to their storage type, rounded.
template <class T>
DDIM_HD inline Chunk narrowed(const Real<T> (&values)[kPack<T>]) {
  T stored[kPack<T>];
  DDIM_UNROLL for (int k = 0; k < kPack<T>; ++k) stored[k] = round_to<T>(values[k]);
  return chunk_of<T>(stored);
}
template <class T>
DDIM_HD inline void widen(const Chunk& chunk, Real<T> (&values)[kPack<T>]) {
  T stored[kPack<T>];
  __builtin_memcpy(stored, &chunk, sizeof chunk);
  DDIM_UNROLL for (int k = 0; k < kPack<T>; ++k) values[k] = to_real(stored[k]);
}

/// One 16-byte access. A load is kept apart from the conversion of what it brings, so that all loads of a
/// thread are in flight before the first is waited for.
DDIM_HD inline Chunk load_chunk(const void* source) { return *static_cast<const Chunk*>(source); }
/// One 16-byte access, which the compiler would at times split in four.
DDIM_HD inline void store_chunk(void* target, const Chunk& chunk) {
#ifdef __CUDA_ARCH__
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(target)),
               "r"(chunk.x), "r"(chunk.y), "r"(chunk.z), "r"(chunk.w)
               : "memory");
#else
  *static_cast<Chunk*>(target) = chunk;
#endif
}

/// Walks over the elements from `first` in their numbering; one division, however many elements.
struct Place {
  Index sample;
  Index k;
  DDIM_HD Place(const Layout& layout, Index first)
      : sample(layout.sample(first)), k(first - sample * layout.dim) {}
  DDIM_HD Index in(Index stride) const { return sample * stride + k; }
  DDIM_HD void next(const Layout& layout) {
    ++k;
    if (k == layout.dim && layout.samples > 1) {
      k = 0;
      ++sample;
    }
  }
};

/// Up to a pack from element `first`, zeros behind `count`; in one access where the layout allows it.
template <class T>
DDIM_HD inline Chunk gather(const Source<T>& source, const Layout& layout, Index first, int count) {
  Place place(layout, first);
  if (layout.vector && count == kPack<T>) return load_chunk(source.data + place.in(source.stride));
  T stored[kPack<T>];
  DDIM_UNROLL for (int k = 0; k < kPack<T>; ++k) {
    stored[k] = T{};
    if (k < count) stored[k] = source.data[place.in(source.stride)];
    place.next(layout);
  }
  return chunk_of<T>(stored);
}

template <class T>
DDIM_HD inline void scatter(const Target<T>& target, const Layout& layout, Index first, int count,
                            const Chunk& chunk) {
  Place place(layout, first);
  if (layout.vector && count == kPack<T>) return store_chunk(target.data + place.in(target.stride), chunk);
  T stored[kPack<T>];
  __builtin_memcpy(stored, &chunk, sizeof chunk);
  DDIM_UNROLL for (int k = 0; k < kPack<T>; ++k) {
    if (k < count) target.data[place.in(target.stride)] = stored[k];
    place.next(layout);
  }
}

/// One element, for the plain loops on the host.
template <class T>
inline Real<T> load_element(const Source<T>& source, const Layout& layout, Index element) {
  const Index j = layout.sample(element);
  return to_real(source.data[j * source.stride + (element - j * layout.dim)]);
}
template <class T>
inline void store_element(const Target<T>& target, const Layout& layout, Index element, Real<T> value) {
  const Index j = layout.sample(element);
  target.data[j * target.stride + (element - j * layout.dim)] = round_to<T>(value);
}

}  // namespace ddim::cuda
