// What is done to one image, for one kind of vectors. Included once for each kind, in a namespace of its own, with CARE_VECTOR
// (the vector type) and CARE_MARK (the mark of functions for the processor that has them) defined: the compiler takes vectors
// apart that appear in a template or in a function without the mark.

using Vector = CARE_VECTOR;
constexpr long kLanes = sizeof(Vector) / sizeof(float);

CARE_MARK static inline Vector load(const float* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

CARE_MARK static inline void store(float* to, const Vector& vector) { __builtin_memcpy(to, &vector, sizeof vector); }

CARE_MARK static inline Vector lesser(const Vector& a, const Vector& b) { return a < b ? a : b; }
CARE_MARK static inline Vector greater(const Vector& a, const Vector& b) { return a > b ? a : b; }
CARE_MARK static inline Vector size(const Vector& a) { return greater(a, -a); }

CARE_MARK static float meanOf(const float* plane, long pixels) {
  Vector sums = {};
  long p = 0;
  for (; p + kLanes <= pixels; p += kLanes) sums += load(plane + p);
  float sum = 0;
  for (long i = 0; i < kLanes; i++) sum += sums[i];
  for (; p < pixels; p++) sum += plane[p];
  return sum / static_cast<float>(pixels);
}

// `A x + k` of every pixel, in place, within `least` and `greatest`.
CARE_MARK static void mapColours(const Scratch& scratch, const float* a, const float* k, float least, float greatest) {
  float *red = scratch.planes, *green = red + scratch.stride, *blue = green + scratch.stride;
  const Vector low = Vector{} + least, high = Vector{} + greatest;
  for (long p = 0; p < scratch.stride; p += kLanes) {
    const Vector r = load(red + p), g = load(green + p), b = load(blue + p);
    store(red + p, lesser(greater(a[0] * r + a[1] * g + a[2] * b + k[0], low), high));
    store(green + p, lesser(greater(a[3] * r + a[4] * g + a[5] * b + k[1], low), high));
    store(blue + p, lesser(greater(a[6] * r + a[7] * g + a[8] * b + k[2], low), high));
  }
}

// `clamp(A x + c . mean(x))`, as `blend` in src/augment/color-jitter.ts.
CARE_MARK static void blend(const Scratch& scratch, long pixels, const float* matrix, const float* ofMean) {
  float constant = 0;
  for (long c = 0; c < kColours; c++) {
    if (ofMean[c] != 0) constant += ofMean[c] * meanOf(scratch.planes + c * scratch.stride, pixels);
  }
  const float constants[kColours] = {constant, constant, constant};
  mapColours(scratch, matrix, constants, 0, kWhite);
}

CARE_MARK static inline Vector channel(const Vector& below, const Vector& chroma, const Vector& share) {
  return below + chroma * lesser(greater(share, Vector{} + 1), Vector{} + 2);
}

// Turns the hue by so many sextants, from -3 to 3; `turnHue` in src/augment/color-jitter.ts has the formula.
CARE_MARK static void turnHue(const Scratch& scratch, float shift) {
  float *red = scratch.planes, *green = red + scratch.stride, *blue = green + scratch.stride;
  for (long p = 0; p < scratch.stride; p += kLanes) {
    const Vector r = load(red + p), g = load(green + p), b = load(blue + p);
    const Vector least = lesser(lesser(r, g), b);
    const Vector chroma = greater(greater(r, g), b) - least;
    const Vector below = least - chroma;
    const Vector angle = ((g + b) - (r + below)) / greater(chroma, Vector{} + kNoChroma);
    const Vector turned = (b > g ? -angle : angle) + shift;
    const Vector notAbove = turned > 3 ? turned - 6 : turned;
    const Vector within = notAbove < -3 ? notAbove + 6 : notAbove;
    store(red + p, channel(below, chroma, 3 - size(within)));
    store(green + p, channel(below, chroma, size(size(within - 2) - 3)));
    store(blue + p, channel(below, chroma, size(size(within + 2) - 3)));
  }
}

// Weighs a row with its neighbours on both sides: `rows[k]` and `rows[-k]`, for each tap k.
CARE_MARK static inline void blurRow(const float* const* before, const float* const* after, const float* taps, long count,
                                     long width, float* to) {
  for (long x = 0; x < width; x += kLanes) {
    Vector sum = taps[0] * load(before[0] + x);
    for (long k = 1; k < count; k++) sum += taps[k] * (load(before[k] + x) + load(after[k] + x));
    store(to + x, sum);
  }
}

// One channel blurred along its rows, then along its columns, to rows `rowStride` apart.
CARE_MARK static void blurChannel(const ViewShape& s, const float* plane, const float* taps, const Scratch& scratch,
                                  const float** before, const float** after, float* to) {
  const long reach = s.taps - 1;
  for (long y = 0; y < s.height; y++) {
    float* row = scratch.row + reach;
    __builtin_memcpy(row, plane + y * s.width, s.width * sizeof(float));
    for (long k = 1; k <= reach; k++) {
      row[-k] = row[mirrored(-k, s.width)];
      row[s.width - 1 + k] = row[mirrored(s.width - 1 + k, s.width)];
    }
    for (long k = 0; k <= reach; k++) before[k] = row - k, after[k] = row + k;
    blurRow(before, after, taps, s.taps, s.width, scratch.across + y * scratch.rowStride);
  }
  for (long y = 0; y < s.height; y++) {
    for (long k = 0; k <= reach; k++) {
      before[k] = scratch.across + mirrored(y - k, s.height) * scratch.rowStride;
      after[k] = scratch.across + mirrored(y + k, s.height) * scratch.rowStride;
    }
    blurRow(before, after, taps, s.taps, s.width, to + y * scratch.rowStride);
  }
}

// Puts the channels of a row together.
static inline void interleave(const float* red, const float* green, const float* blue, long width, float* to) {
  for (long x = 0; x < width; x++) {
    to[kColours * x] = red[x];
    to[kColours * x + 1] = green[x];
    to[kColours * x + 2] = blue[x];
  }
}

CARE_MARK static void writeView(const ViewShape& s, const float* taps, const Scratch& scratch, float* view) {
  const float* planes = scratch.planes;
  long planeStride = scratch.stride, rowStride = s.width;
  if (isBlurred(taps, s.taps)) {
    std::vector<const float*> before(s.taps), after(s.taps);
    planeStride = s.height * scratch.rowStride;
    rowStride = scratch.rowStride;
    for (long c = 0; c < kColours; c++) {
      blurChannel(s, planes + c * scratch.stride, taps, scratch, before.data(), after.data(),
                  scratch.blurred + c * planeStride);
    }
    planes = scratch.blurred;
  }
  for (long y = 0; y < s.height; y++) {
    const float* row = planes + y * rowStride;
    interleave(row, row + planeStride, row + 2 * planeStride, s.width, view + y * s.width * kColours);
  }
}

// The view of one image's planes.
CARE_MARK static void viewOf(const ViewShape& s, const float* planes, const ImageColours& colours, const Scratch& scratch,
                             float* view) {
  const long pixels = s.height * s.width;
  for (long c = 0; c < kColours; c++) {
    __builtin_memcpy(scratch.planes + c * scratch.stride, planes + c * pixels, pixels * sizeof(float));
  }
  for (long slot = 0; slot < kSlots; slot++) {
    if (slot == kSlotsBeforeHue && colours.hue != 0) turnHue(scratch, colours.hue);
    const float *matrix = colours.blends + slot * colours.blendStep, *means = colours.means + slot * colours.meanStep;
    if (!isIdentity(matrix, means)) blend(scratch, pixels, matrix, means);
  }
  constexpr float kNoBound = __builtin_inff();
  mapColours(scratch, colours.tones, colours.offsets, -kNoBound, kNoBound);
  writeView(s, colours.taps, scratch, view);
}

constexpr ColourVectors kVectors = {kLanes, viewOf};
