// Shared code of all native ops: their registration with TensorFlow, tensors, and errors. An op is one .cc file that
// defines its functions and registers them with `static const dn::Registration`; see module.cc.
#ifndef DN_DETR_OP_H_
#define DN_DETR_OP_H_

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dn {

// Thrown by a kernel for invalid arguments; the caller turns its message into a TensorFlow error.
struct InvalidArgument : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void Require(bool holds, const std::string& otherwise) {
  if (!holds) throw InvalidArgument(otherwise);
}

// TensorFlow's status; Check() throws if it holds an error.
class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;
  operator TF_Status*() { return status_; }
  void Check() const {
    if (TF_GetCode(status_) != TF_OK) throw InvalidArgument(TF_Message(status_));
  }

 private:
  TF_Status* status_;
};

using Shape = std::vector<int64_t>;

inline int64_t SizeOf(const Shape& shape) {
  int64_t size = 1;
  for (const int64_t axis : shape) size *= axis;
  return size;
}

inline std::string Words(const Shape& shape) {
  std::string words;
  for (const int64_t axis : shape) words += (words.empty() ? "" : ", ") + std::to_string(axis);
  return "[" + words + "]";
}

// A float32 tensor in row-major order.
class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {
    for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape_.push_back(TF_Dim(tensor, axis));
  }
  ~Tensor() { TF_DeleteTensor(tensor_); }
  Tensor(Tensor&& other) noexcept : tensor_(other.tensor_), shape_(std::move(other.shape_)) { other.tensor_ = nullptr; }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  const Shape& shape() const { return shape_; }
  float* data() const { return static_cast<float*>(TF_TensorData(tensor_)); }

 private:
  TF_Tensor* tensor_;
  Shape shape_;
};

// One call of a kernel.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  Tensor Input(int index) const {
    Status status;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status);
    status.Check();
    return Tensor(tensor);
  }
  // Allocates an output with undefined content.
  Tensor Output(int index, const Shape& shape) const {
    Status status;
    const size_t bytes = sizeof(float) * SizeOf(shape);
    TF_Tensor* tensor =
        TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()), bytes, status);
    status.Check();
    return Tensor(tensor);
  }

 private:
  TF_OpKernelContext* context_;
};

// The attributes of one node; an op reads them once.
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction) {}
  std::vector<int32_t> Ints(const char* name) const {
    Status status;
    int32_t length = 0, bytes = 0;
    TF_OpKernelConstruction_GetAttrSize(construction_, name, &length, &bytes, status);
    status.Check();
    std::vector<int32_t> values(length);
    TF_OpKernelConstruction_GetAttrInt32List(construction_, name, values.data(), length, status);
    status.Check();
    return values;
  }

 private:
  TF_OpKernelConstruction* construction_;
};

// A shape during shape inference, where axes may be unknown.
class ShapeHandle {
 public:
  explicit ShapeHandle(TF_ShapeInferenceContext* context) : context_(context), handle_(TF_NewShapeHandle()) {}
  ShapeHandle(TF_ShapeInferenceContext* context, int input) : ShapeHandle(context) {
    Status status;
    TF_ShapeInferenceContextGetInput(context, input, handle_, status);
    status.Check();
  }
  ~ShapeHandle() { TF_DeleteShapeHandle(handle_); }
  ShapeHandle(const ShapeHandle&) = delete;
  ShapeHandle& operator=(const ShapeHandle&) = delete;
  operator TF_ShapeHandle*() { return handle_; }
  bool HasRank(int64_t rank) {
    return TF_ShapeInferenceContextRankKnown(context_, handle_) &&
           TF_ShapeInferenceContextRank(context_, handle_) == rank;
  }
  // Size of an axis; -1 where it is unknown.
  int64_t Axis(int64_t axis) {
    TF_DimensionHandle* dimension = TF_NewDimensionHandle();
    TF_ShapeInferenceContextDim(context_, handle_, axis, dimension);
    const int64_t size = TF_DimensionHandleValueKnown(dimension) ? TF_DimensionHandleValue(dimension) : -1;
    TF_DeleteDimensionHandle(dimension);
    return size;
  }

 private:
  TF_ShapeInferenceContext* context_;
  TF_ShapeHandle* handle_;
};

// Sets the shape of an output to that of an input during shape inference.
inline void SetShapeOfInput(TF_ShapeInferenceContext* context, int output, int input) {
  Status status;
  ShapeHandle shape(context, input);
  TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  status.Check();
}

// The registration of an op with TensorFlow. `Kernel` is constructed from `Attributes`, and its `Compute(const Call&)`
// runs the op.
struct Op {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> attributes;
  std::vector<const char*> outputs;
  void (*infer_shapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

// The ops of this module, in no particular order.
inline std::vector<Op>& Ops() {
  static std::vector<Op> ops;
  return ops;
}

// Adds an op to the module when the module is loaded. Exceptions from its functions become TensorFlow errors that begin
// with the op's name.
template <typename Kernel>
struct Registration {
  Registration(std::vector<const char*> inputs, std::vector<const char*> attributes, std::vector<const char*> outputs) {
    Ops().push_back({Kernel::kName, inputs, attributes, outputs, &InferShapes, &Create, &Compute, &Destroy});
  }

 private:
  // Runs `work`; an exception is converted to a status and passed to `fail`.
  template <typename Work, typename Fail>
  static void Guarded(const Work& work, const Fail& fail) {
    TF_Code code = TF_INVALID_ARGUMENT;
    std::string words;
    try {
      return work();
    } catch (const InvalidArgument& error) {
      words = error.what();
    } catch (const std::exception& error) {
      code = TF_INTERNAL;
      words = error.what();
    }
    Status status;
    TF_SetStatus(status, code, (std::string(Kernel::kName) + ": " + words).c_str());
    fail(status);
  }

  static void InferShapes(TF_ShapeInferenceContext* context, TF_Status* result) {
    Guarded([&] { Kernel::InferShapes(context); },
            [&](TF_Status* status) { TF_SetStatus(result, TF_GetCode(status), TF_Message(status)); });
  }
  static void* Create(TF_OpKernelConstruction* construction) {
    Kernel* kernel = nullptr;
    Guarded([&] { kernel = new Kernel(Attributes(construction)); },
            [&](TF_Status* status) { TF_OpKernelConstruction_Failure(construction, status); });
    return kernel;
  }
  static void Compute(void* kernel, TF_OpKernelContext* context) {
    Guarded([&] { static_cast<const Kernel*>(kernel)->Compute(Call(context)); },
            [&](TF_Status* status) { TF_OpKernelContext_Failure(context, status); });
  }
  static void Destroy(void* kernel) { delete static_cast<Kernel*>(kernel); }
};

}  // namespace dn

#endif  // DN_DETR_OP_H_
