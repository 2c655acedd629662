// The inner loops of Winograd's convolution for one kind of vectors. Included once for each kind, in a namespace of its
// own, with CARE_VECTOR (the vector type), CARE_MARK (the mark of functions for the processor that has them),
// CARE_PANEL_VECTORS (vectors of a panel), CARE_TILES (tiles of a product) and CARE_INPUTS (channels that a tile of the
// filter's gradient takes at a time) defined: the compiler takes vectors apart that appear in a template or in a function
// without the mark.

using Vector = CARE_VECTOR;
constexpr long kLanes = sizeof(Vector) / sizeof(float);
// Output channels of a panel.
constexpr long kPanel = CARE_PANEL_VECTORS * kLanes;

CARE_MARK static inline Vector load(const float* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

CARE_MARK static inline void store(float* to, const Vector& vector) { __builtin_memcpy(to, &vector, sizeof vector); }

CARE_MARK static inline void loadPanel(const float* row, Vector* to) {
#pragma GCC unroll 2
  for (long v = 0; v < CARE_PANEL_VECTORS; v++) to[v] = load(row + v * kLanes);
}

// Adds a row of a panel, `value` times, to a row of sums.
CARE_MARK static inline void addScaled(const Vector* row, float value, Vector* sums) {
#pragma GCC unroll 2
  for (long v = 0; v < CARE_PANEL_VECTORS; v++) sums[v] += value * row[v];
}

// One row of a panel; `add`: to what is there.
CARE_MARK static inline void storePanel(float* row, const Vector* sums, bool add) {
#pragma GCC unroll 2
  for (long v = 0; v < CARE_PANEL_VECTORS; v++) {
    float* to = row + v * kLanes;
    store(to, add ? sums[v] + load(to) : sums[v]);
  }
}

// t = G g: three places of the filter to six frequencies.
CARE_MARK static inline void filterAxis(const Vector* g, long step, Vector* t, long tStep) {
  const Vector g0 = g[0], g1 = g[step], g2 = g[2 * step];
  t[0] = g0 * kZeroScale;
  const Vector evenA = (g0 + kA2 * g2) * kAScale, oddA = g1 * (kA * kAScale);
  t[tStep] = evenA + oddA;
  t[2 * tStep] = evenA - oddA;
  const Vector evenB = (g0 + kB2 * g2) * kBScale, oddB = g1 * (kB * kBScale);
  t[3 * tStep] = evenB + oddB;
  t[4 * tStep] = evenB - oddB;
  t[5 * tStep] = g2;
}

// t = B^T d: six pixels to six frequencies.
CARE_MARK static inline void inputAxis(const Vector* d, long step, Vector* t, long tStep) {
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  t[0] = kA2 * kB2 * d0 - (kA2 + kB2) * d2 + d4;
  const Vector evenA = d4 - kB2 * d2, oddA = kA * (d3 - kB2 * d1);
  t[tStep] = evenA + oddA;
  t[2 * tStep] = evenA - oddA;
  const Vector evenB = d4 - kA2 * d2, oddB = kB * (d3 - kA2 * d1);
  t[3 * tStep] = evenB + oddB;
  t[4 * tStep] = evenB - oddB;
  t[5 * tStep] = kA2 * kB2 * d1 - (kA2 + kB2) * d3 + d5;
}

// y = A^T m: six frequencies to four pixels.
CARE_MARK static inline void outputAxis(const Vector* m, long step, Vector* y, long yStep) {
  const Vector m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
  const Vector sumA = m1 + m2, differenceA = m1 - m2, sumB = m3 + m4, differenceB = m3 - m4;
  y[0] = m0 + sumA + sumB;
  y[yStep] = kA * differenceA + kB * differenceB;
  y[2 * yStep] = kA2 * sumA + kB2 * sumB;
  y[3 * yStep] = kA2 * kA * differenceA + kB2 * kB * differenceB + m5;
}

// m = A y, the transpose of the one before: four pixels of a gradient to six frequencies.
CARE_MARK static inline void gradientAxis(const Vector* y, long step, Vector* m, long mStep) {
  const Vector y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
  m[0] = y0;
  const Vector evenA = y0 + kA2 * y2, oddA = kA * (y1 + kA2 * y3);
  m[mStep] = evenA + oddA;
  m[2 * mStep] = evenA - oddA;
  const Vector evenB = y0 + kB2 * y2, oddB = kB * (y1 + kB2 * y3);
  m[3 * mStep] = evenB + oddB;
  m[4 * mStep] = evenB - oddB;
  m[5 * mStep] = y3;
}

// g = G^T t: six frequencies to three places of the filter's gradient.
CARE_MARK static inline void filterGradientAxis(const Vector* t, long step, Vector* g, long gStep) {
  const Vector sumA = (t[step] + t[2 * step]) * kAScale, sumB = (t[3 * step] + t[4 * step]) * kBScale;
  const Vector differenceA = t[step] - t[2 * step], differenceB = t[3 * step] - t[4 * step];
  g[0] = t[0] * kZeroScale + sumA + sumB;
  g[gStep] = differenceA * (kA * kAScale) + differenceB * (kB * kBScale);
  g[2 * gStep] = kA2 * sumA + kB2 * sumB + t[5 * step];
}

// Loads of one tile or filter: a null place counts as zeros.
CARE_MARK static inline void loadPlaces(const float* const* places, long count, long channel, Vector* to) {
  for (long i = 0; i < count; i++) to[i] = places[i] == nullptr ? Vector{} : load(places[i] + channel);
}

// A filter's nine places, for `channels` consecutive channels, to 36 frequencies `step` apart.
CARE_MARK void filterToFrequencies(const float* const* places, long channels, float* to, long step) {
  for (long c = 0; c < channels; c += kLanes) {
    Vector g[9], half[18], t[36];
    loadPlaces(places, 9, c, g);
    for (long j = 0; j < 3; j++) filterAxis(g + j, 3, half + j, 3);
    for (long i = 0; i < 6; i++) filterAxis(half + 3 * i, 1, t + 6 * i, 1);
    for (long f = 0; f < 36; f++) store(to + f * step + c, t[f]);
  }
}

// A tile of 6 x 6 pixels, by rows, to 36 frequencies: channel c of frequency f goes to `to + f * step + c / group *
// groupStep + c % group`, where `group` divides the vectors' length or is a multiple of it.
CARE_MARK void tileToFrequencies(const float* const* places, long channels, float* to, long step, long group,
                                 long groupStep) {
  for (long c = 0; c < channels; c += kLanes) {
    Vector d[36], half[36], t[36];
    loadPlaces(places, 36, c, d);
    for (long j = 0; j < 6; j++) inputAxis(d + j, 6, half + j, 6);
    for (long i = 0; i < 6; i++) inputAxis(half + 6 * i, 1, t + 6 * i, 1);
    if (group >= kLanes) {
      float* first = to + c / group * groupStep + c % group;
      for (long f = 0; f < 36; f++) store(first + f * step, t[f]);
      continue;
    }
    for (long f = 0; f < 36; f++) {
      for (long part = 0; part < kLanes / CARE_INPUTS; part++) {
        __builtin_memcpy(to + f * step + (c / CARE_INPUTS + part) * groupStep,
                         reinterpret_cast<const float*>(&t[f]) + part * CARE_INPUTS, CARE_INPUTS * sizeof(float));
      }
    }
  }
}

// A tile of 4 x 4 pixels of the output's gradient to 36 frequencies, laid out in panels of output channels.
CARE_MARK void gradientToFrequencies(const float* const* places, long channels, float* to, long step, long panelStep) {
  for (long c = 0; c < channels; c += kLanes) {
    Vector y[16], half[24], m[36];
    loadPlaces(places, 16, c, y);
    for (long j = 0; j < 4; j++) gradientAxis(y + j, 4, half + j, 4);
    for (long i = 0; i < 6; i++) gradientAxis(half + 4 * i, 1, m + 6 * i, 1);
    float* first = to + c / kPanel * panelStep + c % kPanel;
    for (long f = 0; f < 36; f++) store(first + f * step, m[f]);
  }
}

// 36 frequencies, `step` apart, to 4 x 4 pixels of the output; a null place is left out.
CARE_MARK void frequenciesToTile(const float* from, long step, long channels, float* const* places) {
  for (long c = 0; c < channels; c += kLanes) {
    Vector m[36], half[24], y[16];
    for (long f = 0; f < 36; f++) m[f] = load(from + f * step + c);
    for (long j = 0; j < 6; j++) outputAxis(m + j, 6, half + j, 6);
    for (long i = 0; i < 4; i++) outputAxis(half + 6 * i, 1, y + 4 * i, 1);
    for (long p = 0; p < 16; p++) {
      if (places[p] != nullptr) store(places[p] + c, y[p]);
    }
  }
}

// The gradient of a filter in frequencies, [36][CARE_INPUTS][panel], to its nine places: input channel i of place p goes to
// `to + p * placeStep + i * inputStep`.
CARE_MARK void frequenciesToFilter(const float* from, float* to, long placeStep, long inputStep) {
  for (long i = 0; i < CARE_INPUTS; i++) {
    for (long c = 0; c < kPanel; c += kLanes) {
      Vector t[36], half[18], g[9];
      for (long f = 0; f < 36; f++) t[f] = load(from + (f * CARE_INPUTS + i) * kPanel + c);
      for (long j = 0; j < 6; j++) filterGradientAxis(t + j, 6, half + j, 6);
      for (long r = 0; r < 3; r++) filterGradientAxis(half + 6 * r, 1, g + 3 * r, 1);
      for (long p = 0; p < 9; p++) store(to + p * placeStep + i * inputStep + c, g[p]);
    }
  }
}

// CARE_TILES rows of the product of [tiles, inputs] (rows `tileStep` apart) and a panel [inputs][kPanel]; rows of the result
// lie `toStep` apart. Sums are taken of kTerms products at a time: one long sum would lose more to rounding.
CARE_MARK void multiplyTiles(const float* tiles, long tileStep, const float* panel, long inputs, float* to, long toStep) {
  for (long start = 0; start < inputs; start += kTerms) {
    const long end = start + kTerms < inputs ? start + kTerms : inputs;
    Vector sums[CARE_TILES][CARE_PANEL_VECTORS] = {};
    for (long c = start; c < end; c++) {
      Vector row[CARE_PANEL_VECTORS];
      loadPanel(panel + c * kPanel, row);
#pragma GCC unroll 16
      for (long t = 0; t < CARE_TILES; t++) addScaled(row, tiles[t * tileStep + c], sums[t]);
    }
#pragma GCC unroll 16
    for (long t = 0; t < CARE_TILES; t++) storePanel(to + t * toStep, sums[t], start > 0);
  }
}

// Adds to [CARE_INPUTS][kPanel] the sum over tiles of the products of [tiles][CARE_INPUTS] and [tiles][kPanel]; `fresh`: to
// zeros. Sums are taken of kTerms products at a time, as above.
CARE_MARK void addProducts(const float* inputs, const float* gradients, long tiles, bool fresh, float* sums) {
  for (long start = 0; start < tiles; start += kTerms) {
    const long end = start + kTerms < tiles ? start + kTerms : tiles;
    Vector terms[CARE_INPUTS][CARE_PANEL_VECTORS] = {};
    for (long t = start; t < end; t++) {
      Vector row[CARE_PANEL_VECTORS];
      loadPanel(gradients + t * kPanel, row);
#pragma GCC unroll 16
      for (long i = 0; i < CARE_INPUTS; i++) addScaled(row, inputs[t * CARE_INPUTS + i], terms[i]);
    }
#pragma GCC unroll 16
    for (long i = 0; i < CARE_INPUTS; i++) storePanel(sums + i * kPanel, terms[i], !fresh || start > 0);
  }
}

constexpr WinogradVectors kVectors = {kLanes,          kPanel,          CARE_TILES, CARE_INPUTS,  filterToFrequencies, tileToFrequencies,
                              gradientToFrequencies, frequenciesToTile, frequenciesToFilter, multiplyTiles, addProducts};
