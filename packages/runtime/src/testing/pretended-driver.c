// A driver that pretends to have one GPU, as far as TensorFlow asks before it opens NVIDIA's libraries. Compiled to
// libcuda.so.1 and, with the same code, to libnvidia-ml.so.1. It computes nothing, so TensorFlow fails soon after.
#include <stddef.h>
#include <string.h>

typedef int Result;

static Result Put(int* where, int value) {
  *where = value;
  return 0;
}

static Result PutPointer(void** where) {
  if (where) *where = (void*)0x1000;
  return 0;
}

Result cuInit(unsigned flags) { return 0; }
Result cuDriverGetVersion(int* version) { return Put(version, 12080); }
Result cuDeviceGetCount(int* count) { return Put(count, 1); }
Result cuDeviceGet(int* device, int ordinal) { return Put(device, ordinal); }
Result cuDeviceComputeCapability(int* major, int* minor, int device) { return Put(major, 9) + Put(minor, 0); }
Result cuDeviceCanAccessPeer(int* can, int device, int peer) { return Put(can, 0); }

Result cuDeviceGetName(char* name, int size, int device) {
  strncpy(name, "a GPU that is none", size);
  return 0;
}

Result cuDeviceTotalMem_v2(size_t* bytes, int device) {
  *bytes = (size_t)80 << 30;
  return 0;
}

Result cuMemGetInfo_v2(size_t* free, size_t* total) {
  *free = (size_t)70 << 30;
  *total = (size_t)80 << 30;
  return 0;
}

// CUdevice_attribute: threads of a block and of a warp, multiprocessors, threads of one, compute capability.
Result cuDeviceGetAttribute(int* value, int attribute, int device) {
  switch (attribute) {
    case 1: return Put(value, 1024);
    case 10: return Put(value, 32);
    case 16: return Put(value, 132);
    case 39: return Put(value, 2048);
    case 75: return Put(value, 9);
    case 76: return Put(value, 0);
    default: return Put(value, 1);
  }
}

Result cuDeviceGetPCIBusId(char* id, int size, int device) {
  strncpy(id, "0000:01:00.0", size);
  return 0;
}

Result cuDeviceGetUuid(char* uuid, int device) {
  memset(uuid, 1, 16);
  return 0;
}
Result cuDeviceGetUuid_v2(char* uuid, int device) { return cuDeviceGetUuid(uuid, device); }

Result cuDevicePrimaryCtxRetain(void** context, int device) { return PutPointer(context); }
Result cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
Result cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags) { return 0; }
Result cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
  *flags = 0;
  return Put(active, 1);
}
Result cuCtxGetCurrent(void** context) { return PutPointer(context); }
Result cuCtxSetCurrent(void* context) { return 0; }
Result cuCtxPushCurrent_v2(void* context) { return 0; }
Result cuCtxPopCurrent_v2(void** context) { return PutPointer(context); }
Result cuCtxGetDevice(int* device) { return Put(device, 0); }
Result cuCtxGetApiVersion(void* context, unsigned* version) {
  *version = 3020;
  return 0;
}

Result cuGetErrorName(int error, const char** name) {
  *name = "PRETENDED";
  return 0;
}
Result cuGetErrorString(int error, const char** text) {
  *text = "a pretended error";
  return 0;
}

Result nvmlInit_v2(void) { return 0; }
Result nvmlInit(void) { return 0; }
Result nvmlInitWithFlags(unsigned flags) { return 0; }
Result nvmlShutdown(void) { return 0; }
Result nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 1;
  return 0;
}
Result nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) { return PutPointer(device); }
Result nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) { return PutPointer(device); }
Result nvmlSystemGetDriverVersion(char* version, unsigned size) {
  strncpy(version, "570.00", size);
  return 0;
}
