// The addon: tfjs-node's own binding, whose sources are included unchanged, and features that it lacks: a configuration
// of TensorFlow, graphs as functions, devices, and profiles of sessions. tfjs-node creates its context when the module
// is loaded; here `start` does, because the configuration must be known by then. Compiled with -fno-access-control: the
// context and the table of tensors are private members of tfjs-node's class.
#include <node_api.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

namespace dn {

/** Serialised ConfigProto. Each of Node's threads has a separate context. */
static thread_local std::string config;

static void Check(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) throw std::runtime_error(TF_Message(status));
}

/** Creates a context; throws where tfjs-node would continue with a null pointer. */
static TFE_Context* NewContext(TFE_ContextOptions* options, TF_Status* status) {
  TFE_ContextOptionsSetConfig(options, config.data(), config.size(), status);
  Check(status);
  TFE_Context* context = TFE_NewContext(options, status);
  Check(status);
  return context;
}

/** Whether sessions are profiled in this thread, and the serialised RunMetadata of each run since the last request. */
static thread_local bool profiling = false;
static thread_local std::vector<std::string> run_metadata;

/**
 * ConfigProto with graph_options.rewrite_options.disable_meta_optimizer, which is appended to another configuration.
 * Grappler does not rewrite functions, and sessions that are profiled in their place must have the same ops.
 */
static const std::string no_grappler = "\x52\x05\x52\x03\x98\x01\x01";

/** RunOptions with trace_level: FULL_TRACE. */
static const std::string full_trace = "\x08\x03";

static TF_SessionOptions* NewSessionOptions() {
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_Status* status = TF_NewStatus();
  // `start` has configured the context with the same bytes, so they are known to be valid.
  const std::string own = profiling ? config + no_grappler : config;
  TF_SetConfig(options, own.data(), own.size(), status);
  TF_DeleteStatus(status);
  return options;
}

/** TF_SessionRun as tfjs-node calls it: without options, and without a buffer for metadata. */
static void SessionRun(TF_Session* session, const TF_Buffer*, const TF_Output* inputs, TF_Tensor* const* input_values,
                       int input_count, const TF_Output* outputs, TF_Tensor** output_values, int output_count,
                       const TF_Operation* const* targets, int target_count, TF_Buffer*, TF_Status* status) {
  TF_Buffer* options = profiling ? TF_NewBufferFromString(full_trace.data(), full_trace.size()) : nullptr;
  TF_Buffer* metadata = profiling ? TF_NewBuffer() : nullptr;
  TF_SessionRun(session, options, inputs, input_values, input_count, outputs, output_values, output_count, targets,
                target_count, metadata, status);
  if (!profiling) return;
  if (TF_GetCode(status) == TF_OK) run_metadata.emplace_back(static_cast<const char*>(metadata->data), metadata->length);
  TF_DeleteBuffer(metadata);
  TF_DeleteBuffer(options);
}

}  // namespace dn

#define TFE_NewContext dn::NewContext
#define TF_NewSessionOptions dn::NewSessionOptions
#define TF_SessionRun dn::SessionRun
#include "tfjs_backend.cc"
#undef TF_SessionRun
#undef TF_NewSessionOptions
#undef TFE_NewContext
// Its module definition is replaced by the one below.
#undef NAPI_MODULE
#define NAPI_MODULE(name, init)
#include "tfjs_binding.cc"

namespace dn {

using tfnodejs::TF_AutoStatus;
using tfnodejs::TFJSBackend;

static void Check(napi_status status) {
  if (status != napi_ok) throw std::runtime_error("an argument is missing or has an unexpected type");
}

/**
 * A call from JavaScript, whose arguments are read one after the other. Exceptions from these functions become
 * JavaScript errors.
 */
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = 4;
    Check(napi_get_cb_info(env, info, &count, arguments_, nullptr, nullptr));
  }

  TFJSBackend& Backend() const { return *tfnodejs::GetTFJSBackend(env_); }

  std::string Bytes() {
    void* data;
    size_t length;
    napi_typedarray_type type;
    Check(napi_get_typedarray_info(env_, Next(), &type, &length, &data, nullptr, nullptr));
    if (type != napi_uint8_array) throw std::runtime_error("expected a Uint8Array");
    return std::string(static_cast<const char*>(data), length);
  }

  std::string String() { return StringOf(Next()); }

  std::vector<std::string> Strings() {
    napi_value array = Next();
    uint32_t length;
    Check(napi_get_array_length(env_, array, &length));
    std::vector<std::string> strings;
    for (uint32_t i = 0; i < length; i++) {
      napi_value element;
      Check(napi_get_element(env_, array, i, &element));
      strings.push_back(StringOf(element));
    }
    return strings;
  }

  bool Boolean() {
    bool value;
    Check(napi_get_value_bool(env_, Next(), &value));
    return value;
  }

  TFE_TensorHandle* Tensor() {
    int32_t id;
    Check(napi_get_value_int32(env_, Next(), &id));
    const auto entry = Backend().tfe_handle_map_.find(id);
    if (entry == Backend().tfe_handle_map_.end()) throw std::runtime_error("there is no tensor " + std::to_string(id));
    return entry->second;
  }

  napi_value Result(const std::string& text) const {
    napi_value result;
    Check(napi_create_string_utf8(env_, text.data(), text.size(), &result));
    return result;
  }

  napi_value Result(double number) const {
    napi_value result;
    Check(napi_create_double(env_, number, &result));
    return result;
  }

 private:
  napi_value Next() { return arguments_[next_++]; }

  std::string StringOf(napi_value value) const {
    size_t length;
    Check(napi_get_value_string_utf8(env_, value, nullptr, 0, &length));
    std::string text(length, '\0');
    Check(napi_get_value_string_utf8(env_, value, text.data(), length + 1, &length));
    return text;
  }

  napi_env env_;
  napi_value arguments_[4] = {};
  int next_ = 0;
};

/** Wraps a function that takes a call, for JavaScript. */
template <napi_value (*function)(napi_env, Call)>
static napi_value Export(napi_env env, napi_callback_info info) {
  try {
    return function(env, Call(env, info));
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

/** The output of a graph with the name `node:port`. */
static TF_Output OutputOf(TF_Graph* graph, const std::string& name) {
  const size_t colon = name.rfind(':');
  TF_Operation* operation = TF_GraphOperationByName(graph, name.substr(0, colon).c_str());
  if (operation == nullptr) throw std::runtime_error("the graph has no node of " + name);
  return {operation, std::stoi(name.substr(colon + 1))};
}

/**
 * addFunction(graph: Uint8Array, name: string, inputs: string[], outputs: string[]): adds a serialised GraphDef to the
 * context as an op called `name`. `inputs` are outputs of placeholders, `outputs` those of any nodes.
 */
static napi_value AddFunction(napi_env, Call call) {
  const std::string definition = call.Bytes();
  const std::string name = call.String();
  TF_AutoStatus status;
  std::unique_ptr<TF_Graph, decltype(&TF_DeleteGraph)> graph(TF_NewGraph(), TF_DeleteGraph);
  std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> buffer(
      TF_NewBufferFromString(definition.data(), definition.size()), TF_DeleteBuffer);
  std::unique_ptr<TF_ImportGraphDefOptions, decltype(&TF_DeleteImportGraphDefOptions)> options(
      TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  TF_GraphImportGraphDef(graph.get(), buffer.get(), options.get(), status.status);
  Check(status.status);
  std::vector<TF_Output> inputs, outputs;
  for (const std::string& input : call.Strings()) inputs.push_back(OutputOf(graph.get(), input));
  for (const std::string& output : call.Strings()) outputs.push_back(OutputOf(graph.get(), output));
  // All operations of the graph, and output names that TensorFlow chooses.
  std::unique_ptr<TF_Function, decltype(&TF_DeleteFunction)> function(
      TF_GraphToFunction(graph.get(), name.c_str(), 0, -1, nullptr, inputs.size(), inputs.data(), outputs.size(),
                         outputs.data(), nullptr, nullptr, nullptr, status.status),
      TF_DeleteFunction);
  Check(status.status);
  TFE_ContextAddFunction(call.Backend().tfe_context_, function.get(), status.status);
  Check(status.status);
  return nullptr;
}

/** removeFunction(name: string) */
static napi_value RemoveFunction(napi_env, Call call) {
  TF_AutoStatus status;
  TFE_ContextRemoveFunction(call.Backend().tfe_context_, call.String().c_str(), status.status);
  Check(status.status);
  return nullptr;
}

/** devices(): { name: string, type: string, memory: number }[], with the memory in bytes */
static napi_value Devices(napi_env env, Call call) {
  TF_AutoStatus status;
  std::unique_ptr<TF_DeviceList, decltype(&TF_DeleteDeviceList)> list(
      TFE_ContextListDevices(call.Backend().tfe_context_, status.status), TF_DeleteDeviceList);
  Check(status.status);
  napi_value devices;
  Check(napi_create_array(env, &devices));
  for (int i = 0; i < TF_DeviceListCount(list.get()); i++) {
    napi_value device;
    Check(napi_create_object(env, &device));
    const char* name = TF_DeviceListName(list.get(), i, status.status);
    const char* type = TF_DeviceListType(list.get(), i, status.status);
    const int64_t memory = TF_DeviceListMemoryBytes(list.get(), i, status.status);
    Check(status.status);
    Check(napi_set_named_property(env, device, "name", call.Result(name)));
    Check(napi_set_named_property(env, device, "type", call.Result(type)));
    Check(napi_set_named_property(env, device, "memory", call.Result(static_cast<double>(memory))));
    Check(napi_set_element(env, devices, i, device));
  }
  return devices;
}

/** deviceOf(id: number): string, the device that holds a tensor's values */
static napi_value DeviceOf(napi_env, Call call) {
  TF_AutoStatus status;
  const char* device = TFE_TensorHandleBackingDeviceName(call.Tensor(), status.status);
  Check(status.status);
  return call.Result(device);
}

/** copyTo(id: number, device: string): number, the id of a copy of the tensor on that device */
static napi_value CopyTo(napi_env, Call call) {
  TFE_TensorHandle* tensor = call.Tensor();
  TF_AutoStatus status;
  TFE_TensorHandle* copy = TFE_TensorHandleCopyToDevice(tensor, call.Backend().tfe_context_, call.String().c_str(),
                                                        status.status);
  Check(status.status);
  return call.Result(static_cast<double>(call.Backend().InsertHandle(copy)));
}

/** profileSessions(on: boolean): turns profiling on or off for sessions that are loaded and run from now on */
static napi_value ProfileSessions(napi_env, Call call) {
  profiling = call.Boolean();
  run_metadata.clear();
  return nullptr;
}

/** takeRunMetadata(): Uint8Array[], the serialised RunMetadata of each profiled run since the last call */
static napi_value TakeRunMetadata(napi_env env, Call) {
  napi_value array;
  Check(napi_create_array(env, &array));
  for (size_t i = 0; i < run_metadata.size(); i++) {
    const std::string& bytes = run_metadata[i];
    void* data;
    napi_value buffer, run;
    Check(napi_create_arraybuffer(env, bytes.size(), &data, &buffer));
    bytes.copy(static_cast<char*>(data), bytes.size());
    Check(napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &run));
    Check(napi_set_element(env, array, i, run));
  }
  run_metadata.clear();
  return array;
}

/** tfjs-node puts its tensors on the last device of the best kind; where there are several, this chooses the first. */
static void UseFirstDevice(TFJSBackend& backend) {
  std::string& device = backend.device_name;
  device.replace(device.rfind(':'), std::string::npos, ":0");
}

/** start(config: Uint8Array): object, the binding; takes a serialised ConfigProto. Call it once in each thread. */
static napi_value Start(napi_env env, Call call) {
  void* backend;
  Check(napi_get_instance_data(env, &backend));
  if (backend != nullptr) throw std::runtime_error("TensorFlow has already been started in this thread");
  config = call.Bytes();
  napi_value binding;
  Check(napi_create_object(env, &binding));
  tfnodejs::InitTFNodeJSBinding(env, binding);
  UseFirstDevice(call.Backend());
  const napi_property_descriptor functions[] = {
      {"addFunction", nullptr, Export<AddFunction>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"removeFunction", nullptr, Export<RemoveFunction>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"devices", nullptr, Export<Devices>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"deviceOf", nullptr, Export<DeviceOf>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"copyTo", nullptr, Export<CopyTo>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"profileSessions", nullptr, Export<ProfileSessions>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"takeRunMetadata", nullptr, Export<TakeRunMetadata>, nullptr, nullptr, nullptr, napi_default, nullptr}};
  Check(napi_define_properties(env, binding, sizeof(functions) / sizeof(functions[0]), functions));
  return binding;
}

}  // namespace dn

NAPI_MODULE_INIT() {
  const napi_property_descriptor start = {"start", nullptr,      dn::Export<dn::Start>, nullptr,
                                          nullptr, nullptr,      napi_default,          nullptr};
  napi_define_properties(env, exports, 1, &start);
  return exports;
}
