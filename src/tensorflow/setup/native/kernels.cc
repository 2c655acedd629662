// Registers this package's own ops with TensorFlow when the binding is loaded, by TensorFlow's C interface for kernels.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>

#include "conv-filter-gradient.h"
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

constexpr char kOp[] = "CareConv2DFilterGradient";

struct Attributes {
  int64_t rows, columns, stride, padding;
};

// As many threads as TensorFlow takes inside an op.
int threadCount() {
  const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int count = asked == nullptr ? 0 : std::atoi(asked);
  return count > 0 ? count : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

void* create(TF_OpKernelConstruction* construction) {
  Status status(TF_NewStatus());
  auto attributes = std::make_unique<Attributes>();
  const struct {
    const char* name;
    int64_t* value;
  } wanted[] = {{"rows", &attributes->rows},
                {"columns", &attributes->columns},
                {"stride", &attributes->stride},
                {"padding", &attributes->padding}};
  for (const auto& [name, value] : wanted) {
    TF_OpKernelConstruction_GetAttrInt64(construction, name, value, status.get());
    if (TF_GetCode(status.get()) != TF_OK) {
      TF_OpKernelConstruction_Failure(construction, status.get());
      return nullptr;
    }
  }
  return attributes.release();
}

void destroy(void* kernel) { delete static_cast<Attributes*>(kernel); }

void fail(TF_OpKernelContext* context, TF_Status* status, TF_Code code, const std::string& message) {
  TF_SetStatus(status, code, (std::string(kOp) + ": " + message).c_str());
  TF_OpKernelContext_Failure(context, status);
}

void compute(void* kernel, TF_OpKernelContext* context) {
  Status status(TF_NewStatus());
  const Attributes& attributes = *static_cast<Attributes*>(kernel);
  Tensor inputs[2];
  for (int i = 0; i < 2; i++) {
    TF_Tensor* input = nullptr;
    TF_GetInput(context, i, &input, status.get());
    inputs[i].reset(input);
    if (TF_GetCode(status.get()) != TF_OK) return TF_OpKernelContext_Failure(context, status.get());
    if (TF_NumDims(input) != 4) {
      return fail(context, status.get(), TF_INVALID_ARGUMENT, "both inputs must have four axes");
    }
  }
  const auto length = [&](int input, int axis) { return static_cast<long>(TF_Dim(inputs[input].get(), axis)); };
  const care::ConvolutionShape shape = {length(0, 0),    length(0, 1),       length(0, 2),      length(0, 3),
                                        length(1, 1),    length(1, 2),       length(1, 3),      attributes.rows,
                                        attributes.columns, attributes.stride, attributes.padding};
  const auto reach = [&](long size, long filter) {
    return (size + 2 * shape.padding - filter) / shape.stride + 1;
  };
  if (length(1, 0) != shape.batch || shape.outHeight != reach(shape.height, shape.rows) ||
      shape.outWidth != reach(shape.width, shape.columns)) {
    return fail(context, status.get(), TF_INVALID_ARGUMENT, "the sizes of both inputs do not fit the filter");
  }
  if (!care::convFilterGradientFits(shape)) {
    return fail(context, status.get(), TF_UNIMPLEMENTED, "the numbers of channels do not fill whole tiles");
  }
  const int64_t dims[] = {shape.rows, shape.columns, shape.inputs, shape.outputs};
  const std::size_t bytes = sizeof(float) * shape.rows * shape.columns * shape.inputs * shape.outputs;
  Tensor output(TF_AllocateOutput(context, 0, TF_FLOAT, dims, 4, bytes, status.get()));
  if (TF_GetCode(status.get()) != TF_OK) return TF_OpKernelContext_Failure(context, status.get());
  try {
    care::convFilterGradient(shape, static_cast<const float*>(TF_TensorData(inputs[0].get())),
                             static_cast<const float*>(TF_TensorData(inputs[1].get())),
                             static_cast<float*>(TF_TensorData(output.get())), threadCount());
  } catch (const std::bad_alloc&) {
    fail(context, status.get(), TF_RESOURCE_EXHAUSTED, "there is not enough memory");
  }
}

void inferShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// An op that is not registered is missing, and then not used; that is no reason to refuse the binding.
struct Registration {
  Registration() {
    if (!care::convFilterGradientIsFast()) return;
    Status status(TF_NewStatus());
    TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(kOp);
    TF_OpDefinitionBuilderAddInput(op, "x: float");
    TF_OpDefinitionBuilderAddInput(op, "dy: float");
    TF_OpDefinitionBuilderAddOutput(op, "gradient: float");
    for (const char* attribute : {"rows: int", "columns: int", "stride: int", "padding: int"}) {
      TF_OpDefinitionBuilderAddAttr(op, attribute);
    }
    TF_OpDefinitionBuilderSetShapeInferenceFunction(op, inferShape);
    TF_RegisterOpDefinition(op, status.get());
    if (TF_GetCode(status.get()) != TF_OK) return;
    TF_KernelBuilder* builder = TF_NewKernelBuilder(kOp, "CPU", create, compute, destroy);
    TF_RegisterKernelBuilder(kOp, builder, status.get());
  }
};
const Registration registration;

}  // namespace
