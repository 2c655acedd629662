// Registers this package's own ops with TensorFlow when the binding is loaded, by TensorFlow's C interface for kernels.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "conv-filter-gradient.h"
#include "conv-winograd.h"
#include "view-colours.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// From tensorflow/c/kernels.h, a stable C interface; the header itself includes others that the wheel does not ship.
extern "C" {
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status* status);
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction* construction, const char* name, int64_t* value,
                                          TF_Status* status);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction* construction, TF_Status* status);
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status);
void TF_GetInput(TF_OpKernelContext* context, int index, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int index, TF_DataType dtype, const int64_t* dims,
                             int dimensions, size_t bytes, TF_Status* status);
}

namespace {

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using Status = std::unique_ptr<TF_Status, DeleteStatus>;
using Tensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

// What an op ends with where its input does not serve; TensorFlow hands the message on.
struct OpError : std::runtime_error {
  OpError(TF_Code code, const std::string& message) : std::runtime_error(message), code(code) {}
  TF_Code code;
};

// As many threads as TensorFlow takes inside an op.
int threadCount() {
  const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int count = asked == nullptr ? 0 : std::atoi(asked);
  return count > 0 ? count : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// The inputs and the output of a call.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}

  // Input number `index`, which must be a tensor of so many axes, and of the type that the op names.
  template <typename Number = float>
  const Number* input(int index, int axes) {
    if (inputs_.size() <= static_cast<std::size_t>(index)) inputs_.resize(index + 1);
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_.get());
    inputs_[index].reset(tensor);
    check();
    if (TF_NumDims(tensor) != axes) {
      throw OpError(TF_INVALID_ARGUMENT,
                    "input " + std::to_string(index) + " must have " + std::to_string(axes) + " axes");
    }
    return static_cast<const Number*>(TF_TensorData(tensor));
  }

  // Length of an axis of an input that was asked for before.
  long length(int index, int axis) const { return static_cast<long>(TF_Dim(inputs_[index].get(), axis)); }

  float* output(std::initializer_list<int64_t> shape) {
    std::size_t bytes = sizeof(float);
    for (const int64_t length : shape) bytes *= length;
    output_.reset(TF_AllocateOutput(context_, 0, TF_FLOAT, shape.begin(), static_cast<int>(shape.size()), bytes,
                                    status_.get()));
    check();
    return static_cast<float*>(TF_TensorData(output_.get()));
  }

 private:
  void check() const {
    if (TF_GetCode(status_.get()) != TF_OK) throw OpError(TF_GetCode(status_.get()), TF_Message(status_.get()));
  }

  TF_OpKernelContext* context_;
  Status status_;
  std::vector<Tensor> inputs_;
  Tensor output_;
};

// Each op: its name, inputs and integer attributes, and what it does with their values, which come in the same order.

struct FilterGradient {
  static constexpr const char* kName = "CareConv2DFilterGradient";
  static constexpr std::array kInputs = {"x: float", "dy: float"};
  static constexpr std::array kAttributes = {"rows", "columns", "stride", "padding"};
  static bool isFast() { return care::convFilterGradientIsFast(); }

  static void run(Call& call, const int64_t* attributes) {
    const float* x = call.input(0, 4);
    const float* dy = call.input(1, 4);
    const care::ConvolutionShape shape = {call.length(0, 0), call.length(0, 1), call.length(0, 2), call.length(0, 3),
                                          call.length(1, 1), call.length(1, 2), call.length(1, 3), attributes[0],
                                          attributes[1],     attributes[2],     attributes[3]};
    const auto reach = [&](long size, long filter) { return (size + 2 * shape.padding - filter) / shape.stride + 1; };
    if (call.length(1, 0) != shape.batch || shape.outHeight != reach(shape.height, shape.rows) ||
        shape.outWidth != reach(shape.width, shape.columns)) {
      throw OpError(TF_INVALID_ARGUMENT, "the sizes of both inputs do not fit the filter");
    }
    if (!care::convFilterGradientFits(shape)) {
      throw OpError(TF_UNIMPLEMENTED, "the numbers of channels do not fill whole tiles");
    }
    care::convFilterGradient(shape, x, dy, call.output({shape.rows, shape.columns, shape.inputs, shape.outputs}),
                             threadCount());
  }
};

void checkChannels(long inputs, long outputs) {
  if (!care::winogradFits(inputs, outputs)) {
    throw OpError(TF_UNIMPLEMENTED, "the numbers of channels do not fill whole panels");
  }
}

struct WinogradFilter {
  static constexpr const char* kName = "CareWinogradFilter";
  static constexpr std::array kInputs = {"filter: float"};
  static constexpr std::array kAttributes = {"turned"};
  static bool isFast() { return care::winogradIsFast(); }

  static void run(Call& call, const int64_t* attributes) {
    const float* filter = call.input(0, 4);
    const long inputs = call.length(0, 2), outputs = call.length(0, 3);
    if (call.length(0, 0) != 3 || call.length(0, 1) != 3) {
      throw OpError(TF_INVALID_ARGUMENT, "the filter must have 3 rows and 3 columns");
    }
    checkChannels(inputs, outputs);
    care::winogradFilter(filter, inputs, outputs, attributes[0] != 0,
                         call.output({care::winogradFilterSize(inputs, outputs)}), threadCount());
  }
};

// The shape of a convolution of 3 x 3 at stride 1 from its input, which is the call's first.
care::WinogradShape winogradShape(const Call& call, long outputs, long padding) {
  const care::WinogradShape shape = {call.length(0, 0),
                                     call.length(0, 1),
                                     call.length(0, 2),
                                     call.length(0, 3),
                                     call.length(0, 1) + 2 * padding - 2,
                                     call.length(0, 2) + 2 * padding - 2,
                                     outputs,
                                     padding};
  if (padding < 0 || shape.outHeight < 1 || shape.outWidth < 1) {
    throw OpError(TF_INVALID_ARGUMENT, "the images are smaller than the filter");
  }
  checkChannels(shape.inputs, outputs);
  return shape;
}

struct WinogradConvolution {
  static constexpr const char* kName = "CareWinogradConv2D";
  static constexpr std::array kInputs = {"x: float", "filter: float"};
  static constexpr std::array kAttributes = {"outputs", "padding"};
  static bool isFast() { return care::winogradIsFast(); }

  static void run(Call& call, const int64_t* attributes) {
    const float* x = call.input(0, 4);
    const float* filter = call.input(1, 1);
    const care::WinogradShape shape = winogradShape(call, attributes[0], attributes[1]);
    if (call.length(1, 0) != care::winogradFilterSize(shape.inputs, shape.outputs)) {
      throw OpError(TF_INVALID_ARGUMENT, "the transformed filter is of another size");
    }
    care::winogradConvolution(shape, x, filter,
                              call.output({shape.batch, shape.outHeight, shape.outWidth, shape.outputs}),
                              threadCount());
  }
};

struct WinogradFilterGradient {
  static constexpr const char* kName = "CareWinogradFilterGradient";
  static constexpr std::array kInputs = {"x: float", "dy: float"};
  static constexpr std::array kAttributes = {"padding"};
  static bool isFast() { return care::winogradIsFast(); }

  static void run(Call& call, const int64_t* attributes) {
    const float* x = call.input(0, 4);
    const float* dy = call.input(1, 4);
    const care::WinogradShape shape = winogradShape(call, call.length(1, 3), attributes[0]);
    if (call.length(1, 0) != shape.batch || call.length(1, 1) != shape.outHeight ||
        call.length(1, 2) != shape.outWidth) {
      throw OpError(TF_INVALID_ARGUMENT, "the sizes of both inputs do not fit the filter");
    }
    care::winogradFilterGradient(shape, x, dy, call.output({3, 3, shape.inputs, shape.outputs}), threadCount());
  }
};

struct ViewColours {
  static constexpr const char* kName = "CareViewColours";
  static constexpr std::array kInputs = {"planes: float", "back: int32",  "blends: float",  "means: float",
                                         "hue: float",    "tones: float", "offsets: float", "taps: float"};
  static constexpr std::array kAttributes = {"height", "width"};
  static bool isFast() { return care::viewColoursAreFast(); }

  static void run(Call& call, const int64_t* attributes) {
    const float* planes = call.input(0, 3);
    const int32_t* back = call.input<int32_t>(1, 1);
    const float* blends = call.input(2, 3);
    const float* means = call.input(3, 3);
    const float* hue = call.input(4, 3);
    const float* tones = call.input(5, 3);
    const float* offsets = call.input(6, 1);
    const float* taps = call.input(7, 2);
    const care::ViewShape shape = {call.length(0, 0), attributes[0], attributes[1], call.length(7, 1)};
    const long images = shape.images;
    const auto has = [&](int input, std::initializer_list<long> lengths) {
      int axis = 0;
      for (const long length : lengths) {
        if (call.length(input, axis++) != length) return false;
      }
      return true;
    };
    const bool fits = has(0, {images, 3, shape.height * shape.width}) && has(1, {images}) && has(2, {6 * images, 3, 3}) &&
                      has(3, {6 * images, 3, 1}) && has(4, {images, 1, 1}) && has(6, {3}) &&
                      (has(5, {images, 3, 3}) || has(5, {1, 3, 3})) && (call.length(7, 0) == images || has(7, {1}));
    if (!fits) throw OpError(TF_INVALID_ARGUMENT, "the sizes of the inputs do not fit each other");
    if (shape.taps < 1 || shape.taps > std::min(shape.height, shape.width)) {
      throw OpError(TF_INVALID_ARGUMENT, "the blur reaches beyond the mirror image");
    }
    if (std::any_of(back, back + images, [&](int32_t place) { return place < 0 || place >= images; })) {
      throw OpError(TF_INVALID_ARGUMENT, "a place is not in the batch");
    }
    const care::ViewColours colours = {back,    blends, means, hue,
                                       tones,   offsets, taps, call.length(5, 0) == 1 ? 0 : 9,
                                       call.length(7, 0) == 1 ? 0 : shape.taps};
    care::viewColours(shape, planes, colours, call.output({images, shape.height, shape.width, 3}), threadCount());
  }
};

template <typename Op>
struct Kernel {
  std::array<int64_t, Op::kAttributes.size()> attributes;

  static void* create(TF_OpKernelConstruction* construction) {
    Status status(TF_NewStatus());
    auto kernel = std::make_unique<Kernel>();
    for (std::size_t i = 0; i < Op::kAttributes.size(); i++) {
      TF_OpKernelConstruction_GetAttrInt64(construction, Op::kAttributes[i], &kernel->attributes[i], status.get());
      if (TF_GetCode(status.get()) == TF_OK) continue;
      TF_OpKernelConstruction_Failure(construction, status.get());
      return nullptr;
    }
    return kernel.release();
  }

  static void destroy(void* kernel) { delete static_cast<Kernel*>(kernel); }

  static void fail(TF_OpKernelContext* context, TF_Code code, const char* message) {
    Status status(TF_NewStatus());
    TF_SetStatus(status.get(), code, (std::string(Op::kName) + ": " + message).c_str());
    TF_OpKernelContext_Failure(context, status.get());
  }

  // No error may leave this function: TensorFlow, which calls it, is built without exceptions.
  static void compute(void* kernel, TF_OpKernelContext* context) {
    try {
      Call call(context);
      Op::run(call, static_cast<Kernel*>(kernel)->attributes.data());
    } catch (const OpError& error) {
      fail(context, error.code, error.what());
    } catch (const std::bad_alloc&) {
      fail(context, TF_RESOURCE_EXHAUSTED, "there is not enough memory");
    } catch (const std::exception& error) {
      fail(context, TF_INTERNAL, error.what());
    }
  }
};

void inferShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// An op that is not registered is missing, and then not used; that is no reason to refuse the binding.
template <typename Op>
void registerOp() {
  if (!Op::isFast()) return;
  Status status(TF_NewStatus());
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(Op::kName);
  for (const char* input : Op::kInputs) TF_OpDefinitionBuilderAddInput(op, input);
  TF_OpDefinitionBuilderAddOutput(op, "result: float");
  for (const char* attribute : Op::kAttributes) {
    TF_OpDefinitionBuilderAddAttr(op, (std::string(attribute) + ": int").c_str());
  }
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, inferShape);
  TF_RegisterOpDefinition(op, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return;
  using K = Kernel<Op>;
  TF_KernelBuilder* builder = TF_NewKernelBuilder(Op::kName, "CPU", K::create, K::compute, K::destroy);
  TF_RegisterKernelBuilder(Op::kName, builder, status.get());
}

struct Registration {
  Registration() {
    registerOp<FilterGradient>();
    registerOp<WinogradFilter>();
    registerOp<WinogradConvolution>();
    registerOp<WinogradFilterGradient>();
    registerOp<ViewColours>();
  }
};
const Registration registration;

}  // namespace
