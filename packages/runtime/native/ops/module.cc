// The N-API module of the native ops. Loading it after TensorFlow's binding registers them with the same TensorFlow; it
// exports their names and the name of the instruction set that they use.
#include <node_api.h>

#include <mutex>

#include "op.h"
#include "simd.h"

static void Register(const dn::Op& op) {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(op.name);
  for (const char* input : op.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* attribute : op.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* output : op.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, op.infer_shapes);
  dn::Status status;
  TF_RegisterOpDefinition(definition, status);
  status.Check();
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(op.name, "CPU", op.create, op.compute, op.destroy);
  TF_RegisterKernelBuilder(op.name, kernel, status);
  status.Check();
}

NAPI_MODULE_INIT() {
  // Node calls this once in each of its threads.
  static std::once_flag once;
  try {
    std::call_once(once, [] {
      for (const dn::Op& op : dn::Ops()) Register(op);
    });
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
  napi_value names;
  napi_create_array(env, &names);
  for (size_t i = 0; i < dn::Ops().size(); i++) {
    napi_value name;
    napi_create_string_utf8(env, dn::Ops()[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, static_cast<uint32_t>(i), name);
  }
  napi_set_named_property(env, exports, "ops", names);
  napi_value set;
  napi_create_string_utf8(env, dn::NameOf(dn::ChosenInstructionSet()), NAPI_AUTO_LENGTH, &set);
  napi_set_named_property(env, exports, "instructionSet", set);
  return exports;
}
